"""The limited memory against the dense BFGS recursion on the same pairs."""

import numpy as np
import pytest
from bfgs import N_PARAMS, dense_inverse_hessian, pairs_of_quadratic, subgradient_of

from sknormreg.solvers.curvature import CurvaturePairs


def _memory(steps, changes, memory=10, dtype=np.float64):
    pairs = CurvaturePairs(memory, steps.shape[1], dtype)
    for step, change in zip(steps, changes):
        pairs.append(step.astype(dtype), change.astype(dtype))
    return pairs


@pytest.mark.parametrize("n_pairs", [1, 2, 5, 10])
def test_direction_is_that_of_dense_bfgs(n_pairs):
    steps, changes = pairs_of_quadratic(n_pairs)
    direction, scale = _memory(steps, changes).direction(subgradient_of())
    expected = -dense_inverse_hessian(steps, changes) @ subgradient_of()
    # The recursion multiplies ten matrices of condition numbers up to 1e2 or so.
    np.testing.assert_allclose(direction, expected, rtol=1e-10, atol=1e-11)
    # gamma y is the multiple of y nearest to s.
    nearest = np.linalg.lstsq(changes[-1:].T, steps[-1])[0]
    np.testing.assert_allclose(scale, nearest, rtol=1e-13)


def test_newest_secant_equation():
    # Quasi-Newton by definition: the newest change is mapped to its step.
    steps, changes = pairs_of_quadratic(4)
    direction, _ = _memory(steps, changes).direction(changes[-1])
    np.testing.assert_allclose(direction, -steps[-1], rtol=1e-10, atol=1e-11)


def test_without_pairs_it_is_steepest_descent():
    direction, scale = CurvaturePairs(3, N_PARAMS, np.float64).direction(subgradient_of())
    np.testing.assert_array_equal(direction, -subgradient_of())
    assert scale == 1


@pytest.mark.parametrize("n_pairs", [4, 5, 8])
def test_the_oldest_pairs_are_forgotten(n_pairs):
    steps, changes = pairs_of_quadratic(n_pairs)
    pairs = _memory(steps, changes, memory=3)
    assert len(pairs) == 3
    expected = -dense_inverse_hessian(steps[-3:], changes[-3:]) @ subgradient_of()
    # As in the first test.
    np.testing.assert_allclose(
        pairs.direction(subgradient_of())[0], expected, rtol=1e-10, atol=1e-11
    )


@pytest.mark.parametrize("curvature", [-1.0, 0.0])
def test_pairs_without_positive_curvature_are_skipped(curvature):
    steps, changes = pairs_of_quadratic(2)
    pairs = _memory(steps, changes)
    before = pairs.direction(subgradient_of())[0]
    step = np.ones(N_PARAMS)
    change = curvature * step
    if curvature == 0:
        change[:2] = 1, -1
    pairs.append(step, change)
    assert len(pairs) == 2
    np.testing.assert_array_equal(pairs.direction(subgradient_of())[0], before)


def test_a_cleared_memory_is_a_new_one():
    steps, changes = pairs_of_quadratic(6)
    pairs = _memory(steps[:4], changes[:4], memory=3)
    pairs.clear()
    assert len(pairs) == 0
    np.testing.assert_array_equal(pairs.direction(subgradient_of())[0], -subgradient_of())
    for step, change in zip(steps[4:], changes[4:]):
        pairs.append(step, change)
    fresh = _memory(steps[4:], changes[4:], memory=3)
    # The same sums, but for the stale rows' zero weights.
    np.testing.assert_allclose(
        pairs.direction(subgradient_of())[0],
        fresh.direction(subgradient_of())[0],
        rtol=1e-13,
    )


def test_directions_descend():
    steps, changes = pairs_of_quadratic(10)
    pairs = _memory(steps, changes, memory=4)
    for seed in range(20):
        random_state = np.random.RandomState(seed)
        subgradient = random_state.normal(size=N_PARAMS)
        assert pairs.direction(subgradient)[0] @ subgradient < 0


def test_single_precision():
    steps, changes = pairs_of_quadratic(5)
    pairs = _memory(steps, changes, dtype=np.float32)
    direction, _ = pairs.direction(subgradient_of().astype(np.float32))
    assert direction.dtype == np.float32
    expected = -dense_inverse_hessian(steps, changes) @ subgradient_of()
    # eps of float32 times the recursion's condition of 1e2 or so.
    np.testing.assert_allclose(direction, expected, rtol=1e-4, atol=1e-4)
