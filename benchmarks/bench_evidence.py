"""What alpha="evidence" reaches, and how fast, beside cross-validation over 20 alphas.

For each table and size of the hidden layer, fits to two thirds of the rows with one alpha
for each layer, chosen by evidence, and with RegularizedMLPRegressorCV (5 folds, two jobs).
Prints medians over splits of both R2 on the other rows, the time of evidence as a share of
that of cross-validation (the largest share, too), the share of the other rows within 1.96
standard deviations (mean), and the number of effective parameters.

    OPENBLAS_NUM_THREADS=1 python benchmarks/bench_evidence.py [--data FOLDER] [--seeds 5]
        [--names concrete autompg ...] [--scope layer] [--sizes]

With --sizes it prints instead, for networks of more and more rows and weights, seconds and
megabytes that a factorisation takes, those of estimates, and their errors of gamma.

FOLDER holds tables as .npz files of X and y, of which those with continuous y are taken;
scikit-learn's diabetes always is.
"""

import argparse
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_diabetes, make_friedman1
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPRegressor, RegularizedMLPRegressorCV
from sknormreg.evidence.factors import DualFactor, KrylovFactor, PrimalFactor
from sknormreg.evidence.linearization import Linearization

HIDDEN = ((20,), (100,))

# Rows, features and hidden units of networks.
SIZES = (
    (1000, 20, 50),
    (2000, 40, 100),
    (3000, 40, 100),
    (4000, 50, 100),
    (6000, 60, 100),
)


def tables(folder, names):
    """Name, X and y of each."""
    yield "diabetes", *load_diabetes(return_X_y=True)
    for path in sorted(Path(folder).glob("*.npz")) if folder else ():
        if names and path.stem not in names:
            continue
        with np.load(path, allow_pickle=True) as table:
            X, y = table["X"], table["y"]
        continuous = y.dtype.kind == "f" and y.ndim == 1 and len(np.unique(y)) > 20
        if continuous and X.dtype.kind in "fiub" and np.isfinite(X).all():
            yield path.stem, X.astype(float), y


def timed_fit(estimator, X, y):
    start = time.perf_counter()
    estimator.fit(X, y)
    return time.perf_counter() - start


def measure(hidden, scope, X, y, seed):
    """R2 of both, share of time, coverage, and effective parameters."""
    X, X_test, y, y_test = train_test_split(X, y, test_size=1 / 3, random_state=seed)
    scaler = StandardScaler().fit(X)
    X, X_test = scaler.transform(X), scaler.transform(X_test)
    mean, deviation = y.mean(), y.std()
    y, y_test = (y - mean) / deviation, (y_test - mean) / deviation
    evidence = RegularizedMLPRegressor(
        hidden, alpha="evidence", evidence_scope=scope, random_state=seed
    )
    crossed = RegularizedMLPRegressorCV(hidden, cv=5, n_jobs=2, random_state=seed)
    share = timed_fit(evidence, X, y) / timed_fit(crossed, X, y)
    predicted, std = evidence.predict(X_test, return_std=True)
    covered = np.mean(np.abs(y_test - predicted) <= 1.96 * std)
    scores = evidence.score(X_test, y_test), crossed.score(X_test, y_test)
    return *scores, share, covered, evidence.n_effective_parameters_


def compare_sizes():
    """Factorisation and estimates of the matrix of one output's network."""
    print(f"{'rows':>6s} {'weights':>8s} {'exact: s':>9s} {'MB':>6s} {'estimated: s':>13s}")
    for n_rows, n_features, n_units in SIZES:
        X, y = make_friedman1(n_rows, n_features, noise=1.0, random_state=0)
        mlp = RegularizedMLPRegressor((n_units,), alpha=10, max_iter=100, random_state=0)
        X, y = StandardScaler().fit_transform(X), (y - y.mean()) / y.std()
        network = mlp.fit(X, y)._network
        alphas = [np.ones(fan_in) for fan_in, _ in network.shapes]
        columns, gammas = [f"{n_rows:6d} {network.n_weights:8d}"], []
        exact = PrimalFactor if network.n_weights <= n_rows else DualFactor
        for factor in (exact, KrylovFactor):
            tracemalloc.start()
            start = time.perf_counter()
            linear = Linearization(
                network, mlp.coefs_, mlp.intercepts_, X, root=network.loss.hessian_root
            )
            gammas.append(np.hstack(factor(linear, alphas).gammas).sum())
            seconds = time.perf_counter() - start
            megabytes = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.stop()
            columns.append(f"{seconds:9.2f} {megabytes:6.0f}")
        columns.append(f"gamma {gammas[0]:.1f}, estimated {gammas[1]:.1f}")
        print(" ".join(columns), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data")
    parser.add_argument("--names", nargs="*", help="of the tables in FOLDER to take")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--scope", default="layer")
    parser.add_argument("--sizes", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.sizes:
        compare_sizes()
        return
    print(
        f"{'table':12s} {'hidden':>7s} {'R2: evidence':>13s} {'CV':>7s} {'difference':>11s}"
        f" {'time: median':>13s} {'largest':>8s} {'coverage':>9s} {'gamma':>6s}"
    )
    for name, X, y in tables(arguments.data, arguments.names):
        for hidden in HIDDEN:
            found = [
                measure(hidden, arguments.scope, X, y, seed)
                for seed in range(arguments.seeds)
            ]
            ours, theirs, share, covered, gamma = np.array(found).T
            columns = [
                f"{name:12s} {hidden!s:>7s} {np.median(ours):13.3f}",
                f"{np.median(theirs):7.3f} {np.median(ours - theirs):11.3f}",
                f"{np.median(share):13.2f} {share.max():8.2f} {covered.mean():9.3f}",
                f"{np.median(gamma):6.1f}",
            ]
            print(" ".join(columns), flush=True)


if __name__ == "__main__":
    main()
