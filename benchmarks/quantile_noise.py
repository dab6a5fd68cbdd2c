"""How often does alpha="quantile" select nothing where there is nothing to select?

Fits to features and targets that have nothing to do with each other, 100 samples of 10
standard normal features by default: in regression targets with normal or t-distributed
noise, or skewed ones of a signal, permuted; in classification two classes of one size, or
10:1, without and with balanced weights. Prints for each kind the share of data sets in
which no feature is selected, with its binomial standard error: for the plain estimators
with a group lasso and alpha="quantile", and for MLPFeatureSelector. The rule aims at 0.95.

    OPENBLAS_NUM_THREADS=1 python benchmarks/quantile_noise.py [--data-sets 500]
        [--samples 100] [--features 10] [--only plain | selector] [--kinds normal t3 ...]
        [--minutes 2]

Networks are small, and the selector has one start: a fit takes 0.1 to 2 seconds.
"""

import argparse
import time
import warnings

import numpy as np

from sknormreg import (
    MLPFeatureSelector,
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
)
from sknormreg.penalties import GroupLasso, GroupMCP, MaxNorm

REGRESSION = ["normal", "t3", "permuted"]
CLASSES = ["balanced", "10:1", "10:1 weighted"]

HIDDEN, N_INIT = (5,), 1


def noise(kind, shape, seed):
    """Return X, and y that has nothing to do with it."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=shape)
    n = len(X)
    if kind == "normal":
        return X, rng.normal(size=n)
    if kind == "t3":
        y = rng.standard_t(3, size=n)
        return X, y / y.std()
    if kind == "permuted":
        y = np.abs(X[:, 0] - X[:, 1]) + np.exp(X[:, 2])
        return X, rng.permutation((y - y.mean()) / y.std())
    n_rare = n // 2 if kind == "balanced" else round(n / 11)
    return X, rng.permutation(np.arange(n) < n_rare)


def estimator(kind, penalty, **params):
    """Return the network of one kind of data."""
    common = dict(activation="relu", penalty=[penalty, MaxNorm(1)], **params)
    if kind in REGRESSION:
        return RegularizedMLPRegressor(HIDDEN, **common)
    class_weight = "balanced" if kind.endswith("weighted") else None
    return RegularizedMLPClassifier(HIDDEN, class_weight=class_weight, **common)


def is_empty(method, kind, shape, seed):
    """Whether a fit to one data set selects nothing."""
    X, y = noise(kind, shape, seed)
    with warnings.catch_warnings(action="ignore"):
        if method == "plain":
            mlp = estimator(kind, GroupLasso(), alpha="quantile", random_state=seed)
            return mlp.fit(X, y).n_selected_features_ == 0
        mlp = estimator(kind, GroupMCP(0.3))
        selector = MLPFeatureSelector(mlp, n_init=N_INIT, random_state=seed).fit(X, y)
        return selector.n_features_ == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data-sets", type=int, default=500)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--features", type=int, default=10)
    parser.add_argument("--only", choices=["plain", "selector"])
    kinds = [*REGRESSION, *CLASSES]
    parser.add_argument("--kinds", nargs="+", choices=kinds, default=kinds)
    parser.add_argument("--minutes", type=float, default=np.inf, help="of each line")
    arguments = parser.parse_args()
    shape = arguments.samples, arguments.features
    print("method    noise           empty   (standard error)  data sets  seconds per fit")
    for method in [arguments.only] if arguments.only else ["plain", "selector"]:
        for kind in arguments.kinds:
            start, found = time.perf_counter(), []
            for seed in range(arguments.data_sets):
                found.append(is_empty(method, kind, shape, seed))
                if time.perf_counter() - start > 60 * arguments.minutes:
                    break
            share, n = np.mean(found), len(found)
            error = np.sqrt(share * (1 - share) / n)
            seconds = (time.perf_counter() - start) / n
            print(
                f"{method:8}  {kind:14}  {share:.3f}   ({error:.3f})  {n:18d}  "
                f"{seconds:15.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
