"""Labels that a part of the rows lacks, and what targets say of the task."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.datasets import load_wine
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import scale

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    regularization_path,
)
from sknormreg.estimators.hold_out import HoldOut
from sknormreg.estimators.validation import training_data

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def wine():
    X, y = load_wine(return_X_y=True)
    return scale(X)[::3], y[::3]


def output_units(y, **params):
    X = np.random.RandomState(0).randn(len(y), 2)
    path = regularization_path(
        X, y, hidden_layer_sizes=(), alphas=[1.0], max_iter=2, random_state=0, **params
    )
    return len(path.intercepts[0][-1])


@pytest.mark.parametrize(
    ("make", "n_units"),
    [
        (lambda whole: whole.astype(np.float64), 1),
        (lambda whole: whole.astype(np.float32), 1),
        (lambda whole: whole.astype(float).tolist(), 1),
        (lambda whole: pd.Series(whole.astype(float)), 1),
        (lambda whole: pd.Series(whole.astype(float), dtype=object), 1),
        (lambda whole: np.c_[whole, whole].astype(float), 2),
        (lambda whole: (whole > 1).astype(float), 1),
        (lambda whole: whole, 4),
        (lambda whole: whole.astype(np.uint8), 4),
        (lambda whole: whole.astype(str), 4),
        (lambda whole: whole.astype(str).astype(object), 4),
        (lambda whole: np.eye(4, dtype=int)[whole], 4),
        (lambda whole: whole > 1, 1),
    ],
)
def test_the_dtype_of_targets_is_what_tells_the_task(make, n_units):
    """Floats are numbers, be they whole or not; labels have an output for each class."""
    assert output_units(make(np.arange(40) % 4)) == n_units


def test_early_stopping_of_more_classes_than_held_out_rows(monkeypatch):
    X, y = np.random.RandomState(0).randn(90, 4), np.arange(90) % 30
    model = RegularizedMLPClassifier((3,), early_stopping=True, random_state=0, alpha=1.0)
    model.fit(X, y.astype(str))
    assert len(model.classes_) == model.predict_proba(X).shape[1] == 30
    # Where each part has a row of each class, it is stratified: two of each of five here.
    seen = []

    def seen_held_out(self, data, rows, random_state):
        rows, validation = held_out(self, data, rows, random_state)
        seen.append(data.y[validation.rows])
        return rows, validation

    held_out = HoldOut.__call__
    monkeypatch.setattr(HoldOut, "__call__", seen_held_out)
    labels = np.arange(100) % 5
    RegularizedMLPClassifier((3,), early_stopping=True, random_state=0, alpha=1.0).fit(
        np.eye(100), labels
    )
    np.testing.assert_array_equal(np.sort(seen[0]), np.repeat(np.arange(5), 2))


def rare(wine):
    """A class of two rows, which some of three folds hold out and others lack."""
    X, y = wine
    labels = np.array(["a", "b", "c", "rare"])[np.where(np.arange(len(y)) < 2, 3, y)]
    return X, labels


FEW = dict(alphas=[0.1, 1.0], cv=3, random_state=0)
few_members = pytest.mark.filterwarnings("ignore:The least populated class")


@few_members
@pytest.mark.parametrize(
    "scoring", ["neg_log_loss", "neg_brier_score", "top_k_accuracy", "d2_log_loss_score"]
)
def test_scorers_of_probabilities_know_all_classes(wine, scoring):
    X, y = rare(wine)
    model = RegularizedMLPClassifierCV((3,), scoring=scoring, **FEW).fit(X, y)
    assert model.scores_.shape == (2, 3)
    assert np.isfinite(model.scores_).all()


@few_members
def test_the_log_loss_of_a_fold_that_lacks_a_class(wine):
    X, y = rare(wine)
    folds = list(StratifiedKFold(3).split(X, y))
    settings = dict(tol=1e-4, continuation=False, scoring="neg_log_loss")
    model = RegularizedMLPClassifierCV((), **(FEW | settings | {"cv": folds})).fit(X, y)
    for k, (train, test) in enumerate(folds):
        # Without a row of it, a class is an output whose probability is next to 0.
        plain = RegularizedMLPClassifier((), alpha=1.0, tol=1e-4, random_state=0)
        plain.fit(X[train], y[train])
        if len(plain.classes_) == 4:
            proba = plain.predict_proba(X[test])
            expected = log_loss(y[test], proba, labels=plain.classes_)
            assert -model.scores_[1, k] == pytest.approx(expected, rel=1e-9)


@few_members
def test_balanced_weights_of_a_fold_that_lacks_a_class(wine):
    X, y = rare(wine)
    model = RegularizedMLPClassifierCV((3,), class_weight="balanced", **FEW)
    train = np.flatnonzero(y != "rare")
    folds = [(train, np.arange(6)), (np.arange(len(y)), np.arange(6))]
    model.set_params(cv=folds, alphas=[1.0], continuation=False).fit(X, y)
    plain = RegularizedMLPClassifier(
        (3,), class_weight="balanced", random_state=0, alpha=1.0
    )
    seen = training_data(plain, X[train], y[train], None)[0].sample_weight
    data, targets = training_data(model, X, y, None)
    of_fold = model._of_fold(targets, data, y, None, train).sample_weight
    np.testing.assert_allclose(of_fold[train], seen)
    assert not of_fold[y == "rare"].any()


def test_ratios_that_no_penalty_uses(wine):
    X, y = wine
    settings = dict(penalty=["l1", "l2"], **FEW)
    with pytest.warns(UserWarning, match="l1_ratio=.* does not use it: one path") as seen:
        found = RegularizedMLPClassifierCV((3,), l1_ratio=[0.2, 0.8], **settings).fit(X, y)
    assert [warning.filename for warning in seen] == [__file__]
    assert found.scores_.shape == (2, 3)
    one = RegularizedMLPClassifierCV((3,), l1_ratio=0.2, **settings).fit(X, y)
    np.testing.assert_array_equal(found.scores_, one.scores_)
    settings["penalty"] = ["elasticnet", "l2"]
    both = RegularizedMLPClassifierCV((3,), l1_ratio=[0.2, 0.8], **settings).fit(X, y)
    assert both.scores_.shape == (2, 2, 3)


def test_one_number_as_weight_of_all_rows(wine):
    X, y = wine
    model = RegularizedMLPClassifierCV((3,), **FEW)
    scores = model.fit(X, y, sample_weight=2.5).scores_
    expected = model.fit(X, y, sample_weight=np.full(len(y), 2.5)).scores_
    np.testing.assert_array_equal(scores, expected)


@pytest.mark.parametrize(
    "scoring",
    [
        None,
        pytest.param("accuracy", marks=pytest.mark.slow),
        "neg_log_loss",
        pytest.param("roc_auc_ovr", marks=pytest.mark.slow),
    ],
)
def test_weights_need_no_request_with_routing(wine, scoring):
    X, y = wine
    X = X + 3 * np.random.RandomState(0).randn(*X.shape)
    weight = np.where(np.arange(len(y)) % 2, 1.0, 3.0)
    model = RegularizedMLPClassifierCV((3,), scoring=scoring, **FEW)
    plain = model.fit(X, y, sample_weight=weight).scores_
    with sklearn.config_context(enable_metadata_routing=True):
        np.testing.assert_array_equal(model.fit(X, y, sample_weight=weight).scores_, plain)
    assert not np.array_equal(model.fit(X, y).scores_, plain)


@pytest.mark.parametrize("routing", [False, True])
def test_scorers_that_take_no_weights(wine, routing):
    """They score without; fits have them."""
    X, y = wine
    weight = np.where(np.arange(len(y)) % 2, 1.0, 3.0)

    def scorer(mlp, X, y):
        return mlp.score(X, y)

    with sklearn.config_context(enable_metadata_routing=routing):
        for scoring in ("adjusted_rand_score", scorer):
            model = RegularizedMLPClassifierCV((3,), scoring=scoring, **FEW)
            model.fit(X, y, sample_weight=weight)
            assert np.isfinite(model.scores_).all()
