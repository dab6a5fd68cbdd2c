"""The search for the features of the best network, at the alpha that its noise is worth."""

from typing import Any

import numpy as np

from ..fitting.null_quantile import alphas_of_features, noise_scale
from ..penalties import GroupLasso
from .starts import Candidate, Starts

# Rounds of fits to the selected features alone; without a result so far, each has to leave
# out a share of them.
_MOST_ROUNDS, _LEAST_SHARE = 3, 0.2

# Where the paths of fewer features begin in `alphas`: the first alphas are for those among
# many. Larger sets are tried until so many in a row are no better.
_FIRST_OF_FEWER, _MOST_WORSE = 2, 2


def best_features(
    starts: Starts,
    features: Any,
    alphas: Any,
    largest: float | None,
    may_be_noise: bool = False,
) -> Candidate | None:
    """Fit to all features, and then to those selected until that changes nothing.

    Parameters
    ----------
    starts : Starts

    features : ndarray of int

    alphas : ndarray of shape (n_alphas,)

    largest : float or None
        The alpha that keeps noise of the size of the targets empty; None if the last alpha
        is the one to select at.

    may_be_noise : bool
        Whether the loss has to tell noise from signal, as there is no scale of residuals.

    Returns
    -------
    best : Candidate or None
        None if no feature is selected.
    """
    best = _narrowed(starts, features, alphas, largest, None)
    if best is None or largest is None:
        best = _screened(starts, features, alphas, largest, best)
        if best is not None:
            found = starts.whole_groups(best.selected)
            best = _narrowed(starts, found, alphas, largest, best)
    if may_be_noise and not (best and _is_worth_its_parameters(starts, best)):
        best = _beyond_noise(starts, alphas)
    return best


def _is_worth_its_parameters(starts, candidate):
    """Whether a network lowers the loss by more than one for each of its parameters.

    The price of a feature that a concave penalty leaves is bounded, and classes of few
    samples can be told apart by features of noise. A regular model of noise lowers the
    minus log-likelihood by half of its number of parameters on average, and Akaike's
    criterion (1974) asks for twice that. Networks of the best of several starts, with the
    features that fit the noise best, often gain nearly as much. How often noise is kept out
    is measured by benchmarks/quantile_noise.py.
    """
    loss, (X, y, weight) = starts.spec.loss, starts.data
    constant = np.tile(np.atleast_1d(loss.constant(y, weight)), (X.shape[0], 1))
    gain = loss.value(y, constant, weight)
    gain -= loss.value(y, starts.raw_outputs(candidate), weight)
    if weight is not None:
        gain *= np.count_nonzero(weight) / weight.sum()
    return gain > candidate.n_params


def _beyond_noise(starts, alphas):
    """Return a network of the features that correlate more than noise does, or None.

    Because of them an empty network is not stationary at the last alpha, whatever else a
    network can be fitted to. If no start has led to them there, the network is that of the
    largest alpha at which it is not empty.
    """
    own = alphas_of_features(starts.spec, starts.data, starts.groups)
    features = starts.whole_groups(np.flatnonzero(own > alphas[-1]))
    if not len(features):
        return None
    best = _narrowed(starts, features, alphas, None, None)
    if best is None:
        path = starts.best(features, alphas)
        best = next((one for one in reversed(path) if len(one.selected)), None)
    return best


def _narrowed(starts, features, alphas, largest, best):
    """Fit again and again to the features selected last; return the best network, or None.

    None is returned where parameters are too many to tell the scale of the noise.
    """
    for _ in range(_MOST_ROUNDS + 1):
        path, chosen = _as_far_as_chosen(starts, features, alphas, largest, best)
        if best is not None and not _at(path, best.alpha).objective < best.objective:
            break
        if chosen is not None:
            best = chosen
        # Where the scale is not known for many features, it may be for fewer.
        selected = best.selected if best is not None else _fewest(path)
        n_before, features = len(features), starts.whole_groups(selected)
        most = n_before - 1 if best is not None else (1 - _LEAST_SHARE) * n_before
        if not 0 < len(features) <= most:
            break
    return best


def _screened(starts, features, alphas, largest, best):
    """Return the best network of the features along the path of a group lasso.

    Concave penalties do not shrink weights that have grown beyond their knots, as those of
    all features do where classes can be told apart by any of them; a norm does.
    """
    seen, n_worse = set(), 0
    fewer = alphas[_FIRST_OF_FEWER:] if len(alphas) > _FIRST_OF_FEWER else alphas
    for candidate in reversed(starts.best(features, alphas, first=GroupLasso())):
        selected = starts.whole_groups(candidate.selected)
        if not len(selected) or selected.tobytes() in seen:
            continue
        if n_worse == _MOST_WORSE or starts.n_params(selected) >= starts.data.X.shape[0]:
            break
        seen.add(selected.tobytes())
        path, chosen = _as_far_as_chosen(starts, selected, fewer, largest, best)
        if chosen is None:
            continue
        if best is None or _at(path, best.alpha).objective < best.objective:
            best, n_worse = chosen, 0
        else:
            n_worse += 1
    return best


def _at(path, alpha):
    """Return the network at an alpha: at one alpha, the objective tells which is better."""
    return next(one for one in path if one.alpha >= alpha)


def _as_far_as_chosen(starts, features, alphas, largest, best):
    """Return a path, and the network in it at the first alpha that its noise is worth.

    The latter is None if an empty network comes first. The path ends there, if not before
    the alpha of the best network so far.
    """
    chosen, least = None, 0.0 if best is None else best.alpha

    def is_last(candidate):
        nonlocal chosen
        is_empty = not len(candidate.selected)
        if chosen is None and not is_empty and is_worth(candidate):
            chosen = candidate
        return (is_empty or chosen is not None) and candidate.alpha >= least

    def is_worth(candidate):
        if largest is None:
            return candidate.alpha == alphas[-1]
        raw = starts.raw_outputs(candidate)
        scale = noise_scale(
            starts.spec, starts.data, raw, candidate.n_params, len(candidate.selected)
        )
        return candidate.alpha >= largest * min(scale, 1.0)

    return starts.best(features, alphas, until=is_last), chosen


def _fewest(path):
    """Return the features of the sparsest network that is not empty."""
    sizes = [len(candidate.selected) or np.inf for candidate in path]
    return path[int(np.argmin(sizes))].selected


def at_most(starts: Starts, best: Candidate, most: int) -> Candidate:
    """Leave out the features of the smallest norms until there are few enough."""
    labels = starts.labels
    alphas = [best.alpha]
    while len(kept := np.unique(labels[best.selected])) > most:
        norms = np.zeros(len(labels))
        norms[best.features] = best.norms
        of_groups = np.sqrt(starts.groups.sums(norms**2))[kept]
        n_kept = max(most, len(kept) - max(1, (len(kept) - most) // 3))
        strongest = kept[np.argsort(-of_groups, kind="stable")[:n_kept]]
        (best,) = starts.best(np.flatnonzero(np.isin(labels, strongest)), alphas)
    return best
