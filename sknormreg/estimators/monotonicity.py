"""Monotonic constraints on features, from the parameter of an estimator."""

from typing import Any

import numpy as np
from sklearn.utils.validation import _check_monotonic_cst

from ..engine.activations import ACTIVATIONS
from .targets import ClassTargets, Targets


def monotonic_cst(
    estimator: Any, targets: Targets, activations: tuple[str, ...]
) -> np.ndarray | None:
    """Return the monotonic constraint of each feature.

    Parameters
    ----------
    estimator : estimator
        One that knows its features.

    targets : Targets

    activations : tuple of str

    Returns
    -------
    cst : ndarray of int of shape (n_features,) or None
        None where there is no constraint.

    Raises
    ------
    ValueError
        If the parameter is not valid, or if there are more than two classes, or an
        activation that decreases somewhere.
    """
    given = getattr(estimator, "monotonic_cst", None)
    if given is None:
        return None
    is_multiclass = isinstance(targets, ClassTargets) and not targets.multilabel
    if is_multiclass and targets.n_outputs > 1:
        raise ValueError(
            "monotonic constraints are not supported for multiclass classification. Fit "
            "one of two classes, or OneVsRestClassifier."
        )
    cst = resolved(estimator, given)
    if not cst.any():
        return None
    if not all(ACTIVATIONS[name].monotone for name in activations):
        allowed = [name for name, one in ACTIVATIONS.items() if one.monotone]
        raise ValueError(
            "monotonic_cst needs an activation that never decreases, one of "
            f"{sorted(allowed)}, got activation={estimator.activation!r}."
        )
    return cst


def resolved(estimator: Any, given: Any) -> np.ndarray:
    """Return the constraints as an array, those of names in the places of the features.

    Parameters
    ----------
    estimator : estimator
        One that knows its features.

    given : array-like of int of shape (n_features,) or dict

    Raises
    ------
    ValueError
        If it is not valid, as `HistGradientBoostingRegressor` says.
    """
    if not isinstance(given, dict) and np.ndim(given) != 1:
        raise ValueError(
            "monotonic_cst must be an array-like of -1, 0 or 1 of shape (n_features,), "
            f"got shape {np.shape(given)}."
        )
    return _check_monotonic_cst(estimator, given)
