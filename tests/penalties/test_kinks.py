"""Kinks and curvature of the piecewise smooth penalties."""

import numpy as np
import pytest
from hypothesis import given
from penalty_cases import cases
from penalty_strategies import (
    kinked,
    seeded,
    seeds,
)


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
    assert not far[~case.free].any()
    np.testing.assert_array_equal(far[case.free], -start[case.free])
    np.testing.assert_array_equal(start, before)


@kinked
@seeded
@given(seed=seeds)
def test_project_leaves_each_weight_or_sets_it_to_zero(case, seed):
    weights, reference = case.draw(seed), case.draw(seed + 1)
    moved = weights.copy()
    case.penalty.project(moved, reference)
    assert ((moved == weights) | (moved == 0)).all()
    if case.rows and case.l1_ratio == 0:
        # A group stays whole, by the angle between it and the reference.
        for rows in map(list, case.rows):
            passed = np.vdot(weights[rows], reference[rows]) <= 0 and not case.free[rows[0]]
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
