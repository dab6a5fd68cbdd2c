"""Penalties as users give them to an estimator, and their effect."""

import warnings

import numpy as np
import pandas as pd
import pytest
from penalised_fits import (
    BOTH,
    SCORES,
    SOLVERS,
    TARGETS,
    X,
    assert_same_fit,
    fit,
    loss_by_hand,
    make,
    not_converged,
)
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor
from sknormreg.penalties import (
    L1,
    L2,
    MCP,
    PENALTIES,
    SCAD,
    ElasticNet,
    GroupLasso,
    GroupMCP,
    GroupSCAD,
    Hierarchical,
    L1Ball,
    MaxNorm,
    Nuclear,
    Penalty,
    SparseGroupLasso,
)


def fresh_instances():
    """One instance of every penalty, with parameters that are not the defaults."""
    return [
        L1(),
        L2(),
        ElasticNet(0.3),
        GroupLasso(groups=[[0, 1]]),
        SparseGroupLasso(0.2, features_only=True),
        Hierarchical(M=2.0),
        MCP(a=2.0, l2=0.1),
        SCAD(a=2.0, l2=0.1),
        GroupMCP(a=2.0, groups=[[0, 2], [1]]),
        GroupSCAD(a=2.0),
        MaxNorm(0.5),
        L1Ball(2.0),
        Nuclear(),
    ]


INSTANCES = pytest.mark.parametrize("penalty", fresh_instances(), ids=repr)
# What a penalty is does not depend on the loss.
classifier_is_slow = pytest.mark.parametrize(
    "cls",
    [
        RegularizedMLPRegressor,
        pytest.param(RegularizedMLPClassifier, marks=pytest.mark.slow),
    ],
)


# Names, instances, lists


def test_an_instance_of_every_penalty():
    assert {type(penalty) for penalty in fresh_instances()} == set(PENALTIES.values())


@pytest.mark.parametrize("name", sorted(PENALTIES))
@classifier_is_slow
@not_converged
def test_a_name_is_the_instance_with_its_defaults(cls, name):
    named = fit(cls, penalty=name, max_iter=5)
    assert named.penalty == name
    instance = fit(cls, penalty=PENALTIES[name](), max_iter=5)
    assert_same_fit(named, instance)
    if name != "hierarchical":
        both = fit(cls, penalty=[name, PENALTIES[name]()], max_iter=5)
        assert_same_fit(named, both)


@not_converged
def test_l1_ratio_is_that_of_the_name_alone():
    named = fit(penalty="elasticnet", l1_ratio=0.2)
    assert_same_fit(named, fit(penalty=ElasticNet(0.2), l1_ratio=0.9))
    assert_same_fit(named, fit(penalty=["elasticnet", ElasticNet(0.2)], l1_ratio=0.2))
    assert_same_fit(
        fit(penalty="sparse_group_lasso", l1_ratio=0.2), fit(penalty=SparseGroupLasso(0.2))
    )
    mixed = fit(penalty=SparseGroupLasso(0.2), l1_ratio=0.9)
    assert_same_fit(mixed, fit(penalty=SparseGroupLasso(0.2)))


@not_converged
def test_every_layer_has_its_own_penalty():
    model = fit(
        hidden_layer_sizes=(5, 4),
        penalty=("l1", MaxNorm(0.3), GroupLasso()),
        alpha=(6.0, 1.0, 3.0),
        max_iter=300,
    )
    first, second, third = model.coefs_
    # The L1 penalty leaves zeros in rows that are not zero, the constraint bounds every
    # column, and the group lasso removes rows as a whole.
    assert (first[first.any(axis=1)] == 0).any()
    # A projection is on the sphere up to rounding.
    assert np.linalg.norm(second, axis=0).max() <= 0.3 * (1 + 1e-12)
    assert np.linalg.norm(second, axis=0).max() > 0.29
    assert ((third == 0).all(axis=1) | (third != 0).all(axis=1)).all()


@INSTANCES
@classifier_is_slow
@not_converged
def test_fit_leaves_the_penalty_alone(cls, penalty):
    before, attributes = penalty.get_params(), dict(vars(penalty))
    model = fit(cls, penalty=penalty, hidden_layer_sizes=(5, 3), max_iter=5)
    assert model.penalty is penalty
    assert penalty.get_params() == before
    assert vars(penalty) == attributes
    twin = clone(model)
    assert twin.penalty is not penalty
    assert type(twin.penalty) is type(penalty)
    assert twin.penalty.get_params() == before
    assert repr(twin) == repr(model)
    assert_same_fit(twin.fit(X, TARGETS[cls]), model)


@INSTANCES
@not_converged
def test_a_penalty_for_all_layers_is_one_for_each(penalty):
    if penalty.first_layer_only:
        pytest.skip("for the first layer only")
    params = dict(hidden_layer_sizes=(5, 3), max_iter=5)
    model = fit(penalty=penalty, **params)
    assert_same_fit(model, fit(penalty=[penalty] * 3, **params))


@not_converged
def test_one_penalty_for_several_estimators():
    """Groups by name are columns that depend on X: nothing of them may stay behind."""
    penalty = GroupLasso(groups=["a"])
    frame = pd.DataFrame(X, columns=["a1", "b", "a2", "c"])
    turned = frame[["b", "c", "a1", "a2"]]
    params = dict(penalty=penalty, alpha=20.0, max_iter=300)
    first = make(**params).fit(frame, SCORES)
    second = make(**params).fit(turned, SCORES)
    again = make(**params).fit(frame, SCORES)
    assert_same_fit(first, again)
    assert second.selected_features_[2] == second.selected_features_[3]


@not_converged
def test_set_params_reaches_the_penalty():
    model = make(penalty=MaxNorm()).set_params(penalty__radius=0.25)
    assert model.get_params()["penalty__radius"] == 0.25
    assert_same_fit(model.fit(X, SCORES), fit(penalty=MaxNorm(0.25)))
    with pytest.raises(ValueError, match="Invalid parameter 'size' for penalty MaxNorm"):
        model.set_params(penalty__size=1)


@pytest.mark.parametrize(
    ("params", "grid", "best"),
    [
        (
            dict(penalty=GroupLasso(), alpha=3.0),
            {"penalty__groups": [None, [[0, 1, 2]], [["a", "d"]], [["a"], "b"]]},
            None,
        ),
        (dict(penalty=MCP()), {"penalty__a": [0.1, 3.0]}, None),
        # Weights that are as good as none cannot predict.
        (dict(penalty="max_norm"), {"penalty": [MaxNorm(1e-4), MaxNorm(3.0)]}, 1),
        (dict(penalty=L1Ball()), {"penalty__radius": [1e-4, 10.0]}, 1),
        (dict(), {"alpha": [[1e5, 1e5], [0.1, 0.2], 1e5]}, 1),
        (dict(), {"penalty": [["l1", "l2"], "nuclear"], "alpha": [1.0, [1.0, 2]]}, None),
    ],
)
@not_converged
def test_grid_search(params, grid, best):
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = make(**params, max_iter=30)
    search = GridSearchCV(model, grid, cv=3, error_score="raise").fit(frame, SCORES)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    if best is not None:
        assert search.best_index_ == best
        assert search.best_score_ > 0.5
    for i, candidate in enumerate(search.cv_results_["params"]):
        fitted = clone(model).set_params(**candidate).fit(frame[17:], SCORES[17:])
        score = fitted.score(frame[:17], SCORES[:17])
        # scikit-learn's folds: the first is the first 17 rows.
        assert search.cv_results_["split0_test_score"][i] == pytest.approx(score, rel=1e-12)


# Solvers


@pytest.mark.parametrize("name", ["group_mcp", "group_scad", "nuclear", "hierarchical"])
@not_converged
def test_adam_refuses_what_has_no_prox_for_it(name):
    message = rf"solver='adam' cannot train with penalty={PENALTIES[name].__name__}\(.*"
    for penalty in (name, PENALTIES[name](), [name, "l2"]):
        with pytest.raises(ValueError, match=message + "solver='lbfgs' or solver='sgd'"):
            fit(penalty=penalty, solver="adam")
    for solver in ("lbfgs", "sgd"):
        assert fit(penalty=name, solver=solver).solver_ == solver
    assert fit(penalty=name).solver_ == "lbfgs"
    assert fit(penalty=name, dropout=0.1).solver_ == "sgd"
    assert make(penalty=name).partial_fit(X, SCORES).solver_ == "sgd"
    assert make(penalty="l1").partial_fit(X, SCORES).solver_ == "adam"


@pytest.mark.parametrize("params", [{"dropout": 0.1}, {"input_dropout": 0.1}])
@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_lbfgs_refuses_dropout(cls, params):
    with pytest.raises(
        ValueError, match=r"solver='lbfgs' .*dropout.*solver='adam' or solver='sgd'"
    ):
        fit(cls, solver="lbfgs", **params)
    assert fit(cls, **params).solver_ == "adam"


@pytest.mark.parametrize("name", sorted(PENALTIES))
@pytest.mark.parametrize("solver", SOLVERS)
@not_converged
def test_every_solver_that_takes_a_penalty_lowers_the_objective(name, solver):
    if solver == "adam" and not PENALTIES[name].has_diagonal_prox:
        pytest.skip("not taken, as tested above")
    params = dict(penalty=name, solver=solver, learning_rate_init=0.01, batch_size=10)
    one, many = fit(**params, max_iter=1), fit(**params, max_iter=25)
    assert many.loss_ < 0.7 * one.loss_


# What penalties do


@pytest.mark.parametrize("penalty", [MCP, SCAD, GroupMCP, GroupSCAD])
def test_l2_keeps_weights_finite_on_separable_classes(penalty):
    """Without it, nothing keeps the weights of a logistic regression from growing."""
    x = np.repeat([[-1.0], [1.0]], 10, axis=0)
    y = np.repeat([0, 1], 10)

    def weight(l2, max_iter):
        model = RegularizedMLPClassifier(
            (), penalty=penalty(l2=l2), max_iter=max_iter, tol=1e-12, alpha=0.1
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit(x, y).coefs_[0].item()

    bounded = weight(0.001, 100_000)
    # The stationary point beyond the knot: the loss's slope exp(-w) / (1 + exp(-w)) is
    # that of the penalty, 0.001 * 0.1 / 20 w. Solved to the residual above.
    assert 1 / (1 + np.exp(bounded)) == pytest.approx(5e-6 * bounded, rel=1e-3)
    assert bounded == pytest.approx(weight(0.001, 1000), rel=1e-3)
    assert weight(0.0, 100_000) > 1.5 * bounded


class Huberized(Penalty):
    """Of every weight: w^2 / 2 up to 1, |w| - 1/2 beyond. What a user might write."""

    def __init__(self, delta=1.0):
        self.delta = delta

    def value(self, weights):
        sizes = np.abs(weights)
        inner = np.minimum(sizes, self.delta)
        return float((inner**2 / 2 + self.delta * (sizes - inner)).sum())

    def prox(self, weights, step):
        shrunk = weights / (1 + step)
        return np.where(
            np.abs(shrunk) <= self.delta,
            shrunk,
            weights - step * self.delta * np.sign(weights),
        )

    def min_norm_subgradient(self, weights, gradient, strength):
        return gradient + strength * np.clip(weights, -self.delta, self.delta)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_a_penalty_of_the_users_own(cls, solver):
    y = TARGETS[cls]
    params = dict(solver=solver, max_iter=300, alpha=2.0)
    params.update(batch_size=10, learning_rate_init=0.05)
    penalty = Huberized(delta=0.2)
    model = fit(cls, penalty=penalty, **params)
    assert model.penalty is penalty
    value = 0.0
    for coef in model.coefs_:
        sizes = np.abs(coef).ravel()
        value += sum(w**2 / 2 if w <= 0.2 else 0.2 * w - 0.02 for w in sizes)
    assert model.loss_ == pytest.approx(loss_by_hand(model, y) + 2 * value / 50, rel=1e-10)
    # It was minimised: to a stationary point, or to a local minimum of about its height.
    best = fit(cls, penalty=penalty, alpha=2.0, max_iter=3000)
    if solver == "lbfgs":
        assert model.optimality_ < 0.01
    assert model.loss_ < 1.5 * best.loss_
    assert fit(cls, penalty=penalty, alpha=2.0, max_iter=1).loss_ > 2 * best.loss_
    assert clone(model).penalty.delta == 0.2
    assert "penalty__delta" in model.get_params()
    # Far beyond all weights it is the L2 penalty.
    wide, l2 = fit(cls, penalty=Huberized(1e6), **params), fit(cls, **params)
    assert wide.loss_ == pytest.approx(l2.loss_, rel=1e-2)


def one_hot_frame(seed=0):
    """Three categories, two of which matter, and two numbers, one of which does."""
    random_state = np.random.RandomState(seed)
    codes = random_state.randint(3, size=(200, 3))
    hot = np.hstack([np.eye(3)[codes[:, i]] for i in range(3)])
    numbers = random_state.randn(200, 2)
    names = [f"{name}_{level}" for name in ("city", "job", "pet") for level in "abc"]
    frame = pd.DataFrame(np.hstack([hot, numbers]), columns=[*names, "age", "noise"])
    effects = np.array([0.0, 1.0, 2.0])
    y = effects[codes[:, 0]] - 2 * (codes[:, 1] == 2) + numbers[:, 0]
    return frame, y + 0.1 * random_state.randn(200)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("penalty", [GroupLasso, GroupMCP, GroupSCAD])
@pytest.mark.parametrize("features_only", [False, True])
@not_converged
def test_groups_are_kept_or_dropped_as_a_whole(penalty, solver, features_only):
    if solver == "adam" and penalty is not GroupLasso:
        pytest.skip("not taken")
    frame, y = one_hot_frame()
    # A group by its beginning, one by names; single columns are groups of one.
    groups = ["city_", ["job_a", "job_b", "job_c"], [6, 7, 8]]
    model = RegularizedMLPRegressor(
        (6,),
        penalty=penalty(groups=groups, features_only=features_only),
        alpha=20.0,
        solver=solver,
        learning_rate_init=0.01,
        batch_size=20,
        max_iter=300,
        random_state=0,
    ).fit(frame, y)
    first = model.coefs_[0]
    kept = first.any(axis=1)
    assert [len(set(kept[i : i + 3])) for i in (0, 3, 6)] == [1, 1, 1]
    if solver == "sgd":
        # Its steps are too coarse to keep all at zero that belongs there.
        assert kept[:6].all()
        assert kept[9]
        return
    expected = [True] * 6 + [False] * 3 + [True, False]
    assert kept.tolist() == expected
    assert model.selected_features_.tolist() == expected
    names = [*frame.columns[:6], "age"]
    assert model.selected_feature_names_.tolist() == names
    assert model.selected_groups_.tolist() == ["city_", "groups[1]", "age"]
    assert model.score(frame, y) > 0.85
    if features_only:
        # The L2 penalty has no exact zeros, nor has a group of inputs that is kept.
        assert (model.coefs_[1] != 0).all()
        assert (first[kept] != 0).all()


@not_converged
def test_without_groups_columns_are_dropped_one_by_one():
    frame, y = one_hot_frame()
    model = RegularizedMLPRegressor((6,), penalty="group_lasso", alpha=4.0, random_state=0)
    kept = model.fit(frame, y).coefs_[0].any(axis=1)
    # Of city, its first level's effect is what the intercept takes.
    assert 0 < kept[:3].sum() < 3


# A path of alphas


@pytest.mark.slow
@pytest.mark.parametrize("penalty", ["group_lasso", "hierarchical", "l1"])
@not_converged
def test_warm_starts_along_a_path_of_alphas(penalty):
    """With ever larger alphas inputs leave, until none is left."""
    frame, y = one_hot_frame()
    model = RegularizedMLPRegressor(
        (6,), penalty=penalty, warm_start=True, max_iter=300, random_state=0, alpha=1.0
    )
    n_selected, losses = [], []
    for alpha in (0.1, 1.0, 5.0, 20.0, 50.0, 100.0, 1e4):
        model.set_params(alpha=alpha).fit(frame, y)
        n_selected.append(int(model.selected_features_.sum()))
        losses.append(model.loss_)
        cold = clone(model).set_params(warm_start=False).fit(frame, y)
        # Other local minima than from a new start are allowed; much worse ones are not.
        assert model.loss_ <= 1.1 * cold.loss_
    assert n_selected == sorted(n_selected, reverse=True)
    assert n_selected[0] >= 9
    assert n_selected[-1] == 0
    # J at its minimum is a growing function of alpha.
    assert losses == sorted(losses)
    np.testing.assert_allclose(model.predict(frame), y.mean(), rtol=1e-6)


@not_converged
def test_warm_starts_with_another_penalty():
    model = make(penalty="l1", warm_start=True).fit(X, SCORES)
    assert model.set_params(penalty=MaxNorm(0.1)).fit(X, SCORES).n_iter_ > 0
    # The weights from before were outside of what is allowed now.
    for coef in model.coefs_:
        assert np.linalg.norm(coef, axis=0).max() <= 0.1 * (1 + 1e-12)
    with pytest.raises(ValueError, match="cannot go on from weights of shapes"):
        model.set_params(penalty="hierarchical").fit(X, SCORES)
    model.set_params(warm_start=False).fit(X, SCORES)
    assert model.skip_coef_.shape == (4, 1)
    model.set_params(penalty="l2").fit(X, SCORES)
    assert not hasattr(model, "skip_coef_")
