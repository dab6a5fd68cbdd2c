"""Choosing alpha by cross-validation, along regularization paths."""

from abc import ABCMeta, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.callback import CallbackSupportMixin
from sklearn.metrics import get_scorer_names
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metadata_routing import _raise_for_params

from .._warnings import warn
from ..engine import warn_of_missing_extension
from .base import RegularizedMLP
from .compared import (
    COMPARED,
    LEFT_OUT,
    OF_NETWORKS,
    check_compared,
    compared_lists,
    compared_params,
    compared_shape,
    plain_estimator,
    uses_l1_ratio,
)
from .comparison import Budget
from .conformal import calibration
from .empty_network import warn_of_empty
from .fitted_attributes import fitted_attributes
from .fold_networks import estimators_of
from .path import draw_seed, refuse_constraints, warn_of_convergence
from .routing import RoutingMixin
from .scoring import Fold, knowing_classes
from .search import Search
from .search_report import SearchReport
from .specification import network_spec
from .stored_version import StoredVersionMixin
from .suggestions import SuggestionsMixin
from .target_unit import warn_of_unit
from .validation import training_data

# Attributes that tell features and targets, set before the first fit.
_OF_THE_DATA = (
    "n_features_in_",
    "feature_names_in_",
    "classes_",
    "_multilabel",
    "_sparse_labels",
    "n_outputs_",
    "strata_",
)

# Attributes of a fit that look like those of the estimator itself.
_PRIVATE_OF_A_FIT = (
    "_network",
    "_compared",
    "_seed",
    "_multilabel",
    "_sparse_labels",
    "_calibration",
    "_censoring",
)


def cv_constraints(plain_class: type[RegularizedMLP]) -> dict[str, list]:
    """Constraints on the parameters, given the plain estimator."""
    constraints = plain_class._parameter_constraints
    kept = {name: value for name, value in constraints.items() if name not in LEFT_OUT}
    numbers = [name for name in COMPARED if name in kept and name not in OF_NETWORKS]
    lists = {name: [*kept[name], "array-like"] for name in numbers}
    return kept | lists | RegularizedMLPCV._parameter_constraints


class RegularizedMLPCV(
    RoutingMixin,
    CallbackSupportMixin,
    SuggestionsMixin,
    StoredVersionMixin,
    BaseEstimator,
    metaclass=ABCMeta,
):
    """Base class of the estimators that choose alpha by cross-validation."""

    alpha_: float
    alphas_: np.ndarray
    scores_: np.ndarray
    best_score_: float
    hidden_layer_sizes_: int | Sequence[int] | np.ndarray
    activation_: str | Sequence[str]
    l1_ratio_: float
    dropout_: float
    input_dropout_: float
    input_noise_: float
    mixup_: float
    relax_: float | None
    path_n_features_: np.ndarray
    selection_frequency_: np.ndarray
    fold_loss_curves_: list[list[np.ndarray]]
    fold_validation_loss_curves_: list[np.ndarray] | None
    refit_loss_curves_: list[np.ndarray]

    _parameter_constraints: dict = {
        "alphas": [Integral, "array-like"],
        "cv": ["cv_object"],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
        "rule": [StrOptions({"best", "one_se"})],
        "max_paths": [Interval(Integral, 1, None, closed="left")],
        "relax": ["boolean", Interval(Real, 0, None, closed="neither"), "array-like"],
        "continuation": ["boolean"],
        "ensemble": ["boolean"],
        "n_jobs": [Integral, None],
    }

    @property
    @abstractmethod
    def _plain_class(self):
        """The estimator that is fitted at each alpha."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> Self:
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
            If the chosen network selects no feature, or if the squared error of targets
            of a large standard deviation keeps the penalty from selecting features.
        """
        budget = Budget(self.max_time)
        report = SearchReport(self.verbose, self.max_time, self.n_init)
        _raise_for_params(params, self, "fit")
        # If this fit fails, nothing is left to predict with: an earlier one may have been
        # to other features and classes.
        self.__dict__ = self._without_fitted()
        warn_of_missing_extension()
        check_compared(self)
        data, targets = training_data(self, X, y, sample_weight)
        specs = [network_spec(self, targets, **one) for one in compared_params(self)]
        refuse_constraints(specs[0])
        if isinstance(sample_weight, Real):
            sample_weight = np.full(data.X.shape[0], sample_weight, dtype=np.float64)
        X, y, sample_weight = indexable(X, y, sample_weight)
        task = self._init_callback_context(max_subtasks=2)
        weights = None if sample_weight is None else {"sample_weight": sample_weight}
        seen = dict(estimator=self, X=X, y=y, metadata=weights)
        task.call_on_fit_task_begin(**seen)
        # With it the same path can be fitted once more, as displays do.
        self._seed = draw_seed(self.random_state)
        # A warning where one of the candidates has cause for it.
        warn_of_unit(next((s for s in specs if s.hidden_layer_sizes), specs[0]), data)
        self._warn_of_ratios()
        folds = self._folds(targets, specs[0], X, y, sample_weight, data, params)
        search = Search(self, specs, data, folds, self._seed, budget, report)
        search.check_scorer()
        self._run(search, task, data)
        task.call_on_fit_task_end(**seen)
        return self

    # What is compared

    def _estimator_of(self, fitted, fold, **params):
        """Return a plain estimator with a fitted network, as scorers take it."""
        plain = plain_estimator(self, alpha=fitted.alpha, **params)
        vars(plain).update(self._data_attributes())
        vars(plain).update(fitted_attributes(fitted, self.early_stopping))
        vars(plain).update(plain._of_samples(fitted, fold.data, fold.train))
        return plain

    def _data_attributes(self):
        """Return the attributes that tell features and targets."""
        return {name: v for name, v in vars(self).items() if name in _OF_THE_DATA}

    def _warn_of_ratios(self):
        if np.size(self.l1_ratio) > 1 and not uses_l1_ratio(self):
            warn(
                f"l1_ratio={self.l1_ratio!r} has several values, but "
                f"penalty={self.penalty!r} does not use it: one path is fitted, and they "
                "are not compared. Set penalty='elasticnet' or 'sparse_group_lasso', or "
                "leave l1_ratio out."
            )

    def _folds(self, targets, spec, X, y, sample_weight, data, params):
        routed = self._route(sample_weight, params)
        labels, stratified = targets.of_splits(y, data.y)
        splitter = check_cv(self.cv, labels, classifier=stratified)
        scorer = knowing_classes(self._scorer(), targets)
        folds = []
        for train, test in splitter.split(X, labels, **routed.splitter.split):
            metadata = {
                name: _safe_indexing(value, test)
                for name, value in routed.scorer.score.items()
            }
            targets.check_rows(data.y[train], spec.hold_out)
            own = self._of_fold(targets, data, y, sample_weight, train)
            X_test, y_test = _safe_indexing(X, test), _safe_indexing(y, test)
            fold = Fold(train, own, X_test, y_test, scorer, metadata, self._estimator_of)
            if sample_weight is not None:
                fold = replace(fold, test_weight=_safe_indexing(sample_weight, test))
            folds.append(replace(fold, test=np.arange(len(data.y))[test]))
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

    def _run(self, search, task, data):
        """Compare, choose, fit to all samples, and set the fitted attributes."""
        try:
            search.compare(task)
            result = search.result()
            ended = search.ended(result)
            if ended and np.isnan(result.mean_scores).all():
                raise ValueError(f"No alpha has a score in every fold. {ended}")
            choice = result.choice(self.rule)
            fitted = search.refit(choice, task)
        except KeyboardInterrupt as interrupt:
            self._keep(search)
            raise KeyboardInterrupt(
                "Search interrupted by user; scores_ has the scores found so far."
                if any(one.n_done for one in search.found)
                else "Search interrupted by user, before there were any scores."
            ) from interrupt
        warn_of_convergence([*search.warnings, fitted.warning], ended)
        networks = search.networks_of_folds(choice) if self.ensemble else []
        networks.append(fitted)
        self._warn_of_empty(networks, result, choice)
        further = search.of_folds(choice) | self._of_samples(fitted, data)
        if self.ensemble:
            further |= self._of_ensemble(networks, search, result, choice)
        self._store(fitted, result, choice, further)

    # Results

    def _of_samples(self, fitted, data, rows=None):
        """Return fitted attributes that take a pass over the samples; none by default."""
        return {}

    def _of_ensemble(self, networks, search, result, choice):
        """Return the attributes that hold the networks of the folds and the final one."""
        alpha = float(result.alphas[choice.path, choice.alpha])
        params = result.params[choice.path] | {"alpha": alpha}
        estimators = estimators_of(self, networks, params, self._data_attributes())
        further = self._of_predictions(estimators, search.folds)
        return {"estimators_": estimators, **further}

    def _of_predictions(self, estimators, folds):
        """Return what an ensemble has from predictions of its networks.

        Parameters
        ----------
        estimators : list of estimators
            The fitted network of each fold, and the final one.

        folds : list of Fold
        """
        return {"_calibration": calibration(estimators[:-1], folds)}

    def _warn_of_empty(self, networks, result, choice):
        if not all(fitted.is_empty for fitted in networks):
            return
        score, remedy = "the best", ""
        if self.rule == "one_se" and result.scores.shape[-1] > 1:
            score, remedy = "within one standard error of the best", ", or rule='best'"
        if networks[-1].network.activations and not isinstance(self.penalty, list | tuple):
            # Between networks that fit too closely and the empty one, the path of a norm of
            # all layers may have nothing.
            remedy += (
                ", or a bound on the later weights, which lets effects be weak: "
                "penalty=[GroupLasso(), MaxNorm(1)], with an entry for each layer"
            )
        alpha = result.alphas[choice.path, choice.alpha]
        cause = (
            f"alpha={alpha:.3g} was chosen, as the score is {score} there. If features "
            "matter all the same, try another `scoring`, for a rare class 'roc_auc' or "
            f"'neg_log_loss' rather than accuracy{remedy}."
        )
        warn_of_empty(networks[-1], cause)

    def _store(self, fitted, result, choice, further):
        """Set the fitted attributes at once, those of the chosen network among them."""
        params = result.params[choice.path]
        attributes = {
            **self._data_attributes(),
            **fitted_attributes(fitted, self.early_stopping),
            **result.attributes(compared_shape(self)),
            **further,
            "refit_loss_curves_": list(fitted.training.curves.objective),
            "best_score_": float(result.mean_scores[choice]),
            "alpha_": float(result.alphas[choice.path, choice.alpha]),
            **{f"{name}_": value for name, value in params.items()},
            "relax_": result.relaxes[choice.relax],
            "_seed": self._seed,
            "_compared": compared_lists(self),
        }
        self.__dict__ = self._without_fitted() | attributes

    def _keep(self, search):
        """Have the scores of a search that is interrupted, and nothing of one before."""
        kept = {}
        if search.found:
            kept = search.result().attributes(compared_shape(self))
            kept["_compared"] = compared_lists(self)
        self.__dict__ = self._without_fitted() | kept

    def _without_fitted(self):
        """All attributes but those that a fit sets, of which another may not have some."""
        return {
            name: value
            for name, value in vars(self).items()
            if name not in _PRIVATE_OF_A_FIT and (name[0] == "_" or name[-1] != "_")
        }
