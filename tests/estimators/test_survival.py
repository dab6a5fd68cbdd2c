"""Survival estimators: forms of y, predictions, conventions, and what is refused.

`check_estimator` has no y of an event and a time.
"""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, UndefinedMetricWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from survival_cases import half_deviance, simulated, structured

from sknormreg import (
    MLPFeatureSelector,
    RegularizedMLPSurvival,
    regularization_path,
)
from sknormreg.penalties import PENALTIES, GroupMCP, MaxNorm

X, Y = simulated(n=80, seed=3, n_strata=2)
PLAIN = Y[:, [0, 2]]


def _model(**params):
    given = dict(hidden_layer_sizes=(3,), alpha=5.0, random_state=0)
    return RegularizedMLPSurvival(**(given | params))


@pytest.fixture(scope="module")
def fitted():
    return _model().fit(X, PLAIN)


# Forms of y

FRAME = pd.DataFrame({"time": PLAIN[:, 1], "event": PLAIN[:, 0].astype(bool)})
FIELDS = np.empty(len(Y), dtype=[("status", bool), ("days", float)])
FIELDS["status"], FIELDS["days"] = PLAIN.T
FORMS = {
    "structured": structured(Y),
    "other names": FIELDS,
    "frame": FRAME,
    "named by position": FRAME[["event", "time"]].set_axis(["a", "b"], axis=1),
    "list": PLAIN.tolist(),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_of_y_are_the_same(fitted, name):
    other = _model().fit(X, FORMS[name])
    np.testing.assert_array_equal(other.predict(X), fitted.predict(X))
    assert other.score(X, FORMS[name]) == fitted.score(X, PLAIN)


def test_strata_are_compared_among_themselves():
    names = np.where(Y[:, 1] > 0, "b", "a")
    frame = FRAME.assign(stratum=names)
    model = _model(ties="breslow").fit(X, frame)
    risk = model.predict(X)
    value = model.loss_ * len(Y) - 5 / 2 * sum(np.sum(W**2) for W in model.coefs_)
    assert value == pytest.approx(half_deviance(Y, risk, None, "breslow"), rel=1e-10)
    assert model.strata_.tolist() == ["a", "b"]
    assert model.baseline_cumulative_hazard_.shape == (2, len(model.event_times_))
    hazards = model.predict_cumulative_hazard_function(X, strata=names)
    expected = model.baseline_cumulative_hazard_[Y[:, 1].astype(int)]
    np.testing.assert_allclose(hazards, expected * np.exp(risk)[:, None], rtol=1e-12)
    # Events of a stratum alone are steps of its baseline.
    own = np.unique(Y[(Y[:, 1] == 1) & (Y[:, 0] == 1), 2])
    steps = np.diff(model.baseline_cumulative_hazard_[1], prepend=0) > 0
    np.testing.assert_array_equal(model.event_times_[steps], own)
    with pytest.raises(ValueError, match="strata must be given"):
        model.predict_survival_function(X)
    with pytest.raises(ValueError, match=r"the strata \['c'\], which fit has not seen"):
        model.predict_survival_function(X[:1], strata=["c"])
    with pytest.raises(ValueError, match="must have strata if and only if"):
        model.set_params(warm_start=True).fit(X, PLAIN)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_tied_times_may_come_in_any_order(ties):
    """Times are rounded so that most are tied, events with censored samples, too."""
    y = np.column_stack([PLAIN[:, 0], np.round(PLAIN[:, 1])])
    assert len(np.unique(y[:, 1])) < 10
    orders = [np.argsort(y[:, 1], kind="stable"), np.random.RandomState(1).permutation(80)]
    models = [
        _model(hidden_layer_sizes=(), ties=ties).fit(X[order], y[order]) for order in orders
    ]
    first, other = models
    assert first.loss_ == pytest.approx(other.loss_, rel=1e-10)
    # Minima are accurate to the tolerance of 1e-8 for the gradient.
    np.testing.assert_allclose(first.predict(X), other.predict(X), atol=1e-6)
    np.testing.assert_allclose(
        first.baseline_cumulative_hazard_, other.baseline_cumulative_hazard_, rtol=1e-6
    )
    assert first.score(X, y) == pytest.approx(other.score(X, y), rel=1e-12)


INVALID = {
    "one column": (PLAIN[:, 1], "an event .* and a time for each sample.* got shape"),
    "four columns": (np.hstack([PLAIN, PLAIN]), "an event .* and a time"),
    "a frame of one column": (FRAME[["time"]], r"it has the columns \['time'\]"),
    "time first": (PLAIN[:, ::-1], "The event comes before the time"),
    "no events": (PLAIN * [0, 1], "no event: all 80 samples are censored"),
    "negative time": (PLAIN * [1, -1], r"finite and at least 0, got -\d"),
    "no time": (np.where([False, True], np.nan, PLAIN), "got nan for sample 0"),
    "infinite time": (np.where([False, True], np.inf, PLAIN), "got inf for sample 0"),
    "words": (FRAME.assign(time="soon"), "Times in y must be numbers"),
    "missing event": (
        FRAME.astype({"event": "boolean"}).assign(event=pd.NA),
        "an event .* and a time",
    ),
    "short": (PLAIN[:-1], "inconsistent numbers of samples"),
    "strata of one": (
        np.column_stack([PLAIN, np.arange(len(PLAIN))]),
        "no event with another sample of its stratum at risk",
    ),
}


@pytest.mark.parametrize("name", INVALID)
def test_invalid_y_is_refused(name):
    y, message = INVALID[name]
    with pytest.raises(ValueError, match=message):
        _model().fit(X, y)


def test_other_invalid_input_is_refused():
    with pytest.raises(ValueError, match="with an event have a sample_weight of 0"):
        _model().fit(X, PLAIN, sample_weight=1 - PLAIN[:, 0])
    with pytest.raises(ValueError, match="non-zero"):
        _model().fit(X, PLAIN, sample_weight=np.zeros(len(X)))
    for solver in ("adam", "sgd"):
        with pytest.raises(ValueError, match=f"solver='{solver}' trains in minibatches"):
            _model(solver=solver).fit(X, PLAIN)
    for alpha in ("evidence", "quantile"):
        with pytest.raises(ValueError, match="'alpha' parameter"):
            _model(alpha=alpha).fit(X, PLAIN)
    with pytest.raises(ValueError, match="y_val has no event"):
        _model().fit(X, PLAIN, X_val=X, y_val=PLAIN * [0, 1])
    with pytest.raises(ValueError, match="'ties' parameter"):
        _model(ties="exact").fit(X, PLAIN)


# Predictions


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_functions_of_time_are_by_breslows_baseline(ties):
    weight = np.random.RandomState(0).randint(0, 3, size=len(X)).astype(float)
    model = _model(ties=ties).fit(X, PLAIN, weight)
    risk = model.predict(X)
    event, time = PLAIN.T
    counted = (event > 0) & (weight > 0)
    np.testing.assert_array_equal(model.event_times_, np.unique(time[counted]))

    def hazard(t):
        return sum(
            w / (weight * np.exp(risk))[time >= u].sum()
            for u, w in zip(time[counted], weight[counted])
            if u <= t
        )

    times = [0, 0.05, 0.5, 1.0, 1e3]
    found = model.predict_cumulative_hazard_function(X[:7], times)
    expected = np.exp(risk[:7])[:, None] * [hazard(t) for t in times]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    survival = model.predict_survival_function(X[:7], times)
    np.testing.assert_allclose(survival, np.exp(-expected), rtol=1e-12)
    at_events = model.predict_cumulative_hazard_function(X[:7])
    assert at_events.shape == (7, len(model.event_times_))
    np.testing.assert_allclose(at_events[:, -1], found[:, -1], rtol=1e-15)


def test_times_and_strata_are_checked(fitted):
    with pytest.raises(ValueError, match="times"):
        fitted.predict_survival_function(X, [[1.0]])
    with pytest.raises(ValueError, match="strata must be None"):
        fitted.predict_survival_function(X, strata=np.zeros(len(X)))


def test_score_is_the_concordance_of_its_kind(fitted):
    harrell = fitted.score(X, PLAIN)
    assert 0.6 < harrell < 1
    uno = fitted.score(X, PLAIN, concordance="uno", tau=2.0)
    assert uno != harrell
    assert uno == pytest.approx(harrell, abs=0.1)
    weighted = fitted.score(X, PLAIN, sample_weight=np.full(len(X), 3.0))
    assert weighted == pytest.approx(harrell, rel=1e-12)
    with pytest.raises(ValueError, match="concordance must be one of"):
        fitted.score(X, PLAIN, concordance="somers")
    with pytest.warns(UndefinedMetricWarning, match="No two samples can be compared"):
        assert np.isnan(fitted.score(X, PLAIN * [0, 1]))


# Training


@pytest.mark.parametrize("penalty", sorted(PENALTIES))
def test_every_penalty_trains(penalty):
    alphas = {"hierarchical": 30.0, "max_norm": 1.0, "l1_ball": 1.0}
    alpha = alphas.get(penalty, 3.0)
    model = _model(penalty=penalty, alpha=alpha).fit(X, PLAIN)
    assert model.score(X, PLAIN) > 0.6
    assert np.isfinite(model.predict_survival_function(X)).all()


def test_held_out_loss_is_the_partial_likelihood_of_held_out_samples():
    train, test = slice(0, 50), slice(50, None)
    model = _model().fit(X[train], PLAIN[train], X_val=X[test], y_val=PLAIN[test])
    y = Y[test] * [1, 0, 1]
    expected = half_deviance(y, model.predict(X[test])) / len(y)
    assert model.validation_loss_curve_[-1] == pytest.approx(expected, rel=1e-10)
    concordance = model.score(X[test], PLAIN[test])
    assert model.validation_scores_[-1] == pytest.approx(concordance, rel=1e-12)


def test_early_stopping_keeps_the_best_weights():
    model = _model(alpha=0.01, early_stopping=True, validation_fraction=0.3)
    model.fit(X, PLAIN)
    curve = model.validation_loss_curve_
    assert np.argmin(curve) < len(curve) - 1
    # The baseline is that of all samples.
    assert model.event_times_[-1] == PLAIN[PLAIN[:, 0] > 0, 1].max()


def test_alpha_is_chosen_by_held_out_samples():
    model = _model(alpha="auto", penalty="group_lasso").fit(X, PLAIN)
    assert 0.5 < model.alpha_ < 20
    again = _model(alpha=model.alpha_, penalty="group_lasso").fit(X, PLAIN)
    assert again.loss_ <= model.loss_ * (1 + 1e-6)


def test_warm_start_and_several_starts():
    model = _model(warm_start=True).fit(X, PLAIN)
    n_iter = model.n_iter_
    assert model.fit(X, PLAIN).n_iter_ < n_iter
    several = _model(n_init=3).fit(X, PLAIN)
    assert several.loss_ <= _model().fit(X, PLAIN).loss_


def test_path_ends_empty_and_is_for_structured_y_by_itself():
    path = regularization_path(
        X, structured(Y), penalty="l1", hidden_layer_sizes=(3,), alphas=5, random_state=0
    )
    assert path.n_features[-1] == 0
    given = regularization_path(X, PLAIN, estimator=_model(penalty="l1"), alphas=5)
    np.testing.assert_array_equal(given.objective, path.objective)


def test_output_intercept_stays_at_zero(fitted):
    np.testing.assert_array_equal(fitted.intercepts_[-1], 0)


# Conventions


def test_clone_pickle_and_params(fitted):
    other = clone(fitted)
    assert other.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        other.predict(X)
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(
        copy.predict_survival_function(X), fitted.predict_survival_function(X)
    )


def test_features_are_noted_and_checked(fitted):
    frame = pd.DataFrame(X, columns=list("abcde"))
    model = _model().fit(frame, FRAME)
    assert model.feature_names_in_.tolist() == list("abcde")
    assert model.n_features_in_ == fitted.n_features_in_ == 5
    assert model.n_outputs_ == 1
    with pytest.raises(ValueError, match="4 features"):
        fitted.predict(X[:, :4])
    assert fitted.__sklearn_tags__().target_tags.required
    assert fitted.__sklearn_tags__().input_tags.sparse


def test_searches_and_pipelines_of_scikit_learn():
    pipeline = make_pipeline(StandardScaler(), _model())
    scores = cross_val_score(pipeline, X, structured(Y), cv=3)
    assert scores.shape == (3,)
    grid = {"regularizedmlpsurvival__alpha": [1.0, 10.0]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, structured(Y))
    assert search.best_score_ == max(search.cv_results_["mean_test_score"])
    by_alpha = dict(zip([1.0, 10.0], search.cv_results_["mean_test_score"]))
    alone = cross_val_score(pipeline, X, PLAIN, cv=3).mean()
    assert min(by_alpha.values()) - 0.1 < alone < max(by_alpha.values()) + 0.1


def test_conversions(fitted):
    small = _model(penalty="group_lasso", hidden_layer_sizes=(8,)).fit(X, PLAIN).compact()
    assert small.predict_survival_function(X[:2], [1.0]).shape == (2, 1)
    tanh = fitted.to_sklearn()
    np.testing.assert_allclose(tanh.predict(X), fitted.predict(X), rtol=1e-12)
    assert fitted.to_arrays()["out_activation"].item() == "identity"


def test_single_precision():
    model = _model().fit(X.astype(np.float32), PLAIN)
    assert model.predict(X.astype(np.float32)).dtype == np.float32
    double = _model().fit(X, PLAIN)
    # The objectives agree to the precision of the numbers.
    assert model.loss_ == pytest.approx(double.loss_, rel=1e-4)


# Selectors


@pytest.mark.slow
def test_selector_finds_the_features_of_risk():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(150, 6))
    time = rng.exponential(np.exp(-2 * X[:, 0] + 1.5 * X[:, 1]))
    y = np.column_stack([time < 2, np.minimum(time, 2)])
    mlp = RegularizedMLPSurvival((4,), penalty=[GroupMCP(0.3), MaxNorm(1.0)])
    selector = MLPFeatureSelector(mlp, n_init=1, random_state=0).fit(X, y)
    np.testing.assert_array_equal(np.flatnonzero(selector.support_), [0, 1])
    assert selector.score(X, y) > 0.75


def test_selector_of_no_feature_predicts_a_constant():
    mlp = RegularizedMLPSurvival((3,), penalty="group_lasso")
    with pytest.warns(UserWarning, match="No feature"):
        empty = MLPFeatureSelector(mlp, alpha=1e4, n_init=1, random_state=0).fit(X, PLAIN)
    np.testing.assert_array_equal(empty.predict(X), 0)
    assert empty.score(X, PLAIN) == 0.5
