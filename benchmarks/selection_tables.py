"""How accurate are networks of the selected features, and do seeds agree on them?

Real tables, of which two thirds are trained on: `train_test_split(train_size=2/3,
random_state=seed, stratify=y)`, as in the published results of HarderLASSO (arXiv
2411.17180), which are printed beside ours. FOLDER has the tables that scikit-learn does not
ship as .npz files.

    OPENBLAS_NUM_THREADS=1 python benchmarks/selection_tables.py frontier --tables FOLDER
        [--only TABLE ...] [--splits 50] [--max-features K ...] [--alpha quantile | cv]
    OPENBLAS_NUM_THREADS=1 python benchmarks/selection_tables.py seeds --tables FOLDER
        [--only TABLE ...] [--seeds 10]

`frontier` prints accuracies in percent with their standard errors, numbers of features and
median seconds of processor time of MLPFeatureSelector. `seeds` prints for each selector the
mean Jaccard similarity of the sets that several values of random_state select from the same
samples.
"""

import argparse
import time
import warnings
from itertools import combinations
from pathlib import Path

import numpy as np
from _tables import sklearn_table, stored_table
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sknormreg import KnockoffSelector, MLPFeatureSelector, StabilitySelector

# Accuracy in percent and number of features: computed from the published raw results.
METHODS = "LassoNetCV", "XGBoost+Boruta", "HarderLASSO", "L1-QUT net", "L1 logistic CV"
PUBLISHED = {
    "breast_cancer": ((96.9, 25.1), (95.7, 9.2), (94.3, 2.1), (95.5, 4.2), (97.0, 15.9)),
    "wine": ((97.1, 11.5), (96.1, 7.0), (89.6, 2.2), (96.0, 4.9), (97.3, 10.2)),
    "dna_splice": ((95.1, 60.9), (94.2, 15.7), (91.5, 8.5), (93.7, 11.4), (95.5, 106.1)),
    "spam": ((93.5, 56.6), (94.8, 22.9), (91.4, 16.5), (90.5, 24.9), (92.3, 55.4)),
    "satellite": ((88.0, 36.0), (91.4, 35.7), (85.0, 4.1), (85.7, 22.4), (85.8, 36.0)),
    "coil20": ((97.9, 1012), (98.3, 114.7), (89.2, 9.4), (91.2, 29.2), (98.1, 1022)),
    "isolet5": ((94.3, 617), (92.7, 98.1), (81.3, 15.2), (83.1, 35.4), (95.9, 615)),
}
# Of a table five times as large.
LARGER = ("isolet5",)


def load(name, folder):
    """Return a table without features that are constant or not always known."""
    if name in ("breast_cancer", "wine"):
        return sklearn_table(name)
    table = stored_table(Path(folder, f"{name}.npz"))
    X = table.X[:, np.isfinite(table.X.astype(float)).all(axis=0)].astype(float)
    return type(table)(name, X[:, X.std(axis=0) > 0], table.y)


def selected_and_scored(table, seed, **params):
    """Return accuracy in percent, number of features and seconds of one split."""
    X, X_test, y, y_test = train_test_split(
        table.X, table.y, train_size=2 / 3, random_state=seed, stratify=table.y
    )
    selector = MLPFeatureSelector(random_state=seed, **params)
    start = time.process_time()
    with warnings.catch_warnings(action="ignore"):
        selector.fit(X, y)
    seconds = time.process_time() - start
    return 100 * selector.score(X_test, y_test), selector.n_features_, seconds


def dominated_by(name, accuracy, n_features):
    """Return the published methods that are more accurate with fewer features."""
    return [
        method
        for method, (theirs, n) in zip(METHODS, PUBLISHED[name])
        if theirs > accuracy + 0.3 and n < n_features
    ]


def frontier(arguments):
    print(f"{'table':14s} {'most':>4s}  ours: accuracy +- SE (features)  seconds")
    for name in arguments.only or PUBLISHED:
        table = load(name, arguments.tables)
        for most in [None, *arguments.max_features]:
            runs = [
                selected_and_scored(table, seed, max_features=most, alpha=arguments.alpha)
                for seed in range(arguments.splits)
            ]
            accuracies, n_features, seconds = map(np.array, zip(*runs))
            accuracy, n = accuracies.mean(), n_features.mean()
            error = accuracies.std() / np.sqrt(len(runs))
            print(
                f"{name:14s} {most or '-':>4}  {accuracy:.1f} +- {error:.1f} ({n:.1f})  "
                f"{np.median(seconds):.1f}",
                flush=True,
            )
            if most is None:
                say_published(name, accuracy, n)


def say_published(name, accuracy, n_features):
    theirs = "; ".join(
        f"{method} {a} ({n})" for method, (a, n) in zip(METHODS, PUBLISHED[name])
    )
    larger = " (of a table five times as large)" if name in LARGER else ""
    print(f"    published{larger}: {theirs}")
    better = ", ".join(dominated_by(name, accuracy, n_features)) or "none"
    print(f"    more accurate by more than 0.3, with fewer features: {better}", flush=True)


def mean_jaccard(selector, X, y, n_seeds):
    """Return the mean similarity of pairs of selected sets, and their mean size."""
    sets = []
    for seed in range(n_seeds):
        with warnings.catch_warnings(action="ignore"):
            selector.set_params(random_state=seed).fit(X, y)
        sets.append(set(np.flatnonzero(selector.get_support())))
    similarities = [
        len(a & b) / len(a | b) if a | b else 1.0 for a, b in combinations(sets, 2)
    ]
    return np.mean(similarities), np.mean([len(one) for one in sets])


def seeds(arguments):
    print(f"{'table':14s} selector            Jaccard  features  seconds a fit")
    for name in arguments.only or PUBLISHED:
        table = load(name, arguments.tables)
        X = StandardScaler().fit_transform(table.X)
        for selector in (MLPFeatureSelector(), StabilitySelector(), KnockoffSelector()):
            start = time.process_time()
            similarity, n_features = mean_jaccard(selector, X, table.y, arguments.seeds)
            seconds = (time.process_time() - start) / arguments.seeds
            print(
                f"{name:14s} {type(selector).__name__:19s} {similarity:7.2f} "
                f"{n_features:9.1f} {seconds:14.1f}",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=["frontier", "seeds"])
    parser.add_argument("--tables", required=True)
    parser.add_argument("--only", nargs="+", choices=[*PUBLISHED])
    parser.add_argument("--splits", type=int, default=50)
    parser.add_argument("--max-features", type=int, nargs="+", default=[])
    parser.add_argument("--alpha", choices=["quantile", "cv"], default="quantile")
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    {"frontier": frontier, "seeds": seeds}[arguments.what](arguments)


if __name__ == "__main__":
    main()
