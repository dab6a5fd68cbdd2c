"""Path importances against the enumeration of all paths."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sknormreg.fitted.importances import path_importances


def _paths_from(coefs, feature):
    """The weights on every path from one input to an output."""
    for units in product(*(range(weights.shape[1]) for weights in coefs)):
        starts = (feature, *units)
        yield [weights[a, b] for weights, a, b in zip(coefs, starts, units)]


def _random_coefs(layer_units, random_state):
    return [random_state.normal(size=shape) for shape in pairwise(layer_units)]


@pytest.mark.parametrize(
    "layer_units", [(4, 1), (3, 2), (4, 3, 2), (3, 2, 4, 2), (1, 2, 1)]
)
def test_against_all_paths(layer_units):
    coefs = _random_coefs(layer_units, np.random.RandomState(0))
    strength = [
        sum(np.prod(np.abs(path)) for path in _paths_from(coefs, feature))
        for feature in range(layer_units[0])
    ]
    # Sums and products of a few dozen positive numbers.
    np.testing.assert_allclose(
        path_importances(coefs), strength / np.sum(strength), rtol=1e-13
    )


def test_a_net_done_by_hand():
    coefs = [np.array([[1.0, -2.0], [0.0, 3.0], [5.0, 0.0]]), np.array([[2.0], [-1.0]])]
    # Paths: 1*2 + 2*1 = 4, 3*1 = 3, 5*2 = 10.
    np.testing.assert_allclose(path_importances(coefs), [4 / 17, 3 / 17, 10 / 17])


@st.composite
def _sparse_nets(draw):
    """Networks of weights 0, tiny and ordinary."""
    layer_units = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    weight = st.sampled_from([0.0, 0.0, 0.0, 1.0, -0.5, 1e-200, -1e-200])
    return [
        np.array(draw(st.lists(weight, min_size=a * b, max_size=a * b))).reshape(a, b)
        for a, b in pairwise(layer_units)
    ]


@settings(derandomize=True, deadline=None, max_examples=100)
@given(_sparse_nets())
def test_zero_if_and_only_if_no_path(coefs):
    connected = [
        any(all(path) for path in _paths_from(coefs, feature))
        for feature in range(len(coefs[0]))
    ]
    importances = path_importances(coefs)
    np.testing.assert_array_equal(importances > 0, connected)
    np.testing.assert_array_equal(importances == 0, np.logical_not(connected))


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.integers(0, 10**6), st.floats(0, 1))
def test_importances_sum_to_one(seed, density):
    random_state = np.random.RandomState(seed)
    coefs = _random_coefs((5, 4, 3), random_state)
    for weights in coefs:
        weights[random_state.uniform(size=weights.shape) >= density] = 0
    importances = path_importances(coefs)
    total = 1.0 if importances.any() else 0.0
    # A sum of five numbers.
    assert importances.sum() == pytest.approx(total, abs=1e-14)
    assert (importances >= 0).all()


@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e30, 1e200])
def test_a_common_scale_of_the_weights_does_not_matter(scale):
    coefs = _random_coefs((4, 3, 3, 2), np.random.RandomState(1))
    scaled = [scale * weights for weights in coefs]
    # Roundings of the scaling; the products themselves, 1e-600, would be 0 or inf.
    np.testing.assert_allclose(
        path_importances(scaled), path_importances(coefs), rtol=1e-13
    )


def test_a_tiny_path_beside_a_large_one_is_not_zero():
    coefs = [np.array([[1.0, 0.0], [0.0, 1e-200]]), np.array([[1.0], [1e-200]])]
    importances = path_importances(coefs)
    assert importances[0] == pytest.approx(1)
    assert importances[1] > 0


def test_the_sum_is_one_where_all_paths_underflow():
    coefs = [np.array([[0.0, 1e-200]]), np.array([[1.0], [1e-200]])]
    assert path_importances(coefs).sum() == pytest.approx(1)


def test_no_path_at_all():
    coefs = [np.zeros((3, 2)), np.ones((2, 1))]
    np.testing.assert_array_equal(path_importances(coefs), np.zeros(3))


def test_single_precision_and_the_arguments_are_kept():
    coefs = [
        w.astype(np.float32) for w in _random_coefs((3, 4, 1), np.random.RandomState(2))
    ]
    kept = [weights.copy() for weights in coefs]
    importances = path_importances(coefs)
    assert importances.dtype == np.float64
    # float32 weights are exact doubles: nothing may be lost.
    doubled = path_importances([w.astype(np.float64) for w in coefs])
    np.testing.assert_allclose(importances, doubled, rtol=1e-15)
    for weights, before in zip(coefs, kept):
        np.testing.assert_array_equal(weights, before)
