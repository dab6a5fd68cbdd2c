"""A search for alpha: comparison along paths in folds, choice, and a last fit."""

import time
from dataclasses import replace
from itertools import chain, product
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

from ..engine import Data, engine_name
from ..fitting.best_path import BestPathFitter
from ..fitting.fit import FittedNetwork
from ..fitting.path import PathFitter
from ..fitting.precision import COMPARED
from ..fitting.solver_choice import FULL_BATCH
from ..fitting.specification import NetworkSpec
from ..fitting.starts import start_seeds
from .compared import OF_SINGLE_FITS, compared_params, compared_relaxes
from .comparison import (
    Budget,
    ComparedPath,
    Extent,
    PathScores,
    gathered,
    scores_along_path,
)
from .fitted_attributes import fold_attributes
from .path import check_alphas
from .scoring import Fold, check_scorer
from .search_report import SearchReport
from .search_result import Choice, SearchResult


class Search:
    """One search.

    Parameters
    ----------
    estimator : RegularizedMLPCV
        Only its parameters are read; callbacks are called with it.

    specs : list of NetworkSpec
        Of each path.

    data : Data

    folds : list of Fold

    seed : int
        Of the random numbers of every fit.

    budget : Budget

    report : SearchReport

    Attributes
    ----------
    folds : list of Fold

    paths : list of ComparedPath

    found : list of PathScores
        Of each path in every fold, one path after the other.
    """

    def __init__(
        self,
        estimator: Any,
        specs: list[NetworkSpec],
        data: Data,
        folds: list[Fold],
        seed: int,
        budget: Budget,
        report: SearchReport,
    ) -> None:
        self._estimator, self._data, self.folds = estimator, data, folds
        self._specs = [_silent(spec) for spec in specs]
        self._seed, self._budget, self._report = seed, budget, report
        self.paths: list[ComparedPath] = []
        self.found: list[PathScores] = []
        # Of each path, networks fitted to all samples while its grid was found.
        self._trials: list[list[FittedNetwork]] = []

    def check_scorer(self) -> None:
        """Raise a ValueError where the scorer works for no network."""
        spec, is_metric = (
            _of_single_fits(self._specs[0]),
            not callable(self._estimator.scoring),
        )
        check_scorer(spec, self._data, self.folds, self._seed, is_metric)

    def compare(self, task: Any) -> None:
        """Find scores along the paths in every fold.

        Parameters
        ----------
        task : CallbackContext
            Of the search.
        """
        estimator = self._estimator
        self.paths.extend(self._paths())
        self.found += self._nothing_found()
        pairs = list(product(enumerate(self.paths, 1), enumerate(self.folds, 1)))
        comparison = task.subcontext(
            "cross-validation", max_subtasks=len(pairs), sequential_subtasks=False
        ).call_on_fit_task_begin(estimator=estimator)
        # All before the first is used: a tree that changes cannot be pickled.
        tasks = [
            comparison.subcontext("path", task_id=i, max_subtasks=len(path.alphas))
            for i, ((_, path), _) in enumerate(pairs)
        ]
        n_alphas, n_relaxes = len(self.paths[0].alphas), len(self.paths[0].relaxes)
        self._report.begin_comparison(len(pairs), n_relaxes * n_alphas)
        extent = Extent(self._budget, len(self.paths), n_alphas)
        # The compiled engine works outside of Python's lock; threads share X.
        prefer = "threads" if engine_name() == "compiled" else None
        try:
            # One at a time: tasks that reach a process together would share an extent.
            self.found[:] = Parallel(n_jobs=estimator.n_jobs, prefer=prefer, batch_size=1)(
                delayed(scores_along_path)(
                    self._fitter(path.spec, fold.data, fold.train),
                    path,
                    fold,
                    scores,
                    extent,
                    f"path {i} of {len(self.paths)}, fold {k} of {len(self.folds)}",
                    estimator,
                    one,
                    self._report,
                )
                for ((i, path), (k, fold)), scores, one in zip(pairs, self.found, tasks)
            )
        except BaseException:
            # Other threads would go on to the ends of their paths.
            extent.abandon()
            self._report.abandon()
            raise
        comparison.call_on_fit_task_end(estimator=estimator)

    def refit(self, choice: Choice, task: Any) -> FittedNetwork:
        """Fit to all samples, along the path to the chosen alpha.

        Parameters
        ----------
        choice : Choice

        task : CallbackContext
            Of the search.

        Returns
        -------
        fitted : FittedNetwork
        """
        start, path = time.perf_counter(), self.paths[choice.path]
        refit = task.subcontext("refit").call_on_fit_task_begin(estimator=self._estimator)
        n_jobs = self._estimator.n_jobs
        fitter = self._fitter(path.spec, self._data, None, n_jobs=n_jobs)
        fitter.deadline = self._budget.share(1)
        alphas = fitter.leading_to(path.alphas[: choice.alpha + 1])
        self._report.begin_refit(alphas[-1])
        chosen = replace(path, relaxes=[path.relaxes[choice.relax]])
        trials = self._trials[choice.path]
        *_, (fitted,) = chosen.networks(fitter, alphas, skips=True, trials=trials)
        if self._is_coarse(fitted):
            fitted = fitter.refine(fitted, *chosen.relaxes)
        refit.call_on_fit_task_end(estimator=self._estimator)
        n_selected, n_features = fitted.selected_features.sum(), self._data.X.shape[1]
        seconds = time.perf_counter() - start
        self._report.refit(alphas[-1], int(n_selected), n_features, seconds)
        return fitted

    # Results

    def result(self) -> SearchResult:
        """Return the `SearchResult` of what has been found."""
        scores, n_features = gathered(self.found, len(self.folds))
        return SearchResult(
            [path.params for path in self.paths],
            self.paths[0].relaxes,
            np.array([path.alphas for path in self.paths]),
            scores,
            n_features,
        )

    def of_folds(self, choice: Choice) -> dict[str, Any]:
        """Return the fitted attributes about the chosen network of each fold."""
        folds = self._on_path(choice)
        curves = [found.curves(choice.relax, choice.alpha) for found in folds]
        selected = [found.selected(choice.relax, choice.alpha) for found in folds]
        return fold_attributes(curves, selected)

    def networks_of_folds(self, choice: Choice) -> list[FittedNetwork]:
        """Return the chosen network of each fold, where the estimator has them kept."""
        return [
            found.network(choice.relax, choice.alpha) for found in self._on_path(choice)
        ]

    def _on_path(self, choice):
        """Return what was found in each fold along the chosen path."""
        n_folds = len(self.folds)
        return self.found[choice.path * n_folds : (choice.path + 1) * n_folds]

    def ended(self, result: SearchResult) -> str | None:
        """Return what to say of a comparison that the time has ended, or None."""
        if not any(one.timed_out for one in self.found):
            return None
        is_known = ~np.isnan(result.mean_scores).all(axis=1)
        return (
            f"max_time={self._estimator.max_time:g} seconds ended the comparison: "
            f"{is_known.sum()} of {is_known.size} alphas have a score in every fold. "
            "Increase max_time."
        )

    @property
    def warnings(self) -> list[str | None]:
        """Reasons why fits did not converge, None for those that did."""
        return [*chain(*(one.warnings for one in self.found))]

    # What is compared

    def _paths(self):
        estimator = self._estimator
        alphas, relaxes = check_alphas(estimator.alphas), compared_relaxes(estimator)
        for i, (params, spec) in enumerate(zip(compared_params(estimator), self._specs)):
            self._trials.append([])
            own = self._grid(spec, alphas, i) if isinstance(alphas, int) else alphas
            yield ComparedPath(params, spec, own, relaxes)

    def _grid(self, spec, n_alphas, index):
        """Return the grid of a path, which takes as much time as the path in a fold."""
        start, n_specs = time.perf_counter(), len(self._specs)
        n_left = n_specs - index + self._n_parts(n_specs * len(self.folds))
        fitter = PathFitter(
            _of_single_fits(spec), self._data, None, self._seed, watcher=self._report
        )
        alphas = fitter.grid(n_alphas, self._budget.share(n_left))
        self._trials[-1] = fitter.trials
        self._report.grid(alphas, time.perf_counter() - start)
        return alphas

    def _nothing_found(self):
        """Return for each path in every fold scores that are to be found."""
        n_folds = len(self.folds)
        n_all = len(self.paths) * n_folds
        shape = len(self.paths[0].relaxes), len(self.paths[0].alphas)
        return [
            PathScores(
                i // n_folds, self._n_parts(n_all - i), *shape, self._estimator.ensemble
            )
            for i in range(n_all)
        ]

    def _n_parts(self, n_paths):
        """Return the number of equal parts of the time, where so many paths are left.

        Each of the jobs has the time that is left for the paths it has still to fit, and
        for the last fit, as if this were one more.
        """
        return -(-n_paths // effective_n_jobs(self._estimator.n_jobs)) + 1

    def _fitter(self, spec, data, rows, n_jobs=1):
        return BestPathFitter(
            spec,
            data,
            rows,
            start_seeds(self._seed, spec.n_init),
            self._estimator.continuation,
            COMPARED,
            watcher=self._report,
            n_jobs=n_jobs,
        )

    def _is_coarse(self, fitted):
        """Whether a path is less precise than the fits that `tol` stands for."""
        estimator = self._estimator
        is_full_batch = fitted.solver in FULL_BATCH and not estimator.early_stopping
        return estimator.continuation and estimator.tol == "auto" and is_full_batch


def _silent(spec):
    """Return the specification of fits that print nothing, but name `max_time`."""
    return replace(spec, settings=replace(spec.settings, verbose=False))


def _of_single_fits(spec):
    return replace(spec, settings=replace(spec.settings, **OF_SINGLE_FITS))
