"""How often do intervals and sets of classes cover new samples, and how wide are they?

For each table, fits RegularizedMLPRegressorCV(ensemble=True) to two thirds of the samples
and prints, over the other samples of all splits, the coverage of predict_interval (the mean
and the standard deviation over splits) and the mean width, in standard deviations of the
target. With MAPIE, the same of its conformalized quantile regression (CQR) over
HistGradientBoostingRegressor, which takes a third of the training samples to calibrate.

    OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 python benchmarks/intervals.py [FOLDER]
        [--only concrete ...] [--splits 20] [--coverage 0.9] [--hidden 50] [--penalty l2]
        [--alphas 20] [--sets]

With --sets, those of RegularizedMLPClassifierCV.predict_set and mean numbers of classes,
also where sets are drawn; and of MAPIE's in 5 folds over HistGradientBoostingClassifier, by
APS scores (LAC scores for two classes).

Tables are diabetes of scikit-learn (with --sets wine, breast_cancer, digits) and simulated
ones of 400 samples, to which FOLDER adds .npz files as `_tables.py` describes them.
"""

import argparse
import logging
import warnings

import numpy as np
from _tables import Table, scale_target, sklearn_table, stored_tables
from sklearn.datasets import make_friedman1
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifierCV, RegularizedMLPRegressorCV

try:
    from mapie.classification import CrossConformalClassifier
    from mapie.regression import ConformalizedQuantileRegressor
except ImportError:
    CrossConformalClassifier = ConformalizedQuantileRegressor = None

N_SIMULATED = 400


# Tables


def heteroscedastic():
    """Noise that grows tenfold with the second feature."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (N_SIMULATED, 4))
    y = np.sin(3 * X[:, 0]) + 10 ** X[:, 1] / 4 * rng.standard_normal(N_SIMULATED)
    return Table("heteroscedastic", X, y)


def friedman1():
    return Table("friedman1", *make_friedman1(N_SIMULATED, noise=1.0, random_state=0))


def more_features():
    """A linear signal in 5 of 600 features: more than samples."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N_SIMULATED, 600))
    return Table(
        "more features", X, X[:, :5].sum(axis=1) + rng.standard_normal(N_SIMULATED)
    )


def overlapping():
    """Four classes that overlap."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N_SIMULATED, 5))
    level = X[:, 0] + np.tanh(2 * X[:, 1]) + 0.7 * rng.standard_normal(N_SIMULATED)
    return Table("overlapping", X, np.digitize(level, [-1, 0, 1]))


def tables(arguments):
    if arguments.sets:
        yield from map(sklearn_table, ("wine", "breast_cancer", "digits"))
        yield overlapping()
    else:
        yield sklearn_table("diabetes")
        yield from (friedman1(), heteroscedastic(), more_features())
    if arguments.folder:
        for table in stored_tables(arguments.folder, arguments.only):
            if table.is_regression != arguments.sets:
                yield table


# What is compared: functions that return lower and upper ends, or sets.


def ours(X, X_test, y, seed, arguments):
    hidden = tuple(arguments.hidden)
    settings = dict(penalty=arguments.penalty, alphas=arguments.alphas)
    settings |= dict(ensemble=True, random_state=seed)
    if not arguments.sets:
        mlp = RegularizedMLPRegressorCV(hidden, **settings).fit(X, y)
        return {"CV+": mlp.predict_interval(X_test, arguments.coverage)}
    mlp = RegularizedMLPClassifierCV(hidden, scoring="neg_log_loss", **settings).fit(X, y)
    return {
        "CV+": mlp.predict_set(X_test, arguments.coverage),
        "CV+, drawn": mlp.predict_set(X_test, arguments.coverage, seed),
    }


def theirs(X, X_test, y, seed, arguments):
    if ConformalizedQuantileRegressor is None:
        return {}
    if arguments.sets:
        model = CrossConformalClassifier(
            HistGradientBoostingClassifier(random_state=seed),
            confidence_level=arguments.coverage,
            # It has no APS scores for two classes.
            conformity_score="aps" if len(np.unique(y)) > 2 else "lac",
            cv=5,
            random_state=seed,
        )
        return {
            "MAPIE, boosting": model.fit_conformalize(X, y).predict_set(X_test)[1][..., 0]
        }
    model = ConformalizedQuantileRegressor(
        HistGradientBoostingRegressor(loss="quantile", random_state=seed),
        confidence_level=arguments.coverage,
    )
    X, X_calibration, y, y_calibration = train_test_split(
        X, y, test_size=1 / 3, random_state=seed
    )
    model.fit(X, y).conformalize(X_calibration, y_calibration)
    return {"MAPIE, boosting": model.predict_interval(X_test)[1][..., 0]}


def measure(found, y, classes):
    """Return the share that is covered, and the mean width or number of classes."""
    if classes is None:
        lower, upper = found.T
        return np.mean((lower <= y) & (y <= upper)), np.mean(upper - lower)
    codes = np.searchsorted(classes, y)
    return found[np.arange(len(y)), codes].mean(), found.sum(axis=1).mean()


def measured(table, arguments):
    """Return the measurements of each method, of shape (n_splits, 2)."""
    rows = {}
    splits = table.shuffled_splits(n_splits=arguments.splits, random_state=0)
    for seed, (train, test) in enumerate(splits):
        prepare = make_pipeline(SimpleImputer(), StandardScaler())
        X, X_test = prepare.fit_transform(table.X[train]), prepare.transform(table.X[test])
        y, y_test = table.y[train], table.y[test]
        if not arguments.sets:
            y, y_test = scale_target(y, y_test)
        classes = np.unique(y) if arguments.sets else None
        for method in (ours, theirs):
            for name, found in method(X, X_test, y, seed, arguments).items():
                rows.setdefault(name, []).append(measure(found, y_test, classes))
    return {name: np.array(values) for name, values in rows.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--only", nargs="*", help="of the tables in FOLDER to take")
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--coverage", type=float, default=0.9)
    parser.add_argument("--hidden", type=int, nargs="*", default=[50])
    parser.add_argument("--penalty", default="l2")
    parser.add_argument("--alphas", type=int, default=20)
    parser.add_argument("--sets", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.INFO)  # MAPIE's, of quantiles that cross
    size = "classes" if arguments.sets else "width"
    print(f"{'table':16s} {'method':16s} {'coverage':>8s} {'(std.)':>7s} {size:>8s}")
    coverages = {}
    for table in tables(arguments):
        for name, rows in measured(table, arguments).items():
            coverage, mean_size = rows.mean(axis=0)
            cells = f"{coverage:8.3f} {rows[:, 0].std():7.3f} {mean_size:8.3f}"
            print(f"{table.name:16s} {name:16s} {cells}", flush=True)
            coverages.setdefault(name, []).append(coverage)
    for name, values in coverages.items():
        print(f"{'all tables':16s} {name:16s} {np.mean(values):8.3f}")


if __name__ == "__main__":
    main()
