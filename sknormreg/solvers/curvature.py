"""Limited memory of curvature, as L-BFGS keeps it.

The inverse Hessian approximation in its compact form (Byrd, Nocedal and Schnabel, 1994,
eq. 3.1) needs the inner products of the pairs only: restricting the memory to a subset of
the parameters then changes nothing but these.
"""

import numpy as np
from scipy.linalg.lapack import dtrtrs

# Columns at a time in products restricted to a subset: bounds their memory.
_CHUNK = 1 << 16


class CurvaturePairs:
    """The latest pairs of steps s and gradient changes y.

    Parameters
    ----------
    memory : int
        Number of pairs kept.

    n_params : int

    dtype : dtype of the pairs
    """

    def __init__(self, memory, n_params, dtype):
        self.memory = memory
        self._basis = np.zeros((2 * memory, n_params), dtype=dtype)
        self._gram = np.zeros((2 * memory, 2 * memory))
        self.clear()

    def clear(self):
        """Forget all pairs."""
        self._slots = []  # rows of the basis that hold the steps, oldest first
        self._loss_curvature = 1.0

    def __len__(self):
        return len(self._slots)

    def append(self, step, change, loss_change=None):
        """Keep a pair, unless it has no positive curvature; forget the oldest one.

        Parameters
        ----------
        step : ndarray of shape (n_params,)

        change : ndarray of shape (n_params,)
            Of the gradient.

        loss_change : ndarray of shape (n_params,) or None
            Without the penalty's part, for `direction_beyond`.
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

    def direction(self, subgradient, free=None):
        """Minus the inverse Hessian approximation times `subgradient`.

        Parameters
        ----------
        subgradient : ndarray of shape (n_params,)

        free : ndarray of bool of shape (n_params,), or None
            The parameters the quadratic model is restricted to; None for all. The
            direction is zero elsewhere.

        Returns
        -------
        direction : ndarray of shape (n_params,)

        scale : float
            The initial scaling gamma = s'y / y'y of the newest pair; 1 without pairs.
        """
        restricted = free is not None and not free.all()
        if restricted:
            subgradient = np.where(free, subgradient, 0)
        gram = self._restricted_gram(free) if restricted else self._gram
        products = (self._basis @ subgradient).astype(np.float64)
        gamma, weights = self._combination(gram, products)
        direction = weights.astype(self._basis.dtype) @ self._basis
        direction += gamma * subgradient
        np.negative(direction, out=direction)
        if restricted:
            direction[~free] = 0
        return direction, gamma

    def direction_beyond(self, subgradient, free, solve):
        """The same where part of the Hessian is known, and pairs tell the rest.

        The approximation that is updated by the pairs is not a multiple of the identity
        but `solve`: the two loops of Nocedal and Wright (2006, algorithm 7.4).

        Parameters
        ----------
        subgradient : ndarray of shape (n_params,)

        free : ndarray of bool of shape (n_params,)

        solve : callable
            Maps v and a curvature c > 0 to (c I + H)^-1 v, H the known part, which leaves
            parameters alone that are not free.

        Returns
        -------
        direction : ndarray of shape (n_params,)

        scale : float
            The reciprocal of the loss's curvature c; 1 without pairs.
        """
        curvature = self._loss_curvature
        q = np.where(free, -subgradient, 0)
        pairs = []
        for slot in self._slots:
            step = np.where(free, self._basis[slot], 0)
            change = np.where(free, self._basis[self.memory + slot], 0)
            slope = float(step @ change)
            # Restriction may have taken a pair's positive curvature away.
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
        """Coefficients of H g in terms of g (a scalar) and of the basis (a vector)."""
        weights = np.zeros(len(products))
        s = np.array(self._slots, dtype=np.intp)
        y = s + self.memory
        # Restriction may have taken a pair's positive curvature away.
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
    """R^-1 v, or R^-T v, for the upper triangle R of a C-ordered matrix.

    As scipy.linalg.solve_triangular, less its checks: they take longer than the rest of a
    step does where the data are small. LAPACK sees the transposed matrix, in Fortran order.
    """
    return dtrtrs(matrix.T, vector, lower=1, trans=not transposed)[0]
