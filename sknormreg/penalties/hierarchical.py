"""LassoNet's penalty: a feature is used only as far as its linear effect is not zero."""

import copy

import numpy as np

from .._prox_terms import Hierarchy
from .base import Layout, Penalty, check_number, not_bound
from .separable import L2


class Hierarchical(Penalty):
    r"""LassoNet's hierarchical penalty: hidden units use features with a linear effect.

    .. math::

        \Omega(S, W) = \sum_j \| S_j \|_2
        \quad \text{subject to} \quad \max_k |W_{jk}| \leq M \, \| S_j \|_2

    where :math:`S_j` are the weights of feature j in the skip connection from the features
    to the outputs, `skip_coef_`, and :math:`W_j` those into the first hidden layer
    (Lemhadri et al., 2021, eq. 2 and, for several outputs, appendix). A feature whose
    linear effect vanishes leaves the network. Later layers have the L2 penalty with the
    same alpha: without a penalty they would undo the bound on W by growing.

    In regression S has the unit of the target and W has none, so that M is that of the
    paper if the target has standard deviation 1. For a target that is u times as large,
    ``M / u`` states the same problem; to keep the default, standardise the target, for
    example with `TransformedTargetRegressor`.

    Parameters
    ----------
    M : float, default=10.0
        Largest weight of a feature into a hidden unit, relative to its linear effect. As M
        tends to 0 the model becomes linear.

    References
    ----------
    I. Lemhadri, F. Ruan, L. Abraham and R. Tibshirani, "LassoNet: A Neural Network with
    Feature Sparsity", Journal of Machine Learning Research 22, 2021.
    """

    # The bound ties weights together that may have different steps.
    has_diagonal_prox = False
    needs_skip = True

    # Columns of the skip connection, one for each output; set by `bind`.
    _n_skip: int | None = None

    def __init__(self, M: float = 10.0) -> None:
        self.M = M

    def bind(self, layout: Layout) -> list[Penalty]:
        check_number(self, "M", more_than=0)
        if layout.n_skip == 0:
            raise ValueError(
                f"penalty={self} needs a hidden layer, whose weights it bounds: set "
                "hidden_layer_sizes."
            )
        first = copy.copy(self)
        first._n_skip = layout.n_skip
        return [first] + [L2()] * (len(layout.shapes) - 1)

    @property
    def _prox_terms(self):
        return Hierarchy(self.M)

    def _parts(self, array):
        """Return the columns of the hidden units, and those of the skip connection."""
        if self._n_skip is None:
            raise not_bound(self)
        return array[:, : -self._n_skip], array[:, -self._n_skip :]

    def value(self, weights: np.ndarray) -> float:
        hidden, skip = self._parts(weights)
        norms = _row_norms(skip)
        bound = (1 + _slack(weights)) * self.M * norms
        if np.any(np.abs(hidden).max(axis=1, initial=0) > bound):
            return np.inf
        return float(norms.sum())

    def prox(self, weights: np.ndarray, step: float | np.ndarray) -> np.ndarray:
        """Return the global minimiser (Lemhadri et al., 2021, algorithm 2: HIER-PROX).

        Parameters
        ----------
        weights : ndarray of shape (fan_in, fan_out)
            Weight matrix, with the skip connection in its last columns.

        step : float or ndarray of shape (fan_in, fan_out)
            One step; or one for all hidden units and another for the skip connection.

        Returns
        -------
        weights : ndarray of shape (fan_in, fan_out)
            The minimiser.
        """
        if np.ndim(step):
            hidden_step, skip_step = (part.flat[0] for part in self._parts(step))
            if any((part != part.flat[0]).any() for part in self._parts(step)):
                raise ValueError(f"{self} has no prox with a step for each weight.")
            return self._prox(weights, hidden_step, skip_step)
        return self._prox(weights, step, step)

    def _prox(self, weights, hidden_step, skip_step):
        hidden, skip = self._parts(weights.astype(np.float64))
        # Rescale W so that both parts have the step of the skip connection.
        unit = np.sqrt(skip_step / hidden_step)
        M, sizes = self.M * unit, np.abs(hidden) * unit
        norms = _row_norms(skip)
        # The minimiser has norm r of its S_j and clips W_j at M r, where
        #   r - M sum_k max(|W_jk| - M r, 0) = ||S_j|| - skip_step.
        # Solving for r with the m largest entries alone gives too small an r for every m
        # except the right one, hence the maximum over m.
        largest_first = -np.sort(-sizes, axis=1)
        sums = np.cumsum(largest_first, axis=1)
        m = np.arange(1, hidden.shape[1] + 1)
        shrunk = norms - skip_step
        r = np.maximum(shrunk, ((shrunk[:, None] + M * sums) / (1 + M**2 * m)).max(axis=1))
        r = np.maximum(r, 0)[:, None]
        # If S_j = 0 every direction of it is a minimiser: take that of the first output.
        direction = np.zeros_like(skip)
        direction[:, 0] = 1
        np.divide(skip, norms[:, None], out=direction, where=norms[:, None] > 0)
        bound = self.M * r
        found = np.hstack([np.clip(hidden, -bound, bound), r * direction])
        return found.astype(weights.dtype)

    def min_norm_subgradient(
        self, weights: np.ndarray, gradient: np.ndarray, strength: float
    ) -> np.ndarray:
        found = self._away_from_zero(weights, gradient, strength)
        zero = ~weights.any(axis=1)
        found[zero] = self._at_zero(gradient[zero], strength)
        return found.astype(weights.dtype, copy=False)

    def _away_from_zero(self, weights, gradient, strength):
        """Return the minimum-norm subgradients of the rows where S_j is not 0.

        Each entry with |W_jk| = M ||S_j|| adds to the set t_k (sign(W_jk) at W_jk,
        -M S_j / ||S_j|| at S_j) for all t_k >= 0. With h_k the gradient at W_jk times the
        sign, and c that along S_j, the shortest sum has h_k + t_k = max(h_k, mu), where
        mu = M (c - M sum_k t_k).
        """
        (hidden, skip) = self._parts(weights.astype(np.float64))
        hidden_gradient, skip_gradient = self._parts(gradient.astype(np.float64))
        norms = _row_norms(skip)[:, None]
        unit = np.divide(skip, norms, out=np.zeros_like(skip), where=norms > 0)
        skip_gradient = skip_gradient + strength * unit
        bounded = np.abs(hidden) >= (1 - _slack(weights)) * self.M * norms
        bounded &= norms > 0
        h = np.where(bounded, hidden_gradient * np.sign(hidden), np.inf)
        along = self.M * np.einsum("ij,ij->i", skip_gradient, unit)
        # As in the prox: solving for mu with the m smallest h gives too large a mu for
        # every m except the right one.
        sums = np.cumsum(np.sort(h, axis=1), axis=1)
        m = np.arange(1, h.shape[1] + 1)
        mu = ((along[:, None] + self.M**2 * sums) / (1 + m * self.M**2)).min(axis=1)
        mu = np.minimum(along, mu)[:, None]
        t = np.maximum(mu - h, 0)
        return np.hstack(
            [
                hidden_gradient + t * np.sign(hidden),
                skip_gradient - self.M * t.sum(axis=1, keepdims=True) * unit,
            ]
        )

    def _at_zero(self, gradient, strength):
        """Return the minimum-norm subgradients of rows of zeros.

        The set is gradient + {(q, p): ||p|| + M ||q||_1 <= strength}, from the slopes in
        all directions that the constraint allows. The shortest sum clips the norm of the
        gradient of S_j at mu, and the entries of that of W_j at M mu.
        """
        hidden, skip = self._parts(gradient.astype(np.float64))
        norms = _row_norms(skip)[:, None]
        # mu solves (||p|| - mu)+ + M sum (|q_k| - M mu)+ = strength, with (q, p) the
        # gradient. The terms vanish at these values of mu; the sum is linear in between.
        ends = np.hstack([norms, np.abs(hidden) / self.M])
        weights = np.full(ends.shape, self.M**2)
        weights[:, 0] = 1
        order = np.argsort(-ends, axis=1)
        weights = np.take_along_axis(weights, order, axis=1)
        sums = np.cumsum(weights * np.take_along_axis(ends, order, axis=1), axis=1)
        mu = ((sums - strength) / np.cumsum(weights, axis=1)).max(axis=1, initial=0)[
            :, None
        ]
        factors = np.divide(mu, norms, out=np.ones_like(norms), where=norms > mu)
        return np.hstack([np.clip(hidden, -self.M * mu, self.M * mu), skip * factors])


def _row_norms(array):
    return np.sqrt(np.einsum("ij,ij->i", array, array, dtype=np.float64))


def _slack(weights):
    """Return a wide upper bound of the relative rounding error of M times a norm."""
    return 100 * np.finfo(weights.dtype).eps
