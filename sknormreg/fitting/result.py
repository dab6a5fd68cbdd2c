"""A finished training, and the state of one that goes on."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ..solvers import MinibatchState, Status


@dataclass
class TrainingState:
    """State that `partial_fit` carries from one call to the next."""

    random_state: np.random.RandomState
    scales: tuple | None = None
    solver_state: MinibatchState = field(default_factory=MinibatchState)


class LossCurves(NamedTuple):
    """Losses after every iteration of the trainings that lead to a network.

    Attributes
    ----------
    objective : tuple of ndarray
        J in each training; it starts from the weights at which the one before has ended.

    validation : ndarray or None
        Loss of the held-out samples in the last training.
    """

    objective: tuple[np.ndarray, ...]
    validation: np.ndarray | None


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

    is_constant : bool
        Whether training ended above the J of a constant prediction, which took its place.

    start_loss : float
        J at the initial parameters.

    validation_loss : float or None
        Loss of the held-out samples at `params`, where that decides which are returned.

    evidence : Evidence or None
        What was found out on the way, where alphas were chosen by it.

    earlier_curves : tuple of ndarray
        `loss_curve` of each training that this one goes on from.
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
    is_constant: bool = False
    start_loss: float = np.inf
    validation_loss: float | None = None
    evidence: Any = None
    n_iter: int = 0
    n_rows_seen: int = 0
    loss_curve: list = field(default_factory=list)
    validation_loss_curve: list = field(default_factory=list)
    validation_scores: list = field(default_factory=list)
    earlier_curves: tuple[np.ndarray, ...] = ()

    # Kept, so that the trainings that go on from this one share its array.
    @cached_property
    def curves(self) -> LossCurves:
        """Loss curves of this training, and of those that it goes on from."""
        objective = (*self.earlier_curves, np.array(self.loss_curve))
        validation = self.validation_loss_curve
        return LossCurves(objective, np.array(validation) if validation else None)
