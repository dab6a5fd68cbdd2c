"""Proximal Adam."""

from dataclasses import dataclass

import numpy as np

from .minibatch import MinibatchSolver


@dataclass(frozen=True)
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

    def start(self, state, params):
        state.moments = {"first": np.zeros_like(params), "second": np.zeros_like(params)}

    def update(self, problem, params, batch, state):
        loss, gradient = problem.batch_loss_and_gradient(params, batch)
        first, second = state.moments["first"], state.moments["second"]
        first *= self.beta_1
        first += (1 - self.beta_1) * gradient
        gradient *= gradient
        gradient *= 1 - self.beta_2
        second *= self.beta_2
        second += gradient
        # The bias corrections of both moments.
        rate = state.learning_rate / (1 - self.beta_1**state.n_steps)
        np.sqrt(second, out=gradient)
        gradient *= 1 / np.sqrt(1 - self.beta_2**state.n_steps)
        gradient += self.epsilon
        step = np.divide(1.0, gradient, out=gradient)
        params -= rate * first * step
        step *= state.learning_rate
        problem.prox(params, step)
        return loss
