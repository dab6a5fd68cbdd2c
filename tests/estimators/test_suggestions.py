"""Misspelt names get the most similar one suggested, where there is one."""

import numpy as np
import pytest

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)

rng = np.random.RandomState(0)
X = rng.randn(40, 3)
LEVELS = (X[:, 0] > 0).astype(int)
ALL = [
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressorCV,
]


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
