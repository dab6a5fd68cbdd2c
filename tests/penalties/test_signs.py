"""Penalties of weights with given signs, against definitions that know the signs."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from penalty_cases import CASES, Case, objective, trial_points
from penalty_strategies import seeds, steps, strengths
from scipy.optimize import minimize

from sknormreg.penalties import (
    L1,
    L2,
    Hierarchical,
    Layout,
    Nuclear,
    PiecewiseSmoothPenalty,
    Weighted,
)
from sknormreg.penalties.separable import l2_by_row
from sknormreg.penalties.signs import with_signs, without_signs

seeded = settings(derandomize=True, deadline=None, max_examples=12)
SIGNS = np.array([1, -1, 0, 1, -1, 0], dtype=np.int8)


def of_right_sign(weights):
    wrong = weights * SIGNS[:, None] < 0
    return np.where(wrong, 0, weights)


@dataclass(frozen=True)
class SignedCase(Case):
    """A case whose weights have the signs `SIGNS`, by row."""

    inner: Case = None

    @property
    def penalty(self):
        return with_signs(self.inner.penalty, SIGNS)


NAMES = (
    "l1",
    "l2",
    "elasticnet-0.2",
    "group_lasso",
    "group_lasso-of-columns",
    "sparse_group_lasso-0.3-of-columns",
    "mcp-l2=0.3",
    "scad-l2=0.0",
    "group_mcp-of-columns",
    "group_scad",
    "max_norm",
    "l1_ball",
    "weighted-l1",
    "weighted-l2",
    "weighted-group_lasso",
)


def _signed(case):
    return SignedCase(
        case.name,
        case.given,
        case.omega,
        case.shape,
        rows=case.rows,
        width=case.width,
        # In this order: into a ball weights keep their signs.
        into_domain=lambda weights: case.into_domain(of_right_sign(weights)),
        inner=case,
    )


SIGNED = [_signed(CASES[name]) for name in NAMES]
signed = pytest.mark.parametrize("case", SIGNED, ids=NAMES)
convex = pytest.mark.parametrize(
    "case", [c for c in SIGNED if c.convex], ids=lambda c: c.name
)


@signed
@seeded
@given(seed=seeds, step=steps)
def test_prox_minimises_among_weights_of_these_signs(case, seed, step):
    """F(z) >= F(p) + |z - p|^2 / (2 step) for every feasible z, if F is convex."""
    weights = case.draw(seed)
    found = case.penalty.prox(weights.copy(), step)
    assert_minimal(case, found, weights, step, seed)


@signed
@seeded
@given(seed=seeds, spread=st.floats(0, 4))
def test_prox_with_a_step_for_each_weight_minimises(case, seed, spread):
    if not case.penalty.has_diagonal_prox:
        return
    rng = np.random.default_rng(seed + 2)
    weights, step = case.draw(seed), 10 ** rng.uniform(-spread, spread, case.shape)
    assert_minimal(case, case.penalty.prox(weights, step), weights, step, seed)


def assert_minimal(case, found, weights, step, seed):
    assert np.isfinite(case.penalty.value(found))
    np.testing.assert_array_equal(of_right_sign(found), found)
    points = trial_points(case, weights, found, seed)
    bound = ((points - found) ** 2 / (2 * step)).sum((1, 2)) if case.convex else 0
    at_points = objective(case, points, weights, step)
    at_found = objective(case, found, weights, step)
    # Rounding of both, and of the prox at the slope there.
    slope = (np.abs(found - weights) / step).sum()
    slack = 1e-13 * (at_points + at_found) + 4e-15 * slope * np.abs(weights).max()
    assert (at_points - at_found >= (1 - 1e-13) * bound - slack).all()


@pytest.mark.parametrize("name", ["l1", "l2", "elasticnet-0.2", "weighted-l1"])
@pytest.mark.parametrize("seed", range(3))
def test_prox_is_what_a_minimiser_with_bounds_finds(name, seed):
    """Powell's method: lines along single weights, which these penalties are sums over."""
    case = _signed(CASES[name])
    weights = case.draw(seed, smallest=0.1)
    signs = np.repeat(SIGNS, case.shape[1])
    bounds = [(0 if sign > 0 else -20, 0 if sign < 0 else 20) for sign in signs]

    def F(z):
        return float(objective(case, z.reshape(case.shape), weights, 0.7))

    start = of_right_sign(weights).ravel()
    options = dict(xtol=1e-9, ftol=1e-14)
    best = minimize(F, start, method="Powell", bounds=bounds, options=options)
    found = case.penalty.prox(weights, 0.7).ravel()
    assert F(found) <= best.fun + 1e-12
    np.testing.assert_allclose(found, best.x, atol=1e-6)


@signed
@seeded
@given(seed=seeds, step=steps, strength=strengths)
def test_subgradient_is_zero_at_the_prox(case, seed, step, strength):
    a, penalty = case.draw(seed, smallest=0.05), case.penalty
    t = step if case.given.is_constraint else step / strength
    minimiser = penalty.prox(a, step)
    found = penalty.min_norm_subgradient(minimiser, (minimiser - a) / t, strength)
    size = np.abs(a).max()
    kinks = strength * size / case.smallest(minimiser)
    assert np.abs(found).max() <= 1e-14 * (2 * size / t + 2 * strength + kinks)


@convex
@seeded
@given(seed=seeds, strength=strengths)
def test_subgradient_is_one(case, seed, strength):
    """Omega(z) >= Omega(w) + <v, z - w> for every feasible z."""
    weights = case.draw_in_domain(seed, smallest=0.05)
    gradient = 2 * strength * np.random.default_rng(seed + 3).normal(size=case.shape)
    found = case.penalty.min_norm_subgradient(weights, gradient, strength)
    v = (found - gradient) / strength
    points = trial_points(case, weights, weights, seed)
    linear = ((points - weights) * v).sum((1, 2))
    size = np.abs(points).sum((1, 2)) + np.abs(weights).sum()
    slack = 1e-13 * (1 + np.abs(v).max()) * size
    assert (case.omega(points) >= case.omega(weights) + linear - slack).all()


@signed
@seeded
@given(seed=seeds, strength=st.floats(0.1, 10))
def test_subgradient_is_the_limit_of_short_steps_within_the_bounds(case, seed, strength):
    """(w - prox(w - h g, h)) / h tends to the shortest subgradient as h tends to 0."""
    weights = case.draw_in_domain(seed, smallest=0.1)
    gradient = 2 * np.random.default_rng(seed + 3).normal(size=case.shape)
    d = case.penalty.min_norm_subgradient(weights, gradient, strength)
    h = 1e-6
    moved = case.penalty.prox(weights - h * gradient, h * strength)
    limit = (weights - moved) / h
    size, length = np.abs(weights).max(), np.linalg.norm(d) + np.linalg.norm(gradient)
    curvature = 4 * h * (strength + length) * length / case.smallest(weights)
    np.testing.assert_allclose(d, limit, rtol=0, atol=1e-14 * size / h + curvature)
    # And it is a direction in which one may go.
    np.testing.assert_array_equal(of_right_sign(weights - h * d), weights - h * d)


@signed
def test_weights_of_the_wrong_sign_have_an_infinite_value(case):
    weights = case.draw_in_domain(0)
    assert case.penalty.value(weights) == pytest.approx(float(case.omega(weights)))
    for row, sign in enumerate(SIGNS):
        wrong = weights.copy()
        wrong[row, 0] = -0.01 * sign
        assert (case.penalty.value(wrong) == np.inf) == (sign != 0)


@signed
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_keep_their_type(case, dtype):
    weights = case.draw(1).astype(dtype)
    gradient = np.ones_like(weights)
    penalty, step = case.penalty, dtype(0.3)
    arrays = [penalty.prox(weights, step), penalty.feasible(weights)]
    arrays += [penalty.oriented(weights)]
    arrays += [penalty.min_norm_subgradient(arrays[0], gradient, 0.3)]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    np.testing.assert_array_equal(of_right_sign(arrays[2]), arrays[2])
    np.testing.assert_array_equal(np.abs(arrays[2]), np.abs(weights))


@signed
def test_zero_is_a_kink_and_nothing_passes_it(case):
    penalty = case.penalty
    assert isinstance(penalty, PiecewiseSmoothPenalty) == (not case.given.is_constraint)
    assert not penalty.smooth
    if case.given.is_constraint:
        return
    weights = of_right_sign(case.draw(2, zeros=False))
    weights[[0, 3], 1] = 0
    assert penalty.at_kink(weights)[[0, 3], 1].all()
    trial = -2 * weights
    penalty.project(trial, weights)
    assert not trial[SIGNS != 0].any()
    if penalty.penalty.smooth:
        np.testing.assert_array_equal(trial[SIGNS == 0], -2 * weights[SIGNS == 0])


@pytest.mark.parametrize("name", ["l2", "group_lasso-of-columns", "weighted-l1"])
def test_a_part_has_the_signs_of_its_rows(name):
    penalty = _signed(CASES[name]).penalty
    rows = np.array([0, 1, 2, 4])
    part = penalty.restricted(rows, 2)
    assert part.signs.tolist() == SIGNS[rows].tolist()
    weights = np.zeros((6, 2))
    weights[rows] = of_right_sign(CASES[name].draw(3))[rows]
    assert part.value(weights[rows]) == pytest.approx(penalty.value(weights))


def test_an_alpha_for_each_feature_is_a_penalty_of_absolute_weights():
    _, penalty = l2_by_row([0.5, 2.0])
    signed = with_signs(penalty, np.array([1, 0]))
    assert isinstance(signed, PiecewiseSmoothPenalty)
    assert without_signs(signed) is penalty


class Positive(L1):
    """Another value: what the parent says of itself is not true of it any more."""

    def value(self, weights):
        return float(weights.sum())


class Doubled(L1):
    is_absolute = True

    def value(self, weights):
        return 2 * super().value(weights)


@pytest.mark.parametrize(
    "penalty", [Nuclear(), Hierarchical(), Positive(), Weighted(Positive(), [1, 2])]
)
def test_other_penalties_are_refused(penalty):
    signs = np.array([1, 0])
    with pytest.raises(ValueError, match=f"penalty={type(penalty).__name__}.*is_absolute"):
        with_signs(penalty, signs)
    for allowed in Doubled(), L2(), Weighted(L2(), [1, 2]).bind(Layout([(2, 1)]))[0]:
        assert repr(with_signs(allowed, signs)) == repr(allowed)
