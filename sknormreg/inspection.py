"""What fitted weights say about the inputs."""

import numpy as np


def path_importances(coefs):
    """Share of each input in the absolute weights of all paths to the outputs.

    The importance of input j is the sum, over all paths from j through the hidden units
    to an output, of the product of the absolute weights on the path, divided by the sum
    over all inputs (Gevrey, Dimopoulos and Lek, 2003, "weights" method of Garson, 1991,
    without its normalisation by hidden unit). It is exactly 0 if and only if no path of
    non-zero weights leads from the input to an output.

    Parameters
    ----------
    coefs : list of ndarray of shape (fan_in, fan_out)

    Returns
    -------
    importances : ndarray of shape (n_features,)
        In double precision, with sum 1, or all 0 where no input reaches an output.
    """
    strength = np.ones(coefs[-1].shape[1])
    connected = np.ones(coefs[-1].shape[1], dtype=bool)
    for weights in reversed(coefs):
        # Only ratios count: weights that no path runs through are left out and the
        # others scaled, so that deep products neither overflow nor vanish as a whole.
        weights, strength = weights[:, connected], strength[connected]
        magnitudes = np.abs(weights.astype(np.float64))
        magnitudes /= magnitudes.max(initial=0.0) or 1.0
        strength = magnitudes @ strength
        connected = weights.any(axis=1)
        # What underflowed is connected still.
        strength[connected] = np.maximum(strength[connected], np.finfo(np.float64).tiny)
        strength /= strength.max(initial=0.0) or 1.0
    importances = strength / (strength.sum() or 1.0)
    importances[connected] = np.maximum(importances[connected], np.finfo(np.float64).tiny)
    return importances
