"""Log-sum penalty, which approximates the number of weights that are not zero."""

import numpy as np

from .base import Layout, Penalty, PiecewiseSmoothPenalty, check_number
from .separable import project_onto_orthant


class LogSum(PiecewiseSmoothPenalty):
    r"""Log-sum penalty: the logarithms of the absolute weights.

    .. math:: \Omega(W) = \epsilon \sum_{j,k} \log(1 + |W_{jk}| / \epsilon)

    The smaller :math:`\epsilon`, the less large weights are shrunk (Candès, Wakin and
    Boyd, 2008). It is not convex.

    Parameters
    ----------
    epsilon : float, default=1.0
        Absolute weight at which the slope is half of that at zero.

    References
    ----------
    E. J. Candès, M. B. Wakin and S. P. Boyd, "Enhancing Sparsity by Reweighted l1
    Minimization", Journal of Fourier Analysis and Applications 14, 2008.
    """

    def __init__(self, epsilon: float = 1.0) -> None:
        self.epsilon = epsilon

    def bind(self, layout: Layout) -> list[Penalty]:
        check_number(self, "epsilon", more_than=0)
        return super().bind(layout)

    def value(self, weights: np.ndarray) -> float:
        r = np.abs(weights, dtype=np.float64)
        return float(self.epsilon * np.log1p(r / self.epsilon).sum())

    def prox(self, weights: np.ndarray, step: float | np.ndarray) -> np.ndarray:
        r, e = np.abs(weights), self.epsilon
        radicand = (r + e) ** 2 - 4 * e * step
        z = np.maximum((r - e + np.sqrt(np.maximum(radicand, 0))) / 2, 0)
        # Where the radicand is negative, z is no root and is worse than 0.
        better = (z - r) ** 2 / (2 * step) + e * np.log1p(z / e) < r**2 / (2 * step)
        return (np.sign(weights) * np.where(better, z, 0)).astype(weights.dtype)

    def min_norm_subgradient(
        self, weights: np.ndarray, gradient: np.ndarray, strength: float
    ) -> np.ndarray:
        # At w = 0 the set is the interval gradient + [-strength, strength].
        slope = strength * self.epsilon / (np.abs(weights) + self.epsilon)
        at_zero = -np.clip(gradient, -strength, strength)
        added = np.where(weights == 0, at_zero, np.sign(weights) * slope)
        return (gradient + added).astype(weights.dtype)

    def at_kink(self, weights: np.ndarray) -> np.ndarray:
        return weights == 0

    def project(self, weights: np.ndarray, reference: np.ndarray) -> None:
        project_onto_orthant(weights, reference)
