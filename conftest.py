"""What all tests share, those in docstrings included."""

import gc
import os
import re
import signal
from collections import Counter
from importlib.util import find_spec

# Before NumPy is imported, for the processes of pytest-xdist too: they, and not BLAS, share
# the cores. What several threads do has tests that ask for them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ.setdefault("VECLIB_MAXIMUM_THREADS", "1")

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from sknormreg.engine import selection

# Displays in docstrings and tests open no windows.
os.environ.setdefault("MPLBACKEND", "Agg")

_ASKED = os.environ.get("SKNORMREG_ENGINE", "")

# What cannot be imported here to look for examples in its docstrings: the first is read by
# mypy and has errors on purpose.
collect_ignore = ["tests/interop/uses_of_types.py"]
if not find_spec("skl2onnx"):
    collect_ignore.append("sknormreg/onnx/__init__.py")

if selection.CompiledEngine is None:
    # Warnings are errors here, and the one about the missing extension has its own test.
    os.environ.setdefault("SKNORMREG_ENGINE", "numpy")
    collect_ignore.append("sknormreg/engine/compiled_engine.py")


def pytest_addoption(parser):
    parser.addoption(
        "--products",
        choices=["blas", "avx2", "avx512"],
        help="how the compiled engine multiplies matrices, where a test does not say it",
    )


def pytest_configure(config):
    products = config.getoption("--products")
    if products and selection.CompiledEngine is not None:
        from sknormreg.engine import _compiled

        try:
            _compiled.set_products(products)
        except ValueError as error:
            raise pytest.UsageError(f"--products={products}: {error}") from None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Of grids marked so, leave every n-th case to quick runs.

    If n has no factor in common with the numbers of values, each value has some of them.
    """
    seen = Counter()
    for item in items:
        grid = item.get_closest_marker("every")
        if grid is not None:
            test = item.nodeid.partition("[")[0]
            if seen[test] % grid.args[0]:
                item.add_marker(pytest.mark.slow)
            seen[test] += 1


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """All tests together run in parallel; a few that are asked for, in this process.

    Not by `-n` in addopts: that is an error without pytest-xdist, and in the way of --pdb.
    """
    if "PYTEST_XDIST_WORKER" in os.environ or hasattr(config, "workerinput"):
        return  # a worker has no workers of its own
    option = config.option
    some = config.args_source is not config.ArgsSource.TESTPATHS or option.keyword
    alone = option.usepdb or option.collectonly or some
    if (
        config.pluginmanager.hasplugin("xdist")
        and option.numprocesses is None
        and not alone
    ):
        option.numprocesses = "auto"
        # Each process imports everything: more of them cost more than they gain.
        option.maxprocesses = option.maxprocesses or 8
        if option.dist == "no":
            # Files differ in how long a test takes.
            option.dist = "worksteal"


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Thousands of tests are made and stay: to look for garbage among them takes long."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


def pytest_ignore_collect(collection_path, config):
    """Files of slow tests alone are not imported where these are left out.

    They cost seconds, by what they import and by how many tests they are.
    """
    if config.option.markexpr != "not slow" or collection_path.suffix != ".py":
        return None
    text = collection_path.read_text(encoding="utf-8")
    marks = re.search(r"^pytestmark = (\[[^\]]*|.*)", text, re.MULTILINE)
    return True if marks and "pytest.mark.slow" in marks[1] else None


def pytest_report_header(config):
    """Whose kernels compute, on which results depend in their last bits."""
    kernels = {
        f"{library['internal_api']} {library.get('architecture', '')}"
        f" on {library['num_threads']} threads"
        for library in threadpool_info()
        if library["user_api"] == "blas"
    }
    return f"BLAS: {', '.join(sorted(kernels))}; engine: {selection.engine_name()}"


def pytest_runtest_setup():
    """Tests start with the same state of NumPy, whatever ran or was imported before."""
    # From here estimators without random_state draw.
    np.random.seed(0)  # noqa: NPY002
    # The default. emlearn has all floating-point errors raised from its import on.
    np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")


@pytest.fixture
def asked_engine():
    """What SKNORMREG_ENGINE was before the line above."""
    return _ASKED


@pytest.fixture
def ctrl_c_interrupts():
    """A shell has what it starts in the background ignore the signal of Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
