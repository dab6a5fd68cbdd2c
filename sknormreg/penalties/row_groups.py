"""Groups of rows of a weight matrix: what group penalties keep or remove as a whole.

A row of a layer's weights are those that leave one input or one hidden unit. Without them
the input, or the unit, has no effect.
"""

from collections.abc import Mapping
from numbers import Integral

import numpy as np


class RowGroups:
    """A partition of the rows of a weight matrix.

    Parameters
    ----------
    labels : ndarray of int of shape (fan_in,) or None
        The group of each row, groups counted from 0; None where every row is one.
    """

    def __init__(self, labels=None):
        self.labels = labels

    def sums(self, per_row):
        """Sums over the groups of a number for each row, shape (n_groups,)."""
        if self.labels is None:
            return per_row
        return np.bincount(self.labels, per_row)

    def spread(self, per_group):
        """A number for each group as a column for the rows, shape (fan_in, 1)."""
        per_row = per_group if self.labels is None else per_group[self.labels]
        return per_row[:, None]

    def norms(self, weights):
        """Euclidean norms of the groups, in double precision, shape (n_groups,)."""
        squares = np.einsum("ij,ij->i", weights, weights, dtype=np.float64)
        return np.sqrt(self.sums(squares))

    def sizes(self, weights):
        """Number of weights in each group, shape (n_groups,)."""
        fan_in, fan_out = weights.shape
        return self.sums(np.full(fan_in, float(fan_out)))

    def are_zero(self, weights):
        """Mask of the groups all of whose weights are exactly 0, shape (n_groups,)."""
        return self.sums(weights.any(axis=1).astype(np.float64)) == 0


def resolve_groups(groups, n_features, feature_names):
    """The `RowGroups` of a user's groups of columns.

    Parameters
    ----------
    groups : sequence or dict
        Each of them, or of the dict's values, a sequence of column indices or of column
        names, or a string: the columns whose names begin with it, and not with a longer
        one. Columns in none of them are groups of one.

    n_features : int

    feature_names : ndarray of str or None

    Raises
    ------
    ValueError
        If groups overlap, are empty, or name columns that are not there; if each in a
        list is the name of one of several columns, so that nothing would be grouped.
    """
    if isinstance(groups, str) or not np.iterable(groups):
        raise ValueError(
            "groups must be a list of groups, each of them a list of column indices or "
            f"names, or the beginning of column names, got {groups!r}."
        )
    is_named = isinstance(groups, Mapping)
    groups = list(groups.values() if is_named else groups)
    labels = np.full(n_features, -1)
    for label, group in enumerate(groups):
        for column in _columns(group, groups, n_features, feature_names):
            if labels[column] >= 0:
                _refuse_overlap(column, group, groups[labels[column]], feature_names)
            labels[column] = label
    if not is_named and 1 < len(groups) == (labels >= 0).sum() < n_features:
        _refuse_names(groups, feature_names)
    alone = labels < 0
    labels[alone] = labels.max(initial=-1) + 1 + np.arange(alone.sum())
    return RowGroups(labels)


def names_of_groups(groups, n_features, feature_names):
    """The name of the group that each column is in.

    Parameters
    ----------
    groups, n_features, feature_names
        As `resolve_groups` takes them.

    Returns
    -------
    names : list of str or None of length n_features
        Of a group its key in a dict, the beginning of names that it was given by, or its
        place in the list, as "groups[0]"; None of a column that is in none of them.
    """
    labels = resolve_groups(groups, n_features, feature_names).labels
    if isinstance(groups, Mapping):
        names = [str(key) for key in groups]
    else:
        names = [
            str(group) if isinstance(group, str) else f"groups[{i}]"
            for i, group in enumerate(groups)
        ]
    return [names[label] if label < len(names) else None for label in labels]


def _refuse_overlap(column, group, other, feature_names):
    name = column if feature_names is None else f"{feature_names[column]!r}"
    problem = f"column {name} is in group {group!r} and in group {other!r}"
    if group is other:
        problem = f"column {name} is in group {group!r} twice"
    if isinstance(group, str) and isinstance(other, str):
        problem = f"the group {group!r} is there twice"
    raise ValueError(f"groups overlap: {problem}. Every column can be in one group only.")


def _refuse_names(groups, feature_names):
    """Refuse the names of columns that were meant as one group."""
    if all(isinstance(group, str) and group in feature_names for group in groups):
        raise ValueError(
            f"groups={groups!r} has a group for each of these columns. For one group of "
            f"all of them write a list of lists, groups={[groups]!r}."
        )


def _columns(group, groups, n_features, feature_names):
    """Indices of the columns of one of the groups."""
    if isinstance(group, str):
        return _beginning(group, groups, _checked_names(feature_names, group))
    if not np.iterable(group):
        raise ValueError(
            "Each of groups must be a list of column indices or names, or the beginning "
            f"of column names, got {group!r}: a list for each group, not a label for each "
            "column."
        )
    columns = [_column(entry, group, n_features, feature_names) for entry in group]
    if not columns:
        raise ValueError("groups has an empty group.")
    return columns


def _beginning(group, groups, feature_names):
    """Indices of the columns whose names begin with a group, and with no longer one."""
    longer = [g for g in groups if isinstance(g, str) and len(g) > len(group)]
    found = [i for i, name in enumerate(feature_names) if name.startswith(group)]
    columns = [i for i in found if not feature_names[i].startswith(tuple(longer))]
    if not found:
        raise ValueError(
            f"groups has the beginning {group!r}, with which no column name begins. "
            f"Columns are {_shortened(feature_names)}."
        )
    if not columns:
        raise ValueError(
            f"groups has the beginning {group!r}, but all columns whose names begin with "
            "it belong to other groups, with longer ones."
        )
    return columns


def _column(entry, group, n_features, feature_names):
    if isinstance(entry, str):
        names = list(_checked_names(feature_names, entry))
        if entry not in names:
            raise ValueError(
                f"groups names the column {entry!r}, which X does not have. Columns are "
                f"{_shortened(feature_names)}."
            )
        return names.index(entry)
    if not isinstance(entry, Integral) or isinstance(entry, bool):
        raise ValueError(
            "Each of groups must be a list of column indices or names, or the beginning "
            f"of column names, got {group!r}."
        )
    if not 0 <= entry < n_features:
        raise ValueError(
            f"groups has the column index {entry}, out of range for X with {n_features} "
            "columns, which are counted from 0."
        )
    return int(entry)


def _checked_names(feature_names, entry):
    if feature_names is None:
        raise ValueError(
            f"groups has the name {entry!r}, but X has no column names. Fit with a "
            "DataFrame, or give column indices. In a pipeline the steps before may drop "
            "names: .set_output(transform='pandas') keeps them (of dense output, such as "
            "that of OneHotEncoder(sparse_output=False))."
        )
    return feature_names


def _shortened(names, most=10):
    shown = ", ".join(repr(str(name)) for name in names[:most])
    return f"{shown}, ..." if len(names) > most else shown
