"""Proximal RMSprop."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPRegressor

SETTINGS = dict(
    solver="rmsprop", penalty="l1", learning_rate="adaptive", learning_rate_init=0.01
)


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return scale(X), scale(y)


def test_linear_model_is_the_lasso(diabetes):
    X, y = diabetes
    model = RegularizedMLPRegressor((), alpha=50, random_state=0, **SETTINGS).fit(X, y)
    oracle = Lasso(alpha=50 / len(y), tol=1e-10).fit(X, y)
    residual = y - oracle.predict(X)
    minimum = residual @ residual / 2 + 50 * np.abs(oracle.coef_).sum()
    assert minimum <= model.loss_ * len(y) <= 1.001 * minimum
    assert model.sparsity_ > 0


def test_network_is_as_good_as_that_of_lbfgs(diabetes):
    X, y = diabetes
    model = RegularizedMLPRegressor((5,), alpha=20, random_state=0, **SETTINGS).fit(X, y)
    oracle = RegularizedMLPRegressor(
        (5,), penalty="l1", alpha=20, solver="lbfgs", random_state=0
    ).fit(X, y)
    assert model.loss_ <= 1.02 * oracle.loss_


def test_penalties_without_a_step_size_for_each_weight_are_refused(diabetes):
    model = RegularizedMLPRegressor(solver="rmsprop", penalty="nuclear")
    with pytest.raises(ValueError, match="solver='rmsprop' cannot train with penalty="):
        model.fit(*diabetes)


def test_partial_fit(diabetes):
    X, y = diabetes
    model = RegularizedMLPRegressor((5,), random_state=0, **SETTINGS)
    first = model.partial_fit(X, y).loss_
    for _ in range(20):
        model.partial_fit(X, y)
    assert model.loss_ < first
