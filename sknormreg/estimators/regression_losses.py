"""Losses of regressors: those that have a name, and how predictions are scored by them."""

import copy
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.validation import _check_sample_weight

from .._warnings import warn
from ..engine.losses import HalfPoissonDeviance, HalfSquaredError, Huber, Loss, Pinball
from ..engine.quantiles import SortedPinball
from ..engine.tweedie import HalfTweedieDeviance

# Names for a regressor's `loss`, which stand for a loss with its parameters.
REGRESSION_LOSSES: dict[str, Callable[[Any], Loss]] = {
    "squared_error": lambda params: HalfSquaredError(),
    "absolute_error": lambda params: Pinball(0.5),
    "huber": lambda params: Huber(params.huber_delta),
    "quantile": lambda params: _of_quantiles(params.quantile),
    "poisson": lambda params: HalfPoissonDeviance(),
    "gamma": lambda params: HalfTweedieDeviance(2.0),
    "tweedie": lambda params: HalfTweedieDeviance(params.power),
}


def _of_quantiles(quantile):
    if isinstance(quantile, Real):
        return Pinball(quantile)  # type: ignore[arg-type]
    return SortedPinball(tuple(np.asarray(quantile, dtype=np.float64).tolist()))


def check_quantiles(quantile: Any) -> None:
    """Raise a ValueError unless it is one quantile, or several in increasing order."""
    if isinstance(quantile, Real):
        return
    try:
        levels = np.asarray(quantile, dtype=np.float64)
    except (TypeError, ValueError):
        levels = np.empty(0)
    valid = levels.ndim == 1 and len(levels) > 0 and (levels > 0).all()
    if not valid or not (levels < 1).all() or not (np.diff(levels) > 0).all():
        raise ValueError(
            "quantile must be a number strictly between 0 and 1, or a list of such "
            f"numbers that is strictly increasing, got {quantile!r}."
        )


def regression_loss(estimator: Any) -> Loss:
    """Return the loss that the parameters of a regressor describe."""
    if isinstance(estimator.loss, Loss):
        # The fitted network keeps it, whatever becomes of the parameter.
        return copy.deepcopy(estimator.loss)
    return REGRESSION_LOSSES[estimator.loss](estimator)


def domain_of(estimator: Any) -> str | None:
    """Return `Loss.domain` of a regressor, whose parameters may not be valid."""
    try:
        return regression_loss(estimator).domain
    except (KeyError, TypeError, ValueError):
        return None


def score_of(
    loss: Loss, y: np.ndarray, raw: np.ndarray, sample_weight: np.ndarray | None
) -> np.ndarray:
    """Compute the score of each output: R^2 or, for some losses, D^2.

    That is the share of the squared error, or of the loss itself, that predictions explain
    of what the best constant leaves. It is nan where the constant leaves nothing.

    Parameters
    ----------
    loss : Loss

    y : ndarray of shape (n_samples, n_outputs)

    raw : ndarray of shape (n_samples, n_outputs)
        May be overwritten.

    sample_weight : ndarray of shape (n_samples,) or None
    """
    if not loss.scored_by_deviance:
        loss.inverse_link(raw)
        loss = HalfSquaredError()
    constant = np.tile(loss.constant(y, sample_weight).astype(y.dtype), (len(y), 1))
    left, total = (
        np.average(loss.per_output(y, outputs), axis=0, weights=sample_weight)
        for outputs in (raw, constant)
    )
    counted = y if sample_weight is None else y[sample_weight > 0]
    varies = (counted.max(axis=0) > counted.min(axis=0)) & (total > 0)
    # Undefined for a constant target, of which there is no need to warn every time.
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(varies, 1 - left / total, np.nan)


def checked_score(loss: Loss, y: Any, raw: np.ndarray, sample_weight: Any) -> float:
    """Compute the mean of `score_of` from targets and weights as users pass them.

    Conventions are those of scikit-learn's metrics: a warning and nan for one sample, and 1
    or 0 for constant targets.

    Parameters
    ----------
    loss : Loss

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)

    raw : ndarray of shape (n_samples, n_outputs)
        In double precision.

    sample_weight : array-like of shape (n_samples,) or None
    """
    y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
    y = y[:, None] if y.ndim == 1 else y
    check_consistent_length(y, raw)
    y = for_outputs(loss, y, raw.shape[1], "y")
    check_domain(loss, y, "y", f"The score of {type(loss).__name__}")
    if sample_weight is not None:
        sample_weight = _check_sample_weight(sample_weight, y, dtype=np.float64)
    if len(y) < 2:
        warn("The score is not defined with less than two samples.", UndefinedMetricWarning)
        return float("nan")
    exact = (loss.per_output(y, raw) == 0).all(axis=0)
    scores = score_of(loss, y, raw, sample_weight)
    return float(np.mean(np.where(np.isnan(scores), exact, scores)))


def for_outputs(loss: Loss, y: np.ndarray, n_outputs: int, name: str) -> np.ndarray:
    """Return targets with a column for each output, after a check of their number.

    Parameters
    ----------
    loss : Loss

    y : ndarray of shape (n_samples, n_targets)

    n_outputs : int
        Of the network.

    name : str
        Name of `y` in the message.
    """
    expected = 1 if loss.outputs_of_target else n_outputs
    if y.shape[1] != expected:
        raise ValueError(f"{name} has {y.shape[1]} outputs, but the model has {expected}.")
    return np.repeat(y, n_outputs, axis=1) if loss.outputs_of_target else y


def check_domain(loss: Loss, y: np.ndarray, name: str, what: str) -> None:
    """Raise a ValueError if a loss is not defined for some of the targets.

    Parameters
    ----------
    loss : Loss

    y : ndarray

    name : str
        Name of `y` in the message.

    what : str
        What needs other targets.
    """
    if loss.domain and (y < 0 if loss.domain == ">= 0" else y <= 0).any():
        raise ValueError(f"{what} needs {name} {loss.domain}; some values are not.")
