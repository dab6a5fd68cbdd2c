"""What the displays ask of estimators."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ..fitted_network import as_dense

# What holds the fitted estimator that does the work, in searches and in
# TransformedTargetRegressor.
_INNER = ("best_estimator_", "regressor_")


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
        if hasattr(network, "estimator") or hasattr(network, "regressor"):
            check_is_fitted(network)
        raise TypeError(
            "estimator must be a network, such as RegularizedMLPClassifier, or a Pipeline "
            f"or a search whose last estimator is one, got {estimator!r}."
        )
    check_is_fitted(network, "coefs_")
    n_features = network.coefs_[0].shape[0]
    own = getattr(network, "feature_names_in_", None)
    names = names if own is None else own
    if names is None or len(names) != n_features:
        names = [f"x{i}" for i in range(n_features)]
    return network, np.asarray(names, dtype=object)


def unwrapped(estimator):
    """The innermost estimator, and what the steps before it call its inputs, or None."""
    names = None
    while True:
        if isinstance(estimator, Pipeline):
            names = _names_after(estimator[:-1]) if len(estimator.steps) > 1 else names
            estimator = estimator.steps[-1][1]
            continue
        inner = next((name for name in _INNER if hasattr(estimator, name)), None)
        if inner is None:
            return estimator, names
        estimator = getattr(estimator, inner)


def _names_after(steps):
    try:
        return steps.get_feature_names_out()
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


def name_of_scoring(scoring, estimator, negate=False):
    """What to call the score of a scorer.

    Parameters
    ----------
    scoring : str, callable or None

    estimator : object
        Whose `score` it is where `scoring` is None.

    negate : bool
        Whether the score is shown with its sign reversed.
    """
    if scoring is None:
        name = "accuracy" if is_classifier(estimator) else "R2"
    elif isinstance(scoring, str):
        name = scoring
    else:
        name = getattr(scoring, "__name__", "score")
    return name.replace("_", " ")
