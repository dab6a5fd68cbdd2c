"""Proximal RMSprop for minibatches."""

from dataclasses import dataclass

import numpy as np

from .minibatch import MinibatchSolver, MinibatchStep


@dataclass(kw_only=True)
class RMSpropStep(MinibatchStep):
    """One step of RMSprop, with the moment "square"."""

    beta_2: float
    epsilon: float

    def take(self, problem, params, batch):
        loss, gradient = problem.batch_loss_and_gradient(params, batch, self)
        self.n_steps += 1
        square = self.moments["square"]
        square *= self.beta_2
        square += (1 - self.beta_2) * gradient**2
        step_sizes = self.prox_steps()
        params -= step_sizes * gradient
        problem.prox(params, step_sizes)
        return loss

    def prox_steps(self):
        return self.rate / (np.sqrt(self.moments["square"]) + self.epsilon)


@dataclass(frozen=True, kw_only=True)
class RMSprop(MinibatchSolver):
    """Proximal RMSprop, with the proximal operator in its own metric.

    Parameters
    ----------
    beta_2 : float
        Decay rate of the running average of squared gradients.

    epsilon : float
        Term added to the denominator of the step.

    References
    ----------
    T. Tieleman and G. Hinton, "Lecture 6.5: RMSprop", Coursera: Neural Networks for Machine
    Learning, 2012.
    """

    beta_2: float
    epsilon: float

    moment_names = ("square",)

    @classmethod
    def supports(cls, problem):
        return problem.has_diagonal_prox

    def step(self, **common):
        return RMSpropStep(**common, beta_2=self.beta_2, epsilon=self.epsilon)
