"""What solvers ask of a problem, and what they report after every iteration."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from .status import Status


class Evaluation(NamedTuple):
    """The objective at one point.

    Attributes
    ----------
    value : float

    penalty : float
        The penalty's part of the value.

    gradient : ndarray of shape (n_params,)
        Gradient of the loss alone.

    subgradient : ndarray of shape (n_params,)
        Minimum-norm subgradient of the objective. Zero where it is stationary.
    """

    value: float
    penalty: float
    gradient: np.ndarray
    subgradient: np.ndarray


class Problem(Protocol):
    """A minimisation problem, whose penalty is smooth or has a proximal operator.

    Attributes
    ----------
    n_rows : int
        Samples that one evaluation looks at.

    smooth_penalty : bool
        Whether the penalty has a continuous gradient.

    piecewise_smooth_penalty : bool
        Whether it is smooth but for kinks at zero.

    has_diagonal_prox : bool
        Whether `prox` takes a step for each parameter.

    dropout : tuple of float or None
        Probabilities with which values are dropped, anew for every minibatch.
    """

    n_rows: int
    smooth_penalty: bool
    piecewise_smooth_penalty: bool
    has_diagonal_prox: bool
    dropout: tuple | None

    def prox(self, params, step):
        """Apply the proximal operator of the penalty, in place."""

    def penalty_value(self, params):
        """Compute the penalty's part of the objective."""


class FullBatchProblem(Problem, Protocol):
    """Requests of the full-batch solvers.

    `at_kink`, `project`, `has_curvature` and `solve_curvature` are for penalties that are
    smooth but for kinks at zero.
    """

    has_curvature: bool

    def evaluate(self, params):
        """Compute the `Evaluation` at a point."""

    def loss_and_gradient(self, params):
        """Compute the loss alone and its gradient."""

    def at_kink(self, params):
        """Return the mask of the parameters that rest on a kink of the penalty."""

    def project(self, params, reference):
        """Set to zero, in place, the weights that left the side of `reference`."""

    def solve_curvature(self, params, vector, shift):
        """Compute (shift I + H)^-1 vector, with H the Hessian of the penalty."""


class MinibatchProblem(Problem, Protocol):
    """Requests of the minibatch solvers."""

    def epoch(self, params, order, batch_size, step):
        """Take a step for each minibatch, in place; return the mean loss."""

    def batch_loss_and_gradient(self, params, batch, step=None):
        """Estimate the loss and its gradient from some of the samples."""


@dataclass
class Iterate:
    """Where a solver stands after an iteration.

    Attributes
    ----------
    params : ndarray of shape (n_params,)
        An array that the solver does not write to any more.

    value : float
        The objective there; for minibatch solvers its running mean over the epoch.

    n_rows_seen : int
        Rows that passed through the network in this iteration.

    optimality : float or None
        Largest absolute entry of the minimum-norm subgradient, where it is known.

    tolerance : float or None
        The optimality that counts as converged.

    relative_gap : float or None
        `relative_gap` of the evaluation there, where it is known.

    status : Status or None
        Why this iterate is the last one; None where it is not. STALLED means that no
        descent was found at the precision at hand, DIVERGED that the objective or the
        parameters are no longer finite.

    problem : FullBatchProblem or None
        The problem that the iterate is of, where the solver has changed it.
    """

    params: np.ndarray
    value: float
    n_rows_seen: int
    optimality: float | None = None
    tolerance: float | None = None
    relative_gap: float | None = None
    status: Status | None = None
    problem: "FullBatchProblem | None" = None


# J, at the scale of the objective, below which it no longer counts what share of it is left
# to gain: a thousandth of the loss of a constant.
NEGLIGIBLE = 1e-3


def relative_gap(params, evaluation):
    """How far the objective may yet fall, as a share of it.

    `sum_i |p_i w_i|` over the objective, p its minimum-norm subgradient at w: to first
    order, what changes of all parameters by their own size are worth. Where the objective
    is convex on the way to a minimiser whose parameters lie between 0 and 2w, it bounds
    what is left to gain. Unlike the largest entry of p it does not depend on the units of
    features and targets, and unlike the latest falls of the objective it does not mistake
    a slow method for an arrival.
    """
    gap = np.abs(evaluation.subgradient) @ np.abs(params)
    return float(gap / max(abs(evaluation.value), NEGLIGIBLE))


def max_norm(vector):
    """Largest absolute entry; nan where there is one."""
    return float(max(vector.max(), -vector.min())) if vector.size else 0.0


def is_finite(evaluation):
    """Whether value and subgradient are, and the squared norm that solvers need."""
    squared_norm = evaluation.subgradient @ evaluation.subgradient
    return bool(np.isfinite(evaluation.value) and np.isfinite(squared_norm))
