"""The penalty of the first layer, which has to make features zero."""

import copy

import numpy as np

from ..estimators.path import refuse_constraints
from ..fitting.specification import NetworkSpec
from ..penalties import Nuclear, Penalty
from ..penalties.group import GroupPenalty


def first_penalty(spec: NetworkSpec) -> Penalty:
    """Return the penalty of the first layer."""
    penalties = spec.penalties
    return penalties[0] if isinstance(penalties, list) else penalties


def with_groups(
    spec: NetworkSpec, labels: np.ndarray, first: GroupPenalty | None = None
) -> Penalty | list[Penalty]:
    """Return the penalties, with groups in the first layer if its penalty is one of groups.

    Parameters
    ----------
    spec : NetworkSpec

    labels : ndarray of int of shape (n_features,)
        The group of each feature.

    first : GroupPenalty or None
        Penalty of the first layer; None for that of the specification.
    """
    penalties = spec.penalties
    own, *later = penalties if isinstance(penalties, list) else [penalties]
    penalty = first or own
    if isinstance(penalty, GroupPenalty):
        penalty = copy.copy(penalty)
        penalty.groups = _groups(labels)
    return [penalty, *later] if later else penalty


def _groups(labels):
    members = [np.flatnonzero(labels == label).tolist() for label in np.unique(labels)]
    if all(len(group) == 1 for group in members):
        return None
    return [group for group in members if len(group) > 1]


def refuse_without_selection(spec: NetworkSpec) -> None:
    """Raise a ValueError where no alpha makes features zero."""
    refuse_constraints(spec)
    first = first_penalty(spec)
    if first.smooth or first.is_constraint or isinstance(first, Nuclear):
        raise ValueError(
            f"The penalty of the first layer, {first}, selects no features, however large "
            "alpha is. Set penalty='group_lasso', 'l1' or another one that makes weights "
            "zero, for all layers or for the first."
        )
