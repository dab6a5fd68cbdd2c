"""Sparse, regularised multilayer perceptrons for scikit-learn."""

from ._show_versions import show_versions
from ._version import __version__
from .estimators import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
    RegularizedMLPSurvival,
    RegularizedMLPSurvivalCV,
    regularization_path,
)
from .fitted import feature_names
from .selection import KnockoffSelector, MLPFeatureSelector, StabilitySelector

__all__ = [
    "KnockoffSelector",
    "MLPFeatureSelector",
    "RegularizedMLPClassifier",
    "RegularizedMLPClassifierCV",
    "RegularizedMLPRegressor",
    "RegularizedMLPRegressorCV",
    "RegularizedMLPSurvival",
    "RegularizedMLPSurvivalCV",
    "StabilitySelector",
    "__version__",
    "feature_names",
    "regularization_path",
    "show_versions",
]
