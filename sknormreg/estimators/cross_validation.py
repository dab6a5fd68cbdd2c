"""Choosing alpha by cross-validation, along regularization paths."""

import copy
import warnings
from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, _fit_context, is_classifier
from sklearn.exceptions import ConvergenceWarning
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

from ..engine import Data, warn_of_missing_extension
from .classifier import RegularizedMLPClassifier
from .path import PathFitter, check_alphas, draw_seed, refuse_constraints
from .predictions import ClassifierPredictions, RegressorPredictions
from .regressor import RegularizedMLPRegressor

# Parameters of the plain estimators that have no meaning here.
_LEFT_OUT = ("alpha", "evidence_scope", "warm_start", "total_weight")


def _without_alpha(constraints):
    return {name: value for name, value in constraints.items() if name not in _LEFT_OUT}


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
        return self.scorer(fitted, self.X_test, self.y_test, **self.metadata)


def scores_along_path(mlp, candidate, fold, seed, continuation):
    """Scores at the alphas of a candidate, and what kept fits from converging.

    Beyond the alpha at which the network is empty it stays so, and its score, too.
    """
    mlp = copy.copy(mlp).set_params(**candidate.params)
    fitter = PathFitter(mlp, fold.data, fold.train, seed, continuation)
    scores, problems = np.empty(len(candidate.alphas)), []
    for i, (fitted, problem) in enumerate(fitter.path(candidate.alphas)):
        scores[i:] = fold.score(fitted)
        problems.append(problem)
    return scores, [problem for problem in problems if problem]


def chosen(scores, rule):
    """Indices of a candidate and of one of its alphas.

    Parameters
    ----------
    scores : ndarray of shape (n_candidates, n_alphas, n_folds)

    rule : {"best", "one_se"}
        The best mean score; or, of its candidate, the largest alpha with a mean score
        within a standard error of it (Hastie, Tibshirani and Friedman, "The Elements of
        Statistical Learning", 2009, section 7.10).
    """
    means = scores.mean(axis=2)
    candidate, alpha = np.unravel_index(np.nanargmax(means), means.shape)
    if rule == "one_se" and scores.shape[2] > 1:
        of_best = scores[candidate, alpha]
        error = of_best.std(ddof=1) / np.sqrt(len(of_best))
        good_enough = means[candidate] >= means[candidate, alpha] - error
        alpha = np.flatnonzero(good_enough).max()
    return candidate, alpha


class RegularizedMLPCV(BaseEstimator, metaclass=ABCMeta):
    """What classifier and regressor with cross-validation share."""

    _parameter_constraints: dict = {
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), "array-like"],
        "alphas": [Integral, "array-like"],
        "cv": ["cv_object"],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
        "rule": [StrOptions({"best", "one_se"})],
        "continuation": ["boolean"],
        "n_jobs": [Integral, None],
    }

    @property
    @abstractmethod
    def _plain_class(self):
        """The estimator that is fitted at each alpha."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, **params):
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
        """
        _raise_for_params(params, self, "fit")
        warn_of_missing_extension(stacklevel=3)
        mlp = self._plain()
        refuse_constraints(mlp)
        data = mlp._validate_training_data(X, y, sample_weight)
        X, y, sample_weight = indexable(X, y, sample_weight)
        seed = draw_seed(self.random_state)
        candidates = self._candidates(mlp, data, seed)
        folds = self._folds(mlp, X, y, sample_weight, data, params)
        found = Parallel(n_jobs=self.n_jobs, prefer="threads")(
            delayed(scores_along_path)(mlp, candidate, fold, seed, self.continuation)
            for candidate, fold in product(candidates, folds)
        )
        scores, _ = zip(*found)
        scores = np.reshape(scores, (len(candidates), len(folds), -1)).swapaxes(1, 2)
        best = chosen(scores, self.rule)
        self._refit(mlp, data, seed, candidates[best[0]], best[1])
        self._store_scores(candidates, scores, best)
        return self

    def _plain(self):
        """A new estimator of the plain class with the parameters of this one."""
        names = set(self._plain_class._get_param_names()) - set(_LEFT_OUT)
        params = {name: getattr(self, name) for name in names}
        first = {name: values[0] for name, values in self._lists().items()}
        return self._plain_class(**params | first)

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
                like = copy.copy(mlp).set_params(**params)
                own = PathFitter(like, data, None, seed).grid(alphas)
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

    def _route(self, sample_weight, params):
        if _routing_enabled():
            return process_routing(self, "fit", sample_weight=sample_weight, **params)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return _manual_routing({"splitter": {}, "scorer": {"score": weights}})

    def _refit(self, mlp, data, seed, candidate, alpha_index):
        """Fit to all rows, along the path to the chosen alpha; take its attributes."""
        mlp = copy.copy(mlp).set_params(**candidate.params)
        fitter = PathFitter(mlp, data, None, seed)
        if self.continuation:
            *_, (fitted, problem) = fitter.path(candidate.alphas[: alpha_index + 1])
        else:
            fitted, problem = fitter.fit(candidate.alphas[alpha_index])
        if problem:
            warnings.warn(problem, ConvergenceWarning, stacklevel=4)
        own = set(self.get_params(deep=False)) | set(mlp.get_params(deep=False))
        for name, value in vars(fitted).items():
            if name not in own:
                setattr(self, name, value)
        self.alpha_ = float(candidate.alphas[alpha_index])

    def _store_scores(self, candidates, scores, best):
        lists = self._lists()
        shape = [len(values) for values in lists.values() if len(values) > 1]
        self.scores_ = scores.reshape(*shape, *scores.shape[1:])
        alphas = np.array([candidate.alphas for candidate in candidates])
        self.alphas_ = alphas.reshape(*shape, -1)
        self.best_score_ = float(scores[best].mean())
        self.l1_ratio_ = candidates[best[0]].params["l1_ratio"]
        self.hidden_layer_sizes_ = candidates[best[0]].params["hidden_layer_sizes"]

    def get_metadata_routing(self):
        """Metadata routing of the splitter and the scorer.

        Returns
        -------
        routing : MetadataRouter
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


class RegularizedMLPClassifierCV(ClassifierPredictions, RegularizedMLPCV):
    """RegularizedMLPClassifier with `alpha` chosen by cross-validation."""

    _plain_class = RegularizedMLPClassifier

    _parameter_constraints: dict = {
        **_without_alpha(RegularizedMLPClassifier._parameter_constraints),
        **RegularizedMLPCV._parameter_constraints,
    }

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="tanh",
        *,
        penalty="l2",
        alphas=20,
        l1_ratio=0.5,
        dropout=0.0,
        input_dropout=0.0,
        loss="log_loss",
        solver="auto",
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=2000,
        max_fun=15000,
        tol="auto",
        loss_threshold=None,
        n_iter_no_change=10,
        early_stopping=False,
        validation_fraction=0.1,
        momentum=0.9,
        nesterovs_momentum=True,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        shuffle=True,
        class_weight=None,
        cv=None,
        scoring=None,
        rule="best",
        continuation=True,
        n_jobs=None,
        random_state=None,
        verbose=False,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.penalty = penalty
        self.alphas = alphas
        self.l1_ratio = l1_ratio
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.loss = loss
        self.solver = solver
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.max_fun = max_fun
        self.tol = tol
        self.loss_threshold = loss_threshold
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.shuffle = shuffle
        self.class_weight = class_weight
        self.cv = cv
        self.scoring = scoring
        self.rule = rule
        self.continuation = continuation
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose


class RegularizedMLPRegressorCV(RegressorPredictions, RegularizedMLPCV):
    """RegularizedMLPRegressor with `alpha` chosen by cross-validation."""

    _plain_class = RegularizedMLPRegressor

    _parameter_constraints: dict = {
        **_without_alpha(RegularizedMLPRegressor._parameter_constraints),
        **RegularizedMLPCV._parameter_constraints,
    }

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="tanh",
        *,
        penalty="l2",
        alphas=20,
        l1_ratio=0.5,
        dropout=0.0,
        input_dropout=0.0,
        loss="squared_error",
        huber_delta=1.0,
        quantile=0.5,
        solver="auto",
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=2000,
        max_fun=15000,
        tol="auto",
        loss_threshold=None,
        n_iter_no_change=10,
        early_stopping=False,
        validation_fraction=0.1,
        momentum=0.9,
        nesterovs_momentum=True,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        shuffle=True,
        cv=None,
        scoring=None,
        rule="best",
        continuation=True,
        n_jobs=None,
        random_state=None,
        verbose=False,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.penalty = penalty
        self.alphas = alphas
        self.l1_ratio = l1_ratio
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.loss = loss
        self.huber_delta = huber_delta
        self.quantile = quantile
        self.solver = solver
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.max_fun = max_fun
        self.tol = tol
        self.loss_threshold = loss_threshold
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.shuffle = shuffle
        self.cv = cv
        self.scoring = scoring
        self.rule = rule
        self.continuation = continuation
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
