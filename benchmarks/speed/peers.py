"""How fast are fits and predictions, beside scikit-learn, torch, skorch and LassoNet?

    python benchmarks/speed peers [--only SUBSTRING] [--repeats 7] [--quick]

Prints one table of one run. A turn goes through all rows of the table, and times ours and
every peer of a row one after the other: what else the machine does for a minute hits all of
them, and one turn at most. A figure is the median over the turns of the ratio of two times
of one turn; rows "L1" and "fit" have theirs before the others. Peers and bare matrix
products are timed on one thread and on all, and the better one of each turn counts; ours
runs as it does by default.

"epoch": Adam with relu, batches drawn anew, set-up not counted. "GEMM alone" are the calls
of BLAS that it takes, and nothing else.

"L1" and "fit": ours is a whole fit, and a peer is timed up to where it first is within 1 %
of the objective J that ours ended with; LassoNet up to where it uses as few features;
scikit-learn's "lbfgs" up to where it ends by its own rule. Looking whether a peer is there
is not counted. "> 60" is for one that was not there in 60 times the time of ours. Lines
below the table say where each one ended.

The whole table takes about a quarter of an hour on two cores that do nothing else. Rows and
columns of peers that are not installed are left out.
"""

import os
import platform
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata

import numpy as np
from _timing import Turns, per_call
from scipy import sparse
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_info

from sknormreg import RegularizedMLPClassifier

from . import _epochs as epochs
from . import _races as races
from ._epochs import Shape
from ._races import PAUSE, Effort, Result
from ._settings import (
    INSTALL,
    at_thread_settings,
    blas_threads,
    is_installed,
    numpy_engine,
    timing_within,
)

SHAPES = (
    Shape(20_000, 784, (100,), 10, 200),
    Shape(20_000, 784, (256, 128), 10, 200),
    Shape(1797, 64, (100,), 10, 200),
    Shape(569, 30, (100,), 2, 200),
    Shape(10_000, 50, (50,), 2, 32),
)

# The columns of ratios by their short names.
COLUMNS = {
    "scikit-learn": "scikit-learn / ours",
    "torch": "torch / ours",
    "NumPy": "NumPy engine / ours",
    "GEMM": "ours / GEMM alone",
}


# What has to be installed for a column, if it is not sknormreg or scikit-learn.
COLUMN_NEEDS = {
    "torch": "torch",
    "NumPy": "sknormreg.engine._compiled",
    "GEMM": "sknormreg.engine._compiled",
}


class Comparison:
    """A row of the table whose timings take turns.

    Parameters
    ----------
    make_timings : dict of str to callable
        By column, and "ours": each returns a timing, or a list of them of which the fastest
        counts. Those whose package is missing are left out.

    remarks : dict of str to str
        What to say beside a cell, by column.
    """

    def __init__(self, make_timings, remarks=None):
        timings = {
            name: make()
            for name, make in make_timings.items()
            if is_installed(COLUMN_NEEDS.get(name, "sklearn"))
        }
        self._turns, self._remarks = Turns(timings, PAUSE), remarks or {}

    def take_turns(self):
        self._turns.take()

    def result(self):
        cells = {}
        for name in self._turns.names:
            ends = ("ours", name) if name == "GEMM" else (name, "ours")
            cells[name] = f"{self._turns.ratio(*ends):.2f}{self._remarks.get(name, '')}"
        return Result(self._turns.seconds("ours"), cells)


def epoch(shape, effort):
    arguments = (shape, *shape.draw(), effort.least_seconds)
    ours = partial(epochs.our_epoch, *arguments)
    return Comparison(
        {
            "scikit-learn": partial(epochs.sklearn_epoch, *arguments),
            "torch": partial(epochs.torch_epoch, *arguments),
            "NumPy": partial(timing_within, numpy_engine, ours),
            "ours": ours,
            "GEMM": partial(epochs.bare_products, shape, effort.least_seconds),
        }
    )


def skorch_epoch(shape, effort):
    arguments = (shape, *shape.draw(), effort.least_seconds)
    make_timings = {
        "torch": partial(epochs.skorch_epoch, *arguments),
        "ours": partial(epochs.our_epoch, *arguments),
    }
    return Comparison(make_timings, {"torch": " (skorch)"})


def sparse_epoch(shape, effort):
    rng = np.random.default_rng(0)
    X = sparse.random(
        shape.n_samples,
        shape.n_features,
        density=0.005,
        format="csr",
        dtype=shape.dtype,
        random_state=rng,
    )
    y = rng.integers(shape.n_classes, size=shape.n_samples)
    arguments = (shape, X, y, effort.least_seconds)
    ours = partial(epochs.our_epoch, *arguments)
    return Comparison(
        {
            "scikit-learn": partial(epochs.sklearn_epoch, *arguments),
            "NumPy": partial(timing_within, numpy_engine, ours),
            "ours": ours,
        }
    )


def full_batch(shape, effort):
    arguments = (shape, *shape.draw(), effort.least_seconds)
    ours = partial(epochs.our_full_batch, *arguments)
    products = (shape, effort.least_seconds, shape.n_samples)
    return Comparison(
        {
            "scikit-learn": partial(epochs.sklearn_full_batch, *arguments),
            "torch": partial(epochs.torch_full_batch, *arguments),
            "NumPy": partial(timing_within, numpy_engine, ours),
            "ours": ours,
            "GEMM": partial(epochs.bare_products, *products),
        }
    )


def predict(shape, effort, n_samples):
    X, y = shape.draw()
    params = dict(activation="relu", solver="adam", max_iter=1, random_state=0)
    theirs = MLPClassifier(shape.hidden, **params).fit(X, y)
    mlp = RegularizedMLPClassifier(shape.hidden, alpha=1.0, **params).fit(X, y)
    X, shape = X[:n_samples], replace(shape, n_samples=n_samples)

    def make_timing(estimator):
        return per_call(lambda: estimator.predict(X), effort.least_seconds)

    ours, theirs = partial(make_timing, mlp), partial(make_timing, theirs)
    products = (shape, effort.least_seconds, n_samples)
    return Comparison(
        {
            "scikit-learn": partial(at_thread_settings, blas_threads, theirs),
            "NumPy": partial(timing_within, numpy_engine, ours),
            "ours": ours,
            "GEMM": partial(epochs.bare_products, *products, training=False),
        }
    )


@dataclass(frozen=True)
class Case:
    """A row of the table: its name, what measures it, and the peers that it needs.

    `measure` returns a `Comparison`, or the `Result` of what cannot take turns.
    """

    name: str
    measure: Callable
    needs: tuple[str, ...] = ()


def make_cases():
    """The rows of the table, in order."""
    for dtype in (np.float32, np.float64):
        for shape in SHAPES:
            shape = replace(shape, dtype=dtype)
            yield Case(f"epoch {shape}", partial(epoch, shape))
    large, small = SHAPES[0], SHAPES[3]
    yield Case(f"skorch epoch {small}", partial(skorch_epoch, small), ("torch", "skorch"))
    wide = replace(large, n_features=10_000)
    yield Case(f"CSR 0.5 % epoch {wide}", partial(sparse_epoch, wide))
    name = f"{large.n_samples}x{large.n_features} {large.hidden} float32"
    yield Case(f"J and gradient {name}", partial(full_batch, large))
    l1_fit = partial(races.l1_fit, "digits")
    yield Case(
        "L1 digits, proximal Adam",
        partial(l1_fit, peer_contestants=races.torch_contestants, label="prox. Adam"),
        ("torch",),
    )
    yield Case(
        "L1 digits, LassoNet",
        partial(l1_fit, peer_contestants=races.lassonet_contestants, label="LassoNet"),
        ("torch", "lassonet"),
    )
    for n_samples in (1, large.n_samples):
        run = partial(predict, large, n_samples=n_samples)
        yield Case(f"predict {n_samples} of {name}", run)
    for name in ("digits", "breast_cancer"):
        yield Case(f"fit {name} float64", partial(races.whole_fit, name))


def print_row(cells, widths):
    first = f"{cells[0]:<{widths[0]}s}"
    rest = (f"{cell:>{width}s}" for cell, width in zip(cells[1:], widths[1:]))
    print("| " + " | ".join([first, *rest]) + " |", flush=True)


def results(cases, effort):
    """The `Result` of each case, all turns of which are spread over the run."""
    measured = []
    for case in cases:
        print(f"preparing: {case.name}", file=sys.stderr, flush=True)
        measured.append(case.measure(effort=effort))
    comparisons = [entry for entry in measured if isinstance(entry, Comparison)]
    for turn in range(effort.repeats):
        print(f"turn {turn + 1}", file=sys.stderr, flush=True)
        for comparison in comparisons:
            comparison.take_turns()
    return [
        entry.result() if isinstance(entry, Comparison) else entry for entry in measured
    ]


def print_table(cases, results):
    """Print a row for each case; returns what to say below."""
    headings = ["case", "ours, ms", *COLUMNS.values()]
    widths = [max(len(case.name) for case in cases), *map(len, headings[1:])]
    widths[3] = len("> 60 (prox. Adam)")
    print_row(headings, widths)
    print_row(["-" * width for width in widths], widths)
    notes = []
    for case, result in zip(cases, results):
        cells = [result.cells.get(column, "-") for column in COLUMNS]
        milliseconds = f"{1000 * result.seconds:.3f}"
        print_row([case.name, milliseconds, *cells], widths)
        if result.notes:
            notes.append(f"{case.name}: {'; '.join(result.notes)}")
    return notes


def describe_machine():
    """Processor, BLAS and versions, as lines."""
    model = platform.processor()
    with suppress(OSError), open("/proc/cpuinfo") as cpuinfo:
        model = next(row.split(":")[1].strip() for row in cpuinfo if "model name" in row)
    blas = sorted(
        f"{library['internal_api']} {library['version']} {library.get('architecture')}, "
        f"{library['num_threads']} threads"
        for library in threadpool_info()
        if library["user_api"] == "blas"
    )
    if "torch" in sys.modules:
        capability = sys.modules["torch"].backends.cpu.get_cpu_capability()
        blas.append(f"torch's own ({capability})")
    variables = [f"{k}={v}" for k, v in os.environ.items() if k.startswith("OPENBLAS_")]
    versions = [f"python {platform.python_version()}"]
    for name in ("scikit-learn", "numpy", "scipy", "torch", "skorch", "lassonet"):
        with suppress(metadata.PackageNotFoundError):
            versions.append(f"{name} {metadata.version(name)}")
    return [
        f"machine: {model}, {os.cpu_count()} cores; BLAS: {'; '.join(blas + variables)}",
        f"versions: {', '.join(versions)}",
    ]


def without_missing(cases):
    """Return the cases that can run; say which packages are missing for the others."""
    needed = {*COLUMN_NEEDS.values(), *(name for case in cases for name in case.needs)}
    missing = sorted(name for name in needed if not is_installed(name))
    if missing:
        print(
            f"not installed: {', '.join(missing)}. What needs them is "
            f"left out; {INSTALL} installs the peers.",
            file=sys.stderr,
        )
    return [case for case in cases if not set(case.needs) & set(missing)]


def add_arguments(parser):
    parser.add_argument("--only", default="", metavar="SUBSTRING", help="rows to print")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="to see that it works")


def run(arguments):
    repeats = arguments.repeats
    effort = Effort(repeats, min(repeats, 3), least_seconds=0.2, cap=60)
    if arguments.quick:
        effort = Effort(min(repeats, 2), 1, least_seconds=0.02, cap=5)
    named = [case for case in make_cases() if arguments.only in case.name]
    if not named:
        raise SystemExit(f"no row has {arguments.only!r} in its name")
    cases = without_missing(named)
    if not cases:
        raise SystemExit(f"no row of {arguments.only!r} can run without these packages")
    warnings.simplefilter("ignore")
    notes = print_table(cases, results(cases, effort))
    command = f"command: python {' '.join(sys.argv)}"
    print("", *notes, *describe_machine(), command, sep="\n")
