"""Proximal gradient method, for any penalty with a proximal operator."""

from dataclasses import dataclass

import numpy as np

from .full_batch import FullBatchSolver

_MAX_TRIALS = 60


@dataclass
class _State:
    """State that the method carries from one step to the next."""

    step_size: float = 1.0


@dataclass(frozen=True)
class ProximalGradient(FullBatchSolver):
    """Proximal gradient method with backtracking (ISTA).

    References
    ----------
    A. Beck and M. Teboulle, "A Fast Iterative Shrinkage-Thresholding Algorithm for Linear
    Inverse Problems", SIAM Journal on Imaging Sciences 2, 2009, section 3.
    """

    @classmethod
    def supports(cls, problem):
        return not problem.needs_minibatches

    def initial_state(self, params):
        return _State()

    def step(self, problem, params, current, state):
        loss = current.value - current.penalty
        slack = 10 * np.finfo(params.dtype).eps * abs(loss)
        state.step_size *= 2
        for n_trials in range(1, _MAX_TRIALS + 1):
            trial = params - params.dtype.type(state.step_size) * current.gradient
            problem.prox(trial, state.step_size)
            new = problem.evaluate(trial)
            move = trial - params
            bound = loss + current.gradient @ move + move @ move / (2 * state.step_size)
            if new.value - new.penalty <= bound + slack:
                return (trial, new), n_trials
            state.step_size /= 2
        return None, _MAX_TRIALS
