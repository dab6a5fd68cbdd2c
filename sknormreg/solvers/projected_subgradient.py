"""The projected scaled sub-gradient method, for penalties with kinks at zero."""

from dataclasses import dataclass

import numpy as np

from .full_batch import FullBatchSolver

_DECREASE = 1e-4  # of the Armijo condition
_MAX_TRIALS = 30

# Length of a step next to that of the parameters, or 1. A strong penalty is linear far
# beyond its kinks: steps pass them by thousands of lengths, are projected onto them, and
# what was to make up for so much change in all other parameters would stay.
_LONGEST = 100.0


@dataclass(frozen=True)
class ProjectedSubgradient(FullBatchSolver):
    """Projected scaled sub-gradient method (Schmidt, 2010, PSSgb).

    Parameters away from a kink of the penalty take an L-BFGS step restricted to them;
    weights on a kink move along the steepest descent direction, scaled as Barzilai and
    Borwein (1988) scale it. What curvature the penalty has is not left to L-BFGS where the
    penalty knows it: that of a group's norm grows without bounds as the group shrinks.
    Every trial point is projected: a weight that would change its sign becomes exactly
    zero, and so does a group that would pass its kink at zero. The objective never
    increases.
    """

    @classmethod
    def supports(cls, problem):
        return problem.piecewise_smooth_penalty and not problem.dropout

    def step(self, problem, params, current, pairs):
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
    """The direction of a step, and what tells on which side of its kink a weight is."""
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
    """Backtrack along the projected path until the objective falls (Armijo)."""
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
    """The Armijo condition stated for a quadratic, in derivatives.

    Hager and Zhang's (2005, eq. 4.1): values of size 1 lose a decrease at gradients of
    1e-8, derivatives do not. Where a weight has come to rest on a kink, the subgradient
    there belongs to another piece of the objective than the one that led to it.
    """
    slack = 10 * np.finfo(params.dtype).eps * abs(current.value)
    if not new.value <= current.value + slack:
        return False
    if (problem.at_kink(trial) & ~problem.at_kink(params)).any():
        return False
    new_slope = float(new.subgradient @ (trial - params))
    return new_slope <= (2 * _DECREASE - 1) * slope


def _shrinkage(value, slope, new_value):
    """Factor of the step that minimises the quadratic through what is known."""
    if not np.isfinite(new_value):
        return 0.1
    return min(max(-slope / (2 * (new_value - value - slope)), 0.1), 0.5)


def _remember(problem, pairs, params, current, new_params, new):
    # Off the kinks the subgradients' difference includes the penalty's own curvature;
    # where a weight has just become zero, the subgradient there belongs to another
    # piece of the objective and only the loss's gradient can be compared.
    loss_change = new.gradient - current.gradient
    change = loss_change.copy()
    moved = ~problem.at_kink(new_params)
    change[moved] = new.subgradient[moved] - current.subgradient[moved]
    pairs.append(
        new_params - params, change, loss_change if problem.has_curvature else None
    )
