"""Multilayer perceptrons for scikit-learn whose norm penalty is the point."""

from ._version import __version__
from .estimators import RegularizedMLPClassifier, RegularizedMLPRegressor

__all__ = ["RegularizedMLPClassifier", "RegularizedMLPRegressor", "__version__"]
