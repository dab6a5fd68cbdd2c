"""The defaults, estimators that choose alpha, and all settings pass check_estimator."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks
from test_check_estimator import (
    BOTH,
    alpha_of_constraints,
    expected_failures,
    not_converged,
    settings,
)

from sknormreg import RegularizedMLPClassifierCV, RegularizedMLPRegressorCV

pytestmark = pytest.mark.slow


@parametrize_with_checks([cls() for cls in BOTH])
@not_converged
def test_check_estimator_of_the_defaults(estimator, check):
    check(estimator)


# In twice as many iterations rounding grows beyond the tolerance of checks that compare.
CROSS_VALIDATION = dict(hidden_layer_sizes=(10,), alphas=4, cv=3, max_iter=25)


@parametrize_with_checks(
    [
        cls(relax=relax, **CROSS_VALIDATION)
        for cls in (RegularizedMLPClassifierCV, RegularizedMLPRegressorCV)
        for relax in (False, True)
    ]
)
@not_converged
def test_check_estimator_with_cross_validation(estimator, check):
    check(estimator)


@parametrize_with_checks(
    list(settings("the others")),
    expected_failed_checks=expected_failures,
    xfail_strict=False,
)
@not_converged
@alpha_of_constraints
def test_check_estimator_of_the_other_settings(estimator, check):
    check(estimator)
