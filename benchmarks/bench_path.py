"""Whether warm starts along a path of alphas cost quality, and what time they save.

For each table and penalty, fits at 20 alphas to two thirds of the rows: each from where the
last one ended ("warm", dense to sparse), each from a start of its own ("cold"), and from
the better of both after every fifth alpha ("restarts"). Prints the median and the largest
of J over cold J, the best held-out loss of each way, and the time of warm fits as a share
of that of cold ones.

    OPENBLAS_NUM_THREADS=1 python benchmarks/bench_path.py [--data FOLDER] [--seeds 2]

FOLDER holds tables as .npz files of X and y; without it, tables of scikit-learn's.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_wine,
)
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor
from sknormreg.estimators.path import PathFitter

PENALTIES = ("l2", "l1", "group_lasso")
N_ALPHAS, RESTART_EVERY = 20, 5


def tables(folder):
    """Name, X and y of each."""
    if folder is None:
        for load in (load_breast_cancer, load_wine, load_digits, load_diabetes):
            X, y = load(return_X_y=True)
            yield load.__name__.removeprefix("load_"), X, y
        return
    for path in sorted(Path(folder).glob("*.npz")):
        with np.load(path, allow_pickle=True) as table:
            X, y = table["X"], table["y"]
        if X.dtype.kind in "fiub" and np.isfinite(X).all() and X.size <= 2e6:
            yield path.stem, X.astype(float), y


def held_out_loss(mlp, X, y):
    if hasattr(mlp, "classes_"):
        return log_loss(y, mlp.predict_proba(X), labels=mlp.classes_)
    return np.mean((y - mlp.predict(X)) ** 2)


def warm(fitter, alphas):
    mlp = None
    for alpha in alphas:
        mlp, _ = fitter.fit(alpha, start=mlp)
        yield mlp


def cold(fitter, alphas):
    for alpha in alphas:
        yield fitter.fit(alpha)[0]


def restarted(fitter, alphas):
    mlp = None
    for i, alpha in enumerate(alphas):
        mlp, _ = fitter.fit(alpha, start=mlp)
        if i % RESTART_EVERY == RESTART_EVERY - 1:
            fresh, _ = fitter.fit(alpha)
            mlp = fresh if fresh.loss_ < mlp.loss_ else mlp
        yield mlp


def measure(penalty, X, y, seed):
    """J, held-out losses and seconds of each way."""
    continuous = y.dtype.kind == "f" and len(np.unique(y)) > 20
    X, X_test, y, y_test = train_test_split(
        X, y, test_size=1 / 3, random_state=seed, stratify=None if continuous else y
    )
    scaler = StandardScaler().fit(X)
    X, X_test = scaler.transform(X), scaler.transform(X_test)
    if continuous:
        mean, deviation = y.mean(), y.std()
        y, y_test = (y - mean) / deviation, (y_test - mean) / deviation
    cls = RegularizedMLPRegressor if continuous else RegularizedMLPClassifier
    mlp = cls((20,), penalty=penalty, random_state=seed)
    fitter = PathFitter(mlp, mlp._validate_training_data(X, y, None), None, seed)
    alphas = fitter.grid(N_ALPHAS)
    found = {}
    for way in (warm, cold, restarted):
        start = time.perf_counter()
        fits = list(way(fitter, alphas))
        seconds = time.perf_counter() - start
        values = np.array([fit.loss_ for fit in fits])
        losses = np.array([held_out_loss(fit, X_test, y_test) for fit in fits])
        found[way.__name__] = values, losses, seconds
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data")
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(
        f"{'table':16s} {'penalty':12s} {'warm J / cold J':>22s} {'restarts':>15s}"
        f"{'held-out: warm':>16s} {'cold':>7s} {'restarts':>8s} {'time, warm / cold':>18s}"
    )
    for name, X, y in tables(arguments.data):
        for penalty in PENALTIES:
            for seed in range(arguments.seeds):
                found = measure(penalty, X, y, seed)
                values = {way: found[way][0] for way in found}
                columns = [f"{name:16s} {penalty:12s}"]
                for way in ("warm", "restarted"):
                    ratios = values[way] / values["cold"]
                    columns.append(f"{np.median(ratios):9.4f} {ratios.max():7.4f}")
                best = [found[way][1].min() for way in ("warm", "cold", "restarted")]
                columns += [f"{loss:8.4f}" for loss in best]
                columns.append(f"{found['warm'][2] / found['cold'][2]:8.2f}")
                print(" ".join(columns), flush=True)


if __name__ == "__main__":
    main()
