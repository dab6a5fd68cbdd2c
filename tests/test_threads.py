"""The limit on BLAS threads, in blocks that nest and overlap."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from threadpoolctl import OpenBLASController, ThreadpoolController

from sknormreg.engine.threads import limited_threads

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
