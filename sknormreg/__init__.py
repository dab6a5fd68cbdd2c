"""Sparse, regularised multilayer perceptrons for scikit-learn."""

from ._show_versions import show_versions
from ._version import __version__
from .estimators import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
    regularization_path,
)
from .fitted import feature_names
from .selection import KnockoffSelector

__all__ = [
    "KnockoffSelector",
    "RegularizedMLPClassifier",
    "RegularizedMLPClassifierCV",
    "RegularizedMLPRegressor",
    "RegularizedMLPRegressorCV",
    "__version__",
    "feature_names",
    "regularization_path",
    "show_versions",
]
