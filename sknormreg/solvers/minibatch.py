"""Base classes of minibatch solvers: epochs, learning rates and stopping criteria.

Each step moves along an unbiased estimate of the gradient of the loss and then applies the
proximal operator of the whole penalty, which is not part of the gradient. Weights thus
reach zero exactly, and fixed points are those of the objective, whatever the batch size.
"""

import sys
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from .base import Iterate, MinibatchProblem, Problem
from .status import Status

# An adaptive learning rate below this fraction of the initial one is not reduced further.
_SMALLEST_RATE = 1e-3


@dataclass
class MinibatchState:
    """State that a minibatch solver carries from one call of `iterate` to the next.

    Attributes
    ----------
    moments : dict of str to ndarray of shape (n_params,)
        The running averages of the solver.

    n_steps : int
        Number of steps, one per minibatch, since the moments were zero.

    n_epochs : int
        Number of epochs.

    best_value : float
        The lowest running mean of the objective so far.

    n_without_progress : int
        Number of epochs in a row that have not decreased it by `tol`.

    n_reductions : int
        Number of times that an adaptive learning rate has been divided.
    """

    moments: dict = field(default_factory=dict)
    n_steps: int = 0
    n_epochs: int = 0
    best_value: float = np.inf
    n_without_progress: int = 0
    n_reductions: int = 0


@dataclass(kw_only=True)
class MinibatchStep(ABC):
    """Base class of the steps that a solver takes for each minibatch of an epoch.

    `take` is called for each minibatch, unless the compiled engine has a loop of its own
    for the step. It then runs the whole epoch and reads the attributes.

    Attributes
    ----------
    method : str or None
        Name of the loop of the compiled engine, set by subclasses; None if there is none.

    moments : dict of str to ndarray of shape (n_params,)
        Running averages, updated in place.

    n_steps : int
        Number of steps taken, including those of this epoch.

    rate : float
        The learning rate.

    seed : int
        Seed of what the problem draws at random in the epoch (dropout), from 0 to 2^32 - 1.
    """

    moments: dict
    n_steps: int
    rate: float
    seed: int = 0

    method: ClassVar[str | None] = None

    @abstractmethod
    def take(
        self, problem: MinibatchProblem, params: np.ndarray, batch: np.ndarray
    ) -> float:
        """Take one step and return the loss before it.

        Implementations increase `n_steps` by 1.

        Parameters
        ----------
        problem : MinibatchProblem

        params : ndarray of shape (n_params,)
            The parameters, updated in place.

        batch : ndarray of int
            Positions of the minibatch among the training samples.

        Returns
        -------
        loss : float
        """

    def prox_steps(self) -> float | np.ndarray:
        """Return the step size, or that of each parameter, of the last proximal operator.

        By default, the learning rate.
        """
        return self.rate

    def flush_denormals(self) -> None:
        """Set denormal numbers in the moments to zero: arithmetic with them is slow.

        The moments of weights whose gradient vanishes would remain denormal for good.
        """
        for moment in self.moments.values():
            moment[np.abs(moment) < np.finfo(moment.dtype).tiny] = 0


@dataclass(frozen=True, kw_only=True)
class MinibatchSolver(ABC):
    """Base class of stochastic proximal methods.

    Subclasses set `moment_names` and implement `step`.

    Parameters
    ----------
    batch_size : int
        Number of samples in a minibatch.

    learning_rate_init : float
        Initial learning rate.

    learning_rate : {"constant", "invscaling", "adaptive"}
        Learning rate schedule. "invscaling" divides the initial learning rate by
        ``epoch ** power_t``, with epochs counted from 1; "adaptive" divides it by 5 each
        time there is no progress.

    power_t : float
        Exponent of the "invscaling" schedule.

    tol, n_iter_no_change : float, int or inf
        An epoch is without progress if it does not decrease the lowest running mean of the
        objective by `tol`. More than `n_iter_no_change` such epochs in a row end training
        or reduce an adaptive learning rate.

    shuffle : bool
        Whether to shuffle the samples before each epoch.

    random_state : RandomState
        Determines the order of the samples, and the seed of each `MinibatchStep`.

    draws : bool
        Whether the problem draws something at random (dropout), and so needs a seed.

    n_iter_average : int
        Number of epochs whose last parameters are averaged in each iterate: see
        `sparse_average`. Steps are taken from parameters that are not averaged.
    """

    batch_size: int
    learning_rate_init: float
    learning_rate: str
    power_t: float
    tol: float
    n_iter_no_change: float
    shuffle: bool
    random_state: np.random.RandomState
    draws: bool = False
    n_iter_average: int = 1

    # Names of the running averages, set by subclasses.
    moment_names: ClassVar[tuple[str, ...]] = ()

    @classmethod
    @abstractmethod
    def supports(cls, problem: Problem) -> bool:
        """Whether the method can minimise such a problem (a `MinibatchProblem`)."""

    @abstractmethod
    def step(self, **common: Any) -> MinibatchStep:
        """Make the `MinibatchStep` of an epoch.

        Parameters
        ----------
        **common : dict
            The attributes that all of them have.

        Returns
        -------
        step : MinibatchStep
        """

    def iterate(
        self,
        problem: MinibatchProblem,
        params: np.ndarray,
        state: MinibatchState | None = None,
    ) -> Iterator[Iterate]:
        """Run epochs until there is no progress; the last iterate has a status.

        Parameters
        ----------
        problem : MinibatchProblem

        params : ndarray of shape (n_params,)
            Starting point, which is not modified.

        state : MinibatchState or None
            State to continue from, updated in place. None starts a new one.

        Yields
        ------
        iterate : Iterate
        """
        params = params.copy()
        state = MinibatchState() if state is None else state
        if set(state.moments) != set(self.moment_names):
            # The first call, or the first call after another solver.
            state.n_steps = 0
            state.moments = {name: np.zeros_like(params) for name in self.moment_names}
        state.moments = {
            name: _continued(moment, params, name) for name, moment in state.moments.items()
        }
        status = None
        recent = _RecentMean(self.n_iter_average)
        while status is None:
            value, step = self._epoch(problem, params, state)
            if not (np.isfinite(value) and _is_finite(params, state)):
                status = Status.DIVERGED
            progress = value <= state.best_value - self.tol
            state.n_without_progress = 0 if progress else state.n_without_progress + 1
            state.best_value = min(state.best_value, value)
            if state.n_without_progress > self.n_iter_no_change:
                state.n_without_progress = 0
                if self._is_last_rate(state):
                    status = status or Status.CONVERGED
                else:
                    state.n_reductions += 1
            found = params.copy()
            if self.n_iter_average > 1:
                found = sparse_average(problem, recent.with_next(found), params, step)
            yield Iterate(found, value, problem.n_rows, status=status)

    def rate(self, state: MinibatchState) -> float:
        """Return the learning rate of the next epoch."""
        if self.learning_rate == "invscaling":
            return self.learning_rate_init / (state.n_epochs + 1) ** self.power_t
        if self.learning_rate == "adaptive":
            return self.learning_rate_init / 5**state.n_reductions
        return self.learning_rate_init

    def _is_last_rate(self, state):
        smallest = _SMALLEST_RATE * self.learning_rate_init
        return self.learning_rate != "adaptive" or self.rate(state) <= smallest

    def _epoch(self, problem, params, state):
        """Run one epoch, in place, and return the running mean of the objective.

        Also return the step of the epoch.
        """
        n_rows = problem.n_rows
        order = self.random_state.permutation(n_rows) if self.shuffle else np.arange(n_rows)
        step = self.step(
            moments=state.moments,
            n_steps=state.n_steps,
            rate=self.rate(state),
            seed=self.random_state.randint(2**32, dtype=np.uint32) if self.draws else 0,
        )
        loss = problem.epoch(params, order, self.batch_size, step)
        state.n_steps = step.n_steps
        state.n_epochs += 1
        return loss + problem.penalty_value(params), step


def sparse_average(
    problem: MinibatchProblem, mean: np.ndarray, last: np.ndarray, step: MinibatchStep
) -> np.ndarray:
    """Return a mean of iterates (Polyak and Juditsky, 1992; Izmailov et al., 2018), sparse.

    A mean is zero only where all iterates are. Parameters that are zero in the last
    iterate are therefore set to zero, and the proximal operator follows, with the step size
    of the last step. In fits to five tables with L1, MCP and the group lasso, this had at
    least as many zeros as the last iterate, and nearly always a lower objective than the
    mean, either of the two alone, or zeros where half of the iterates have them. The
    proximal operator also restores the structure that other penalties give to weights, such
    as a low rank, and bounds.

    Parameters
    ----------
    problem : MinibatchProblem

    mean : ndarray of shape (n_params,)

    last : ndarray of shape (n_params,)
        The last iterate, which is not modified.

    step : MinibatchStep
        The last one that was taken.

    Returns
    -------
    average : ndarray of shape (n_params,)
    """
    average = np.where(last == 0, 0, mean).astype(last.dtype)
    problem.prox(average, step.prox_steps())
    return average


class _RecentMean:
    """Mean of the last arrays that were given, in double precision."""

    def __init__(self, n_arrays):
        self._n_arrays = min(n_arrays, sys.maxsize)
        self._recent: deque[np.ndarray] = deque(maxlen=self._n_arrays)
        self._n_given = 0
        self._total: Any = 0.0

    def with_next(self, array):
        """Return the mean that includes another array, which must not change later."""
        recent = self._recent
        oldest = recent[0] if len(recent) == self._n_arrays else 0.0
        recent.append(array)
        self._n_given += 1
        if self._n_given % self._n_arrays:
            self._total = self._total + array.astype(np.float64) - oldest
        else:
            # Anew, so that rounding does not pile up.
            self._total = sum(recent, np.zeros(len(array)))
        return self._total / len(recent)


def _continued(moment, params, name):
    """Return a running average as a writable array with the dtype of `params`.

    It is copied if necessary, for example if the model was loaded as a read-only memory
    map.
    """
    moment = np.asarray(moment)
    if moment.shape != params.shape or moment.dtype.kind != "f":
        raise ValueError(
            f"Training cannot go on from a running average {name!r} of {moment.dtype} "
            f"and of shape {moment.shape}: there are {len(params)} parameters."
        )
    return np.require(moment, params.dtype, ["C", "A", "W"])


def _is_finite(params, state):
    return np.isfinite(params).all() and all(
        np.isfinite(moment).all() for moment in state.moments.values()
    )
