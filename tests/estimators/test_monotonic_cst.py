"""`monotonic_cst` of the estimators: what it takes, refuses, and goes together with."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.multiclass import OneVsRestClassifier

from sknormreg import (
    KnockoffSelector,
    MLPFeatureSelector,
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
    RegularizedMLPSurvival,
    RegularizedMLPSurvivalCV,
    StabilitySelector,
    regularization_path,
)
from sknormreg.penalties import GroupLasso, GroupMCP, Hierarchical, MaxNorm, Nuclear

not_converged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

NAMES = ["age", "dose", "noise", "size"]
CST = [1, -1, 0, 0]


def data(n=120, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    y = 2 * X[:, 0] - np.sin(3 * X[:, 0]) - X[:, 1] - np.cos(2 * X[:, 1]) + X[:, 3] ** 2
    y += 0.3 * rng.normal(size=n)
    return X, (y - y.mean()) / y.std()


X, Y = data()
CLASSES = np.where(Y > 0, "yes", "no")


def make(cls=RegularizedMLPRegressor, **params):
    defaults = dict(alpha=0.1, monotonic_cst=CST, max_iter=60, random_state=0)
    if cls.__name__.endswith("CV"):
        defaults |= dict(alphas=[0.1, 1.0], cv=2)
        del defaults["alpha"]
    return cls((6,), **{**defaults, **params})


def is_monotone(predict, cst=CST):
    """Whether predictions, or one of several outputs, are on lines along each feature."""
    rng = np.random.default_rng(1)
    for feature, sign in enumerate(cst):
        lines = np.repeat(2 * rng.normal(size=(100, 1, 4)), 30, axis=1)
        lines[..., feature] = np.linspace(-4, 4, 30)
        found = predict(lines.reshape(-1, 4)).reshape(100, 30, -1)
        change = sign * np.diff(found, axis=1)
        # The rounding of sums of a few numbers of this size.
        if change.min() < -1e-13 * np.abs(found).max():
            return False
    return True


# What it takes


BAD = [
    [1, -1, 0],
    [1, -1, 0, 0, 0],
    [2, 0, 0, 0],
    [0.5, 0, 0, 0],
    ["1", "0", "0", "0"],
    {"dose": 3},
    {"dose": 1, "colour": 1},
]


@pytest.mark.parametrize("cst", BAD, ids=repr)
@pytest.mark.parametrize("cls", [RegularizedMLPRegressor, RegularizedMLPRegressorCV])
def test_errors_are_those_of_gradient_boosting(cls, cst):
    frame = pd.DataFrame(X, columns=NAMES)
    with pytest.raises(ValueError, match="monotonic_cst") as expected:
        HistGradientBoostingRegressor(monotonic_cst=cst).fit(frame, Y)
    with pytest.raises(ValueError, match="monotonic_cst") as found:
        make(cls, monotonic_cst=cst).fit(frame, Y)
    assert str(found.value) == str(expected.value)


def test_names_without_a_frame_are_an_error():
    with pytest.raises(ValueError, match="was not fitted on data with feature names"):
        make(monotonic_cst={"dose": 1}).fit(X, Y)


@pytest.mark.parametrize("cst", ["age", 1, [[1, -1, 0, 0]]], ids=repr)
def test_other_shapes_are_an_error(cst):
    with pytest.raises(ValueError, match="monotonic_cst"):
        make(monotonic_cst=cst).fit(X, Y)


@not_converged
def test_names_are_those_of_the_features():
    frame = pd.DataFrame(X, columns=NAMES)
    named = make(monotonic_cst={"dose": -1, "age": 1}).fit(frame, Y)
    array = make().fit(X, Y)
    np.testing.assert_array_equal(named.coefs_[0], array.coefs_[0])
    moved = make(monotonic_cst={"dose": -1, "age": 1}).fit(frame[NAMES[::-1]], Y)
    assert is_monotone(lambda X: moved.predict(pd.DataFrame(X, columns=NAMES)[NAMES[::-1]]))


@not_converged
def test_no_constraint_is_none():
    free = make(monotonic_cst=None, activation="gelu").fit(X, Y)
    same = make(monotonic_cst=[0] * 4, activation="gelu").fit(X, Y)
    np.testing.assert_array_equal(free.coefs_[0], same.coefs_[0])
    assert not is_monotone(free.predict)


@pytest.mark.parametrize("cls", [RegularizedMLPClassifier, RegularizedMLPClassifierCV])
def test_more_than_two_classes_are_refused_as_by_gradient_boosting(cls):
    y = np.digitize(Y, [-0.5, 0.5])
    message = "monotonic constraints are not supported for multiclass classification"
    with pytest.raises(ValueError, match=message):
        HistGradientBoostingClassifier(monotonic_cst=CST).fit(X, y)
    with pytest.raises(ValueError, match=message):
        make(cls).fit(X, y)


@not_converged
def test_one_network_for_each_class_is_what_the_error_recommends():
    model = OneVsRestClassifier(make(RegularizedMLPClassifier))
    model.fit(X, np.digitize(Y, [-0.5, 0.5]))
    assert (
        is_monotone(model.estimators_[2].predict_proba, CST) is False
    )  # one rises, one falls
    assert is_monotone(lambda X: model.estimators_[2].predict_proba(X)[:, 1])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(activation="gelu"), r"one of \['elu', .*'tanh'\], got activation='gelu'"),
        (dict(activation="silu"), "needs an activation that never decreases"),
        (dict(penalty="nuclear"), r"penalty=Nuclear\(\).*is_absolute"),
        (dict(penalty=Hierarchical()), r"penalty=Hierarchical\(M=10.0\)"),
        (dict(penalty=["l2", Nuclear()]), r"penalty=Nuclear\(\)"),
        (dict(alpha="evidence"), "alpha='evidence' is for weights of either sign"),
    ],
)
def test_what_is_refused(params, message):
    with pytest.raises(ValueError, match=message):
        make(**params).fit(X, Y)


def test_candidates_are_checked_one_by_one():
    with pytest.raises(ValueError, match="needs an activation that never decreases"):
        make(RegularizedMLPRegressorCV, activation=["tanh", "gelu"]).fit(X, Y)


# Estimators


@not_converged
@pytest.mark.parametrize("cls", [RegularizedMLPClassifier, RegularizedMLPClassifierCV])
def test_the_probability_of_the_second_class_is_monotone(cls):
    model = make(cls).fit(X, CLASSES)
    assert is_monotone(lambda X: model.predict_proba(X)[:, 1])
    assert not is_monotone(lambda X: model.predict_proba(X)[:, 0])


@not_converged
def test_all_outputs_and_labels_are_monotone():
    several = np.column_stack([Y, -Y, Y + X[:, 0]])
    model = make().fit(X, several)
    for k in range(3):
        assert is_monotone(lambda X, k=k: model.predict(X)[:, k])
    model = make(RegularizedMLPClassifier).fit(X, (several > 0).astype(int))
    for k in range(3):
        assert is_monotone(lambda X, k=k: model.predict_proba(X)[:, k])


@not_converged
@pytest.mark.parametrize("cls", [RegularizedMLPSurvival, RegularizedMLPSurvivalCV])
def test_the_risk_is_monotone(cls):
    times = np.random.default_rng(0).exponential(np.exp(-Y))
    y = np.column_stack([times < 2, np.minimum(times, 2)])
    model = make(cls).fit(X, y)
    assert is_monotone(model.predict)
    assert np.ptp(model.predict(X)) > 0.1
    free = make(cls, monotonic_cst=None).fit(X, y)
    assert not is_monotone(free.predict)


@not_converged
@pytest.mark.parametrize(
    "params",
    [
        dict(ensemble=True),
        dict(penalty="group_lasso", relax=[True, 0.5]),
        dict(activation=["tanh", "softplus"], l1_ratio=[0.2, 0.8], penalty="elasticnet"),
        dict(alphas=4, continuation=False, n_init=2),
        dict(hidden_layer_sizes=[(3,), (4,), (5,), (6,), (7,)], max_paths=6),
    ],
    ids=str,
)
def test_searches(params):
    params = {"monotonic_cst": [1, -1, 0, 0], "max_iter": 40, "random_state": 0, **params}
    defaults = dict(hidden_layer_sizes=(6,), alphas=[0.1, 2.0], cv=2)
    model = RegularizedMLPRegressorCV(**{**defaults, **params}).fit(X, Y)
    assert is_monotone(model.predict)
    for member in getattr(model, "estimators_", []):
        assert is_monotone(member.predict)
        assert member.monotonic_cst == CST


@not_converged
def test_a_relaxed_fit_has_the_signs_of_the_features_that_are_left():
    """The first feature, of no effect here, leaves; and the others keep their signs."""
    y = X[:, 3] - np.tanh(X[:, 1])
    model = make(
        RegularizedMLPRegressorCV,
        penalty=GroupLasso(features_only=True),
        monotonic_cst=[0, -1, 0, 1],
        alphas=[3.0],
        relax=1.0,
    ).fit(X[:, [2, 1, 2, 3]] * [0, 1, 0, 1], y)
    assert model.selected_features_.tolist() == [False, True, False, True]
    assert (model.coefs_[0][1] <= 0).all()
    assert (model.coefs_[0][3] >= 0).all()
    assert is_monotone(model.predict, [0, -1, 0, 1])


@not_converged
@pytest.mark.parametrize(
    "alpha", ["auto", pytest.param("quantile", marks=pytest.mark.slow)]
)
def test_alphas_that_are_chosen(alpha):
    penalty = "l2" if alpha == "auto" else [GroupLasso(), MaxNorm(1)]
    model = make(alpha=alpha, penalty=penalty, max_iter=50).fit(X, Y)
    assert is_monotone(model.predict)
    assert model.score(X, Y) > 0.3


@pytest.mark.filterwarnings("ignore:No feature is selected")
@pytest.mark.filterwarnings("ignore:The network uses no feature")
@pytest.mark.slow
@not_converged
def test_the_quantile_rule_keeps_noise_empty():
    n_empty = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(80, 4)), rng.normal(size=80)
        model = make(alpha="quantile", penalty=[GroupLasso(), MaxNorm(1)]).fit(X, y)
        n_empty += model.n_selected_features_ == 0
    assert n_empty >= 5


@not_converged
def test_a_path():
    path = regularization_path(
        X,
        Y,
        monotonic_cst=CST,
        penalty="l1",
        hidden_layer_sizes=(6,),
        alphas=[0.1, 1, 5],
        max_iter=60,
        random_state=0,
    )
    for coefs in path.coefs:
        first, last = (getattr(c, "toarray", lambda c=c: c)() for c in coefs)
        assert (first[0] >= 0).all()
        assert (first[1] <= 0).all()
        assert (last >= 0).all()


# Training that goes on


@not_converged
def test_partial_fit_stays_monotone():
    model = make(solver="adam", learning_rate_init=0.02)
    for _ in range(20):
        model.partial_fit(X, Y)
        assert is_monotone(model.predict)
    assert model.score(X, Y) > 0.3


@not_converged
def test_weights_of_the_wrong_sign_start_at_zero():
    rng = np.random.default_rng(0)
    coef_init = [rng.normal(size=(4, 6)), rng.normal(size=(6, 1))]
    seen = []
    model = make(max_iter=1, solver="sgd", learning_rate_init=1e-12)
    model.fit(X, Y, coef_init=coef_init)
    seen = model.coefs_
    signs = [np.array(CST)[:, None], 1]
    for found, given, sign in zip(seen, coef_init, signs):
        expected = np.where(sign * given < 0, 0, given)
        # Weights into units of which nothing is read any more vanish, too.
        kept = found != 0
        np.testing.assert_allclose(found[kept], expected[kept], atol=1e-9)
    np.testing.assert_array_equal(seen[1] == 0, coef_init[1] < 0)


@not_converged
def test_a_warm_start_from_a_free_network_becomes_monotone():
    model = make(monotonic_cst=None, warm_start=True).fit(X, Y)
    assert not is_monotone(model.predict)
    model.set_params(monotonic_cst=CST).fit(X, Y)
    assert is_monotone(model.predict)
    before = model.loss_
    assert model.set_params(max_iter=500).fit(X, Y).loss_ <= before


# What is made of a fitted network


@not_converged
def test_clones_copies_and_smaller_networks():
    frame = pd.DataFrame(X, columns=NAMES)
    model = make(penalty="l1", alpha=1.0, monotonic_cst={"age": 1, "dose": -1})
    model = clone(model).fit(frame, Y)
    stored = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(stored.predict(frame), model.predict(frame))
    assert stored.monotonic_cst == {"age": 1, "dose": -1}
    small = model.compact()
    assert small.monotonic_cst == {"age": 1, "dose": -1}
    assert is_monotone(lambda X: small.predict(pd.DataFrame(X, columns=NAMES)))
    plain = model.to_sklearn()
    assert is_monotone(lambda X: plain.predict(pd.DataFrame(X, columns=NAMES)))


def test_a_model_stored_before_there_was_the_parameter():
    state = make(monotonic_cst=None).__getstate__()
    del state["monotonic_cst"]
    model = RegularizedMLPRegressor.__new__(RegularizedMLPRegressor)
    model.__setstate__(state)
    assert clone(model).monotonic_cst is None


# Selectors


@not_converged
@pytest.mark.parametrize(
    "cst",
    [pytest.param(CST, marks=pytest.mark.slow), {"age": 1, "dose": -1}],
    ids=repr,
)
def test_selectors_constrain_the_features_that_are_left(cst):
    frame = pd.DataFrame(X, columns=NAMES)
    if isinstance(cst, list):
        frame = X
    penalty = [GroupMCP(0.3), MaxNorm(1)]
    network = make(penalty=penalty, monotonic_cst=cst, max_iter=50)
    selector = MLPFeatureSelector(
        network, alpha=5.0, n_init=1, max_features=2, random_state=0
    )
    selector.fit(frame, Y)
    kept = selector.support_
    assert kept.sum() == 2
    assert kept[:2].any()
    own = [sign for sign, is_kept in zip(CST, kept) if is_kept]
    last = selector.estimator_.regressor_[-1]
    assert last.monotonic_cst.tolist() == own
    for row, sign in zip(last.coefs_[0], own):
        assert (sign * row >= 0).all()


@pytest.mark.slow
@not_converged
@pytest.mark.parametrize("cst", [CST, {"age": 1, "dose": -1}], ids=repr)
def test_selectors_that_fit_many_networks(cst):
    frame = pd.DataFrame(X, columns=NAMES)
    network = make(penalty=[GroupLasso(), MaxNorm(1)], monotonic_cst=cst)
    stable = StabilitySelector(network, n_resamples=5, alphas=5, random_state=0)
    assert stable.fit(frame, Y).stability_scores_[0] > 0.8
    knockoffs = KnockoffSelector(network, n_draws=1, fdr=0.5, alphas=5, random_state=0)
    statistics = knockoffs.fit(frame, Y).knockoff_statistics_[0]
    assert statistics[0] > abs(statistics[2])
