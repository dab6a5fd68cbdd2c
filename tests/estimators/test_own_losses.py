"""A user's own loss as a parameter of regressors."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV

import sknormreg.losses
from sknormreg import (
    MLPFeatureSelector,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)
from sknormreg.losses import HalfSquaredError, HalfTweedieDeviance, Huber, Loss

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.RandomState(0)
X = rng.normal(size=(50, 3))
Y = X[:, 0] + 0.3 * rng.normal(size=50)


class LogCosh(Loss):
    def __init__(self, width=1.0):
        self.width = width

    def per_output(self, y, raw):
        return self.width**2 * np.log(np.cosh((raw - y) / self.width))

    def derivative(self, y, raw):
        raw[...] = self.width * np.tanh((raw - y) / self.width)

    def constant(self, y, sample_weight):
        return np.average(y, axis=0, weights=sample_weight)

    def scales(self, y, sample_weight):
        return HalfSquaredError().scales(y, sample_weight)


class SoftplusPoisson(LogCosh):
    """With a link of its own, for positive targets."""

    out_activation = "softplus"
    domain = ">= 0"

    def per_output(self, y, raw):
        mean = np.logaddexp(0, raw)
        return mean - y * np.log(mean)

    def derivative(self, y, raw):
        raw[...] = (1 - y / np.logaddexp(0, raw)) / (1 + np.exp(-raw))

    def constant(self, y, sample_weight):
        return np.log(np.expm1(np.average(y, axis=0, weights=sample_weight)))

    def scales(self, y, sample_weight):
        return 1.0, 1.0

    def inverse_link(self, raw):
        raw[...] = np.logaddexp(0, raw)


class Returns(LogCosh):
    def derivative(self, y, raw):
        return np.tanh(raw - y)


def regressor(loss, **params):
    common = dict(alpha=1.0, max_iter=100, random_state=0)
    return RegularizedMLPRegressor((3,), loss=loss, **common | params)


def test_names_stand_for_public_losses():
    """Fits by the object are those by the name."""
    for loss, params in [
        (Huber(0.5), dict(loss="huber", huber_delta=0.5)),
        (HalfTweedieDeviance(1.5), dict(loss="tweedie")),
    ]:
        y = np.exp(Y)
        by_name = regressor("huber").set_params(**params).fit(X, y)
        np.testing.assert_array_equal(
            regressor(loss).fit(X, y).predict(X), by_name.predict(X)
        )
    for name in sknormreg.losses.__all__:
        assert issubclass(getattr(sknormreg.losses, name), Loss)


def test_parameters_are_found_by_clone_and_searches():
    mlp = regressor(LogCosh(2.0))
    assert mlp.get_params()["loss__width"] == 2
    twin = clone(mlp).set_params(loss__width=3.0)
    assert (mlp.loss.width, twin.loss.width) == (2, 3)
    assert repr(twin.loss) == "LogCosh(width=3.0)"
    with pytest.raises(ValueError, match="Invalid parameter 'wide' for loss LogCosh"):
        mlp.set_params(loss__wide=1)
    search = GridSearchCV(mlp, {"loss__width": [0.5, 5.0]}, cv=2).fit(X, Y)
    assert search.best_params_["loss__width"] in (0.5, 5.0)


def test_a_fitted_network_keeps_its_loss():
    mlp = regressor(SoftplusPoisson()).fit(X, np.exp(Y))
    before = mlp.predict(X)
    assert (before > 0).all()
    assert mlp.out_activation_ == "softplus"
    mlp.loss.inverse_link = None
    np.testing.assert_array_equal(mlp.predict(X), before)


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_a_wide_log_cosh_is_the_squared_error(solver):
    """x^2 / 2 - x^4 / 12 / width^2; the squared error is that of the compiled engine."""
    mlp = regressor(LogCosh(100.0), solver=solver, max_iter=10).fit(X, Y)
    expected = clone(mlp).set_params(loss="squared_error").fit(X, Y)
    # Residuals are below 4.
    np.testing.assert_allclose(mlp.predict(X), expected.predict(X), atol=4**4 / 12e4)


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_in_single_precision(solver):
    mlp = regressor(LogCosh(), solver=solver)
    single = clone(mlp).fit(X.astype(np.float32), Y.astype(np.float32))
    assert single.predict(X.astype(np.float32)).dtype == np.float32
    # Up to where training ends, after a hundred steps.
    assert single.loss_ == pytest.approx(mlp.fit(X, Y).loss_, rel=0.01)


def test_pickled_and_scored():
    mlp = regressor(LogCosh()).fit(X, Y)
    twin = pickle.loads(pickle.dumps(mlp))
    np.testing.assert_array_equal(twin.predict(X), mlp.predict(X))
    assert mlp.score(X, Y) == pytest.approx(r2_score(Y, mlp.predict(X)))
    small = mlp.compact()
    np.testing.assert_allclose(small.predict(X), mlp.predict(X), rtol=1e-12)


def test_searched_and_selected_with():
    search = RegularizedMLPRegressorCV(
        (3,), loss=LogCosh(), alphas=[0.1, 10.0], cv=2, ensemble=True, random_state=0
    ).fit(X, Y)
    assert np.isfinite(search.scores_).all()
    assert search.predict_interval(X).shape == (50, 2)
    mlp = regressor(LogCosh(), penalty="l1", activation="relu")
    selector = MLPFeatureSelector(mlp, alpha=1e6, n_init=1, random_state=0)
    with pytest.warns(UserWarning, match="alpha"):
        selector.fit(X, Y)
    np.testing.assert_allclose(selector.predict(X), Y.mean())


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"'loss' parameter.*instance of .*Loss"):
        regressor(LogCosh).fit(X, Y)
    with pytest.raises(TypeError, match="derivative of Returns must write into"):
        regressor(Returns()).fit(X, Y)
    with pytest.raises(ValueError, match=r"loss=SoftplusPoisson.*needs y >= 0"):
        regressor(SoftplusPoisson()).fit(X, Y)
    with pytest.raises(ValueError, match=r"for loss='squared_error'.*LogCosh"):
        regressor(LogCosh(), alpha="evidence").fit(X, Y)
    with pytest.raises(ValueError, match="no output activation 'softplus'"):
        regressor(SoftplusPoisson(), activation="tanh").fit(X, np.exp(Y)).to_sklearn()


def test_onnx_refuses_an_unknown_link():
    skl2onnx = pytest.importorskip("skl2onnx")
    import sknormreg.onnx

    assert sknormreg.onnx.register
    mlp = regressor(SoftplusPoisson()).fit(X, np.exp(Y))
    with pytest.raises(ValueError, match=r"no ONNX operation.*'softplus'"):
        skl2onnx.to_onnx(mlp, X[:1])
