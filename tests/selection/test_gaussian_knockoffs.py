"""Gaussian knockoffs have the covariances that they promise."""

import numpy as np
import pytest
from scipy.linalg import toeplitz
from scipy.optimize import minimize

from sknormreg.selection.gaussian_knockoffs import GaussianKnockoffs, minimum_variance_s


def normal(n_samples, covariance, seed=0):
    rng = np.random.default_rng(seed)
    root = np.linalg.cholesky(covariance)
    return rng.standard_normal((n_samples, len(covariance))) @ root.T


def joint(covariance, s):
    """Covariance of features and knockoffs, written out."""
    across = covariance - np.diag(s)
    return np.block([[covariance, across], [across, covariance]])


def test_features_and_knockoffs_have_the_joint_covariance():
    covariance = toeplitz(0.6 ** np.arange(5))
    n_samples = 100_000
    X = normal(n_samples, covariance) * [1, 10, 1e-3, 2, 5] + [0, 100, 0, -3, 1]
    gaussian = GaussianKnockoffs(X)
    both = np.hstack([X, gaussian.draw(np.random.RandomState(1))])
    assert np.all(gaussian.s > 0.1)
    both = (both - np.tile(gaussian.mean, 2)) / np.tile(gaussian.scale, 2)
    # An entry of a covariance has a standard error of at most sqrt(2 / n) = 0.0045.
    expected = joint(covariance, gaussian.s)
    np.testing.assert_allclose(both.T @ both / n_samples, expected, atol=0.02)
    np.testing.assert_allclose(both.mean(axis=0), 0, atol=0.02)


@pytest.mark.parametrize(
    "covariance",
    [
        toeplitz(0.9 ** np.arange(6)),
        np.full((4, 4), 0.5) + 0.5 * np.eye(4),
        np.diag([0.5, 1.0, 4.0]),
    ],
    ids=["AR(1)", "equal", "diagonal"],
)
def test_reconstructability_is_minimal(covariance):
    def of(log_s):
        if np.linalg.eigvalsh(joint(covariance, np.exp(log_s)))[0] <= 0:
            return np.inf
        return np.trace(np.linalg.inv(joint(covariance, np.exp(log_s))))

    s = minimum_variance_s(covariance)
    start = np.log(np.full(len(s), 0.9 * np.linalg.eigvalsh(covariance)[0]))
    options = dict(maxiter=20_000, maxfev=20_000, xatol=1e-8, fatol=1e-12)
    best = minimize(of, start, method="Nelder-Mead", options=options)
    # At a minimum an error of 1e-4 in s changes the value by about its square.
    assert of(np.log(s)) <= best.fun * (1 + 1e-6)


def test_independent_features_have_independent_knockoffs():
    variances = np.array([0.25, 1.0, 9.0])
    np.testing.assert_allclose(minimum_variance_s(np.diag(variances)), variances, rtol=1e-3)


@pytest.mark.parametrize("correlation", [0.5, 0.999, 1 - 1e-9])
def test_joint_covariance_is_positive_definite(correlation):
    covariance = np.full((10, 10), correlation) + (1 - correlation) * np.eye(10)
    s = minimum_variance_s(covariance)
    assert s.min() > 0
    # Relative to that of the covariance: both go to 0 as features become collinear.
    smallest = np.linalg.eigvalsh(2 * covariance - np.diag(s))[0]
    assert smallest > 0.01 * np.linalg.eigvalsh(covariance)[0]


def test_more_features_than_samples():
    X = normal(40, toeplitz(0.5 ** np.arange(100)))
    drawn = GaussianKnockoffs(X).draw(np.random.RandomState(0))
    assert drawn.shape == X.shape
    assert np.isfinite(drawn).all()
    # They are not copies: with unit variances a copy has a correlation of 1.
    correlations = [np.corrcoef(a, b)[0, 1] for a, b in zip(X.T, drawn.T)]
    assert np.mean(correlations) < 0.7


def test_constant_features_and_copies():
    X = normal(100, np.eye(3))
    X = np.column_stack([X, np.full(100, 0.1), X[:, 0]])
    drawn = GaussianKnockoffs(X).draw(np.random.RandomState(0))
    np.testing.assert_array_equal(drawn[:, 3], X[:, 3])
    assert np.isfinite(drawn).all()
    # The knockoff of a feature that another one determines is nearly that feature.
    assert np.corrcoef(X[:, 0], drawn[:, 0])[0, 1] > 0.9
    assert abs(np.corrcoef(X[:, 1], drawn[:, 1])[0, 1]) < 0.5


def test_two_samples():
    # On a line, without any shrinkage by Ledoit and Wolf.
    X = np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 4.0]])
    drawn = GaussianKnockoffs(X).draw(np.random.RandomState(0))
    np.testing.assert_allclose(drawn, X, atol=0.1)


def test_units_do_not_matter():
    X = normal(200, toeplitz(0.5 ** np.arange(4)))
    unit = np.array([1e-3, 1.0, 50.0, 1e6])
    drawn = GaussianKnockoffs(X).draw(np.random.RandomState(3))
    scaled = GaussianKnockoffs(X * unit + 7).draw(np.random.RandomState(3))
    np.testing.assert_allclose((scaled - 7) / unit, drawn, rtol=1e-6, atol=1e-6)


def test_draws_follow_the_random_state():
    gaussian = GaussianKnockoffs(normal(50, np.eye(3)))
    first, again, other = (gaussian.draw(np.random.RandomState(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.any(first == other)


def test_singular_covariances_are_errors():
    with pytest.raises(ValueError, match=r"must be positive definite, .* eigenvalue is -1"):
        minimum_variance_s(np.array([[1.0, 2.0], [2.0, 1.0]]))
