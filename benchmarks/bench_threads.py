"""Two BLAS threads against one, by the size of the largest matrix product.

Prints the ratio of the seconds of a fit on the NumPy engine with the machine's BLAS threads
to those with one; fits on it limit themselves to one below the size where this is above 1.

    python benchmarks/bench_threads.py
"""

import os
import time
import warnings
from unittest import mock

import numpy as np
from sklearn.datasets import make_classification

from sknormreg import RegularizedMLPClassifier

SHAPES = [(4000, 10), (4000, 50), (4000, 150), (4000, 600)]


def seconds(X, y, threaded_work, **parameters):
    with (
        mock.patch.dict(os.environ, SKNORMREG_ENGINE="numpy"),
        mock.patch("sknormreg.engine.numpy_engine._THREADED_WORK", threaded_work),
    ):
        start = time.perf_counter()
        RegularizedMLPClassifier(random_state=0, tol=0, **parameters).fit(X, y)
        return time.perf_counter() - start


def main():
    warnings.simplefilter("ignore")
    print(f"{'rows x columns':>15s} {'solver':>7s} {'product':>8s} {'threads / one':>14s}")
    for shape in SHAPES:
        X, y = make_classification(*shape, n_informative=5, random_state=0)
        X = X.astype(np.float32)
        for parameters, rows in (
            (dict(solver="lbfgs", max_iter=40), 655),
            (dict(solver="adam", max_iter=15), 200),
        ):
            pairs = [
                (seconds(X, y, 0, **parameters), seconds(X, y, np.inf, **parameters))
                for _ in range(5)
            ]
            threads, one = np.median(pairs, axis=0)
            print(
                f"{shape[0]:>8d} x {shape[1]:4d} {parameters['solver']:>7s} "
                f"{rows * shape[1] * 100:8.1e} {threads / one:14.2f}"
            )


if __name__ == "__main__":
    main()
