"""The estimators: multilayer perceptrons whose norm penalty is the point."""

from .classifier import RegularizedMLPClassifier
from .regressor import RegularizedMLPRegressor

__all__ = ["RegularizedMLPClassifier", "RegularizedMLPRegressor"]
