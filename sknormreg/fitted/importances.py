"""Importances of the features, computed from fitted weights."""

import numpy as np


def path_importances(
    coefs: list[np.ndarray], skip_coef: np.ndarray | None = None
) -> np.ndarray:
    """Compute each feature's share in the absolute weights of all paths to the outputs.

    The importance of feature j is the sum, over all paths from j through the hidden units
    or a skip connection to an output, of the product of the absolute weights on the path,
    divided by the sum over all features (Gevrey, Dimopoulos and Lek, 2003, "weights" method
    of Garson, 1991, without its normalisation by hidden unit). It is exactly 0 if and only
    if no path of non-zero weights leads from the feature to an output.

    Parameters
    ----------
    coefs : list of ndarray of shape (fan_in, fan_out)

    skip_coef : ndarray of shape (n_features, n_outputs) or None

    Returns
    -------
    importances : ndarray of shape (n_features,)
        In double precision, with sum 1, or all 0 where no feature reaches an output.
    """
    strength = np.ones(coefs[-1].shape[1])
    connected = np.ones(coefs[-1].shape[1], dtype=bool)
    log_scale = 0.0
    for weights in reversed(coefs):
        # Scaled, so that deep products neither overflow nor vanish as a whole; weights
        # that no path runs through are left out.
        weights, strength = weights[:, connected], strength[connected]
        magnitudes, log_scale = _scaled(np.abs(weights.astype(np.float64)), log_scale)
        connected = weights.any(axis=1)
        # A product that underflowed is still a connection.
        strength, log_scale = _scaled(
            _at_least_tiny(magnitudes @ strength, connected), log_scale
        )
    if skip_coef is not None:
        direct = np.abs(skip_coef.astype(np.float64)).sum(axis=1)
        connected = connected | skip_coef.any(axis=1)
        strength = _scaled_sum(strength, log_scale, *_scaled(direct, 0.0))
    importances = _at_least_tiny(strength, connected)
    importances /= importances.sum() or 1.0
    return _at_least_tiny(importances, connected)


def numbered_names(n_features: int) -> list[str]:
    """Return the names of features that have none of their own: x0, x1, and so on."""
    return [f"x{i}" for i in range(n_features)]


def _scaled(array, log_scale):
    """Divide by the largest entry, whose logarithm is added to `log_scale`."""
    largest = array.max(initial=0.0)
    return (array / largest, log_scale + np.log(largest)) if largest else (array, log_scale)


def _scaled_sum(a, log_scale_a, b, log_scale_b):
    """Return a multiple of exp(log_scale_a) a + exp(log_scale_b) b."""
    if not (a.any() and b.any()):
        return a + b
    common = max(log_scale_a, log_scale_b)
    return np.exp(log_scale_a - common) * a + np.exp(log_scale_b - common) * b


def _at_least_tiny(array, where):
    return np.where(where, np.maximum(array, np.finfo(np.float64).tiny), array)
