"""The penalty of the first layer, which has to make features zero."""

from ..estimators.path import refuse_constraints
from ..fitting.specification import NetworkSpec
from ..penalties import Nuclear, Penalty


def first_penalty(spec: NetworkSpec) -> Penalty:
    """Return the penalty of the first layer."""
    penalties = spec.penalties
    return penalties[0] if isinstance(penalties, list) else penalties


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
