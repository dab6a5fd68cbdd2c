"""Choosing alpha by cross-validation, along regularization paths."""

import copy
import time
from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, product
from numbers import Integral, Real
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, _fit_context, is_classifier
from sklearn.callback import CallbackSupportMixin
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _manual_routing,
    _raise_for_params,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.parallel import Parallel, delayed

from ..engine import Data, engine_name, warn_of_missing_extension
from .path import PathFitter, check_alphas, draw_seed, refuse_constraints, warn_of

# Parameters of the plain estimators that have no meaning here.
_LEFT_OUT = ("alpha", "evidence_scope", "warm_start", "total_weight")

# The alpha of the L2 penalty of relaxed fits: the default of the plain estimators.
_LIGHT_ALPHA = 1.0


def cv_constraints(plain_class):
    """Constraints on the parameters, given the plain estimator."""
    constraints = plain_class._parameter_constraints
    kept = {name: value for name, value in constraints.items() if name not in _LEFT_OUT}
    return kept | RegularizedMLPCV._parameter_constraints


@dataclass(frozen=True)
class Candidate:
    """Parameters that are compared beside alpha, and the alphas to compare them at."""

    params: dict
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


def scores_along_path(fitter, alphas, fold, name, verbose, estimator, task):
    """Scores at ascending alphas, and what kept each fit from converging, or None.

    Beyond the alpha at which the network is empty it stays so, and its score, too.

    Parameters
    ----------
    fitter : PathFitter

    alphas : ndarray of shape (n_alphas,)

    fold : Fold

    name : str
        What to call the path where it prints something.

    verbose : bool or int

    estimator : RegularizedMLPCV
        What callbacks are called with.

    task : CallbackContext
        Of the path; a subtask is added for each alpha.

    Returns
    -------
    scores : ndarray of shape (n_alphas,)

    problems : list of str or None
    """
    start = time.perf_counter()
    scores, problems = np.empty(len(alphas)), []
    task.call_on_fit_task_begin(estimator=estimator)
    for i, (fitted, problem) in enumerate(fitter.path(alphas)):
        fit = task.subcontext("alpha").call_on_fit_task_begin(estimator=estimator)
        scores[i:] = fold.score(fitted)
        problems.append(problem)
        fit.call_on_fit_task_end(estimator=estimator)
    task.call_on_fit_task_end(estimator=estimator)
    if verbose:
        best = scores.argmax()
        print(
            f"{name}: best score {scores[best]:.6g} at alpha = {alphas[best]:.4g}, "
            f"{len(problems)} fits, {time.perf_counter() - start:.1f} s"
        )
    return scores, problems


def chosen(scores, rule):
    """Indices of a candidate and of one of its alphas.

    Parameters
    ----------
    scores : ndarray of shape (n_candidates, n_alphas, n_folds)

    rule : {"best", "one_se"}
        The best mean score; or, of its candidate, the largest alpha with a mean score
        within a standard error of it (Hastie, Tibshirani and Friedman, "The Elements of
        Statistical Learning", 2009, section 7.10).

    Raises
    ------
    ValueError
        If no alpha has a score in every fold.
    """
    means = scores.mean(axis=2)
    if np.isnan(means).all():
        raise ValueError(
            "No alpha has a score: scoring returned nan for some fold each time, as R2 "
            "does for a single row. Choose another scorer, or fewer folds."
        )
    candidate, alpha = np.unravel_index(np.nanargmax(means), means.shape)
    if rule == "one_se" and scores.shape[2] > 1:
        of_best = scores[candidate, alpha]
        error = of_best.std(ddof=1) / np.sqrt(len(of_best))
        good_enough = means[candidate] >= means[candidate, alpha] - error
        alpha = np.flatnonzero(good_enough).max()
    return candidate, alpha


class RegularizedMLPCV(CallbackSupportMixin, BaseEstimator, metaclass=ABCMeta):
    """What classifier and regressor with cross-validation share."""

    alpha_: float
    alphas_: np.ndarray
    scores_: np.ndarray
    best_score_: float
    l1_ratio_: float

    _parameter_constraints: dict = {
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), "array-like"],
        "alphas": [Integral, "array-like"],
        "cv": ["cv_object"],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
        "rule": [StrOptions({"best", "one_se"})],
        "relax": ["boolean", Interval(Real, 0, None, closed="neither")],
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

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, in fits and in scores.

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
            fold lack a class, or if the scorer fails or gives no number.

        Warns
        -----
        ConvergenceWarning
            Once, if training ended before it converged in some of the fits.
        """
        _raise_for_params(params, self, "fit")
        warn_of_missing_extension(stacklevel=3)
        mlp = self._plain()
        refuse_constraints(mlp)
        data = mlp._validate_training_data(X, y, sample_weight)
        X, y, sample_weight = indexable(X, y, sample_weight)
        task = self._init_callback_context(max_subtasks=2)
        weights = None if sample_weight is None else {"sample_weight": sample_weight}
        seen = dict(estimator=self, X=X, y=y, metadata=weights)
        task.call_on_fit_task_begin(**seen)
        seed = draw_seed(self.random_state)
        folds = self._folds(mlp, X, y, sample_weight, data, params)
        candidates = self._candidates(mlp, data, seed)
        scores, problems = self._compare(mlp, candidates, folds, seed, task)
        best = chosen(scores, self.rule)
        fitted, problem = self._refit(mlp, data, seed, candidates[best[0]], best[1], task)
        warn_of([*problems, problem], stacklevel=3)
        self._store(fitted, candidates, scores, best)
        # With it the same path can be fitted once more, as displays do.
        self._seed = seed
        task.call_on_fit_task_end(**seen)
        return self

    # What is compared

    def _plain(self):
        """A new estimator of the plain class with the parameters of this one."""
        names = set(self._plain_class._get_param_names()) - set(_LEFT_OUT)
        params = {name: getattr(self, name) for name in names}
        first = {name: values[0] for name, values in self._lists().items()}
        return self._plain_class(**params | first | {"verbose": False})

    def _lists(self):
        """Values to compare of the parameters that may have several."""
        sizes, l1_ratio = self.hidden_layer_sizes, self.l1_ratio
        several = isinstance(sizes, list) and any(np.ndim(size) for size in sizes)
        return {
            "hidden_layer_sizes": sizes if several else [sizes],
            "l1_ratio": list(l1_ratio) if np.ndim(l1_ratio) else [l1_ratio],
        }

    def _candidates(self, mlp, data, seed):
        alphas = check_alphas(self.alphas)
        lists = self._lists()
        candidates = []
        for values in product(*lists.values()):
            params = dict(zip(lists, values))
            own = alphas
            if isinstance(alphas, int):
                own = PathFitter(_with(mlp, params), data, None, seed).grid(alphas)
            candidates.append(Candidate(params, own))
        return candidates

    def _folds(self, mlp, X, y, sample_weight, data, params):
        routed = self._route(sample_weight, params)
        splitter = check_cv(self.cv, y, classifier=is_classifier(self))
        scorer = check_scoring(mlp, scoring=self.scoring)
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

    def _compare(self, mlp, candidates, folds, seed, task):
        """Scores of shape (n_candidates, n_alphas, n_folds), and problems of the fits."""
        pairs = list(product(enumerate(candidates, 1), enumerate(folds, 1)))
        search = task.subcontext(
            "cross-validation", max_subtasks=len(pairs), sequential_subtasks=False
        ).call_on_fit_task_begin(estimator=self)
        # All before the first is used: a tree that changes cannot be pickled.
        paths = [
            search.subcontext("path", task_id=i, max_subtasks=len(candidate.alphas))
            for i, ((_, candidate), _) in enumerate(pairs)
        ]
        # The compiled engine works outside of Python's lock; threads share X.
        prefer = "threads" if engine_name() == "compiled" else None
        found = Parallel(n_jobs=self.n_jobs, prefer=prefer)(
            delayed(scores_along_path)(
                self._fitter(_with(mlp, candidate.params), fold.data, fold.train, seed),
                candidate.alphas,
                fold,
                f"candidate {i} of {len(candidates)}, fold {k} of {len(folds)}",
                self.verbose,
                self,
                path,
            )
            for ((i, candidate), (k, fold)), path in zip(pairs, paths)
        )
        search.call_on_fit_task_end(estimator=self)
        scores, problems = zip(*found)
        scores = np.reshape(scores, (len(candidates), len(folds), -1)).swapaxes(1, 2)
        return scores, list(chain(*problems))

    def _refit(self, mlp, data, seed, candidate, alpha_index, task):
        """Fit to all rows, along the path to the chosen alpha."""
        refit = task.subcontext("refit").call_on_fit_task_begin(estimator=self)
        fitter = self._fitter(_with(mlp, candidate.params), data, None, seed)
        alphas = candidate.alphas[: alpha_index + 1]
        if not self.continuation:
            alphas = alphas[-1:]
        *_, (fitted, problem) = fitter.path(alphas)
        if self._is_coarse(fitted):
            fitted, problem = fitter.refine(fitted)
        refit.call_on_fit_task_end(estimator=self)
        return fitted, problem

    def _is_coarse(self, fitted):
        """Whether a path is less precise than the fits that `tol` stands for."""
        is_full_batch = fitted.solver_ == "lbfgs" and not self.early_stopping
        return self.continuation and self.tol == "auto" and is_full_batch

    def _fitter(self, mlp, data, rows, seed):
        relax = _LIGHT_ALPHA if self.relax is True else self.relax or None
        return PathFitter(mlp, data, rows, seed, self.continuation, relax)

    # Results

    def _store(self, fitted, candidates, scores, best):
        own = set(self.get_params(deep=False)) | set(fitted.get_params(deep=False))
        for name, value in vars(fitted).items():
            if name not in own:
                setattr(self, name, value)
        lists = self._lists()
        shape = [len(values) for values in lists.values() if len(values) > 1]
        self.scores_ = scores.reshape(*shape, *scores.shape[1:])
        alphas = np.array([candidate.alphas for candidate in candidates])
        self.alphas_ = alphas.reshape(*shape, -1)
        self.best_score_ = float(scores[best].mean())
        self.alpha_ = float(candidates[best[0]].alphas[best[1]])
        self.l1_ratio_ = candidates[best[0]].params["l1_ratio"]
        self.hidden_layer_sizes_ = candidates[best[0]].params["hidden_layer_sizes"]

    # Metadata

    def _route(self, sample_weight, params):
        if _routing_enabled():
            return process_routing(self, "fit", sample_weight=sample_weight, **params)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return _manual_routing({"splitter": {}, "scorer": {"score": weights}})

    def get_metadata_routing(self):
        """Metadata routing of the splitter and the scorer.

        Returns
        -------
        routing : MetadataRouter
            What each of them is passed.
        """
        scorer = check_scoring(self._plain(), scoring=self.scoring)
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


def _with(mlp, params):
    return copy.copy(mlp).set_params(**params)
