"""The square root Phi of a network's generalised Gauss-Newton matrix.

The matrix is Phi'Phi, with a row of Phi for each row of the data and each output: the
derivative of that output by all parameters, times a square root of the loss's second
derivative (Schraudolph, 2002) and of the row's weight. Phi is seldom written down. Of the
weights of one layer its entries are products h d, where h is one of the layer's inputs and
d what backpropagation has for one of its units; of the intercepts they are the d alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from ..engine import Network, checked_structure
from ..engine.activations import ACTIVATIONS

# Numbers of Phi that are written down at a time.
_BLOCK_NUMBERS = 1 << 21


class Linearization:
    """Phi: the network's outputs as linear functions of its parameters, nearby.

    Parameters
    ----------
    network : Network
        Without a skip connection.

    coefs, intercepts : list of ndarray

    X : {ndarray, csr_array} of shape (n_rows, n_features)

    sample_weight : ndarray of shape (n_rows,) or None

    root : callable or None
        The loss's `hessian_root`, which maps raw outputs to matrices of shape (n_rows,
        n_outputs, n_outputs); None for the derivatives of the outputs themselves.

    Attributes
    ----------
    inputs : list of {ndarray, csr_array} of shape (n_rows, fan_in)
        Of each layer.

    deltas : list of ndarray of shape (n_rows, n_outputs, fan_out)
        Of each layer: derivatives by the values of its units before the activation.

    raw : ndarray of shape (n_rows, n_outputs)
        Raw outputs.
    """

    def __init__(
        self,
        network: Network,
        coefs: list[np.ndarray],
        intercepts: list[np.ndarray],
        X: Any,
        sample_weight: np.ndarray | None = None,
        root: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> None:
        coefs = [coef.astype(np.float64, copy=False) for coef in coefs]
        self.inputs, derivatives, raw = _forward(network, coefs, intercepts, X)
        self.raw = raw
        n_rows, n_outputs = raw.shape
        if root is None:
            delta = np.broadcast_to(np.eye(n_outputs), (n_rows, n_outputs, n_outputs))
        else:
            delta = root(raw)
        if sample_weight is not None:
            delta = delta * np.sqrt(sample_weight)[:, None, None]
        self.deltas = [delta]
        for coef, derivative in zip(coefs[:0:-1], reversed(derivatives)):
            delta = (delta @ coef.T) * derivative[:, None, :]
            self.deltas.insert(0, delta)

    def __setstate__(self, state: dict) -> None:
        # A file may hold any matrix.
        self.__dict__.update(state)
        self.inputs = [checked_structure(part, "inputs") for part in self.inputs]

    @property
    def n_rows(self) -> int:
        """Number of rows of Phi."""
        return self.deltas[0].shape[0] * self.deltas[0].shape[1]

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """(fan_in, fan_out) of every layer."""
        return [(h.shape[1], d.shape[2]) for h, d in zip(self.inputs, self.deltas)]

    @property
    def n_weights(self) -> int:
        return sum(fan_in * fan_out for fan_in, fan_out in self.shapes)

    @cached_property
    def of_intercepts(self) -> np.ndarray:
        """Phi's columns of the intercepts, shape (n_rows, n_intercepts)."""
        return np.hstack([delta.reshape(self.n_rows, -1) for delta in self.deltas])

    def blocks_of_weights(self) -> Iterator[np.ndarray]:
        """Yield Phi's columns of the weights, in blocks of rows."""
        n_outputs = self.deltas[0].shape[1]
        size = max(_BLOCK_NUMBERS // (n_outputs * self.n_weights), 1)
        for start in range(0, self.inputs[0].shape[0], size):
            parts = []
            for h, d in zip(self.inputs, self.deltas):
                h, d = _dense(h[start : start + size]), d[start : start + size]
                products = h[:, None, :, None] * d[:, :, None, :]
                parts.append(products.reshape(len(h) * n_outputs, -1))
            yield np.hstack(parts)

    def product(self, weights: np.ndarray) -> np.ndarray:
        """Multiply Phi_w by the columns of `weights`, shape (n_weights, n_columns)."""
        total, start = np.zeros(()), 0
        for h, d, (fan_in, fan_out) in zip(self.inputs, self.deltas, self.shapes):
            part = weights[start : start + fan_in * fan_out].reshape(fan_in, -1)
            images = (h @ part).reshape(len(d), fan_out, -1)
            total = total + np.einsum("iku,iuq->ikq", d, images)
            start += fan_in * fan_out
        return total.reshape(self.n_rows, -1)

    def transposed_product(self, vectors: np.ndarray) -> np.ndarray:
        """Multiply Phi_w' by columns of shape (n_rows, n_columns)."""
        vectors = vectors.reshape(*self.deltas[0].shape[:2], -1)
        parts = []
        for h, d in zip(self.inputs, self.deltas):
            of_units = np.einsum("iku,ikq->iuq", d, vectors).reshape(len(d), -1)
            parts.append((h.T @ of_units).reshape(-1, vectors.shape[2]))
        return np.vstack(parts)

    def grams(self, other: Linearization) -> list[np.ndarray]:
        """Return each layer's inner products of deltas with those of another."""
        return [_gram(d, d_other) for d, d_other in zip(self.deltas, other.deltas)]

    def kernel(
        self,
        other: Linearization,
        row_alphas: list[np.ndarray],
        grams: list[np.ndarray] | None = None,
    ) -> np.ndarray:
        """Return Phi_w A^-1 Phi_w' between the rows of this and of another linearization.

        `grams` are those of both, if they are at hand.
        """
        total: Any = None
        for h, h_other, gram, alphas in zip(
            self.inputs, other.inputs, grams or self.grams(other), row_alphas
        ):
            scaled = _divided(h, np.sqrt(alphas))
            # Of one array with itself, BLAS computes half.
            scaled_other = scaled if h_other is h else _divided(h_other, np.sqrt(alphas))
            part = _blocks_times(gram, _dense(scaled @ scaled_other.T))
            # In place: pages of new memory take longer than the arithmetic.
            total = part if total is None else np.add(total, part, out=total)
        return total

    def kernel_diagonal(self, row_alphas: list[np.ndarray]) -> np.ndarray:
        """Return the diagonal of `kernel` with itself."""
        total = np.zeros(())
        for h, d, alphas in zip(self.inputs, self.deltas, row_alphas):
            # Of an array as of a csr_array.
            of_inputs = (h * h) @ (1 / alphas)
            total = total + of_inputs[:, None] * np.square(d).sum(axis=2)
        return total.ravel()

    def kernel_blocks(self, row_alphas: list[np.ndarray]) -> np.ndarray:
        """Return the blocks of `kernel` with itself on its diagonal, one for each sample.

        Returns
        -------
        blocks : ndarray of shape (n_samples, n_outputs, n_outputs)
        """
        total = np.zeros(())
        for h, d, alphas in zip(self.inputs, self.deltas, row_alphas):
            of_inputs = (h * h) @ (1 / alphas)
            total = total + of_inputs[:, None, None] * (d @ d.transpose(0, 2, 1))
        return total

    def traces(self, matrix: np.ndarray, grams: list[np.ndarray]) -> list[np.ndarray]:
        """Return tr(M Phi_j Phi_j'), Phi_j the columns of the weights that leave input j.

        Parameters
        ----------
        matrix : ndarray of shape (n_rows, n_rows)
            M, or any other that is M once its transpose is added and both are halved.

        grams : list of ndarray
            With itself; overwritten.

        Returns
        -------
        traces : list of ndarray of shape (fan_in,), of each layer
        """
        found = []
        for h, d, gram in zip(self.inputs, self.deltas, grams):
            weighted = np.multiply(gram, matrix, out=gram)
            if d.shape[1] > 1:
                blocks = weighted.reshape(*d.shape[:2], *d.shape[:2])
                weighted = np.einsum("ikjl->ij", blocks)
            found.append(_column_sums(h, weighted @ h))
        return found


def _forward(network, coefs, intercepts, X):
    """Return the layers' inputs, the hidden ones' derivatives, and the raw outputs."""
    X = sparse.csr_array(X) if sparse.issparse(X) else X
    inputs, derivatives = [X.astype(np.float64, copy=False)], []
    for coef, intercept, name in zip(coefs, intercepts, network.activations):
        layer = _dense(inputs[-1] @ coef) + intercept
        derivatives.append(np.empty_like(layer))
        ACTIVATIONS[name].value_and_derivative(layer, derivatives[-1])
        inputs.append(layer)
    return inputs, derivatives, _dense(inputs[-1] @ coefs[-1]) + intercepts[-1]


def _gram(d, d_other):
    """Return inner products over units, of rows and outputs with rows and outputs."""
    flat = d.reshape(-1, d.shape[2])
    flat_other = flat if d_other is d else d_other.reshape(-1, d.shape[2])
    return flat @ flat_other.T


def _blocks_times(matrix, factors):
    """Multiply each block of n_outputs by n_outputs by its factor; may overwrite these."""
    n_outputs = len(matrix) // len(factors)
    if n_outputs == 1:
        return np.multiply(matrix, factors, out=factors)
    blocks = matrix.reshape(len(factors), n_outputs, -1, n_outputs)
    return (blocks * factors[:, None, :, None]).reshape(matrix.shape)


def _divided(h, alphas):
    return h.multiply(1 / alphas).tocsr() if sparse.issparse(h) else h / alphas


def _column_sums(h, other):
    if sparse.issparse(h):
        return np.asarray(h.multiply(other).sum(axis=0)).ravel()
    return np.einsum("ij,ij->j", h, other)


def _dense(matrix):
    return matrix.toarray() if sparse.issparse(matrix) else matrix
