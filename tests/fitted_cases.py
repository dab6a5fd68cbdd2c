"""Fitted networks for tests of their properties and conversions.

Weights are made by hand or drawn, with zeros where a case wants them.

Sums over fewer or otherwise ordered terms round differently: networks are taken to be the
same where raw outputs differ by at most 1e-12 of the largest, thousands of times the
rounding unit.
"""

import numpy as np
import pytest

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
    RegularizedMLPSurvival,
)

not_converged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [RegularizedMLPClassifier, RegularizedMLPRegressor]
SAME = 1e-12

rng = np.random.RandomState(0)
X = rng.randn(40, 5)
COLUMNS = ["age", "income", "height", "weight", "steps"]
SCORES = X @ [1.0, -2.0, 0.5, 0.0, 1.0] + 0.1 * rng.randn(40)

# Every kind of target: class, its parameters, y.
KINDS = {
    "binary": (
        RegularizedMLPClassifier,
        {},
        np.where(SCORES > 0, "yes", "no"),
    ),
    "multiclass": (RegularizedMLPClassifier, {}, np.digitize(SCORES, [-1, 1]) + 3),
    "multilabel": (
        RegularizedMLPClassifier,
        {},
        (np.c_[SCORES, X[:, 1], -SCORES] > 0).astype(int),
    ),
    "regression": (RegularizedMLPRegressor, {}, SCORES),
    "several outputs": (RegularizedMLPRegressor, {}, np.c_[SCORES, 1 - SCORES, X[:, 0]]),
    "poisson": (RegularizedMLPRegressor, {"loss": "poisson"}, np.round(np.exp(SCORES / 3))),
    "survival": (
        RegularizedMLPSurvival,
        {},
        np.c_[X[:, 1] < 1, np.exp(-SCORES)],
    ),
}


def make(kind="regression", **params):
    """An estimator for a kind of target and its y."""
    cls, own, y = KINDS[kind]
    return cls(**{"max_iter": 1, "alpha": 1.0, "random_state": 0, **own, **params}), y


def drawn(kind="regression", sizes=(4, 3, 4), dtype=np.float64, seed=0, **params):
    """A fitted estimator whose weights and intercepts, none of them 0, are drawn anew."""
    random_state = np.random.RandomState(seed)
    model, y = make(kind, hidden_layer_sizes=sizes, **params)
    model.fit(X.astype(dtype), y)
    for arrays in (model.coefs_, model.intercepts_):
        for array in arrays:
            array[...] = random_state.normal(size=array.shape)
    if hasattr(model, "skip_coef_"):
        model.skip_coef_[...] = random_state.normal(size=model.skip_coef_.shape)
    return model


def raw_outputs(model, X=X):
    name = "decision_function" if hasattr(model, "decision_function") else "predict"
    return getattr(model, name)(X)


def assert_same_outputs(model, expected, X=X, tolerance=SAME):
    """Raw outputs are as expected, up to a share of the largest; predictions are so too."""
    raw, other = raw_outputs(expected, X), raw_outputs(model, X)
    assert other.shape == raw.shape
    assert other.dtype == raw.dtype
    np.testing.assert_allclose(other, raw, rtol=0, atol=tolerance * np.abs(raw).max())
    if hasattr(expected, "predict_proba"):
        np.testing.assert_array_equal(model.predict(X), expected.predict(X))
        np.testing.assert_allclose(
            model.predict_proba(X),
            expected.predict_proba(X),
            rtol=0,
            atol=tolerance * np.abs(raw).max(),
        )


def assert_same_parts(found, expected):
    assert len(found) == len(expected)
    for a, b in zip(found, expected):
        np.testing.assert_array_equal(a, b)
