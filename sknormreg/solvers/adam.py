"""Proximal Adam for minibatches."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .base import MinibatchProblem, Problem
from .minibatch import MinibatchSolver, MinibatchStep


@dataclass(kw_only=True)
class AdamStep(MinibatchStep):
    """One step of Adam, with the moments "first" and "second"."""

    beta_1: float
    beta_2: float
    epsilon: float

    method = "adam"

    def take(
        self, problem: MinibatchProblem, params: np.ndarray, batch: np.ndarray
    ) -> float:
        loss, gradient = problem.batch_loss_and_gradient(params, batch, self)
        self.n_steps += 1
        first, second = self.moments["first"], self.moments["second"]
        first *= self.beta_1
        first += (1 - self.beta_1) * gradient
        gradient *= gradient
        gradient *= 1 - self.beta_2
        second *= self.beta_2
        second += gradient
        # The steps include the bias corrections of both moments.
        np.sqrt(second, out=gradient)
        gradient *= 1 / np.sqrt(1 - self.beta_2**self.n_steps)
        gradient += self.epsilon
        step = np.divide(1.0, gradient, out=gradient)
        step *= self.rate
        params -= (1 / (1 - self.beta_1**self.n_steps)) * first * step
        problem.prox(params, step)
        return loss

    def prox_steps(self) -> np.ndarray:
        second = self.moments["second"] / (1 - self.beta_2**self.n_steps)
        return self.rate / (np.sqrt(second) + self.epsilon)


@dataclass(frozen=True, kw_only=True)
class Adam(MinibatchSolver):
    """Proximal Adam: Adam with the proximal operator in its own metric.

    With D = sqrt(v_hat) + epsilon, a step of Adam (Kingma and Ba, 2015, algorithm 1) is
    followed by the proximal operator of the penalty in the metric D / lr, that is, with a
    step size of lr / D for each parameter (Melchior, Joseph and Moolekamp, 2019). Fixed
    points are then stationary points of the objective. They would not be if the penalty
    were part of the gradient, or if its proximal operator ignored the metric.

    Parameters
    ----------
    beta_1, beta_2 : float
        Exponential decay rates of the first and the second moment.

    epsilon : float
        Term added to the denominator of the step.

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.

    P. Melchior, R. Joseph and F. Moolekamp, "Proximal Adam: Robust Adaptive Update Scheme
    for Constrained Optimization", arXiv 1910.10094, 2019.
    """

    beta_1: float
    beta_2: float
    epsilon: float

    moment_names = ("first", "second")

    @classmethod
    def supports(cls, problem: Problem) -> bool:
        return problem.has_diagonal_prox

    def step(self, **common: Any) -> AdamStep:
        return AdamStep(
            **common,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
        )
