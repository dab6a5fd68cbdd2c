"""Classifier: parameters, and encoding of class labels."""

from numbers import Real
from typing import Any, Self

from scipy import sparse
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target

from .base import RegularizedMLP, accepts_partial_fit
from .docstrings import CLASSIFICATION_LOSS, document_estimator
from .hints import (
    Activations,
    Alpha,
    ClassWeight,
    MonotonicCst,
    Penalties,
    RandomState,
    Sizes,
)
from .mixed_labels import refuse_mixed_labels
from .predictions import ClassifierPredictions


@document_estimator(parameters=CLASSIFICATION_LOSS)
class RegularizedMLPClassifier(ClassifierPredictions, RegularizedMLP):
    r"""Multilayer perceptron classifier with a norm penalty on its weights.

    Training minimises the objective

    .. math::

        J(W, b) = \frac{1}{m} \left( \sum_i s_i \, \ell(y_i, f(x_i))
                  + \sum_l \alpha_l \, \Omega_l(W_l) \right)

    over the weights :math:`W` and the intercepts :math:`b` of the network :math:`f`. Here
    :math:`\ell` is the log loss, :math:`s_i` is the sample weight times the class weight,
    :math:`m = \sum_i s_i` is the total weight of the training samples, and
    :math:`\Omega_l` and :math:`\alpha_l` are `penalty` and `alpha` of layer :math:`l`, by
    default the same for all layers. Intercepts are not penalised.

    The outputs are probabilities: of the softmax function for three or more classes, of
    the logistic function for two classes. Multilabel targets have one logistic output per
    label, over which the loss is summed.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    RegularizedMLPClassifierCV : Chooses `alpha` by cross-validation.
    RegularizedMLPRegressor : The same model for regression.
    regularization_path : Networks along a path of alphas.
    sklearn.neural_network.MLPClassifier : Multilayer perceptron whose L2 penalty is
        divided by the weight of the minibatch, so that its strength depends on the batch
        size.

    Notes
    -----
    With ``penalty="l2"``, the objective equals that of
    ``MLPClassifier(solver="lbfgs", alpha=alpha)``. Without hidden layers, the solution is
    that of ``LogisticRegression(C=1 / alpha)``.

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

    C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens and Z. Wojna, "Rethinking the Inception
    Architecture for Computer Vision", CVPR 2016, section 7 (label smoothing).

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

    n_effective_parameters_: float
    log_evidence_: float

    _parameter_constraints: dict = {
        **RegularizedMLP._parameter_constraints,
        "loss": [StrOptions({"log_loss"})],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
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
        store_posterior: bool = True,
        quantile_level: float = 0.95,
        l1_ratio: float = 0.5,
        monotonic_cst: MonotonicCst = None,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        input_noise: float = 0.0,
        mixup: float = 0.0,
        loss: str = "log_loss",
        label_smoothing: float = 0.0,
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
        class_weight: ClassWeight = None,
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
        self.store_posterior = store_posterior
        self.quantile_level = quantile_level
        self.l1_ratio = l1_ratio
        self.monotonic_cst = monotonic_cst
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.input_noise = input_noise
        self.mixup = mixup
        self.loss = loss
        self.label_smoothing = label_smoothing
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
        self.class_weight = class_weight
        self.n_init = n_init
        self.warm_start = warm_start
        self.total_weight = total_weight
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @available_if(accepts_partial_fit)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> Self:
        """Update the model with one epoch over the given samples.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            A chunk of the training data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values.

        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights. If None, all samples have the same weight.

        classes : array of shape (n_classes,), default=None
            All class labels that any call may contain. Required in the first call, optional
            in later ones. For multilabel targets, the indices of the labels.

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
        refuse_mixed_labels(y)
        refuse_mixed_labels(classes, "classes")
        if _check_partial_fit_first_call(self, classes):
            if len(self.classes_) < 2:
                raise ValueError(f"classes must name at least 2 classes, got {classes!r}.")
            self._multilabel = type_of_target(y).startswith("multilabel")
            self._sparse_labels = sparse.issparse(y)
        return self._partial_fit(X, y, sample_weight)
