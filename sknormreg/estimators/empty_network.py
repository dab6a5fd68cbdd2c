"""Warnings about networks that select no feature."""

from numbers import Real
from typing import Any

from .._warnings import warn
from ..engine import Data
from ..fitting.fit import FittedNetwork


def warn_of_empty(fitted: FittedNetwork, cause: str) -> None:
    """Warn if a fitted network selects no feature.

    Parameters
    ----------
    fitted : FittedNetwork

    cause : str
        Continues "No feature is selected and the network predicts a constant: ".
    """
    if fitted.is_empty:
        warn(f"No feature is selected and the network predicts a constant: {cause}")


def strong_alpha(alpha: Any, data: Data) -> str:
    """Describe why a network is empty, as `warn_of_empty` takes it.

    The cause is alpha or, if the sample weights are small, the scale of these.
    """
    if isinstance(alpha, str):
        return f"alpha={alpha!r} found no relation between X and y."
    n_samples = data.X.shape[0]
    shown = f"{alpha:.4g}" if isinstance(alpha, Real) else repr(alpha)
    cause = f"alpha={shown} is too large. Decrease alpha"
    if data.sample_weight is None:
        return f"{cause}."
    total = float(data.sample_weight.sum(dtype="float64"))
    cause += (
        " or increase the sample weights. The penalty is divided by their sum, which is "
        f"{total:.4g} for {n_samples} samples"
    )
    if total < n_samples:
        cause += f": alpha is {n_samples / total:.3g} times as strong as without weights"
    return f"{cause}."
