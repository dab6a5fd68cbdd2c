"""One network for several quantiles: what it predicts, and where it is refused."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import QuantileRegressor
from sklearn.metrics import d2_pinball_score, mean_pinball_loss
from sklearn.model_selection import GridSearchCV

from sknormreg import (
    MLPFeatureSelector,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)
from sknormreg.losses import Pinball, SortedPinball

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LEVELS = [0.1, 0.5, 0.9]


def heteroscedastic(n_samples, seed):
    rng = np.random.RandomState(seed)
    X = rng.uniform(-2, 2, size=(n_samples, 2))
    return X, np.sin(X[:, 0]) + np.exp(X[:, 1] / 2) * rng.normal(size=n_samples)


X, Y = heteroscedastic(120, 0)
WEIGHTS = np.random.RandomState(1).uniform(0.2, 2, size=120)


def regressor(sizes=(6,), **params):
    common = dict(loss="quantile", quantile=LEVELS, alpha=1.0, max_iter=100, random_state=0)
    return RegularizedMLPRegressor(sizes, **common | params)


@pytest.fixture(scope="module")
def fitted():
    return regressor().fit(X, Y)


# The loss


def test_sorted_outputs_that_do_not_cross_have_the_sum_of_pinball_losses():
    rng = np.random.RandomState(0)
    raw, y = np.sort(rng.normal(size=(20, 3))), rng.normal(size=(20, 1))
    loss, targets = SortedPinball(LEVELS), np.repeat(y, 3, axis=1)
    expected = sum(
        Pinball(level).value(y, raw[:, [k]], WEIGHTS[:20]) for k, level in enumerate(LEVELS)
    )
    assert loss.value(targets, raw, WEIGHTS[:20]) == pytest.approx(expected, rel=1e-13)
    # The order of the outputs does not matter.
    assert loss.value(targets, raw[:, [2, 0, 1]], WEIGHTS[:20]) == pytest.approx(expected)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_derivative_against_differences(dtype):
    rng = np.random.RandomState(0)
    raw, y = rng.normal(size=(20, 3)), np.repeat(rng.normal(size=(20, 1)), 3, axis=1)
    loss, slope, h = SortedPinball(LEVELS), raw.astype(dtype), 1e-6
    loss.derivative(y.astype(dtype), slope)
    assert slope.dtype == loss.per_output(y.astype(dtype), raw.astype(dtype)).dtype == dtype
    for k in range(3):
        step = h * (np.arange(3) == k)
        ends = loss.per_output(y, raw + step), loss.per_output(y, raw - step)
        difference = (ends[0] - ends[1]).sum(axis=1) / (2 * h)
        # No outputs or targets are as near to each other as h.
        np.testing.assert_allclose(slope[:, k], difference, atol=1e-7)


# The fit


@pytest.mark.parametrize(
    ("layout", "weights"),
    [
        (np.asarray, WEIGHTS),
        (sparse.csr_array, WEIGHTS),
        # Without weights it takes many more iterations to come as near.
        pytest.param(np.asarray, None, marks=pytest.mark.slow),
        pytest.param(sparse.csr_array, None, marks=pytest.mark.slow),
    ],
)
def test_linear_quantiles_are_those_of_one_each(layout, weights):
    X, y = heteroscedastic(60, 0)
    weights = weights if weights is None else weights[:60]
    m = len(y) if weights is None else weights.sum()
    mlp = regressor((), penalty="l1", alpha=5.0, quantile=[0.2, 0.8], max_iter=300)
    mlp.fit(layout(X), y, sample_weight=weights)
    ours, best = mlp.loss_, 0.0
    for level in (0.2, 0.8):
        oracle = QuantileRegressor(quantile=level, alpha=5 / m).fit(X, y, weights)
        best += mean_pinball_loss(y, oracle.predict(X), alpha=level, sample_weight=weights)
        best += 5 / m * np.abs(oracle.coef_).sum()
    # Sorting can only be lower; a method for smooth functions stops at kinks.
    assert ours <= best * (1 + 1e-3)
    # These two do not cross on the samples.
    assert ours >= best * (1 - 1e-6)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_quantiles_never_cross(activation):
    mlp = regressor(activation=activation, penalty="l1", alpha=0.1).fit(X, Y)
    far = 100 * np.random.RandomState(0).normal(size=(100_000, 2))
    predicted = mlp.predict(far)
    assert predicted.shape == (100_000, 3)
    assert (np.diff(predicted, axis=1) >= 0).all()


def test_coverage():
    mlp = regressor(max_iter=300).fit(*heteroscedastic(800, 2))
    X_new, y_new = heteroscedastic(2000, 3)
    shares = (y_new[:, None] <= mlp.predict(X_new)).mean(axis=0)
    # Two standard deviations of the shares of 800 samples, and as much for the network.
    np.testing.assert_allclose(shares, LEVELS, atol=0.06)
    # Wide where the noise is.
    width = np.ptp(mlp.predict(np.array([[0.0, -1.5], [0.0, 1.5]])), axis=1)
    assert width[1] > 2 * width[0]


@pytest.mark.parametrize("unit", [1e-3, 1e4])
def test_any_unit_of_y(unit, fitted):
    # alpha of the first layer in the unit of the loss (doc/objective.md).
    other = regressor(alpha=[unit, 1 / unit]).fit(X, unit * Y)
    assert other.loss_ == pytest.approx(unit * fitted.loss_, rel=0.02)


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_single_precision(solver):
    mlp = regressor(solver=solver)
    single = clone(mlp).fit(X.astype(np.float32), Y.astype(np.float32))
    assert single.predict(X.astype(np.float32)).dtype == np.float32
    assert single.loss_ == pytest.approx(mlp.fit(X, Y).loss_, rel=0.02)


# What is asked of it


def test_score_is_the_mean_of_d2(fitted):
    predicted = fitted.predict(X)
    expected = [
        d2_pinball_score(Y, predicted[:, k], alpha=level, sample_weight=WEIGHTS)
        for k, level in enumerate(LEVELS)
    ]
    assert fitted.score(X, Y, WEIGHTS) == pytest.approx(np.mean(expected), rel=1e-10)


def test_copies_predict_the_same(fitted):
    assert (fitted.n_outputs_, fitted.out_activation_) == (3, "sort")
    expected = fitted.predict(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(X), expected)
    np.testing.assert_allclose(fitted.compact().predict(X), expected, rtol=1e-12)
    twin = clone(fitted)
    assert twin.quantile == LEVELS
    np.testing.assert_array_equal(twin.fit(X, Y).predict(X), expected)
    single = regressor(quantile=[0.5]).fit(X, Y)
    assert single.predict(X).shape == (120, 1)


def test_searches():
    search = RegularizedMLPRegressorCV(
        (4,),
        loss="quantile",
        quantile=LEVELS,
        alphas=[0.3, 3.0],
        cv=2,
        max_iter=30,
        ensemble=True,
        random_state=0,
    ).fit(X, Y)
    assert np.isfinite(search.scores_).all()
    # A mean of quantiles, weighted half for the final network.
    members = [member.predict(X) for member in search.estimators_]
    expected = (members[0] + members[1]) / 4 + members[2] / 2
    np.testing.assert_allclose(search.predict(X), expected, rtol=1e-10)
    with pytest.raises(ValueError, match="predicts several quantiles: an interval is"):
        search.predict_interval(X)
    grid = {"quantile": [LEVELS, np.array([0.3, 0.7])]}
    found = GridSearchCV(regressor(max_iter=10), grid, cv=2, error_score="raise")
    assert np.isfinite(found.fit(X, Y).cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(
    "quantile", [[], [0.5, 0.5], [0.9, 0.1], [0.0, 0.5], [0.5, 1.0], [[0.1, 0.5]], ["a"]]
)
def test_quantiles_out_of_order_are_refused(quantile):
    with pytest.raises(ValueError, match=r"quantile must be a number.*strictly increasing"):
        regressor(quantile=quantile).fit(X, Y)


def test_what_is_refused(fitted):
    with pytest.raises(ValueError, match=r"are predicted of one target.*2 outputs"):
        regressor().fit(X, np.c_[Y, Y])
    with pytest.raises(ValueError, match="y has 2 outputs, but the model has 1"):
        fitted.score(X, np.c_[Y, Y])
    with pytest.raises(ValueError, match="no output activation 'sort'"):
        fitted.to_sklearn()
    with pytest.raises(ValueError, match="Features are selected for one quantile"):
        MLPFeatureSelector(regressor(penalty="l1")).fit(X, Y)
    again = pickle.loads(pickle.dumps(fitted)).set_params(warm_start=True)
    with pytest.raises(ValueError, match="has 2 entries, but the fitted network has 3"):
        again.set_params(quantile=[0.1, 0.9]).fit(X, Y)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_onnx(fitted, dtype):
    skl2onnx = pytest.importorskip("skl2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    import sknormreg.onnx

    assert sknormreg.onnx.register
    model = skl2onnx.to_onnx(fitted, X[:1].astype(dtype))
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (found,) = session.run(None, {"X": X.astype(dtype)})
    rtol = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(found, fitted.predict(X), rtol=rtol, atol=rtol)
