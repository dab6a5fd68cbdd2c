"""How do default fits compare with scikit-learn's, on tables of your own?

DIRECTORY holds .npz files as `_tables.py` describes them. Both estimators see the same
splits, standardised features and imputed missing values.

    OPENBLAS_NUM_THREADS=1 python benchmarks/default_fits.py DIRECTORY
        [--set alpha=2 activation=relu ...] [--seed 1]

Prints for each set the medians over the splits of held-out log loss or R2, the seconds
of the processor for a fit, how many splits are better, and the warnings of our fits; in the
end on how many sets the median is better, by how much the worst is worse, and the median
of the ratios of times. `--set` changes parameters of ours, which is how the defaults were
chosen.
"""

import argparse
import warnings
from ast import literal_eval
from pathlib import Path

import numpy as np
from _scores import held_out_log_loss
from _tables import stored_tables
from _timing import PROCESSOR, seconds_of_fit
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor


def evaluate(estimator, table, train, test):
    """Return the held-out score, larger is better; seconds of fit; number of warnings."""
    prepare = make_pipeline(SimpleImputer(), StandardScaler())
    X, X_test = prepare.fit_transform(table.X[train]), prepare.transform(table.X[test])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        seconds = seconds_of_fit(estimator, X, table.y[train], PROCESSOR)
    n_warnings = sum(issubclass(w.category, ConvergenceWarning) for w in caught)
    if table.is_regression:
        score = estimator.score(X_test, table.y[test])
    else:
        score = -held_out_log_loss(estimator, X_test, table.y[test])
    return score, seconds, n_warnings


def compare(table, params, n_splits, seed):
    """Return medians, splits on which ours is better, warnings, and the last of ours."""
    ours, theirs = (
        (RegularizedMLPRegressor, MLPRegressor)
        if table.is_regression
        else (RegularizedMLPClassifier, MLPClassifier)
    )
    rows = []
    splits = table.shuffled_splits(n_splits=n_splits, random_state=seed)
    for seed, split in enumerate(splits):
        mine = ours(random_state=seed, **params)
        rows.append(
            (
                *evaluate(mine, table, *split),
                *evaluate(theirs(random_state=seed), table, *split),
            )
        )
    rows = np.array(rows)
    better = int((rows[:, 0] > rows[:, 3]).sum())
    return np.median(rows, axis=0), better, int(rows[:, 2].sum()), mine


def parse(settings):
    """Return parameters from strings such as "alpha=2"."""
    params = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        try:
            params[name] = literal_eval(value)
        except ValueError:
            params[name] = value
    return params


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args()
    params = parse(arguments.set)
    print(
        f"{'set':14s} {'score':>6s} {'sknormreg':>10s} {'sklearn':>10s} {'better':>7s} "
        f"{'seconds':>8s} {'sklearn':>8s} {'ratio':>6s} {'warnings':>8s}  solver, steps"
    )
    differences, ratios, excesses = [], [], []
    for table in stored_tables(arguments.directory, arguments.only):
        medians, better, n_warnings, mine = compare(
            table, params, arguments.splits, arguments.seed
        )
        score, seconds, _, their_score, their_seconds, _ = medians
        differences.append(score - their_score)
        ratios.append(seconds / their_seconds)
        kind = "R2" if table.is_regression else "-ll"
        # Of R2 the difference, of log losses the ratio.
        worse = their_score - score if table.is_regression else score / their_score - 1
        excesses.append((worse, f"{table.name}, {kind}"))
        print(
            f"{table.name:14s} {kind:>6s} {score:10.4f} {their_score:10.4f} "
            f"{better:5d}/{arguments.splits} {seconds:8.3f} {their_seconds:8.3f} "
            f"{ratios[-1]:6.2f} {n_warnings:8d}  "
            f"{mine.solver_}, {mine.n_iter_}",
            flush=True,
        )
    n_better, (worst, name) = np.sum(np.array(differences) > 0), max(excesses)
    print(
        f"median better on {n_better} of {len(ratios)} sets, by at least {-worst:.4f} "
        f"({name}); median ratio of times {np.median(ratios):.2f}"
    )


if __name__ == "__main__":
    main()
