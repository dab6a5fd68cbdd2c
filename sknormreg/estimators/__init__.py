"""What scikit-learn sees: validation, parameters, attributes; no arithmetic in it."""

from .classifier import RegularizedMLPClassifier
from .classifier_cv import RegularizedMLPClassifierCV
from .path import regularization_path
from .regressor import RegularizedMLPRegressor
from .regressor_cv import RegularizedMLPRegressorCV

__all__ = [
    "RegularizedMLPClassifier",
    "RegularizedMLPClassifierCV",
    "RegularizedMLPRegressor",
    "RegularizedMLPRegressorCV",
    "regularization_path",
]
