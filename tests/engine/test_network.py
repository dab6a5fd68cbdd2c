"""Parameter layout, passes and gradients of the network."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse

from sknormreg.engine import Data, Network, NumpyEngine, make_engine
from sknormreg.engine.activations import ACTIVATIONS
from sknormreg.engine.losses import (
    BinaryLogLoss,
    HalfPoissonDeviance,
    HalfSquaredError,
    Huber,
    MultinomialLogLoss,
    Pinball,
)
from sknormreg.engine.tweedie import HalfTweedieDeviance

LOSSES = {
    "squared_error": HalfSquaredError(),
    "huber": Huber(0.8),
    "pinball": Pinball(0.7),
    "poisson": HalfPoissonDeviance(),
    "gamma": HalfTweedieDeviance(2.0),
    "binary": BinaryLogLoss(),
    "multinomial": MultinomialLogLoss(3),
}

# Activations a row at a time, in scalar arithmetic.
SCALAR = {
    "tanh": math.tanh,
    "relu": lambda z: max(z, 0.0),
    "gelu": lambda z: z * math.erfc(-z / math.sqrt(2)) / 2,
}


def _network(layer_units=(4, 5, 3), activation="tanh", loss="squared_error"):
    activations = (activation,) * (len(layer_units) - 2)
    return Network(tuple(layer_units), activations, LOSSES[loss])


def _params(network, seed=0, dtype=np.float64):
    params = np.random.RandomState(seed).normal(size=network.n_params)
    return (0.5 * params).astype(dtype)


def _data(network, n_rows=30, weighted=True, seed=1, dtype=np.float64):
    random_state = np.random.RandomState(seed)
    X = random_state.normal(size=(n_rows, network.layer_units[0]))
    X[random_state.uniform(size=X.shape) < 0.5] = 0
    shape = (n_rows, network.layer_units[-1])
    if isinstance(network.loss, MultinomialLogLoss):
        y = random_state.randint(3, size=n_rows)
    elif isinstance(network.loss, BinaryLogLoss):
        y = random_state.randint(2, size=shape).astype(dtype)
    else:
        y = random_state.poisson(1.5, size=shape).astype(dtype)
        y += network.loss.domain == "> 0"
    weights = random_state.uniform(0.1, 2, n_rows).astype(dtype) if weighted else None
    return Data(X.astype(dtype), y, weights)


def _as_csr(data):
    return data._replace(X=sparse.csr_array(data.X))


def _select(data, rows):
    weights = None if data.sample_weight is None else data.sample_weight[rows]
    return Data(data.X[rows], data.y[rows], weights)


def _assert_same(found, expected, rtol):
    """Two pairs of a loss and its gradient, up to a share of the largest entry."""
    assert found[0] == pytest.approx(expected[0], rel=rtol)
    atol = rtol * np.abs(expected[1]).max()
    np.testing.assert_allclose(found[1], expected[1], rtol=0, atol=atol)


# Layout


@pytest.mark.parametrize("layer_units", [(3, 1), (4, 5, 3), (2, 1, 6, 2)])
def test_pack_and_views_are_a_round_trip(layer_units):
    network = _network(layer_units)
    params = np.arange(float(network.n_params))
    coefs, intercepts = network.coefs(params), network.intercepts(params)
    pairs = list(pairwise(layer_units))
    assert [part.shape for part in coefs] == pairs
    assert [part.shape for part in intercepts] == [(b,) for _, b in pairs]
    packed = network.pack(coefs, intercepts, np.float64)
    np.testing.assert_array_equal(packed, params)
    assert not np.shares_memory(packed, params)


def test_layout_by_hand():
    network = _network((2, 1, 2))
    params = network.pack([[[1], [2]], [[3, 4]]], [[5], [6, 7]], np.float32)
    # The weights of all layers come first: they are what is penalised.
    np.testing.assert_array_equal(params, [1, 2, 3, 4, 5, 6, 7])
    assert params.dtype == np.float32
    assert (network.n_weights, network.n_params) == (4, 7)


def test_views_write_through():
    network = _network()
    params = np.zeros(network.n_params)
    for i, part in enumerate(network.coefs(params)):
        part[...] = i + 1
    for i, part in enumerate(network.intercepts(params)):
        part[...] = 10 + i
    # 20 and 15 weights, 5 and 3 intercepts.
    np.testing.assert_array_equal(params, np.repeat([1, 2, 10, 11], [20, 15, 5, 3]))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", ["squared_error", "pinball"])
def test_smooth_only_without_kinks(activation, loss):
    kinked = activation in ("relu", "leaky_relu") or loss == "pinball"
    assert _network(activation=activation, loss=loss).smooth == (not kinked)
    assert _network((4, 3), loss=loss).smooth == (loss != "pinball")


# Initial parameters


@pytest.mark.parametrize("output_share", [1.0, 0.1])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_initial_weights_are_glorot_uniform(activation, output_share):
    network = _network((100, 60, 40), activation)
    draw = network.initial_params
    params = draw(np.arange(40), np.random.RandomState(0), np.float64, output_share)
    # The logistic function's slopes are smaller, its weights, too (as in scikit-learn).
    share = 1 / 3 if activation == "logistic" else 1
    shares = (share, output_share * share)
    for weights, share in zip(network.coefs(params), shares):
        # Of variance 2 / (fan_in + fan_out), which for uniform numbers means a bound
        # sqrt(3) standard deviations away.
        deviation = math.sqrt(share * 2 / sum(weights.shape))
        assert np.abs(weights).max() <= math.sqrt(3) * deviation * (1 + 1e-12)
        # Of n uniform numbers the largest is within 10 / n of the bound with
        # probability 1 - exp(-10); moments err by a few of their standard errors.
        assert np.abs(weights).max() >= math.sqrt(3) * deviation * (1 - 10 / weights.size)
        assert np.std(weights) == pytest.approx(deviation, rel=3 / math.sqrt(weights.size))
        assert abs(weights.mean()) < 4 * deviation / math.sqrt(weights.size)
    hidden, output = network.intercepts(params)
    np.testing.assert_array_equal(hidden, 0)
    np.testing.assert_array_equal(output, np.arange(40))


def test_initial_params_are_reproducible():
    network, intercept = _network(), np.zeros(3)
    draw = network.initial_params
    first, second = (draw(intercept, np.random.RandomState(5), np.float64) for _ in "ab")
    np.testing.assert_array_equal(first, second)
    other = draw(intercept, np.random.RandomState(6), np.float64)
    assert not np.array_equal(first, other)
    # The same draws, rounded.
    single = draw(intercept, np.random.RandomState(5), np.float32)
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, first.astype(np.float32))


def test_the_linear_model_starts_at_zero_weights():
    network = _network((4, 3))
    params = network.initial_params([1, 2, 3], np.random.RandomState(0), np.float64)
    np.testing.assert_array_equal(params, [0] * 12 + [1, 2, 3])


# Gradients

_OUTPUTS = [(loss, n) for loss in LOSSES for n in (1, 3) if (loss, n) != ("multinomial", 1)]
_HIDDEN = [()] + [(name, depth) for name in ACTIVATIONS for depth in (1, 2)]


@pytest.mark.every(5)
@pytest.mark.parametrize("hidden", _HIDDEN, ids=lambda h: "-".join(map(str, h)) or "linear")
@pytest.mark.parametrize(("loss", "n_outputs"), _OUTPUTS)
@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_against_directional_differences(hidden, loss, n_outputs, weighted):
    name, depth = hidden or ("tanh", 0)
    network = _network((3, *(4, 3)[:depth], n_outputs), name, loss)
    engine, params = make_engine(network), _params(network)
    data = _data(network, n_rows=15, weighted=weighted)
    value, gradient = engine.loss_and_gradient(params, data)
    direction = np.random.RandomState(2).normal(size=network.n_params)
    direction /= np.linalg.norm(direction)
    h = 1e-5
    above, below = (
        engine.loss_and_gradient(params + s * h * direction, data)[0] for s in (1, -1)
    )
    # Values of up to 1e2 are rounded to 1e-14 and divided by h; third derivatives of
    # up to 1e2 are multiplied by h^2 / 6. No seeded row lies within h of a kink.
    assert gradient @ direction == pytest.approx((above - below) / (2 * h), abs=2e-8)
    raw = engine.raw_predict(network.coefs(params), network.intercepts(params), data.X)
    expected = network.loss.value(data.y, raw, data.sample_weight)
    assert value == pytest.approx(expected, rel=1e-12)


def test_every_entry_of_a_gradient():
    network = _network((3, 4, 2, 2))
    engine, params, data = make_engine(network), _params(network), _data(network)
    _, gradient = engine.loss_and_gradient(params, data)
    h, expected = 1e-5, np.empty_like(gradient)
    for i, unit in enumerate(np.eye(network.n_params)):
        values = [engine.loss_and_gradient(params + s * h * unit, data)[0] for s in (1, -1)]
        expected[i] = (values[0] - values[1]) / (2 * h)
    # As above.
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=2e-8)


def test_gradient_of_least_squares_by_hand():
    network = _network((2, 1))
    data = Data(np.array([[1.0, 2.0]]), np.array([[3.0]]), np.array([4.0]))
    # Residual 1*1 + 2*1 + 1 - 3 = 1, weight 4.
    value, gradient = make_engine(network).loss_and_gradient(np.ones(3), data)
    assert value == 2
    np.testing.assert_array_equal(gradient, [4, 8, 4])


# Which rows, in which form


@pytest.mark.parametrize("loss", ["squared_error", "multinomial"])
@pytest.mark.parametrize("layer_units", [(6, 3), (6, 5, 3)])
@pytest.mark.parametrize("n_rows", [1, 40, 2500])
def test_sparse_is_dense(loss, layer_units, n_rows):
    network = _network(layer_units, loss=loss)
    engine, params, data = make_engine(network), _params(network), _data(network, n_rows)
    dense = engine.loss_and_gradient(params, data)
    # Sums of thousands of terms in another order.
    _assert_same(engine.loss_and_gradient(params, _as_csr(data)), dense, rtol=1e-12)
    rows = np.random.RandomState(3).randint(n_rows, size=n_rows)
    _assert_same(
        engine.loss_and_gradient(params, _as_csr(data), rows),
        engine.loss_and_gradient(params, data, rows),
        rtol=1e-12,
    )
    coefs, intercepts = network.coefs(params), network.intercepts(params)
    np.testing.assert_allclose(
        engine.raw_predict(coefs, intercepts, sparse.csr_array(data.X)),
        engine.raw_predict(coefs, intercepts, data.X),
        rtol=1e-12,
        atol=1e-12,
    )


@pytest.mark.parametrize("loss", ["squared_error", "multinomial"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_selected", [1, 20, 2300])
def test_rows_are_the_sliced_data(loss, weighted, n_selected):
    network = _network(loss=loss)
    engine, params = make_engine(network), _params(network)
    data = _data(network, 2500, weighted)
    # Unordered, and some of them twice.
    rows = np.random.RandomState(4).randint(2500, size=n_selected)
    selected = _select(data, rows)
    found = engine.loss_and_gradient(params, data, rows)
    expected = engine.loss_and_gradient(params, selected)
    # The same numbers in the same order.
    _assert_same(found, expected, rtol=1e-13)
    coefs, intercepts = network.coefs(params), network.intercepts(params)
    np.testing.assert_allclose(
        engine.raw_predict(coefs, intercepts, data.X, rows),
        engine.raw_predict(coefs, intercepts, selected.X),
        rtol=1e-13,
    )


@pytest.mark.parametrize("loss", ["squared_error", "multinomial"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("extra", [-1, 0, 1, 77])
def test_blocks_of_rows_do_not_change_the_sum(loss, weighted, extra):
    network = _network((4, 600, 3), loss=loss)
    engine, params = make_engine(network), _params(network)
    size = NumpyEngine(network).block_rows(np.float64)
    n_rows = 3 * size + extra
    data = _data(network, n_rows, weighted)
    whole = engine.loss_and_gradient(params, data)
    # In parts that fit into a block each.
    parts = [
        engine.loss_and_gradient(params, _select(data, rows))
        for rows in np.array_split(np.arange(n_rows), 5)
    ]
    expected = sum(value for value, _ in parts), sum(gradient for _, gradient in parts)
    # Sums of a few hundred terms in another order.
    _assert_same(whole, expected, rtol=1e-12)


@pytest.mark.parametrize("width", [1, 50, 100_000])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_block_rows_are_some_and_bounded(width, dtype):
    rows = NumpyEngine(_network((2, width, 1))).block_rows(dtype)
    assert isinstance(rows, int)
    assert 1 <= rows <= 4096


@pytest.mark.parametrize("loss", LOSSES)
def test_sample_weights_are_repeated_rows(loss):
    network = _network(loss=loss)
    engine, params, data = make_engine(network), _params(network), _data(network)
    counts = np.random.RandomState(5).randint(0, 4, size=30)
    weighted = data._replace(sample_weight=counts.astype(float))
    rows = np.repeat(np.arange(30), counts)
    repeated = engine.loss_and_gradient(params, data._replace(sample_weight=None), rows)
    # Sums of some 50 terms.
    _assert_same(engine.loss_and_gradient(params, weighted), repeated, rtol=1e-13)


def test_data_and_parameters_are_left_alone():
    network = _network(loss="squared_error")
    engine, params, data = make_engine(network), _params(network), _data(network)
    before = [part.copy() for part in (params, *data)]
    engine.loss_and_gradient(params, data)
    engine.raw_predict(network.coefs(params), network.intercepts(params), data.X)
    for part, kept in zip((params, *data), before):
        np.testing.assert_array_equal(part, kept)


# Predictions


@pytest.mark.parametrize("activation", SCALAR)
@pytest.mark.parametrize("layer_units", [(3, 2), (3, 4, 1), (3, 2, 5, 2)])
def test_predictions_of_scalar_loops(activation, layer_units):
    network = _network(layer_units, activation)
    params, X = _params(network), _data(network, 8).X
    coefs, intercepts = network.coefs(params), network.intercepts(params)
    expected = []
    for row in X:
        layer = row.tolist()
        for i, (coef, intercept) in enumerate(zip(coefs, intercepts)):
            layer = [
                b + sum(w * x for w, x in zip(column, layer))
                for column, b in zip(coef.T, intercept)
            ]
            if i < len(coefs) - 1:
                layer = [SCALAR[activation](z) for z in layer]
        expected.append(layer)
    # A few dozen operations on numbers of order 1.
    np.testing.assert_allclose(
        make_engine(network).raw_predict(coefs, intercepts, X),
        expected,
        rtol=1e-13,
        atol=1e-13,
    )


@pytest.mark.parametrize("n_rows", [0, 1, 63, 3000])
def test_predictions_in_blocks_are_those_of_single_rows(n_rows):
    network = _network((4, 600, 3))
    engine, params = make_engine(network), _params(network)
    coefs, intercepts = network.coefs(params), network.intercepts(params)
    X = _data(network, n_rows).X
    raw = engine.raw_predict(coefs, intercepts, X)
    assert raw.shape == (n_rows, 3)
    for i in range(0, n_rows, 17):
        # Matrix products over 600 units, in another order.
        alone = engine.raw_predict(coefs, intercepts, X[i : i + 1])
        np.testing.assert_allclose(raw[i : i + 1], alone, rtol=1e-12, atol=1e-12)


@pytest.mark.every(5)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("form", [lambda data: data, _as_csr], ids=["dense", "csr"])
def test_single_precision_stays(activation, loss, form):
    network = _network((4, 5, 3), activation, loss)
    engine = make_engine(network)
    params = _params(network, dtype=np.float32)
    data = form(_data(network, 40, dtype=np.float32))
    value, gradient = engine.loss_and_gradient(params, data)
    assert isinstance(value, float)
    assert gradient.dtype == np.float32
    coefs, intercepts = network.coefs(params), network.intercepts(params)
    assert engine.raw_predict(coefs, intercepts, data.X).dtype == np.float32
    weights = data.sample_weight.astype(np.float64)
    y = data.y if loss == "multinomial" else data.y.astype(np.float64)
    double = Data(data.X.astype(np.float64), y, weights)
    # Sums of 40 terms of a dozen roundings of 6e-8 each.
    expected = engine.loss_and_gradient(params.astype(np.float64), double)
    _assert_same((value, gradient), expected, rtol=2e-6)


def test_without_dead_ends():
    """A chain of units without a way out is cleared, what is read is kept, outputs are."""
    network = _network((3, 4, 4, 2))
    params = np.random.RandomState(0).normal(size=network.n_params)
    coefs = network.coefs(params)
    coefs[2][:2] = 0  # nothing reads the first two units of the second hidden layer
    coefs[1][1, 2:] = 0  # the second unit of the first is read by these only
    cleared = network.without_dead_ends(params)
    first, second, third = network.coefs(cleared)
    np.testing.assert_array_equal(second[:, :2], 0)
    np.testing.assert_array_equal(first[:, 1], 0)
    np.testing.assert_array_equal(first[:, [0, 2, 3]], coefs[0][:, [0, 2, 3]])
    np.testing.assert_array_equal(second[:, 2:], coefs[1][:, 2:])
    np.testing.assert_array_equal(third, coefs[2])
    X = np.random.RandomState(1).normal(size=(10, 3))
    engine = make_engine(network)
    raws = [
        engine.raw_predict(network.coefs(p), network.intercepts(p), X)
        for p in (params, cleared)
    ]
    # Sums of the same numbers, but for zeros.
    np.testing.assert_allclose(raws[0], raws[1], rtol=1e-12)
