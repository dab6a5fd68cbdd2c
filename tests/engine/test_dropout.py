"""Dropout: what is dropped by the definition, and what an estimator makes of it."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor
from sknormreg.engine import Dropout
from sknormreg.engine.selection import CompiledEngine

BOTH = [RegularizedMLPClassifier, RegularizedMLPRegressor]
SOLVERS = ["adam", "sgd"]
not_converged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
needs_compiled = pytest.mark.skipif(CompiledEngine is None, reason="needs the extension")

rng = np.random.RandomState(0)
X = rng.randn(60, 4) * (rng.uniform(size=(60, 4)) > 0.3)
SCORES = X @ [2.0, -1.0, 1.0, 0.0] + 0.3 * rng.randn(60)
LABELS = np.digitize(SCORES, [-1, 1])
TARGETS = {RegularizedMLPClassifier: LABELS, RegularizedMLPRegressor: SCORES}
RATES = dict(dropout=0.4, input_dropout=0.2)


def make(cls=RegularizedMLPRegressor, **params):
    defaults = dict(hidden_layer_sizes=(6, 5), alpha=1.0, max_iter=5, random_state=0)
    return cls(**{**defaults, "batch_size": 20, **params})


def fit(cls=RegularizedMLPRegressor, X=X, **params):
    return make(cls, **params).fit(X, TARGETS[cls])


def assert_same_weights(first, second):
    for a, b in zip(first.coefs_ + first.intercepts_, second.coefs_ + second.intercepts_):
        np.testing.assert_array_equal(a, b)


# The factors. Shares and means of n independent values are within 5 standard deviations
# of what is expected, but for one in two million times; the seeds are fixed.


def z_score(share, expected, n):
    return (share - expected) / np.sqrt(expected * (1 - expected) / n)


@pytest.mark.parametrize("rate", [0.001, 0.1, 0.25, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_are_dropped_at_the_rate_and_right_on_average(rate, seed, dtype):
    shape = (1000, 200)
    factors = Dropout((rate,), seed).factors(0, 0, shape, dtype)
    assert factors.shape == shape
    assert factors.dtype == dtype
    dropped = factors == 0
    assert abs(z_score(dropped.mean(), rate, dropped.size)) < 5
    # What is not is divided by the probability to stay, up to rounding.
    np.testing.assert_allclose(factors[~dropped], 1 / (1 - rate), rtol=1e-6)
    deviation = np.sqrt(rate / (1 - rate) / dropped.size)
    assert abs(factors.mean(dtype=np.float64) - 1) < 5 * deviation
    # In every row and every column, too: of 1200 the largest is a little further out.
    for axis, n in ((0, 1000), (1, 200)):
        if n * min(rate, 1 - rate) > 10:
            assert np.abs(z_score(dropped.mean(axis=axis), rate, n)).max() < 5.5


def test_a_rate_of_0_drops_nothing():
    dropout = Dropout((0.0, 0.5, 0.0), seed=0)
    assert dropout.factors(0, 0, (5, 3), np.float64) is None
    assert dropout.factors(1, 0, (5, 3), np.float64) is not None
    assert dropout.factors(2, 0, (5, 3), np.float64) is None


N = (300, 64)
PAIRS = {
    "layers": (Dropout((0.5,) * 3, 1), (0, 0), Dropout((0.5,) * 3, 1), (1, 0)),
    "later layers": (Dropout((0.5,) * 3, 1), (1, 0), Dropout((0.5,) * 3, 1), (2, 0)),
    "steps": (Dropout((0.5,), 1, 7), (0, 0), Dropout((0.5,), 1, 8), (0, 0)),
    "seeds": (Dropout((0.5,), 1, 7), (0, 0), Dropout((0.5,), 2, 7), (0, 0)),
    "steps for seeds": (Dropout((0.5,), 1, 2), (0, 0), Dropout((0.5,), 2, 1), (0, 0)),
    "blocks of rows": (Dropout((0.5,), 1), (0, 0), Dropout((0.5,), 1), (0, 300)),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_draws_are_independent(pair):
    first, (layer, row), second, (other_layer, other_row) = PAIRS[pair]
    a = first.factors(layer, row, N, np.float64) - 1
    b = second.factors(other_layer, other_row, N, np.float64) - 1
    # Signs are equal half of the time, also with neighbours and from row to row.
    for x, y in ((a, b), (a[:, 1:], b[:, :-1]), (a[1:], b[:-1]), (a, b[::-1])):
        assert abs(z_score((x == y).mean(), 0.5, x.size)) < 5


def test_rows_and_units_are_independent():
    signs = Dropout((0.5,), 3).factors(0, 0, (2000, 40), np.float64) - 1
    for a, b in (
        (signs[1:], signs[:-1]),
        (signs[:, 1:], signs[:, :-1]),
        (signs[1:, 1:], signs[:-1, :-1]),
        (signs[:1000], signs[1000:]),
    ):
        assert abs((a * b).mean()) < 5 / np.sqrt(a.size)
    # Correlations of all pairs of units, 780 of them, and of rows.
    for draws in (signs, signs[:60].T @ np.eye(60)):
        n, k = draws.shape
        products = draws.T @ draws / n
        off_diagonal = products[np.triu_indices(k, 1)]
        assert np.abs(off_diagonal).max() < 5.5 / np.sqrt(n)


def test_the_position_decides_and_not_the_block():
    dropout = Dropout((0.3,), 5, step=2)
    whole = dropout.factors(0, 0, (50, 7), np.float64)
    for start, stop in ((0, 1), (13, 14), (20, 50)):
        part = dropout.factors(0, start, (stop - start, 7), np.float64)
        np.testing.assert_array_equal(part, whole[start:stop])


# Estimators


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_reproducible_and_different_between_seeds(cls, solver):
    first = fit(cls, solver=solver, **RATES)
    assert_same_weights(first, fit(cls, solver=solver, **RATES))
    assert_same_weights(first, clone(first).fit(X, TARGETS[cls]))
    other = fit(cls, solver=solver, random_state=1, **RATES)
    assert (first.coefs_[1] != other.coefs_[1]).any()


def ones_and_targets(n_rows=200):
    return np.ones((n_rows, 1)), np.linspace(-1, 1, n_rows)


def gradients_by_epoch(random_state, n_epochs=4):
    """The steps of single epochs of a linear model with one input, a 1 in every row.

    Batches are all of the data and rows come in their order: nothing but what is dropped
    differs between epochs, or seeds.
    """
    ones, y = ones_and_targets()
    model = RegularizedMLPRegressor(
        (),
        solver="sgd",
        momentum=0,
        shuffle=False,
        batch_size=200,
        alpha=0,
        input_dropout=0.5,
        learning_rate_init=1e-9,
        random_state=random_state,
    )
    weights = [0.0]
    for _ in range(n_epochs):
        weights.append(model.partial_fit(ones, y).coefs_[0].item())
    return np.diff(weights)


@not_converged
def test_draws_differ_between_epochs_and_seeds():
    steps = np.concatenate([gradients_by_epoch(0), gradients_by_epoch(1)])
    assert len(set(np.round(steps / 1e-9, 6))) == len(steps)
    np.testing.assert_array_equal(gradients_by_epoch(0), steps[:4])


@not_converged
def test_gradients_are_those_of_what_is_dropped():
    """An unbiased estimate of the mean of y x, with the variance of the factors."""
    _, y = ones_and_targets()
    steps = gradients_by_epoch(0, n_epochs=400) / 1e-9
    # Factors are 0 or 2, with variance 1.
    deviation = np.sqrt((y**2).sum()) / 200
    assert abs(steps.mean() - y.mean()) < 5 * deviation / np.sqrt(400)
    # A standard deviation's own relative one is 1 / sqrt(2 n).
    assert steps.std() == pytest.approx(deviation, rel=5 / np.sqrt(800))


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_rates_of_0_change_nothing(cls, solver):
    without = fit(cls, solver=solver)
    assert_same_weights(without, fit(cls, solver=solver, dropout=0.0, input_dropout=0))
    for rates in (dict(dropout=0.4), dict(input_dropout=0.4)):
        other = fit(cls, solver=solver, **rates)
        assert (other.coefs_[1] != without.coefs_[1]).any()
    # Nor is there anything that full batches could not do.
    assert fit(cls, solver="lbfgs", dropout=0.0, input_dropout=0.0).solver_ == "lbfgs"
    # Without hidden layers there is nothing but the inputs to drop.
    linear = dict(hidden_layer_sizes=(), solver=solver)
    assert_same_weights(fit(cls, **linear), fit(cls, **linear, dropout=0.5))
    other = fit(cls, **linear, input_dropout=0.5)
    assert (other.coefs_[0] != fit(cls, **linear).coefs_[0]).any()


@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_predictions_and_the_objective_drop_nothing(cls):
    y = TARGETS[cls]
    model = fit(cls, **RATES, alpha=0.5)
    np.testing.assert_array_equal(model.predict(X), model.predict(X))
    # The same network from an estimator that knows nothing of dropout.
    plain = fit(cls, solver="adam", alpha=0.5)
    plain.coefs_, plain.intercepts_ = model.coefs_, model.intercepts_
    np.testing.assert_array_equal(plain.predict(X), model.predict(X))
    raw = X
    for i, (weights, intercept) in enumerate(zip(model.coefs_, model.intercepts_)):
        raw = (np.tanh(raw) if i else raw) @ weights + intercept
    if cls is RegularizedMLPClassifier:
        np.testing.assert_allclose(model.decision_function(X), raw, rtol=1e-10)
        np.testing.assert_array_equal(
            plain.predict_proba(X), model.predict_proba(X), strict=True
        )
        loss = -np.log(model.predict_proba(X)[np.arange(60), y]).mean()
    else:
        np.testing.assert_allclose(model.predict(X), raw[:, 0], rtol=1e-10)
        loss = ((y - raw[:, 0]) ** 2).mean() / 2
    norms = sum(np.linalg.norm(coef) ** 2 for coef in model.coefs_)
    assert model.loss_ == pytest.approx(loss + 0.5 * norms / 2 / 60, rel=1e-12)


@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_early_stopping_watches_the_whole_network(cls):
    y = TARGETS[cls]
    held_out = dict(X_val=X[:20], y_val=y[:20])
    model = make(cls, **RATES, early_stopping=True, max_iter=40, n_iter_no_change=40)
    model.fit(X[20:], y[20:], **held_out)
    if cls is RegularizedMLPClassifier:
        proba = model.predict_proba(X[:20])[np.arange(20), y[:20]]
        loss = -np.log(proba).mean()
    else:
        loss = ((y[:20] - model.predict(X[:20])) ** 2).mean() / 2
    # The weights of the best epoch, whose loss is that of predictions.
    assert min(model.validation_loss_curve_) == pytest.approx(loss, rel=1e-12)
    split = make(cls, **RATES, early_stopping=True, validation_fraction=0.3)
    split.fit(X, y)
    assert_same_weights(split, clone(split).fit(X, y))


@pytest.mark.parametrize("solver", [*SOLVERS, "auto"])
@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_partial_fit_with_dropout(cls, solver):
    y = TARGETS[cls]
    first = {} if cls is RegularizedMLPRegressor else {"classes": [0, 1, 2]}

    def train(**rates):
        model = make(cls, solver=solver, **rates).partial_fit(X, y, **first)
        for _ in range(3):
            model.partial_fit(X, y)
        return model

    with_dropout = train(**RATES)
    assert_same_weights(with_dropout, train(**RATES))
    assert (with_dropout.coefs_[0] != train().coefs_[0]).any()
    assert_same_weights(train(), train(dropout=0.0, input_dropout=0.0))


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_sparse_X_drops_the_same(cls, solver, form):
    dense = fit(cls, solver=solver, **RATES)
    other = fit(cls, X=form(X), solver=solver, **RATES)
    # Sums in another order: rounding, amplified over 15 steps.
    for a, b in zip(dense.coefs_, other.coefs_):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)


@needs_compiled
@pytest.mark.parametrize(
    "penalty", ["l1", "hierarchical", pytest.param("group_lasso", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_both_engines_drop_the_same(cls, form, penalty, monkeypatch):
    params = dict(penalty=penalty, solver="sgd", learning_rate_init=0.01, **RATES)
    monkeypatch.setenv("SKNORMREG_ENGINE", "compiled")
    compiled = fit(cls, X=form(X), **params)
    monkeypatch.setenv("SKNORMREG_ENGINE", "numpy")
    in_numpy = fit(cls, X=form(X), **params)
    # Sums in another order: rounding, amplified over 15 steps. One mask that differed
    # would show in the second digit.
    for a, b in zip(
        compiled.coefs_ + compiled.intercepts_, in_numpy.coefs_ + in_numpy.intercepts_
    ):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(compiled.loss_curve_, in_numpy.loss_curve_, rtol=1e-9)


@needs_compiled
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@not_converged
def test_adam_in_both_engines(dtype, monkeypatch):
    """Adam divides by gradients: where they are near 0, rounding decides on a step."""
    fits = {}
    for engine in ("compiled", "numpy"):
        monkeypatch.setenv("SKNORMREG_ENGINE", engine)
        fits[engine] = fit(X=X.astype(dtype), solver="adam", **RATES)
    rtol = 1e-3 if dtype == np.float32 else 1e-7
    np.testing.assert_allclose(
        fits["compiled"].loss_curve_, fits["numpy"].loss_curve_, rtol=rtol
    )
    for a, b in zip(fits["compiled"].coefs_, fits["numpy"].coefs_):
        np.testing.assert_allclose(a, b, atol=rtol)


@needs_compiled
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("solver", SOLVERS)
@not_converged
def test_same_bits_whatever_the_number_of_threads(solver, form, monkeypatch):
    # However little work there is, it is shared.
    for name in ("_EPOCH_WORK", "_BATCH_WORK", "_PASS_WORK"):
        monkeypatch.setattr(f"sknormreg.engine.compiled_engine.{name}", 0)
    random_state = np.random.RandomState(0)
    many = random_state.randn(600, 10)
    y = many[:, 0] + random_state.randn(600)
    fits = []
    for limit in (1, 2, 2):
        with threadpool_limits(limit):
            model = make(solver=solver, hidden_layer_sizes=(40, 30), **RATES)
            fits.append(model.set_params(batch_size=200).fit(form(many), y))
    assert_same_weights(fits[0], fits[1])
    assert_same_weights(fits[0], fits[2])


@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_dropout_regularises(cls):
    """Units that come and go fit the training rows less closely, but fit them."""
    params = dict(max_iter=200, alpha=0.0, learning_rate_init=0.01, n_iter_no_change=200)
    plain = fit(cls, solver="adam", **params)
    dropped = fit(cls, solver="adam", dropout=0.5, **params)
    assert dropped.loss_ > 1.5 * plain.loss_
    assert dropped.score(X, TARGETS[cls]) > 0.8
