"""The compiled engine: that it computes what the NumPy engine does, and what only it can.

Fits that run on it are the business of all the other tests.
"""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import cycle, islice, product

import numpy as np
import pytest
from objectives import scaled_objective
from scipy import sparse, special
from threadpoolctl import threadpool_limits

from sknormreg import RegularizedMLPClassifier
from sknormreg._prox_terms import Grouped
from sknormreg.engine import Data, Dropout, Network, NumpyEngine, selection, threads
from sknormreg.engine.losses import (
    BinaryLogLoss,
    HalfPoissonDeviance,
    HalfSquaredError,
    Huber,
    MultinomialLogLoss,
    Pinball,
)
from sknormreg.penalties import (
    L1,
    L2,
    MCP,
    SCAD,
    ElasticNet,
    GroupLasso,
    GroupMCP,
    GroupSCAD,
    Hierarchical,
    L1Ball,
    Layout,
    MaxNorm,
    Penalty,
    SparseGroupLasso,
)
from sknormreg.penalties.group import diagonal_prox
from sknormreg.penalties.row_groups import RowGroups
from sknormreg.solvers import SGD, Adam, MinibatchState

CompiledEngine = selection.CompiledEngine
pytestmark = pytest.mark.skipif(CompiledEngine is None, reason="needs the extension")

TIMEOUT = 30  # seconds after which a test that waits has failed

ACTIVATIONS = (
    "identity",
    "logistic",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "gelu",
    "silu",
    "softplus",
)
LOSSES = {
    "squared_error": lambda n_outputs: HalfSquaredError(),
    "huber": lambda n_outputs: Huber(0.8),
    "pinball": lambda n_outputs: Pinball(0.7),
    "poisson": lambda n_outputs: HalfPoissonDeviance(),
    "binary": lambda n_outputs: BinaryLogLoss(),
    "multinomial": MultinomialLogLoss,
}
# A softmax of one output is 1, whatever it is.
OUTPUTS = [(loss, n) for loss in LOSSES for n in (1, 3) if (loss, n) != ("multinomial", 1)]


@pytest.fixture(autouse=True)
def _compiled_fits(monkeypatch):
    """Fits run on the compiled engine, whatever the environment says."""
    monkeypatch.setenv("SKNORMREG_ENGINE", "compiled")


@pytest.fixture
def each_job_takes(monkeypatch):
    """A function that sets how many threads every job takes, however small it is."""

    def set_n_threads(n_threads):
        module = "sknormreg.engine.compiled_engine."
        monkeypatch.setattr(module + "share_of_threads", lambda: n_threads)
        for least in ("_EPOCH_WORK", "_BATCH_WORK", "_PASS_WORK", "_CALL_WORK"):
            monkeypatch.setattr(module + least, 0)

    return set_n_threads


@pytest.fixture(params=["blas", "avx2", "avx512"])
def products(request):
    """One after the other, the ways to multiply matrices that this processor has."""
    from sknormreg.engine import _compiled

    try:
        before = _compiled.set_products(request.param)
    except ValueError as error:
        pytest.skip(str(error))
    yield request.param
    _compiled.set_products(before)


def _network(layer_units, activations="tanh", loss="squared_error", skip=False):
    names = [activations] if isinstance(activations, str) else activations
    hidden = tuple(islice(cycle(names), len(layer_units) - 2))
    return Network(tuple(layer_units), hidden, LOSSES[loss](layer_units[-1]), skip)


def _params(network, seed=0, dtype=np.float64):
    """Normal parameters that keep layers of any width at order 1."""
    random_state = np.random.RandomState(seed)
    params = 0.3 * random_state.normal(size=network.n_params)
    for weights in network.coefs(params):
        weights[...] = random_state.normal(size=weights.shape) / np.sqrt(len(weights))
    return params.astype(dtype)


def _data(network, n_rows, weighted=False, seed=1):
    """Half of X is zero, and every fifth row of it."""
    random_state = np.random.RandomState(seed)
    X = random_state.normal(size=(n_rows, network.layer_units[0]))
    X[random_state.uniform(size=X.shape) < 0.5] = 0
    X[::5] = 0
    shape = (n_rows, network.layer_units[-1])
    if isinstance(network.loss, MultinomialLogLoss):
        y = random_state.randint(shape[1], size=n_rows)
    elif isinstance(network.loss, BinaryLogLoss):
        y = random_state.randint(2, size=shape).astype(float)
    else:
        y = random_state.poisson(1.5, size=shape).astype(float)
    return Data(X, y, random_state.uniform(0.1, 2, n_rows) if weighted else None)


def _single(data):
    """The data in single precision, and the same numbers in double."""
    X, y, weights = data
    X = X.astype(np.float32)
    y = y if y.ndim == 1 else y.astype(np.float32)
    weights = None if weights is None else weights.astype(np.float32)
    double = Data(
        X.astype(np.float64),
        y if y.ndim == 1 else y.astype(np.float64),
        None if weights is None else weights.astype(np.float64),
    )
    return Data(X, y, weights), double


def _csr(X, index_dtype=np.int32, pointer_dtype=np.int32):
    csr = sparse.csr_array(X)
    csr.indices = csr.indices.astype(index_dtype)
    csr.indptr = csr.indptr.astype(pointer_dtype)
    return csr


def _untidy_csr(X):
    """Every entry in two parts, in any order within its row."""
    csr = sparse.csr_array(X)
    rows = np.tile(np.repeat(np.arange(len(X)), np.diff(csr.indptr)), 2)
    order = np.lexsort((np.random.RandomState(2).uniform(size=len(rows)), rows))
    values = np.concatenate([csr.data / 4, csr.data - csr.data / 4])[order]
    columns = np.tile(csr.indices, 2)[order]
    untidy = sparse.csr_array((values, columns, 2 * csr.indptr), shape=X.shape)
    assert not csr.nnz or not untidy.has_canonical_format
    return untidy


FORMS = {
    "dense": lambda X: X,
    "csr": _csr,
    "csr of 64 bits": lambda X: _csr(X, np.int64, np.int64),
    "csr of 32 and 64 bits": lambda X: _csr(X, np.int32, np.int64),
    "csr of 64 and 32 bits": lambda X: _csr(X, np.int64, np.int32),
    "untidy csr": _untidy_csr,
    "zeros": np.zeros_like,
    "csr of zeros": lambda X: _csr(np.zeros_like(X)),
}


def _some_rows(n_rows, kind, n_selected=None):
    if kind == "all":
        return None
    random_state = np.random.RandomState(3)
    if kind == "permuted":
        return random_state.permutation(n_rows)
    return random_state.randint(n_rows, size=n_selected or n_rows)


ROWS = ("all", "permuted", "repeated")


def _assert_close(found, expected, rtol, message=""):
    """Equal up to a share of the largest entry."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    atol = rtol * np.abs(expected).max(initial=0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol, err_msg=message)


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
        _assert_close(a, b, rtol, message)


# Losses and gradients


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("loss", "n_outputs"), OUTPUTS)
def test_gradients_of_all_activations_and_losses(activation, loss, n_outputs):
    rows_of_all_kinds = cycle(ROWS)
    for depth, weighted in product(range(4), (False, True)):
        network = _network((6, *(5, 4, 3)[:depth], n_outputs), activation, loss)
        params, data = _params(network), _data(network, 23, weighted)
        for name, form in FORMS.items():
            kind = next(rows_of_all_kinds)
            # Sums of dozens of numbers of order 1, in another order.
            _assert_same_gradients(
                network,
                params,
                data._replace(X=form(data.X)),
                _some_rows(23, kind),
                rtol=1e-12,
                message=f"{depth=} {weighted=} {name}, {kind} rows",
            )


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("loss", "n_outputs"), OUTPUTS)
def test_gradients_in_single_precision(activation, loss, n_outputs):
    network = _network((6, 5, 4, n_outputs), activation, loss)
    params, rows = _params(network, dtype=np.float32), _some_rows(23, "repeated")
    data, double = _single(_data(network, 23, weighted=True))
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


@pytest.mark.parametrize("size", LARGE)
@pytest.mark.parametrize("rows", ["all", "repeated"])
@pytest.mark.parametrize("form", ["dense", "csr"])
def test_gradients_of_many_sizes(size, rows, form, products):
    layer_units, n_rows = LARGE[size]
    loss = "squared_error" if layer_units[-1] == 1 else "multinomial"
    network = _network(layer_units, ("tanh", "gelu", "relu"), loss)
    params, data = _params(network), _data(network, n_rows, weighted=True)
    # Sums of thousands of numbers of order 1, in another order.
    _assert_same_gradients(
        network,
        params,
        data._replace(X=FORMS[form](data.X)),
        _some_rows(n_rows, rows),
        rtol=1e-12,
    )


def test_gradients_of_every_remainder_of_a_tile(products):
    """Layers of 1 to 70 units: one to nine vectors in double precision, with a rest."""
    for n_units in range(1, 71):
        network = _network((n_units, 71 - n_units, 2 + n_units % 40), loss="multinomial")
        params, data = _params(network), _data(network, 3 + n_units)
        _assert_same_gradients(network, params, data, None, 1e-12, message=f"{n_units=}")
        data, double = _single(data)
        params = params.astype(np.float32)
        # Sums of up to 70 terms with roundings of 6e-8 each.
        _assert_same_gradients(network, params, data, None, 3e-6, double, f"{n_units=}")


@pytest.mark.parametrize(("loss", "n_outputs"), OUTPUTS)
def test_gradients_with_a_skip_connection(loss, n_outputs):
    rows_of_all_kinds = cycle(ROWS)
    for depth, weighted in product(range(4), (False, True)):
        units = (6, *(1, 5, 4)[:depth], n_outputs)
        network = _network(units, ("tanh", "gelu"), loss, skip=True)
        params, data = _params(network), _data(network, 23, weighted)
        for name, form in FORMS.items():
            kind = next(rows_of_all_kinds)
            # Sums of dozens of numbers of order 1, in another order.
            _assert_same_gradients(
                network,
                params,
                data._replace(X=form(data.X)),
                _some_rows(23, kind),
                rtol=1e-12,
                message=f"{depth=} {weighted=} {name}, {kind} rows",
            )


@pytest.mark.parametrize("size", LARGE)
@pytest.mark.parametrize("form", ["dense", "csr"])
def test_gradients_of_many_sizes_with_a_skip_connection(size, form, products):
    layer_units, n_rows = LARGE[size]
    loss = "squared_error" if layer_units[-1] == 1 else "multinomial"
    network = _network(layer_units, ("tanh", "gelu", "relu"), loss, skip=True)
    params, data = _params(network), _data(network, n_rows, weighted=True)
    data = data._replace(X=FORMS[form](data.X))
    for rows in "all", "repeated":
        # Sums of thousands of numbers of order 1, in another order.
        _assert_same_gradients(network, params, data, _some_rows(n_rows, rows), rtol=1e-12)


def test_gradients_with_a_skip_connection_in_single_precision(products):
    for n_units, n_outputs in (1, 1), (5, 1), (1, 3), (40, 33):
        network = _network((600, n_units, n_outputs), skip=True)
        params, rows = _params(network, dtype=np.float32), _some_rows(50, "repeated")
        data, double = _single(_data(network, 50, weighted=True))
        for form in ("dense", "csr"):
            formed = data._replace(X=FORMS[form](data.X))
            # Sums of up to 600 terms of a dozen roundings of 6e-8 each.
            _assert_same_gradients(network, params, formed, rows, 3e-6, double, form)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("skip", [False, True])
def test_gradients_with_dropout(activation, skip):
    rows_of_all_kinds = cycle(ROWS)
    for depth, inputs, hidden in product(range(3), (0, 0.3), (0, 0.6)):
        network = _network((6, *(5, 4)[:depth], 2), activation, skip=skip)
        params, data = _params(network), _data(network, 23, weighted=True)
        # The second hidden layer is a whole one.
        rates = (inputs, hidden, 0)[: depth + 1]
        for name, form in FORMS.items():
            kind = next(rows_of_all_kinds)
            # Sums of dozens of numbers of order 1, in another order.
            _assert_same_gradients(
                network,
                params,
                data._replace(X=form(data.X)),
                _some_rows(23, kind),
                rtol=1e-12,
                message=f"{rates=} {name}, {kind} rows",
                dropout=Dropout(rates, seed=2**32 - 1, step=7),
            )


@pytest.mark.parametrize("size", LARGE)
@pytest.mark.parametrize("form", ["dense", "csr"])
def test_gradients_of_many_sizes_with_dropout(size, form, products):
    layer_units, n_rows = LARGE[size]
    loss = "squared_error" if layer_units[-1] == 1 else "multinomial"
    network = _network(layer_units, ("tanh", "gelu", "relu"), loss)
    params, data = _params(network), _data(network, n_rows, weighted=True)
    data = data._replace(X=FORMS[form](data.X))
    dropout = Dropout((0.2, *(0.4, 0.1) * 6)[: len(layer_units) - 1], seed=3)
    for kind in "all", "repeated":
        rows = _some_rows(n_rows, kind)
        # Sums of thousands of numbers of order 1, in another order.
        _assert_same_gradients(network, params, data, rows, 1e-12, dropout=dropout)


@pytest.mark.parametrize("rate", [1e-12, 0.1, 0.999, 1 - 2**-53])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_is_dropped_is_the_same_to_the_bit(rate, dtype):
    """The gradient of a linear model of one row is what is left of it."""
    network = _network((5000, 1), loss="pinball")
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
    network = _network((4000, 3, 2))
    data = _data(network, 600)
    data = data._replace(X=sparse.csr_array(np.where(data.X == 0, 0.1, data.X)))
    _assert_same_gradients(network, _params(network), data, None, rtol=1e-12)


@pytest.mark.parametrize("layer_units", [(4, 3), (4, 1), (4, 8, 1)])
def test_sums_over_many_rows_in_single_precision(layer_units):
    """Numbers of the same sign, whose rounding errors do not cancel."""
    network = _network(layer_units, loss="pinball")
    params = _params(network, dtype=np.float32)
    data, double = _single(_data(network, 100_000))
    # The largest error of NumPy's sums is 4e-6.
    _assert_same_gradients(network, params, data, None, rtol=1e-5, double=double)


@pytest.mark.parametrize("layer_units", [(4, 3), (4, 1)])
def test_sums_over_many_sparse_rows_in_single_precision(layer_units):
    """As above, for the weights of a feature that is 1 in every row."""
    network = _network(layer_units, loss="pinball")
    params, data = _params(network, dtype=np.float32), _data(network, 100_000)
    data.X[:, 0] = 1
    data, double = _single(data)
    data = data._replace(X=sparse.csr_array(data.X))
    # The largest error of NumPy's sums is 1e-5.
    _assert_same_gradients(network, params, data, None, rtol=3e-5, double=double)


def test_no_rows():
    network = _network((3, 4, 2))
    engine, params = CompiledEngine(network), _params(network)
    for rows, n_rows in (None, 0), (np.array([], dtype=int), 5):
        loss, gradient = engine.loss_and_gradient(params, _data(network, n_rows), rows)
        assert loss == 0
        np.testing.assert_array_equal(gradient, 0)


def test_targets_and_weights_of_other_layouts():
    network = _network((3, 4, 2))
    params, data = _params(network), _data(network, 30, weighted=True)
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
    network = _network((3, 4, 2))
    engine, params, data = CompiledEngine(network), _params(network), _data(network, 9)
    coefs, intercepts = network.coefs(params), network.intercepts(params)
    with pytest.raises(ValueError, match=r"bytes where .* are read"):
        engine.raw_predict(coefs, [intercepts[0], intercepts[1][:1]], data.X)
    with pytest.raises(ValueError, match=r"bytes where .* are read"):
        engine.raw_predict(coefs, intercepts, data.X[:, :2])
    with pytest.raises(ValueError, match=r"bytes where .* are read"):
        engine.loss_and_gradient(params[:-1], data)


# Predictions


def _assert_same_predictions(network, params, X, rows=None, rtol=1e-12):
    coefs, intercepts = network.coefs(params), network.intercepts(params)
    found, expected = (
        engine(network).raw_predict(coefs, intercepts, X, rows)
        for engine in (CompiledEngine, NumpyEngine)
    )
    assert found.dtype == expected.dtype
    _assert_close(found, expected, rtol)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("layer_units", [(6, 3), (6, 5, 1), (6, 7, 4, 3)])
def test_predictions(activation, layer_units):
    network = _network(layer_units, activation)
    params = _params(network)
    X = _data(network, 23).X
    for form, kind in product(FORMS.values(), ROWS):
        # Sums of a few dozen numbers of order 1, in another order.
        _assert_same_predictions(network, params, form(X), _some_rows(23, kind))


@pytest.mark.parametrize("layer_units", [(6, 3), (6, 5, 1), (6, 1, 1), (6, 7, 4, 3)])
def test_predictions_with_a_skip_connection(layer_units, products):
    network = _network(layer_units, skip=True)
    params = _params(network)
    for n_rows, kind in product((1, 23, 2000), ROWS):
        X, rows = _data(network, n_rows).X, _some_rows(n_rows, kind)
        for form in ("dense", "csr", "untidy csr"):
            # Sums of a few dozen numbers of order 1, in another order.
            _assert_same_predictions(network, params, FORMS[form](X), rows)


@pytest.mark.parametrize("n_rows", [0, 1, 2, 255, 257, 20_000])
@pytest.mark.parametrize("form", ["dense", "csr"])
@pytest.mark.parametrize("rows", ["all", "repeated"])
def test_predictions_of_many_rows(n_rows, form, rows):
    network = _network((3, 8, 2))
    X = FORMS[form](_data(network, n_rows).X)
    rows = _some_rows(n_rows, rows) if n_rows else None
    _assert_same_predictions(network, _params(network), X, rows)


@pytest.mark.parametrize("n_rows", [1, 9000])
@pytest.mark.parametrize("form", ["dense", "csr"])
@pytest.mark.parametrize("rows", ["all", "repeated"])
def test_predictions_of_mixed_precisions(n_rows, form, rows):
    """They are those of the wider one."""
    network = _network((3, 8, 2))
    params, X = _params(network), _data(network, n_rows).X
    single, rows = X.astype(np.float32), _some_rows(n_rows, rows)
    _assert_same_predictions(network, params, FORMS[form](single), rows)
    _assert_same_predictions(network, params.astype(np.float32), FORMS[form](X), rows)
    # Eight units, a dozen roundings of 6e-8 each.
    single_params = params.astype(np.float32)
    _assert_same_predictions(network, single_params, FORMS[form](single), rows, rtol=1e-6)


def test_predictions_of_other_layouts(tmp_path):
    """Fortran order, strides, and files that cannot be written to."""
    network = _network((3, 8, 2))
    params, X = _params(network), _data(network, 500).X
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


# The elementwise functions


def _sigmoid_product(z):
    return special.expit(z) * special.expit(-z)


# Values and derivatives by the functions' definitions, in SciPy's double precision.
EXACT = {
    "identity": (lambda z: z, np.ones_like),
    "logistic": (special.expit, _sigmoid_product),
    "tanh": (np.tanh, lambda z: 4 * _sigmoid_product(2 * z)),
    "relu": (lambda z: np.where(z > 0, z, 0), lambda z: np.where(z > 0, 1.0, 0)),
    "leaky_relu": (
        lambda z: np.where(z > 0, z, 0.01 * z),
        lambda z: np.where(z > 0, 1, 0.01),
    ),
    "elu": (
        lambda z: np.where(z > 0, z, special.expm1(np.minimum(z, 0))),
        lambda z: np.exp(np.minimum(z, 0)),
    ),
    "gelu": (
        lambda z: z * special.ndtr(z),
        lambda z: special.ndtr(z) + z * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi),
    ),
    "silu": (
        lambda z: z * special.expit(z),
        lambda z: special.expit(z) * (1 + z * special.expit(-z)),
    ),
    "softplus": (lambda z: np.logaddexp(0, z), special.expit),
}

RANGES = {
    "moderate": lambda info: np.linspace(-50, 50, 4001),
    "near zero": lambda info: np.linspace(-1, 1, 2001),
    "where exp ends": lambda info: np.linspace(-1.1, 1.1, 999) * -np.log(info.tiny),
    "tiny": lambda info: np.geomspace(100 * info.tiny, 1e-5, 301),
    "tiny and negative": lambda info: -np.geomspace(100 * info.tiny, 1e-5, 301),
    "huge": lambda info: np.geomspace(1e3, info.max / 1e4, 301),
    "huge and negative": lambda info: -np.geomspace(1e3, info.max / 1e4, 301),
    "zeros": lambda info: np.array([0.0, -0.0]),
}


def _values_in_predictions(activation, z):
    network = _network((1, 1, 1), activation)
    ones, zeros = np.ones((1, 1), z.dtype), np.zeros(1, z.dtype)
    engine = CompiledEngine(network)
    return engine.raw_predict([ones, ones], [zeros, zeros], z[:, None])[:, 0]


def _values_and_derivatives_in_training(activation, z):
    """One hidden unit a number, and a loss whose derivative is 1/2 wherever they are."""
    dtype, n = z.dtype, len(z)
    network = Network((1, n, 1), (activation,), Pinball(0.5))
    params = network.pack([z[None], np.ones((n, 1))], [np.zeros(n), [0]], dtype)
    lowest = np.full((1, 1), np.finfo(dtype).min / 2)
    data = Data(np.ones((1, 1), dtype), lowest.astype(dtype), None)
    _, gradient = CompiledEngine(network).loss_and_gradient(params, data)
    values = network.coefs(gradient)[1][:, 0]
    return 2 * values, 2 * network.intercepts(gradient)[0]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("where", RANGES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_activations_are_exact(activation, where, dtype):
    info = np.finfo(dtype)
    z = RANGES[where](info).astype(dtype)
    x, eps = z.astype(np.float64), float(info.eps)
    with np.errstate(all="ignore"):
        value, derivative = (function(x) for function in EXACT[activation])
    # Four roundings. GELU's exp(-z^2 / 2) makes one of z^2 into z^2 / 2 of its own; it is
    # zero from |z| = 39 on.
    rtol = eps * (4 + (np.clip(x, -40, 40) ** 2 if activation == "gelu" else 0))
    # Numbers below the smallest normal one become zero on the way.
    tolerance = rtol * np.abs(value) + 1e3 * float(info.tiny)
    found = _values_in_predictions(activation, z)
    assert (np.abs(found - value) <= tolerance).all()
    found, slope = _values_and_derivatives_in_training(activation, z)
    assert (np.abs(found - value) <= tolerance).all()
    # Derivatives follow from values, and near zero have their absolute error: SiLU's comes
    # from a difference of two numbers of size z.
    atol = eps * (4 + (np.abs(x) if activation == "silu" else 0))
    assert (np.abs(slope - derivative) <= atol).all()


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("loss", "n_outputs"), OUTPUTS)
def test_what_is_not_finite_shows(activation, loss, n_outputs):
    """In the row that it is in, and nowhere else."""
    network = _network((4, 9, n_outputs), activation, loss)
    params, data = _params(network), _data(network, 12)
    coefs, intercepts = network.coefs(params), network.intercepts(params)

    def outcome(engine, part, rows):
        loss, gradient = engine(network).loss_and_gradient(params, part, rows)
        return loss, gradient, engine(network).raw_predict(coefs, intercepts, part.X, rows)

    for bad, form in product((np.nan, np.inf, -np.inf), ("dense", "csr")):
        data.X[7, 2] = bad
        part = data._replace(X=FORMS[form](data.X))
        for rows in np.array([7]), np.arange(12), np.array([5, 6]):
            with np.errstate(all="ignore"):
                loss, gradient, raw = outcome(CompiledEngine, part, rows)
                expected = outcome(NumpyEngine, part, rows)
            message = f"{bad} in {form}, {len(rows)} rows"
            # A saturated activation may make something finite of infinity.
            assert np.isfinite(loss) == np.isfinite(expected[0]), message
            np.testing.assert_array_equal(np.isfinite(raw), np.isfinite(expected[2]))
            if 7 in rows and np.isnan(bad):
                assert np.isnan(loss), message
                np.testing.assert_array_equal(np.isnan(raw).all(axis=1), rows == 7)
            if 7 not in rows:
                _assert_close(gradient, expected[1], 1e-12, message)


@pytest.mark.parametrize(("loss", "n_outputs"), OUTPUTS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_losses_of_extreme_outputs(loss, n_outputs, dtype):
    """The loss and its derivative, which are infinite only where those of NumPy are."""
    network = _network((n_outputs, n_outputs), loss=loss)
    params = network.pack([np.eye(n_outputs)], [np.zeros(n_outputs)], dtype)
    for size in (0.0, 30.0, 700.0, 1e3, 1e5):
        outputs = np.array(list(product((-size, 0, size), repeat=n_outputs)), dtype)
        n_rows = len(outputs)
        if loss == "multinomial":
            targets = [np.full(n_rows, k) for k in range(n_outputs)]
        else:
            targets = [np.full((n_rows, n_outputs), k, dtype) for k in (0, 1)]
        for y, row in product(targets, range(n_rows)):
            data = Data(outputs, y, None)
            with np.errstate(all="ignore"):
                found, expected = (
                    engine(network).loss_and_gradient(params, data, [row])
                    for engine in (CompiledEngine, NumpyEngine)
                )
            # A dozen roundings, and one of an exponent of up to 88 in single precision.
            rtol = 100 * float(np.finfo(dtype).eps)
            assert found[0] == pytest.approx(expected[0], rel=rtol, abs=rtol)
            derivatives = [network.intercepts(pair[1])[0] for pair in (found, expected)]
            np.testing.assert_allclose(*derivatives, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_poisson_loss_up_to_the_largest_number(dtype):
    network, largest = _network((1, 1), loss="poisson"), np.finfo(dtype).max
    params, x = np.array([1, 0], dtype), np.full((1, 1), np.log(largest) - 0.1, dtype)
    data = Data(x, np.ones((1, 1), dtype), None)
    with np.errstate(over="ignore"):
        found, expected = (
            engine(network).loss_and_gradient(params, data)[0]
            for engine in (CompiledEngine, NumpyEngine)
        )
    assert 0.9 * largest < expected < 0.91 * largest
    # An exponent of up to 710, rounded, and a dozen roundings.
    assert found == pytest.approx(expected, rel=1000 * float(np.finfo(dtype).eps))


# Epochs


def _solver(name, batch_size, **changes):
    common = dict(
        batch_size=batch_size,
        learning_rate_init=0.01 if name == "adam" else 0.002,
        learning_rate="constant",
        power_t=0.5,
        tol=0,
        n_iter_no_change=10,
        shuffle=True,
        random_state=np.random.RandomState(0),
    )
    common.update(changes)
    if name == "adam":
        return Adam(beta_1=0.9, beta_2=0.99, epsilon=1e-6, **common)
    return SGD(momentum=0.8, nesterovs_momentum=name == "nesterov", **common)


METHODS = ("adam", "heavy-ball", "nesterov")


def _epochs(
    engine, data, rows, penalty, alpha, method, batch_size, n_epochs=2, dropout=None
):
    """Some epochs from the parameters that the network always starts from here."""
    objective = scaled_objective(engine, data, rows, penalty, alpha, dropout=dropout)
    params = _params(engine.network, dtype=data.X.dtype)
    draws = dropout is not None
    solver = _solver(method, min(batch_size, objective.n_rows), draws=draws)
    state = MinibatchState()
    iterates = solver.iterate(objective, objective.to_solver(params), state)
    with engine.threads(params.dtype, solver.batch_size):
        for _ in range(n_epochs):
            iterate = next(iterates)
    assert iterate.status is None
    return iterate, state


def _assert_same_results(found, expected):
    """Iterate and state of two runs of `_epochs`."""
    # Roundings of 1e-16 that up to 230 steps with momentum amplify.
    rtol = 1e-10
    (iterate, state), (other, other_state) = found, expected
    _assert_close(iterate.params, other.params, rtol)
    np.testing.assert_array_equal(iterate.params == 0, other.params == 0)
    assert iterate.value == pytest.approx(other.value, rel=rtol)
    assert state.n_steps == other_state.n_steps
    assert set(state.moments) == set(other_state.moments)
    for name, moment in state.moments.items():
        expected = other_state.moments[name]
        # The velocity is a difference of parameters, with their rounding.
        size = np.abs(other.params if name == "velocity" else expected).max()
        np.testing.assert_allclose(moment, expected, rtol=0, atol=rtol * size)


def _assert_same_epochs(network, *arguments, **named):
    """The engines' epochs are the same; returns the parameters that they end with."""
    found, expected = (
        _epochs(engine(network), *arguments, **named)
        for engine in (CompiledEngine, NumpyEngine)
    )
    _assert_same_results(found, expected)
    return found[0].params


def _regression():
    """Targets in units far from 1, so that the output layer is scaled; weights."""
    network = _network((6, 12, 5, 2), ("tanh", "silu"))
    data = _data(network, 230, weighted=True)
    return network, data._replace(y=1e3 * data.y), None, 2e4


def _classification():
    """A part of the rows of a CSR matrix, as early stopping selects them."""
    network = _network((6, 12, 5, 3), ("softplus", "elu"), "multinomial")
    data = _data(network, 300)
    rows = np.sort(np.random.RandomState(4).permutation(300)[:230])
    return network, data._replace(X=sparse.csr_array(data.X)), rows, 3.0


def _counts():
    """A single output and no hidden layer, weighted."""
    network = _network((6, 1), loss="poisson")
    return network, _data(network, 230, weighted=True), None, 60.0


PENALTIES = {"none": L1(), "l1": L1(), "l2": L2(), "elasticnet": ElasticNet(0.3)}


@pytest.mark.parametrize("problem", [_regression, _classification, _counts])
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("method", METHODS)
def test_epochs(problem, penalty, method):
    """Batches of one row, of some, with a shorter one at the end, and of all rows."""
    network, data, rows, alpha = problem()
    alpha, omega = (0.0 if penalty == "none" else alpha), PENALTIES[penalty]
    n_zeros = 0
    for batch_size, n_epochs in (1, 1), (7, 2), (32, 2), (200, 3), (1000, 3):
        params = _assert_same_epochs(
            network, data, rows, omega, alpha, method, batch_size, n_epochs
        )
        n_zeros += (params[: network.n_weights] == 0).sum()
    if penalty == "l1":
        # There was something to decide.
        assert 0 < n_zeros < 5 * network.n_weights


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("batch_size", [200, 1100, 3000])
@pytest.mark.parametrize("form", ["dense", "csr"])
def test_epochs_of_large_batches_and_layers(method, batch_size, form):
    """Batches of several blocks, layers of several ranges."""
    network = _network((20, 150, 130, 3), ("relu", "gelu"), "multinomial")
    data = _data(network, 3000, weighted=True)
    data = data._replace(X=FORMS[form](data.X))
    _assert_same_epochs(network, data, None, L1(), 1.0, method, batch_size, n_epochs=1)


def _with_skip(problem):
    network, *rest = problem()
    return replace(network, skip=True), *rest


def _count():
    """A single output and hidden layers."""
    network = _network((6, 5, 4, 1), loss="poisson")
    return network, _data(network, 230, weighted=True), None, 60.0


@pytest.mark.parametrize("problem", [_regression, _classification, _count])
@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
@pytest.mark.parametrize("method", METHODS)
def test_epochs_with_a_skip_connection(problem, penalty, method):
    network, data, rows, alpha = _with_skip(problem)
    for batch_size, n_epochs in (1, 1), (32, 2), (1000, 3):
        _assert_same_epochs(
            network, data, rows, PENALTIES[penalty], alpha, method, batch_size, n_epochs
        )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", ["dense", "csr"])
def test_epochs_of_several_blocks_with_a_skip_connection(method, form, products):
    network = _network((20, 150, 130, 3), ("relu", "gelu"), "multinomial", skip=True)
    data = _data(network, 3000, weighted=True)
    data = data._replace(X=FORMS[form](data.X))
    _assert_same_epochs(network, data, None, L1(), 1.0, method, 3000, n_epochs=2)


DROPOUT = {"inputs": (0.3, 0, 0), "hidden": (0, 0.5, 0.2), "both": (0.2, 0.1, 0.5)}


@pytest.mark.parametrize("problem", [_regression, _classification, _count])
@pytest.mark.parametrize("rates", DROPOUT)
@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_epochs_with_dropout(problem, rates, skip, method):
    network, data, rows, alpha = _with_skip(problem) if skip else problem()
    for batch_size, n_epochs in (1, 1), (32, 2), (1000, 3):
        _assert_same_epochs(
            network,
            data,
            rows,
            L1(),
            alpha,
            method,
            batch_size,
            n_epochs,
            DROPOUT[rates],
        )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", ["dense", "csr"])
def test_epochs_of_several_blocks_with_dropout(method, form, products):
    network = _network((20, 150, 130, 3), ("relu", "gelu"), "multinomial")
    data = _data(network, 3000, weighted=True)
    data = data._replace(X=FORMS[form](data.X))
    _assert_same_epochs(network, data, None, L1(), 1.0, method, 2900, 2, DROPOUT["both"])


@pytest.mark.parametrize("problem", [_regression, _classification, _counts])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("rates", [None, (0.1, 0.3, 0.3)])
def test_epochs_in_single_precision(problem, method, rates):
    network, data, rows, _ = problem()
    rates = rates and rates[: len(network.shapes)]
    single = data._replace(X=data.X.toarray() if sparse.issparse(data.X) else data.X)
    single, double = _single(single)
    found, state = _epochs(
        CompiledEngine(network), single, rows, L2(), 1.0, method, 32, dropout=rates
    )
    expected, _ = _epochs(
        NumpyEngine(network), double, rows, L2(), 1.0, method, 32, dropout=rates
    )
    assert found.params.dtype == np.float32
    assert {moment.dtype for moment in state.moments.values()} == {np.dtype(np.float32)}
    # Roundings of 6e-8 in each of 16 steps, which a gradient near zero can turn round.
    _assert_close(found.params, expected.params, rtol=1e-4)
    assert found.value == pytest.approx(expected.value, rel=1e-5)


# Penalties on groups


class _AllTerms(Penalty):
    """0.3 ||W||_1 + 0.2 ||W||_F^2 + sum_g 0.7 sqrt(K_g) ||W_g||."""

    def __init__(self, labels=None):
        self.labels = labels

    @property
    def _prox_terms(self):
        return Grouped(0.7, self.labels, l1=0.3, l2=0.4)

    def value(self, weights):
        rows = RowGroups(self.labels)
        groups = np.sqrt(rows.sizes(weights)) @ rows.norms(weights)
        return 0.3 * np.abs(weights).sum() + 0.2 * (weights**2).sum() + 0.7 * groups

    def prox(self, weights, step):
        # The square joins the one that the prox has already.
        shrinkage = 1 / (1 + 0.4 * step)
        step = np.broadcast_to(step * shrinkage, weights.shape)
        rows = RowGroups(self.labels)
        return diagonal_prox(weights * shrinkage, step, rows, l1=0.3, group=0.7)

    def min_norm_subgradient(self, weights, gradient, strength):
        raise AssertionError("no minibatch solver asks for it")


def _of_layers(penalty):
    return lambda network: penalty.bind(Layout(list(network.shapes)))


# Of networks with six inputs, or more of them.
GROUP_PENALTIES = {
    "group lasso": _of_layers(GroupLasso()),
    "groups of columns": _of_layers(GroupLasso(groups=[[4, 0], [2, 1, 5]])),
    "one group": _of_layers(GroupLasso(groups=[range(6)])),
    "inputs only": _of_layers(GroupLasso(inputs_only=True)),
    "sparse": _of_layers(SparseGroupLasso(0.4)),
    "sparse, of columns": _of_layers(SparseGroupLasso(0.4, groups=[[4, 0], [2, 1, 5]])),
    "no groups": _of_layers(SparseGroupLasso(1.0)),
    "all terms": lambda network: [
        _AllTerms(np.array([1, 0, 1, 3, 3, 2]) if fan_in == 6 else None)
        for fan_in, _ in network.shapes
    ],
    "mixed": lambda network: [L1(), *_of_layers(SparseGroupLasso())(network)[1:]],
}


CONCAVE_PENALTIES = {
    "mcp": _of_layers(MCP(a=0.3, l2=0.1)),
    "mcp, long steps": _of_layers(MCP(a=1e-3, l2=0.1)),
    "scad": _of_layers(SCAD(a=0.3, l2=0.0)),
    "scad, long steps": _of_layers(SCAD(a=1e-3)),
    "mcp and groups": lambda network: [
        MCP(a=0.3),
        *_of_layers(GroupLasso())(network)[1:],
    ],
}

# Balls that some columns begin outside of and others do not.
CONSTRAINTS = {
    "max norm": _of_layers(MaxNorm(0.6)),
    "max norm, wide": _of_layers(MaxNorm(1.2)),
    "l1 ball": _of_layers(L1Ball(2.0)),
    "l1 ball, wide": _of_layers(L1Ball(10.0)),
    "balls and groups": lambda network: [
        (MaxNorm(0.6), L1Ball(2.0), GroupLasso())[layer % 3]
        for layer in range(len(network.shapes))
    ],
}

# Without a prox in the metric of Adam.
SGD_PENALTIES = {
    "group mcp": _of_layers(GroupMCP(a=0.3, l2=0.1)),
    "group mcp, long steps": _of_layers(GroupMCP(a=1e-3, l2=0.1)),
    "group mcp of columns": _of_layers(GroupMCP(a=0.3, groups=[[4, 0], [2, 1, 5]])),
    "group scad": _of_layers(GroupSCAD(a=0.3, l2=0.0)),
}

OTHER_PENALTIES = GROUP_PENALTIES | CONCAVE_PENALTIES | CONSTRAINTS | SGD_PENALTIES


def with_methods(penalties):
    """Pairs of a method and the name of a penalty that it can train."""
    return [
        (method, penalty)
        for method, penalty in product(METHODS, penalties)
        if method != "adam" or penalty not in SGD_PENALTIES
    ]


@pytest.mark.parametrize(
    "problem", [pytest.param(_regression, marks=pytest.mark.slow), _classification, _counts]
)
@pytest.mark.parametrize(("method", "penalty"), with_methods(OTHER_PENALTIES))
def test_epochs_with_other_penalties(problem, penalty, method):
    network, data, rows, alpha = problem()
    penalties = OTHER_PENALTIES[penalty](network)
    alive, total = 0, 0
    for batch_size, n_epochs in (1, 1), (7, 2), (32, 2), (1000, 6):
        params = _assert_same_epochs(
            network, data, rows, penalties, alpha, method, batch_size, n_epochs
        )
        for weights in network.coefs(params):
            alive, total = alive + weights.any(axis=1).sum(), total + len(weights)
    if method == "adam" and penalty in GROUP_PENALTIES and penalty != "inputs only":
        # There was something to decide.
        assert 0 < alive < total


@pytest.mark.parametrize("problem", [_regression, _classification])
@pytest.mark.parametrize("method", METHODS)
def test_groups_with_a_skip_connection_and_dropout(problem, method):
    network, data, rows, alpha = _with_skip(problem)
    for penalty in "sparse, of columns", "all terms":
        penalties, rates = GROUP_PENALTIES[penalty](network), (0.2, 0.3, 0.0)
        _assert_same_epochs(
            network, data, rows, penalties, alpha, method, 32, dropout=rates
        )


# For some M, an alpha at which an epoch of single rows removes some of the inputs.
REMOVING_ALPHA = {
    _regression: {0.1: 5e7, 1.0: 5e8, 10.0: 5e9},
    _classification: {0.1: 300, 1.0: 500, 10.0: 4e3},
    _count: {0.1: 200, 1.0: 300, 10.0: 3e3},
}


@pytest.mark.parametrize("problem", REMOVING_ALPHA)
@pytest.mark.parametrize("M", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("method", ["heavy-ball", "nesterov"])
def test_epochs_with_the_hierarchical_penalty(problem, M, method):
    network, data, rows, alpha = _with_skip(problem)
    penalties = Hierarchical(M).bind(Layout(list(network.shapes), None, network.n_skip))
    alive = []
    for strength in alpha, REMOVING_ALPHA[problem][M]:
        for batch_size, n_epochs in (1, 1), (32, 2), (1000, 6):
            params = _assert_same_epochs(
                network, data, rows, penalties, strength, method, batch_size, n_epochs
            )
            alive.append(network.coefs(params)[0].any(axis=1))
    # In one of the runs some inputs live and others die.
    assert any(inputs.any() and not inputs.all() for inputs in alive)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("penalty", [MaxNorm(0.5), L1Ball(50.0)], ids=repr)
def test_balls_of_many_columns(method, penalty):
    network = _network((300, 150, 70, 3), ("relu", "gelu"), "multinomial")
    data = _data(network, 300)
    _assert_same_epochs(network, data, None, penalty, 1.0, method, 100)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", ["dense", "csr"])
@pytest.mark.parametrize("n_labels", [None, 1, 7, 300])
def test_groups_in_several_ranges(method, form, n_labels):
    """Groups that have rows all over the layer, of which thousands lie side by side."""
    network = _network((600, 90, 50, 3), ("relu", "gelu"), "multinomial")
    data = _data(network, 300)
    data = data._replace(X=FORMS[form](data.X))
    random_state = np.random.RandomState(5)
    labels = None
    if n_labels is not None:
        labels = np.unique(random_state.randint(n_labels, size=600), return_inverse=True)[1]
    penalties = [_AllTerms(labels), _AllTerms(), _AllTerms()]
    _assert_same_epochs(network, data, None, penalties, 0.3, method, 100)


@pytest.mark.parametrize(
    ("method", "penalty"), with_methods(GROUP_PENALTIES | CONSTRAINTS | SGD_PENALTIES)
)
def test_other_penalties_in_single_precision(penalty, method):
    network, data, rows, alpha = _regression()
    single, double = _single(data)
    penalties = OTHER_PENALTIES[penalty](network)
    found, _ = _epochs(CompiledEngine(network), single, rows, penalties, alpha, method, 32)
    expected, _ = _epochs(NumpyEngine(network), double, rows, penalties, alpha, method, 32)
    assert found.params.dtype == np.float32
    # Roundings of 6e-8 in each of 16 steps, which a gradient near zero can turn round.
    _assert_close(found.params, expected.params, rtol=1e-4)
    assert found.value == pytest.approx(expected.value, rel=1e-5)


def _prox_in_a_metric(weights, steps, penalty, strength):
    """The compiled prox, out of a step of Adam without a gradient."""
    dtype, network = weights.dtype, _network((len(weights), weights.shape[1]))
    params = np.concatenate([weights.ravel(), np.zeros(weights.shape[1], dtype)])
    data = Data(np.zeros((1, len(weights)), dtype), np.zeros((1, weights.shape[1])), None)
    objective = scaled_objective(
        CompiledEngine(network), data, None, [penalty], strength, scales=(1.0, 1.0)
    )
    moments = {name: np.zeros_like(params) for name in ("first", "second")}
    # Half of it is left after the step, and its correction doubles it.
    moments["second"][: weights.size] = (1 / steps.ravel()) ** 2
    solver = _solver("adam", 1, learning_rate_init=1.0)
    solver = replace(solver, beta_2=0.5, epsilon=1e-30)
    state = MinibatchState(moments)
    moved = next(solver.iterate(objective, params, state)).params
    return moved[: weights.size].reshape(weights.shape)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_labels", [None, 1, 4])
def test_prox_in_a_metric_of_many_orders_of_magnitude(dtype, n_labels):
    random_state = np.random.RandomState(6)
    for spread, strength in product((0.1, 2, 8), (1e-6, 1e-2, 0.3, 1.0)):
        weights = random_state.normal(size=(40, 9))
        steps = np.exp(spread * random_state.uniform(-1, 1, weights.shape))
        weights, steps = weights.astype(dtype), steps.astype(dtype)
        labels = None if n_labels is None else random_state.randint(n_labels, size=40)
        penalty = _AllTerms(labels)
        found = _prox_in_a_metric(weights, steps, penalty, strength)
        expected = penalty.prox(weights.astype(np.float64), strength * steps.astype(float))
        # The prox does not magnify roundings, which are those of a few operations.
        rtol = 30 * np.finfo(dtype).eps
        _assert_close(found, expected, rtol, f"{spread=} {strength=}")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("penalty", [MaxNorm(1.5), MaxNorm(1e-3), L1Ball(9.0), L1Ball(0.1)])
def test_projection_in_a_metric_of_many_orders_of_magnitude(dtype, penalty):
    random_state = np.random.RandomState(7)
    for spread in 0.1, 2, 8:
        weights = random_state.normal(size=(40, 9)) * np.linspace(0.01, 2, 9)
        steps = np.exp(spread * random_state.uniform(-1, 1, weights.shape))
        weights, steps = weights.astype(dtype), steps.astype(dtype)
        found = _prox_in_a_metric(weights, steps, penalty, 1.0)
        expected = penalty.prox(weights.astype(np.float64), steps.astype(float))
        # Roundings of what is thresholded, 2 at most, are larger than what is left of it.
        np.testing.assert_allclose(found, expected, atol=30 * np.finfo(dtype).eps)
        assert penalty.value(found) == 0


@pytest.mark.parametrize("method", METHODS)
def test_groups_need_no_prox_in_python(method, monkeypatch):
    def prox(self, weights, step):
        raise AssertionError("it has been called")

    monkeypatch.setattr(SparseGroupLasso, "prox", prox)
    network, data, rows, alpha = _classification()
    _epochs(CompiledEngine(network), data, rows, SparseGroupLasso(), alpha, method, 32)


@pytest.mark.parametrize("method", METHODS)
def test_what_is_not_finite_shows_in_groups(method):
    network, data, rows, _ = _regression()
    data.X[7, 2] = np.nan
    objective = scaled_objective(CompiledEngine(network), data, rows, GroupLasso(), 1.0)
    params = _params(network)
    assert next(_solver(method, 32).iterate(objective, params)).status == "diverged"


# Penalties that the engine has no loop for


class _PythonL1(Penalty):
    """The L1 penalty, by the prox alone."""

    def value(self, weights):
        return float(np.abs(weights).sum())

    def prox(self, weights, step):
        return np.sign(weights) * np.maximum(np.abs(weights) - step, 0)

    def min_norm_subgradient(self, weights, gradient, strength):
        raise AssertionError("no minibatch solver asks for it")


class _RowNorms(_PythonL1):
    """Sum of the Euclidean norms of rows, each shrunk by the largest step of the row."""

    def value(self, weights):
        return float(np.linalg.norm(weights, axis=1).sum())

    def prox(self, weights, step):
        step = np.broadcast_to(step, weights.shape).max(axis=1, keepdims=True)
        norms = np.linalg.norm(weights, axis=1, keepdims=True)
        return weights * np.maximum(1 - step / np.maximum(norms, 1e-300), 0)


@pytest.mark.parametrize("problem", [_regression, _classification, _counts])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("batch_size", [7, 200, 1000])
def test_a_penalty_in_python(problem, method, batch_size):
    network, data, rows, alpha = problem()
    found, expected = (
        _epochs(CompiledEngine(network), data, rows, penalty, alpha, method, batch_size)
        for penalty in (_PythonL1(), L1())
    )
    _assert_same_results(found, expected)
    _assert_same_epochs(network, data, rows, _RowNorms(), alpha, method, batch_size)


@pytest.mark.parametrize("method", METHODS)
def test_a_prox_that_raises(method):
    """The exception comes out of the epoch, at once, and the engine can go on."""
    network, data, rows, alpha = _regression()
    engine, calls = CompiledEngine(network), []

    class Raises(_PythonL1):
        def prox(self, weights, step):
            calls.append(weights.shape)
            raise ZeroDivisionError("from the prox")

    with pytest.raises(ZeroDivisionError, match="from the prox"):
        _epochs(engine, data, rows, Raises(), alpha, method, 32)
    assert calls == [(6, 12)]
    again = _epochs(engine, data, rows, L1(), alpha, method, 32)
    fresh = _epochs(CompiledEngine(network), data, rows, L1(), alpha, method, 32)
    np.testing.assert_array_equal(again[0].params, fresh[0].params)


def test_a_prox_that_uses_the_engine(each_job_takes):
    """In the middle of the engine's own job: the memory of which it must not touch."""
    each_job_takes(2)
    network, data, rows, alpha = _regression()
    engine, params = CompiledEngine(network), _params(network)

    class Nested(_PythonL1):
        def prox(self, weights, step):
            engine.loss_and_gradient(params, data)
            return super().prox(weights, step)

    runs = [
        _epochs(engine, data, rows, penalty, alpha, "adam", 32)
        for penalty in (Nested(), _PythonL1())
    ]
    np.testing.assert_array_equal(runs[0][0].params, runs[1][0].params)


# Threads


def _everything(engine, X, y):
    """Arrays of all that the engine computes."""
    network, data = engine.network, Data(X, y, None)
    params = _params(network)
    coefs, intercepts = network.coefs(params), network.intercepts(params)
    rows = _some_rows(X.shape[0], "repeated")
    with engine.threads(params.dtype, X.shape[0]):
        results = [
            *engine.loss_and_gradient(params, data),
            *engine.loss_and_gradient(params, data, rows),
            engine.raw_predict(coefs, intercepts, X),
        ]
    rates, groups = (0.1, 0.5, 0.5), _AllTerms(np.arange(X.shape[1]) % 7)
    for penalty, method, batch_size, dropout in (
        (L1(), "adam", 200, None),
        (L1(), "nesterov", 200, None),
        (L1(), "adam", 700, None),
        (L1(), "adam", 200, rates),
        ([groups, _AllTerms(), _AllTerms()], "adam", 200, None),
        ([groups, _AllTerms(), _AllTerms()], "nesterov", 200, None),
        ([MaxNorm(0.5), L1Ball(9.0), MaxNorm(0.5)], "adam", 200, None),
        ([MaxNorm(0.5), GroupMCP(a=0.3), L1Ball(9.0)], "nesterov", 200, None),
    ):
        iterate, state = _epochs(
            engine, data, None, penalty, 1.0, method, batch_size, 1, dropout
        )
        results += [iterate.params, iterate.value, *state.moments.values()]
    return results


@pytest.mark.parametrize("form", ["dense", "csr"])
@pytest.mark.parametrize("skip", [False, True])
def test_bits_do_not_depend_on_the_number_of_threads(form, skip, products, each_job_takes):
    network = _network((20, 100, 60, 3), ("tanh", "gelu"), "multinomial", skip)
    data = _data(network, 700)
    X = FORMS[form](data.X)
    engine = CompiledEngine(network)
    each_job_takes(1)
    expected = _everything(engine, X, data.y)
    for n_threads in (2, 3, 5) * 7:
        each_job_takes(n_threads)
        for found, same in zip(_everything(engine, X, data.y), expected):
            np.testing.assert_array_equal(found, same)


@pytest.mark.parametrize("solver", ["lbfgs", "adam", "sgd"])
@pytest.mark.filterwarnings("ignore:.*reached max_iter")
def test_fits_are_the_same_bits_alone_and_side_by_side(solver, monkeypatch):
    monkeypatch.setattr("sknormreg.engine.compiled_engine._EPOCH_WORK", 0)
    monkeypatch.setattr("sknormreg.engine.compiled_engine._BATCH_WORK", 0)
    monkeypatch.setattr("sknormreg.engine.compiled_engine._PASS_WORK", 0)
    data = _data(_network((10, 3), loss="multinomial"), 600)

    def fit(_=None):
        mlp = RegularizedMLPClassifier((40, 30), solver=solver, max_iter=8, random_state=0)
        mlp.fit(data.X, data.y)
        return np.concatenate([weights.ravel() for weights in mlp.coefs_])

    fits = []
    for limit in (1, 2, 2):
        with threadpool_limits(limit):
            fits.append(fit())
    with threadpool_limits(2), ThreadPoolExecutor(2) as pool:
        fits += pool.map(fit, range(6), timeout=TIMEOUT)
    for found in fits[1:]:
        np.testing.assert_array_equal(found, fits[0])


@pytest.mark.parametrize("in_a_block", [False, True])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_one_engine_in_several_threads(in_a_block, n_threads, each_job_takes):
    """Each has memory of its own, while another is in that of the engine."""
    each_job_takes(n_threads)
    network = _network((20, 100, 60, 3), ("tanh", "gelu"), "multinomial")
    data, params = _data(network, 700), _params(network)
    coefs, intercepts = network.coefs(params), network.intercepts(params)
    expected = _everything(CompiledEngine(network), data.X, data.y)
    engine, start = CompiledEngine(network), threading.Barrier(3)

    def work():
        start.wait(TIMEOUT)
        for _ in range(15):
            if in_a_block:
                results = _everything(engine, data.X, data.y)
            else:
                results = [
                    *engine.loss_and_gradient(params, data),
                    *engine.loss_and_gradient(params, data, _some_rows(700, "repeated")),
                    engine.raw_predict(coefs, intercepts, data.X),
                ]
            for found, same in zip(results, expected):
                np.testing.assert_array_equal(found, same)

    # One thread of BLAS: more of them would round in another order.
    with threads.limited_threads(), ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(work) for _ in range(3)]:
            future.result(TIMEOUT)


# Subnormal numbers


def _has_subnormals():
    """Whether this thread computes with them, as IEEE 754 and Python's users expect."""
    smallest = np.full(8, 5e-324)
    return (smallest * 1 > 0).all() and (np.full(8, 1e-310) / 2 > 0).all()


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_subnormal_numbers_exist_after_fits(solver, each_job_takes, monkeypatch):
    """In the thread that fitted, and in those that helped: at the end of their work."""
    at_end = []

    def call_in_thread(function):
        def call():
            function()
            at_end.append(_has_subnormals())

        helper = threading.Thread(target=call, daemon=True)
        helpers.append(helper)
        helper.start()
        return True

    helpers = []
    module = "sknormreg.engine.compiled_engine."
    monkeypatch.setattr(module + "call_in_thread", call_in_thread)
    each_job_takes(3)
    data = _data(_network((10, 3), loss="multinomial"), 200)
    mlp = RegularizedMLPClassifier((30,), solver=solver, penalty="l1", max_iter=3, tol=1)
    mlp.set_params(random_state=0, n_iter_no_change=1).fit(data.X, data.y)
    assert _has_subnormals()
    for helper in helpers:
        helper.join(TIMEOUT)
    assert at_end == [True] * len(helpers)
    assert len(helpers) >= 2


@pytest.mark.parametrize("method", METHODS)
def test_subnormal_numbers_exist_in_a_prox(method):
    seen = []

    class Looks(_PythonL1):
        def prox(self, weights, step):
            seen.append(_has_subnormals())
            return super().prox(weights, step)

    network, data, rows, alpha = _regression()
    _epochs(CompiledEngine(network), data, rows, Looks(), alpha, method, 100, n_epochs=1)
    # Three batches of three layers.
    assert seen == [True] * 9
    assert _has_subnormals()


@pytest.mark.parametrize(
    ("dtype", "subnormal"), [(np.float64, 1e-310), (np.float32, 1e-40)]
)
@pytest.mark.parametrize("n_threads", [1, 3])
def test_moments_that_have_died_are_zero(dtype, subnormal, n_threads, each_job_takes):
    """Of the weights of features that are zero: subnormal numbers are slow."""
    each_job_takes(n_threads)
    # Large enough for helpers to find something to do.
    network = _network((400, 300, 2))
    data, _ = _single(_data(network, 300))
    data = Data(data.X.astype(dtype), data.y.astype(dtype), None)
    data.X[:, 1:] = 0
    objective = scaled_objective(CompiledEngine(network), data, None, L2(), 1.0)
    params = _params(network, dtype=dtype)
    moments = {name: np.full_like(params, subnormal) for name in ("first", "second")}
    assert all((moment > 0).all() for moment in moments.values())
    state = MinibatchState(moments, n_steps=5)
    with objective.engine.threads(dtype, 30):
        next(_solver("adam", 30).iterate(objective, params, state))
    for moment in state.moments.values():
        weights = network.coefs(moment)[0]
        np.testing.assert_array_equal(weights[1:], 0)
        assert weights[0].all()


# Memory, interrupts


def _python(code, *arguments):
    """Run code on the compiled engine in a fresh interpreter, which has to succeed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        env={**os.environ, "SKNORMREG_ENGINE": "compiled"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


_MEMORY = """
import resource
import numpy as np
from sknormreg.engine import Data, Network, make_engine
from sknormreg.engine.losses import HalfSquaredError

# The same row 300 000 times, in layers that would take 240 MB each.
network = Network((5, 100, 100, 2), ("tanh", "silu"), HalfSquaredError())
data, rows = Data(np.ones((1, 5)), np.ones((1, 2)), None), np.zeros(300_000, dtype=int)
params, engine = np.full(network.n_params, 0.1), make_engine(network)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
engine.loss_and_gradient(params, data, rows)
engine.raw_predict(network.coefs(params), network.intercepts(params), data.X, rows)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs a peak of memory in kilobytes")
def test_memory_of_a_pass_is_that_of_a_block():
    # The predictions themselves take 5 MB.
    assert float(_python(_MEMORY)) < 40


# An engine's call, or a fit, on a problem that takes minutes, and an interrupt 0.2 s after
# the engine has been called. What the last line prints is how long it took to react.
_INTERRUPT = """
import os, signal, sys, threading, time
import numpy as np
from sknormreg import RegularizedMLPRegressor
from sknormreg._prox_terms import Separable
from sknormreg.engine import Data, Network, make_engine
from sknormreg.engine.compiled_engine import CompiledEngine
from sknormreg.engine.losses import HalfSquaredError
from sknormreg.solvers.adam import AdamStep

signal.signal(signal.SIGINT, signal.default_int_handler)

def interrupt():
    time.sleep(0.2)
    interrupt.time = time.perf_counter()
    os.kill(os.getpid(), signal.SIGINT)

def seconds(call):
    threading.Thread(target=interrupt).start()
    try:
        call()
    except KeyboardInterrupt:
        return time.perf_counter() - interrupt.time
    raise AssertionError("not interrupted")

network = Network((30, 300, 100, 1), ("tanh",) * 2, HalfSquaredError())
# A few rows many times take no memory.
data, rows = Data(np.ones((9, 30)), np.ones((9, 1)), None), np.zeros(20_000_000, dtype=int)
params, engine = np.full(network.n_params, 0.01), make_engine(network)
coefs, intercepts = network.coefs(params), network.intercepts(params)
moments = {name: np.zeros_like(params) for name in ("first", "second")}
adam = AdamStep(
    moments=moments, n_steps=0, rate=1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-8
)
none = [Separable()] * 3
for call in (
    lambda: engine.loss_and_gradient(params, data, rows),
    lambda: engine.raw_predict(coefs, intercepts, data.X, rows),
    lambda: engine.epoch(params, data, rows, 200, adam, none, 1.0, 1.0),
    lambda: engine.epoch(params, data, rows, len(rows), adam, none, 1.0, 1.0),
):
    with engine.threads(params.dtype, len(rows)):
        print(seconds(call))
"""


@pytest.mark.slow
def test_an_interrupt_ends_what_takes_long():
    for reaction in _python(_INTERRUPT).split():
        # It is noticed within 50 ms and a block of rows.
        assert float(reaction) < 1


# Batches of one row make the epoch long that an evaluation of all rows is a part of.
_INTERRUPTED_FIT = """
import os, signal, sys, threading, time, warnings
import numpy as np
from sknormreg import RegularizedMLPRegressor
from sknormreg.engine.compiled_engine import CompiledEngine

signal.signal(signal.SIGINT, signal.default_int_handler)
method, solver = sys.argv[1:]
called, events = getattr(CompiledEngine, method), []

def watched(*arguments, **named):
    if not events:
        events.append("called")
        threading.Thread(target=interrupt).start()
    try:
        return called(*arguments, **named)
    except KeyboardInterrupt:
        events.append("interrupted")
        raise

def interrupt():
    time.sleep(0.2)
    interrupt.time = time.perf_counter()
    os.kill(os.getpid(), signal.SIGINT)

setattr(CompiledEngine, method, watched)
X = np.random.RandomState(0).normal(size=(3000, 20))
mlp = RegularizedMLPRegressor((500, 500), solver=solver, batch_size=1, max_iter=1000)
try:
    mlp.set_params(random_state=0, tol=0).fit(X, X[:, 0] ** 2)
except KeyboardInterrupt as error:
    assert str(error).partition(";")[0] == "Training interrupted by user"
else:
    raise AssertionError("not interrupted")
print(time.perf_counter() - interrupt.time)
assert mlp.predict(X).shape == (3000,)
if solver == "adam":
    assert events == ["called", "interrupted"]
"""


@pytest.mark.parametrize(
    ("method", "solver"),
    [
        pytest.param("epoch", "adam", marks=pytest.mark.slow),
        ("loss_and_gradient", "lbfgs"),
    ],
)
def test_an_interrupted_fit_returns(method, solver):
    # As above, and an evaluation of the objective, which takes a few tenths of a second.
    assert float(_python(_INTERRUPTED_FIT, method, solver)) < 2
