"""What users do: misspell names, mix labels, load old models, print more."""

import copy
import pickle
import re

import numpy as np
import pytest
from sklearn.base import clone

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)
from sknormreg.estimators import habits

rng = np.random.RandomState(0)
X = rng.randn(40, 3)
LEVELS = (X[:, 0] > 0).astype(int)
ALL = [
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressorCV,
]

# Misspelt names


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize(
    ("name", "given", "meant"),
    [
        ("penalty", "group_laso", "group_lasso"),
        ("penalty", ["group_laso", "l2"], "group_lasso"),
        ("activation", "Tanh", "tanh"),
        ("activation", ["rellu"], "relu"),
        ("solver", "lbgfs", "lbfgs"),
        ("learning_rate", "adaptiv", "adaptive"),
    ],
)
def test_misspelt_names_get_a_suggestion(cls, name, given, meant):
    with pytest.raises(ValueError, match=rf"Did you mean '{meant}'\?$"):
        cls((3,), **{name: given}).fit(X, LEVELS)


@pytest.mark.parametrize("given", ["1se", "one-se", "onese"])
def test_misspelt_rule(given):
    with pytest.raises(ValueError, match=r"'rule' parameter.*Did you mean 'one_se'"):
        RegularizedMLPClassifierCV(rule=given).fit(X, LEVELS)


def test_nothing_is_suggested_for_what_is_like_no_name():
    for settings in (dict(penalty="xyz"), dict(max_iter=-1), dict(solver=3)):
        with pytest.raises(ValueError, match=r"penalty|max_iter|solver") as error:
            RegularizedMLPClassifier(**settings).fit(X, LEVELS)
        assert "Did you mean" not in str(error.value)


# Labels


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
    with pytest.raises(ValueError, match="y holds labels of several types"):
        cls((3,)).fit(X[:4], labels)


def test_objects_of_one_kind_are_labels():
    mlp = RegularizedMLPClassifier((3,), tol=1.0, max_iter=5)
    for labels in (np.array(["a", "b"] * 20, object), np.array([True, 2] * 20, int)):
        assert len(mlp.fit(X, labels).classes_) == 2


# Versions


@pytest.mark.parametrize("cls", ALL)
def test_a_model_of_another_version_says_so(cls, monkeypatch):
    model = cls((3,))
    stored = pickle.dumps(model)
    assert pickle.loads(stored).get_params() == model.get_params()
    assert "_sknormreg_version" not in vars(pickle.loads(stored))
    copy.copy(clone(model))
    monkeypatch.setattr(habits, "__version__", "99.0")
    said = re.escape(f"{cls.__name__} was stored by sknormreg 0.1.0 and is loaded by 99.0")
    with pytest.warns(habits.OtherVersionWarning, match=said):
        pickle.loads(stored)


def test_a_model_without_a_version_is_of_the_last_that_stored_none(monkeypatch):
    model, state = RegularizedMLPClassifier(), RegularizedMLPClassifier().__getstate__()
    del state["_sknormreg_version"]
    monkeypatch.setattr(habits, "__version__", "0.2.0")
    with pytest.warns(habits.OtherVersionWarning, match="by sknormreg 0.1.0"):
        model.__setstate__(state)


@pytest.mark.parametrize("cls", ALL)
def test_a_model_without_a_parameter_of_today_has_its_default(cls):
    state = cls(tol=1e-3).__getstate__()
    del state["max_iter"], state["random_state"]
    model = cls.__new__(cls)
    model.__setstate__(state)
    assert model.get_params() == cls(tol=1e-3).get_params()
    assert clone(model).max_iter == 2000


# Verbosity


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_larger_number_never_prints_less(capsys):
    for n_iter, at_one in ((2, 2), (25, 11)):
        printed = []
        for verbose in (0, 1, 2, 10):
            mlp = RegularizedMLPClassifier(
                (3,), solver="adam", max_iter=n_iter, tol=0.0, verbose=verbose
            )
            mlp.fit(X, LEVELS)
            printed.append(len(capsys.readouterr().out.splitlines()))
        assert printed == [0, at_one, n_iter, n_iter]
