"""Base class of full-batch solvers: stopping criteria and the loop of iterations."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .base import (
    Evaluation,
    FullBatchProblem,
    Iterate,
    Problem,
    is_finite,
    max_norm,
    relative_gap,
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
        current = problem.evaluate(params)
        # Relative to the gradient of the loss alone, because the subgradient of the penalty
        # grows with alpha without bounds; and clipped, because with unscaled features even
        # the gradient of the loss is so large that any point would count as converged.
        tolerance = self.tol * min(max(1.0, max_norm(current.gradient)), 100.0)
        own_state = self.initial_state(params)
        progress = _Progress(np.finfo(params.dtype).eps)
        n_evaluations = 1
        status = self._status(params, current, tolerance, progress, n_evaluations)
        if status is not None:
            yield self._iterate(params, current, problem.n_rows, tolerance, status)
        while status is None:
            found, n_new = self.step(problem, params, current, own_state)
            n_evaluations += n_new
            if found is None:
                status = Status.STALLED
            else:
                params, current = found
                status = self._status(params, current, tolerance, progress, n_evaluations)
            yield self._iterate(params, current, n_new * problem.n_rows, tolerance, status)

    def _status(self, params, current, tolerance, progress, n_evaluations):
        """Return why to stop at `params`, where the evaluation is `current`, or None."""
        progress.record(current)
        if not is_finite(current):
            return Status.DIVERGED
        is_slow = progress.slower_than(self.min_progress, self.n_iter_no_change)
        if (is_slow or max_norm(current.subgradient) <= tolerance) and (
            relative_gap(params, current) <= self.max_relative_gap
        ):
            return Status.CONVERGED
        if progress.exhausted():
            return Status.STALLED
        return Status.MAX_FUN if n_evaluations >= self.max_fun else None

    @staticmethod
    def _iterate(params, current, n_rows_seen, tolerance, status):
        optimality = max_norm(current.subgradient)
        gap = relative_gap(params, current)
        return Iterate(
            params, current.value, n_rows_seen, optimality, tolerance, gap, status
        )


class _Progress:
    """Record of how the objective and its subgradient decrease."""

    def __init__(self, eps):
        self._eps = eps
        self._values = []
        self._best_optimality = np.inf
        self._n_since_best = 0

    def record(self, current):
        self._values.append(current.value)
        self._n_since_best += 1
        optimality = max_norm(current.subgradient)
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
