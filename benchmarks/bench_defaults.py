"""Default estimators against scikit-learn's, on tables of one's own.

Every data set is an .npz file with arrays X and y (floats for regression, integers for
classification) and, optionally, sample_group: rows of a group then stay together. Both
estimators see the same splits, standardised features and imputed missing values.

    python benchmarks/bench_defaults.py DIRECTORY [--set alpha=2 activation=relu ...]

prints for each set the medians over the splits of held-out log loss or R2, the seconds
of fit, how many splits are better, and the warnings of our fits. `--set` changes
parameters of ours, which is how the defaults were chosen.
"""

import argparse
import time
import warnings
from ast import literal_eval
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss, r2_score
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit, StratifiedShuffleSplit
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor


def splits(X, y, groups, n_splits):
    options = dict(n_splits=n_splits, test_size=1 / 3, random_state=0)
    if groups is not None:
        return GroupShuffleSplit(**options).split(X, y, groups)
    if y.dtype.kind == "f":
        return ShuffleSplit(**options).split(X, y)
    return StratifiedShuffleSplit(**options).split(X, y)


def evaluate(estimator, X, y, train, test):
    """Held-out score, larger is better; seconds of fit; number of warnings."""
    prepare = make_pipeline(SimpleImputer(), StandardScaler())
    X_train, X_test = prepare.fit_transform(X[train]), prepare.transform(X[test])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.perf_counter()
        estimator.fit(X_train, y[train])
        seconds = time.perf_counter() - start
    n_warnings = sum(issubclass(w.category, ConvergenceWarning) for w in caught)
    if y.dtype.kind == "f":
        score = r2_score(y[test], estimator.predict(X_test))
    else:
        # Rows of single floats sum to 1 up to their rounding only, which log_loss minds.
        proba = estimator.predict_proba(X_test).astype(float)
        proba /= proba.sum(axis=1, keepdims=True)
        score = -log_loss(y[test], proba, labels=estimator.classes_)
    return score, seconds, n_warnings


def compare(path, parameters, n_splits):
    data = np.load(path, allow_pickle=True)
    X, y = data["X"], data["y"]
    groups = data["sample_group"] if "sample_group" in data.files else None
    regression = y.dtype.kind == "f"
    ours, theirs = (
        (RegularizedMLPRegressor, MLPRegressor)
        if regression
        else (RegularizedMLPClassifier, MLPClassifier)
    )
    rows = []
    for seed, (train, test) in enumerate(splits(X, y, groups, n_splits)):
        mine = ours(random_state=seed, **parameters)
        rows.append(
            (
                *evaluate(mine, X, y, train, test),
                *evaluate(theirs(random_state=seed), X, y, train, test),
            )
        )
    table = np.array(rows)
    better = int((table[:, 0] > table[:, 3]).sum())
    return np.median(table, axis=0), better, int(table[:, 2].sum()), mine


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args()
    parameters = {}
    for item in arguments.set:
        name, _, value = item.partition("=")
        try:
            parameters[name] = literal_eval(value)
        except ValueError:
            parameters[name] = value
    print(
        f"{'set':14s} {'score':>6s} {'sknormreg':>10s} {'sklearn':>10s} {'better':>7s} "
        f"{'seconds':>8s} {'sklearn':>8s} {'ratio':>6s} {'warnings':>8s}  solver, steps"
    )
    n_sets = n_better = n_faster = 0
    for path in sorted(arguments.directory.glob("*.npz")):
        if arguments.only and path.stem not in arguments.only:
            continue
        medians, better, n_warnings, mine = compare(path, parameters, arguments.splits)
        score, seconds, _, their_score, their_seconds, _ = medians
        n_sets += 1
        n_better += better > arguments.splits / 2
        n_faster += seconds <= their_seconds
        kind = "R2" if hasattr(mine, "huber_delta") else "-ll"
        print(
            f"{path.stem:14s} {kind:>6s} {score:10.4f} {their_score:10.4f} "
            f"{better:5d}/{arguments.splits} {seconds:8.3f} {their_seconds:8.3f} "
            f"{seconds / their_seconds:6.2f} {n_warnings:8d}  "
            f"{mine.solver_}, {mine.n_iter_}",
            flush=True,
        )
    print(
        f"better on most splits of {n_better} of {n_sets} sets, "
        f"at most as slow on {n_faster}"
    )


if __name__ == "__main__":
    main()
