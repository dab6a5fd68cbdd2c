"""Predictive distributions of networks whose alphas the evidence has chosen."""

from dataclasses import dataclass

import numpy as np

from .linearization import Linearization

# Numbers in a block of the matrix between rows to predict and rows trained on.
_BLOCK_NUMBERS = 1 << 22


@dataclass(frozen=True)
class Evidence:
    """What an estimator that was trained by evidence says of it.

    Attributes
    ----------
    alpha : float, ndarray or list
        As an estimator takes it.

    n_effective_parameters, log_evidence : float

    noise_variance : float or None

    posterior : Posterior or None

    problem : str or None
        What keeps the alphas from counting as settled.
    """

    alpha: object
    n_effective_parameters: float
    log_evidence: float
    noise_variance: float | None
    posterior: object
    problem: str | None


class Posterior:
    """What a network's predictions in regression may be, noise included.

    Parameters
    ----------
    layer_units : tuple of int

    factor : Factor

    noise_variance : float
    """

    def __init__(self, layer_units, factor, noise_variance):
        self.layer_units, self._factor = layer_units, factor
        self._noise_variance = noise_variance

    def standard_deviation(self, network, coefs, intercepts, X):
        """Of the targets of new rows, shape (n_rows, n_outputs).

        The variance of the noise, plus that of the output as a linear function of weights
        and intercepts with their posterior (MacKay, 1992).
        """
        n_outputs = network.layer_units[-1]
        size = max(_BLOCK_NUMBERS // (n_outputs * self._factor.size), 1)
        found = []
        for start in range(0, X.shape[0], size):
            block = Linearization(network, coefs, intercepts, X[start : start + size])
            variances = self._factor.variances(block).reshape(-1, n_outputs)
            found.append(np.sqrt(self._noise_variance * (1 + variances)))
        return np.vstack(found)
