"""Proximal stochastic gradient descent with momentum."""

from dataclasses import dataclass

import numpy as np

from .minibatch import MinibatchSolver, MinibatchStep


@dataclass(kw_only=True)
class SGDStep(MinibatchStep):
    """One step with momentum; its moment is the "velocity", the last displacement."""

    momentum: float
    nesterov: bool

    method = "sgd"

    def take(self, problem, params, batch):
        velocity = self.moments["velocity"]
        extrapolated = params + self.momentum * velocity
        at = extrapolated if self.nesterov else params
        loss, gradient = problem.batch_loss_and_gradient(at, batch, self)
        self.n_steps += 1
        gradient *= self.rate
        extrapolated -= gradient
        problem.prox(extrapolated, self.rate)
        np.subtract(extrapolated, params, out=velocity)
        params[...] = extrapolated
        return loss


@dataclass(frozen=True, kw_only=True)
class SGD(MinibatchSolver):
    """Stochastic proximal gradient descent with momentum.

    The velocity is the last displacement, prox included: the inertial proximal method
    of Ochs, Chen, Brox and Pock (2014, iPiano with constant steps), or, with the
    gradient at the extrapolated point, that of Nesterov (2013). Without a penalty it is
    the usual momentum; with one, its fixed points are stationary for the objective,
    which they are not where gradients alone add up in the velocity.

    Parameters
    ----------
    momentum : float

    nesterov : bool
    """

    momentum: float
    nesterov: bool

    moment_names = ("velocity",)

    @classmethod
    def supports(cls, problem):
        return True

    def step(self, **common):
        return SGDStep(**common, momentum=self.momentum, nesterov=self.nesterov)
