"""An engine that is asked again for the gradient of the same data has a job at hand."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from compiled_cases import CompiledEngine, needs_compiled_engine

from sknormreg.engine import Data, Network
from sknormreg.engine.losses import HalfSquaredError

pytestmark = needs_compiled_engine

NETWORK = Network((4, 3, 2), ("tanh",), HalfSquaredError())


def data_of(seed, dtype=np.float64, n_rows=20):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n_rows, 4)), rng.normal(size=(n_rows, 2))
    return Data(X.astype(dtype), y.astype(dtype), None)


def draws(n, dtype=np.float64):
    rng = np.random.default_rng(9)
    return list(rng.normal(size=(n, NETWORK.n_params)).astype(dtype))


def anew(params, data, rows=None):
    return CompiledEngine(NETWORK).loss_and_gradient(params, data, rows)


def assert_same(found, expected):
    assert found[0] == expected[0]
    np.testing.assert_array_equal(found[1], expected[1])
    assert found[1].dtype == expected[1].dtype


def test_calls_in_turn_are_those_of_new_engines():
    """With other parameters, rows, data and types in between."""
    engine = CompiledEngine(NETWORK)
    one, other, single = data_of(1), data_of(2, n_rows=7), data_of(1, np.float32)
    rows = np.array([3, 5, 6])
    for params in draws(4):
        for data in (one, one, other, one):
            assert_same(engine.loss_and_gradient(params, data), anew(params, data))
        found = engine.loss_and_gradient(params, one, rows)
        assert_same(found, anew(params, one, rows))
        half = params.astype(np.float32)
        assert_same(engine.loss_and_gradient(half, single), anew(half, single))
        # Of the same data in another precision.
        assert_same(engine.loss_and_gradient(half, data), anew(half, data))


def test_gradients_are_new_arrays():
    engine, data = CompiledEngine(NETWORK), data_of(1)
    first, second = draws(2)
    gradient = engine.loss_and_gradient(first, data)[1]
    before = gradient.copy()
    assert engine.loss_and_gradient(second, data)[1] is not gradient
    np.testing.assert_array_equal(gradient, before)


def test_threads_that_share_an_engine():
    engine, data = CompiledEngine(NETWORK), data_of(1, n_rows=500)
    points = draws(8) * 20
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(engine.loss_and_gradient, params, data) for params in points]
    for call, params in zip(calls, points):
        assert_same(call.result(), anew(params, data))
