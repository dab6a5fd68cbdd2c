"""Fits at one alpha after the other: the regularization path."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from ..engine import Data
from ..solvers import Curvature, Status
from .fit import FittedNetwork, fit_network
from .precision import ALONG_PATH, FULL_PRECISION, IN_SEARCH, REFINED, Precision
from .scaled_objective import ScaledObjective
from .specification import NetworkSpec
from .start import Start
from .training import Watcher

# A grid of alphas that is found from the data ends where the network is empty, and begins
# at this share of that: a smaller one for a penalty that makes no weights zero, which
# shrinks all of them far before (benchmarks/tuned_models.py).
SMALLEST_SHARE, SMALLEST_SHARE_SMOOTH = 1e-3, 1e-5

# The same for networks of a loss of all samples together. A network that orders all events
# has risks that grow by several units from each event to the next: such networks take
# thousands of iterations, predict badly, and lead a path to its end without ever coming
# near those that predict well.
_SMALLEST_SHARE_JOINT, _SMALLEST_SHARE_JOINT_SMOOTH = 3e-2, 1e-2

# The first alpha that is tried for the end, as alpha / m at the scale of the objective; the
# factor from one trial to the next.
_FIRST_STRENGTH, _FACTOR, _MOST_TRIALS = 1e-3, 4.0, 40
_FIRST_STRENGTH_JOINT = 3e-2

# That of the end where there is no time to find it. On most tables it lies between 0.03 and
# 0.13 with penalties that make weights zero (with 26 classes it was 0.003), and between 1
# and 2 with others.
_USUAL_END, _USUAL_END_SMOOTH = 0.1, 1.0

# Iterations that tell whether a network is empty, at least.
_LEAST_ITERATIONS = 20

# With a penalty that makes no weights zero, a network counts as empty whose objective is
# this near to the loss of a constant, as a share of it (of its attainable part).
_EMPTY_SHARE = 0.01


class PathFitter:
    """Fits of one specification to the same samples at different alphas.

    Parameters
    ----------
    spec : NetworkSpec

    data : Data

    rows : ndarray of int or None
        The samples to fit to; None for all.

    seed : int
        Of the random numbers of every fit.

    continuation : bool
        Whether fits of a path start from the one before. Where early stopping decides they
        never do: at a larger alpha held-out samples are seldom predicted better, so that it
        would choose the start again and again.

    precision : Precision
        Of the fits of a path.

    deadline : float
        Value of `time.monotonic` from which on fits at given alphas stop after an
        iteration.

    watcher : Watcher or None
        Of all fits.

    rough_data : Data or None
        The data for a `Precision` that may be single; None for those given.

    Attributes
    ----------
    continues : bool
        Whether fits of a path start from the one before.

    trials : list of FittedNetwork
        Networks that led to `alpha_max`, at ascending alphas, each from the one before;
        without the empty ones.
    """

    def __init__(
        self,
        spec: NetworkSpec,
        data: Data,
        rows: np.ndarray | None,
        seed: int,
        continuation: bool = True,
        precision: Precision = ALONG_PATH,
        deadline: float = np.inf,
        watcher: Watcher | None = None,
        rough_data: Data | None = None,
    ) -> None:
        self._spec, self._data, self._rows, self._seed = spec, data, rows, seed
        self._rough_data = data if rough_data is None else rough_data
        self.continues = continuation and spec.hold_out is None
        self._precision_of_trials = IN_SEARCH if continuation else FULL_PRECISION
        self._precision = precision if continuation else FULL_PRECISION
        self.deadline, self._watcher = deadline, watcher
        self.trials: list[FittedNetwork] = []
        # What the last fit of the path that is under way has found of it.
        self._curvature: Curvature | None = None

    # One fit

    def fit(
        self,
        alpha: Any,
        start: FittedNetwork | None = None,
        precision: Precision | None = None,
    ) -> FittedNetwork:
        """Fit at an alpha.

        Parameters
        ----------
        alpha : float

        start : FittedNetwork or None
            The weights to start from; None draws them.

        precision : Precision or None
            None for that of a path.

        Returns
        -------
        fitted : FittedNetwork
        """
        precision = precision or self._precision
        data = self._data_for(precision)
        return self._fit(
            self._spec, data, alpha, start, precision, curvature=self._curvature
        )

    def refine(self, fitted: FittedNetwork, relax: Any = None) -> FittedNetwork:
        """Train the last network of a path further.

        Parameters
        ----------
        fitted : FittedNetwork
            The last one that `path`, or `relaxed` with `relax`, has yielded.

        relax : float or None

        Returns
        -------
        fitted : FittedNetwork
        """
        if relax is not None and not fitted.is_empty:
            return self.relax(fitted.selected_features, relax, fitted, REFINED)
        return self._fit(self._spec, self._data, fitted.alpha, fitted, REFINED)

    def briefest(self) -> FittedNetwork:
        """Fit for one iteration, with next to no penalty."""
        # Beside constraints, none at all would be a loophole to warn of.
        alpha = np.finfo(np.float64).tiny
        settings = replace(self._spec.settings, max_iter=1)
        return self._fit(replace(self._spec, settings=settings), self._data, alpha)

    def _data_for(self, precision):
        return self._rough_data if precision.single else self._data

    def _fit(
        self,
        spec,
        data,
        alpha,
        start=None,
        precision=None,
        deadline=None,
        curvature=None,
    ):
        fitted = fit_network(
            spec,
            data,
            self._rows,
            alpha,
            Start() if start is None else start.as_start(),
            random_state=np.random.RandomState(self._seed),
            precision=precision or self._precision,
            deadline=self.deadline if deadline is None else deadline,
            watcher=self._watcher,
            curvature=curvature,
        )
        if fitted.training.status is Status.INTERRUPTED:
            # Half a path is no answer.
            raise KeyboardInterrupt
        fitted = fitted.astype(self._data.X.dtype)
        if start is None:
            return fitted
        if fitted.training.is_constant and self._is_joint:
            # What the path has come along from has no way down any more: other networks
            # may be better than the constant.
            fresh = self._fit(spec, data, alpha, None, precision, deadline)
            if fresh.training.loss < fitted.training.loss:
                return fresh
        fitted.training.earlier_curves = start.training.curves.objective
        return fitted

    def relax(
        self,
        selected: np.ndarray,
        alpha: Any,
        start: FittedNetwork | None,
        precision: Precision | None = None,
    ) -> FittedNetwork:
        """Fit to the selected features alone, with an L2 penalty.

        Parameters
        ----------
        selected : ndarray of bool of shape (n_features,)

        alpha : float

        start, precision : as `fit` takes them
        """
        spec = self._spec.of_features(selected, penalty="l2")
        if start is not None:
            start = _of_features(start, selected)
        precision = precision or self._precision
        data = self._data_for(precision)
        # C-ordered, unlike what NumPy returns for columns.
        data = data._replace(X=_columns(data.X, selected))
        fitted = self._fit(spec, data, alpha, start, precision)
        return _of_all_features(fitted, selected)

    # Paths

    def leading_to(self, alphas: np.ndarray) -> np.ndarray:
        """Of ascending alphas, return those that a fit at the last of them goes along."""
        return alphas if self.continues else alphas[-1:]

    def path(
        self,
        alphas: Sequence | np.ndarray,
        skips: bool = False,
        trials: Sequence[FittedNetwork] = (),
    ) -> Iterator[FittedNetwork]:
        """Fit at ascending alphas, each from where the last one ended, to an empty one.

        Parameters
        ----------
        alphas : ndarray of shape (n_alphas,)

        skips : bool
            Whether, where the time is over, the last alpha follows at once and not nothing.

        trials : list of FittedNetwork
            Those of a fitter of the same samples. The path begins after the last of them
            that is below its last alpha.

        Yields
        ------
        fitted : FittedNetwork
        """
        fitted = self._last_below(trials, alphas[-1])
        if fitted is not None:
            alphas = [alpha for alpha in alphas if alpha > fitted.alpha]
        self._curvature = Curvature() if self.continues else None
        for i, alpha in enumerate(alphas):
            if fitted is not None and time.monotonic() >= self.deadline:
                if not skips:
                    return
                if i < len(alphas) - 1:
                    continue
            # Without a penalty weights grow large, and the next alpha, which is infinitely
            # many times as large, would often empty the network from there.
            continued = self.continues and fitted is not None and fitted.alpha > 0
            fitted = self.fit(alpha, start=fitted if continued else None)
            yield fitted
            if fitted.is_empty:
                return

    def _last_below(self, trials, alpha):
        below = [trial for trial in trials if trial.alpha < alpha]
        return below[-1] if below and self.continues else None

    def relaxed(
        self, points: Iterable[FittedNetwork], alpha: Any
    ) -> Iterator[FittedNetwork]:
        """Fit networks of a path anew to the features that they have selected.

        Parameters
        ----------
        points : iterable of FittedNetwork
            As `path` yields them.

        alpha : float
            Of their L2 penalty.

        Yields
        ------
        fitted : FittedNetwork
        """
        fits = RelaxedFits(self, alpha)
        for fitted in points:
            yield fits.next(fitted)

    # The grid

    def grid(self, n_alphas: int, deadline: float = np.inf) -> np.ndarray:
        """Return a log-spaced grid of alphas up to `alpha_max`."""
        last = self.alpha_max(deadline)
        only_shrinks = self._spec.objective(self._data, self._rows, 1.0).only_shrinks
        smooth, kinked = SMALLEST_SHARE_SMOOTH, SMALLEST_SHARE
        if self._is_joint:
            smooth, kinked = _SMALLEST_SHARE_JOINT_SMOOTH, _SMALLEST_SHARE_JOINT
        first = (smooth if only_shrinks else kinked) * last
        return np.geomspace(first, last, n_alphas)

    @property
    def _is_joint(self):
        """Whether networks, not linear models, are fitted to all samples together."""
        spec = self._spec
        return not spec.loss.separable and len(spec.hidden_layer_sizes) > 0

    def alpha_max(self, deadline: float = np.inf) -> float:
        """Return an alpha at which the network is empty, and is not at half of it.

        Features that are never penalised do not count.

        Parameters
        ----------
        deadline : float
            Value of `time.monotonic` from which on there are no more trials. The result is
            then an alpha at which networks are often empty.
        """
        objective = ScaledObjective(self._spec.objective(self._data, self._rows, 1.0))
        own = objective.objective
        unit = objective.value_scale * own.data_weight
        strength = _FIRST_STRENGTH_JOINT if self._is_joint else _FIRST_STRENGTH
        alpha, limit = strength * unit, np.inf
        if own.only_shrinks:
            constant = own.evaluate(own.empty_params()).value
            limit = constant - _EMPTY_SHARE * own.attainable_loss()
        fitted, n_trials = self._try(alpha, None, deadline), 0
        while self._is_end(fitted, own, limit) and n_trials < _MOST_TRIALS:
            alpha, n_trials = alpha / _FACTOR**2, n_trials + 1
            fitted = self._try(alpha, None, deadline)
        while not self._is_end(fitted, own, limit) and n_trials < _MOST_TRIALS:
            self.trials.append(fitted)
            if time.monotonic() >= deadline:
                usual = _USUAL_END_SMOOTH if own.only_shrinks else _USUAL_END
                return max(usual * unit, _FACTOR * alpha)
            last, alpha, n_trials = fitted, alpha * _FACTOR, n_trials + 1
            fitted = self._try(alpha, last, deadline)
            if self._is_end(fitted, own, limit) and self._is_end(
                self._try(alpha / 2, last, deadline), own, limit
            ):
                return alpha / 2
        return alpha

    def _is_end(self, fitted, own, limit):
        """Whether a network is empty, but for features that are never penalised."""
        free = own.free_features
        if not (fitted.selected_features & ~free).any():
            return True
        if fitted.training.status is Status.MAX_TIME:
            # Its J may still fall below the limit.
            return False
        if not (own.only_shrinks and free.any()):
            return fitted.training.loss >= limit
        # Free features keep J below that of a constant: without the others it is to be
        # hardly larger.
        objective = self._spec.objective(self._data, self._rows, fitted.alpha)
        params = fitted.params.copy()
        objective.network.coefs(params)[0][~free] = 0
        rise = objective.evaluate(params).value - fitted.training.loss
        return rise <= _EMPTY_SHARE * own.attainable_loss()

    def _try(self, alpha, start, deadline):
        # Where J has its minimum is asked for, not where early stopping ends.
        settings = self._spec.settings
        max_iter = max(settings.max_iter, _LEAST_ITERATIONS)
        settings = replace(settings, max_iter=max_iter)
        spec = replace(self._spec, settings=settings, hold_out=None)
        if deadline < np.inf:
            # The first trial, whose network is the densest, takes the longest.
            deadline = (time.monotonic() + deadline) / 2
        precision = self._precision_of_trials
        data = self._data_for(precision)
        return self._fit(spec, data, alpha, start, precision, deadline)


class RelaxedFits:
    """Fits networks of a path, one after the other, anew to their features.

    Parameters
    ----------
    fitter : PathFitter

    alpha : float
        Of their L2 penalty.
    """

    def __init__(self, fitter: PathFitter, alpha: Any) -> None:
        self._fitter, self._alpha = fitter, alpha
        self._selected: np.ndarray | None = None
        self._relaxed: Any = None

    def next(self, fitted: FittedNetwork) -> FittedNetwork:
        """Return the relaxed fit of the next network of the path."""
        selected = fitted.selected_features
        if fitted.is_empty:
            self._relaxed = fitted
        elif self._selected is None or not np.array_equal(selected, self._selected):
            # Neighbours then differ by their features only, and scores by less noise.
            start = self._relaxed if self._fitter.continues else None
            self._relaxed = self._fitter.relax(selected, self._alpha, start)
        self._selected = selected
        return self._relaxed


def _columns(X, mask):
    columns = X[:, mask]
    return columns if sparse.issparse(columns) else np.ascontiguousarray(columns)


def _of_features(fitted, selected):
    """Return a network without the other features, whose weights are all 0."""
    first, *others = fitted.coefs
    return _with_first_layer(fitted, first[selected], others)


def _of_all_features(fitted, selected):
    """Return a network of the selected features as one of all of them."""
    first, *others = fitted.coefs
    weights = np.zeros((len(selected), first.shape[1]), first.dtype)
    weights[selected] = first
    return _with_first_layer(fitted, weights, others)


def _with_first_layer(fitted, first, others):
    units = len(first), *fitted.network.layer_units[1:]
    network = replace(fitted.network, layer_units=units, skip=False)
    params = network.pack([first, *others], fitted.intercepts, fitted.params.dtype)
    return FittedNetwork(
        network, params, fitted.alpha, fitted.solver, fitted.training, fitted.warning
    )
