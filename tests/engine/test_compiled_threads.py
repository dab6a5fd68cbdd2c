"""Threads that share the compiled engine's work, and subnormal numbers in them."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from compiled_cases import (
    FORMS,
    METHODS,
    TIMEOUT,
    AllTerms,
    CompiledEngine,
    PythonL1,
    in_single_precision,
    make_data,
    make_network,
    make_params,
    make_solver,
    needs_compiled_engine,
    regression,
    run_epochs,
    some_rows,
)
from objectives import scaled_objective
from threadpoolctl import threadpool_limits

from sknormreg import RegularizedMLPClassifier
from sknormreg.engine import Data, threads
from sknormreg.penalties import (
    L1,
    L2,
    GroupMCP,
    L1Ball,
    MaxNorm,
)
from sknormreg.solvers import MinibatchState

pytestmark = needs_compiled_engine


def _everything(engine, X, y):
    """Arrays of all that the engine computes."""
    network, data = engine.network, Data(X, y, None)
    params = make_params(network)
    coefs, intercepts = network.coefs(params), network.intercepts(params)
    rows = some_rows(X.shape[0], "repeated")
    with engine.threads(params.dtype, X.shape[0]):
        results = [
            *engine.loss_and_gradient(params, data),
            *engine.loss_and_gradient(params, data, rows),
            engine.raw_predict(coefs, intercepts, X),
        ]
    rates, groups = (0.1, 0.5, 0.5), AllTerms(np.arange(X.shape[1]) % 7)
    for penalty, method, batch_size, dropout in (
        (L1(), "adam", 200, None),
        (L1(), "nesterov", 200, None),
        (L1(), "adam", 700, None),
        (L1(), "adam", 200, rates),
        ([groups, AllTerms(), AllTerms()], "adam", 200, None),
        ([groups, AllTerms(), AllTerms()], "nesterov", 200, None),
        ([MaxNorm(0.5), L1Ball(9.0), MaxNorm(0.5)], "adam", 200, None),
        ([MaxNorm(0.5), GroupMCP(a=0.3), L1Ball(9.0)], "nesterov", 200, None),
    ):
        iterate, state = run_epochs(
            engine, data, None, penalty, 1.0, method, batch_size, 1, dropout
        )
        results += [iterate.params, iterate.value, *state.moments.values()]
    return results


@pytest.mark.every(5)
@pytest.mark.parametrize("form", ["dense", "csr"])
@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("n_repeats", [2, pytest.param(7, marks=pytest.mark.slow)])
def test_bits_do_not_depend_on_the_number_of_threads(
    form, skip, n_repeats, products, each_job_takes
):
    network = make_network((20, 100, 60, 3), ("tanh", "gelu"), "multinomial", skip)
    data = make_data(network, 700)
    X = FORMS[form](data.X)
    engine = CompiledEngine(network)
    each_job_takes(1)
    expected = _everything(engine, X, data.y)
    for n_threads in (2, 3, 5) * n_repeats:
        each_job_takes(n_threads)
        for found, same in zip(_everything(engine, X, data.y), expected):
            np.testing.assert_array_equal(found, same)


@pytest.mark.parametrize("solver", ["lbfgs", "adam", "sgd"])
@pytest.mark.filterwarnings("ignore:.*reached max_iter")
def test_fits_are_the_same_bits_alone_and_side_by_side(solver, monkeypatch):
    monkeypatch.setattr("sknormreg.engine.compiled_engine._EPOCH_WORK", 0)
    monkeypatch.setattr("sknormreg.engine.compiled_engine._BATCH_WORK", 0)
    monkeypatch.setattr("sknormreg.engine.compiled_engine._PASS_WORK", 0)
    data = make_data(make_network((10, 3), loss="multinomial"), 600)

    def fit(_=None):
        mlp = RegularizedMLPClassifier(
            (40, 30), solver=solver, max_iter=8, random_state=0, alpha=1.0
        )
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
    network = make_network((20, 100, 60, 3), ("tanh", "gelu"), "multinomial")
    data, params = make_data(network, 700), make_params(network)
    coefs, intercepts = network.coefs(params), network.intercepts(params)
    expected = _everything(CompiledEngine(network), data.X, data.y)
    engine, start = CompiledEngine(network), threading.Barrier(3)

    def work():
        start.wait(TIMEOUT)
        for _ in range(6):
            if in_a_block:
                results = _everything(engine, data.X, data.y)
            else:
                results = [
                    *engine.loss_and_gradient(params, data),
                    *engine.loss_and_gradient(params, data, some_rows(700, "repeated")),
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
    data = make_data(make_network((10, 3), loss="multinomial"), 200)
    mlp = RegularizedMLPClassifier(
        (30,), solver=solver, penalty="l1", max_iter=3, tol=1, alpha=1.0
    )
    mlp.set_params(random_state=0, n_iter_no_change=1).fit(data.X, data.y)
    assert _has_subnormals()
    for helper in helpers:
        helper.join(TIMEOUT)
    assert at_end == [True] * len(helpers)
    assert len(helpers) >= 2


@pytest.mark.parametrize("method", METHODS)
def test_subnormal_numbers_exist_in_a_prox(method):
    seen = []

    class Looks(PythonL1):
        def prox(self, weights, step):
            seen.append(_has_subnormals())
            return super().prox(weights, step)

    network, data, rows, alpha = regression()
    run_epochs(CompiledEngine(network), data, rows, Looks(), alpha, method, 100, n_epochs=1)
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
    network = make_network((400, 300, 2))
    data, _ = in_single_precision(make_data(network, 300))
    data = Data(data.X.astype(dtype), data.y.astype(dtype), None)
    data.X[:, 1:] = 0
    objective = scaled_objective(CompiledEngine(network), data, None, L2(), 1.0)
    params = make_params(network, dtype=dtype)
    moments = {name: np.full_like(params, subnormal) for name in ("first", "second")}
    assert all((moment > 0).all() for moment in moments.values())
    state = MinibatchState(moments, n_steps=5)
    with objective.engine.threads(dtype, 30):
        next(make_solver("adam", 30).iterate(objective, params, state))
    for moment in state.moments.values():
        weights = network.coefs(moment)[0]
        np.testing.assert_array_equal(weights[1:], 0)
        assert weights[0].all()
