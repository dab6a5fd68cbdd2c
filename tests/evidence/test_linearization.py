"""The Gauss-Newton matrix of a network is that of finite differences."""

import numpy as np
import pytest
from evidence_cases import LOSSES, NETWORKS, Problem, written_down
from scipy import sparse

from sknormreg.evidence import linearization


@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array, sparse.csr_matrix])
@pytest.mark.parametrize("layers", NETWORKS)
@pytest.mark.parametrize("loss", LOSSES)
def test_gauss_newton_matrix_is_that_of_finite_differences(loss, layers, layout):
    problem = Problem(loss, layers)
    phi = written_down(problem.linearization(layout))
    # Differences of steps of 1e-6 leave 1e-10 to 1e-9.
    np.testing.assert_allclose(phi.T @ phi, problem.gauss_newton(), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic", "elu", "identity"])
def test_gauss_newton_matrix_of_activations(activation, monkeypatch):
    monkeypatch.setitem(NETWORKS, "mine", ((4, 6), (activation,)))
    problem = Problem("binary", "mine")
    phi = written_down(problem.linearization())
    np.testing.assert_allclose(phi.T @ phi, problem.gauss_newton(), rtol=1e-7, atol=1e-8)


def test_blocks_of_rows_are_the_rows(monkeypatch):
    problem = Problem("softmax", "two layers")
    whole = written_down(problem.linearization())
    monkeypatch.setattr(linearization, "_BLOCK_NUMBERS", 1)
    assert len(list(problem.linearization().blocks_of_weights())) == 12
    np.testing.assert_array_equal(written_down(problem.linearization()), whole)
