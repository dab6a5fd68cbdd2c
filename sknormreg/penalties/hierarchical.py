"""LassoNet's penalty: an input takes part as far as its linear effect is not zero."""

import copy

import numpy as np

from .._prox_terms import Hierarchy
from .base import Penalty, check_number
from .separable import L2


class Hierarchical(Penalty):
    """LassoNet's hierarchical penalty: hidden units may use what a linear model uses.

    The network has a skip connection from the inputs to the outputs, `skip_coef_` with
    rows S_j. With W_j the weights that leave input j to the first hidden layer, ::

        Omega(S, W) = sum_j ||S_j||_2    subject to    max_k |W_jk| <= M ||S_j||_2

    (Lemhadri et al., 2021, eq. 2 and, for several outputs, appendix). An input whose linear
    effect vanishes leaves the network. Later layers have the L2 penalty with the same
    alpha: without any, they would undo the bound on W by growing.

    In regression S_j is in the unit of the targets and W_j is not, so that M means what it
    does in the paper for targets of standard deviation 1. For targets that are u times as
    large, ``M / u`` states the same problem: standardise them, for example with
    `TransformedTargetRegressor`, to keep the default.

    Parameters
    ----------
    M : float, default=10.0
        How much an input may weigh in a hidden unit for its linear effect; for M near 0
        the model is linear.

    References
    ----------
    I. Lemhadri, F. Ruan, L. Abraham and R. Tibshirani, "LassoNet: A Neural Network with
    Feature Sparsity", Journal of Machine Learning Research 22, 2021.
    """

    # The bound ties weights of different steps together.
    has_diagonal_prox = False
    needs_skip = True

    _n_skip = 1

    def __init__(self, M: float = 10.0) -> None:
        self.M = M

    def per_layer(self, layout):
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
        """Columns of the hidden units, and of the skip connection."""
        return array[:, : -self._n_skip], array[:, -self._n_skip :]

    def value(self, weights):
        hidden, skip = self._parts(weights)
        norms = _row_norms(skip)
        bound = (1 + _slack(weights)) * self.M * norms
        if np.any(np.abs(hidden).max(axis=1, initial=0) > bound):
            return np.inf
        return float(norms.sum())

    def prox(self, weights, step):
        """The global minimum (Lemhadri et al., 2021, algorithm 2: HIER-PROX).

        Parameters
        ----------
        weights : ndarray of shape (fan_in, fan_out)

        step : float or ndarray of shape (fan_in, fan_out)
            One step; or one for all hidden units and another for the skip connection.

        Returns
        -------
        weights : ndarray of shape (fan_in, fan_out)
        """
        if np.ndim(step):
            hidden_step, skip_step = (part.flat[0] for part in self._parts(step))
            if any((part != part.flat[0]).any() for part in self._parts(step)):
                raise ValueError(f"{self} has no prox with a step for each weight.")
            return self._prox(weights, hidden_step, skip_step)
        return self._prox(weights, step, step)

    def _prox(self, weights, hidden_step, skip_step):
        hidden, skip = self._parts(weights.astype(np.float64))
        # In units in which both parts have the step of the skip connection.
        unit = np.sqrt(skip_step / hidden_step)
        M, sizes = self.M * unit, np.abs(hidden) * unit
        norms = _row_norms(skip)
        # With r = ||S_j||, W_j is cut off at M r, and
        #   r - M sum_k max(|W_jk| - M r, 0) = ||S_j|| - skip_step.
        # The sum is the largest of those over the m largest entries, for all m: each
        # gives a solution r that is too small, but for the right one.
        largest_first = -np.sort(-sizes, axis=1)
        sums = np.cumsum(largest_first, axis=1)
        m = np.arange(1, hidden.shape[1] + 1)
        shrunk = norms - skip_step
        r = np.maximum(shrunk, ((shrunk[:, None] + M * sums) / (1 + M**2 * m)).max(axis=1))
        r = np.maximum(r, 0)[:, None]
        # Where there is no linear effect yet, it may have any direction.
        direction = np.zeros_like(skip)
        direction[:, 0] = 1
        np.divide(skip, norms[:, None], out=direction, where=norms[:, None] > 0)
        bound = self.M * r
        found = np.hstack([np.clip(hidden, -bound, bound), r * direction])
        return found.astype(weights.dtype)

    def min_norm_subgradient(self, weights, gradient, strength):
        found = self._away_from_zero(weights, gradient, strength)
        zero = ~weights.any(axis=1)
        found[zero] = self._at_zero(gradient[zero], strength)
        return found.astype(weights.dtype, copy=False)

    def _away_from_zero(self, weights, gradient, strength):
        """Rows where S_j is not 0.

        Entries |W_jk| = M ||S_j|| add to the set t_k (sign(W_jk) at W_jk, -M S_j / ||S_j||
        at S_j) for all t_k >= 0. With h_k the gradient there times the sign, and c that
        along S_j, the shortest sum has h_k + t_k = max(h_k, mu), where
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
        # As in the prox: of the sums over the m smallest h, the right one gives the
        # smallest mu.
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
        """Rows of zeros: the set is gradient + {(q, p): ||p|| + M ||q||_1 <= strength}.

        These are the slopes in all directions that the constraint allows. The shortest sum
        cuts ||p|| off at mu and the entries of q at M mu.
        """
        hidden, skip = self._parts(gradient.astype(np.float64))
        norms = _row_norms(skip)[:, None]
        # (||p|| - mu)+ + M sum (|q_k| - M mu)+ = strength, by where each term ends.
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
    """The relative rounding of a bound, by a wide margin."""
    return 100 * np.finfo(weights.dtype).eps
