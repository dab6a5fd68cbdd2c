"""Network: layers, activations, loss, and the layout of the parameter vector."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise
from numbers import Integral
from typing import Any

import numpy as np
from scipy import sparse

from .activations import ACTIVATIONS
from .losses import Loss

# More weights than this take more bytes than can be addressed.
MOST_WEIGHTS = 2**59


@dataclass(frozen=True)
class Network:
    """Layers, activations and loss of a multilayer perceptron.

    The parameters are one flat vector: the weights of all layers, each in C order and of
    shape (fan_in, fan_out), followed by the intercepts of all layers. The penalised part is
    thus contiguous, ``params[:n_weights]``. The weights of a skip connection from the
    features to the outputs are the last columns of the first layer's weights.

    Parameters
    ----------
    layer_units : tuple of int
        Number of units in each layer, from `n_features` to `n_outputs`.

    activations : tuple of str
        Name of the activation of each hidden layer, ``len(layer_units) - 2`` of them.

    loss : Loss

    skip : bool
        Whether there is a skip connection.
    """

    layer_units: tuple[int, ...]
    activations: tuple[str, ...]
    loss: Loss
    skip: bool = False

    def __post_init__(self) -> None:
        units = self.layer_units
        known = isinstance(units, tuple) and len(units) >= 2
        if not known or not all(isinstance(n, Integral) and n >= 1 for n in units):
            raise ValueError(
                "layer_units must be a tuple of two or more numbers, each at least 1, "
                f"got layer_units={units!r}."
            )
        # Python's integers, whose products do not overflow.
        units = tuple(map(int, units))
        object.__setattr__(self, "layer_units", units)
        names = self.activations
        if not isinstance(names, tuple) or len(names) != len(units) - 2:
            raise ValueError(
                f"activations must be a tuple of {len(units) - 2} names, got {names!r}."
            )
        unknown = [name for name in names if name not in list(ACTIVATIONS)]
        known = not unknown and isinstance(self.loss, Loss) and isinstance(self.skip, bool)
        if not known:
            raise ValueError(
                f"There is no network with activations={names!r}, loss={self.loss!r} and "
                f"skip={self.skip!r}."
            )
        if sum(a * b for a, b in pairwise(units)) > MOST_WEIGHTS:
            raise ValueError(
                f"hidden_layer_sizes={units[1:-1]} make more than 2**59 weights, "
                "more than any memory holds. Use smaller layers."
            )

    def __getstate__(self) -> dict:
        # Only the fields are stored, not the cached properties.
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __setstate__(self, state: dict) -> None:
        # Other entries of a file are ignored.
        for field in fields(self):
            if field.name in state:
                object.__setattr__(self, field.name, state[field.name])
        self.__post_init__()

    @property
    def n_skip(self) -> int:
        """Number of columns of the first layer's weights for the skip connection."""
        return self.layer_units[-1] if self.skip else 0

    @cached_property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """Shape (fan_in, fan_out) of the weights of each layer."""
        (n_features, n_units), *others = pairwise(self.layer_units)
        return ((n_features, n_units + self.n_skip), *others)

    @cached_property
    def n_weights(self) -> int:
        return sum(fan_in * fan_out for fan_in, fan_out in self.shapes)

    @cached_property
    def n_params(self) -> int:
        return self.n_weights + sum(self.layer_units[1:])

    def work(self, X: Any, rows: np.ndarray | None = None) -> int:
        """Count the multiplications of a forward pass.

        For sparse X, only the entries that it stores count.

        Parameters
        ----------
        X : ndarray or CSR array of shape (n_samples, n_features)

        rows : ndarray of int or None
            Indices of the samples; None for all.

        Returns
        -------
        work : int
        """
        n_rows = X.shape[0] if rows is None else len(rows)
        if not sparse.issparse(X):
            return n_rows * self.n_params
        fan_in, fan_out = self.shapes[0]
        stored = np.diff(X.indptr)
        n_stored = int((stored if rows is None else stored[rows]).sum(dtype=np.int64))
        return n_stored * fan_out + n_rows * (self.n_params - fan_in * fan_out)

    @property
    def smooth(self) -> bool:
        """Whether the gradient of the loss is continuous in the parameters."""
        return self.loss.smooth and all(ACTIVATIONS[a].smooth for a in self.activations)

    @cached_property
    def _slices(self):
        sizes = [fan_in * fan_out for fan_in, fan_out in self.shapes]
        ends = np.cumsum([*sizes, *self.layer_units[1:]]).tolist()
        slices = [slice(start, end) for start, end in pairwise([0, *ends])]
        return slices[: len(sizes)], slices[len(sizes) :]

    def coefs(self, params: np.ndarray) -> list[np.ndarray]:
        """Return views of the weights in `params`, of shape (fan_in, fan_out) per layer."""
        return [params[s].reshape(shape) for s, shape in zip(self._slices[0], self.shapes)]

    def split_skip(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Split an array with the first layer's columns at the skip connection's.

        Returns
        -------
        first, skip : views
            The columns of the first hidden layer, and those of the skip connection.
        """
        n_units = self.layer_units[1]
        return weights[:, :n_units], weights[:, n_units:]

    def intercepts(self, params: np.ndarray) -> list[np.ndarray]:
        """Return views of the intercepts in `params`, of shape (fan_out,) per layer."""
        return [params[s] for s in self._slices[1]]

    def without_dead_ends(self, params: np.ndarray) -> np.ndarray:
        """Copy `params` with zero weights into and out of units that have no effect.

        These are the units with zero incoming or zero outgoing weights. The outputs of the
        network remain the same, and no norm of the weights increases.
        """
        params = params.copy()
        coefs, intercepts = self.coefs(params), self.intercepts(params)
        coefs[0], _ = self.split_skip(coefs[0])
        for i, name in enumerate(self.activations):
            # A unit without incoming weights is constant: add it to the next intercepts.
            constant = ~coefs[i].any(axis=0)
            if constant.any() and coefs[i + 1][constant].any():
                values = intercepts[i][constant].copy()
                ACTIVATIONS[name].value(values)
                intercepts[i + 1][...] += values @ coefs[i + 1][constant]
                coefs[i + 1][constant] = 0
        for into, out in zip(coefs[-2::-1], coefs[:0:-1]):
            into[:, ~out.any(axis=1)] = 0
        return params

    def pack(self, coefs: Sequence, intercepts: Sequence, dtype: np.dtype) -> np.ndarray:
        """Concatenate weights and intercepts to a new parameter vector."""
        parts = [np.asarray(part, dtype=dtype).ravel() for part in (*coefs, *intercepts)]
        return np.concatenate(parts)

    def initial_params(
        self,
        output_intercept: float | np.ndarray,
        random_state: np.random.RandomState,
        dtype: np.dtype,
        output_share: float = 1.0,
    ) -> np.ndarray:
        """Draw initial parameters.

        Weights are uniform within the bound of Glorot and Bengio (2010, eq. 16). Intercepts
        of hidden layers are 0, and those of the output layer are the best constant
        prediction. Linear models, whose objective is convex, start with all weights 0.

        Parameters
        ----------
        output_intercept : array-like of shape (n_outputs,)
            The best constant prediction, as raw output.

        random_state : RandomState

        dtype : dtype
            Of the parameters.

        output_share : float
            Factor of the variance of the output layer's weights. With a small factor,
            training starts near the constant prediction.

        Returns
        -------
        params : ndarray of shape (n_params,)
        """
        params = np.zeros(self.n_params, dtype=dtype)
        if self.activations:
            gains = [ACTIVATIONS[a].init_gain for a in self.activations]
            # The output layer is drawn like the last hidden one.
            gains.append(output_share * gains[-1])
            first, *others = self.coefs(params)
            first, skip = self.split_skip(first)
            gains.append(output_share)  # of the skip connection, if there is one
            for weights, gain in zip((first, *others, skip), gains):
                if weights.size:
                    bound = np.sqrt(gain / sum(weights.shape))
                    weights[...] = random_state.uniform(-bound, bound, weights.shape)
        self.intercepts(params)[-1][...] = output_intercept
        return params
