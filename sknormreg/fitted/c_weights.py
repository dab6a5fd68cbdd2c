"""Constant arrays of a layer in C: dense, or sparse where that takes fewer bytes."""

from dataclasses import dataclass

import numpy as np

_LINE_LENGTH = 88


@dataclass(frozen=True, eq=False)
class StoredWeights:
    """Weights between two layers, as C stores them.

    Attributes
    ----------
    values : ndarray of shape (n_stored,), float32 or int8
        Those of the first unit, those of the second, and so on.

    scales : ndarray of float32 of shape (n_units,) or None
        Factors of the weights of each unit, if they are int8.

    counts : ndarray of shape (n_units,) or None
        Numbers of stored weights of each unit, or None if all are stored.

    indices : ndarray of shape (n_stored,) or None
        The element of the array below that a weight is multiplied by.
    """

    values: np.ndarray
    scales: np.ndarray | None
    counts: np.ndarray | None
    indices: np.ndarray | None

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays that there are, by name."""
        parts = {
            "counts": self.counts,
            "indices": self.indices,
            "weights": self.values,
            "scales": self.scales,
        }
        return {name: part for name, part in parts.items() if part is not None}


def stored_weights(coef: np.ndarray, places: np.ndarray, kind: str) -> StoredWeights:
    """Return the weights in the form that takes the fewest bytes.

    Parameters
    ----------
    coef : ndarray of shape (fan_in, fan_out)

    places : ndarray of int of shape (fan_in,)
        The element of the array below that each row is multiplied by.

    kind : {"float32", "int8"}
        Type of the stored weights. An int8 is a multiple of the largest absolute weight
        into the unit, divided by 127.
    """
    scales = None
    if kind == "int8":
        coef, scales = _quantized(coef)
    coef = coef.T.astype(kind)
    used = coef != 0
    counts = smallest_unsigned(used.sum(axis=1))
    indices = smallest_unsigned(np.broadcast_to(places, coef.shape)[used])
    sparse_size = counts.nbytes + indices.nbytes + coef[used].nbytes
    if sparse_size < coef.nbytes:
        return StoredWeights(coef[used], scales, counts, indices)
    return StoredWeights(coef.ravel(), scales, None, None)


def _quantized(coef):
    """Return multiples between -127 and 127 of a scale for each unit, and the scales."""
    largest = np.abs(coef).max(axis=0, initial=0)
    scales = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    # The scales are rounded, and may be subnormal.
    with np.errstate(divide="ignore", invalid="ignore"):
        multiples = np.nan_to_num(np.rint(coef / scales))
    return np.clip(multiples, -127, 127), scales


def smallest_unsigned(numbers: np.ndarray) -> np.ndarray:
    """Convert to the smallest unsigned type that holds all numbers."""
    largest = int(numbers.max(initial=0))
    return numbers.astype(np.min_scalar_type(largest))


def c_array(name: str, values: np.ndarray) -> str:
    """Return the definition of a constant array, of one dimension and not empty."""
    lines = [f"static const {c_type(values)} {name}[{len(values)}] = {{", "   "]
    for number in map(c_number, values):
        if len(lines[-1]) + len(number) + 2 > _LINE_LENGTH:
            lines.append("   ")
        lines[-1] += f" {number},"
    return "\n".join([*lines, "};"])


def c_type(values: np.ndarray) -> str:
    """Return the type in C of the elements of an array."""
    return "float" if values.dtype.kind == "f" else f"{values.dtype}_t"


def c_number(value: np.number) -> str:
    """Return a literal that is read back as the same number."""
    # NumPy prints as many digits as single precision needs.
    return f"{value!s}f" if value.dtype.kind == "f" else str(value)
