"""The scale of the targets, by which solvers have the parameters of the outputs divided."""

from typing import Any

import numpy as np

from ..engine import Network


class OutputScale:
    """Factor of the parameters of a network that lead to its outputs.

    Parameters
    ----------
    network : Network

    factor : float

    Attributes
    ----------
    of_layers : list of float or ndarray of shape (1, fan_out)
        That of the weights of each layer: a row where it holds a skip connection.
    """

    def __init__(self, network: Network, factor: float) -> None:
        self._network, self._factor = network, factor
        self.of_layers: list[Any] = [1.0] * len(network.shapes)
        self.of_layers[-1] = factor
        if network.skip:
            self.of_layers[0] = np.ones((1, network.shapes[0][1]))
            network.split_skip(self.of_layers[0])[1][...] = factor
        self._vector: np.ndarray | None = None

    def times(self, params: np.ndarray) -> np.ndarray:
        """Return parameters, or a gradient, times the scale; the same array if it is 1."""
        return params if self._factor == 1 else params * self._of_params(params.dtype)

    def divide(self, params: np.ndarray) -> np.ndarray:
        """Return parameters divided by the scale; the same array if it is 1."""
        return params if self._factor == 1 else params / self._of_params(params.dtype)

    def _of_params(self, dtype):
        """Return the scale of each parameter, in a vector kept for the next time."""
        if self._vector is None or self._vector.dtype != dtype:
            vector = np.ones(self._network.n_params, dtype=dtype)
            for weights, scale in zip(self._network.coefs(vector), self.of_layers):
                weights[...] = scale
            self._network.intercepts(vector)[-1][...] = self._factor
            self._vector = vector
        return self._vector
