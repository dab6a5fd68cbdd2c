"""Networks without the units that make no difference, with the same outputs."""

from itertools import pairwise

import numpy as np

from ..engine.activations import ACTIVATIONS


def active_units(coefs):
    """Which units of each hidden layer take part in what the network computes.

    A unit does where non-zero weights lead from an input to it, and from it to an output.

    Parameters
    ----------
    coefs : list of ndarray of shape (fan_in, fan_out)

    Returns
    -------
    masks : list of ndarray of bool of shape (n_units,), one for each hidden layer
    """
    reached, reaching = [], []
    mask = np.ones(coefs[0].shape[0], dtype=bool)
    for weights in coefs[:-1]:
        mask = weights[mask].any(axis=0)
        reached.append(mask)
    mask = np.ones(coefs[-1].shape[1], dtype=bool)
    for weights in coefs[:0:-1]:
        mask = weights[:, mask].any(axis=1)
        reaching.insert(0, mask)
    return [a & b for a, b in zip(reached, reaching)]


def compacted(coefs, intercepts, activations):
    """Weights and intercepts of the network of the active units.

    A unit that nothing reaches has the same value for every input, which is added to the
    intercepts of the next layer. Where a whole layer would vanish, one unit without
    weights is left of it.

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
    everything = [slice(None)]
    for i, (rows, columns) in enumerate(pairwise([*everything, *kept, *everything])):
        coefs[i] = np.ascontiguousarray(coefs[i][rows][:, columns])
        intercepts[i] = intercepts[i][columns]
    return coefs, intercepts
