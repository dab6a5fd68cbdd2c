"""The minimum-norm subgradient of every penalty, by its defining properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from penalty_cases import cases, trial_points
from penalty_strategies import (
    balls,
    convex,
    finite,
    seeded,
    seeds,
    steps,
    strengths,
    weakly_convex,
)


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
    # Of each kind some points: the examples together take all of them.
    for point in trial_points(case, a, minimiser, seed)[seed % 7 :: 7]:
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
