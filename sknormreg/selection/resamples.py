"""Halves of the samples, and which features enter the paths that are fitted to them."""

from collections.abc import Sequence

import numpy as np

from ..fitted.importances import path_importances
from ..fitting.path import PathFitter


def complementary_halves(
    rows: np.ndarray, strata: np.ndarray | None, random_state: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Divide samples at random into two halves of the same size.

    Parameters
    ----------
    rows : ndarray of int
        The samples. If their number is odd, one is left out: with strata, one of the
        largest.

    strata : ndarray of shape (len(rows),) or None
        The numbers of samples of each stratum in the halves differ by one at most.

    random_state : RandomState

    Returns
    -------
    first, second : ndarray of int
        In ascending order, so that blocks of rows lie close together in memory.
    """
    order = random_state.permutation(len(rows))
    largest = len(rows) - 1
    if strata is not None:
        _, codes, counts = np.unique(strata, return_inverse=True, return_counts=True)
        ranks = random_state.permutation(len(counts))[codes]
        order = order[np.argsort(ranks[order], kind="stable")]
        largest = np.flatnonzero(codes[order] == counts.argmax())[-1]
    if len(rows) % 2:
        order = np.delete(order, largest)
    # Neighbours in this order, which are of one stratum, go to different halves.
    return np.sort(rows[order[::2]]), np.sort(rows[order[1::2]])


def first_features(
    fitter: PathFitter,
    alphas: Sequence[float] | np.ndarray,
    labels: np.ndarray,
    q: int,
) -> tuple[np.ndarray, list[str | None]]:
    """Fit a path, and find the first q features that enter it from large alphas down.

    A feature enters at the largest alpha at which its network selects it. Features that
    enter at the same alpha are in the order of their importances there.

    Parameters
    ----------
    fitter : PathFitter

    alphas : array-like of shape (n_alphas,)
        In ascending order.

    labels : ndarray of int of shape (n_features,)
        The group of each feature, counted from 0: what counts as one feature.

    q : int

    Returns
    -------
    entered : ndarray of int of shape (n_groups,)
        Index of the alpha at which each of the first q has entered; -1 for the others.

    warnings : list of str or None
        Reasons why fits did not converge.
    """
    entered = np.full(labels.max() + 1, -1)
    importances = np.zeros(len(entered))
    warnings = []
    for k, fitted in enumerate(fitter.path(alphas)):
        now = np.bincount(labels, path_importances(fitted.coefs, fitted.skip_coef))
        entered[now > 0] = k
        importances = np.where(now > 0, now, importances)
        warnings.append(fitted.warning)
    order = np.lexsort((-importances, -entered))
    entered[order[q:]] = -1
    return entered, warnings
