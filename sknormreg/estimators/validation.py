"""Validation of the data that estimators are given."""

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier, is_regressor
from sklearn.utils.validation import _check_sample_weight, validate_data

from ..engine import Data, as_c, checked_structure
from ..fitting.validation_loss import Validation
from .hold_out import watched
from .mixed_labels import refuse_labels, refuse_mixed_labels
from .targets import Targets, kind_of_targets, known_targets, learnt_targets


def validated(estimator: Any, X: Any, y: Any = "no_validation", **options: Any) -> Any:
    """Return what `validate_data` does, as C can read it: all data come in through here."""
    has_y = not isinstance(y, str)
    checked = validate_data(
        estimator,
        checked_structure(X),
        checked_structure(y, "y"),
        accept_sparse="csr",
        dtype=(np.float64, np.float32),
        order="C",
        **options,
    )
    checked, y = checked if has_y else (checked, None)
    if not sparse.issparse(checked):
        # Views of records and of bytes may begin anywhere.
        checked = as_c(checked)
    elif checked.format != getattr(X, "format", None):
        # Converted from a format that may hold anything, such as lists of lists.
        checked = checked_structure(checked)
    return (checked, y) if has_y else checked


def validated_X_y(estimator: Any, X: Any, y: Any, **options: Any) -> tuple[Any, Any]:
    """Return X and y as C can read them; y is not encoded yet."""
    read = getattr(kind_of_targets(estimator), "read", None)
    if read is not None:
        y = read(y)
    elif is_classifier(estimator):
        refuse_mixed_labels(y)
    else:
        refuse_labels(y)
    return validated(
        estimator, X, y, multi_output=True, y_numeric=is_regressor(estimator), **options
    )


def training_data(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    *,
    is_continued: bool = False,
    knows_targets: bool = False,
    is_part: bool = False,
) -> tuple[Data, Targets]:
    """Validate the data to fit to, and learn their features and targets.

    Parameters
    ----------
    estimator : estimator
        Attributes that tell features and targets are set.

    X, y, sample_weight : as `fit` takes them

    is_continued : bool
        Whether features and targets must be those of an earlier fit.

    knows_targets : bool
        Whether the estimator was told of the targets.

    is_part : bool
        Whether there are other data, so that one sample is enough.

    Returns
    -------
    data : Data
        With class weights in the sample weights.

    targets : Targets
    """
    X, y = validated_X_y(
        estimator,
        X,
        y,
        ensure_min_samples=1 if is_part else 2,
        reset=not is_continued,
    )
    _check_size(X)
    known = is_continued or knows_targets
    targets = known_targets(estimator) if known else learnt_targets(estimator, y)
    encoded = targets.encode(y, X.dtype)
    sample_weight = validated_sample_weight(sample_weight, X)
    return Data(X, encoded, targets.weighted(sample_weight, y, encoded)), targets


def held_out_data(
    estimator: Any, targets: Targets, X_val: Any, y_val: Any, sample_weight_val: Any
) -> Validation | None:
    """Return the `Validation` by the caller's samples; None where there are none."""
    if X_val is None and y_val is None:
        if sample_weight_val is not None:
            raise ValueError("sample_weight_val is provided, but X_val and y_val were not.")
        return None
    if y_val is None:
        raise ValueError("X_val is provided, but y_val was not provided.")
    if X_val is None:
        raise ValueError("y_val is provided, but X_val was not provided.")
    try:
        X_val, y_val = validated_X_y(estimator, X_val, y_val, reset=False)
        sample_weight_val = validated_sample_weight(sample_weight_val, X_val)
    except ValueError as error:
        # scikit-learn's messages speak of X, y and sample_weight.
        raise ValueError(
            f"X_val, y_val or sample_weight_val are not valid: {error}"
        ) from error
    encoded = targets.encode(y_val, X_val.dtype, name="y_val")
    data = Data(X_val, encoded, sample_weight_val)
    return watched(targets, data, None, decides=estimator.early_stopping)


def validated_sample_weight(sample_weight: Any, X: Any) -> np.ndarray | None:
    """Return sample weights in the dtype of X, or None."""
    if sample_weight is None:
        return None
    given = _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    with np.errstate(over="ignore"):
        total = given.sum()
    if not np.isfinite(total):
        raise ValueError(
            "The sum of sample_weight is not finite: its largest entry is "
            f"{given.max():.3g}. Divide it by a number (and alpha, which acts relative to "
            "its sum)."
        )
    largest, limits = given.max(), np.finfo(X.dtype)
    if X.dtype != given.dtype and not limits.tiny <= largest <= limits.max:
        raise ValueError(
            f"sample_weight is too {'small' if largest < 1 else 'large'} for X of dtype "
            f"{X.dtype}: its largest entry is {largest:.3g}. Multiply it by a number "
            "(and alpha, which acts relative to its sum), or convert X to float64."
        )
    return given.astype(X.dtype, copy=False)


def _check_size(X):
    """Refuse features whose squares overflow: no gradient could be computed of them."""
    values = X.data if sparse.issparse(X) else X
    # Not by a product of BLAS, whose threads stay awake for a while after it.
    largest = max(values.max(initial=0), -values.min(initial=0))
    with np.errstate(over="ignore"):
        if not np.isfinite(largest * largest * values.dtype.type(values.size)):
            raise ValueError(
                f"X contains values too large for {X.dtype}: their squares overflow. "
                "Standardise the features, for example with StandardScaler."
            )
