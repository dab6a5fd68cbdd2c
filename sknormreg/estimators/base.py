"""Fitting a multilayer perceptron: what classifier and regressor share."""

import time
import warnings
from abc import ABCMeta, abstractmethod
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, _fit_context, is_classifier, is_regressor
from sklearn.callback import CallbackSupportMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_array, check_random_state
from sklearn.utils._param_validation import Hidden, Interval, Options, StrOptions
from sklearn.utils.validation import _check_sample_weight

from .._names import did_you_mean
from ..engine import (
    LARGEST_DIMENSION,
    Data,
    Network,
    check_layers,
    make_engine,
    warn_of_missing_extension,
)
from ..engine.activations import ACTIVATIONS
from ..evidence import SCOPES, EvidenceSolver
from ..fitting.layer_penalties import (
    all_l2,
    alphas_by_layer,
    alphas_of_inputs,
    named_penalties,
    needs_skip,
    penalties_by_layer,
)
from ..fitting.objective import Objective
from ..fitting.training import (
    FULL_PRECISION,
    TrainingState,
    Validation,
    convergence_problem,
    initial_output_share,
    make_solver,
    resolve_solver,
    train,
)
from ..penalties import PENALTIES, Layout, Penalty
from ..solvers import MinibatchState
from .callbacks import FitCallbacks
from .empty_network import strong_alpha, warn_of_empty
from .stored_version import StoredVersionMixin
from .suggestions import SuggestionsMixin


class RegularizedMLP(
    CallbackSupportMixin,
    SuggestionsMixin,
    StoredVersionMixin,
    BaseEstimator,
    metaclass=ABCMeta,
):
    """Validation, fitting and attributes that classifier and regressor share.

    They add what is predicted (`predictions.py`) and what targets look like.
    """

    alpha_: float | np.ndarray | list[Any]
    n_effective_parameters_: float
    log_evidence_: float

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
            StrOptions({"evidence"}),
        ],
        "evidence_scope": [StrOptions(set(SCOPES))],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "solver": [StrOptions({"auto", "lbfgs", "adam", "sgd"})],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "input_dropout": [Interval(Real, 0, 1, closed="left")],
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
        "warm_start": ["boolean"],
        "total_weight": [None, Interval(Real, 0, np.inf, closed="neither")],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    # What classifier and regressor do differently

    @abstractmethod
    def _learn_target(self, y):
        """Set the attributes that tell what targets look like."""

    @abstractmethod
    def _encode_target(self, y, dtype, name="y"):
        """`y` as the loss takes it, after a check that it fits what was learnt."""

    @abstractmethod
    def _make_loss(self):
        """The loss between encoded targets and raw outputs."""

    @abstractmethod
    def _score_encoded(self, y, predicted, sample_weight):
        """What `score` would return, from encoded targets and predictions."""

    def _class_weighted(self, sample_weight, y, encoded):
        """Sample weights times class weights."""
        return sample_weight

    def _stratification(self, encoded):
        """What a validation split is stratified by."""
        return None

    def _check_rows(self, data, rows):
        """Raise a ValueError where some of the rows are not enough to fit to."""

    def _unit_problem(self, data):
        """How the targets' unit keeps the penalty from selecting anything, or None."""
        return None

    def _warn_of_unit(self, data, stacklevel):
        problem = self._unit_problem(data)
        if problem:
            warnings.warn(problem, stacklevel=stacklevel)

    # Fitting

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        coef_init=None,
        intercept_init=None,
    ) -> Self:
        """Fit the model to data matrix X and target(s) y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data. C-ordered floats and CSR are used as they are, anything else
            is converted; sparse X stays sparse.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values: class labels, an indicator matrix of labels, or numbers.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, at least 0. In the objective a weight of 2 is the same
            as the row twice. None weighs each row 1.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Rows held out to watch the unpenalised loss. With ``early_stopping=True``
            that loss decides when to stop and which weights to keep, and no split is
            made; otherwise it is only recorded in `validation_loss_curve_`. Class
            weights do not apply to these rows. In a `Pipeline`, `X_val` is transformed
            like X by ``Pipeline(..., transform_input=["X_val"])``, which takes
            ``sklearn.set_config(enable_metadata_routing=True)`` and, for this step,
            ``set_fit_request(X_val=True, y_val=True)``.

        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Target values of `X_val`.

        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the rows of `X_val`.

        coef_init : list of ndarray of shape (fan_in, fan_out), default=None
            Initial weights, an array for each layer. None draws them or, with
            ``warm_start=True``, takes those of the previous fit.

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
            so far, and predicts; a search around it ends, for half a fit is no answer.

        Warns
        -----
        ConvergenceWarning
            If training ended before it converged.

        UserWarning
            If the network uses no input, or if the squared error of targets of a large
            standard deviation keeps the penalty from selecting features.
        """
        deadline = self._deadline()
        warn_of_missing_extension(stacklevel=3)
        if not self.warm_start:
            # If this fit fails, there are no weights to predict with: those of an
            # earlier one may be for other features and classes.
            self.__dict__.pop("coefs_", None)
            self.__dict__.pop("skip_coef_", None)
        data = self._validate_training_data(X, y, sample_weight)
        self._warn_of_unit(data, stacklevel=4)
        held_out = self._validate_held_out(X_val, y_val, sample_weight_val)
        random_state = check_random_state(self.random_state)
        rows, validation = self._plan_validation(data, held_out, random_state)
        objective = self._make_objective(data, rows)
        network = objective.network
        params = self._start(objective, random_state, coef_init, intercept_init)
        if self._by_evidence:
            self._refuse_without_evidence(objective)
        self.solver_ = resolve_solver(self.solver, objective)
        callbacks = FitCallbacks(
            self,
            X,
            y,
            sample_weight,
            lambda params, n_iter: _network_attributes(network, params, n_iter),
        )
        result = self._train(
            objective,
            params,
            random_state,
            validation,
            deadline=deadline,
            begin_iteration=callbacks.begin_iteration,
            end_iteration=callbacks.end_iteration,
        )
        self._raise_or_warn(result, objective)
        self._store(result, network)
        _raise_interrupt(result)
        if result.status != "diverged":
            warn_of_empty(self, strong_alpha(self.alpha, data), stacklevel=3)
        callbacks.end(result.params, result.n_iter)
        return self

    def _train(
        self,
        objective,
        params,
        random_state,
        validation,
        precision=FULL_PRECISION,
        **hooks,
    ):
        """What `train` returns, by `solver_` and the parameters of the estimator."""
        if self._by_evidence:
            # Its fits are looked at, and gone on from, many times; J at its very minimum
            # predicts worse (benchmarks/evidence_to_the_end.py).
            precision = replace(precision, small_work=0, to_the_end=False)
        solver = make_solver(self.solver_, self, objective, random_state, precision)
        if self._by_evidence:
            start = getattr(self, "alpha_", None) if self.warm_start else None
            solver = EvidenceSolver(solver, self.evidence_scope, start)
        result = train(
            objective,
            solver,
            params,
            max_iter=self.max_iter,
            loss_threshold=self.loss_threshold,
            validation=validation,
            patience=self.n_iter_no_change,
            min_improvement=1e-4 if self.tol == "auto" else self.tol,
            goes_on=self.warm_start,
            verbose=self.verbose,
            **hooks,
        )
        if self._by_evidence and result.is_finite:
            result.evidence = solver.evidence(objective, result.params)
        return result

    def _deadline(self):
        """Value of `time.monotonic` at which `max_time`, counted from now, is over."""
        return np.inf if self.max_time is None else time.monotonic() + self.max_time

    @property
    def _by_evidence(self):
        return isinstance(self.alpha, str)

    def _refuse_without_evidence(self, objective):
        """Raise a ValueError where alpha='evidence' has no meaning."""
        problem = None
        if not all_l2(objective.penalties):
            problem = (
                f"is for penalty='l2', the logarithm of a Gaussian prior, not for "
                f"penalty={self.penalty!r}"
            )
        elif objective.network.loss.hessian_root is None:
            problem = f"is for loss='squared_error', not for loss={self.loss!r}"
        elif self.solver not in ("auto", "lbfgs"):
            problem = (
                f"is for full batches, solver='lbfgs' or 'auto', not for "
                f"solver={self.solver!r}"
            )
        elif objective.dropout:
            problem = "is for full batches and has no meaning with dropout"
        if problem:
            raise ValueError(f"alpha='evidence' {problem}.")

    def _partial_fit(self, X, y, sample_weight):
        """One epoch over the given data, from where the last call ended."""
        if self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: a call sees a part "
                "of the data only. Use fit, or set early_stopping=False."
            )
        warn_of_missing_extension(stacklevel=4)
        # scikit-learn's decorator checks parameters at the first call only.
        self._validate_params()
        first = not hasattr(self, "coefs_")
        data = self._validate_training_data(X, y, sample_weight, incremental=True)
        state = getattr(self, "_training_state", None)
        if first or state is None:
            state = TrainingState(check_random_state(self.random_state))
        objective = self._make_objective(
            data, None, self.total_weight, state.scales, stacklevel=4
        )
        state.scales = objective.scales
        if first:
            params = self._start_incremental(objective, state.random_state)
        else:
            params = self._continued_params(objective.network, data.X.dtype)
        self.solver_ = resolve_solver(self.solver, objective, incremental=True)
        solver = make_solver(self.solver_, self, objective, state.random_state)
        result = train(
            objective, solver, params, max_iter=1, solver_state=state.solver_state
        )
        self._raise_or_warn(result, objective, incremental=True)
        if result.status == "diverged":
            # Running averages that have overflowed would spoil the calls to come.
            state.solver_state = MinibatchState()
        self._store(result, objective.network, incremental=not first, state=state)
        _raise_interrupt(result)
        return self

    def _validate_training_data(self, X, y, sample_weight, incremental=False):
        continued = hasattr(self, "coefs_") and (incremental or self.warm_start)
        X, y = self._validate_X_y(
            X, y, ensure_min_samples=1 if incremental else 2, reset=not continued
        )
        _check_size(X)
        if not (continued or (incremental and is_classifier(self))):
            self._learn_target(y)
        encoded = self._encode_target(y, X.dtype)
        sample_weight = _validate_sample_weight(sample_weight, X)
        return Data(X, encoded, self._class_weighted(sample_weight, y, encoded))

    def _validate_held_out(self, X_val, y_val, sample_weight_val):
        """The caller's validation rows as `Data`; None where there are none."""
        if X_val is None and y_val is None:
            if sample_weight_val is not None:
                raise ValueError(
                    "sample_weight_val is provided, but X_val and y_val were not."
                )
            return None
        if y_val is None:
            raise ValueError("X_val is provided, but y_val was not provided.")
        if X_val is None:
            raise ValueError("y_val is provided, but X_val was not provided.")
        try:
            X_val, y_val = self._validate_X_y(X_val, y_val, reset=False)
            sample_weight_val = _validate_sample_weight(sample_weight_val, X_val)
        except ValueError as error:
            # scikit-learn's messages speak of X, y and sample_weight.
            raise ValueError(
                f"X_val, y_val or sample_weight_val are not valid: {error}"
            ) from error
        encoded = self._encode_target(y_val, X_val.dtype, name="y_val")
        return Data(X_val, encoded, sample_weight_val)

    def _validate_X_y(self, X, y, **options):
        return self._validated(
            X, y, multi_output=True, y_numeric=is_regressor(self), **options
        )

    def _plan_validation(self, data, held_out, random_state, rows=None):
        """Rows to train on, of those that are given, and the `Validation` or None.

        Rows are None for all of them.
        """
        if held_out is not None:
            return rows, self._make_validation(held_out, None)
        if not self.early_stopping:
            return rows, None
        rows = np.arange(data.X.shape[0]) if rows is None else rows
        train_rows, val_rows = train_test_split(
            rows,
            test_size=self.validation_fraction,
            random_state=random_state,
            stratify=self._strata(data.y[rows]),
        )
        # In order, so that blocks of rows lie close together in memory.
        train_rows.sort()
        val_rows.sort()
        for part, rows in (("training", train_rows), ("validation", val_rows)):
            if data.sample_weight is not None and not data.sample_weight[rows].any():
                raise ValueError(
                    f"All rows of the {part} part have a sample_weight of 0. Give more "
                    "rows a weight, or pass X_val and y_val."
                )
        return train_rows, self._make_validation(data, val_rows)

    def _strata(self, encoded):
        """What the validation split is stratified by; None draws it at random.

        As MLPClassifier does with more than two classes; here where there are fewer rows
        in a part than classes.

        Raises
        ------
        ValueError
            If the classes have too few rows to be in both parts.
        """
        strata = self._stratification(encoded)
        if strata is None:
            return None
        classes, counts = np.unique(strata, return_counts=True)
        # As train_test_split rounds.
        n_held_out = int(np.ceil(self.validation_fraction * len(strata)))
        n_fewest = min(n_held_out, len(strata) - n_held_out)
        if len(classes) > 2 and n_fewest < len(classes):
            return None
        if (counts < 2).any():
            raise ValueError(
                "early_stopping=True holds out rows of every class and trains on others, "
                f"but there is only one row of {classes[counts < 2].tolist()}. Add rows, "
                "leave such classes out, or set early_stopping=False."
            )
        if n_fewest < len(classes):
            raise ValueError(
                f"early_stopping=True and validation_fraction={self.validation_fraction:g} "
                f"hold out {n_held_out} of {len(strata)} rows, but either part needs at "
                f"least one of each of the classes {classes.tolist()}. Add rows, change "
                "validation_fraction, or set early_stopping=False."
            )
        return strata

    def _make_validation(self, data, rows):
        loss = self._make_loss()

        def score(y, raw, sample_weight):
            return self._score_encoded(y, self._decide(raw, loss), sample_weight)

        # What is watched are means.
        data, _ = data.with_moderate_weights()
        return Validation(data, rows, decides=self.early_stopping, score=score)

    def _make_objective(self, data, rows, total_weight=None, scales=None, stacklevel=3):
        sizes = np.atleast_1d(self.hidden_layer_sizes).tolist()
        if not all(isinstance(size, Integral) and size >= 1 for size in sizes):
            raise ValueError(
                "hidden_layer_sizes must be integers of at least 1, one for each hidden "
                f"layer, got {self.hidden_layer_sizes!r}."
            )
        activations = self.activation
        if isinstance(activations, str):
            activations = [activations] * len(sizes)
        known = all(isinstance(name, str) and name in ACTIVATIONS for name in activations)
        if len(activations) != len(sizes) or not known:
            raise ValueError(
                f"activation must be one of {sorted(ACTIVATIONS)}, or one of them for "
                f"each of the {len(sizes)} hidden layers, got {self.activation!r}."
                f"{did_you_mean(self.activation, ACTIVATIONS)}"
            )
        n_outputs = data.y.shape[1] if data.y.ndim == 2 else len(self.classes_)
        layer_units = (data.X.shape[1], *map(int, sizes), n_outputs)
        if max(layer_units) > LARGEST_DIMENSION:
            raise ValueError(
                f"Layers have at most {LARGEST_DIMENSION} units, got {layer_units} by the "
                f"features of X, hidden_layer_sizes={self.hidden_layer_sizes!r} and y."
            )
        penalties = named_penalties(self.penalty, self.l1_ratio)
        network = Network(
            layer_units,
            tuple(activations),
            self._make_loss(),
            skip=needs_skip(penalties) and len(sizes) > 0,
        )
        feature_names = getattr(self, "feature_names_in_", None)
        layout = Layout(list(network.shapes), feature_names, network.n_skip)
        penalties = penalties_by_layer(penalties, layout)
        # By evidence, it is the solver that sets them.
        alpha = 1.0 if self._by_evidence else self.alpha
        alpha, penalties = alphas_of_inputs(alpha, penalties, data.X.shape[1])
        return Objective(
            make_engine(network),
            data,
            rows,
            penalties,
            alphas_by_layer(
                alpha, penalties, isinstance(self.penalty, str), stacklevel + 1
            ),
            total_weight=total_weight,
            scales=scales,
            dropout=self._dropout_rates(len(sizes)),
        )

    def _dropout_rates(self, n_hidden):
        """Of the inputs and of every hidden layer; None where all of them are 0."""
        rates = (float(self.input_dropout), *[float(self.dropout)] * n_hidden)
        return rates if any(rates) else None

    # Starting weights

    def _start(self, objective, random_state, coef_init, intercept_init):
        network, dtype = objective.network, objective.data.X.dtype
        if self.warm_start and hasattr(self, "coefs_"):
            params = self._continued_params(network, dtype)
        else:
            params = objective.initial_params(
                random_state, objective.best_constant(), initial_output_share(objective)
            )
        for name, given, own in (
            ("coef_init", coef_init, network.coefs(params)),
            ("intercept_init", intercept_init, network.intercepts(params)),
        ):
            if given is not None:
                _fill_layers(name, given, own)
        return params

    def _start_incremental(self, objective, random_state):
        # The shares of the first part may be far from those of all; a regression's
        # mean tells at least the unit.
        constant = objective.best_constant() if is_regressor(self) else 0.0
        return objective.initial_params(
            random_state, constant, initial_output_share(objective)
        )

    def _continued_params(self, network, dtype):
        if self._has_sparse_weights():
            raise ValueError(
                "Training cannot go on from sparse weights: call densify() first."
            )
        weights = self._weights()
        shapes = [np.shape(part) for part in weights]
        if shapes != list(network.shapes):
            raise ValueError(
                f"Training cannot go on from weights of shapes {shapes}: this network's "
                f"are {list(network.shapes)}. Use a new estimator, or warm_start=False."
            )
        check_layers(network, weights, self.intercepts_)
        return network.pack(weights, self.intercepts_, dtype)

    # Results

    def _raise_or_warn(self, result, objective, incremental=False):
        if result.status == "interrupted":
            return
        problem = self._problem(result, objective, incremental)
        if problem:
            warnings.warn(problem, ConvergenceWarning, stacklevel=4)

    def _problem(self, result, objective, incremental=False):
        """What keeps a training from counting as converged, or None.

        Raises
        ------
        ValueError
            If it could not begin.
        """
        if not result.is_finite:
            raise ValueError(
                "The objective or its gradient is not finite at the initial weights: X, "
                "y, coef_init, or alpha over the sum of sample_weight are too large. "
                "Standardise the features (and, in regression, the target), for example "
                "with StandardScaler."
            )
        problem = convergence_problem(
            result, objective, self.solver_, self, incremental=incremental
        )
        if not problem and result.evidence and result.status in _SAYS_CONVERGED:
            problem = result.evidence.problem
        return problem

    def _store(self, result, network, incremental=False, state=None):
        """Set the fitted attributes, at once: Ctrl-C finds the old ones or the new ones.

        Parameters
        ----------
        result : TrainingResult

        network : Network

        incremental : bool
            Whether to add to those of earlier calls.

        state : TrainingState or None
            What the next call of `partial_fit` goes on from.
        """
        n_iter = result.n_iter + (self.n_iter_ if incremental else 0)
        attributes = {
            **_network_attributes(network, result.params, n_iter),
            **self._alpha_attributes(result.evidence),
            **self._loss_curve_attributes(result, incremental),
            "loss_": result.loss,
            "optimality_": result.optimality,
            "t_": result.n_rows_seen + (self.t_ if incremental else 0),
            "validation_loss_curve_": result.validation_loss_curve or None,
            "validation_scores_": result.validation_scores or None,
            "best_validation_score_": max(result.validation_scores, default=None),
        }
        if state is not None:
            attributes["_training_state"] = state
        kept = {name: v for name, v in vars(self).items() if name not in _OF_SOME_FITS}
        self.__dict__ = kept | attributes

    def _loss_curve_attributes(self, result, incremental):
        """The losses, recorded at a cost that does not grow with the calls before."""
        curve, best = (self.loss_curve_, self.best_loss_) if incremental else ([], None)
        if not isinstance(curve, list):
            curve = list(curve)
        elif incremental and len(curve) > self.n_iter_:
            # Of a call that was interrupted before its attributes were set, or of a copy.
            curve = curve[: self.n_iter_]
        # Only early stopping leaves a curve without its smallest value.
        earlier = [best] if curve and best is not None else curve
        best = min([*earlier, *result.loss_curve], default=result.loss)
        curve.extend(result.loss_curve)
        return {"loss_curve_": curve, "best_loss_": None if self.early_stopping else best}

    def _alpha_attributes(self, evidence):
        if evidence is None:
            return {"alpha_": _copied_alpha(self.alpha)}
        return {
            "alpha_": evidence.alpha,
            "n_effective_parameters_": evidence.n_effective_parameters,
            "log_evidence_": evidence.log_evidence,
        }


# Where training was not ended by someone else.
_SAYS_CONVERGED = ("converged", "stalled", "max_iter", "max_time", "max_fun")

# What only some networks and some fits have, and what `compact` has said of the last one.
_OF_SOME_FITS = (
    "skip_coef_",
    "shrinkage_",
    "n_effective_parameters_",
    "log_evidence_",
    "noise_variance_",
    "_posterior",
    "_training_state",
)


def _raise_interrupt(result):
    """Pass Ctrl-C on once the fitted attributes are set, so that searches end, too."""
    if result.status == "interrupted":
        raise KeyboardInterrupt(
            "Training interrupted by user; the weights reached so far are kept."
        )


def _copied_alpha(alpha):
    """A number, an array of one for each layer, or a list with an array for the inputs."""
    if isinstance(alpha, Real) or getattr(alpha, "ndim", 1) == 0:
        return float(alpha)
    if isinstance(alpha, list | tuple) and np.ndim(alpha[0]):
        return [np.array(alpha[0], dtype=np.float64), *map(float, alpha[1:])]
    return np.array(alpha, dtype=np.float64)


def _network_attributes(network, params, n_iter):
    """Attributes of a fitted estimator, in arrays of their own."""
    coefs = network.coefs(params)
    coefs[0], skip = network.split_skip(coefs[0])
    return {
        **({"skip_coef_": skip.copy()} if network.skip else {}),
        "coefs_": [coef.copy() for coef in coefs],
        "intercepts_": [intercept.copy() for intercept in network.intercepts(params)],
        "n_iter_": n_iter,
        "n_layers_": len(network.layer_units),
        "n_outputs_": network.layer_units[-1],
        "out_activation_": network.loss.out_activation,
        "_network": network,
    }


def _fill_layers(name, given, own):
    """Copy the caller's initial arrays into the views `own`."""
    expected = [array.shape for array in own]
    message = f"{name} must be a list of arrays of shapes {expected}, got "
    if not isinstance(given, list | tuple) or len(given) != len(own):
        raise ValueError(message + f"{given!r}.")
    try:
        arrays = [
            check_array(array, ensure_2d=False, dtype=target.dtype, input_name=name)
            for array, target in zip(given, own)
        ]
    except ValueError as error:
        raise ValueError(f"{name} is not valid: {error}") from error
    shapes = [array.shape for array in arrays]
    if shapes != expected:
        raise ValueError(message + f"{shapes}.")
    for array, target in zip(arrays, own):
        target[...] = array


def _check_size(X):
    """Refuse features whose squares overflow: no gradient could be computed of them."""
    values = X.data if sparse.issparse(X) else X
    # Not by a product of BLAS, whose threads stay awake for a while after it.
    largest = max(values.max(initial=0), -values.min(initial=0))
    with np.errstate(over="ignore"):
        if not np.isfinite(largest * largest * values.dtype.type(values.size)):
            raise ValueError(
                f"X contains values too large for {X.dtype}: their squares overflow. "
                "Standardise the features, for example with StandardScaler."
            )


def _validate_sample_weight(sample_weight, X):
    if sample_weight is None:
        return None
    given = _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    with np.errstate(over="ignore"):
        total = given.sum()
    if not np.isfinite(total):
        raise ValueError(
            "The sum of sample_weight is not finite: its largest entry is "
            f"{given.max():.3g}. Divide it by a number (and alpha, which acts relative to "
            "its sum)."
        )
    largest, limits = given.max(), np.finfo(X.dtype)
    if X.dtype != given.dtype and not limits.tiny <= largest <= limits.max:
        raise ValueError(
            f"sample_weight is too {'small' if largest < 1 else 'large'} for X of dtype "
            f"{X.dtype}: its largest entry is {largest:.3g}. Multiply it by a number "
            "(and alpha, which acts relative to its sum), or convert X to float64."
        )
    return given.astype(X.dtype, copy=False)


def accepts_partial_fit(estimator):
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for minibatch solvers: set solver='adam' or "
            "'sgd' (or 'auto', which takes 'adam') instead of 'lbfgs'."
        )
    if estimator._by_evidence:
        raise AttributeError(
            "partial_fit sees a part of the data only, and is not available with "
            "alpha='evidence': use fit, or a number for alpha."
        )
    return True
