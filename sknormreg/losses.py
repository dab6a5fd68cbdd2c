"""Losses of regressors, and the base class of your own.

An instance can be the parameter `loss` of `RegularizedMLPRegressor` and
`RegularizedMLPRegressorCV`. Those here are what the names stand for that it accepts.
"""

from .engine.losses import HalfPoissonDeviance, HalfSquaredError, Huber, Loss, Pinball
from .engine.quantiles import SortedPinball
from .engine.tweedie import HalfTweedieDeviance

__all__ = [
    "HalfPoissonDeviance",
    "HalfSquaredError",
    "HalfTweedieDeviance",
    "Huber",
    "Loss",
    "Pinball",
    "SortedPinball",
]
