"""The part of a network that predictions need, as exports write it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine.partial_likelihood import PartialLikelihood
from .compaction import active_units, compacted
from .importances import numbered_names

# Output activations that exports can write.
LINKS = ("identity", "logistic", "softmax", "exp")


@dataclass(frozen=True, eq=False)
class CompactNetwork:
    """Network of the selected features and of the active hidden units.

    Attributes
    ----------
    features : ndarray of int of shape (n_selected,)
        Indices of the selected features, ascending.

    feature_names : list of str
        Names of the selected features.

    n_features : int
        Number of features of X.

    coefs : list of ndarray of shape (fan_in, fan_out)
        The first has a row for each selected feature.

    intercepts : list of ndarray of shape (fan_out,)

    skip_coef : ndarray of shape (n_selected, n_outputs) or None

    activations : tuple of str
        Name of the activation of each hidden layer.

    link : {"identity", "logistic", "softmax", "exp"}
        The output activation.

    classes : list or None
        Of a classifier.

    multilabel : bool

    target : {"values", "classes", "risk"}
        What predictions are.
    """

    features: np.ndarray
    feature_names: list[str]
    n_features: int
    coefs: list[np.ndarray]
    intercepts: list[np.ndarray]
    skip_coef: np.ndarray | None
    activations: tuple[str, ...]
    link: str
    classes: list | None
    multilabel: bool
    target: str

    @property
    def n_outputs(self) -> int:
        return len(self.intercepts[-1])

    @property
    def n_units(self) -> list[int]:
        """Number of units of each hidden layer."""
        return [len(intercept) for intercept in self.intercepts[:-1]]


def predicts_risks(estimator: Any) -> bool:
    """Whether a fitted network is one of survival analysis."""
    network = getattr(estimator, "_network", None)
    return network is not None and isinstance(network.loss, PartialLikelihood)


def _kind_of(classes):
    return "values" if classes is None else "classes"


def compact_network(estimator: Any, method: str) -> CompactNetwork:
    """Return the network of a fitted estimator without what has no effect.

    Parameters
    ----------
    estimator : object
        Fitted estimator, with dense weights.

    method : str
        Name of the method that exports, for messages.

    Returns
    -------
    network : CompactNetwork
        It has no hidden layer if none has an active unit.

    Raises
    ------
    ValueError
        If the output activation is none of `LINKS`.
    """
    link = estimator.out_activation_
    if link not in LINKS:
        raise ValueError(
            f"{method} can write the output activations {', '.join(LINKS)}, but that of "
            f"this {type(estimator).__name__} is {link!r}."
        )
    activations = tuple(estimator._network.activations)
    skip = getattr(estimator, "skip_coef_", None)
    n_features, n_outputs = estimator.n_features_in_, estimator.n_outputs_
    is_alive = all(mask.any() for mask in active_units(estimator.coefs_))
    coefs, intercepts = compacted(estimator.coefs_, estimator.intercepts_, activations)
    if activations and not is_alive:
        # The hidden layers are constant: the output intercepts have them.
        no_weights = np.zeros((n_features, n_outputs), dtype=coefs[0].dtype)
        coefs, intercepts = [no_weights if skip is None else skip], intercepts[-1:]
        activations, skip = (), None
    used = coefs[0].any(axis=1)
    used = used if skip is None else used | skip.any(axis=1)
    names = getattr(estimator, "feature_names_in_", numbered_names(n_features))
    classes = getattr(estimator, "classes_", None)
    return CompactNetwork(
        features=np.flatnonzero(used),
        feature_names=[str(name) for name in np.asarray(names, dtype=object)[used]],
        n_features=n_features,
        coefs=[coefs[0][used], *coefs[1:]],
        intercepts=intercepts,
        skip_coef=None if skip is None else skip[used],
        activations=activations,
        link=link,
        classes=None if classes is None else np.asarray(classes).tolist(),
        multilabel=getattr(estimator, "_multilabel", False),
        target="risk" if predicts_risks(estimator) else _kind_of(classes),
    )
