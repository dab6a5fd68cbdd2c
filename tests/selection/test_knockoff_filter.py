"""The knockoff filter and e-BH are compared with their definitions, written as loops."""

import numpy as np
import pytest

from sknormreg.selection.knockoff_filter import (
    e_bh,
    knockoff_e_values,
    knockoff_threshold,
)


def statistics(seed, n_features=30):
    """Statistics with ties, zeros and some that are large."""
    rng = np.random.default_rng(seed)
    W = rng.normal(size=n_features) + 3 * (rng.uniform(size=n_features) < rng.uniform())
    W[rng.uniform(size=n_features) < 0.2] = 0
    return W.round(1)


def counted_threshold(W, level, offset, to_last_negative):
    """Count, for every candidate, how many statistics lie beyond it on either side."""
    for t in sorted({abs(w) for w in W if w != 0}):
        n_above = sum(w >= t for w in W)
        n_below = sum(w <= -t for w in W)
        if n_above and (offset + n_below) / n_above <= level:
            return t
        if n_above and to_last_negative and n_below == 0:
            return t
    return np.inf


@pytest.mark.parametrize("to_last_negative", [False, True])
@pytest.mark.parametrize("offset", [0, 1])
@pytest.mark.parametrize("level", [0.05, 0.2, 0.5])
def test_threshold_is_that_of_a_count(level, offset, to_last_negative):
    found = []
    for seed in range(100):
        W = statistics(seed)
        threshold = knockoff_threshold(W, level, offset, to_last_negative)
        assert threshold == counted_threshold(W, level, offset, to_last_negative)
        found.append(threshold)
    assert len(set(found)) > 3


def test_without_positive_statistics_nothing_is_selected():
    for W in (np.zeros(4), -np.arange(1.0, 5.0)):
        for to_last_negative in (False, True):
            threshold = knockoff_threshold(W, 0.5, 0, to_last_negative)
            assert threshold == np.inf
            assert not knockoff_e_values(W, threshold).any()


def counted_e_bh(e_values, fdr):
    """Return the largest set whose members all have enough evidence for its size."""
    order = sorted(range(len(e_values)), key=lambda j: -e_values[j])
    for k in range(len(order), 0, -1):
        if all(e_values[j] >= len(e_values) / (fdr * k) for j in order[:k]):
            return set(order[:k])
    return set()


@pytest.mark.parametrize("fdr", [0.1, 0.3])
def test_e_bh_is_that_of_a_count(fdr):
    sizes = set()
    for seed in range(200):
        rng = np.random.default_rng(seed)
        strong = rng.uniform(size=20) < rng.uniform()
        e_values = rng.exponential(size=20) + strong * rng.uniform(0, 100)
        support, threshold = e_bh(e_values, fdr)
        expected = counted_e_bh(e_values, fdr)
        assert set(np.flatnonzero(support)) == expected
        smallest = min((e_values[j] for j in expected), default=np.inf)
        assert threshold == smallest
        sizes.add(len(expected))
    assert len(sizes) > 5


def test_a_single_draw_is_the_knockoff_filter():
    # As Ren and Barber (2024) show.
    n_selected = 0
    for seed in range(200):
        W = statistics(seed)
        threshold = knockoff_threshold(W, 0.2)
        selected, _ = e_bh(knockoff_e_values(W, threshold), 0.2)
        np.testing.assert_array_equal(selected, threshold <= W)
        n_selected += selected.sum()
    assert n_selected > 200


@pytest.mark.parametrize("n_true", [0, 8])
def test_e_values_of_features_without_effect_are_fair(n_true):
    """The sum of those without effect is p at most, on average."""
    n_features, n_draws = 25, 8_000
    rng = np.random.default_rng(0)
    sums = np.empty(n_draws)
    for draw in range(n_draws):
        W = rng.normal(size=n_features)
        W[:n_true] = rng.normal(4, 1, n_true)
        threshold = knockoff_threshold(W, 0.1, 1, to_last_negative=True)
        sums[draw] = knockoff_e_values(W, threshold)[n_true:].sum()
    standard_error = sums.std() / np.sqrt(n_draws)
    assert sums.mean() <= n_features + 3 * standard_error
    # They are not just small.
    assert sums.mean() > 0.5 * n_features
