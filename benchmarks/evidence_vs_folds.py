"""How good and how fast is alpha="evidence", beside cross-validation?

For each table and size of the hidden layer, fits to two thirds of the samples with one
alpha for each layer, chosen by evidence, and with RegularizedMLPRegressorCV (20 alphas, 5
folds, two jobs). Prints medians over splits of both R2 on the other samples, the time of
evidence as a share of that of cross-validation (the largest share, too), the share of the
other samples within 1.96 standard deviations (mean), and the number of effective
parameters.

    OPENBLAS_NUM_THREADS=1 python benchmarks/evidence_vs_folds.py [--data FOLDER]
        [--seeds 5] [--names concrete autompg ...] [--scope layer] [--sizes]

With --sizes it prints instead, for networks of more and more samples and weights, seconds
and megabytes that a factorisation takes, those of estimates, and their errors of gamma.

FOLDER holds .npz files as `_tables.py` describes them, of which those for regression are
taken; scikit-learn's diabetes always is.
"""

import argparse
import time
import tracemalloc
import warnings

import numpy as np
from _tables import scale_target, sklearn_table, split, stored_tables
from _timing import seconds_of_fit
from sklearn.datasets import make_friedman1
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPRegressor, RegularizedMLPRegressorCV
from sknormreg.evidence.factors import DualFactor, KrylovFactor, PrimalFactor
from sknormreg.evidence.linearization import Linearization

HIDDEN = ((20,), (100,))

# Samples, features and hidden units of networks.
SIZES = (
    (1000, 20, 50),
    (2000, 40, 100),
    (3000, 40, 100),
    (4000, 50, 100),
    (6000, 60, 100),
)


def tables(folder, names):
    yield sklearn_table("diabetes")
    for table in stored_tables(folder, names) if folder else ():
        if table.is_regression and table.is_complete:
            yield table


def measure(hidden, scope, table, seed):
    """Return R2 of both, share of time, coverage, and effective parameters."""
    X, X_test, y, y_test = split(table.X, table.y, seed)
    y, y_test = scale_target(y, y_test)
    evidence = RegularizedMLPRegressor(
        hidden, alpha="evidence", evidence_scope=scope, random_state=seed
    )
    crossed = RegularizedMLPRegressorCV(hidden, cv=5, n_jobs=2, random_state=seed)
    share = seconds_of_fit(evidence, X, y) / seconds_of_fit(crossed, X, y)
    predicted, std = evidence.predict(X_test, return_std=True)
    covered = np.mean(np.abs(y_test - predicted) <= 1.96 * std)
    scores = evidence.score(X_test, y_test), crossed.score(X_test, y_test)
    return *scores, share, covered, evidence.n_effective_parameters_


def compare_sizes():
    """Print what factorisation and estimates of a matrix take, for one output."""
    print(
        f"{'samples':>7s} {'weights':>8s} {'exact: s':>9s} {'MB':>6s} {'estimated: s':>13s}"
    )
    for n_samples, n_features, n_units in SIZES:
        X, y = make_friedman1(n_samples, n_features, noise=1.0, random_state=0)
        mlp = RegularizedMLPRegressor((n_units,), alpha=10, max_iter=100, random_state=0)
        X, y = StandardScaler().fit_transform(X), (y - y.mean()) / y.std()
        mlp.fit(X, y)
        n_weights = mlp._network.n_weights
        columns, gammas = [f"{n_samples:7d} {n_weights:8d}"], []
        exact = PrimalFactor if n_weights <= n_samples else DualFactor
        for factor in (exact, KrylovFactor):
            tracemalloc.start()
            start = time.perf_counter()
            gammas.append(effective_parameters(factor, mlp, X))
            seconds = time.perf_counter() - start
            megabytes = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.stop()
            columns.append(f"{seconds:9.2f} {megabytes:6.0f}")
        columns.append(f"gamma {gammas[0]:.1f}, estimated {gammas[1]:.1f}")
        print(" ".join(columns), flush=True)


def effective_parameters(factor, mlp, X):
    """Return their number by one of the ways to factorise."""
    network = mlp._network
    alphas = [np.ones(fan_in) for fan_in, _ in network.shapes]
    root = network.loss.hessian_root
    linear = Linearization(network, mlp.coefs_, mlp.intercepts_, X, root=root)
    return np.hstack(factor(linear, alphas).gammas).sum()


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
    for table in tables(arguments.data, arguments.names):
        for hidden in HIDDEN:
            found = [
                measure(hidden, arguments.scope, table, seed)
                for seed in range(arguments.seeds)
            ]
            ours, theirs, share, covered, gamma = np.array(found).T
            columns = [
                f"{table.name:12s} {hidden!s:>7s} {np.median(ours):13.3f}",
                f"{np.median(theirs):7.3f} {np.median(ours - theirs):11.3f}",
                f"{np.median(share):13.2f} {share.max():8.2f} {covered.mean():9.3f}",
                f"{np.median(gamma):6.1f}",
            ]
            print(" ".join(columns), flush=True)


if __name__ == "__main__":
    main()
