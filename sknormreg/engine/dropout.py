"""Dropout: which values of a layer a minibatch goes without.

Masks are a function of a seed and of where a value stands, by hashing: they are the same
whichever engine makes them, in whatever order and by however many threads.
"""

from typing import NamedTuple

import numpy as np


class Dropout(NamedTuple):
    """Inverted dropout for one minibatch (Srivastava et al., 2014).

    Each value is 0 with the probability of its layer, and divided by the probability to
    stay otherwise, so that it is right on average.

    Attributes
    ----------
    rates : tuple of float
        Probabilities to be dropped, of the inputs and of every hidden layer.

    seed : int
        From 0 to 2^32 - 1.

    step : int
        Tells apart the minibatches that have the same seed.
    """

    rates: tuple
    seed: int
    step: int = 0

    def factors(self, layer, first_row, shape, dtype):
        """What the values of a layer are multiplied by; None where all of them stay.

        Parameters
        ----------
        layer : int
            0 for the inputs.

        first_row : int
            Position of the first row in its minibatch.

        shape : (n_rows, n_units)

        dtype : dtype of the factors
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


def threshold(rate):
    """Hashes below this are dropped."""
    return int(rate * 2**32)


def layer_keys(seed, step, layer):
    """Two numbers of 32 bits that the hashes of a layer in a minibatch start from."""
    keys = np.array([seed, step & 0xFFFFFFFF], dtype=np.uint32)
    low = _mixed(keys[:1] ^ _mixed(keys[1:] + np.uint32(2 * layer)))
    high = _mixed(low + np.uint32(2 * layer + 1))
    return low[0], high[0]


def _mixed(x):
    """A hash of numbers of 32 bits (C. Wellons' lowbias32, a bijection)."""
    x = x ^ (x >> np.uint32(16))
    x = x * np.uint32(0x7FEB352D)
    x = x ^ (x >> np.uint32(15))
    x = x * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))
