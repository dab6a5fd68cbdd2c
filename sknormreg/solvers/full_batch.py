"""What the full-batch solvers have in common: when they stop, what they report."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from .base import Iterate, is_finite, max_norm, relative_gap
from .curvature import CurvaturePairs
from .status import Status


@dataclass(frozen=True)
class FullBatchSolver(ABC):
    """A quasi-Newton method on the whole objective.

    Parameters
    ----------
    tol : float
        Stops where the largest entry of the minimum-norm subgradient is at most
        `tol` times that of the loss's gradient at the start, which counts as at least
        1 and at most 100.

    max_fun : int
        Stops after this many evaluations of the objective.

    min_progress, n_iter_no_change : float, int or inf
        Stops also where the last `n_iter_no_change` iterations lowered the objective by
        less than `min_progress` on average; 0 leaves the decision to `tol`.

    max_relative_gap : float
        What `relative_gap` must come down to before either of them stops: a small
        residual of large weights, and slow progress, may be far from a minimum.

    memory : int
        Curvature pairs kept, two parameter vectors each.
    """

    tol: float
    max_fun: int
    min_progress: float = 0.0
    n_iter_no_change: float = 10
    max_relative_gap: float = np.inf
    memory: int = 10

    @classmethod
    @abstractmethod
    def supports(cls, problem):
        """Whether the method can minimise such a problem (a `FullBatchProblem`)."""

    def initial_state(self, params):
        """What `step` carries from one call to the next, and changes: the curvature."""
        return CurvaturePairs(self.memory, len(params), params.dtype)

    @abstractmethod
    def step(self, problem, params, current, state):
        """Take one step from `params`, where the problem evaluates to `current`.

        Returns
        -------
        found : (params, Evaluation) or None
            None where no descent was found.

        n_evaluations : int
        """

    def iterate(self, problem, params, state=None):
        """Yield an `Iterate` after every step; the last one has a status.

        Parameters
        ----------
        problem : FullBatchProblem

        params : ndarray of shape (n_params,)
            Starting point, not modified.

        state : None
            Nothing is carried from one call to the next.
        """
        current = problem.evaluate(params)
        # Relative to the loss alone: a large alpha makes the penalty's subgradient at
        # the start as large as one likes. And unscaled features are no licence to stop
        # anywhere.
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
        """Why to stop at `params`, which evaluate to `current`; None to go on."""
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
    """How the objective and its subgradient fall."""

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
        """By how much the last iterations lowered the value."""
        if len(self._values) <= window:
            return np.inf
        return self._values[-1 - window] - self._values[-1]

    def slower_than(self, rate, window):
        """Whether the last iterations lowered the value by less than `rate` each."""
        return rate > 0 and self._fall(window) < window * rate

    def exhausted(self, window=30):
        """Whether neither value nor subgradient gets any better.

        At the precision of single floats this is how a run ends: the line search goes
        on accepting steps of pure rounding.
        """
        rounding = 10 * self._eps * abs(self._values[-1])
        return self._n_since_best >= window and self._fall(window) <= rounding
