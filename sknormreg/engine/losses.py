"""Loss functions of targets and raw outputs, and their derivatives."""

import numpy as np
from scipy import special

from .base_loss import Loss, weighted_sum


class HalfSquaredError(Loss):
    """Half the squared error, (raw - y)^2 / 2."""

    def per_output(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        return 0.5 * np.square(raw - y)

    def derivative(self, y: np.ndarray, raw: np.ndarray) -> None:
        raw -= y

    def constant(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
        return np.average(y, axis=0, weights=sample_weight)

    def hessian_root(self, raw: np.ndarray) -> np.ndarray:
        n_rows, n_outputs = raw.shape
        return np.broadcast_to(np.eye(n_outputs), (n_rows, n_outputs, n_outputs))

    def scales(
        self, y: np.ndarray, sample_weight: np.ndarray | None
    ) -> tuple[float, float]:
        spread = _spread(y, sample_weight)
        return spread, spread**2


class Linear(Loss):
    """The linear function y * raw, whose derivative is y whatever the outputs are.

    It has no minimum, and is for gradients of losses that are no sums (see `JointEngine`).
    """

    def per_output(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        return y * raw

    def derivative(self, y: np.ndarray, raw: np.ndarray) -> None:
        raw[...] = y

    def constant(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
        return np.zeros(y.shape[1])


class Huber(Loss):
    """Huber loss (Huber, 1964).

    It is ``r^2 / 2`` if ``|r| <= delta``, else ``delta (|r| - delta / 2)``, where
    ``r = raw - y``.

    Parameters
    ----------
    delta : float
        Absolute residual beyond which the loss is linear, in units of y.
    """

    def __init__(self, delta: float) -> None:
        self.delta = delta

    def per_output(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        return special.huber(self.delta, raw - y).astype(raw.dtype, copy=False)

    def derivative(self, y: np.ndarray, raw: np.ndarray) -> None:
        raw -= y
        np.clip(raw, -self.delta, self.delta, out=raw)

    def constant(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
        # The median is a robust start: the loss has no closed-form minimiser.
        return _weighted_quantile(y, sample_weight, 0.5)

    def scales(
        self, y: np.ndarray, sample_weight: np.ndarray | None
    ) -> tuple[float, float]:
        spread = _spread(y, sample_weight)
        return spread, spread * min(spread, self.delta)


class Pinball(Loss):
    """Pinball loss, quantile * max(y - raw, 0) + (1 - quantile) * max(raw - y, 0).

    Parameters
    ----------
    quantile : float
        Quantile of y given x to predict, between 0 and 1. At 0.5, it is half the absolute
        error, which the median minimises.
    """

    smooth = False
    scored_by_deviance = True

    def __init__(self, quantile: float) -> None:
        self.quantile = quantile

    def per_output(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        residual = y - raw
        return np.maximum(self.quantile * residual, (self.quantile - 1) * residual)

    def derivative(self, y: np.ndarray, raw: np.ndarray) -> None:
        # At a residual of zero, the subdifferential contains 0. Choosing it leaves samples
        # that are fitted exactly alone.
        raw -= y
        above, below = raw > 0, raw < 0
        raw.fill(0)
        raw[above] = 1 - self.quantile
        raw[below] = -self.quantile

    def constant(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
        return _weighted_quantile(y, sample_weight, self.quantile)

    def scales(
        self, y: np.ndarray, sample_weight: np.ndarray | None
    ) -> tuple[float, float]:
        spread = _spread(y, sample_weight)
        return spread, spread


class HalfPoissonDeviance(Loss):
    """Half the Poisson deviance, y log(y / mu) - y + mu with mu = exp(raw), for y >= 0."""

    out_activation = "exp"
    domain = ">= 0"
    scored_by_deviance = True

    def per_output(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        return special.xlogy(y, y) - y * raw - y + np.exp(raw)

    def derivative(self, y: np.ndarray, raw: np.ndarray) -> None:
        np.exp(raw, out=raw)
        raw -= y

    def constant(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
        mean = np.average(y, axis=0, weights=sample_weight)
        # An output whose targets are all 0 has its minimum at -infinity.
        return np.log(np.maximum(mean, 1e-10 * _largest_mean(mean)))

    def inverse_link(self, raw: np.ndarray) -> None:
        np.exp(raw, out=raw)

    def scales(
        self, y: np.ndarray, sample_weight: np.ndarray | None
    ) -> tuple[float, float]:
        # The link is a logarithm: raw outputs are of order 1 in any unit of y.
        mean = np.average(y, axis=0, weights=sample_weight)
        return 1.0, _largest_mean(mean)


class BinaryLogLoss(Loss):
    """Log loss of two classes or of labels, log(1 + exp(raw)) - y raw, for y in [0, 1].

    Parameters
    ----------
    label_smoothing : float
        A share s, at least 0 and less than 1: targets are replaced by (1 - s) y + s / 2
        (Szegedy et al., 2016, section 7, for two classes).
    """

    out_activation = "logistic"

    # Of instances that were stored before there was any.
    label_smoothing = 0.0

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = label_smoothing

    def of_predictions(self) -> "BinaryLogLoss":
        return BinaryLogLoss()

    def per_output(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        return np.logaddexp(0, raw) - self._smoothed(y) * raw

    def derivative(self, y: np.ndarray, raw: np.ndarray) -> None:
        special.expit(raw, out=raw)
        raw -= self._smoothed(y)

    def constant(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
        share = np.average(y, axis=0, weights=sample_weight)
        return special.logit(_inside(self._smoothed(share)))

    def _smoothed(self, y):
        return y + self.label_smoothing * (0.5 - y) if self.label_smoothing else y

    def hessian_root(self, raw: np.ndarray) -> np.ndarray:
        slope = special.expit(raw) * special.expit(-raw)
        return np.sqrt(slope)[:, :, None] * np.eye(raw.shape[1])

    def inverse_link(self, raw: np.ndarray) -> None:
        special.expit(raw, out=raw)

    def log_inverse_link(self, raw: np.ndarray) -> None:
        """Replace `raw` by log-probabilities."""
        special.log_expit(raw, out=raw)


class MultinomialLogLoss(Loss):
    """Log loss of several classes, log(sum_k exp(raw_k)) - raw_y.

    Here y are class indices of shape (n_samples,), or shares of the classes of shape
    (n_samples, n_classes), whose sum is 1: raw_y is then the mean by these shares.

    Parameters
    ----------
    n_classes : int

    label_smoothing : float
        A share s, at least 0 and less than 1, of the loss that is replaced by the mean over
        all classes: raw_y becomes (1 - s) raw_y + s mean_k(raw_k) (Szegedy et al., 2016,
        section 7).
    """

    out_activation = "softmax"

    # Of instances that were stored before there was any.
    label_smoothing = 0.0

    def __init__(self, n_classes: int, label_smoothing: float = 0.0) -> None:
        self.n_classes = n_classes
        self.label_smoothing = label_smoothing

    def of_predictions(self) -> "MultinomialLogLoss":
        return MultinomialLogLoss(self.n_classes)

    def per_output(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        shifted = raw - raw.max(axis=1, keepdims=True)
        return np.log(np.exp(shifted).sum(axis=1)) - self._picked(y, shifted)

    def derivative(self, y: np.ndarray, raw: np.ndarray) -> None:
        self.inverse_link(raw)
        self._subtract_targets(y, raw)

    def value_and_derivative(
        self, y: np.ndarray, raw: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> float:
        # The value and the derivative share their exponentials.
        raw -= raw.max(axis=1, keepdims=True)
        picked = self._picked(y, raw)
        np.exp(raw, out=raw)
        total = raw.sum(axis=1)
        value = weighted_sum(np.log(total) - picked, sample_weight)
        raw /= total[:, None]
        self._subtract_targets(y, raw)
        if sample_weight is not None:
            raw *= sample_weight[:, None]
        return value

    def _picked(self, y, raw):
        """Return the products of targets and raw outputs, of each sample."""
        if y.ndim == 2:
            return np.einsum("ij,ij->i", self._smoothed(y), raw)
        picked = raw[np.arange(len(y)), y]
        if self.label_smoothing:
            picked = picked + self.label_smoothing * (raw.mean(axis=1) - picked)
        return picked

    def _subtract_targets(self, y, probabilities):
        if y.ndim == 2:
            probabilities -= self._smoothed(y)
            return
        probabilities[np.arange(len(y)), y] -= 1 - self.label_smoothing
        if self.label_smoothing:
            probabilities -= self.label_smoothing / self.n_classes

    def constant(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
        if y.ndim == 2:
            share = np.average(y, axis=0, weights=sample_weight)
        else:
            share = np.bincount(y, weights=sample_weight, minlength=self.n_classes)
        log_share = np.log(_inside(self._smoothed(share / share.sum())))
        return log_share - log_share.mean()

    def _smoothed(self, share):
        if not self.label_smoothing:
            return share
        return share + self.label_smoothing * (1 / self.n_classes - share)

    def hessian_root(self, raw: np.ndarray) -> np.ndarray:
        # diag(p) - pp' is B'B for B = diag(r) - rp', r the square roots of p.
        p = special.softmax(raw, axis=1)
        return np.sqrt(p)[:, :, None] * (np.eye(raw.shape[1]) - p[:, None, :])

    def inverse_link(self, raw: np.ndarray) -> None:
        raw -= raw.max(axis=1, keepdims=True)
        np.exp(raw, out=raw)
        raw /= raw.sum(axis=1, keepdims=True)

    def log_inverse_link(self, raw: np.ndarray) -> None:
        """Replace `raw` by log-probabilities."""
        raw -= special.logsumexp(raw, axis=1, keepdims=True)


def _spread(y, sample_weight):
    """Return the largest standard deviation of an output, or the size of constants."""
    mean = np.average(y, axis=0, weights=sample_weight)
    deviation = (y - mean).astype(np.float64)
    # Scaled, so that squares of large targets do not overflow.
    largest = float(np.abs(deviation).max()) or 1.0
    variance = np.average((deviation / largest) ** 2, axis=0, weights=sample_weight)
    spread, size = largest * float(np.sqrt(variance.max())), float(np.abs(mean).max())
    rounding = 100 * np.finfo(y.dtype).eps * size
    spread = spread if spread > rounding else (size or 1.0)
    # Squares of it stay within the floats.
    return min(max(spread, 1e-100), 1e100)


def _largest_mean(mean):
    """Return the largest of several means, or 1 if all are 0."""
    # Squares of it stay within the floats.
    return max(float(np.max(mean)), 1e-100) if np.any(mean) else 1.0


def _inside(share, margin=1e-10):
    """Clip probabilities away from 0 and 1, whose raw outputs would be infinite."""
    return np.clip(np.asarray(share, dtype=np.float64), margin, 1 - margin)


def _weighted_quantile(y, sample_weight, quantile):
    """Return the smallest value with at least `quantile` of the weight at or below it."""
    if sample_weight is None:
        return np.quantile(y, quantile, axis=0, method="inverted_cdf")
    order = np.argsort(y, axis=0)
    below = np.cumsum(sample_weight.astype(np.float64)[order], axis=0)
    # Rounding of the sum must not step over a value that has just enough below it.
    enough = below >= quantile * below[-1] * (1 - 1e-12)
    first = enough.argmax(axis=0)[None]
    return np.take_along_axis(np.take_along_axis(y, order, 0), first, 0)[0]
