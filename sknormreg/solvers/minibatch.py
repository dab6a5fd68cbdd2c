"""Epochs over minibatches: what the stochastic proximal solvers have in common.

Every step moves along an unbiased estimate of the loss's gradient and applies the prox
of the whole penalty, so that a weight reaches zero exactly and the fixed points are
those of the objective, whatever the batch size. The penalty is in the prox only.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np

from .base import Iterate
from .status import Status

# The adaptive learning rate ends a run when it has fallen below this share of its start.
_SMALLEST_RATE = 1e-3


@dataclass
class MinibatchState:
    """What a stochastic solver carries from one call to the next.

    Attributes
    ----------
    moments : dict of str to ndarray of shape (n_params,)
        The running averages of the solver.

    n_steps : int
        Minibatches seen.

    n_epochs : int

    best_value : float
        The lowest running mean of the objective so far.

    n_without_progress : int
        Epochs in a row that did not lower it by `tol`.

    n_reductions : int
        How often an adaptive learning rate has been divided.
    """

    moments: dict = field(default_factory=dict)
    n_steps: int = 0
    n_epochs: int = 0
    best_value: float = np.inf
    n_without_progress: int = 0
    n_reductions: int = 0


@dataclass(kw_only=True)
class MinibatchStep(ABC):
    """The step that is taken for each minibatch of an epoch.

    `take` is the step in NumPy; an engine with a loop of its own over the epoch reads the
    attributes.

    Attributes
    ----------
    moments : dict of str to ndarray of shape (n_params,)
        Running averages, updated in place.

    n_steps : int
        Steps taken, this epoch's included.

    rate : float
        The learning rate.

    seed : int
        Of what the problem draws at random in the epoch, from 0 to 2^32 - 1.
    """

    moments: dict
    n_steps: int
    rate: float
    seed: int = 0

    @abstractmethod
    def take(self, problem, params, batch):
        """Move `params` by one step, in place; returns the loss at its start.

        Parameters
        ----------
        problem : MinibatchProblem

        params : ndarray of shape (n_params,)

        batch : ndarray of int
            Positions among the rows trained on.
        """

    def flush_denormals(self):
        """Zero what has decayed below the normal floats, where arithmetic is slow.

        The moments of weights whose gradient has died would linger there for good.
        """
        for moment in self.moments.values():
            moment[np.abs(moment) < np.finfo(moment.dtype).tiny] = 0


@dataclass(frozen=True, kw_only=True)
class MinibatchSolver(ABC):
    """A stochastic proximal method.

    Parameters
    ----------
    batch_size : int

    learning_rate_init : float

    learning_rate : {"constant", "invscaling", "adaptive"}
        "invscaling" divides the initial rate by `(epoch + 1) ** power_t`; "adaptive"
        divides the rate by 5 where the objective stops falling.

    power_t : float

    tol, n_iter_no_change : float, int or inf
        An epoch that lowers the objective's running mean by less than `tol` is without
        progress; more than `n_iter_no_change` of them in a row end the run, or divide
        an adaptive learning rate.

    shuffle : bool

    random_state : RandomState
        Draws the order of the rows.

    draws : bool
        Whether the problem, too, draws something at random in each epoch.
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

    # Names of the running averages, set by every method.
    moment_names = ()

    @classmethod
    @abstractmethod
    def supports(cls, problem):
        """Whether the method can minimise such a problem (a `MinibatchProblem`)."""

    @abstractmethod
    def step(self, **common):
        """The `MinibatchStep` of an epoch, from the attributes that all of them have."""

    def iterate(self, problem, params, state=None):
        """Yield an `Iterate` after every epoch; the last one has a status.

        Parameters
        ----------
        problem : MinibatchProblem

        params : ndarray of shape (n_params,)
            Starting point, not modified.

        state : MinibatchState or None
            Continued and updated in place; None starts a new one.
        """
        params = params.copy()
        state = MinibatchState() if state is None else state
        if set(state.moments) != set(self.moment_names):
            # The first call, or the first one of another method.
            state.n_steps = 0
            state.moments = {name: np.zeros_like(params) for name in self.moment_names}
        state.moments = {
            name: _continued(moment, params, name) for name, moment in state.moments.items()
        }
        status = None
        while status is None:
            value = self._epoch(problem, params, state)
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
            yield Iterate(params.copy(), value, problem.n_rows, status=status)

    def rate(self, state):
        """The learning rate of the epoch to come."""
        if self.learning_rate == "invscaling":
            return self.learning_rate_init / (state.n_epochs + 1) ** self.power_t
        if self.learning_rate == "adaptive":
            return self.learning_rate_init / 5**state.n_reductions
        return self.learning_rate_init

    def _is_last_rate(self, state):
        smallest = _SMALLEST_RATE * self.learning_rate_init
        return self.learning_rate != "adaptive" or self.rate(state) <= smallest

    def _epoch(self, problem, params, state):
        """Run over all rows once; returns the running mean of the objective."""
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
        return loss + problem.penalty_value(params)


def _continued(moment, params, name):
    """A running average in the precision of the data at hand, to be written to.

    Those of a model that is mapped into memory read-only are copied.
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
