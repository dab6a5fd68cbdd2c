"""The compiled engine's epochs of minibatches are those of the NumPy engine."""

import numpy as np
import pytest
from compiled_cases import (
    FORMS,
    METHODS,
    CompiledEngine,
    assert_close,
    assert_same_epochs,
    classification,
    count,
    counts,
    in_single_precision,
    make_data,
    make_network,
    needs_compiled_engine,
    regression,
    run_epochs,
    with_skip,
)
from scipy import sparse

from sknormreg.engine import NumpyEngine
from sknormreg.penalties import (
    L1,
    L2,
    ElasticNet,
)

pytestmark = needs_compiled_engine


PENALTIES = {"none": L1(), "l1": L1(), "l2": L2(), "elasticnet": ElasticNet(0.3)}


@pytest.mark.every(5)
@pytest.mark.parametrize("problem", [regression, classification, counts])
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("method", METHODS)
def test_epochs(problem, penalty, method):
    """Batches of one row, of some, with a shorter one at the end, and of all rows."""
    network, data, rows, alpha = problem()
    alpha, omega = (0.0 if penalty == "none" else alpha), PENALTIES[penalty]
    n_zeros = 0
    for batch_size, n_epochs in (1, 1), (7, 2), (32, 2), (200, 3), (1000, 3):
        params = assert_same_epochs(
            network, data, rows, omega, alpha, method, batch_size, n_epochs
        )
        n_zeros += (params[: network.n_weights] == 0).sum()
    if penalty == "l1":
        # There was something to decide.
        assert 0 < n_zeros < 5 * network.n_weights


@pytest.mark.every(5)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("batch_size", [200, 1100, 3000])
@pytest.mark.parametrize("form", ["dense", "csr"])
def test_epochs_of_large_batches_and_layers(method, batch_size, form):
    """Batches of several blocks, layers of several ranges."""
    network = make_network((20, 150, 130, 3), ("relu", "gelu"), "multinomial")
    data = make_data(network, 3000, weighted=True)
    data = data._replace(X=FORMS[form](data.X))
    assert_same_epochs(network, data, None, L1(), 1.0, method, batch_size, n_epochs=1)


@pytest.mark.every(5)
@pytest.mark.parametrize("problem", [regression, classification, count])
@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
@pytest.mark.parametrize("method", METHODS)
def test_epochs_with_a_skip_connection(problem, penalty, method):
    network, data, rows, alpha = with_skip(problem)
    for batch_size, n_epochs in (1, 1), (32, 2), (1000, 3):
        assert_same_epochs(
            network, data, rows, PENALTIES[penalty], alpha, method, batch_size, n_epochs
        )


@pytest.mark.every(5)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", ["dense", "csr"])
def test_epochs_of_several_blocks_with_a_skip_connection(method, form, products):
    network = make_network((20, 150, 130, 3), ("relu", "gelu"), "multinomial", skip=True)
    data = make_data(network, 3000, weighted=True)
    data = data._replace(X=FORMS[form](data.X))
    assert_same_epochs(network, data, None, L1(), 1.0, method, 3000, n_epochs=2)


DROPOUT = {"inputs": (0.3, 0, 0), "hidden": (0, 0.5, 0.2), "both": (0.2, 0.1, 0.5)}


@pytest.mark.every(5)
@pytest.mark.parametrize("problem", [regression, classification, count])
@pytest.mark.parametrize(
    "rates",
    ["both", *(pytest.param(one, marks=pytest.mark.slow) for one in ("inputs", "hidden"))],
)
@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_epochs_with_dropout(problem, rates, skip, method):
    network, data, rows, alpha = with_skip(problem) if skip else problem()
    for batch_size, n_epochs in (1, 1), (32, 2), (1000, 3):
        assert_same_epochs(
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
@pytest.mark.parametrize("form", ["dense", pytest.param("csr", marks=pytest.mark.slow)])
def test_epochs_of_several_blocks_with_dropout(method, form, products):
    network = make_network((20, 150, 130, 3), ("relu", "gelu"), "multinomial")
    data = make_data(network, 3000, weighted=True)
    data = data._replace(X=FORMS[form](data.X))
    assert_same_epochs(network, data, None, L1(), 1.0, method, 2900, 2, DROPOUT["both"])


@pytest.mark.parametrize("problem", [regression, classification, counts])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("rates", [None, (0.1, 0.3, 0.3)])
def test_epochs_in_single_precision(problem, method, rates):
    network, data, rows, _ = problem()
    rates = rates and rates[: len(network.shapes)]
    single = data._replace(X=data.X.toarray() if sparse.issparse(data.X) else data.X)
    single, double = in_single_precision(single)
    found, state = run_epochs(
        CompiledEngine(network), single, rows, L2(), 1.0, method, 32, dropout=rates
    )
    expected, _ = run_epochs(
        NumpyEngine(network), double, rows, L2(), 1.0, method, 32, dropout=rates
    )
    assert found.params.dtype == np.float32
    assert {moment.dtype for moment in state.moments.values()} == {np.dtype(np.float32)}
    # Roundings of 6e-8 in each of 16 steps, which a gradient near zero can turn round.
    assert_close(found.params, expected.params, rtol=1e-4)
    assert found.value == pytest.approx(expected.value, rel=1e-5)
