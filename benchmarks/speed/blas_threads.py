"""From which size on are all BLAS threads faster than one?

Prints the ratio of the seconds of a fit on the NumPy engine with the machine's BLAS threads
to those with one; fits on it limit themselves to one below the size where this is above 1.
"""

import warnings
from functools import partial
from unittest import mock

import numpy as np
from _timing import Turns, seconds_of_fit
from sklearn.datasets import make_classification

from sknormreg import RegularizedMLPClassifier

from ._settings import numpy_engine

SHAPES = [(4000, 10), (4000, 50), (4000, 150), (4000, 600)]

# Parameters, and the samples that a product has.
FITS = [
    (dict(solver="lbfgs", max_iter=40), 655),
    (dict(solver="adam", max_iter=15), 200),
]


def seconds(X, y, threaded_work, params):
    module = "sknormreg.engine.numpy_engine"
    with numpy_engine(), mock.patch(f"{module}._THREADED_WORK", threaded_work):
        mlp = RegularizedMLPClassifier(alpha=1.0, random_state=0, tol=0, **params)
        return seconds_of_fit(mlp, X, y)


def add_arguments(parser):
    parser.add_argument("--repeats", type=int, default=5)


def run(arguments):
    warnings.simplefilter("ignore")
    print(
        f"{'samples x features':>18s} {'solver':>7s} {'product':>8s} {'threads / one':>14s}"
    )
    for n_samples, n_features in SHAPES:
        X, y = make_classification(n_samples, n_features, n_informative=5, random_state=0)
        X = X.astype(np.float32)
        for params, n_product in FITS:
            turns = Turns(
                {
                    "threads": partial(seconds, X, y, 0, params),
                    "one": partial(seconds, X, y, np.inf, params),
                }
            ).take(arguments.repeats)
            product = n_product * n_features * 100
            print(
                f"{n_samples:>11d} x {n_features:4d} {params['solver']:>7s} "
                f"{product:8.1e} {turns.ratio('threads', 'one'):14.2f}",
                flush=True,
            )
