"""Directions of the parameters off the kinks, against dense BFGS on their pairs."""

import numpy as np
import pytest
from bfgs import N_PARAMS, dense_inverse_hessian, pairs_of_quadratic, subgradient_of

from sknormreg.engine import full_batch_passes
from sknormreg.solvers import passes as numpy_passes
from sknormreg.solvers.base import Evaluation
from sknormreg.solvers.restricted_pairs import RestrictedPairs


@pytest.fixture(params=["numpy", "compiled"])
def passes(request):
    """Each implementation of the passes that there is."""
    found = numpy_passes if request.param == "numpy" else full_batch_passes()
    return found or pytest.skip("the engine is NumPy's")


def rounded(array):
    """Numbers that single precision has, as pairs are stored in it."""
    return array.astype(np.float32).astype(np.float64)


def rounded_pairs(n_pairs, n_params=N_PARAMS, seed=0):
    steps, changes = pairs_of_quadratic(n_pairs, n_params, seed)
    return rounded(steps), rounded(changes)


def evaluation(gradient, subgradient=None, kink=None):
    subgradient = gradient if subgradient is None else subgradient
    kink = np.zeros(len(gradient), dtype=bool) if kink is None else kink
    return Evaluation(0.0, 0.0, gradient, subgradient, kink)


def append(passes, pairs, step, change, loss_change=None):
    """Append a step from 0, where both gradients are 0."""
    zeros = np.zeros_like(step)
    end = evaluation(change if loss_change is None else loss_change, change)
    pairs.append(passes, zeros, evaluation(zeros), step, end)


def memory_of(passes, steps, changes, memory=10, dtype=np.float64):
    pairs = RestrictedPairs(memory, steps.shape[1])
    for step, change in zip(steps.astype(dtype), changes.astype(dtype)):
        append(passes, pairs, step, change)
    return pairs


NO_KINK = np.zeros(N_PARAMS, dtype=bool)


@pytest.mark.parametrize("n_pairs", [1, 2, 5, 10])
def test_direction_is_that_of_dense_bfgs(passes, n_pairs):
    steps, changes = rounded_pairs(n_pairs)
    pairs = memory_of(passes, steps, changes)
    direction, length = pairs.direction(passes, subgradient_of(), NO_KINK)
    expected = -dense_inverse_hessian(steps, changes) @ subgradient_of()
    # The recursion multiplies ten matrices of condition numbers up to 1e2 or so.
    np.testing.assert_allclose(direction, expected, rtol=1e-10, atol=1e-11)
    assert length == pytest.approx(np.linalg.norm(expected), rel=1e-10)


def test_newest_secant_equation(passes):
    # Quasi-Newton by definition: the newest change is mapped to its step.
    steps, changes = rounded_pairs(4)
    pairs = memory_of(passes, steps, changes)
    direction, _ = pairs.direction(passes, changes[-1], NO_KINK)
    np.testing.assert_allclose(direction, -steps[-1], rtol=1e-10, atol=1e-11)


def test_without_pairs_it_is_steepest_descent(passes):
    pairs = RestrictedPairs(3, N_PARAMS)
    direction, _ = pairs.direction(passes, subgradient_of(), np.arange(N_PARAMS) < 3)
    np.testing.assert_array_equal(direction, -subgradient_of())


@pytest.mark.parametrize("n_pairs", [1, 3, 6])
# Up to a quarter of the parameters, free ones are gathered.
@pytest.mark.parametrize("n_free", [2, 3, 5, 7])
def test_off_the_kinks_it_is_that_of_restricted_pairs(passes, n_pairs, n_free):
    steps, changes = rounded_pairs(n_pairs)
    free = np.zeros(N_PARAMS, dtype=bool)
    free[np.random.RandomState(n_free).permutation(N_PARAMS)[:n_free]] = True
    s, y = steps[:, free], changes[:, free]
    curved = (s * y).sum(axis=1) > 0
    assert curved.any()
    s, y = s[curved], y[curved]
    subgradient = subgradient_of()
    direction, length = memory_of(passes, steps, changes).direction(
        passes, subgradient, ~free
    )
    expected = -dense_inverse_hessian(s, y) @ subgradient[free]
    # Restricted pairs may be nearly orthogonal, which costs some digits.
    np.testing.assert_allclose(direction[free], expected, rtol=1e-8, atol=1e-9)
    # Steepest descent, with the multiple of y that is nearest to s.
    scale = s[-1] @ y[-1] / (y[-1] @ y[-1])
    np.testing.assert_allclose(direction[~free], -scale * subgradient[~free], rtol=1e-12)
    assert length == pytest.approx(np.linalg.norm(direction), rel=1e-12)


def test_a_pair_whose_restriction_is_not_curved_is_left_out(passes):
    steps = np.array([[1.0, 0.5, 0.0], [1.0, 1.0, 1.0]])
    changes = rounded(np.array([[1.0, 0.2, 0.3], [-1.0, 5.0, 0.0]]))
    kink = np.array([False, True, False])
    direction, _ = memory_of(passes, steps, changes).direction(
        passes, np.array([1.0, 2.0, 3.0]), kink
    )
    H = dense_inverse_hessian(steps[:1, ~kink], changes[:1, ~kink])
    # A handful of operations.
    np.testing.assert_allclose(direction[~kink], -H @ [1.0, 3.0], rtol=1e-13)
    scale = 1 / (changes[0, ~kink] @ changes[0, ~kink])
    assert direction[1] == pytest.approx(-2 * scale, rel=1e-13)


def with_known_part(passes, n_pairs, loss_curvatures):
    """A memory of pairs of a loss and a penalty, whose Hessian is known; and the pairs."""
    penalty = np.diag(rounded(np.random.RandomState(3).uniform(0, 5, N_PARAMS)))
    steps, changes = rounded_pairs(n_pairs)[0], []
    pairs = RestrictedPairs(10, N_PARAMS)
    for step, curvature in zip(steps, loss_curvatures):
        changes.append(rounded(curvature * step + step @ penalty))
        append(passes, pairs, step, changes[-1], curvature * step)

    def solve(vector, curvature):
        return np.linalg.solve(curvature * np.eye(N_PARAMS) + penalty, vector)

    return pairs, steps, np.array(changes), penalty, solve


@pytest.mark.parametrize("curvature", [0.25, 32.0])
def test_the_known_part_and_the_curvature_of_a_loss_are_the_hessian(passes, curvature):
    # Of a loss that is curved alike everywhere, nothing is left for the pairs to tell.
    pairs, _, _, penalty, solve = with_known_part(passes, 2, [curvature] * 2)
    direction, _ = pairs.direction(passes, subgradient_of(), NO_KINK, solve)
    newton = np.linalg.solve(curvature * np.eye(N_PARAMS) + penalty, -subgradient_of())
    # Changes are rounded to single precision.
    np.testing.assert_allclose(direction, newton, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("n_free", [2, 3, 6, N_PARAMS])
def test_direction_beyond_the_known_part_is_that_of_dense_bfgs(passes, n_free):
    free = np.arange(N_PARAMS) < n_free
    pairs, steps, changes, penalty, solve = with_known_part(passes, 3, [2.0, 0.5, 4.0])
    direction, _ = pairs.direction(passes, subgradient_of(), ~free, solve)
    # The penalty is diagonal: what is not free has no part in the rest.
    initial = np.linalg.inv(4 * np.eye(n_free) + penalty[:n_free, :n_free])
    H = dense_inverse_hessian(steps[:, free], changes[:, free], initial)
    # As in the first test.
    expected = -H @ subgradient_of()[free]
    np.testing.assert_allclose(direction[free], expected, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(direction[~free], -subgradient_of()[~free] / 4, rtol=1e-13)


def test_nothing_free(passes):
    pairs = memory_of(passes, *rounded_pairs(3))
    direction, _ = pairs.direction(passes, subgradient_of(), ~NO_KINK)
    np.testing.assert_array_equal(direction, -subgradient_of())


def test_changes_on_a_kink_are_those_of_the_gradient(passes):
    """Where a weight has come to rest, the subgradient is of another piece."""
    rng = np.random.RandomState(0)
    start, end = rounded(rng.normal(size=(2, N_PARAMS)))
    kink = np.arange(N_PARAMS) % 3 == 0
    gradients, subgradients = rounded(rng.normal(size=(2, 2, N_PARAMS)))
    pairs = np.zeros((2, 2, N_PARAMS), dtype=np.float32)
    current = evaluation(gradients[0], subgradients[0])
    sums = passes.write_pair(
        pairs, 1, start, current, end, evaluation(gradients[1], subgradients[1], kink)
    )
    loss_change = np.diff(gradients, axis=0)[0]
    change = np.where(kink, loss_change, np.diff(subgradients, axis=0)[0])
    np.testing.assert_array_equal(pairs[0], 0)
    step, written = pairs[1].astype(np.float64)
    np.testing.assert_allclose(step, end - start, rtol=1e-7)
    np.testing.assert_allclose(written, change, rtol=1e-7)
    loss_change = rounded(loss_change)
    expected = step @ written, written @ written, step @ loss_change
    np.testing.assert_allclose(
        sums, [*expected, loss_change @ loss_change], rtol=1e-13, atol=1e-13
    )


@pytest.mark.parametrize("n_pairs", [4, 5, 8])
def test_the_oldest_pairs_are_forgotten(passes, n_pairs):
    steps, changes = rounded_pairs(n_pairs)
    pairs = memory_of(passes, steps, changes, memory=3)
    assert len(pairs) == 3
    expected = -dense_inverse_hessian(steps[-3:], changes[-3:]) @ subgradient_of()
    # As in the first test.
    direction, _ = pairs.direction(passes, subgradient_of(), NO_KINK)
    np.testing.assert_allclose(direction, expected, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("n_before", [2, 5])
@pytest.mark.parametrize("curvature", [-1.0, 0.0])
def test_pairs_without_positive_curvature_are_skipped(passes, curvature, n_before):
    pairs = memory_of(passes, *rounded_pairs(n_before), memory=4)
    before, _ = pairs.direction(passes, subgradient_of(), NO_KINK)
    step = np.ones(N_PARAMS)
    change = curvature * step
    if curvature == 0:
        change[:2] = 1, -1
    append(passes, pairs, step, change)
    assert len(pairs) == min(n_before, 4)
    after, _ = pairs.direction(passes, subgradient_of(), NO_KINK)
    np.testing.assert_array_equal(after, before)


def test_a_cleared_memory_is_a_new_one(passes):
    steps, changes = rounded_pairs(6)
    pairs = memory_of(passes, steps[:4], changes[:4], memory=3)
    pairs.clear()
    assert len(pairs) == 0
    for step, change in zip(steps[4:], changes[4:]):
        append(passes, pairs, step, change)
    fresh = memory_of(passes, steps[4:], changes[4:], memory=3)
    found, expected = (
        memory.direction(passes, subgradient_of(), NO_KINK)[0] for memory in (pairs, fresh)
    )
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("n_pairs", [2, 5])
def test_moved_pairs_are_those_of_other_parameters(passes, n_pairs):
    """Those that were not there have zeros in every pair."""
    steps, changes = rounded_pairs(n_pairs)
    source = np.array([6, -1, 0, 2, -1])
    moved = memory_of(passes, steps, changes, memory=4).moved(source)
    s, y = (np.where(source < 0, 0, array[-4:, source]) for array in (steps, changes))
    curved = (s * y).sum(axis=1) > 0
    assert curved.any()
    kink = np.zeros(len(source), dtype=bool)
    subgradient = subgradient_of(len(source))
    direction, _ = moved.direction(passes, subgradient, kink)
    expected = -dense_inverse_hessian(s[curved], y[curved]) @ subgradient
    # As for restricted pairs.
    np.testing.assert_allclose(direction, expected, rtol=1e-8, atol=1e-9)
    append(passes, moved, np.ones(len(source)), np.ones(len(source)))
    assert len(moved) == min(n_pairs + 1, 4)


def test_directions_descend(passes):
    steps, changes = rounded_pairs(10)
    pairs = memory_of(passes, steps, changes, memory=4)
    for seed in range(20):
        rng = np.random.RandomState(seed)
        subgradient, kink = rng.normal(size=N_PARAMS), rng.uniform(size=N_PARAMS) < 0.4
        assert pairs.direction(passes, subgradient, kink)[0] @ subgradient < 0


def test_single_precision(passes):
    steps, changes = rounded_pairs(5)
    pairs = memory_of(passes, steps, changes, dtype=np.float32)
    subgradient = subgradient_of().astype(np.float32)
    direction, _ = pairs.direction(passes, subgradient, NO_KINK)
    assert direction.dtype == np.float32
    expected = -dense_inverse_hessian(steps, changes) @ subgradient_of()
    # eps of float32 times the recursion's condition of 1e2 or so.
    np.testing.assert_allclose(direction, expected, rtol=1e-4, atol=1e-4)
