"""L-BFGS for smooth objectives, with a line search that works down to rounding."""

from dataclasses import dataclass

import numpy as np

from .full_batch import FullBatchSolver

# Wolfe conditions: sufficient decrease and curvature, the usual quasi-Newton values
# (Nocedal and Wright, 2006, section 3.1).
_DECREASE, _CURVATURE = 1e-4, 0.9
_MAX_TRIALS = 25


@dataclass(frozen=True)
class LBFGS(FullBatchSolver):
    """Limited-memory BFGS (Liu and Nocedal, 1989).

    Steps satisfy the Wolfe conditions or, where the objective's values can no longer
    tell points apart, the approximate ones of Hager and Zhang (2005, eq. 4.1), which
    rest on derivatives: values of size 1 lose a decrease at gradients of 1e-8, the
    approximate conditions go on to about 1e-12.
    """

    @classmethod
    def supports(cls, problem):
        return problem.smooth_penalty and not problem.dropout

    def step(self, problem, params, current, pairs):
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
    """Find a step along a descent direction.

    Brackets by doubling, then interpolates. Returns ((params, evaluation), n_trials),
    with None in place of the point where none was found.
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
