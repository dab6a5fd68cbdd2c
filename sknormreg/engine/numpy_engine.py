"""Forward and backward passes in NumPy: short, obvious, correct.

This engine is the oracle of the tests, and what runs where no compiled one is there.
Full batches go through in blocks of rows, so that the memory of a pass is that of one
block, whatever the number of rows.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from .activations import ACTIVATIONS

# Rows in a block: enough of them for the matrix products to run at full speed, few
# enough for a layer of a hundred units to stay in the second-level cache.
BLOCK_ROWS = 1024


class Data(NamedTuple):
    """What a network is trained on.

    Attributes
    ----------
    X : ndarray or CSR array of shape (n_samples, n_features)
    y : ndarray of shape (n_samples, n_outputs), or (n_samples,) for class indices
    sample_weight : ndarray of shape (n_samples,) or None
    """

    X: object
    y: np.ndarray
    sample_weight: np.ndarray | None


class NumpyEngine:
    """Loss, gradient and predictions of one network.

    `rows` selects rows of the data, an index array or None for all of them: folds and
    validation splits never copy X. Losses are sums over these rows; the gradient is
    that of the sum.

    Parameters
    ----------
    network : Network
    """

    def __init__(self, network):
        self.network = network
        self._activations = [ACTIVATIONS[name] for name in network.activations]

    def raw_predict(self, coefs, intercepts, X, rows=None):
        """Outputs before the output activation, shape (n_rows, n_outputs)."""
        n_rows = X.shape[0] if rows is None else len(rows)
        raw = np.empty((n_rows, coefs[-1].shape[1]), dtype=coefs[-1].dtype)
        for block in _blocks(n_rows):
            X_block = X[block if rows is None else rows[block]]
            raw[block] = self._forward(coefs, intercepts, X_block)
        return raw

    def loss_and_gradient(self, params, data, rows=None):
        """Sum of the weighted losses of the rows and its gradient, shape (n_params,)."""
        coefs, intercepts = self.network.coefs(params), self.network.intercepts(params)
        gradient = np.zeros_like(params)
        coef_grads, intercept_grads = (
            self.network.coefs(gradient),
            self.network.intercepts(gradient),
        )
        total = 0.0
        for X, y, sample_weight in _row_blocks(data, rows):
            layers, derivatives = self._forward_with_derivatives(coefs, intercepts, X)
            delta = layers.pop()
            total += self.network.loss.value_and_derivative(y, delta, sample_weight)
            for i in range(len(coefs) - 1, -1, -1):
                coef_grads[i] += layers[i].T @ delta
                intercept_grads[i] += delta.sum(axis=0)
                if i > 0:
                    delta = delta @ coefs[i].T
                    delta *= derivatives[i - 1]
        return total, gradient

    def _forward(self, coefs, intercepts, layer):
        for i, (coef, intercept) in enumerate(zip(coefs, intercepts)):
            layer = layer @ coef
            layer += intercept
            if i < len(self._activations):
                self._activations[i].value(layer)
        return layer

    def _forward_with_derivatives(self, coefs, intercepts, X):
        """All layers from X to the raw output, and the hidden activations' derivatives."""
        layers, derivatives = [X], []
        for i, (coef, intercept) in enumerate(zip(coefs, intercepts)):
            layer = layers[-1] @ coef
            layer += intercept
            if i < len(self._activations):
                derivatives.append(np.empty_like(layer))
                self._activations[i].value_and_derivative(layer, derivatives[-1])
            layers.append(layer)
        return layers, derivatives


def _blocks(n_rows):
    for start in range(0, n_rows, BLOCK_ROWS):
        yield slice(start, min(start + BLOCK_ROWS, n_rows))


def _row_blocks(data, rows):
    """The data in blocks of rows: views of it where rows are contiguous."""
    X, y, sample_weight = data
    for block in _blocks(X.shape[0] if rows is None else len(rows)):
        selected = block if rows is None else rows[block]
        yield (
            X[selected],
            y[selected],
            None if sample_weight is None else sample_weight[selected],
        )


def as_engine_input(X):
    """CSR for sparse X, which row blocks are cut from; dense X as it is."""
    return sparse.csr_array(X) if sparse.issparse(X) else X
