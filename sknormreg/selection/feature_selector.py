"""The selector that answers which features matter, by the best network of several."""

from collections.abc import Callable
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.base import _fit_context, is_regressor
from sklearn.metrics import get_scorer_names
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight

from .._warnings import warn
from ..estimators.quantile_rule import class_factors
from ..estimators.specification import network_spec
from ..estimators.validation import training_data
from ..fitting.null_quantile import null_quantile
from ..fitting.quantile_alpha import SHARES
from ..penalties import GroupMCP, MaxNorm, Weighted
from .alpha_by_folds import Folds, alphas_by_folds
from .base import NetworkSelector, set_known
from .feature_search import at_most, best_features
from .predictions import SelectedPredictionsMixin
from .refit import (
    constant_model,
    moderate,
    refitted,
    scaled,
    scales_targets,
    target_scaler,
)
from .report import SelectionReport
from .selecting_penalty import first_penalty, refuse_without_selection
from .starts import Starts

# The networks that are fitted by default (see benchmarks/selection.py): of fewer units for
# few samples, which parameters would otherwise outnumber at a few features.
_MOST_UNITS, _FEWEST_UNITS, _SAMPLES_PER_UNIT = 30, 5, 15
_KNOTS, _MOST_ITERATIONS = 0.3, 200

# Attributes that only a fit with alpha="cv" has.
_OF_FOLDS = ("cv_alphas_", "cv_scores_")


class MLPFeatureSelector(SelectedPredictionsMixin, NetworkSelector):
    """Selection of the features that matter to a network.

    Networks are fitted from several random starts, along a path of increasing alphas. The
    best of them by the objective is fitted anew to the features that it has selected, from
    several starts again, until no feature leaves and the objective falls no further.
    Selected features are those of the best network.

    ``alpha="quantile"`` takes the alpha from the distribution of targets without signal: at
    it, a network without features is stationary in 95% of all data sets in which no feature
    matters. In regression it is scaled by the size of the residuals of the network. In
    classification and survival analysis, a network also has to lower the minus
    log-likelihood of a constant by more than its number of parameters (Akaike, 1974);
    otherwise only features count whose own correlation with the target exceeds that of
    noise. With far fewer samples than features, noise may be selected more often.

    ``alpha="cv"`` chooses among ten alphas by their scores in cross-validation. In each
    fold, the network of each alpha is the best of `n_init` starts along a path. The
    features are then selected at the alpha chosen. With ``rule="best"``, the default as in
    :class:`RegularizedMLPClassifierCV`, these are usually more features than by the
    quantile rule, some of them noise; ``rule="one_se"`` selects fewer.

    Parameters
    ----------
    estimator : RegularizedMLPClassifier, ...Regressor or ...Survival, default=None
        Networks to fit. Its penalty on the first layer has to select features and, for
        ``alpha="quantile"``, its later layers have to be bounded by `MaxNorm`. If None, it
        is a survival estimator for a structured array of events and times, a regressor for
        targets of floats and a classifier for others, with 5 to 30 hidden units,
        ``activation="relu"`` and ``penalty=[GroupMCP(0.3), MaxNorm(1)]``. Its own `n_init`
        is for `estimator_` alone.

    alpha : "quantile", "cv" or float, default="quantile"
        Strength of the penalty at which features are selected, for standardised features
        and targets.

    quantile_level : float, default=0.95
        Share of the data sets without any signal in which a network without features is
        stationary. Only used if ``alpha="quantile"``.

    cv : int, cross-validation generator or iterable, default=None
        Folds, as :class:`RegularizedMLPClassifierCV` takes them; None stands for 5 folds,
        stratified in classification, and by event in survival analysis. Only used if
        ``alpha="cv"``.

    scoring : str or callable, default=None
        Score to choose alpha by, where greater is better: the name of a scorer, or a
        callable ``scorer(estimator, X, y)``. None is accuracy, R² or the partial likelihood
        of :class:`RegularizedMLPSurvivalCV`, beside which a survival estimator has
        "concordance"; for rare classes use "neg_log_loss" or "roc_auc". Features and, in
        regression, targets are standardised there. Only used if ``alpha="cv"``.

    rule : {"best", "one_se"}, default="best"
        How to choose alpha from the mean scores of the folds: the best one, or the largest
        alpha with a score within one standard error of it. Only used if ``alpha="cv"``.

    n_init : int, default=10
        Number of random starts.

    max_features : int, default=None
        Largest number of features to select. If more are, those of the smallest norm leave
        one after the other, with new fits in between. Groups count as one feature each.

    groups : list or dict, default=None
        Groups of features that are selected as one, such as the one-hot encoding of a
        categorical feature, in the form that :class:`~sknormreg.penalties.GroupLasso` takes
        them. None takes those of the estimator's penalty.

    n_jobs : int, default=None
        Number of starts that are fitted at once, in threads. The result does not depend on
        it.

    random_state : int, RandomState instance or None, default=None
        Seed of the random starts and of the permutations.

    verbose : bool or int, default=False
        Whether to print a line for each set of starts, with the numbers of features that
        the best networks select at each alpha, and every few seconds how many fits of the
        present set are done and how long the others will take.

    Attributes
    ----------
    support_ : ndarray of bool of shape (n_features,)
        Mask of the selected features.

    n_features_ : int
        Number of selected features.

    alpha_ : float
        The alpha at which they were selected.

    scores_ : ndarray of shape (n_features,)
        Norm of the weights from each standardised feature in the best network.

    estimator_ : estimator
        A network of the selected features, without the penalty that selects them: with an
        L2 penalty and ``alpha="auto"``, after the standardisation of features and, in
        regression, of targets. Training goes on from the network that has selected them
        unless the estimator has an `n_init` of its own. If no feature is
        selected, a :class:`~sklearn.dummy.DummyClassifier` that predicts the class
        frequencies, a :class:`~sklearn.dummy.DummyRegressor` that predicts the mean, or
        the quantile that the loss stands for, or a model that predicts the same risk for
        all samples, so that searches over selectors go on.

    cv_alphas_ : ndarray of shape (n_alphas,)
        The alphas compared, in ascending order. Only available if ``alpha="cv"``.

    cv_scores_ : ndarray of shape (n_alphas, n_folds)
        Their scores. Only available if ``alpha="cv"``.

    n_features_in_ : int
        Number of features seen by `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if all of them are strings.

    See Also
    --------
    StabilitySelector : Features that are selected in most halves of the samples.
    KnockoffSelector : Features at a given false discovery rate.

    References
    ----------
    H. Akaike, "A New Look at the Statistical Model Identification", IEEE Transactions on
    Automatic Control 19, 1974.

    C. Giacobino, S. Sardy, J. Diaz-Rodriguez and N. Hengartner, "Quantile universal
    threshold", Electronic Journal of Statistics 11, 2017.

    T. Sun and C.-H. Zhang, "Scaled Sparse Linear Regression", Biometrika 99, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from sknormreg import MLPFeatureSelector
    >>> X = np.random.RandomState(0).normal(size=(300, 20))
    >>> y = np.abs(X[:, 3] - X[:, 7])
    >>> selector = MLPFeatureSelector(random_state=0).fit(X, y)
    >>> np.flatnonzero(selector.support_)
    array([3, 7])
    """

    _parameter_constraints: dict[str, Any] = {
        "estimator": [HasMethods(["fit"]), None],
        "alpha": [
            StrOptions({"quantile", "cv"}),
            Interval(Real, 0, np.inf, closed="neither"),
        ],
        "quantile_level": [Interval(Real, 0, 1, closed="neither")],
        "cv": ["cv_object"],
        "scoring": [StrOptions({*get_scorer_names(), "concordance"}), callable, None],
        "rule": [StrOptions({"best", "one_se"})],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "max_features": [Interval(Integral, 1, None, closed="left"), None],
        "groups": [list, tuple, dict, None],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    cv_alphas_: np.ndarray
    cv_scores_: np.ndarray

    def __init__(
        self,
        estimator: Any = None,
        *,
        alpha: float | str = "quantile",
        quantile_level: float = 0.95,
        cv: Any = None,
        scoring: str | Callable | None = None,
        rule: str = "best",
        n_init: int = 10,
        max_features: int | None = None,
        groups: Any = None,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: bool | int = False,
    ) -> None:
        self.estimator = estimator
        self.alpha = alpha
        self.quantile_level = quantile_level
        self.cv = cv
        self.scoring = scoring
        self.rule = rule
        self.n_init = n_init
        self.max_features = max_features
        self.groups = groups
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Select features.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features in any units: they are standardised.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, indicators of labels, numbers, or events and times as
            :class:`RegularizedMLPSurvival` takes them. If `estimator` is None, floats
            are the targets of a regression, even if all of them are whole numbers.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, at least 0. None weighs each of them 1.

        Returns
        -------
        self : object
            The fitted selector.

        Raises
        ------
        ValueError
            If the data are not as described, if the penalty of the first layer selects no
            features or is `Weighted`, if there is no quantile rule for it, if the estimator
            has a `max_time`, or if `scoring` fails or gives no number.

        Warns
        -----
        UserWarning
            If no feature is selected.
        """
        if isinstance(self.alpha, bool | np.bool_):
            raise ValueError(
                f"alpha must be 'quantile', 'cv' or a number more than 0, got {self.alpha}."
            )
        report = SelectionReport(self.verbose, "fits")
        mlp, X, y = self._validated(X, y)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        report.print(f"{X.shape[0]} samples of {X.shape[1]} features")
        seed = self._seed()
        spec, data, folds = self._standardised(mlp, X, y, sample_weight)
        groups = self._groups_of(spec)
        starts = Starts(spec, data, groups, self.n_init, self.n_jobs, seed, report)
        alphas = self._alphas(starts, seed, folds, class_factors(mlp, data, sample_weight))
        # The scale of the noise of classes is known: it is that of their frequencies. That
        # of the order of events is, too.
        has_scale = self.alpha == "quantile" and is_regressor(mlp)
        largest = alphas[-1] if has_scale else None
        features = np.arange(self.n_features_in_)
        may_be_noise = self.alpha == "quantile" and not has_scale
        best = best_features(starts, features, alphas, largest, may_be_noise)
        if best is not None and self.max_features is not None:
            best = at_most(starts, best, self.max_features)
        self.alpha_ = float(alphas[-1] if best is None else best.alpha)
        self._store(best, starts)
        report.print(f"{self.n_features_} features selected at alpha = {self.alpha_:.4g}")
        selected = X[:, self.support_]
        if mlp.monotonic_cst is not None:
            mlp.set_params(monotonic_cst=mlp.monotonic_cst[self.support_])
        if best is not None and self.n_features_:
            start = best.start_of(np.flatnonzero(self.support_))
            self.estimator_ = refitted(mlp, selected, y, sample_weight, seed, start)
        else:
            self.estimator_ = constant_model(mlp, selected, y, data.sample_weight)
        return self

    def _validated(self, X, y, **params):
        mlp, X, y = super()._validated(X, y, **params)
        if self.estimator is None:
            units = max(_FEWEST_UNITS, X.shape[0] // _SAMPLES_PER_UNIT)
            mlp.set_params(
                hidden_layer_sizes=(min(units, _MOST_UNITS),),
                activation="relu",
                penalty=[GroupMCP(_KNOTS), MaxNorm(1.0)],
            )
        return mlp, X, y

    def _alphas(self, starts, seed, folds, class_weight):
        """Return the alphas of the paths, the last of which is chosen or keeps noise empty.

        For "cv" they lead to the one chosen.
        """
        self.__dict__ = {k: v for k, v in vars(self).items() if k not in _OF_FOLDS}
        if self.alpha == "quantile":
            largest = null_quantile(
                starts.spec,
                starts.data,
                starts.groups,
                self.quantile_level,
                seed=seed,
                class_weight=class_weight,
            )
            starts.report.print(f"alpha = {largest:.4g} keeps noise empty")
            return largest * SHARES
        refuse_without_selection(starts.spec)
        if isinstance(first_penalty(starts.spec), Weighted):
            raise ValueError(
                "MLPFeatureSelector fits to ever fewer features, for which factors are "
                "not known, got a Weighted penalty. Use its inner penalty."
            )
        if self.alpha != "cv":
            return np.array([float(self.alpha)])
        found = alphas_by_folds(starts, folds, self.rule, seed)
        alphas, self.cv_scores_, chosen = found
        self.cv_alphas_ = alphas
        return alphas[: chosen + 1]

    def _store(self, best, starts):
        self.support_ = np.zeros(self.n_features_in_, dtype=bool)
        self.scores_ = np.zeros(self.n_features_in_)
        if best is not None:
            self.support_[starts.whole_groups(best.selected)] = True
            self.scores_[best.features] = best.norms
        self.n_features_ = int(self.support_.sum())
        if not self.n_features_:
            reason = ". A smaller alpha selects more."
            if self.alpha == "quantile":
                reason = (
                    ": networks predict no better than noise would be predicted. A smaller "
                    "quantile_level, or an alpha of your own, selects more."
                )
            elif self.alpha == "cv":
                reason = ": its score in cross-validation is the best. Try another scoring."
            warn(f"No feature is selected at alpha = {self.alpha_:.4g}{reason}")

    def _standardised(self, mlp, X, y, sample_weight):
        """Return the specification of the networks, standardised data, and the folds."""
        scaler = StandardScaler(with_mean=isinstance(X, np.ndarray))
        X = scaler.fit(X, sample_weight=moderate(sample_weight)).transform(X)
        if scales_targets(mlp):
            scaler = target_scaler(y, sample_weight)
            y = scaled(scaler.mean_, scaler.scale_, np.asarray(y, dtype=X.dtype))
        # Alphas are for the total weight of the samples.
        set_known(mlp, alpha=1.0, total_weight=None)
        data, targets = training_data(mlp, X, y, sample_weight)
        spec = network_spec(mlp, targets)
        # The first, dense fits of paths need not be precise.
        max_iter = min(mlp.max_iter, _MOST_ITERATIONS)
        settings = replace(spec.settings, verbose=False, max_iter=max_iter)
        folds = Folds(mlp, targets, y, sample_weight, self.cv, self.scoring)
        return replace(spec, settings=settings), data, folds
