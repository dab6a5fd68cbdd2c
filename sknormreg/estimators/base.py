"""Fitting a multilayer perceptron: what classifiers, regressors and Cox models share."""

import time
from abc import ABCMeta
from dataclasses import replace
from functools import partial
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, _fit_context, is_classifier, is_regressor
from sklearn.callback import CallbackSupportMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, check_random_state
from sklearn.utils._param_validation import Hidden, Interval, Options, StrOptions

from .._warnings import warn
from ..engine import warn_of_missing_extension
from ..engine.activations import ACTIVATIONS
from ..evidence import SCOPES
from ..fitting.auto_alpha import fit_at_best_alpha
from ..fitting.best_start import fit_from_starts
from ..fitting.fit import fit_network
from ..fitting.quantile_alpha import fit_at_quantile
from ..fitting.result import TrainingState
from ..fitting.solver_choice import FULL_BATCH, MINIBATCH
from ..fitting.start import Start, continued
from ..penalties import PENALTIES, Penalty
from ..solvers import Status
from .callbacks import FitCallbacks
from .empty_network import strong_alpha, warn_of_empty
from .fitted_attributes import OF_SOME_FITS, fitted_attributes
from .quantile_rule import quantile_rule, refuse_starts
from .specification import is_word, network_spec
from .stored_version import StoredVersionMixin
from .suggestions import SuggestionsMixin
from .target_unit import warn_of_unit
from .validation import held_out_data, training_data


class RegularizedMLP(
    CallbackSupportMixin,
    SuggestionsMixin,
    StoredVersionMixin,
    BaseEstimator,
    metaclass=ABCMeta,
):
    """Parameters, fitting and attributes that all estimators without a search share.

    They add their predictions (`predictions.py`).
    """

    alpha_: float | np.ndarray | list[Any]

    _doc_link_module = "sknormreg"
    _doc_link_template = (
        "https://sknormreg.readthedocs.io/en/stable/generated/"
        "sknormreg.{estimator_name}.html"
    )

    _parameter_constraints: dict = {
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "activation": [StrOptions(set(ACTIVATIONS)), list, tuple],
        # A class is refused later, by an error that says what to write instead.
        "penalty": [StrOptions(set(PENALTIES)), Penalty, list, tuple, Hidden(type)],
        # No objective has an infinite alpha; 1e12 does what it would mean.
        "alpha": [
            Interval(Real, 0, np.inf, closed="left"),
            "array-like",
            StrOptions({"auto", "evidence", "quantile"}),
        ],
        "quantile_level": [Interval(Real, 0, 1, closed="neither")],
        "evidence_scope": [StrOptions(set(SCOPES))],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "monotonic_cst": ["array-like", dict, None],
        "solver": [StrOptions({"auto", *FULL_BATCH, *MINIBATCH})],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "input_dropout": [Interval(Real, 0, 1, closed="left")],
        "input_noise": [Interval(Real, 0, np.inf, closed="left")],
        "mixup": [Interval(Real, 0, np.inf, closed="left")],
        "batch_size": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
        "learning_rate_init": [Interval(Real, 0, np.inf, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "max_time": [None, Interval(Real, 0, np.inf, closed="neither")],
        "tol": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "loss_threshold": [None, Interval(Real, None, None, closed="neither")],
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "nesterovs_momentum": ["boolean"],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "shuffle": ["boolean"],
        "n_iter_average": [Interval(Integral, 1, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
        "total_weight": [None, Interval(Real, 0, np.inf, closed="neither")],
        "n_jobs": [None, Integral],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        coef_init: Any = None,
        intercept_init: Any = None,
    ) -> Self:
        """Fit the model to data matrix X and target(s) y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data. C-ordered floats and CSR are used as they are, anything else
            is converted; sparse X stays sparse.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values: class labels, an indicator matrix of labels, numbers, or an
            event and a time (see :class:`RegularizedMLPSurvival`).

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, at least 0. In the objective a weight of 2 is the same
            as the row twice. None weighs each row 1.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Rows held out to watch the unpenalised loss. With ``early_stopping=True``
            that loss decides when to stop and which weights to keep, and no split is
            made; with ``alpha="auto"`` it decides on alpha; otherwise it is only recorded
            in `validation_loss_curve_`. Class weights do not apply to these rows. In a
            `Pipeline`, `X_val` is transformed like X by
            ``Pipeline(..., transform_input=["X_val"])``, which takes
            ``sklearn.set_config(enable_metadata_routing=True)`` and, for this step,
            ``set_fit_request(X_val=True, y_val=True)``.

        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Target values of `X_val`.

        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the rows of `X_val`.

        coef_init : list of ndarray of shape (fan_in, fan_out), default=None
            Initial weights, an array for each layer; there is one start then, whatever
            `n_init` is. None draws them or, with ``warm_start=True``, takes those of the
            previous fit.

        intercept_init : list of ndarray of shape (fan_out,), default=None
            Initial intercepts, an array for each layer. None starts at 0, and at the
            best constant prediction in the output layer or, with ``warm_start=True``,
            where the previous fit ended.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data or the initial values are not as described, or so large that
            the objective is not finite at the initial weights.

        KeyboardInterrupt
            If the user interrupts it by Ctrl-C. The estimator then has the weights reached
            so far, of several starts the best, and predicts, unless alpha was still being
            chosen; a search around it ends, for half a fit is no answer.

        Warns
        -----
        ConvergenceWarning
            If training ended before it converged: that of the best start, if there are
            several. If `max_time` was over before all starts were done.

        RuntimeWarning
            If `coef_init` is given and `n_init` is above 1.

        UserWarning
            If no feature is selected, or if the squared error of targets of a large
            standard deviation keeps the penalty from selecting features.
        """
        deadline = deadline_after(self.max_time)
        warn_of_missing_extension()
        if not self.warm_start:
            # If this fit fails, there are no weights to predict with: those of an
            # earlier one may be for other features and classes.
            self.__dict__.pop("coefs_", None)
            self.__dict__.pop("skip_coef_", None)
        goes_on = self.warm_start and hasattr(self, "coefs_")
        data, targets = training_data(self, X, y, sample_weight, is_continued=goes_on)
        spec = network_spec(self, targets)
        warn_of_unit(spec, data)
        spec = replace(spec, n_init=self._n_starts(goes_on, coef_init))
        validation = held_out_data(self, targets, X_val, y_val, sample_weight_val)
        network = spec.network(data.X.shape[1])
        start = self._last_weights(network) if goes_on else Start()
        callbacks = FitCallbacks(self, X, y, sample_weight, spec.n_init)
        fit = self._fit_function(spec, data, sample_weight, callbacks.of_starts)
        fitted = fit(
            spec,
            data,
            start=_with_given(start, network, data.X.dtype, coef_init, intercept_init),
            random_state=check_random_state(self.random_state),
            validation=validation,
            deadline=deadline,
        )
        self._store(fitted, further=self._of_samples(fitted, data))
        if fitted.training.status is not Status.DIVERGED:
            warn_of_empty(fitted, strong_alpha(self.alpha, data))
        callbacks.end(fitted)
        return self

    def _partial_fit(self, X, y, sample_weight):
        """One epoch over the given data, from where the last call ended."""
        if self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: a call sees a part "
                "of the data only. Use fit, or set early_stopping=False."
            )
        if self.n_iter_average > 1:
            raise ValueError(
                f"partial_fit does not support n_iter_average={self.n_iter_average}: a "
                "call is a single epoch, and starts where the last one ended. Use fit, or "
                "set n_iter_average=1."
            )
        warn_of_missing_extension()
        # scikit-learn's decorator checks parameters at the first call only.
        self._validate_params()
        first = not hasattr(self, "coefs_")
        data, targets = training_data(
            self,
            X,
            y,
            sample_weight,
            is_continued=not first,
            knows_targets=is_classifier(self),
            is_part=True,
        )
        state = getattr(self, "_training_state", None)
        if first or state is None:
            state = TrainingState(check_random_state(self.random_state))
        spec = network_spec(self, targets)
        if first:
            # The shares of the first part may be far from those of all; a regression's
            # mean tells at least the unit.
            start = Start(at_constant=is_regressor(self))
        else:
            start = self._last_weights(spec.network(data.X.shape[1]))
        fitted = fit_network(
            replace(spec, settings=replace(spec.settings, **_ONE_EPOCH)),
            data,
            # A part of the data does not tell which is best.
            alpha=1.0 if is_word(self.alpha, "auto") else self.alpha,
            start=start,
            random_state=state.random_state,
            state=state,
        )
        self._store(fitted, incremental=not first, state=state)
        return self

    def _fit_function(self, spec, data, sample_weight, watchers):
        """Return what fits a network at the alpha given, or at the one it chooses."""
        if is_word(self.alpha, "quantile"):
            refuse_starts(spec.n_init)
            rule = quantile_rule(self, data, sample_weight)
            return partial(fit_at_quantile, rule=rule, watcher=watchers[0])
        options: dict[str, Any] = dict(watchers=watchers, n_jobs=self.n_jobs)
        if is_word(self.alpha, "auto"):
            return partial(fit_at_best_alpha, **options)
        return partial(fit_from_starts, alpha=self.alpha, **options)

    def _n_starts(self, goes_on, coef_init):
        """Return the number of random starts: given weights leave nothing to draw."""
        if goes_on:
            return 1
        if coef_init is not None and self.n_init > 1:
            warn(
                "coef_init gives the initial weights, so that there is one start instead "
                f"of n_init={self.n_init}. Leave coef_init out, or set n_init=1.",
                RuntimeWarning,
            )
            return 1
        return self.n_init

    def _last_weights(self, network):
        """Return the `Start` of a training that goes on from the weights of the last."""
        if self._has_sparse_weights():
            raise ValueError(
                "Training cannot go on from sparse weights: call densify() first."
            )
        start = continued(network, self._weights(), self.intercepts_)
        return replace(start, alphas=getattr(self, "alpha_", None))

    def _of_samples(self, fitted, data, rows=None):
        """Return fitted attributes that take a pass over the samples; none by default."""
        return {}

    def _store(self, fitted, incremental=False, state=None, further=None):
        """Set the fitted attributes, at once: Ctrl-C finds the old ones or the new ones.

        Parameters
        ----------
        fitted : FittedNetwork

        incremental : bool
            Whether to add to those of earlier calls.

        state : TrainingState or None
            Of the next call of `partial_fit`.

        further : dict or None
            Other attributes.

        Raises
        ------
        KeyboardInterrupt
            If it ended the training, once the attributes are set, so that searches end,
            too.
        """
        interrupted = fitted.training.status is Status.INTERRUPTED
        if fitted.warning:
            warn(fitted.warning, ConvergenceWarning)
        attributes = fitted_attributes(
            fitted,
            self.early_stopping,
            getattr(self, "store_posterior", False),
            earlier=self if incremental else None,
        )
        attributes |= further or {}
        if state is not None:
            attributes["_training_state"] = state
        kept = {name: v for name, v in vars(self).items() if name not in OF_SOME_FITS}
        self.__dict__ = kept | attributes
        if interrupted:
            raise KeyboardInterrupt(
                "Training interrupted by user; the weights reached so far are kept."
            )


# Settings of one call of `partial_fit`.
_ONE_EPOCH: dict[str, Any] = dict(
    max_iter=1, max_time=None, loss_threshold=None, verbose=False
)


def deadline_after(max_time: float | None) -> float:
    """Return the value of `time.monotonic` at which so many seconds from now are over."""
    return np.inf if max_time is None else time.monotonic() + max_time


def _with_given(start, network, dtype, coef_init, intercept_init):
    """Return a `Start` with the caller's initial weights and intercepts."""
    shapes = list(network.shapes)
    if coef_init is not None:
        coef_init = _checked_layers("coef_init", coef_init, shapes, dtype)
        start = replace(start, coefs=coef_init)
    if intercept_init is not None:
        shapes = [(fan_out,) for fan_out in network.layer_units[1:]]
        intercept_init = _checked_layers("intercept_init", intercept_init, shapes, dtype)
        start = replace(start, intercepts=intercept_init)
    return start


def _checked_layers(name, given, expected, dtype):
    """Return the caller's initial arrays, after a check of their shapes."""
    message = f"{name} must be a list of arrays of shapes {expected}, got "
    if not isinstance(given, list | tuple) or len(given) != len(expected):
        raise ValueError(message + f"{given!r}.")
    try:
        arrays = [
            check_array(array, ensure_2d=False, dtype=dtype, input_name=name)
            for array in given
        ]
    except ValueError as error:
        raise ValueError(f"{name} is not valid: {error}") from error
    shapes = [array.shape for array in arrays]
    if shapes != expected:
        raise ValueError(message + f"{shapes}.")
    return arrays


def accepts_partial_fit(estimator: Any) -> bool:
    if estimator.solver in FULL_BATCH:
        raise AttributeError(
            "partial_fit is only available for minibatch solvers: set solver='adam' or "
            f"'sgd' (or 'auto', which takes 'adam') instead of {estimator.solver!r}."
        )
    if isinstance(estimator.alpha, str) and estimator.alpha != "auto":
        raise AttributeError(
            "partial_fit sees a part of the data only, and is not available with "
            f"alpha={estimator.alpha!r}: use fit, or a number for alpha."
        )
    return True
