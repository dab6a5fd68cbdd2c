"""Factors of the posterior's precision are those of the whole matrix."""

from itertools import product

import numpy as np
import pytest
from evidence_cases import NETWORKS, Problem
from scipy import sparse

from sknormreg.evidence import factors
from sknormreg.evidence.factors import DualFactor, KrylovFactor, PrimalFactor

# Twice as many rows as parameters of the largest network, for no direction of the
# intercepts is to be undetermined: there the oracle has no inverse.


SLOW = [
    (loss, layers, KrylovFactor)
    for loss in ("several outputs", "multilabel")
    for layers in NETWORKS
]
PROBLEMS = [
    # A mean of thousands of probes takes long.
    pytest.param(*problem, marks=pytest.mark.slow if problem in SLOW else ())
    for problem in product(
        ["squared_error", "several outputs", "multilabel"],
        NETWORKS,
        [PrimalFactor, DualFactor, KrylovFactor],
    )
]


@pytest.mark.parametrize(
    "layout", [np.asarray, pytest.param(sparse.csr_array, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(("loss", "layers", "factor"), PROBLEMS)
def test_factors_are_those_of_the_matrix_with_all_parameters(
    loss, layers, factor, layout, monkeypatch
):
    monkeypatch.setattr(factors, "_N_PROBES", 3000)
    problem = Problem(loss, layers, n_rows=120)
    n_weights, alphas = problem.network.n_weights, problem.alphas()
    matrix = problem.gauss_newton() + np.diag(alphas)
    inverse = np.linalg.inv(matrix)
    found = factor(problem.linearization(layout), problem.row_alphas)

    determined = 1 - alphas * inverse.diagonal()
    expected = [part.sum(axis=1) for part in problem.network.coefs(determined)]
    # The probes' means have relative errors of about sqrt(2 / 3000).
    rtol = 0.1 if factor is KrylovFactor else 1e-6
    np.testing.assert_allclose(
        np.concatenate(found.gammas), np.concatenate(expected), rtol=rtol, atol=rtol
    )
    of_intercepts = matrix[n_weights:, n_weights:]
    log_det = np.linalg.slogdet(matrix)[1] - np.linalg.slogdet(of_intercepts)[1]
    log_det -= np.log(alphas[:n_weights]).sum()
    np.testing.assert_allclose(found.log_det, log_det, rtol=rtol)
    assert found.n_intercepts == len(of_intercepts)

    X_new = np.random.default_rng(1).normal(size=(7, 4))
    gradients = problem.jacobian(X_new).reshape(-1, len(alphas))
    variances = np.einsum("ij,jk,ik->i", gradients, inverse, gradients)
    # Conjugate gradients end at 1e-4; finite differences are good to 1e-9.
    rtol = 1e-2 if factor is KrylovFactor else 1e-5
    of_outputs = problem.of_outputs(layout(X_new))
    np.testing.assert_allclose(found.variances(of_outputs), variances, rtol=rtol)
    of_samples = gradients.reshape(7, -1, len(alphas))
    covariances = of_samples @ inverse @ of_samples.transpose(0, 2, 1)
    np.testing.assert_allclose(
        found.covariances(of_outputs), covariances, rtol=rtol, atol=rtol * variances.max()
    )


def test_estimates_of_gamma_are_not_biased():
    """The mean over problems of what 16 probes say, not of what thousands do."""
    errors = []
    for seed in range(20):
        problem = Problem("squared_error", "two layers", n_rows=60, seed=seed)
        linear = problem.linearization()
        estimated, exact = (
            np.hstack(factor(linear, problem.row_alphas).gammas).sum()
            for factor in (KrylovFactor, PrimalFactor)
        )
        errors.append((estimated - exact) / np.sqrt(2 * exact / 16))
    # In units of a bound on their standard deviation.
    assert abs(np.mean(errors)) < 3 / np.sqrt(20)


@pytest.mark.parametrize("factor", [PrimalFactor, DualFactor])
def test_what_intercepts_can_explain_is_no_matter_of_weights(factor):
    """An input that is constant has the intercept's column: it determines nothing."""
    problem = Problem("squared_error", "linear")
    problem.X[:, 2] = 3.0
    found = factor(problem.linearization(), problem.row_alphas)
    gammas = found.gammas[0]
    assert abs(gammas[2]) < 1e-10
    assert (gammas[[0, 1, 3]] > 0.5).all()
