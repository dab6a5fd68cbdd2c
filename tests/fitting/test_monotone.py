"""Monotone networks: their linear limit, their outputs, and their certificate."""

import numpy as np
import pytest
from scipy.optimize import lsq_linear, minimize
from sklearn.linear_model import ElasticNet, LinearRegression

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor
from sknormreg.engine import Data
from sknormreg.engine.activations import ACTIVATIONS
from sknormreg.engine.losses import HalfSquaredError
from sknormreg.fitting.specification import NetworkSpec
from sknormreg.penalties import GroupLasso, MaxNorm, Weighted

# J may exceed that of the oracle by this share of it.
EXCESS = 1e-6

MONOTONE = [name for name, activation in ACTIVATIONS.items() if activation.monotone]
CST = [1, -1, 0, 1]

not_converged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def data(n=150, seed=0, dtype=np.float64):
    """No effect is of the sign of its constraint everywhere, but each is on average."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    y = 2 * np.tanh(2 * X[:, 0]) - X[:, 0] ** 2 / 4 - X[:, 1] + np.sin(3 * X[:, 1])
    y += X[:, 2] ** 2 / 2 + X[:, 3] * (1 + X[:, 2] / 2)
    y += 0.3 * rng.normal(size=n)
    return X.astype(dtype), (y / y.std()).astype(dtype)


# Without hidden layers


SIGNS = np.array([1, 1, 1, 0, -1, -1, 0])
LOWER = np.where(SIGNS == 1, 0, -np.inf)
UPPER = np.where(SIGNS == -1, 0, np.inf)


def linear_data():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 7)) @ (np.eye(7) + 0.3)
    return X, X @ [2, -1, 0.5, -0.3, 1, -2, 0.2] + rng.normal(size=200)


def half_squares(X, y, coef, intercept, alpha):
    residuals = X @ coef + intercept - y
    return (residuals @ residuals + alpha * coef @ coef) / 2 / len(y)


@pytest.mark.parametrize("alpha", [0.0, 5.0])
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
def test_linear_regression_within_bounds(solver, alpha):
    X, y = linear_data()
    mlp = RegularizedMLPRegressor(
        (),
        alpha=alpha,
        monotonic_cst=SIGNS,
        solver=solver,
        max_iter=1000,
        batch_size=200,
        learning_rate="adaptive",
        learning_rate_init=0.005,
        tol="auto" if solver == "lbfgs" else 1e-12,
        random_state=0,
    ).fit(X, y)
    means = X.mean(axis=0)
    A = np.vstack([X - means, np.sqrt(alpha) * np.eye(7)])
    b = np.concatenate([y - y.mean(), np.zeros(7)])
    oracle = lsq_linear(A, b, (LOWER, UPPER), method="bvls", tol=1e-14).x
    assert np.count_nonzero(oracle == 0) >= 2  # the constraints bind
    least = half_squares(X, y, oracle, y.mean() - means @ oracle, alpha)
    found = half_squares(X, y, mlp.coefs_[0][:, 0], mlp.intercepts_[0], alpha)
    assert mlp.loss_ == pytest.approx(found, rel=1e-12)
    assert -1e-9 <= found / least - 1 <= EXCESS
    if solver == "lbfgs":
        assert mlp.optimality_ < 1e-6


def test_positive_models_of_scikit_learn():
    X, y = linear_data()
    settings = dict(hidden_layer_sizes=(), monotonic_cst=[1] * 7)
    mlp = RegularizedMLPRegressor(alpha=0, **settings).fit(X, y)
    oracle = LinearRegression(positive=True).fit(X, y)
    np.testing.assert_allclose(mlp.coefs_[0][:, 0], oracle.coef_, atol=1e-6)
    mlp = RegularizedMLPRegressor(penalty="elasticnet", alpha=10, **settings).fit(X, y)
    oracle = ElasticNet(alpha=10 / 200, positive=True, tol=1e-12, max_iter=10**5).fit(X, y)
    np.testing.assert_allclose(mlp.coefs_[0][:, 0], oracle.coef_, atol=1e-6)
    assert (oracle.coef_ == 0).any()


@pytest.mark.parametrize("penalty", ["l2", "l1"])
def test_logistic_regression_within_bounds(penalty):
    X, y = linear_data()
    y = (y > 0).astype(int)
    mlp = RegularizedMLPClassifier((), penalty=penalty, alpha=2, monotonic_cst=SIGNS)
    mlp.fit(X, y)

    def J(p):
        # With L1, of parts of either sign.
        coef = p[:7] - p[7:14] if penalty == "l1" else p[:7]
        raw = X @ coef + p[-1]
        omega = p[:-1].sum() if penalty == "l1" else coef @ coef / 2
        return (np.logaddexp(0, raw) - y * raw).mean() + 2 * omega / len(y)

    if penalty == "l1":
        bounds = [(0, upper) for upper in np.concatenate([UPPER, -LOWER])]
    else:
        bounds = list(zip(LOWER, UPPER))
    options = dict(ftol=1e-14, gtol=1e-9, maxiter=5000, maxfun=10**5)
    start = np.zeros(len(bounds) + 1)
    bounds.append((None, None))
    oracle = minimize(J, start, method="L-BFGS-B", bounds=bounds, options=options)
    assert abs(mlp.loss_ / oracle.fun - 1) <= EXCESS


# Networks


def raw_outputs(mlp, X):
    """By plain NumPy, in the precision of the weights."""
    layers = mlp.activation if isinstance(mlp.activation, list) else None
    for i, (coef, intercept) in enumerate(zip(mlp.coefs_, mlp.intercepts_)):
        X = X @ coef + intercept
        if i < len(mlp.coefs_) - 1:
            ACTIVATIONS[layers[i] if layers else mlp.activation].value(X)
    return X


def n_violations(mlp, n_pairs, seed=0):
    """Count the pairs of samples, a step along one feature apart, in the wrong order.

    Sums of products with weights of one sign are in order but for rounding; so are exact
    activations. Thus an order counts as wrong if it is by more than the rounding of a sum.
    """
    rng, dtype = np.random.default_rng(seed), mlp.coefs_[0].dtype
    X = (3 * rng.normal(size=(n_pairs, 4))).astype(dtype)
    low, count = raw_outputs(mlp, X), 0
    rounding = 30 * np.finfo(dtype).eps * (1 + np.abs(low).max())
    for feature, sign in enumerate(CST):
        higher = X.copy()
        higher[:, feature] += rng.exponential(size=n_pairs).astype(dtype)
        change = raw_outputs(mlp, higher) - low
        if sign:
            count += int((sign * change < -rounding).sum())
            assert (sign * change > rounding).any(), "a feature has no effect"
    return count


@not_converged
@pytest.mark.parametrize("activation", MONOTONE)
@pytest.mark.parametrize(
    "sizes", [pytest.param((12,), marks=pytest.mark.slow), (8, 6), (6, 5, 4)], ids=str
)
def test_outputs_are_monotone_with_every_activation(activation, sizes):
    X, y = data()
    mlp = RegularizedMLPRegressor(
        sizes, activation, alpha=0.05, max_iter=40, monotonic_cst=CST, random_state=0
    )
    free = mlp.set_params(monotonic_cst=None).fit(X, y)
    if activation != "identity":
        with pytest.raises(AssertionError):
            assert n_violations(free, 1000) == 0
    mlp.set_params(monotonic_cst=CST).fit(X, y)
    if activation == "identity":
        first, *others = mlp.coefs_
        assert all((coef >= 0).all() for coef in others)
        assert (first[[0, 3]] >= 0).all()
        assert (first[1] <= 0).all()
        return
    assert n_violations(mlp, 3000) == 0


@not_converged
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("solver", ["lbfgs", "adam", "sgd"])
@pytest.mark.parametrize("penalty", ["l2", "l1", "group_lasso"])
@pytest.mark.parametrize("n_pairs", [3000, pytest.param(10**5, marks=pytest.mark.slow)])
def test_outputs_are_monotone_with_every_solver(penalty, solver, dtype, n_pairs):
    X, y = data(dtype=dtype)
    mlp = RegularizedMLPRegressor(
        (10, 5),
        penalty=penalty,
        alpha=0.02,
        solver=solver,
        max_iter=80,
        learning_rate_init=0.01,
        monotonic_cst=CST,
        random_state=0,
    ).fit(X, y)
    assert mlp.coefs_[0].dtype == dtype
    assert n_violations(mlp, n_pairs) == 0


@not_converged
@pytest.mark.parametrize(
    "params",
    [
        dict(penalty=MaxNorm(2.0)),
        dict(penalty=[GroupLasso([[0, 2]]), MaxNorm(2.0)], alpha=0.02),
        dict(penalty=Weighted(GroupLasso(), [1, 0, 2, 1]), alpha=0.02),
        dict(penalty="group_mcp", alpha=0.02, solver="sgd"),
        dict(penalty="scad", alpha=0.02),
        dict(alpha=0.0),
        dict(alpha=[[0.1, 0.2, 0.3, 0.4], 0.1]),
        dict(alpha=0.1, dropout=0.2, input_noise=0.1, mixup=0.2, n_iter_average=3),
        dict(alpha=0.1, early_stopping=True),
        dict(alpha=0.1, loss="poisson"),
        dict(alpha=0.1, loss="quantile", quantile=[0.2, 0.8]),
        dict(alpha=0.1, n_init=3),
    ],
    ids=str,
)
def test_outputs_are_monotone_with_other_settings(params):
    X, y = data()
    y = np.exp(y / 4) if params.get("loss") == "poisson" else y
    settings = dict(max_iter=60, learning_rate_init=0.01, monotonic_cst=CST, random_state=0)
    mlp = RegularizedMLPRegressor((10,), **{**settings, **params}).fit(X, y)
    assert n_violations(mlp, 3000) == 0


# The certificate


def own_J(mlp, X, y, coefs, intercepts):
    """J with an L2 or L1 penalty, of plain arrays."""
    raw = np.tanh(X @ coefs[0] + intercepts[0]) @ coefs[1] + intercepts[1]
    residuals = raw[:, 0] - y
    omega = {"l2": lambda w: (w**2).sum() / 2, "l1": lambda w: np.abs(w).sum()}[mlp.penalty]
    return (residuals @ residuals / 2 + mlp.alpha * sum(map(omega, coefs))) / len(y)


@pytest.mark.parametrize("penalty", ["l2", "l1"])
def test_no_feasible_move_lowers_J(penalty):
    """`optimality_` is small; and no move of some weights finds less."""
    X, y = data()
    mlp = RegularizedMLPRegressor(
        (5,), penalty=penalty, alpha=1.0, monotonic_cst=CST, random_state=0, max_iter=5000
    ).fit(X, y)
    assert mlp.optimality_ < 1e-8
    least = own_J(mlp, X, y, mlp.coefs_, mlp.intercepts_)
    assert mlp.loss_ == pytest.approx(least, rel=1e-12)
    signs = [np.repeat(CST, 5).reshape(4, 5), np.ones((5, 1))]
    at_bound = [(coef == 0) & (sign != 0) for coef, sign in zip(mlp.coefs_, signs)]
    assert sum(mask.sum() for mask in at_bound) > 0
    rng = np.random.default_rng(0)
    for h in (1e-3, 1e-5):
        for _ in range(300):
            share = rng.uniform()

            def moved(part, sign=0, h=h, share=share):
                change = h * rng.normal(size=part.shape)
                part = part + change * (rng.uniform(size=part.shape) < share)
                return np.where(sign * part < 0, 0, part)

            coefs = [*map(moved, mlp.coefs_, signs)]
            # A minimum, up to the residual times the length of the move.
            found = own_J(mlp, X, y, coefs, [*map(moved, mlp.intercepts_)])
            assert found >= least - 1e-8 * h * 30
    if penalty == "l2":
        # Without the constraint some of these weights would leave: it is what keeps them.
        drops = []
        for layer, mask in enumerate(at_bound):
            for place in np.argwhere(mask):
                moved = [coef.copy() for coef in mlp.coefs_]
                moved[layer][tuple(place)] = -1e-4 * signs[layer][tuple(place)]
                drops.append(least - own_J(mlp, X, y, moved, mlp.intercepts_))
        assert max(drops) > 1e-9
        assert min(drops) > -1e-9


def test_the_subgradient_of_weights_from_elsewhere_is_not_small():
    """The certificate is no smaller than it should be: J falls along it at its square."""
    X, y = data()
    cst = np.array(CST, dtype=np.int8)
    spec = NetworkSpec((5,), ("tanh",), 1, HalfSquaredError(), monotonic_cst=cst)
    J = spec.objective(Data(X, y[:, None], None), None, 2.0)
    rng = np.random.default_rng(0)
    params = J.oriented(rng.normal(size=J.network.n_params))
    params[: J.network.n_weights][rng.uniform(size=J.network.n_weights) < 0.4] = 0
    here = J.evaluate(params)
    h = 1e-7
    there = params - h * here.subgradient
    np.testing.assert_array_equal(J.oriented(there), there)
    slope = (J.evaluate(there).value - here.value) / h
    square = here.subgradient @ here.subgradient
    assert slope == pytest.approx(-square, rel=1e-4)
    # What the constraint takes away is a part of it.
    weights = np.concatenate([params[: J.network.n_weights], np.zeros(6)])
    free = here.gradient + 2.0 / len(y) * weights
    assert free @ free > 1.1 * square
