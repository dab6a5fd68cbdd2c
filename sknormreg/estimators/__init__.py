"""Estimators: parameters, validation and fitted attributes, without any arithmetic."""

from .classifier import RegularizedMLPClassifier
from .classifier_cv import RegularizedMLPClassifierCV
from .docstrings import check_all_used
from .path import regularization_path
from .regressor import RegularizedMLPRegressor
from .regressor_cv import RegularizedMLPRegressorCV
from .survival import RegularizedMLPSurvival
from .survival_cv import RegularizedMLPSurvivalCV

__all__ = [
    "RegularizedMLPClassifier",
    "RegularizedMLPClassifierCV",
    "RegularizedMLPRegressor",
    "RegularizedMLPRegressorCV",
    "RegularizedMLPSurvival",
    "RegularizedMLPSurvivalCV",
    "regularization_path",
]

check_all_used(
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
    RegularizedMLPSurvival,
    RegularizedMLPSurvivalCV,
)
