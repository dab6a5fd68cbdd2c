"""The network as arithmetic sees it: its layers, and where its parameters lie."""

from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise
from numbers import Integral

import numpy as np
from scipy import sparse

from .activations import ACTIVATIONS
from .losses import Loss

# More bytes of them than can be addressed.
MOST_WEIGHTS = 2**59


@dataclass(frozen=True)
class Network:
    """Layers, activations and loss of a multilayer perceptron.

    The parameters are one flat vector: the weights of all layers, each in C order and
    of shape (fan_in, fan_out), then the intercepts of all layers. What is penalised is
    thus the contiguous part `[:n_weights]`. The weights of a skip connection, from the
    inputs straight to the outputs, are the last columns of the first layer's.

    Parameters
    ----------
    layer_units : tuple of int
        Units of every layer, from `n_features` to `n_outputs`.

    activations : tuple of str
        A name for every hidden layer, `len(layer_units) - 2` of them.

    loss : Loss

    skip : bool
        Whether there is a skip connection.
    """

    layer_units: tuple[int, ...]
    activations: tuple[str, ...]
    loss: Loss
    skip: bool = False

    def __post_init__(self):
        units = self.layer_units
        known = isinstance(units, tuple) and len(units) >= 2
        if not known or not all(isinstance(n, Integral) and n >= 1 for n in units):
            raise ValueError(
                "layer_units must be a tuple of two or more numbers, each at least 1, "
                f"got layer_units={units!r}."
            )
        # Of Python's numbers, whose products do not overflow.
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

    def __getstate__(self):
        # Files hold what a network is, not what has been computed of it.
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __setstate__(self, state):
        # Nor is anything else taken from them.
        for field in fields(self):
            if field.name in state:
                object.__setattr__(self, field.name, state[field.name])
        self.__post_init__()

    @property
    def n_skip(self):
        """Columns of the first layer's weights that are the skip connection's."""
        return self.layer_units[-1] if self.skip else 0

    @cached_property
    def shapes(self):
        """(fan_in, fan_out) of every layer's weights."""
        (n_features, n_units), *others = pairwise(self.layer_units)
        return ((n_features, n_units + self.n_skip), *others)

    @cached_property
    def n_weights(self):
        return sum(fan_in * fan_out for fan_in, fan_out in self.shapes)

    @cached_property
    def n_params(self):
        return self.n_weights + sum(self.layer_units[1:])

    def work(self, X, rows=None):
        """Multiplications of a forward pass: of sparse X, by what it stores alone.

        Parameters
        ----------
        X : ndarray or CSR array of shape (n_samples, n_features)

        rows : ndarray of int or None
            Which rows of X; None for all.
        """
        n_rows = X.shape[0] if rows is None else len(rows)
        if not sparse.issparse(X):
            return n_rows * self.n_params
        fan_in, fan_out = self.shapes[0]
        stored = np.diff(X.indptr)
        n_stored = int((stored if rows is None else stored[rows]).sum(dtype=np.int64))
        return n_stored * fan_out + n_rows * (self.n_params - fan_in * fan_out)

    @property
    def smooth(self):
        """Whether the loss has a continuous gradient in the parameters."""
        return self.loss.smooth and all(ACTIVATIONS[a].smooth for a in self.activations)

    @cached_property
    def _slices(self):
        sizes = [fan_in * fan_out for fan_in, fan_out in self.shapes]
        ends = np.cumsum([*sizes, *self.layer_units[1:]]).tolist()
        slices = [slice(start, end) for start, end in pairwise([0, *ends])]
        return slices[: len(sizes)], slices[len(sizes) :]

    def coefs(self, params):
        """Views of the weights in `params`, one of shape (fan_in, fan_out) a layer."""
        return [params[s].reshape(shape) for s, shape in zip(self._slices[0], self.shapes)]

    def split_skip(self, weights):
        """The first layer's weights (or what else has its columns) without those of the
        skip connection, and these."""
        n_units = self.layer_units[1]
        return weights[:, :n_units], weights[:, n_units:]

    def intercepts(self, params):
        """Views of the intercepts in `params`, one of shape (fan_out,) a layer."""
        return [params[s] for s in self._slices[1]]

    def without_dead_ends(self, params):
        """A copy of `params` with zero weights into units that nothing reads, and out of
        units that nothing reaches.

        Outputs are the same, and no norm of the weights is larger.
        """
        params = params.copy()
        coefs, intercepts = self.coefs(params), self.intercepts(params)
        coefs[0], _ = self.split_skip(coefs[0])
        for i, name in enumerate(self.activations):
            # Such a unit has a constant value, which the next intercepts take in.
            constant = ~coefs[i].any(axis=0)
            if constant.any() and coefs[i + 1][constant].any():
                values = intercepts[i][constant].copy()
                ACTIVATIONS[name].value(values)
                intercepts[i + 1][...] += values @ coefs[i + 1][constant]
                coefs[i + 1][constant] = 0
        for into, out in zip(coefs[-2::-1], coefs[:0:-1]):
            into[:, ~out.any(axis=1)] = 0
        return params

    def pack(self, coefs, intercepts, dtype):
        """A new parameter vector holding the given weights and intercepts."""
        parts = [np.asarray(part, dtype=dtype).ravel() for part in (*coefs, *intercepts)]
        return np.concatenate(parts)

    def initial_params(self, output_intercept, random_state, dtype, output_share=1.0):
        """Draw initial parameters.

        Weights are uniform within Glorot and Bengio's bound (2010, eq. 16), hidden
        intercepts 0, and the output intercept is the best constant prediction, which is
        what is known without looking at X. The linear model, whose objective is convex,
        starts with all weights 0.

        Parameters
        ----------
        output_intercept : array-like of shape (n_outputs,)
        random_state : RandomState
        dtype : dtype of the parameters
        output_share : float
            Share of that variance that the output layer's weights are drawn with. The
            smaller it is, the nearer to the constant prediction training starts.

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
