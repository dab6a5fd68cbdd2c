"""The regressor: its parameters, and numbers as targets."""

from numbers import Real
from typing import Self

import numpy as np
from scipy import sparse
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if

from .._docstrings import document
from ..engine.losses import HalfPoissonDeviance, HalfSquaredError, Huber, Pinball
from ..fitting.layer_penalties import named_penalties
from ..penalties import Nuclear
from .base import RegularizedMLP, accepts_partial_fit
from .docstrings import (
    ALPHA,
    ATTRIBUTES,
    EVIDENCE_ATTRIBUTES,
    L1_RATIO,
    NOISE_ATTRIBUTE,
    REGRESSION_LOSS,
    STORE_POSTERIOR,
    parameters,
)
from .hints import Activations, Alpha, Penalties, RandomState, Sizes
from .predictions import RegressorPredictions

# Standard deviation of the targets above which a selection suffers: at 10 an R2 has fallen
# by a third, at 100 it is near 0 or columns of noise are kept
# (benchmarks/target_unit.py).
_LARGE_DEVIATION = 5.0


@document(
    parameters=parameters(REGRESSION_LOSS, alpha=ALPHA + STORE_POSTERIOR + L1_RATIO),
    attributes=ATTRIBUTES.format(score="R2 score") + EVIDENCE_ATTRIBUTES + NOISE_ATTRIBUTE,
)
class RegularizedMLPRegressor(RegressorPredictions, RegularizedMLP):
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
    ``alpha="evidence"`` finds its values in any unit. Without hidden layers it is
    ``BayesianRidge`` with ``alpha_1 = alpha_2 = lambda_1 = lambda_2 = 0``.

    References
    ----------
    M. Schmidt, "Graphical Model Structure Learning with L1-Regularization", PhD thesis,
    University of British Columbia, 2010.

    D. J. C. MacKay, "A Practical Bayesian Framework for Backpropagation Networks", Neural
    Computation 4, 1992.

    F. D. Foresee and M. T. Hagan, "Gauss-Newton Approximation to Bayesian Learning",
    International Conference on Neural Networks, 1997.

    D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.

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

    _parameter_constraints: dict = {
        **RegularizedMLP._parameter_constraints,
        "loss": [StrOptions({"squared_error", "poisson", "huber", "quantile"})],
        "huber_delta": [Interval(Real, 0, np.inf, closed="neither")],
        "quantile": [Interval(Real, 0, 1, closed="neither")],
        "store_posterior": ["boolean"],
    }

    def __init__(
        self,
        hidden_layer_sizes: Sizes = (100,),
        activation: Activations = "tanh",
        *,
        penalty: Penalties = "l2",
        alpha: Alpha = 1.0,
        evidence_scope: str = "layer",
        store_posterior: bool = True,
        l1_ratio: float = 0.5,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        loss: str = "squared_error",
        huber_delta: float = 1.0,
        quantile: float = 0.5,
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
        warm_start: bool = False,
        total_weight: float | None = None,
        random_state: RandomState = None,
        verbose: bool | int = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.penalty = penalty
        self.alpha = alpha
        self.evidence_scope = evidence_scope
        self.store_posterior = store_posterior
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
        self.warm_start = warm_start
        self.total_weight = total_weight
        self.random_state = random_state
        self.verbose = verbose

    @available_if(accepts_partial_fit)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None) -> Self:
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
        # In one order, so that sums do not round by the layout that y came in.
        y = y.astype(dtype, order="C", copy=False)
        if not np.isfinite(y).all():
            raise ValueError(f"{name} contains NaN, infinity or values too large.")
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError(f"loss='poisson' needs {name} >= 0; some values are not.")
        return y

    def _unit_problem(self, data):
        penalties = named_penalties(self.penalty, self.l1_ratio)
        first = penalties[0] if isinstance(penalties, list) and penalties else penalties
        is_linear = not np.size(self.hidden_layer_sizes)
        if self.loss != "squared_error" or is_linear or not first:
            return None
        if first.smooth or first.is_constraint or isinstance(first, Nuclear):
            return None
        data, _ = data.with_moderate_weights()
        mean = np.average(data.y, axis=0, weights=data.sample_weight)
        variance = np.average((data.y - mean) ** 2, axis=0, weights=data.sample_weight)
        deviation = np.sqrt(variance.max())
        if not deviation > _LARGE_DEVIATION:
            return None
        return (
            f"y has a standard deviation of {deviation:.4g}, in whose unit penalties "
            "are: those of the output layer keep the network from values as large, or "
            "outweigh the others, so that the features selected mean little. "
            "Standardise it, for example with TransformedTargetRegressor(model, "
            "transformer=StandardScaler())."
        )

    def _make_loss(self):
        return {
            "squared_error": HalfSquaredError(),
            "poisson": HalfPoissonDeviance(),
            "huber": Huber(self.huber_delta),
            "quantile": Pinball(self.quantile),
        }[self.loss]

    def _alpha_attributes(self, evidence):
        attributes = super()._alpha_attributes(evidence)
        if evidence is not None:
            attributes["noise_variance_"] = evidence.noise_variance
            if self.store_posterior:
                attributes["_posterior"] = evidence.posterior
        return attributes

    def _score_encoded(self, y, predicted, sample_weight):
        mean = np.average(y, axis=0, weights=sample_weight)
        residual = np.average((y - predicted) ** 2, axis=0, weights=sample_weight)
        total = np.average((y - mean) ** 2, axis=0, weights=sample_weight)
        # Undefined for a constant target, of which there is no need to warn every time.
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.mean(np.where(total > 0, 1 - residual / total, np.nan)))
