"""Constraints on norms of the weights: penalties that are 0 in a ball, infinite outside.

Their proximal operator is the projection onto the ball, whatever the step.
"""

from abc import abstractmethod

import numpy as np

from .._prox_terms import ColumnNormBall, L1NormBall
from .base import Layout, Penalty, check_number


class _Ball(Penalty):
    """Constraint that norms are at most `radius`."""

    is_constraint = True

    radius: float

    def bind(self, layout: Layout) -> list[Penalty]:
        check_number(self, "radius", more_than=0)
        return super().bind(layout)

    @abstractmethod
    def _norms(self, weights):
        """Return the norms that are bounded, in double precision."""

    def value(self, weights: np.ndarray) -> float:
        # A projected point lies on the sphere only up to the rounding of its norm.
        return 0.0 if np.all(self._norms(weights) <= self._outer(weights)) else np.inf

    def _outer(self, weights):
        return self.radius * (1 + _slack(weights))

    def _inner(self, weights):
        return self.radius * (1 - _slack(weights))


def _slack(weights):
    """Return a wide upper bound of the relative rounding error of a norm of the weights."""
    return 10 * np.sqrt(weights.size) * np.finfo(weights.dtype).eps


class MaxNorm(_Ball):
    r"""Max-norm constraint: a bound on the norm of the weights into each unit.

    .. math::

        \left( \sum_j W_{jk}^2 \right)^{1/2} \leq \mathrm{radius}
        \quad \text{for each unit } k

    It bounds the sensitivity of each unit to its inputs (Srebro, Rennie and Jaakkola,
    2005) and is often combined with dropout (Srivastava et al., 2014, section 5.1).

    Parameters
    ----------
    radius : float, default=3.0
        Largest Euclidean norm of the weights into a unit.

    References
    ----------
    N. Srebro, J. Rennie and T. Jaakkola, "Maximum-Margin Matrix Factorization", NIPS 2005.

    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov, "Dropout: A
    Simple Way to Prevent Neural Networks from Overfitting", Journal of Machine Learning
    Research 15, 2014.
    """

    is_absolute = True

    def __init__(self, radius: float = 3.0) -> None:
        self.radius = radius

    @property
    def _prox_terms(self):
        return ColumnNormBall(self.radius)

    def _norms(self, weights):
        squares = np.einsum("ij,ij->j", weights, weights, dtype=np.float64)
        return np.sqrt(squares)

    def prox(self, weights: np.ndarray, step: float | np.ndarray) -> np.ndarray:
        norms = self._norms(weights)
        outside = norms > self.radius
        if not outside.any():
            return weights.copy()
        if not np.ndim(step):
            factors = np.where(outside, self.radius / np.where(outside, norms, 1), 1)
            return weights * factors.astype(weights.dtype)
        projected, step = weights.copy(), np.asarray(step)
        projected[:, outside] = self._diagonal_projection(
            weights[:, outside].astype(np.float64), step[:, outside].astype(np.float64)
        )
        return projected

    def _diagonal_projection(self, w, step):
        """Return the columns w / (1 + mu step), mu >= 0 such that their norm is radius."""
        # The reciprocal of the norm is a concave function of mu, so that Newton's method
        # approaches the root without passing it. See `diagonal_prox` in group_prox.py.
        step = step / step.max(axis=0)
        mu = np.sqrt(np.einsum("ij,ij->j", w, w)) / self.radius - 1
        for _ in range(60):
            shrunk = w / (1 + mu * step)
            squares = np.einsum("ij,ij->j", shrunk, shrunk)
            slope = np.einsum("ij,ij,ij->j", shrunk, shrunk, step / (1 + mu * step))
            change = squares * (np.sqrt(squares) / self.radius - 1) / slope
            mu += change
            if np.all(np.abs(change) <= 1e-15 * len(w) * mu):
                break
        return w / (1 + mu * step)

    def min_norm_subgradient(
        self, weights: np.ndarray, gradient: np.ndarray, strength: float
    ) -> np.ndarray:
        # The set is the gradient plus, for columns on the sphere, t W[:, k] with t >= 0.
        norms = self._norms(weights)
        along = np.einsum("ij,ij->j", weights, gradient, dtype=np.float64)
        on_sphere = norms >= self._inner(weights)
        t = np.where(
            on_sphere, np.maximum(-along, 0) / np.where(on_sphere, norms, 1) ** 2, 0
        )
        return gradient + weights * t.astype(weights.dtype)


class L1Ball(_Ball):
    r"""L1-ball constraint: a bound on the sum of the absolute weights of a layer.

    .. math:: \sum_{j,k} |W_{jk}| \leq \mathrm{radius}

    It is the constrained form of the L1 penalty (Tibshirani, 1996): for a convex loss the
    minimisers for a radius are those of the L1 penalty for some alpha.

    Parameters
    ----------
    radius : float, default=20.0
        Largest sum of the absolute weights of a layer.

    References
    ----------
    R. Tibshirani, "Regression Shrinkage and Selection via the Lasso", Journal of the Royal
    Statistical Society B 58, 1996.

    J. Duchi, S. Shalev-Shwartz, Y. Singer and T. Chandra, "Efficient Projections onto the
    l1-Ball for Learning in High Dimensions", ICML 2008: the projection, figure 1.
    """

    is_absolute = True

    def __init__(self, radius: float = 20.0) -> None:
        self.radius = radius

    @property
    def _prox_terms(self):
        return L1NormBall(self.radius)

    def _norms(self, weights):
        return np.abs(weights).sum(dtype=np.float64)

    def prox(self, weights: np.ndarray, step: float | np.ndarray) -> np.ndarray:
        projected = self._projection(weights, step)
        # From far outside, the first projection is off by the rounding of the weights,
        # which may exceed that of the radius. The second starts near the sphere.
        return self._projection(projected, step)

    def _projection(self, weights, step):
        if self._norms(weights) <= self.radius:
            return weights.copy()
        sizes = np.abs(weights, dtype=np.float64)
        steps = np.broadcast_to(np.asarray(step, dtype=np.float64), sizes.shape)
        steps = steps / steps.max()
        # The sum of max(|w| - mu step, 0) is to be the radius; a weight vanishes at
        # mu = |w| / step. Solving for mu with the m weights that vanish last gives too
        # small a mu for every m except the right one, hence the maximum over m.
        order = np.argsort(-(sizes / steps), axis=None)
        excess = np.cumsum(sizes.ravel()[order]) - self.radius
        mu = float((excess / np.cumsum(steps.ravel()[order])).max())
        mu = max(mu, 0.0)  # next to the sphere, the rounding of sums may make it negative
        return np.copysign(np.maximum(sizes - mu * steps, 0), weights).astype(weights.dtype)

    def min_norm_subgradient(
        self, weights: np.ndarray, gradient: np.ndarray, strength: float
    ) -> np.ndarray:
        # The set is the gradient plus, on the sphere, t d||W||_1 for t >= 0. The squared
        # norm of its shortest element is convex and piecewise quadratic in t.
        if self._norms(weights) < self._inner(weights):
            return gradient.copy()
        inward = np.where(weights == 0, np.abs(gradient), -np.sign(weights) * gradient)
        t = _best_multiple(
            inward[weights != 0].astype(np.float64), inward[weights == 0].astype(np.float64)
        )
        shortened = np.where(
            weights == 0,
            gradient - np.clip(gradient, -t, t),
            gradient + np.sign(weights) * t,
        )
        return shortened.astype(weights.dtype, copy=False)


def _best_multiple(fixed, free):
    """Return argmin_{t >= 0} of sum (fixed - t)^2 + sum max(free - t, 0)^2."""
    # A term of `free` counts while it exceeds t. The mean of the fixed terms and the j
    # largest free ones is too small a t for every j except the right one.
    free = np.sort(free)[::-1]
    n = len(fixed) + np.arange(len(free) + 1)
    totals = fixed.sum() + np.concatenate([[0.0], np.cumsum(free)])
    return np.maximum((totals / np.maximum(n, 1)).max(), 0.0)
