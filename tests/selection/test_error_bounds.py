"""Bounds of stability selection against definitions and the R package stabs."""

import numpy as np
import pytest
from scipy.optimize import linprog, minimize

from sknormreg.selection.error_bounds import (
    ErrorBound,
    r_concave_tail,
    unimodal_factor,
)

# PFER that stabs 0.6 prints for p = 100 features, a cutoff of 0.6 and B = 50 pairs, by the
# number q of features in each half.
STABS = {
    "unimodal": {1: 0.02631579, 4: 0.4210526, 7: 1.289474, 10: 2.631579},
    "r_concave": {1: 0.006971364, 4: 0.1637231, 7: 0.5295188, 10: 1.141338},
    "worst_case": {1: 0.05, 4: 0.8, 7: 2.45, 10: 5.0},
}


@pytest.mark.parametrize("kind", STABS)
def test_bounds_are_those_of_stabs(kind):
    bound = ErrorBound(100, 100, kind)
    for q, value in STABS[kind].items():
        # The maximum over r-concave distributions is searched for: ours is a little larger.
        rtol = 1e-6 if kind != "r_concave" else 4e-3
        np.testing.assert_allclose(bound.value(q, 60), value, rtol=rtol)


def test_two_numbers_determine_the_third_as_in_stabs():
    # optimal_q and optimal_cutoff for p = 200, PFER = 0.2.
    r_concave, unimodal = (
        ErrorBound(200, 100, "r_concave"),
        ErrorBound(200, 100, "unimodal"),
    )
    assert r_concave.largest_q(60, 0.2) == 6
    assert unimodal.largest_q(60, 0.2) == 3
    assert r_concave.smallest_needed(7, 0.2) == 62
    assert unimodal.smallest_needed(7, 0.2) == 81
    # The example of its documentation: 9 features, cutoff 0.75, PFER at most 1.
    bodyfat = ErrorBound(9, 100, "unimodal")
    assert bodyfat.largest_q(75, 1.0) == 2
    assert round(bodyfat.value(2, 75), 3) == 0.454


@pytest.mark.parametrize("kind", STABS)
@pytest.mark.parametrize("p", [1, 12])
def test_what_is_found_is_the_last_that_holds(p, kind):
    bound = ErrorBound(p, 20, kind)
    for max_false in (0.4, 1.0, 3.0):
        holds = [bound.value(q, 15) <= max_false for q in range(1, p + 1)]
        assert bound.largest_q(15, max_false) == sum(holds)
        assert holds == sorted(holds, reverse=True)
        numbers = [n for n in range(11, 21) if bound.value(1, n) <= max_false]
        assert bound.smallest_needed(1, max_false) == min(numbers, default=None)


def largest_unimodal_tail(mean, least, n):
    """The largest P(X >= least / n) of unimodal X on 0, 1/n, ..., 1: a linear program."""
    places, largest = np.arange(n + 1), 0.0
    steps = np.diff(np.eye(n + 1), axis=0)
    for mode in range(n + 1):
        signs = np.where(np.arange(n) < mode, -1, 1)
        found = linprog(
            -(places >= least).astype(float),
            A_ub=np.vstack([signs[:, None] * steps, places]),
            b_ub=np.append(np.zeros(n), mean * n),
            A_eq=np.ones((1, n + 1)),
            b_eq=[1],
        )
        largest = max(largest, -found.fun) if found.success else largest
    return largest


@pytest.mark.parametrize("share", [0.05, 0.3, 0.55])
@pytest.mark.parametrize("n_needed", [12, 13, 15, 16, 18, 20])
def test_unimodal_factor_is_the_largest_tail(share, n_needed):
    n_pairs = 10
    factor = unimodal_factor(share, n_needed / 20, n_pairs)
    largest = largest_unimodal_tail(share**2, n_needed - n_pairs, n_pairs)
    if np.isfinite(factor):
        np.testing.assert_allclose(factor * share**2, largest, rtol=1e-9)
    else:
        assert share == 0.55


def test_where_the_theorem_does_not_apply_the_bound_is_the_worst_case():
    for q, n_needed in ((7, 15), (3, 11)):  # 0.7 > 1 / sqrt(3); only a step above a half
        unimodal = ErrorBound(10, 20, "unimodal").value(q, n_needed)
        assert unimodal == ErrorBound(10, 20, "worst_case").value(q, n_needed)
    # No more than are selected can be selected falsely.
    assert ErrorBound(3, 20, "worst_case").value(3, 11) == 30 / 2 / 5 == 3.0


def test_no_more_are_false_than_can_be_selected():
    # One of three features in each of 20 halves: at most 1 is in more than 10 of them.
    assert ErrorBound(3, 20, "worst_case").value(1, 11) == 1.0
    # Three of five: 60 places, so that 5 may be in 11 or more.
    assert ErrorBound(5, 20, "worst_case").value(3, 11) == 5.0


def largest_r_concave_tail(mean, least, n, r):
    """The same for r-concave X: over convex functions, sums of hinges, by SLSQP."""
    places = np.arange(n + 1.0)
    hinges = np.maximum(0, places - np.arange(1, n)[:, None])
    basis = np.vstack([np.ones(n + 1), places, n - places, hinges])

    def probabilities(z):
        f = (np.exp(z) @ basis) ** (1 / r)
        return f / f.sum()

    largest = 0.0
    for seed in range(4):
        found = minimize(
            lambda z: -np.log(probabilities(z)[least:].sum()),
            np.random.default_rng(seed).normal(size=len(basis)) - 1,
            method="SLSQP",
            constraints={
                "type": "ineq",
                "fun": lambda z: mean * n - probabilities(z) @ places,
            },
            bounds=[(-25, 25)] * len(basis),
            options=dict(maxiter=2000, ftol=1e-13),
        )
        f = probabilities(found.x)
        if f @ places <= mean * n + 1e-9:
            largest = max(largest, f[least:].sum())
    return largest


@pytest.mark.parametrize(
    ("mean", "least", "n", "r"),
    [(0.05, 5, 8, -1 / 2), (0.1, 6, 10, -1 / 4), (0.1, 10, 10, -1 / 2)],
)
def test_r_concave_tail_is_the_largest(mean, least, n, r):
    tail = r_concave_tail(mean, least, n, r)
    largest = largest_r_concave_tail(mean, least, n, r)
    # No better one is found; where the search ends depends on rounding.
    assert largest * (1 - 1e-6) <= tail <= largest * 1.01


def test_thresholds_are_rounded_up_to_what_shares_can_be():
    bound = ErrorBound(10, 100, "worst_case")
    assert [bound.n_needed(t) for t in (0.7, 0.7 + 1e-6, 1.0)] == [70, 71, 100]
    # More than half of them, whatever the rounding.
    assert ErrorBound(10, 3, "worst_case").n_needed(0.5 + 1e-9) == 2
