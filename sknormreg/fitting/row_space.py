"""Samples of more features than there are of them, in the coordinates of their span."""

import numpy as np

from ..engine import Data
from ..penalties import L2
from .scaled_objective import ScaledObjective
from .specification import NetworkSpec
from .start import Start

# How many times as many features as samples there are, at least.
_LEAST_RATIO = 2


def in_row_space(spec: NetworkSpec, data: Data, seed: int) -> tuple[Data, Start | None]:
    r"""Return samples in the coordinates of an orthonormal basis of their span.

    With Q such a basis, a network of weights :math:`W_1` has the same outputs for X as one
    of weights :math:`Q^T W_1` for XQ. With an L2 penalty, which does not depend on the
    coordinates, the parts of weights beside the span are zero at any stationary point, so
    that both have the same minima. There are as many coordinates as samples.

    Parameters
    ----------
    spec : NetworkSpec

    data : Data

    seed : int
        Of the starting weights.

    Returns
    -------
    data : Data
        As given where there are few features, for other penalties, and for sparse X.

    start : Start or None
        The weights that networks of all features would start from, in these coordinates;
        None if data are as given.
    """
    n_samples, n_features = data.X.shape
    is_wide = n_features >= _LEAST_RATIO * n_samples
    if not (is_wide and isinstance(data.X, np.ndarray) and spec.hidden_layer_sizes):
        return data, None
    objective = ScaledObjective(spec.objective(data, None, 1.0))
    is_round = type(objective.penalties[0]) is L2 and not spec.input_dropout
    if not (is_round and objective.smooth_penalty) or objective.network.skip:
        return data, None
    params = Start().params(objective, np.random.RandomState(seed))
    coefs = objective.network.coefs(params)
    basis, _ = np.linalg.qr(data.X.T)
    coefs = [basis.T @ coefs[0], *(coef.copy() for coef in coefs[1:])]
    X = np.ascontiguousarray(data.X @ basis)
    start = Start(coefs, objective.network.intercepts(params), is_drawn=False)
    return data._replace(X=X), start
