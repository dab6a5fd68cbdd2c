"""Regularization paths from several random starts, and the best of them at each alpha."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..engine import Data
from .fit import FittedNetwork
from .path import PathFitter, RelaxedFits
from .precision import ALONG_PATH, Precision
from .specification import NetworkSpec
from .starts import Halt, OneOfSeveral, best, in_threads, name_of_start, with_split_of
from .training import Watcher


class BestPathFitter(PathFitter):
    """Fits of one specification at different alphas, the best of several starts at each.

    With a single start it is a `PathFitter`. With several, each has a path of its own, on
    which fits start from the one before. All paths go along the alphas together.

    Parameters
    ----------
    spec, data, rows : as `PathFitter` takes them

    seeds : sequence of int
        Of the random numbers of every fit, for each start. The first start alone finds a
        grid of alphas.

    continuation, precision, deadline, watcher : as `PathFitter` takes them
        Threads share the watcher.

    n_jobs : int or None
        Number of starts that are fitted at once, in threads. Results do not depend on it.

    rough_data : as `PathFitter` takes them
    """

    def __init__(
        self,
        spec: NetworkSpec,
        data: Data,
        rows: np.ndarray | None,
        seeds: Sequence[int],
        continuation: bool = True,
        precision: Precision = ALONG_PATH,
        deadline: float = np.inf,
        watcher: Watcher | None = None,
        n_jobs: int | None = 1,
        rough_data: Data | None = None,
    ) -> None:
        n_init = len(seeds)
        self._halt, self._n_jobs = Halt(), n_jobs
        self._others: list[PathFitter] = []

        def arguments(index):
            own: Watcher | None = watcher
            if n_init > 1:
                own = OneOfSeveral(name_of_start(index, n_init), self._halt, watcher)
            return seeds[index], continuation, precision, deadline, own, rough_data

        super().__init__(spec, data, rows, *arguments(0))
        shared = with_split_of(spec, np.random.RandomState(seeds[0]))
        for index in range(1, n_init):
            self._others.append(PathFitter(shared, data, rows, *arguments(index)))

    @property
    def deadline(self) -> float:
        """Value of `time.monotonic` from which on fits stop after an iteration."""
        return self._deadline

    @deadline.setter
    def deadline(self, value: float) -> None:
        self._deadline = value
        for other in self._others:
            other.deadline = value

    def path(
        self,
        alphas: Sequence | np.ndarray,
        skips: bool = False,
        trials: Sequence[FittedNetwork] = (),
    ) -> Iterator[FittedNetwork]:
        """Fit at ascending alphas, and yield the best network at each, to an empty one.

        Parameters are those of `PathFitter.path`. The trials are networks of the first
        start: the other paths lead from the first alpha to where that one begins.
        """
        own = super().path(alphas, skips, trials)
        if not self._others:
            return own
        paths = [own, *(other.path(alphas, skips) for other in self._others)]
        trial = self._last_below(trials, alphas[-1])
        return self._best_of(paths, -np.inf if trial is None else trial.alpha)

    def _best_of(self, paths, last_skipped):
        """Yield the best network at each alpha beyond one, to an empty one."""
        tracks = [_Track(points) for points in paths]
        while True:
            calls = [partial(self._advance, track, tracks[0]) for track in tracks]
            self._run(calls)
            tracks = [track for track in tracks if track.has_begun]
            heads = [track.head.alpha for track in tracks if track.head is not None]
            if not heads or any(track.is_cut for track in tracks):
                return
            alpha = min(heads)
            found = [network for track in tracks for network in track.taken_at(alpha)]
            if alpha > last_skipped:
                fitted = best(found)
                yield fitted
                if fitted.is_empty:
                    return

    def _advance(self, track, first):
        """Fit the next network of a path; none begins beyond the deadline but the first."""
        if track.has_begun or track is first or time.monotonic() < self.deadline:
            track.advance()

    def relaxed(
        self, points: Iterable[FittedNetwork], alpha: Any
    ) -> Iterator[FittedNetwork]:
        """Fit networks of a path anew to their features, and yield the best of all starts.

        Parameters are those of `PathFitter.relaxed`.
        """
        if not self._others:
            yield from super().relaxed(points, alpha)
            return
        chains = [RelaxedFits(fitter, alpha) for fitter in (self, *self._others)]
        for fitted in points:
            yield best(self._run([partial(chain.next, fitted) for chain in chains]))

    def _run(self, calls):
        try:
            return in_threads(calls, self._n_jobs)
        except BaseException:
            # Other threads would go on to the ends of their fits.
            self._halt.is_called = True
            raise


class _Track:
    """A path from one start, as far as it has been fitted.

    Attributes
    ----------
    head : FittedNetwork or None
        The last network, until it is taken.
    """

    def __init__(self, points: Iterator[FittedNetwork]) -> None:
        self._points = points
        self.head: FittedNetwork | None = None
        self._last: FittedNetwork | None = None
        self._has_ended = False

    @property
    def has_begun(self) -> bool:
        return self._last is not None

    @property
    def is_cut(self) -> bool:
        """Whether there are no more networks, though the last one was not empty."""
        return self._has_ended and self._last is not None and not self._last.is_empty

    def advance(self) -> None:
        """Fit the next network, unless the last one has not been taken."""
        if self.head is not None or self._has_ended:
            return
        self.head = next(self._points, None)
        self._has_ended = self.head is None
        self._last = self.head or self._last

    def taken_at(self, alpha: float) -> list[FittedNetwork]:
        """Take the network at an alpha; beyond an empty one that is the network, too."""
        if self._has_ended and self._last is not None:
            return [replace(self._last, alpha=alpha)]
        if self.head is None or self.head.alpha != alpha:
            return []
        taken, self.head = self.head, None
        return [taken]
