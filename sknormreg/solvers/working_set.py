"""Projected scaled sub-gradient method on the features and units that are alive."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .base import DivisibleProblem, Iterate, Problem, max_norm
from .projected_subgradient import ProjectedSubgradient
from .status import Status

# Iterations after which to look for what has died.
_PERIOD = 5

# After so many times that something had to come back, nothing leaves any more.
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
        self, problem: DivisibleProblem, params: np.ndarray, state: Any = None
    ) -> Iterator[Iterate]:
        run = self._begin(problem, params)
        if run.status is not None:
            yield self._iterate(run, problem.n_rows)
        living = _Living(problem)
        n_since = 0
        while run.status is None:
            n_new = 0
            if n_since % _PERIOD == 0:
                n_new += living.narrow(run)
            n_new += self._advance(living.problem, run)
            n_since += 1
            if run.status in (Status.CONVERGED, Status.STALLED):
                n_new += living.check(run)
            iterate = self._iterate(run, n_new * problem.n_rows)
            yield replace(iterate, params=living.put(run.params))


class _Living:
    """The part of a problem that is worked on."""

    def __init__(self, whole):
        self._whole = self.problem = whole
        self._index, self._n_params = None, None
        self._n_returns = 0

    def put(self, params):
        """Return parameters of the whole problem."""
        if self._index is None:
            return params
        whole = np.zeros(self._n_params, dtype=params.dtype)
        whole[self._index] = params
        return whole

    def narrow(self, run):
        """Leave out what has died; return the number of evaluations that it took."""
        if self._n_returns > _MOST_RETURNS:
            return 0
        part = self.problem.living_part(run.params, run.current.subgradient)
        if part is None:
            return 0
        if self._index is None:
            self._n_params = len(run.params)
            self._index = part.index
        else:
            self._index = self._index[part.index]
        return self._go_to(run, part, part.index, run.current)

    def check(self, run):
        """Have a run that has ended go on if something that was left out has to move.

        Returns the number of evaluations that it took.
        """
        if self._index is None:
            return 0
        params = self.put(run.params)
        current = self._whole.evaluate(params)
        run.n_evaluations += 1
        inside = max_norm(run.current.subgradient)
        threshold = max(run.tolerance, inside)
        outside = np.abs(current.subgradient) > threshold
        outside[self._index] = False
        if not outside.any():
            return 1
        self._n_returns += 1
        run.status, run.progress = None, run.progress.anew()
        part = self._whole.living_part(params, current.subgradient, threshold)
        source = np.full(self._n_params, -1)
        source[self._index] = np.arange(len(self._index))
        if part is None:
            run.state = run.state.moved(source)
            run.params, run.current = params, current
            self.problem, self._index = self._whole, None
            return 1
        self._index = part.index
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
