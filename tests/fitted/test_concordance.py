"""Concordance, against a loop over all pairs."""

import numpy as np
import pytest

from sknormreg.fitted.concordance import censoring_curve, concordance_index, uno_weights


def _case(n, seed):
    rng = np.random.RandomState(seed)
    event, time = rng.rand(n) < 0.6, rng.randint(0, 12, size=n).astype(float)
    risk, weight = rng.randint(0, 8, size=n) / 3, rng.randint(0, 3, size=n).astype(float)
    return event, time, risk, weight, rng.randint(0, 2, size=n), rng.rand(n)


def _by_pairs(event, time, risk, weight, stratum, factor):
    found = np.zeros(2)
    for i in range(len(time)):
        for j in range(len(time)):
            later = time[j] > time[i] or (time[j] == time[i] and not event[j])
            if not event[i] or not later or stratum[i] != stratum[j]:
                continue
            pair = weight[i] * weight[j] * factor[i]
            right = 1.0 if risk[i] > risk[j] else 0.5 if risk[i] == risk[j] else 0.0
            found += pair * right, pair
    return found[0] / found[1]


@pytest.mark.parametrize("n", [2, 3, 17, 64, 65])
def test_concordance_is_that_of_all_pairs(n):
    case = _case(n, seed=n)
    event, time = case[:2]
    if n < 4:
        event[0], time[:2] = True, (1, 2)
        case[3][:] = 1
        case[4][:] = 0
    # Sums of products of small integers and one factor: a few roundings each.
    assert concordance_index(*case) == pytest.approx(_by_pairs(*case), rel=1e-12)
    ones = np.ones(n)
    plain = _by_pairs(*case[:3], ones, 0 * ones, ones)
    assert concordance_index(*case[:3]) == pytest.approx(plain, rel=1e-12)


def test_concordance_of_perfect_constant_and_reversed_risks():
    time = np.arange(20.0)
    event = np.ones(20, dtype=bool)
    assert concordance_index(event, time, -time) == 1
    assert concordance_index(event, time, time) == 0
    assert concordance_index(event, time, np.zeros(20)) == 0.5
    assert np.isnan(concordance_index(~event, time, -time))


def test_censoring_curve():
    # Of six samples one is censored at 1, when one has an event, and two of three at 3.
    event = np.array([True, False, True, False, False, True])
    time = np.array([1.0, 1.0, 2.0, 3.0, 3.0, 3.0])
    times, curve = censoring_curve(event, time)
    np.testing.assert_array_equal(times, [1, 2, 3])
    np.testing.assert_allclose(curve, [4 / 5, 4 / 5, 0], rtol=1e-15)
    doubled = censoring_curve(event, time, np.full(6, 2.0))
    np.testing.assert_allclose(doubled[1], curve, rtol=1e-15)


def test_uno_weights():
    event = np.array([True, True, True])
    time = np.array([0.5, 1.0, 2.0])
    censoring = np.array([1.0, 3.0]), np.array([0.8, 0.0])
    np.testing.assert_allclose(uno_weights(event, time, censoring), [1, 1 / 0.64, 1 / 0.64])
    np.testing.assert_allclose(uno_weights(event, time, censoring, 1.0), [1, 0, 0])
    with pytest.raises(ValueError, match="Set tau to at most 3"):
        uno_weights(np.array([True]), np.array([3.0]), censoring)
