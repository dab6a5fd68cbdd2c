"""The limit on BLAS threads, in blocks that nest and overlap, and who may have them."""

import _thread
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import sparse
from threadpoolctl import OpenBLASController, ThreadpoolController

from sknormreg import RegularizedMLPRegressor
from sknormreg.engine import Data, Network, selection
from sknormreg.engine.losses import HalfSquaredError
from sknormreg.engine.threads import call_in_thread, limited_threads, share_of_threads
from sknormreg.fitting.scaled_objective import ScaledObjective

TIMEOUT = 5  # seconds after which a test that waits has failed


def _n_threads():
    """The numbers of threads of the BLAS libraries in the process."""
    blas = ThreadpoolController().select(user_api="blas").info()
    return {library["num_threads"] for library in blas}


def _obey_any_thread():
    """Have threadpoolctl, from 3.8 on, forget whose limits it obeys."""
    if hasattr(OpenBLASController, "clear_controlling_thread"):
        OpenBLASController.clear_controlling_thread(force=True)


@pytest.fixture(autouse=True)
def _two_threads():
    """Two threads to begin with, whatever the environment and other tests say."""
    blas = ThreadpoolController().select(user_api="blas")
    per_thread = any(library.get("threading_layer") == "openmp" for library in blas.info())
    _obey_any_thread()
    limiter = blas.limit(limits=2)
    _obey_any_thread()
    try:
        if _n_threads() != {2} or per_thread:
            pytest.skip("needs a BLAS with one number of threads for the whole process")
        yield
    finally:
        _obey_any_thread()
        limiter.restore_original_limits()
        _obey_any_thread()


def test_one_thread_inside_and_all_of_them_afterwards():
    for _ in range(3):
        with limited_threads():
            assert _n_threads() == {1}
        assert _n_threads() == {2}


def test_nested_blocks():
    with limited_threads():
        with limited_threads():
            assert _n_threads() == {1}
        assert _n_threads() == {1}
    assert _n_threads() == {2}


@pytest.mark.parametrize("limit", [1, 2])
def test_restores_the_limit_of_an_outer_block(limit):
    with ThreadpoolController().limit(limits=limit, user_api="blas"):
        with limited_threads():
            assert _n_threads() == {1}
        assert _n_threads() == {limit}
    assert _n_threads() == {2}


def test_an_exception_restores():
    with pytest.raises(ZeroDivisionError), limited_threads():
        _ = 1 / 0
    assert _n_threads() == {2}


class _Worker:
    """A thread in a block, which leaves it when told to and lives until it is ended."""

    def __init__(self, pool):
        self._inside, self._leave = threading.Event(), threading.Event()
        self._outside, self._end = threading.Event(), threading.Event()
        self._future = pool.submit(self._run)
        assert self._inside.wait(TIMEOUT)

    def _run(self):
        with limited_threads():
            self._inside.set()
            self._leave.wait(TIMEOUT)
        self._outside.set()
        self._end.wait(TIMEOUT)

    def leave(self):
        self._leave.set()
        assert self._outside.wait(TIMEOUT)

    def end(self):
        self._leave.set()
        self._end.set()
        self._future.result(TIMEOUT)


@pytest.mark.parametrize("first_to_leave", [0, 1])
def test_overlapping_blocks_of_two_threads(first_to_leave):
    with ThreadPoolExecutor(2) as pool:
        workers = [_Worker(pool), _Worker(pool)]
        try:
            assert _n_threads() == {1}
            workers[first_to_leave].leave()
            # The other one is inside still.
            assert _n_threads() == {1}
            workers[1 - first_to_leave].leave()
            assert _n_threads() == {2}
        finally:
            for worker in workers:
                worker.end()


def test_the_first_thread_ends_before_the_second_leaves():
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as another:
        first, second = _Worker(one), _Worker(another)
        first.end()
        one.shutdown()
        assert _n_threads() == {1}
        second.end()
    assert _n_threads() == {2}


def test_a_block_after_that_of_a_thread_that_lives_on():
    with ThreadPoolExecutor(1) as pool:
        worker = _Worker(pool)
        try:
            worker.leave()
            assert _n_threads() == {2}
            with limited_threads():
                assert _n_threads() == {1}
            assert _n_threads() == {2}
        finally:
            worker.end()


def test_many_blocks_of_many_threads():
    start, blas = threading.Barrier(8), ThreadpoolController().select(user_api="blas")

    def enter_and_leave():
        start.wait(TIMEOUT)
        seen = set()
        for _ in range(50):
            with limited_threads():
                seen |= {library["num_threads"] for library in blas.info()}
        return seen

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(enter_and_leave) for _ in range(8)]
        assert set().union(*(future.result(TIMEOUT) for future in futures)) == {1}
        assert _n_threads() == {2}


# Who may have how many threads


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_all_threads_are_for_the_only_one_in_a_block(limit):
    with ThreadpoolController().limit(limits=limit, user_api="blas"):
        (n_threads,) = _n_threads()
        for _ in range(2):
            with limited_threads():
                assert share_of_threads() == n_threads
            assert share_of_threads() == 1


def test_nested_blocks_count_once():
    with limited_threads(), limited_threads():
        assert share_of_threads() == 2
        with limited_threads():
            assert share_of_threads() == 2
        assert share_of_threads() == 2
    assert share_of_threads() == 1


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_threads_in_blocks_share(limit):
    """Whichever entered first: it has half of them as long as the other one is there."""
    with ThreadpoolController().limit(limits=limit, user_api="blas"), limited_threads():
        whole = share_of_threads()
        with ThreadPoolExecutor(1) as pool:
            worker = _Worker(pool)
            try:
                assert share_of_threads() == max(1, whole // 2)
                with limited_threads():
                    assert share_of_threads() == max(1, whole // 2)
                worker.leave()
                assert share_of_threads() == whole
            finally:
                worker.end()


def test_more_threads_in_blocks_than_there_are():
    with ThreadPoolExecutor(5) as pool:
        workers = [_Worker(pool) for _ in range(5)]
        try:
            assert share_of_threads() == 1
        finally:
            for worker in workers:
                worker.end()


def _fit(random_state=0):
    X = np.random.RandomState(1).normal(size=(300, 5))
    mlp = RegularizedMLPRegressor(
        (20,), solver="adam", batch_size=50, max_iter=20, tol=1e3, alpha=1.0
    )
    return mlp.set_params(random_state=random_state).fit(X, np.sin(X[:, 0])).coefs_


def test_fits_side_by_side_share_and_restore(monkeypatch):
    alone, epoch = [_fit(seed) for seed in (0, 1)], ScaledObjective.epoch
    together, shares = threading.Barrier(2), []

    def epoch_with_another(self, *arguments):
        together.wait(TIMEOUT)
        shares.append(share_of_threads())
        assert _n_threads() == {1}
        together.wait(TIMEOUT)
        return epoch(self, *arguments)

    monkeypatch.setattr(ScaledObjective, "epoch", epoch_with_another)
    with ThreadPoolExecutor(2) as pool:
        beside = list(pool.map(_fit, (0, 1), timeout=TIMEOUT))
    assert set(shares) == {1}
    assert _n_threads() == {2}
    for coefs, others in zip(alone, beside):
        for weights, same in zip(coefs, others):
            np.testing.assert_array_equal(weights, same)


# Threads that help


def test_call_in_thread():
    names, called = [], threading.Event()

    def function():
        names.append(threading.current_thread().name)
        called.set()

    assert call_in_thread(function)
    assert called.wait(TIMEOUT)
    assert names != [threading.current_thread().name]


def test_call_in_thread_says_when_there_can_be_none(monkeypatch):
    def start(function, args):
        raise error("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", start)
    error = RuntimeError
    assert not call_in_thread(print)
    error = MemoryError
    assert not call_in_thread(print)


class _Helpers:
    """What `Crew.recruit` starts threads with; it refuses more than there may be."""

    def __init__(self, most=10):
        self.most, self.threads = most, []

    def start(self, function):
        if len(self.threads) == self.most:
            return False
        self.threads.append(threading.Thread(target=function, daemon=True))
        self.threads[-1].start()
        return True

    def join(self):
        for thread in self.threads:
            thread.join(TIMEOUT)
        return not any(thread.is_alive() for thread in self.threads)


@pytest.fixture
def crew():
    if selection.CompiledEngine is None:
        pytest.skip("needs the extension")
    from sknormreg.engine import _compiled

    crew = _compiled.Crew()
    yield crew
    crew.close()


def test_a_crew_keeps_its_helpers_until_it_is_closed(crew):
    helpers = _Helpers()
    assert crew.recruit(1, helpers.start) == 1
    assert crew.n_helpers == 0
    assert crew.recruit(3, helpers.start) == 3
    # Jobs may take fewer of them, and more of them later.
    assert crew.recruit(1, helpers.start) == 1
    assert crew.recruit(2, helpers.start) == 2
    assert len(helpers.threads) == crew.n_helpers == 2
    assert crew.recruit(4, helpers.start) == 4
    assert len(helpers.threads) == crew.n_helpers == 3
    assert all(thread.is_alive() for thread in helpers.threads)
    crew.close()
    assert helpers.join()


@pytest.mark.parametrize("most", [0, 1])
def test_a_crew_of_as_many_as_can_be_had(crew, most):
    helpers = _Helpers(most)
    for _ in range(2):
        assert crew.recruit(5, helpers.start) == 1 + most
    crew.close()
    assert helpers.join()


def test_a_helper_that_comes_too_late(crew):
    """Its thread may have waited until the crew had been closed."""
    late = []
    assert crew.recruit(2, lambda function: not late.append(function)) == 2
    crew.close()
    late[0]()


@pytest.mark.skipif(selection.CompiledEngine is None, reason="needs the extension")
def test_helpers_end_with_the_fit(monkeypatch):
    monkeypatch.setenv("SKNORMREG_ENGINE", "compiled")
    module, helpers = "sknormreg.engine.compiled_engine.", _Helpers()
    monkeypatch.setattr(module + "_EPOCH_WORK", 0)
    monkeypatch.setattr(module + "_BATCH_WORK", 0)
    monkeypatch.setattr(module + "_PASS_WORK", 0)
    monkeypatch.setattr(module + "call_in_thread", helpers.start)
    _fit()
    # BLAS had two threads, so that there is one for the fit to recruit, once.
    assert len(helpers.threads) == 1
    assert helpers.join()


@pytest.mark.skipif(selection.CompiledEngine is None, reason="needs the extension")
@pytest.mark.parametrize(("n_stored", "asked"), [(2, False), (200, True)])
def test_threads_are_worth_what_csr_rows_store(n_stored, asked, monkeypatch):
    """400 rows of 2,000 features and 100 units: as dense rows 8e7 multiplications; as those
    stored 8e4 or 8e6, and a single pass is shared from 4e6 on."""
    asks = []
    name = "sknormreg.engine.compiled_engine.share_of_threads"
    monkeypatch.setattr(name, lambda: asks.append(None) or 1)
    rng = np.random.default_rng(0)
    indices = np.sort(
        rng.permuted(np.tile(np.arange(2000), (400, 1)), axis=1)[:, :n_stored]
    )
    indptr = np.arange(401) * n_stored
    X = sparse.csr_array(
        (rng.normal(size=400 * n_stored), indices.ravel(), indptr), shape=(400, 2000)
    )
    network = Network((2000, 100, 1), ("tanh",), HalfSquaredError())
    engine, params = selection.CompiledEngine(network), np.zeros(network.n_params)
    with engine.threads(np.float64, 400):
        engine.loss_and_gradient(params, Data(X, np.zeros((400, 1)), None))
    assert bool(asks) == asked


# Processes that are forked while helpers, blocks and the lock are in use.
_FORK = """
import multiprocessing, os, sys, threading, warnings
import numpy as np
from threadpoolctl import threadpool_limits
from sknormreg import RegularizedMLPRegressor
from sknormreg.engine import selection, threads

if selection.CompiledEngine is not None:
    from sknormreg.engine import compiled_engine

    compiled_engine._EPOCH_WORK = compiled_engine._BATCH_WORK = 0
    compiled_engine._PASS_WORK = 0
    compiled_engine.share_of_threads = lambda: 2

def fit():
    X = np.random.RandomState(1).normal(size=(300, 5))
    mlp = RegularizedMLPRegressor((20,), solver="adam", max_iter=20, tol=1e3, alpha=1.0)
    return mlp.set_params(random_state=0).fit(X, np.sin(X[:, 0])).coefs_

def fit_in_child(expected):
    for weights, same in zip(fit(), expected):
        np.testing.assert_array_equal(weights, same)
    with threads.limited_threads():
        pass

def exit_code():
    child = multiprocessing.get_context("fork").Process(target=fit_in_child, args=(coefs,))
    child.start()
    child.join(10)
    child.kill()
    child.join()
    return child.exitcode

def stay_in_block():
    with threads.limited_threads():
        inside.set()
        leave.wait(60)

coefs = fit()
assert exit_code() == 0, "after a fit"
with threads._lock:
    assert exit_code() == 0, "with the lock held"
inside, leave = threading.Event(), threading.Event()
other = threading.Thread(target=stay_in_block, daemon=True)
other.start()
inside.wait(60)
assert exit_code() == 0, "with another thread in a block"
leave.set()
other.join()
with threads.limited_threads():
    assert exit_code() == 0, "in a block"
fit_in_child(coefs)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fits_in_forked_processes():
    done = subprocess.run(
        [sys.executable, "-c", _FORK],
        capture_output=True,
        text=True,
        timeout=60,
        # One thread of BLAS, which has trouble of its own with forks beside it.
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
