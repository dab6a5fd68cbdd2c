"""What a network is trained on."""

import math
from typing import NamedTuple

import numpy as np

# The largest sample weights from and up to which their products with gradients, and sums of
# them, neither vanish nor overflow in single precision.
_SMALL_WEIGHT, _LARGE_WEIGHT = 2.0**-40, 2.0**40


class Data(NamedTuple):
    """Features, targets and weights of the same rows.

    Attributes
    ----------
    X : ndarray or CSR array of shape (n_samples, n_features)
    y : ndarray of shape (n_samples, n_outputs), or (n_samples,) for class indices
    sample_weight : ndarray of shape (n_samples,) or None
    """

    X: object
    y: np.ndarray
    sample_weight: np.ndarray | None

    def with_moderate_weights(self):
        """The same rows with weights of a size that sums and products can bear.

        Returns
        -------
        data : Data

        unit : float
            What the weights are divided by: a power of two, so that no digit is lost, and
            1 where they were moderate before.
        """
        largest = 0.0
        if self.sample_weight is not None:
            largest = float(self.sample_weight.max(initial=0))
        if largest == 0 or _SMALL_WEIGHT <= largest <= _LARGE_WEIGHT:
            return self, 1.0
        exponent = math.frexp(largest)[1] - 1
        weights = np.ldexp(self.sample_weight, -exponent)
        return self._replace(sample_weight=weights), math.ldexp(1.0, exponent)
