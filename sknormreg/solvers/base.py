"""Evaluations that solvers ask of a problem, and iterates that they report."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


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
    """

    value: float
    penalty: float
    gradient: np.ndarray
    subgradient: np.ndarray


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

    status : {None, "converged", "stalled", "max_fun", "diverged"}
        Why the solver stops here; None if it continues. "stalled" means that no descent was
        found at the precision of the floats, "diverged" that the objective or the
        parameters are not finite.
    """

    params: np.ndarray
    value: float
    n_rows_seen: int
    optimality: float | None = None
    tolerance: float | None = None
    relative_gap: float | None = None
    status: str | None = None


# Below this value of the objective (at its own scale, where the loss of a constant
# prediction is about 1), the gap is taken relative to this instead of to the objective.
NEGLIGIBLE = 1e-3


def relative_gap(params, evaluation):
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
    gap = np.abs(evaluation.subgradient) @ np.abs(params)
    return float(gap / max(abs(evaluation.value), NEGLIGIBLE))


def max_norm(vector):
    """Return the largest absolute entry of a vector, or nan if an entry is nan."""
    return float(max(vector.max(), -vector.min())) if vector.size else 0.0


def is_finite(evaluation):
    """Whether the value and the squared norm of the subgradient are finite."""
    squared_norm = evaluation.subgradient @ evaluation.subgradient
    return bool(np.isfinite(evaluation.value) and np.isfinite(squared_norm))
