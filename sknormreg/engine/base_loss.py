"""Base class of losses.

A loss is the weighted *sum* over samples and over outputs or labels; the objective divides
it by the total weight. Raw outputs, `raw`, are those of the output layer before the output
activation: the link function is part of the loss, so that log losses are accurate even if
probabilities round to 0 or 1.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

from .._parameters import ParametersMixin


class Loss(ParametersMixin, ABC):
    """Base class of losses.

    A loss of your own is a subclass with the three methods `per_output`, `derivative` and
    `constant`; :doc:`/extending/loss` has an example. Parameters of `__init__` are stored
    under their names. Arrays have the dtype of `raw`, float64 or float32.

    Attributes
    ----------
    out_activation : {"identity", "logistic", "softmax", "exp"}
        The inverse link function, which maps `raw` to predictions; for another one, any
        other name.

    smooth : bool
        Whether the derivative is continuous.

    separable : bool
        Whether the value is a sum over samples, as that of a loss of your own has to be.

    domain : {">= 0", "> 0"} or None
        Which targets the loss is defined for; None for all numbers.

    scored_by_deviance : bool
        Whether `score` of an estimator is D^2, the share of the loss that it explains,
        rather than R^2.

    outputs_of_target : int or None
        Number of outputs that predict one target, repeated in as many columns of y; None
        for an output for each target.
    """

    _kind = "loss"

    out_activation = "identity"
    smooth = True
    separable = True
    domain: str | None = None
    scored_by_deviance = False
    outputs_of_target: int | None = None

    @abstractmethod
    def per_output(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Compute the loss per sample and output, or per sample only.

        Parameters
        ----------
        y, raw : ndarray of shape (n_samples, n_outputs)
            Targets and raw outputs.

        Returns
        -------
        values : ndarray of shape (n_samples, n_outputs) or (n_samples,)
            A new array.
        """

    @abstractmethod
    def derivative(self, y: np.ndarray, raw: np.ndarray) -> None:
        """Replace `raw` by the derivative of the loss with respect to `raw`.

        Parameters
        ----------
        y, raw : ndarray of shape (n_samples, n_outputs)
            Targets and raw outputs.
        """

    @abstractmethod
    def constant(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
        """Compute the constant raw output with the smallest total loss, or a good start.

        Parameters
        ----------
        y : ndarray of shape (n_samples, n_outputs)
            Targets.

        sample_weight : ndarray of shape (n_samples,) or None
            Weights of the samples; None for ones.

        Returns
        -------
        constant : ndarray of shape (n_outputs,)
            Raw outputs.
        """

    def inverse_link(self, raw: np.ndarray) -> None:
        """Replace `raw` by predictions. By default, they are the same.

        Parameters
        ----------
        raw : ndarray of shape (n_samples, n_outputs)
            Raw outputs.
        """
        return

    def of_predictions(self) -> "Loss":
        """Return the loss that tells how good predictions are: without label smoothing.

        Returns
        -------
        loss : Loss
            By default, this one.
        """
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

        Parameters
        ----------
        y : ndarray of shape (n_samples, n_outputs)
            Targets.

        sample_weight : ndarray of shape (n_samples,) or None
            Weights of the samples; None for ones.

        Returns
        -------
        raw_scale, loss_scale : float
            By default, 1.
        """
        return 1.0, 1.0

    def attainable(
        self, y: np.ndarray, sample_weight: np.ndarray | None, constant_loss: float
    ) -> float:
        """Return the part of a constant's loss that features can be hoped to take away.

        What counts as a small change of the loss is a share of it.

        Parameters
        ----------
        y : ndarray of shape (n_samples, n_outputs)
            Targets.

        sample_weight : ndarray of shape (n_samples,) or None
            Weights of the samples; None for ones.

        constant_loss : float
            Smallest `value` of a constant raw output.

        Returns
        -------
        part : float
            By default, all of it.
        """
        return constant_loss

    def value(
        self, y: np.ndarray, raw: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> float:
        """Sum the weighted loss over samples and outputs, in double precision.

        Parameters
        ----------
        y, raw : ndarray of shape (n_samples, n_outputs)
            Targets and raw outputs.

        sample_weight : ndarray of shape (n_samples,) or None
            Weights of the samples; None for ones.

        Returns
        -------
        value : float
            Sum over samples and outputs.
        """
        return weighted_sum(self.per_output(y, raw), sample_weight)

    def value_and_derivative(
        self, y: np.ndarray, raw: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> float:
        """Compute `value`, and replace `raw` by its derivative with sample weights.

        Parameters
        ----------
        y, raw : ndarray of shape (n_samples, n_outputs)
            Targets and raw outputs.

        sample_weight : ndarray of shape (n_samples,) or None
            Weights of the samples; None for ones.

        Returns
        -------
        value : float
            Sum over samples and outputs.

        Raises
        ------
        TypeError
            If `derivative` returns an array instead of replacing `raw`.
        """
        value = self.value(y, raw, sample_weight)
        returned: object = self.derivative(y, raw)
        if returned is not None:
            raise TypeError(
                f"derivative of {type(self).__name__} must write into its argument raw, "
                "as by raw[...] = slope, and return None."
            )
        if sample_weight is not None:
            raw *= sample_weight[:, None]
        return value


def weighted_sum(per_output: np.ndarray, sample_weight: np.ndarray | None) -> float:
    """Sum losses of samples or of outputs, in double precision."""
    if sample_weight is None:
        return float(per_output.sum(dtype=np.float64))
    per_row = per_output.reshape(len(per_output), -1).sum(axis=1, dtype=np.float64)
    return float(per_row @ sample_weight.astype(np.float64, copy=False))
