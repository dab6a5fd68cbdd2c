"""Evaluations that solvers ask of a problem, and iterates that they report."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from .status import Status

if TYPE_CHECKING:
    from .minibatch import MinibatchStep
    from .passes import Passes


class Residual(NamedTuple):
    """Numbers that tell how far a point is from a stationary one.

    Attributes
    ----------
    optimality : float
        Largest absolute entry of the minimum-norm subgradient; nan if one is nan.

    product : float
        Sum of the absolute products of its entries and the parameters.

    squares : float
        Its squared norm.
    """

    optimality: float
    product: float
    squares: float


class Evaluation(NamedTuple):
    """Value and derivatives of the objective at one point.

    Attributes
    ----------
    value : float
        The objective: the loss plus the penalty.

    penalty : float
        The penalty alone.

    gradient : ndarray of shape (n_params,)
        Gradient of the loss alone.

    subgradient : ndarray of shape (n_params,)
        Minimum-norm subgradient of the objective, which is zero at stationary points.

    kink : ndarray of bool of shape (n_params,), or None
        Mask of the parameters that rest on a kink of a penalty that is smooth but for kinks
        at zero; None where it has none, and for other penalties.

    residual : Residual or None
        None if it has not been computed along with the rest: see `measured`.
    """

    value: float
    penalty: float
    gradient: np.ndarray
    subgradient: np.ndarray
    kink: np.ndarray | None = None
    residual: Residual | None = None

    def part(self, index: np.ndarray) -> "Evaluation":
        """Return the evaluation of a part of the problem, which has these parameters."""
        kink = None if self.kink is None else self.kink[index]
        return Evaluation(
            self.value, self.penalty, self.gradient[index], self.subgradient[index], kink
        )


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

    needs_minibatches : bool
        Whether something is drawn anew for every minibatch, as with dropout.
    """

    @property
    def n_rows(self) -> int: ...

    @property
    def smooth_penalty(self) -> bool: ...

    @property
    def piecewise_smooth_penalty(self) -> bool: ...

    @property
    def has_diagonal_prox(self) -> bool: ...

    @property
    def needs_minibatches(self) -> bool: ...

    def prox(self, params: np.ndarray, step: float | np.ndarray) -> None:
        """Apply the proximal operator of the penalty, in place."""

    def penalty_value(self, params: np.ndarray) -> float:
        """Compute the penalty's part of the objective."""


class FullBatchProblem(Problem, Protocol):
    """Requests of the full-batch solvers.

    `trial`, `passes`, `has_curvature` and `solve_curvature` are for penalties that are
    smooth but for kinks at zero.

    Attributes
    ----------
    passes : Passes
        What to compute directions with: `solvers.passes`, or the same compiled.

    has_curvature : bool
        Whether `solve_curvature` does more than to divide.
    """

    @property
    def passes(self) -> "Passes": ...

    @property
    def has_curvature(self) -> bool: ...

    def evaluate(self, params: np.ndarray) -> Evaluation:
        """Compute the `Evaluation` at a point."""

    def loss_and_gradient(self, params: np.ndarray) -> tuple[float, np.ndarray]:
        """Compute the loss alone and its gradient."""

    def trial(
        self,
        params: np.ndarray,
        current: Evaluation,
        direction: np.ndarray,
        step: float,
    ) -> tuple[np.ndarray, float]:
        """Return params + step * direction, with zeros where a kink has been passed.

        Also return its slope: the product of the subgradient and the change.
        """

    def solve_curvature(
        self, params: np.ndarray, vector: np.ndarray, shift: float
    ) -> np.ndarray:
        """Compute (shift I + H)^-1 vector, with H the Hessian of the penalty."""


@dataclass
class Part:
    """A problem in some of the parameters of another, with zeros everywhere else.

    Attributes
    ----------
    problem : DivisibleProblem

    params : ndarray of shape (n_params_of_part,)
        The point at which it was asked for, or one with the same loss.

    index : ndarray of int of shape (n_params_of_part,)
        Ascending positions of its parameters among those of the other problem.

    has_changed : bool
        Whether it is not the same point: useless weights have been removed.
    """

    problem: "DivisibleProblem"
    params: np.ndarray
    index: np.ndarray
    has_changed: bool


class DivisibleProblem(FullBatchProblem, Protocol):
    """Requests of a solver that works on the parameters that are alive.

    Attributes
    ----------
    has_parts : bool
        Whether there are parts of this problem.
    """

    @property
    def has_parts(self) -> bool: ...

    def living_part(
        self, params: np.ndarray, subgradient: np.ndarray, threshold: float = 0.0
    ) -> Part | None:
        """Return the part that is not zero or moves; None if it is nearly everything.

        A parameter moves if its entry of the minimum-norm subgradient is larger than
        `threshold` in absolute value.
        """


class MinibatchProblem(Problem, Protocol):
    """Requests of the minibatch solvers."""

    def epoch(
        self, params: np.ndarray, order: np.ndarray, batch_size: int, step: "MinibatchStep"
    ) -> float:
        """Take a step for each minibatch, in place; return the mean loss."""

    def batch_loss_and_gradient(
        self, params: np.ndarray, batch: np.ndarray, step: "MinibatchStep | None" = None
    ) -> tuple[float, np.ndarray]:
        """Estimate the loss and its gradient from some of the samples."""


@dataclass
class Iterate:
    """State of a solver after an iteration.

    Attributes
    ----------
    params : ndarray of shape (n_params,)
        The parameters, in an array that the solver does not modify later.

    value : float
        The objective at `params`; its running mean over the epoch for minibatch solvers.

    n_rows_seen : int
        Number of samples that passed through the network in this iteration.

    optimality : float or None
        Largest absolute entry of the minimum-norm subgradient at `params`; None if unknown.

    tolerance : float or None
        The optimality below which the solver has converged; None for minibatch solvers.

    relative_gap : float or None
        `relative_gap` at `params`; None if unknown.

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


# Below this value of the objective (at its own scale, where the loss of a constant
# prediction is about 1), the gap is taken relative to this instead of to the objective.
NEGLIGIBLE = 1e-3


def relative_gap(params: np.ndarray, evaluation: Evaluation) -> float:
    """Estimate by how much the objective can still decrease, relative to its value.

    The estimate is ``sum_i |p_i w_i|`` divided by the objective, where p is the
    minimum-norm subgradient at w: to first order, the decrease from changing each parameter
    by its own size. It is an upper bound if the objective is convex on the way to a
    minimiser whose parameters lie between 0 and 2w. Unlike the largest entry of p, it does
    not depend on the units of features and targets. Unlike the latest decreases of the
    objective, it does not mistake slow progress for convergence.

    Parameters
    ----------
    params : ndarray of shape (n_params,)

    evaluation : Evaluation
        At `params`.

    Returns
    -------
    gap : float
    """
    return gap_of(evaluation.value, measured(params, evaluation))


def gap_of(value: float, residual: Residual) -> float:
    """Return `relative_gap` at a point with these numbers."""
    return float(residual.product / max(abs(value), NEGLIGIBLE))


def measured(params: np.ndarray, evaluation: Evaluation) -> Residual:
    """Return the residual of an evaluation, computed if it does not have it."""
    if evaluation.residual is not None:
        return evaluation.residual
    subgradient = evaluation.subgradient
    return Residual(
        max_norm(subgradient),
        float(np.abs(subgradient) @ np.abs(params)),
        float(subgradient @ subgradient),
    )


def max_norm(vector: np.ndarray) -> float:
    """Return the largest absolute entry of a vector, or nan if an entry is nan."""
    return float(max(vector.max(), -vector.min())) if vector.size else 0.0


def is_finite(evaluation: Evaluation) -> bool:
    """Whether the value and the squared norm of the subgradient are finite."""
    squared_norm = evaluation.subgradient @ evaluation.subgradient
    return bool(np.isfinite(evaluation.value) and np.isfinite(squared_norm))
