"""Passes over all parameters that a restricted quasi-Newton step takes, in NumPy.

The engine has them compiled; these are what it has to agree with, and what runs without it.
A problem says which ones to take, as `passes`.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from .base import Evaluation

Solve = Callable[[np.ndarray, float], np.ndarray]

# A curvature is positive if the slope exceeds this share of the square of the change.
_LEAST_CURVATURE = 1e-10


class Passes(Protocol):
    """The functions of this module, or compiled ones."""

    def write_pair(
        self,
        pairs: np.ndarray,
        slot: int,
        params: np.ndarray,
        current: Evaluation,
        end_params: np.ndarray,
        end: Evaluation,
    ) -> tuple[float, float, float, float]: ...

    def direction(
        self,
        pairs: np.ndarray,
        first: int,
        n_pairs: int,
        subgradient: np.ndarray,
        kink: np.ndarray,
        solve: Solve | None,
        curvature: float,
    ) -> tuple[np.ndarray, float, float]: ...


def write_pair(
    pairs: np.ndarray,
    slot: int,
    params: np.ndarray,
    current: Evaluation,
    end_params: np.ndarray,
    end: Evaluation,
) -> tuple[float, float, float, float]:
    """Write the step between two points, and the change of the subgradient along it.

    Off the kinks the change includes the curvature of the penalty. If a weight has just
    become zero, its subgradient belongs to another piece of the objective, so that only the
    gradient of the loss can be compared.

    Parameters
    ----------
    pairs : ndarray of float32 of shape (n_slots, 2, n_params)

    slot : int

    params, end_params : ndarray of shape (n_params,)

    current, end : Evaluation
        At these points.

    Returns
    -------
    slope, squares, loss_slope, loss_squares : float
        Product of the step and the change, and the squared norm of the change; the same
        for the change of the gradient of the loss alone.
    """
    assert end.kink is not None
    step, change = pairs[slot]
    step[...] = end_params - params
    loss_change = end.gradient - current.gradient
    change[...] = np.where(end.kink, loss_change, end.subgradient - current.subgradient)
    s, y = step.astype(np.float64), change.astype(np.float64)
    loss_y = loss_change.astype(np.float32).astype(np.float64)
    return float(s @ y), float(y @ y), float(s @ loss_y), float(loss_y @ loss_y)


def direction(
    pairs: np.ndarray,
    first: int,
    n_pairs: int,
    subgradient: np.ndarray,
    kink: np.ndarray,
    solve: Solve | None,
    curvature: float,
) -> tuple[np.ndarray, float, float]:
    """Compute the quasi-Newton direction of the parameters that rest on no kink.

    This is the two-loop recursion (Nocedal and Wright, 2006, algorithm 7.4) with the pairs
    restricted to these parameters. Those on a kink take the direction of steepest descent,
    with the scale of the initial Hessian.

    Parameters
    ----------
    pairs : ndarray of float32 of shape (n_slots, 2, n_params)

    first, n_pairs : int
        Slot of the oldest pair, and the number of pairs: those that follow, round the end.

    subgradient : ndarray of shape (n_params,)

    kink : ndarray of bool of shape (n_params,)

    solve : callable or None
        Maps a vector v and a curvature c > 0 to (c I + K)^-1 v, where K is the known part
        of the Hessian. It does not change parameters on a kink. None if no part is known:
        the initial Hessian is then that of Barzilai and Borwein.

    curvature : float
        Curvature c of the unknown part; without meaning if `solve` is None.

    Returns
    -------
    direction : ndarray of shape (n_params,)

    scale : float
        1 / c; without `solve`, s'y / y'y of the newest restricted pair, 1 without pairs.

    squares : float
        Squared norm of the direction.
    """
    q = np.where(kink, 0, -subgradient)
    used, scale = [], None
    for i in reversed(range(n_pairs)):
        step, change = pairs[(first + i) % len(pairs)].astype(np.float64)
        step[kink] = change[kink] = 0
        slope, squares = float(step @ change), float(change @ change)
        # Restricted to the free parameters, a pair's curvature may not be positive.
        if slope > _LEAST_CURVATURE * squares:
            scale = scale or slope / squares
            share = float(step @ q) / slope
            q -= (share * change).astype(q.dtype)
            used.append((step, change, slope, share))
    scale = scale or 1.0
    if solve is None:
        q *= q.dtype.type(scale)
    else:
        q, scale = solve(q, curvature), 1 / curvature
    for step, change, slope, share in reversed(used):
        q += ((share - float(change @ q) / slope) * step).astype(q.dtype)
    q[kink] = -q.dtype.type(scale) * subgradient[kink]
    return q, scale, float(np.vdot(q, q))
