"""Fits at the alpha whose networks predict held-out samples best."""

import time
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..engine import Data, Network
from ..solvers import Status
from .alpha_trials import Trial, trials_of
from .best_start import fit_from_starts
from .fit import FittedNetwork, fit_network
from .precision import COMPARED, PREDICTING
from .report import Lines
from .scaled_objective import ScaledObjective
from .specification import NetworkSpec
from .starts import Halt, OneOfSeveral, in_threads
from .training import CurrentParams, Watcher
from .validation_loss import Validation

# The alpha that is tried first, for targets of unit scale, and the number of those tried at
# most in either direction. See benchmarks/default_fits.py.
_FIRST, _MOST_TRIED = 1.0, 12

# For each direction the factor to the next alpha, by which share of a constant's loss (of
# its attainable part) the loss has to fall, and after how many alphas in a row without that
# the search ends. At smaller alphas fits take long, and where held-out samples are not
# independent of others, as repeated measurements, the loss falls a little with any smaller
# alpha.
_FACTOR = 10**0.5
_DIRECTIONS = (_FACTOR, 0.0, 2), (1 / _FACTOR, 0.01, 1)


def fit_at_best_alpha(
    spec: NetworkSpec,
    data: Data,
    *,
    random_state: np.random.RandomState,
    validation: Validation | None = None,
    deadline: float = np.inf,
    n_jobs: int | None = None,
    **options: Any,
) -> FittedNetwork:
    """Fit a network at the alpha that `best_alpha` finds, for predictions.

    Parameters are those of `fit_from_starts`. The random numbers of the fit are those of a
    fit at a given alpha, which goes further.
    """
    # Half of the time is for the fit at the alpha chosen.
    half = time.monotonic() + (deadline - time.monotonic()) / 2
    alpha = best_alpha(spec, data, random_state, validation, half, n_jobs)
    return fit_from_starts(
        spec,
        data,
        alpha=alpha,
        random_state=random_state,
        validation=validation,
        precision=PREDICTING,
        deadline=deadline,
        n_jobs=n_jobs,
        **options,
    )


def best_alpha(
    spec: NetworkSpec,
    data: Data,
    random_state: np.random.RandomState,
    validation: Validation | None = None,
    deadline: float = np.inf,
    n_jobs: int | None = None,
) -> float:
    """Return the alpha with the smallest loss of held-out samples, without the penalty.

    Networks are fitted to two thirds of the samples, and predict the others; up to three
    times, until a thousand samples have been predicted. Each third has its share of every
    class, or of small and large targets. With early stopping, or if other samples are
    given, these are the ones that are predicted.

    The first alpha is 1 for targets of unit scale. The next one is 10^(1/2) times as large,
    and so on until two in a row do not have the smallest loss so far. If the first one has,
    alphas get smaller, until the loss does not fall by a hundredth of that of a constant.
    The result is the minimum of the parabola through the best alpha and those beside it, in
    the logarithm of alpha.

    Parameters
    ----------
    spec : NetworkSpec

    data : Data

    random_state : RandomState
        Is left as it is.

    validation : Validation or None

    deadline : float
        Value of `time.monotonic` from which on no further fit begins.

    n_jobs : int or None
        Number of fits at an alpha that are made at once, in threads.

    Returns
    -------
    alpha : float
        With constraints alone, which ignore it, 1.
    """
    data, unit = data.with_moderate_weights()
    objective = ScaledObjective(spec.objective(data, None, 1.0))
    if all(penalty.is_constraint for penalty in objective.penalties):
        return 1.0
    with np.errstate(over="ignore"):
        # Of targets that are too large, which the first fit refuses.
        constant = objective.objective.constant_loss()
        attainable = objective.objective.attainable_loss()
    report = _Report(spec.settings.verbose, unit)
    trials = trials_of(spec, data, random_state, validation)
    fits = _Fits(trials, objective.smooth_penalty, n_jobs, deadline, report)
    first = _first(objective, trials[0].data)
    alpha = unit * _minimum(_bracketed(fits, first, constant, attainable, deadline))
    report.chosen(alpha)
    return alpha


def _first(objective, data):
    """Return the alpha that weighs as much as 1 on unweighted targets of unit scale.

    The weights of all layers contribute evenly to the scale of the outputs.
    """
    of_scale = objective.value_scale ** (1 - 1 / len(objective.penalties))
    weight = data.sample_weight
    mean_weight = 1.0 if weight is None else float(weight[weight > 0].mean())
    return _FIRST * of_scale * mean_weight


def _bracketed(fits, first, constant, attainable, deadline):
    """Return the losses of alphas among which the smallest has others on both sides.

    They are in ascending order of alpha. There are fewer at the deadline, or where the best
    is the last of those that are tried. Alphas at which networks predict the constant, with
    the loss given, are no reason to stop on the way to smaller ones.
    """
    losses = {first: fits.loss(first)}
    for factor, gain, patience in _DIRECTIONS:
        alpha, n_worse = first, 0
        for _ in range(_MOST_TRIED):
            if time.monotonic() >= deadline:
                break
            least = min(losses.values()) - gain * attainable
            alpha *= factor
            losses[alpha] = loss = fits.loss(alpha)
            is_constant = factor < 1 and abs(loss - constant) < gain * attainable
            n_worse = 0 if is_constant or loss < least else n_worse + 1
            if n_worse == patience:
                break
        if min(losses, key=losses.__getitem__) > first:
            break
        fits.go_back()
    return dict(sorted(losses.items()))


def _minimum(losses):
    """Return the minimum of the parabola through the smallest loss and those beside it."""
    logs, values = np.log([*losses]), np.array([*losses.values()])
    best = int(np.argmin(values))
    if not 0 < best < len(values) - 1:
        return float(np.exp(logs[best]))
    left, right = values[[best - 1, best + 1]] - values[best]
    step = logs[best + 1] - logs[best]
    shift = 0.5 * step * (left - right) / (left + right) if left + right > 0 else 0.0
    return float(np.exp(logs[best] + shift))


class _Fits:
    """Fits of several trials at one alpha after the other.

    Parameters
    ----------
    trials : list of Trial

    warm : bool
        Whether fits start from those at another alpha, even where that was larger.

    n_jobs : int or None

    deadline : float

    report : _Report
    """

    def __init__(
        self,
        trials: list[Trial],
        warm: bool,
        n_jobs: int | None,
        deadline: float,
        report: "_Report",
    ) -> None:
        self._trials, self._n_jobs, self._deadline = trials, n_jobs, deadline
        self._warm = warm and not any(trial.stops_early for trial in trials)
        self._report, self._halt = report, Halt()
        self._last: list[FittedNetwork | None] = [None] * len(trials)
        self._first: list[FittedNetwork | None] = []

    def go_back(self) -> None:
        """Let the next fits start from the first ones, not from the last ones."""
        self._last = self._first

    def loss(self, alpha: float) -> float:
        """Fit at an alpha, and return the mean loss of the held-out samples."""
        self._report.alpha = alpha
        calls = [
            partial(self._fit, trial, alpha, last)
            for trial, last in zip(self._trials, self._last)
        ]
        try:
            self._last = in_threads(calls, self._n_jobs)
        except BaseException:
            # Other threads would go on to the ends of their fits.
            self._halt.is_called = True
            raise
        self._first = self._first or self._last
        pairs = zip(self._trials, self._last)
        sums = np.sum([trial.loss(fitted) for trial, fitted in pairs], axis=0)
        loss = float(sums[0] / sums[1])
        self._report.found(alpha, loss)
        return loss

    def _fit(self, trial, alpha, last):
        is_warm = self._warm and last is not None and not last.is_empty
        fitted = fit_network(
            self._report.of_single_fits(trial.spec),
            trial.data,
            trial.rows,
            alpha,
            last.as_start() if is_warm else trial.start,
            random_state=np.random.RandomState(trial.seed),
            validation=trial.validation,
            precision=COMPARED,
            deadline=self._deadline,
            watcher=OneOfSeveral("", self._halt, self._report),
        )
        if fitted.training.status is Status.INTERRUPTED:
            raise KeyboardInterrupt("Training interrupted by user while alpha was chosen.")
        return fitted


class _Report(Watcher):
    """Prints a line for each alpha, and others while fits take long.

    Parameters
    ----------
    verbose : bool or int

    unit : float
        Of the alphas tried.

    Attributes
    ----------
    alpha : float
        The one that is being fitted at.
    """

    def __init__(self, verbose: bool | int, unit: float) -> None:
        self._verbose, self._unit = int(verbose), unit
        self._lines, self.alpha = Lines(), 0.0

    def of_single_fits(self, spec: NetworkSpec) -> NetworkSpec:
        """Return a specification whose fits print their iterations only if asked to."""
        verbose = self._verbose if self._verbose > 1 else False
        return replace(spec, settings=replace(spec.settings, verbose=verbose))

    def end_iteration(self, network: Network, params: CurrentParams, n_iter: int) -> None:
        if self._verbose == 1 and self._lines.are_due():
            self._print(f"alpha = {self._unit * self.alpha:.4g}, iteration {n_iter}")

    def found(self, alpha: float, loss: float) -> None:
        """Print the loss at an alpha."""
        if self._verbose:
            self._print(f"alpha = {self._unit * alpha:.4g}, held-out loss = {loss:.6g}")

    def chosen(self, alpha: float) -> None:
        """Print the alpha that is chosen."""
        if self._verbose:
            self._print(f"chosen: alpha = {alpha:.4g}")

    def _print(self, text):
        self._lines.print(text, f"{self._lines.seconds:.1f} s")
