"""NumPy engine: the reference implementation of forward and backward passes.

Full batches are processed in blocks of samples, so that the memory of a pass does not
depend on the number of samples.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from scipy import sparse

from .activations import ACTIVATIONS
from .data import Data
from .dropout import Dropout
from .network import Network
from .threads import limited_threads

# Bytes of the widest layer in a block of samples. In larger blocks, the temporary arrays of
# an activation do not fit in the cache, and elementwise functions take three times as long.
_LAYER_BYTES = 1 << 18

# Number of multiplications in the largest matrix product above which a second BLAS thread
# is worthwhile. See benchmarks/speed blas_threads.
_THREADED_WORK = 3e6


class NumpyEngine:
    """Loss, gradient and predictions of one network.

    Methods take the indices of the samples as `rows`, or None for all of them, so that
    folds and validation sets never copy X. Losses are sums over these samples, and
    gradients are those of the sum.

    Parameters
    ----------
    network : Network
    """

    has_epochs = False

    def __init__(self, network: Network) -> None:
        self.network = network
        self._activations = [ACTIVATIONS[name] for name in network.activations]

    def block_rows(self, dtype: np.dtype) -> int:
        """Return the number of samples in a block of a full batch."""
        rows = _LAYER_BYTES // (
            max(self.network.layer_units[1:]) * np.dtype(dtype).itemsize
        )
        return min(max(rows, 64), 1024)

    def threads(self, dtype: np.dtype, n_rows: int) -> AbstractContextManager:
        """Return a context manager for training on at most `n_rows` samples at a time.

        It limits BLAS to one thread if matrix products are too small for two.
        """
        largest = max(fan_in * fan_out for fan_in, fan_out in self.network.shapes)
        small = min(n_rows, self.block_rows(dtype)) * largest < _THREADED_WORK
        return limited_threads() if small else nullcontext()

    def restricted(self, network: Network) -> "NumpyEngine":
        """Return an engine for a part of the network, to be used in the same block."""
        return NumpyEngine(network)

    def raw_predict(
        self, coefs: Sequence, intercepts: Sequence, X: Any, rows: np.ndarray | None = None
    ) -> np.ndarray:
        """Compute raw outputs, of shape (n_rows, n_outputs)."""
        n_rows = X.shape[0] if rows is None else len(rows)
        raw = np.empty(
            (n_rows, self.network.layer_units[-1]),
            dtype=np.result_type(X.dtype, coefs[0].dtype),
        )
        for block in _blocks(n_rows, self.block_rows(raw.dtype)):
            X_block = X[block if rows is None else rows[block]]
            raw[block] = self._forward(coefs, intercepts, X_block)
        return raw

    def loss_and_gradient(
        self,
        params: np.ndarray,
        data: Data,
        rows: np.ndarray | None = None,
        dropout: Dropout | None = None,
    ) -> tuple[float, np.ndarray]:
        """Compute the sum of the weighted losses of the samples, and its gradient.

        Parameters
        ----------
        params : ndarray of shape (n_params,)

        data : Data

        rows : ndarray of int or None
            Indices of the samples; None for all.

        dropout : Dropout or None

        Returns
        -------
        loss : float

        gradient : ndarray of shape (n_params,)
        """
        coefs, intercepts = self.network.coefs(params), self.network.intercepts(params)
        gradient = np.empty_like(params)
        coef_grads, intercept_grads = (
            self.network.coefs(gradient),
            self.network.intercepts(gradient),
        )
        total, n_done = 0.0, 0
        for X, y, sample_weight in _row_blocks(data, rows, self.block_rows(params.dtype)):
            drop = _Dropping(dropout, n_done, params.dtype)
            layers, derivatives = self._forward_with_derivatives(
                coefs, intercepts, drop(0, X), drop
            )
            output_delta = delta = layers.pop()
            total += self.network.loss.value_and_derivative(y, delta, sample_weight)
            for i in range(len(coefs) - 1, -1, -1):
                into = delta
                if i == 0 and self.network.skip:
                    into = np.hstack([delta, output_delta])
                _add_product(coef_grads[i], layers[i], into, n_done == 0)
                ones = np.ones(len(delta), delta.dtype)
                _add_product(intercept_grads[i], ones, delta, n_done == 0)
                if i > 0:
                    delta = delta @ coefs[i].T
                    delta *= derivatives[i - 1]
            n_done += len(delta)
        return total, gradient

    def _forward(self, coefs, intercepts, layer):
        raw, layer = self._first_product(layer, coefs[0])
        for i, intercept in enumerate(intercepts):
            if i > 0:
                layer = layer @ coefs[i]
            layer += intercept
            if i < len(self._activations):
                self._activations[i].value(layer)
        return layer if raw is None else layer + raw

    def _forward_with_derivatives(self, coefs, intercepts, X, drop):
        """Compute all layers, from X to the raw outputs, and derivatives of activations."""
        raw, layer = self._first_product(X, coefs[0])
        layers, derivatives = [X], []
        for i, intercept in enumerate(intercepts):
            if i > 0:
                layer = layers[-1] @ coefs[i]
            layer += intercept
            if i < len(self._activations):
                derivatives.append(np.empty_like(layer))
                self._activations[i].value_and_derivative(layer, derivatives[-1])
                layer = drop(i + 1, layer)
                derivatives[-1] = drop(i + 1, derivatives[-1])
            layers.append(layer)
        if raw is not None:
            layers[-1] += raw
        return layers, derivatives

    def _first_product(self, X, weights):
        """Compute X W for the skip connection (None without one) and the first layer."""
        product = X @ weights
        if sparse.issparse(product):
            product = product.toarray()
        if not self.network.skip:
            return None, product
        hidden, raw = self.network.split_skip(product)
        return raw, np.ascontiguousarray(hidden)


class _Dropping:
    """Function that multiplies the layers of a block by their dropout factors."""

    def __init__(self, dropout, first_row, dtype):
        self._dropout, self._first_row, self._dtype = dropout, first_row, dtype.type

    def __call__(self, layer, values):
        if self._dropout is None:
            return values
        factors = self._dropout.factors(layer, self._first_row, values.shape, self._dtype)
        if factors is None:
            return values
        if sparse.issparse(values):
            return values.multiply(factors).tocsr()
        return values * factors


def _add_product(total, layer, delta, first):
    """Add ``layer.T @ delta`` to `total`, or set it for the first block."""
    if first and isinstance(layer, np.ndarray):
        np.matmul(layer.T, delta, out=total)
    elif first:
        total[...] = layer.T @ delta
    else:
        total += layer.T @ delta


def _blocks(n_rows, size):
    for start in range(0, n_rows, size):
        yield slice(start, min(start + size, n_rows))


def _row_blocks(data, rows, size):
    """Yield the data in blocks of samples; as views, if `rows` is None."""
    X, y, sample_weight = data
    for block in _blocks(X.shape[0] if rows is None else len(rows), size):
        selected = block if rows is None else rows[block]
        yield (
            X[selected],
            y[selected],
            None if sample_weight is None else sample_weight[selected],
        )
