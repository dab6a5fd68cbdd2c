"""Solvers: that they reach stationary points, exact zeros, and low objectives."""

import warnings
from collections import deque
from itertools import islice

import numpy as np
import pytest
import reference_solvers as reference
from objectives import scaled_objective
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor
from sknormreg.engine import Data, Network, make_engine
from sknormreg.engine.losses import HalfSquaredError, MultinomialLogLoss
from sknormreg.penalties import (
    L1,
    L2,
    MCP,
    SCAD,
    ElasticNet,
    GroupLasso,
    GroupMCP,
    GroupSCAD,
    Hierarchical,
    L1Ball,
    Layout,
    MaxNorm,
    Nuclear,
    PiecewiseSmoothPenalty,
    SparseGroupLasso,
)
from sknormreg.solvers import (
    LBFGS,
    PANOC,
    SGD,
    Adam,
    MinibatchState,
    ProjectedSubgradient,
)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def digits_problem(digits, seed):
    """Mean loss and gradient, the start that an estimator takes, and the network."""
    X, y = digits
    network = Network((64, 50, 10), ("tanh",), MultinomialLogLoss(10))
    engine, data = make_engine(network), Data(X, y, None)
    start = network.initial_params(
        network.loss.constant(y, None), np.random.RandomState(seed), X.dtype, 0.1
    )

    def mean_loss(params):
        loss, gradient = engine.loss_and_gradient(params, data)
        return loss / len(y), gradient / len(y)

    return mean_loss, start, network


seeds = pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))]
)


@pytest.mark.slow
@seeds
def test_l1_on_digits(digits, seed):
    """Stationary to 1e-6, sparse, and as low as other methods from the same start."""
    X, y = digits
    n_rows = len(y)
    mlp = RegularizedMLPClassifier(
        (50,), "tanh", penalty="l1", alpha=1, solver="lbfgs", tol=1e-6, random_state=seed
    )
    mlp.set_params(max_iter=1500, max_fun=1500).fit(X, y)
    assert mlp.optimality_ <= 1e-6
    assert mlp.t_ <= 1500 * n_rows
    assert mlp.sparsity_ >= 0.8
    assert (np.diff(mlp.loss_curve_) <= 0).all()

    mean_loss, start, network = digits_problem(digits, seed)
    weights, strength = network.n_weights, 1 / n_rows
    others = [
        reference.split_lbfgsb(mean_loss, start, weights, strength, max_fun=3000),
        reference.fista(mean_loss, start, reference.l1(weights, strength), max_fun=3000),
    ]
    assert mlp.loss_ <= 1.001 * min(others)
    assert mlp.loss_ < mean_loss(np.zeros_like(start))[0]


@pytest.mark.slow
@seeds
def test_group_lasso_on_digits(digits, seed):
    """Stationary to 1e-5, without whole inputs, and as low as other methods."""
    X, y = digits
    mlp = RegularizedMLPClassifier(
        (50,), "tanh", penalty="group_lasso", alpha=1, solver="lbfgs", tol=1e-5
    )
    mlp.set_params(random_state=seed, max_iter=3000, max_fun=3000).fit(X, y)
    assert mlp.optimality_ <= 1e-5
    assert mlp.t_ <= 3000 * len(y)
    assert (np.diff(mlp.loss_curve_) <= 0).all()
    # Border pixels that are always blank, and some more.
    assert (~mlp.coefs_[0].any(axis=1)).sum() > 3

    mean_loss, start, network = digits_problem(digits, seed)
    shapes, strength = network.shapes, 1 / len(y)
    omega = reference.group_lasso(shapes, strength)
    objective = scaled_objective(
        make_engine(network), Data(X, y, None), None, GroupLasso(), 1.0
    )
    panoc = last(PANOC(tol=1e-5, max_fun=3000).iterate(objective, start))
    fista = reference.fista(mean_loss, start, omega, max_fun=3000)
    assert mlp.loss_ <= 1.005 * min(panoc.value, fista)
    # This one keeps groups alive for longer and ends in minima of its own. They differ by
    # 1 % in either direction: lower by 0.6 % for one of the three starts, higher for the
    # others.
    smoothed = reference.smoothed_group_lbfgs(
        mean_loss, start, shapes, strength, max_fun=3000
    )
    assert mlp.loss_ <= 1.01 * smoothed


def small_objective(penalty, seed=0, hidden=(6,), alpha=0.5):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, 8))
    y = np.sin(X[:, :1]) + X[:, 1:3] ** 2 + 0.1 * rng.normal(size=(60, 2))
    units, activations = (8, *hidden, 2), ("tanh",) * len(hidden)
    network = Network(units, activations, HalfSquaredError(), skip=penalty.needs_skip)
    data = Data(X, y, rng.uniform(0.5, 2, 60))
    penalties = penalty.bind(Layout(list(network.shapes), None, network.n_skip))
    objective = scaled_objective(make_engine(network), data, None, penalties, alpha)
    start = network.initial_params(
        objective.objective.best_constant(), np.random.RandomState(seed), np.float64
    )
    return objective, objective.to_solver(objective.feasible(start))


def last(iterates, n=None):
    return deque(islice(iterates, n), maxlen=1).pop()


def test_lbfgs_goes_down_to_rounding():
    """Function values of size 0.1 cannot see gradients below 1e-8; derivatives can."""
    objective, start = small_objective(L2())
    end = last(LBFGS(tol=1e-12, max_fun=5000).iterate(objective, start))
    assert end.status == "converged"
    assert end.optimality <= 1e-12


@pytest.mark.parametrize("penalty", [L1(), ElasticNet(0.5)])
def test_projected_subgradient_is_monotone_and_stationary(penalty):
    objective, start = small_objective(penalty)
    values = []
    for iterate in ProjectedSubgradient(tol=1e-7, max_fun=5000).iterate(objective, start):
        values.append(iterate.value)
    assert iterate.status == "converged"
    assert (np.diff(values) <= 0).all()
    zeros = iterate.params[: objective.network.n_weights] == 0
    assert zeros.any()
    # No small change of any single weight helps: it is a local minimum along each axis.
    for i in range(len(iterate.params)):
        for change in (-1e-2, 1e-2):
            moved = iterate.params.copy()
            moved[i] += change
            # Equal for the intercept of a unit that nothing reads.
            assert objective.evaluate(moved).value >= iterate.value


def test_the_two_full_batch_solvers_agree_on_a_smooth_penalty():
    objective, start = small_objective(L2(), hidden=())
    ends = [
        last(method(tol=1e-9, max_fun=5000).iterate(objective, start))
        for method in (LBFGS, ProjectedSubgradient)
    ]
    assert [end.status for end in ends] == ["converged", "converged"]
    # A convex problem has one minimum; at gradients of 1e-9 values agree to rounding.
    assert ends[0].value == pytest.approx(ends[1].value, rel=1e-14)


# Columns that the targets have nothing to do with.
GROUPS = [[3, 4], [5, 6, 7]]
EVERY_PENALTY = [
    L1(),
    L2(),
    ElasticNet(0.3),
    GroupLasso(),
    GroupLasso(GROUPS),
    GroupLasso(GROUPS, features_only=True),
    SparseGroupLasso(0.4, GROUPS),
    MCP(l2=0.1),
    SCAD(l2=0.1),
    GroupMCP(l2=0.1, groups=GROUPS),
    GroupSCAD(l2=0.1, groups=GROUPS),
    MaxNorm(0.7),
    L1Ball(3.0),
    Nuclear(),
    Hierarchical(2.0),
]


@pytest.mark.parametrize("penalty", EVERY_PENALTY, ids=repr)
def test_panoc_ends_at_a_stationary_point(penalty):
    objective, start = small_objective(penalty, alpha=5.0)
    end = last(PANOC(tol=1e-6, max_fun=20_000).iterate(objective, start))
    assert end.status == "converged"
    found = objective.evaluate(end.params)
    assert np.abs(found.subgradient).max() <= end.tolerance
    # So is the stationarity that any prox has: it does not move.
    h = 1e-3
    moved = end.params - h * found.gradient
    objective.prox(moved, h)
    assert np.abs(moved - end.params).max() <= 2 * h * end.tolerance
    assert found.value < objective.evaluate(start).value
    weights = end.params[: objective.network.n_weights]
    if isinstance(penalty, PiecewiseSmoothPenalty) and not penalty.smooth:
        assert (weights == 0).any()
    if isinstance(penalty, Nuclear):
        first = objective.network.coefs(end.params)[0]
        assert np.linalg.matrix_rank(first, tol=1e-8) < min(first.shape)
    if penalty.is_constraint:
        # A bound of these sizes is in force.
        own = objective.from_solver(end.params)
        coefs = [objective.network.coefs(own)[i] for i in range(2)]
        assert any(np.isinf(penalty.value(1.001 * coef)) for coef in coefs)


@pytest.mark.parametrize(
    "penalty",
    [p for p in EVERY_PENALTY if isinstance(p, PiecewiseSmoothPenalty)],
    ids=repr,
)
def test_projected_subgradient_is_stationary_for_every_compiled_penalty(penalty):
    objective, start = small_objective(penalty, alpha=5.0)
    values = []
    for iterate in ProjectedSubgradient(tol=1e-6, max_fun=5000).iterate(objective, start):
        values.append(iterate.value)
    assert iterate.status == "converged"
    assert (np.diff(values) <= 0).all()
    gradient = objective.evaluate(iterate.params).gradient
    moved = iterate.params - 1e-3 * gradient
    objective.prox(moved, 1e-3)
    assert np.abs(moved - iterate.params).max() <= 2e-3 * iterate.tolerance


@pytest.mark.parametrize("alpha", [1e4, 1e6, 1e8])
@pytest.mark.parametrize("penalty", ["l1", "group_lasso", "sparse_group_lasso"])
def test_however_strong_a_penalty_the_intercepts_stay_fitted(penalty, alpha):
    # Steps go far beyond the weights' kinks, and intercepts must not go along.
    X, y = load_iris(return_X_y=True)
    X, y = StandardScaler().fit_transform(X), y == 0
    constant = -(np.log(1 / 3) + 2 * np.log(2 / 3)) / 3
    for hidden, seed in (((20,), 0), ((10, 10), 1)):
        mlp = RegularizedMLPClassifier(
            hidden, penalty=penalty, alpha=alpha, solver="lbfgs", random_state=seed
        ).fit(X, y)
        assert mlp.sparsity_ == 1
        assert mlp.loss_ == pytest.approx(constant, rel=1e-6)


@pytest.mark.parametrize(
    "penalty",
    [L1(), L2(), ElasticNet(0.3), GroupLasso(GROUPS), SparseGroupLasso(0.4, GROUPS)],
    ids=repr,
)
@pytest.mark.parametrize("alpha", [0.5, 5.0])
def test_full_batch_methods_agree_on_convex_problems(penalty, alpha):
    objective, start = small_objective(penalty, hidden=(), alpha=alpha)
    values = [
        last(method(tol=1e-8, max_fun=20_000).iterate(objective, start)).value
        for method in (ProjectedSubgradient, PANOC)
    ]
    # One minimum, where J is flat: its excess is of the second order in the residual.
    assert values[0] == pytest.approx(values[1], rel=1e-12)


@pytest.mark.parametrize("penalty", [MaxNorm(0.7), L1Ball(2.0), Nuclear()], ids=repr)
def test_panoc_against_fista_on_convex_problems(penalty):
    objective, start = small_objective(penalty, hidden=())
    end = last(PANOC(tol=1e-8, max_fun=20_000).iterate(objective, start))

    def prox(w, step):
        w = w.copy()
        objective.prox(w, step)
        return w

    other = reference.fista(
        objective.loss_and_gradient, start, (objective.penalty_value, prox), max_fun=2000
    )
    assert end.value == pytest.approx(other, rel=1e-10)


def minibatch_solver(name, **changes):
    common = dict(
        batch_size=10,
        learning_rate_init=0.01,
        learning_rate="adaptive",
        power_t=0.5,
        tol=1e-7,
        n_iter_no_change=10,
        shuffle=True,
        random_state=np.random.RandomState(0),
    )
    common.update(changes)
    if name == "adam":
        return Adam(beta_1=0.9, beta_2=0.999, epsilon=1e-8, **common)
    return SGD(momentum=0.9, nesterovs_momentum=name == "nesterov", **common)


@pytest.mark.parametrize(
    "penalty",
    [
        L1(),
        L2(),
        ElasticNet(0.3),
        GroupLasso(GROUPS),
        SparseGroupLasso(0.4, GROUPS),
        MCP(3.0, 0.1),
        MaxNorm(0.5),
        L1Ball(2.0),
    ],
    ids=repr,
)
@pytest.mark.parametrize("name", ["adam", "heavy-ball", "nesterov"])
def test_fixed_points_of_proximal_steps_are_stationary(name, penalty):
    """With full batches the iterates settle where J itself is stationary.

    A penalty added to Adam's moments, or a momentum that adds up gradients but not the
    prox, would settle elsewhere.
    """
    objective, start = small_objective(penalty, hidden=())
    objective.objective.strengths[:] = 1.0 if penalty.is_constraint else 0.2
    solver = minibatch_solver(name, batch_size=60, tol=0, n_iter_no_change=50)
    end = last(solver.iterate(objective, start), n=3000)
    subgradient = objective.evaluate(end.params).subgradient
    # A penalty that counted twice, or a tenth as with momentum 0.9, would leave about
    # the strength itself; a projection in another metric than the step's, as much as the
    # gradient.
    assert np.abs(subgradient).max() < 0.2 / 100
    if penalty.is_constraint:
        own = objective.from_solver(end.params)
        assert np.isinf(penalty.value(1.001 * objective.network.coefs(own)[0]))
    elif not penalty.smooth:
        assert (end.params[: objective.network.n_weights] == 0).any()


@pytest.mark.parametrize("batch_size", [7, 20, 60])
def test_batch_gradients_are_unbiased(batch_size):
    """Averaged over a partition, with weights by size, they are the full gradient."""
    objective, start = small_objective(L1())
    rows = np.random.default_rng(1).permutation(60)
    loss, gradient = 0.0, np.zeros_like(start)
    for i in range(0, 60, batch_size):
        batch = rows[i : i + batch_size]
        part = objective.batch_loss_and_gradient(start, batch)
        loss += part[0] * len(batch) / 60
        gradient += part[1] * (len(batch) / 60)
    full = objective.evaluate(start)
    np.testing.assert_allclose(gradient, full.gradient, atol=1e-14)
    assert loss + objective.penalty_value(start) == pytest.approx(full.value, rel=1e-13)


@pytest.mark.parametrize("penalty", ["l1", "l2", "elasticnet"])
@pytest.mark.parametrize("y_scale", [1e-6, 1e6])
def test_the_unit_of_the_target_does_not_matter_to_solvers(penalty, y_scale):
    """y and alpha rescaled so that the linear problem is the same give the same fit."""
    X, y = load_diabetes(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    # J scales by c^2 if coefs scale by c: the L1 part of alpha by c, the L2 part by 1.
    common = dict(hidden_layer_sizes=(), penalty=penalty, random_state=0)
    if penalty == "elasticnet":
        alpha, ratio = 100.0, 0.5
        l1, l2 = alpha * ratio * y_scale, alpha * (1 - ratio)
        scaled = dict(alpha=l1 + l2, l1_ratio=l1 / (l1 + l2))
    else:
        scaled = dict(alpha=100.0 * (y_scale if penalty == "l1" else 1))
    reference = RegularizedMLPRegressor(alpha=100.0, **common).fit(X, y)
    rescaled = RegularizedMLPRegressor(**scaled, **common).fit(X, y_scale * y)
    assert rescaled.loss_ == pytest.approx(reference.loss_ * y_scale**2, rel=1e-8)
    assert abs(rescaled.n_iter_ - reference.n_iter_) <= 0.3 * reference.n_iter_ + 5


def test_invscaling_and_adaptive_rates():
    objective, start = small_objective(L2())
    state = MinibatchState()
    solver = minibatch_solver("adam", learning_rate="invscaling", learning_rate_init=0.1)
    iterates = solver.iterate(objective, start, state)
    rates = [next(iterates) and solver.rate(state) for _ in range(4)]
    # Of the epoch to come.
    np.testing.assert_allclose(rates, 0.1 / np.sqrt([2, 3, 4, 5]))

    state = MinibatchState()
    solver = minibatch_solver("adam", n_iter_no_change=1, tol=1e3)
    rates = [solver.rate(state) for _ in solver.iterate(objective, start, state)]
    # Every second epoch without progress divides by 5, down to a thousandth; the first
    # epoch always counts as progress.
    assert rates[0] == pytest.approx(0.01)
    assert rates[-1] == pytest.approx(0.01 / 5**5)


def test_a_continued_state_is_one_run():
    """Two epochs in one call are the same as one epoch in each of two calls."""
    objective, start = small_objective(L1())
    once = last(minibatch_solver("adam").iterate(objective, start), n=2)
    state, solver = MinibatchState(), minibatch_solver("adam")
    first = last(solver.iterate(objective, start, state), n=1)
    second = last(solver.iterate(objective, first.params, state), n=1)
    np.testing.assert_array_equal(second.params, once.params)


def test_single_precision_floor():
    """Float32 ends near the floor of its rounding, without a warning."""
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X).astype(np.float32)
    for penalty in ("l1", "l2"):
        mlp = RegularizedMLPClassifier(
            (20,), penalty=penalty, random_state=2, alpha=1.0
        ).fit(X, y)
        double = RegularizedMLPClassifier((20,), penalty=penalty, random_state=2, alpha=1.0)
        double.fit(X.astype(np.float64), y)
        assert mlp.loss_ == pytest.approx(double.loss_, rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["relu", "softplus"])
@pytest.mark.parametrize("penalty", ["l2", "group_lasso"])
def test_features_of_very_different_scales_are_warned_of(penalty, activation):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(1000, 6))
    y = StandardScaler().fit_transform((X[:, :3].sum(axis=1) + X[:, 3] ** 2)[:, None])[:, 0]
    mlp = RegularizedMLPRegressor(
        (30,), penalty=penalty, activation=activation, random_state=0, alpha=1.0
    )
    # What is standardised is not: a warning is an error here.
    assert mlp.fit(X, y).score(X, y) > 0.9
    with pytest.warns(ConvergenceWarning, match=r"> tol .*\. Standardise the features"):
        assert mlp.fit(X * 10.0 ** np.arange(6), y).score(X, y) < 0.9


def test_a_target_in_a_small_unit_is_warned_of():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(3000, 20))
    y = 1e-4 * (X[:, 0] * X[:, 1] + np.abs(X[:, 2]))
    mlp = RegularizedMLPRegressor((100,), activation="tanh", random_state=0, alpha=1.0)
    with pytest.warns(ConvergenceWarning, match="and, in regression, the target"):
        assert mlp.fit(X, y).score(X, y) < 0.5


def test_warning_states_residual_and_remedy(digits):
    mlp = RegularizedMLPClassifier(max_iter=3, random_state=0, alpha=1.0)
    with pytest.warns(ConvergenceWarning, match=r"residual .* increase max_iter"):
        mlp.fit(*digits)
    mlp.set_params(solver="adam")
    with pytest.warns(ConvergenceWarning, match=r"max_iter=3 epochs.*optimality_"):
        mlp.fit(*digits)


@pytest.mark.parametrize("solver", ["lbfgs", "adam", "sgd"])
def test_loss_threshold(digits, solver):
    mlp = RegularizedMLPClassifier(
        solver=solver,
        loss_threshold=0.5,
        learning_rate_init=0.01,
        random_state=0,
        alpha=1.0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mlp.fit(*digits)
    assert mlp.loss_curve_[-1] <= 0.5 < mlp.loss_curve_[-2]
