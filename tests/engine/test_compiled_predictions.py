"""The compiled engine's predictions are those of the NumPy engine."""

from itertools import product

import numpy as np
import pytest
from compiled_cases import (
    FORMS,
    ROWS,
    CompiledEngine,
    assert_close,
    make_data,
    make_network,
    make_params,
    needs_compiled_engine,
    some_rows,
)

from sknormreg.engine import NumpyEngine
from sknormreg.engine.activations import ACTIVATIONS

pytestmark = needs_compiled_engine


def _assert_same_predictions(network, params, X, rows=None, rtol=1e-12):
    coefs, intercepts = network.coefs(params), network.intercepts(params)
    found, expected = (
        engine(network).raw_predict(coefs, intercepts, X, rows)
        for engine in (CompiledEngine, NumpyEngine)
    )
    assert found.dtype == expected.dtype
    assert_close(found, expected, rtol)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("layer_units", [(6, 3), (6, 5, 1), (6, 7, 4, 3)])
def test_predictions(activation, layer_units):
    network = make_network(layer_units, activation)
    params = make_params(network)
    X = make_data(network, 23).X
    for form, kind in product(FORMS.values(), ROWS):
        # Sums of a few dozen numbers of order 1, in another order.
        _assert_same_predictions(network, params, form(X), some_rows(23, kind))


@pytest.mark.parametrize("layer_units", [(6, 3), (6, 5, 1), (6, 1, 1), (6, 7, 4, 3)])
def test_predictions_with_a_skip_connection(layer_units, products):
    network = make_network(layer_units, skip=True)
    params = make_params(network)
    for n_rows, kind in product((1, 23, 2000), ROWS):
        X, rows = make_data(network, n_rows).X, some_rows(n_rows, kind)
        for form in ("dense", "csr", "untidy csr"):
            # Sums of a few dozen numbers of order 1, in another order.
            _assert_same_predictions(network, params, FORMS[form](X), rows)


@pytest.mark.parametrize("n_rows", [0, 1, 2, 255, 257, 20_000])
@pytest.mark.parametrize("form", ["dense", "csr"])
@pytest.mark.parametrize("rows", ["all", "repeated"])
def test_predictions_of_many_rows(n_rows, form, rows):
    network = make_network((3, 8, 2))
    X = FORMS[form](make_data(network, n_rows).X)
    rows = some_rows(n_rows, rows) if n_rows else None
    _assert_same_predictions(network, make_params(network), X, rows)


@pytest.mark.parametrize("n_rows", [1, 9000])
@pytest.mark.parametrize("form", ["dense", "csr"])
@pytest.mark.parametrize("rows", ["all", "repeated"])
def test_predictions_of_mixed_precisions(n_rows, form, rows):
    """They are those of the wider one."""
    network = make_network((3, 8, 2))
    params, X = make_params(network), make_data(network, n_rows).X
    single, rows = X.astype(np.float32), some_rows(n_rows, rows)
    _assert_same_predictions(network, params, FORMS[form](single), rows)
    _assert_same_predictions(network, params.astype(np.float32), FORMS[form](X), rows)
    # Eight units, a dozen roundings of 6e-8 each.
    single_params = params.astype(np.float32)
    _assert_same_predictions(network, single_params, FORMS[form](single), rows, rtol=1e-6)


def test_predictions_of_other_layouts(tmp_path):
    """Fortran order, strides, and files that cannot be written to."""
    network = make_network((3, 8, 2))
    params, X = make_params(network), make_data(network, 500).X
    params.flags.writeable = False
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    coefs, intercepts = network.coefs(params), network.intercepts(params)
    expected = CompiledEngine(network).raw_predict(coefs, intercepts, X)
    for form in (np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2], mapped):
        for order in (np.ascontiguousarray, np.asfortranarray):
            found = CompiledEngine(network).raw_predict(
                [order(weights) for weights in coefs], intercepts, form
            )
            np.testing.assert_array_equal(found, expected)
