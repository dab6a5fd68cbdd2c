"""Checks of arrays before their addresses are passed to C."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from .data import Data
from .losses import MultinomialLogLoss
from .network import Network

# BLAS takes dimensions of 32 bits.
LARGEST_DIMENSION = 2**31 - 1

_DOUBLE, _SINGLE = np.dtype(np.float64), np.dtype(np.float32)


def as_c(array: Any, dtype: Any = None) -> np.ndarray:
    """Return the array in C order and aligned, copied only if necessary."""
    array = np.ascontiguousarray(array, dtype)
    return array if array.flags.aligned else array.copy()


def checked_structure(X: Any, name: str = "X") -> Any:
    """Check the structure of a sparse matrix, and pass through anything else.

    SciPy's constructors accept invalid structures, and users can modify the arrays.

    Parameters
    ----------
    X : object
        Matrices in CSR, CSC, BSR and COO format are checked. They are not modified.

    name : str
        Name of the matrix in error messages.

    Returns
    -------
    X : object
        The same object or, if necessary, a matrix with the same entries and indices of 32
        or 64 bits.

    Raises
    ------
    ValueError
        If its index arrays do not describe a matrix of its shape.
    """
    if not sparse.issparse(X) or X.format not in ("csr", "csc", "bsr", "coo"):
        return X
    kind = f"{X.format.upper()} matrix of shape {X.shape}"
    if X.format == "coo":
        problem = _coordinates_problem(X)
        if problem:
            raise ValueError(f"{name} is not a valid {kind}: {problem}.")
        return X
    block = X.data.shape[1:]
    n_major, n_minor = X.shape if X.format != "csc" else X.shape[::-1]
    if X.format == "bsr":
        if len(block) != 2 or 0 in block or n_major % block[0] or n_minor % block[1]:
            raise ValueError(f"{name} is not a valid {kind}: its blocks are of {block}.")
        n_major, n_minor = n_major // block[0], n_minor // block[1]
    elif block:
        raise ValueError(f"{name} is not a valid {kind}: data must be one-dimensional.")
    indices = _whole_numbers(X.indices, f"{name}.indices")
    indptr = _whole_numbers(X.indptr, f"{name}.indptr")
    problem = _structure_problem(X.data, indices, indptr, n_major, n_minor)
    if problem:
        raise ValueError(f"{name} is not a valid {kind}: {problem}.")
    same = indices is X.indices and indptr is X.indptr and indices.dtype == indptr.dtype
    parts = (X.data, indices, indptr)
    if same and all(part.flags.c_contiguous and part.flags.aligned for part in parts):
        return X
    parts = as_c(X.data), as_c(indices, np.int64), as_c(indptr, np.int64)
    return type(X)(parts, shape=X.shape)


def _whole_numbers(array, name):
    """Convert an array to integers of 32 or 64 bits, if it is not one already."""
    array = np.asarray(array)
    if array.dtype in (np.int32, np.int64):
        return array
    with np.errstate(invalid="ignore"):
        converted = array.astype(np.int64) if array.dtype.kind in "iuf" else None
    if converted is None or not np.array_equal(converted, array):
        raise ValueError(f"{name} must hold integers, got an array of {array.dtype}.")
    return converted


def _structure_problem(data, indices, indptr, n_major, n_minor):
    if any(np.ndim(array) != 1 for array in (indices, indptr)):
        return "indices and indptr must be one-dimensional"
    if len(indptr) != n_major + 1:
        return f"indptr has {len(indptr)} entries instead of {n_major + 1}"
    if indptr[0] != 0:
        return f"indptr begins with {indptr[0]} instead of 0"
    if (indptr[1:] < indptr[:-1]).any():
        return "indptr decreases"
    stored = min(len(data), len(indices))
    if indptr[-1] > stored:
        return f"indptr ends with {indptr[-1]}, but there are {stored} entries"
    used = indices[: indptr[-1]]
    if len(used) and (used.min() < 0 or used.max() >= n_minor):
        return (
            f"indices go from {used.min()} to {used.max()}, outside of 0 to {n_minor - 1}"
        )
    return None


def _coordinates_problem(X):
    for what, index, size in zip(("row", "col"), (X.row, X.col), X.shape):
        if np.shape(index) != np.shape(X.data):
            return f"{what} has shape {np.shape(index)}, data {np.shape(X.data)}"
        if index.dtype.kind not in "iu":
            return f"{what} must hold integers, not {index.dtype}"
        if len(index) and (index.min() < 0 or index.max() >= size):
            return (
                f"{what} goes from {index.min()} to {index.max()}, outside of 0 to "
                f"{size - 1}"
            )
    return None


def check_layers(network: Network, coefs: Sequence, intercepts: Sequence) -> None:
    """Raise a ValueError unless weights and intercepts fit the network.

    Users can assign to attributes of a fitted estimator, and load them from files.

    Parameters
    ----------
    network : Network

    coefs, intercepts : list of array
        As the engine takes them: the weights of a skip connection are columns of the first
        array.
    """
    expected = [*network.shapes, *((n,) for n in network.layer_units[1:])]
    arrays = [*coefs, *intercepts]
    if len(arrays) == len(expected) and all(map(_is_as_expected, arrays, expected)):
        return
    shapes = [np.shape(array) for array in arrays]
    if shapes != expected:
        raise ValueError(
            "coefs_ (with skip_coef_, if there is one) and intercepts_ have shapes "
            f"{shapes}, but the fitted network's are {expected}."
        )
    for array in arrays:
        checked_structure(array, "coefs_")
        dtype = getattr(array, "dtype", None)
        if dtype not in (np.float32, np.float64):
            raise ValueError(
                "coefs_, skip_coef_ and intercepts_ must be arrays of float64 or float32, "
                f"got {dtype}."
            )


def _is_as_expected(array, shape):
    """Whether an array is valid, by a quick test that may be False for valid ones."""
    if type(array) is not np.ndarray or array.shape != shape:
        return False
    return array.dtype is _DOUBLE or array.dtype is _SINGLE


def check_data(network: Network, data: Data) -> None:
    """Raise a ValueError if a network cannot be trained on the data.

    This is called once per training rather than for each evaluation.
    """
    X, y, sample_weight = data
    n_rows, n_outputs = X.shape[0], network.layer_units[-1]
    if X.shape[1] != network.layer_units[0]:
        raise ValueError(
            f"X has {X.shape[1]} features, but the network takes {network.layer_units[0]}."
        )
    by_class = isinstance(network.loss, MultinomialLogLoss)
    n_targets = n_outputs if network.loss.separable else 3
    if y.shape != ((n_rows,) if by_class else (n_rows, n_targets)):
        raise ValueError(
            f"y of shape {y.shape} does not fit {n_rows} rows and {n_outputs} outputs."
        )
    if by_class and (y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= n_outputs):
        raise ValueError(f"y must hold classes from 0 to {n_outputs - 1}.")
    if sample_weight is not None and sample_weight.shape != (n_rows,):
        raise ValueError(
            f"sample_weight of shape {sample_weight.shape} does not fit {n_rows} rows."
        )
