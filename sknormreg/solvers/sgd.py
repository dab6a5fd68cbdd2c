"""Proximal stochastic gradient descent with momentum, for minibatches."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .base import MinibatchProblem, Problem
from .minibatch import MinibatchSolver, MinibatchStep


@dataclass(kw_only=True)
class SGDStep(MinibatchStep):
    """One step with momentum; the moment "velocity" is the last displacement."""

    momentum: float
    nesterovs_momentum: bool

    method = "sgd"

    def take(
        self, problem: MinibatchProblem, params: np.ndarray, batch: np.ndarray
    ) -> float:
        velocity = self.moments["velocity"]
        extrapolated = params + self.momentum * velocity
        at = extrapolated if self.nesterovs_momentum else params
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
    """Proximal stochastic gradient descent with momentum.

    The velocity is the last displacement of the parameters, including the effect of the
    proximal operator. This is the inertial proximal method of Ochs, Chen, Brox and Pock
    (2014, iPiano with constant steps) or, with the gradient at the extrapolated point, that
    of Nesterov (2013). Without a penalty it is the usual momentum. With a penalty, its
    fixed points are stationary points of the objective; they would not be if the velocity
    accumulated gradients only.

    Parameters
    ----------
    momentum : float
        Fraction of the last displacement that is added to each step.

    nesterovs_momentum : bool
        Whether gradients are evaluated at the extrapolated point.

    References
    ----------
    P. Ochs, Y. Chen, T. Brox and T. Pock, "iPiano: Inertial Proximal Algorithm for
    Nonconvex Optimization", SIAM Journal on Imaging Sciences 7, 2014.

    Y. Nesterov, "Gradient methods for minimizing composite functions", Mathematical
    Programming 140, 2013.
    """

    momentum: float
    nesterovs_momentum: bool

    moment_names = ("velocity",)

    @classmethod
    def supports(cls, problem: Problem) -> bool:
        return True

    def step(self, **common: Any) -> SGDStep:
        return SGDStep(
            **common, momentum=self.momentum, nesterovs_momentum=self.nesterovs_momentum
        )
