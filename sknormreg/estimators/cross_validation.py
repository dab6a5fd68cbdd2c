"""Choosing alpha by cross-validation, along regularization paths."""

import inspect
import time
from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, product, tee
from numbers import Integral, Real
from typing import Self

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, _fit_context, clone, is_classifier
from sklearn.callback import CallbackSupportMixin
from sklearn.metrics import check_scoring, get_scorer_names, make_scorer
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _manual_routing,
    _raise_for_params,
    _routing_enabled,
    get_routing_for_object,
    process_routing,
)
from sklearn.utils.parallel import Parallel, delayed

from .._warnings import warn
from ..engine import Data, engine_name, warn_of_missing_extension
from ..fitting.fit import empty_network
from ..fitting.path import PathFitter
from ..fitting.precision import COMPARED
from ..fitting.solver_choice import FULL_BATCH
from ..fitting.specification import NetworkSpec
from .comparison import Budget, Extent, PathScores, gathered
from .empty_network import warn_of_empty
from .fitted_attributes import fitted_attributes
from .path import check_alphas, draw_seed, refuse_constraints, warn_of_problems
from .specification import network_spec
from .stored_version import StoredVersionMixin
from .suggestions import SuggestionsMixin
from .target_unit import warn_of_unit
from .targets import ClassTargets
from .validation import training_data

# Parameters of the plain estimators that have no meaning here.
_LEFT_OUT = ("alpha", "evidence_scope", "store_posterior", "warm_start", "total_weight")

# Parameters that are of the whole search here, with their values for single fits.
_OF_SINGLE_FITS = {"verbose": False, "max_time": None}

# Attributes that tell features and targets, set before the first fit.
_OF_THE_DATA = (
    "n_features_in_",
    "feature_names_in_",
    "classes_",
    "_multilabel",
    "_sparse_labels",
    "n_outputs_",
)

# Attributes of a fit that look like those of the estimator itself.
_PRIVATE_OF_A_FIT = ("_network", "_seed", "_multilabel", "_sparse_labels")

# The alpha of the L2 penalty of relaxed fits: the default of the plain estimators.
_LIGHT_ALPHA = 1.0


def cv_constraints(plain_class):
    """Constraints on the parameters, given the plain estimator."""
    constraints = plain_class._parameter_constraints
    kept = {name: value for name, value in constraints.items() if name not in _LEFT_OUT}
    return kept | RegularizedMLPCV._parameter_constraints


@dataclass(frozen=True)
class Candidate:
    """What is compared beside alpha, and the alphas to compare it at.

    Attributes
    ----------
    params : dict
        Parameters of the plain estimator.

    spec : NetworkSpec

    relax : float or None
        The alpha of relaxed fits; None for none.

    alphas : ndarray of shape (n_alphas,)
    """

    params: dict
    spec: NetworkSpec
    relax: float | None
    alphas: np.ndarray


@dataclass(frozen=True)
class Fold:
    """Rows to fit to, and rows to score by.

    Attributes
    ----------
    train : ndarray of int

    data : Data
        Of all rows, with the weights that those of `train` have.

    X_test, y_test : of the other rows, as the caller passed them

    scorer : callable

    metadata : dict
        Further arguments of the scorer.

    estimator_of : callable
        Returns a plain estimator with a fitted network, for the scorer.
    """

    train: np.ndarray
    data: Data
    X_test: object
    y_test: object
    scorer: Callable
    metadata: dict
    estimator_of: Callable

    def score(self, fitted):
        """Score a fitted network on the held-out samples."""
        model = self.estimator_of(fitted)
        try:
            score = self.scorer(model, self.X_test, self.y_test, **self.metadata)
        except Exception as error:
            raise ValueError(
                f"scoring={self.scorer} failed on the held-out rows of a fold: {error!r}"
            ) from error
        if not isinstance(score, Real):
            raise ValueError(
                f"scoring must return a number, but {self.scorer} returned {score!r}."
            )
        return score


def scores_along_path(fitter, candidates, fold, found, extent, name, estimator, task):
    """Scores at ascending alphas, and what else is to be known of the networks there.

    Parameters
    ----------
    fitter : PathFitter

    candidates : list of Candidate
        Those that share the path, and differ by `relax` alone.

    fold : Fold

    found : PathScores
        Where to record them, one alpha after the other: in threads it is seen from outside.

    extent : Extent
        How far to go.

    name : str
        What to call the path where it prints something.

    estimator : RegularizedMLPCV
        What callbacks are called with.

    task : CallbackContext
        Of the path; a subtask is added for each alpha.

    Returns
    -------
    found : PathScores
    """
    start, alphas = time.perf_counter(), candidates[0].alphas
    extent.begin(found)
    fitter.deadline = found.deadline
    if not extent.admits(found):
        found.timed_out = extent.end_path(found)
        return found
    paths = [
        points if candidate.relax is None else fitter.relaxed(points, candidate.relax)
        for points, candidate in zip(tee(fitter.path(alphas), len(candidates)), candidates)
    ]
    task.call_on_fit_task_begin(estimator=estimator)
    for networks in zip(*paths):
        # A fit that ends when time is over may have been cut short.
        if not extent.admits(found):
            break
        fit = task.subcontext("alpha").call_on_fit_task_begin(estimator=estimator)
        scores = [fold.score(fitted) for fitted in networks]
        n_features = [fitted.selected_features.sum() for fitted in networks]
        found.add(scores, n_features, [fitted.problem for fitted in networks])
        if fit.call_on_fit_task_end(estimator=estimator):
            extent.end_path(found)
        if not extent.admits(found):
            break
    if extent.is_abandoned:
        return found
    found.extend()
    # Whatever else ends a path has ended it for all folds by now.
    found.timed_out = extent.end_path(found)
    if task.call_on_fit_task_end(estimator=estimator):
        extent.end()
    if estimator.verbose:
        _print_best(found, candidates, name, fold.data.X.shape[1], start)
    return found


def _print_best(found, candidates, name, n_inputs, start):
    if not found.n_done:
        print(f"{name}: no alpha in its part of max_time, {_seconds_since(start)}")
        return
    comparable = np.where(np.isnan(found.scores), -np.inf, found.scores)
    k, i = np.unravel_index(comparable.argmax(), comparable.shape)
    relax = f", relax = {candidates[k].relax}" if len(candidates) > 1 else ""
    print(
        f"{name}: best score {found.scores[k, i]:.6g} at alpha = "
        f"{candidates[k].alphas[i]:.4g}{relax} with {found.n_features[k, i]:.0f} of "
        f"{n_inputs} inputs, {len(found.problems)} fits, {_seconds_since(start)}"
    )


def _seconds_since(start):
    return f"{time.perf_counter() - start:.1f} s"


_NO_SCORES = (
    "No alpha has a score: scoring returned nan for some fold each time, as R2 does for a "
    "single row. Choose another scorer, or fewer folds."
)


def chosen(scores, rule, n_sharing=1):
    """Indices of a candidate and of one of its alphas.

    Parameters
    ----------
    scores : ndarray of shape (n_candidates, n_alphas, n_folds)

    rule : {"best", "one_se"}
        The best mean score; or, of its candidate and those that share a path with it, the
        largest alpha with a mean score within a standard error of it (Hastie, Tibshirani
        and Friedman, "The Elements of Statistical Learning", 2009, section 7.10), and at
        this alpha the best of them.

    n_sharing : int
        How many candidates in a row share a path.

    Raises
    ------
    ValueError
        If no alpha has a score in every fold.
    """
    means = scores.mean(axis=2)
    if np.isnan(means).all():
        raise ValueError(_NO_SCORES)
    candidate, alpha = np.unravel_index(np.nanargmax(means), means.shape)
    if rule == "one_se" and scores.shape[2] > 1:
        of_best = scores[candidate, alpha]
        error = of_best.std(ddof=1) / np.sqrt(len(of_best))
        first = candidate - candidate % n_sharing
        sharing = means[first : first + n_sharing]
        good_enough = (sharing >= means[candidate, alpha] - error).any(axis=0)
        alpha = np.flatnonzero(good_enough).max()
        candidate = first + np.nanargmax(sharing[:, alpha])
    return candidate, alpha


class RegularizedMLPCV(
    CallbackSupportMixin,
    SuggestionsMixin,
    StoredVersionMixin,
    BaseEstimator,
    metaclass=ABCMeta,
):
    """What classifier and regressor with cross-validation share."""

    alpha_: float
    alphas_: np.ndarray
    scores_: np.ndarray
    best_score_: float
    l1_ratio_: float
    hidden_layer_sizes_: int | Sequence[int] | np.ndarray
    relax_: float | None
    path_n_features_: np.ndarray

    _parameter_constraints: dict = {
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), "array-like"],
        "alphas": [Integral, "array-like"],
        "cv": ["cv_object"],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
        "rule": [StrOptions({"best", "one_se"})],
        "relax": ["boolean", Interval(Real, 0, None, closed="neither"), "array-like"],
        "continuation": ["boolean"],
        "n_jobs": [Integral, None],
    }

    @property
    @abstractmethod
    def _plain_class(self):
        """The estimator that is fitted at each alpha."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, **params) -> Self:
        """Choose alpha by cross-validation, and fit to all rows with it.

        A callback that returns True at the end of an alpha ends that path there, in all
        folds; at the end of a path, it ends the comparison. The choice is then among the
        alphas that have a score in every fold; so that there is one, the first is fitted in
        any case. Where folds are fitted in processes, a callback ends its own path alone,
        and the comparison goes on.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values.

        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows, in fits and, where the scorer takes them, in scores. With
            metadata routing a scorer that is a callable requests them by itself.

        **params : dict
            Metadata for the splitter, such as ``groups``, and for the scorer, routed by
            ``sklearn.set_config(enable_metadata_routing=True)``.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data or the alphas are not as described, if the training rows of a
            fold lack a class, or if the scorer fails or gives no number. Before the first
            fit it is tried on the held-out rows with a network that predicts a constant
            and, if it fails there, with one that was trained for one iteration.

        KeyboardInterrupt
            If the user interrupts it by Ctrl-C. The estimator is then not fitted, but for
            `alphas_`, `scores_` and `path_n_features_`, which are nan where there is no
            score yet. Where folds are fitted in processes these are all or nothing.

        Warns
        -----
        ConvergenceWarning
            Once, if training ended before it converged in some of the fits, or if
            `max_time` ended the comparison.

        UserWarning
            If the network that is chosen uses no input, or if the squared error of targets
            of a large standard deviation keeps the penalty from selecting columns.
        """
        budget = Budget(self.max_time)
        _raise_for_params(params, self, "fit")
        # If this fit fails, nothing is left to predict with: an earlier one may have been
        # to other features and classes.
        self.__dict__ = self._without_fitted()
        warn_of_missing_extension()
        data, targets = training_data(self, X, y, sample_weight)
        specs = [network_spec(self, targets, **one) for one in self._compared()]
        refuse_constraints(specs[0])
        if isinstance(sample_weight, Real):
            sample_weight = np.full(data.X.shape[0], sample_weight, dtype=np.float64)
        X, y, sample_weight = indexable(X, y, sample_weight)
        task = self._init_callback_context(max_subtasks=2)
        weights = None if sample_weight is None else {"sample_weight": sample_weight}
        seen = dict(estimator=self, X=X, y=y, metadata=weights)
        task.call_on_fit_task_begin(**seen)
        seed = draw_seed(self.random_state)
        # A warning where one of the candidates has cause for it.
        warn_of_unit(next((s for s in specs if s.hidden_layer_sizes), specs[0]), data)
        self._warn_of_ratios()
        folds = self._folds(targets, specs[0], X, y, sample_weight, data, params)
        _check_scorer(specs[0], data, folds, seed, not callable(self.scoring))
        self._search(specs, data, folds, seed, budget, task)
        task.call_on_fit_task_end(**seen)
        return self

    # What is compared

    def _plain(self, **params):
        """Return a new estimator of the plain class with the parameters of this one."""
        names = set(self._plain_class._get_param_names()) - set(_LEFT_OUT)
        own = {name: getattr(self, name) for name in names}
        return self._plain_class(**own | _OF_SINGLE_FITS | self._compared()[0] | params)

    def _estimator_of(self, fitted):
        """Return a plain estimator with a fitted network, as scorers take it."""
        plain = self._plain(alpha=fitted.alpha)
        vars(plain).update(self._data_attributes())
        vars(plain).update(fitted_attributes(fitted, self.early_stopping))
        return plain

    def _data_attributes(self):
        """Return the attributes that tell features and targets."""
        return {name: v for name, v in vars(self).items() if name in _OF_THE_DATA}

    def _compared(self):
        """Return the parameters of each path to compare."""
        lists = self._lists()
        del lists["relax"]
        return [dict(zip(lists, values)) for values in product(*lists.values())]

    def _lists(self):
        """Values to compare of the parameters that may have several."""
        sizes, l1_ratio, relax = self.hidden_layer_sizes, self.l1_ratio, self.relax
        several = isinstance(sizes, list) and any(np.ndim(size) for size in sizes)
        lists = {
            "hidden_layer_sizes": sizes if several else [sizes],
            "l1_ratio": list(l1_ratio) if np.ndim(l1_ratio) else [l1_ratio],
            "relax": list(relax) if np.ndim(relax) else [relax],
        }
        for name, values in lists.items():
            if not values:
                raise ValueError(f"{name} is empty: give at least one.")
        if not self._uses_l1_ratio():
            # Each would fit the same path.
            lists["l1_ratio"] = lists["l1_ratio"][:1]
        return lists

    def _uses_l1_ratio(self):
        given = self.penalty if isinstance(self.penalty, list | tuple) else [self.penalty]
        names = [entry for entry in given if isinstance(entry, str)]
        return not {"elasticnet", "sparse_group_lasso"}.isdisjoint(names)

    def _warn_of_ratios(self):
        if np.size(self.l1_ratio) > 1 and not self._uses_l1_ratio():
            warn(
                f"l1_ratio={self.l1_ratio!r} has several values, but "
                f"penalty={self.penalty!r} does not use it: one path is fitted, and they "
                "are not compared. Set penalty='elasticnet' or 'sparse_group_lasso', or "
                "leave l1_ratio out."
            )

    @property
    def _n_sharing(self):
        """How many candidates in a row share a path: those that differ by `relax` alone."""
        return len(self._lists()["relax"])

    def _candidates(self, specs, data, seed):
        """Those that differ by `relax` alone share a path, and follow on one another."""
        alphas = check_alphas(self.alphas)
        relaxes = [_relaxed_alpha(relax) for relax in self._lists()["relax"]]
        candidates = []
        for params, spec in zip(self._compared(), specs):
            own = alphas
            if isinstance(alphas, int):
                own = self._grid(_of_single_fits(spec), data, seed, alphas)
            candidates += [Candidate(params, spec, relax, own) for relax in relaxes]
        return candidates

    def _n_rounds(self, n_paths):
        """How many paths one of the jobs fits."""
        return -(-n_paths // effective_n_jobs(self.n_jobs))

    def _grid(self, spec, data, seed, n_alphas):
        start = time.perf_counter()
        alphas = PathFitter(spec, data, None, seed).grid(n_alphas)
        if self.verbose:
            ends = f"{alphas[0]:.4g} to {alphas[-1]:.4g}"
            print(f"{n_alphas} alphas from {ends}, found in {_seconds_since(start)}")
        return alphas

    def _nothing_found(self, candidates, n_folds):
        """For each path in every fold, scores that are to be found.

        Each of the jobs has the time that is left for the paths it has still to fit, and
        for the last fit, as if this were one more.
        """
        n_sharing, n_alphas = self._n_sharing, len(candidates[0].alphas)
        n_all = len(candidates) // n_sharing * n_folds
        return [
            PathScores(i // n_folds, self._n_rounds(n_all - i) + 1, n_sharing, n_alphas)
            for i in range(n_all)
        ]

    def _folds(self, targets, spec, X, y, sample_weight, data, params):
        routed = self._route(sample_weight, params)
        splitter = check_cv(self.cv, y, classifier=is_classifier(self))
        scorer = _knowing_classes(self._scorer(), targets)
        folds = []
        for train, test in splitter.split(X, y, **routed.splitter.split):
            metadata = {
                name: _safe_indexing(value, test)
                for name, value in routed.scorer.score.items()
            }
            targets.check_rows(data.y[train], spec.hold_out)
            own = self._of_fold(targets, data, y, sample_weight, train)
            X_test, y_test = _safe_indexing(X, test), _safe_indexing(y, test)
            folds.append(
                Fold(train, own, X_test, y_test, scorer, metadata, self._estimator_of)
            )
        return folds

    def _of_fold(self, targets, data, y, sample_weight, train):
        """Return the data with the class weights that a fold has by itself."""
        if getattr(self, "class_weight", None) != "balanced":
            return data
        if sample_weight is not None:
            sample_weight = _safe_indexing(np.asarray(sample_weight), train)
        own = targets.weighted(sample_weight, _safe_indexing(y, train), data.y[train])
        weights = np.zeros(data.X.shape[0], data.X.dtype)
        weights[train] = own
        return data._replace(sample_weight=weights)

    # Fits

    def _search(self, specs, data, folds, seed, budget, task):
        """Compare, choose, fit to all rows, and set the fitted attributes."""
        candidates, found = [], []
        try:
            candidates += self._candidates(specs, data, seed)
            found += self._nothing_found(candidates, len(folds))
            self._compare(candidates, folds, seed, budget, found, task)
            scores, n_features = gathered(found, len(folds))
            ended = self._ended(found, scores)
            if ended and np.isnan(scores.mean(axis=2)).all():
                raise ValueError(f"No alpha has a score in every fold. {ended}")
            best = chosen(scores, self.rule, self._n_sharing)
            candidate, alpha_index = candidates[best[0]], best[1]
            fitted = self._refit(data, seed, budget, candidate, alpha_index, task)
        except KeyboardInterrupt as interrupt:
            self._keep(found, candidates, len(folds))
            raise KeyboardInterrupt(
                "Search interrupted by user; scores_ has the scores found so far."
                if any(one.n_done for one in found)
                else "Search interrupted by user, before there were any scores."
            ) from interrupt
        problems = [*chain(*(one.problems for one in found)), fitted.problem]
        warn_of_problems(problems, ended)
        self._warn_of_empty(fitted, candidate.alphas[alpha_index], len(folds))
        self._store(fitted, candidates, scores, n_features, best, seed)

    def _compare(self, candidates, folds, seed, budget, found, task):
        """Find scores of the candidates' paths in every fold."""
        n_sharing = self._n_sharing
        sharing = [
            candidates[first : first + n_sharing]
            for first in range(0, len(candidates), n_sharing)
        ]
        pairs = list(product(enumerate(sharing, 1), enumerate(folds, 1)))
        search = task.subcontext(
            "cross-validation", max_subtasks=len(pairs), sequential_subtasks=False
        ).call_on_fit_task_begin(estimator=self)
        # All before the first is used: a tree that changes cannot be pickled.
        paths = [
            search.subcontext("path", task_id=i, max_subtasks=len(of_path[0].alphas))
            for i, ((_, of_path), _) in enumerate(pairs)
        ]
        extent = Extent(budget, len(sharing), len(candidates[0].alphas))
        # The compiled engine works outside of Python's lock; threads share X.
        prefer = "threads" if engine_name() == "compiled" else None
        try:
            # One at a time: tasks that reach a process together would share an extent.
            found[:] = Parallel(n_jobs=self.n_jobs, prefer=prefer, batch_size=1)(
                delayed(scores_along_path)(
                    self._fitter(of_path[0].spec, fold.data, fold.train, seed),
                    of_path,
                    fold,
                    scores,
                    extent,
                    f"path {i} of {len(sharing)}, fold {k} of {len(folds)}",
                    self,
                    path,
                )
                for ((i, of_path), (k, fold)), scores, path in zip(pairs, found, paths)
            )
        except BaseException:
            # Other threads would go on to the ends of their paths.
            extent.abandon()
            raise
        search.call_on_fit_task_end(estimator=self)

    def _refit(self, data, seed, budget, candidate, alpha_index, task):
        """Fit to all rows, along the path to the chosen alpha."""
        start = time.perf_counter()
        refit = task.subcontext("refit").call_on_fit_task_begin(estimator=self)
        fitter = self._fitter(candidate.spec, data, None, seed)
        fitter.deadline = budget.share(1)
        alphas = fitter.leading_to(candidate.alphas[: alpha_index + 1])
        points = fitter.path(alphas, skips=True)
        if candidate.relax is not None:
            points = fitter.relaxed(points, candidate.relax)
        *_, fitted = points
        if self._is_coarse(fitted):
            fitted = fitter.refine(fitted, candidate.relax)
        refit.call_on_fit_task_end(estimator=self)
        if self.verbose:
            print(
                f"all rows: alpha = {alphas[-1]:.4g} with "
                f"{fitted.selected_features.sum()} of {self.n_features_in_} inputs, "
                f"{_seconds_since(start)}"
            )
        return fitted

    def _is_coarse(self, fitted):
        """Whether a path is less precise than the fits that `tol` stands for."""
        is_full_batch = fitted.solver in FULL_BATCH and not self.early_stopping
        return self.continuation and self.tol == "auto" and is_full_batch

    def _fitter(self, spec, data, rows, seed):
        # Fits that max_time ends name the limit.
        settings = replace(spec.settings, verbose=False)
        spec = replace(spec, settings=settings)
        return PathFitter(spec, data, rows, seed, self.continuation, COMPARED)

    # Results

    def _ended(self, found, scores):
        """What to say of a comparison that the time has ended, or None."""
        if not any(one.timed_out for one in found):
            return None
        is_known = ~np.isnan(scores.mean(axis=2))
        return (
            f"max_time={self.max_time:g} seconds ended the comparison: {is_known.sum()} of "
            f"{is_known.size} alphas have a score in every fold. Increase max_time."
        )

    def _warn_of_empty(self, fitted, alpha, n_folds):
        score, remedy = "the best", ""
        if self.rule == "one_se" and n_folds > 1:
            score, remedy = "within one standard error of the best", ", or rule='best'"
        cause = (
            f"alpha={alpha:.3g} was chosen, as the score is {score} there. Where features "
            "matter all the same, another `scoring` may tell, for a rare class 'roc_auc' "
            f"or 'neg_log_loss' rather than accuracy{remedy}."
        )
        warn_of_empty(fitted, cause)

    def _store(self, fitted, candidates, scores, n_features, best, seed):
        """Set the fitted attributes at once, those of the chosen network among them."""
        candidate = candidates[best[0]]
        attributes = {
            **self._data_attributes(),
            **fitted_attributes(fitted, self.early_stopping),
            **self._score_attributes(candidates, scores, n_features),
            "best_score_": float(scores[best].mean()),
            "alpha_": float(candidate.alphas[best[1]]),
            "l1_ratio_": candidate.params["l1_ratio"],
            "hidden_layer_sizes_": candidate.params["hidden_layer_sizes"],
            "relax_": candidate.relax,
            # With it the same path can be fitted once more, as displays do.
            "_seed": seed,
        }
        self.__dict__ = self._without_fitted() | attributes

    def _score_attributes(self, candidates, scores, n_features):
        lists = self._lists()
        shape = [len(values) for values in lists.values() if len(values) > 1]
        alphas = np.array([candidate.alphas for candidate in candidates])
        return {
            "scores_": scores.reshape(*shape, *scores.shape[1:]),
            "path_n_features_": n_features.reshape(*shape, *n_features.shape[1:]),
            "alphas_": alphas.reshape(*shape, -1),
        }

    def _keep(self, found, candidates, n_folds):
        """Have the scores of a search that is interrupted, and nothing of one before."""
        kept = {}
        if found:
            kept = self._score_attributes(candidates, *gathered(found, n_folds))
        self.__dict__ = self._without_fitted() | kept

    def _without_fitted(self):
        """All attributes but those that a fit sets, of which another may not have some."""
        return {
            name: value
            for name, value in vars(self).items()
            if name not in _PRIVATE_OF_A_FIT and (name[0] == "_" or name[-1] != "_")
        }

    # Metadata

    def _route(self, sample_weight, params):
        if _routing_enabled():
            return process_routing(self, "fit", sample_weight=sample_weight, **params)
        weights = {}
        if sample_weight is not None and _takes(self._scorer(), "sample_weight"):
            weights = {"sample_weight": sample_weight}
        return _manual_routing({"splitter": {}, "scorer": {"score": weights}})

    def _scorer(self):
        """The scorer; the default one, and those by name, request weights by themselves."""
        mlp = self._plain()
        if self.scoring is None:
            if _routing_enabled():
                mlp = clone(mlp).set_score_request(sample_weight=True)
            return check_scoring(mlp)
        scorer = check_scoring(mlp, scoring=self.scoring)
        named = _routing_enabled() and isinstance(self.scoring, str)
        if named and _takes(scorer, "sample_weight"):
            scorer.set_score_request(sample_weight=True)
        return scorer

    def get_metadata_routing(self):
        """Metadata routing of the splitter and the scorer.

        Returns
        -------
        routing : MetadataRouter
            What each of them is passed.
        """
        scorer = self._scorer()
        mapping = MethodMapping().add(caller="fit", callee="split")
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(splitter=self.cv, method_mapping=mapping)
            .add(
                scorer=scorer,
                method_mapping=MethodMapping().add(caller="fit", callee="score"),
            )
        )


def _check_scorer(spec, data, folds, seed, is_metric):
    """Raise a ValueError where the scorer works for no network: before those are trained.

    A score may be undefined for a constant, or for what an iteration has made of random
    weights: one of them is enough.

    Parameters
    ----------
    is_metric : bool
        Whether scores are of predictions alone: where both are nan, so will others be.
    """
    spec = _of_single_fits(spec)
    constant, brief = empty_network(spec, data), None
    for fold in folds:
        if not _has_score(fold, constant, is_metric):
            brief = brief or PathFitter(spec, data, None, seed).briefest()
            score = fold.score(brief)
            if is_metric and np.isnan(score):
                raise ValueError(_NO_SCORES)


def _has_score(fold, fitted, is_metric):
    try:
        score = fold.score(fitted)
    except ValueError as error:
        # Where warnings are errors, what is only warned of for a constant is none.
        return isinstance(error.__cause__, Warning)
    return not (is_metric and np.isnan(score))


def _takes(scorer, name):
    """Whether a scorer takes an argument called `name`."""
    if hasattr(scorer, "get_metadata_routing"):
        return name in get_routing_for_object(scorer).score.requests
    arguments = inspect.signature(scorer).parameters.values()
    return any(a.name == name or a.kind == a.VAR_KEYWORD for a in arguments)


def _knowing_classes(scorer, targets):
    """A scorer of probabilities that is told all classes, of which a fold may lack some.

    As LogisticRegressionCV does. For scorers of decided classes `labels` means something
    else: the classes to average over.
    """
    function = getattr(scorer, "_score_func", None)
    if function is None or not isinstance(targets, ClassTargets) or targets.multilabel:
        return scorer
    given, arguments = scorer._kwargs, inspect.signature(function).parameters
    decided = scorer._response_method == "predict"
    if decided or "labels" not in arguments or "labels" in given:
        return scorer
    known = {"labels": targets.classes}
    if len(targets.classes) == 2 and "pos_label" in arguments:
        known["pos_label"] = targets.classes[1]
    return make_scorer(
        function,
        greater_is_better=scorer._sign == 1,
        response_method=scorer._response_method,
        **known | given,
    )


def _of_single_fits(spec):
    return replace(spec, settings=replace(spec.settings, **_OF_SINGLE_FITS))


def _relaxed_alpha(relax):
    """The alpha of relaxed fits, or None for none.

    Raises
    ------
    ValueError
        If it is neither True, nor False, nor a number above 0.
    """
    if isinstance(relax, bool | np.bool_):
        return _LIGHT_ALPHA if relax else None
    if not isinstance(relax, Real) or not 0 < relax < np.inf:
        raise ValueError(
            "relax must be True, False or a number above 0, the alpha of the L2 penalty of "
            f"relaxed fits, or a list of them, got {relax!r}."
        )
    return float(relax)
