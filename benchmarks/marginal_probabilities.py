"""Are class probabilities better with the weights integrated out?

    OPENBLAS_NUM_THREADS=1 python benchmarks/marginal_probabilities.py DIRECTORY
        [--only TABLE ...] [--splits 5] [--seed 0] [--units 100]

DIRECTORY has tables as `_tables.py` describes them; those of regressions are left out. Fits
`alpha="evidence"` to two thirds of each, and prints the median log loss of the others by
the most probable network and with the weights integrated out, the median ratio, the
temperature of the last split (0 for the most probable network alone), and seconds.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from _scores import held_out_log_loss
from _tables import stored_tables
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier


def losses(table, train, test, units):
    """Return the log loss of the most probable network, that of means, and the model."""
    prepare = make_pipeline(SimpleImputer(), StandardScaler())
    X, X_test = prepare.fit_transform(table.X[train]), prepare.transform(table.X[test])
    model = RegularizedMLPClassifier((units,), alpha="evidence", random_state=0)
    with warnings.catch_warnings(action="ignore"):
        model.fit(X, table.y[train])
    marginal = held_out_log_loss(model, X_test, table.y[test])
    posterior = vars(model).pop("_posterior", None)
    temperature = 0.0 if posterior is None else posterior.temperature
    return held_out_log_loss(model, X_test, table.y[test]), marginal, temperature


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--units", type=int, default=100)
    arguments = parser.parse_args()
    print("table          most probable  marginal  ratio  temperature  seconds")
    ratios = []
    for table in stored_tables(arguments.directory, arguments.only):
        if table.is_regression:
            continue
        start = time.process_time()
        splits = table.shuffled_splits(
            n_splits=arguments.splits, random_state=arguments.seed
        )
        rows = np.array([losses(table, *split, arguments.units) for split in splits])
        seconds = (time.process_time() - start) / len(rows)
        ratios.append(np.median(rows[:, 1] / rows[:, 0]))
        probable, marginal = np.median(rows[:, :2], axis=0)
        print(
            f"{table.name:14s} {probable:13.4f} {marginal:9.4f} {ratios[-1]:6.3f} "
            f"{rows[-1, 2]:12.2g} {seconds:8.1f}",
            flush=True,
        )
    better = np.sum(np.array(ratios) < 1)
    print(f"better on {better} of {len(ratios)} tables, worst ratio {max(ratios):.3f}")


if __name__ == "__main__":
    main()
