"""PANOC+ for penalties of which only the proximal operator is known."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .base import Evaluation, FullBatchProblem, Problem
from .full_batch import FullBatchSolver
from .restricted_pairs import RestrictedPairs

# Factors of the quadratic upper bound that a step size has to satisfy (alpha in algorithm 2
# of De Marchi and Themelis, 2022), and of the required decrease of the forward-backward
# envelope (beta).
_BOUND, _DECREASE = 0.95, 0.5
_MAX_TRIALS = 60

# Successful steps after which a longer step size is tried; see benchmarks/solver_memory.py.
_PATIENCE = 20


@dataclass
class _Step:
    """A proximal gradient step from x to z = prox(x - gamma * gradient).

    Attributes
    ----------
    x, z : ndarray of shape (n_params,)

    loss, gradient : float, ndarray of shape (n_params,)
        The loss, without the penalty, and its gradient at x.

    gamma : float
        Step size.

    envelope : float
        The forward-backward envelope at x: the linear model of the loss at z, plus the
        penalty at z, plus ``||z - x||^2 / (2 * gamma)``.

    squares : float
        ``||z - x||^2``.

    end : Evaluation
        The evaluation of the objective at z.
    """

    x: np.ndarray
    z: np.ndarray
    loss: float
    gradient: np.ndarray
    gamma: float
    envelope: float
    squares: float
    end: Evaluation

    @cached_property
    def residual(self):
        return (self.x - self.z) / self.z.dtype.type(self.gamma)


class _State:
    """State that the method carries from one iteration to the next."""

    def __init__(self, memory, n_params):
        self.pairs = RestrictedPairs(memory, n_params)
        self.last: Any = None
        self.gamma: Any = None
        self.n_accepted = 0
        # The residual is smooth wherever it has a derivative at all.
        self._no_kink = np.zeros(n_params, dtype=bool)

    def direction(self, passes):
        """Return the quasi-Newton direction from the last point."""
        if not len(self.pairs):
            return self.last.z - self.last.x
        return self.pairs.direction(passes, self.last.residual, self._no_kink)[0]

    def remember(self, passes, trial):
        """Add the pair of the last point and the next one."""
        last, self.n_accepted = self.last, self.n_accepted + 1
        if trial.gamma != last.gamma:
            # Residuals for different step sizes are not comparable.
            self.pairs.clear()
            return
        here, there = map(self._as_evaluation, (last, trial))
        self.pairs.append(passes, last.x, here, trial.x, there)

    def _as_evaluation(self, step):
        """Return the residual in the place of the gradient whose change pairs are of."""
        residual = step.residual
        return step.end._replace(
            gradient=residual, subgradient=residual, kink=self._no_kink
        )


@dataclass(frozen=True)
class PANOC(FullBatchSolver):
    """PANOC+: quasi-Newton steps towards a fixed point of the proximal gradient method.

    PANOC (Stella, Themelis, Sopasakis and Patrinos, 2017) takes L-BFGS directions for the
    residual of a proximal gradient step, with a line search on the forward-backward
    envelope. Its variant PANOC+ (De Marchi and Themelis, 2022, algorithm 2) needs no
    Lipschitz constant. The loss must be smooth. The penalty needs a proximal operator only:
    it may be non-convex and have infinite values. Each iterate is the result of a proximal
    operator.

    References
    ----------
    L. Stella, A. Themelis, P. Sopasakis and P. Patrinos, "A simple and efficient algorithm
    for nonlinear model predictive control", IEEE Conference on Decision and Control, 2017.

    A. De Marchi and A. Themelis, "Proximal Gradient Algorithms under Local Lipschitz
    Gradient Continuity", Journal of Optimization Theory and Applications 194, 2022.
    """

    @classmethod
    def supports(cls, problem: Problem) -> bool:
        return not problem.needs_minibatches

    def initial_state(self, params: np.ndarray) -> Any:
        return _State(self.memory, len(params))

    def step(
        self, problem: FullBatchProblem, params: np.ndarray, current: Evaluation, state: Any
    ) -> tuple[tuple[np.ndarray, Evaluation] | None, int]:
        evaluator = _Evaluator(problem)
        if state.last is None:
            found = self._start(evaluator, params, current, state)
        else:
            found = self._accelerated(evaluator, state)
            if found is None and len(state.pairs):
                # Outdated curvature pairs may give a bad direction.
                state.pairs.clear()
                found = self._accelerated(evaluator, state)
        if found is None:
            return None, evaluator.n_evaluations
        state.last, state.gamma = found, found.gamma
        return (found.z, found.end), evaluator.n_evaluations

    def _start(self, evaluator, params, current, state):
        """Take a proximal gradient step with a step size from the curvature of the loss."""
        loss, gradient = evaluator.loss_and_gradient(params)
        # Norms are floats of the precision of the parameters.
        length: Any = np.linalg.norm(gradient)
        size: Any = np.linalg.norm(params)
        gamma: Any = 1.0
        if length != 0:
            probe = 1e-3 * max(1.0, size) / length
            _, nearby = evaluator.loss_and_gradient(
                params - params.dtype.type(probe) * gradient
            )
            change = np.linalg.norm(nearby - gradient)
            gamma = probe * length / change if change > 0 else 1.0
        slack = _rounding(loss, params)
        for _ in range(_MAX_TRIALS):
            trial = evaluator.proximal_step(params, loss, gradient, gamma)
            if _is_bounded(trial, slack):
                return trial
            gamma /= 2
        return None

    def _accelerated(self, evaluator, state):
        """Search for an acceptable point between a quasi-Newton and a proximal step."""
        last, gamma = state.last, state.gamma
        if state.n_accepted >= _PATIENCE:
            state.n_accepted, gamma = 0, 2 * gamma
        # gamma ||residual||^2 = ||z - x||^2 / gamma
        goal = last.envelope - _DECREASE * (1 - _BOUND) / 2 * last.squares / last.gamma
        direction = state.direction(evaluator.passes)
        slack = _rounding(last.loss, last.x)
        share = 1.0
        for _ in range(_MAX_TRIALS):
            t = last.x.dtype.type(share)
            x = (1 - t) * last.z + t * (last.x + direction)
            loss, gradient = evaluator.loss_and_gradient(x)
            trial = None
            while np.isfinite(loss) and gamma > 1e-12 * state.gamma:
                trial = evaluator.proximal_step(x, loss, gradient, gamma)
                if _is_bounded(trial, slack):
                    break
                gamma, trial = gamma / 2, None
                state.n_accepted = 0
            if trial is not None and trial.envelope <= goal + slack:
                state.remember(evaluator.passes, trial)
                return trial
            # Move towards z, whose envelope is low enough.
            share = share / 2 if share > 1e-3 else 0.0
            if np.array_equal(x, last.z):
                return None
        return None


class _Evaluator:
    """Proximal gradient steps that count the evaluations they take."""

    def __init__(self, problem):
        self._problem, self.passes = problem, problem.passes
        self.n_evaluations = 0

    def loss_and_gradient(self, x):
        self.n_evaluations += 1
        return self._problem.loss_and_gradient(x)

    def proximal_step(self, x, loss, gradient, gamma):
        z = x - x.dtype.type(gamma) * gradient
        self._problem.prox(z, gamma)
        self.n_evaluations += 1
        end = self._problem.evaluate(z)
        move = z - x
        squares = float(move @ move)
        model = loss + float(gradient @ move) + squares / (2 * gamma)
        return _Step(x, z, loss, gradient, gamma, model + end.penalty, squares, end)


def _is_bounded(step, slack):
    """Whether the loss at z is below its quadratic model at x by a margin."""
    room = (1 - _BOUND) / (2 * step.gamma) * step.squares
    return np.isfinite(step.end.value) and step.end.value <= step.envelope - room + slack


def _rounding(value, params):
    return 10 * np.finfo(params.dtype).eps * abs(value)
