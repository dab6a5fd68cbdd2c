"""Survival analysis: parameters of networks of the partial likelihood."""

from numbers import Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from ..engine.partial_likelihood import TIES
from .base import RegularizedMLP
from .docstrings import document_estimator
from .hints import Activations, Alpha, MonotonicCst, Penalties, RandomState, Sizes
from .survival_docstrings import (
    SURVIVAL_ATTRIBUTES,
    SURVIVAL_FIT_ATTRIBUTES,
    SURVIVAL_FIT_PARAMETERS,
    SURVIVAL_PARAMETERS,
)
from .survival_predictions import SurvivalPredictions


@document_estimator(
    parameters=SURVIVAL_PARAMETERS + SURVIVAL_FIT_PARAMETERS,
    attributes=SURVIVAL_ATTRIBUTES + SURVIVAL_FIT_ATTRIBUTES,
)
class RegularizedMLPSurvival(SurvivalPredictions, RegularizedMLP):
    r"""Cox model whose log hazard ratio is a multilayer perceptron with a norm penalty.

    The hazard of a sample at time t is :math:`h_0(t) \, e^{f(x)}`, with a baseline
    :math:`h_0` that may have any shape, and is estimated afterwards. Training minimises the
    objective

    .. math::

        J(W, b) = \frac{1}{m} \left( \ell(f) + \sum_l \alpha_l \, \Omega_l(W_l) \right)

    over the weights :math:`W` and the intercepts :math:`b` of the network :math:`f`. Here
    :math:`\ell` is the negative logarithm of the partial likelihood,

    .. math::

        \ell(f) = \sum_{t} \left( d_t \log \sum_{j: t_j \geq t} s_j e^{f(x_j)}
                  - \sum_{i: t_i = t, \delta_i = 1} s_i f(x_i) - d_t \log d_t \right),

    in this form with ``ties="breslow"``, :math:`s_i` are the sample weights, :math:`d_t` is
    the weight of the events at time t, :math:`m = \sum_i s_i` is the total weight of all
    training samples, censored ones included, and :math:`\Omega_l` and :math:`\alpha_l` are
    `penalty` and `alpha` of layer :math:`l`, by default the same for all layers. The last
    sum depends on no parameter: with it the smallest possible value is 0. Intercepts are
    not penalised; that of the output layer has no effect on the objective, and is not
    trained.

    The target y holds an event (True if it was observed, False if the sample is censored)
    and a time, at least 0, for each sample: a structured array as scikit-survival takes it,
    a data frame with the columns "event" and "time", or an array-like of shape (n_samples,
    2) with these two columns. A third one, "stratum", divides the samples into strata with
    baselines of their own: events are compared with samples of the same stratum only.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    RegularizedMLPSurvivalCV : Chooses `alpha` by cross-validation.
    RegularizedMLPRegressor : The same model for numbers that are all observed.
    regularization_path : Networks along a path of alphas.

    Notes
    -----
    Without hidden layers, the solution for m samples is that of
    ``sksurv.linear_model.CoxPHSurvivalAnalysis(alpha=alpha)`` with ``penalty="l2"``, and
    with ``ties="breslow"`` that of ``CoxnetSurvivalAnalysis(alphas=[alpha / m],
    l1_ratio=l1_ratio)`` with ``penalty="elasticnet"``.

    An evaluation of the objective takes time of the order of n_samples beside that of the
    network; the samples are sorted once.

    References
    ----------
    D. R. Cox, "Regression Models and Life-Tables", Journal of the Royal Statistical Society
    B 34, 1972.

    N. Breslow, "Covariance Analysis of Censored Survival Data", Biometrics 30, 1974.

    B. Efron, "The Efficiency of Cox's Likelihood Function for Censored Data", Journal of
    the American Statistical Association 72, 1977.

    D. Faraggi and R. Simon, "A Neural Network Model for Survival Data", Statistics in
    Medicine 14, 1995.

    H. Uno, T. Cai, M. J. Pencina, R. B. D'Agostino and L. J. Wei, "On the C-statistics for
    Evaluating Overall Adequacy of Risk Prediction Procedures with Censored Survival Data",
    Statistics in Medicine 30, 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from sknormreg import RegularizedMLPSurvival
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 10))
    >>> time = rng.exponential(np.exp(-2 * X[:, 0]))
    >>> event = time < 1
    >>> y = np.column_stack([event, np.minimum(time, 1)])
    >>> mlp = RegularizedMLPSurvival((10,), penalty="group_lasso", alpha=10, random_state=0)
    >>> mlp.fit(X, y).selected_features_[0]
    np.True_
    >>> mlp.predict_survival_function(X[:2], times=[0.1, 0.5]).shape
    (2, 2)
    """

    _parameter_constraints: dict = {
        **RegularizedMLP._parameter_constraints,
        # No alpha by evidence, which takes a Hessian of single samples.
        "alpha": [
            Interval(Real, 0, np.inf, closed="left"),
            "array-like",
            StrOptions({"auto"}),
        ],
        "ties": [StrOptions(set(TIES))],
    }

    def __init__(
        self,
        hidden_layer_sizes: Sizes = (100,),
        activation: Activations = "tanh",
        *,
        penalty: Penalties = "l2",
        alpha: Alpha = "auto",
        l1_ratio: float = 0.5,
        monotonic_cst: MonotonicCst = None,
        ties: str = "efron",
        solver: str = "auto",
        max_iter: int = 2000,
        max_fun: int = 15000,
        max_time: float | None = None,
        tol: float | str = "auto",
        loss_threshold: float | None = None,
        n_iter_no_change: float = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_init: int = 1,
        warm_start: bool = False,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: bool | int = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.monotonic_cst = monotonic_cst
        self.ties = ties
        self.solver = solver
        self.max_iter = max_iter
        self.max_fun = max_fun
        self.max_time = max_time
        self.tol = tol
        self.loss_threshold = loss_threshold
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_init = n_init
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
