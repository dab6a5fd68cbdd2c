"""L1, L2 and the elastic net: properties of their own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from sknormreg.penalties import L1, L2, ElasticNet
from sknormreg.penalties.separable import RowScaledL2

RATIOS = [0.0, 0.2, 0.5, 1.0]
SHAPE = (3, 2)

seeded = settings(derandomize=True, deadline=None, max_examples=100)
ratios = st.sampled_from([*RATIOS, 1e-3, 0.999])
steps = st.floats(1e-3, 1e3)
seeds = st.integers(0, 10**6)


def _weights(seed, zeros=True):
    """Weights of sizes from 1e-3 to 10, some of them zero."""
    random_state = np.random.RandomState(seed)
    weights = random_state.normal(size=SHAPE) * 10.0 ** random_state.uniform(-3, 1, SHAPE)
    if zeros:
        weights[random_state.uniform(size=SHAPE) < 0.3] = 0
    return weights


def test_values_by_hand():
    weights = np.array([[3.0, -4.0], [0.0, 0.0]])
    assert L1().value(weights) == 7
    assert L2().value(weights) == 12.5
    assert ElasticNet(0.5).value(weights) == 9.75
    assert isinstance(L1().value(weights.astype(np.float32)), float)


@pytest.mark.parametrize("l1_ratio", RATIOS)
@pytest.mark.parametrize("step", [0.1, 1.0, 3.0])
@pytest.mark.parametrize("weight", [-5.0, -0.3, 0.05, 0.9, 2.0])
def test_prox_of_a_single_weight_minimises(l1_ratio, step, weight):
    def objective(w):
        quadratic = (w - weight) ** 2 / (2 * step)
        return quadratic + l1_ratio * abs(w) + (1 - l1_ratio) / 2 * w**2

    expected = minimize_scalar(
        objective, bounds=(-6, 6), method="bounded", options={"xatol": 1e-10}
    )
    found = ElasticNet(l1_ratio).prox(np.array([[weight]]), step)
    # A minimum is known to the root of the rounding of its value, of 1e-15 times
    # up to 2 step / curvature.
    np.testing.assert_allclose(found, expected.x, rtol=0, atol=3e-7)


@seeded
@given(seeds, ratios, seeds)
def test_prox_with_a_step_for_each_weight(seed, l1_ratio, step_seed):
    weights = _weights(seed)
    step = np.random.RandomState(step_seed).lognormal(sigma=2, size=SHAPE)
    penalty = ElasticNet(l1_ratio)
    expected = [
        penalty.prox(np.array([[w]]), float(t)).item()
        for w, t in zip(weights.ravel(), step.ravel())
    ]
    # The same operations on each weight.
    np.testing.assert_array_equal(penalty.prox(weights, step).ravel(), expected)


@seeded
@given(seeds, ratios, steps)
def test_prox_zeros_are_exact(seed, l1_ratio, step):
    weights = _weights(seed, zeros=False)
    found = ElasticNet(l1_ratio).prox(weights, step)
    # Optimality of 0: w / step lies in l1_ratio [-1, 1]. No random weight is at the
    # edge of that to rounding.
    np.testing.assert_array_equal(found == 0, np.abs(weights) <= step * l1_ratio)
    assert (found * weights >= 0).all()


@pytest.mark.parametrize("weight", [0.5, -0.5, 0.25, 0.0])
def test_prox_at_the_threshold_is_zero(weight):
    assert L1().prox(np.array([[weight]]), 0.5) == 0
    assert ElasticNet(0.5).prox(np.array([[weight]]), 1.0) == 0


# (l1_ratio, strength): the powers of two make the minimisers exact in binary.
_EXACT = [(1.0, 0.5, 0.5, 1), (0.0, 1.0, 0.0, 2), (0.5, 2.0, 1.0, 2)]


@pytest.mark.parametrize(("l1_ratio", "strength", "threshold", "divisor"), _EXACT)
def test_subgradient_is_exactly_zero_at_a_minimiser(l1_ratio, strength, threshold, divisor):
    """Minimise |w - a|^2 / 2 + strength Omega(w), whose minimisers are known."""
    a = np.array([[0.25, -0.25, threshold], [-threshold, 3.0, -1.5]])
    minimiser = np.sign(a) * np.maximum(np.abs(a) - threshold, 0) / divisor
    found = ElasticNet(l1_ratio).min_norm_subgradient(minimiser, minimiser - a, strength)
    np.testing.assert_array_equal(found, np.zeros_like(a))


@seeded
@given(seeds, ratios, st.floats(1e-3, 100))
def test_subgradient_is_the_shortest_of_the_set(seed, l1_ratio, strength):
    weights = _weights(seed)
    random_state = np.random.RandomState(seed + 1)
    gradient = strength * random_state.normal(size=SHAPE)
    found = ElasticNet(l1_ratio).min_norm_subgradient(weights, gradient, strength)
    smooth = gradient + strength * (1 - l1_ratio) * weights
    # Rounding of sums of these sizes.
    slack = 1e-14 * (np.abs(gradient) + strength * (1 + np.abs(weights)))
    # It is in the set: what it adds to the smooth part is strength l1_ratio times a
    # sign, or a number between the signs at zero.
    added = found - smooth
    assert (np.abs(added) <= strength * l1_ratio + slack).all()
    away = weights != 0
    signs = strength * l1_ratio * np.sign(weights)
    assert (np.abs(added - signs)[away] <= slack[away]).all()
    # And none of it is shorter.
    for _ in range(20):
        between = random_state.uniform(-1, 1, SHAPE)
        sampled = smooth + strength * l1_ratio * np.where(away, np.sign(weights), between)
        assert (np.abs(found) <= np.abs(sampled) + slack).all()


def test_subgradient_of_a_smooth_penalty_is_the_gradient():
    weights, gradient = _weights(2), _weights(3)
    found = L2().min_norm_subgradient(weights, gradient, 0.7)
    # Two roundings.
    np.testing.assert_allclose(found, gradient + 0.7 * weights, rtol=1e-15, atol=1e-15)


def test_subgradient_at_zero_by_hand():
    weights = np.zeros((1, 4))
    gradient = np.array([[3.0, -3.0, 0.5, -1.0]])
    np.testing.assert_array_equal(
        L1().min_norm_subgradient(weights, gradient, 1.0), [[2, -2, 0, 0]]
    )


@pytest.mark.parametrize("penalty", [L1(), ElasticNet(0.1)])
def test_kinks_are_at_zero(penalty):
    weights = np.array([[0.0, -0.0, 1e-300, -2.0]])
    assert not penalty.smooth
    np.testing.assert_array_equal(penalty.at_kink(weights), [[True, True, False, False]])


@pytest.mark.parametrize("penalty", [L2(), ElasticNet(0.0)])
def test_no_kinks_in_l2(penalty):
    weights = np.array([[0.0, 1.0, -1.0]])
    assert penalty.smooth
    assert not penalty.at_kink(weights).any()
    penalty.project(weights, -weights)
    np.testing.assert_array_equal(weights, [[0.0, 1.0, -1.0]])


@pytest.mark.parametrize("penalty", [L1(), ElasticNet(0.1)])
@pytest.mark.parametrize(
    ("weight", "reference", "expected"),
    [
        (0.5, 1.0, 0.5),
        (-0.5, -2.0, -0.5),
        (-1e-9, 1.0, 0.0),  # a change of sign
        (3.0, -1.0, 0.0),
        (3.0, 0.0, 0.0),  # no side to be on
        (0.0, 1.0, 0.0),
    ],
)
def test_project(penalty, weight, reference, expected):
    weights, reference = np.array([[weight]]), np.array([[reference]])
    before = reference.copy()
    penalty.project(weights, reference)
    assert weights == expected
    assert reference == before


def test_project_keeps_tiny_weights():
    weights = np.array([[1e-30]], dtype=np.float32)
    L1().project(weights, weights.copy())
    assert weights != 0


@pytest.mark.parametrize(("named", "l1_ratio"), [(L1(), 1.0), (L2(), 0.0)])
def test_l1_and_l2_are_the_ends_of_the_elastic_net(named, l1_ratio):
    weights, gradient, elastic = _weights(6), _weights(7), ElasticNet(l1_ratio)
    assert named.value(weights) == elastic.value(weights)
    np.testing.assert_array_equal(named.prox(weights, 0.2), elastic.prox(weights, 0.2))
    np.testing.assert_array_equal(
        named.min_norm_subgradient(weights, gradient, 0.2),
        elastic.min_norm_subgradient(weights, gradient, 0.2),
    )


@seeded
@given(seed=seeds, spread=st.floats(0, 6))
def test_prox_of_an_l2_penalty_with_a_factor_for_each_feature(seed, spread):
    """F(z) >= F(p) + |z - p|^2 / (2 step): F is strongly convex, and p its minimum."""
    rng = np.random.default_rng(seed)
    penalty = RowScaledL2(10 ** rng.uniform(-spread, spread, 4))
    weights, step = rng.normal(size=(4, 3)), 10 ** rng.uniform(-spread, spread, (4, 3))
    factors = np.broadcast_to(penalty.scales[:, None], (4, 3))
    for metric in (step, step[0, 0]):
        found = penalty.prox(weights, metric)

        def objective(z, metric=metric):
            return ((z - weights) ** 2 / (2 * metric) + factors * z**2 / 2).sum()

        for z in found + rng.normal(size=(20, 4, 3)) * 10 ** rng.uniform(-4, 1, (20, 1, 1)):
            bound = objective(found) + ((z - found) ** 2 / (2 * metric)).sum()
            assert objective(z) >= bound * (1 - 1e-13)
