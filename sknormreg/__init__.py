"""Multilayer perceptrons for scikit-learn whose norm penalty is the point."""

from .estimators import RegularizedMLPClassifier, RegularizedMLPRegressor

__version__ = "0.1.0"

__all__ = ["RegularizedMLPClassifier", "RegularizedMLPRegressor"]
