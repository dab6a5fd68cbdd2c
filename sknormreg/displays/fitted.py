"""What the displays ask of estimators."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ..fitted.importances import numbered_names
from ..fitted.mixin import as_dense

# What holds the fitted estimator that does the work, in searches and in
# TransformedTargetRegressor.
_INNER = ("best_estimator_", "regressor_")

# What error messages say may be around an estimator.
AROUND = "a Pipeline, a search or a TransformedTargetRegressor around one"


def fitted_network(estimator):
    """The fitted network within an estimator, and the names of its inputs.

    Parameters
    ----------
    estimator : object
        A network, or a pipeline, search or transformer of the target around one.

    Returns
    -------
    network : object
        With `coefs_`.

    names : ndarray of str of shape (n_features,)

    Raises
    ------
    TypeError
        If there is no network in it.

    NotFittedError
        If it is not fitted.
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
        names = numbered_names(n_features)
    return network, np.asarray(names, dtype=object)


def unwrapped(estimator):
    """The innermost estimator, and what it or the steps before it call its inputs, or None.

    Raises
    ------
    NotFittedError
        If there is a search or the like in which nothing has been fitted.
    """
    *around, model = _layers(estimator)
    names = None
    for layer in around:
        if _has_steps(layer):
            names = _names_after(layer[:-1], names)
    return model, getattr(model, "feature_names_in_", names)


def passed_on(estimator, X, y):
    """What the innermost estimator is given where the outermost is given X and y."""
    for layer in _layers(estimator):
        if _has_steps(layer):
            X = layer[:-1].transform(X)
        elif isinstance(layer, TransformedTargetRegressor):
            y = np.asarray(y)
            y = layer.transformer_.transform(y.reshape(len(y), -1))
            y = y[:, 0] if y.shape[1] == 1 else y
    return X, y


def _layers(estimator):
    """The estimator, what it works by, and so on, down to one that works by itself."""
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


def _has_steps(layer):
    """Whether it is a pipeline that transforms X before the last estimator gets it."""
    return isinstance(layer, Pipeline) and len(layer.steps) > 1


def _names_after(steps, names):
    """What steps call their columns, which are called so before them, or None."""
    try:
        return steps.get_feature_names_out(getattr(steps, "feature_names_in_", names))
    except (AttributeError, ValueError):
        # Not every step knows them, and none before it is fitted.
        return None


def checked_names(parameter, given, n_names, default):
    """Names that the caller gives, or the default.

    Raises
    ------
    ValueError
        If there are not as many as there should be.
    """
    if given is None:
        return np.asarray(default, dtype=object)
    names = np.asarray(given, dtype=object)
    if names.shape != (n_names,):
        raise ValueError(
            f"{parameter} must hold {n_names} names, one for each, got {given!r}."
        )
    return names


def output_names(network):
    """What each of the outputs stands for."""
    n_outputs = network.coefs_[-1].shape[1]
    if is_classifier(network):
        if n_outputs < len(network.classes_):
            return [f"log odds of {network.classes_[1]}"]
        return [str(label) for label in network.classes_]
    return ["y"] if n_outputs == 1 else [f"y{i}" for i in range(n_outputs)]


def dense_coefs(network):
    """The weights of all layers as arrays."""
    return [as_dense(coef) for coef in network.coefs_]


def name_of_scoring(scoring, estimator):
    """What to call the score of a scorer.

    Parameters
    ----------
    scoring : str, callable or None

    estimator : object
        Whose `score` it is where `scoring` is None.
    """
    if scoring is None:
        name = "accuracy" if is_classifier(estimator) else "R2"
    elif isinstance(scoring, str):
        name = scoring
    else:
        name = getattr(scoring, "__name__", "score")
        name = "score" if name == "<lambda>" else name
    return name.replace("_", " ")
