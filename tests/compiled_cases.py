"""Networks, data and epochs for the tests of the compiled engine.

Fits that run on it are the business of all the other tests.
"""

from dataclasses import replace
from itertools import cycle, islice

import numpy as np
import pytest
from objectives import scaled_objective
from scipy import sparse

from sknormreg._prox_terms import Grouped
from sknormreg.engine import Data, Network, NumpyEngine, selection
from sknormreg.engine.losses import (
    BinaryLogLoss,
    HalfPoissonDeviance,
    HalfSquaredError,
    Huber,
    MultinomialLogLoss,
    Pinball,
)
from sknormreg.engine.tweedie import HalfTweedieDeviance
from sknormreg.penalties import Penalty
from sknormreg.penalties.group import diagonal_prox
from sknormreg.penalties.row_groups import RowGroups
from sknormreg.solvers import SGD, Adam, MinibatchState

CompiledEngine = selection.CompiledEngine

# Marks of a module of tests: fits run on it, whatever the environment says.
needs_compiled_engine = [
    pytest.mark.skipif(CompiledEngine is None, reason="needs the extension"),
    pytest.mark.usefixtures("compiled_fits"),
]

TIMEOUT = 30  # seconds after which a test that waits has failed

LOSSES = {
    "squared_error": lambda n_outputs: HalfSquaredError(),
    "huber": lambda n_outputs: Huber(0.8),
    "pinball": lambda n_outputs: Pinball(0.7),
    "poisson": lambda n_outputs: HalfPoissonDeviance(),
    "tweedie": lambda n_outputs: HalfTweedieDeviance(1.4),
    "gamma": lambda n_outputs: HalfTweedieDeviance(2.0),
    "binary": lambda n_outputs: BinaryLogLoss(),
    "multinomial": MultinomialLogLoss,
}
# A softmax of one output is 1, whatever it is.
OUTPUTS = [(loss, n) for loss in LOSSES for n in (1, 3) if (loss, n) != ("multinomial", 1)]


def make_network(layer_units, activations="tanh", loss="squared_error", skip=False):
    names = [activations] if isinstance(activations, str) else activations
    hidden = tuple(islice(cycle(names), len(layer_units) - 2))
    return Network(tuple(layer_units), hidden, LOSSES[loss](layer_units[-1]), skip)


def make_params(network, seed=0, dtype=np.float64):
    """Normal parameters that keep layers of any width at order 1."""
    random_state = np.random.RandomState(seed)
    params = 0.3 * random_state.normal(size=network.n_params)
    for weights in network.coefs(params):
        weights[...] = random_state.normal(size=weights.shape) / np.sqrt(len(weights))
    return params.astype(dtype)


def make_data(network, n_rows, weighted=False, seed=1):
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
        y += network.loss.domain == "> 0"
    return Data(X, y, random_state.uniform(0.1, 2, n_rows) if weighted else None)


def in_single_precision(data):
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


def as_csr(X, index_dtype=np.int32, pointer_dtype=np.int32):
    csr = sparse.csr_array(X)
    csr.indices = csr.indices.astype(index_dtype)
    csr.indptr = csr.indptr.astype(pointer_dtype)
    return csr


def untidy_csr(X):
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
    "csr": as_csr,
    "csr of 64 bits": lambda X: as_csr(X, np.int64, np.int64),
    "csr of 32 and 64 bits": lambda X: as_csr(X, np.int32, np.int64),
    "csr of 64 and 32 bits": lambda X: as_csr(X, np.int64, np.int32),
    "untidy csr": untidy_csr,
    "zeros": np.zeros_like,
    "csr of zeros": lambda X: as_csr(np.zeros_like(X)),
}


def some_rows(n_rows, kind, n_selected=None):
    if kind == "all":
        return None
    random_state = np.random.RandomState(3)
    if kind == "permuted":
        return random_state.permutation(n_rows)
    return random_state.randint(n_rows, size=n_selected or n_rows)


ROWS = ("all", "permuted", "repeated")


def assert_close(found, expected, rtol, message=""):
    """Equal up to a share of the largest entry."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    atol = rtol * np.abs(expected).max(initial=0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol, err_msg=message)


# Epochs


def make_solver(name, batch_size, **changes):
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


def run_epochs(
    engine, data, rows, penalty, alpha, method, batch_size, n_epochs=2, dropout=None
):
    """Some epochs from the parameters that the network always starts from here."""
    objective = scaled_objective(engine, data, rows, penalty, alpha, dropout=dropout)
    params = make_params(engine.network, dtype=data.X.dtype)
    draws = dropout is not None
    solver = make_solver(method, min(batch_size, objective.n_rows), draws=draws)
    state = MinibatchState()
    iterates = solver.iterate(objective, objective.to_solver(params), state)
    with engine.threads(params.dtype, solver.batch_size):
        for _ in range(n_epochs):
            iterate = next(iterates)
    assert iterate.status is None
    return iterate, state


def assert_same_results(found, expected):
    """Iterate and state of two runs of `run_epochs`."""
    # Roundings of 1e-16 that up to 230 steps with momentum amplify.
    rtol = 1e-10
    (iterate, state), (other, other_state) = found, expected
    assert_close(iterate.params, other.params, rtol)
    np.testing.assert_array_equal(iterate.params == 0, other.params == 0)
    assert iterate.value == pytest.approx(other.value, rel=rtol)
    assert state.n_steps == other_state.n_steps
    assert set(state.moments) == set(other_state.moments)
    for name, moment in state.moments.items():
        expected = other_state.moments[name]
        # The velocity is a difference of parameters, with their rounding.
        size = np.abs(other.params if name == "velocity" else expected).max()
        np.testing.assert_allclose(moment, expected, rtol=0, atol=rtol * size)


def assert_same_epochs(network, *arguments, **named):
    """The engines' epochs are the same; returns the parameters that they end with."""
    found, expected = (
        run_epochs(engine(network), *arguments, **named)
        for engine in (CompiledEngine, NumpyEngine)
    )
    assert_same_results(found, expected)
    return found[0].params


def regression():
    """Targets in units far from 1, so that the output layer is scaled; weights."""
    network = make_network((6, 12, 5, 2), ("tanh", "silu"))
    data = make_data(network, 230, weighted=True)
    return network, data._replace(y=1e3 * data.y), None, 2e4


def classification():
    """A part of the rows of a CSR matrix, as early stopping selects them."""
    network = make_network((6, 12, 5, 3), ("softplus", "elu"), "multinomial")
    data = make_data(network, 300)
    rows = np.sort(np.random.RandomState(4).permutation(300)[:230])
    return network, data._replace(X=sparse.csr_array(data.X)), rows, 3.0


def counts():
    """A single output and no hidden layer, weighted."""
    network = make_network((6, 1), loss="poisson")
    return network, make_data(network, 230, weighted=True), None, 60.0


def count():
    """A single output and hidden layers."""
    network = make_network((6, 5, 4, 1), loss="poisson")
    return network, make_data(network, 230, weighted=True), None, 60.0


def with_skip(problem):
    network, *rest = problem()
    return replace(network, skip=True), *rest


class AllTerms(Penalty):
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


class PythonL1(Penalty):
    """The L1 penalty, by the prox alone."""

    def value(self, weights):
        return float(np.abs(weights).sum())

    def prox(self, weights, step):
        return np.sign(weights) * np.maximum(np.abs(weights) - step, 0)

    def min_norm_subgradient(self, weights, gradient, strength):
        raise AssertionError("no minibatch solver asks for it")
