"""The compiled engine's losses and gradients are those of the NumPy engine."""

from itertools import cycle, product

import numpy as np
import pytest
from compiled_cases import (
    FORMS,
    OUTPUTS,
    ROWS,
    CompiledEngine,
    assert_close,
    in_single_precision,
    make_data,
    make_network,
    make_params,
    needs_compiled_engine,
    some_rows,
)
from scipy import sparse

from sknormreg.engine import Data, Dropout, NumpyEngine
from sknormreg.engine.activations import ACTIVATIONS

pytestmark = needs_compiled_engine


def _assert_same_gradients(
    network, params, data, rows, rtol, double=None, message="", dropout=None
):
    """The engines' losses and gradients; NumPy's are those of the data in double."""
    found = CompiledEngine(network).loss_and_gradient(params, data, rows, dropout)
    assert isinstance(found[0], float)
    assert found[1].dtype == params.dtype
    expected = NumpyEngine(network).loss_and_gradient(
        params.astype(np.float64), double or data, rows, dropout
    )
    for a, b in zip(found, expected):
        assert_close(a, b, rtol, message)


@pytest.mark.every(4)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("loss", "n_outputs"), OUTPUTS)
def test_gradients_of_all_activations_and_losses(activation, loss, n_outputs):
    rows_of_all_kinds = cycle(ROWS)
    for depth, weighted in product(range(4), (False, True)):
        network = make_network((6, *(5, 4, 3)[:depth], n_outputs), activation, loss)
        params, data = make_params(network), make_data(network, 23, weighted)
        # Each half of the forms, with weights and without, at every other depth.
        for name in list(FORMS)[(depth + weighted) % 2 :: 2]:
            kind = next(rows_of_all_kinds)
            # Sums of dozens of numbers of order 1, in another order.
            _assert_same_gradients(
                network,
                params,
                data._replace(X=FORMS[name](data.X)),
                some_rows(23, kind),
                rtol=1e-12,
                message=f"{depth=} {weighted=} {name}, {kind} rows",
            )


@pytest.mark.every(4)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("loss", "n_outputs"), OUTPUTS)
def test_gradients_in_single_precision(activation, loss, n_outputs):
    network = make_network((6, 5, 4, n_outputs), activation, loss)
    params, rows = make_params(network, dtype=np.float32), some_rows(23, "repeated")
    data, double = in_single_precision(make_data(network, 23, weighted=True))
    for form in ("dense", "csr", "untidy csr"):
        formed = data._replace(X=FORMS[form](data.X))
        # Sums of 23 terms of a dozen roundings of 6e-8 each.
        _assert_same_gradients(network, params, formed, rows, 3e-6, double, form)


# Layers and rows for which the engine's work falls into several parts of each kind: slices
# and blocks of rows, ranges of parameters, tiles of matrices with and without remainders.
LARGE = {
    "many rows": ((5, 4, 3), 9000),
    "one output": ((5, 1), 3000),
    "one feature": ((1, 33, 1), 700),
    "wide layers": ((20, 300, 120, 3), 700),
    "many features": ((4000, 8, 2), 300),
    "many features, one output": ((4000, 1), 300),
    "a wide layer": ((3, 3000, 2), 300),
    "many outputs": ((3, 5, 700), 257),
    "narrow and deep": ((2, *(1, 2, 3) * 4, 1), 129),
}


@pytest.mark.every(5)
@pytest.mark.parametrize("size", LARGE)
@pytest.mark.parametrize("rows", ["repeated", pytest.param("all", marks=pytest.mark.slow)])
@pytest.mark.parametrize("form", ["dense", "csr"])
def test_gradients_of_many_sizes(size, rows, form, products):
    layer_units, n_rows = LARGE[size]
    loss = "squared_error" if layer_units[-1] == 1 else "multinomial"
    network = make_network(layer_units, ("tanh", "gelu", "relu"), loss)
    params, data = make_params(network), make_data(network, n_rows, weighted=True)
    # Sums of thousands of numbers of order 1, in another order.
    _assert_same_gradients(
        network,
        params,
        data._replace(X=FORMS[form](data.X)),
        some_rows(n_rows, rows),
        rtol=1e-12,
    )


def test_gradients_of_every_remainder_of_a_tile(products):
    """Layers of 1 to 70 units: one to nine vectors in double precision, with a rest."""
    for n_units in range(1, 71):
        network = make_network(
            (n_units, 71 - n_units, 2 + n_units % 40), loss="multinomial"
        )
        params, data = make_params(network), make_data(network, 3 + n_units)
        _assert_same_gradients(network, params, data, None, 1e-12, message=f"{n_units=}")
        data, double = in_single_precision(data)
        params = params.astype(np.float32)
        # Sums of up to 70 terms with roundings of 6e-8 each.
        _assert_same_gradients(network, params, data, None, 3e-6, double, f"{n_units=}")


@pytest.mark.every(4)
@pytest.mark.parametrize(("loss", "n_outputs"), OUTPUTS)
def test_gradients_with_a_skip_connection(loss, n_outputs):
    rows_of_all_kinds = cycle(ROWS)
    for depth, weighted in product(range(4), (False, True)):
        units = (6, *(1, 5, 4)[:depth], n_outputs)
        network = make_network(units, ("tanh", "gelu"), loss, skip=True)
        params, data = make_params(network), make_data(network, 23, weighted)
        for name, form in FORMS.items():
            kind = next(rows_of_all_kinds)
            # Sums of dozens of numbers of order 1, in another order.
            _assert_same_gradients(
                network,
                params,
                data._replace(X=form(data.X)),
                some_rows(23, kind),
                rtol=1e-12,
                message=f"{depth=} {weighted=} {name}, {kind} rows",
            )


@pytest.mark.every(4)
@pytest.mark.parametrize("size", LARGE)
@pytest.mark.parametrize("form", ["dense", pytest.param("csr", marks=pytest.mark.slow)])
def test_gradients_of_many_sizes_with_a_skip_connection(size, form, products):
    layer_units, n_rows = LARGE[size]
    loss = "squared_error" if layer_units[-1] == 1 else "multinomial"
    network = make_network(layer_units, ("tanh", "gelu", "relu"), loss, skip=True)
    params, data = make_params(network), make_data(network, n_rows, weighted=True)
    data = data._replace(X=FORMS[form](data.X))
    for rows in "all", "repeated":
        # Sums of thousands of numbers of order 1, in another order.
        _assert_same_gradients(network, params, data, some_rows(n_rows, rows), rtol=1e-12)


def test_gradients_with_a_skip_connection_in_single_precision(products):
    for n_units, n_outputs in (1, 1), (5, 1), (1, 3), (40, 33):
        network = make_network((600, n_units, n_outputs), skip=True)
        params, rows = make_params(network, dtype=np.float32), some_rows(50, "repeated")
        data, double = in_single_precision(make_data(network, 50, weighted=True))
        for form in ("dense", "csr"):
            formed = data._replace(X=FORMS[form](data.X))
            # Sums of up to 600 terms of a dozen roundings of 6e-8 each.
            _assert_same_gradients(network, params, formed, rows, 3e-6, double, form)


@pytest.mark.every(5)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("skip", [False, True])
def test_gradients_with_dropout(activation, skip):
    rows_of_all_kinds = cycle(ROWS)
    for depth, inputs, hidden in product(range(3), (0, 0.3), (0, 0.6)):
        network = make_network((6, *(5, 4)[:depth], 2), activation, skip=skip)
        params, data = make_params(network), make_data(network, 23, weighted=True)
        # The second hidden layer is a whole one.
        rates = (inputs, hidden, 0)[: depth + 1]
        for name, form in FORMS.items():
            kind = next(rows_of_all_kinds)
            # Sums of dozens of numbers of order 1, in another order.
            _assert_same_gradients(
                network,
                params,
                data._replace(X=form(data.X)),
                some_rows(23, kind),
                rtol=1e-12,
                message=f"{rates=} {name}, {kind} rows",
                dropout=Dropout(rates, seed=2**32 - 1, step=7),
            )


@pytest.mark.every(4)
@pytest.mark.parametrize("size", LARGE)
@pytest.mark.parametrize("form", ["dense", pytest.param("csr", marks=pytest.mark.slow)])
def test_gradients_of_many_sizes_with_dropout(size, form, products):
    layer_units, n_rows = LARGE[size]
    loss = "squared_error" if layer_units[-1] == 1 else "multinomial"
    network = make_network(layer_units, ("tanh", "gelu", "relu"), loss)
    params, data = make_params(network), make_data(network, n_rows, weighted=True)
    data = data._replace(X=FORMS[form](data.X))
    dropout = Dropout((0.2, *(0.4, 0.1) * 6)[: len(layer_units) - 1], seed=3)
    for kind in "all", "repeated":
        rows = some_rows(n_rows, kind)
        # Sums of thousands of numbers of order 1, in another order.
        _assert_same_gradients(network, params, data, rows, 1e-12, dropout=dropout)


@pytest.mark.parametrize("rate", [1e-12, 0.1, 0.999, 1 - 2**-53])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_is_dropped_is_the_same_to_the_bit(rate, dtype):
    """The gradient of a linear model of one row is what is left of it."""
    network = make_network((5000, 1), loss="pinball")
    params = np.zeros(network.n_params, dtype)
    data = Data(np.ones((9, 5000), dtype), np.full((9, 1), 1e9, dtype), None)
    for step, form in product((0, 1, 2**32 + 3), ("dense", "csr")):
        part = data._replace(X=FORMS[form](data.X).astype(dtype))
        for rows in (None, np.array([4, 0])):
            dropout = Dropout((rate,), seed=123, step=step)
            n_rows = 9 if rows is None else len(rows)
            kept = dropout.factors(0, 0, (n_rows, 5000), dtype)
            for engine in CompiledEngine, NumpyEngine:
                gradient = engine(network).loss_and_gradient(params, part, rows, dropout)[1]
                found = network.coefs(gradient)[0][:, 0]
                np.testing.assert_array_equal(found == 0, (kept == 0).all(axis=0))
                # Sums of nine numbers of the same sign.
                rtol = 10 * np.finfo(dtype).eps
                np.testing.assert_allclose(found, -0.7 * kept.sum(axis=0), rtol=rtol)


def test_csr_of_rows_that_are_full():
    """Entries, not rows, then limit what is sorted together."""
    network = make_network((4000, 3, 2))
    data = make_data(network, 600)
    data = data._replace(X=sparse.csr_array(np.where(data.X == 0, 0.1, data.X)))
    _assert_same_gradients(network, make_params(network), data, None, rtol=1e-12)


@pytest.mark.parametrize("layer_units", [(4, 3), (4, 1), (4, 8, 1)])
def test_sums_over_many_rows_in_single_precision(layer_units):
    """Numbers of the same sign, whose rounding errors do not cancel."""
    network = make_network(layer_units, loss="pinball")
    params = make_params(network, dtype=np.float32)
    data, double = in_single_precision(make_data(network, 100_000))
    # The largest error of NumPy's sums is 4e-6.
    _assert_same_gradients(network, params, data, None, rtol=1e-5, double=double)


@pytest.mark.parametrize("layer_units", [(4, 3), (4, 1)])
def test_sums_over_many_sparse_rows_in_single_precision(layer_units):
    """As above, for the weights of a feature that is 1 in every row."""
    network = make_network(layer_units, loss="pinball")
    params, data = make_params(network, dtype=np.float32), make_data(network, 100_000)
    data.X[:, 0] = 1
    data, double = in_single_precision(data)
    data = data._replace(X=sparse.csr_array(data.X))
    # The largest error of NumPy's sums is 1e-5.
    _assert_same_gradients(network, params, data, None, rtol=3e-5, double=double)


def test_no_rows():
    network = make_network((3, 4, 2))
    engine, params = CompiledEngine(network), make_params(network)
    for rows, n_rows in (None, 0), (np.array([], dtype=int), 5):
        loss, gradient = engine.loss_and_gradient(params, make_data(network, n_rows), rows)
        assert loss == 0
        np.testing.assert_array_equal(gradient, 0)


def test_targets_and_weights_of_other_layouts():
    network = make_network((3, 4, 2))
    params, data = make_params(network), make_data(network, 30, weighted=True)
    expected = CompiledEngine(network).loss_and_gradient(params, data)
    for X, y, weights in (
        (np.asfortranarray(data.X), np.asfortranarray(data.y), data.sample_weight),
        (np.repeat(data.X, 2, axis=0)[::2], np.repeat(data.y, 2, axis=1)[:, ::2], None),
        (data.X, data.y.astype(np.float32), np.repeat(data.sample_weight, 2)[::2]),
    ):
        weights = data.sample_weight if weights is None else weights
        found = CompiledEngine(network).loss_and_gradient(params, Data(X, y, weights))
        np.testing.assert_array_equal(found[1], expected[1])


def test_what_has_too_few_numbers_is_refused():
    """C would read beyond the end of it."""
    network = make_network((3, 4, 2))
    engine, params, data = (
        CompiledEngine(network),
        make_params(network),
        make_data(network, 9),
    )
    coefs, intercepts = network.coefs(params), network.intercepts(params)
    with pytest.raises(ValueError, match=r"bytes where .* are read"):
        engine.raw_predict(coefs, [intercepts[0], intercepts[1][:1]], data.X)
    with pytest.raises(ValueError, match=r"bytes where .* are read"):
        engine.raw_predict(coefs, intercepts, data.X[:, :2])
    with pytest.raises(ValueError, match=r"bytes where .* are read"):
        engine.loss_and_gradient(params[:-1], data)
