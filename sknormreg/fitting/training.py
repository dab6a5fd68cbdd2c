"""The one place where objective, solver, early stopping and callbacks come together."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..engine import Data
from ..penalties import PiecewiseSmoothPenalty
from ..solvers import LBFGS, PANOC, SGD, Adam, MinibatchState, ProjectedSubgradient
from ..solvers.base import NEGLIGIBLE, is_finite, max_norm
from ..solvers.minibatch import MinibatchSolver
from .objective import Objective

# solver="auto" takes full batches while an evaluation, rows times parameters, is below
# this. See benchmarks/speed solvers.
FULL_BATCH_WORK = 2e9

# tol="auto": the residual that counts as stationary, and the fall of the objective in an
# iteration that counts as progress. Where zeros are still being decided, training goes on
# for longer. See benchmarks/default_fits.py.
_TOL = 1e-4
_PROGRESS_SMOOTH, _PROGRESS_KINKED = 1e-4, 1e-5

# In single precision gradients of deep or wide networks end at about this residual.
_TOL_SINGLE = 1e-3

# Where the objective hardly falls any more, but a residual above this is left, features
# have very different scales, or a target of a small unit is penalised away: what is
# standardised leaves less than 0.03 (losses with kinks apart, whose gradients need not
# vanish).
_UNSTANDARDISED = 0.1

# Share of Glorot's variance that the output layer starts with: the smallest, and alpha / m
# (at the scale of the objective) from which on a penalty with a kink at zero needs all of
# it. See benchmarks/initial_weights.py.
_SMALLEST_OUTPUT_SHARE, _STRONG = 0.1, 0.01

# Numbers in the memory of curvature: small networks can afford many pairs, and for large
# ones a fit is to take the memory of about thirty parameter vectors. See
# benchmarks/solver_memory.py.
_MEMORY_NUMBERS, _FEWEST_PAIRS, _MOST_PAIRS = 250_000, 8, 20

# Of a network, tol="auto" is also a `relative_gap` of at most this: what training on then
# lowers J by stays below a hundredth of it. See benchmarks/convergence.py.
_GAP = 1e-2

# Where a limit has ended training, a gap of so much at the scale of the objective does, at
# which a constant's loss is about 1: it is next to nothing of what has been learnt.
_GAP_OF_UNITS = 2e-2

# A network whose J is at least this share of a constant's has learnt nothing. If the root
# mean square of a feature is beyond the second, or the scale of J below the third, that may
# be why.
_NOTHING_LEARNT, _RAW, _SMALL_UNIT = 0.9, 30.0, 1e-2

# Iterations that a fit which a limit ends has had its chance in.
_CHANCE = 100

# Multiplications of an evaluation up to which tol="auto" goes to the precision of the
# floats, with a longer memory of curvature: a thousand iterations more take less than half
# a second. The memory is of the size of the parameters.
SMALL_WORK, _SMALL_PARAMS = 1.5e5, 1.5e4
_SMALL_SETTINGS = dict(tol=1e-12, min_progress=0.0, memory=50)


@dataclass(frozen=True)
class Precision:
    """What tol="auto" of full batches stands for.

    Attributes
    ----------
    small_work : float
        Multiplications of an evaluation up to which it is the precision of the floats.

    finer : float
        What the tolerances are divided by beyond.

    to_the_end : bool
        Whether slow progress, or a small residual, far from a minimum is not enough to
        count as converged. Networks that are only compared with one another can do
        without.
    """

    small_work: float = SMALL_WORK
    finer: float = 1.0
    to_the_end: bool = True


FULL_PRECISION = Precision()


@dataclass
class Validation:
    """Rows held out to watch the unpenalised loss.

    Attributes
    ----------
    data : Data

    rows : ndarray of int or None
        Which rows of the data; None for all.

    decides : bool
        Whether training stops by, and returns the weights of, the smallest loss.

    score : callable
        Maps encoded targets, raw outputs (which it may overwrite) and sample weights to
        the score recorded beside the loss.
    """

    data: Data
    rows: np.ndarray | None
    decides: bool
    score: Callable

    def evaluate(self, engine, params):
        """Mean loss and score at parameters in their own units."""
        network = engine.network
        X, y, sample_weight = self.data
        if self.rows is not None:
            y = y[self.rows]
            sample_weight = None if sample_weight is None else sample_weight[self.rows]
        raw = engine.raw_predict(
            network.coefs(params), network.intercepts(params), X, self.rows
        )
        weight = len(y) if sample_weight is None else sample_weight.sum(dtype=np.float64)
        loss = network.loss.value(y, raw, sample_weight) / weight
        return loss, self.score(y, raw, sample_weight)


@dataclass
class TrainingState:
    """What `partial_fit` carries from one call to the next."""

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

    status : str
        Why it ended: "converged", "stalled", "max_fun" or "diverged", as solvers say
        (see `Iterate`), or "max_iter", "max_time", "loss_threshold", "early_stopping",
        "callback" or "interrupted".

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
    status: str = "max_iter"
    loss: float = np.nan
    optimality: float = np.nan
    residual: float | None = None
    tolerance: float | None = None
    aim: float | None = None
    relative_gap: float | None = None
    max_relative_gap: float | None = None
    is_finite: bool = True
    start_loss: float = np.inf
    evidence: object = None
    n_iter: int = 0
    n_rows_seen: int = 0
    loss_curve: list = field(default_factory=list)
    validation_loss_curve: list = field(default_factory=list)
    validation_scores: list = field(default_factory=list)


def initial_output_share(objective):
    """How near to a constant prediction training starts (see `initial_params`).

    The larger the first outputs, the more depends on them in which of many local minima
    of about the same height a training ends. But all weights zero is a stationary point
    of a penalty with a kink at zero: it needs a start that is not too near to it, the
    more so the stronger it is.
    """
    if objective.smooth_penalty:
        return _SMALLEST_OUTPUT_SHARE
    return min(max(objective.strength / _STRONG, _SMALLEST_OUTPUT_SHARE), 1.0)


def resolve_solver(name, objective, incremental=False):
    """The solver to use, after a check that it can do what is asked for.

    "auto" goes by the work of a full-batch evaluation.

    Raises
    ------
    ValueError
        If the solver called `name` cannot train with the penalty, or with dropout.
    """
    scalar_only = [p for p in objective.penalties if not p.has_diagonal_prox]
    if name == "auto":
        work = objective.work
        if incremental or objective.dropout:
            name = "sgd" if scalar_only else "adam"
        else:
            name = "lbfgs" if work <= FULL_BATCH_WORK or scalar_only else "adam"
    if name == "adam" and scalar_only:
        raise ValueError(
            f"solver='adam' cannot train with penalty={scalar_only[0]}, whose prox takes "
            "one step size for all weights, while Adam has one for each. Use "
            "solver='lbfgs' or solver='sgd'."
        )
    if name == "lbfgs" and objective.dropout:
        raise ValueError(
            "solver='lbfgs' cannot train with dropout, which is drawn anew for every "
            "minibatch. Use solver='adam' or solver='sgd'."
        )
    return name


def make_solver(name, settings, objective, random_state, precision=FULL_PRECISION):
    """The solver called `name` with an estimator's settings.

    Parameters
    ----------
    name : {"lbfgs", "adam", "sgd"}

    settings : object with the solver parameters as attributes

    objective : Objective

    random_state : RandomState

    precision : Precision
    """
    if name == "lbfgs":
        return _full_batch_method(objective)(
            max_fun=settings.max_fun,
            n_iter_no_change=settings.n_iter_no_change,
            **_full_batch_precision(settings.tol, objective, precision),
        )
    n_rows = objective.n_rows
    batch_size = 200 if settings.batch_size == "auto" else settings.batch_size
    common = dict(
        batch_size=min(batch_size, n_rows),
        learning_rate_init=settings.learning_rate_init,
        learning_rate=settings.learning_rate,
        power_t=settings.power_t,
        tol=_progress(objective) if settings.tol == "auto" else settings.tol,
        n_iter_no_change=settings.n_iter_no_change,
        shuffle=settings.shuffle,
        random_state=random_state,
        draws=objective.dropout is not None,
    )
    if name == "sgd":
        return SGD(
            momentum=settings.momentum, nesterov=settings.nesterovs_momentum, **common
        )
    return Adam(
        beta_1=settings.beta_1, beta_2=settings.beta_2, epsilon=settings.epsilon, **common
    )


def _full_batch_method(objective):
    """The fastest of the full-batch solvers that can do with what the penalty offers."""
    if objective.smooth_penalty:
        return LBFGS
    if all(p.smooth or isinstance(p, PiecewiseSmoothPenalty) for p in objective.penalties):
        return ProjectedSubgradient
    return PANOC


def _full_batch_precision(tol, objective, precision):
    """How far a full-batch solver goes, as keyword arguments for it."""
    n_params = objective.network.n_params
    memory = _MEMORY_NUMBERS // (2 * n_params)
    memory = min(max(memory, _FEWEST_PAIRS), _MOST_PAIRS)
    if tol != "auto":
        return dict(tol=tol, min_progress=0.0, memory=memory)
    if not objective.network.activations:
        # The linear model is convex: its minimum is worth reaching.
        return dict(tol=1e-8, min_progress=0.0, memory=memory)
    gap = _GAP if precision.to_the_end else np.inf
    if objective.work <= precision.small_work and n_params <= _SMALL_PARAMS:
        return dict(max_relative_gap=gap, **_SMALL_SETTINGS)
    return dict(
        tol=_TOL / precision.finer,
        min_progress=_progress(objective) / precision.finer,
        max_relative_gap=gap,
        memory=memory,
    )


def _progress(objective):
    smooth = objective.smooth_penalty and objective.network.loss.smooth
    return _PROGRESS_SMOOTH if smooth else _PROGRESS_KINKED


def convergence_problem(result, objective, solver_name, settings, incremental=False):
    """What keeps a training from counting as converged, and what to change; or None.

    Parameters
    ----------
    result : TrainingResult

    objective : Objective

    solver_name : {"lbfgs", "adam", "sgd"}

    settings : object with the solver parameters as attributes

    incremental : bool
        Whether the training is one epoch of several, which need not converge.
    """
    rate = f"learning_rate_init (now {settings.learning_rate_init:g})"
    if result.status == "diverged":
        return (
            f"Training with solver='{solver_name}' diverged in iteration "
            f"{result.n_iter}: the weights from before are kept. Lower {rate}, or "
            "standardise the features, for example with StandardScaler."
        )
    if incremental:
        return None
    if result.loss > result.start_loss:
        return (
            f"Training with solver='{solver_name}' raised the objective from "
            f"{result.start_loss:.6g} to {result.loss:.6g}. Lower {rate}."
        )
    if solver_name == "lbfgs":
        problem = _full_batch_problem(result, objective, settings)
        return problem or _raw_units_problem(result, objective)
    if result.status == "max_time":
        return (
            f"solver='{solver_name}' reached max_time={settings.max_time:g} seconds after "
            f"{result.n_iter} epochs; the residual optimality_ is {result.optimality:.2g}. "
            f"Increase max_time or tol, or raise {rate}."
        )
    if result.status == "max_iter":
        return (
            f"solver='{solver_name}' reached max_iter={settings.max_iter} epochs before "
            f"n_iter_no_change={settings.n_iter_no_change} of them in a row were without "
            f"progress; the residual optimality_ is {result.optimality:.2g}. Increase "
            f"max_iter or tol, or raise {rate}."
        )
    return _raw_units_problem(result, objective)


def _full_batch_problem(result, objective, settings):
    if result.status not in ("converged", "max_iter", "max_time", "max_fun", "stalled"):
        return None
    if _is_accepted(result, objective, settings):
        return None
    reason, remedy = {
        "converged": ("stopped where steps hardly lower the objective any more", ""),
        "max_iter": (f"reached max_iter={settings.max_iter} iterations", "max_iter, "),
        "max_time": (f"reached max_time={settings.max_time} seconds", "max_time, "),
        "max_fun": (f"reached max_fun={settings.max_fun} evaluations", "max_fun, "),
        "stalled": ("found no further descent at the precision of the data's floats", ""),
    }[result.status]
    gap = ""
    if result.relative_gap > result.max_relative_gap:
        gap = (
            " and, to first order, still to gain "
            f"{result.relative_gap:.2g} of the objective, where "
            f"{result.max_relative_gap:.2g} would do"
        )
    return (
        f"solver='lbfgs' {reason} with a residual of {result.residual:.2g}, where "
        f"{_accepted_residual(result, objective, settings):.2g} would do{gap}. "
        "Standardise the features (and, in regression, the target) if they are not, or "
        f"increase {remedy}tol or alpha."
    )


def _raw_units_problem(result, objective):
    """What to say where nothing was learnt in raw units of features or targets; or None.

    Units that saturate have no gradient, and features in thousands drown the others: a
    point at which hardly anything has been learnt is then nearly stationary.
    """
    first = objective.network.coefs(result.params)[0]
    if not objective.smooth_penalty and not first.any():
        return None  # it is the penalty that has emptied the network
    if not result.loss > _NOTHING_LEARNT * objective.constant_loss():
        return None
    ended = (
        "Training ended with hardly a lower objective than that of a constant prediction"
    )
    if objective.value_scale < _SMALL_UNIT:
        return (
            f"{ended}: next to a loss of {objective.value_scale:.2g}, alpha is large. "
            "Standardise the features and, in regression, the target, or lower alpha."
        )
    sizes = objective.feature_sizes()
    if sizes.max(initial=0) <= _RAW:
        return None
    return (
        f"{ended}, and root mean squares of the features go from {sizes.min():.2g} to "
        f"{sizes.max():.2g}. Standardise the features, for example with StandardScaler."
    )


def _is_accepted(result, objective, settings):
    """Whether it is near enough to a stationary point, though the solver did not say so."""
    is_small = result.residual <= _accepted_residual(result, objective, settings)
    if is_small and not np.isfinite(result.max_relative_gap):
        return True
    if result.status == "stalled" and not objective.network.smooth:
        # It ended on a kink, at which no gradient vanishes.
        return True
    if result.residual > _UNSTANDARDISED and objective.network.loss.smooth:
        return False
    if np.isfinite(result.max_relative_gap):
        gap = result.relative_gap * max(
            result.loss_curve[-1] / objective.value_scale, NEGLIGIBLE
        )
        return result.relative_gap <= result.max_relative_gap or gap <= _GAP_OF_UNITS
    if result.status == "converged":
        return True
    if settings.tol != "auto":
        return False
    window = settings.n_iter_no_change
    if result.n_iter <= window:
        return False
    fall = result.loss_curve[-1 - window] - result.loss_curve[-1]
    return fall < window * _progress(objective) * objective.value_scale


def _accepted_residual(result, objective, settings):
    """The residual that counts as converged; tol="auto" may have aimed at less."""
    if settings.tol != "auto":
        return result.tolerance
    accepted = _TOL_SINGLE if result.params.dtype == np.float32 else _TOL
    return result.tolerance / result.aim * accepted


def train(
    objective: Objective,
    solver,
    params,
    *,
    max_iter,
    deadline=np.inf,
    loss_threshold=None,
    validation: Validation | None = None,
    patience=np.inf,
    min_improvement=0.0,
    begin_iteration=lambda params, n_iter: None,
    end_iteration=lambda params, n_iter: False,
    solver_state=None,
    goes_on=False,
    verbose=False,
):
    """Minimise the objective from `params` on.

    Parameters
    ----------
    objective : Objective

    solver : LBFGS, ProjectedSubgradient, PANOC, Adam or SGD

    params : ndarray of shape (n_params,)
        In their own units.

    max_iter : int
        Iterations, or epochs for minibatch solvers.

    deadline : float
        Value of `time.monotonic` from which on no further iteration begins; there is one
        in any case.

    loss_threshold : float or None
        Stops where J is at most this.

    validation : Validation or None

    patience, min_improvement : float
        A deciding validation stops after more than `patience` iterations in a row that
        do not lower its loss by `min_improvement`, at the scale of the objective.

    begin_iteration, end_iteration : callable
        Called with the parameters and the number of iterations done before and after
        every iteration; the latter returns true to stop.

    solver_state : MinibatchState or None

    goes_on : bool
        Whether another training may start from the weights found: they are then returned
        even if a constant prediction, which no descent leads away from, has a lower J.

    verbose : bool or int
        1 prints a line after iterations 1 to 10, 20, 30, ..., 100, 200, ...; more prints
        one after every iteration.

    Returns
    -------
    result : TrainingResult
    """
    params = objective.feasible(params)
    result = TrainingResult(
        params,
        aim=solver.tol,
        max_relative_gap=getattr(solver, "max_relative_gap", None),
    )
    watch = _ValidationWatch(objective, validation, patience, min_improvement)
    report = _Report(objective, verbose)
    iterates = solver.iterate(objective, objective.to_solver(params), solver_state)
    rows_together = getattr(solver, "batch_size", objective.n_rows)
    with objective.engine.threads(params.dtype, rows_together):
        try:
            if isinstance(solver, MinibatchSolver) and solver_state is None:
                # Full-batch solvers never end above their start; these may.
                with _overflow_is_noticed_later():
                    result.start_loss = objective.evaluate_unscaled(params).value
            watch.begin(params)
            while result.n_iter < max_iter:
                begin_iteration(result.params, result.n_iter)
                with _overflow_is_noticed_later():
                    iterate = next(iterates)
                _record(result, iterate, objective)
                stops = watch.stops(result)
                report.iteration(result)
                if end_iteration(result.params, result.n_iter):
                    stops = stops or "callback"
                if loss_threshold is not None and result.loss_curve[-1] <= loss_threshold:
                    stops = stops or "loss_threshold"
                if time.monotonic() >= deadline:
                    stops = stops or "max_time"
                if iterate.status or stops:
                    result.status = iterate.status or stops
                    break
        except KeyboardInterrupt:
            result.status = "interrupted"
        iterates.close()  # and with it the solver's memory
        watch.restore_best(result)
        if result.status == "interrupted":
            # Who interrupts does not want to wait for another evaluation.
            result.loss = result.loss_curve[-1] if result.loss_curve else np.nan
        else:
            with _overflow_is_noticed_later():
                incremental = solver_state is not None
                _evaluate_end(result, params, objective, incremental)
                if not (incremental or watch.decides or goes_on):
                    full_batches = not isinstance(solver, MinibatchSolver)
                    _prefer_constant(result, objective, full_batches)
    return result


def _evaluate_end(result, start, objective, incremental):
    """Record J at the last parameters; go back to the start where it has exploded."""
    end = objective.evaluate_unscaled(result.params)
    if not is_finite(end) or (incremental and _has_exploded(end, start, objective)):
        # Finite weights, far too large for their own objective.
        result.params, result.status = start, "diverged"
        end = objective.evaluate_unscaled(start)
    result.is_finite = is_finite(end)
    result.loss, result.optimality = end.value, max_norm(end.subgradient)


def _prefer_constant(result, objective, full_batches):
    """Go to the constant prediction where training has ended above its J.

    With a strong penalty that is flat far out, or from a start where one dominates, there
    are stationary points above it.
    """
    ended_by_itself = ("converged", "stalled")
    if full_batches and result.n_iter >= _CHANCE:
        ended_by_itself += ("max_iter", "max_fun")
    if result.status not in ended_by_itself:
        return
    if not result.loss > objective.constant_loss():
        return
    result.params = objective.empty_params()
    end = objective.evaluate_unscaled(result.params)
    result.loss, result.optimality = end.value, max_norm(end.subgradient)


def _has_exploded(end, start, objective):
    """Whether one epoch raised J beyond all chance; J at its start is seldom needed."""
    if end.value <= 1e3 * objective.value_scale:
        return False
    return end.value > 1e3 * objective.evaluate_unscaled(start).value


def _overflow_is_noticed_later():
    """Overflow shows in the results, which are checked: NumPy need not warn of it."""
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")


def _record(result, iterate, objective):
    result.n_iter += 1
    result.n_rows_seen += iterate.n_rows_seen
    result.loss_curve.append(iterate.value * objective.value_scale)
    result.residual, result.tolerance = iterate.optimality, iterate.tolerance
    result.relative_gap = iterate.relative_gap
    if iterate.status != "diverged":
        result.params = objective.from_solver(iterate.params)
        if not objective.smooth_penalty:
            # A unit may have died so late, or its weights weigh so little at the scale
            # of the objective, that the solver left those into it as they were.
            result.params = objective.without_dead_ends(result.params)


class _ValidationWatch:
    """Follows the loss of held-out rows; keeps the best weights where it decides."""

    def __init__(self, objective, validation, patience, min_improvement):
        self._engine = objective.engine
        self._validation = validation
        self._patience = patience
        self._min_improvement = min_improvement * objective.value_scale
        self._best_loss, self._best_params = np.inf, None
        self._n_without_progress = 0

    def stops(self, result):
        """Evaluate the current weights; "early_stopping" where patience has run out."""
        if self._validation is None:
            return None
        with _overflow_is_noticed_later():
            loss, score = self._validation.evaluate(self._engine, result.params)
        result.validation_loss_curve.append(loss)
        result.validation_scores.append(score)
        progress = loss < self._best_loss - self._min_improvement
        self._n_without_progress = 0 if progress else self._n_without_progress + 1
        if loss < self._best_loss:
            self._best_loss, self._best_params = loss, result.params
        if self._validation.decides and self._n_without_progress > self._patience:
            return "early_stopping"
        return None

    @property
    def decides(self):
        """Whether the weights returned are those of the smallest loss."""
        return self._validation is not None and self._validation.decides

    def begin(self, params):
        """Evaluate the starting weights: training may lead away from the best."""
        if self.decides:
            with _overflow_is_noticed_later():
                loss, _ = self._validation.evaluate(self._engine, params)
            if loss < self._best_loss:
                self._best_loss, self._best_params = loss, params

    def restore_best(self, result):
        if self.decides and self._best_params is not None:
            result.params = self._best_params


class _Report:
    """Prints how training goes."""

    def __init__(self, objective, verbose):
        self._n_weights = objective.network.n_weights
        self._verbose = int(verbose)
        self._start = time.perf_counter()

    def iteration(self, result):
        if not self._prints(result.n_iter):
            return
        sparsity = np.mean(result.params[: self._n_weights] == 0)
        parts = [
            f"Iteration {result.n_iter}, loss = {result.loss_curve[-1]:.8g}",
            f"sparsity = {sparsity:.3f}",
        ]
        if result.residual is not None:
            parts.insert(1, f"residual = {result.residual:.2e}")
        if result.validation_loss_curve:
            parts.append(f"validation loss = {result.validation_loss_curve[-1]:.6g}")
        parts.append(f"{time.perf_counter() - self._start:.1f} s")
        print(", ".join(parts))

    def _prints(self, n_iter):
        """A larger `verbose` never prints less."""
        decade = 10 ** (len(str(n_iter)) - 1)
        return self._verbose > 1 or (self._verbose == 1 and n_iter % decade == 0)
