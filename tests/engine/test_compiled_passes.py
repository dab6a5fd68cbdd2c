"""The compiled passes of full-batch steps, against the penalties' methods and NumPy."""

import numpy as np
import pytest
from compiled_cases import needs_compiled_engine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from penalty_cases import CASES, cases
from penalty_strategies import seeds

from sknormreg._prox_terms import Grouped, L1NormBall, Separable
from sknormreg.engine import Network, compiled_penalty, full_batch_passes
from sknormreg.engine.losses import HalfSquaredError
from sknormreg.penalties import GroupLasso, Layout, MaxNorm, PiecewiseSmoothPenalty
from sknormreg.solvers import passes as numpy_passes
from sknormreg.solvers.base import Evaluation, measured

pytestmark = needs_compiled_engine

kinked = cases(lambda case: isinstance(case.given, PiecewiseSmoothPenalty))
seeded = settings(
    derandomize=True,
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
dtypes = st.sampled_from([np.float64, np.float32])

N_OUTPUTS, FACTORS = 3, (0.5, 0.25)


class Problem:
    """A network with a penalty in its first layer and half of the L1 norm in its second.

    All that the passes return is found here by the methods of the penalties.
    """

    def __init__(self, penalty, shape, strength, scale=1.0):
        self.penalty, self.strength, self.scale = penalty, strength, scale
        self.network = Network((*shape, N_OUTPUTS), ("tanh",), HalfSquaredError())
        terms = [penalty._prox_terms.scaled(strength, scale), Separable(0.5)]
        self.compiled = compiled_penalty(self.network, terms, FACTORS)

    def draw(self, weights, seed, dtype):
        """Parameters with these weights in the first layer, and a vector of that size."""
        rng = np.random.default_rng(seed)
        params, vector = rng.normal(size=(2, self.network.n_params))
        first, second = self.network.coefs(params)
        first[...] = weights
        second[rng.uniform(size=second.shape) < 0.5] = 0
        return params.astype(dtype), vector.astype(dtype)

    def evaluate(self, params, gradient):
        """The penalty and an evaluation; the gradient is that of the factors' multiple."""
        first, second = self.network.coefs(params)
        gradient = gradient.copy()
        for arrays in (self.network.coefs(gradient), self.network.intercepts(gradient)):
            for array, factor in zip(arrays, FACTORS):
                array *= factor
        scaled = self.scale * first
        penalty = self.strength * self.penalty.value(scaled) + np.abs(second).sum() / 2
        subgradient, kink = gradient.copy(), np.zeros(len(params), dtype=bool)
        parts = self.network.coefs(subgradient)
        parts[0][...] = self.penalty.min_norm_subgradient(
            scaled, parts[0] / self.scale, self.strength
        )
        parts[0][...] *= self.scale
        at_zero = -np.clip(parts[1], -0.5, 0.5)
        parts[1][...] += np.where(second == 0, at_zero, np.sign(second) / 2)
        masks = self.network.coefs(kink)
        masks[0][...] = self.penalty.at_kink(first)
        masks[1][...] = second == 0
        return penalty, Evaluation(0.0, penalty, gradient, subgradient, kink)

    def project(self, trial, reference):
        firsts, seconds = zip(*map(self.network.coefs, (trial, reference)))
        self.penalty.project(*firsts)
        seconds[0][np.sign(seconds[0]) != np.sign(seconds[1])] = 0


def assert_close(found, expected, dtype, size=1.0):
    """Of sums of a dozen terms of that size, at each precision."""
    tolerance = 100 * np.finfo(dtype).eps
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * size)


@kinked
@seeded
@given(seed=seeds, dtype=dtypes, strength=st.sampled_from([0.3, 20.0]), scale=st.just(2.0))
def test_subgradients_are_those_of_the_penalties(case, seed, dtype, strength, scale):
    problem = Problem(case.penalty, case.shape, strength, scale)
    params, gradient = problem.draw(case.draw(seed, 0.01), seed, dtype)
    gradient *= dtype(strength)
    penalty, expected = problem.evaluate(params, gradient)
    # A group's gradient is a multiple of its weights that is as large as they are small.
    size = 100 * strength * scale
    found, subgradient, kink, *residual = problem.compiled.evaluate(params, gradient)
    assert subgradient.dtype == dtype
    assert_close(found, penalty, dtype, abs(penalty))
    assert_close(gradient, expected.gradient, dtype)
    assert_close(subgradient, expected.subgradient, dtype, size)
    np.testing.assert_array_equal(kink, expected.kink)
    exact = measured(params, Evaluation(0.0, 0.0, gradient, subgradient, kink))
    # Sums of the same numbers in another order.
    np.testing.assert_allclose(residual, exact, rtol=100 * np.finfo(dtype).eps)


@kinked
@seeded
@given(seed=seeds, dtype=dtypes, step=st.sampled_from([0.01, 1.0, 30.0]))
def test_trial_points_are_projected_as_the_penalties_do(case, seed, dtype, step):
    problem = Problem(case.penalty, case.shape, 0.7)
    params, gradient = problem.draw(case.draw(seed, 0.01), seed, dtype)
    _, evaluation = problem.evaluate(params, gradient)
    subgradient, kink = evaluation.subgradient, evaluation.kink
    direction = problem.draw(case.draw(seed + 1), seed + 1, dtype)[1]
    expected = params + dtype(step) * direction
    problem.project(expected, np.where(kink, -subgradient, params))
    trial, slope = problem.compiled.trial(params, direction, subgradient, kink, step)
    assert trial.dtype == dtype
    # Products and sums may be fused. What is zero, is zero in both.
    np.testing.assert_array_equal(trial == 0, expected == 0)
    assert_close(trial, expected, dtype, step)
    exact = subgradient.astype(float) @ (trial - params)
    size = np.abs(subgradient).astype(float) @ np.abs(trial - params)
    assert_close(slope, exact, dtype, size)


@kinked
@seeded
@given(seed=seeds, dtype=dtypes, step=st.sampled_from([0.01, 1.0, 30.0]))
def test_proximal_operators_are_those_of_the_penalties(case, seed, dtype, step):
    strength, scale = 0.7, 2.0
    problem = Problem(case.penalty, case.shape, strength, scale)
    params, _ = problem.draw(case.draw(seed, 0.01), seed, dtype)
    expected = params.copy()
    first, second = problem.network.coefs(expected)
    t = step * strength * scale**2
    first[...] = case.penalty.prox((scale * first).astype(dtype), t) / scale
    second[...] = np.sign(second) * np.maximum(np.abs(second) - step / 2, 0)
    problem.compiled.prox(params, step)
    assert params.dtype == dtype
    # A norm may lie on a threshold but for rounding, and concave functions have jumps.
    assert_close(params, expected, dtype, 10.0)


@pytest.mark.parametrize("shape", [(1, 1), (7, 1), (5, 3), (4, 64), (3, 150)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_constraints_of_columns(shape, dtype):
    """Columns inside, on the sphere with gradients to both sides, and outside."""
    scale, penalty = 0.5, MaxNorm(1.5)
    problem = Problem(penalty, shape, 1.0, scale)
    rng = np.random.default_rng(0)
    weights = rng.normal(size=shape)
    weights *= 3.0 / np.linalg.norm(weights, axis=0)
    weights[:, ::4] *= 0.9
    params, gradient = problem.draw(weights, 1, dtype)
    inside = params.copy()
    problem.compiled.prox(inside, 0.3)
    np.testing.assert_array_equal(inside[-N_OUTPUTS:], params[-N_OUTPUTS:])
    problem.network.coefs(params)[0][...] *= 1.2
    problem.compiled.prox(params, 7.0)
    found = problem.network.coefs(params)[0]
    expected = penalty.prox((scale * 1.2 * weights).astype(dtype), 7.0) / scale
    assert_close(found, expected, dtype)
    given = problem.network.coefs(gradient)[0] * dtype(FACTORS[0])
    value, subgradient, kink, *residual = problem.compiled.evaluate(params, gradient)
    expected = penalty.min_norm_subgradient(scale * found, given / scale, 1.0) * scale
    assert_close(problem.network.coefs(subgradient)[0], expected, dtype)
    assert not problem.network.coefs(kink)[0].any()
    assert_close(value, np.abs(problem.network.coefs(params)[1]).sum() / 2, dtype, 10)
    exact = measured(params, Evaluation(0.0, 0.0, gradient, subgradient, kink))
    np.testing.assert_allclose(residual, exact, rtol=100 * np.finfo(dtype).eps)
    found[:, -1] *= 1.01
    assert problem.compiled.evaluate(params, gradient)[0] == np.inf


@cases(lambda case: getattr(case.given, "has_curvature", False))
@seeded
@given(seed=seeds, dtype=dtypes, scale=st.sampled_from([1.0, 3.0]))
def test_systems_with_the_hessian_are_solved_as_the_penalties_do(case, seed, dtype, scale):
    shift, strength = 0.3, 0.8
    problem = Problem(case.penalty, case.shape, strength, scale)
    params, vector = problem.draw(case.draw(seed, 0.01), seed, dtype)
    expected = vector / dtype(shift)
    first = problem.network.coefs(params)[0]
    part = problem.network.coefs(vector)[0]
    problem.network.coefs(expected)[0][...] = case.penalty.solve_curvature(
        scale * first, part, shift, strength * scale**2
    )
    found = problem.compiled.solve_curvature(params, vector, shift)
    assert found.dtype == dtype
    assert_close(found, expected, dtype, 10.0)


@cases(lambda case: getattr(case.given, "has_curvature", False))
@pytest.mark.parametrize("size", [1e-37, 1e-39, 1e-42])
def test_norms_of_subnormal_weights_have_finite_gradients(case, size):
    # A multiple of the weights that single precision does not have.
    shift, strength = 0.3, 20.0
    problem = Problem(case.penalty, case.shape, strength)
    weights = size * np.random.default_rng(0).normal(size=case.shape)
    params, vector = problem.draw(weights, 0, np.float32)
    _, expected = problem.evaluate(params, vector)
    gradient = vector.copy()
    _, subgradient, kink, *residual = problem.compiled.evaluate(params, gradient)
    assert_close(gradient, expected.gradient, np.float32)
    assert_close(subgradient, expected.subgradient, np.float32, strength)
    np.testing.assert_array_equal(kink, expected.kink)
    exact = measured(params, Evaluation(0.0, 0.0, gradient, subgradient, kink))
    np.testing.assert_allclose(residual, exact, rtol=1e-5)
    found = problem.compiled.solve_curvature(params, vector, shift)
    first, part, found = (problem.network.coefs(v)[0] for v in (params, vector, found))
    solution = case.penalty.solve_curvature(first, part, shift, strength)
    assert_close(found, solution, np.float32, 10.0)


@pytest.mark.parametrize("groups", [None, [[0, 4, 2], [5, 7]]], ids=["rows", "groups"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_groups_of_a_part_have_the_sizes_of_the_whole(groups, dtype):
    whole = GroupLasso(groups).bind(Layout([(8, 5), (5, 1)]))[0]
    rows = np.array([0, 2, 3, 4])
    part = whole.restricted(rows, 5)
    weights = np.random.default_rng(0).normal(size=(4, 3))
    weights[2] = 0
    problem = Problem(part, weights.shape, 0.6)
    params, gradient = problem.draw(weights, 1, dtype)
    _, expected = problem.evaluate(params, gradient)
    penalty, subgradient, *_ = problem.compiled.evaluate(params, gradient)
    assert_close(penalty, expected.penalty, dtype, 10)
    assert_close(subgradient, expected.subgradient, dtype)
    # By definition: a group of the whole matrix, among zeros.
    among_zeros = np.zeros((8, 5))
    among_zeros[np.ix_(rows, [0, 1, 4])] = weights
    value = whole.value(among_zeros)
    rest = np.abs(problem.network.coefs(params)[1]).sum() / 2
    assert_close(penalty, 0.6 * value + rest, dtype, 10)


@pytest.mark.parametrize("width", [1, 3, 16, 33, 100, 257])
@pytest.mark.parametrize("name", ["l1", "scad-l2=0.3", "group_lasso", "group_mcp"])
def test_every_width_of_rows(name, width):
    """Loops end in the middle of a vector."""
    case = CASES[name]
    rng = np.random.default_rng(width)
    weights = rng.normal(size=(6, width)) * (rng.uniform(size=(6, width)) < 0.5)
    weights[2] = 0
    problem = Problem(case.penalty, weights.shape, 0.4)
    for dtype in (np.float64, np.float32):
        params, gradient = problem.draw(weights, 0, dtype)
        penalty, expected = problem.evaluate(params, gradient)
        found, subgradient, kink, *_ = problem.compiled.evaluate(params, gradient)
        assert_close(found, penalty, dtype, abs(penalty))
        assert_close(subgradient, expected.subgradient, dtype)
        np.testing.assert_array_equal(kink, expected.kink)


def test_what_is_not_a_number_does_not_pass_for_small():
    problem = Problem(CASES["l1"].penalty, (6, 2), 1.0)
    for position in (0, 5, problem.network.n_params - 1):
        params, gradient = problem.draw(np.ones((6, 2)), 0, np.float64)
        gradient[position] = np.nan
        _, _, _, optimality, _, squares = problem.compiled.evaluate(params, gradient)
        assert np.isnan(optimality)
        assert np.isnan(squares)


def test_penalties_without_loops_are_left_to_their_methods():
    network = Network((3, 2, 1), ("tanh",), HalfSquaredError())
    terms = [L1NormBall(1.0), Separable(0.5)]
    assert compiled_penalty(network, terms, FACTORS) is None


# Directions


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.8, 0.99, 1.0])
@pytest.mark.parametrize("n_params", [1, 5, 700, 30_001])
def test_directions_are_those_of_the_passes_in_numpy(n_params, share, dtype):
    """Of few parameters and of so many that the GIL is released, gathered or not."""
    rng = np.random.default_rng(n_params)
    n_pairs, first = 4, 3
    pairs = rng.normal(size=(5, 2, n_params)).astype(np.float32)
    pairs[:, 1] += 3 * pairs[:, 0]
    pairs[1, 1] *= -1  # a pair that is left out
    subgradient = rng.normal(size=n_params).astype(dtype)
    kink = rng.permutation(n_params) < share * n_params
    tolerance = 1e-12 if dtype == np.float64 else 1e-4
    metric = rng.uniform(1, 2, n_params).astype(dtype)

    def solve(vector, curvature):
        return vector / (dtype(curvature) + metric)

    for known in (None, solve):
        arguments = pairs, first, n_pairs, subgradient, kink, known, 0.7
        found, expected = (
            passes.direction(*arguments) for passes in (full_batch_passes(), numpy_passes)
        )
        assert found[0].dtype == dtype
        # Sums of so many products, rounded in another order, times the condition.
        size = np.abs(expected[0]).max()
        np.testing.assert_allclose(
            found[0], expected[0], rtol=tolerance, atol=tolerance * size
        )
        np.testing.assert_allclose(found[1:], expected[1:], rtol=100 * tolerance)


# What would let C leave an array


def test_arrays_of_another_size_or_kind_are_refused():
    problem = Problem(CASES["l1"].penalty, (6, 2), 1.0)
    params, gradient = problem.draw(np.ones((6, 2)), 0, np.float64)
    passes, compiled = full_batch_passes(), problem.compiled
    kink = np.zeros(len(params), dtype=bool)
    pairs = np.zeros((2, 2, len(params)), dtype=np.float32)
    for wrong in (gradient[:-1], gradient.astype(np.float32), gradient.astype(int)):
        with pytest.raises(ValueError, match="where"):
            compiled.evaluate(params, wrong)
        with pytest.raises(ValueError, match="where"):
            compiled.trial(params, gradient, wrong, kink, 1.0)
        with pytest.raises(ValueError, match="where"):
            compiled.solve_curvature(params, wrong, 1.0)
    for call in (
        lambda: compiled.evaluate(params[:-1], gradient[:-1]),
        lambda: compiled.trial(params, gradient, gradient, kink[1:], 1.0),
        lambda: passes.direction(pairs[:, :, 1:], 0, 1, gradient, kink, None, 1.0),
        lambda: passes.direction(pairs.astype(float), 0, 1, gradient, kink, None, 1.0),
        lambda: passes.direction(pairs, 2, 1, gradient, kink, None, 1.0),
        lambda: passes.direction(pairs, 0, 3, gradient, kink, None, 1.0),
    ):
        with pytest.raises(ValueError, match=r"where|pairs from|contiguous"):
            call()


def test_groups_that_are_not_a_partition_are_refused():
    network = Network((3, 2, 1), ("tanh",), HalfSquaredError())
    for terms in (
        Grouped(1.0, np.array([0, 1])),
        Grouped(1.0, np.array([0, 1, 1, 0])),
        Grouped(1.0, sizes=np.ones(2)),
    ):
        with pytest.raises(ValueError, match=r"where|sizes"):
            compiled_penalty(network, [terms, Separable(1.0)], FACTORS)
