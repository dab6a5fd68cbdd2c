"""Validation of class labels."""

from numbers import Number
from typing import Any

import numpy as np


def refuse_mixed_labels(y: Any, name: str = "y") -> None:
    """Raise a ValueError if labels cannot be sorted, such as 1, "a" and None."""
    labels = getattr(y, "to_numpy", lambda: y)()
    # Not as an array: NumPy would convert numbers in a list with strings to strings.
    if isinstance(labels, np.ndarray):
        if labels.dtype.kind != "O" or labels.ndim != 1:
            return
    elif not isinstance(labels, list | tuple):
        return
    if any(isinstance(label, list | tuple | np.ndarray) for label in labels):
        return
    kinds = {_kind_of(label) for label in labels}
    if len(kinds) > 1 or kinds == {"missing values"}:
        raise ValueError(
            f"{name} must hold labels of one type, all numbers or all strings, got "
            f"{', '.join(sorted(kinds))}. Remove samples without a label, and convert the "
            f"others, for example with [str(label) for label in {name}]."
        )


def refuse_labels(y: Any, name: str = "y") -> None:
    """Raise a ValueError if the targets of a regression are labels."""
    labels = getattr(y, "to_numpy", lambda: y)()
    if not isinstance(labels, list | tuple | np.ndarray):
        return
    flat = labels.ravel() if isinstance(labels, np.ndarray) else labels
    if getattr(flat, "dtype", np.dtype(object)).kind not in "OUS":
        return
    for label in flat:
        if isinstance(label, str | bytes) and not _is_number(label):
            raise ValueError(
                f"{name} holds strings such as {str(label)!r}, but a regressor predicts "
                "numbers. To predict classes, use RegularizedMLPClassifier."
            )


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _kind_of(label):
    if isinstance(label, str):
        return "strings"
    if isinstance(label, Number | np.bool_):
        return "numbers" if label == label else "missing values"
    # pandas' NA, whose comparison with itself is NA again, is known by its type.
    is_missing = label is None or type(label).__name__ in ("NAType", "NaTType")
    return "missing values" if is_missing else type(label).__name__
