"""Choosing alpha by cross-validation, along regularization paths."""

import copy
import inspect
import time
import warnings
from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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

from ..engine import Data, engine_name, warn_of_missing_extension
from .comparison import Budget, Extent, PathScores, gathered
from .empty_network import warn_of_empty
from .path import (
    COMPARED,
    PathFitter,
    check_alphas,
    constant_network,
    draw_seed,
    refuse_constraints,
    warn_of,
)
from .stored_version import StoredVersionMixin
from .suggestions import SuggestionsMixin

# Parameters of the plain estimators that have no meaning here.
_LEFT_OUT = ("alpha", "evidence_scope", "store_posterior", "warm_start", "total_weight")

# Parameters that are of the whole search here, with their values for single fits.
_OF_THE_SEARCH = {"verbose": False, "max_time": None}

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

    relax : float or None
        The alpha of relaxed fits; None for none.

    alphas : ndarray of shape (n_alphas,)
    """

    params: dict
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
    """

    train: np.ndarray
    data: Data
    X_test: object
    y_test: object
    scorer: Callable
    metadata: dict

    def score(self, fitted):
        try:
            score = self.scorer(fitted, self.X_test, self.y_test, **self.metadata)
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
        fitted, problems = zip(*networks)
        scores = [fold.score(mlp) for mlp in fitted]
        n_features = [mlp.selected_features_.sum() for mlp in fitted]
        found.add(scores, n_features, problems)
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
        warn_of_missing_extension(stacklevel=3)
        mlp = self._plain()
        refuse_constraints(mlp)
        data = mlp._validate_training_data(X, y, sample_weight)
        if isinstance(sample_weight, Real):
            sample_weight = np.full(data.X.shape[0], sample_weight, dtype=np.float64)
        X, y, sample_weight = indexable(X, y, sample_weight)
        task = self._init_callback_context(max_subtasks=2)
        weights = None if sample_weight is None else {"sample_weight": sample_weight}
        seen = dict(estimator=self, X=X, y=y, metadata=weights)
        task.call_on_fit_task_begin(**seen)
        seed = draw_seed(self.random_state)
        # A warning where one of the candidates has cause for it.
        sizes = self._lists()["hidden_layer_sizes"]
        candidate = next(filter(np.size, sizes), sizes[0])
        _with(mlp, {"hidden_layer_sizes": candidate})._warn_of_unit(data, stacklevel=4)
        self._warn_of_ratios()
        folds = self._folds(mlp, X, y, sample_weight, data, params)
        _check_scorer(mlp, data, folds, seed, not callable(self.scoring))
        self._search(mlp, data, folds, seed, budget, task)
        task.call_on_fit_task_end(**seen)
        return self

    # What is compared

    def _plain(self):
        """A new estimator of the plain class with the parameters of this one."""
        names = set(self._plain_class._get_param_names()) - set(_LEFT_OUT)
        params = {name: getattr(self, name) for name in names}
        lists = self._lists()
        first = {name: lists[name][0] for name in names & set(lists)}
        return self._plain_class(**params | first | _OF_THE_SEARCH)

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
            warnings.warn(
                f"l1_ratio={self.l1_ratio!r} has several values, but "
                f"penalty={self.penalty!r} does not use it: one path is fitted, and they "
                "are not compared. Set penalty='elasticnet' or 'sparse_group_lasso', or "
                "leave l1_ratio out.",
                stacklevel=4,
            )

    @property
    def _n_sharing(self):
        """How many candidates in a row share a path: those that differ by `relax` alone."""
        return len(self._lists()["relax"])

    def _candidates(self, mlp, data, seed):
        """Those that differ by `relax` alone share a path, and follow on one another."""
        alphas = check_alphas(self.alphas)
        lists = self._lists()
        relaxes = [_relaxed_alpha(relax) for relax in lists.pop("relax")]
        given = [dict(zip(lists, values)) for values in product(*lists.values())]
        candidates = []
        for params in given:
            own = alphas
            if isinstance(alphas, int):
                own = self._grid(_with(mlp, params), data, seed, alphas)
            candidates += [Candidate(params, relax, own) for relax in relaxes]
        return candidates

    def _n_rounds(self, n_paths):
        """How many paths one of the jobs fits."""
        return -(-n_paths // effective_n_jobs(self.n_jobs))

    def _grid(self, mlp, data, seed, n_alphas):
        start = time.perf_counter()
        alphas = PathFitter(mlp, data, None, seed).grid(n_alphas)
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

    def _folds(self, mlp, X, y, sample_weight, data, params):
        routed = self._route(sample_weight, params)
        splitter = check_cv(self.cv, y, classifier=is_classifier(self))
        scorer = _knowing_classes(self._scorer(mlp), mlp)
        folds = []
        for train, test in splitter.split(X, y, **routed.splitter.split):
            metadata = {
                name: _safe_indexing(value, test)
                for name, value in routed.scorer.score.items()
            }
            own = self._of_fold(mlp, data, y, sample_weight, train)
            X_test, y_test = _safe_indexing(X, test), _safe_indexing(y, test)
            folds.append(Fold(train, own, X_test, y_test, scorer, metadata))
        return folds

    def _of_fold(self, mlp, data, y, sample_weight, train):
        """The data with the class weights that the rows of a fold have by themselves."""
        mlp._check_rows(data, train)
        if getattr(mlp, "class_weight", None) != "balanced":
            return data
        if sample_weight is not None:
            sample_weight = _safe_indexing(np.asarray(sample_weight), train)
        own = mlp._class_weighted(sample_weight, _safe_indexing(y, train), data.y[train])
        weights = np.zeros(data.X.shape[0], data.X.dtype)
        weights[train] = own
        return data._replace(sample_weight=weights)

    # Fits

    def _search(self, mlp, data, folds, seed, budget, task):
        """Compare, choose, fit to all rows, and set the fitted attributes."""
        candidates, found = [], []
        try:
            candidates += self._candidates(mlp, data, seed)
            found += self._nothing_found(candidates, len(folds))
            self._compare(mlp, candidates, folds, seed, budget, found, task)
            scores, n_features = gathered(found, len(folds))
            ended = self._ended(found, scores)
            if ended and np.isnan(scores.mean(axis=2)).all():
                raise ValueError(f"No alpha has a score in every fold. {ended}")
            best = chosen(scores, self.rule, self._n_sharing)
            candidate, alpha_index = candidates[best[0]], best[1]
            fitted, problem = self._refit(
                mlp, data, seed, budget, candidate, alpha_index, task
            )
        except KeyboardInterrupt as interrupt:
            self._keep(found, candidates, len(folds))
            raise KeyboardInterrupt(
                "Search interrupted by user; scores_ has the scores found so far."
                if any(one.n_done for one in found)
                else "Search interrupted by user, before there were any scores."
            ) from interrupt
        problems = [*chain(*(one.problems for one in found)), problem]
        warn_of(problems, stacklevel=4, ended=ended)
        self._warn_of_empty(fitted, candidate.alphas[alpha_index], len(folds))
        self._store(fitted, candidates, scores, n_features, best, seed)

    def _compare(self, mlp, candidates, folds, seed, budget, found, task):
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
                    self._fitter(mlp, of_path[0], fold.data, fold.train, seed),
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

    def _refit(self, mlp, data, seed, budget, candidate, alpha_index, task):
        """Fit to all rows, along the path to the chosen alpha."""
        start = time.perf_counter()
        refit = task.subcontext("refit").call_on_fit_task_begin(estimator=self)
        fitter = self._fitter(mlp, candidate, data, None, seed)
        fitter.deadline = budget.share(1)
        alphas = fitter.leading_to(candidate.alphas[: alpha_index + 1])
        points = fitter.path(alphas, skips=True)
        if candidate.relax is not None:
            points = fitter.relaxed(points, candidate.relax)
        *_, (fitted, problem) = points
        if self._is_coarse(fitted):
            fitted, problem = fitter.refine(fitted, candidate.relax)
        refit.call_on_fit_task_end(estimator=self)
        if self.verbose:
            print(
                f"all rows: alpha = {alphas[-1]:.4g} with "
                f"{fitted.selected_features_.sum()} of {fitted.n_features_in_} inputs, "
                f"{_seconds_since(start)}"
            )
        return fitted, problem

    def _is_coarse(self, fitted):
        """Whether a path is less precise than the fits that `tol` stands for."""
        is_full_batch = fitted.solver_ == "lbfgs" and not self.early_stopping
        return self.continuation and self.tol == "auto" and is_full_batch

    def _fitter(self, mlp, candidate, data, rows, seed):
        # Fits that it ends name the limit.
        mlp = _with(mlp, candidate.params | {"max_time": self.max_time})
        return PathFitter(mlp, data, rows, seed, self.continuation, COMPARED)

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
        warn_of_empty(fitted, cause, stacklevel=5)

    def _store(self, fitted, candidates, scores, n_features, best, seed):
        """Set the fitted attributes at once, those of the chosen network among them."""
        own = set(self.get_params(deep=False)) | set(fitted.get_params(deep=False))
        candidate = candidates[best[0]]
        attributes = {
            **{name: value for name, value in vars(fitted).items() if name not in own},
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
        return {n: v for n, v in vars(self).items() if n.startswith("_") or n[-1] != "_"}

    # Metadata

    def _route(self, sample_weight, params):
        if _routing_enabled():
            return process_routing(self, "fit", sample_weight=sample_weight, **params)
        weights = {}
        if sample_weight is not None and _takes(
            self._scorer(self._plain()), "sample_weight"
        ):
            weights = {"sample_weight": sample_weight}
        return _manual_routing({"splitter": {}, "scorer": {"score": weights}})

    def _scorer(self, mlp):
        """The scorer; the default one, and those by name, request weights by themselves."""
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
        scorer = self._scorer(self._plain())
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


def _check_scorer(mlp, data, folds, seed, is_metric):
    """Raise a ValueError where the scorer works for no network: before those are trained.

    A score may be undefined for a constant, or for what an iteration has made of random
    weights: one of them is enough.

    Parameters
    ----------
    is_metric : bool
        Whether scores are of predictions alone: where both are nan, so will others be.
    """
    constant, brief = constant_network(mlp, data), None
    for fold in folds:
        if not _has_score(fold, constant, is_metric):
            brief = brief or PathFitter(mlp, data, None, seed).briefest()
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


def _knowing_classes(scorer, mlp):
    """A scorer of probabilities that is told all classes, of which a fold may lack some.

    As LogisticRegressionCV does. For scorers of decided classes `labels` means something
    else: the classes to average over.
    """
    function = getattr(scorer, "_score_func", None)
    if function is None or not is_classifier(mlp) or mlp._multilabel:
        return scorer
    given, arguments = scorer._kwargs, inspect.signature(function).parameters
    decided = scorer._response_method == "predict"
    if decided or "labels" not in arguments or "labels" in given:
        return scorer
    known = {"labels": mlp.classes_}
    if len(mlp.classes_) == 2 and "pos_label" in arguments:
        known["pos_label"] = mlp.classes_[1]
    return make_scorer(
        function,
        greater_is_better=scorer._sign == 1,
        response_method=scorer._response_method,
        **known | given,
    )


def _with(mlp, params):
    return copy.copy(mlp).set_params(**params)


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
