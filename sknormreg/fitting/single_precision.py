"""Data in single precision, for networks that are only compared."""

import numpy as np
from scipy import sparse

from ..engine import Data
from .precision import SMALL_WORK
from .solver_choice import FULL_BATCH_WORK
from .specification import NetworkSpec

# The largest value of X, and that of y in units of its spread. Rounding is then a ten
# thousandth of what counts for 1: standardised features and targets are far from that, a
# year, a date or a bank account is not.
_LARGEST = 1e3

# Beyond, squares of the targets of single precision would overflow or vanish.
_LARGEST_TARGET, _SMALLEST_TARGET = 1e6, 1e-6


def in_single_precision(data: Data, rows: np.ndarray | None, spec: NetworkSpec) -> Data:
    """Return data in single precision where rough fits to them lose nothing by it.

    Matrix products then take half the time. Fits of the smallest networks have little of
    those. Where minibatches are drawn, or early stopping ends a fit, the network that is
    returned is one of those that were compared: it is to have the precision of the data.

    Parameters
    ----------
    data : Data

    rows : ndarray of int or None
        The samples that are fitted to; None for all.

    spec : NetworkSpec

    Returns
    -------
    data : Data
        Those given, where single precision is not enough.
    """
    if data.X.dtype != np.float64 or not _ends_roughly(spec):
        return data
    work = spec.network(data.X.shape[1]).work(data.X, rows)
    if not SMALL_WORK < work <= FULL_BATCH_WORK:
        return data
    if not (_is_moderate(data.X) and _has_moderate_spread(data.y)):
        return data
    y = data.y if data.y.dtype.kind == "i" else data.y.astype(np.float32)
    return data._replace(X=data.X.astype(np.float32), y=y)


def _ends_roughly(spec):
    """Whether full-batch fits end long before the precision of single floats."""
    settings = spec.settings
    return (
        settings.tol == "auto"
        and settings.solver in ("auto", "lbfgs")
        and spec.hold_out is None
        and spec.loss.separable
        and not spec.drawn
        and len(spec.hidden_layer_sizes) > 0
    )


def _is_moderate(X):
    values = X.data if sparse.issparse(X) else X
    return max(-values.min(initial=0), values.max(initial=0)) <= _LARGEST


def _has_moderate_spread(y):
    """Whether targets are in a usual unit, and not all nearly the same."""
    if y.dtype.kind == "i":
        return True
    largest, spread = np.abs(y).max(axis=0), y.std(axis=0)
    is_usual = (largest >= _SMALLEST_TARGET) & (largest <= _LARGEST_TARGET)
    return bool((is_usual & (largest <= _LARGEST * spread)).all())
