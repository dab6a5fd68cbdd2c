"""Draws of weights have the posterior's covariance, draws of targets its moments."""

import numpy as np
import pytest
from evidence_cases import NETWORKS, Problem
from scipy import stats
from sklearn.datasets import load_diabetes
from sklearn.linear_model import BayesianRidge
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPRegressor, RegularizedMLPRegressorCV
from sknormreg.evidence.factors import DualFactor, KrylovFactor, PrimalFactor
from sknormreg.evidence.kronecker import KroneckerFactor

N_DRAWS = 8_000


@pytest.mark.parametrize("layers", NETWORKS)
@pytest.mark.parametrize("factor", [PrimalFactor, DualFactor])
def test_draws_have_the_covariance_of_the_whole_matrix(layers, factor):
    problem = Problem("several outputs", layers, n_rows=120)
    matrix = problem.gauss_newton() + np.diag(problem.alphas())
    made = factor(problem.linearization(np.asarray), problem.row_alphas)
    drawn = np.vstack(made.draws(N_DRAWS, np.random.RandomState(0)))
    # White, if their covariance is the inverse of the matrix.
    white = np.linalg.cholesky(matrix).T @ drawn
    bound = 6 / np.sqrt(N_DRAWS)
    np.testing.assert_allclose(white.mean(axis=1), 0, atol=bound)
    covariance = white @ white.T / N_DRAWS
    np.testing.assert_allclose(covariance, np.eye(len(matrix)), atol=1.5 * bound)


@pytest.mark.parametrize("layers", NETWORKS)
def test_conjugate_gradients_draw_what_the_cholesky_factor_draws(layers):
    problem = Problem("several outputs", layers, n_rows=40)
    linear = problem.linearization(np.asarray)
    drawn = [
        np.vstack(factor(linear, problem.row_alphas).draws(3, np.random.RandomState(0)))
        for factor in (DualFactor, KrylovFactor)
    ]
    np.testing.assert_allclose(*drawn, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("layers", NETWORKS)
def test_draws_of_kronecker_factors_have_the_covariances_that_it_computes(layers):
    problem = Problem("several outputs", layers, n_rows=120)
    made = KroneckerFactor([problem.linearization(np.asarray)], problem.row_alphas)
    weights, intercepts = made.draws(N_DRAWS, np.random.RandomState(0))
    new = problem.of_outputs(np.random.default_rng(1).normal(size=(7, 4)))
    outputs = new.product(weights) + new.of_intercepts @ intercepts
    outputs = outputs.reshape(7, -1, N_DRAWS)
    expected = made.covariances(new)
    found = outputs @ outputs.transpose(0, 2, 1) / N_DRAWS
    atol = 9 / np.sqrt(N_DRAWS) * expected.max(axis=(1, 2), keepdims=True)
    assert (np.abs(found - expected) <= atol).all()


def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return scale(X), scale(y)


def fitted(hidden=(), targets=1, **params):
    X, y = diabetes()
    y = y if targets == 1 else np.column_stack([y, X[:, 2]])
    mlp = RegularizedMLPRegressor(hidden, alpha="evidence", random_state=0, **params)
    return mlp.fit(X[:300], y[:300])


@pytest.mark.parametrize("targets", [1, 2])
@pytest.mark.parametrize("hidden", [(), (3,)])
def test_moments_are_those_of_predict(hidden, targets):
    mlp, new = fitted(hidden, targets), diabetes()[0][300:320]
    drawn = mlp.sample_y(new, N_DRAWS)
    mean, std = mlp.predict(new, return_std=True)
    assert drawn.shape == (*mean.shape, N_DRAWS)
    scores = (drawn.mean(axis=-1) - mean) / std
    np.testing.assert_allclose(scores, 0, atol=6 / np.sqrt(N_DRAWS))
    np.testing.assert_allclose(drawn.std(axis=-1), std, rtol=6 / np.sqrt(N_DRAWS))
    first = drawn.reshape(-1, N_DRAWS)[0]
    assert stats.kstest((first - mean.flat[0]) / std.flat[0], "norm").pvalue > 1e-3


def test_linear_draws_have_the_joint_covariance_of_bayesian_ridge():
    X, y = diabetes()
    mlp, ridge = fitted(), BayesianRidge(tol=1e-9).fit(X[:300], y[:300])
    new = X[300:305]
    drawn = mlp.sample_y(new, N_DRAWS, random_state=1)
    centred = new - X[:300].mean(axis=0)
    noise = 1 / ridge.alpha_
    expected = centred @ ridge.sigma_ @ centred.T + noise * (np.eye(5) + 1 / 300)
    found = np.cov(drawn)
    np.testing.assert_allclose(found, expected, atol=0.05 * noise)


def test_draws_of_parts_and_seeds(monkeypatch):
    mlp, new = fitted((3,)), diabetes()[0][300:]
    whole = mlp.sample_y(new, 4, random_state=3)
    np.testing.assert_array_equal(whole, mlp.sample_y(new, 4, random_state=3))
    assert not np.array_equal(whole, mlp.sample_y(new, 4, random_state=4))
    monkeypatch.setattr("sknormreg.evidence.factor._PART_NUMBERS", 100)
    np.testing.assert_allclose(mlp.sample_y(new, 4, random_state=3), whole, rtol=1e-10)


def test_what_cannot_be_drawn():
    X, y = diabetes()
    with pytest.raises(ValueError, match=r"sample_y requires the posterior.*'evidence'"):
        RegularizedMLPRegressor((), alpha=1.0).fit(X, y).sample_y(X)
    with pytest.raises(ValueError, match="store_posterior=True"):
        fitted(store_posterior=False).sample_y(X)
    with pytest.raises(ValueError, match="n_samples == 0"):
        fitted().sample_y(X, 0)
    with pytest.raises(ValueError, match="sample_y requires"):
        RegularizedMLPRegressorCV((), alphas=[1.0, 2.0]).fit(X, y).sample_y(X)
