"""Do two versions of the package choose networks that predict equally well?

    python benchmarks/same_quality.py CHECKOUT_A CHECKOUT_B --tables FOLDER
        [--only TABLE ...] [--penalties l1 elasticnet group_lasso] [--splits 5]
        [--starts 1] [--samples 1000] [--max-seconds 600]

FOLDER has the tables as .npz files, and each checkout has its extension built. For every
table, split and penalty, both versions choose alpha by cross-validation, with 20 hidden
units, on two thirds of the samples. Prints the log loss or, of regressions, 1 - R2 on the
others, averaged over `--starts` random starts, the ratio of B to A, and features and
seconds of both; then the geometric mean of the ratios, and the largest. Larger tables are
cut to `--samples` samples.
"""

import argparse
import json
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from _checkouts import run_script
from _tables import stored_table, stored_tables
from sklearn.metrics import log_loss, r2_score
from sklearn.preprocessing import StandardScaler


def parts(table, seed, n_samples):
    """Return X, X_test, y, y_test of one split, standardised by the training samples."""
    complete = np.isfinite(table.X.astype(float)).all(axis=0)
    train, test = next(table.shuffled_splits(n_splits=1, random_state=seed))
    train, test = train[:n_samples], test[:n_samples]
    X, X_test = (table.X[rows][:, complete].astype(float) for rows in (train, test))
    varies = X.std(axis=0) > 0
    scaler = StandardScaler().fit(X[:, varies])
    X, X_test = (scaler.transform(part[:, varies]) for part in (X, X_test))
    y, y_test = table.y[train], table.y[test]
    if table.is_regression:
        y, y_test = ((part - y.mean()) / y.std() for part in (y, y_test))
    return X, X_test, y, y_test


def fit_here(arguments):
    """Fit one model, and print its loss on the test samples."""
    from sknormreg import RegularizedMLPClassifierCV, RegularizedMLPRegressorCV

    path, penalty, seed, n_samples, start = arguments
    table = stored_table(path)
    X, X_test, y, y_test = parts(table, int(seed), int(n_samples))
    cls = RegularizedMLPRegressorCV if table.is_regression else RegularizedMLPClassifierCV
    scoring = None if table.is_regression else "neg_log_loss"
    model = cls(
        (20,), penalty=penalty, scoring=scoring, random_state=int(seed) + 1000 * int(start)
    )
    began = time.process_time()
    with warnings.catch_warnings(action="ignore"):
        model.fit(X, y)
    seconds = time.process_time() - began
    if table.is_regression:
        loss = 1 - r2_score(y_test, model.predict(X_test))
    else:
        loss = log_loss(y_test, model.predict_proba(X_test), labels=model.classes_)
    n_features = int(np.sum(model.selected_features_))
    print(json.dumps({"loss": loss, "features": n_features, "seconds": seconds}))


def measure(checkout, arguments, *what):
    """Return what one version finds, on average; None if it takes too long."""
    found = []
    for start in range(arguments.starts):
        options = ["--fit", *what, start]
        try:
            found.append(run_script(__file__, options, checkout, arguments.max_seconds))
        except subprocess.TimeoutExpired:
            return None
    return {name: np.mean([one[name] for one in found]) for name in found[0]}


def main():
    if sys.argv[1:2] == ["--fit"]:
        fit_here(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkouts", nargs=2)
    parser.add_argument("--tables", required=True)
    parser.add_argument("--only", nargs="+")
    parser.add_argument(
        "--penalties", nargs="+", default=["l1", "elasticnet", "group_lasso"]
    )
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--starts", type=int, default=1)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--max-seconds", type=float, default=600)
    arguments = parser.parse_args()
    ratios = []
    for table in stored_tables(arguments.tables, arguments.only):
        path = Path(arguments.tables, f"{table.name}.npz")
        for penalty in arguments.penalties:
            for seed in range(arguments.splits):
                what = path, penalty, seed, arguments.samples
                a, b = (measure(one, arguments, *what) for one in arguments.checkouts)
                name = f"{table.name:14s} {penalty:11s} {seed}"
                if a is None or b is None:
                    late = "A" if a is None else "B"
                    print(f"{name}  {late} took too long", flush=True)
                    continue
                ratios.append(b["loss"] / a["loss"])
                print(
                    f"{name}  {a['loss']:.4f} {b['loss']:.4f} {ratios[-1]:.3f}  features "
                    f"{a['features']:g} {b['features']:g}  s {a['seconds']:.1f} "
                    f"{b['seconds']:.1f}",
                    flush=True,
                )
    if ratios:
        mean, largest = np.exp(np.mean(np.log(ratios))), np.max(ratios)
        print(f"{len(ratios)} fits: geometric mean {mean:.4f}, largest {largest:.3f}")


if __name__ == "__main__":
    main()
