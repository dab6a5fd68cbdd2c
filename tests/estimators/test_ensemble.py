"""Searches that predict by the networks of all folds and by the final one."""

import pickle
import re
from types import SimpleNamespace

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import KFold, ShuffleSplit
from sklearn.preprocessing import scale
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)
from sknormreg.estimators import comparison
from sknormreg.estimators.fold_networks import SmallNetwork

X_WINE, WINE = load_wine(return_X_y=True)
X_WINE, WINE = scale(X_WINE)[::2], WINE[::2]
X_DIABETES, DIABETES = (scale(part)[::5] for part in load_diabetes(return_X_y=True))
LABELS = np.c_[WINE == 0, WINE == 1, X_WINE[:, 0] > 0].astype(int)
FOLDS = KFold(3, shuffle=True, random_state=1)

# Data and what makes the estimator for them.
KINDS = {
    "binary": (X_WINE, np.where(WINE > 0, "no", "yes"), {}),
    "multiclass": (X_WINE, WINE, {}),
    "multilabel": (X_WINE, LABELS, {}),
    "regression": (X_DIABETES, DIABETES, {}),
    "outputs": (X_DIABETES[:, 1:], np.c_[DIABETES, X_DIABETES[:, 0]], {}),
    "poisson": (X_DIABETES, np.round(np.exp(DIABETES)), {"loss": "poisson"}),
}
CLASSES = ["binary", "multiclass", "multilabel"]
NUMBERS = ["regression", "outputs", "poisson"]


def search(kind="multiclass", **params):
    """An unfitted search with few alphas, and its data."""
    X, y, own = KINDS[kind]
    cls = RegularizedMLPClassifierCV if kind in CLASSES else RegularizedMLPRegressorCV
    settings = dict(hidden_layer_sizes=(4,), alphas=[0.3, 3, 30], cv=FOLDS, ensemble=True)
    settings |= {"random_state": 0, "tol": 1e-3, **own, **params}
    if kind in CLASSES and kind != "multilabel":
        settings.setdefault("scoring", "neg_log_loss")
    return cls(**settings), X, y


@pytest.fixture(scope="module")
def fitted():
    """A fitted search of each kind, and the X that it was fitted to."""
    models = {}

    def get(kind):
        if kind not in models:
            model, X, y = search(kind, penalty="group_lasso")
            models[kind] = model.fit(X, y), X
        return models[kind]

    return get


def average(arrays):
    """Half of the weight is that of the last, the final network."""
    *of_folds, final = arrays
    return (final + np.mean(of_folds, axis=0)) / 2


# The networks


@pytest.mark.parametrize("penalty", ["l2", "l1"])
@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_networks_are_those_of_fits_to_the_training_samples(kind, penalty):
    model, X, y = search(kind, penalty=penalty, continuation=False)
    model.fit(X, y)
    samples = [*(train for train, _ in FOLDS.split(X)), np.arange(len(y))]
    for member, train in zip(model.estimators_, samples, strict=True):
        alone = clone(member).fit(X[train], y[train])
        for array, expected in zip(member.coefs_, alone.coefs_, strict=True):
            np.testing.assert_array_equal(array, expected)
        assert member.alpha == member.alpha_ == model.alpha_
        assert member.loss_curve_ == alone.loss_curve_


SEARCHES = {
    "path": dict(penalty="l1"),
    "relax": dict(penalty="group_lasso", relax=[False, True, 10.0], rule="one_se"),
    "sizes": dict(hidden_layer_sizes=[(2,), (3, 2), ()]),
    "ratios": dict(penalty="elasticnet", l1_ratio=[0.1, 0.9]),
    "skip": dict(penalty="hierarchical", alphas=[3, 30]),
    "starts": dict(n_init=2),
    "minibatches": dict(solver="adam", max_iter=20, n_iter_no_change=30),
    "stopped": dict(early_stopping=True, validation_fraction=0.3),
    "sparse": dict(continuation=False),
    "single": dict(),
    "weights": dict(),
}
not_converged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@not_converged
@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize(
    "kind", ["binary", pytest.param("outputs", marks=pytest.mark.slow)]
)
def test_networks_have_the_scores_of_the_choice(kind, name):
    model, X, y = search(kind, **SEARCHES[name])
    X = {"sparse": sparse.csr_array, "single": np.float32}.get(name, np.asarray)(X)
    weight = np.arange(1.0, len(y) + 1) if name == "weights" else None
    model.fit(X, y, sample_weight=weight)
    chosen = model.scores_.mean(axis=-1) == model.best_score_
    assert chosen.sum() == 1
    for k, (_, test) in enumerate(FOLDS.split(X)):
        member = model.estimators_[k]
        weights = {} if weight is None else {"sample_weight": weight[test]}
        score = model._scorer()(member, X[test], y[test], **weights)
        assert score == model.scores_[chosen][0, k]
        assert member.hidden_layer_sizes == model.hidden_layer_sizes_
        assert member.l1_ratio == model.l1_ratio_
        assert member.coefs_[0].dtype == model.coefs_[0].dtype
    frequency = np.mean([m.selected_features_ for m in model.estimators_[:-1]], axis=0)
    np.testing.assert_array_equal(model.selection_frequency_, frequency)


def test_networks_of_balanced_classes_are_fitted_with_the_weights_of_their_fold():
    settings = dict(class_weight="balanced", continuation=False, hidden_layer_sizes=())
    model, X, y = search("binary", **settings)
    model.fit(X, y)
    for member, (train, _) in zip(model.estimators_, FOLDS.split(X)):
        alone = clone(member).fit(X[train], y[train])
        # Weights that round differently, in a convex problem.
        np.testing.assert_allclose(member.coefs_[0], alone.coefs_[0], rtol=1e-6)


@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_it_changes_no_score_and_no_weight(fitted, kind):
    model, X = fitted(kind)
    alone = clone(model).set_params(ensemble=False).fit(X, KINDS[kind][1])
    np.testing.assert_array_equal(alone.scores_, model.scores_)
    for array, expected in zip(model.coefs_, alone.coefs_, strict=True):
        np.testing.assert_array_equal(array, expected)
    assert not hasattr(alone, "estimators_")
    np.testing.assert_array_equal(alone.predict(X), model.estimators_[-1].predict(X))
    # Parameters that are set later are those of the next fit.
    raw = alone._raw_predict(X)
    np.testing.assert_array_equal(alone.set_params(ensemble=True)._raw_predict(X), raw)


def test_a_fit_without_leaves_none_of_the_last_ensemble():
    model, X, y = search()
    assert not hasattr(model.fit(X, y).set_params(ensemble=False).fit(X, y), "estimators_")


@pytest.mark.parametrize(
    "backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("kind", ["multiclass", "outputs"])
def test_the_result_does_not_depend_on_jobs(fitted, kind, backend):
    model, X = fitted(kind)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        found = clone(model).fit(X, KINDS[kind][1])
    np.testing.assert_array_equal(found.predict(X), model.predict(X))
    for one, other in zip(found.estimators_, model.estimators_, strict=True):
        np.testing.assert_array_equal(one.coefs_[0], other.coefs_[0])


class Stop:
    """A callback that ends the comparison after the first alphas."""

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        return context.task_name == "alpha"


def test_networks_of_a_search_that_a_callback_ends():
    model, X, y = search()
    model.set_callbacks(Stop()).fit(X, y)
    assert np.isnan(model.scores_).any()
    assert [member.alpha for member in model.estimators_] == [0.3] * 4
    assert clone(model).set_params(cv=2).fit(X, y).predict_proba(X).shape == (89, 3)


def test_networks_of_a_search_without_time():
    model, X, y = search(max_time=1e-9)
    with pytest.warns(UserWarning, match="ended the comparison"):
        model.fit(X, y)
    assert [member.alpha for member in model.estimators_] == [0.3] * 4


def fewest(model, X, y):
    return -model.n_selected_features_


def test_networks_beyond_an_empty_one_are_empty():
    model, X, y = search("regression", penalty="l1", alphas=[1, 35, 60, 1e4])
    model.set_params(scoring=fewest, hidden_layer_sizes=())
    with pytest.warns(UserWarning, match="No feature is selected"):
        model.fit(X, y)
    n_features = model.path_n_features_[model.alphas_ < model.alpha_]
    assert (n_features == 0).any()
    assert n_features.any()
    assert not any(member.selected_features_.any() for member in model.estimators_)
    assert np.ptp(model.predict(X)) == 0


# Predictions


@pytest.mark.parametrize("kind", CLASSES)
def test_logits_are_averaged(fitted, kind):
    model, X = fitted(kind)
    logits = [member.decision_function(X) for member in model.estimators_]
    expected = average(logits)
    np.testing.assert_allclose(model.decision_function(X), expected, atol=1e-12)
    link = expit if kind != "multiclass" else lambda raw: softmax(raw, axis=1)
    proba = link(expected)
    proba = np.c_[1 - proba, proba] if kind == "binary" else proba
    np.testing.assert_allclose(model.predict_proba(X), proba, atol=1e-12)
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(proba), atol=1e-9)
    if kind == "multilabel":
        np.testing.assert_array_equal(model.predict(X), proba > 0.5)
    else:
        np.testing.assert_array_equal(model.predict(X), model.classes_[proba.argmax(1)])
    assert np.ptp(logits, axis=0).max() > 0.1


@pytest.mark.parametrize("kind", NUMBERS)
def test_predicted_values_are_averaged(fitted, kind):
    model, X = fitted(kind)
    values = [member.predict(X) for member in model.estimators_]
    expected = average(values)
    np.testing.assert_allclose(model.predict(X), expected, atol=1e-12)
    assert model.predict(X).shape == KINDS[kind][1].shape
    assert np.ptp(values, axis=0).max() > 0.1


def test_expected_counts_of_any_size_are_averaged(fitted):
    model, X = fitted("poisson")
    model = pickle.loads(pickle.dumps(model))
    for one in model.estimators_:
        one.intercepts_[-1] -= 2000
    model.estimators_[0].intercepts_[-1] += 2100
    expected = np.log(model.estimators_[0].predict(X)) - np.log(6)
    np.testing.assert_allclose(np.log(model.predict(X)), expected, rtol=1e-12)


def test_names_of_features_are_checked_once():
    model, X, y = search()
    X = pd.DataFrame(X, columns=[f"f{i}" for i in range(X.shape[1])])
    model.fit(X, y)
    assert list(model.estimators_[0].feature_names_in_) == list(X)
    np.testing.assert_array_equal(
        model.predict(X), search()[0].fit(X.values, y).predict(X.values)
    )
    with pytest.raises(ValueError, match="feature names"):
        model.predict(X[X.columns[::-1]])


# Features


@pytest.mark.parametrize("kind", ["binary", "regression"])
def test_importances_are_averaged_and_features_are_those_of_any_network(kind):
    model, X, y = search(kind, penalty="l1", alphas=[3.0], hidden_layer_sizes=())
    model.fit(X, y)
    own = model.estimators_[-1]
    expected = average([member.feature_importances_ for member in model.estimators_])
    np.testing.assert_allclose(model.feature_importances_, expected, rtol=1e-12)
    used = np.any([member.selected_features_ for member in model.estimators_], axis=0)
    np.testing.assert_array_equal(model.selected_features_, used)
    assert own.n_selected_features_ < model.n_selected_features_ < X.shape[1]
    assert model.n_nonzero_ == own.n_nonzero_
    text = f"The 4 networks .* select {used.sum()} of {X.shape[1]} features"
    assert re.search(text, repr(model.summary()))


# Conversions


def test_every_network_is_made_compact(fitted):
    model, X = fitted("multiclass")
    small = model.compact()
    np.testing.assert_allclose(small.predict_proba(X), model.predict_proba(X), atol=1e-12)
    for member, original in zip(small.estimators_, model.estimators_, strict=True):
        assert member.coefs_[0].shape[1] == max(original.n_active_units_[0], 1)
    assert {"before", "after"} == set(small.shrinkage_["n_units"])


def test_every_network_is_made_sparse():
    model, X, y = search("regression", penalty="l1", alphas=[80.0])
    predicted = model.fit(X, y).predict(X)
    assert not hasattr(clone(model), "sparsify")
    model.sparsify()
    assert all(sparse.issparse(m.coefs_[0]) for m in (model, *model.estimators_))
    np.testing.assert_allclose(model.predict(X), predicted, atol=1e-12)
    model.densify()
    assert not any(sparse.issparse(m.coefs_[0]) for m in (model, *model.estimators_))
    np.testing.assert_array_equal(model.predict(X), predicted)


_CONVERSIONS = ["to_arrays", "to_c", "to_formula", "to_sklearn", "to_torch"]


@pytest.mark.parametrize("method", _CONVERSIONS)
@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_conversions_of_one_network_refuse_several(fitted, kind, method):
    model, X = fitted(kind)
    args = ["network.c"] if method == "to_c" else []
    with pytest.raises(ValueError, match=f"predicts by 4. Call {method} of each of est"):
        getattr(model, method)(*args)
    with pytest.raises(NotFittedError):
        getattr(clone(model), method)(*args)
    if method == "to_sklearn":
        converted = [member.to_sklearn() for member in model.estimators_]
        for one, member in zip(converted, model.estimators_):
            np.testing.assert_allclose(one.predict(X), member.predict(X), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_it_survives_pickle(fitted, kind):
    model, X = fitted(kind)
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    assert type(twin.estimators_[0]) in (RegularizedMLPClassifier, RegularizedMLPRegressor)


# A search of its own


def test_networks_are_stored_sparse_until_alpha_is_chosen(monkeypatch):
    are_sparse = []

    def seen(fitted):
        small = SmallNetwork.of(fitted)
        are_sparse.append(sparse.issparse(small.params))
        np.testing.assert_array_equal(small.restored().params, fitted.params)
        return small

    monkeypatch.setattr(comparison, "SmallNetwork", SimpleNamespace(of=seen))
    model, X, y = search("regression", penalty="l1", hidden_layer_sizes=(200,))
    model.set_params(alphas=[1.0, 2.0]).fit(X, y)
    assert are_sparse == [True] * 6
    model.set_params(ensemble=False).fit(X, y)
    assert len(are_sparse) == 6


def test_splits_may_overlap():
    model, X, y = search(cv=ShuffleSplit(4, test_size=0.2, random_state=0))
    assert len(model.fit(X, y).estimators_) == 5


@pytest.mark.parametrize("cls", [RegularizedMLPClassifierCV, RegularizedMLPRegressorCV])
def test_whether_is_a_boolean(cls):
    with pytest.raises(ValueError, match=r"'ensemble' parameter .* must be"):
        cls(ensemble="yes").fit(X_WINE, WINE)


@parametrize_with_checks(
    [
        cls((3,), alphas=[0.1, 1.0], cv=2, max_iter=30, ensemble=True)
        for cls in (RegularizedMLPClassifierCV, RegularizedMLPRegressorCV)
    ]
)
@pytest.mark.slow
@not_converged
def test_check_estimator(estimator, check):
    check(estimator)
