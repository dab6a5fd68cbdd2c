"""Samples that are there several times, as one sample of a larger weight."""

from itertools import chain

import numpy as np
from scipy import sparse

from ..engine import Data


def distinct_samples(data: Data) -> tuple[Data, np.ndarray]:
    """Merge samples of the same features and targets, and sort them.

    Copies are no independent samples: permuted on their own they would look like fewer
    relations than there are by chance. In the order of targets and then features, it makes
    no difference in which order, and how often, samples are given, rather than weighted.

    Parameters
    ----------
    data : Data

    Returns
    -------
    data : Data
        Samples of positive weight, with the sums of the weights of their copies.

    rows : ndarray of int
        The first copy of each, as a row of the given data.
    """
    X, y, weight = data
    n_samples = X.shape[0]
    kept = np.arange(n_samples) if weight is None else np.flatnonzero(weight)
    places = _places(X[kept] if len(kept) < n_samples else X, y[kept])
    _, first, labels = np.unique(places, return_index=True, return_inverse=True)
    given = None if weight is None else weight[kept].astype(np.float64)
    weights = np.bincount(labels, given).astype(X.dtype)
    rows = kept[first]
    merged = weight is not None or len(rows) < n_samples
    return Data(X[rows], y[rows], weights if merged else None), rows


def _places(X, y):
    """Return the place of each sample in the order of y and then of the features.

    Samples that are equal share the place of the first of them.
    """
    places = np.zeros(X.shape[0], dtype=np.intp)
    X = X.tocsc() if sparse.issparse(X) else X
    columns = (_column(X, j) for j in range(X.shape[1]))
    for column in chain(y.reshape(len(y), -1).T, columns):
        tied = np.flatnonzero(np.bincount(places)[places] > 1)
        if not len(tied):
            break
        order = np.lexsort((column[tied], places[tied]))
        group, value = places[tied][order], column[tied][order]
        positions = np.arange(len(tied))
        is_group = np.append(True, group[1:] != group[:-1])
        is_part = is_group | np.append(True, value[1:] != value[:-1])
        starts_of_groups = np.maximum.accumulate(np.where(is_group, positions, 0))
        starts_of_parts = np.maximum.accumulate(np.where(is_part, positions, 0))
        places[tied[order]] = group + starts_of_parts - starts_of_groups
    return places


def _column(X, j):
    return X[:, [j]].toarray().ravel() if sparse.issparse(X) else X[:, j]
