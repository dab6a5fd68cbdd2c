"""Networks within pipelines, searches and other meta-estimators, and their features."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .importances import numbered_names

# Attributes in which searches and TransformedTargetRegressor keep the estimator that
# predicts.
_INNER = ("best_estimator_", "regressor_")

# The meta-estimators, as error messages name them.
AROUND = "a Pipeline, a search or a TransformedTargetRegressor around one"


def feature_names(estimator: BaseEstimator) -> np.ndarray:
    """Return the names of the features that a fitted network is trained on.

    A network at the end of a pipeline is trained on what the steps before it return: after
    a scaler on an array without names, after an encoder or a selector on other columns than
    those of X. The names are traced through the steps by their `get_feature_names_out`;
    ``set_output(transform="pandas")`` is not needed.

    Parameters
    ----------
    estimator : object
        A fitted network, or a fitted pipeline, search or TransformedTargetRegressor around
        one. An MLPClassifier or MLPRegressor of scikit-learn is accepted, too.

    Returns
    -------
    names : ndarray of str of shape (n_features,)
        One for each row of ``coefs_[0]``: x0, x1, and so on where neither the network nor
        the steps before it know names.

    Raises
    ------
    TypeError
        If there is no network in the estimator.

    NotFittedError
        If the estimator is not fitted.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler, scale
    >>> from sknormreg import RegularizedMLPRegressor, feature_names
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> mlp = RegularizedMLPRegressor(
    ...     (5,), penalty="group_lasso", alpha=30, random_state=0
    ... )
    >>> pipeline = make_pipeline(StandardScaler(), mlp).fit(X, scale(y))
    >>> feature_names(pipeline)[pipeline[-1].selected_features_]
    array(['bmi', 'bp', 's3', 's5'], dtype=object)
    """
    return fitted_network(estimator)[1]


def fitted_network(estimator: BaseEstimator) -> tuple[Any, np.ndarray]:
    """Return the fitted network within an estimator and the names of its features.

    Parameters
    ----------
    estimator : object
        As `feature_names` takes it.

    Returns
    -------
    network : object
        Network with `coefs_`.

    names : ndarray of str of shape (n_features,)

    Raises
    ------
    TypeError
        If there is no network in the estimator.

    NotFittedError
        If the estimator is not fitted.
    """
    network, names = unwrapped(estimator)
    if not hasattr(network, "hidden_layer_sizes"):
        raise TypeError(
            "estimator must be a network, such as RegularizedMLPClassifier, or "
            f"{AROUND}, got {estimator!r}."
        )
    check_is_fitted(network, "coefs_")
    n_features = network.coefs_[0].shape[0]
    if names is None or len(names) != n_features:
        return network, np.asarray(numbered_names(n_features), dtype=object)
    return network, np.asarray(names, dtype=object)


def unwrapped(estimator: BaseEstimator) -> tuple[Any, np.ndarray | None]:
    """Return the innermost estimator and the names of its features, or None.

    Raises
    ------
    NotFittedError
        If there is a meta-estimator in which nothing has been fitted.
    """
    *around, model = _layers(estimator)
    names = None
    for layer in around:
        if _has_transformers(layer):
            names = _names_after(layer[:-1], names)
    return model, getattr(model, "feature_names_in_", names)


def passed_on(estimator: BaseEstimator, X: Any, y: Any) -> tuple[Any, Any]:
    """Return the X and y that reach the innermost estimator from the outermost."""
    for layer in _layers(estimator):
        if _has_transformers(layer):
            X = layer[:-1].transform(X)
        elif isinstance(layer, TransformedTargetRegressor):
            y = np.asarray(y)
            y = layer.transformer_.transform(y.reshape(len(y), -1))
            y = y[:, 0] if y.shape[1] == 1 else y
    return X, y


def _layers(estimator):
    """Return the estimator, the one within it, and so on down to the innermost."""
    layers = [estimator]
    while (inner := _inner(layers[-1])) is not None:
        layers.append(inner)
    return layers


def _inner(estimator):
    if isinstance(estimator, Pipeline):
        return estimator.steps[-1][1]
    for name in _INNER:
        if hasattr(estimator, name):
            return getattr(estimator, name)
    if hasattr(estimator, "estimator") or hasattr(estimator, "regressor"):
        check_is_fitted(estimator)
    return None


def _has_transformers(layer):
    """Whether it is a pipeline with steps before the last."""
    return isinstance(layer, Pipeline) and len(layer.steps) > 1


def _names_after(steps, names):
    """Return the names of the features that steps return, or None where unknown."""
    try:
        return steps.get_feature_names_out(getattr(steps, "feature_names_in_", names))
    except (AttributeError, ValueError):
        # Not every step knows them, and none before it is fitted.
        return None
