"""A penalty and an alpha for each layer, from the parameters of an estimator."""

from numbers import Real
from typing import Any

import numpy as np

from .._names import did_you_mean
from .._warnings import warn
from ..penalties import PENALTIES, ElasticNet, Layout, Penalty, SparseGroupLasso
from ..penalties.separable import l2_by_row


def named_penalties(penalty: Any, l1_ratio: float) -> Penalty | list[Penalty]:
    """Return the instances for an estimator's parameter `penalty`.

    Parameters
    ----------
    penalty : str, Penalty, or list of them

    l1_ratio : float
        Parameter of "elasticnet" and "sparse_group_lasso".

    Returns
    -------
    penalties : Penalty or list of Penalty

    Raises
    ------
    ValueError
        If `penalty` is none of these, or has an unknown name.
    """
    if isinstance(penalty, list | tuple):
        return [_one_penalty(entry, l1_ratio, penalty) for entry in penalty]
    return _one_penalty(penalty, l1_ratio, penalty)


def _one_penalty(entry, l1_ratio, given):
    if isinstance(entry, Penalty):
        return entry
    if isinstance(entry, str) and entry in PENALTIES:
        cls = PENALTIES[entry]
        return cls(l1_ratio) if cls in (ElasticNet, SparseGroupLasso) else cls()
    if isinstance(entry, type) and issubclass(entry, Penalty):
        raise ValueError(
            f"penalty must be an instance of Penalty, got the class {entry.__name__}: "
            f"write {entry.__name__}()."
        )
    raise ValueError(
        f"penalty must be one of {sorted(PENALTIES)}, an instance of Penalty, or one of "
        f"these for each layer, got {given!r}.{did_you_mean(given, PENALTIES)}"
    )


def needs_skip(penalties: Penalty | list[Penalty]) -> bool:
    """Return whether the network is to have a skip connection."""
    if isinstance(penalties, list):
        return any(penalty.needs_skip for penalty in penalties)
    return penalties.needs_skip


def penalties_by_layer(penalties: Penalty | list[Penalty], layout: Layout) -> list[Penalty]:
    """Bind penalties to the layers of a network.

    Parameters
    ----------
    penalties : Penalty or list of Penalty

    layout : Layout

    Returns
    -------
    penalties : list of Penalty
        One for each layer.

    Raises
    ------
    ValueError
        If the list does not have one penalty for each layer, or if a parameter of a
        penalty is invalid.
    """
    if not isinstance(penalties, list):
        return _bound(penalties, layout)
    n_layers = len(layout.shapes)
    if len(penalties) != n_layers:
        raise ValueError(
            f"penalty has {len(penalties)} entries, but the network has {n_layers} layers "
            "of weights, one more than hidden layers."
        )
    for i, penalty in enumerate(penalties[1:], start=1):
        if penalty.first_layer_only:
            raise ValueError(
                f"penalty={penalty} concerns features and can only be that of the first "
                f"layer, layer 0, got it for layer {i}."
            )
    return [_bound(penalty, layout)[i] for i, penalty in enumerate(penalties)]


def _bound(penalty, layout):
    """Bind one penalty, and check that a class of one's own did."""
    bound = penalty.bind(layout)
    n_layers = len(layout.shapes)
    if not isinstance(bound, list) or len(bound) != n_layers:
        raise ValueError(
            f"{type(penalty).__name__}.bind must return a list of {n_layers} penalties, "
            f"one for each layer of weights, got {bound!r}."
        )
    return bound


def alphas_of_features(
    alpha: Any, penalties: list[Penalty], n_features: int
) -> tuple[Any, list[Penalty]]:
    """Replace an alpha for each feature by a penalty with a factor for each feature.

    Parameters
    ----------
    alpha : float or list
        As the estimators take it: if the penalty of the first layer is L2, the first
        entry of a list may be an array with an alpha for each feature.

    penalties : list of Penalty
        One for each layer.

    n_features : int

    Returns
    -------
    alpha : float or list
        With the mean in place of the array.

    penalties : list of Penalty

    Raises
    ------
    ValueError
        If the array does not have one number of at least 0 for each feature, or if the
        penalty of the first layer is not L2.
    """
    if not isinstance(alpha, list | tuple) or not alpha or np.ndim(alpha[0]) == 0:
        return alpha, penalties
    by_feature, *others = alpha
    if not _is_l2(penalties[0]):
        raise ValueError(
            f"alpha has an array for the first layer, whose penalty is {penalties[0]}: "
            "only penalty='l2' takes an alpha for each feature."
        )
    if np.shape(by_feature) != (n_features,) or not all(map(_is_alpha, by_feature)):
        raise ValueError(
            f"The first entry of alpha must be a number or an array of {n_features} finite "
            f"numbers of at least 0, one for each feature, got {by_feature!r}."
        )
    mean, first = l2_by_row(by_feature)
    return [mean, *others], [first, *penalties[1:]]


def all_l2(penalties: list[Penalty]) -> bool:
    """Return whether the penalty of each layer is L2."""
    return all(map(_is_l2, penalties))


def _is_l2(penalty):
    return isinstance(penalty, ElasticNet) and penalty.l1_ratio == 0


def alphas_by_layer(
    alpha: Any, penalties: list[Penalty], by_name: bool = False
) -> np.ndarray:
    """Return the alpha of each layer, and warn if one of them is ineffective.

    Parameters
    ----------
    alpha : float or array-like of shape (n_layers,)

    penalties : list of Penalty
        One for each layer.

    by_name : bool, default=False
        Whether the penalty was given by name, and thus without a radius. An alpha of a
        constraint then contradicts no other setting: it is a warning, not an error.

    Returns
    -------
    alphas : ndarray of shape (n_layers,)

    Raises
    ------
    ValueError
        If they are not numbers of at least 0, one for each layer, or if one is given for
        a constraint.
    """
    one_for_all = isinstance(alpha, Real) or getattr(alpha, "ndim", 1) == 0
    given = [alpha] * len(penalties) if one_for_all else list(alpha)
    if len(given) != len(penalties):
        raise ValueError(
            f"alpha has {len(given)} entries, but the network has {len(penalties)} layers "
            "of weights, one more than hidden layers."
        )
    if not all(_is_alpha(entry) for entry in given):
        raise ValueError(
            f"alpha must be a finite number of at least 0, or one for each layer, got "
            f"{alpha!r}."
        )
    alphas = np.array(given, dtype=np.float64)
    constrained = np.array([penalty.is_constraint for penalty in penalties])
    ignored = constrained & (alphas != 1)
    if ignored.all() if one_for_all else ignored.any():
        penalty = penalties[int(np.flatnonzero(ignored)[0])]
        message = (
            f"alpha={alpha!r} has no meaning for the constraint penalty={penalty}: leave "
            "alpha at 1 there, and tune the radius (penalty__radius in a grid search)."
        )
        if not by_name:
            raise ValueError(message)
        warn(message)
    _warn_of_loophole(alphas, constrained)
    return alphas


def _is_alpha(value):
    return (
        isinstance(value, Real)
        and not isinstance(value, bool | np.bool_)
        and bool(np.isfinite(float(value)))
        and float(value) >= 0
    )


def _warn_of_loophole(alphas, constrained):
    free = ~constrained & (alphas == 0)
    if free.any() and not free.all():
        layers = np.flatnonzero(free).tolist()
        warn(
            f"alpha is 0 in layers {layers} and not in others: the layers without a "
            "penalty can grow to make up for those that shrink, so that the penalty "
            "chooses a scale rather than a network. Set a positive alpha, however small, "
            "for every layer."
        )
