"""Errors about class labels show them as the user gave them, and say what to change."""

import numpy as np
import pandas as pd
import pytest

from sknormreg import (
    MLPFeatureSelector,
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
    regularization_path,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # scikit-learn's splitter of folds.
    pytest.mark.filterwarnings("ignore:The least populated class"),
]

X = np.random.RandomState(0).normal(size=(60, 3))
TWO = ["left", "right"] * 30


def with_one_more(label, y=TWO):
    return [label, *y[1:]]


def classifier(**params):
    return RegularizedMLPClassifier((3,), max_iter=5, random_state=0, **params)


def fit_plain(y, **params):
    classifier(**params).fit(X, y)


def fit_cv(y, **params):
    RegularizedMLPClassifierCV((3,), alphas=2, cv=3, max_iter=5, **params).fit(X, y)


def fit_path(y, **params):
    regularization_path(X, y, estimator=classifier(**params), alphas=2)


# Classes of too few rows


@pytest.mark.parametrize("fit", [fit_plain, fit_cv, fit_path])
@pytest.mark.parametrize(
    ("y", "shown"),
    [
        (with_one_more("middle"), r"\['middle'\]"),
        (np.array(with_one_more(7, [10, 20] * 30)), r"\[7\]"),
        (np.array(with_one_more(-1.0, [0.0, 1.0] * 30)), r"\[-1\.0\]"),
        (pd.Series(with_one_more("middle")).astype("category"), r"\['middle'\]"),
    ],
)
def test_early_stopping_names_classes_of_one_row(fit, y, shown):
    message = f"early_stopping=True .* only one sample of {shown}"
    with pytest.raises(ValueError, match=message):
        fit(y, early_stopping=True)


def test_early_stopping_names_all_classes_of_one_row():
    with pytest.raises(ValueError, match=r"only one sample of \['middle', 'upper'\]"):
        fit_plain(["upper", "middle", *TWO[2:]], early_stopping=True)


def test_a_class_of_one_row_in_a_fold_is_named_before_the_first_fit(monkeypatch):
    y = ["up", "up", *TWO[2:]]
    fits = []
    monkeypatch.setattr(
        "sknormreg.fitting.path.fit_network", lambda *args, **kwargs: fits.append(args)
    )
    mlp = RegularizedMLPClassifierCV((3,), alphas=2, cv=2, early_stopping=True)
    with pytest.raises(ValueError, match=r"only one sample of \['up'\]"):
        mlp.fit(X, y)
    assert not fits


def test_early_stopping_with_too_few_rows_for_two_classes():
    with pytest.raises(ValueError, match=r"hold out 1 of 8 samples.*\['left', 'right'\]"):
        classifier(early_stopping=True).fit(X[:8], TWO[:8])
    mlp = classifier(early_stopping=True, validation_fraction=0.25)
    assert mlp.fit(X[:8], TWO[:8]).validation_scores_
    mlp.set_params(validation_fraction=0.9)
    with pytest.raises(ValueError, match=r"fraction=0.9 hold out 8 of 8 samples"):
        mlp.fit(X[:8], TWO[:8])


def test_a_single_class_is_shown_as_it_was_given():
    for label in ("left", 7, 1.0):
        with pytest.raises(ValueError, match=rf"contains only one class: {label!r}\."):
            fit_plain([label] * 60)


# Classes that are not known, or no labels


@pytest.mark.parametrize(
    ("y", "classes", "shown"),
    [
        (TWO, ["left", "middle"], r"classes \['right'\].*\['left', 'middle'\]"),
        (TWO, [1, 2], r"classes \['left', 'right'\].*\[1, 2\]"),
        ([10, 20] * 30, ["a", "b"], r"classes \[10, 20\].*\['a', 'b'\]"),
    ],
)
def test_partial_fit_names_classes_that_it_was_not_told(y, classes, shown):
    with pytest.raises(ValueError, match=shown):
        classifier().partial_fit(X, y, classes=classes)
    known = classifier().partial_fit(X, np.resize(classes, 60), classes=classes)
    with pytest.raises(ValueError, match=shown):
        known.partial_fit(X, y)


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ([1, "a"], "numbers, strings"),
        (np.array([1, "a"], dtype=object), "numbers, strings"),
        (["a", "b", None], "missing values, strings"),
        (pd.Series(["a", np.nan], dtype=object), "missing values, strings"),
        ([None, None], "missing values"),
    ],
)
def test_mixed_labels_are_refused_by_name(labels, found):
    message = f"must hold labels of one type, all numbers or all strings, got {found}"
    with pytest.raises(ValueError, match=f"classes {message}.* in classes]"):
        classifier().partial_fit(X, TWO, classes=labels)
    y = np.resize(np.array(labels, dtype=object), 60)
    cv = RegularizedMLPClassifierCV((3,), alphas=[1], cv=2, max_iter=5)
    for mlp in classifier(), cv:
        with pytest.raises(ValueError, match=f"y {message}"):
            mlp.fit(X, TWO).score(X, y)
    with pytest.raises(ValueError, match=f"X_val, y_val .*y {message}"):
        classifier().fit(X, TWO, X_val=X, y_val=y)
    with pytest.raises(ValueError, match=f"y {message}"):
        classifier().partial_fit(X, y, classes=["left", "right"])


def test_a_score_of_labels_that_were_not_seen_is_an_accuracy():
    mlp = classifier().fit(X, TWO)
    right = mlp.predict(X)
    assert mlp.score(X, np.where(np.arange(60) < 15, "new", right)) == 0.75


@pytest.mark.parametrize(
    "labels",
    [
        [1, "a", None, 1],
        np.array([1, "a"] * 2, dtype=object),
        ["a", None] * 2,
        np.array(["a", np.nan] * 2, dtype=object),
        [None] * 4,
        [1, "a"] * 2,
    ],
)
@pytest.mark.parametrize("cls", [RegularizedMLPClassifier, RegularizedMLPClassifierCV])
def test_mixed_labels_are_named(cls, labels):
    with pytest.raises(ValueError, match="y must hold labels of one type"):
        cls((3,)).fit(X[:4], labels)


def test_objects_of_one_kind_are_labels():
    mlp = RegularizedMLPClassifier((3,), tol=1.0, max_iter=5, alpha=1.0)
    for labels in (np.array(["a", "b"] * 30, object), np.array([True, 2] * 30, int)):
        assert len(mlp.fit(X, labels).classes_) == 2


@pytest.mark.parametrize(
    "y", [TWO, np.array(TWO), np.array(TWO, dtype=object), pd.Series(TWO)]
)
def test_a_regressor_refuses_labels(y):
    message = "y holds strings such as 'left'.*use RegularizedMLPClassifier"
    mlp = RegularizedMLPRegressor((2,), penalty="l1", alpha=1.0)
    for model in mlp, RegularizedMLPRegressorCV((2,)), MLPFeatureSelector(mlp):
        with pytest.raises(ValueError, match=message):
            model.fit(X, y)


def test_numbers_in_strings_are_numbers():
    y = np.array(["1.5", "2"] * 30, dtype=object)
    assert RegularizedMLPRegressor((), random_state=0, alpha=1.0).fit(X, y).n_outputs_ == 1
