"""Properties of the values, types and arguments of every penalty.

The definitions of the penalties are in penalty_cases.py. A new penalty is entered there and
needs tests of its own only for its own properties.
"""

import numpy as np
import pytest
from hypothesis import given
from penalty_cases import CASES, cases
from penalty_strategies import (
    seeded,
    seeds,
)

from sknormreg.penalties import (
    PENALTIES,
    PiecewiseSmoothPenalty,
)


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


@pytest.mark.every(5)
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
