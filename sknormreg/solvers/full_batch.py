"""Base class of full-batch solvers: stopping criteria and the loop of iterations."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np

from .base import (
    Evaluation,
    FullBatchProblem,
    Iterate,
    Problem,
    Residual,
    gap_of,
    max_norm,
    measured,
)
from .curvature import CurvaturePairs
from .status import Status


@dataclass(frozen=True)
class FullBatchSolver(ABC):
    """Base class of quasi-Newton methods that evaluate the whole objective.

    Subclasses implement `step`.

    Parameters
    ----------
    tol : float
        Training has converged if no entry of the minimum-norm subgradient exceeds `tol * g`
        in absolute value, where g is the largest absolute entry of the gradient of the loss
        at the start, clipped to the range from 1 to 100.

    max_fun : int
        Maximum number of evaluations of the objective.

    min_progress, n_iter_no_change : float, int or inf
        Training has also converged if the last `n_iter_no_change` iterations decreased the
        objective by less than `min_progress` on average. 0 disables this criterion.

    max_relative_gap : float
        Upper bound on `relative_gap` that both criteria require in addition: a small
        residual or slow progress alone may be far from a minimum.

    memory : int
        Number of curvature pairs to keep. A pair takes the memory of two parameter vectors.
    """

    tol: float
    max_fun: int
    min_progress: float = 0.0
    n_iter_no_change: float = 10
    max_relative_gap: float = np.inf
    memory: int = 10

    @classmethod
    @abstractmethod
    def supports(cls, problem: Problem) -> bool:
        """Whether the method can minimise such a problem (a `FullBatchProblem`)."""

    def initial_state(self, params: np.ndarray) -> Any:
        """Create the state that `step` updates from call to call: the curvature pairs."""
        return CurvaturePairs(self.memory, len(params), params.dtype)

    @abstractmethod
    def step(
        self, problem: FullBatchProblem, params: np.ndarray, current: Evaluation, state: Any
    ) -> tuple[tuple[np.ndarray, Evaluation] | None, int]:
        """Take one step.

        Parameters
        ----------
        problem : FullBatchProblem

        params : ndarray of shape (n_params,)
            The current point, not to be modified.

        current : Evaluation
            The evaluation of the problem at `params`.

        state : object
            What `initial_state` returned, to be updated in place.

        Returns
        -------
        found : (ndarray of shape (n_params,), Evaluation) or None
            The next point, in a new array, and its evaluation; None if there is no descent.

        n_evaluations : int
            Number of evaluations that the step has taken.
        """

    def iterate(
        self, problem: FullBatchProblem, params: np.ndarray, state: object = None
    ) -> Iterator[Iterate]:
        """Yield an `Iterate` after each step; the last one has a status.

        Parameters
        ----------
        problem : FullBatchProblem
            With the method `evaluate`, the attribute `n_rows`, and whatever else `step`
            uses.

        params : ndarray of shape (n_params,)
            Starting point, which is not modified.

        state : None
            Ignored: full-batch solvers carry nothing from one call to the next.

        Yields
        ------
        iterate : Iterate
        """
        run = self._begin(problem, params)
        if run.status is not None:
            yield self._iterate(run, problem.n_rows)
        while run.status is None:
            n_new = self._advance(problem, run)
            yield self._iterate(run, n_new * problem.n_rows)

    def _begin(self, problem, params):
        """Evaluate the starting point."""
        current = problem.evaluate(params)
        # Relative to the gradient of the loss alone, because the subgradient of the penalty
        # grows with alpha without bounds; and clipped, because with unscaled features even
        # the gradient of the loss is so large that any point would count as converged.
        tolerance = self.tol * min(max(1.0, max_norm(current.gradient)), 100.0)
        progress = _Progress(np.finfo(params.dtype).eps)
        run = Run(params, current, self.initial_state(params), tolerance, progress)
        run.status = self._status(run)
        return run

    def _advance(self, problem, run):
        """Take one step; return the number of evaluations."""
        found, n_new = self.step(problem, run.params, run.current, run.state)
        run.n_evaluations += n_new
        if found is None:
            run.status = Status.STALLED
        else:
            run.params, run.current = found
            run.status = self._status(run)
        return n_new

    def _status(self, run):
        """Return why to stop at the current point, or None."""
        value, progress, residual = run.current.value, run.progress, run.residual
        progress.record(value, residual.optimality)
        if not (isfinite(value) and isfinite(residual.squares)):
            return Status.DIVERGED
        is_slow = progress.slower_than(self.min_progress, self.n_iter_no_change)
        if (is_slow or residual.optimality <= run.tolerance) and (
            gap_of(value, residual) <= self.max_relative_gap
        ):
            return Status.CONVERGED
        if progress.exhausted():
            return Status.STALLED
        return Status.MAX_FUN if run.n_evaluations >= self.max_fun else None

    @staticmethod
    def _iterate(run, n_rows_seen, params=None):
        """Return an `Iterate`, at parameters of the whole problem if it was divided."""
        value, residual = run.current.value, run.residual
        return Iterate(
            run.params if params is None else params,
            value,
            n_rows_seen,
            residual.optimality,
            run.tolerance,
            gap_of(value, residual),
            run.status,
        )


@dataclass
class Run:
    """One run of a full-batch solver: where it has come to.

    Attributes
    ----------
    params : ndarray of shape (n_params,)

    current : Evaluation
        At `params`.

    state : object
        That of `FullBatchSolver.step`.

    tolerance : float
        Of the largest entry of the minimum-norm subgradient.

    progress : _Progress

    n_evaluations : int

    status : Status or None
        Why it has ended; None while it goes on.
    """

    params: np.ndarray
    current: Evaluation
    state: Any
    tolerance: float
    progress: "_Progress"
    n_evaluations: int = 1
    status: Status | None = None
    _measured: tuple[Evaluation, Residual] | None = field(default=None, repr=False)

    @property
    def residual(self) -> Residual:
        """The residual at `params`, which is computed once."""
        if self._measured is None or self._measured[0] is not self.current:
            self._measured = self.current, measured(self.params, self.current)
        return self._measured[1]


class _Progress:
    """Record of how the objective and its subgradient decrease."""

    def __init__(self, eps):
        self._eps = eps
        self._values = []
        self._best_optimality = np.inf
        self._n_since_best = 0

    def anew(self):
        """Return an empty record."""
        return _Progress(self._eps)

    def record(self, value, optimality):
        self._values.append(value)
        self._n_since_best += 1
        if optimality < 0.9 * self._best_optimality:
            self._best_optimality, self._n_since_best = optimality, 0

    def _fall(self, window):
        """Return the decrease of the value over the last `window` iterations."""
        if len(self._values) <= window:
            return np.inf
        return self._values[-1 - window] - self._values[-1]

    def slower_than(self, rate, window):
        """Whether the value decreased by less than `rate` per iteration lately."""
        return rate > 0 and self._fall(window) < window * rate

    def exhausted(self, window=30):
        """Whether neither the value nor the subgradient decreases any more.

        In single precision, runs end like this: the line search keeps accepting steps
        whose decrease is rounding error.
        """
        rounding = 10 * self._eps * abs(self._values[-1])
        return self._n_since_best >= window and self._fall(window) <= rounding
