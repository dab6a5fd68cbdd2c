"""Survival estimators beside scikit-survival: the same models, its data and its scorers."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from survival_cases import LinearCox, simulated, structured

from sknormreg import RegularizedMLPSurvival, RegularizedMLPSurvivalCV

sksurv = pytest.importorskip("sksurv")
from sksurv.functions import StepFunction  # noqa: E402
from sksurv.linear_model import (  # noqa: E402
    CoxnetSurvivalAnalysis,
    CoxPHSurvivalAnalysis,
)
from sksurv.metrics import (  # noqa: E402
    as_concordance_index_ipcw_scorer,
    as_cumulative_dynamic_auc_scorer,
    as_integrated_brier_score_scorer,
    concordance_index_censored,
    concordance_index_ipcw,
    integrated_brier_score,
)
from sksurv.nonparametric import CensoringDistributionEstimator  # noqa: E402

X, Y = simulated(n=150, seed=4)
TARGETS = structured(Y)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_ridge_is_that_of_cox_ph(ties):
    own = RegularizedMLPSurvival((), alpha=4.0, ties=ties).fit(X, TARGETS)
    other = CoxPHSurvivalAnalysis(alpha=4.0, ties=ties, tol=1e-12).fit(X, TARGETS)
    cox = LinearCox(X, Y, None, ties)
    least = cox.objective(other.coef_, 0, 4.0)
    assert cox.objective(own.coefs_[0][:, 0], 0, 4.0) - least <= 1e-6 * least
    np.testing.assert_allclose(own.predict(X), other.predict(X), atol=1e-6)
    times = other.unique_times_
    for name in ("predict_survival_function", "predict_cumulative_hazard_function"):
        found = getattr(own, name)(X, times)
        expected = getattr(other, name)(X, return_array=True)
        np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_elastic_net_is_that_of_coxnet(l1_ratio):
    alpha = 10.0
    own = RegularizedMLPSurvival(
        (), penalty="elasticnet", l1_ratio=l1_ratio, alpha=alpha, ties="breslow"
    ).fit(X, TARGETS)
    # Its objective is divided by the number of samples.
    other = CoxnetSurvivalAnalysis(
        alphas=[alpha / len(X)],
        l1_ratio=l1_ratio,
        tol=1e-13,
        max_iter=10**6,
        fit_baseline_model=True,
    ).fit(X, TARGETS)
    cox = LinearCox(X, Y, None, "breslow")
    strengths = alpha * l1_ratio, alpha * (1 - l1_ratio)
    least = cox.objective(other.coef_[:, 0], *strengths)
    assert cox.objective(own.coefs_[0][:, 0], *strengths) - least <= 1e-6 * least
    np.testing.assert_array_equal(own.selected_features_, other.coef_[:, 0] != 0)
    times = other.unique_times_
    for name in ("predict_survival_function", "predict_cumulative_hazard_function"):
        found = getattr(own, name)(X, times)
        expected = [function(times) for function in getattr(other, name)(X)]
        # Hazards are up to 50.
        np.testing.assert_allclose(found, expected, atol=1e-6, rtol=1e-6)


def test_concordances_are_the_same():
    train, test = slice(0, 90), slice(90, None)
    model = RegularizedMLPSurvival((4,), alpha=5.0, random_state=0)
    model.fit(X[train], TARGETS[train])
    risk, y = model.predict(X[test]), TARGETS[test]
    harrell = concordance_index_censored(y["event"], y["time"], risk)[0]
    assert model.score(X[test], y) == pytest.approx(harrell, rel=1e-12)
    tau = 1.5
    uno = concordance_index_ipcw(TARGETS[train], y, risk, tau)[0]
    found = model.score(X[test], y, concordance="uno", tau=tau)
    assert found == pytest.approx(uno, rel=1e-12)
    curve = CensoringDistributionEstimator().fit(TARGETS[train])
    times, own = model._censoring
    np.testing.assert_allclose(own, curve.predict_proba(times), rtol=1e-12)


class WithFunctions(RegularizedMLPSurvival):
    """As doc/survival.md has it."""

    def predict_survival_function(self, X):
        times = np.hstack([-1, self.event_times_, 1e300])
        curves = super().predict_survival_function(X, times)
        return [StepFunction(times, curve) for curve in curves]


def test_functions_that_can_be_called():
    model = WithFunctions((), penalty="l1", alpha=2.0).fit(X, TARGETS)
    plain = RegularizedMLPSurvival((), penalty="l1", alpha=2.0).fit(X, TARGETS)
    times = [0.0, 0.01, 0.3, 1.0, 50.0]
    found = [function(times) for function in model.predict_survival_function(X)]
    np.testing.assert_array_equal(found, plain.predict_survival_function(X, times))


@pytest.mark.parametrize(
    ("cls", "scorer", "least"),
    [
        (
            RegularizedMLPSurvival,
            lambda model: as_concordance_index_ipcw_scorer(model, tau=1.0),
            0.6,
        ),
        (
            RegularizedMLPSurvival,
            lambda model: as_cumulative_dynamic_auc_scorer(model, times=[0.3, 0.6]),
            0.6,
        ),
        (
            WithFunctions,
            lambda model: as_integrated_brier_score_scorer(model, times=[0.3, 0.6]),
            -0.25,
        ),
    ],
    ids=["concordance", "auc", "brier"],
)
def test_scorers_in_searches(cls, scorer, least):
    model = scorer(cls((), penalty="l1"))
    grid = {"estimator__alpha": [1.0, 10.0, 1e4]}
    # Its estimates are for times within those of the training samples.
    y = TARGETS.copy()
    y["event"] &= y["time"] < 1.2
    y["time"] = np.minimum(y["time"], 1.2)
    search = GridSearchCV(model, grid, cv=3).fit(X, y)
    assert search.best_params_["estimator__alpha"] < 1e4
    assert search.best_score_ > least


def test_brier_score_as_a_scorer():
    times = np.linspace(0.1, 0.8, 5)

    def scorer(estimator, X, y):
        survival = estimator.predict_survival_function(X, times)
        return -integrated_brier_score(TARGETS, y, survival, times)

    search = RegularizedMLPSurvivalCV(
        (), penalty="l1", alphas=[1.0, 10.0, 1e4], cv=3, scoring=scorer
    ).fit(X, TARGETS)
    assert search.alpha_ < 1e4
    assert -0.25 < search.best_score_ < 0
