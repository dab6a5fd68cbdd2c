"""The working set: what leaves has no part in the minimum, and the certificate is whole."""

import warnings
from itertools import product

import numpy as np
import pytest
from objectives import scaled_objective
from scipy import sparse
from scipy.special import expit
from scipy.stats import norm
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor
from sknormreg.engine import Data, Network, NumpyEngine, Subnetwork, buried, make_engine
from sknormreg.engine.losses import HalfSquaredError
from sknormreg.penalties import (
    L1,
    L2,
    MCP,
    SCAD,
    ElasticNet,
    GroupLasso,
    GroupMCP,
    GroupSCAD,
    Layout,
    SparseGroupLasso,
    Weighted,
)
from sknormreg.solvers import WorkingSet

GROUPS = [[0, 3], [1, 2, 7]]
PENALTIES = [
    L1(),
    ElasticNet(0.7),
    MCP(2.0),
    SCAD(2.0),
    GroupLasso(),
    GroupLasso(GROUPS, features_only=True),
    SparseGroupLasso(0.4),
    SparseGroupLasso(0.4, GROUPS, features_only=True),
    GroupMCP(2.0),
    GroupSCAD(2.0, groups=GROUPS, features_only=True),
    Weighted(L1(), {0: 0, 1: 0.5, 2: 3, 4: np.inf}),
    Weighted(GroupLasso(GROUPS, features_only=True), {0: 0, 3: 0, 4: 2, 8: 0.3}),
    Weighted(GroupMCP(2.0), {0: 0, 1: 0.5, 2: 3}),
]


def _objective(penalty, seed=0, alpha=2.0, n_features=9, units=(5, 4), rows=False):
    random_state = np.random.RandomState(seed)
    X = random_state.normal(size=(40, n_features))
    y = np.tanh(2 * X[:, [1]]) + X[:, [4]] * X[:, [5]]
    network = Network((n_features, *units, 1), ("tanh", "softplus"), HalfSquaredError())
    bound = penalty.bind(Layout(list(network.shapes)))
    rows = np.arange(3, 35) if rows else None
    data = Data(X, y, random_state.uniform(0.5, 2, size=40))
    return scaled_objective(make_engine(network), data, rows, bound, alpha)


@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
def test_a_part_is_the_whole_with_zeros(penalty, rows):
    objective = _objective(penalty, rows=rows)
    assert objective.has_parts
    # Whole groups of features, few enough of them to be gathered.
    kept = np.array([0, 3, 5]), np.array([1, 2, 4]), np.array([0, 3])
    part = Subnetwork(objective.network, kept)
    params = np.random.RandomState(1).normal(size=part.network.n_params)
    params[::4] = 0
    whole = part.put(params)
    small = type(objective)(objective.objective.restricted(part), objective.scales)
    found, expected = small.evaluate(params), objective.evaluate(whole)
    # Sums of up to forty products, in another order.
    for a, b in zip(found[:4], expected):
        b = b[part.index] if np.ndim(b) else b
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)
    np.testing.assert_array_equal(found.kink, expected.kink[part.index])
    np.testing.assert_array_equal(found.kink, small.at_kink(params))


def test_parts_have_whole_groups_of_every_layer():
    network = Network((9, 8, 1), ("tanh",), HalfSquaredError())
    features = GroupLasso(GROUPS).bind(Layout([*network.shapes]))[0]
    pairs = [[0, 1], [2, 3], [4, 5], [6, 7]]
    units = GroupLasso(pairs).bind(Layout([(8, 1)]))[0]
    X = np.random.RandomState(0).normal(size=(20, 9))
    data = Data(X, X[:, :1], None)
    objective = scaled_objective(make_engine(network), data, None, [features, units], 1.0)
    params = np.zeros(network.n_params)
    coefs = network.coefs(params)

    def kept():
        part = objective.living_part(params, np.zeros_like(params))
        assert not part.has_changed
        assert part.params.tolist() == params[part.index].tolist()
        # Of the intercepts of the hidden units.
        is_kept = [np.zeros(n, dtype=bool) for n in network.layer_units[:2]]
        marks = np.zeros(network.n_params, dtype=bool)
        marks[part.index] = True
        is_kept[0][...] = network.coefs(marks)[0].any(axis=1)
        is_kept[1][...] = network.intercepts(marks)[0]
        return [np.flatnonzero(mask).tolist() for mask in is_kept]

    # Where nothing is left, the groups of the first feature and of the first unit.
    assert kept() == [[0, 3], [0, 1]]
    coefs[0][[4, 7], 3] = 1
    coefs[1][3] = 1
    assert kept() == [[1, 2, 4, 7], [2, 3]]


def test_buried_units_change_no_output():
    random_state = np.random.RandomState(0)
    network = Network((3, 4, 3, 2), ("softplus", "tanh"), HalfSquaredError())
    params = random_state.normal(size=network.n_params)
    coefs = network.coefs(params)
    coefs[0][:, 1] = 0  # a constant
    coefs[1][2] = 0  # not read
    coefs[1][:, 0] = 0
    X = random_state.normal(size=(20, 3))
    engine = NumpyEngine(network)

    def outputs():
        return engine.raw_predict(coefs, network.intercepts(params), X)

    expected = outputs()
    living = [np.array([1, 0, 0, 1], bool), np.array([0, 1, 1], bool)]
    assert buried(network, params, living)
    np.testing.assert_allclose(outputs(), expected, rtol=1e-13)
    assert not coefs[0][:, 1:3].any()
    assert not coefs[1][1:3].any()
    assert not coefs[1][:, 0].any()
    assert not coefs[2][0].any()
    assert not buried(network, params, living)


@pytest.mark.parametrize("rows", [False, True])
def test_the_gradient_is_that_of_all_units(rows):
    objective = _objective(L1(), rows=rows, units=(9, 7)).objective
    params = np.random.RandomState(0).normal(size=objective.network.n_params)
    coefs = objective.network.coefs(params)
    coefs[0][:, 2:8], coefs[1][2:8] = 0, 0
    coefs[1][:, 3:], coefs[2][3:] = 0, 0
    loss, gradient = objective.total_loss_and_gradient(params)
    expected = objective.engine.loss_and_gradient(params, objective.data, objective.rows)
    assert loss == pytest.approx(expected[0], rel=1e-13)
    # Sums of forty products, in another order; those of constants are not zero.
    np.testing.assert_allclose(gradient, expected[1], rtol=1e-11, atol=1e-12)
    assert objective.network.coefs(gradient)[2][4].all()


def _lasso_problem():
    """A suppressor: a feature that tells nothing of the target but the noise of another."""
    random_state = np.random.RandomState(0)
    X = random_state.normal(size=(60, 80))
    signal = random_state.normal(size=60)
    X[:, 0] = signal + X[:, 1]
    X, y = scale(X), scale(signal)
    y -= X[:, 1] * (X[:, 1] @ y) / len(y)
    return X, y


def test_features_that_were_left_out_come_back():
    X, y = _lasso_problem()
    alpha = 0.2
    network = Network((80, 1), (), HalfSquaredError())
    objective = scaled_objective(
        make_engine(network), Data(X, y[:, None], None), None, L1(), alpha * len(y)
    )
    start = np.zeros(network.n_params)
    at_start = np.abs(X.T @ y) / len(y) > alpha
    exact = Lasso(alpha=alpha, tol=1e-12, max_iter=100_000).fit(X, y)
    # Or nothing would have to come back.
    assert (exact.coef_[~at_start] != 0).any()
    assert at_start.sum() < 40
    sizes = []
    original = type(objective).living_part

    class Watched(type(objective)):
        def living_part(self, *args):
            part = original(self, *args)
            sizes.append(len(part.index))
            return part

    objective.__class__ = Watched
    *_, end = WorkingSet(tol=1e-9, max_fun=5000).iterate(objective, start)
    assert end.status == "converged"
    # A part at the start, and another with what has come back.
    assert len(sizes) > 1
    assert max(sizes) < 80
    found = objective.from_solver(end.params)[:-1]
    # At a residual of 1e-9, with features correlated to .7 or so.
    np.testing.assert_allclose(found, exact.coef_, atol=1e-6)
    assert ((found != 0) == (exact.coef_ != 0)).all()


@pytest.mark.parametrize("max_iter", [6, 8, 9])
def test_a_limit_warns_of_what_was_left_out(max_iter):
    # A few iterations are enough for the features at work, not for those left out.
    X, y = _lasso_problem()
    mlp = RegularizedMLPRegressor((), penalty="l1", alpha=12, max_iter=max_iter)
    with pytest.warns(ConvergenceWarning, match=r"max_iter=\d iterations: residual 0\.1"):
        mlp.fit(X, y)
    assert mlp.optimality_ > 0.1


def _min_norm_subgradient(penalty, W, G, strength):
    """By the definition of each penalty, one weight or one group at a time."""
    out = np.empty_like(W)
    l1_ratio = {"l1": 1.0, "elasticnet": 0.7}.get(penalty)
    if l1_ratio is not None:
        l1, l2 = strength * l1_ratio, strength * (1 - l1_ratio)
        for i in np.ndindex(W.shape):
            at_zero = np.sign(G[i]) * max(abs(G[i]) - l1, 0)
            out[i] = G[i] + l2 * W[i] + l1 * np.sign(W[i]) if W[i] else at_zero
        return out
    for j, (w, g) in enumerate(zip(W, G)):
        bound, length = strength * np.sqrt(W.shape[1]), np.linalg.norm(w)
        if length:
            out[j] = g + bound * w / length
        else:
            size = np.linalg.norm(g)
            out[j] = g * max(1 - bound / size, 0) if size else 0
    return out


# Without relu: on its kinks, where fits end, rounding decides on the gradient.
CASES = list(
    product(
        ["l1", "elasticnet", "group_lasso"],
        ["tanh", "silu", "logistic", "gelu"],
        [np.float64, np.float32],
        [False, True],
        [True, False],
    )
)


# These have all penalties, activations, types and layouts.
@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(seed, marks=pytest.mark.slow if seed % 5 % 3 else ())
        for seed in range(len(CASES))
    ],
)
def test_the_certificate_is_of_all_parameters(seed):
    penalty, activation, dtype, is_sparse, is_classifier = CASES[seed]
    if is_classifier:
        X, y = make_classification(80, 25, n_informative=4, random_state=seed)
        estimator = RegularizedMLPClassifier
    else:
        X, y = make_regression(80, 25, n_informative=3, noise=5.0, random_state=seed)
        y, estimator = scale(y), RegularizedMLPRegressor
    X = scale(X).astype(dtype)
    X[np.abs(X) < 0.6] = 0
    mlp = estimator(
        hidden_layer_sizes=(12,),
        penalty=penalty,
        l1_ratio=0.7,
        activation=activation,
        alpha=np.random.RandomState(seed).choice([0.5, 2.0, 6.0]),
        solver="lbfgs",
        max_iter=400,
        random_state=seed,
    )
    with warnings.catch_warnings(action="ignore"):
        mlp.fit(sparse.csr_array(X) if is_sparse else X, y)
    optimality = _optimality(mlp, X.astype(np.float64), y, penalty, activation)
    # Of float32, gradients are sums of eighty numbers of about 1.
    tolerance = 1e-12 if dtype == np.float64 else 2e-6
    assert mlp.optimality_ == pytest.approx(optimality, abs=tolerance, rel=1e-6)


def _optimality(mlp, X, y, penalty, activation):
    """Recompute it with the formulas of a network of one hidden layer."""
    functions = {
        "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
        "silu": (
            lambda z: z * expit(z),
            lambda z: expit(z) * (1 + z * expit(-z)),
        ),
        "logistic": (expit, lambda z: expit(z) * (1 - expit(z))),
        "gelu": (lambda z: z * norm.cdf(z), lambda z: norm.cdf(z) + z * norm.pdf(z)),
    }
    act, derivative = functions[activation]
    (W, V), (b, c) = (
        [np.asarray(a, dtype=np.float64) for a in arrays]
        for arrays in (mlp.coefs_, mlp.intercepts_)
    )
    z = X @ W + b
    outputs = (act(z) @ V + c).ravel()
    delta = (expit(outputs) if hasattr(mlp, "classes_") else outputs) - y
    delta = delta[:, None] / len(y)
    back = delta @ V.T * derivative(z)
    strength = mlp.alpha / len(y)
    parts = [
        _min_norm_subgradient(penalty, W, X.T @ back, strength),
        _min_norm_subgradient(penalty, V, act(z).T @ delta, strength),
        back.sum(axis=0),
        delta.sum(axis=0),
    ]
    return max(np.abs(part).max() for part in parts)


def test_penalties_without_parts_train_as_before():
    class Mine(L1):
        def value(self, weights):
            return super().value(weights)

    X, y = make_classification(60, 8, random_state=0)
    mlp = RegularizedMLPClassifier((4,), penalty=Mine(), random_state=0, alpha=1.0).fit(
        X, y
    )
    assert not _objective_of(Mine()).has_parts
    assert mlp.optimality_ < 1e-4


def _objective_of(penalty):
    network = Network((8, 4, 1), ("tanh",), HalfSquaredError())
    X = np.random.RandomState(0).normal(size=(10, 8))
    data = Data(X, X[:, :1], None)
    return scaled_objective(make_engine(network), data, None, [penalty, L2()], 1.0)
