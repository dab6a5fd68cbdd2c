"""Proximal gradient method."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPRegressor


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return scale(X), scale(y)


def test_linear_model_is_the_lasso(diabetes):
    X, y = diabetes
    model = RegularizedMLPRegressor(
        (), penalty="l1", alpha=20, solver="proximal_gradient", tol=1e-7
    ).fit(X, y)
    oracle = Lasso(alpha=20 / len(y), tol=1e-10).fit(X, y)
    np.testing.assert_allclose(model.coefs_[0].ravel(), oracle.coef_, rtol=0, atol=1e-5)


def test_network_is_as_good_as_that_of_lbfgs(diabetes):
    X, y = diabetes
    settings = dict(penalty="l1", alpha=20, random_state=0, tol=1e-4)
    model = RegularizedMLPRegressor(
        (5,), solver="proximal_gradient", max_iter=5000, **settings
    ).fit(X, y)
    oracle = RegularizedMLPRegressor((5,), solver="lbfgs", **settings).fit(X, y)
    assert model.loss_ <= 1.01 * oracle.loss_
    assert model.sparsity_ > 0.3


def test_dropout_is_refused(diabetes):
    model = RegularizedMLPRegressor(solver="proximal_gradient", dropout=0.5)
    with pytest.raises(ValueError, match="solver='proximal_gradient' cannot train"):
        model.fit(*diabetes)
