"""Timings of ours, scikit-learn's, torch's, skorch's and bare matrix products."""

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from _objectives import classifier_objective, initial_params
from _timing import WALL, enough, per_call, per_epoch, seconds_of_fit
from sklearn.neural_network import MLPClassifier

from sknormreg import RegularizedMLPClassifier
from sknormreg.penalties import L2

from ._settings import (
    at_thread_settings,
    blas_threads,
    peer,
    timing_within,
    torch_threads,
)


@dataclass(frozen=True)
class Shape:
    """A network with relu and its data."""

    n_samples: int
    n_features: int
    hidden: tuple[int, ...]
    n_classes: int
    batch_size: int
    dtype: type = np.float32

    def __str__(self):
        name = np.dtype(self.dtype).name
        return f"{self.n_samples}x{self.n_features} {self.hidden} b{self.batch_size} {name}"

    @property
    def units(self):
        """Units of all layers, with an output for each class."""
        return (self.n_features, *self.hidden, self.n_classes)

    def draw(self):
        """X and y without structure: what is timed does not depend on it."""
        rng = np.random.default_rng(0)
        X = rng.standard_normal((self.n_samples, self.n_features), dtype=self.dtype)
        return X, rng.integers(self.n_classes, size=self.n_samples)


def our_epoch(shape, X, y, least_seconds, clock=WALL, **params):
    def fit(n_epochs):
        mlp = RegularizedMLPClassifier(
            shape.hidden,
            batch_size=shape.batch_size,
            max_iter=n_epochs,
            tol=0,
            n_iter_no_change=np.inf,
            random_state=0,
            **{"activation": "relu", "alpha": 1.0, "solver": "adam"} | params,
        )
        return seconds_of_fit(mlp, X, y, clock)

    return per_epoch(fit, least_seconds)


def our_full_batch(shape, X, y, least_seconds):
    """J and its gradient at all samples, as a full-batch fit asks for them."""
    objective = classifier_objective(X, y, shape.hidden, "relu", L2(), alpha=1.0)
    params = initial_params(objective, 0, shape.dtype)

    def make_timing():
        return per_call(lambda: objective.objective.evaluate(params), least_seconds)

    threads = partial(objective.engine.threads, shape.dtype, shape.n_samples)
    return timing_within(threads, make_timing)


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
    """J and its gradient at all samples, in the precision of X.

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
    """The calls of BLAS that all samples take once, and nothing else.

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

    compiled = peer("sknormreg.engine._compiled")

    def seconds(n_batches):
        double = shape.dtype == np.float64
        return compiled.seconds_of_products(products, n_batches, double)

    def make_timing():
        n_batches = enough(seconds, least_seconds)
        return lambda: seconds(n_batches) / n_batches * shape.n_samples / batch_size

    return at_thread_settings(blas_threads, make_timing)
