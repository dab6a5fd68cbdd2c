"""Removal of the hidden units that have no effect on the outputs."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..engine.activations import ACTIVATIONS


def active_units(coefs: list[np.ndarray]) -> list[np.ndarray]:
    """Return masks of the hidden units that have an effect on the outputs.

    A unit has one if a path of non-zero weights leads from a feature to it, and from it to
    an output.

    Parameters
    ----------
    coefs : list of ndarray of shape (fan_in, fan_out)

    Returns
    -------
    masks : list of ndarray of bool of shape (n_units,), one for each hidden layer
    """
    reached: list[np.ndarray] = []
    reaching: list[np.ndarray] = []
    mask: Any = np.ones(coefs[0].shape[0], dtype=bool)
    for weights in coefs[:-1]:
        mask = weights[mask].any(axis=0)
        reached.append(mask)
    mask = np.ones(coefs[-1].shape[1], dtype=bool)
    for weights in coefs[:0:-1]:
        mask = weights[:, mask].any(axis=1)
        reaching.insert(0, mask)
    return [a & b for a, b in zip(reached, reaching)]


def compacted(
    coefs: list[np.ndarray], intercepts: list[np.ndarray], activations: Sequence[str]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the weights and intercepts of the network without its inactive units.

    The activation of a unit that no path from a feature reaches is constant: it is added to
    the intercepts of the next layer. A layer without active units keeps one unit, all of
    whose weights are zero.

    Parameters
    ----------
    coefs : list of ndarray of shape (fan_in, fan_out)

    intercepts : list of ndarray of shape (fan_out,)

    activations : tuple of str

    Returns
    -------
    coefs, intercepts : lists of ndarray
    """
    coefs, intercepts = [coef.copy() for coef in coefs], [b.copy() for b in intercepts]
    kept = active_units(coefs)
    for i, mask in enumerate(kept):
        constant = ~mask & coefs[i + 1].any(axis=1)
        values = intercepts[i][None, constant]
        ACTIVATIONS[activations[i]].value(values)
        intercepts[i + 1] += values[0] @ coefs[i + 1][constant]
        if not mask.any():
            # What the unit's value is does not matter: no weights lead from it.
            mask[0] = True
            coefs[i][:, 0] = 0
            coefs[i + 1][0] = 0
    everything: list[Any] = [slice(None)]
    for i, (rows, columns) in enumerate(pairwise([*everything, *kept, *everything])):
        coefs[i] = np.ascontiguousarray(coefs[i][rows][:, columns])
        intercepts[i] = intercepts[i][columns]
    return coefs, intercepts
