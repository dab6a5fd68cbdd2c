"""Proximal Adam."""

from dataclasses import dataclass

import numpy as np

from .minibatch import MinibatchSolver, MinibatchStep


@dataclass(kw_only=True)
class AdamStep(MinibatchStep):
    """One step of Adam; its moments are "first" and "second"."""

    beta_1: float
    beta_2: float
    epsilon: float

    method = "adam"

    def take(self, problem, params, batch):
        loss, gradient = problem.batch_loss_and_gradient(params, batch, self)
        self.n_steps += 1
        first, second = self.moments["first"], self.moments["second"]
        first *= self.beta_1
        first += (1 - self.beta_1) * gradient
        gradient *= gradient
        gradient *= 1 - self.beta_2
        second *= self.beta_2
        second += gradient
        # With the bias corrections of both moments.
        np.sqrt(second, out=gradient)
        gradient *= 1 / np.sqrt(1 - self.beta_2**self.n_steps)
        gradient += self.epsilon
        step = np.divide(1.0, gradient, out=gradient)
        step *= self.rate
        params -= (1 / (1 - self.beta_1**self.n_steps)) * first * step
        problem.prox(params, step)
        return loss


@dataclass(frozen=True, kw_only=True)
class Adam(MinibatchSolver):
    """Adam (Kingma and Ba, 2015, algorithm 1) with the prox in its own metric.

    With D = sqrt(v_hat) + epsilon, the step is the prox of the penalty at
    `params - lr * m_hat / D` in the metric D / lr: a step size lr / D for each
    parameter (Melchior, Joseph and Moolekamp, 2019). A fixed point is stationary for
    the objective itself, which neither a penalty in the gradient's moments nor one
    outside of the metric would give.

    Parameters
    ----------
    beta_1, beta_2 : float
        Decay rates of the moments.

    epsilon : float
    """

    beta_1: float
    beta_2: float
    epsilon: float

    moment_names = ("first", "second")

    @classmethod
    def supports(cls, problem):
        return problem.has_diagonal_prox

    def step(self, **common):
        return AdamStep(
            **common,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
        )
