"""Gaussian knockoffs of groups, and of weighted samples, have the promised covariances."""

import numpy as np
import pytest
from scipy.linalg import block_diag, sqrtm, toeplitz
from scipy.optimize import minimize
from sklearn.covariance import ledoit_wolf

from sknormreg.selection.covariance import (
    mean_and_scale,
    sample_covariance,
    shrunk_covariance,
)
from sknormreg.selection.gaussian_knockoffs import GaussianKnockoffs, minimum_variance_s
from sknormreg.selection.group_coordinates import _basis

LABELS = np.array([1, 0, 1, 2, 0, 3])


def normal(n_samples, covariance, seed=0):
    rng = np.random.default_rng(seed)
    root = np.linalg.cholesky(covariance)
    return rng.standard_normal((n_samples, len(covariance))) @ root.T


def with_categories(n_samples, seed=0):
    """Six numbers, and the four one-hot columns of a category that depends on them."""
    X = normal(n_samples, toeplitz(0.6 ** np.arange(6)), seed)
    noise = np.random.default_rng(seed + 1).standard_normal(n_samples)
    one_hot = np.eye(4)[np.digitize(X[:, 0] + noise, [-1, 0, 1])]
    return np.hstack([X, one_hot]), np.append(LABELS, [4] * 4)


def s_of(gaussian):
    """S of the standardised features."""
    back = gaussian.coordinates.back
    return back @ np.diag(gaussian.s) @ back.T


def joint(covariance, s):
    across = covariance - s
    return np.block([[covariance, across], [across, covariance]])


def test_s_is_a_share_of_the_covariance_of_each_group():
    X, labels = with_categories(500)
    gaussian = GaussianKnockoffs(X, labels=labels)
    covariance, S = gaussian.correlation, s_of(gaussian)
    np.testing.assert_allclose(S[labels[:, None] != labels], 0, atol=1e-12)
    shares = []
    for label in range(5):
        among = np.ix_(labels == label, labels == label)
        # In the directions in which a category varies.
        inside = np.eye(among[0].size)
        if label == 4:
            null = X[:, 6:].std(axis=0)
            inside -= np.outer(null, null) / (null @ null)
        expected = inside @ covariance[among] @ inside
        shares.append(np.trace(S[among]) / np.trace(expected))
        np.testing.assert_allclose(S[among], shares[-1] * expected, atol=1e-10)
    assert 0.1 < min(shares) < max(shares) < 1
    # The joint distribution exists.
    assert np.linalg.eigvalsh(joint(covariance, S))[0] > -1e-12


def test_features_and_knockoffs_have_the_joint_covariance():
    n_samples = 100_000
    X = normal(n_samples, toeplitz(0.6 ** np.arange(8)))
    # A group whose covariance is singular.
    X = np.column_stack([X, -X[:, 6] - X[:, 7]]) * np.geomspace(1e-3, 10, 9) + 5
    gaussian = GaussianKnockoffs(X, labels=np.append(LABELS, [4] * 3))
    both = np.hstack([X, gaussian.draw(np.random.RandomState(1))])
    both = (both - np.tile(gaussian.mean, 2)) / np.tile(gaussian.scale, 2)
    # An entry of a covariance has a standard error of at most sqrt(2 / n) = 0.0045.
    expected = joint(gaussian.correlation, s_of(gaussian))
    np.testing.assert_allclose(both.T @ both / n_samples, expected, atol=0.02)
    np.testing.assert_allclose(both.mean(axis=0), 0, atol=0.02)
    assert np.diag(s_of(gaussian)).min() > 0.1


def test_pairs_of_a_group_may_change_places():
    """The covariance of all others with either is the same, within groups it is not."""
    X, labels = with_categories(300)
    gaussian = GaussianKnockoffs(X, labels=labels)
    G = joint(gaussian.correlation, s_of(gaussian))

    def swapped(features):
        order = np.arange(20)
        order[features], order[features + 10] = features + 10, features
        return G[np.ix_(order, order)]

    for label in range(5):
        np.testing.assert_allclose(swapped(np.flatnonzero(labels == label)), G, atol=1e-12)
    assert np.abs(swapped(np.array([6, 7])) - G).max() > 0.05


def test_constant_combinations_are_those_of_the_features():
    X, labels = with_categories(200)
    X = np.column_stack([X, np.full(200, 0.1), X[:, 1]])
    # A constant feature among numbers, and a copy within a group.
    drawn = GaussianKnockoffs(X, labels=np.append(labels, [2, 0])).draw(
        np.random.RandomState(0)
    )
    np.testing.assert_allclose(drawn[:, 6:10].sum(axis=1), 1, atol=1e-12)
    np.testing.assert_array_equal(drawn[:, 10], 0.1)
    np.testing.assert_allclose(drawn[:, 11], drawn[:, 1], atol=1e-12)
    # They are no copies, which single one-hot columns have.
    single = GaussianKnockoffs(X).draw(np.random.RandomState(0))
    for j in range(6, 10):
        assert abs(np.corrcoef(X[:, j], drawn[:, j])[0, 1]) < 0.8
        assert np.corrcoef(X[:, j], single[:, j])[0, 1] > 0.9


@pytest.mark.parametrize("shape", [(20, 60), (2, 4), (30, 1)])
def test_shapes(shape):
    X = normal(shape[0], toeplitz(0.5 ** np.arange(shape[1])))
    labels = np.arange(shape[1]) // 30
    gaussian = GaussianKnockoffs(X, labels=labels)
    drawn = gaussian.draw(np.random.RandomState(0))
    assert drawn.shape == X.shape
    assert np.isfinite(drawn).all()
    assert len(gaussian.s) <= shape[1]


def test_only_constant_features():
    X = np.ones((10, 4))
    drawn = GaussianKnockoffs(X, labels=np.array([0, 0, 1, 1])).draw(
        np.random.RandomState(0)
    )
    np.testing.assert_array_equal(drawn, X)


def test_groups_of_one_are_no_groups():
    X = normal(100, toeplitz(0.7 ** np.arange(6)))
    single = GaussianKnockoffs(X, labels=np.arange(6))
    np.testing.assert_allclose(s_of(single), np.diag(GaussianKnockoffs(X).s), rtol=1e-12)


@pytest.mark.parametrize("rho", [0.3, 0.95])
def test_reconstructability_is_minimal(rho):
    """Over the shares of the groups, in coordinates that another root gives."""
    covariance = toeplitz(rho ** np.arange(6))
    order = np.argsort(LABELS, kind="stable")
    blocks = [covariance[np.ix_(g == LABELS, g == LABELS)] for g in range(4)]
    whiten = np.linalg.inv(sqrtm(block_diag(*blocks)).real)
    A = whiten @ covariance[np.ix_(order, order)] @ whiten
    labels = LABELS[order]

    def of(log_shares):
        G = joint(A, np.diag(np.exp(log_shares)[labels]))
        return np.trace(np.linalg.inv(G)) if np.linalg.eigvalsh(G)[0] > 0 else np.inf

    s = minimum_variance_s(A, labels)
    shares = np.array([s[labels == g][0] for g in range(4)])
    np.testing.assert_array_equal(s, shares[labels])
    smallest = np.linalg.eigvalsh(A)[0]
    start = np.log(np.full(4, 0.9 * smallest))
    options = dict(maxiter=20_000, maxfev=20_000, xatol=1e-8, fatol=1e-12)
    best = minimize(of, start, method="Nelder-Mead", options=options)
    # At a minimum an error of 1e-4 in a share changes the value by about its square.
    assert of(np.log(shares)) <= best.fun * (1 + 1e-6)
    # Those of Dai and Barber, up to a joint covariance that can be inverted.
    equicorrelated = np.log(np.full(4, 0.99 * min(1, 2 * smallest)))
    assert of(np.log(shares)) < of(equicorrelated)


def test_units_do_not_matter():
    X, labels = with_categories(200)
    unit = np.geomspace(1e-3, 1e6, 10)
    drawn = GaussianKnockoffs(X, labels=labels).draw(np.random.RandomState(3))
    scaled = GaussianKnockoffs(X * unit + 7, labels=labels).draw(np.random.RandomState(3))
    np.testing.assert_allclose((scaled - 7) / unit, drawn, rtol=1e-6, atol=1e-6)


def test_draws_do_not_depend_on_rounding():
    """Two categories that are balanced and crossed: all their columns are alike."""
    first, second = np.divmod(np.arange(192) % 12, 3)
    X, labels = np.hstack([np.eye(4)[first], np.eye(3)[second]]), np.arange(7) // 4
    rng = np.random.default_rng(0)
    drawn = GaussianKnockoffs(X, labels=labels).draw(np.random.RandomState(3))
    for _ in range(5):
        disturbed = X + 1e-14 * rng.standard_normal(X.shape)
        again = GaussianKnockoffs(disturbed, labels=labels).draw(np.random.RandomState(3))
        np.testing.assert_allclose(again, drawn, atol=1e-6)


def test_bases_of_groups_follow_the_order_of_the_features():
    covariance = np.cov(np.eye(5)[np.arange(50) % 5].T)
    covariance /= covariance[0, 0]
    basis = _basis(covariance)
    np.testing.assert_allclose(basis.T @ basis, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(basis.sum(axis=0), 0, atol=1e-12)
    triangle = basis.T @ covariance[:, :4]
    np.testing.assert_allclose(np.tril(triangle, -1), 0, atol=1e-12)
    assert np.all(np.diag(triangle) > 0.1)


# Weights


@pytest.fixture(scope="module")
def weighted():
    X = normal(60, toeplitz(0.6 ** np.arange(5)))
    return X, np.random.default_rng(5).integers(1, 4, size=60).astype(float)


def test_integer_weights_are_repetitions(weighted):
    X, weights = weighted
    rows = np.repeat(np.arange(60), weights.astype(int))
    mean, scale = mean_and_scale(X, weights)
    np.testing.assert_allclose(mean, X[rows].mean(axis=0))
    np.testing.assert_allclose(scale, X[rows].std(axis=0))
    Z = (X - mean) / scale
    np.testing.assert_allclose(
        sample_covariance(Z, weights), np.cov(Z[rows].T, bias=True), atol=1e-14
    )
    gaussian = GaussianKnockoffs(X, weights)
    np.testing.assert_allclose(gaussian.mean, mean)
    np.testing.assert_allclose(gaussian.scale, scale)


def test_shrinkage_is_that_of_the_definition(weighted):
    X, weights = weighted
    Z = X - np.average(X, axis=0, weights=weights)
    shares = weights / weights.sum()
    C = sum(share * np.outer(z, z) for share, z in zip(shares, Z))
    error = sum(share**2 * np.sum((np.outer(z, z) - C) ** 2) for share, z in zip(shares, Z))
    target = np.trace(C) / 5 * np.eye(5)
    shrinkage = error / np.sum((C - target) ** 2)
    assert 0.01 < shrinkage < 0.5
    np.testing.assert_allclose(
        shrunk_covariance(Z, weights), C + shrinkage * (target - C), rtol=1e-12
    )


@pytest.mark.parametrize("shape", [(60, 5), (10, 30), (40, 1), (2, 3)])
def test_equal_weights_shrink_as_ledoit_and_wolf(shape):
    X = normal(shape[0], toeplitz(0.6 ** np.arange(shape[1])))
    Z = X - X.mean(axis=0)
    expected, _ = ledoit_wolf(Z, assume_centered=True)
    for weight in (1.0, 0.37, 1e-3):
        covariance = shrunk_covariance(Z, np.full(shape[0], weight))
        np.testing.assert_allclose(covariance, expected, atol=1e-13)


def test_the_unit_of_weights_does_not_matter(weighted):
    X, weights = weighted
    labels = np.array([0, 0, 1, 2, 2])
    one, other = (
        GaussianKnockoffs(X, w, labels).draw(np.random.RandomState(0))
        for w in (weights, 8 * weights)
    )
    np.testing.assert_array_equal(one, other)
    assert not np.allclose(GaussianKnockoffs(X, None, labels).s, 0)
