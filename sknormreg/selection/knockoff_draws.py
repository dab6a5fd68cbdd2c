"""The knockoffs of each draw: drawn from a model of the features, or the caller's own."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import sparse

from .gaussian_knockoffs import GaussianKnockoffs


def given_knockoffs(knockoffs: Any, X: np.ndarray) -> np.ndarray | None:
    """Return an array of all draws, None if they are still to be drawn.

    Parameters
    ----------
    knockoffs : as `KnockoffSelector` takes it

    X : ndarray of shape (n_samples, n_features)

    Returns
    -------
    given : ndarray of shape (n_draws, n_samples, n_features) or None

    Raises
    ------
    ValueError
        If they do not have the shape of X, or if they are no finite numbers.
    """
    if isinstance(knockoffs, str) or callable(knockoffs):
        return None
    given = _numbers(knockoffs, X.dtype, "knockoffs")
    given = given[None] if given.ndim == 2 else given
    if given.ndim != 3 or given.shape[1:] != X.shape or not len(given):
        raise ValueError(
            f"knockoffs must have the shape of X, {X.shape}, or (n_draws, "
            f"{X.shape[0]}, {X.shape[1]}) for several draws, got the shape "
            f"{np.shape(knockoffs)}."
        )
    return _finite(given, "knockoffs")


def drawn_knockoffs(
    knockoffs: str | Callable,
    X: np.ndarray,
    sample_weight: np.ndarray | None,
    labels: np.ndarray | None,
    seeds: np.ndarray,
) -> Iterator[np.ndarray]:
    """Yield the knockoffs of each draw.

    Parameters
    ----------
    knockoffs : "gaussian" or callable

    X : ndarray of shape (n_samples, n_features)

    sample_weight : ndarray of shape (n_samples,) or None

    labels : ndarray of int of shape (n_features,) or None
        The group of each feature; None for each on its own.

    seeds : ndarray of int of shape (n_draws,)

    Raises
    ------
    ValueError
        If a callable does not return finite numbers in the shape of X.
    """
    # Not the random numbers of the starting weights.
    rngs = [np.random.RandomState([seed, 1]) for seed in seeds]
    if not callable(knockoffs):
        gaussian = GaussianKnockoffs(X, sample_weight, labels)
        for rng in rngs:
            yield gaussian.draw(rng).astype(X.dtype)
        return
    name = "The array that the callable knockoffs returns"
    for rng in rngs:
        drawn = _numbers(knockoffs(X, rng), X.dtype, name)
        if drawn.shape != X.shape:
            raise ValueError(
                "The callable knockoffs must return an array of the shape of X, "
                f"{X.shape}, got the shape {drawn.shape}."
            )
        yield _finite(drawn, name)


def _numbers(values, dtype, name):
    if sparse.issparse(values):
        raise ValueError(f"{name} must be dense, got {type(values).__name__}.")
    try:
        return np.asarray(values, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers: {error}") from error


def _finite(knockoffs, name):
    if not np.isfinite(knockoffs).all():
        raise ValueError(f"{name} must be finite, but there are NaN or infinite values.")
    return knockoffs
