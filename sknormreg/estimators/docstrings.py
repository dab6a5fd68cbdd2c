"""Documentation that classifier and regressor share, written once."""

_PARAMETERS = """
hidden_layer_sizes : int or array-like of int, default=(100,)
    Number of units of each hidden layer. An empty tuple is the linear model.

activation : str or list of str, default="tanh"
    Activation of the hidden layers, one name for all or one for each: "identity",
    "logistic", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu" or "softplus".
    "relu" and "leaky_relu" have kinks, on which full-batch solvers may end before
    the gradient vanishes.

penalty : str, Penalty, or list of them, default="l2"
    The norm of the weights that is penalised, or constrained, in every layer:

    - "l1", "l2", "elasticnet": sums over the single weights; the first and the last make
      weights exactly zero.
    - "group_lasso", "sparse_group_lasso": remove inputs and hidden units as a whole.
    - "mcp", "scad" do what "l1" does, and "group_mcp", "group_scad" what "group_lasso"
      does, but do not shrink what they keep; they are not convex.
    - "hierarchical": LassoNet's, with a skip connection; removes inputs.
    - "nuclear": makes weight matrices of low rank.
    - "max_norm", "l1_ball": bounds on norms. `alpha` has no meaning for them: tune their
      radius.

    A name stands for an instance of the class in `sknormreg.penalties` with its default
    parameters. An instance takes others, which a grid search can vary as, for example,
    ``penalty__radius``; it may be your own subclass of `Penalty`. A list has one entry
    for each layer of weights.
{alpha}
dropout, input_dropout : float, default=0.0
    Probability with which each value of a hidden layer, or each input, is left out of a
    minibatch, at least 0 and below 1; what stays is divided by the probability to stay.
    Predictions use all values. "lbfgs", which has no minibatches, refuses it.
{loss}
solver : {{"auto", "lbfgs", "adam", "sgd"}}, default="auto"
    - "lbfgs": full batches; L-BFGS for smooth penalties, the projected scaled
      sub-gradient method for those with kinks at zero, PANOC+ for those of which only
      the prox is known. It stops where the objective is stationary up to `tol`, which
      `optimality_` certifies.
    - "adam": proximal Adam on minibatches. Not for "group_mcp", "group_scad",
      "hierarchical" and "nuclear", whose prox takes one step size for all weights.
    - "sgd": proximal stochastic gradient descent with momentum.
    - "auto": "lbfgs" for problems whose full-batch evaluations are cheap, "adam" for
      larger ones, for dropout and for `partial_fit`, as far as the penalty lets it (else
      "lbfgs", or "sgd"). `solver_` says which it was.

batch_size : int or "auto", default="auto"
    Rows in a minibatch; "auto" is ``min(200, n_samples)``. Not used by "lbfgs".

learning_rate : {{"constant", "invscaling", "adaptive"}}, default="constant"
    Schedule of the learning rate of "adam" and "sgd".

    - "constant": `learning_rate_init` throughout.
    - "invscaling": ``learning_rate_init / epoch ** power_t``, epochs counted from 1.
    - "adaptive": `learning_rate_init` as long as the objective falls; where
      `n_iter_no_change` epochs in a row do not lower it by `tol`, the rate is divided
      by 5, until it is less than a thousandth of `learning_rate_init`.

learning_rate_init : float, default=0.001
    The initial learning rate of "adam" and "sgd".

power_t : float, default=0.5
    The exponent of "invscaling".

max_iter : int, default=2000
    Maximum number of iterations; of epochs for "adam" and "sgd". With ``alpha="evidence"``
    of all its fits together, like `max_fun`.

max_fun : int, default=15000
    Maximum number of evaluations of objective and gradient. Only used by "lbfgs".

{max_time}
tol : float or "auto", default="auto"
    For "lbfgs", training has converged where the largest entry of the minimum-norm
    subgradient is at most ``tol * g``, g being the largest entry of the loss's gradient
    at the start, at least 1 and at most 100. For "adam" and "sgd", an epoch is without
    progress if it does not lower the objective by `tol`. Both are taken at the scale of
    the targets: a regression in dollars converges like one in thousands.

    "auto" is 1e-4 and lets "lbfgs", too, stop where `n_iter_no_change` iterations
    lowered the objective by less than 1e-4 each (1e-5 for penalties with kinks).
    Where precision is cheap it goes further: to 1e-8 without hidden layers and to 1e-12
    for the smallest networks and data. The latter not with ``alpha="evidence"``: the
    deeper a network is in its minimum, the less evidence there is for it.

loss_threshold : float, default=None
    Training stops where the objective is at most this.

n_iter_no_change : int or inf, default=10
    Epochs without progress after which "adam" and "sgd" stop (or divide an adaptive
    learning rate), and iterations without progress of the validation loss after which
    early stopping stops any solver. With ``tol="auto"`` also the iterations that "lbfgs"
    looks back.

early_stopping : bool, default=False
    Whether the unpenalised loss of held-out rows decides when to stop and which
    weights to return. The rows are `X_val` if given to `fit`, else a part of X.

validation_fraction : float, default=0.1
    Share of X held out by early stopping, between 0 and 1 exclusive.

momentum : float, default=0.9
    Momentum of "sgd", at least 0 and below 1.

nesterovs_momentum : bool, default=True
    Whether "sgd" takes its gradients at the extrapolated point.

beta_1, beta_2 : float, default=0.9 and 0.999
    Decay rates of Adam's moments, at least 0 and below 1.

epsilon : float, default=1e-8
    Added to the denominator of Adam's step.

shuffle : bool, default=True
    Whether "adam" and "sgd" draw the order of the rows anew in every epoch.
{class_weight}
{repeated}
random_state : int, RandomState instance or None, default=None
    Determines initial weights, the validation split and the order of the rows. Pass
    an int for reproducible results.
{verbose}
"""

# What is said of alpha, of fits after the first, and of what is printed: by the plain
# estimators, and by those that choose alpha.

ALPHA = """
alpha : float, array-like of shape (n_layers,), list or "evidence", default=1.0
    Strength of the penalty, at least 0; or one for each layer of weights. With
    ``penalty="l2"`` the first entry of a list may be an array of shape (n_features,), one
    alpha for each input. The penalty is divided by the total weight of the rows trained on
    and never by that of a batch, so that alpha means the same for every solver and batch
    size.

    "evidence" chooses alphas in one fit, without rows held out, as those that make the
    targets most probable under all networks at once: MacKay's evidence framework with
    Foresee and Hagan's Gauss-Newton approximation. For ``penalty="l2"``, full batches, and
    the log loss or the squared error. J is minimised for some iterations, alphas are
    re-estimated, and so on until they have settled; `alpha_` has them. There J may still
    be above its minimum at these alphas, to which another fit with ``alpha=alpha_`` would
    go, and `optimality_` says how far from stationary it is. Up to 5000 rows times outputs,
    or weights, matrices of that size are factorised; beyond, traces are estimated by
    conjugate gradients with random signs.

evidence_scope : {"network", "layer", "input"}, default="layer"
    What has an alpha of its own with ``alpha="evidence"``: all weights together, each
    layer, or each input and each further layer. The last is automatic relevance
    determination, which takes longer: the weights of inputs that do not help shrink to
    about 0. Not used with other values of `alpha`.
"""

L1_RATIO = """
l1_ratio : float, default=0.5
    Share of L1 in the elastic net, between 0 (L2) and 1 (L1), or in the sparse group
    lasso, between 0 (group lasso) and 1. Only used when ``penalty="elasticnet"`` or
    ``penalty="sparse_group_lasso"``.
"""

# Of the regressor alone.

STORE_POSTERIOR = """
store_posterior : bool, default=True
    Whether a fit with ``alpha="evidence"`` keeps the posterior of the weights, which
    ``predict(return_std=True)`` takes: a triangular matrix with a row for each weight or,
    where there are fewer rows of training data, or more than 5000 of both, the training
    data. False keeps neither, in memory and in stored models. Not used with other values
    of `alpha`.
"""

MAX_TIME = """
max_time : float, default=None
    Seconds after which training stops with the weights of now, or with
    ``early_stopping=True`` the best so far, and a warning unless it has converged. The
    clock starts with `fit` and is read after every iteration, of which there is at least
    one; `partial_fit` has no use for it. `regularization_path` as a whole ends by it, the
    last network being as far as it came. None is no limit.
"""

REPEATED = """
warm_start : bool, default=False
    Whether `fit` starts from the weights of the previous fit, and with
    ``alpha="evidence"`` from its alphas. Fitted attributes, curves included, are those of
    the last fit alone.

total_weight : float, default=None
    Only used by `partial_fit`: the total weight (number, if rows have no weights) of
    all the rows that the calls together stand for, by which the penalty is divided.
    None takes the weight of the call's own rows: alpha then acts as if these were the
    whole data, that is, ``n_all / n_call`` times as strongly.
"""

VERBOSE = """
verbose : bool or int, default=False
    Print objective, residual, sparsity and time: 1 or True after iterations 1 to 10, 20,
    30, ..., 100, 200, ...; a larger number after every iteration.
"""

ATTRIBUTES = """
coefs_ : list of ndarray of shape (fan_in, fan_out)
    Weights of each layer, exact zeros included.

intercepts_ : list of ndarray of shape (fan_out,)
    Intercepts of each layer.

skip_coef_ : ndarray of shape (n_features, n_outputs)
    Weights of the skip connection, which lead from the inputs straight to the outputs.
    Only with ``penalty="hierarchical"``.

loss_ : float
    The objective J, penalty included, at the fitted weights. After `partial_fit`, of
    the rows of the last call.

optimality_ : float
    Largest absolute entry of the minimum-norm subgradient of J at the fitted weights,
    computed afresh: 0 certifies a stationary point. nan where the fit was interrupted
    by Ctrl-C, when `loss_` is the last entry of `loss_curve_`.

sparsity_ : float
    Share of the weights, intercepts apart, that are exactly 0.

n_nonzero_ : int
    Number of weights that are not 0.

feature_importances_ : ndarray of shape (n_features,)
    For each input the sum over all paths to an output of the product of the absolute
    weights along the path, normalised to sum 1 where there is any. Exactly 0 if and only
    if no path of non-zero weights leads from the input to an output. Comparable between
    inputs of one scale, so standardise them.

selected_features_ : ndarray of bool of shape (n_features,)
    The inputs that have any effect on the outputs: those of importance above 0.

n_selected_features_ : int
    Number of features that have any effect on the outputs.

selected_feature_names_ : ndarray of str
    Their names.

selected_groups_ : ndarray of str
    Names of the groups that they are in, with groups of inputs in the first layer's
    `penalty`, as it is set now: a group's key in a dict, the beginning of names that it
    was given by, or its place in the list, as "groups[0]". An input in none of them has
    its own name.

n_active_units_ : list of int
    For each hidden layer, the number of units that have any effect on the outputs.

solver_ : {{"lbfgs", "adam", "sgd"}}
    The solver used.

loss_curve_ : list of float
    J after every iteration; for "adam" and "sgd" its running mean over the epoch. With
    ``alpha="evidence"``, at the alphas of that iteration.

best_loss_ : float or None
    Smallest value of `loss_curve_`; None with ``early_stopping=True``.

validation_loss_curve_ : list of float or None
    Mean unpenalised loss of the held-out rows after every iteration, if there are
    any. Class weights are part of it where the rows were split from X.

validation_scores_ : list of float or None
    {score} of the held-out rows after every iteration, if there are any.

best_validation_score_ : float or None
    Largest of `validation_scores_`.

n_iter_ : int
    Iterations, or epochs, of the last fit; after `partial_fit`, of all its calls.

t_ : int
    Number of rows that passed through the network in training.

n_layers_ : int
    Number of layers, input and output included.

n_outputs_ : int
    Number of outputs.

out_activation_ : str
    Name of the output activation.

n_features_in_ : int
    Number of features seen during `fit`.

feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Names of features seen during `fit`, where X has string names for all of them.
"""

# Of the plain estimators; the last of the regressor alone.

EVIDENCE_ATTRIBUTES = """
alpha_ : float, ndarray of shape (n_layers,) or list
    The alpha of the fit, in a form that the parameter `alpha` takes. With
    ``alpha="evidence"`` what it has found: a float, an array, or for
    ``evidence_scope="input"`` a list of an array of shape (n_features,) and a float
    for each further layer.

n_effective_parameters_ : float
    Number of weights that the data determine, MacKay's gamma: between 0 and the number of
    weights. Intercepts are not counted. Only with ``alpha="evidence"``.

log_evidence_ : float
    Logarithm of the probability of the targets with the weights integrated out, at
    `alpha_` (MacKay, 1992, eq. 4.2): with all its constants, and in regression a density
    of the targets in their own unit. Intercepts are at their most probable values; each
    one of hidden units that the data determine costs half the logarithm of the weight of
    the rows. Only with ``alpha="evidence"``.
"""

NOISE_ATTRIBUTE = """
noise_variance_ : float
    Variance of the targets around the expected values, per output and unit of weight. Only
    with ``alpha="evidence"``.
"""


CV_ALPHA = """
alphas : int or array-like of shape (n_alphas,), default=20
    The strengths of the penalty that are compared; what an alpha means is said by the
    plain estimator. Of a number of them the largest is one that leaves the network
    empty (or, where nothing vanishes, at most 1 % better than a constant), found by a few
    fits to all rows, and neighbours are in equal ratios. Alphas are not rescaled
    between the folds and the final fit.

l1_ratio : float or array-like, default=0.5
    Share of L1 in the elastic net, between 0 (L2) and 1 (L1), or in the sparse group
    lasso, between 0 (group lasso) and 1. Only used when ``penalty="elasticnet"`` or
    ``penalty="sparse_group_lasso"``. Of several the best is taken, each with alphas of
    its own where these are a number.
"""

CV_CHOICE = """
cv : int, splitter or iterable, default=None
    The folds: their number, a splitter, or pairs of training and test rows. None is 5.
    An integer means stratified folds in classification.

scoring : str or callable, default=None
    The scorer; greater is better. None is the estimator's `score`: {score}.

rule : {"best", "one_se"}, default="best"
    - "best": the alpha of the best mean score.
    - "one_se": the largest alpha whose mean score is within one standard error of the
      best, which selects fewer inputs at a score that is hardly worse. With a list for
      `relax` it is enough if one of them is, and the best of them at this alpha is taken.
      Of several `hidden_layer_sizes` or `l1_ratio` those of the best score are taken.

relax : bool, float or list of them, default=False
    Whether each network that is compared, and the one that is returned, is fitted anew
    to the inputs that the penalty selects, with an L2 penalty in place of `penalty`,
    which then shrinks nothing that it keeps. A number is the alpha of this L2 penalty;
    True is 1, which is light. Of several the best is taken; they share the fits that
    select. `loss_` and `optimality_` are those of the new fit.

continuation : bool, default=True
    Whether each fit starts from the weights that the one at the next smaller alpha
    ended with, which takes less time, as do the coarser fits: with ``tol="auto"``, small
    problems are not solved to the precision of the floats, and at the end the chosen
    network is trained further. False starts each anew, as a grid search does, and so
    does ``early_stopping=True``.

n_jobs : int, default=None
    Fits to different folds at the same time: in threads with the compiled engine, which
    share X, else in processes, or as :class:`joblib.parallel_config` says. None is 1
    unless that says otherwise, and -1 is all processors. Results do not depend on it,
    unless `max_time` or a callback ends the search. Threads do not pay where single fits
    take only milliseconds: most of that is Python, of which one thread runs at a time.
"""

CV_MAX_TIME = """
max_time : float, default=None
    Seconds for the whole fit: for finding alphas, for the paths of fits to every fold, and
    for the fit to all rows. Alphas are found however long that takes; of the time that is
    left each path, and the last fit, may take an equal part. A path ends where its part is
    over, and of the alphas that have a score in every fold, the smaller ones, one is
    chosen; the first (of the first candidates, if there are several) has one in any case.
    The fit to all rows goes on to the alpha that is chosen. Fits that are needed though the
    time is over stop after one iteration. A warning says how many alphas were compared.
    None is no limit.
"""

CV_VERBOSE = """
verbose : bool or int, default=False
    Print the alphas that were found, the best score of every path of fits with its number
    of inputs, what the last fit keeps, and the time that each of them took.
"""

CV_ATTRIBUTES = """
alpha_ : float
    The alpha that was chosen.

l1_ratio_ : float
    The `l1_ratio` that was chosen.

hidden_layer_sizes_ : int or array-like of int
    The entry of `hidden_layer_sizes` that was chosen.

relax_ : float or None
    The alpha of the relaxed fit that was chosen; None if it was not relaxed.

alphas_ : ndarray of shape (n_alphas,)
    The alphas that were compared, in ascending order. With an axis of its own before
    this one for a list of `hidden_layer_sizes`, for one of `l1_ratio`, and for one of
    `relax`.

scores_ : ndarray of shape (n_alphas, n_folds)
    The scores on the held-out rows, with the axes of `alphas_` before the last. nan where
    the comparison ended before: by `max_time`, by a callback, or by Ctrl-C, after which
    this attribute, `alphas_` and `path_n_features_` are the only ones.

path_n_features_ : ndarray of int of shape (n_alphas, n_folds)
    How many inputs the networks of `scores_` use. Floats, with nan in the same places, if
    the comparison ended early.

best_score_ : float
    Mean of the scores at `alpha_`.
"""


REGRESSION_LOSS = """
loss : {"squared_error", "poisson", "huber", "quantile"}, default="squared_error"
    - "squared_error": half the squared error.
    - "poisson": half the Poisson deviance with a log link, for y >= 0.
    - "huber": half the squared error up to a residual of `huber_delta`, linear beyond.
    - "quantile": the pinball loss, whose minimiser is the `quantile` of y given x.

huber_delta : float, default=1.0
    Residual, in units of y, from which on the Huber loss is linear.

quantile : float, default=0.5
    The quantile that ``loss="quantile"`` estimates, between 0 and 1 exclusive.
"""

CLASSIFICATION_LOSS = """
loss : {"log_loss"}, default="log_loss"
    The log loss, also known as cross-entropy.
"""

CLASS_WEIGHT = """
class_weight : dict, list of dict, "balanced" or None, default=None
    Weights of the classes, by which sample weights are multiplied: a dict
    ``{class: weight}``, or "balanced" for weights inversely proportional to the
    weighted class frequencies. Multilabel targets take a list of dicts, one for each
    label, or "balanced"; the weights of a row's labels are multiplied.
"""


def parameters(
    loss,
    class_weight="",
    alpha=ALPHA + L1_RATIO,
    repeated=REPEATED,
    verbose=VERBOSE,
    max_time=MAX_TIME,
):
    """What the docstrings say of parameters, with the parts in which they differ."""
    return _PARAMETERS.format(
        loss=loss,
        class_weight=class_weight,
        alpha=alpha,
        repeated=repeated,
        verbose=verbose,
        max_time=max_time,
    )
