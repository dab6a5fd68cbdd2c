"""Data in single precision, for networks that are only compared."""

from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from ..engine import Data
from .precision import SMALL_WORK
from .solver_choice import FULL_BATCH_WORK
from .specification import NetworkSpec

# The largest value of X, and that of y in units of its spread. Rounding is then a ten
# thousandth of what counts for 1: standardised features and targets are far from that, a
# date or a bank account is not.
_LARGEST = 1e3

# Beyond, squares of the targets would overflow or vanish in single precision.
_LARGEST_TARGET, _SMALLEST_TARGET = 1e6, 1e-6


class SinglePrecision:
    """Data in single precision, where rough fits to them lose nothing by it.

    Matrix products then take half the time. Fits of the smallest networks have little of
    those. Where minibatches are drawn, or early stopping ends a fit, the network that is
    returned is one of those that were compared: it is to have the precision of the data.

    Parameters
    ----------
    X : ndarray or CSR array of shape (n_samples, n_features)
        Features, which the data of all folds share: they are copied once.
    """

    def __init__(self, X: Any) -> None:
        self._X = X

    @cached_property
    def _copy(self):
        """X in single precision; None if that would lose digits, or has them already."""
        values = self._X.data if sparse.issparse(self._X) else self._X
        if values.dtype != np.float64:
            return None
        largest = max(values.max(initial=0), -values.min(initial=0))
        return self._X.astype(np.float32) if largest <= _LARGEST else None

    def of(self, data: Data, rows: np.ndarray | None, spec: NetworkSpec) -> Data:
        """Return data with these features; those given where they had better be double.

        Parameters
        ----------
        data : Data

        rows : ndarray of int or None
            The samples that are fitted to; None for all.

        spec : NetworkSpec
        """
        if not _ends_roughly(spec):
            return data
        work = spec.network(data.X.shape[1]).work(data.X, rows)
        is_worth_it = SMALL_WORK < work <= FULL_BATCH_WORK
        if not is_worth_it or not _is_moderate(data.y) or self._copy is None:
            return data
        y = data.y if data.y.dtype.kind == "i" else data.y.astype(np.float32)
        return data._replace(X=self._copy, y=y)


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


def _is_moderate(y):
    """Whether targets are in a usual unit, and not all nearly the same."""
    if y.dtype.kind == "i":
        return True
    largest, spread = np.abs(y).max(axis=0), y.std(axis=0)
    is_usual = (largest >= _SMALLEST_TARGET) & (largest <= _LARGEST_TARGET)
    return bool((is_usual & (largest <= _LARGEST * spread)).all())
