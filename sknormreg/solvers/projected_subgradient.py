"""Projected scaled sub-gradient method for penalties with kinks at zero."""

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from .base import Evaluation, FullBatchProblem, Problem
from .full_batch import FullBatchSolver
from .restricted_pairs import RestrictedPairs

_DECREASE = 1e-4  # of the Armijo condition
_MAX_TRIALS = 30

# Maximum length of a step, relative to the larger of 1 and the length of the parameters. A
# strong penalty is linear far beyond its kinks. Steps then overshoot them a thousandfold
# and are projected back, while the changes of the other parameters, which were to
# compensate for such long steps, would remain.
_LONGEST = 100.0


@dataclass(frozen=True)
class ProjectedSubgradient(FullBatchSolver):
    """Projected scaled sub-gradient method (PSSgb) for penalties with kinks at zero.

    Parameters that are not on a kink of the penalty take an L-BFGS step restricted to them.
    Weights on a kink move in the direction of steepest descent with the scaling of Barzilai
    and Borwein (1988). If the penalty knows its curvature, L-BFGS need not estimate it: the
    curvature of the norm of a group grows without bounds as the group shrinks. Each trial
    point is projected: a weight that would change its sign, or a group that would pass its
    kink, becomes exactly zero. The objective never increases.

    References
    ----------
    M. Schmidt, "Graphical Model Structure Learning with L1-Regularization", PhD thesis,
    University of British Columbia, 2010.

    J. Barzilai and J. M. Borwein, "Two-Point Step Size Gradient Methods", IMA Journal of
    Numerical Analysis 8, 1988.
    """

    @classmethod
    def supports(cls, problem: Problem) -> bool:
        return problem.piecewise_smooth_penalty and not problem.needs_minibatches

    def initial_state(self, params: np.ndarray) -> Any:
        return RestrictedPairs(self.memory, len(params))

    def step(
        self,
        problem: FullBatchProblem,
        params: np.ndarray,
        current: Evaluation,
        pairs: RestrictedPairs,
    ) -> tuple[tuple[np.ndarray, Evaluation] | None, int]:
        current, n_trials = _with_kinks(current), 0
        while True:
            direction, length = _direction(problem, params, current, pairs)
            step = _first_trial(params, direction, length, pairs)
            found, n = _projected_search(problem, params, current, direction, step)
            n_trials += n
            if found is not None:
                pairs.append(problem.passes, params, current, *found)
                return found, n_trials
            if not len(pairs):
                return None, n_trials
            pairs.clear()


def _with_kinks(evaluation):
    """Return an evaluation with a mask of kinks: of none, where the penalty has none."""
    if evaluation.kink is not None:
        return evaluation
    kink = np.zeros(len(evaluation.subgradient), dtype=bool)
    return evaluation._replace(kink=kink)


def _direction(problem, params, current, pairs):
    """Return the direction of a step, and its length."""
    solve = None
    if problem.has_curvature:

        def solve(vector, curvature):
            return problem.solve_curvature(params, vector, curvature)

    return pairs.direction(problem.passes, current.subgradient, current.kink, solve)


def _first_trial(params, direction, length, pairs):
    if not len(pairs):
        return min(1.0, 1 / np.abs(direction).sum())
    if length <= _LONGEST:
        return 1.0
    longest = _LONGEST * max(1.0, sqrt(np.vdot(params, params)))
    return longest / length if length > longest else 1.0


def _projected_search(problem, params, current, direction, step):
    """Backtrack along the projected direction until the Armijo condition holds."""
    for n_trials in range(1, _MAX_TRIALS + 1):
        trial, slope = problem.trial(params, current, direction, step)
        if not slope < 0:
            return None, n_trials - 1
        new = _with_kinks(problem.evaluate(trial))
        if new.value <= current.value + _DECREASE * slope:
            return (trial, new), n_trials
        if _decreases_by_slopes(params, current, trial, new, slope):
            return (trial, new), n_trials
        step *= _shrinkage(current.value, slope, new.value)
    return None, n_trials


def _decreases_by_slopes(params, current, trial, new, slope):
    """Whether the Armijo condition holds in the form with derivatives.

    The form is that of Hager and Zhang (2005, eq. 4.1) for a quadratic. Values of about 1
    cannot resolve the decrease at gradients of 1e-8, while derivatives can. The form does
    not apply if a weight has just reached a kink, where the subgradient belongs to another
    piece of the objective.
    """
    slack = 10 * np.finfo(params.dtype).eps * abs(current.value)
    if not new.value <= current.value + slack:
        return False
    if (new.kink & ~current.kink).any():
        return False
    new_slope = float(new.subgradient @ (trial - params))
    return new_slope <= (2 * _DECREASE - 1) * slope


def _shrinkage(value, slope, new_value):
    """Return the factor of the step that minimises the interpolating quadratic."""
    if not np.isfinite(new_value):
        return 0.1
    return min(max(-slope / (2 * (new_value - value - slope)), 0.1), 0.5)
