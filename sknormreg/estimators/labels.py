"""What class labels may be."""

from numbers import Number

import numpy as np


def refuse_mixed_labels(y, name="y"):
    """Raise a ValueError where labels have no order, such as 1, "a" and None."""
    labels = getattr(y, "to_numpy", lambda: y)()
    # NumPy would make strings of numbers in a list.
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
            f"{name} holds labels of several types, or no labels: "
            f"{', '.join(sorted(kinds))}. Labels must all be numbers, or all be strings: "
            f"convert them, for example with [str(label) for label in {name}], and leave "
            "out what is no label."
        )


def _kind_of(label):
    if isinstance(label, str):
        return "strings"
    if isinstance(label, Number | np.bool_):
        return "numbers" if label == label else "missing values"
    # pandas' NA, which is neither equal to itself nor unequal, has a type of its own.
    is_missing = label is None or type(label).__name__ in ("NAType", "NaTType")
    return "missing values" if is_missing else type(label).__name__
