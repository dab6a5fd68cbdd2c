"""The part of a network that is alive: what training has to work on."""

import numpy as np

from ..engine import Subnetwork, buried, living_units
from .objective import Objective

# A part is worth having if it has at most this share of the parameters; its features are
# worth gathering if they are at most this share.
_MOST_OF_PARAMS, _MOST_GATHERED = 0.7, 0.5


def living_part(
    objective: Objective, scaled: np.ndarray, subgradient: np.ndarray, threshold: float
) -> tuple[Subnetwork | None, np.ndarray, bool]:
    """Return the features and units that are alive.

    Parameters
    ----------
    objective : Objective

    scaled : ndarray of shape (n_params,)
        Parameters in any units.

    subgradient : ndarray of shape (n_params,)
        Minimum-norm subgradient. A weight moves if its entry is larger than `threshold` in
        absolute value.

    threshold : float

    Returns
    -------
    part : Subnetwork or None
        None if the part is not much smaller.

    params : ndarray of shape (n_params_of_part,)
        Its parameters, at a point with the same loss.

    has_changed : bool
        Whether useless weights have been removed for that.
    """
    network = objective.network
    weights = network.coefs(scaled != 0)
    moves = network.coefs((np.abs(subgradient) > threshold) | (scaled != 0))
    first, *others = objective.penalties
    living = [*map(_tied, others, living_units(network, weights, moves))]
    columns = np.ones(network.shapes[0][1], dtype=bool)
    if living:
        columns[: len(living[0])] = living[0]
    features = _tied(first, moves[0][:, columns].any(axis=1))
    if features.sum() > _MOST_GATHERED * len(features):
        features[:] = True
    part = Subnetwork(network, tuple(map(np.flatnonzero, (features, *living))))
    if part.network.n_params > _MOST_OF_PARAMS * network.n_params:
        return None, scaled, False
    scaled = scaled.copy()
    changed = buried(network, scaled, living)
    return part, scaled[part.index], changed


def _tied(penalty, rows):
    """Return a mask of rows with all of their groups: of at least one."""
    rows[0] = rows[0] or not rows.any()
    return penalty.tied_rows(rows)
