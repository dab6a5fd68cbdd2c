"""Base class of factors of the posterior's precision."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np

from .linearization import Linearization

# Directions of the intercepts' columns, each layer's at a scale of 1, are left out where
# their squared norm is this share of the largest: the data say nothing of them.
DEPENDENT = 1e-8

# Numbers of a matrix for a part of the samples.
_PART_NUMBERS = 1 << 22


def parts_of(n_samples: int, n_numbers: int) -> Iterator[slice]:
    """Yield slices of the samples, few enough for so many numbers of each of them."""
    step = max(_PART_NUMBERS // n_numbers, 1)
    for start in range(0, n_samples, step):
        yield slice(start, min(start + step, n_samples))


class Factor(ABC):
    """The posterior's precision over that of the noise, Phi'Phi + A, ready to solve with.

    Parameters
    ----------
    linear : Linearization
        Phi.

    row_alphas : list of ndarray of shape (fan_in,)
        The diagonal of A: of each layer, for the weights that leave an input. Above 0.

    Attributes
    ----------
    gammas : list of ndarray of shape (fan_in,)
        Of each layer, how many of the weights that leave an input the data determine:
        their number less tr(A (Phi_c'Phi_c + A)^-1) (MacKay, 1992, eq. 4.9).

    log_det : float
        log det(I + A^-1 Phi_c'Phi_c).

    n_intercepts : int
        How many of the intercepts the data determine: the rank of their columns of Phi.

    size : int
        Rows of the matrix.
    """

    gammas: list[np.ndarray]
    log_det: float
    n_intercepts: int
    size: int

    @abstractmethod
    def variances(self, linear: Linearization) -> np.ndarray:
        """Return g'(Phi'Phi + A)^-1 g for every row g of another linearization."""

    @abstractmethod
    def covariances(self, linear: Linearization) -> np.ndarray:
        """Return G (Phi'Phi + A)^-1 G' for the rows G of each sample.

        Returns
        -------
        covariances : ndarray of shape (n_samples, n_outputs, n_outputs)
        """

    @abstractmethod
    def draws(
        self, n_draws: int, rng: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw deviations of weights and intercepts from their posterior means.

        Returns
        -------
        weights : ndarray of shape (n_weights, n_draws)
            With the covariance (Phi'Phi + A)^-1 of the weights.

        intercepts : ndarray of shape (n_intercepts, n_draws)
            Of all layers; along directions of which the data say nothing, 0.
        """
