"""Half Tweedie deviance with a logarithmic link, the gamma deviance among them."""

import numpy as np

from .base_loss import Loss

# Exponents closer to 0 than this are integrated from 1 on: the antiderivative of a power
# then has no large constant that cancels.
_SMALL_EXPONENT = 0.1


class HalfTweedieDeviance(Loss):
    """Half the Tweedie deviance, with mu = exp(raw) (Jorgensen, 1987).

    It is the integral from mu to y of (y - t) / t^power over t. That is half the squared
    error (y - mu)^2 / 2 for power 0, and half the deviances of the Poisson distribution for
    power 1, of compound Poisson-gamma distributions between 1 and 2, of the gamma
    distribution for 2, y / mu - log(y / mu) - 1, and of the inverse Gaussian one for 3.

    Parameters
    ----------
    power : float
        Power of the mean that the variance is proportional to: 0, or at least 1. Targets
        are at least 0 if it is at least 1, and positive if it is at least 2.
    """

    out_activation = "exp"
    scored_by_deviance = True

    def __init__(self, power: float) -> None:
        self.power = power

    @property
    def domain(self) -> str | None:  # type: ignore[override]
        if self.power < 1:
            return None
        return ">= 0" if self.power < 2 else "> 0"

    def per_output(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        lower, upper = 1 - self.power, 2 - self.power
        # Where y is 0 it pulls nowhere, not even by an infinite power.
        pulled = np.where(y == 0, 0, raw)
        of_mean = _antiderivative(raw, upper) - y * _antiderivative(pulled, lower)
        return of_mean + self._of_target(y)

    def _of_target(self, y):
        """Return the part that depends on y alone."""
        if self.power == 0:
            return np.square(y) / 2
        lower, upper = 1 - self.power, 2 - self.power
        log_y = np.log(np.where(y > 0, y, 1))
        part = y * _antiderivative(log_y, lower) - _antiderivative(log_y, upper)
        at_zero = 1 / upper if 0 < upper < _SMALL_EXPONENT else 0.0
        return np.where(y > 0, part, y.dtype.type(at_zero))

    def derivative(self, y: np.ndarray, raw: np.ndarray) -> None:
        pull = y * np.exp((1 - self.power) * np.where(y == 0, 0, raw))
        raw *= 2 - self.power
        np.exp(raw, out=raw)
        raw -= pull

    def constant(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
        # The mean, whatever the power. If it is not positive, the minimum is at -infinity:
        # the loss, which is mu^(2 - power) / (2 - power) if y is 0, is to be small there.
        mean = np.average(y, axis=0, weights=sample_weight)
        share = 1e-10 ** (1 / np.clip(2 - self.power, 0.5, 1))
        return np.log(np.maximum(mean, share * self._size(y, sample_weight)))

    def inverse_link(self, raw: np.ndarray) -> None:
        np.exp(raw, out=raw)

    def scales(
        self, y: np.ndarray, sample_weight: np.ndarray | None
    ) -> tuple[float, float]:
        # The link is a logarithm: raw outputs are of order 1 in any unit of y.
        log_scale = (2 - self.power) * np.log(self._size(y, sample_weight))
        return 1.0, float(np.exp(np.clip(log_scale, -230, 230)))

    def _size(self, y, sample_weight):
        """Return the largest mean of the absolute targets of an output, or 1."""
        size = float(np.average(np.abs(y), axis=0, weights=sample_weight).max())
        return min(max(size, 1e-100), 1e100) if size else 1.0


def _antiderivative(log_mean, exponent):
    """Return mu^exponent / exponent with mu = exp(log_mean), up to a constant.

    It is the logarithm if the exponent is 0.
    """
    if exponent == 0:
        return log_mean
    if abs(exponent) < _SMALL_EXPONENT:
        return np.expm1(exponent * log_mean) / exponent
    return np.exp(exponent * log_mean) / exponent
