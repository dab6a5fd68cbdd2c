"""Loss functions of targets and raw outputs, and their derivatives.

A loss is the weighted *sum* over samples and over outputs or labels; the objective divides
it by the total weight. Raw outputs, `raw`, are those of the output layer before the output
activation: the link function is part of the loss, so that log losses are accurate even if
probabilities round to 0 or 1.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
from scipy import special


class Loss(ABC):
    """Base class of losses.

    Attributes
    ----------
    out_activation : {"identity", "logistic", "softmax", "exp"}
        The inverse link function, which maps `raw` to predictions.

    smooth : bool
        Whether the derivative is continuous.

    separable : bool
        Whether the value is a sum over samples. If not, methods are given all of them.
    """

    out_activation = "identity"
    smooth = True
    separable = True

    @abstractmethod
    def per_output(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Compute the loss per sample and output, or per sample only."""

    @abstractmethod
    def derivative(self, y: np.ndarray, raw: np.ndarray) -> None:
        """Replace `raw` by the derivative of the loss with respect to `raw`."""

    @abstractmethod
    def constant(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
        """Compute the constant raw output with the smallest total loss, or a good start.

        Its shape is (n_outputs,).
        """

    def inverse_link(self, raw: np.ndarray) -> None:
        """Replace `raw` by predictions. By default, they are the same."""
        return

    def of_predictions(self) -> "Loss":
        """Return the loss that tells how good predictions are: without label smoothing."""
        return self

    # A method that maps raw outputs to matrices B of shape (n_samples, n_outputs,
    # n_outputs) such that B'B is the Hessian of the loss of each sample, independent of y.
    # None for losses that are not the negative log-likelihood of a generalised linear model
    # in its natural parameter.
    hessian_root: Callable[[np.ndarray], np.ndarray] | None = None

    def scales(
        self, y: np.ndarray, sample_weight: np.ndarray | None
    ) -> tuple[float, float]:
        """Return scales of raw outputs and of loss values.

        Solvers work with quantities divided by these, which are of order 1, so that targets
        may have any unit.
        """
        return 1.0, 1.0

    def attainable(
        self, y: np.ndarray, sample_weight: np.ndarray | None, constant_loss: float
    ) -> float:
        """Return the part of a constant's loss that features can be hoped to take away.

        What counts as a small change of the loss is a share of it. By default, all of it.
        """
        return constant_loss

    def value(
        self, y: np.ndarray, raw: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> float:
        """Sum the weighted loss over samples and outputs, in double precision."""
        return _weighted_sum(self.per_output(y, raw), sample_weight)

    def value_and_derivative(
        self, y: np.ndarray, raw: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> float:
        """Compute `value`, and replace `raw` by its derivative with sample weights."""
        value = self.value(y, raw, sample_weight)
        self.derivative(y, raw)
        if sample_weight is not None:
            raw *= sample_weight[:, None]
        return value


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

    It is r^2 / 2 if |r| <= delta, else delta (|r| - delta / 2), where r = raw - y.

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
        Quantile of y given x to predict, between 0 and 1.
    """

    smooth = False

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
        value = _weighted_sum(np.log(total) - picked, sample_weight)
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


def _weighted_sum(per_output, sample_weight):
    if sample_weight is None:
        return float(per_output.sum(dtype=np.float64))
    per_row = per_output.reshape(len(per_output), -1).sum(axis=1, dtype=np.float64)
    return float(per_row @ sample_weight.astype(np.float64, copy=False))


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
