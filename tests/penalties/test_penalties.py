"""What holds for every penalty, by the inequalities and limits that define it.

The definitions of the penalties are in penalty_cases.py. A new penalty needs its lines
there, and tests of its own for nothing but what is its own.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from penalty_cases import CASES, A, cases, small_cases
from sklearn.base import clone

from sknormreg.penalties import (
    L2,
    MCP,
    PENALTIES,
    SCAD,
    ElasticNet,
    GroupLasso,
    GroupMCP,
    GroupSCAD,
    Hierarchical,
    L1Ball,
    Layout,
    MaxNorm,
    Penalty,
    PiecewiseSmoothPenalty,
    SparseGroupLasso,
)

seeded = settings(derandomize=True, deadline=None, max_examples=25)
steps = st.floats(-3, 3).map(lambda exponent: 10.0**exponent)
strengths = st.floats(-2, 2).map(lambda exponent: 10.0**exponent)
seeds = st.integers(0, 10**6)

convex = cases(lambda case: case.convex)
not_convex = cases(lambda case: not case.convex)
weakly_convex = cases(lambda case: not np.isnan(case.width))
grouped = cases(lambda case: case.rows)
finite = cases(lambda case: not case.has_domain)
balls = cases(lambda case: case.given.is_constraint)
diagonal = cases(lambda case: case.given.has_diagonal_prox)
kinked = cases(lambda case: isinstance(case.given, PiecewiseSmoothPenalty))


def test_every_penalty_is_in_the_table():
    tested = {type(case.given) for case in CASES.values()}
    assert set(PENALTIES.values()) <= tested


# Values


@cases()
@seeded
@given(seed=seeds)
def test_value_by_definition(case, seed):
    weights = case.draw_in_domain(seed)
    found = case.penalty.value(weights)
    assert isinstance(found, float)
    # Sums of a dozen numbers; singular values err by the rounding of the largest.
    assert found == pytest.approx(case.omega(weights), rel=1e-13)
    strided = np.repeat(weights, 2, axis=1)[:, ::2]
    assert case.penalty.value(strided) == pytest.approx(found, rel=1e-14)


@cases()
def test_value_of_zero_is_zero(case):
    assert case.penalty.value(np.zeros(case.shape)) == 0


@cases(lambda case: case.has_domain)
@seeded
@given(seed=seeds)
def test_value_is_infinite_outside_of_the_domain(case, seed):
    weights = case.draw(seed)
    moved = case.into_domain(weights)
    outside = np.abs(moved - weights).max() > 1e-6
    assert np.isinf(case.penalty.value(weights)) == outside


@cases()
@seeded
@given(seed=seeds)
def test_feasible_weights_are_finite_and_near(case, seed):
    weights = case.draw(seed)
    found = case.penalty.feasible(weights.copy())
    assert np.isfinite(case.penalty.value(found))
    inside = case.into_domain(weights)
    # The nearest point, for which that of the table is an upper bound.
    distance = np.linalg.norm(inside - weights)
    assert np.linalg.norm(found - weights) <= distance + 1e-13
    np.testing.assert_allclose(case.penalty.feasible(inside), inside, atol=1e-13)


# The prox


def objective(case, z, weights, step):
    return case.omega(z) + ((z - weights) ** 2 / (2 * step)).sum((-2, -1))


def trial_points(case, weights, found, seed):
    """A stack of weights, half of them near the prox, where a penalty is finite."""
    rng = np.random.default_rng(seed + 1)
    normal = rng.normal(size=(40, *case.shape))
    sizes = 10 ** rng.uniform(-4, 1, size=(40, 1, 1))
    masks = rng.uniform(size=(20, *case.shape)) < 0.5
    row_masks = rng.uniform(size=(20, case.shape[0], 1)) < 0.5
    shares = np.linspace(0, 1.5, 31)[:, None, None]
    points = [
        found + sizes * normal,
        sizes * normal,
        found * masks,
        found * row_masks,
        shares * weights,
        shares * found,
    ]
    return case.into_domain(np.concatenate(points))


def rounding_of(case, point, found, weights, step):
    """Of objectives, and of the prox: an entry is known to that of the largest weight."""
    slope = (np.abs(found - weights) / step).sum()
    return (
        1e-14 * (objective(case, point, weights, step))
        + 1e-14 * objective(case, found, weights, step)
        + 4e-15 * slope * np.abs(weights).max()
    )


def assert_minimal(case, found, weights, step, seed):
    """F(z) >= F(p) + |z - p|^2 / (2 step) for p = prox(w) and every z, if convex.

    F(z) = Omega(z) + |z - w|^2 / (2 step) is strongly convex, and p its minimum.
    Otherwise the last term is left out.
    """
    points = trial_points(case, weights, found, seed)
    bound = ((points - found) ** 2 / (2 * step)).sum((1, 2)) if case.convex else 0
    excess = objective(case, points, weights, step) - objective(case, found, weights, step)
    rounding = rounding_of(case, points, found, weights, step)
    assert (excess >= (1 - 1e-14) * bound - rounding).all()
    np.testing.assert_allclose(case.into_domain(found), found, rtol=1e-13, atol=1e-300)


@cases()
@seeded
@given(seed=seeds, step=steps)
def test_prox_minimises(case, seed, step):
    weights = case.draw(seed)
    found = case.penalty.prox(weights.copy(), step)
    assert np.isfinite(case.penalty.value(found))
    assert_minimal(case, found, weights, step, seed)


@diagonal
@seeded
@given(seed=seeds, spread=st.floats(0, 6))
def test_prox_with_a_step_for_each_weight_minimises(case, seed, spread):
    """In the metric that these steps are, of sizes from 1e-6 to 1e6."""
    rng = np.random.default_rng(seed + 2)
    weights, step = case.draw(seed), 10 ** rng.uniform(-spread, spread, case.shape)
    found = case.penalty.prox(weights.copy(), step)
    assert np.isfinite(case.penalty.value(found))
    assert_minimal(case, found, weights, step, seed)


@diagonal
@seeded
@given(seed=seeds, step=steps)
def test_equal_steps_are_one_step(case, seed, step):
    """One step for each group, column or weight, as far as a penalty ties them."""
    penalty, weights = case.penalty, case.draw(seed)
    found = penalty.prox(weights, np.full(case.shape, step))
    # Newton's method ends at a relative 1e-15 times the number of rows.
    np.testing.assert_allclose(found, penalty.prox(weights, step), rtol=1e-13, atol=1e-14)
    if not case.rows:
        return
    rng = np.random.default_rng(seed + 2)
    step = np.empty(case.shape)
    for rows in case.rows:
        one = 10 ** rng.uniform(-6, 6)
        step[list(rows)] = one
        expected = penalty.prox(weights, one)[list(rows)]
        step_found = penalty.prox(weights, np.where(step == one, step, 1.0))
        np.testing.assert_allclose(step_found[list(rows)], expected, rtol=1e-12, atol=1e-14)


@cases(lambda case: not case.given.has_diagonal_prox)
def test_penalties_without_a_diagonal_prox_say_so(case):
    step = np.full(case.shape, 0.5)
    step[0, 0] = 0.4
    with pytest.raises(ValueError, match="has no prox with a step for each weight"):
        case.penalty.prox(case.draw(0), step)


@cases()
def test_weights_that_have_diverged_stay_so(case):
    """They are no error, and none is made finite: training sees them and ends."""
    weights = case.draw(0)
    weights[0, 0] = np.nan
    with np.errstate(invalid="ignore"):
        moved = case.penalty.prox(weights, 0.5)
        distance = case.penalty.min_norm_subgradient(weights, np.ones(case.shape), 0.5)
        value = case.penalty.value(weights)
    assert not np.isfinite(value)
    assert not np.isfinite(moved).all()
    assert not np.isfinite(distance).all()


def mesh(case, center, radius):
    n = {1: 4001, 2: 301, 3: 61}[len(center)]
    axes = [c + radius * np.linspace(-1, 1, n) for c in center]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    return case.into_domain(points.reshape(-1, *case.shape))


@pytest.mark.parametrize("case", small_cases(), ids=lambda case: case.name)
@pytest.mark.parametrize(
    "step", [pytest.param(0.05, marks=pytest.mark.slow), 0.9, 1.4, 1.6, 5.0, 200.0]
)
def test_prox_is_the_global_minimum_on_a_grid(case, step):
    """Steps both shorter and longer than a concave penalty is wide, which is 1.5."""
    assert isinstance(case.given, MCP | SCAD | GroupMCP | GroupSCAD | Hierarchical)
    rng = np.random.default_rng(0)
    found_any = False
    # The last are about where a prox with so long a step leaves zero.
    jump = np.sqrt(2 * step)
    for size in (0.2, 0.9, 1.7, 3.0, 0.9 * jump, 1.1 * jump, 2 * jump, 1.5 * step):
        weights = rng.uniform(0.7, 1, case.shape) * rng.choice([-1, 1], case.shape) * size
        found = case.penalty.prox(weights, step)
        at_found = objective(case, found, weights, step)
        coarse = mesh(case, np.zeros(weights.size), 1.2 * np.abs(weights).max() + 1.6)
        fine = mesh(case, found.ravel(), 0.05)
        for points in (coarse, fine):
            lowest = objective(case, points, weights, step).min()
            assert at_found <= lowest + 1e-14 * (1 + lowest)
        found_any |= found.any()
    assert found_any


@pytest.mark.parametrize("name", ["mcp-l2=0.0", "mcp-l2=0.3", "scad-l2=0.0", "scad-l2=0.3"])
@pytest.mark.parametrize("step", [0.3, 1.0, 1.1, 1.2, 1.4, 1.6, 10.0])
def test_concave_prox_of_every_weight(name, step):
    """The global minimum on a grid; odd, rising, and without shrinkage of large weights."""
    case = CASES[name]
    weights = np.linspace(0, 12, 1201)
    found = case.penalty.prox(weights[None, :], step)
    assert (np.diff(found) >= -1e-14).all()
    np.testing.assert_array_equal(case.penalty.prox(-weights[None, :], step), -found)
    single = np.linspace(0, 12.5, 2501)[:, None, None, None]
    at_found = objective(case, found.T[:, :, None], weights[:, None, None], step)
    lowest = objective(case, single, weights[:, None, None], step).min(axis=0)
    assert (at_found <= lowest + 1e-14 * (1 + lowest)).all()
    beyond = found.ravel() > A
    expected = weights[beyond] / (1 + step * case.given.l2)
    np.testing.assert_allclose(found.ravel()[beyond], expected, rtol=1e-14)
    assert beyond.any()


# Subgradients


@cases()
@seeded
@given(seed=seeds, step=steps, strength=strengths)
def test_subgradient_is_zero_at_the_prox(case, seed, step, strength):
    """Minimise |w - a|^2 / (2 t) + strength Omega(w): prox(a, strength t), or a / t = 0."""
    a, penalty = case.draw(seed, smallest=0.05), case.penalty
    t = step if case.given.is_constraint else step / strength
    minimiser = penalty.prox(a, step)
    found = penalty.min_norm_subgradient(minimiser, (minimiser - a) / t, strength)
    # Rounding of the minimiser over t, and of the direction of what is left of a group.
    size = np.abs(a).max()
    kinks = strength * size / case.smallest(minimiser)
    assert np.abs(found).max() <= 1e-14 * (2 * size / t + 2 * strength + kinks)


@weakly_convex
@seeded
@given(seed=seeds, step=steps, strength=strengths)
def test_subgradient_grows_off_the_prox(case, seed, step, strength):
    """|d(z)| >= m |z - p| where F is strongly convex with modulus m, and p its minimum."""
    if step > 0.9 * case.width:
        step = 0.9 * case.width
    a, penalty = case.draw(seed), case.penalty
    t = step if case.given.is_constraint else step / strength
    minimiser = penalty.prox(a, step)
    modulus = 1 / t - (0 if case.convex else strength / case.width)
    for point in trial_points(case, a, minimiser, seed):
        found = penalty.min_norm_subgradient(point, (point - a) / t, strength)
        bound = modulus * np.linalg.norm(point - minimiser)
        # Rounding of the minimiser over t.
        rounding = 1e-14 * (np.abs(a).max() + np.abs(point).max()) / t + 1e-14 * strength
        assert np.linalg.norm(found) >= (1 - 1e-12) * bound - 4 * rounding


@convex
@seeded
@given(seed=seeds, strength=strengths)
def test_subgradient_is_one(case, seed, strength):
    """Omega(z) >= Omega(w) + <v, z - w> for every z and a subgradient v at w."""
    weights = case.draw_in_domain(seed, smallest=0.05)
    rng = np.random.default_rng(seed + 3)
    gradient = strength * rng.normal(size=case.shape) * 2
    found = case.penalty.min_norm_subgradient(weights, gradient, strength)
    v = (found - gradient) / strength
    points = trial_points(case, weights, weights, seed)
    linear = ((points - weights) * v).sum((1, 2))
    # A point on a sphere is there to rounding.
    size = np.abs(points).sum((1, 2)) + np.abs(weights).sum()
    slack = 1e-13 * (1 + np.abs(v).max()) * size
    assert (case.omega(points) >= case.omega(weights) + linear - slack).all()


@finite
@seeded
@given(seed=seeds, strength=st.floats(0.1, 10))
def test_minus_the_subgradient_is_the_steepest_descent(case, seed, strength):
    """Along -d the slope is -|d|^2: d is as short as a subgradient can be."""
    weights = case.draw(seed, smallest=0.1)
    gradient = 2 * np.random.default_rng(seed + 3).normal(size=case.shape)
    d = case.penalty.min_norm_subgradient(weights, gradient, strength)

    def J(w):
        return np.vdot(gradient, w) + strength * case.omega(w)

    # So short a step changes no sign.
    smallest, square = case.smallest(weights), np.vdot(d, d)
    h = 1e-6 * min(smallest, 1) / (1 + np.abs(d).max())
    slope = (J(weights - h * d) - J(weights)) / h
    # Rounding of J over h; h times the curvature, of 1 / |W_g| across a group.
    size = np.abs(gradient * weights).sum() + strength * case.omega(weights)
    tolerance = 1e-14 * size / h + 2 * h * strength * square * (1 + 1 / smallest)
    assert slope == pytest.approx(-square, abs=tolerance)


@cases()
@seeded
@given(seed=seeds, strength=st.floats(0.1, 10))
def test_subgradient_is_the_limit_of_short_proximal_steps(case, seed, strength):
    """(w - prox(w - h g, h)) / h tends to the shortest subgradient as h tends to 0."""
    weights = case.draw_in_domain(seed, smallest=0.1)
    gradient = 2 * np.random.default_rng(seed + 3).normal(size=case.shape)
    d = case.penalty.min_norm_subgradient(weights, gradient, strength)
    smallest, h = case.smallest(weights), 1e-6
    moved = case.penalty.prox(weights - h * gradient, h * strength)
    limit = (weights - moved) / h
    if case.n_skip:
        # Where rows are 0 the bound is not smooth: there is no limit but to 0.
        zero = ~weights.any(axis=1)
        np.testing.assert_array_equal(limit[zero].any(axis=1), d[zero].any(axis=1))
        limit, d = limit[~zero], d[~zero]
    # Rounding over h; h times the curvature of Omega, or of a sphere, along d.
    size, length = np.abs(weights).max(), np.linalg.norm(d) + np.linalg.norm(gradient)
    tolerance = 1e-14 * size / h + 4 * h * (strength + length) * length / smallest
    np.testing.assert_allclose(d, limit, rtol=0, atol=tolerance)


@balls
@seeded
@given(seed=seeds)
def test_subgradient_of_a_constraint_is_the_gradient_inside(case, seed):
    weights = 0.999 * case.draw_in_domain(seed)
    gradient = np.random.default_rng(seed + 3).normal(size=case.shape)
    found = case.penalty.min_norm_subgradient(weights, gradient, 1.0)
    np.testing.assert_array_equal(found, gradient)


# Zeros


@grouped
@seeded
@given(seed=seeds, step=steps)
def test_groups_vanish_as_a_whole(case, seed, step):
    weights = case.draw(seed, zeros=False)
    found = case.penalty.prox(weights, step)
    ratio = getattr(case.given, "l1_ratio", 0)
    for rows in case.rows:
        part, kept = weights[list(rows)], found[list(rows)]
        if ratio == 0:
            assert kept.all() or not kept.any()
        if isinstance(case.given, GroupLasso):
            threshold = step * np.sqrt(part.size)
            assert kept.any() == (np.linalg.norm(part) > threshold)
        assert (kept * part >= 0).all() or case.n_skip


@pytest.mark.parametrize(
    "case",
    [CASES["mcp-l2=0.0"], CASES["scad-l2=0.0"], CASES["l1"], CASES["elasticnet-1.0"]],
    ids=lambda case: case.name,
)
@pytest.mark.parametrize("step", [0.01, 0.3])
def test_weights_up_to_the_step_vanish(case, step):
    weights = np.array([[step, -step, np.nextafter(step, 1), 0.5 * step, -1.01 * step]])
    found = case.penalty.prox(weights, step)
    np.testing.assert_array_equal(found != 0, [[False, False, True, False, True]])


def test_singular_values_vanish():
    weights = np.random.default_rng(0).normal(size=(4, 3))
    sizes = np.linalg.svd(weights, compute_uv=False)
    for step in (sizes[2] * 1.01, sizes[1] * 1.01, sizes[0] * 1.01):
        found = CASES["nuclear"].penalty.prox(weights, step)
        expected = (sizes > step).sum()
        assert np.linalg.matrix_rank(found) == expected
    assert not found.any()


# Kinks and curvature


@kinked
@seeded
@given(seed=seeds)
def test_kinks_are_where_a_small_change_costs_its_size(case, seed):
    """Omega rises on both sides of a kink, in proportion to the change."""
    weights = case.draw(seed, smallest=0.1)
    found = case.penalty.at_kink(weights)
    assert found.shape == weights.shape
    assert found.dtype == bool
    h = 1e-6
    for i in np.ndindex(case.shape):
        change = np.zeros(case.shape)
        change[i] = h
        both = case.omega(weights + change) + case.omega(weights - change)
        bend = (both - 2 * case.omega(weights)) / h
        # 2 of Omega's least share 0.001; the curvature 1 / |W_g| times h, and rounding.
        assert found[i] == (bend > 1e-3)


@kinked
@seeded
@given(seed=seeds)
def test_project_keeps_what_is_on_the_side_of_the_reference(case, seed):
    penalty = case.penalty
    weights = case.draw(seed, smallest=0.1)
    reference = case.draw(seed + 1, smallest=0.1, zeros=False)
    start = np.where(penalty.at_kink(weights), reference, weights)
    if penalty.smooth:
        moved = weights.copy()
        penalty.project(moved, -weights)
        np.testing.assert_array_equal(moved, weights)
        return
    short, far = start + 1e-6 * reference, -start
    before = start.copy()
    penalty.project(short, start)
    np.testing.assert_array_equal(short, before + 1e-6 * reference)
    penalty.project(far, start)
    assert not far.any()
    np.testing.assert_array_equal(start, before)


@kinked
@seeded
@given(seed=seeds)
def test_project_leaves_each_weight_or_sets_it_to_zero(case, seed):
    weights, reference = case.draw(seed), case.draw(seed + 1)
    moved = weights.copy()
    case.penalty.project(moved, reference)
    assert ((moved == weights) | (moved == 0)).all()
    if case.rows and getattr(case.given, "l1_ratio", 0) == 0:
        # A group stays whole, by the angle between it and the reference.
        for rows in map(list, case.rows):
            passed = np.vdot(weights[rows], reference[rows]) <= 0
            assert np.array_equal(moved[rows], 0 * moved[rows] if passed else weights[rows])


def hessian(omega, weights):
    """By second differences: they err by h^2, and by the rounding of omega over h^2."""
    h, n = 1e-4, weights.size
    eye = h * np.eye(n).reshape(n, *weights.shape)
    i, j = (grid.ravel() for grid in np.indices((n, n)))

    def at(a, b):
        return omega(weights + a * eye[i] + b * eye[j])

    return ((at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * h**2)).reshape(n, n)


@cases(lambda case: getattr(case.given, "has_curvature", False))
@pytest.mark.parametrize("seed", range(5))
def test_solve_curvature_inverts_the_hessian(case, seed):
    """Of norms as it is; of concave functions across each group's direction."""
    rng = np.random.default_rng(seed)
    # Within the knots, or beyond: no group is near one.
    signs = rng.choice([-1, 1], case.shape)
    weights = rng.uniform(0.5, 0.7, case.shape) * signs
    weights[0 if seed % 2 else 3] *= 6
    for group in case.rows:
        rms = np.sqrt(np.mean(weights[list(group)] ** 2))
        assert min(abs(rms - A) for A in (1.5, 1.5 / 3.7)) > 0.01
    vector = rng.normal(size=case.shape)
    shift, strength = 0.3, 0.8
    if not case.convex:
        for rows in map(list, case.rows):
            along = weights[rows]
            vector[rows] -= np.vdot(along, vector[rows]) / np.vdot(along, along) * along
    found = case.penalty.solve_curvature(weights, vector, shift, strength)
    H = hessian(case.omega, weights)
    product = shift * found + strength * (H @ found.ravel()).reshape(case.shape)
    # Second differences of a sum of size 30: 1e-14 / 1e-8.
    np.testing.assert_allclose(product, vector, atol=1e-5)


@cases(lambda case: getattr(case.given, "has_curvature", False))
def test_solve_curvature_knows_none_along_a_group_nor_at_zero(case):
    weights, shift = case.draw(3, smallest=0.1, zeros=False), 0.3
    weights[list(case.rows[0])] = 0
    vector = 2 * weights
    vector[list(case.rows[0])] = 1.7
    found = case.penalty.solve_curvature(weights, vector, shift, 0.8)
    np.testing.assert_allclose(found, vector / shift, rtol=1e-13)


# Types, arguments


@cases()
def test_single_precision_stays(case):
    weights = case.draw_in_domain(0, smallest=0.1).astype(np.float32)
    gradient = np.random.default_rng(1).normal(size=case.shape).astype(np.float32)
    penalty = case.penalty
    results = {
        "prox": penalty.prox(weights, 0.3),
        "subgradient": penalty.min_norm_subgradient(weights, gradient, 0.3),
        "feasible": penalty.feasible(weights),
    }
    if case.given.has_diagonal_prox:
        results["diagonal"] = penalty.prox(weights, np.full(case.shape, 0.3, np.float32))
    if isinstance(penalty, PiecewiseSmoothPenalty):
        results["curvature"] = penalty.solve_curvature(weights, gradient, 0.3, 0.2)
    assert {name: r.dtype for name, r in results.items() if r.dtype != np.float32} == {}
    assert isinstance(penalty.value(weights), float)
    assert np.isfinite(penalty.value(results["prox"]))
    double = penalty.prox(weights.astype(np.float64), 0.3)
    # Some roundings of weights of up to 10, or of what is left of a group.
    np.testing.assert_allclose(results["prox"], double, atol=1e-5)
    double = penalty.min_norm_subgradient(
        weights.astype(np.float64), gradient.astype(np.float64), 0.3
    )
    if not case.has_domain and case.name != "nuclear":
        # Elsewhere rounding moves weights off what the subgradient turns on.
        np.testing.assert_allclose(results["subgradient"], double, atol=1e-5)


@cases()
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_arguments_are_not_overwritten(case, dtype):
    weights = case.draw_in_domain(0, smallest=0.1).astype(dtype)
    gradient = np.random.default_rng(1).normal(size=case.shape).astype(dtype)
    step = np.full(case.shape, 0.3, dtype)
    kept = [array.copy() for array in (weights, gradient, step)]
    for array in (weights, gradient, step):
        array.flags.writeable = False
    penalty = case.penalty
    penalty.value(weights)
    penalty.feasible(weights)
    results = [penalty.prox(weights, 0.3), penalty.prox(weights, 1e-12)]
    results.append(penalty.min_norm_subgradient(weights, gradient, 0.3))
    if case.given.has_diagonal_prox:
        results.append(penalty.prox(weights, step))
    if isinstance(penalty, PiecewiseSmoothPenalty):
        penalty.at_kink(weights)
        penalty.solve_curvature(weights, gradient, 0.3, 0.2)
    for before, after in zip(kept, (weights, gradient, step)):
        np.testing.assert_array_equal(before, after)
    # What they return is the caller's to write to.
    for found in results:
        assert not any(np.shares_memory(found, array) for array in (weights, gradient))
        assert found.flags.writeable


# Parameters


@cases()
def test_parameters_round_trip(case):
    penalty = case.given
    params = penalty.get_params()
    rebuilt = type(penalty)(**params)
    assert rebuilt.get_params() == params
    assert penalty.get_params(deep=False) == params
    other = type(penalty)().set_params(**params)
    assert other.get_params() == params
    assert eval(repr(penalty), {type(penalty).__name__: type(penalty)}).get_params() == (
        params
    )
    copied = clone(penalty)
    assert type(copied) is type(penalty)
    assert copied is not penalty
    assert copied.get_params() == params
    # Those of the layers leave what was given alone.
    case.penalty.prox(case.draw(0), 0.1)
    assert repr(penalty) == repr(rebuilt)


@cases()
def test_unknown_parameters(case):
    with pytest.raises(ValueError, match=r"Invalid parameter 'lambda_' for penalty .*\("):
        case.given.set_params(lambda_=1)


@pytest.mark.parametrize("name", PENALTIES)
def test_defaults_by_name(name):
    penalty = PENALTIES[name]()
    assert isinstance(penalty, Penalty)
    layout = Layout([(4, 5), (3, 2)], None, 2)
    assert len(penalty.bind(layout)) == 2


@pytest.mark.parametrize(
    ("penalty", "message"),
    [
        (ElasticNet(1.5), "'l1_ratio' of ElasticNet must be a number at least 0 and at"),
        (ElasticNet("0.5"), "'l1_ratio' of ElasticNet"),
        (SparseGroupLasso(-0.1), "'l1_ratio' of SparseGroupLasso"),
        (SparseGroupLasso(np.nan), "'l1_ratio' of SparseGroupLasso"),
        (MCP(a=0), "'a' of MCP must be a number more than 0, got 0"),
        (MCP(l2=-1.0), "'l2' of MCP must be a number at least 0"),
        (SCAD(a=np.inf), "'a' of SCAD"),
        (GroupMCP(a=-1), "'a' of GroupMCP"),
        (GroupSCAD(l2=None), "'l2' of GroupSCAD"),
        (MaxNorm(0), "'radius' of MaxNorm must be a number more than 0"),
        (MaxNorm(True), "'radius' of MaxNorm"),
        (L1Ball(-3.0), "'radius' of L1Ball"),
        (Hierarchical(0), "'M' of Hierarchical"),
        (
            GroupLasso(inputs_only=1),
            "'inputs_only' of GroupLasso must be True or False, got 1",
        ),
        (GroupLasso(groups="ab"), "groups must be a list of groups"),
        (GroupSCAD(groups=[[0, 0]]), "groups overlap"),
    ],
)
def test_parameters_that_are_not_valid(penalty, message):
    with pytest.raises(ValueError, match=message):
        penalty.bind(Layout([(4, 5), (3, 2)], None, 2))


@grouped
def test_groups_of_columns_are_those_of_the_first_layer(case):
    if case.n_skip:
        return
    layout = Layout([case.shape, (case.shape[1], 3), (3, 1)])
    first, *later = case.given.bind(layout)
    weights = np.random.default_rng(0).normal(size=(case.shape[1], 3))
    alone = clone(case.given).set_params(groups=None)
    for penalty in later:
        assert penalty.value(weights) == alone.bind(layout)[0].value(weights)
    only = clone(case.given).set_params(inputs_only=True).bind(layout)
    assert [type(p) for p in only] == [type(case.given), L2, L2]
    big = case.draw(0)
    assert only[0].value(big) == first.value(big)


def test_hierarchical_is_for_the_first_layer():
    layout = Layout([(5, 6), (4, 2)], None, 2)
    first, second = Hierarchical(3.0).bind(layout)
    assert isinstance(first, Hierarchical)
    assert isinstance(second, L2)
    with pytest.raises(ValueError, match="needs a hidden layer"):
        Hierarchical().bind(Layout([(5, 2)]))


@cases()
@pytest.mark.parametrize("size", [0.0, 1e-160, 1e-30, 1e-6, 1e20, 1e30])
def test_weights_of_any_size(case, size):
    """No division by 0, which would warn, and no nan."""
    weights, penalty = size * case.draw(1), case.penalty
    found = penalty.prox(weights, 0.5)
    assert np.isfinite(found).all()
    assert np.isfinite(penalty.value(found))
    inside = penalty.feasible(weights)
    d = penalty.min_norm_subgradient(inside, np.ones(case.shape), 0.5)
    assert np.isfinite(d).all()


@cases()
def test_nan_stays_nan(case):
    """A training that diverges is to be told from its weights, not by an exception."""
    weights = case.draw(1)
    weights[1, 0] = np.nan
    penalty = case.penalty
    with np.errstate(invalid="ignore"):
        assert np.isnan(penalty.prox(weights, 0.5)).any()
        if case.given.has_diagonal_prox:
            assert np.isnan(penalty.prox(weights, np.full(case.shape, 0.5))).any()
        assert not np.isfinite(penalty.value(weights)) or case.has_domain
        assert np.isnan(penalty.min_norm_subgradient(weights, weights, 0.5)).any()
