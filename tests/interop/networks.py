"""Networks of every kind of target, with drawn weights: quick to make, and none trivial."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
    RegularizedMLPSurvival,
)
from sknormreg.estimators.regression_losses import REGRESSION_LOSSES

rng = np.random.RandomState(0)
X = rng.randn(60, 5)
SCORES = X @ [1.0, -2.0, 0.5, 0.0, 1.0] + 0.1 * rng.randn(60)
LEVELS = np.digitize(SCORES, [-1, 1])
LABELS = (np.c_[SCORES, X[:, 1], -SCORES] > 0).astype(int)

CLASSIFICATION = {
    "binary": SCORES > 0,
    "binary text": np.where(SCORES > 0, "yes", "no"),
    "multiclass": LEVELS + 3,
    "multiclass text": np.array(["low", "middle", "größer"])[LEVELS],
    "whole floats": LEVELS - 1.0,
    "multilabel": LABELS,
}
REGRESSION = {
    "squared_error": SCORES,
    "several outputs": np.c_[SCORES, 1 - SCORES, X[:, 0]],
    "poisson": np.round(np.exp(SCORES / 3)),
    "gamma": np.exp(SCORES / 3),
    "tweedie": np.round(np.exp(SCORES / 3)),
    "huber": SCORES,
    "absolute_error": SCORES,
    "quantile": SCORES,
    "several quantiles": SCORES,
}
SURVIVAL = {"survival": np.c_[X[:, 1] < 1, np.exp(-SCORES)]}
KINDS = CLASSIFICATION | REGRESSION | SURVIVAL


def estimator(kind, **params):
    """An estimator for a kind of target."""
    if kind in CLASSIFICATION:
        return RegularizedMLPClassifier(**{"random_state": 0, **params})
    if kind == "survival":
        return RegularizedMLPSurvival(**{"random_state": 0, **params})
    if kind == "several quantiles":
        params = {"quantile": [0.1, 0.5, 0.9], **params}
        kind = "quantile"
    loss = kind if kind in REGRESSION_LOSSES else "squared_error"
    return RegularizedMLPRegressor(**{"random_state": 0, "loss": loss, **params})


def with_drawn_weights(kind, sizes=(4, 3), seed=0, dtype=np.float64, **params):
    """A fitted estimator, every weight and intercept of which is drawn.

    But for the output intercepts, which put the median of each raw output of X at 0.
    """
    model = estimator(kind, hidden_layer_sizes=sizes, max_iter=1, **params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X.astype(dtype), KINDS[kind])
    random_state = np.random.RandomState(seed)
    arrays = [*model.coefs_, *model.intercepts_]
    if hasattr(model, "skip_coef_"):
        arrays.append(model.skip_coef_)
    for array in arrays:
        array[...] = random_state.normal(size=array.shape)
    raw = model._raw_predict(X.astype(dtype))
    model.intercepts_[-1] -= np.median(raw, axis=0)
    return model
