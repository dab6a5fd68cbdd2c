"""A finished training, and the state of one that goes on."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..solvers import MinibatchState, Status


@dataclass
class TrainingState:
    """State that `partial_fit` carries from one call to the next."""

    random_state: np.random.RandomState
    scales: tuple | None = None
    solver_state: MinibatchState = field(default_factory=MinibatchState)


@dataclass
class TrainingResult:
    """A finished training.

    Attributes
    ----------
    params : ndarray of shape (n_params,)
        In their own units.

    status : Status
        Why it ended.

    loss, optimality : float
        J and the largest entry of its minimum-norm subgradient, both at `params`.

    is_finite : bool
        Whether J and the squared norm of its subgradient are finite at `params`. They
        are not only if they were not at the start.

    residual, tolerance : float or None
        The solver's last optimality and what would have counted as converged, at the
        objective's scales; None for minibatch solvers.

    aim : float or None
        The `tol` of the solver.

    relative_gap, max_relative_gap : float or None
        The solver's last `relative_gap`, and what it may be where it counts as converged;
        None for minibatch solvers.

    start_loss : float
        J at the initial parameters.

    evidence : Evidence or None
        What was found out on the way, where alphas were chosen by it.
    """

    params: np.ndarray
    status: Status = Status.MAX_ITER
    loss: float = np.nan
    optimality: float = np.nan
    residual: float | None = None
    tolerance: float | None = None
    aim: float | None = None
    relative_gap: float | None = None
    max_relative_gap: float | None = None
    is_finite: bool = True
    start_loss: float = np.inf
    evidence: Any = None
    n_iter: int = 0
    n_rows_seen: int = 0
    loss_curve: list = field(default_factory=list)
    validation_loss_curve: list = field(default_factory=list)
    validation_scores: list = field(default_factory=list)
