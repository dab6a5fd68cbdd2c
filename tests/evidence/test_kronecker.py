"""Precisions with a Kronecker product for each layer."""

import pickle

import numpy as np
import pytest
from evidence_cases import LOSSES, NETWORKS, Problem, not_converged
from scipy import sparse
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor
from sknormreg.evidence import factors
from sknormreg.evidence.factors import PrimalFactor
from sknormreg.evidence.kronecker import KroneckerFactor

X_NEW = np.random.default_rng(1).normal(size=(7, 4))


def parts(problem, n_parts, layout=np.asarray):
    """Return the linearizations of parts of a problem's samples."""
    X, weight, found = problem.X, problem.sample_weight, []
    for rows in np.array_split(np.arange(len(X)), n_parts):
        problem.X, problem.sample_weight = X[rows], weight[rows]
        found.append(problem.linearization(layout))
    problem.X, problem.sample_weight = X, weight
    return found


def by_definition(problem):
    """Return gammas, log det and covariances at X_NEW from np.kron and matrix inverses."""
    linear, new = problem.linearization(), problem.of_outputs(X_NEW)
    gammas, log_det, covariances = [], 0.0, 0.0
    for h, d, h_new, d_new, alphas in zip(
        linear.inputs, linear.deltas, new.inputs, new.deltas, problem.row_alphas
    ):
        weight = np.einsum("iku,iku->i", d, d)
        A = np.cov(h.T, aweights=weight, bias=True).reshape(2 * h.shape[1:])
        G = np.einsum("iku,ikv->uv", d, d)
        prior = np.repeat(alphas, len(G))
        matrix = np.kron(A, G) + np.diag(prior)
        inverse = np.linalg.inv(matrix)
        gammas.append((1 - prior * inverse.diagonal()).reshape(h.shape[1], -1).sum(axis=1))
        log_det += np.linalg.slogdet(matrix)[1] - np.log(prior).sum()
        centred = h_new - np.average(h, axis=0, weights=weight)
        for_weights = np.einsum("ij,iku->ikju", centred, d_new).reshape(
            *d_new.shape[:2], -1
        )
        covariances += for_weights @ inverse @ for_weights.transpose(0, 2, 1)
        covariances += d_new @ np.linalg.pinv(G, rcond=1e-8) @ d_new.transpose(0, 2, 1)
    return gammas, log_det, covariances


@pytest.mark.parametrize("layers", NETWORKS)
@pytest.mark.parametrize("loss", LOSSES)
def test_factor_is_that_of_the_products(loss, layers):
    problem = Problem(loss, layers, n_rows=60)
    gammas, log_det, covariances = by_definition(problem)
    found = KroneckerFactor(parts(problem, 3), problem.row_alphas)
    np.testing.assert_allclose(np.hstack(found.gammas), np.hstack(gammas), rtol=1e-9)
    np.testing.assert_allclose(found.log_det, log_det, rtol=1e-9)
    linear = problem.of_outputs(X_NEW)
    np.testing.assert_allclose(found.covariances(linear), covariances, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(
        found.variances(linear),
        np.diagonal(covariances, axis1=1, axis2=2).ravel(),
        rtol=1e-7,
    )


@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("loss", ["squared_error", "binary"])
def test_of_one_unit_it_is_the_whole_matrix(loss, layout):
    problem = Problem(loss, "linear", n_rows=30)
    # Far from 0, where that does not make classes certain.
    offset = np.array([0, 1e4 if loss == "squared_error" else 0, 0, 0])
    problem.X = problem.X + offset
    exact = PrimalFactor(problem.linearization(), problem.row_alphas)
    found = KroneckerFactor(parts(problem, 4, layout), problem.row_alphas)
    np.testing.assert_allclose(found.gammas[0], exact.gammas[0], rtol=1e-6)
    np.testing.assert_allclose(found.log_det, exact.log_det, rtol=1e-6)
    assert found.n_intercepts == exact.n_intercepts == 1
    X = X_NEW + offset
    of_outputs = problem.of_outputs(layout(X))
    np.testing.assert_allclose(
        found.variances(of_outputs), exact.variances(problem.of_outputs(X)), rtol=1e-6
    )


def test_units_and_samples_that_tell_nothing():
    problem = Problem("squared_error", "one layer", n_rows=20)
    linear = problem.linearization()
    linear.deltas[0] = linear.deltas[0] * (np.arange(5) < 3)
    nothing = problem.linearization()
    nothing.deltas = [np.zeros_like(d) for d in nothing.deltas]
    found, same = (
        KroneckerFactor(given, problem.row_alphas)
        for given in ([linear], [nothing, linear, nothing])
    )
    assert found.n_intercepts == 3 + 1
    np.testing.assert_allclose(np.hstack(same.gammas), np.hstack(found.gammas))
    none = KroneckerFactor([nothing], problem.row_alphas)
    assert none.log_det == none.n_intercepts == np.hstack(none.gammas).sum() == 0


# Estimators


@pytest.fixture
def no_exact_factor(monkeypatch):
    monkeypatch.setattr(factors, "EXACT_SIZE", 10)


@not_converged
def test_classes_of_a_large_network(no_exact_factor):
    """Better than a fit without a choice, with probabilities that are not too sure."""
    X, y = load_digits(return_X_y=True)
    noise = np.random.default_rng(0).uniform(size=len(y)) < 0.2
    y = np.where(noise, np.random.default_rng(1).permutation(y), y)
    X, X_test, y, y_test = X[:600] / 16, X[600:], y[:600], y[600:]
    fits = [
        RegularizedMLPClassifier((20,), alpha=alpha, max_iter=300, random_state=0).fit(X, y)
        for alpha in (0.1, "evidence")
    ]
    assert hasattr(fits[1], "_posterior")
    fixed, chosen = (log_loss(y_test, fit.predict_proba(X_test / 16)) for fit in fits)
    assert chosen < fixed
    assert chosen < 1.6  # 1.3 is the entropy of the noise
    assert X[7].tobytes() not in pickle.dumps(fits[1])


@not_converged
def test_full_batches_whatever_the_size(no_exact_factor, monkeypatch):
    """Where solver="auto" takes minibatches at other alphas."""
    monkeypatch.setattr("sknormreg.fitting.solver_choice.FULL_BATCH_WORK", 0)
    X, y = load_digits(return_X_y=True)
    mlp = RegularizedMLPClassifier((5,), alpha="evidence", max_iter=30, random_state=0)
    assert mlp.fit(X[:200] / 16, y[:200]).solver_ == "lbfgs"
    assert mlp.set_params(alpha=1.0).fit(X[:200] / 16, y[:200]).solver_ == "adam"


@not_converged
def test_standard_deviations_of_a_large_network(no_exact_factor):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = np.sin(2 * X[:, 0]) + 0.3 * rng.normal(size=300)
    mlp = RegularizedMLPRegressor((20, 20), alpha="evidence", random_state=0).fit(X, y)
    X_test = rng.normal(size=(2000, 3))
    y_test = np.sin(2 * X_test[:, 0]) + 0.3 * rng.normal(size=2000)
    predicted, std = mlp.predict(X_test, return_std=True)
    # The samples are few: some outputs are off by more than the noise.
    assert 0.85 < np.mean(np.abs(y_test - predicted) < 1.96 * std) < 0.99
    far = mlp.predict(X_test * 5, return_std=True)[1]
    assert far.mean() > 1.2 * std.mean()
