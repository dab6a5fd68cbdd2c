"""The terms by which the compiled engine knows a penalty, against their definitions."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from penalty_cases import CASES, cases

from sknormreg import RegularizedMLPRegressor
from sknormreg._prox_terms import (
    ColumnNormBall,
    ConcaveGrouped,
    Grouped,
    Hierarchy,
    L1NormBall,
    Separable,
)
from sknormreg.penalties import L1, GroupLasso, Nuclear

seeded = settings(derandomize=True, deadline=None, max_examples=25)
seeds = st.integers(0, 10**6)

# Penalties whose prox the compiled engine calls in Python: that of the nuclear norm takes
# its time in LAPACK.
WITHOUT_TERMS = (Nuclear,)
has_terms = cases(lambda case: not isinstance(case.given, WITHOUT_TERMS))


def value_of_terms(terms, weights, n_skip):
    """Omega(weights) as the class of the terms defines it."""
    if getattr(terms, "factors", None) is not None:
        labels = getattr(terms, "labels", None)
        labels = np.arange(len(weights)) if labels is None else labels
        plain = replace(terms, factors=None)
        return sum(
            terms.factors[labels == label][0]
            * value_of_terms(
                plain, np.where((labels == label)[:, None], weights, 0), n_skip
            )
            for label in np.unique(labels)
        )
    match terms:
        case Separable(l1, l2, knots):
            return l1 * _phi(weights, knots).sum() + half_squares(l2, weights)
        case Grouped():
            root_mean_squares, sizes = groups(weights, terms.labels)
            total = terms.strength * (sizes @ root_mean_squares)
            return (
                total + terms.l1 * np.abs(weights).sum() + half_squares(terms.l2, weights)
            )
        case ConcaveGrouped():
            root_mean_squares, sizes = groups(weights, terms.labels)
            total = terms.strength * (sizes @ _phi(root_mean_squares, terms.knots))
            return total + half_squares(terms.l2, weights)
        case ColumnNormBall(radius):
            return inside(np.linalg.norm(weights, axis=0), radius)
        case L1NormBall(radius):
            return inside(np.abs(weights).sum(), radius)
        case Hierarchy(M, strength):
            norms = np.linalg.norm(weights[:, -n_skip:], axis=1, keepdims=True)
            bounded = inside(np.abs(weights[:, :-n_skip]), M * norms)
            return strength * norms.sum() + bounded


def half_squares(l2, weights):
    return l2 / 2 * (weights**2).sum()


def groups(weights, labels):
    labels = np.arange(len(weights)) if labels is None else labels
    parts = [weights[labels == label] for label in np.unique(labels)]
    root_mean_squares = np.array([np.sqrt((part**2).mean()) for part in parts])
    return root_mean_squares, np.array([part.size for part in parts])


def inside(norms, bounds):
    return 0.0 if (norms <= bounds * (1 + 1e-13)).all() else np.inf


def _phi(r, knots):
    """Integrate a slope of 1 up to the first knot that is 0 from the second on."""
    if knots is None:
        return np.abs(r)
    ends = [np.minimum(np.abs(r), end) for end in (0, *knots)]
    slopes = [np.interp(end, knots, [1, 0]) for end in ends]
    return np.trapezoid(slopes, ends, axis=0)


@has_terms
@seeded
@given(seed=seeds)
def test_compiled_terms_make_up_the_value(case, seed):
    for weights in case.draw(seed), case.draw_in_domain(seed):
        found = value_of_terms(case.penalty._prox_terms, weights, case.n_skip)
        assert found == pytest.approx(case.penalty.value(weights), rel=1e-13)


@pytest.mark.every(5)
@has_terms
@pytest.mark.parametrize(("strength", "scale"), [(0.3, 1.0), (1.0, 70.0), (2.5, 0.04)])
def test_scaled_terms_are_those_of_scaled_weights(case, strength, scale):
    """strength * Omega(scale * W); with a skip connection only its weights are scaled."""
    terms = case.penalty._prox_terms
    for seed in range(5):
        scaled = case.draw_in_domain(seed)
        weights = scaled.copy()
        weights[:, -case.n_skip :] /= scale
        found = value_of_terms(terms.scaled(strength, scale), weights, case.n_skip)
        expected = strength * value_of_terms(terms, scaled, case.n_skip)
        assert found == pytest.approx(expected, rel=1e-13)


def test_which_penalties_have_no_compiled_terms():
    for case in CASES.values():
        has_terms = not isinstance(case.given, WITHOUT_TERMS)
        assert (case.penalty._prox_terms is not None) == has_terms


class _Halved:
    """A mixin with the prox of half a penalty."""

    def prox(self, weights, step):
        return super().prox(weights, step / 2)


class HalfL1(L1):
    def prox(self, weights, step):
        return super().prox(weights, step / 2)


class MixedL1(_Halved, L1):
    pass


class HalfGroupLasso(_Halved, GroupLasso):
    pass


class SameL1(L1):
    pass


@pytest.mark.parametrize("penalty", [HalfL1(), MixedL1(), HalfGroupLasso()], ids=repr)
def test_a_class_with_its_own_prox_does_not_inherit_terms(penalty):
    assert penalty._prox_terms is None
    assert SameL1()._prox_terms == L1()._prox_terms


class DoubleL1(L1):
    """Twice the L1 penalty, as far as full-batch solvers look at it."""

    def value(self, weights):
        return 2 * super().value(weights)

    def min_norm_subgradient(self, weights, gradient, strength):
        return super().min_norm_subgradient(weights, gradient, 2 * strength)


def test_full_batches_use_the_subgradient_of_a_subclass():
    X = np.random.RandomState(0).normal(size=(50, 6))
    y = X[:, 0] + np.tanh(X[:, 1])
    settings = dict(hidden_layer_sizes=(5,), solver="lbfgs", random_state=0)
    own = RegularizedMLPRegressor(penalty=DoubleL1(), alpha=1, **settings).fit(X, y)
    expected = RegularizedMLPRegressor(penalty="l1", alpha=2, **settings).fit(X, y)
    # Both from the same start, to the precision of the floats.
    assert own.loss_ == pytest.approx(expected.loss_, rel=1e-9)
    assert own.optimality_ < 1e-9


@pytest.mark.parametrize(
    "method", ["value", "min_norm_subgradient", "at_kink", "project", "solve_curvature"]
)
def test_a_class_with_a_method_of_its_own_does_not_inherit_terms(method):
    for parent in (L1, GroupLasso):
        own = type("Own", (parent,), {method: getattr(parent, method)})()
        assert own._prox_terms is None
        assert own.restricted(np.arange(2), 3) is None


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_minibatches_use_the_prox_of_a_subclass(solver):
    """On either engine: half of the L1 penalty twice as strong is the L1 penalty."""
    X = np.random.RandomState(0).normal(size=(60, 4))
    params = dict(solver=solver, max_iter=20, random_state=0, learning_rate_init=0.02)
    whole = RegularizedMLPRegressor((5,), penalty=L1(), alpha=10.0, **params).fit(
        X, X[:, 0]
    )
    params["alpha"] = 20.0
    for penalty in HalfL1(), MixedL1():
        halved = RegularizedMLPRegressor((5,), penalty=penalty, **params).fit(X, X[:, 0])
        for found, expected in zip(halved.coefs_, whole.coefs_):
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    assert any((coef == 0).any() for coef in whole.coefs_)
