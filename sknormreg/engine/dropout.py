"""Dropout masks, computed by hashing.

A mask is a function of a seed and of the position of each value. It does not depend on the
engine, the number of threads, or the order in which values are computed.
"""

from typing import NamedTuple

import numpy as np


class Dropout(NamedTuple):
    """Inverted dropout for one minibatch (Srivastava et al., 2014).

    Each value is set to 0 with the dropout probability of its layer and is otherwise
    divided by the probability of keeping it, so that its expectation is unchanged.

    Attributes
    ----------
    rates : tuple of float
        Dropout probabilities of the features and of each hidden layer.

    seed : int
        From 0 to 2^32 - 1.

    step : int
        Distinguishes minibatches with the same seed.
    """

    rates: tuple
    seed: int
    step: int = 0

    def factors(
        self, layer: int, first_row: int, shape: tuple[int, int], dtype: type[np.floating]
    ) -> np.ndarray | None:
        """Compute the factors of the values of a layer.

        Parameters
        ----------
        layer : int
            0 for the features, 1 for the first hidden layer, and so on.

        first_row : int
            Position of the first sample in its minibatch.

        shape : tuple of int
            (n_samples, n_units).

        dtype : type
            Of the factors.

        Returns
        -------
        factors : ndarray of the given shape, or None
            None if the layer has no dropout.
        """
        rate = self.rates[layer]
        if rate == 0:
            return None
        n_rows, n_units = shape
        start = (first_row * n_units) & 0xFFFFFFFF
        counters = np.arange(n_rows * n_units, dtype=np.uint32) + np.uint32(start)
        low, high = layer_keys(self.seed, self.step, layer)
        hashes = _mixed(_mixed(counters + low) ^ high)
        kept = hashes >= np.uint32(threshold(rate))
        return (kept / dtype(1 - rate)).astype(dtype, copy=False).reshape(shape)


def threshold(rate: float) -> int:
    """Return the number below which a hash means that its value is dropped."""
    return int(rate * 2**32)


def layer_keys(seed: int, step: int, layer: int) -> tuple[np.uint32, np.uint32]:
    """Return two 32-bit keys for the hashes of a layer in a minibatch."""
    keys = np.array([seed, step & 0xFFFFFFFF], dtype=np.uint32)
    low = _mixed(keys[:1] ^ _mixed(keys[1:] + np.uint32(2 * layer)))
    high = _mixed(low + np.uint32(2 * layer + 1))
    return low[0], high[0]


def _mixed(x):
    """Hash 32-bit numbers (lowbias32 by C. Wellons, a bijection)."""
    x = x ^ (x >> np.uint32(16))
    x = x * np.uint32(0x7FEB352D)
    x = x ^ (x >> np.uint32(15))
    x = x * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))
