"""The estimators: multilayer perceptrons whose norm penalty is the point."""

from .classifier import RegularizedMLPClassifier
from .path import regularization_path
from .regressor import RegularizedMLPRegressor

__all__ = [
    "RegularizedMLPClassifier",
    "RegularizedMLPRegressor",
    "regularization_path",
]
