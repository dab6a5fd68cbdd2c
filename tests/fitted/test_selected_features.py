"""Selected features and active units are those that change the outputs."""

import numpy as np
import pandas as pd
import pytest
from fitted_cases import COLUMNS, X, drawn, make, not_converged

from sknormreg import (
    RegularizedMLPRegressorCV,
)
from sknormreg.penalties import L2, GroupLasso, GroupMCP, MaxNorm


def with_random_zeros(seed, **params):
    """A network of which a random half of the weights, and of the rows, is 0."""
    random_state = np.random.RandomState(seed)
    model = drawn("several outputs", (4, 3), activation="tanh", seed=seed, **params)
    for weights in model.coefs_:
        weights[random_state.uniform(size=weights.shape) < 0.5] = 0
        weights[random_state.uniform(size=len(weights)) < 0.3] = 0
    if hasattr(model, "skip_coef_"):
        model.skip_coef_[random_state.uniform(size=5) < 0.7] = 0
    return model


def outputs_with_a_frozen_unit(model, layer=None, unit=None):
    """Outputs of tanh networks in plain NumPy, a unit kept at its value for row 0."""
    values = X
    for i, (weights, intercept) in enumerate(zip(model.coefs_, model.intercepts_)):
        values = values @ weights + intercept
        if i < len(model.coefs_) - 1:
            values = np.tanh(values)
        if i == layer:
            values[:, unit] = values[0, unit]
    return values + X @ getattr(model, "skip_coef_", np.zeros((5, 3)))


ZERO_SEEDS = range(8)


@pytest.mark.parametrize("penalty", ["l2", "hierarchical"])
@pytest.mark.parametrize("seed", ZERO_SEEDS)
@not_converged
def test_selected_features_change_outputs(seed, penalty):
    model = with_random_zeros(seed, penalty=penalty)
    before = model.predict(X)
    for feature in range(5):
        changed = X.copy()
        changed[:, feature] += 0.5
        # A weight of 0 times another number is 0 still: not even rounding differs.
        matters = (model.predict(changed) != before).any()
        assert model.selected_features_[feature] == matters
        assert (model.feature_importances_[feature] > 0) == matters


@pytest.mark.parametrize("penalty", ["l2", "hierarchical"])
@pytest.mark.parametrize("seed", ZERO_SEEDS)
@not_converged
def test_active_units_change_outputs(seed, penalty):
    model = with_random_zeros(seed, penalty=penalty)
    outputs = outputs_with_a_frozen_unit(model)
    np.testing.assert_allclose(outputs, model.predict(X), atol=1e-12)
    expected = [
        sum(
            not np.array_equal(outputs_with_a_frozen_unit(model, layer, unit), outputs)
            for unit in range(n_units)
        )
        for layer, n_units in enumerate((4, 3))
    ]
    assert model.n_active_units_ == expected
    assert all(type(n) is int for n in model.n_active_units_)
    small = model.compact()
    assert list(small.hidden_layer_sizes) == [max(n, 1) for n in expected]
    np.testing.assert_array_equal(small.selected_features_, model.selected_features_)


@not_converged
def test_random_zeros_are_of_all_kinds():
    """The oracles above see features and units of both kinds, and dead networks."""
    models = [with_random_zeros(seed) for seed in ZERO_SEEDS]
    n_selected = {int(model.selected_features_.sum()) for model in models}
    assert 0 in n_selected
    assert len(n_selected) >= 4
    n_units = np.array([model.n_active_units_ for model in models])
    assert len(set(n_units[:, 0])) >= 3
    assert len(set(n_units[:, 1])) >= 3


@pytest.mark.parametrize("kind", ["binary", "regression"])
@not_converged
def test_names_of_selected_features(kind):
    model, y = make(kind, hidden_layer_sizes=(4,))
    model.fit(pd.DataFrame(X, columns=COLUMNS), y)
    assert model.selected_feature_names_.tolist() == COLUMNS
    model.coefs_[0][[0, 3]] = 0
    assert model.selected_feature_names_.tolist() == ["income", "height", "steps"]
    assert model.compact().selected_feature_names_.tolist() == ["income", "height", "steps"]
    np.testing.assert_array_equal(model.selected_features_, [0, 1, 1, 0, 1])
    assert model.selected_features_.dtype == bool
    model.fit(X, y)
    model.coefs_[0][[0, 3]] = 0
    assert model.selected_feature_names_.tolist() == ["x1", "x2", "x4"]
    assert model.selected_groups_.tolist() == ["x1", "x2", "x4"]
    model.coefs_[0][...] = 0
    assert model.selected_feature_names_.tolist() == []
    assert model.selected_groups_.tolist() == []


GROUPS = {"money": [0, 1], "body": [3]}


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [
        (GroupLasso(GROUPS), ["money", "x2", "x4"]),
        ([GroupMCP(groups=GROUPS), L2()], ["money", "x2", "x4"]),
        ((GroupLasso(list(GROUPS.values())), L2()), ["groups[0]", "x2", "x4"]),
        ([L2(), L2()], ["x1", "x2", "x4"]),
        (GroupLasso(), ["x1", "x2", "x4"]),
        # A group is not an input of that name.
        (GroupLasso({"x2": [0, 1]}), ["x2", "x2", "x4"]),
    ],
)
@not_converged
def test_names_of_selected_groups(penalty, expected):
    """A group that has one selected input counts; each is named once, in X's order."""
    model, y = make("regression", hidden_layer_sizes=(4,), penalty=penalty)
    model.fit(X, y)
    model.coefs_[0][[0, 3]] = 0
    model.coefs_[0][[1, 2, 4]] = 1
    model.coefs_[1][...] = 1
    assert model.selected_groups_.tolist() == expected
    assert model.compact().selected_groups_.tolist() == expected


def test_selected_groups_after_a_relaxed_fit():
    """The last fit's penalty has no groups; the one that selected has."""
    frame = pd.DataFrame(X, columns=COLUMNS)
    y = frame["height"] + frame["steps"] ** 2
    groups = {"both": ["height", "steps"]}
    model = RegularizedMLPRegressorCV(
        (4,), penalty=[GroupLasso(groups), MaxNorm(1)], relax=True, random_state=0
    ).fit(frame, y)
    assert "both" in model.selected_groups_
    assert not {"height", "steps"} & set(model.selected_groups_)


@not_converged
def test_no_hidden_layers_have_no_units():
    model = drawn(sizes=())
    assert model.n_active_units_ == []
    model.coefs_[0][[1, 2]] = 0
    np.testing.assert_array_equal(model.selected_features_, [1, 0, 0, 1, 1])
