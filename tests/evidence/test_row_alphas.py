"""The L2 penalty with an alpha for each feature."""

import numpy as np
import pytest
from evidence_cases import diabetes, small_regression
from scipy import optimize, sparse
from sklearn.base import clone
from sklearn.linear_model import Ridge

from sknormreg import (
    RegularizedMLPRegressor,
)
from sknormreg.penalties.separable import RowScaledL2, l2_by_row


@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array])
def test_alphas_of_features_are_ridges_of_scaled_inputs(layout):
    X, y = diabetes()
    alphas = np.geomspace(0.1, 100, 10)
    mlp = RegularizedMLPRegressor((), alpha=[alphas]).fit(layout(X), y)
    oracle = Ridge(alpha=1.0).fit(X / np.sqrt(alphas), y)
    coef = oracle.coef_ / np.sqrt(alphas)
    np.testing.assert_allclose(mlp.coefs_[0].ravel(), coef, rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(mlp.alpha_[0], alphas)


@pytest.mark.parametrize("solver", ["lbfgs", "adam", "sgd"])
def test_equal_alphas_of_features_are_one_alpha(solver):
    X, y = small_regression()
    params = dict(solver=solver, max_iter=20, random_state=0, tol=0.0)
    mlp = RegularizedMLPRegressor((5,), **params)
    with pytest.warns(match="reached max_iter"):
        one = clone(mlp).set_params(alpha=[3.0, 0.5]).fit(X, y)
    with pytest.warns(match="reached max_iter"):
        each = clone(mlp).set_params(alpha=[np.full(10, 3.0), 0.5]).fit(X, y)
    np.testing.assert_allclose(each.coefs_[0], one.coefs_[0], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(alpha=[np.ones(3), 1.0]), "array of 10 finite numbers"),
        (dict(alpha=[np.full(10, -1.0), 1.0]), "of at least 0"),
        (dict(alpha=[np.ones(10)]), "alpha has 1 entries"),
        (dict(alpha=[1.0, np.ones(5)]), "alpha must be a finite number"),
        (dict(alpha=[np.ones(10), 1.0], penalty="l1"), "only penalty='l2'"),
    ],
)
def test_alphas_of_features_are_checked(params, message):
    X, y = small_regression()
    with pytest.raises(ValueError, match=message):
        RegularizedMLPRegressor((5,), alpha=1.0).set_params(**params).fit(X, y)


def test_penalty_of_scaled_rows():
    rng = np.random.default_rng(0)
    scales, weights, gradient = rng.uniform(0, 3, 4), *rng.normal(size=(2, 4, 3))
    penalty = RowScaledL2(scales)
    np.testing.assert_allclose(
        penalty.value(weights), np.trace(weights.T @ np.diag(scales) @ weights) / 2
    )
    for step in (0.7, rng.uniform(0.1, 2, (4, 3))):

        def stationary(u, step=step):
            distance = np.sum((u.reshape(4, 3) - weights) ** 2 / (2 * step))
            return distance + penalty.value(u.reshape(4, 3))

        # Quasi-Newton steps with numerical gradients end at about 1e-6.
        nearest = optimize.minimize(stationary, weights.ravel()).x.reshape(4, 3)
        np.testing.assert_allclose(penalty.prox(weights, step), nearest, atol=1e-5)
    slopes = optimize.approx_fprime(
        weights.ravel(), lambda w: np.sum(gradient * w.reshape(4, 3)), 1e-7
    )
    slopes += optimize.approx_fprime(
        weights.ravel(), lambda w: 0.3 * penalty.value(w.reshape(4, 3)), 1e-7
    )
    np.testing.assert_allclose(
        penalty.min_norm_subgradient(weights, gradient, 0.3).ravel(), slopes, atol=1e-5
    )


@pytest.mark.parametrize("alphas", [[0.5, 2.0, 0.0], [0.0, 0.0, 0.0], [3.0, 3.0, 3.0]])
def test_one_alpha_and_a_penalty_say_the_same_as_an_alpha_for_each_row(alphas):
    weights = np.random.default_rng(0).normal(size=(3, 4))
    alpha, penalty = l2_by_row(alphas)
    expected = sum(a * (row**2).sum() / 2 for a, row in zip(alphas, weights))
    assert alpha * penalty.value(weights) == pytest.approx(expected, rel=1e-14)
    shrunk = weights / (1 + 0.7 * np.array(alphas)[:, None])
    np.testing.assert_allclose(penalty.prox(weights, 0.7 * alpha), shrunk, rtol=1e-14)
