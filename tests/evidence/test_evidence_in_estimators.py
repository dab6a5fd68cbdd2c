"""alpha='evidence' beside what else estimators do."""

import pickle

import numpy as np
import pytest
from evidence_cases import (
    BOTH,
    SCOPES,
    not_converged,
    small_regression,
)
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
)
from sknormreg.evidence import solver


@not_converged
def test_a_warm_start_goes_on_from_the_alphas():
    X, y = small_regression()
    mlp = RegularizedMLPRegressor(
        (5,), alpha="evidence", warm_start=True, random_state=0
    ).fit(X, y)
    n_iter, alpha = mlp.n_iter_, mlp.alpha_
    mlp.fit(X, y)
    assert mlp.n_iter_ < n_iter / 2
    np.testing.assert_allclose(mlp.alpha_, alpha, rtol=0.3)


@not_converged
def test_early_stopping_and_held_out_rows():
    X, y = small_regression()
    mlp = RegularizedMLPRegressor((5,), alpha="evidence", random_state=0)
    mlp.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    assert len(mlp.validation_loss_curve_) == mlp.n_iter_
    mlp.set_params(early_stopping=True).fit(X, y)
    assert mlp.best_validation_score_ > 0.2
    assert np.isfinite(mlp.log_evidence_)


@not_converged
def test_a_fitted_estimator_is_pickled_and_converted():
    X, y = small_regression()
    mlp = RegularizedMLPRegressor((5,), alpha="evidence", random_state=0).fit(X, y)
    expected = mlp.predict(X, return_std=True)
    again = pickle.loads(pickle.dumps(mlp))
    np.testing.assert_array_equal(again.predict(X, return_std=True), expected)
    compact = mlp.compact()
    np.testing.assert_allclose(compact.predict(X, return_std=True), expected)
    assert compact.alpha == "evidence"
    np.testing.assert_allclose(mlp.to_sklearn().predict(X), expected[0])
    mlp.sparsify()
    np.testing.assert_allclose(mlp.predict(X, return_std=True), expected)


@not_converged
def test_compact_loses_the_posterior_of_units_that_it_removes():
    X, y = small_regression()
    mlp = RegularizedMLPRegressor((5,), alpha="evidence", random_state=0).fit(X, y)
    mlp.coefs_[1][2] = 0
    with pytest.raises(ValueError, match=r"compact\(\) has removed units"):
        mlp.compact().predict(X, return_std=True)


@not_converged
def test_another_fit_forgets_the_evidence():
    X, y = small_regression()
    mlp = RegularizedMLPRegressor((5,), alpha="evidence", random_state=0).fit(X, y)
    mlp.set_params(alpha=2).fit(X, y)
    assert mlp.alpha_ == 2.0
    assert not hasattr(mlp, "log_evidence_")
    assert not hasattr(mlp, "noise_variance_")
    with pytest.raises(ValueError, match="not fitted with alpha='evidence'"):
        mlp.predict(X, return_std=True)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(penalty="l1"), "for penalty='l2'.* not for penalty='l1'"),
        (dict(penalty=["l2", "elasticnet"]), "for penalty='l2'"),
        (dict(loss="poisson"), "not for loss='poisson'"),
        (dict(loss="huber"), "not for loss='huber'"),
        (dict(loss="quantile"), "not for loss='quantile'"),
        (dict(solver="adam"), "not for solver='adam'"),
        (dict(dropout=0.2), "no meaning with dropout"),
        (dict(evidence_scope="unit"), "'evidence_scope' parameter"),
        (dict(alpha="evident"), "'alpha' parameter"),
    ],
)
def test_what_evidence_is_not_for(params, message):
    X, y = small_regression()
    mlp = RegularizedMLPRegressor((5,), alpha="evidence").set_params(**params)
    with pytest.raises(ValueError, match=message):
        mlp.fit(X, np.abs(y))


@pytest.mark.parametrize("cls", BOTH)
def test_partial_fit_is_not_for_evidence(cls):
    mlp = cls(alpha="evidence")
    assert not hasattr(mlp, "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit") as error:
        mlp.partial_fit([[0.0]], [0.0])
    assert "not available with alpha='evidence'" in str(error.value.__cause__)


def test_alphas_that_have_not_settled_are_warned_of(monkeypatch):
    monkeypatch.setattr(solver, "_MOST_FITS", 1)
    monkeypatch.setattr(solver, "_MOST_PRECISE_FITS", 1)
    X, y = small_regression()
    mlp = RegularizedMLPRegressor(
        (5,), alpha="evidence", evidence_scope="feature", random_state=0
    )
    with pytest.warns(match="alpha='evidence' ended while alphas still changed"):
        mlp.fit(X, y)


def settings():
    for cls in BOTH:
        for scope in SCOPES:
            yield cls((10,), alpha="evidence", evidence_scope=scope, max_iter=30)
    # The check of weights in regression has as many features as rows that weigh something.
    yield RegularizedMLPClassifier((), alpha="evidence", max_iter=300)


QUICK = [(RegularizedMLPRegressor, "feature")]


def is_quick(mlp):
    return (type(mlp), mlp.evidence_scope) in QUICK and mlp.hidden_layer_sizes


@parametrize_with_checks([mlp for mlp in settings() if is_quick(mlp)])
@not_converged
def test_check_estimator(estimator, check):
    check(estimator)


@parametrize_with_checks([mlp for mlp in settings() if not is_quick(mlp)])
@not_converged
@pytest.mark.slow
def test_check_estimator_of_other_settings(estimator, check):
    check(estimator)
