"""Bounds on the expected number of features that stability selection selects falsely."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, minimize_scalar

# Theorem 2 of Shah and Samworth holds for features whose selection probability in a half
# is at most this.
_LARGEST_UNIMODAL = 1 / np.sqrt(3)

# What the tail of a distribution is r-concave with, by Shah and Samworth, section 3.3: that
# of simultaneous selections in both halves, and that of all selections.
_R_SIMULTANEOUS, _R_SINGLE = -1 / 2, -1 / 4

# Values of the shift of an r-concave distribution between which it is looked for: nearly
# all mass at 0, and nearly uniform.
_SMALLEST_SHIFT, _LARGEST_SHIFT = 1e-5, 1e5


@dataclass(frozen=True)
class ErrorBound:
    """Bound on the expected number of false selections.

    Attributes
    ----------
    n_features : int
        Features, or groups of them, that there are to select from.

    n_paths : int
        Halves of the samples that a path is fitted to: twice the number of pairs where
        they are complementary.

    kind : {"worst_case", "unimodal", "r_concave"}
        The last two are for complementary pairs.
    """

    n_features: int
    n_paths: int
    kind: str

    @property
    def fewest(self) -> int:
        """The smallest number of paths that is more than half of them."""
        return self.n_paths // 2 + 1

    def n_needed(self, threshold: float) -> int:
        """Return in how many of the paths a feature has to be for a threshold."""
        # Up to rounding: 0.7 of 100 are 70.
        return max(int(np.ceil(threshold * self.n_paths - 1e-9)), self.fewest)

    def value(self, q: int, n_needed: int) -> float:
        """Compute the bound.

        Parameters
        ----------
        q : int
            Number of features that are selected in each half at most.

        n_needed : int
            Number of the paths in which a feature must be selected, more than half of them.
        """
        share, threshold = q / self.n_features, n_needed / self.n_paths
        # The shares of the paths sum to q at most.
        most_selected = min(q * self.n_paths // n_needed, self.n_features)
        bounds = [most_selected, share * q / (2 * threshold - 1)]
        if self.kind == "unimodal":
            bounds.append(unimodal_factor(share, threshold, self.n_paths // 2) * share * q)
        elif self.kind == "r_concave":
            n_pairs = self.n_paths // 2
            both = r_concave_tail(share**2, n_needed - n_pairs, n_pairs, _R_SIMULTANEOUS)
            single = r_concave_tail(share, n_needed, self.n_paths, _R_SINGLE)
            bounds.append(min(both, single) * self.n_features)
        # Where a theorem does not apply, what holds always.
        return float(min(bounds))

    def largest_q(self, n_needed: int, max_false: float) -> int:
        """Return the largest q whose bound is at most `max_false`; 0 if there is none."""
        return bisect_right(
            range(1, self.n_features + 1),
            max_false * (1 + 1e-12),
            key=lambda q: self.value(q, n_needed),
        )

    def smallest_needed(self, q: int, max_false: float) -> int | None:
        """Return the smallest number of paths whose bound is at most `max_false`."""
        numbers = range(self.fewest, self.n_paths + 1)
        i = bisect_left(
            numbers, True, key=lambda n: self.value(q, n) <= max_false * (1 + 1e-12)
        )
        return numbers[i] if i < len(numbers) else None


def unimodal_factor(share: float, threshold: float, n_pairs: int) -> float:
    """Return C of theorem 2 of Shah and Samworth (2013); infinite where it does not apply.

    Parameters
    ----------
    share : float
        Largest probability that a half selects one of the features: theta.

    threshold : float
        A multiple of 1 / (2 n_pairs).

    n_pairs : int
        Number of complementary pairs: B.
    """
    step = 1 / (2 * n_pairs)
    least = 0.5 + min(share**2, step + 0.75 * share**2)
    # Of thresholds that are a step above a half the theorem says nothing.
    if share > _LARGEST_UNIMODAL or threshold <= least or threshold < 0.5 + 1.9 * step:
        return np.inf
    if threshold <= 0.75:
        return 1 / (2 * (2 * threshold - 1 - step))
    return 4 * (1 - threshold + step) / (1 + 2 * step)


def r_concave_tail(mean: float, least: int, n: int, r: float) -> float:
    """Compute D of Shah and Samworth (2013), equation 8.

    It is the largest probability of at least `least` / n among the random variables on
    0, 1/n, ..., 1 of a mean of at most `mean` whose probabilities f are r-concave: f**r is
    convex where f > 0, for negative r.

    The maximum is at probabilities proportional to (a + i)**(1 / r) for i <= k, with some
    smaller one at k + 1 and none beyond, whose mean is exactly `mean` (their appendix A.4).
    For each k there is an interval of shifts a: at its upper end the probability at k + 1
    is 0, at its lower end it is as large as the pattern has it.

    Parameters
    ----------
    mean : float

    least : int
        From 0 to n.

    n : int
        Number of steps of the grid.

    r : float
        Below 0.

    Returns
    -------
    probability : float
        1 where the mean is too large for a smaller one to be known.
    """
    target = mean * n
    first = int(np.ceil(2 * target)) + 1
    if least < first or first > n:
        return 1.0
    places = np.arange(n + 1)

    def deviation(a, k):
        f = (a + places[: k + 1]) ** (1 / r)
        return f @ places[: k + 1] / f.sum() - target

    def below(a, k):
        f = (a + places[: k + 1]) ** (1 / r)
        return (k + 1 - target) * f[:least].sum() / (f @ (k + 1 - places[: k + 1]))

    shift = _LARGEST_SHIFT
    smallest = 1.0
    for k in range(first, n + 1):
        # The wider the support, the more mass lies near 0.
        last, shift = shift, _root(deviation, k, shift)
        # Below that there is nothing at `least`.
        if k > max(first, least):
            found = minimize_scalar(
                below, bounds=(shift, last), args=(k - 1,), method="bounded"
            )
            smallest = min(smallest, found.fun)
    return 1 - min(smallest, below(shift, n))


def _root(deviation, k, upper):
    """Return the shift at which the mean is that asked for, or the nearest looked for."""
    if deviation(_SMALLEST_SHIFT, k) >= 0:
        return _SMALLEST_SHIFT
    if deviation(upper, k) <= 0:
        return upper
    return brentq(deviation, _SMALLEST_SHIFT, upper, args=(k,), xtol=1e-12)
