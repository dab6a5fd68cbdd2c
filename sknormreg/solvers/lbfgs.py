"""L-BFGS for smooth objectives, with a line search that works down to rounding error."""

from dataclasses import dataclass

import numpy as np

from .base import Evaluation, FullBatchProblem, Problem
from .curvature import CurvaturePairs
from .full_batch import FullBatchSolver

# Wolfe conditions: sufficient decrease and curvature, the usual quasi-Newton values
# (Nocedal and Wright, 2006, section 3.1).
_DECREASE, _CURVATURE = 1e-4, 0.9
_MAX_TRIALS = 25


@dataclass(frozen=True)
class LBFGS(FullBatchSolver):
    """Limited-memory BFGS for smooth objectives.

    Steps satisfy the Wolfe conditions. Where decreases of the objective are below rounding
    error, they satisfy the approximate Wolfe conditions of Hager and Zhang (2005, eq. 4.1)
    instead, which use derivatives: with an objective of about 1, values resolve gradients
    down to 1e-8, derivatives down to about 1e-12.

    References
    ----------
    D. C. Liu and J. Nocedal, "On the limited memory BFGS method for large scale
    optimization", Mathematical Programming 45, 1989.

    W. W. Hager and H. Zhang, "A New Conjugate Gradient Method with Guaranteed Descent and
    an Efficient Line Search", SIAM Journal on Optimization 16, 2005.
    """

    @classmethod
    def supports(cls, problem: Problem) -> bool:
        return problem.smooth_penalty and not problem.needs_minibatches

    def step(
        self,
        problem: FullBatchProblem,
        params: np.ndarray,
        current: Evaluation,
        pairs: CurvaturePairs,
    ) -> tuple[tuple[np.ndarray, Evaluation] | None, int]:
        n_trials = 0
        while True:
            direction, _ = pairs.direction(current.subgradient)
            step = 1.0 if len(pairs) else min(1.0, 1 / np.abs(direction).sum())
            found, n = _wolfe_search(problem, params, current, direction, step)
            n_trials += n
            if found is not None:
                new_params, new = found
                pairs.append(new_params - params, new.subgradient - current.subgradient)
                return found, n_trials
            if not len(pairs):
                return None, n_trials
            pairs.clear()


def _wolfe_search(problem, params, current, direction, step):
    """Find a step along a descent direction, by doubling and then by interpolation.

    Returns
    -------
    found : (params, Evaluation) or None
        None if no step satisfies the conditions.

    n_trials : int
        Number of evaluations.
    """
    slope = float(current.subgradient @ direction)
    if not slope < 0:
        return None, 0
    slack = 10 * np.finfo(params.dtype).eps * abs(current.value)
    low, low_slope, high, high_slope = 0.0, slope, np.inf, None
    accepted = None
    for n_trials in range(1, _MAX_TRIALS + 1):  # noqa: B007
        trial = params + params.dtype.type(step) * direction
        new = problem.evaluate(trial)
        new_slope = float(new.subgradient @ direction)
        if not (np.isfinite(new.value) and np.isfinite(new_slope)):
            high, high_slope = step, None
        elif not _decreases(current.value, slope, step, new.value, new_slope, slack):
            high, high_slope = step, new_slope
        else:
            accepted = (trial, new)
            if new_slope >= _CURVATURE * slope:
                break
            low, low_slope = step, new_slope
        step = _next_step(low, low_slope, high, high_slope)
        if np.array_equal(trial, params):
            break
    return accepted, n_trials


def _decreases(value, slope, step, new_value, new_slope, slack):
    if new_value <= value + _DECREASE * step * slope:
        return True
    # Approximate Wolfe: the first condition stated for a quadratic, in derivatives.
    return new_value <= value + slack and new_slope <= (2 * _DECREASE - 1) * slope


def _next_step(low, low_slope, high, high_slope):
    if high == np.inf:
        return 2 * low if low else 1.0
    width = high - low
    fraction = 0.5
    if high_slope is not None and high_slope > 0:
        # The secant's zero of the slope.
        fraction = low_slope / (low_slope - high_slope)
    return low + width * min(max(fraction, 0.1), 0.9)
