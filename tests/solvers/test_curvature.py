"""The limited memory against the dense BFGS recursion on the same pairs."""

import numpy as np
import pytest

from sknormreg.solvers.curvature import CurvaturePairs

N_PARAMS = 8


def _pairs(n_pairs, n_params=N_PARAMS, seed=0):
    """Steps, and their changes of gradient under a positive definite Hessian."""
    random_state = np.random.RandomState(seed)
    root = random_state.normal(size=(n_params, n_params))
    hessian = root @ root.T / n_params + np.eye(n_params)
    steps = random_state.normal(size=(n_pairs, n_params))
    return steps, steps @ hessian


def _memory(steps, changes, memory=10, dtype=np.float64):
    pairs = CurvaturePairs(memory, steps.shape[1], dtype)
    for step, change in zip(steps, changes):
        pairs.append(step.astype(dtype), change.astype(dtype))
    return pairs


def _dense_inverse_hessian(steps, changes, initial=None):
    """H after the updates (Nocedal and Wright, 2006, eq. 6.17), as a matrix."""
    s, y = steps[-1], changes[-1]
    H = np.eye(len(s)) * (s @ y) / (y @ y) if initial is None else initial
    for s, y in zip(steps, changes):
        V = np.eye(len(s)) - np.outer(y, s) / (s @ y)
        H = V.T @ H @ V + np.outer(s, s) / (s @ y)
    return H


def _subgradient(n_params=N_PARAMS):
    return np.random.RandomState(7).normal(size=n_params)


@pytest.mark.parametrize("n_pairs", [1, 2, 5, 10])
def test_direction_is_that_of_dense_bfgs(n_pairs):
    steps, changes = _pairs(n_pairs)
    direction, scale = _memory(steps, changes).direction(_subgradient())
    expected = -_dense_inverse_hessian(steps, changes) @ _subgradient()
    # The recursion multiplies ten matrices of condition numbers up to 1e2 or so.
    np.testing.assert_allclose(direction, expected, rtol=1e-10, atol=1e-11)
    # gamma y is the multiple of y nearest to s.
    nearest = np.linalg.lstsq(changes[-1:].T, steps[-1])[0]
    np.testing.assert_allclose(scale, nearest, rtol=1e-13)


def test_newest_secant_equation():
    # Quasi-Newton by definition: the newest change is mapped to its step.
    steps, changes = _pairs(4)
    direction, _ = _memory(steps, changes).direction(changes[-1])
    np.testing.assert_allclose(direction, -steps[-1], rtol=1e-10, atol=1e-11)


def test_without_pairs_it_is_steepest_descent():
    direction, scale = CurvaturePairs(3, N_PARAMS, np.float64).direction(_subgradient())
    np.testing.assert_array_equal(direction, -_subgradient())
    assert scale == 1


@pytest.mark.parametrize("n_pairs", [1, 3, 6])
@pytest.mark.parametrize("n_free", [2, 5, 7])
def test_restricted_direction_is_that_of_restricted_pairs(n_pairs, n_free):
    steps, changes = _pairs(n_pairs)
    free = np.zeros(N_PARAMS, dtype=bool)
    free[np.random.RandomState(n_free).permutation(N_PARAMS)[:n_free]] = True
    s, y = steps[:, free], changes[:, free]
    curved = (s * y).sum(axis=1) > 0
    assert curved.any()
    direction, _ = _memory(steps, changes).direction(_subgradient(), free)
    expected = -_dense_inverse_hessian(s[curved], y[curved]) @ _subgradient()[free]
    # Restricted pairs may be nearly orthogonal, which costs some digits.
    np.testing.assert_allclose(direction[free], expected, rtol=1e-8, atol=1e-9)
    np.testing.assert_array_equal(direction[~free], 0)


def test_a_pair_whose_restriction_is_not_curved_is_left_out():
    steps = np.array([[1.0, 0.5, 0.0], [1.0, 1.0, 1.0]])
    changes = np.array([[1.0, 0.2, 0.3], [-1.0, 5.0, 0.0]])
    free = np.array([True, False, True])
    direction, scale = _memory(steps, changes).direction(np.array([1.0, 2.0, 3.0]), free)
    s, y = steps[:1, free], changes[:1, free]
    expected = -_dense_inverse_hessian(s, y) @ [1.0, 3.0]
    # A handful of operations.
    np.testing.assert_allclose(direction[free], expected, rtol=1e-13)
    assert scale == pytest.approx(1 / 1.09)


def _with_known_part(n_pairs, loss_curvatures):
    """A memory of pairs of a loss and a penalty, whose Hessian is known; and the pairs."""
    penalty = np.diag(np.random.RandomState(3).uniform(0, 5, N_PARAMS))
    steps, loss_changes = _pairs(n_pairs)[0], []
    pairs = CurvaturePairs(10, N_PARAMS, np.float64)
    for step, curvature in zip(steps, loss_curvatures):
        loss_changes.append(curvature * step)
        pairs.append(step, loss_changes[-1] + step @ penalty, loss_changes[-1])

    def solve(vector, curvature):
        return np.linalg.solve(curvature * np.eye(N_PARAMS) + penalty, vector)

    return pairs, steps, np.array(loss_changes) + steps @ penalty, penalty, solve


@pytest.mark.parametrize("curvature", [0.25, 30.0])
def test_the_known_part_and_the_curvature_of_a_loss_are_the_hessian(curvature):
    # Of a loss that is curved alike everywhere, nothing is left for the pairs to tell.
    pairs, _, _, penalty, solve = _with_known_part(2, [curvature] * 2)
    direction, scale = pairs.direction_beyond(
        _subgradient(), np.ones(N_PARAMS, dtype=bool), solve
    )
    newton = np.linalg.solve(curvature * np.eye(N_PARAMS) + penalty, -_subgradient())
    np.testing.assert_allclose(direction, newton, rtol=1e-12, atol=1e-13)
    assert scale == pytest.approx(1 / curvature)


@pytest.mark.parametrize("n_free", [3, 6, N_PARAMS])
def test_direction_beyond_the_known_part_is_that_of_dense_bfgs(n_free):
    free = np.arange(N_PARAMS) < n_free
    pairs, steps, changes, penalty, solve = _with_known_part(3, [2.0, 0.5, 4.0])
    direction, _ = pairs.direction_beyond(_subgradient(), free, solve)
    # The penalty is diagonal: what is not free has no part in the rest.
    initial = np.linalg.inv(4 * np.eye(n_free) + penalty[:n_free, :n_free])
    H = _dense_inverse_hessian(steps[:, free], changes[:, free], initial)
    # As in the first test.
    np.testing.assert_allclose(
        direction[free], -H @ _subgradient()[free], rtol=1e-10, atol=1e-11
    )
    np.testing.assert_array_equal(direction[~free], 0)


def test_nothing_free():
    steps, changes = _pairs(3)
    none = np.zeros(N_PARAMS, dtype=bool)
    direction, scale = _memory(steps, changes).direction(_subgradient(), none)
    np.testing.assert_array_equal(direction, np.zeros(N_PARAMS))
    assert scale == 1


def test_all_free_is_no_restriction():
    pairs = _memory(*_pairs(4))
    all_free = np.ones(N_PARAMS, dtype=bool)
    np.testing.assert_array_equal(
        pairs.direction(_subgradient(), all_free)[0], pairs.direction(_subgradient())[0]
    )


def test_restriction_over_more_parameters_than_a_chunk():
    n_params = (1 << 16) + 1000
    random_state = np.random.RandomState(0)
    steps = random_state.normal(size=(3, n_params))
    changes = steps * random_state.uniform(0.5, 2, n_params)
    # Free ones on both sides of the seam.
    free = np.zeros(n_params, dtype=bool)
    free[[0, 17, (1 << 16) - 1, 1 << 16, n_params - 1]] = True
    direction, _ = _memory(steps, changes).direction(_subgradient(n_params), free)
    H = _dense_inverse_hessian(steps[:, free], changes[:, free])
    # As above.
    np.testing.assert_allclose(
        direction[free], -H @ _subgradient(n_params)[free], rtol=1e-8, atol=1e-9
    )


@pytest.mark.parametrize("n_pairs", [4, 5, 8])
def test_the_oldest_pairs_are_forgotten(n_pairs):
    steps, changes = _pairs(n_pairs)
    pairs = _memory(steps, changes, memory=3)
    assert len(pairs) == 3
    expected = -_dense_inverse_hessian(steps[-3:], changes[-3:]) @ _subgradient()
    # As in the first test.
    np.testing.assert_allclose(
        pairs.direction(_subgradient())[0], expected, rtol=1e-10, atol=1e-11
    )


@pytest.mark.parametrize("curvature", [-1.0, 0.0])
def test_pairs_without_positive_curvature_are_skipped(curvature):
    steps, changes = _pairs(2)
    pairs = _memory(steps, changes)
    before = pairs.direction(_subgradient())[0]
    step = np.ones(N_PARAMS)
    change = curvature * step
    if curvature == 0:
        change[:2] = 1, -1
    pairs.append(step, change)
    assert len(pairs) == 2
    np.testing.assert_array_equal(pairs.direction(_subgradient())[0], before)


def test_a_cleared_memory_is_a_new_one():
    steps, changes = _pairs(6)
    pairs = _memory(steps[:4], changes[:4], memory=3)
    pairs.clear()
    assert len(pairs) == 0
    np.testing.assert_array_equal(pairs.direction(_subgradient())[0], -_subgradient())
    for step, change in zip(steps[4:], changes[4:]):
        pairs.append(step, change)
    fresh = _memory(steps[4:], changes[4:], memory=3)
    # The same sums, but for the stale rows' zero weights.
    np.testing.assert_allclose(
        pairs.direction(_subgradient())[0], fresh.direction(_subgradient())[0], rtol=1e-13
    )


def test_directions_descend():
    steps, changes = _pairs(10)
    pairs = _memory(steps, changes, memory=4)
    for seed in range(20):
        random_state = np.random.RandomState(seed)
        subgradient = random_state.normal(size=N_PARAMS)
        free = random_state.uniform(size=N_PARAMS) < 0.6
        free[0] = True
        assert pairs.direction(subgradient)[0] @ subgradient < 0
        assert pairs.direction(subgradient, free)[0] @ subgradient < 0


def test_single_precision():
    steps, changes = _pairs(5)
    pairs = _memory(steps, changes, dtype=np.float32)
    direction, _ = pairs.direction(_subgradient().astype(np.float32))
    assert direction.dtype == np.float32
    expected = -_dense_inverse_hessian(steps, changes) @ _subgradient()
    # eps of float32 times the recursion's condition of 1e2 or so.
    np.testing.assert_allclose(direction, expected, rtol=1e-4, atol=1e-4)
