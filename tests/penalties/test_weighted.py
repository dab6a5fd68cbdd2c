"""Factors of the features' penalties: parameters, binding, excluded features."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor
from sknormreg.penalties import (
    L1,
    L2,
    MCP,
    ElasticNet,
    GroupLasso,
    GroupMCP,
    Hierarchical,
    L1Ball,
    Layout,
    MaxNorm,
    Nuclear,
    Penalty,
    SparseGroupLasso,
    Weighted,
    reweighted,
)

NAMES = np.array(["age", "bmi", "site_a", "site_b"], dtype=object)
LAYOUT = Layout([(4, 3), (3, 1)], NAMES)
X = np.random.default_rng(0).normal(size=(40, 4))
y = X[:, 0] - X[:, 1]


def fit(penalty, X=X, **params):
    settings = {"hidden_layer_sizes": (3,), "alpha": 0.5, "random_state": 0, **params}
    return RegularizedMLPRegressor(penalty=penalty, **settings).fit(X, y)


# Parameters


def test_parameters_of_both():
    penalty = Weighted(GroupMCP(a=2.0), [1, 0])
    assert penalty.get_params(deep=False).keys() == {"penalty", "penalty_factor"}
    assert penalty.get_params()["penalty__a"] == 2.0
    penalty.set_params(penalty__a=3.0, penalty_factor=[1, 2])
    assert penalty.penalty.a == 3.0
    assert penalty.penalty_factor == [1, 2]
    penalty.set_params(penalty=MCP(), penalty__a=4.0)
    assert penalty.penalty.a == 4.0
    copied = clone(penalty)
    assert copied.penalty is not penalty.penalty
    assert (
        repr(copied)
        == repr(penalty)
        == ("Weighted(penalty=MCP(a=4.0, l2=0.001), penalty_factor=[1, 2])")
    )
    for name in "l1_ratio", "penalty__l1_ratio":
        with pytest.raises(ValueError, match="Invalid parameter 'l1_ratio' for penalty"):
            penalty.set_params(**{name: 1})


def test_binding_leaves_what_was_given_alone():
    inner, factors = GroupLasso(["site_"]), np.array([1.0, 0.0, np.inf, np.inf])
    penalty = Weighted(inner, factors)
    first = penalty.bind(LAYOUT)[0]
    first.prox(np.ones((4, 3)), 0.1)
    assert penalty.penalty is inner
    np.testing.assert_array_equal(factors, [1, 0, np.inf, np.inf])
    assert penalty._factors is None
    pickle.loads(pickle.dumps(first)).value(np.zeros((4, 3)))
    with pytest.raises(ValueError, match="depends on the network and is not bound to one"):
        penalty.value(np.ones((4, 3)))


def test_later_layers_have_no_factors():
    first, second = Weighted(L1(), [0, 1, 2, 3]).bind(LAYOUT)
    assert isinstance(first, Weighted)
    assert type(second) is L1
    only = GroupLasso(features_only=True)
    assert type(Weighted(only, [0, 1, 2, 3]).bind(LAYOUT)[1]) is L2
    with pytest.raises(ValueError, match="can only be that of the first layer, layer 0"):
        fit([L1(), Weighted(L1(), [1, 1, 1])])


@pytest.mark.parametrize(
    "factors",
    [
        [1, 0, 2, 1],
        (1.0, 0, 2, 1),
        pd.Series([1, 0, 2, 1]),
        {"bmi": 0, "site_a": 2},
        {1: 0, 2: 2.0},
        {np.int64(1): 0, "site_a": np.float32(2)},
    ],
    ids=repr,
)
def test_forms_of_factors(factors):
    found = (
        Weighted(L1(), factors).bind(LAYOUT)[0].value(np.diag([1.0, 10, 100])[[0, 1, 2, 0]])
    )
    assert found == 1 + 0 + 200 + 1


def test_names_of_a_data_frame():
    frame = pd.DataFrame(X, columns=NAMES)
    named = fit(Weighted(L1(), {"bmi": 3}), frame)
    by_position = fit(Weighted(L1(), [1, 3, 1, 1]), frame)
    assert named.loss_ == by_position.loss_
    grouped = Weighted(GroupLasso({"site": "site_"}), {"site_a": 0, "site_b": 0})
    model = fit(grouped, frame, alpha=1e3, hidden_layer_sizes=())
    np.testing.assert_array_equal(model.selected_features_, [False, False, True, True])
    assert model.selected_groups_.tolist() == ["site"]


# Errors


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ([1, -1, 1, 1], "numbers of at least 0 .* got \\[1, -1, 1, 1\\]"),
        ([1, np.nan, 1, 1], "numbers of at least 0"),
        ([1, "x", 1, 1], "numbers of at least 0"),
        ([1, None, 1, 1], "numbers of at least 0"),
        ("l1", "numbers of at least 0"),
        (None, "numbers of at least 0"),
        ({"bmi": -1}, "numbers of at least 0 .* got \\{'bmi': -1\\}"),
        ({"bmi": "x"}, "numbers of at least 0"),
        ({"bmi": [1, 2]}, "numbers of at least 0"),
        ([1, 1, 1], r"for each of the 4 features, .* got an array of shape \(3,\)"),
        (2.0, r"for each of the 4 features, .* got an array of shape \(\)"),
        (np.ones((4, 3)), r"got an array of shape \(4, 3\)"),
        ({"bmj": 1}, "has the feature 'bmj', which is not in X. Did you mean 'bmi'?"),
        ({4: 1}, "has the feature index 4, out of range for X with 4 features"),
        ({-1: 1}, "has the feature index -1, out of range"),
        ({True: 1}, "has the feature True, which is not in X"),
        ([0, 0, 0, 0], "is 0 for all features, so that there is nothing to choose from"),
        ([np.inf] * 4, "excludes all features"),
    ],
)
def test_factors_that_are_none(factors, message):
    with pytest.raises(ValueError, match=f"penalty_factor .*{message}"):
        Weighted(L1(), factors).bind(LAYOUT)


def test_a_feature_that_is_named_twice():
    frame = pd.DataFrame(X, columns=NAMES)
    with pytest.raises(
        ValueError, match=f"the same feature twice, as 0 and as '{NAMES[0]}'"
    ):
        fit(Weighted(L1(), {0: 2, NAMES[1]: 1, NAMES[0]: 2}), frame)


def test_names_without_names():
    with pytest.raises(ValueError, match="has the name 'bmi', but X has no feature names"):
        fit(Weighted(L1(), {"bmi": 0}))


@pytest.mark.parametrize("inner", [GroupLasso, SparseGroupLasso, GroupMCP])
def test_groups_of_several_factors(inner):
    penalty = Weighted(inner(groups=["site_", ["age", "bmi"]]), {"site_b": 2})
    message = "is 1.0, 2.0 for features of the group 'site_': features of a group vanish"
    with pytest.raises(ValueError, match=message):
        penalty.bind(LAYOUT)
    penalty = Weighted(inner(groups={"body": ["age", "bmi"]}), [0, 1, 5, 3])
    with pytest.raises(ValueError, match=r"is 0\.0, 1\.0 for features of the group 'body'"):
        penalty.bind(LAYOUT)
    Weighted(inner(groups=["site_"]), [0, 1, 2, 2]).bind(LAYOUT)


class Cubic(Penalty):
    """Sum of |w|^3 / 3, without terms that are known."""

    smooth = True

    def value(self, weights):
        return float((np.abs(weights) ** 3).sum() / 3)

    def prox(self, weights, step):
        raise NotImplementedError

    def min_norm_subgradient(self, weights, gradient, strength):
        return gradient + strength * weights * np.abs(weights)


class OwnL1(L1):
    def value(self, weights):
        return super().value(weights)


@pytest.mark.parametrize(
    "inner",
    [
        MaxNorm(),
        L1Ball(),
        Nuclear(),
        Hierarchical(),
        Cubic(),
        OwnL1(),
        Weighted(L1(), [1, 1, 1, 1]),
    ],
    ids=repr,
)
def test_penalties_that_are_no_known_sum_over_features(inner):
    with pytest.raises(ValueError, match="Weighted cannot give factors to the terms of"):
        fit(Weighted(inner, [1, 2, 1, 1]))


@pytest.mark.parametrize("inner", ["l1", None, L1, 3], ids=repr)
def test_no_penalty_at_all(inner):
    message = r"The penalty within Weighted must be an instance of Penalty, such as L1\(\)"
    with pytest.raises(ValueError, match=message):
        Weighted(inner, [1, 1, 1, 1]).bind(LAYOUT)
    with pytest.raises(ValueError, match=message):
        RegularizedMLPRegressor(penalty=Weighted(inner, [1, 1]), alpha=1.0).fit(
            np.eye(2), [1.0, 2.0]
        )


@pytest.mark.parametrize("inner", [L2(), ElasticNet(0.0)], ids=repr)
def test_a_smooth_penalty_excludes_nothing(inner):
    with pytest.raises(
        ValueError, match="makes no weights zero: remove the feature from X"
    ):
        Weighted(inner, {0: np.inf}).bind(LAYOUT)


def test_evidence_is_for_the_plain_l2_penalty():
    with pytest.raises(ValueError, match="is for penalty='l2'"):
        fit(Weighted(L2(), [1, 2, 1, 1]), alpha="evidence")
    with pytest.raises(
        ValueError, match="only penalty='l2' takes an alpha for each feature"
    ):
        fit(Weighted(L2(), [1, 2, 1, 1]), alpha=[[1, 1, 1, 1], 1])


class OwnSum(ElasticNet):
    """A penalty of one's own with terms, and no loops in C: twice the elastic net."""

    def value(self, weights):
        return 2 * super().value(weights)

    def prox(self, weights, step):
        return super().prox(weights, 2 * step)

    def min_norm_subgradient(self, weights, gradient, strength):
        return super().min_norm_subgradient(weights, gradient, 2 * strength)

    def row_values(self, weights):
        return 2 * super().row_values(weights)


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_penalty_of_ones_own(solver):
    settings = dict(solver=solver, max_iter=40, hidden_layer_sizes=())
    found = fit(Weighted(OwnSum(0.5), [0.5, 2, 0, 1]), alpha=3, **settings)
    expected = fit(Weighted(ElasticNet(0.5), [0.5, 2, 0, 1]), alpha=6, **settings)
    np.testing.assert_allclose(found.coefs_[0], expected.coefs_[0], atol=1e-5)


# Excluded features


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "inner", [L1(), MCP(), GroupLasso(), SparseGroupLasso(), GroupMCP()], ids=repr
)
@pytest.mark.parametrize("alpha", [1e-6, 1e6])
def test_excluded_features_at_any_alpha(inner, dtype, alpha):
    with np.errstate(all="raise", under="ignore"):
        penalty = Weighted(inner, {0: np.inf, 1: 0.1})
        model = fit(penalty, X.astype(dtype), alpha=alpha, hidden_layer_sizes=())
    assert not model.coefs_[0][0].any()
    assert model.coefs_[0].dtype == dtype
    assert np.isfinite(model.loss_)


# Factors from a first fit


def test_factors_are_powers_of_norms():
    weights = [[3.0, 4.0], [0.0, 0.1], [0.0, 0.0], [-6.0, 8.0]]
    np.testing.assert_allclose(
        reweighted(L1(), weights).penalty_factor, [0.2, 10, np.inf, 0.1], rtol=1e-15
    )
    np.testing.assert_allclose(
        reweighted(L1(), weights, gamma=2).penalty_factor, [0.04, 100, np.inf, 0.01]
    )
    # Of a group: as large as for features of its mean square.
    grouped = reweighted(GroupLasso([[0, 3], [1, 2]]), weights).penalty_factor
    pair, other = np.sqrt((25 + 100) / 2), np.sqrt(0.01 / 2)
    np.testing.assert_allclose(grouped, 1 / np.array([pair, other, other, pair]))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_first_fits():
    frame = pd.DataFrame(X, columns=NAMES)
    model = fit("hierarchical", frame, alpha=0.1, solver="sgd", max_iter=5)
    norms = np.linalg.norm(np.hstack([model.coefs_[0], model.skip_coef_]), axis=1)
    found = reweighted(GroupLasso(), model).penalty_factor
    np.testing.assert_allclose(found, 1 / norms, rtol=1e-13)
    compressed = fit("l1", alpha=3)
    expected = reweighted(L1(), compressed).penalty_factor
    compressed.coefs_[0] = sparse.csr_array(compressed.coefs_[0])
    np.testing.assert_array_equal(reweighted(L1(), compressed).penalty_factor, expected)
    by_name = reweighted(GroupLasso(["site_"]), model)
    assert by_name.penalty_factor[2] == by_name.penalty_factor[3]
    second = RegularizedMLPRegressor((3,), penalty=by_name, random_state=0, alpha=1.0)
    assert second.fit(frame, y).selected_features_[:2].all()


def test_first_fits_that_are_none():
    with pytest.raises(ValueError, match="All weights of the first fit are 0"):
        reweighted(L1(), np.zeros((4, 2)))
    with pytest.raises(ValueError, match="weights of the first fit must be finite"):
        reweighted(L1(), [[1.0], [np.nan]])
    with pytest.raises(ValueError, match=r"n_units\), got an array of shape \(2,\)"):
        reweighted(L1(), [1.0, 2.0])
    with pytest.raises(ValueError, match="is not fitted: call fit first"):
        reweighted(L1(), RegularizedMLPClassifier(alpha=1.0))
    for penalty in ("group_lasso", GroupLasso, None):
        with pytest.raises(ValueError, match="penalty must be an instance of Penalty"):
            reweighted(penalty, np.ones((4, 2)))
    for gamma in (0, -1, np.nan, np.inf, "1", True, None):
        with pytest.raises(ValueError, match="gamma must be a number more than 0"):
            reweighted(L1(), np.ones((4, 2)), gamma=gamma)
