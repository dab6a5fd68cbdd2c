"""Curvature pairs of L-BFGS and products with the inverse Hessian approximation.

In its compact form (Byrd, Nocedal and Schnabel, 1994, eq. 3.1), the approximation depends
on the inner products of the pairs only.
"""

import numpy as np
from scipy.linalg.lapack import dtrtrs


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

    def __len__(self) -> int:
        return len(self._slots)

    def append(self, step: np.ndarray, change: np.ndarray) -> None:
        """Add a pair if its curvature is positive; if memory is full, drop the oldest.

        Parameters
        ----------
        step : ndarray of shape (n_params,)

        change : ndarray of shape (n_params,)
            Change of the gradient along the step.
        """
        if not step @ change > 1e-10 * (change @ change):
            return
        slot = self._slots.pop(0) if len(self) == self.memory else len(self)
        for row, vector in ((slot, step), (self.memory + slot, change)):
            self._basis[row] = vector
            self._gram[row] = self._gram[:, row] = self._basis @ vector
        self._slots.append(slot)

    def direction(self, subgradient: np.ndarray) -> tuple[np.ndarray, float]:
        """Compute the quasi-Newton direction ``-H @ subgradient``.

        H is the approximation of the inverse Hessian.

        Parameters
        ----------
        subgradient : ndarray of shape (n_params,)

        Returns
        -------
        direction : ndarray of shape (n_params,)

        scale : float
            The initial scaling s'y / y'y of the newest pair; 1 without pairs.
        """
        products = (self._basis @ subgradient).astype(np.float64)
        gamma, weights = self._combination(products)
        direction = weights.astype(self._basis.dtype) @ self._basis
        direction += gamma * subgradient
        np.negative(direction, out=direction)
        return direction, gamma

    def _combination(self, products):
        """Express H g as a multiple of g (a scalar) plus a combination of the basis."""
        weights = np.zeros(len(products))
        s = np.array(self._slots, dtype=np.intp)
        y = s + self.memory
        # Positive where `append` looked at it, before these sums were rounded in their way.
        kept = self._gram[s, y] > 1e-10 * self._gram[y, y]
        s, y = s[kept], y[kept]
        if not len(s):
            return 1.0, weights
        sy, yy = self._gram[np.ix_(s, y)], self._gram[np.ix_(y, y)]
        gamma = sy[-1, -1] / yy[-1, -1]
        # With R the upper triangle of S'Y and D its diagonal,
        #   H g = gamma g + S R^-T ((D + gamma Y'Y) u - gamma Y'g) - gamma Y u,
        # where u = R^-1 S'g.
        u = _solve_upper(sy, products[s])
        inner = np.diag(sy) * u + gamma * (yy @ u - products[y])
        weights[s] = _solve_upper(sy, inner, transposed=True)
        weights[y] = -gamma * u
        return gamma, weights


def _solve_upper(matrix, vector, transposed=False):
    """Compute R^-1 v, or R^-T v, for the upper triangle R of a C-ordered matrix.

    This is `scipy.linalg.solve_triangular` without its checks, which take longer than the
    rest of a step on small data. LAPACK sees the transposed matrix in Fortran order.
    """
    return dtrtrs(matrix.T, vector, lower=1, trans=not transposed)[0]
