"""Fits with a factor for the penalty of each feature, by the problems that they equal."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from objectives import scaled_objective
from penalised_fits import not_converged
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import Lasso, LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    regularization_path,
)
from sknormreg.engine import Data, Network, make_engine
from sknormreg.engine.losses import HalfSquaredError
from sknormreg.penalties import (
    L1,
    L2,
    MCP,
    ElasticNet,
    GroupLasso,
    GroupMCP,
    Layout,
    MaxNorm,
    SparseGroupLasso,
    Weighted,
    reweighted,
)

EXACT = dict(tol=1e-9, max_iter=20000, random_state=0)
FACTORS = np.array([0.5, 1, 3, 2, 1, 0.2, 1, 5, 1, 0.7])


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return scale(X), scale(y)


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return scale(X)[::3], y[::3]


@pytest.fixture
def two_outputs(diabetes):
    X, y = diabetes
    return X, np.column_stack([y, np.roll(X[:, 0], 1) + 0.5 * X[:, 2]])


# By a change of the features' units


@pytest.mark.parametrize("penalty", [L1(), GroupLasso(), SparseGroupLasso(0.3)], ids=repr)
def test_factors_are_units_of_the_features_of_a_linear_network(two_outputs, penalty):
    """f |w| is |v| for v = f w, the weight of x / f."""
    X, y = two_outputs
    settings = dict(hidden_layer_sizes=(), alpha=20, **EXACT)
    weighted = Weighted(penalty, FACTORS)
    found = RegularizedMLPRegressor(penalty=weighted, **settings).fit(X, y)
    scaled = RegularizedMLPRegressor(penalty=penalty, **settings).fit(X / FACTORS, y)
    assert found.loss_ == pytest.approx(scaled.loss_, rel=1e-8)
    expected = scaled.coefs_[0] / FACTORS[:, None]
    np.testing.assert_allclose(found.coefs_[0], expected, atol=1e-6)
    # There was something to decide, and factors decide it.
    plain = RegularizedMLPRegressor(penalty=penalty, **settings).fit(X, y)
    assert (plain.selected_features_ != found.selected_features_).any()


def test_l1_is_the_lasso_of_scaled_features(diabetes):
    X, y = diabetes
    penalty = Weighted(L1(), FACTORS)
    found = RegularizedMLPRegressor((), penalty=penalty, alpha=0.05 * len(y), **EXACT)
    found.fit(X, y)
    lasso = Lasso(alpha=0.05, tol=1e-12).fit(X / FACTORS, y)
    np.testing.assert_allclose(found.coefs_[0][:, 0], lasso.coef_ / FACTORS, atol=1e-6)
    np.testing.assert_array_equal(found.selected_features_, lasso.coef_ != 0)


def test_l2_is_ridge_of_scaled_features(diabetes):
    X, y = diabetes
    root = np.sqrt(FACTORS)
    found = RegularizedMLPRegressor((), penalty=Weighted(L2(), FACTORS), alpha=30, **EXACT)
    ridge = Ridge(alpha=30).fit(X / root, y)
    found.fit(X, y)
    np.testing.assert_allclose(found.coefs_[0][:, 0], ridge.coef_ / root, atol=1e-6)


def _objective(X, y, penalty, units=(5, 3)):
    network = Network((X.shape[1], *units, 1), ("tanh", "gelu"), HalfSquaredError())
    layers = penalty.bind(Layout(list(network.shapes)))
    return scaled_objective(
        make_engine(network), Data(X, y[:, None], None), None, layers, 3.0
    )


@pytest.mark.parametrize("penalty", [L1(), GroupLasso(), SparseGroupLasso(0.3)], ids=repr)
def test_factors_are_units_of_the_features_of_a_hidden_network(diabetes, penalty):
    """J is the same function of v = f w, and its subgradient is f times as large."""
    X, y = diabetes
    weighted = _objective(X, y, Weighted(penalty, FACTORS))
    scaled = _objective(X / FACTORS, y, penalty)
    params = np.random.default_rng(0).normal(size=weighted.network.n_params)
    first = weighted.network.coefs(params)[0]
    first[1] = first[3, 2] = 0
    other = params.copy()
    scaled.network.coefs(other)[0][...] *= FACTORS[:, None]
    found, expected = weighted.evaluate(params), scaled.evaluate(other)
    assert found.value == pytest.approx(expected.value, rel=1e-13)
    subgradient = expected.subgradient.copy()
    scaled.network.coefs(subgradient)[0][...] *= FACTORS[:, None]
    np.testing.assert_allclose(found.subgradient, subgradient, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(
    "penalty", [L1(), L2(), ElasticNet(0.5), MCP(), GroupLasso(), GroupMCP()], ids=repr
)
@pytest.mark.parametrize("solver", ["lbfgs", "sgd"])
@not_converged
def test_two_everywhere_is_twice_the_alpha(diabetes, penalty, solver):
    X, y = diabetes
    settings = dict(hidden_layer_sizes=(5,), solver=solver, max_iter=20, random_state=0)
    weighted = Weighted(penalty, np.full(10, 2.0))
    found = RegularizedMLPRegressor(penalty=weighted, alpha=7.0, **settings).fit(X, y)
    twice = RegularizedMLPRegressor(penalty=penalty, alpha=[14.0, 7.0], **settings)
    twice.fit(X, y)
    assert found.loss_ == pytest.approx(twice.loss_, rel=1e-6)
    for layer, expected in zip(found.coefs_, twice.coefs_):
        np.testing.assert_allclose(layer, expected, rtol=1e-3, atol=1e-6)


# The certificate, by its definition


def _gradients(model, X, y):
    """Of the mean half squared error with a tanh layer, by hand: weights, intercepts."""
    (first, second), (b, c) = model.coefs_, model.intercepts_
    h = np.tanh(X @ first + b)
    delta = (h @ second + c - y[:, None]) / len(y)
    hidden = delta @ second.T * (1 - h**2)
    return (X.T @ hidden, h.T @ delta), (hidden.sum(axis=0), delta.sum(axis=0))


def _shortest_of_rows(gradient, weights, strengths):
    """Of the group lasso, for rows of strengths of their own."""
    shortest = np.empty_like(gradient)
    for j, (g, w, strength) in enumerate(zip(gradient, weights, strengths)):
        radius = strength * np.sqrt(len(w))
        norm, size = np.linalg.norm(w), np.linalg.norm(g)
        if norm > 0:
            shortest[j] = g + radius * w / norm
        else:
            shortest[j] = g * (1 - radius / size) if size > radius else 0
    return shortest


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@not_converged
def test_optimality_by_its_definition(diabetes, solver):
    X, y = diabetes
    factors = np.where(np.arange(10) == 2, 0, FACTORS)
    model = RegularizedMLPRegressor(
        (6,),
        activation="tanh",
        penalty=Weighted(GroupLasso(), factors),
        alpha=5.0,
        solver=solver,
        max_iter=200,
        random_state=0,
    ).fit(X, y)
    weights, intercepts = _gradients(model, X, y)
    strengths = 5 / len(y) * factors, np.full(6, 5 / len(y))
    parts = [_shortest_of_rows(*args) for args in zip(weights, model.coefs_, strengths)]
    largest = max(np.abs(part).max() for part in (*parts, *intercepts))
    # Of gradients of order 1, to rounding.
    assert model.optimality_ == pytest.approx(largest, rel=1e-6, abs=1e-12)
    assert model.coefs_[0][2].any()
    if solver == "lbfgs":
        assert largest < 1e-3
        assert not model.coefs_[0].any(axis=1).all()
    norms = np.sqrt(6) * np.linalg.norm(model.coefs_[0], axis=1)
    later = np.linalg.norm(model.coefs_[1], axis=1)
    omega = factors @ norms + later.sum()
    loss = np.mean((model.predict(X) - y) ** 2) / 2
    assert model.loss_ == pytest.approx(loss + 5 / len(y) * omega, rel=1e-10)


# Free and excluded features


@pytest.mark.parametrize(
    "penalty",
    [L1(), MCP(), GroupLasso(features_only=True), GroupMCP(features_only=True)],
    ids=repr,
)
def test_free_features_are_fitted_as_without_a_penalty(diabetes, penalty):
    """At a large alpha only they are left: the fit of least squares to them alone."""
    X, y = diabetes
    weighted = Weighted(penalty, [1, 0, 1, 1, 0, 1, 1, 1, 1, 1])
    model = RegularizedMLPRegressor((), penalty=weighted, alpha=1e4, **EXACT).fit(X, y)
    expected = LinearRegression().fit(X[:, [1, 4]], y)
    np.testing.assert_array_equal(np.flatnonzero(model.selected_features_), [1, 4])
    np.testing.assert_allclose(model.coefs_[0][[1, 4], 0], expected.coef_, atol=1e-6)


@pytest.mark.parametrize("solver", ["lbfgs", "adam", "sgd"])
@pytest.mark.parametrize(
    "penalty", [L1(), GroupLasso(features_only=True), GroupMCP()], ids=repr
)
@not_converged
def test_free_features_stay_and_excluded_ones_stay_out(cancer, penalty, solver):
    X, y = cancer
    if solver == "adam" and not penalty.has_diagonal_prox:
        return
    weighted = Weighted(penalty, {0: 0, 1: 0, 2: np.inf})
    for data, max_iter in product((X, sparse.csr_array(X)), (1, 30)):
        model = RegularizedMLPClassifier(
            (5,),
            penalty=weighted,
            alpha=8,
            solver=solver,
            max_iter=max_iter,
            random_state=0,
        ).fit(data, y)
        assert model.coefs_[0][:2].any(axis=1).all()
        assert not model.coefs_[0][2].any()
        assert np.isfinite(model.loss_)


def test_an_excluded_feature_is_as_if_it_were_not_in_the_data(diabetes):
    X, y = diabetes
    settings = dict(hidden_layer_sizes=(), alpha=10, **EXACT)
    without = RegularizedMLPRegressor(penalty="group_lasso", **settings).fit(X[:, 1:], y)
    penalty = Weighted(GroupLasso(), {0: np.inf})
    model = RegularizedMLPRegressor(penalty=penalty, **settings).fit(X, y)
    assert model.loss_ == pytest.approx(without.loss_, rel=1e-9)
    np.testing.assert_allclose(model.coefs_[0][1:], without.coefs_[0], atol=1e-6)


def test_beside_a_constraint(cancer):
    """With PANOC+, as max-norm has no kinks at zero."""
    X, y = cancer
    penalty = [Weighted(GroupLasso(), {0: 0.1, 1: np.inf, 2: 3}), MaxNorm(1)]
    model = RegularizedMLPClassifier((5,), penalty=penalty, alpha=[10, 1], random_state=0)
    model.fit(X, y)
    assert model.optimality_ < 1e-3
    assert model.selected_features_[0]
    assert not model.coefs_[0][1].any()


# Paths


def dense(coef):
    return coef.toarray() if sparse.issparse(coef) else coef


@pytest.mark.parametrize(
    "penalty", [GroupLasso(features_only=True), GroupLasso(), L1()], ids=repr
)
def test_the_grid_ends_where_the_penalised_features_are_gone(cancer, penalty):
    X, y = cancer
    weighted = Weighted(penalty, {0: 0, 3: 0})
    path = regularization_path(
        X, y, alphas=8, penalty=weighted, hidden_layer_sizes=(5,), random_state=0
    )
    sets = [set(np.flatnonzero(dense(first).any(axis=1))) for first, _ in path.coefs]
    assert sets[-1] <= {0, 3}
    assert sets[0] > {0, 3}
    assert sum(found <= {0, 3} for found in sets) <= 2
    # It does not end far beyond.
    model = RegularizedMLPClassifier((5,), penalty=weighted, random_state=0, alpha=1.0)
    model.set_params(alpha=path.alphas[-1] / 8).fit(X, y)
    assert model.selected_features_.sum() > 2


def test_the_grid_ends_with_a_penalty_that_only_shrinks(diabetes):
    X, y = diabetes
    penalty = Weighted(L2(), {2: 0})
    path = regularization_path(X, y, alphas=5, penalty=penalty, hidden_layer_sizes=())
    last = path.coefs[-1][0][:, 0]
    alone = LinearRegression().fit(X[:, [2]], y)
    assert last[2] == pytest.approx(alone.coef_[0], rel=0.1)
    assert np.abs(np.delete(last, 2)).max() < 0.05
    assert path.alphas[-1] < 1e3 * len(y)


def test_a_search_over_alphas_and_over_parameters_of_the_inner_penalty(cancer):
    X, y = cancer
    X = pd.DataFrame(X).rename(columns="x{}".format)
    penalty = Weighted(GroupLasso(), {"x0": 0, "x5": 2})
    search = RegularizedMLPClassifierCV(
        (5,), penalty=penalty, alphas=6, cv=3, random_state=0
    )
    search.fit(X, y)
    assert (search.path_n_features_[-1] <= 1).all()
    assert search.selected_features_[0]
    model = RegularizedMLPClassifier((5,), penalty=penalty, alpha=5, random_state=0)
    grid = {
        "penalty__penalty__features_only": [False, True],
        "penalty__penalty_factor": [{"x0": 0}, {"x1": 0}],
    }
    found = GridSearchCV(model, grid, cv=2).fit(X, y)
    assert len(found.cv_results_["params"]) == 4
    assert penalty.penalty.features_only is False


# Reweighting


def test_the_adaptive_lasso_of_a_linear_model(diabetes):
    """Zou (2006, section 3.5): the lasso of features times their first coefficients."""
    X, y = diabetes
    first = RegularizedMLPRegressor((), penalty="l2", alpha=1e-6, **EXACT).fit(X, y)
    penalty = reweighted(L1(), first, gamma=1.5)
    alpha = 0.02
    model = RegularizedMLPRegressor((), penalty=penalty, alpha=alpha * len(y), **EXACT)
    model.fit(X, y)
    size = np.abs(LinearRegression().fit(X, y).coef_) ** 1.5
    lasso = Lasso(alpha=alpha, tol=1e-13, max_iter=10**5).fit(X * size, y)
    np.testing.assert_allclose(model.coefs_[0][:, 0], size * lasso.coef_, atol=1e-5)


def test_a_second_fit_keeps_what_the_first_has_removed_out(cancer):
    X, y = cancer
    settings = dict(hidden_layer_sizes=(5,), random_state=0)
    first = RegularizedMLPClassifier(penalty="group_lasso", alpha=4, **settings).fit(X, y)
    penalty = reweighted(GroupLasso(features_only=True), first)
    second = RegularizedMLPClassifier(penalty=penalty, alpha=4, **settings).fit(X, y)
    assert 0 < first.selected_features_.sum() < 30
    assert not (second.selected_features_ & ~first.selected_features_).any()
