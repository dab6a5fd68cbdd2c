"""Targets in another unit, and penalties and alphas to match, have the same fit.

In the target's unit u, J goes with u^2 (squared error) or u (quantile), and the weights of
the output layer and of a skip connection go with u; other weights have no unit.
"""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPRegressor
from sknormreg.penalties import (
    MCP,
    GroupLasso,
    Hierarchical,
    L1Ball,
    MaxNorm,
    Nuclear,
)

X, y = load_diabetes(return_X_y=True)
X, y = scale(X), scale(y)

UNITS = [1e-8, 1e-4, 1e4]


def fitted(u, penalty, alpha, solver="lbfgs", **params):
    """A network of 30 iterations; alphas are those of layers for J of unit 1."""
    mlp = RegularizedMLPRegressor(
        (5,),
        penalty=penalty,
        alpha=alpha,
        solver=solver,
        max_iter=30,
        learning_rate_init=0.01,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        # Penalties are in the unit of targets that are large: here they are made for it.
        warnings.filterwarnings("ignore", "y has a standard deviation of")
        return mlp.set_params(**params).fit(X, u * y)


def assert_same_in_all_units(fit):
    """Rounding has not grown far in thirty iterations from the same start."""
    expected = fit(1.0)
    predicted = expected.predict(X)
    assert np.ptp(predicted) > 0.5
    for u in UNITS:
        found = fit(u)
        np.testing.assert_allclose(found.predict(X) / u, predicted, atol=1e-5)
        np.testing.assert_array_equal(found.selected_features_, expected.selected_features_)


# Hierarchical


@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
@pytest.mark.parametrize("solver", ["lbfgs", "sgd"])
@pytest.mark.parametrize("M", [0.5, 10.0])
def test_hierarchical_M_is_in_units_of_the_target(loss, solver, M):
    of_loss = {"squared_error": 2, "quantile": 1}[loss]

    def fit(u):
        # Of alpha ||S||, and of alpha ||V||^2 in the output layer.
        alpha = [2 * u ** (of_loss - 1), 2 * u ** (of_loss - 2)]
        return fitted(u, Hierarchical(M / u), alpha, solver, loss=loss)

    assert_same_in_all_units(fit)


def test_hierarchical_with_several_outputs():
    def fit(u):
        mlp = fitted(1.0, Hierarchical(3 / u), [2 * u, 2.0])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return mlp.fit(X, u * np.column_stack([y, y**2]))

    assert_same_in_all_units(fit)


@pytest.mark.parametrize("u", [1e-8, 1e-4, 1e-2])
def test_hierarchical_starts_near_the_data_in_any_unit(u):
    """Where M is not made for the unit, what is cut off are W and not the data's scale."""
    mlp = fitted(u, "hierarchical", [2 * u, 2.0], max_iter=3)
    assert mlp.score(X, u * y) > 0


# The others, from starts that depend on how strong a penalty is


@pytest.mark.parametrize("solver", ["lbfgs", "sgd"])
@pytest.mark.parametrize(
    ("penalties", "alphas"),
    [
        (lambda u: "l1", lambda u: [2 * u**2, 2 * u]),
        (lambda u: GroupLasso(), lambda u: [2 * u**2, 2 * u]),
        (lambda u: Nuclear(), lambda u: [2 * u**2, 2 * u]),
        (lambda u: [MCP(), MCP(a=u, l2=0.001 / u)], lambda u: [2 * u**2, 2 * u]),
        (lambda u: ["l1", "l2"], lambda u: [2 * u**2, 2.0]),
        (lambda u: ["group_lasso", MaxNorm(u)], lambda u: [2 * u**2, 1]),
        (lambda u: [MaxNorm(0.5), L1Ball(u)], lambda u: 1.0),
        (lambda u: [L1Ball(3), "l1"], lambda u: [1, 2 * u]),
    ],
    ids=["l1", "group", "nuclear", "mcp", "l1+l2", "group+norm", "norm+ball", "ball+l1"],
)
def test_other_penalties(solver, penalties, alphas):
    def fit(u):
        return fitted(u, penalties(u), alphas(u), solver)

    assert_same_in_all_units(fit)
