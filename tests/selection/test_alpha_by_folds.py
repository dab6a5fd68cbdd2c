"""MLPFeatureSelector(alpha="cv"): scores of folds, and the alpha that follows from them."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.metrics import get_scorer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import scale
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknormreg import (
    MLPFeatureSelector,
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)
from sknormreg.penalties import ElasticNet, GroupLasso, MaxNorm

LINEAR = dict(hidden_layer_sizes=(), penalty="group_lasso")


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("numbers", "best"),
        ("classes", "one_se"),
        pytest.param("numbers", "one_se", marks=pytest.mark.slow),
        pytest.param("classes", "best", marks=pytest.mark.slow),
    ],
)
def test_without_hidden_layers_it_is_the_search_over_alphas(kind, rule):
    """The problem is convex: all starts lead to the networks of the ...CV estimators."""
    if kind == "numbers":
        X, y = load_diabetes(return_X_y=True)
        mlp, search, cv = RegularizedMLPRegressor, RegularizedMLPRegressorCV, KFold(4)
        y, scoring = scale(y), "neg_mean_absolute_error"
    else:
        X, y = load_iris(return_X_y=True)
        mlp, search, cv = (
            RegularizedMLPClassifier,
            RegularizedMLPClassifierCV,
            StratifiedKFold(4),
        )
        scoring = "neg_log_loss"
    rng = np.random.RandomState(0)
    X = np.hstack([scale(X), scale(rng.normal(size=(len(X), 4)))])
    weight = rng.randint(1, 3, size=len(X)).astype(float)
    # Standardised with the weights, as the selector does.
    X = X - np.average(X, axis=0, weights=weight)
    X /= np.sqrt(np.average(X**2, axis=0, weights=weight))
    if kind == "numbers":
        y = y - np.average(y, weights=weight)
        y /= np.sqrt(np.average(y**2, weights=weight))
    selector = MLPFeatureSelector(
        mlp(**LINEAR),
        alpha="cv",
        cv=cv,
        scoring=scoring,
        rule=rule,
        n_init=1,
        random_state=0,
    ).fit(X, y, sample_weight=weight)
    assert selector.cv_scores_.shape == (10, 4)
    expected = search(
        **LINEAR, alphas=selector.cv_alphas_, cv=cv, scoring=scoring, rule=rule
    ).fit(X, y, sample_weight=weight)
    # Paths stop at a residual of 1e-8, in different places.
    np.testing.assert_allclose(selector.cv_scores_, expected.scores_, atol=1e-4)
    assert selector.alpha_ == expected.alpha_
    np.testing.assert_array_equal(selector.support_, expected.selected_features_)


def noisy_pair(n_samples=150):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n_samples, 8))
    return X, np.abs(X[:, 1] - X[:, 4]) + 0.1 * rng.normal(size=n_samples)


def test_networks_and_the_grid():
    X, y = noisy_pair(100)
    mlp = RegularizedMLPRegressor(
        (6,), "relu", penalty=[GroupLasso(), MaxNorm(1)], alpha=1.0
    )
    selector = MLPFeatureSelector(
        mlp, alpha="cv", cv=2, rule="one_se", n_init=2, random_state=0
    ).fit(X, y)
    assert set(np.flatnonzero(selector.support_)) >= {1, 4}
    assert selector.alpha_ in selector.cv_alphas_
    # The grid ends where nothing is left, and the score is that of a constant.
    assert np.abs(selector.cv_scores_[-1]).max() < 0.2
    assert selector.cv_scores_.mean(axis=1).max() > 0.5
    again = clone(selector).set_params(n_jobs=2).fit(X, y)
    np.testing.assert_array_equal(again.cv_scores_, selector.cv_scores_)
    np.testing.assert_array_equal(again.scores_, selector.scores_)
    selector.set_params(alpha=5.0).fit(X, y)
    assert not hasattr(selector, "cv_scores_")


def test_splits_as_a_list_and_a_scorer_of_ones_own():
    X, y = noisy_pair(60)
    y = np.where(y > np.median(y), "up", "down")
    seen = []

    def score(estimator, X, y):
        seen.append(set(y))
        return get_scorer("roc_auc")(estimator, X, y)

    splits = list(StratifiedKFold(2).split(X, y))
    selector = MLPFeatureSelector(
        RegularizedMLPClassifier(**LINEAR, class_weight="balanced"),
        alpha="cv",
        cv=splits,
        scoring=score,
        n_init=1,
        random_state=0,
    )
    selector.fit(X, y)
    assert seen == [{"up", "down"}] * 20
    with pytest.raises(ValueError, match="failed on the held-out samples of a fold"):
        selector.set_params(scoring=lambda *args: 1 / 0).fit(X, y)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(cv=1), "'cv' parameter"),
        (dict(rule="best_one"), "'rule' parameter"),
        (dict(scoring="acuracy"), "Did you mean 'accuracy'"),
        (dict(alpha="CV"), "Did you mean 'cv'"),
    ],
)
def test_bad_parameters(params, message):
    X, y = noisy_pair(60)
    selector = MLPFeatureSelector(RegularizedMLPRegressor(**LINEAR), alpha="cv")
    with pytest.raises(ValueError, match=message):
        selector.set_params(**params).fit(X, y)


# Strictly convex: weighted and repeated samples lead to the same features within the few
# iterations of a path.
SMALL = RegularizedMLPRegressor((), penalty=ElasticNet(0.2), alpha=1.0)


@pytest.mark.slow
@parametrize_with_checks([MLPFeatureSelector(SMALL, n_init=1, alpha="cv", cv=2)])
@pytest.mark.filterwarnings("ignore:No features were selected")
def test_check_estimator(estimator, check):
    check(estimator)
