"""Names, weights and labels that the displays draw, read from estimators."""

import numpy as np
from sklearn.base import is_classifier

from ..fitted.mixin import as_dense


def checked_names(parameter, given, n_names, default):
    """Return the names that the caller gives, or the default.

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
    """Return the name of each output."""
    n_outputs = network.coefs_[-1].shape[1]
    if is_classifier(network):
        if n_outputs < len(network.classes_):
            return [f"log odds of {network.classes_[1]}"]
        return [str(label) for label in network.classes_]
    return ["y"] if n_outputs == 1 else [f"y{i}" for i in range(n_outputs)]


def dense_coefs(network):
    """Return the weights of all layers as dense arrays."""
    return [as_dense(coef) for coef in network.coefs_]


def name_of_scoring(scoring, estimator):
    """Return the name of a scorer's score, for an axis.

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
