"""The model that predicts from the selected features, or a constant without any."""

import warnings
from functools import partial
from typing import Any, Self

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from ..engine import Data
from ..engine.losses import Loss
from ..estimators import RegularizedMLPRegressor, RegularizedMLPSurvival
from ..estimators.base import RegularizedMLP
from ..estimators.regression_losses import regression_loss

# The final network.
_REFIT: dict[str, Any] = dict(penalty="l2", alpha="auto", max_iter=1000)

# The constant that has the smallest loss.
_CONSTANTS = {"huber": "median", "absolute_error": "median", "quantile": "quantile"}


def refitted(
    mlp: RegularizedMLP, X: Any, y: Any, sample_weight: Any, seed: int, start: dict
) -> Any:
    """Fit to the selected features without the penalty that selects them.

    Training goes on from the network that has selected them, the best of several starts.

    Parameters
    ----------
    mlp : RegularizedMLPClassifier, RegularizedMLPRegressor or RegularizedMLPSurvival
        Its parameters are changed.

    X : {ndarray, csr_array} of shape (n_samples, n_selected)

    y : ndarray

    sample_weight : ndarray of shape (n_samples,) or None

    seed : int

    start : dict
        The weights of that network, as arguments of `fit`. They are not used if `mlp` is to
        have several starts of its own.

    Returns
    -------
    model : estimator
        It takes features, and predicts targets, in their own units.
    """
    mlp.set_params(random_state=seed, **_REFIT)
    model = make_pipeline(StandardScaler(with_mean=isinstance(X, np.ndarray)), mlp)
    scaling, network = (name for name, _ in model.steps)
    params = {}
    if sample_weight is not None:
        # Both the standardisation and the network take them.
        params[f"{scaling}__sample_weight"] = moderate(sample_weight)
        params[f"{network}__sample_weight"] = sample_weight
    if mlp.n_init == 1:
        params |= {f"{network}__{name}": value for name, value in start.items()}
    if scales_targets(mlp):
        scaler = target_scaler(y, sample_weight)
        # In the unit of y again.
        scale = FunctionTransformer(
            partial(scaled, scaler.mean_, scaler.scale_),
            partial(unscaled, scaler.mean_, scaler.scale_),
        )
        model = TransformedTargetRegressor(model, transformer=scale)
    # These are given by the names of the steps, and not by what steps request.
    with warnings.catch_warnings(), config_context(enable_metadata_routing=False):
        # What is selected does not depend on how far this network is trained.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y, **params)


def constant_model(mlp: RegularizedMLP, X: Any, y: Any, weight: Any) -> Any:
    """Return a model that predicts the constant which a network without features does.

    Parameters
    ----------
    mlp : RegularizedMLPClassifier, RegularizedMLPRegressor or RegularizedMLPSurvival

    X : {ndarray, csr_array} of shape (n_samples, 0)

    y : ndarray

    weight : ndarray of shape (n_samples,) or None
        Sample weights times class weights.
    """
    if isinstance(mlp, RegularizedMLPSurvival):
        return ConstantRisk()
    model: Any = DummyClassifier(strategy="prior")
    if not is_classifier(mlp):
        loss = getattr(mlp, "loss", None)
        strategy = _CONSTANTS.get(str(loss), "mean")
        quantile = getattr(mlp, "quantile", None) if strategy == "quantile" else None
        model = DummyRegressor(strategy=strategy, quantile=quantile)
        if isinstance(loss, Loss):
            model = DummyRegressor(
                strategy="constant", constant=_constant_of(loss, y, weight)
            )
    return model.fit(X, y, sample_weight=weight)


def _constant_of(loss, y, weight):
    """Return the prediction, of each output, that a user's own loss takes for constant."""
    columns = np.asarray(y, dtype=np.float64).reshape(len(y), -1)
    raw = np.array(loss.constant(columns, moderate(weight)), dtype=np.float64)[None]
    loss.inverse_link(raw)
    return raw[0]


class ConstantRisk(BaseEstimator):
    """Survival model that predicts the same risk for all samples."""

    def fit(self, X: Any, y: Any) -> Self:
        """Return the model: there is nothing to fit."""
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict a risk of 0, for X of shape (n_samples, n_features)."""
        return np.zeros(X.shape[0])

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the concordance of equal risks, 0.5."""
        return 0.5


def scales_targets(mlp: RegularizedMLP) -> bool:
    """Whether targets are standardised: numbers are, unless the link is a logarithm.

    A user's own loss may have its parameters in their unit.
    """
    if not isinstance(mlp, RegularizedMLPRegressor) or isinstance(mlp.loss, Loss):
        return False
    return regression_loss(mlp).out_activation == "identity"


def target_scaler(y: Any, sample_weight: Any) -> StandardScaler:
    """Return a fitted `StandardScaler` of the targets."""
    columns = np.asarray(y, dtype=np.float64).reshape(len(y), -1)
    return StandardScaler().fit(columns, sample_weight=moderate(sample_weight))


def moderate(sample_weight: np.ndarray | None) -> np.ndarray | None:
    """Return weights in a unit in which products with them neither overflow nor are 0."""
    unused = np.empty(0)
    return Data(unused, unused, sample_weight).with_moderate_weights()[0].sample_weight


def scaled(mean: np.ndarray, scale: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return standardised targets."""
    return (y - mean) / scale


def unscaled(mean: np.ndarray, scale: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return targets in their own unit, in the precision of the standardised ones."""
    return y * scale.astype(y.dtype) + mean.astype(y.dtype)
