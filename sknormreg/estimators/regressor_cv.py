"""Regressor with cross-validation: parameters."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine.losses import Loss
from .conformal import IntervalMixin
from .cross_validation import RegularizedMLPCV, cv_constraints
from .docstrings import (
    CV_ATTRIBUTES,
    CV_PARAMETERS,
    NOISE_CV_PARAMETERS,
    REGRESSION_LOSS,
    document_estimator,
)
from .hints import Activations, MonotonicCst, Numbers, Penalties, RandomState, Sizes
from .predictions import RegressorPredictions
from .regressor import RegularizedMLPRegressor
from .search_summary import SummaryMixin


@document_estimator(
    parameters=REGRESSION_LOSS + CV_PARAMETERS + NOISE_CV_PARAMETERS,
    attributes=CV_ATTRIBUTES,
)
class RegularizedMLPRegressorCV(
    IntervalMixin, RegressorPredictions, SummaryMixin, RegularizedMLPCV
):
    """Multilayer perceptron regressor that chooses `alpha` by cross-validation.

    For each fold, a regularization path of networks is fitted, from the smallest alpha
    (dense) to the largest (sparse), and scored on the test samples. The final network is
    then fitted to all samples along the same path, up to the alpha chosen by `rule`.

    The objective, and all parameters that do not concern the search, are those of
    :class:`RegularizedMLPRegressor`. `hidden_layer_sizes`, `activation`, `l1_ratio`,
    `dropout`, `input_dropout`, `input_noise`, `mixup`, and `relax` may be lists of
    candidates, whose combinations are searched together with the alphas: all in all folds
    if they are few, otherwise by successive halving (see `max_paths`).

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    RegularizedMLPRegressor : The same model for a given `alpha`.
    RegularizedMLPClassifierCV : The same search for classification.
    regularization_path : Networks along a path of alphas.

    Notes
    -----
    With ``continuation=False`` the result is that of
    :class:`~sklearn.model_selection.GridSearchCV` over the same folds and alphas. The
    objective is not convex: with warm starts, training may end in other local minima than
    without.

    References
    ----------
    K. Jamieson and A. Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter
    Optimization", AISTATS 2016 (successive halving).

    T. Hastie, R. Tibshirani and J. Friedman, "The Elements of Statistical Learning", 2nd
    edition, 2009, section 7.10 (cross-validation and the one-standard-error rule).

    N. Meinshausen, "Relaxed Lasso", Computational Statistics and Data Analysis 52, 2007.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> from sknormreg import RegularizedMLPRegressorCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> mlp = RegularizedMLPRegressorCV((10,), alphas=8, cv=3, random_state=0)
    >>> mlp.fit(scale(X), scale(y)).scores_.shape
    (8, 3)
    """

    _plain_class = RegularizedMLPRegressor

    _parameter_constraints: dict = cv_constraints(RegularizedMLPRegressor)

    def __init__(
        self,
        hidden_layer_sizes: Sizes | Sequence[Sequence[int]] = (100,),
        activation: Activations | Sequence[Activations] = "tanh",
        *,
        penalty: Penalties = "l2",
        alphas: int | Sequence[float] | np.ndarray = 20,
        l1_ratio: Numbers = 0.5,
        monotonic_cst: MonotonicCst = None,
        dropout: Numbers = 0.0,
        input_dropout: Numbers = 0.0,
        input_noise: Numbers = 0.0,
        mixup: Numbers = 0.0,
        loss: str | Loss = "squared_error",
        huber_delta: float = 1.0,
        quantile: float | Sequence[float] | np.ndarray = 0.5,
        power: float = 1.5,
        solver: str = "auto",
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 2000,
        max_fun: int = 15000,
        max_time: float | None = None,
        tol: float | str = "auto",
        loss_threshold: float | None = None,
        n_iter_no_change: float = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        shuffle: bool = True,
        n_iter_average: int = 1,
        n_init: int = 1,
        cv: Any = None,
        scoring: str | Callable | None = None,
        rule: str = "best",
        max_paths: int = 50,
        relax: bool | float | Sequence[bool | float] = False,
        continuation: bool = True,
        ensemble: bool = False,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: bool | int = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.penalty = penalty
        self.alphas = alphas
        self.l1_ratio = l1_ratio
        self.monotonic_cst = monotonic_cst
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.input_noise = input_noise
        self.mixup = mixup
        self.loss = loss
        self.huber_delta = huber_delta
        self.quantile = quantile
        self.power = power
        self.solver = solver
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.max_fun = max_fun
        self.max_time = max_time
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
        self.n_iter_average = n_iter_average
        self.n_init = n_init
        self.cv = cv
        self.scoring = scoring
        self.rule = rule
        self.max_paths = max_paths
        self.relax = relax
        self.continuation = continuation
        self.ensemble = ensemble
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
