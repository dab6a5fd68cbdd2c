"""Texts on parameters and fitted attributes of survival analysis alone."""

SURVIVAL_PARAMETERS = """
ties : {"efron", "breslow"}, default="efron"
    Approximation of the partial likelihood where several events share a time. Efron's is
    nearer to the exact one if there are many; Breslow's is that of
    `sksurv.linear_model.CoxnetSurvivalAnalysis`. Sample weights of whole numbers mean the
    same as repeated samples with "breslow" only.

solver : {"auto", "lbfgs"}, default="auto"
    Algorithm that trains the network: a full-batch quasi-Newton method, in either case. The
    penalty determines which: L-BFGS if it is smooth, the projected scaled sub-gradient
    method if it has kinks at zero, PANOC+ if only its proximal operator is known. "adam"
    and "sgd" are refused: in a minibatch, an event could not be compared with all samples
    at risk.

max_iter : int, default=2000
    Maximum number of iterations.

max_fun : int, default=15000
    Maximum number of evaluations of the objective and its gradient.

tol : float or "auto", default="auto"
    Tolerance of the stopping criterion: training stops when no entry of the minimum-norm
    subgradient of the objective, relative to the share of samples with an event, exceeds
    ``tol * g`` in absolute value, where ``g`` is the largest absolute entry of the gradient
    of the loss at the start, clipped to the range from 1 to 100.

    "auto" is 1e-4. It also lets training stop when it no longer makes progress, that is
    when the last `n_iter_no_change` iterations have decreased the objective by less than
    1e-4 of that share on average (1e-5 for penalties with kinks), provided that to first
    order the objective can decrease by little. Where it takes little time, the tolerance is
    smaller: 1e-8 without hidden layers and 1e-12 for the smallest networks and data sets.

n_iter_no_change : int or inf, default=10
    With early stopping, the maximum number of iterations in a row without progress of the
    validation loss. With ``tol="auto"``, also the number of iterations over which progress
    is measured.

early_stopping : bool, default=False
    Whether to stop training when the partial likelihood of a validation set stops
    increasing, and to return the weights with the largest one. The validation set is
    `X_val` and `y_val` if they are passed to `fit`; otherwise a fraction of X is set aside,
    stratified by event. Its risk sets are of its own samples.
"""

# Of the estimator that does not search.

SURVIVAL_FIT_PARAMETERS = """
alpha : float, array-like, list or "auto", default="auto"
    Strength of the penalty, at least 0. Larger values shrink the weights more and, with a
    sparse penalty, set more of them to zero. An array-like of shape (n_layers - 1,) has one
    value per layer of weights. With ``penalty="l2"``, the first entry of a list may be an
    array of shape (n_features,), one value per feature.

    "auto" chooses `alpha` by the partial likelihood of held-out samples. Networks are
    fitted to two thirds of the samples, and predict the others; three times, or until 1000
    samples have been predicted. Each third has its share of events, at early and at late
    times. With `X_val`, or with early stopping, the validation samples are predicted. From
    an alpha near 1, alphas grow by half orders of magnitude until two in a row increase the
    loss or, if the first is the best of these, fall as long as the loss falls by at least
    0.01 for each event. `alpha_` is the minimum of the parabola through the smallest loss
    and those beside it.

n_init : int, default=1
    Number of random starts. The fit with the smallest objective (`loss_`) is kept; with
    ``early_stopping=True``, the one with the smallest loss on the validation set. The first
    start is what a single one would be. There is a single start if initial weights are
    given: by `coef_init`, with a warning, or by the previous fit if ``warm_start=True``.
    `max_time` applies to all starts together; limits of iterations apply to each.

warm_start : bool, default=False
    Whether `fit` starts from the weights of the previous call. Fitted attributes, including
    loss curves, describe the last call only.

max_time : float, default=None
    Time limit of `fit` in seconds. It is checked after each iteration, so that there is at
    least one iteration. When the limit is reached, training stops and keeps the current
    weights, or the best ones if ``early_stopping=True``; there is a warning unless training
    has converged. Of several starts no further one begins then. In `regularization_path`,
    the limit applies to the whole path. If None, there is no limit.

random_state : int, RandomState instance or None, default=None
    Determines random number generation for the initial weights and for the validation sets
    of early stopping and of ``alpha="auto"``. Pass an int for reproducible results across
    multiple function calls.
"""

SURVIVAL_CV_PARAMETERS = """
cv : int, cross-validation generator or iterable, default=None
    Cross-validation splitting strategy: the number of folds, a splitter, or an iterable of
    (train, test) splits as arrays of indices. If None, 5 folds. For an integer or None,
    folds are stratified by event; splitters are given the events (1 or 0) as y. Folds of an
    integer follow the order of the samples: if that is not random, pass a splitter with
    ``shuffle=True``.

scoring : "concordance", callable or None, default=None
    Score to choose alpha by, where greater is better. "concordance" is Harrell's index, the
    `score` method. A callable has the signature ``scorer(estimator, X, y)``.

    None is the cross-validated log partial likelihood (Verweij and van Houwelingen, 1993):
    that of all samples less that of the training samples of a fold, for the network of the
    fold, divided by the weight of the events that were held out. It compares held-out
    samples with all others at risk, not only with each other, which matters if folds are
    small.

ensemble : bool, default=False
    Whether to keep the networks that the folds have at the chosen alpha, in `estimators_`,
    and to predict by all networks, without further fits. Risks are averaged: half of the
    weight is that of the final network, the other half is shared equally by those of the
    folds. The baseline is that of the averages, of all samples.

    `feature_importances_` is the average with the same weights, so that a feature is
    selected if any of the networks uses it. `coefs_` and the other attributes of weights
    and of training are those of the final network. With ``continuation=True`` and
    ``tol="auto"``, networks of the folds are less precise than the final one. Until alpha
    is chosen, the networks of all alphas and folds are kept in memory, as sparse arrays
    where these are smaller.

random_state : int, RandomState instance or None, default=None
    Determines random number generation for the initial weights and for the validation set
    of early stopping. Pass an int for reproducible results across multiple function calls.
"""

SURVIVAL_ATTRIBUTES = """
event_times_ : ndarray of shape (n_times,)
    Distinct times of the events in `fit`, in ascending order.

baseline_cumulative_hazard_ : ndarray of shape (n_times,) or (n_strata, n_times)
    Cumulative hazard at `event_times_` of a sample whose predicted risk is 0 (Breslow,
    1974), with a row for each stratum, if there are any.

strata_ : ndarray of shape (n_strata,) or None
    Labels of the strata, in the order of the rows of `baseline_cumulative_hazard_`.

validation_scores_ : list of float or None
    Concordance on the validation set after each iteration; None without a validation set.
"""

SURVIVAL_FIT_ATTRIBUTES = """
alpha_ : float, ndarray of shape (n_layers - 1,) or list
    The alpha used, in a form that the parameter `alpha` accepts.
"""
