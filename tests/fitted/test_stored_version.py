"""Models of other versions of sknormreg say so when they are loaded."""

import copy
import pickle
import re

import pytest
from sklearn.base import clone

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)
from sknormreg.estimators import stored_version
from sknormreg.estimators.stored_version import OtherVersionWarning

ALL = [
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressorCV,
]


@pytest.mark.parametrize("cls", ALL)
def test_a_model_of_another_version_says_so(cls, monkeypatch):
    model = cls((3,))
    stored = pickle.dumps(model)
    assert pickle.loads(stored).get_params() == model.get_params()
    assert "_sknormreg_version" not in vars(pickle.loads(stored))
    copy.copy(clone(model))
    monkeypatch.setattr(stored_version, "__version__", "99.0")
    said = re.escape(
        f"{cls.__name__} was saved with sknormreg 0.1.0 and is loaded with version 99.0"
    )
    with pytest.warns(OtherVersionWarning, match=said):
        pickle.loads(stored)


def test_a_model_without_a_version_is_of_the_last_that_stored_none(monkeypatch):
    model, state = (
        RegularizedMLPClassifier(alpha=1.0),
        RegularizedMLPClassifier(alpha=1.0).__getstate__(),
    )
    del state["_sknormreg_version"]
    monkeypatch.setattr(stored_version, "__version__", "0.2.0")
    with pytest.warns(OtherVersionWarning, match="with sknormreg 0.1.0"):
        model.__setstate__(state)


@pytest.mark.parametrize("cls", ALL)
def test_a_model_without_a_parameter_of_today_has_its_default(cls):
    state = cls(tol=1e-3).__getstate__()
    del state["max_iter"], state["random_state"]
    model = cls.__new__(cls)
    model.__setstate__(state)
    assert model.get_params() == cls(tol=1e-3).get_params()
    assert clone(model).max_iter == 2000
