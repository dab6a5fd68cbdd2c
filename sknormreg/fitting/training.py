"""The training loop: objective, solver, held-out samples and whoever watches."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..engine import Network
from ..solvers import Status
from ..solvers.base import is_finite, max_norm
from ..solvers.minibatch import MinibatchSolver
from .report import Report
from .result import TrainingResult
from .scaled_objective import ScaledObjective
from .settings import SolverSettings
from .validation_loss import Validation, ValidationWatch

# Iterations that a fit which a limit ends has had its chance in.
_CHANCE = 100


# Returns the parameters that a training would return which ended here.
CurrentParams = Callable[[], np.ndarray]


class Watcher:
    """Is told of every iteration, and may end the training; this one does neither.

    Attributes
    ----------
    name : str
        Of the training, where there are several; part of what is printed.
    """

    name = ""

    def begin_iteration(self, network: Network, params: CurrentParams, n_iter: int) -> None:
        """Take note of the iteration after the first `n_iter` ones."""

    def end_iteration(
        self, network: Network, params: CurrentParams, n_iter: int
    ) -> bool | None:
        """Take note of the end of an iteration; return true to stop."""


def train(
    objective: ScaledObjective,
    solver: Any,
    params: np.ndarray,
    settings: SolverSettings,
    *,
    deadline: float = np.inf,
    validation: Validation | None = None,
    watcher: Watcher | None = None,
    solver_state: Any = None,
    incremental: bool = False,
    goes_on: bool = False,
) -> tuple[TrainingResult, ScaledObjective]:
    """Minimise the objective from `params` on.

    Parameters
    ----------
    objective : ScaledObjective

    solver : FullBatchSolver, MinibatchSolver or EvidenceSolver

    params : ndarray of shape (n_params,)
        In their own units.

    settings : SolverSettings

    deadline : float
        Value of `time.monotonic` from which on no further iteration begins; there is one
        in any case.

    validation : Validation or None

    watcher : Watcher or None

    solver_state : MinibatchState, Curvature or None
        What an earlier training has left to this one; updated.

    incremental : bool
        Whether the training goes on in later calls, and this one is a part of it.

    goes_on : bool
        Whether another training may start from the weights found: they are then returned
        even if a constant prediction, which no descent leads away from, has a lower J.

    Returns
    -------
    result : TrainingResult

    objective : ScaledObjective
        The one of the last iterate: a solver may change it.
    """
    run = _Run(objective, solver, params, settings, validation, watcher or Watcher())
    rows_together = getattr(solver, "batch_size", objective.n_rows)
    with objective.engine.threads(params.dtype, rows_together):
        iterates = solver.iterate(objective, run.start_of_solver, solver_state)
        try:
            with _overflow_shows_later():
                run.begin(is_new=not incremental)
            run.iterate(iterates, deadline)
        except KeyboardInterrupt:
            run.result.status = Status.INTERRUPTED
        iterates.close()  # and with it the solver's memory
        with _overflow_shows_later():
            run.end(incremental, goes_on)
    return run.result, run.objective


class _Run:
    """One training: the state that its steps share."""

    def __init__(self, objective, solver, params, settings, validation, watcher):
        self.objective, self._solver, self._settings = objective, solver, settings
        self._start = objective.feasible(params)
        self.start_of_solver = objective.to_solver(self._start)
        self.result = TrainingResult(
            self._start,
            aim=solver.tol,
            max_relative_gap=getattr(solver, "max_relative_gap", None),
        )
        tol = settings.tol
        self._validation = ValidationWatch(
            objective,
            validation,
            settings.n_iter_no_change,
            1e-4 if tol == "auto" else tol,
        )
        self._watcher = watcher
        self._report = Report(objective, settings, self._in_minibatches, watcher.name)

    @property
    def _in_minibatches(self):
        return isinstance(self._solver, MinibatchSolver)

    def begin(self, is_new):
        """Evaluate the starting weights, where that is of use later."""
        if self._in_minibatches and is_new:
            # Full-batch solvers never end above their start; these may.
            self.result.start_loss = self.objective.objective.evaluate(self._start).value
        self._validation.begin(self._start)

    def iterate(self, iterates, deadline):
        """Take iterations until something ends them."""
        result, network = self.result, self.objective.network
        while result.n_iter < self._settings.max_iter:
            params = partial(self._as_returned, result.params)
            self._watcher.begin_iteration(network, params, result.n_iter)
            with _overflow_shows_later():
                iterate = next(iterates)
                self._record(iterate)
                stopped_early = self._validation.stops(result)
            self._report.iteration(result, deadline)
            params = partial(self._as_returned, result.params)
            asked = self._watcher.end_iteration(network, params, result.n_iter)
            status = iterate.status or stopped_early
            status = status or (Status.CALLBACK if asked else None)
            status = status or self._limit_reached(deadline)
            if status:
                result.status = status
                break

    def _as_returned(self, params):
        """Return parameters without weights that have no effect.

        A unit may have died so late, or its weights weigh so little at the scale of the
        objective, that the solver left those into it as they were.
        """
        if self.objective.smooth_penalty:
            return params
        return self.objective.objective.without_dead_ends(params)

    def _limit_reached(self, deadline):
        threshold = self._settings.loss_threshold
        if threshold is not None and self.result.loss_curve[-1] <= threshold:
            return Status.LOSS_THRESHOLD
        return Status.MAX_TIME if time.monotonic() >= deadline else None

    def _record(self, iterate):
        result = self.result
        self.objective = iterate.problem or self.objective
        result.n_iter += 1
        result.n_rows_seen += iterate.n_rows_seen
        result.loss_curve.append(iterate.value * self.objective.value_scale)
        result.residual, result.tolerance = iterate.optimality, iterate.tolerance
        result.relative_gap = iterate.relative_gap
        if iterate.status is not Status.DIVERGED:
            result.params = self.objective.from_solver(iterate.params)

    # The end

    def end(self, incremental, goes_on):
        """Record J at the weights to return."""
        result = self.result
        went_back = self._validation.restore_best(result)
        result.params = self._as_returned(result.params)
        if result.status is Status.INTERRUPTED:
            # Who interrupts does not want to wait for another evaluation.
            result.loss = result.loss_curve[-1] if result.loss_curve else np.nan
            return
        self._evaluate_end(incremental, went_back)
        if not (incremental or self._validation.decides or goes_on):
            self._prefer_constant()

    def _evaluate_end(self, incremental, went_back):
        """Record J at the parameters; go to those of the start where it has exploded."""
        result, objective = self.result, self.objective.objective
        end = objective.evaluate(result.params)
        if not is_finite(end) or (incremental and self._has_exploded(end)):
            # Finite weights, far too large for their own objective.
            result.params, result.status = self._start, Status.DIVERGED
            end = objective.evaluate(self._start)
        result.is_finite = is_finite(end)
        result.loss, result.optimality = end.value, max_norm(end.subgradient)
        if result.residual is not None and not went_back:
            # A limit may have ended training on a part of the parameters. Where held-out
            # samples prefer weights from before, the residual stays that of the last ones:
            # it tells whether training has converged.
            of_all = max_norm(self.objective.gradient_to_solver(end.subgradient))
            result.residual = max(result.residual, of_all)

    def _has_exploded(self, end):
        """Whether one epoch raised J beyond all chance; J at its start is seldom needed."""
        if end.value <= 1e3 * self.objective.value_scale:
            return False
        return end.value > 1e3 * self.objective.objective.evaluate(self._start).value

    def _prefer_constant(self):
        """Go to the constant prediction where training has ended above its J.

        With a strong penalty that is flat far out, or from a start where one dominates,
        there are stationary points above it.
        """
        result, objective = self.result, self.objective.objective
        ended_by_itself: tuple[Status, ...] = (Status.CONVERGED, Status.STALLED)
        if not self._in_minibatches and result.n_iter >= _CHANCE:
            ended_by_itself += (Status.MAX_ITER, Status.MAX_FUN)
        if result.status not in ended_by_itself:
            return
        if not result.loss > objective.constant_loss():
            return
        result.params, result.is_constant = objective.empty_params(), True
        end = objective.evaluate(result.params)
        result.loss, result.optimality = end.value, max_norm(end.subgradient)


def _overflow_shows_later():
    """Overflow shows in the results, which are checked: NumPy need not warn of it."""
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")
