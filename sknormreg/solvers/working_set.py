"""Projected scaled sub-gradient method on the features and units that are alive."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .base import Iterate, Problem, max_norm
from .projected_subgradient import ProjectedSubgradient
from .restricted_pairs import RestrictedPairs
from .status import Status

# Iterations after which to look for what has died: twice as many where nothing had, up to
# the second number. A look costs as much as a step on a small part.
_PERIOD, _LONGEST_PERIOD = 5, 40

# After so many times that something had to come back, nothing leaves until training would
# end: it may come and go.
_MOST_RETURNS = 3


@dataclass(frozen=True)
class WorkingSet(ProjectedSubgradient):
    """Projected scaled sub-gradient method on the parameters that are alive.

    Features and hidden units whose weights are zero, and have a subgradient that contains
    zero, leave the problem. Where training would end, the minimum-norm subgradient of the
    whole problem tells which of them have to come back; it ends where none does, so that
    its certificate is that of the whole problem.
    """

    @classmethod
    def supports(cls, problem: Problem) -> bool:
        return super().supports(problem) and getattr(problem, "has_parts", False)

    def iterate(
        self, problem: Any, params: np.ndarray, state: Any = None
    ) -> Iterator[Iterate]:
        """Yield an `Iterate` after each step; the last one has a status.

        Parameters
        ----------
        problem : DivisibleProblem

        params : ndarray of shape (n_params,)
            Starting point, which is not modified.

        state : Curvature or None
            Of an earlier run on a problem of the same parameters, to begin with; updated.

        Yields
        ------
        iterate : Iterate
            At parameters of the whole problem.
        """
        run = self._begin(problem, params)
        if run.status is not None:
            yield self._iterate(run, problem.n_rows)
            return
        living = _Living(problem, len(params))
        n_new = living.narrow(run)
        if state is not None and state.pairs is not None:
            run.state = state.at(living.index, len(params))
        while True:
            n_new += self._advance(living.problem, run)
            if run.status in (Status.CONVERGED, Status.STALLED):
                n_new += living.check(run)
            if state is not None:
                state.index, state.pairs = living.index, run.state
            yield self._iterate(run, n_new * problem.n_rows, living.put(run.params))
            if run.status is not None:
                return
            n_new = living.narrow_in_time(run)


@dataclass
class Curvature:
    """Curvature pairs that one run leaves to the next.

    Attributes
    ----------
    pairs : RestrictedPairs or None
        None before the first run.

    index : ndarray of int or None
        Positions of their parameters among those of the whole problem; None for all.
    """

    pairs: RestrictedPairs | None = None
    index: np.ndarray | None = None

    def at(self, index: np.ndarray | None, n_params: int) -> RestrictedPairs:
        """Return the pairs for other parameters."""
        assert self.pairs is not None
        source = np.arange(n_params)
        if self.index is not None:
            source = _positions(self.index, n_params)
        return self.pairs.moved(source if index is None else source[index])


def _positions(index, n_params):
    """Return the position of each parameter in `index`, -1 for those that are not there."""
    positions = np.full(n_params, -1)
    positions[index] = np.arange(len(index))
    return positions


class _Living:
    """The part of a problem that is worked on.

    Attributes
    ----------
    problem : DivisibleProblem

    index : ndarray of int or None
        Positions of its parameters among those of the whole problem; None for all.
    """

    def __init__(self, whole, n_params):
        self._whole = self.problem = whole
        self._n_params = n_params
        self.index = None
        self._n_returns = 0
        self._period = self._n_left = _PERIOD

    def put(self, params):
        """Return parameters of the whole problem."""
        if self.index is None:
            return params
        whole = np.zeros(self._n_params, dtype=params.dtype)
        whole[self.index] = params
        return whole

    def narrow_in_time(self, run):
        """After every period, do what `narrow` does."""
        self._n_left -= 1
        if self._n_left > 0:
            return 0
        problem = self.problem
        n_new = self.narrow(run)
        longer = min(2 * self._period, _LONGEST_PERIOD)
        self._period = longer if self.problem is problem else _PERIOD
        self._n_left = self._period
        return n_new

    def narrow(self, run):
        """Leave out what has died; return the number of evaluations that it took."""
        if self._n_returns > _MOST_RETURNS:
            return 0
        part = self.problem.living_part(run.params, run.current.subgradient)
        if part is None:
            return 0
        self.index = part.index if self.index is None else self.index[part.index]
        return self._go_to(run, part, part.index, run.current)

    def check(self, run):
        """Have a run that has ended go on if something that was left out has to move.

        Returns the number of evaluations that it took.
        """
        if self.index is None:
            return 0
        params = self.put(run.params)
        current = self._whole.evaluate(params)
        run.n_evaluations += 1
        threshold = max(run.tolerance, max_norm(run.current.subgradient))
        outside = np.abs(current.subgradient) > threshold
        outside[self.index] = False
        if not outside.any():
            return 1
        self._n_returns += 1
        run.status, run.progress = None, run.progress.anew()
        part = self._whole.living_part(params, current.subgradient, threshold)
        source = _positions(self.index, self._n_params)
        if part is None:
            self.problem, self.index = self._whole, None
            run.params, run.current = params, current
            run.state = run.state.moved(source)
            return 1
        self.index = part.index
        return 1 + self._go_to(run, part, source[part.index], current)

    def _go_to(self, run, part, source, current):
        self.problem, run.params = part.problem, part.params
        run.state = run.state.moved(source)
        if part.has_changed:
            run.current = part.problem.evaluate(part.params)
            run.n_evaluations += 1
            return 1
        run.current = current.part(part.index)
        return 0
