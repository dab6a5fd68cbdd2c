"""How well do estimators with cross-validation predict, beside tuned models?

FOLDER holds .npz files as `_tables.py` describes them; groups stay together in splits and
in folds. A third of the samples is held out; all methods see the same splits, features with
missing values imputed by medians and standardised, and in regression standardised targets.
Of the methods, "ours" has one configuration for all tables.

    OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 python benchmarks/tuned_models.py
        --data FOLDER [--splits 5] [--first-split 0] [--only TABLE ...] [--ours-only]
        [--cache FILE]

Prints for each table and method the mean held-out score (log loss, or R2, after "R"), its
rank by that and the seconds of a fit; at the end the mean ranks and the seconds of all
fits together. Seconds are of processor time: with the threads of libraries limited to one
they do not depend on what else runs. --cache keeps results, by table, split and method's
parameters, from one run to the next.
"""

import argparse
import json
import warnings
from functools import partial
from pathlib import Path

import numpy as np
from _scores import held_out_log_loss
from _tables import scale_target, stored_tables
from _timing import PROCESSOR, seconds_of_fit
from scipy.stats import rankdata
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.model_selection import GridSearchCV, GroupKFold, StratifiedGroupKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknormreg.estimators import RegularizedMLPClassifierCV, RegularizedMLPRegressorCV

OURS = dict(activation="relu", hidden_layer_sizes=[(100,), (50, 50)], alphas=12)
ALPHAS_OF_MLP = np.logspace(-5, 3, 9)


def minus_log_loss(classifier, X, y):
    return -held_out_log_loss(classifier, X, y)


def ours(regression, cv, seed):
    cls = RegularizedMLPRegressorCV if regression else RegularizedMLPClassifierCV
    scoring = "r2" if regression else minus_log_loss
    return cls(cv=cv, scoring=scoring, random_state=seed, **OURS)


def default_mlp(regression, cv, seed, **params):
    return (MLPRegressor if regression else MLPClassifier)(random_state=seed, **params)


def tuned_mlp(regression, cv, seed, **params):
    return GridSearchCV(
        default_mlp(regression, cv, seed, **params),
        {"alpha": ALPHAS_OF_MLP},
        cv=cv,
        scoring="r2" if regression else minus_log_loss,
    )


def linear(regression, cv, seed):
    if regression:
        return RidgeCV(alphas=np.logspace(-3, 4, 15))
    return LogisticRegressionCV(
        Cs=10,
        cv=cv,
        scoring=minus_log_loss,
        max_iter=1000,
        l1_ratios=(0.0,),
        use_legacy_attributes=False,
    )


def boosting(regression, cv, seed):
    if regression:
        return HistGradientBoostingRegressor(random_state=seed)
    return HistGradientBoostingClassifier(random_state=seed)


METHODS = {
    "ours": ours,
    "linear CV": linear,
    "boosting": boosting,
    "MLP": default_mlp,
    "MLP adam CV": tuned_mlp,
    "MLP lbfgs CV": partial(tuned_mlp, solver="lbfgs", max_iter=1000),
}


def evaluate(method, table, split):
    """Return the held-out score and the seconds of the fit."""
    ((train, test),) = table.shuffled_splits(n_splits=1, random_state=split)
    prepare = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    X, X_test = prepare.fit_transform(table.X[train]), prepare.transform(table.X[test])
    y, y_test = table.y[train], table.y[test]
    if table.is_regression:
        y, y_test = scale_target(y, y_test)
    cv = 5
    if table.groups is not None:
        folds = GroupKFold(5) if table.is_regression else StratifiedGroupKFold(5)
        cv = list(folds.split(X, y, table.groups[train]))
    estimator = method(table.is_regression, cv, split)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seconds = seconds_of_fit(estimator, X, y, PROCESSOR)
    if table.is_regression:
        return estimator.score(X_test, y_test), seconds
    return held_out_log_loss(estimator, X_test, y_test), seconds


class Results:
    """Scores and seconds by table, split and method, in a file if one is given."""

    def __init__(self, path):
        self._path = path
        self._found = json.loads(path.read_text()) if path and path.exists() else {}

    def get(self, table, split, name):
        key = f"{table.name} {split} {name}"
        if name == "ours":
            key += f" {OURS}"
        if key not in self._found:
            self._found[key] = evaluate(METHODS[name], table, split)
            if self._path:
                self._path.write_text(json.dumps(self._found, indent=0))
        return self._found[key]


def report(table, found):
    """Print the line of a table; ranks and seconds of the methods.

    Parameters
    ----------
    table : Table

    found : ndarray of shape (n_splits, n_methods, 2)
        Scores and seconds.
    """
    scores, seconds = found.mean(axis=0).T
    ranks = rankdata(-scores if table.is_regression else scores)
    cells = [
        f"{score:9.4f} ({rank:3.1f}) {second:7.1f}"
        for score, rank, second in zip(scores, ranks, seconds)
    ]
    print(f"{table.name:13s} {'R' if table.is_regression else ' '}", *cells, flush=True)
    return ranks, found[:, :, 1].sum(axis=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--first-split", type=int, default=0)
    parser.add_argument("--only", nargs="*", metavar="TABLE")
    parser.add_argument("--ours-only", action="store_true")
    parser.add_argument("--cache", type=Path)
    arguments = parser.parse_args()
    names = ["ours"] if arguments.ours_only else list(METHODS)
    results = Results(arguments.cache)
    splits = range(arguments.first_split, arguments.first_split + arguments.splits)
    print(f"{'':15s}", *[f"{name:>23s}" for name in names])
    ranks, seconds = [], []
    for table in stored_tables(arguments.data, arguments.only):
        found = [[results.get(table, split, name) for name in names] for split in splits]
        own_ranks, own_seconds = report(table, np.array(found))
        ranks.append(own_ranks)
        seconds.append(own_seconds)
    ranks, seconds = np.mean(ranks, axis=0), np.sum(seconds, axis=0)
    print(f"{'mean rank':15s}", *[f"{rank:23.2f}" for rank in ranks])
    print(f"{'seconds':15s}", *[f"{second:23.0f}" for second in seconds])


if __name__ == "__main__":
    main()
