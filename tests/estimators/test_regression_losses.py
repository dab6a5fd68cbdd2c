"""Losses of regressors: their scores, the targets they take, and the searches over them."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import (
    d2_absolute_error_score,
    d2_pinball_score,
    d2_tweedie_score,
    r2_score,
)

from sknormreg import RegularizedMLPRegressor, RegularizedMLPRegressorCV

rng = np.random.RandomState(0)
X = rng.normal(size=(60, 3))
NUMBERS = X[:, 0] + 0.3 * rng.normal(size=60)
POSITIVE = rng.gamma(2.0, np.exp(X[:, 0] / 2) / 2)
COUNTS = rng.poisson(POSITIVE).astype(float)
WEIGHTS = rng.uniform(0.2, 2, size=60)


def _d2(power):
    def score(y, predicted, sample_weight=None):
        return d2_tweedie_score(y, predicted, sample_weight=sample_weight, power=power)

    return score


# Parameters, targets and scikit-learn's score.
SCORES = {
    "squared_error": (dict(loss="squared_error"), NUMBERS, r2_score),
    "huber": (dict(loss="huber"), NUMBERS, r2_score),
    "absolute_error": (dict(loss="absolute_error"), NUMBERS, d2_absolute_error_score),
    "quantile": (
        dict(loss="quantile", quantile=0.8),
        NUMBERS,
        lambda y, p, sample_weight=None: d2_pinball_score(
            y, p, alpha=0.8, sample_weight=sample_weight
        ),
    ),
    "poisson": (dict(loss="poisson"), COUNTS, _d2(1)),
    "gamma": (dict(loss="gamma"), POSITIVE, _d2(2)),
    "tweedie": (dict(loss="tweedie", power=1.3), COUNTS, _d2(1.3)),
    "normal": (dict(loss="tweedie", power=0), NUMBERS + 2, _d2(0)),
}
every_loss = pytest.mark.parametrize("kind", SCORES)
short = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def regressor(kind, **params):
    own, y, score = SCORES[kind]
    common = dict(max_iter=15, alpha=1.0, random_state=0)
    return RegularizedMLPRegressor((4,), **common | own | params), y, score


@short
@every_loss
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_score_is_scikit_learns(kind, weights):
    mlp, y, score = regressor(kind)
    mlp.fit(X, y, sample_weight=weights, X_val=X, y_val=y, sample_weight_val=weights)
    expected = score(y, mlp.predict(X), sample_weight=weights)
    assert mlp.score(X, y, sample_weight=weights) == pytest.approx(expected, rel=1e-9)
    # It is recorded of validation samples, too.
    assert mlp.validation_scores_[-1] == pytest.approx(expected, rel=1e-9)
    assert mlp.score(sparse.csr_array(X), y, weights) == pytest.approx(expected, rel=1e-9)


@short
@every_loss
def test_score_of_several_outputs_is_their_mean(kind):
    mlp, y, score = regressor(kind)
    y = np.c_[y, y[::-1]]
    predicted = mlp.fit(X, y).predict(X)
    expected = np.mean([score(*pair) for pair in zip(y.T, predicted.T)])
    assert mlp.score(X, y) == pytest.approx(expected, rel=1e-9)


@short
@pytest.mark.parametrize("kind", ["quantile", "poisson", "gamma"])
def test_score_of_targets_that_do_not_vary(kind):
    mlp, y, _ = regressor(kind)
    mlp.fit(X, y)
    assert mlp.score(X, np.ones(60)) == 0
    with pytest.warns(UndefinedMetricWarning, match="less than two samples"):
        assert np.isnan(mlp.score(X[:1], y[:1]))
    with pytest.raises(ValueError, match="y contains NaN"):
        mlp.score(X, np.full(60, np.nan))
    with pytest.raises(ValueError, match="y has 2 outputs, but the model has 1"):
        mlp.score(X, np.c_[y, y])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        mlp.score(X, y[:-1])


@pytest.mark.parametrize(
    ("params", "y", "message"),
    [
        (dict(loss="gamma"), COUNTS, "loss='gamma' needs y > 0"),
        (dict(loss="gamma"), -POSITIVE, "loss='gamma' needs y > 0"),
        (dict(loss="tweedie"), -POSITIVE, "power=1.5 needs y >= 0"),
        (dict(loss="tweedie", power=1), -POSITIVE, "power=1 needs y >= 0"),
        (dict(loss="tweedie", power=2), COUNTS, "power=2 needs y > 0"),
        (dict(loss="tweedie", power=3.5), COUNTS, "power=3.5 needs y > 0"),
        (dict(loss="tweedie"), np.full(60, np.nan), "NaN"),
        (dict(loss="tweedie", power=0.5), POSITIVE, "'power' parameter.*range .1.0, inf"),
        (dict(loss="tweedie", power=-1), POSITIVE, "'power' parameter"),
        (dict(loss="tweedie", power=np.inf), POSITIVE, "'power' parameter"),
        (dict(loss="tweedy"), POSITIVE, "'tweedie'"),
    ],
)
@pytest.mark.parametrize("cls", [RegularizedMLPRegressor, RegularizedMLPRegressorCV])
def test_refused_targets_and_powers(params, y, message, cls):
    with pytest.raises(ValueError, match=message):
        cls((4,), **params).fit(X, y)


@short
def test_score_refuses_targets_that_the_loss_is_not_for():
    mlp, y, _ = regressor("gamma")
    with pytest.raises(ValueError, match="HalfTweedieDeviance needs y > 0"):
        mlp.fit(X, y).score(X, COUNTS)


@short
@pytest.mark.parametrize("kind", ["gamma", "tweedie", "absolute_error"])
def test_searches_choose_by_the_score(kind):
    mlp, y, score = regressor(kind)
    params = {k: v for k, v in mlp.get_params().items() if k in ("loss", "power")}
    search = RegularizedMLPRegressorCV(
        (4,), alphas=[0.1, 10.0], cv=2, max_iter=15, random_state=0, **params
    )
    search.fit(X, y)
    assert search.scores_.shape == (2, 2)
    assert np.isfinite(search.scores_).all()
    expected = score(y, search.predict(X))
    assert search.score(X, y) == pytest.approx(expected, rel=1e-9)


@short
def test_absolute_error_is_the_median_of_quantile():
    mlp, y, _ = regressor("absolute_error")
    other = clone(mlp).set_params(loss="quantile", quantile=0.5)
    np.testing.assert_array_equal(mlp.fit(X, y).predict(X), other.fit(X, y).predict(X))


@short
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize("kind", ["gamma", "tweedie", "normal"])
def test_single_precision(kind, solver):
    mlp, y, _ = regressor(kind, solver=solver, max_iter=100)
    single = clone(mlp).fit(X.astype(np.float32), y.astype(np.float32))
    assert single.predict(X[:2].astype(np.float32)).dtype == np.float32
    # Rounding decides where a minimisation that is cut short ends, not how low.
    assert single.loss_ == pytest.approx(mlp.fit(X, y).loss_, rel=0.02)


@short
@pytest.mark.parametrize("unit", [1e-4, 1e5])
@pytest.mark.parametrize(("loss", "power"), [("gamma", 2), ("tweedie", 1.3)])
def test_any_unit_of_the_targets(loss, power, unit):
    params = dict(loss=loss, power=power, random_state=0, max_iter=300)
    growth = unit ** (2 - power)
    one = RegularizedMLPRegressor((3,), alpha=2.0, **params).fit(X, POSITIVE)
    other = RegularizedMLPRegressor((3,), alpha=2.0 * growth, **params)
    other.fit(X, unit * POSITIVE)
    assert other.loss_ == pytest.approx(growth * one.loss_, rel=1e-4)
    np.testing.assert_allclose(other.predict(X), unit * one.predict(X), rtol=0.01)
