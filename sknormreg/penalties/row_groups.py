"""Groups of rows of a weight matrix, which group penalties keep or remove as a whole.

A row holds the weights from one feature or one hidden unit. If they are zero, the feature
or the unit has no effect.
"""

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np


class RowGroups:
    """Partition of the rows of a weight matrix.

    Parameters
    ----------
    labels : ndarray of int of shape (fan_in,) or None, default=None
        The group of each row, counted from 0; None if every row is a group.

    sizes : ndarray of shape (n_groups,) or None, default=None
        Number of weights in each group, where rows and columns are a part of a matrix;
        None if they are all of it.
    """

    def __init__(
        self, labels: np.ndarray | None = None, sizes: np.ndarray | None = None
    ) -> None:
        self.labels, self.part_sizes = labels, sizes

    def part(self, rows: np.ndarray, fan_out: int) -> "RowGroups":
        """Return the groups of some rows, which keep their numbers of weights.

        Parameters
        ----------
        rows : ndarray of int
            All rows of the groups that they belong to.

        fan_out : int
            Number of columns of the whole matrix.
        """
        if self.labels is None:
            sizes = np.full(len(rows), float(fan_out))
            return RowGroups(
                None, sizes if self.part_sizes is None else self.part_sizes[rows]
            )
        kept, labels = np.unique(self.labels[rows], return_inverse=True)
        if self.part_sizes is not None:
            return RowGroups(labels, self.part_sizes[kept])
        return RowGroups(labels, np.bincount(self.labels)[kept] * float(fan_out))

    def with_groups_of(self, rows: np.ndarray) -> np.ndarray:
        """Return the mask of all rows of the groups that a mask of rows belongs to."""
        if self.labels is None:
            return rows
        return (np.bincount(self.labels, rows) > 0)[self.labels]

    def sums(self, per_row: np.ndarray) -> np.ndarray:
        """Sum a number for each row over the groups, shape (n_groups,)."""
        if self.labels is None:
            return per_row
        return np.bincount(self.labels, per_row)

    def spread(self, per_group: np.ndarray) -> np.ndarray:
        """Repeat a number for each group for its rows, shape (fan_in, 1)."""
        per_row = per_group if self.labels is None else per_group[self.labels]
        return per_row[:, None]

    def gather(self, per_row: np.ndarray) -> np.ndarray:
        """Return a number for each group from one for each row, shape (fan_in, 1)."""
        if self.labels is None:
            return per_row[:, 0]
        per_group = np.empty(int(self.labels.max()) + 1, per_row.dtype)
        per_group[self.labels] = per_row[:, 0]
        return per_group

    def norms(self, weights: np.ndarray) -> np.ndarray:
        """Return the norms of the groups in double precision, shape (n_groups,)."""
        squares = np.einsum("ij,ij->i", weights, weights, dtype=np.float64)
        return np.sqrt(self.sums(squares))

    def sizes(self, weights: np.ndarray) -> np.ndarray:
        """Return the number of weights in each group, shape (n_groups,)."""
        if self.part_sizes is not None:
            return self.part_sizes
        fan_in, fan_out = weights.shape
        return self.sums(np.full(fan_in, float(fan_out)))

    def are_zero(self, weights: np.ndarray) -> np.ndarray:
        """Return the mask of the groups whose weights are all 0, shape (n_groups,)."""
        any_nonzero = np.asarray(weights.any(axis=1), dtype=np.float64)
        return self.sums(any_nonzero) == 0


def resolve_groups(
    groups: Any, n_features: int, feature_names: np.ndarray | None
) -> RowGroups:
    """Return the `RowGroups` of groups of features.

    Parameters
    ----------
    groups : sequence or dict
        Groups as `GroupLasso` takes them.

    n_features : int
        Number of features.

    feature_names : ndarray of str or None
        Names of the features, if they have any.

    Returns
    -------
    rows : RowGroups
        The partition of the features.

    Raises
    ------
    ValueError
        If groups overlap or are empty, if a feature or a prefix is unknown, or if each
        entry of a list is the name of a single feature, so that nothing would be grouped.
    """
    if isinstance(groups, str) or not np.iterable(groups):
        raise ValueError(
            "groups must be a list of groups, each a list of feature indices or names, or "
            f"a prefix of feature names, got {groups!r}."
        )
    entries = list(groups.values() if isinstance(groups, Mapping) else groups)
    labels = np.full(n_features, -1)
    for label, group in enumerate(entries):
        for feature in _features(group, entries, n_features, feature_names):
            if labels[feature] >= 0:
                _refuse_overlap(feature, group, entries[labels[feature]], feature_names)
            labels[feature] = label
    n_grouped = (labels >= 0).sum()
    if not isinstance(groups, Mapping) and 1 < len(entries) == n_grouped < n_features:
        _refuse_names(entries, feature_names)
    alone = labels < 0
    labels[alone] = labels.max(initial=-1) + 1 + np.arange(alone.sum())
    return RowGroups(labels)


def names_of_groups(
    groups: Any, n_features: int, feature_names: np.ndarray | None
) -> list[str | None]:
    """Return the name of the group of each feature.

    Parameters
    ----------
    groups, n_features, feature_names
        As `resolve_groups` takes them.

    Returns
    -------
    names : list of str or None, of length n_features
        The name of a group is its key in a dict, its prefix, or its position in the list,
        such as "groups[0]". None for features in none of the groups.
    """
    labels: Any = resolve_groups(groups, n_features, feature_names).labels
    if isinstance(groups, Mapping):
        names = [str(key) for key in groups]
    else:
        names = [
            str(group) if isinstance(group, str) else f"groups[{i}]"
            for i, group in enumerate(groups)
        ]
    return [names[label] if label < len(names) else None for label in labels]


def _refuse_overlap(feature, group, other, feature_names):
    name = feature if feature_names is None else f"{feature_names[feature]!r}"
    problem = f"feature {name} is in group {group!r} and in group {other!r}"
    if group is other:
        problem = f"feature {name} is in group {group!r} twice"
    if isinstance(group, str) and isinstance(other, str):
        problem = f"the group {group!r} is given twice"
    raise ValueError(f"groups overlap: {problem}. Put each feature in one group only.")


def _refuse_names(groups, feature_names):
    """Raise an error if names of features were meant as one group."""
    if all(isinstance(group, str) and group in feature_names for group in groups):
        raise ValueError(
            f"groups={groups!r} has a group for each of these features. For one group of "
            f"all of them, pass a list of lists: groups={[groups]!r}."
        )


def _features(group, groups, n_features, feature_names):
    """Return the indices of the features of one of the groups."""
    if isinstance(group, str):
        return _with_prefix(group, groups, _checked_names(feature_names, group))
    if not np.iterable(group):
        raise ValueError(
            "Each of groups must be a list of feature indices or names, or a prefix of "
            f"feature names, got {group!r}. Pass a list for each group, not a label for "
            "each feature."
        )
    features = [_feature(entry, group, n_features, feature_names) for entry in group]
    if not features:
        raise ValueError("groups has an empty group: remove it.")
    return features


def _with_prefix(group, groups, feature_names):
    """Return the indices of the features for which a group is the longest prefix."""
    longer = [g for g in groups if isinstance(g, str) and len(g) > len(group)]
    found = [i for i, name in enumerate(feature_names) if name.startswith(group)]
    features = [i for i in found if not feature_names[i].startswith(tuple(longer))]
    if not found:
        raise ValueError(
            f"groups has the prefix {group!r}, with which no feature name begins. The "
            f"features are {_shortened(feature_names)}."
        )
    if not features:
        raise ValueError(
            f"groups has the prefix {group!r}, but all features whose names begin with it "
            "belong to groups with longer prefixes."
        )
    return features


def _feature(entry, group, n_features, feature_names):
    if isinstance(entry, str):
        names = list(_checked_names(feature_names, entry))
        if entry not in names:
            raise ValueError(
                f"groups has the feature {entry!r}, which is not in X. The features are "
                f"{_shortened(feature_names)}."
            )
        return names.index(entry)
    if not isinstance(entry, Integral) or isinstance(entry, bool):
        raise ValueError(
            "Each of groups must be a list of feature indices or names, or a prefix of "
            f"feature names, got {group!r}."
        )
    index = int(entry)
    if not 0 <= index < n_features:
        raise ValueError(
            f"groups has the feature index {index}, out of range for X with {n_features} "
            "features, which are counted from 0."
        )
    return index


def _checked_names(feature_names, entry):
    if feature_names is None:
        raise ValueError(
            f"groups has the name {entry!r}, but X has no feature names. Fit with a "
            "DataFrame, or pass feature indices. In a pipeline, earlier steps may drop the "
            "names: .set_output(transform='pandas') keeps them (for dense output, such as "
            "that of OneHotEncoder(sparse_output=False))."
        )
    return feature_names


def _shortened(names, most=10):
    shown = ", ".join(repr(str(name)) for name in names[:most])
    return f"{shown}, ..." if len(names) > most else shown
