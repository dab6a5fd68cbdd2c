"""Names of features, outputs, layers and scores, as the displays show them."""

from typing import Any

import numpy as np
from sklearn.base import is_classifier

from ..fitted.compact_network import predicts_risks


def checked_names(parameter: str, given: Any, n_names: int, default: Any) -> np.ndarray:
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


def output_names(network: Any) -> list[str]:
    """Return the name of each output."""
    n_outputs = network.coefs_[-1].shape[1]
    if is_classifier(network):
        if n_outputs < len(network.classes_):
            return [f"log odds of {network.classes_[1]}"]
        return [str(label) for label in network.classes_]
    if predicts_risks(network):
        return ["risk"]
    return ["y"] if n_outputs == 1 else [f"y{i}" for i in range(n_outputs)]


def shown_name(given: str | None, own: str, negate: bool) -> str:
    """Return the label of an axis of scores."""
    if given is not None:
        return given
    if not negate:
        return own
    return own.removeprefix("neg ") if own.startswith("neg ") else f"negative {own}"
