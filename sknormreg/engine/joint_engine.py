"""Engine of networks whose loss is of all samples together, by an engine for sums."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, cast

import numpy as np

from .base import Engine
from .data import Data
from .dropout import Dropout
from .losses import Linear
from .network import Network
from .partial_likelihood import PartialLikelihood


class JointEngine:
    """Loss, gradient and predictions of a network whose loss is no sum over samples.

    By the chain rule, its gradient is that of the sum over samples of D_i f(x_i), where D_i
    is the derivative of the loss by the raw output of sample i, held constant. So there are
    two passes: one computes all raw outputs, of which the loss is evaluated once, and the
    other, by an engine for losses that are sums, the gradient of that sum.

    There are no minibatches, in which risk sets would be incomplete.

    Parameters
    ----------
    network : Network
        Of a `PartialLikelihood`.

    engine : Engine
        Of the same network with the loss `Linear`.
    """

    has_epochs = False

    def __init__(self, network: Network, engine: Engine) -> None:
        self.network, self._engine = network, engine
        # What the latest samples are sorted for; empty while a thread is at it.
        self._kept: list[_Prepared] = []

    def threads(self, dtype: np.dtype, n_rows: int) -> AbstractContextManager:
        """Return the context in which to call the engine many times."""
        return self._engine.threads(dtype, n_rows)

    def restricted(self, network: Network) -> "JointEngine":
        """Return an engine for a part of the network, to be used in the same block."""
        part = JointEngine(network, self._engine.restricted(of_sum(network)))
        part._kept = self._kept  # sorting does not depend on the network
        return part

    def raw_predict(
        self, coefs: Sequence, intercepts: Sequence, X: Any, rows: np.ndarray | None = None
    ) -> np.ndarray:
        """Compute raw outputs, of shape (n_rows, n_outputs)."""
        return self._engine.raw_predict(coefs, intercepts, X, rows)

    def loss_and_gradient(
        self,
        params: np.ndarray,
        data: Data,
        rows: np.ndarray | None = None,
        dropout: Dropout | None = None,
    ) -> tuple[float, np.ndarray]:
        """Compute the loss of the samples, and its gradient, as `NumpyEngine` does.

        Raises
        ------
        ValueError
            If there is a dropout, which is drawn for minibatches.
        """
        if dropout is not None:
            raise ValueError("A loss of all samples together has no minibatches.")
        prepared = self._prepared(data, rows, params.dtype)
        network = self.network
        raw = self._engine.raw_predict(
            network.coefs(params), network.intercepts(params), data.X, rows
        )
        loss = prepared.set_derivative(raw)
        _, gradient = self._engine.loss_and_gradient(params, prepared.linear, rows)
        # Only differences of raw outputs count: what is left here is rounding.
        network.intercepts(gradient)[-1][...] = 0
        self._kept[:] = [prepared]
        return loss, gradient

    def _prepared(self, data, rows, dtype):
        """Return what is prepared for the samples; by the last call, if it was for them."""
        try:
            kept = self._kept.pop()
        except IndexError:
            kept = None
        if kept is None or not kept.is_for(data, rows, dtype):
            loss = cast(PartialLikelihood, self.network.loss)
            kept = _Prepared(loss, data, rows, dtype)
        return kept


class _Prepared:
    """Sorted samples, and the data of the second pass.

    Attributes
    ----------
    linear : Data
        With the derivatives of the loss as targets.
    """

    def __init__(
        self,
        loss: PartialLikelihood,
        data: Data,
        rows: np.ndarray | None,
        dtype: np.dtype,
    ) -> None:
        self._data, self._rows = data, rows
        y, weight = data.y, data.sample_weight
        if rows is not None:
            y = y[rows]
            weight = None if weight is None else weight[rows]
        self._risk_sets = loss.risk_sets(y, weight)
        # The same arrays in every call: the engine keeps what it has prepared for them.
        self.linear = Data(data.X, np.zeros((data.X.shape[0], 1), dtype), None)

    def is_for(self, data: Data, rows: np.ndarray | None, dtype: np.dtype) -> bool:
        """Whether it is for the same arrays."""
        same = data is self._data and rows is self._rows
        return same and self.linear.y.dtype == dtype

    def set_derivative(self, raw: np.ndarray) -> float:
        """Compute the loss of raw outputs, and set the targets to its derivative."""
        loss = self._risk_sets.value_and_derivative(raw, out=raw)
        self.linear.y[slice(None) if self._rows is None else self._rows] = raw
        return loss


def of_sum(network: Network) -> Network:
    """Return the network of the second pass."""
    return replace(network, loss=Linear())
