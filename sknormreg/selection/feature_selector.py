"""The selector that answers which features matter, by the best network of several."""

import warnings
from dataclasses import replace
from functools import partial
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.base import _fit_context, is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from .._warnings import warn
from ..estimators import RegularizedMLPRegressor
from ..estimators.quantile_rule import class_factors
from ..estimators.specification import network_spec
from ..estimators.validation import training_data, validated
from ..fitting.null_quantile import null_quantile
from ..penalties import GroupMCP, MaxNorm, Weighted
from .base import NetworkSelector
from .feature_search import at_most, best_features
from .selecting_penalty import first_penalty, refuse_without_selection
from .starts import Starts

# The networks that are fitted by default (see benchmarks/selection.py): of fewer units for
# few samples, which parameters would otherwise outnumber at a few features.
_MOST_UNITS, _FEWEST_UNITS, _SAMPLES_PER_UNIT = 30, 5, 15
_KNOTS, _MOST_ITERATIONS = 0.3, 200

# Alphas of the path from each start, as shares of the alpha that keeps noise empty.
_SHARES = np.array([0.02, 0.05, 0.1, 0.15, 0.2, 0.28, 0.4, 0.7, 1.0])

# The final network.
_REFIT: dict[str, Any] = dict(penalty="l2", alpha=1.0, max_iter=5000)


class MLPFeatureSelector(NetworkSelector):
    """Selection of the features that matter to a network.

    Networks are fitted from several random starts, along a path of increasing alphas. The
    best of them by the objective is fitted anew to the features that it has selected, from
    several starts again, until no feature leaves and the objective falls no further.
    Selected features are those of the best network.

    ``alpha="quantile"`` takes the alpha from the distribution of targets without signal: at
    it, a network without features is stationary in 95% of all data sets in which no feature
    matters. In regression it is scaled by the size of the residuals of the network. With
    far fewer samples than features, noise may be selected more often.

    Parameters
    ----------
    estimator : RegularizedMLPClassifier or RegularizedMLPRegressor, default=None
        Networks to fit. Its penalty on the first layer has to select features and, for
        ``alpha="quantile"``, its later layers have to be bounded by `MaxNorm`. If None, it
        is a regressor for targets of floats and a classifier for others, with 5 to
        30 hidden units, ``activation="relu"`` and ``penalty=[GroupMCP(0.3), MaxNorm(1)]``.

    alpha : "quantile" or float, default="quantile"
        Strength of the penalty at which features are selected, for standardised features
        and targets.

    quantile_level : float, default=0.95
        Share of the data sets without any signal in which a network without features is
        stationary.

    n_init : int, default=5
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

    estimator_ : estimator or None
        A network of the selected features, without the penalty that selects them: with an
        L2 penalty and ``alpha=1``, after the standardisation of features and, in
        regression, of targets. None if no feature is selected.

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
        "alpha": [StrOptions({"quantile"}), Interval(Real, 0, None, closed="neither")],
        "quantile_level": [Interval(Real, 0, 1, closed="neither")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "max_features": [Interval(Integral, 1, None, closed="left"), None],
        "groups": [list, tuple, dict, None],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        alpha: float | str = "quantile",
        quantile_level: float = 0.95,
        n_init: int = 5,
        max_features: int | None = None,
        groups: Any = None,
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.alpha = alpha
        self.quantile_level = quantile_level
        self.n_init = n_init
        self.max_features = max_features
        self.groups = groups
        self.n_jobs = n_jobs
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Select features.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features in any units: they are standardised.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, indicators of labels, or numbers. If `estimator` is None, floats
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
            features or is `Weighted`, if there is no quantile rule for it, or if the
            estimator has a `max_time`.

        Warns
        -----
        UserWarning
            If no feature is selected.
        """
        mlp, X, y = self._validated(X, y)
        seed = self._seed()
        data, spec = _standardised(mlp, X, y, sample_weight)
        groups = self._groups_of(spec)
        starts = Starts(spec, data, groups, self.n_init, self.n_jobs, seed)
        alphas = self._alphas(starts, seed, class_factors(mlp, data, sample_weight))
        # The scale of the noise of classes is known: it is that of their frequencies.
        scaled = self.alpha == "quantile" and not is_classifier(mlp)
        largest = alphas[-1] if scaled else None
        best = best_features(starts, np.arange(self.n_features_in_), alphas, largest)
        if best is not None and self.max_features is not None:
            best = at_most(starts, best, self.max_features)
        self.alpha_ = float(alphas[-1] if best is None else best.alpha)
        self._store(best, starts)
        self._refit(mlp, X, y, sample_weight, seed)
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

    def _groups_of(self, spec):
        own = getattr(first_penalty(spec), "groups", None)
        return self._rows(own if self.groups is None else self.groups)

    def _alphas(self, starts, seed, class_weight):
        """Return the alphas of the paths; the last one keeps noise empty, or is given."""
        if self.alpha != "quantile":
            refuse_without_selection(starts.spec)
            if isinstance(first_penalty(starts.spec), Weighted):
                raise ValueError(
                    "MLPFeatureSelector fits to ever fewer features, for which factors "
                    "are not known, got a Weighted penalty. Use its inner penalty."
                )
            return np.array([float(self.alpha)])
        largest = null_quantile(
            starts.spec,
            starts.data,
            starts.groups,
            self.quantile_level,
            seed=seed,
            class_weight=class_weight,
        )
        return largest * _SHARES

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
            warn(f"No feature is selected at alpha = {self.alpha_:.4g}{reason}")

    def _refit(self, mlp, X, y, sample_weight, seed):
        """Fit to the selected features without the penalty that selects them."""
        self.estimator_ = None
        if not self.support_.any():
            return
        mlp.set_params(random_state=seed, **_REFIT)
        model = make_pipeline(StandardScaler(with_mean=isinstance(X, np.ndarray)), mlp)
        weights = {}
        if sample_weight is not None:
            # Both the standardisation and the network take them.
            weights = {f"{name}__sample_weight": sample_weight for name, _ in model.steps}
        if _scales_targets(mlp):
            scaler = _target_scaler(y, sample_weight)
            # In the unit of y again.
            scale = FunctionTransformer(
                partial(_scaled, scaler.mean_, scaler.scale_),
                partial(_unscaled, scaler.mean_, scaler.scale_),
            )
            model = TransformedTargetRegressor(model, transformer=scale)
        with warnings.catch_warnings():
            # What is selected does not depend on how far this network is trained.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.estimator_ = model.fit(X[:, self.support_], y, **weights)

    # Predictions by the network of the selected features

    @available_if(lambda self: self._predicts("predict"))
    def predict(self, X: Any) -> np.ndarray:
        """Predict by the network of the selected features.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            All features, of which the selected ones are used.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Class labels or numbers.
        """
        return self._predictor.predict(self._selected(X))

    @available_if(lambda self: self._predicts("predict_proba"))
    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict probabilities by the network of the selected features.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            All features, of which the selected ones are used.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            A column for each class, in the order of the labels.
        """
        return self._predictor.predict_proba(self._selected(X))

    @available_if(lambda self: self._predicts("score"))
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy or the coefficient of determination of the predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            All features, of which the selected ones are used.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True labels or numbers.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        score : float
            Accuracy, or coefficient of determination.
        """
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return self._predictor.score(self._selected(X), y, **weights)

    def _selected(self, X):
        """Return the selected features as they were fitted to, whatever set_output says."""
        return validated(self, X, reset=False)[:, self.support_]

    def _predicts(self, method):
        """Whether the network of the selected features has a method.

        Before `fit`, whether it may have it: scorers ask that early.
        """
        if not hasattr(self, "support_"):
            return self.estimator is None or hasattr(self.estimator, method)
        return hasattr(self._predictor, method)

    @property
    def _predictor(self) -> Any:
        check_is_fitted(self)
        if self.estimator_ is None:
            raise AttributeError(
                "No feature is selected, so that there is no network to predict with."
            )
        return self.estimator_


def _standardised(mlp, X, y, sample_weight):
    """Return the data, standardised, and the specification of the networks."""
    if sample_weight is not None:
        sample_weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
    scaler = StandardScaler(with_mean=isinstance(X, np.ndarray))
    X = scaler.fit(X, sample_weight=sample_weight).transform(X)
    if _scales_targets(mlp):
        scaler = _target_scaler(y, sample_weight)
        y = _scaled(scaler.mean_, scaler.scale_, np.asarray(y, dtype=X.dtype))
    # Alphas are for the total weight of the samples.
    mlp.set_params(alpha=1.0, total_weight=None)
    mlp._validate_params()
    data, targets = training_data(mlp, X, y, sample_weight)
    spec = network_spec(mlp, targets)
    # The first, dense fits of paths need not be precise.
    max_iter = min(mlp.max_iter, _MOST_ITERATIONS)
    settings = replace(spec.settings, verbose=False, max_iter=max_iter)
    return data, replace(spec, settings=settings)


def _scales_targets(mlp):
    """Whether targets are standardised: numbers are, unless they are counts or rates."""
    return isinstance(mlp, RegularizedMLPRegressor) and mlp.loss != "poisson"


def _target_scaler(y, sample_weight):
    """Return a fitted `StandardScaler` of the targets."""
    columns = np.asarray(y, dtype=np.float64).reshape(len(y), -1)
    return StandardScaler().fit(columns, sample_weight=sample_weight)


def _scaled(mean, scale, y):
    return (y - mean) / scale


def _unscaled(mean, scale, y):
    return y * scale + mean
