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
from ..fitting.precision import IN_SEARCH
from ..fitting.single_precision import SinglePrecision
from ..fitting.solver_choice import FULL_BATCH
from ..fitting.specification import NetworkSpec
from ..fitting.starts import start_seeds
from .compared import (
    OF_SINGLE_FITS,
    compared_params,
    compared_relaxes,
    distinct_paths,
)
from .comparison import (
    Budget,
    ComparedPath,
    Extent,
    PathScores,
    gathered,
    scores_along_path,
)
from .fitted_attributes import fold_attributes
from .halving import best_of, drawn, numbers_by_fold, rungs
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
        Of each combination of candidates, though some may be left out.

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
        self._single = SinglePrecision(data.X)
        self._specs = [_silent(spec) for spec in specs]
        self._seed, self._budget, self._report = seed, budget, report
        self._params = compared_params(estimator)
        candidates = distinct_paths(self._params, specs)
        # How many of them each fold compares.
        self._numbers = numbers_by_fold(len(candidates), len(folds), estimator.max_paths)
        # Indices of the paths that are still compared; after a fold, the best one first.
        self._candidates = drawn(candidates, self._numbers[0], seed)
        self._names = {
            path: f"path {i} of {len(self._candidates)}"
            for i, path in enumerate(self._candidates, 1)
        }
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
        """Find scores along the paths, in every fold of those that are not dropped.

        Parameters
        ----------
        task : CallbackContext
            Of the search.
        """
        estimator, n_all = self._estimator, sum(self._numbers)
        self.paths.extend(self._paths())
        self.found += self._nothing_found()
        n_alphas, n_relaxes = len(self.paths[0].alphas), len(self.paths[0].relaxes)
        comparison = task.subcontext(
            "cross-validation", max_subtasks=n_all, sequential_subtasks=False
        ).call_on_fit_task_begin(estimator=estimator)
        # All before the first is used: a tree that changes cannot be pickled.
        tasks = [
            comparison.subcontext("path", task_id=i, max_subtasks=n_alphas)
            for i in range(n_all)
        ]
        self._report.begin_comparison(n_all, n_relaxes * n_alphas)
        extent = Extent(self._budget, len(self.paths), n_alphas)
        try:
            for number, folds in rungs(self._numbers):
                if number < len(self._candidates):
                    self._keep_best(number, folds[0])
                n_paths = number * len(folds)
                self._compare_in(folds, extent, tasks[:n_paths], len(tasks))
                del tasks[:n_paths]
        except BaseException:
            # Other threads would go on to the ends of their paths.
            extent.abandon()
            self._report.abandon()
            raise
        comparison.call_on_fit_task_end(estimator=estimator)

    def _compare_in(self, folds, extent, tasks, n_left):
        """Find scores along the paths of the candidates in some of the folds.

        Parameters
        ----------
        folds : list of int

        extent : Extent

        tasks : list of CallbackContext
            Of each of these paths.

        n_left : int
            Number of paths that are left, these and later ones.
        """
        extent.needed = self._candidates[0]
        places = list(product(self._candidates, folds))
        jobs = []
        for (i, k), task in zip(places, tasks):
            found, path, fold = self._found_in(i, k), self.paths[i], self.folds[k]
            found.n_left, n_left = self._n_parts(n_left), n_left - 1
            fitter = self._fitter(path.spec, fold.data, fold.train)
            name = f"{self._names[i]}, fold {k + 1} of {len(self.folds)}"
            one = fitter, path, fold, found, extent, name, self._estimator, task
            jobs.append(delayed(scores_along_path)(*one, self._report))
        # The compiled engine works outside of Python's lock; threads share X.
        prefer = "threads" if engine_name() == "compiled" else None
        # One at a time: tasks that reach a process together would share an extent.
        parallel = Parallel(n_jobs=self._estimator.n_jobs, prefer=prefer, batch_size=1)
        for (i, k), found in zip(places, parallel(jobs)):
            self.found[i * len(self.folds) + k] = found

    def _keep_best(self, number, n_folds):
        """Drop all but some candidates, by their scores in the first folds."""
        scores, _ = gathered(self.found, len(self.folds))
        candidates = self._candidates
        best = best_of(candidates, scores[candidates, ..., :n_folds], number)
        for i in set(candidates).difference(best):
            for k in range(n_folds):
                self._found_in(i, k).forget_networks()
        self._report.drop(len(candidates), number, n_folds, len(self.folds))
        self._candidates = best

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
        return [self._found_in(choice.path, k) for k in range(len(self.folds))]

    def _found_in(self, path, fold):
        return self.found[path * len(self.folds) + fold]

    def ended(self, result: SearchResult) -> str | None:
        """Return what to say of a comparison that the time has ended, or None."""
        if not any(one.timed_out for one in self.found):
            return None
        is_known = ~np.isnan(result.mean_scores[self._candidates]).all(axis=1)
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
        n_left = len(self._candidates)
        for i, (params, spec) in enumerate(zip(self._params, self._specs)):
            self._trials.append([])
            if not isinstance(alphas, int):
                own = alphas
            elif i in self._names:
                own, n_left = self._grid(spec, alphas, n_left), n_left - 1
            else:
                own = np.full(alphas, np.nan)
            yield ComparedPath(params, spec, own, relaxes)

    def _grid(self, spec, n_alphas, n_left):
        """Return the grid of a path, which takes as much time as the path in a fold.

        Parameters
        ----------
        spec : NetworkSpec

        n_alphas : int

        n_left : int
            Number of grids that are left, this one among them.
        """
        start = time.perf_counter()
        n_left += self._n_parts(sum(self._numbers))
        fitter = PathFitter(
            _of_single_fits(spec),
            self._data,
            None,
            self._seed,
            watcher=self._report,
            rough_data=self._single.of(self._data, None, spec),
        )
        alphas = fitter.grid(n_alphas, self._budget.share(n_left))
        self._trials[-1] = fitter.trials
        self._report.grid(alphas, time.perf_counter() - start)
        return alphas

    def _nothing_found(self):
        """Return for each path in every fold scores that are to be found."""
        shape = len(self.paths[0].relaxes), len(self.paths[0].alphas)
        found: list[PathScores] = []
        for i in range(len(self.paths)):
            # Of paths that are left out nothing is found: one of them is enough.
            n_own = len(self.folds) if i in self._names else 1
            own = [PathScores(i, *shape, self._estimator.ensemble) for _ in range(n_own)]
            found += own * (len(self.folds) // n_own)
        return found

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
            IN_SEARCH,
            watcher=self._report,
            n_jobs=n_jobs,
            rough_data=self._single.of(data, rows, spec),
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
