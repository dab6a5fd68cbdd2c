"""Threads, engines and packages that timings run with."""

import os
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from unittest import mock

from threadpoolctl import threadpool_info, threadpool_limits

INSTALL = 'pip install ".[benchmark]"'


def is_installed(name):
    """Whether a module can be found."""
    return find_spec(name) is not None


def peer(name):
    """Import a module, no earlier than needed."""
    try:
        return import_module(name)
    except ImportError as error:
        raise SystemExit(
            f"{name} cannot be imported ({error}): install the peers with {INSTALL}."
        ) from error


def within(context, function):
    """Return `function`, called inside of `context()`."""

    def call(*arguments):
        with context():
            return function(*arguments)

    return call


def timing_within(context, make_timing):
    """Return the timing that `make_timing` returns, made and taken inside a context."""
    return within(context, within(context, make_timing)())


def at_thread_settings(threads, make_timing):
    """Return a timing for each number of threads; the fastest one is to count."""
    return [timing_within(partial(threads, n), make_timing) for n in thread_settings()]


def thread_settings():
    """Return one thread, and as many as BLAS takes by itself."""
    blas = (library for library in threadpool_info() if library["user_api"] == "blas")
    return sorted({1, *(library["num_threads"] for library in blas)})


def blas_threads(n_threads):
    return threadpool_limits(n_threads, user_api="blas")


@contextmanager
def torch_threads(n_threads):
    torch = peer("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def engine(name):
    """Return a context in which fits run on the "numpy" or the "compiled" engine."""
    return mock.patch.dict(os.environ, SKNORMREG_ENGINE=name)


def numpy_engine():
    return engine("numpy")
