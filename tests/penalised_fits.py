"""Small fits of one data set, which tests of penalties and alphas share."""

import numpy as np
import pytest

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor

BOTH = [RegularizedMLPClassifier, RegularizedMLPRegressor]
SOLVERS = ["lbfgs", "adam", "sgd"]
not_converged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.RandomState(0)
X = rng.randn(50, 4)
SCORES = X @ [2.0, -1.0, 1.0, 0.0] + 0.3 * rng.randn(50)
LABELS = np.digitize(SCORES, [-1, 1])
TARGETS = {RegularizedMLPClassifier: LABELS, RegularizedMLPRegressor: SCORES}


def make(cls=RegularizedMLPRegressor, **params):
    settings = dict(hidden_layer_sizes=(5,), alpha=1.0, max_iter=10, random_state=0)
    return cls(**(settings | params))


def fit(cls=RegularizedMLPRegressor, **params):
    return make(cls, **params).fit(X, TARGETS[cls])


def assert_same_fit(first, second):
    for a, b in zip(first.coefs_ + first.intercepts_, second.coefs_ + second.intercepts_):
        np.testing.assert_array_equal(a, b)
    assert first.loss_ == second.loss_


def loss_by_hand(model, y, sample_weight=None):
    if isinstance(model, RegularizedMLPRegressor):
        losses = (y - model.predict(X)) ** 2 / 2
    else:
        codes = np.searchsorted(model.classes_, y)
        losses = -np.log(model.predict_proba(X)[np.arange(len(y)), codes])
    return np.average(losses, weights=sample_weight)
