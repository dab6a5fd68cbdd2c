"""LassoNet's penalty: the prox in the metrics of two steps, and subgradients at 0."""

import numpy as np
import pytest
from penalty_cases import CASES

from sknormreg.penalties import Hierarchical, Layout

NAMES = ["hierarchical-1", "hierarchical-3"]


def near_and_far(case, found, rng):
    """Points within the bound, on it and off it, half of them near the one found."""
    normal = rng.normal(size=(4000, *case.shape))
    sizes = 10 ** rng.uniform(-5, 1, (4000, 1, 1))
    shares = rng.uniform(0, 1.5, (1000, *case.shape))
    points = [found + sizes * normal, sizes * normal, shares * found]
    return case.into_domain(np.concatenate(points))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("hidden_step", [1e-2, 0.3, 3.0])
@pytest.mark.parametrize("skip_step", [1e-2, 0.3, 3.0])
@pytest.mark.parametrize("seed", range(3))
def test_prox_with_a_step_for_each_part(name, hidden_step, skip_step, seed):
    case, rng = CASES[name], np.random.default_rng(seed)
    weights = case.draw(seed, smallest=0.1)
    step = np.full(case.shape, hidden_step)
    step[:, -case.n_skip :] = skip_step
    found = case.penalty.prox(weights, step)
    assert np.isfinite(case.penalty.value(found))

    def objective(z):
        return case.omega(z) + ((z - weights) ** 2 / (2 * step)).sum((-2, -1))

    lowest = objective(near_and_far(case, found, rng)).min()
    # The bound holds to rounding: W moves by 1e-16, at a slope of |w| / step.
    assert objective(found) <= lowest + 1e-14 * (1 + lowest)


@pytest.mark.parametrize("name", NAMES)
def test_prox_by_hand(name):
    case = CASES[name]
    M, n_skip = case.given.M, case.n_skip
    weights = np.zeros(case.shape)
    # Within the bound even after the shrinkage: W is left alone.
    weights[0, -n_skip:] = 4 / np.sqrt(n_skip)
    weights[0, 0] = M
    # Nothing is left of the skip connection, and W is too small to bring it back.
    weights[1, -1], weights[1, 0] = 0.5, 0.1
    # A large W gives rise to a linear effect: (M |W| - step) / (1 + M^2).
    weights[2, 0] = -7.0
    found = case.penalty.prox(weights, 1.0)
    np.testing.assert_allclose(found[0, 0], M)
    np.testing.assert_allclose(np.linalg.norm(found[0, -n_skip:]), 3.0, rtol=1e-14)
    assert not found[1].any()
    norm = (7 * M - 1) / (1 + M**2)
    np.testing.assert_allclose(np.linalg.norm(found[2, -n_skip:]), norm, rtol=1e-14)
    np.testing.assert_allclose(found[2, 0], -M * norm, rtol=1e-14)
    np.testing.assert_array_equal(found[2, 1:-n_skip], 0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("strength", [0.3, 1.0, 4.0])
def test_subgradient_at_zero(name, strength):
    """It is 0 where no direction within the bound leads down, and as short as it can be.

    At 0, the set is that of all v with Omega(z) >= <v, z> for the z within the bound.
    """
    case, rng = CASES[name], np.random.default_rng(0)
    M, n_skip = case.given.M, case.n_skip
    zero = np.zeros((1, case.shape[1]))
    cone = case.into_domain(rng.normal(size=(20_000, 1, case.shape[1])) * 3)
    # Along the edges of the cone, the slope is steepest.
    signs = rng.choice([-1, 0, 1], (20_000, 1, case.shape[1] - n_skip))
    edges = cone.copy()
    edges[..., :-n_skip] = (
        signs * M * np.linalg.norm(cone[..., -n_skip:], axis=-1, keepdims=True)
    )
    cone = np.concatenate([cone, edges])
    sizes = case.omega(cone)
    n_zero = 0
    for scale in (0.1, 0.3, 1.0, 3.0):
        for _ in range(5):
            gradient = scale * rng.normal(size=zero.shape)
            d = case.penalty.min_norm_subgradient(zero, gradient, strength)
            slopes = (cone * gradient).sum((1, 2)) + strength * sizes
            if d.any():
                # A random direction may miss a narrow way down.
                assert slopes.min() < 0 or np.abs(d).max() < 0.1
            else:
                assert slopes.min() >= -1e-13
                n_zero += 1
            in_set = (cone * (gradient - d)).sum((1, 2)) + strength * sizes
            assert (in_set >= -1e-12 * (1 + sizes)).all()
            # The shortest: <d, u - d> >= 0 for all u of the set.
            for _ in range(200):
                q = rng.normal(size=case.shape[1] - n_skip)
                p = rng.normal(size=n_skip)
                reach = strength / (np.linalg.norm(p) + M * np.abs(q).sum())
                other = gradient - reach * np.concatenate([q, p])
                assert np.vdot(d, other - d) >= -1e-12 * (1 + np.vdot(d, d))
    assert n_zero


def test_parameters_reach_every_layer_of_a_copy():
    given = Hierarchical(2.0)
    first, _ = given.bind(Layout([(4, 6), (3, 3)], None, 3))
    assert first is not given
    # Without the layout a penalty knows of one output: three columns of skip weights.
    weights = np.array([[0.0, 0.0, 0.0, 3.0, 4.0, 0.0]])
    assert first.value(weights) == 5.0
    weights[0, 0] = 10.1
    assert first.value(weights) == np.inf
