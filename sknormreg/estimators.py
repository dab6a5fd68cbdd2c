"""Multilayer perceptrons whose norm penalty is the point, as scikit-learn estimators."""

import warnings
from abc import ABCMeta, abstractmethod
from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    RegressorMixin,
    _fit_context,
    is_classifier,
    is_regressor,
)
from sklearn.callback import CallbackSupportMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import (
    assert_all_finite,
    check_array,
    check_random_state,
    column_or_1d,
    compute_class_weight,
)
from sklearn.utils._param_validation import Hidden, Interval, Options, StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    check_classification_targets,
    type_of_target,
)
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)

from ._docstrings import (
    ATTRIBUTES,
    CLASS_WEIGHT,
    CLASSIFICATION_LOSS,
    PARAMETERS,
    REGRESSION_LOSS,
    document,
)
from .callbacks import FitCallbacks
from .engine import (
    Data,
    Network,
    NumpyEngine,
    make_engine,
    warn_of_missing_extension,
)
from .engine.activations import ACTIVATIONS
from .engine.losses import (
    BinaryLogLoss,
    HalfPoissonDeviance,
    HalfSquaredError,
    Huber,
    MultinomialLogLoss,
    Pinball,
)
from .fitted_network import FittedNetworkMixin
from .objective import Objective
from .penalties import PENALTIES, Layout, Penalty
from .regularization import (
    alphas_by_layer,
    named_penalties,
    needs_skip,
    penalties_by_layer,
)
from .solvers import MinibatchState
from .training import (
    TrainingState,
    Validation,
    convergence_problem,
    initial_output_share,
    make_solver,
    resolve_solver,
    train,
)


class _RegularizedMLP(
    FittedNetworkMixin, CallbackSupportMixin, BaseEstimator, metaclass=ABCMeta
):
    """Validation, fitting and attributes that classifier and regressor share."""

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
        "alpha": [Interval(Real, 0, np.inf, closed="left"), "array-like"],
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
    def _decide(self, raw, loss):
        """Encoded predictions from raw outputs, which may be overwritten."""

    @abstractmethod
    def _score_encoded(self, y, predicted, sample_weight):
        """What `score` would return, from encoded targets and predictions."""

    def _class_weighted(self, sample_weight, y, encoded):
        """Sample weights times class weights."""
        return sample_weight

    def _stratification(self, encoded):
        """What a validation split is stratified by."""
        return None

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
    ):
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

        Warns
        -----
        ConvergenceWarning
            If training ended before it converged.
        """
        warn_of_missing_extension(stacklevel=3)
        if not self.warm_start:
            # If this fit fails, there are no weights to predict with: those of an
            # earlier one may be for other features and classes.
            self.__dict__.pop("coefs_", None)
            self.__dict__.pop("skip_coef_", None)
        data = self._validate_training_data(X, y, sample_weight)
        held_out = self._validate_held_out(X_val, y_val, sample_weight_val)
        random_state = check_random_state(self.random_state)
        rows, validation = self._plan_validation(data, held_out, random_state)
        objective = self._make_objective(data, rows)
        network = objective.network
        params = self._start(objective, random_state, coef_init, intercept_init)
        self.solver_ = resolve_solver(self.solver, objective)
        solver = make_solver(self.solver_, self, objective, random_state)
        callbacks = FitCallbacks(
            self,
            X,
            y,
            sample_weight,
            lambda params, n_iter: _network_attributes(network, params, n_iter),
        )
        result = train(
            objective,
            solver,
            params,
            max_iter=self.max_iter,
            loss_threshold=self.loss_threshold,
            validation=validation,
            patience=self.n_iter_no_change,
            min_improvement=1e-4 if self.tol == "auto" else self.tol,
            begin_iteration=callbacks.begin_iteration,
            end_iteration=callbacks.end_iteration,
            verbose=self.verbose,
        )
        self._raise_or_warn(result, objective)
        self._store(result, network)
        callbacks.end(result.params, result.n_iter)
        return self

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
        self._store(result, objective.network, incremental=not first)
        if result.status == "diverged":
            # Running averages that have overflowed would spoil the calls to come.
            state.solver_state = MinibatchState()
        self._training_state = state
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
        return validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype=(np.float64, np.float32),
            order="C",
            multi_output=True,
            y_numeric=is_regressor(self),
            **options,
        )

    def _plan_validation(self, data, held_out, random_state):
        """Rows to train on (None for all), and the `Validation` or None."""
        if held_out is not None:
            return None, self._make_validation(held_out, None)
        if not self.early_stopping:
            return None, None
        train_rows, val_rows = train_test_split(
            np.arange(data.X.shape[0]),
            test_size=self.validation_fraction,
            random_state=random_state,
            stratify=self._stratification(data.y),
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

    def _make_validation(self, data, rows):
        loss = self._make_loss()

        def score(y, raw, sample_weight):
            return self._score_encoded(y, self._decide(raw, loss), sample_weight)

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
            )
        n_outputs = data.y.shape[1] if data.y.ndim == 2 else len(self.classes_)
        layer_units = (data.X.shape[1], *map(int, sizes), n_outputs)
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
        return Objective(
            make_engine(network),
            data,
            rows,
            penalties,
            alphas_by_layer(
                self.alpha, penalties, isinstance(self.penalty, str), stacklevel + 1
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
            params = network.initial_params(
                objective.best_constant(),
                random_state,
                dtype,
                output_share=initial_output_share(objective),
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
        network = objective.network
        return network.initial_params(
            objective.best_constant() if is_regressor(self) else 0.0,
            random_state,
            objective.data.X.dtype,
            output_share=initial_output_share(objective),
        )

    def _continued_params(self, network, dtype):
        if self._has_sparse_weights():
            raise ValueError(
                "Training cannot go on from sparse weights: call densify() first."
            )
        weights = self._weights()
        shapes = [part.shape for part in weights]
        if shapes != list(network.shapes):
            raise ValueError(
                f"Training cannot go on from weights of shapes {shapes}: this network's "
                f"are {list(network.shapes)}. Use a new estimator, or warm_start=False."
            )
        return network.pack(weights, self.intercepts_, dtype)

    # Results

    def _raise_or_warn(self, result, objective, incremental=False):
        if result.status == "interrupted":
            warnings.warn(
                "Training interrupted by user; the weights reached so far are kept.",
                stacklevel=4,
            )
            return
        if not result.is_finite:
            raise ValueError(
                "The objective or its gradient is not finite at the initial weights: X, "
                "y, alpha or coef_init are too large. Standardise the features (and, in "
                "regression, the target), for example with StandardScaler."
            )
        problem = convergence_problem(
            result, objective, self.solver_, self, incremental=incremental
        )
        if problem:
            warnings.warn(problem, ConvergenceWarning, stacklevel=4)

    def _store(self, result, network, incremental=False):
        """Set the fitted attributes; `incremental` adds to those of earlier calls."""
        n_iter = result.n_iter + (self.n_iter_ if incremental else 0)
        # What only some networks have, and what `compact` has said of the last one.
        self.__dict__.pop("skip_coef_", None)
        self.__dict__.pop("shrinkage_", None)
        for name, value in _network_attributes(network, result.params, n_iter).items():
            setattr(self, name, value)
        self.loss_, self.optimality_ = result.loss, result.optimality
        self.t_ = result.n_rows_seen + (self.t_ if incremental else 0)
        self.loss_curve_ = (self.loss_curve_ if incremental else []) + result.loss_curve
        best_loss = min(self.loss_curve_, default=result.loss)
        self.best_loss_ = None if self.early_stopping else best_loss
        self.validation_loss_curve_ = result.validation_loss_curve or None
        self.validation_scores_ = result.validation_scores or None
        self.best_validation_score_ = max(result.validation_scores, default=None)
        self.__dict__.pop("_training_state", None)

    # Predicting

    def _raw_predict(self, X):
        """Raw outputs of shape (n_samples, n_outputs_)."""
        check_is_fitted(self)
        if self._needs_no_conversion(X):
            # One row takes validate_data longer than it takes the network.
            assert_all_finite(X, input_name="X", estimator_name=type(self).__name__)
        else:
            X = validate_data(
                self,
                X,
                accept_sparse="csr",
                dtype=(np.float64, np.float32),
                order="C",
                reset=False,
            )
        # SciPy multiplies by sparse weights.
        make = NumpyEngine if self._has_sparse_weights() else make_engine
        return make(self._network).raw_predict(self._weights(), self.intercepts_, X)

    def _needs_no_conversion(self, X):
        """Whether validate_data would only look for values that are not finite."""
        return (
            type(X) is np.ndarray
            and X.dtype in (np.float64, np.float32)
            and X.flags.c_contiguous
            and X.shape[1:] == (self.n_features_in_,)
            and len(X) > 0
            and not hasattr(self, "feature_names_in_")
        )

    def __sklearn_is_fitted__(self):
        # Attributes of the data are set before training, and stay if it fails.
        return hasattr(self, "coefs_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


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
    return _check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True)


def _accepts_partial_fit(estimator):
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for minibatch solvers: set solver='adam' or "
            "'sgd' (or 'auto', which takes 'adam') instead of 'lbfgs'."
        )
    return True


@document(
    parameters=PARAMETERS.format(loss=CLASSIFICATION_LOSS, class_weight=CLASS_WEIGHT),
    attributes=ATTRIBUTES.format(score="Accuracy"),
)
class RegularizedMLPClassifier(ClassifierMixin, _RegularizedMLP):
    """Multilayer perceptron classifier with a norm penalty on its weights.

    It minimises the objective ::

        J(W, b) = 1/m * (sum_i s_i * loss(y_i, f(x_i)) + sum_l alpha_l * Omega_l(W_l))

    over the weights W and the intercepts b of all layers, where s_i are sample weights
    times class weights, m is their sum over the rows trained on, Omega_l is the penalty
    on layer l (the same for all layers unless you say otherwise, like alpha_l),
    and the loss is the log loss: of the softmax for more than two classes, of the
    logistic function for two, and the sum of the latter over the labels of multilabel
    targets. Intercepts are not penalised.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multilabel targets the indices of the labels.

    {attributes}

    See Also
    --------
    RegularizedMLPRegressor : The same for regression.
    sklearn.neural_network.MLPClassifier : Its `alpha` is divided by the weight of the
        batch, so that its effect depends on the batch size.

    Notes
    -----
    At any weights, J of ``penalty="l2"`` is the loss of
    ``MLPClassifier(solver="lbfgs", alpha=alpha)``. Without hidden layers, the minimiser
    is that of ``LogisticRegression(C=1 / alpha)``.

    References
    ----------
    M. Schmidt, "Graphical Model Structure Learning with L1-Regularization", PhD thesis,
    University of British Columbia, 2010.

    D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknormreg import RegularizedMLPClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> mlp = RegularizedMLPClassifier(penalty="l1", alpha=10, random_state=0)
    >>> model = make_pipeline(StandardScaler(), mlp).fit(X_train, y_train)
    >>> model.score(X_test, y_test) > 0.95
    True
    >>> mlp.sparsity_ > 0.99
    True
    """

    _parameter_constraints: dict = {
        **_RegularizedMLP._parameter_constraints,
        "loss": [StrOptions({"log_loss"})],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="tanh",
        *,
        penalty="l2",
        alpha=1.0,
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
        warm_start=False,
        total_weight=None,
        random_state=None,
        verbose=False,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.penalty = penalty
        self.alpha = alpha
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
        self.warm_start = warm_start
        self.total_weight = total_weight
        self.random_state = random_state
        self.verbose = verbose

    @available_if(_accepts_partial_fit)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, classes=None):
        """Update the model with one epoch over the given data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            A part of the training data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        classes : array of shape (n_classes,), default=None
            All classes, which the first call must be told. For multilabel targets, the
            indices of the labels.

        Returns
        -------
        self : object
            The updated estimator.
        """
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not supported for partial_fit, which sees a "
                "part of the data only. Compute the weights of all of it with "
                "compute_class_weight('balanced', classes=classes, y=y) and pass them "
                "as class_weight={class: weight}."
            )
        if not hasattr(self, "coefs_"):
            # A first call that failed may have left classes behind.
            self.__dict__.pop("classes_", None)
        if _check_partial_fit_first_call(self, classes):
            if len(self.classes_) < 2:
                raise ValueError(f"classes must name at least 2 classes, got {classes!r}.")
            self._multilabel = type_of_target(y).startswith("multilabel")
            self._sparse_labels = sparse.issparse(y)
        return self._partial_fit(X, y, sample_weight)

    def _learn_target(self, y):
        check_classification_targets(y)
        self._multilabel = type_of_target(y, input_name="y").startswith("multilabel")
        self._sparse_labels = sparse.issparse(y)
        if self._multilabel:
            self.classes_ = np.arange(y.shape[1])
            return
        self.classes_ = np.unique(column_or_1d(y))
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes in the "
                f"data, but the data contains only one class: {self.classes_[0]!r}."
            )

    def _encode_target(self, y, dtype, name="y"):
        check_classification_targets(y)
        if self._multilabel:
            if y.ndim != 2 or y.shape[1] != len(self.classes_):
                raise ValueError(
                    f"{name} must be an indicator matrix of {len(self.classes_)} labels, "
                    f"got shape {y.shape}."
                )
            return (y.toarray() if sparse.issparse(y) else y).astype(dtype)
        if y.ndim == 2 and y.shape[1] > 1:
            raise ValueError(
                f"{name} must have one label for each row, got shape {y.shape}."
            )
        y = column_or_1d(y, warn=True)
        unseen = np.setdiff1d(y, self.classes_)
        if len(unseen):
            raise ValueError(
                f"{name} contains classes {unseen.tolist()} that are not in classes_ = "
                f"{self.classes_.tolist()}."
            )
        codes = np.searchsorted(self.classes_, y)
        return codes if len(self.classes_) > 2 else codes[:, None].astype(dtype)

    def _class_weighted(self, sample_weight, y, encoded):
        if self.class_weight is None:
            return sample_weight
        dtype = np.float64 if sample_weight is None else sample_weight.dtype
        if self._multilabel:
            weights = compute_sample_weight(self.class_weight, y)
        else:
            y = column_or_1d(y)
            with np.errstate(divide="ignore", invalid="ignore"):
                per_class = compute_class_weight(
                    self.class_weight,
                    classes=self.classes_,
                    y=y,
                    sample_weight=sample_weight,
                )
            weights = per_class[encoded.astype(np.intp).ravel()]
        if not (np.isfinite(weights).all() and (weights >= 0).all()):
            raise ValueError(
                "class_weight must be finite and at least 0 for every class; 'balanced' "
                "needs rows of positive sample_weight in every class."
            )
        if sample_weight is not None:
            weights = weights * sample_weight
        if not weights.any():
            raise ValueError("class_weight gives all rows a weight of 0.")
        return weights.astype(dtype, copy=False)

    def _make_loss(self):
        if self._multilabel or len(self.classes_) <= 2:
            return BinaryLogLoss()
        return MultinomialLogLoss(len(self.classes_))

    def _stratification(self, encoded):
        if self._multilabel:
            return None
        return self.classes_[encoded.astype(np.intp).ravel()]

    def _decide(self, raw, loss):
        if self._multilabel or raw.shape[1] == 1:
            return (raw > 0).astype(np.intp)
        return raw.argmax(axis=1)

    def _score_encoded(self, y, predicted, sample_weight):
        correct = y == predicted
        correct = correct.all(axis=1) if correct.ndim == 2 else correct
        return float(np.average(correct, weights=sample_weight))

    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The predicted classes, or an indicator matrix of labels; a sparse one where
            the model was fitted with a sparse one.
        """
        decided = self._decide(self._raw_predict(X), self._network.loss)
        if self._multilabel:
            return sparse.csr_matrix(decided) if self._sparse_labels else decided
        return self.classes_[decided.ravel()]

    def decision_function(self, X):
        """Raw outputs of the network, before the output activation.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Log odds of ``classes_[1]`` for two classes, of each label for multilabel
            targets, and logits for more classes.
        """
        raw = self._raw_predict(X)
        return raw.ravel() if raw.shape[1] == 1 else raw

    def predict_proba(self, X):
        """Predict probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            Probability of each class in the order of `classes_`, or of each label.
        """
        raw = self._raw_per_class(X)
        self._network.loss.inverse_link(raw)
        return raw

    def predict_log_proba(self, X):
        """Predict logarithms of probabilities, exact where these round to 0 or 1.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes)
            Log-probability of each class in the order of `classes_`, or of each label.
        """
        raw = self._raw_per_class(X)
        self._network.loss.log_inverse_link(raw)
        return raw

    def _raw_per_class(self, X):
        """Raw outputs with a column for each class, also where there are two."""
        raw = self._raw_predict(X)
        return raw if self._multilabel or raw.shape[1] > 1 else np.hstack([-raw, raw])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


@document(
    parameters=PARAMETERS.format(loss=REGRESSION_LOSS, class_weight=""),
    attributes=ATTRIBUTES.format(score="R2 score"),
)
class RegularizedMLPRegressor(RegressorMixin, _RegularizedMLP):
    """Multilayer perceptron regressor with a norm penalty on its weights.

    It minimises the objective ::

        J(W, b) = 1/m * (sum_i s_i * loss(y_i, f(x_i)) + sum_l alpha_l * Omega_l(W_l))

    over the weights W and the intercepts b of all layers, where s_i are sample weights,
    m is their sum over the rows trained on, Omega_l is the penalty on layer l (the same
    for all layers unless you say otherwise, like alpha_l), and the loss is summed over
    outputs. Intercepts are not penalised.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    RegularizedMLPClassifier : The same for classification.
    sklearn.neural_network.MLPRegressor : Its `alpha` is divided by the weight of the
        batch, so that its effect depends on the batch size.

    Notes
    -----
    At any weights, J of ``penalty="l2"`` is the loss of
    ``MLPRegressor(solver="lbfgs", alpha=alpha)`` for a single output. Without hidden
    layers, the minimiser is that of ``Ridge(alpha)``, and with m rows that of
    ``Lasso(alpha / m)``, ``ElasticNet(alpha / m, l1_ratio=l1_ratio)`` and, for the
    Poisson loss, ``PoissonRegressor(alpha=alpha / m)``.

    The unit of y is part of the objective: for y in cents, the squared error is 10,000
    times that for y in dollars and weighs so much more against the penalty. Standardise
    y, for example with `TransformedTargetRegressor`, for values of alpha near 1.

    References
    ----------
    M. Schmidt, "Graphical Model Structure Learning with L1-Regularization", PhD thesis,
    University of British Columbia, 2010.

    D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknormreg import RegularizedMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> mlp = RegularizedMLPRegressor((20,), penalty="l1", alpha=1000, random_state=0)
    >>> model = make_pipeline(StandardScaler(), mlp).fit(X, y)
    >>> mlp.sparsity_ > 0.5
    True
    """

    _parameter_constraints: dict = {
        **_RegularizedMLP._parameter_constraints,
        "loss": [StrOptions({"squared_error", "poisson", "huber", "quantile"})],
        "huber_delta": [Interval(Real, 0, np.inf, closed="neither")],
        "quantile": [Interval(Real, 0, 1, closed="neither")],
    }

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="tanh",
        *,
        penalty="l2",
        alpha=1.0,
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
        warm_start=False,
        total_weight=None,
        random_state=None,
        verbose=False,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.penalty = penalty
        self.alpha = alpha
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
        self.warm_start = warm_start
        self.total_weight = total_weight
        self.random_state = random_state
        self.verbose = verbose

    @available_if(_accepts_partial_fit)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Update the model with one epoch over the given data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            A part of the training data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        self : object
            The updated estimator.
        """
        return self._partial_fit(X, y, sample_weight)

    def _learn_target(self, y):
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]

    def _encode_target(self, y, dtype, name="y"):
        if sparse.issparse(y):
            raise TypeError(
                f"Sparse {name} is not supported in regression: pass {name}.toarray()."
            )
        y = y[:, None] if y.ndim == 1 else y
        if y.shape[1] != self.n_outputs_:
            raise ValueError(
                f"{name} has {y.shape[1]} outputs, but the model has {self.n_outputs_}."
            )
        y = y.astype(dtype, copy=False)
        if not np.isfinite(y).all():
            raise ValueError(f"{name} contains NaN, infinity or values too large.")
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError(f"loss='poisson' needs {name} >= 0; some values are not.")
        return y

    def _make_loss(self):
        return {
            "squared_error": HalfSquaredError(),
            "poisson": HalfPoissonDeviance(),
            "huber": Huber(self.huber_delta),
            "quantile": Pinball(self.quantile),
        }[self.loss]

    def _decide(self, raw, loss):
        loss.inverse_link(raw)
        return raw

    def _score_encoded(self, y, predicted, sample_weight):
        mean = np.average(y, axis=0, weights=sample_weight)
        residual = np.average((y - predicted) ** 2, axis=0, weights=sample_weight)
        total = np.average((y - mean) ** 2, axis=0, weights=sample_weight)
        # Undefined for a constant target, of which there is no need to warn every time.
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.mean(np.where(total > 0, 1 - residual / total, np.nan)))

    def predict(self, X):
        """Predict target values.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predicted values.
        """
        # The loss of the fit: `set_params` changes the next one only.
        predicted = self._decide(self._raw_predict(X), self._network.loss)
        return predicted.ravel() if predicted.shape[1] == 1 else predicted

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = self.loss == "poisson"
        return tags
