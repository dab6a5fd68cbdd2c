"""Conversion of fitted networks to scikit-learn's estimators and to plain arrays."""

import copy
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import LabelBinarizer

# Activations that scikit-learn's estimators have, by the same names.
_ACTIVATIONS = {"identity", "logistic", "tanh", "relu"}
_LINKS = {"identity", "logistic", "softmax", "exp"}


def to_sklearn(estimator: Any) -> MLPClassifier | MLPRegressor:
    """Return the estimator that `FittedNetworkMixin.to_sklearn` describes."""
    network = estimator._network
    reason = _inexpressible_part(network)
    if reason:
        raise ValueError(
            f"{'MLPClassifier' if is_classifier(estimator) else 'MLPRegressor'} of "
            f"scikit-learn cannot express this network: {reason}."
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
        # After early stopping ours is None, but partial_fit there compares with a number.
        converted.best_loss_ = min(converted.loss_curve_, default=np.inf)
    # A counter that `fit` sets there, and `partial_fit` reads.
    converted._no_improvement_count = 0
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


def _inexpressible_part(network):
    """Return why scikit-learn's estimators cannot express a network, or None."""
    if network.skip:
        return "it has no skip connection, which penalty='hierarchical' takes"
    if network.loss.out_activation not in _LINKS:
        return f"it has no output activation {network.loss.out_activation!r}"
    if len(set(network.activations)) > 1:
        return f"it has one activation for all layers, not {network.activations}"
    unknown = set(network.activations) - _ACTIVATIONS
    if unknown:
        return f"it has no activation {unknown.pop()!r}, only {sorted(_ACTIVATIONS)}"
    return None


def _example_labels(estimator):
    """Return targets from which a LabelBinarizer learns the classes."""
    if estimator._multilabel:
        labels = np.eye(len(estimator.classes_), dtype=int)
        return sparse.csr_matrix(labels) if estimator._sparse_labels else labels
    return estimator.classes_


def to_arrays(estimator: Any) -> dict[str, np.ndarray]:
    """Return the arrays that `FittedNetworkMixin.to_arrays` describes."""
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
    """Return a copy in a dtype that `np.save` stores without pickle."""
    return labels.astype(str) if labels.dtype.kind in "OT" else labels.copy()
