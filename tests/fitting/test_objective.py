"""J: what it is at given weights, its gradient, and how scales leave it alone."""

import warnings

import numpy as np
import pytest
from objectives import scaled_objective
from sklearn.datasets import (
    load_diabetes,
    load_digits,
    load_iris,
    make_multilabel_classification,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor
from sknormreg.engine import Data, Network, make_engine
from sknormreg.engine.losses import (
    BinaryLogLoss,
    HalfPoissonDeviance,
    HalfSquaredError,
    Huber,
    MultinomialLogLoss,
    Pinball,
)
from sknormreg.engine.tweedie import HalfTweedieDeviance
from sknormreg.penalties import L1, L2, ElasticNet

LOSSES = {
    "squared_error": (HalfSquaredError(), 2),
    "poisson": (HalfPoissonDeviance(), 2),
    "gamma": (HalfTweedieDeviance(2.0), 2),
    "tweedie": (HalfTweedieDeviance(1.4), 1),
    "huber": (Huber(0.7), 1),
    "quantile": (Pinball(0.3), 1),
    "binary": (BinaryLogLoss(), 1),
    "multilabel": (BinaryLogLoss(), 3),
    "multinomial": (MultinomialLogLoss(4), 4),
}
PENALTIES = [L1(), L2(), ElasticNet(0.3)]


def make_problem(loss_name, penalty, *, weighted=False, alpha=3.0, repeat=None):
    """A small objective and parameters away from kinks, the same for every call."""
    loss, n_outputs = LOSSES[loss_name]
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 5))
    if loss_name == "multinomial":
        y = rng.integers(0, 4, size=30)
    elif loss_name in ("binary", "multilabel"):
        y = rng.integers(0, 2, size=(30, n_outputs)).astype(float)
    else:
        y = rng.gamma(2.0, size=(30, n_outputs))
    s = rng.integers(0, 4, size=30).astype(float) if weighted or repeat else None
    if repeat:
        times = s.astype(int)
        X, y, s = X.repeat(times, axis=0), y.repeat(times, axis=0), None
    network = Network((5, 4, n_outputs), ("tanh",), loss)
    objective = scaled_objective(make_engine(network), Data(X, y, s), None, penalty, alpha)
    params = np.random.default_rng(1).normal(size=network.n_params)
    return objective, params


def mlp_with_weights_of(sklearn_mlp, ours):
    """J of ours at the other's weights: one iteration that cannot move."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ours.set_params(
            hidden_layer_sizes=sklearn_mlp.hidden_layer_sizes,
            activation=sklearn_mlp.activation,
            solver="lbfgs",
            max_fun=1,
        )


@pytest.mark.parametrize("alpha", [1e-2, 1.0, 30.0])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("data", ["binary", "multiclass", "multilabel"])
def test_J_is_the_loss_of_mlpclassifier(data, weighted, alpha):
    if data == "multilabel":
        X, y = make_multilabel_classification(120, 10, n_classes=3, random_state=0)
    else:
        X, y = load_iris(return_X_y=True)
        y = (y == 1).astype(int) if data == "binary" else y
    X = StandardScaler().fit_transform(X)
    s = np.random.default_rng(0).uniform(0.2, 3, len(y)) if weighted else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = MLPClassifier((7, 5), alpha=alpha, solver="lbfgs", random_state=0)
        theirs.set_params(max_iter=50).fit(X, y, sample_weight=s)
        ours = mlp_with_weights_of(theirs, RegularizedMLPClassifier(alpha=alpha))
        ours.fit(
            X,
            y,
            sample_weight=s,
            coef_init=theirs.coefs_,
            intercept_init=theirs.intercepts_,
        )
    # The optimiser's `fun` is at the weights it returns.
    np.testing.assert_array_equal(ours.coefs_[0], theirs.coefs_[0])
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-10)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-12)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_J_is_the_loss_of_mlpregressor(loss):
    X, y = load_diabetes(return_X_y=True)
    X, y = StandardScaler().fit_transform(X), y / 50
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = MLPRegressor(loss, (7,), alpha=2.0, solver="lbfgs", random_state=0)
        theirs.set_params(max_iter=50).fit(X, y)
        ours = mlp_with_weights_of(theirs, RegularizedMLPRegressor(alpha=2.0, loss=loss))
        ours.fit(X, y, coef_init=theirs.coefs_, intercept_init=theirs.intercepts_)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-10)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("penalty", PENALTIES, ids=["l1", "l2", "elasticnet"])
@pytest.mark.parametrize("loss", LOSSES)
def test_subgradient_agrees_with_finite_differences(loss, penalty, weighted):
    objective, params = make_problem(loss, penalty, weighted=weighted)
    rng = np.random.default_rng(2)
    subgradient = objective.evaluate(params).subgradient
    unscaled = objective.objective.evaluate(params).subgradient
    for _ in range(5):
        direction = rng.normal(size=len(params))
        # Central differences err by h^2, values by 1e-16 / h: both 1e-10 for h = 1e-5.
        h = 1e-5
        for evaluate, at_params in (
            (objective.evaluate, subgradient),
            (objective.objective.evaluate, unscaled),
        ):
            ahead = evaluate(params + h * direction).value
            behind = evaluate(params - h * direction).value
            assert (ahead - behind) / (2 * h) == pytest.approx(
                at_params @ direction, rel=1e-6, abs=1e-7
            )


@pytest.mark.parametrize("penalty", PENALTIES, ids=["l1", "l2", "elasticnet"])
@pytest.mark.parametrize("loss", LOSSES)
def test_integer_weights_are_repeated_rows(loss, penalty):
    """At fixed weights J and its gradient agree to 1e-12; rows of weight 0 are gone."""
    weighted, params = make_problem(loss, penalty, weighted=True)
    repeated, _ = make_problem(loss, penalty, repeat=True)
    one, other = weighted.objective.evaluate(params), repeated.objective.evaluate(params)
    assert one.value == pytest.approx(other.value, rel=1e-12)
    np.testing.assert_allclose(one.subgradient, other.subgradient, atol=1e-12)
    constants = [each.objective.best_constant() for each in (weighted, repeated)]
    np.testing.assert_allclose(*constants)


@pytest.mark.parametrize("loss", LOSSES)
def test_scales_leave_J_alone(loss):
    objective, params = make_problem(loss, ElasticNet(0.3), weighted=True)
    scaled = objective.to_solver(params)
    np.testing.assert_allclose(objective.from_solver(scaled), params, rtol=1e-15)
    in_units = objective.objective.evaluate(params).value
    at_scale = objective.evaluate(scaled).value
    assert at_scale * objective.value_scale == pytest.approx(in_units, rel=1e-14)


@pytest.mark.parametrize("penalty", PENALTIES, ids=["l1", "l2", "elasticnet"])
def test_prox_minimises_its_definition_at_any_scale(penalty):
    """prox(v, t) has a lower  |u - v|^2 / (2 t) + penalty(u)  than points around it."""
    objective, params = make_problem("squared_error", penalty, alpha=20.0)
    rng = np.random.default_rng(3)
    start = objective.to_solver(params)
    for step in (0.3, rng.uniform(0.05, 0.5, size=len(params))):

        def definition(u, step=step):
            return ((u - start) ** 2 / (2 * step)).sum() + objective.penalty_value(u)

        prox = start.copy()
        objective.prox(prox, step)
        for _ in range(50):
            change = rng.normal(size=len(params)) * 10.0 ** rng.uniform(-6, 0)
            assert definition(prox) <= definition(prox + change) + 1e-14
        n_weights = objective.network.n_weights
        np.testing.assert_array_equal(prox[n_weights:], start[n_weights:])


def test_alpha_is_divided_by_the_weight_of_the_rows_trained_on():
    X, y = load_digits(return_X_y=True)
    network = Network((64, 10), (), MultinomialLogLoss(10))
    params = np.random.default_rng(0).normal(size=network.n_params)
    s = np.random.default_rng(1).uniform(size=len(y))
    rows = np.arange(0, len(y), 3)
    engine, data = make_engine(network), Data(X, y, s)

    def J(**options):
        objective = scaled_objective(engine, data, rows, L2(), **options)
        return objective.objective.evaluate(params).value

    norm = np.linalg.norm(params[: network.n_weights])
    penalty = J(alpha=7.0) - J(alpha=0.0)
    assert penalty == pytest.approx(7 / s[rows].sum() * norm**2 / 2, rel=1e-12)
    # partial_fit: the penalty's share is that of all the rows.
    penalty = J(alpha=7.0, total_weight=1000.0) - J(alpha=0.0)
    assert penalty == pytest.approx(7 / 1000 * norm**2 / 2, rel=1e-10)
