"""The fitted network in other forms: an estimator of scikit-learn, plain arrays."""

import copy

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import LabelBinarizer

# Those that scikit-learn's estimators know, by the same names.
_ACTIVATIONS = {"identity", "logistic", "tanh", "relu"}


def to_sklearn(estimator):
    """`estimator.to_sklearn()`: see there."""
    network = estimator._network
    problem = _what_is_missing(network)
    if problem:
        raise ValueError(
            f"{'MLPClassifier' if is_classifier(estimator) else 'MLPRegressor'} of "
            f"scikit-learn cannot express this network: {problem}."
        )
    (activation,) = set(network.activations) or {"identity"}
    params = dict(
        hidden_layer_sizes=tuple(map(int, network.layer_units[1:-1])), activation=activation
    )
    if is_classifier(estimator):
        converted = MLPClassifier(**params)
        converted._label_binarizer = LabelBinarizer().fit(_example_labels(estimator))
        converted.classes_ = converted._label_binarizer.classes_
    else:
        poisson = network.loss.out_activation == "exp"
        converted = MLPRegressor(**params, loss="poisson" if poisson else "squared_error")
    for name in ("coefs_", "intercepts_"):
        setattr(converted, name, [array.copy() for array in getattr(estimator, name)])
    for name in _SHARED_ATTRIBUTES:
        if hasattr(estimator, name):
            setattr(converted, name, copy.copy(getattr(estimator, name)))
    if converted.best_loss_ is None:
        # Ours stopped early. Its partial_fit compares with a number.
        converted.best_loss_ = min(converted.loss_curve_, default=np.inf)
    return converted


_SHARED_ATTRIBUTES = (
    "n_features_in_",
    "feature_names_in_",
    "n_layers_",
    "n_outputs_",
    "out_activation_",
    "n_iter_",
    "t_",
    "loss_",
    "best_loss_",
    "loss_curve_",
)


def _what_is_missing(network):
    """Why scikit-learn's estimators cannot express a network; None where they can."""
    if network.skip:
        return "it has no skip connection, which penalty='hierarchical' takes"
    if len(set(network.activations)) > 1:
        return f"it has one activation for all layers, not {network.activations}"
    unknown = set(network.activations) - _ACTIVATIONS
    if unknown:
        return f"it has no activation {unknown.pop()!r}, only {sorted(_ACTIVATIONS)}"
    return None


def _example_labels(estimator):
    """Targets from which a LabelBinarizer learns the classes."""
    if estimator._multilabel:
        labels = np.eye(len(estimator.classes_), dtype=int)
        return sparse.csr_matrix(labels) if estimator._sparse_labels else labels
    return estimator.classes_


def to_arrays(estimator):
    """`estimator.to_arrays()`: see there."""
    arrays = {}
    for i, (coef, intercept) in enumerate(zip(estimator.coefs_, estimator.intercepts_)):
        arrays[f"coef_{i}"], arrays[f"intercept_{i}"] = coef.copy(), intercept.copy()
    if hasattr(estimator, "skip_coef_"):
        arrays["skip_coef"] = estimator.skip_coef_.copy()
    arrays["activations"] = np.array(estimator._network.activations, dtype=str)
    arrays["out_activation"] = np.array(estimator.out_activation_)
    for name, attribute in (
        ("classes", "classes_"),
        ("feature_names", "feature_names_in_"),
    ):
        if hasattr(estimator, attribute):
            arrays[name] = _without_objects(getattr(estimator, attribute))
    return arrays


def _without_objects(labels):
    """A copy in a dtype that is stored without pickling it."""
    return labels.astype(str) if labels.dtype.kind in "OT" else labels.copy()
