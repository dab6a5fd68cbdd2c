"""Timings for bench_speed.py: ours, scikit-learn's, torch's, skorch's, bare products'.

A timing is a callable without arguments that returns seconds.
"""

import importlib
import os
import statistics
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import numpy as np
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_info, threadpool_limits

from sknormreg import RegularizedMLPClassifier
from sknormreg.engine import Data, Network, _compiled, make_engine
from sknormreg.engine.losses import MultinomialLogLoss
from sknormreg.fitting.objective import Objective
from sknormreg.penalties import L2

# BLAS and OpenMP keep their threads awake for a while after use.
_PAUSE = 0.05


def peer(name):
    """The module, imported no earlier than needed."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise SystemExit(
            f"{name} cannot be imported ({error}): install the peers with "
            'pip install ".[benchmark]", or choose other rows with --only.'
        ) from error


# Measuring


@dataclass(frozen=True)
class Effort:
    """How much to measure.

    Attributes
    ----------
    repeats, race_repeats : int
        Of a timing, and of a race between whole trainings.

    least_seconds : float
        What a timing should take.

    cap : float
        How many times the seconds of ours a peer may take that races.
    """

    repeats: int
    race_repeats: int
    least_seconds: float
    cap: float


@dataclass
class Result:
    """A row of the table: seconds of ours, cells by column, what to say beside it."""

    seconds: float
    cells: dict
    notes: list = field(default_factory=list)


class Comparison:
    """Timings that take turns.

    Parameters
    ----------
    timings : dict of str to list of callables
        By column, and "ours": the fastest of a list counts.

    remarks : dict of str to str
        What to say beside a cell, by column.
    """

    def __init__(self, timings, remarks=None):
        self._timings, self._remarks = timings, remarks or {}
        self._rounds = []

    def take_turns(self):
        """Time everything once."""
        self._rounds.append(
            {
                name: min(after_pause(timing) for timing in settings)
                for name, settings in self._timings.items()
            }
        )

    def result(self):
        cells = {}
        for name in self._timings:
            ratio = statistics.median(turn[name] / turn["ours"] for turn in self._rounds)
            ratio = 1 / ratio if name == "GEMM" else ratio
            cells[name] = f"{ratio:.2f}{self._remarks.get(name, '')}"
        return Result(statistics.median(turn["ours"] for turn in self._rounds), cells)


def after_pause(function):
    time.sleep(_PAUSE)
    return function()


def per_call(function, least_seconds):
    """Timing of a call, over so many that they take `least_seconds`."""

    def seconds(n_calls):
        start = time.perf_counter()
        for _ in range(n_calls):
            function()
        return time.perf_counter() - start

    n_calls = _enough(seconds, least_seconds)
    return lambda: seconds(n_calls) / n_calls


def per_epoch(fit, least_seconds):
    """Timing of an epoch by the difference of two fits: what precedes it is not counted.

    Parameters
    ----------
    fit : callable
        Maps a number of epochs to the seconds of the fit.

    least_seconds : float
        Of the shorter fit.
    """
    n_epochs = _enough(fit, least_seconds)

    def seconds():
        difference = 0.0
        # Nothing else can be that slow for once: the machine was busy.
        while difference <= 0:
            difference = fit(3 * n_epochs) - fit(n_epochs)
        return difference / (2 * n_epochs)

    return seconds


def _enough(seconds, least_seconds):
    """The first power of two for which `seconds` is at least that, after a warm-up."""
    seconds(1)
    n = 1
    while seconds(n) < least_seconds:
        n *= 2
    return n


def seconds_of_fit(estimator, X, y):
    start = time.perf_counter()
    estimator.fit(X, y)
    return time.perf_counter() - start


# Threads and engines


def within(context, function):
    """`function`, called inside of `context()`."""

    def call(*arguments):
        with context():
            return function(*arguments)

    return call


def timing_within(context, make_timing):
    """The timing that `make_timing` returns, made and taken inside of `context()`."""
    return within(context, within(context, make_timing)())


def at_thread_settings(threads, make_timing):
    """A timing for each thread setting; the best one is to count."""
    return [timing_within(partial(threads, n), make_timing) for n in thread_settings()]


def thread_settings():
    """One thread, and as many as BLAS takes by itself."""
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


@contextmanager
def numpy_engine():
    before = os.environ.get("SKNORMREG_ENGINE")
    os.environ["SKNORMREG_ENGINE"] = "numpy"
    try:
        yield
    finally:
        del os.environ["SKNORMREG_ENGINE"]
        if before is not None:
            os.environ["SKNORMREG_ENGINE"] = before


# Networks


@dataclass(frozen=True)
class Shape:
    """A network with relu and its data."""

    n_rows: int
    n_columns: int
    hidden: tuple[int, ...]
    n_classes: int
    batch_size: int
    dtype: type = np.float32

    def __str__(self):
        name = np.dtype(self.dtype).name
        return f"{self.n_rows}x{self.n_columns} {self.hidden} b{self.batch_size} {name}"

    @property
    def units(self):
        """Units of all layers, with an output for each class."""
        return (self.n_columns, *self.hidden, self.n_classes)

    def draw(self):
        """X and y without structure: what is timed does not depend on it."""
        rng = np.random.default_rng(0)
        X = rng.standard_normal((self.n_rows, self.n_columns), dtype=self.dtype)
        return X, rng.integers(self.n_classes, size=self.n_rows)


def our_epoch(shape, X, y, least_seconds):
    def fit(n_epochs):
        mlp = RegularizedMLPClassifier(
            shape.hidden,
            activation="relu",
            solver="adam",
            batch_size=shape.batch_size,
            max_iter=n_epochs,
            tol=0,
            n_iter_no_change=np.inf,
            random_state=0,
        )
        return seconds_of_fit(mlp, X, y)

    return per_epoch(fit, least_seconds)


def our_full_batch(shape, X, y, least_seconds):
    """J and its gradient at all rows, as a full-batch fit asks for them."""
    network = Network(shape.units, ("relu",), MultinomialLogLoss(shape.n_classes))
    engine = make_engine(network)
    objective = Objective(engine, Data(X, y, None), None, L2(), alpha=1.0)
    params = network.initial_params(
        objective.best_constant(), np.random.RandomState(0), shape.dtype
    )

    def make_timing():
        return per_call(lambda: objective.evaluate_unscaled(params), least_seconds)

    return timing_within(partial(engine.threads, shape.dtype, shape.n_rows), make_timing)


def sklearn_epoch(shape, X, y, least_seconds):
    def fit(n_epochs):
        mlp = MLPClassifier(
            shape.hidden,
            batch_size=shape.batch_size,
            max_iter=n_epochs,
            tol=0,
            n_iter_no_change=np.inf,
            random_state=0,
        )
        return seconds_of_fit(mlp, X, y)

    return at_thread_settings(blas_threads, lambda: per_epoch(fit, least_seconds))


def sklearn_full_batch(shape, X, y, least_seconds):
    """J and its gradient at all rows, in the precision of X.

    scikit-learn's own solver asks for them in double precision, whatever that of X.
    """
    mlp = MLPClassifier(shape.hidden, max_iter=1, random_state=0).fit(X, y)
    indicators = mlp._label_binarizer.transform(y).astype(bool)
    n_layers = len(mlp.coefs_)
    scratch = ([X] + [None] * n_layers, *([None] * n_layers for _ in range(3)))

    def evaluate():
        mlp._backprop(X, indicators, None, *scratch)

    return at_thread_settings(blas_threads, lambda: per_call(evaluate, least_seconds))


def torch_network(units, activation="ReLU", dtype=np.float32):
    torch = peer("torch")
    layers = []
    for fan_in, fan_out in pairwise(units):
        layers += [torch.nn.Linear(fan_in, fan_out), getattr(torch.nn, activation)()]
    return torch.nn.Sequential(*layers[:-1]).to(getattr(torch, np.dtype(dtype).name))


def torch_epoch(shape, X, y, least_seconds):
    torch = peer("torch")
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    network = torch_network(shape.units, dtype=shape.dtype)
    optimizer = torch.optim.Adam(network.parameters(), fused=True, weight_decay=0)
    loss = torch.nn.CrossEntropyLoss()

    def epoch():
        for rows in torch.randperm(len(y)).split(shape.batch_size):
            optimizer.zero_grad()
            loss(network(X[rows]), y[rows]).backward()
            optimizer.step()

    return at_thread_settings(torch_threads, lambda: per_call(epoch, least_seconds))


def torch_full_batch(shape, X, y, least_seconds):
    torch = peer("torch")
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    network = torch_network(shape.units)
    loss = torch.nn.CrossEntropyLoss()

    def evaluate():
        network.zero_grad()
        loss(network(X), y).backward()

    return at_thread_settings(torch_threads, lambda: per_call(evaluate, least_seconds))


def skorch_epoch(shape, X, y, least_seconds):
    torch, skorch = peer("torch"), peer("skorch")

    def fit(n_epochs):
        net = skorch.NeuralNetClassifier(
            torch_network(shape.units),
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            optimizer__fused=True,
            lr=1e-3,
            max_epochs=n_epochs,
            batch_size=shape.batch_size,
            iterator_train__shuffle=True,
            train_split=None,
            verbose=0,
        )
        return seconds_of_fit(net, X, y)

    return at_thread_settings(torch_threads, lambda: per_epoch(fit, least_seconds))


def bare_products(shape, least_seconds, batch_size=None, training=True):
    """The calls of BLAS that all rows take once, and nothing else.

    Parameters
    ----------
    shape : Shape

    least_seconds : float

    batch_size : int or None
        Rows of a product, where it is not that of `shape`.

    training : bool
        Whether the products of the gradient are among them.
    """
    batch_size = batch_size or shape.batch_size
    # Two classes take one output.
    units = (*shape.units[:-1], 1) if shape.n_classes == 2 else shape.units
    products = []
    for i, (fan_in, fan_out) in enumerate(pairwise(units)):
        products.append((b"N", b"N", fan_out, batch_size, fan_in))
        if training:
            products.append((b"N", b"T", fan_out, fan_in, batch_size))
        if training and i > 0:
            products.append((b"T", b"N", fan_in, batch_size, fan_out))

    def seconds(n_batches):
        double = shape.dtype == np.float64
        return _compiled.seconds_of_products(products, n_batches, double)

    def make_timing():
        n_batches = _enough(seconds, least_seconds)
        return lambda: seconds(n_batches) / n_batches * shape.n_rows / batch_size

    return at_thread_settings(blas_threads, make_timing)
