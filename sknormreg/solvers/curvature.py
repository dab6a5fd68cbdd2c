"""Curvature pairs of L-BFGS and products with the inverse Hessian approximation.

In its compact form (Byrd, Nocedal and Schnabel, 1994, eq. 3.1), the approximation depends
on the inner products of the pairs only. Restricting it to a subset of the parameters thus
changes nothing else.
"""

from collections.abc import Callable

import numpy as np
from scipy.linalg.lapack import dtrtrs

# Columns at a time in products restricted to a subset: bounds their memory.
_CHUNK = 1 << 16


class CurvaturePairs:
    """The latest pairs of a step s and the change y of the gradient along it.

    Parameters
    ----------
    memory : int
        Maximum number of pairs.

    n_params : int

    dtype : dtype
        Of the pairs.
    """

    def __init__(self, memory: int, n_params: int, dtype: np.dtype) -> None:
        self.memory = memory
        self._basis = np.zeros((2 * memory, n_params), dtype=dtype)
        self._gram = np.zeros((2 * memory, 2 * memory))
        self.clear()

    def clear(self) -> None:
        """Forget all pairs."""
        self._slots: list[int] = []  # rows of the basis that hold the steps, oldest first
        self._loss_curvature = 1.0

    def __len__(self) -> int:
        return len(self._slots)

    def append(
        self, step: np.ndarray, change: np.ndarray, loss_change: np.ndarray | None = None
    ) -> None:
        """Add a pair if its curvature is positive; if memory is full, drop the oldest.

        Parameters
        ----------
        step : ndarray of shape (n_params,)

        change : ndarray of shape (n_params,)
            Change of the gradient along the step.

        loss_change : ndarray of shape (n_params,) or None
            Change of the gradient of the loss alone, which `direction_beyond` needs.
        """
        if loss_change is not None:
            slope, square = float(step @ loss_change), float(loss_change @ loss_change)
            if slope > 1e-10 * square:
                self._loss_curvature = square / slope
        if not step @ change > 1e-10 * (change @ change):
            return
        slot = self._slots.pop(0) if len(self) == self.memory else len(self)
        for row, vector in ((slot, step), (self.memory + slot, change)):
            self._basis[row] = vector
            self._gram[row] = self._gram[:, row] = self._basis @ vector
        self._slots.append(slot)

    def moved(self, source: np.ndarray) -> "CurvaturePairs":
        """Return the pairs for other parameters.

        Parameters
        ----------
        source : ndarray of int of shape (n_new_params,)
            Position of each of them among the parameters of these pairs; -1 for those that
            are not among them, along which nothing is known.

        Returns
        -------
        pairs : CurvaturePairs
        """
        other = CurvaturePairs(self.memory, len(source), self._basis.dtype)
        known = source >= 0
        other._basis[:, known] = self._basis[:, source[known]]
        other._gram = (other._basis @ other._basis.T).astype(np.float64)
        other._slots, other._loss_curvature = [*self._slots], self._loss_curvature
        return other

    def direction(
        self, subgradient: np.ndarray, free: np.ndarray | None = None
    ) -> tuple[np.ndarray, float]:
        """Compute the quasi-Newton direction ``-H @ subgradient``.

        H is the approximation of the inverse Hessian.

        Parameters
        ----------
        subgradient : ndarray of shape (n_params,)

        free : ndarray of bool of shape (n_params,), or None
            Mask of the parameters to which the quadratic model is restricted; None for
            all. The direction is zero elsewhere.

        Returns
        -------
        direction : ndarray of shape (n_params,)

        scale : float
            The initial scaling s'y / y'y of the newest pair; 1 without pairs.
        """
        if free is not None and free.all():
            free = None
        if free is not None:
            subgradient = np.where(free, subgradient, 0)
        gram = self._gram if free is None else self._restricted_gram(free)
        products = (self._basis @ subgradient).astype(np.float64)
        gamma, weights = self._combination(gram, products)
        direction = weights.astype(self._basis.dtype) @ self._basis
        direction += gamma * subgradient
        np.negative(direction, out=direction)
        if free is not None:
            direction[~free] = 0
        return direction, gamma

    def direction_beyond(
        self,
        subgradient: np.ndarray,
        free: np.ndarray,
        solve: Callable[[np.ndarray, float], np.ndarray],
    ) -> tuple[np.ndarray, float]:
        """Compute the quasi-Newton direction if a part K of the Hessian is known.

        The pairs update (c I + K)^-1 instead of a multiple of the identity, by the two-loop
        recursion (Nocedal and Wright, 2006, algorithm 7.4).

        Parameters
        ----------
        subgradient : ndarray of shape (n_params,)

        free : ndarray of bool of shape (n_params,)
            Mask of the parameters to which the quadratic model is restricted. The direction
            is zero elsewhere.

        solve : callable
            Maps a vector v and a curvature c > 0 to (c I + K)^-1 v. It does not change
            parameters that are not free.

        Returns
        -------
        direction : ndarray of shape (n_params,)

        scale : float
            1 / c, where c is the curvature of the loss along the newest pair; 1 without
            pairs.
        """
        curvature = self._loss_curvature
        q = np.where(free, -subgradient, 0)
        pairs = []
        for slot in self._slots:
            step = np.where(free, self._basis[slot], 0)
            change = np.where(free, self._basis[self.memory + slot], 0)
            slope = float(step @ change)
            # Restricted to the free parameters, a pair's curvature may not be positive.
            if slope > 1e-10 * float(change @ change):
                pairs.append((step, change, slope))
        dtype = q.dtype.type
        shares = []
        for step, change, slope in reversed(pairs):
            shares.append(dtype((step @ q) / slope))
            q -= shares[-1] * change
        q = solve(q, curvature)
        for (step, change, slope), share in zip(pairs, reversed(shares)):
            q += (share - dtype((change @ q) / slope)) * step
        return q, 1 / curvature

    def _combination(self, gram, products):
        """Express H g as a multiple of g (a scalar) plus a combination of the basis."""
        weights = np.zeros(len(products))
        s = np.array(self._slots, dtype=np.intp)
        y = s + self.memory
        # Restricted to the free parameters, a pair's curvature may not be positive.
        kept = gram[s, y] > 1e-10 * gram[y, y]
        s, y = s[kept], y[kept]
        if not len(s):
            return 1.0, weights
        sy, yy = gram[np.ix_(s, y)], gram[np.ix_(y, y)]
        gamma = sy[-1, -1] / yy[-1, -1]
        # With R the upper triangle of S'Y and D its diagonal,
        #   H g = gamma g + S R^-T ((D + gamma Y'Y) u - gamma Y'g) - gamma Y u,
        # where u = R^-1 S'g.
        u = _solve_upper(sy, products[s])
        inner = np.diag(sy) * u + gamma * (yy @ u - products[y])
        weights[s] = _solve_upper(sy, inner, transposed=True)
        weights[y] = -gamma * u
        return gamma, weights

    def _restricted_gram(self, free):
        gram = np.zeros_like(self._gram)
        for start in range(0, len(free), _CHUNK):
            columns = start + np.flatnonzero(free[start : start + _CHUNK])
            part = self._basis.take(columns, axis=1)
            gram += part @ part.T
        return gram


def _solve_upper(matrix, vector, transposed=False):
    """Compute R^-1 v, or R^-T v, for the upper triangle R of a C-ordered matrix.

    This is `scipy.linalg.solve_triangular` without its checks, which take longer than the
    rest of a step on small data. LAPACK sees the transposed matrix in Fortran order.
    """
    return dtrtrs(matrix.T, vector, lower=1, trans=not transposed)[0]
