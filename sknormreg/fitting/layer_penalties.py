"""From what a user says about the penalty to a penalty and an alpha for each layer."""

from numbers import Real

import numpy as np

from .._names import did_you_mean
from .._warnings import warn
from ..penalties import PENALTIES, ElasticNet, Penalty, SparseGroupLasso
from ..penalties.separable import l2_by_row


def named_penalties(penalty, l1_ratio):
    """The instances that an estimator's `penalty` stands for.

    Parameters
    ----------
    penalty : str, Penalty, or list of them

    l1_ratio : float
        Of "elasticnet" and "sparse_group_lasso".

    Returns
    -------
    penalties : Penalty or list of Penalty

    Raises
    ------
    ValueError
        If it is something else.
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


def needs_skip(penalties):
    """Whether the network is to have a skip connection."""
    if isinstance(penalties, list):
        return any(penalty.needs_skip for penalty in penalties)
    return penalties.needs_skip


def penalties_by_layer(penalties, layout):
    """The penalty of each layer.

    Parameters
    ----------
    penalties : Penalty or list of Penalty

    layout : Layout

    Returns
    -------
    penalties : list of Penalty

    Raises
    ------
    ValueError
        If there are not as many as layers, or if one has a parameter that is not valid.
    """
    if not isinstance(penalties, list):
        return penalties.per_layer(layout)
    n_layers = len(layout.shapes)
    if len(penalties) != n_layers:
        raise ValueError(
            f"penalty has {len(penalties)} entries, but the network has {n_layers} layers "
            "of weights, one more than hidden layers."
        )
    for i, penalty in enumerate(penalties[1:], start=1):
        if penalty.of_inputs:
            raise ValueError(
                f"penalty={penalty} speaks of inputs and can only be that of the first "
                f"layer, layer 0, got it for layer {i}."
            )
    return [penalty.per_layer(layout)[i] for i, penalty in enumerate(penalties)]


def alphas_of_inputs(alpha, penalties, n_features):
    """Penalties and alphas that say the same with one number for each layer.

    Parameters
    ----------
    alpha : float or list
        As the estimators take it: its first entry may be an array of an alpha for each
        input, where the first layer's penalty is L2.

    penalties : list of Penalty
        Of each layer.

    n_features : int

    Returns
    -------
    alpha : float or list

    penalties : list of Penalty

    Raises
    ------
    ValueError
        If the array has another length, other entries than numbers of at least 0, or
        another penalty.
    """
    if not isinstance(alpha, list | tuple) or not alpha or np.ndim(alpha[0]) == 0:
        return alpha, penalties
    of_inputs, *others = alpha
    if not _is_l2(penalties[0]):
        raise ValueError(
            f"alpha has an array for the first layer, whose penalty is {penalties[0]}: "
            "only penalty='l2' takes an alpha for each input."
        )
    if np.shape(of_inputs) != (n_features,) or not all(map(_is_alpha, of_inputs)):
        raise ValueError(
            f"The first entry of alpha must be a number or an array of {n_features} finite "
            f"numbers of at least 0, one for each input, got {of_inputs!r}."
        )
    mean, first = l2_by_row(of_inputs)
    return [mean, *others], [first, *penalties[1:]]


def all_l2(penalties):
    """Whether the penalties, one for each layer, are all half the sum of squares."""
    return all(map(_is_l2, penalties))


def _is_l2(penalty):
    return isinstance(penalty, ElasticNet) and penalty.l1_ratio == 0


def alphas_by_layer(alpha, penalties, by_name=False):
    """The alpha of each layer, and a warning where one of them leaves a loophole.

    Parameters
    ----------
    alpha : float or array-like of shape (n_layers,)

    penalties : list of Penalty
        Of each layer.

    by_name : bool
        Whether the penalty was given by its name alone, and with it no radius: an alpha
        is then no second setting of the same thing, and only warned of.

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
        and np.isfinite(value)
        and value >= 0
    )


def _warn_of_loophole(alphas, constrained):
    free = ~constrained & (alphas == 0)
    if free.any() and not free.all():
        layers = np.flatnonzero(free).tolist()
        warn(
            f"alpha is 0 in layers {layers} and not in others: what the penalised layers "
            "save by shrinking, the others can make up for by growing, so that the "
            "penalty chooses a scale and hardly a network. Give every layer an alpha, "
            "however small."
        )
