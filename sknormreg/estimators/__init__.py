"""The estimators: multilayer perceptrons whose norm penalty is the point."""

from .classifier import RegularizedMLPClassifier
from .cross_validation import RegularizedMLPClassifierCV, RegularizedMLPRegressorCV
from .path import regularization_path
from .regressor import RegularizedMLPRegressor

__all__ = [
    "RegularizedMLPClassifier",
    "RegularizedMLPClassifierCV",
    "RegularizedMLPRegressor",
    "RegularizedMLPRegressorCV",
    "regularization_path",
]
