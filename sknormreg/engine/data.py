"""Training data: features, targets and sample weights."""

import math
from typing import Any, NamedTuple

import numpy as np

# If the largest sample weight is in this range, products with gradients and sums of weights
# neither underflow nor overflow in single precision.
_SMALL_WEIGHT, _LARGE_WEIGHT = 2.0**-40, 2.0**40


class Data(NamedTuple):
    """Features, targets and weights of the same samples.

    Attributes
    ----------
    X : ndarray or CSR array of shape (n_samples, n_features)
        Features.

    y : ndarray of shape (n_samples, n_outputs) or (n_samples,)
        Targets; for the multinomial log loss class indices or, in minibatches, shares of
        the classes.

    sample_weight : ndarray of shape (n_samples,) or None
        Sample weights; None if all are 1.
    """

    X: Any
    y: np.ndarray
    sample_weight: np.ndarray | None

    def with_moderate_weights(self) -> tuple["Data", float]:
        """Divide extreme sample weights by a common factor.

        Returns
        -------
        data : Data
            With weights whose sums and products neither underflow nor overflow.

        unit : float
            The factor: a power of two, so that no digit is lost, or 1 if the weights need
            no division.
        """
        if self.sample_weight is None:
            return self, 1.0
        largest = float(self.sample_weight.max(initial=0))
        if largest == 0 or _SMALL_WEIGHT <= largest <= _LARGE_WEIGHT:
            return self, 1.0
        exponent = math.frexp(largest)[1] - 1
        weights = np.ldexp(self.sample_weight, -exponent)
        return self._replace(sample_weight=weights), math.ldexp(1.0, exponent)
