"""The defaults, estimators that choose alpha, and all settings pass check_estimator."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks
from test_check_estimator import (
    BOTH,
    EQUIVALENCE,
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


CROSS_VALIDATION = dict(hidden_layer_sizes=(10,), alphas=4, cv=3, max_iter=50)


def expected_failures_of_relaxed(estimator):
    if not estimator.relax:
        return {}
    reason = "Rounding grows beyond the checks' tolerance in 50 iterations, which end it."
    return {check.__name__: reason for check in EQUIVALENCE}


@parametrize_with_checks(
    [
        RegularizedMLPClassifierCV(**CROSS_VALIDATION),
        RegularizedMLPRegressorCV(relax=True, **CROSS_VALIDATION),
    ],
    expected_failed_checks=expected_failures_of_relaxed,
    # Whether fits that are as far apart as the tolerance fail depends on the last digits.
    xfail_strict=False,
)
@not_converged
def test_check_estimator_with_cross_validation(estimator, check):
    check(estimator)


@parametrize_with_checks(
    [
        RegularizedMLPClassifierCV(relax=True, **CROSS_VALIDATION),
        RegularizedMLPRegressorCV(**CROSS_VALIDATION),
    ]
)
@not_converged
def test_check_estimator_with_cross_validation_the_other_way(estimator, check):
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
