"""A limit of seconds for training."""

import time

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from sknormreg import RegularizedMLPRegressor, regularization_path

X = np.random.RandomState(0).randn(400, 10)
y = np.sin(X[:, 0]) + X[:, 1]


@pytest.mark.parametrize("solver", ["lbfgs", "adam", "sgd"])
def test_training_stops_where_the_time_is_over(solver):
    model = RegularizedMLPRegressor((5,), solver=solver, tol=0, max_time=1e-9, alpha=1.0)
    with pytest.warns(ConvergenceWarning, match="reached max_time=1e-09 seconds"):
        model.set_params(random_state=0).fit(X, y)
    assert model.n_iter_ == 1
    one = RegularizedMLPRegressor(
        (5,), solver=solver, tol=0, max_iter=1, random_state=0, alpha=1.0
    )
    with pytest.warns(ConvergenceWarning):
        one.fit(X, y)
    np.testing.assert_array_equal(model.predict(X), one.predict(X))


def test_a_path_ends_where_the_time_is_over():
    estimator = RegularizedMLPRegressor((5,), max_time=1e-9, random_state=0, alpha=1.0)
    with pytest.warns(ConvergenceWarning, match="max_time"):
        path = regularization_path(X, y, estimator=estimator, alphas=[0.1, 1.0, 2.0])
    assert len(path.alphas) == 1


def test_a_limit_that_is_not_reached_changes_nothing():
    start = time.monotonic()
    free = RegularizedMLPRegressor((5,), random_state=0, alpha=1.0).fit(X, y)
    limited = RegularizedMLPRegressor((5,), random_state=0, max_time=1e5, alpha=1.0).fit(
        X, y
    )
    assert time.monotonic() - start < 1e5
    np.testing.assert_array_equal(free.predict(X), limited.predict(X))


@pytest.mark.parametrize("max_time", [0, -1.0, np.inf, "1 s"])
def test_bad_limits(max_time):
    with pytest.raises(ValueError, match="'max_time' parameter"):
        RegularizedMLPRegressor(max_time=max_time, alpha=1.0).fit(X, y)
