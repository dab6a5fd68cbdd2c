"""Speed of fits and predictions against scikit-learn, torch, skorch and LassoNet.

    python benchmarks/bench_speed.py [--only SUBSTRING] [--repeats 7] [--quick]

prints one table of one run. A repetition goes through all rows of the table, and times ours
and every peer of a row in turn: what else the machine does for a minute hits all of them,
and one repetition at most. A figure is the median over the repetitions of the ratio of two
times of one repetition; rows "L1" and "fit" have theirs before the others. Peers and bare
matrix products are timed on one thread and on all, and the better one of each repetition
counts; ours runs as it does by default.

"epoch": Adam with relu, batches drawn anew, set-up not counted. "GEMM alone" are the calls
of BLAS that it takes, and nothing else.

"L1" and "fit": ours is a whole fit, and a peer is timed up to where it first is within 1 %
of the objective J that ours ended with; LassoNet up to where it uses as few inputs;
scikit-learn's "lbfgs" up to where it ends by its own rule. Looking whether a peer is there
is not counted. "> 60" is for one that was not there in 60 times the time of ours. Lines
below the table say where each one ended.

The whole table takes about a quarter of an hour on two cores that do nothing else. It needs
pip install ".[benchmark]".
"""

import argparse
import os
import platform
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata
from importlib.util import find_spec

import numpy as np
import speed_peers as peers
import speed_races as races
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.neural_network import MLPClassifier
from speed_peers import Comparison, Effort, Shape, numpy_engine, timing_within
from threadpoolctl import threadpool_info

from sknormreg import RegularizedMLPClassifier

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


def epoch(shape, effort):
    arguments = (shape, *shape.draw(), effort.least_seconds)
    ours = partial(peers.our_epoch, *arguments)
    timings = {
        "scikit-learn": peers.sklearn_epoch(*arguments),
        "torch": peers.torch_epoch(*arguments),
        "NumPy": [timing_within(numpy_engine, ours)],
        "ours": [ours()],
        "GEMM": peers.bare_products(shape, effort.least_seconds),
    }
    return Comparison(timings)


def skorch_epoch(shape, effort):
    arguments = (shape, *shape.draw(), effort.least_seconds)
    timings = {
        "torch": peers.skorch_epoch(*arguments),
        "ours": [peers.our_epoch(*arguments)],
    }
    return Comparison(timings, {"torch": " (skorch)"})


def sparse_epoch(shape, effort):
    rng = np.random.default_rng(0)
    X = sparse.random(
        shape.n_rows,
        shape.n_columns,
        density=0.005,
        format="csr",
        dtype=shape.dtype,
        random_state=rng,
    )
    y = rng.integers(shape.n_classes, size=shape.n_rows)
    arguments = (shape, X, y, effort.least_seconds)
    ours = partial(peers.our_epoch, *arguments)
    timings = {
        "scikit-learn": peers.sklearn_epoch(*arguments),
        "NumPy": [timing_within(numpy_engine, ours)],
        "ours": [ours()],
    }
    return Comparison(timings)


def full_batch(shape, effort):
    arguments = (shape, *shape.draw(), effort.least_seconds)
    ours = partial(peers.our_full_batch, *arguments)
    timings = {
        "scikit-learn": peers.sklearn_full_batch(*arguments),
        "torch": peers.torch_full_batch(*arguments),
        "NumPy": [timing_within(numpy_engine, ours)],
        "ours": [ours()],
        "GEMM": peers.bare_products(shape, effort.least_seconds, shape.n_rows),
    }
    return Comparison(timings)


def predict(shape, effort, n_rows):
    X, y = shape.draw()
    settings = dict(activation="relu", solver="adam", max_iter=1, random_state=0)
    theirs = MLPClassifier(shape.hidden, **settings).fit(X, y)
    mlp = RegularizedMLPClassifier(shape.hidden, **settings).fit(X, y)
    X, shape = X[:n_rows], replace(shape, n_rows=n_rows)

    def make_timing(estimator):
        return peers.per_call(lambda: estimator.predict(X), effort.least_seconds)

    ours, theirs = partial(make_timing, mlp), partial(make_timing, theirs)
    timings = {
        "scikit-learn": peers.at_thread_settings(peers.blas_threads, theirs),
        "NumPy": [timing_within(numpy_engine, ours)],
        "ours": [ours()],
        "GEMM": peers.bare_products(shape, effort.least_seconds, n_rows, training=False),
    }
    return Comparison(timings)


@dataclass(frozen=True)
class Case:
    """A row of the table: its name, the peers that it takes, and what measures it.

    `measure` returns a `Comparison`, or the `Result` of what cannot take turns.
    """

    name: str
    measure: Callable
    needs: tuple[str, ...] = ("torch",)


def make_cases():
    """The rows of the table, in order."""
    for dtype in (np.float32, np.float64):
        for shape in SHAPES:
            shape = replace(shape, dtype=dtype)
            yield Case(f"epoch {shape}", partial(epoch, shape))
    large, small = SHAPES[0], SHAPES[3]
    yield Case(f"skorch epoch {small}", partial(skorch_epoch, small), ("torch", "skorch"))
    wide = replace(large, n_columns=10_000)
    yield Case(f"CSR 0.5 % epoch {wide}", partial(sparse_epoch, wide), ())
    name = f"{large.n_rows}x{large.n_columns} {large.hidden} float32"
    yield Case(f"J and gradient {name}", partial(full_batch, large))
    l1_fit = partial(races.l1_fit, load_digits)
    yield Case(
        "L1 digits, proximal Adam",
        partial(l1_fit, peer_contestants=races.torch_contestants, label="prox. Adam"),
    )
    yield Case(
        "L1 digits, LassoNet",
        partial(l1_fit, peer_contestants=races.lassonet_contestants, label="LassoNet"),
        ("torch", "lassonet"),
    )
    for n_rows in (1, large.n_rows):
        run = partial(predict, large, n_rows=n_rows)
        yield Case(f"predict {n_rows} of {name}", run, ())
    for label, load in (("digits", load_digits), ("breast cancer", load_breast_cancer)):
        yield Case(f"fit {label} float64", partial(races.whole_fit, load))


def print_row(cells, widths):
    first = f"{cells[0]:<{widths[0]}s}"
    rest = (f"{cell:>{width}s}" for cell, width in zip(cells[1:], widths[1:]))
    print("| " + " | ".join([first, *rest]) + " |", flush=True)


def results(cases, effort):
    """The `Result` of each case, all repetitions of which are spread over the run."""
    measured = []
    for case in cases:
        print(f"preparing: {case.name}", file=sys.stderr, flush=True)
        measured.append(case.measure(effort=effort))
    comparisons = [entry for entry in measured if isinstance(entry, Comparison)]
    for turn in range(effort.repeats):
        print(f"repetition {turn + 1}", file=sys.stderr, flush=True)
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="SUBSTRING", help="rows to print")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="to see that it works")
    arguments = parser.parse_args()
    repeats = arguments.repeats
    effort = Effort(repeats, min(repeats, 3), least_seconds=0.2, cap=60)
    if arguments.quick:
        effort = Effort(min(repeats, 2), 1, least_seconds=0.02, cap=5)
    cases = [case for case in make_cases() if arguments.only in case.name]
    if not cases:
        parser.error(f"no row has {arguments.only!r} in its name")
    missing = {name for case in cases for name in case.needs if not find_spec(name)}
    if missing:
        parser.error(
            f"not installed: {', '.join(sorted(missing))}. Install the peers with "
            'pip install ".[benchmark]", or choose other rows with --only.'
        )
    warnings.simplefilter("ignore")
    notes = print_table(cases, results(cases, effort))
    command = f"command: python {' '.join(sys.argv)}"
    print("", *notes, *describe_machine(), command, sep="\n")


if __name__ == "__main__":
    main()
