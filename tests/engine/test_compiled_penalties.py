"""The compiled engine's epochs with penalties other than L1 and L2."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from compiled_cases import (
    FORMS,
    METHODS,
    AllTerms,
    CompiledEngine,
    PythonL1,
    assert_close,
    assert_same_epochs,
    assert_same_results,
    classification,
    count,
    counts,
    in_single_precision,
    make_data,
    make_network,
    make_params,
    make_solver,
    needs_compiled_engine,
    regression,
    run_epochs,
    with_skip,
)
from objectives import scaled_objective

from sknormreg.engine import Data, NumpyEngine
from sknormreg.penalties import (
    L1,
    MCP,
    SCAD,
    GroupLasso,
    GroupMCP,
    GroupSCAD,
    Hierarchical,
    L1Ball,
    Layout,
    MaxNorm,
    SparseGroupLasso,
)
from sknormreg.solvers import MinibatchState

pytestmark = needs_compiled_engine


def _of_layers(penalty):
    return lambda network: penalty.bind(Layout(list(network.shapes)))


# Of networks with six inputs, or more of them.
GROUP_PENALTIES = {
    "group lasso": _of_layers(GroupLasso()),
    "groups of columns": _of_layers(GroupLasso(groups=[[4, 0], [2, 1, 5]])),
    "one group": _of_layers(GroupLasso(groups=[range(6)])),
    "inputs only": _of_layers(GroupLasso(features_only=True)),
    "sparse": _of_layers(SparseGroupLasso(0.4)),
    "sparse, of columns": _of_layers(SparseGroupLasso(0.4, groups=[[4, 0], [2, 1, 5]])),
    "no groups": _of_layers(SparseGroupLasso(1.0)),
    "all terms": lambda network: [
        AllTerms(np.array([1, 0, 1, 3, 3, 2]) if fan_in == 6 else None)
        for fan_in, _ in network.shapes
    ],
    "mixed": lambda network: [L1(), *_of_layers(SparseGroupLasso())(network)[1:]],
}


ELEMENTWISE_PENALTIES = {
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

OTHER_PENALTIES = GROUP_PENALTIES | ELEMENTWISE_PENALTIES | CONSTRAINTS | SGD_PENALTIES


def with_methods(penalties):
    """Pairs of a method and the name of a penalty that it can train."""
    return [
        (method, penalty)
        for method, penalty in product(METHODS, penalties)
        if method != "adam" or penalty not in SGD_PENALTIES
    ]


@pytest.mark.every(2)
@pytest.mark.parametrize(
    "problem",
    [
        classification,
        *(pytest.param(one, marks=pytest.mark.slow) for one in (regression, counts)),
    ],
)
@pytest.mark.parametrize(
    ("method", "penalty"),
    [
        # Single precision, below, has all methods: what differs is the step alone.
        pytest.param(method, penalty, marks=() if is_quick else pytest.mark.slow)
        for method, penalty in with_methods(OTHER_PENALTIES)
        for is_quick in [method == ("nesterov" if penalty in SGD_PENALTIES else "adam")]
    ],
)
def test_epochs_with_other_penalties(problem, penalty, method):
    network, data, rows, alpha = problem()
    penalties = OTHER_PENALTIES[penalty](network)
    alive, total = 0, 0
    for batch_size, n_epochs in (1, 1), (7, 2), (32, 2), (1000, 6):
        params = assert_same_epochs(
            network, data, rows, penalties, alpha, method, batch_size, n_epochs
        )
        for weights in network.coefs(params):
            alive, total = alive + weights.any(axis=1).sum(), total + len(weights)
    if method == "adam" and penalty in GROUP_PENALTIES and penalty != "inputs only":
        # There was something to decide.
        assert 0 < alive < total


@pytest.mark.parametrize("problem", [regression, classification])
@pytest.mark.parametrize("method", METHODS)
def test_groups_with_a_skip_connection_and_dropout(problem, method):
    network, data, rows, alpha = with_skip(problem)
    for penalty in "sparse, of columns", "all terms":
        penalties, rates = GROUP_PENALTIES[penalty](network), (0.2, 0.3, 0.0)
        assert_same_epochs(network, data, rows, penalties, alpha, method, 32, dropout=rates)


# For some M, an alpha at which an epoch of single rows removes some of the inputs.
REMOVING_ALPHA = {
    regression: {0.1: 5e7, 1.0: 5e8, 10.0: 5e9},
    classification: {0.1: 300, 1.0: 500, 10.0: 4e3},
    count: {0.1: 200, 1.0: 300, 10.0: 3e3},
}


@pytest.mark.every(5)
@pytest.mark.parametrize("problem", REMOVING_ALPHA)
@pytest.mark.parametrize("M", [pytest.param(0.1, marks=pytest.mark.slow), 1.0, 10.0])
@pytest.mark.parametrize("method", ["heavy-ball", "nesterov"])
def test_epochs_with_the_hierarchical_penalty(problem, M, method):
    network, data, rows, alpha = with_skip(problem)
    penalties = Hierarchical(M).bind(Layout(list(network.shapes), None, network.n_skip))
    alive = []
    for strength in alpha, REMOVING_ALPHA[problem][M]:
        for batch_size, n_epochs in (1, 1), (32, 2), (1000, 6):
            params = assert_same_epochs(
                network, data, rows, penalties, strength, method, batch_size, n_epochs
            )
            alive.append(network.coefs(params)[0].any(axis=1))
    # In one of the runs some inputs live and others die.
    assert any(inputs.any() and not inputs.all() for inputs in alive)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("penalty", [MaxNorm(0.5), L1Ball(50.0)], ids=repr)
def test_balls_of_many_columns(method, penalty):
    network = make_network((300, 150, 70, 3), ("relu", "gelu"), "multinomial")
    data = make_data(network, 300)
    assert_same_epochs(network, data, None, penalty, 1.0, method, 100)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", ["dense", "csr"])
@pytest.mark.parametrize("n_labels", [None, 1, 7, 300])
def test_groups_in_several_ranges(method, form, n_labels):
    """Groups that have rows all over the layer, of which thousands lie side by side."""
    network = make_network((600, 90, 50, 3), ("relu", "gelu"), "multinomial")
    data = make_data(network, 300)
    data = data._replace(X=FORMS[form](data.X))
    random_state = np.random.RandomState(5)
    labels = None
    if n_labels is not None:
        labels = np.unique(random_state.randint(n_labels, size=600), return_inverse=True)[1]
    penalties = [AllTerms(labels), AllTerms(), AllTerms()]
    assert_same_epochs(network, data, None, penalties, 0.3, method, 100)


@pytest.mark.parametrize(
    ("method", "penalty"), with_methods(GROUP_PENALTIES | CONSTRAINTS | SGD_PENALTIES)
)
def test_other_penalties_in_single_precision(penalty, method):
    network, data, rows, alpha = regression()
    single, double = in_single_precision(data)
    penalties = OTHER_PENALTIES[penalty](network)
    found, _ = run_epochs(
        CompiledEngine(network), single, rows, penalties, alpha, method, 32
    )
    expected, _ = run_epochs(
        NumpyEngine(network), double, rows, penalties, alpha, method, 32
    )
    assert found.params.dtype == np.float32
    # Roundings of 6e-8 in each of 16 steps, which a gradient near zero can turn round.
    assert_close(found.params, expected.params, rtol=1e-4)
    assert found.value == pytest.approx(expected.value, rel=1e-5)


def _prox_in_a_metric(weights, steps, penalty, strength):
    """The compiled prox, out of a step of Adam without a gradient."""
    dtype, network = weights.dtype, make_network((len(weights), weights.shape[1]))
    params = np.concatenate([weights.ravel(), np.zeros(weights.shape[1], dtype)])
    data = Data(np.zeros((1, len(weights)), dtype), np.zeros((1, weights.shape[1])), None)
    objective = scaled_objective(
        CompiledEngine(network), data, None, [penalty], strength, scales=(1.0, 1.0)
    )
    moments = {name: np.zeros_like(params) for name in ("first", "second")}
    # Half of it is left after the step, and its correction doubles it.
    moments["second"][: weights.size] = (1 / steps.ravel()) ** 2
    solver = make_solver("adam", 1, learning_rate_init=1.0)
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
        penalty = AllTerms(labels)
        found = _prox_in_a_metric(weights, steps, penalty, strength)
        expected = penalty.prox(weights.astype(np.float64), strength * steps.astype(float))
        # The prox does not magnify roundings, which are those of a few operations.
        rtol = 30 * np.finfo(dtype).eps
        assert_close(found, expected, rtol, f"{spread=} {strength=}")


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
    network, data, rows, alpha = classification()
    run_epochs(CompiledEngine(network), data, rows, SparseGroupLasso(), alpha, method, 32)


@pytest.mark.parametrize("method", METHODS)
def test_what_is_not_finite_shows_in_groups(method):
    network, data, rows, _ = regression()
    data.X[7, 2] = np.nan
    objective = scaled_objective(CompiledEngine(network), data, rows, GroupLasso(), 1.0)
    params = make_params(network)
    assert next(make_solver(method, 32).iterate(objective, params)).status == "diverged"


# Penalties that the engine has no loop for


class _RowNorms(PythonL1):
    """Sum of the Euclidean norms of rows, each shrunk by the largest step of the row."""

    def value(self, weights):
        return float(np.linalg.norm(weights, axis=1).sum())

    def prox(self, weights, step):
        step = np.broadcast_to(step, weights.shape).max(axis=1, keepdims=True)
        norms = np.linalg.norm(weights, axis=1, keepdims=True)
        return weights * np.maximum(1 - step / np.maximum(norms, 1e-300), 0)


@pytest.mark.parametrize("problem", [regression, classification, counts])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("batch_size", [7, 200, 1000])
def test_a_penalty_in_python(problem, method, batch_size):
    network, data, rows, alpha = problem()
    found, expected = (
        run_epochs(CompiledEngine(network), data, rows, penalty, alpha, method, batch_size)
        for penalty in (PythonL1(), L1())
    )
    assert_same_results(found, expected)
    assert_same_epochs(network, data, rows, _RowNorms(), alpha, method, batch_size)


@pytest.mark.parametrize("method", METHODS)
def test_a_prox_that_raises(method):
    """The exception comes out of the epoch, at once, and the engine can go on."""
    network, data, rows, alpha = regression()
    engine, calls = CompiledEngine(network), []

    class Raises(PythonL1):
        def prox(self, weights, step):
            calls.append(weights.shape)
            raise ZeroDivisionError("from the prox")

    with pytest.raises(ZeroDivisionError, match="from the prox"):
        run_epochs(engine, data, rows, Raises(), alpha, method, 32)
    assert calls == [(6, 12)]
    again = run_epochs(engine, data, rows, L1(), alpha, method, 32)
    fresh = run_epochs(CompiledEngine(network), data, rows, L1(), alpha, method, 32)
    np.testing.assert_array_equal(again[0].params, fresh[0].params)


def test_a_prox_that_uses_the_engine(each_job_takes):
    """In the middle of the engine's own job: the memory of which it must not touch."""
    each_job_takes(2)
    network, data, rows, alpha = regression()
    engine, params = CompiledEngine(network), make_params(network)

    class Nested(PythonL1):
        def prox(self, weights, step):
            engine.loss_and_gradient(params, data)
            return super().prox(weights, step)

    runs = [
        run_epochs(engine, data, rows, penalty, alpha, "adam", 32)
        for penalty in (Nested(), PythonL1())
    ]
    np.testing.assert_array_equal(runs[0][0].params, runs[1][0].params)
