"""Projected scaled sub-gradient method for penalties with kinks at zero."""

from dataclasses import dataclass

import numpy as np

from .base import Evaluation, FullBatchProblem, Problem
from .curvature import CurvaturePairs
from .full_batch import FullBatchSolver

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
        return problem.piecewise_smooth_penalty and not problem.dropout

    def step(
        self,
        problem: FullBatchProblem,
        params: np.ndarray,
        current: Evaluation,
        pairs: CurvaturePairs,
    ) -> tuple[tuple[np.ndarray, Evaluation] | None, int]:
        n_trials = 0
        while True:
            direction, reference = _direction(problem, params, current, pairs)
            step = _first_trial(params, direction, pairs)
            found, n = _projected_search(
                problem, params, current, direction, reference, step
            )
            n_trials += n
            if found is not None:
                _remember(problem, pairs, params, current, *found)
                return found, n_trials
            if not len(pairs):
                return None, n_trials
            pairs.clear()


def _direction(problem, params, current, pairs):
    """Compute the direction of a step, and the reference point of its projection.

    The reference tells on which side of its kink each weight is to remain.
    """
    kink = problem.at_kink(params)
    if problem.has_curvature:
        direction, scale = pairs.direction_beyond(
            current.subgradient,
            ~kink,
            lambda vector, loss: problem.solve_curvature(params, vector, loss),
        )
    else:
        direction, scale = pairs.direction(current.subgradient, free=~kink)
    steepest = -current.subgradient[kink]
    direction[kink] = params.dtype.type(scale) * steepest
    reference = params.copy()
    reference[kink] = steepest
    return direction, reference


def _first_trial(params, direction, pairs):
    if not len(pairs):
        return min(1.0, 1 / np.abs(direction).sum())
    length = float(np.linalg.norm(direction))
    longest = _LONGEST * max(1.0, float(np.linalg.norm(params)))
    return longest / length if length > longest else 1.0


def _projected_search(problem, params, current, direction, reference, step):
    """Backtrack along the projected direction until the Armijo condition holds."""
    for n_trials in range(1, _MAX_TRIALS + 1):
        trial = params + params.dtype.type(step) * direction
        problem.project(trial, reference)
        slope = float(current.subgradient @ (trial - params))
        if not slope < 0:
            return None, n_trials - 1
        new = problem.evaluate(trial)
        if new.value <= current.value + _DECREASE * slope:
            return (trial, new), n_trials
        if _decreases_by_slopes(problem, params, current, trial, new, slope):
            return (trial, new), n_trials
        step *= _shrinkage(current.value, slope, new.value)
    return None, n_trials


def _decreases_by_slopes(problem, params, current, trial, new, slope):
    """Whether the Armijo condition holds in the form with derivatives.

    The form is that of Hager and Zhang (2005, eq. 4.1) for a quadratic. Values of about 1
    cannot resolve the decrease at gradients of 1e-8, while derivatives can. The form does
    not apply if a weight has just reached a kink, where the subgradient belongs to another
    piece of the objective.
    """
    slack = 10 * np.finfo(params.dtype).eps * abs(current.value)
    if not new.value <= current.value + slack:
        return False
    if (problem.at_kink(trial) & ~problem.at_kink(params)).any():
        return False
    new_slope = float(new.subgradient @ (trial - params))
    return new_slope <= (2 * _DECREASE - 1) * slope


def _shrinkage(value, slope, new_value):
    """Return the factor of the step that minimises the interpolating quadratic."""
    if not np.isfinite(new_value):
        return 0.1
    return min(max(-slope / (2 * (new_value - value - slope)), 0.1), 0.5)


def _remember(problem, pairs, params, current, new_params, new):
    # Off the kinks, the change of the subgradient includes the curvature of the penalty. If
    # a weight has just become zero, its subgradient belongs to another piece of the
    # objective, so that only the gradient of the loss can be compared.
    loss_change = new.gradient - current.gradient
    change = loss_change.copy()
    moved = ~problem.at_kink(new_params)
    change[moved] = new.subgradient[moved] - current.subgradient[moved]
    pairs.append(
        new_params - params, change, loss_change if problem.has_curvature else None
    )
