"""The knockoff filter: which statistics are large, at a false discovery rate."""

from typing import NamedTuple

import numpy as np


class EBH(NamedTuple):
    """Result of the e-BH procedure.

    Attributes
    ----------
    support : ndarray of bool of shape (n_features,)

    threshold : float
        The smallest e-value that is selected; infinite if there is none.
    """

    support: np.ndarray
    threshold: float


def knockoff_threshold(
    statistics: np.ndarray, level: float, offset: int = 1, to_last_negative: bool = False
) -> float:
    r"""Return the threshold of the knockoff filter.

    It is the smallest t among the absolute values of the statistics other than 0 with

    .. math::

        \frac{\mathrm{offset} + \#\{k: W_k \leq -t\}}{\max(1, \#\{k: W_k \geq t\})}
        \leq \mathrm{level}

    (Candès et al., 2018; with offset 1 it is that of knockoff+).

    Parameters
    ----------
    statistics : ndarray of shape (n_features,)

    level : float

    offset : {0, 1}

    to_last_negative : bool
        Whether the threshold also stops where no statistic is below -t. From there on the
        e-values can only become fewer: their size is the largest there is.

    Returns
    -------
    threshold : float
        Infinite if there is no such t.
    """
    candidates = np.unique(np.abs(statistics[statistics != 0]))
    ordered = np.sort(statistics)
    n_features = len(ordered)
    n_above = n_features - np.searchsorted(ordered, candidates, side="left")
    n_below = np.searchsorted(ordered, -candidates, side="right")
    is_low = offset + n_below <= level * np.maximum(n_above, 1)
    if to_last_negative:
        is_low |= n_below == 0
    # Without any statistic above, the ratio is that of an empty selection.
    is_low &= n_above > 0
    return float(candidates[is_low].min(initial=np.inf))


def knockoff_e_values(statistics: np.ndarray, threshold: float) -> np.ndarray:
    r"""Return the e-values of statistics beyond a threshold.

    .. math::

        e_j = p \, \frac{1\{W_j \geq T\}}{1 + \#\{k: W_k \leq -T\}}

    (Ren and Barber, 2024). The sum of those of the features without effect has an
    expected value of at most p if T is a stopping time for statistics that are revealed
    from the smallest absolute value on.

    Parameters
    ----------
    statistics : ndarray of shape (n_features,)

    threshold : float

    Returns
    -------
    e_values : ndarray of shape (n_features,)
    """
    n_below = np.count_nonzero(statistics <= -threshold)
    return (statistics >= threshold) * (len(statistics) / (1.0 + n_below))


def e_bh(e_values: np.ndarray, fdr: float) -> EBH:
    """Select features by their e-values (e-BH of Wang and Ramdas, 2022).

    With k the largest number such that k e-values are at least p / (fdr k), these k are
    selected. The false discovery rate is at most `fdr`, however the e-values depend on one
    another.

    Parameters
    ----------
    e_values : ndarray of shape (n_features,)

    fdr : float

    Returns
    -------
    selection : EBH
    """
    n_features = len(e_values)
    descending = np.sort(e_values)[::-1]
    numbers = np.arange(1, n_features + 1)
    # Means of equal e-values differ by their rounding.
    enough = descending * numbers * (1 + 1e-12) >= n_features / fdr
    if not enough.any():
        return EBH(np.zeros(n_features, dtype=bool), np.inf)
    last = descending[numbers[enough].max() - 1]
    return EBH(e_values >= last, float(last))
