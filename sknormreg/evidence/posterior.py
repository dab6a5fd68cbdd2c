"""Predictive distributions of networks whose alphas the evidence has chosen."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine import Network
from .factor import Factor, parts_of
from .linearization import Linearization


@dataclass(frozen=True)
class Evidence:
    """Alphas that the evidence has chosen, and what it tells about the network.

    Attributes
    ----------
    alpha : float, ndarray or list
        As an estimator takes it.

    n_effective_parameters, log_evidence : float

    noise_variance : float or None

    posterior : Posterior or None

    warning : str or None
        Why the alphas do not count as settled.
    """

    alpha: Any
    n_effective_parameters: float
    log_evidence: float
    noise_variance: float | None
    posterior: Any
    warning: str | None


class Posterior:
    """Predictive distribution of a network in regression, noise included.

    Parameters
    ----------
    layer_units : tuple of int

    factor : Factor

    noise_variance : float
    """

    def __init__(
        self, layer_units: tuple[int, ...], factor: Factor, noise_variance: float
    ) -> None:
        self.layer_units, self._factor = layer_units, factor
        self._noise_variance = noise_variance

    def standard_deviation(
        self,
        network: Network,
        coefs: list[np.ndarray],
        intercepts: list[np.ndarray],
        X: Any,
    ) -> np.ndarray:
        """Compute the standard deviation of the targets of new samples.

        Its square is the variance of the noise, plus that of the output as a linear
        function of weights and intercepts with their posterior (MacKay, 1992).

        Returns
        -------
        std : ndarray of shape (n_samples, n_outputs)
        """
        n_outputs = network.layer_units[-1]
        found = []
        for part in parts_of(X.shape[0], n_outputs * self._factor.size):
            block = Linearization(network, coefs, intercepts, X[part])
            variances = self._factor.variances(block).reshape(-1, n_outputs)
            found.append(np.sqrt(self._noise_variance * (1 + variances)))
        return np.vstack(found)

    def deviations(
        self,
        network: Network,
        coefs: list[np.ndarray],
        intercepts: list[np.ndarray],
        X: Any,
        n_draws: int,
        rng: np.random.RandomState,
    ) -> np.ndarray:
        """Draw deviations of the targets of new samples from their predictions.

        Weights and intercepts, of which the output is taken as a linear function, are those
        of one draw for all samples; the noise is drawn for each of them.

        Returns
        -------
        deviations : ndarray of shape (n_samples, n_outputs, n_draws)
        """
        n_outputs = network.layer_units[-1]
        of_weights, of_intercepts = self._factor.draws(n_draws, rng)
        found = []
        numbers = n_draws * max(network.layer_units) * n_outputs
        for part in parts_of(X.shape[0], numbers):
            linear = Linearization(network, coefs, intercepts, X[part])
            drawn = linear.product(of_weights) + linear.of_intercepts @ of_intercepts
            found.append(drawn.reshape(-1, n_outputs, n_draws))
        deviations = np.concatenate(found)
        deviations += rng.standard_normal(deviations.shape)
        return np.sqrt(self._noise_variance) * deviations
