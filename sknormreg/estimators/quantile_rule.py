"""The quantile rule for alpha, from the parameters of an estimator."""

from typing import Any

import numpy as np
from sklearn.base import is_regressor
from sklearn.utils.validation import _check_sample_weight

from ..engine import Data
from ..fitting.quantile_alpha import QuantileRule


def quantile_rule(estimator: Any, data: Data, sample_weight: Any) -> QuantileRule:
    """Return the `QuantileRule` of an estimator.

    Parameters
    ----------
    estimator : RegularizedMLPClassifier or RegularizedMLPRegressor

    data : Data
        With class weights in the sample weights.

    sample_weight : as `fit` takes it
    """
    return QuantileRule(
        estimator.quantile_level,
        # The scale of the noise of classes is known: it is that of their frequencies.
        scaled=is_regressor(estimator),
        class_weight=class_factors(estimator, data, sample_weight),
    )


def refuse_starts(n_init: int) -> None:
    """Raise a ValueError if there is more than one start: each would have its own alpha."""
    if n_init > 1:
        raise ValueError(
            "alpha='quantile' is chosen for one start, as the objectives of several, each "
            f"at an alpha of its own, cannot be compared, got n_init={n_init}. Set "
            "n_init=1, or use MLPFeatureSelector, which takes several starts."
        )


def class_factors(estimator: Any, data: Data, sample_weight: Any) -> np.ndarray | None:
    """Return the factors of the sample weights that are class weights; None without.

    Parameters
    ----------
    estimator : RegularizedMLPClassifier or RegularizedMLPRegressor

    data : Data
        With class weights in the sample weights.

    sample_weight : as `fit` takes it
    """
    if getattr(estimator, "class_weight", None) is None:
        return None
    given = _check_sample_weight(sample_weight, data.X)
    weight: Any = data.sample_weight
    return np.divide(weight, given, out=np.ones_like(weight), where=given > 0)
