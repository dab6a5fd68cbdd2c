"""alpha='evidence' without hidden layers: BayesianRidge and its kin are the oracle."""

import numpy as np
import pytest
from evidence_cases import diabetes
from scipy import optimize
from sklearn.linear_model import BayesianRidge

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
)
from sknormreg.evidence import factors


def bayesian_ridge(X, y, sample_weight=None):
    oracle = BayesianRidge(
        alpha_1=0,
        alpha_2=0,
        lambda_1=0,
        lambda_2=0,
        tol=1e-13,
        max_iter=100_000,
        compute_score=True,
    )
    return oracle.fit(X, y, sample_weight=sample_weight)


def expanded(n_rows):
    """More features than rows, in which there are signal and noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 70))
    return X, X[:, :10].sum(axis=1) + 2 * rng.normal(size=n_rows)


@pytest.mark.parametrize("scope", ["network", "layer"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("data", "n_rows"), [(diabetes, 442), (expanded, 50)])
def test_is_bayesian_ridge(data, n_rows, weighted, scope):
    X, y = data(n_rows)
    # With more weight than rows, and features enough to fit all of them, there is no limit
    # to the evidence.
    s = np.random.default_rng(0).uniform(0.1, 1.2, n_rows) if weighted else None
    oracle = bayesian_ridge(X, y, s)
    mlp = RegularizedMLPRegressor((), alpha="evidence", evidence_scope=scope)
    mlp.fit(X, y, sample_weight=s)
    # J is minimised to gradients of 1e-8, of which alphas are a function.
    np.testing.assert_allclose(mlp.alpha_, oracle.lambda_ / oracle.alpha_, rtol=2e-6)
    np.testing.assert_allclose(mlp.noise_variance_, 1 / oracle.alpha_, rtol=1e-6)
    np.testing.assert_allclose(mlp.coefs_[0].ravel(), oracle.coef_, rtol=1e-4, atol=1e-4)
    _, std = mlp.predict(X, return_std=True)
    _, oracle_std = oracle.predict(X, return_std=True)
    # BayesianRidge takes the mean of the centred targets to be exact.
    of_intercept = mlp.noise_variance_ / (n_rows if s is None else s.sum())
    np.testing.assert_allclose(std**2, oracle_std**2 + of_intercept, rtol=1e-6)
    if not weighted:
        np.testing.assert_allclose(mlp.log_evidence_, oracle.scores_[-1], rtol=1e-9)


def test_is_nearly_bayesian_ridge_where_traces_are_estimated(monkeypatch):
    monkeypatch.setattr(factors, "EXACT_SIZE", 1)
    monkeypatch.setattr(factors, "MOST_INPUTS", 1)
    X, y = diabetes()
    oracle = bayesian_ridge(X, y)
    mlp = RegularizedMLPRegressor((), alpha="evidence").fit(X, y)
    # 16 probes: gamma is off by sqrt(2 / 16 / gamma), 12 %, at most. As the weights of
    # nearly collinear features depend much on alpha, it is off by three times as much.
    np.testing.assert_allclose(mlp.alpha_, oracle.lambda_ / oracle.alpha_, rtol=0.36)
    _, std = mlp.predict(X, return_std=True)
    _, oracle_std = oracle.predict(X, return_std=True)
    np.testing.assert_allclose(std, oracle_std, rtol=0.01)
    # log det is a sum over ten features, to 12 % of them; half of it is to 10.
    np.testing.assert_allclose(mlp.log_evidence_, oracle.scores_[-1], atol=10)


def test_alpha_of_logistic_regression_maximises_the_evidence():
    """Laplace's approximation by its definition, along a line of alphas."""
    X, y = diabetes(200)
    y = (y > 140).astype(int)
    mlp = RegularizedMLPClassifier((), alpha="evidence").fit(X, y)

    def log_evidence(alpha):
        fit = RegularizedMLPClassifier((), alpha=alpha).fit(X, y)
        w, p = fit.coefs_[0].ravel(), fit.predict_proba(X)[:, 1]
        centred = X - np.average(X, axis=0, weights=p * (1 - p))
        hessian = centred.T @ (centred * (p * (1 - p))[:, None])
        log_likelihood = np.log(np.where(y == 1, p, 1 - p)).sum()
        log_det = np.linalg.slogdet(hessian / alpha + np.eye(len(w)))[1]
        return log_likelihood - alpha / 2 * (w @ w) - log_det / 2

    (alpha,) = mlp.alpha_
    np.testing.assert_allclose(mlp.log_evidence_, log_evidence(alpha), rtol=1e-6)
    best = optimize.minimize_scalar(
        lambda log_alpha: -log_evidence(np.exp(log_alpha)), bounds=(-5, 5), method="bounded"
    )
    # MacKay's fixed point leaves out that the Hessian changes with alpha.
    assert log_evidence(alpha) > -best.fun - 0.1
