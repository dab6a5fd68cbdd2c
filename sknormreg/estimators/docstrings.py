"""Texts on parameters and fitted attributes, each written once for all estimators.

`PARAMETERS` and `ATTRIBUTES` have an entry for each name. A class for which a name means
something else passes its own entry to `document_estimator`.
"""

from collections.abc import Iterable
from functools import partial

from .._docstrings import (
    attribute_names,
    check_shared,
    document,
    parameter_names,
    parse_table,
)

PARAMETERS = parse_table(r"""
hidden_layer_sizes : int or array-like of int, default=(100,)
    Number of units in each hidden layer. An int stands for one hidden layer. An empty
    tuple gives a linear model.

activation : str or list of str, default="tanh"
    Activation function of the hidden layers: one name for all layers, or a list with one
    name per layer.

    - "identity": :math:`z`
    - "logistic": :math:`1 / (1 + e^{-z})`
    - "tanh": :math:`\tanh(z)`
    - "relu": :math:`\max(0, z)`
    - "leaky_relu": :math:`z` if :math:`z > 0`, else :math:`0.01 z`
    - "elu": :math:`z` if :math:`z > 0`, else :math:`e^z - 1`
    - "gelu": :math:`z \, \Phi(z)`, with the standard normal CDF :math:`\Phi`
    - "silu": :math:`z / (1 + e^{-z})`, also known as swish
    - "softplus": :math:`\log(1 + e^z)`

    "relu" and "leaky_relu" have a kink at 0. With solver "lbfgs", training may end on a
    kink, where the gradient does not vanish. Prefer a smooth activation if `optimality_` is
    to be small.

penalty : str, Penalty or list of them, default="l2"
    Penalty on the weights of each layer:

    - "l2": shrinks all weights; none becomes exactly zero.
    - "l1", "elasticnet": set single weights to exactly zero.
    - "group_lasso", "sparse_group_lasso": remove whole features and hidden units, by
      setting all their outgoing weights to zero.
    - "mcp", "scad": like "l1", but non-convex; large weights are not shrunk.
    - "group_mcp", "group_scad": like "group_lasso", but non-convex; large groups are not
      shrunk.
    - "hierarchical": removes features, as LassoNet does; adds a skip connection from
      the features to the outputs.
    - "nuclear": gives weight matrices of low rank.
    - "max_norm", "l1_ball": constraints on the norm of the weights rather than penalties.
      They ignore `alpha`; tune their `radius` instead.

    A name stands for the class of :mod:`sknormreg.penalties` with its default parameters.
    Pass an instance to set them, for example ``GroupLasso(features_only=True)``; a grid
    search can then vary them, for example as ``penalty__radius``. The instance may be of
    your own subclass of :class:`~sknormreg.penalties.Penalty`.
    :class:`~sknormreg.penalties.Weighted` gives each feature a factor. A list has one
    entry per layer of weights.

alpha : float, array-like, list, "auto", "evidence" or "quantile", default="auto"
    Strength of the penalty, at least 0. Larger values shrink the weights more and, with a
    sparse penalty, set more of them to zero. An array-like of shape (n_layers - 1,) has one
    value per layer of weights. With ``penalty="l2"``, the first entry of a list may be an
    array of shape (n_features,), one value per feature. The penalty is divided by the total
    weight of the training samples, never of a minibatch, so that `alpha` has the same
    effect with every solver and batch size.

    "auto" chooses `alpha` by predictions of held-out samples. Networks are fitted to two
    thirds of the samples, and predict the others; three times, or until 1000 samples have
    been predicted. Each third has its share of every class, or of small and large targets.
    With `X_val`, or with early stopping, the validation samples are predicted. The first
    alpha is 1 for targets of unit variance; from there alphas grow by half orders of
    magnitude until two in a row increase the loss or, if 1 is the best of these, fall as
    long as the loss falls by at least 1% of that of a constant prediction. `alpha_` is the
    minimum of the parabola through the smallest loss and those beside it. The last fit, to
    all samples, ends when J falls slowly, before it is at its very minimum: a second fit
    with ``alpha=alpha_`` trains further. If samples depend on one another, as repeated
    measurements do, pass `X_val`, or use a ...CV estimator with groups. Callbacks,
    `loss_curve_` and `n_iter_` concern the last fit alone. `partial_fit`, which sees a part
    of the data, takes ``alpha=1``.

    "evidence" chooses `alpha` in a single fit, without validation data, by maximising the
    evidence: the probability of the targets with the weights integrated out. It follows
    MacKay's evidence framework with the Gauss-Newton approximation of Foresee and Hagan,
    which alternates between training and re-estimating the alphas. It requires
    ``penalty="l2"``, full-batch training, and the log loss or the squared error. The alphas
    chosen are in `alpha_`. Training ends when they have settled, possibly before the
    objective has reached its minimum: `optimality_` shows how far it is from a stationary
    point, and a second fit with ``alpha=alpha_`` trains further. If the number of weights,
    or of samples times outputs, is at most 5000, a matrix of that size is factorised;
    otherwise layers count as independent, and the matrix of each is approximated by a
    Kronecker product (Ritter et al., 2018). With more than 5000 inputs of a layer, too,
    traces are estimated with random vectors and conjugate gradients.

    "quantile" chooses `alpha` from the distribution of targets without signal, without
    validation data: the smallest value at which, in a share `quantile_level` of 500 random
    permutations of the targets, a network without features is stationary (quantile
    universal threshold). In regression this value is multiplied by the scale of the
    residuals, relative to that of y, in turns with fits, as in the scaled lasso. The first
    layer must have L1, an elastic net, MCP, SCAD or a group penalty other than the sparse
    group lasso, and later layers `MaxNorm`, for example ``penalty=[GroupLasso(),
    MaxNorm(1)]``. X is used as given: standardise the features, as one value serves them
    all. The network is fitted along a short path of ascending alphas, each from the weights
    of the one before. Callbacks, `loss_curve_` and `n_iter_` concern the last fit alone.

alphas : int or array-like of shape (n_alphas,), default=20
    Values of `alpha` to compare, as described for the estimator without cross-validation.
    If an int, a log-spaced grid of that many values, from a thousandth of `alpha_max` up to
    `alpha_max`, where no feature is selected. A few fits on all samples determine
    `alpha_max`. For penalties that set no weight to zero, it is where the objective is
    within 1% of that of a constant prediction, and the grid starts at 1e-5 of it. The
    values are not rescaled between the folds and the final fit.

evidence_scope : {"network", "layer", "feature"}, default="layer"
    Weights that share one alpha if ``alpha="evidence"``: those of the whole network, of
    each layer, or of each feature and each further layer. "feature" is automatic relevance
    determination: the weights of features that do not help shrink to almost 0. It takes
    longer. Ignored for other values of `alpha`.

quantile_level : float, default=0.95
    Share of the data sets without any signal in which a network without features is to be
    stationary if ``alpha="quantile"``, strictly between 0 and 1. Ignored for other values
    of `alpha`.

store_posterior : bool, default=True
    Whether to keep the posterior of the weights after a fit with ``alpha="evidence"``. In
    regression, ``predict(return_std=True)`` requires it. In classification, predictions are
    then made with the weights integrated out (MacKay, 1992), at a temperature of the
    posterior that approximate leave-one-out predictions of the training samples choose; it
    is not kept where the most probable network predicts them best. It is stored as a
    triangular matrix with one row per weight; if there are fewer samples than weights, as
    the training data; if there are more than 5000 weights and samples times outputs, as
    eigenvectors of two matrices of each layer. Set it to False to save memory and disk
    space. Ignored for other values of `alpha`.

l1_ratio : float, default=0.5
    Mixing parameter of "elasticnet" and "sparse_group_lasso", between 0 and 1: 1 is the L1
    penalty, and 0 is the L2 penalty or the group lasso. Ignored for other penalties.

monotonic_cst : array-like of int of shape (n_features,) or dict, default=None
    Monotonic constraint on each feature: 1 where predictions must not decrease as the
    feature increases, -1 where they must not increase, 0 where they are free. A dict maps
    names of features to these numbers; the other features are free. As in
    :class:`~sklearn.ensemble.HistGradientBoostingRegressor`. In binary classification
    predictions are the probability of the second class, ``classes_[1]``; with more classes
    there is an error. Of several outputs, labels or quantiles the constraint holds for
    each, and in survival analysis for the risk.

    The weights out of a feature have the sign of its constraint, and all weights of later
    layers are at least 0. The constraint thus holds everywhere, not only at the training
    samples, and up to rounding. Weights of the wrong sign in `coef_init`, or of the last
    fit with ``warm_start=True``, start at 0. "gelu" and "silu", which decrease somewhere,
    are refused, as are ``alpha="evidence"`` and the penalties "hierarchical" and
    "nuclear". Prefer "tanh" or "logistic": with other activations the outputs are convex
    functions of the features, the free ones included.

dropout : float, default=0.0
    Probability of dropping each value of a hidden layer during training, at least 0 and
    less than 1. The remaining values are divided by the probability of keeping a value,
    and predictions use all values. Dropout is drawn anew for each minibatch, so solver
    "lbfgs" does not support it.

input_dropout : float, default=0.0
    Probability of dropping each feature value, as `dropout` for hidden layers.

input_noise : float, default=0.0
    Standard deviation of the Gaussian noise that is added to each feature of each sample in
    training, in the unit of X: standardise the features, as one value serves them all. It
    acts like a penalty on the derivatives of the outputs by the features (Bishop, 1995).
    It is drawn anew for each minibatch, so solver "lbfgs" does not support it. Sparse X is
    made dense, a part of it at a time: training takes as long as with dense X.

mixup : float, default=0.0
    Parameter of the distribution Beta(alpha, alpha) of the share c by which each sample is
    mixed with another one of its minibatch in training (Zhang et al., 2018); 0 mixes none.
    The features are mixed, and the loss is c times that with the target and the weight of
    the one sample, plus 1 - c times that with those of the other. In regression, the
    targets are mixed in the same way. Samples of weight 0 are not mixed with others. Pairs
    and shares are drawn anew for each minibatch, so solver "lbfgs" does not support it.
    Sparse X stays sparse.

huber_delta : float, default=1.0
    Absolute residual beyond which the Huber loss is linear, in units of y. Only used if
    ``loss="huber"``.

quantile : float or list of float, default=0.5
    Quantile to predict, strictly between 0 and 1. Only used if ``loss="quantile"``. With a
    list, which must be strictly increasing, one network predicts all these quantiles of a
    single target: they never cross, because the outputs of the network are sorted. The
    loss is the sum of their pinball losses, and `score` the mean of their D². Such a
    network runs on the NumPy engine, which is slower than the compiled one.

power : float, default=1.5
    Power of the mean that the variance of the targets is proportional to, for the Tweedie
    deviance: 0 or at least 1, for there is no distribution between. 0 is that of the normal
    distribution, 1 of Poisson's, 2 of the gamma and 3 of the inverse Gaussian distribution;
    values between 1 and 2 are for amounts that are often 0, such as claims or rainfall. The
    targets must be at least 0 if it is at least 1, and above 0 if it is at least 2. Only
    used if ``loss="tweedie"``.

label_smoothing : float, default=0.0
    Share s of each target that is spread evenly over all K classes, at least 0 and less
    than 1: the network is trained to predict the probability 1 - s + s / K of the class of
    a sample, and s / K of each other one. For each label of multilabel targets, these are
    1 - s / 2 and s / 2. Predicted probabilities are then less extreme. The validation loss
    and all scores are of the targets themselves.

solver : {"auto", "lbfgs", "adam", "sgd"}, default="auto"
    Algorithm that trains the network.

    - "lbfgs": a full-batch quasi-Newton method. The penalty determines which: L-BFGS if it
      is smooth, the projected scaled sub-gradient method if it has kinks at zero, PANOC+
      if only its proximal operator is known. It stops when the objective is stationary
      within `tol`; `optimality_` is the certificate.
    - "adam": proximal Adam on minibatches. Not available for "group_mcp", "group_scad",
      "hierarchical" and "nuclear", whose proximal operators take one step size for all
      weights.
    - "sgd": proximal stochastic gradient descent with momentum.
    - "auto": "lbfgs" if the number of samples times the number of parameters is at most
      2e9 or "adam" does not support the penalty, else "adam". For dropout, `input_noise`,
      `mixup` and `partial_fit`, "adam", or "sgd" if "adam" does not support the penalty.
      `solver_` is the solver used.

batch_size : int or "auto", default="auto"
    Number of samples in a minibatch. "auto" is ``min(200, n_samples)``. Only used by
    solvers "adam" and "sgd".

learning_rate : {"constant", "invscaling", "adaptive"}, default="constant"
    Learning rate schedule of solvers "adam" and "sgd".

    - "constant": `learning_rate_init` throughout.
    - "invscaling": ``learning_rate_init / epoch ** power_t``, with epochs counted from 1.
    - "adaptive": `learning_rate_init` as long as the objective decreases. Each time it has
      not decreased by at least `tol` for more than `n_iter_no_change` epochs in a row, the
      learning rate is divided by 5; once it is below ``learning_rate_init / 1000``,
      training stops instead.

learning_rate_init : float, default=0.001
    Initial learning rate of solvers "adam" and "sgd".

power_t : float, default=0.5
    Exponent of the "invscaling" schedule.

max_iter : int, default=2000
    Maximum number of iterations, or of epochs for solvers "adam" and "sgd". With
    ``alpha="evidence"``, the limit applies to all rounds of training together.

max_fun : int, default=15000
    Maximum number of evaluations of the objective and its gradient. With
    ``alpha="evidence"``, the limit applies to all rounds of training together. Only used by
    solver "lbfgs".

max_time : float, default=None
    Time limit of `fit` in seconds. It is checked after each iteration, so that there is at
    least one iteration. When the limit is reached, training stops and keeps the current
    weights, or the best ones if ``early_stopping=True``; there is a warning unless training
    has converged. Of several starts no further one begins then, and the best so far is
    kept; there is a warning unless all have ended by themselves. In `regularization_path`,
    the limit applies to the whole path. With ``alpha="quantile"``, a fit that it ends has
    the alpha that was reached, which is often too small. Ignored by `partial_fit`. If None,
    there is no limit.

tol : float or "auto", default="auto"
    Tolerance of the stopping criterion. It is independent of the unit of y.

    Solver "lbfgs" stops when no entry of the minimum-norm subgradient of the objective
    exceeds ``tol * g`` in absolute value, where ``g`` is the largest absolute entry of the
    gradient of the loss at the start, clipped to the range from 1 to 100. Solvers "adam"
    and "sgd" stop when the objective has not decreased by at least `tol` for more than
    `n_iter_no_change` epochs in a row.

    "auto" is 1e-4. It also lets "lbfgs" stop when it no longer makes progress, that is when
    the last `n_iter_no_change` iterations have decreased the objective by less than 1e-4
    on average, provided that to first order the objective can decrease by at most 1%.
    For penalties and losses with kinks, these decreases, and the tolerance of "adam" and
    "sgd", are 1e-5. Where it takes little time, the tolerance of "lbfgs" is smaller: 1e-8
    without hidden layers and, unless ``alpha="evidence"``, 1e-12 for the smallest networks
    and data sets.

loss_threshold : float, default=None
    Training stops when the objective is at most this value. If None, it has no effect.

n_iter_no_change : int or inf, default=10
    Maximum number of epochs in a row without progress before solvers "adam" and "sgd" stop
    (or reduce an adaptive learning rate). With early stopping, the maximum number of
    iterations in a row without progress of the validation loss, for all solvers. With
    ``tol="auto"``, also the number of iterations over which "lbfgs" measures its progress.

early_stopping : bool, default=False
    Whether to stop training when the unpenalised loss on a validation set stops
    decreasing, and to return the weights with the lowest validation loss. The validation
    set is `X_val` and `y_val` if they are passed to `fit`; otherwise a fraction of X is set
    aside, stratified by class in classification (multilabel targets excepted).

validation_fraction : float, default=0.1
    Fraction of X to set aside as the validation set, strictly between 0 and 1. Only used
    if ``early_stopping=True``.

momentum : float, default=0.9
    Momentum of solver "sgd", at least 0 and less than 1.

nesterovs_momentum : bool, default=True
    Whether solver "sgd" uses Nesterov's momentum, that is, evaluates gradients at the
    extrapolated point.

beta_1 : float, default=0.9
    Exponential decay rate of the first moment in solver "adam", at least 0 and less than 1.

beta_2 : float, default=0.999
    Exponential decay rate of the second moment in solver "adam", at least 0 and less
    than 1.

epsilon : float, default=1e-8
    Term added to the denominator of the step in solver "adam" for numerical stability.

shuffle : bool, default=True
    Whether solvers "adam" and "sgd" shuffle the samples before each epoch.

n_iter_average : int, default=1
    Number of epochs whose last weights are averaged: the weights returned are the mean of
    those at the end of the last `n_iter_average` epochs (or of all epochs, if there are
    fewer), which reduces the noise of minibatches (Izmailov et al., 2018). Weights that are
    0 after the last epoch stay 0, and a proximal step of the penalty follows. Training goes
    on from weights that are not averaged; validation losses, by which early stopping
    decides, are of the averages. So many copies of the weights are kept meanwhile. 1
    averages nothing. Only used by solvers "adam" and "sgd"; not supported by `partial_fit`.

class_weight : dict, list of dict, "balanced" or None, default=None
    Weights of the classes in the form ``{class: weight}``, by which sample weights are
    multiplied. Classes that the dict leaves out have a weight of 1. "balanced" uses weights
    inversely proportional to the class frequencies (to the sums of the sample weights, if
    there are any). For multilabel targets, pass a list with one dict per label, or
    "balanced"; the weights of all labels of a sample are multiplied.

n_init : int, default=1
    Number of random starts. The fit with the smallest objective (`loss_`) is kept, as
    :class:`~sklearn.cluster.KMeans` does by its inertia, and all fitted attributes are of
    that one. The first start is what a single one would be, and a larger number adds to
    those of a smaller one. Where something else decides which weights a training returns,
    it also decides which start is kept: with ``early_stopping=True``, the smallest loss on
    the validation set, which is the same for all starts; with ``alpha="evidence"``, the
    largest `log_evidence_`. There is a single start if initial weights are given: by
    `coef_init`, with a warning, or by the previous fit if ``warm_start=True``. `max_time`
    applies to all starts together; limits of iterations apply to each. Has to be 1 with
    ``alpha="quantile"``, which depends on the start. Ignored by `partial_fit`.

warm_start : bool, default=False
    Whether `fit` starts from the weights of the previous call and, if ``alpha="evidence"``,
    from its alphas. Fitted attributes, including loss curves, describe the last call only.

total_weight : float, default=None
    Total weight of all samples (their number, if there are no sample weights) that the
    calls of `partial_fit` stand for together, by which the penalty is divided. If None, the
    total weight of each call is used, as if its samples were all the training data: the
    penalty is then ``n_samples_total / n_samples_of_call`` times as strong. Only used by
    `partial_fit`.

cv : int, cross-validation generator or iterable, default=None
    Cross-validation splitting strategy: the number of folds, a splitter, or an iterable of
    (train, test) splits as arrays of indices. If None, 5 folds. For an integer or None,
    folds are stratified in classification. Folds of an integer follow the order of the
    samples: if that is not random, pass a splitter with ``shuffle=True``.

scoring : str or callable, default=None
    Scoring method, where greater is better: the name of a scorer, or a callable with the
    signature ``scorer(estimator, X, y)``. If None, the `score` method of the estimator:
    accuracy in classification, R² in regression.

rule : {"best", "one_se"}, default="best"
    How to choose alpha from the mean scores of the folds.

    - "best": the alpha with the best mean score.
    - "one_se": the largest alpha with a mean score within one standard error of the best
      (the one-standard-error rule), which selects fewer features at nearly the same score.
      If `hidden_layer_sizes` or `l1_ratio` is a list, its entry with the best score is
      chosen first. If `relax` is a list, it is enough if one of its entries satisfies the
      rule, and the best entry at that alpha is chosen.

relax : bool, float or list of them, default=False
    Whether to refit each network on the features that it has selected, with an L2 penalty
    in place of `penalty`. As in the relaxed lasso, `penalty` then selects features without
    shrinking the weights of the selected ones. Both the networks that are compared and the
    final one are refitted. A float is the alpha of the L2 penalty; True stands for 1, a
    light penalty. Of a list, the entry with the best score is chosen, at little extra
    cost, because all entries share the fits that select features. `loss_` and
    `optimality_` are those of the refit.

continuation : bool, default=True
    Whether each fit starts from the weights at the next smaller alpha (warm starts along
    the regularization path). This is faster. With ``tol="auto"``, the networks that are
    compared are also trained less precisely, and the final one is trained further at the
    end. If False, or if ``early_stopping=True``, each fit starts from random weights, as in
    a grid search.

ensemble : bool, default=False
    Whether to keep the networks that the folds have at the chosen alpha, in `estimators_`,
    and to predict by all networks, without further fits. Half of the weight is that of the
    final network, the other half is shared equally by those of the folds. In regression
    predicted values are averaged, in classification logits (log odds). Intervals of
    regressors (`predict_interval`) and sets of classes (`predict_set`) need it, too.

    `feature_importances_` is the average with the same weights, so that a feature is
    selected if any of the networks uses it. `coefs_` and the other attributes of weights
    and of training are those of the final network. With ``continuation=True`` and
    ``tol="auto"``, networks of the folds are less precise than the final one. Until alpha
    is chosen, the networks of all alphas and folds are kept in memory, as sparse arrays
    where these are smaller.

n_jobs : int, default=None
    Number of starts (`n_init`) to fit in parallel, in threads, which share X. None means 1
    unless in a :class:`joblib.parallel_config` context, -1 means all processors. The result
    does not depend on it, unless `max_time` or a callback ends the fit early. Threads do
    not help if a single start takes only milliseconds, because Python code then dominates,
    and help little with the NumPy engine.

random_state : int, RandomState instance or None, default=None
    Determines random number generation for the initial weights, the validation set of
    early stopping, dropout, noise, mixup, and the order of samples in minibatches. Pass an
    int for reproducible results across multiple function calls.

verbose : bool or int, default=False
    Verbosity. 1 or True prints the objective, the residual, the sparsity and the elapsed
    time after iterations 1 to 10, 20, 30, ..., 100, 200, ..., and after other ones if the
    last line is at least two seconds old, or a tenth of the time so far. Solvers in
    minibatches also print how much time is left until `max_iter`, and all solvers how much
    until `max_time`. A larger number prints a line after every iteration. With several
    starts, 1 prints a line for each start, with its objective, and others while it takes
    long; a larger number prints those of the iterations as well.
""")

# The loss of classifiers, and that of regressors.

CLASSIFICATION_LOSS = """
loss : {"log_loss"}, default="log_loss"
    Loss function: the log loss, also known as cross-entropy.
"""

REGRESSION_LOSS = r"""
loss : str or Loss, default="squared_error"
    Loss function: one of the following names, or an instance of a subclass of
    :class:`~sknormreg.losses.Loss`, such as your own.

    - "squared_error": half the squared error.
    - "absolute_error": half the absolute error, which predicts the conditional median of
      y: the same as "quantile" with ``quantile=0.5``.
    - "huber": half the squared error for absolute residuals up to `huber_delta`, linear
      beyond; robust to outliers.
    - "quantile": the pinball loss, which predicts a conditional `quantile` of y.
    - "poisson": half the Poisson deviance with a log link, for counts and other
      non-negative targets.
    - "gamma": half the gamma deviance with a log link, for positive targets whose standard
      deviation is proportional to their mean.
    - "tweedie": half the Tweedie deviance of a `power`, which has "poisson" (1) and "gamma"
      (2) as special cases, also with a log link: with ``power=0`` it is half the squared
      error of the exponential of the raw output, as in
      ``TweedieRegressor(power=0, link="log")``.
"""

# Parameters and attributes that mean something else if alpha is chosen by cross-validation.

CV_PARAMETERS = """
n_init : int, default=1
    Number of random starts. Each start has a regularization path of its own, in every fold
    and for the final fit, and at each alpha the network with the smallest objective is the
    one that counts: it is scored, or returned. With `relax`, the refits have as many
    starts, too, and the one with the smallest objective counts. With
    ``early_stopping=True``, the smallest loss on the validation set decides instead; the
    set is the same for all starts. The first start is what a single one would be. It alone
    determines the grid of alphas.

hidden_layer_sizes : int, array-like of int or list of them, default=(100,)
    Number of units in each hidden layer. An int stands for one hidden layer. An empty
    tuple gives a linear model. A list of tuples, such as ``[(100,), (50, 50)]``, is of
    candidates; a list of ints is a single network, as a tuple is.

activation : str, tuple of str or list of them, default="tanh"
    Activation function of the hidden layers: one name for all layers, or a tuple with one
    name per layer. A list is of candidates, unlike that of the estimator without
    cross-validation. The names are "identity", "logistic", "tanh", "relu", "leaky_relu",
    "elu", "gelu", "silu" and "softplus".

l1_ratio : float or array-like of float, default=0.5
    Mixing parameter of "elasticnet" and "sparse_group_lasso", between 0 and 1: 1 is the L1
    penalty, and 0 is the L2 penalty or the group lasso. Several values are candidates.
    Ignored for other penalties.

max_paths : int, default=50
    Limit on the number of regularization paths that are compared, one for each candidate in
    each fold. Candidates are the combinations of the entries of all lists but `relax`,
    whose entries share a path. If the limit suffices, all candidates are compared in all
    folds: up to 10 candidates in five folds. Otherwise, those with the worst mean score so
    far, each at its best alpha, are dropped after each fold (successive halving). Their
    numbers fall geometrically, no faster than the limit requires, and at most by half: 24,
    13, 7, 4 and 2 candidates in five folds. Of more than that, 24 are drawn at random. If
    `alphas` is an int, each candidate has a grid of its own, whose fits are not counted.
    With many folds, the limit is at least twice their number.

n_jobs : int, default=None
    Number of folds to fit in parallel and, in the final fit, of starts (`n_init`). None
    means 1 unless in a :class:`joblib.parallel_config` context, -1 means all processors.
    The compiled engine uses threads, which share X. The NumPy engine uses processes for the
    folds. The result does not depend on it, unless `max_time` or a callback ends the search
    early. Threads do not help if a single fit takes only milliseconds, because Python code
    then dominates.

max_time : float, default=None
    Time limit of `fit` in seconds. It is divided equally among the search for each grid of
    alphas, the regularization paths of the folds and the final fit. When the time of a grid
    is over, it ends at an alpha that is usual for such data. When the time of a path is
    over, its larger alphas get no score, and alpha is chosen among those with a score in
    every fold. Fits that are needed after the limit stop after one iteration. A warning
    says how many alphas were compared. If None, there is no limit.

verbose : bool or int, default=False
    Verbosity. 1 or True prints the grid of alphas, the best score and its number of
    features for each path and fold, the number of features of the final network, and the
    time that each of these took. Every two seconds, and less often in longer searches, it
    prints how many fits are done and how much time is left. A larger number prints this
    after every alpha.
"""

# Of the searches whose networks may be trained with minibatches.
NOISE_CV_PARAMETERS = """
dropout : float or array-like of float, default=0.0
    Probability of dropping each value of a hidden layer during training, at least 0 and
    less than 1, as described for the estimator without cross-validation. Several values
    are candidates. Those above 0 are trained in minibatches, which takes longer.

input_dropout : float or array-like of float, default=0.0
    Probability of dropping each feature value, as `dropout` for hidden layers.

input_noise : float or array-like of float, default=0.0
    Standard deviation of the Gaussian noise that is added to each feature of each sample in
    training, as described for the estimator without cross-validation. Several values are
    candidates, as those of `dropout`.

mixup : float or array-like of float, default=0.0
    Parameter of the distribution of the shares by which samples are mixed in training, as
    described for the estimator without cross-validation. Several values are candidates, as
    those of `dropout`.
"""

CLASSIFIER_CV_PARAMETERS = """
label_smoothing : float or array-like of float, default=0.0
    Share of each target that is spread evenly over all classes, at least 0 and less than 1,
    as described for the estimator without cross-validation. Several values are candidates.
"""

CV_ATTRIBUTES = """
alpha_ : float
    The alpha chosen.
"""

ATTRIBUTES = parse_table("""
classes_ : ndarray of shape (n_classes,)
    Class labels. For multilabel targets, the indices of the labels.

alpha_ : float, ndarray of shape (n_layers - 1,) or list
    The alpha used, in a form that the parameter `alpha` accepts. With ``alpha="quantile"``
    the one chosen, a float. With ``alpha="evidence"`` those chosen: a float, an array with
    one value per layer or, if ``evidence_scope="feature"``, a list of an array of shape
    (n_features,) and one float per further layer.

hidden_layer_sizes_ : int or array-like of int
    The `hidden_layer_sizes` chosen.

activation_ : str or tuple of str
    The `activation` chosen.

l1_ratio_ : float
    The `l1_ratio` chosen.

dropout_ : float
    The `dropout` chosen.

input_dropout_ : float
    The `input_dropout` chosen.

input_noise_ : float
    The `input_noise` chosen.

mixup_ : float
    The `mixup` chosen.

label_smoothing_ : float
    The `label_smoothing` chosen.

relax_ : float or None
    The alpha of the L2 penalty of the relaxed fit chosen; None without relaxation.

alphas_ : ndarray of shape (n_alphas,)
    The alphas compared, in ascending order. Each of `hidden_layer_sizes`, `activation`,
    `l1_ratio`, `dropout`, `input_dropout`, `input_noise`, `mixup`, `label_smoothing` and
    `relax` that is a list of several entries adds an axis in front, in this order. If
    `alphas` is an int, nan for combinations that are not compared.

scores_ : ndarray of shape (n_alphas, n_folds)
    Scores on the test samples of each fold, with the additional axes of `alphas_` in front.
    nan where there is no score: in the folds after a candidate was dropped, in all folds
    for a combination that is not compared (see `max_paths`), or because `max_time`, a
    callback or Ctrl-C ended the search early. After Ctrl-C, only this attribute, `alphas_`
    and `path_n_features_` are set.

path_n_features_ : ndarray of int, of the shape of `scores_`
    Number of features selected by each network compared. If some have no score, an array
    of floats that is nan where `scores_` is.

selection_frequency_ : ndarray of shape (n_features,)
    Share of the folds whose network selects a feature, for the chosen alpha and the other
    chosen parameters. A feature that few folds select owes its place to chance.

fold_loss_curves_ : list of list of ndarray of shape (n_iter,)
    Values of the objective after each iteration in each fold, for the chosen parameters:
    one array for each fit that leads to the network at `alpha_`. With warm starts these are
    the fits at ascending alphas, from the first one on; otherwise it is the fit at `alpha_`
    alone. If a network before `alpha_` selects no feature, its fit is the last. With
    `relax`, they are the refits of the selected features.

fold_validation_loss_curves_ : list of ndarray of shape (n_iter,) or None
    `validation_loss_curve_` of the fit at `alpha_` in each fold; None unless
    ``early_stopping=True``.

refit_loss_curves_ : list of ndarray of shape (n_iter,)
    As an entry of `fold_loss_curves_`, for the final fit to all samples. If `alphas` is an
    int, a fit that has led to `alpha_max` can stand for the first part of the path. If the
    final network is trained further at the end of the path, there is one more array. The
    last array has the values of `loss_curve_`.

best_score_ : float
    Mean of `scores_` over the folds at the alpha chosen.

estimators_ : list of estimators of length n_folds + 1
    The networks that predictions are averaged over, as fitted estimators without
    cross-validation: that of each fold for the chosen parameters, in the order of the
    folds, and the final one. Only available if ``ensemble=True``.

coefs_ : list of ndarray of shape (fan_in, fan_out)
    Weights of each layer.

intercepts_ : list of ndarray of shape (fan_out,)
    Intercepts of each layer.

skip_coef_ : ndarray of shape (n_features, n_outputs)
    Weights of the skip connection from the features to the outputs. Only available if
    ``penalty="hierarchical"``.

loss_ : float
    Value of the objective, including the penalty, at the fitted weights. After
    `partial_fit`, on the samples of the last call.

optimality_ : float
    Largest absolute entry of the minimum-norm subgradient of the objective at the fitted
    weights. A value of 0 certifies a stationary point. nan if Ctrl-C has interrupted the
    training that led to them; `loss_` is then the last entry of `loss_curve_`.

sparsity_ : float
    Fraction of weights that are exactly 0, not counting intercepts.

n_nonzero_ : int
    Number of weights that are not 0.

feature_importances_ : ndarray of shape (n_features,)
    Importance of each feature: the sum, over all paths through the network from the
    feature to an output, of the product of the absolute weights along the path,
    normalised to sum to 1. It is exactly 0 if and only if the feature has no effect. It
    depends on the scale of the features, so standardise them.

selected_features_ : ndarray of bool of shape (n_features,)
    Mask of the features that the network uses, that is those with an importance above 0.

n_selected_features_ : int
    Number of features that have any effect on the outputs.

selected_feature_names_ : ndarray of str
    Names of the selected features.

selected_groups_ : ndarray of str
    Names of the groups of the selected features, if the `penalty` of the first layer has
    groups of features: the key of a group in a dict, the prefix it was defined by, or
    its position in the list, as in "groups[0]". A feature that is in no group is listed
    under its own name. The current value of `penalty` is used.

n_active_units_ : list of int
    Number of units in each hidden layer that have an effect on the outputs.

solver_ : {"lbfgs", "adam", "sgd"}
    The solver used.

loss_curve_ : list of float
    Value of the objective after each iteration, or its running mean over each epoch for
    solvers "adam" and "sgd". With ``alpha="evidence"``, at the alphas of that iteration.

best_loss_ : float or None
    Smallest value of `loss_curve_`; None if ``early_stopping=True``.

validation_loss_curve_ : list of float or None
    Mean unpenalised loss on the validation set after each iteration; None without a
    validation set. Class weights are included if the validation set was split from X.

validation_scores_ : list of float or None
    Accuracy, or in regression what `score` computes, R² or D², on the validation set after
    each iteration; None without a validation set.

best_validation_score_ : float or None
    Largest value of `validation_scores_`; None without a validation set.

n_iter_ : int
    Number of iterations or epochs of the last fit; after `partial_fit`, of all its calls.

t_ : int
    Number of samples seen by the solver during training, counting repetitions.

n_layers_ : int
    Number of layers, including the input and the output layer.

n_outputs_ : int
    Number of outputs.

out_activation_ : str
    Name of the output activation function.

n_features_in_ : int
    Number of features seen during `fit`.

feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Names of features seen during `fit`. Only available if X has feature names that are all
    strings.

n_effective_parameters_ : float
    Number of weights that the data determine (MacKay's gamma), between 0 and the number of
    weights, not counting intercepts. Only available if ``alpha="evidence"``.

log_evidence_ : float
    Log probability of the targets with the weights integrated out, at `alpha_` (MacKay,
    1992, eq. 4.2), including all constants. In regression it is a log density in the unit
    of y. Intercepts are at their most probable values; each intercept of a hidden unit that
    the data determine costs half the logarithm of the total sample weight. Only
    available if ``alpha="evidence"``.

noise_variance_ : float
    Variance of the targets around their expected values, per output and unit of sample
    weight. Only available if ``alpha="evidence"``.

shrinkage_ : dict
    Numbers of units, weights and non-zero weights before and after `compact`. Only
    available on the estimators that `compact` returns.
""")

document_estimator = partial(
    document, shared_parameters=PARAMETERS, shared_attributes=ATTRIBUTES
)


def check_all_used(*classes: Iterable[type]) -> None:
    """Raise a ValueError if a table has an entry that none of the estimators uses."""
    check_shared(PARAMETERS, parameter_names, classes)
    check_shared(ATTRIBUTES, attribute_names, classes)
