"""MLPFeatureSelector: which features it selects, of all kinds of data."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.dummy import DummyRegressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknormreg import (
    KnockoffSelector,
    MLPFeatureSelector,
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
    StabilitySelector,
)
from sknormreg.penalties import GroupLasso, MaxNorm, Nuclear, Weighted
from sknormreg.selection import refit


def pairs(n_pairs=2, n_samples=300, n_features=20, seed=0, noise=1.0):
    """The targets of a published test: sums of 10 |difference of two features|."""
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n_samples, n_features))
    true = rng.permutation(n_features)[: 2 * n_pairs]
    differences = X[:, true[::2]] - X[:, true[1::2]]
    y = 10 * np.abs(differences).sum(axis=1) + noise * rng.normal(size=n_samples)
    return X, y, np.sort(true)


def selected(selector):
    return np.flatnonzero(selector.support_)


SMALL = RegularizedMLPRegressor((2,), penalty=[GroupLasso(), MaxNorm(1)], alpha=1.0)


@parametrize_with_checks([MLPFeatureSelector(SMALL, n_init=1, alpha=1e-3)])
def test_check_estimator(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([MLPFeatureSelector(n_init=1, alpha=1e-3)])
def test_check_default(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))]
)
def test_pairs_without_any_linear_effect(seed):
    X, y, true = pairs(seed=seed)
    assert np.abs(np.corrcoef(X[:, true].T, y)[-1, :-1]).max() < 0.25
    selector = MLPFeatureSelector(n_init=3, random_state=0).fit(X, y)
    np.testing.assert_array_equal(selected(selector), true)
    assert selector.n_features_ == 4
    assert (selector.scores_[true] > 0).all()
    assert selector.score(X, y) > 0.9


def test_the_final_network_goes_on_from_the_best(monkeypatch):
    monkeypatch.setitem(refit._REFIT, "max_iter", 1)
    monkeypatch.setitem(refit._REFIT, "alpha", 1e-3)
    X, y, true = pairs(n_pairs=1, n_features=8)
    mlp = RegularizedMLPRegressor((5,), "relu", penalty=[GroupLasso(), MaxNorm(1)])
    selector = MLPFeatureSelector(mlp, n_init=2, random_state=0).fit(X, y)
    (first, _), norms = selector.estimator_.regressor_[1].coefs_, selector.scores_[true]
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), norms, rtol=0.1)
    # Several starts of its own are random.
    other = clone(selector).set_params(estimator__n_init=2).fit(X, y)
    (first, _), norms = other.estimator_.regressor_[1].coefs_, other.scores_[true]
    assert np.abs(np.linalg.norm(first, axis=1) / norms - 1).max() > 0.2


def test_noise_selects_nothing():
    X, _, _ = pairs()
    y = np.random.RandomState(1).standard_t(3, size=len(X))
    with pytest.warns(UserWarning, match="No feature is selected"):
        selector = MLPFeatureSelector(n_init=2, random_state=0).fit(X, y)
    assert selector.n_features_ == 0
    # The mean, so that searches go on.
    assert isinstance(selector.estimator_, DummyRegressor)
    np.testing.assert_allclose(selector.predict(X), y.mean())
    assert selector.score(X, y) == pytest.approx(0)


@pytest.mark.parametrize(
    ("seed", "doubled"),
    [pytest.param(0, False, marks=pytest.mark.slow), (1, False), (2, True)],
)
def test_classes_of_noise_select_nothing(seed, doubled):
    """Few samples of any classes can be told apart by features of noise."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(60, 5)), rng.uniform(size=60) < 0.5
    weight = np.full(60, 2.0) if doubled else None
    with pytest.warns(UserWarning, match="No feature is selected"):
        selector = MLPFeatureSelector(n_init=2, random_state=seed).fit(X, y, weight)
    assert selector.n_features_ == 0


@pytest.mark.slow
def test_classes_that_a_product_decides():
    """Neither feature has an effect alone, and a norm leaves neither."""
    X = np.random.default_rng(0).normal(size=(200, 5))
    selector = MLPFeatureSelector(n_init=3, random_state=0).fit(X, X[:, 1] * X[:, 3] > 0)
    np.testing.assert_array_equal(selected(selector), [1, 3])


def test_effects_too_weak_for_the_networks_parameters():
    """Without such a feature a network is not stationary at the alpha of noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 6))
    y = 0.8 * X[:, 2] + rng.logistic(size=200) > 0
    selector = MLPFeatureSelector(n_init=1, random_state=0).fit(X, y)
    np.testing.assert_array_equal(selected(selector), [2])


@pytest.mark.slow
def test_units_do_not_matter():
    X, y, _ = pairs(n_features=8, n_samples=150)
    units = np.geomspace(1e-4, 1e4, X.shape[1])
    selector = MLPFeatureSelector(n_init=2, random_state=0)
    plain = clone(selector).fit(X, y)
    other = clone(selector).fit(X * units + 5 * units, 1e3 * y - 7e5)
    np.testing.assert_array_equal(selected(plain), selected(other))
    np.testing.assert_allclose(other.alpha_, plain.alpha_, rtol=1e-6)
    predicted = other.predict(X * units + 5 * units)
    assert np.corrcoef(predicted, y)[0, 1] > 0.95


def test_the_number_of_jobs_does_not_matter():
    X, y, _ = pairs(n_features=8, n_samples=150)
    one, two = (
        MLPFeatureSelector(SMALL, n_init=3, alpha=5.0, n_jobs=n_jobs, random_state=0).fit(
            X, y
        )
        for n_jobs in (1, 2)
    )
    np.testing.assert_array_equal(one.scores_, two.scores_)
    assert one.scores_.any()


def test_most_features():
    X, y, true = pairs(n_pairs=3, n_features=10)
    selector = MLPFeatureSelector(n_init=2, max_features=4, random_state=0).fit(X, y)
    assert selector.n_features_ == 4
    assert set(selected(selector)) <= set(true)


def test_classes_and_sparse_X():
    X, y, true = pairs(n_pairs=1, n_samples=200, n_features=6)
    labels = np.where(y > np.median(y), "high", "low")
    selector = MLPFeatureSelector(n_init=2, random_state=0).fit(X, labels)
    np.testing.assert_array_equal(selected(selector), true)
    assert set(selector.predict(X)) == {"high", "low"}
    assert selector.predict_proba(X).shape == (len(X), 2)
    X[np.abs(X) < 0.3] = 0
    selector = MLPFeatureSelector(n_init=2, random_state=0).fit(sparse.csr_array(X), labels)
    np.testing.assert_array_equal(selected(selector), true)
    assert sparse.issparse(selector.transform(sparse.csr_array(X)))


def test_weights_are_repetitions():
    X, y, true = pairs(n_samples=150, n_features=8, n_pairs=1)
    weight = np.random.RandomState(2).randint(0, 3, size=len(y)).astype(float)
    # Samples of weight 0, whose targets are wrong.
    y[weight == 0] = 1e3
    selector = MLPFeatureSelector(n_init=2, random_state=0)
    selector.fit(X, y, sample_weight=weight)
    np.testing.assert_array_equal(selected(selector), true)
    rows = np.repeat(np.arange(len(y)), weight.astype(int))
    again = MLPFeatureSelector(n_init=2, random_state=0).fit(X[rows], y[rows])
    scales = [one.estimator_.regressor_[0].scale_ for one in (selector, again)]
    np.testing.assert_allclose(*scales)


def frame_with_a_group():
    """Two numbers and the three features of a category matter: also returns their names."""
    X, y, true = pairs(n_features=10, n_pairs=1)
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(10)])
    kinds = np.random.RandomState(3).randint(3, size=len(y))
    for i in range(3):
        frame[f"kind_{i}"] = (kinds == i).astype(float)
    return frame, y + 8.0 * (kinds == 1), [*frame.columns[true], *frame.columns[10:]]


def test_a_frame_with_a_group():
    frame, y, names = frame_with_a_group()
    selector = MLPFeatureSelector(n_init=1, groups={"kind": "kind_"}, random_state=0)
    selector.fit(frame, y)
    assert list(selector.get_feature_names_out()) == names
    assert list(selector.selected_feature_names_) == names


@pytest.mark.slow
def test_a_frame_in_a_pipeline_and_a_search():
    frame, y, _ = frame_with_a_group()
    model = make_pipeline(
        MLPFeatureSelector(n_init=1, random_state=0).set_output(transform="pandas"),
        RegularizedMLPRegressor((5,), random_state=0, alpha=1.0),
    )
    search = GridSearchCV(model, {"mlpfeatureselector__quantile_level": [0.9]}, cv=2)
    assert search.fit(frame, y).best_score_ > 0.3


def test_estimators_of_ones_own():
    X, y, true = pairs(n_pairs=1, n_features=10)
    mlp = RegularizedMLPRegressor(
        (20,), activation="relu", penalty=[GroupLasso(), MaxNorm(1)], alpha=1.0
    )
    selector = MLPFeatureSelector(mlp, n_init=3, random_state=0).fit(X, y)
    assert set(true) <= set(selected(selector))
    with pytest.raises(ValueError, match=r"alpha='quantile' needs bounded weights"):
        MLPFeatureSelector(RegularizedMLPRegressor(penalty="group_lasso", alpha=1.0)).fit(
            X, y
        )
    with pytest.raises(ValueError, match="is for L1 or a group penalty"):
        MLPFeatureSelector(RegularizedMLPRegressor(alpha=1.0)).fit(X, y)
    with pytest.raises(TypeError, match="estimator must be a RegularizedMLPClassifier"):
        MLPFeatureSelector(make_pipeline(mlp)).fit(X, y)
    with pytest.raises(ValueError, match="estimator has max_time=2, but"):
        MLPFeatureSelector(mlp.set_params(max_time=2.0)).fit(X, y)
    with pytest.raises(ValueError, match="'max_features' parameter"):
        MLPFeatureSelector(max_features=0).fit(X, y)


def test_three_classes_and_several_outputs():
    X, labels = load_iris(return_X_y=True)
    rng = np.random.RandomState(0)
    X = np.hstack([X, rng.normal(size=(len(X), 6))])
    selector = MLPFeatureSelector(
        RegularizedMLPClassifier(
            (10,), activation="relu", penalty=[GroupLasso(), MaxNorm(1)], alpha=1.0
        ),
        n_init=2,
        random_state=0,
    ).fit(X, labels)
    assert set(selected(selector)) & {2, 3}
    assert not set(selected(selector)) & set(range(4, 10))
    y = np.stack([np.abs(X[:, 4]), X[:, 5] + X[:, 2]], axis=1)
    selector = MLPFeatureSelector(n_init=2, random_state=0).fit(X, y)
    np.testing.assert_array_equal(selected(selector), [2, 4, 5])
    assert selector.predict(X).shape == y.shape


def test_nan_is_refused_with_a_hint():
    X, y, _ = pairs()
    X[0, 0] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        MLPFeatureSelector().fit(X, y)


def test_predictions_do_not_depend_on_the_output_of_transform():
    X, y, _ = pairs(n_features=6, n_pairs=1)
    frame = pd.DataFrame(X, columns=list("abcdef"))
    selector = MLPFeatureSelector(SMALL, n_init=1, alpha=1.0, random_state=0)
    expected = selector.fit(frame, y).predict(frame)
    selector.set_output(transform="pandas")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(selector.predict(frame), expected)
    selector.fit(sparse.csr_array(X), y)
    assert np.isfinite(selector.score(sparse.csr_array(X), y))


def test_scores_of_cross_validation():
    X, y, _ = pairs(n_features=6, n_pairs=1)
    selector = MLPFeatureSelector(SMALL, n_init=1, alpha=1.0, random_state=0)
    assert not hasattr(selector, "predict_proba")
    assert np.isfinite(cross_val_score(selector, X, y, cv=2)).all()
    with pytest.raises(NotFittedError):
        selector.predict(X)


def test_an_alpha_that_is_too_large():
    X, y, _ = pairs(n_features=6, n_pairs=1)
    with pytest.warns(UserWarning, match="at alpha = 1e.06. A smaller alpha selects more"):
        MLPFeatureSelector(SMALL, n_init=1, alpha=1e6).fit(X, y)


def test_groups_of_a_tuple_of_penalties():
    X, y, true = pairs(n_features=6, n_pairs=1)
    others = [i for i in range(6) if i not in true]
    penalty = (GroupLasso(groups=[[true[0], *others]]), MaxNorm(1))
    mlp = RegularizedMLPRegressor((3,), activation="relu", penalty=penalty, alpha=1.0)
    selector = MLPFeatureSelector(mlp, n_init=1, alpha=5.0, random_state=0).fit(X, y)
    assert selector.support_.all()


def test_the_total_weight_of_the_estimator_does_not_matter():
    X, y, _ = pairs(n_features=6, n_pairs=1)
    mlp = clone(SMALL).set_params(total_weight=5.0)
    scores = [
        MLPFeatureSelector(one, n_init=1, alpha=5.0, random_state=0).fit(X, y).scores_
        for one in (SMALL, mlp)
    ]
    np.testing.assert_array_equal(*scores)
    assert np.any(scores)


@pytest.mark.parametrize(
    ("penalty", "message"),
    [
        ("l2", "selects no features, however large"),
        (Nuclear(), "selects no features, however large"),
        (MaxNorm(1), "alpha has no meaning"),
        (Weighted(GroupLasso(), {0: 0}), "got a Weighted penalty"),
    ],
)
def test_penalties_that_cannot_select(penalty, message):
    X, y, _ = pairs(n_features=6, n_pairs=1)
    selector = MLPFeatureSelector(
        RegularizedMLPRegressor((2,), penalty=penalty, alpha=1.0), alpha=1.0
    )
    with pytest.raises(ValueError, match=message):
        selector.fit(X, y)


@pytest.mark.parametrize("weighted", [pytest.param(False, marks=pytest.mark.slow), True])
@pytest.mark.slow
def test_noise_selects_little_with_balanced_classes(weighted):
    """The few samples of the rare class weigh much, so that alpha has to be larger.

    Without regard to that, noise is selected in more than half of the data sets.
    """
    mlp = RegularizedMLPClassifier((), penalty="l1", class_weight="balanced", alpha=1.0)
    n_wrong = 0
    for seed in range(8):
        rng = np.random.RandomState(seed)
        X, y = rng.normal(size=(200, 20)), np.repeat([0, 1], [185, 15])
        weight = rng.randint(0, 3, size=len(y)) if weighted else None
        selector = MLPFeatureSelector(mlp, n_init=1, random_state=0)
        n_wrong += selector.fit(X, y, sample_weight=weight).n_features_ > 0
    assert n_wrong <= 2


def test_counts():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 8))
    y = rng.poisson(np.exp(X[:, 2])).astype(float)
    mlp = RegularizedMLPRegressor(
        (10,),
        loss="poisson",
        activation="relu",
        penalty=[GroupLasso(), MaxNorm(1)],
        alpha=1.0,
    )
    selector = MLPFeatureSelector(mlp, n_init=2, random_state=0).fit(X, y)
    np.testing.assert_array_equal(selected(selector), [2])
    assert (selector.predict(X) > 0).all()


@pytest.mark.parametrize(
    ("selector", "meant"),
    [
        (MLPFeatureSelector(alpha="quantiles"), "quantile"),
        (KnockoffSelector(knockoffs="gausian"), "gaussian"),
        (StabilitySelector(sampling="subsamples"), "subsample"),
    ],
)
def test_misspelt_values_get_a_suggestion(selector, meant):
    X, y, _ = pairs()
    with pytest.raises(ValueError, match=f"Did you mean '{meant}'"):
        selector.fit(X, y)


# Nothing selected


def noise(kind, n_samples=60):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n_samples, 4))
    y = {
        "numbers": rng.normal(size=n_samples),
        "several": rng.normal(size=(n_samples, 2)),
        "classes": rng.choice(["a", "b", "c"], size=n_samples, p=[0.2, 0.6, 0.2]),
        "labels": rng.randint(2, size=(n_samples, 3)) * [1, 1, 0],
    }[kind]
    return X, y


def empty_selector(cls, **params):
    mlp = cls((), penalty="l1", **params)
    return MLPFeatureSelector(mlp, alpha=1e6, n_init=1, random_state=0)


@pytest.mark.parametrize("kind", ["numbers", "several", "classes", "labels"])
def test_without_features_a_constant_is_predicted(kind):
    X, y = noise(kind)
    weight = np.random.RandomState(1).randint(0, 4, size=len(X)).astype(float)
    is_regression = kind in ("numbers", "several")
    cls = RegularizedMLPRegressor if is_regression else RegularizedMLPClassifier
    selector = empty_selector(cls)
    with pytest.warns(UserWarning, match="No feature is selected"):
        selector.fit(X, y, sample_weight=weight)
    if is_regression:
        expected = np.average(y, axis=0, weights=weight)
        np.testing.assert_allclose(
            selector.predict(X), np.tile(expected, (60, 1)).squeeze()
        )
        assert not hasattr(selector, "predict_proba")
        with pytest.warns(UserWarning, match="No features were selected"):
            assert selector.transform(X).shape == (60, 0)
        return
    # The network without features has these probabilities, too.
    empty = cls((), penalty="l1", alpha=1e6).fit(X, y, sample_weight=weight)
    found = selector.predict_proba(X)
    np.testing.assert_allclose(found, empty.predict_proba(X), atol=1e-8)
    np.testing.assert_array_equal(selector.predict(X), empty.predict(X))
    assert selector.score(X, y) == pytest.approx(empty.score(X, y))


def test_the_constant_is_that_of_the_loss():
    X, y = noise("numbers")
    y = np.exp(y)
    for params, expected in [
        (dict(loss="huber"), np.median(y)),
        (dict(loss="quantile", quantile=0.8), np.quantile(y, 0.8)),
        (dict(loss="absolute_error"), np.median(y)),
        (dict(loss="poisson"), y.mean()),
        (dict(loss="gamma"), y.mean()),
    ]:
        selector = empty_selector(RegularizedMLPRegressor, **params).fit(X, y)
        np.testing.assert_allclose(selector.predict(X), expected, rtol=0.05)
    labels = noise("classes")[1]
    selector = empty_selector(RegularizedMLPClassifier, class_weight="balanced")
    np.testing.assert_allclose(selector.fit(X, labels).predict_proba(X), 1 / 3)


def test_searches_go_on_where_nothing_is_selected():
    X, y, _ = pairs(n_features=4, n_pairs=1, n_samples=80)
    selector = MLPFeatureSelector(SMALL, n_init=1, random_state=0)
    search = GridSearchCV(selector, {"alpha": [1.0, 1e6]}, cv=2, error_score="raise")
    scores = search.fit(X, y).cv_results_["mean_test_score"]
    assert abs(scores[1]) < 0.2
    assert search.best_params_ == {"alpha": 1.0}


# Kinds of values


def test_predictions_have_the_precision_of_X():
    X, y, _ = pairs(n_features=4, n_pairs=1)
    selector = MLPFeatureSelector(SMALL, n_init=1, alpha=1.0, random_state=0)
    for dtype in (np.float32, np.float64):
        for targets in (y, np.stack([y, -y], axis=1)):
            selector.fit(X.astype(dtype), targets)
            assert selector.predict(X.astype(dtype)).dtype == dtype
    assert selector.score(X, targets) > 0.2


@pytest.mark.parametrize("alpha", [True, np.True_, np.inf])
def test_values_that_are_no_alpha(alpha):
    X, y, _ = pairs(n_features=4, n_pairs=1)
    with pytest.raises(ValueError, match="alpha"):
        MLPFeatureSelector(SMALL, alpha=alpha).fit(X, y)
