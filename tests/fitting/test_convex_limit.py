"""Without hidden layers the minimisers are those of scikit-learn's linear models.

What is compared is J at the two solutions: ours may exceed the oracle's by 1e-6 of it at
most. The oracles run to tolerances that leave them below that.
"""

import warnings
from functools import cache

import numpy as np
import pytest
from scipy import sparse, special
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import (
    ElasticNet,
    GammaRegressor,
    Lasso,
    LogisticRegression,
    PoissonRegressor,
    QuantileRegressor,
    Ridge,
    TweedieRegressor,
)
from sklearn.metrics import mean_pinball_loss, mean_tweedie_deviance
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor

EXCESS = 1e-6


def weights_for(y, weighted):
    if not weighted:
        return None
    return np.random.default_rng(0).uniform(0.2, 3, size=len(y))


def penalty_value(coef, l1_ratio):
    return l1_ratio * np.abs(coef).sum() + (1 - l1_ratio) / 2 * (coef**2).sum()


def fit(estimator, X, y, sample_weight, layout):
    X = sparse.csr_array(X) if layout == "csr" else X
    return estimator(hidden_layer_sizes=()).fit(X, y, sample_weight=sample_weight)


def regressor(penalty, alpha, l1_ratio, **parameters):
    return lambda **kwargs: RegularizedMLPRegressor(
        penalty=penalty, alpha=alpha, l1_ratio=l1_ratio, **parameters, **kwargs
    )


def assert_as_low(J, mlp, oracle, predict):
    """J of both, from their coefficients and what their method `predict` returns."""
    J_ours, J_oracle = J(mlp.coefs_[0], predict(mlp)), J(oracle.coef_, predict(oracle))
    np.testing.assert_allclose(mlp.loss_, J_ours, rtol=1e-10)
    # Ours being lower by more would mean that the oracle has not converged.
    assert abs(J_ours - J_oracle) <= EXCESS * J_oracle


@pytest.mark.parametrize("layout", ["dense", "csr"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("penalty", "l1_ratio", "alpha"),
    [("l1", 1.0, 300.0), ("l2", 0.0, 20.0), ("elasticnet", 0.3, 100.0)],
)
def test_squared_error(penalty, l1_ratio, alpha, weighted, layout):
    X, y = load_diabetes(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    s = weights_for(y, weighted)
    m = len(y) if s is None else s.sum()
    if penalty == "l1":
        oracle = Lasso(alpha=alpha / m, tol=1e-12, max_iter=100_000)
    elif penalty == "l2":
        oracle = Ridge(alpha=alpha, solver="cholesky")
    else:
        oracle = ElasticNet(alpha / m, l1_ratio=l1_ratio, tol=1e-12, max_iter=100_000)
    oracle.fit(X, y, sample_weight=s)

    def J(coef, predicted):
        loss = np.average((y - predicted) ** 2, weights=s) / 2
        return loss + alpha * penalty_value(coef, l1_ratio) / m

    mlp = fit(regressor(penalty, alpha, l1_ratio), X, y, s, layout)
    assert_as_low(J, mlp, oracle, lambda model: model.predict(X))
    if penalty == "l1":
        np.testing.assert_array_equal(mlp.coefs_[0].ravel() == 0, oracle.coef_ == 0)


@cache
def logistic_regression(load, weighted, alpha, l1_ratio):
    """Fit the oracle, once for all layouts."""
    X, y = load(return_X_y=True)
    solver, tol = ("lbfgs", 1e-10) if l1_ratio == 0 else ("saga", 1e-6)
    oracle = LogisticRegression(
        C=1 / alpha,
        l1_ratio=l1_ratio,
        solver=solver,
        tol=tol,
        max_iter=20_000,
        random_state=0,
    )
    weight = weights_for(y, weighted)
    return oracle.fit(StandardScaler().fit_transform(X), y, sample_weight=weight)


@pytest.mark.parametrize("layout", ["dense", "csr"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("load", [load_breast_cancer, load_iris])
@pytest.mark.parametrize(
    ("penalty", "l1_ratio"), [("l1", 1.0), ("l2", 0.0), ("elasticnet", 0.5)]
)
def test_log_loss(penalty, l1_ratio, load, weighted, layout):
    X, y = load(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    s = weights_for(y, weighted)
    m = len(y) if s is None else s.sum()
    alpha = 5.0
    oracle = logistic_regression(load, weighted, alpha, l1_ratio)

    def J(coef, raw):
        if raw.ndim == 1:
            log_proba = np.stack([special.log_expit(-raw), special.log_expit(raw)], axis=1)
        else:
            log_proba = special.log_softmax(raw, axis=1)
        loss = -np.average(log_proba[np.arange(len(y)), y], weights=s)
        return loss + alpha * penalty_value(coef, l1_ratio) / m

    mlp = fit(
        lambda **kwargs: RegularizedMLPClassifier(
            penalty=penalty, alpha=alpha, l1_ratio=l1_ratio, **kwargs
        ),
        X,
        y,
        s,
        layout,
    )
    assert_as_low(J, mlp, oracle, lambda model: model.decision_function(X))


@pytest.mark.parametrize("layout", ["dense", "csr"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("power", [0, 1, 1.5, 2, 3, "gamma"])
def test_tweedie(power, weighted, layout):
    X, y = load_diabetes(return_X_y=True)
    # Their unit is a part of the deviance; here it is of the size of the penalty.
    X, y = StandardScaler().fit_transform(X), y / 100
    if power in (1, 1.5):
        y = np.where(y < 0.5, 0, y)
    s = weights_for(y, weighted)
    m = len(y) if s is None else s.sum()
    alpha, common = 20.0, dict(solver="newton-cholesky", tol=1e-12, max_iter=1000)
    if power == "gamma":
        oracle, parameters = GammaRegressor(alpha=alpha / m, **common), dict(loss="gamma")
    else:
        oracle = TweedieRegressor(alpha=alpha / m, power=power, link="log", **common)
        parameters = dict(loss="tweedie", power=power)
    if power == 0:
        # Its objective is not convex, on which Newton's method stops at once.
        oracle.set_params(solver="lbfgs", tol=1e-8)
    with warnings.catch_warnings():
        # Its line search ends where the objective's rounding does.
        warnings.simplefilter("ignore")
        oracle.fit(X, y, sample_weight=s)

    def J(coef, predicted):
        deviance = mean_tweedie_deviance(
            y, predicted, sample_weight=s, power=2 if power == "gamma" else power
        )
        return deviance / 2 + alpha * penalty_value(coef, 0) / m

    mlp = fit(regressor("l2", alpha, 0.0, **parameters), X, y, s, layout)
    assert_as_low(J, mlp, oracle, lambda model: model.predict(X))


@pytest.mark.parametrize("layout", ["dense", "csr"])
@pytest.mark.parametrize("weighted", [False, True])
def test_absolute_error(weighted, layout):
    X, y = load_diabetes(return_X_y=True)
    X, y = StandardScaler().fit_transform(X)[:150], y[:150] / 100
    s = weights_for(y, weighted)
    m = len(y) if s is None else s.sum()
    alpha = 5.0
    oracle = QuantileRegressor(alpha=alpha / m).fit(X, y, sample_weight=s)

    def J(coef, predicted):
        loss = mean_pinball_loss(y, predicted, sample_weight=s)
        return loss + alpha * penalty_value(coef, 1) / m

    mlp = fit(regressor("l1", alpha, 1.0, loss="absolute_error"), X, y, s, layout)
    ours, best = (
        J(coef, model.predict(X))
        for coef, model in ((mlp.coefs_[0], mlp), (oracle.coef_, oracle))
    )
    np.testing.assert_allclose(mlp.loss_, ours, rtol=1e-10)
    # A linear programme against a method for smooth functions, which stops at kinks.
    assert best * (1 - 1e-10) <= ours <= best * (1 + 1e-4)


@pytest.mark.parametrize("layout", ["dense", "csr"])
@pytest.mark.parametrize("weighted", [False, True])
def test_poisson(weighted, layout):
    X, y = load_diabetes(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    s = weights_for(y, weighted)
    m = len(y) if s is None else s.sum()
    alpha = 50.0
    oracle = PoissonRegressor(
        alpha=alpha / m, tol=1e-12, max_iter=1000, solver="newton-cholesky"
    )
    with warnings.catch_warnings():
        # Its line search ends where the objective's rounding does.
        warnings.simplefilter("ignore")
        oracle.fit(X, y, sample_weight=s)

    def J(coef, predicted):
        deviance = special.xlogy(y, y / predicted) - y + predicted
        return np.average(deviance, weights=s) + alpha * penalty_value(coef, 0) / m

    mlp = fit(regressor("l2", alpha, 0.0, loss="poisson"), X, y, s, layout)
    assert_as_low(J, mlp, oracle, lambda model: model.predict(X))


@pytest.mark.parametrize("batch_size", [pytest.param(20, marks=pytest.mark.slow), 200, 569])
@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_adam_reaches_the_same_objective_at_any_batch_size(penalty, batch_size):
    """Within 1 % of J of lbfgs, with one learning-rate policy and at most 1000 epochs."""
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    common = dict(hidden_layer_sizes=(), penalty=penalty, alpha=1.0, random_state=0)
    reference = RegularizedMLPClassifier(solver="lbfgs", **common).fit(X, y)
    adam = RegularizedMLPClassifier(
        solver="adam",
        batch_size=batch_size,
        learning_rate="adaptive",
        learning_rate_init=0.05,
        tol=1e-6,
        max_iter=1000,
        **common,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the cap on epochs may come first
        adam.fit(X, y)
    assert reference.loss_ * (1 - 1e-8) <= adam.loss_ <= 1.01 * reference.loss_
