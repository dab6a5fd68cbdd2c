"""Pinball losses of several quantiles, which one network predicts without crossing."""

from collections.abc import Sequence

import numpy as np

from .base_loss import Loss
from .losses import Pinball


class SortedPinball(Loss):
    """Pinball losses of several quantiles, of the sorted raw outputs.

    The smallest raw output of a sample is its lowest quantile, and so on, so that quantiles
    cannot cross for any features. Sorting outputs that cross never raises the sum of the
    losses (Chernozhukov, Fernandez-Val and Galichon, 2010), and needs no unit of y.

    Parameters
    ----------
    quantiles : sequence of float
        Strictly increasing, between 0 and 1. Targets have a column for each, all alike.
    """

    out_activation = "sort"
    smooth = False
    scored_by_deviance = True

    def __init__(self, quantiles: Sequence[float]) -> None:
        self.quantiles = quantiles

    @property
    def outputs_of_target(self) -> int | None:  # type: ignore[override]
        return len(self.quantiles)

    def per_output(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        shares = np.asarray(self.quantiles, raw.dtype)
        residual = y - np.sort(raw, axis=1)
        return np.maximum(shares * residual, (shares - 1) * residual)

    def derivative(self, y: np.ndarray, raw: np.ndarray) -> None:
        shares = np.asarray(self.quantiles, raw.dtype)
        # In the order of the outputs among equal ones, as at the best constants.
        order = np.argsort(raw, axis=1, kind="stable")
        residual = np.take_along_axis(raw, order, 1) - y
        # An exact fit is left alone, as by `Pinball`.
        slope = np.where(residual > 0, 1 - shares, np.where(residual < 0, -shares, 0))
        np.put_along_axis(raw, order, slope.astype(raw.dtype, copy=False), 1)

    def constant(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
        column = y[:, :1]
        found = [Pinball(share).constant(column, sample_weight) for share in self.quantiles]
        return np.concatenate(found)

    def inverse_link(self, raw: np.ndarray) -> None:
        raw.sort(axis=1)

    def scales(
        self, y: np.ndarray, sample_weight: np.ndarray | None
    ) -> tuple[float, float]:
        return Pinball(0.5).scales(y[:, :1], sample_weight)
