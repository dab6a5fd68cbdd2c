"""Regressor: parameters, and encoding of numeric targets."""

from collections.abc import Sequence
from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.metaestimators import available_if

from ..engine.losses import Loss
from .base import RegularizedMLP, accepts_partial_fit
from .docstrings import REGRESSION_LOSS, document_estimator
from .hints import Activations, Alpha, MonotonicCst, Penalties, RandomState, Sizes
from .predictions import RegressorPredictions
from .regression_losses import REGRESSION_LOSSES


@document_estimator(parameters=REGRESSION_LOSS)
class RegularizedMLPRegressor(RegressorPredictions, RegularizedMLP):
    r"""Multilayer perceptron regressor with a norm penalty on its weights.

    Training minimises the objective

    .. math::

        J(W, b) = \frac{1}{m} \left( \sum_i s_i \, \ell(y_i, f(x_i))
                  + \sum_l \alpha_l \, \Omega_l(W_l) \right)

    over the weights :math:`W` and the intercepts :math:`b` of the network :math:`f`. Here
    :math:`\ell` is the loss, summed over the outputs, :math:`s_i` are the sample weights,
    :math:`m = \sum_i s_i` is the total weight of the training samples, and
    :math:`\Omega_l` and :math:`\alpha_l` are `penalty` and `alpha` of layer :math:`l`, by
    default the same for all layers. Intercepts are not penalised.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    RegularizedMLPRegressorCV : Chooses `alpha` by cross-validation.
    RegularizedMLPClassifier : The same model for classification.
    regularization_path : Networks along a path of alphas.
    sklearn.neural_network.MLPRegressor : Multilayer perceptron whose L2 penalty is divided
        by the weight of the minibatch, so that its strength depends on the batch size.

    Notes
    -----
    With ``penalty="l2"`` and a single output, the objective equals that of
    ``MLPRegressor(solver="lbfgs", alpha=alpha)``. Without hidden layers, the solution is
    that of ``Ridge(alpha)`` and, for m samples, of ``Lasso(alpha / m)``,
    ``ElasticNet(alpha / m, l1_ratio=l1_ratio)`` and, with the losses "poisson", "gamma",
    "tweedie" and "quantile", ``PoissonRegressor(alpha=alpha / m)``,
    ``GammaRegressor(alpha=alpha / m)``, ``TweedieRegressor(power=power, link="log",
    alpha=alpha / m)`` and ``QuantileRegressor(alpha=alpha / m)``. With
    ``alpha="evidence"`` it is that of ``BayesianRidge`` with ``alpha_1 = alpha_2 =
    lambda_1 = lambda_2 = 0``.

    The best value of `alpha` depends on the unit of y: the squared error of a target in
    cents is 10,000 times that of the target in dollars, while the penalty stays the same.
    Standardise y, for example with
    :class:`~sklearn.compose.TransformedTargetRegressor`, for a number as for the default of
    "auto", which begins at 1. ``alpha="evidence"`` adapts to any unit.

    References
    ----------
    M. Schmidt, "Graphical Model Structure Learning with L1-Regularization", PhD thesis,
    University of British Columbia, 2010.

    D. J. C. MacKay, "A Practical Bayesian Framework for Backpropagation Networks", Neural
    Computation 4, 1992.

    F. D. Foresee and M. T. Hagan, "Gauss-Newton Approximation to Bayesian Learning",
    International Conference on Neural Networks, 1997.

    D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.

    P. Izmailov, D. Podoprikhin, T. Garipov, D. Vetrov and A. G. Wilson, "Averaging Weights
    Leads to Wider Optima and Better Generalization", UAI 2018.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler, scale
    >>> from sknormreg import RegularizedMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> mlp = RegularizedMLPRegressor((20,), penalty="l1", alpha=3, random_state=0)
    >>> model = make_pipeline(StandardScaler(), mlp).fit(X, scale(y))
    >>> mlp.sparsity_ > 0.5
    True
    """

    n_effective_parameters_: float
    log_evidence_: float
    noise_variance_: float

    _parameter_constraints: dict = {
        **RegularizedMLP._parameter_constraints,
        "loss": [StrOptions(set(REGRESSION_LOSSES)), Loss],
        "huber_delta": [Interval(Real, 0, np.inf, closed="neither")],
        "quantile": [Interval(Real, 0, 1, closed="neither"), "array-like"],
        # No distribution has a power between 0 and 1.
        "power": [Options(Real, {0}), Interval(Real, 1, np.inf, closed="left")],
        "store_posterior": ["boolean"],
    }

    def __init__(
        self,
        hidden_layer_sizes: Sizes = (100,),
        activation: Activations = "tanh",
        *,
        penalty: Penalties = "l2",
        alpha: Alpha = "auto",
        evidence_scope: str = "layer",
        quantile_level: float = 0.95,
        store_posterior: bool = True,
        l1_ratio: float = 0.5,
        monotonic_cst: MonotonicCst = None,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        input_noise: float = 0.0,
        mixup: float = 0.0,
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
        warm_start: bool = False,
        total_weight: float | None = None,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: bool | int = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.penalty = penalty
        self.alpha = alpha
        self.evidence_scope = evidence_scope
        self.quantile_level = quantile_level
        self.store_posterior = store_posterior
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
        self.warm_start = warm_start
        self.total_weight = total_weight
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @available_if(accepts_partial_fit)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Update the model with one epoch over the given samples.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            A chunk of the training data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values.

        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights. If None, all samples have the same weight.

        Returns
        -------
        self : object
            The updated estimator.
        """
        return self._partial_fit(X, y, sample_weight)
