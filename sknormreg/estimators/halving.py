"""Which candidates of a search are compared in which folds: successive halving."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
from sklearn.utils.random import sample_without_replacement

# With many folds a search has more paths than it may have otherwise: so many for each fold,
# that there is something to compare.
_FEWEST_PER_FOLD = 2


def numbers_by_fold(n_candidates: int, n_folds: int, max_paths: int) -> list[int]:
    """Return how many of the candidates each fold compares.

    Their sum, the number of paths, is at most `max_paths`, or twice the number of folds if
    that is more. All candidates are compared in all folds if that allows it. Otherwise, the
    numbers fall geometrically from fold to fold: from all candidates to the largest number
    in the last fold that keeps within the limit, but at most by half each time. If even
    these are too many paths, there are fewer candidates in the first fold.

    It is successive halving, with folds as the resource (Jamieson and Talwalkar, 2016).

    Parameters
    ----------
    n_candidates, n_folds, max_paths : int

    Returns
    -------
    numbers : list of int of length n_folds
        In descending order.
    """
    limit = max(max_paths, _FEWEST_PER_FOLD * n_folds)
    n_first = bisect_right(
        range(1, min(n_candidates, limit) + 1),
        limit,
        key=lambda n: sum(_falling(n, _fewest_in_the_end(n, n_folds), n_folds)),
    )
    fewest = _fewest_in_the_end(n_first, n_folds)
    n_more = bisect_right(
        range(fewest, n_first + 1),
        limit,
        key=lambda n_last: sum(_falling(n_first, n_last, n_folds)),
    )
    return _falling(n_first, fewest + n_more - 1, n_folds)


def _fewest_in_the_end(n_first, n_folds):
    """Return how many are left if half of them, at most, are dropped after each fold."""
    return -(-n_first // 2 ** (n_folds - 1))


def _falling(n_first, n_last, n_folds):
    """Return whole numbers next to a geometric sequence."""
    shares = np.arange(n_folds) / max(n_folds - 1, 1)
    return np.rint(n_first * (n_last / n_first) ** shares).astype(int).tolist()


def rungs(numbers: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Yield numbers of candidates, and the folds in a row that compare so many.

    Parameters
    ----------
    numbers : list of int
        For each fold.
    """
    for number, pairs in groupby(enumerate(numbers), key=lambda pair: pair[1]):
        yield number, [fold for fold, _ in pairs]


def drawn(candidates: Sequence[int], number: int, seed: int) -> list[int]:
    """Return so many of the candidates, in their order; if not all, drawn at random."""
    if number >= len(candidates):
        return list(candidates)
    chosen = sample_without_replacement(len(candidates), number, random_state=seed)
    return [candidates[i] for i in sorted(chosen)]


def best_of(candidates: Sequence[int], scores: np.ndarray, number: int) -> list[int]:
    """Return the candidates with the largest mean score at their best alpha.

    Parameters
    ----------
    candidates : list of int
        Of two with the same score, the first is better.

    scores : ndarray of shape (n_candidates, n_relaxes, n_alphas, n_folds)
        In the folds so far; nan where there is none.

    number : int

    Returns
    -------
    best : list of int of length number
        The best one first.
    """
    means = scores.mean(axis=-1).reshape(len(candidates), -1)
    best = np.where(np.isnan(means), -np.inf, means).max(axis=1)
    order = np.argsort(-best, kind="stable")
    return [candidates[i] for i in order[:number]]
