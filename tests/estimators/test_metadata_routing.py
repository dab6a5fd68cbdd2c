"""Sample weights, held-out rows and initial weights through scikit-learn's routing."""

import numpy as np
import pytest
import sklearn
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.metrics import accuracy_score, get_scorer
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.RandomState(0)
X = rng.randn(60, 4) * [1, 10, 100, 0.1]
y = (X[:, 0] + X[:, 1] / 10 + 0.5 * rng.randn(60) > 0).astype(int)
X_val = rng.randn(20, 4) * [1, 10, 100, 0.1]
y_val = (X_val[:, 0] > 0).astype(int)
sample_weight = rng.uniform(0.1, 3, size=60)
sample_weight_val = rng.uniform(0.1, 3, size=20)
FIT_METADATA = [
    "sample_weight",
    "X_val",
    "y_val",
    "sample_weight_val",
    "coef_init",
    "intercept_init",
]


@pytest.fixture(autouse=True)
def _routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def make(cls=RegularizedMLPClassifier, **params):
    return cls(**{"hidden_layer_sizes": (5,), "max_iter": 8, "random_state": 0, **params})


def initial(n_features=4):
    draw = np.random.RandomState(1)
    coefs = [draw.randn(n_features, 5), draw.randn(5, 1)]
    return dict(coef_init=coefs, intercept_init=[draw.randn(5), draw.randn(1)])


def assert_same_weights(first, second):
    for a, b in zip(first.coefs_ + first.intercepts_, second.coefs_ + second.intercepts_):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("cls", [RegularizedMLPClassifier, RegularizedMLPRegressor])
def test_requests_by_default_none_and_once_set_remembered(cls):
    assert make(cls).get_metadata_routing().fit.requests == dict.fromkeys(FIT_METADATA)
    requests = dict.fromkeys(FIT_METADATA, True)
    model = make(cls).set_fit_request(**requests)
    assert sklearn.clone(model).get_metadata_routing().fit.requests == requests


def test_metadata_nobody_asked_for_is_refused():
    pipeline = make_pipeline(StandardScaler(), make())
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        pipeline.fit(X, y, sample_weight=sample_weight)


def test_pipeline_transforms_the_held_out_rows():
    # The caller hands over raw rows; the scaler that was fitted on X must scale them.
    model = make().set_fit_request(**dict.fromkeys(FIT_METADATA, True))
    scaler = StandardScaler().set_fit_request(sample_weight=False)
    pipeline = make_pipeline(scaler, model, transform_input=["X_val"])
    pipeline.fit(
        X,
        y,
        sample_weight=sample_weight,
        X_val=X_val,
        y_val=y_val,
        sample_weight_val=sample_weight_val,
        **initial(),
    )

    by_hand = StandardScaler().fit(X)
    expected = make().fit(
        by_hand.transform(X),
        y,
        sample_weight=sample_weight,
        X_val=by_hand.transform(X_val),
        y_val=y_val,
        sample_weight_val=sample_weight_val,
        **initial(),
    )
    assert_same_weights(model, expected)
    assert model.validation_loss_curve_ == expected.validation_loss_curve_
    assert model.validation_scores_ == expected.validation_scores_
    # The curve's end is the log loss that the pipeline itself has on the raw rows.
    proba = pipeline.predict_proba(X_val)[np.arange(20), y_val]
    log_loss = np.average(-np.log(proba), weights=sample_weight_val)
    assert model.validation_loss_curve_[-1] == pytest.approx(log_loss, rel=1e-12)


def test_pipeline_early_stopping_on_held_out_rows():
    params = dict(early_stopping=True, alpha=0.01, max_iter=200, n_iter_no_change=3)
    model = make(**params).set_fit_request(X_val=True, y_val=True)
    pipeline = make_pipeline(StandardScaler(), model, transform_input=["X_val"])
    pipeline.fit(X, y, X_val=X_val, y_val=y_val)
    curve = model.validation_loss_curve_
    assert model.n_iter_ == len(curve) < 200
    # The weights returned are those of the best epoch.
    proba = pipeline.predict_proba(X_val)[np.arange(20), y_val]
    assert -np.log(proba).mean() == pytest.approx(min(curve), rel=1e-12)


def test_pipeline_without_transform_input_hands_on_raw_rows():
    model = make().set_fit_request(X_val=True, y_val=True)
    make_pipeline(StandardScaler(), model).fit(X, y, X_val=X_val, y_val=y_val)
    expected = make().fit(StandardScaler().fit_transform(X), y, X_val=X_val, y_val=y_val)
    assert model.validation_loss_curve_ == expected.validation_loss_curve_


@pytest.mark.parametrize("weighted_score", [False, True])
def test_grid_search_routes_sample_weight(weighted_score):
    model = make().set_fit_request(sample_weight=True)
    scorer = get_scorer("accuracy")
    scorer = scorer.set_score_request(sample_weight=weighted_score)
    folds = KFold(3)
    search = GridSearchCV(model, {"alpha": [0.01, 10.0]}, cv=folds, scoring=scorer)
    search.fit(X, y, sample_weight=sample_weight)

    for candidate, alpha in enumerate([0.01, 10.0]):
        for fold, (train, test) in enumerate(folds.split(X)):
            by_hand = make(alpha=alpha)
            by_hand.fit(X[train], y[train], sample_weight=sample_weight[train])
            weights = sample_weight[test] if weighted_score else None
            expected = accuracy_score(
                y[test], by_hand.predict(X[test]), sample_weight=weights
            )
            score = search.cv_results_[f"split{fold}_test_score"][candidate]
            assert score == pytest.approx(expected, rel=1e-12)
    refitted = make(**search.best_params_).fit(X, y, sample_weight=sample_weight)
    assert_same_weights(search.best_estimator_, refitted)


def test_grid_search_ignores_weights_that_the_fit_does_not_request():
    model = make().set_fit_request(sample_weight=False)
    model.set_score_request(sample_weight=True)
    search = GridSearchCV(model, {"alpha": [1.0]}, cv=2)
    search.fit(X, y, sample_weight=sample_weight)
    assert_same_weights(search.best_estimator_, make(alpha=1.0).fit(X, y))


def test_initial_weights_through_cross_validation():
    model = make(max_iter=1, solver="sgd", learning_rate_init=1e-30)
    model.set_fit_request(coef_init=True, intercept_init=True)
    result = cross_validate(model, X, y, cv=2, params=initial(), return_estimator=True)
    # At a vanishing rate a fit ends where it began.
    for fitted in result["estimator"]:
        for given, kept in zip(initial()["coef_init"], fitted.coefs_):
            np.testing.assert_allclose(kept, given, rtol=1e-12)


@pytest.mark.parametrize("cls", [RegularizedMLPClassifier, RegularizedMLPRegressor])
def test_score_request(cls):
    model = make(cls).set_fit_request(sample_weight=True)
    model.set_score_request(sample_weight=True)
    pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
    pipeline.fit(X, y, sample_weight=sample_weight)
    weighted = pipeline.score(X, y, sample_weight=sample_weight)
    scaled = StandardScaler().fit_transform(X)
    assert weighted == model.score(scaled, y, sample_weight=sample_weight)
    assert weighted != model.score(scaled, y)


@pytest.mark.parametrize("cls", [RegularizedMLPClassifier, RegularizedMLPRegressor])
def test_partial_fit_requests(cls):
    names = ["sample_weight"] + ["classes"] * (cls is RegularizedMLPClassifier)
    requests = make(cls).get_metadata_routing().partial_fit.requests
    assert requests == dict.fromkeys(names)
    model = make(cls).set_partial_fit_request(sample_weight="mass")
    assert model.get_metadata_routing().partial_fit.requests["sample_weight"] == "mass"


def test_partial_fit_through_a_meta_estimator():
    from sklearn.multioutput import MultiOutputRegressor

    targets = np.c_[X[:, 0], X[:, 1]]
    meta = MultiOutputRegressor(
        make(RegularizedMLPRegressor).set_partial_fit_request(sample_weight=True)
    )
    meta.partial_fit(X, targets, sample_weight=sample_weight)
    meta.partial_fit(X, targets, sample_weight=sample_weight)
    by_hand = make(RegularizedMLPRegressor)
    by_hand.partial_fit(X, targets[:, 1], sample_weight=sample_weight)
    by_hand.partial_fit(X, targets[:, 1], sample_weight=sample_weight)
    assert_same_weights(meta.estimators_[1], by_hand)
    assert meta.estimators_[1].n_iter_ == 2
