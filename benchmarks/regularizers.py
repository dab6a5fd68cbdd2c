"""What do dropout, noise, mixup, label smoothing and averages add to an L2 penalty?

DIRECTORY holds .npz files as `_tables.py` describes them. All fits of a split see the same
standardised features and targets, with missing values imputed, and have the same solver and
alpha, except for rows of another alpha.

    python benchmarks/regularizers.py DIRECTORY [--only NAME ...] [--splits 5] [--alpha 1]
        [--solver adam] [--jobs 1] [--set hidden_layer_sizes=50 ...]

Prints for each table the mean over the splits of held-out log loss (classification) or R2
(regression) without any of them, and for each of them at each strength: the mean, the mean
difference, on how many splits it is better, and the median ratio of processor times. At the
end, for each of them: on how many tables it is better, and the median over the tables of
the difference, relative to the log loss or to 1 - R2 without any.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
from _scores import held_out_loss
from _tables import stored_tables
from _timing import PROCESSOR, seconds_of_fit
from default_fits import parse
from joblib import Parallel, delayed
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor

STRENGTHS = {
    "alpha": (0.1, 10.0),
    "dropout": (0.1, 0.3, 0.5),
    "input_dropout": (0.05, 0.2),
    "input_noise": (0.1, 0.3, 1.0),
    "mixup": (0.1, 0.4, 1.0),
    "label_smoothing": (0.05, 0.1, 0.2),
    "n_iter_average": (3, 10),
}


def settings(is_regression):
    """Yield the parameters of each fit; the first ones are empty."""
    yield {}
    for name, strengths in STRENGTHS.items():
        if name != "label_smoothing" or not is_regression:
            yield from ({name: strength} for strength in strengths)


def losses_and_seconds(table, split, seed, common):
    """Return held-out losses and seconds of all settings, shape (n_settings, 2)."""
    train, test = split
    prepare = make_pipeline(SimpleImputer(), StandardScaler())
    X, X_test = prepare.fit_transform(table.X[train]), prepare.transform(table.X[test])
    cls = RegularizedMLPClassifier
    y = table.y
    if table.is_regression:
        cls, y = RegularizedMLPRegressor, scale(y)
    rows = []
    for params in settings(table.is_regression):
        model = cls(random_state=seed, **{**common, **params})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            seconds = seconds_of_fit(model, X, y[train], PROCESSOR)
        rows.append((held_out_loss(model, X_test, y[test]), seconds))
    return np.array(rows)


def report(table, found):
    """Print the rows of a table; return relative differences to no regulariser by name.

    found : ndarray of shape (n_splits, n_settings, 2)
    """
    losses, seconds = found[..., 0], found[..., 1]
    score, sign = ("R2", -1) if table.is_regression else ("log loss", 1)
    relative = {}
    n_splits = len(losses)
    print(f"{table.name}: {table.X.shape[0]} x {table.X.shape[1]}, mean {score}")
    for i, params in enumerate(settings(table.is_regression)):
        name = " ".join(f"{key}={value:g}" for key, value in params.items()) or "none"
        mean = losses[:, i].mean()
        difference = losses[:, i] - losses[:, 0]
        shown = 1 - mean if table.is_regression else mean
        line = f"  {name:22s} {shown:8.4f}"
        if params:
            better = int((difference < 0).sum())
            ratio = np.median(seconds[:, i] / seconds[:, 0])
            line += f" {sign * difference.mean():+8.4f} {better:3d}/{n_splits} {ratio:6.2f}"
            relative[name] = difference.mean() / losses[:, 0].mean()
        print(line, flush=True)
    return relative


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--alpha", type=float, default=1.0)
    parser.add_argument("--solver", default="adam")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args()
    common = dict(alpha=arguments.alpha, solver=arguments.solver)
    common |= parse(arguments.set)
    all_relative = {}
    for table in stored_tables(arguments.directory, arguments.only):
        splits = table.shuffled_splits(n_splits=arguments.splits, random_state=0)
        found = Parallel(arguments.jobs)(
            delayed(losses_and_seconds)(table, split, seed, common)
            for seed, split in enumerate(splits)
        )
        for name, value in report(table, np.array(found)).items():
            all_relative.setdefault(name, []).append(value)
    print("on how many tables better than none, and median relative difference of the loss")
    for name, values in all_relative.items():
        better = sum(value < 0 for value in values)
        print(f"  {name:22s} {better:3d}/{len(values)} {np.median(values):+8.1%}")


if __name__ == "__main__":
    main()
