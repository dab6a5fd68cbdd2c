"""Targets in any unit: the same problem, stated in another unit, has the same solution."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPRegressor


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return scale(X), scale(y)


@pytest.mark.parametrize("unit", [1e-8, 1e-3, 1e4])
@pytest.mark.parametrize(
    ("loss", "powers"),
    [("squared_error", (2, 0)), ("quantile", (1, -1)), ("huber", (2, 0))],
)
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_the_unit_of_the_target_changes_nothing(diabetes, solver, loss, powers, unit):
    """With f(x) in the target's unit u, the loss goes with u^k and the weights of the last
    layer with u; alphas of u^k and u^(k - 2) state the same problem."""
    X, y = diabetes

    def fitted(u):
        mlp = RegularizedMLPRegressor(
            (5,),
            alpha=[3 * u ** powers[0], 3 * u ** powers[1]],
            loss=loss,
            huber_delta=u,
            solver=solver,
            max_iter=30,
            random_state=0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return mlp.fit(X, u * y).predict(X) / u

    # Thirty iterations, from the same start: rounding has not grown far by then.
    np.testing.assert_allclose(fitted(unit), fitted(1.0), atol=1e-5)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_early_stopping_in_any_unit(diabetes, unit):
    X, y = diabetes
    mlp = RegularizedMLPRegressor(
        (5,), alpha=[unit**2, 1], solver="adam", early_stopping=True, random_state=0
    )
    reference = RegularizedMLPRegressor(
        (5,), alpha=1, solver="adam", early_stopping=True, random_state=0
    )
    assert mlp.fit(X, unit * y).n_iter_ == reference.fit(X, y).n_iter_
    assert mlp.score(X, unit * y) == pytest.approx(reference.score(X, y), abs=1e-6)


@pytest.mark.parametrize("unit", [1e-14, 1.0, 1e8])
def test_poisson_rates_of_any_size(diabetes, unit):
    """Rates of another unit shift the raw outputs, and scale J with alpha."""
    X, _ = diabetes
    rng = np.random.RandomState(0)
    y = unit * rng.poisson(np.exp(X[:, 2] / 2)).astype(float)
    mlp = RegularizedMLPRegressor(
        (5,), loss="poisson", alpha=10 * unit, random_state=0
    ).fit(X, y)
    assert mlp.predict(X).mean() == pytest.approx(y.mean(), rel=1e-3)
    assert np.corrcoef(mlp.predict(X), np.exp(X[:, 2] / 2))[0, 1] > 0.9


def test_the_skip_connection_starts_in_the_unit_of_the_target(diabetes):
    """One iteration from the start tells: its predictions are in the target's unit."""
    X, y = diabetes
    unit = 1e6
    mlp = RegularizedMLPRegressor(
        (5,), penalty="hierarchical", alpha=unit**2, solver="sgd", random_state=0
    )
    mlp.set_params(max_iter=1, learning_rate_init=1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        start = mlp.fit(X, unit * y).predict(X)
    assert 1e-3 * unit < start.std() < 3 * unit
