"""Proximal operator of the sparse group lasso with a step for each weight."""

import numpy as np

from .row_groups import RowGroups
from .separable import soft_threshold

# Newton's method would not end for weights that are not finite.
_NEWTON_STEPS = 60


def diagonal_prox(
    weights: np.ndarray, step: np.ndarray, rows: RowGroups, l1: float, group: float
) -> np.ndarray:
    """Return the proximal operator of the sparse group lasso in a diagonal metric.

    It minimises sum((w - weights)^2 / (2 step)) + l1 ||w||_1 + group sum sqrt(K) ||w_g||.
    With D = 1 / step and n = soft(D weights, l1), a group is 0 if ||n|| is at most
    c = group sqrt(K). Otherwise it is n r / (D r + c), where r, its norm, solves
    ||n / (D r + c)|| = 1. The reciprocal of that norm is a concave function of r, so that
    Newton's method approaches the root from below without passing it.

    Parameters
    ----------
    weights, step : ndarray of shape (fan_in, fan_out)

    rows : RowGroups

    l1, group : float
    """
    metric = 1 / step.astype(np.float64)
    n = soft_threshold(weights * metric, l1)
    sizes = rows.sizes(weights)
    c, norms = group * np.sqrt(sizes), rows.norms(n)
    alive = norms > c
    # A lower bound of r: its value if the metric were its largest entry in the group.
    largest = metric.max(axis=1)
    if rows.labels is not None:
        by_row, largest = largest, np.zeros(len(sizes))
        np.maximum.at(largest, rows.labels, by_row)
    r = np.where(alive, (norms - c) / largest, 1.0)
    c = np.where(alive, c, 1.0)
    for _ in range(_NEWTON_STEPS):
        denominator = metric * rows.spread(r) + rows.spread(c)
        q = n / denominator
        squared_norm = rows.sums(np.einsum("ij,ij->i", q, q))
        squared_norm = np.where(alive, squared_norm, 1.0)
        slope = rows.sums(np.einsum("ij,ij,ij->i", q, q, metric / denominator))
        slope = np.where(alive, slope, 1.0)
        # h(r) = 1 / ||q|| - 1 and its derivative.
        step_r = squared_norm * (np.sqrt(squared_norm) - 1) / slope
        r += step_r
        if np.abs(step_r / r).max(initial=0) <= 1e-15 * len(weights):
            break
    r = rows.spread(np.where(alive, r, 0.0))
    c = rows.spread(np.where(alive, c, 1.0))
    return (n * r / (metric * r + c)).astype(weights.dtype)
