"""The proximal operator of every penalty, by the inequality that defines a minimum."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from penalty_cases import CASES, A, cases, objective, small_cases, trial_points
from penalty_strategies import (
    diagonal,
    grouped,
    seeded,
    seeds,
    steps,
)

from sknormreg.penalties import (
    GroupLasso,
)


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


def test_every_penalty_that_is_not_convex_has_small_cases():
    searched = {type(case.given) for case in small_cases()}
    assert searched == {
        type(case.given)
        for case in CASES.values()
        if not case.convex and not case.is_weighted
    }


@pytest.mark.parametrize("case", small_cases(), ids=lambda case: case.name)
@pytest.mark.parametrize(
    "step",
    [0.9, 200.0, *(pytest.param(s, marks=pytest.mark.slow) for s in (0.05, 1.4, 1.6, 5))],
)
def test_prox_is_the_global_minimum_on_a_grid(case, step):
    """Steps both shorter and longer than a concave penalty is wide, which is 1.5."""
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


@grouped
@seeded
@given(seed=seeds, step=steps)
def test_groups_vanish_as_a_whole(case, seed, step):
    weights = case.draw(seed, zeros=False)
    found = case.penalty.prox(weights, step)
    ratio = case.l1_ratio
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
