"""Penalties that are sums over single weights: L1, L2 and the elastic net."""

from typing import Any

import numpy as np

from .._prox_terms import Separable
from .base import Layout, Penalty, PiecewiseSmoothPenalty, check_number


class ElasticNet(PiecewiseSmoothPenalty):
    r"""Elastic net: a convex combination of the L1 and the L2 penalty.

    .. math::

        \Omega(W) = \rho \sum_{j,k} |W_{jk}| + \frac{1 - \rho}{2} \sum_{j,k} W_{jk}^2

    with :math:`\rho` the parameter `l1_ratio` (Zou and Hastie, 2005).

    Parameters
    ----------
    l1_ratio : float, default=0.5
        Share of the L1 penalty, between 0 (the L2 penalty) and 1 (the L1 penalty).

    References
    ----------
    H. Zou and T. Hastie, "Regularization and Variable Selection via the Elastic Net",
    Journal of the Royal Statistical Society B 67, 2005.
    """

    is_absolute = True

    def __init__(self, l1_ratio: float = 0.5) -> None:
        self.l1_ratio = l1_ratio

    def bind(self, layout: Layout) -> list[Penalty]:
        check_number(self, "l1_ratio", least=0, most=1)
        return super().bind(layout)

    @property
    def smooth(self) -> bool:
        return self.l1_ratio == 0

    @property
    def _prox_terms(self):
        return Separable(self.l1_ratio, 1 - self.l1_ratio)

    def value(self, weights: np.ndarray) -> float:
        l1 = np.abs(weights).sum(dtype=np.float64) if self.l1_ratio else 0.0
        l2 = np.vdot(weights, weights) if self.l1_ratio < 1 else 0.0
        return float(self.l1_ratio * l1 + (1 - self.l1_ratio) / 2 * l2)

    def prox(self, weights: np.ndarray, step: float | np.ndarray) -> np.ndarray:
        # Soft-thresholding, then shrinkage: N. Parikh and S. Boyd, "Proximal Algorithms",
        # 2014, section 6.5.3.
        if self.l1_ratio:
            weights = soft_threshold(weights, step * self.l1_ratio)
        if self.l1_ratio < 1:
            weights = weights / (1 + step * (1 - self.l1_ratio))
        return weights

    def min_norm_subgradient(
        self, weights: np.ndarray, gradient: np.ndarray, strength: float
    ) -> np.ndarray:
        smooth_part = strength * (1 - self.l1_ratio) * weights
        smooth_part += gradient
        if self.smooth:
            return smooth_part
        return add_l1_subgradient(weights, smooth_part, strength * self.l1_ratio)

    def restricted(self, rows: np.ndarray, fan_out: int) -> Penalty:
        return self

    def row_values(self, weights: np.ndarray) -> np.ndarray:
        l1 = np.abs(weights).sum(axis=1, dtype=np.float64)
        squares = np.einsum("ij,ij->i", weights, weights, dtype=np.float64)
        return self.l1_ratio * l1 + (1 - self.l1_ratio) / 2 * squares

    def at_kink(self, weights: np.ndarray) -> np.ndarray:
        if self.smooth:
            return np.zeros(weights.shape, dtype=bool)
        return weights == 0

    def project(self, weights: np.ndarray, reference: np.ndarray) -> None:
        if not self.smooth:
            project_onto_orthant(weights, reference)


class L1(ElasticNet):
    r"""L1 penalty (lasso): the sum of absolute weights.

    .. math:: \Omega(W) = \sum_{j,k} |W_{jk}|

    Weights vanish one by one (Tibshirani, 1996).

    References
    ----------
    R. Tibshirani, "Regression Shrinkage and Selection via the Lasso", Journal of the Royal
    Statistical Society B 58, 1996.
    """

    def __init__(self) -> None:
        super().__init__(l1_ratio=1.0)


class L2(ElasticNet):
    r"""L2 penalty (ridge, weight decay): half the sum of squared weights.

    .. math:: \Omega(W) = \frac{1}{2} \sum_{j,k} W_{jk}^2

    Weights shrink and none vanishes (Hoerl and Kennard, 1970).

    References
    ----------
    A. E. Hoerl and R. W. Kennard, "Ridge Regression: Biased Estimation for Nonorthogonal
    Problems", Technometrics 12, 1970.
    """

    def __init__(self) -> None:
        super().__init__(l1_ratio=0.0)


class RowScaledL2(Penalty):
    r"""L2 penalty with a factor for each feature.

    .. math:: \Omega(W) = \frac{1}{2} \sum_j s_j \sum_k W_{jk}^2

    with :math:`s_j` the entries of `scales`. It stands for ``penalty="l2"`` with an alpha
    for each feature.

    Parameters
    ----------
    scales : ndarray of shape (fan_in,)
        Factors, at least 0.
    """

    smooth = is_absolute = True

    def __init__(self, scales: np.ndarray) -> None:
        self.scales = scales

    def _column(self, dtype):
        return self.scales[:, None].astype(dtype, copy=False)

    def restricted(self, rows: np.ndarray, fan_out: int) -> Penalty:
        return RowScaledL2(self.scales[rows])

    def value(self, weights: np.ndarray) -> float:
        per_row = np.square(weights, dtype=np.float64).sum(axis=1)
        return float(self.scales @ per_row) / 2

    def prox(self, weights: np.ndarray, step: float | np.ndarray) -> np.ndarray:
        return weights / (1 + step * self._column(weights.dtype))

    def min_norm_subgradient(
        self, weights: np.ndarray, gradient: np.ndarray, strength: float
    ) -> np.ndarray:
        added = self._column(weights.dtype) * weights
        added *= strength
        return gradient + added


def l2_by_row(alphas: Any) -> tuple[float, Penalty]:
    """Return the alpha and penalty that equal the L2 penalty with an alpha for each row.

    Parameters
    ----------
    alphas : array-like of shape (fan_in,)
        One for each row of the weights.

    Returns
    -------
    alpha : float
        Their mean.

    penalty : RowScaledL2 or L2
    """
    alphas = np.asarray(alphas, dtype=np.float64)
    mean = float(alphas.mean())
    return mean, RowScaledL2(alphas / mean) if mean else L2()


# Shared by the penalties with an L1 term


def soft_threshold(weights: np.ndarray, threshold: float | np.ndarray) -> np.ndarray:
    """Return the proximal operator of `threshold` times the absolute value."""
    return weights - np.clip(weights, -threshold, threshold)


def add_l1_subgradient(
    weights: np.ndarray, smooth_part: np.ndarray, l1: float | np.ndarray
) -> np.ndarray:
    """Return the minimum-norm element of smooth_part + l1 * d||weights||_1.

    At w = 0 the set is the interval smooth_part + [-l1, l1]; elsewhere it is the single
    point smooth_part + l1 sign(w). `smooth_part` is overwritten. `l1` may have a number
    for each row, shape (fan_in, 1).
    """
    kinked_part = np.sign(weights)
    kinked_part *= l1
    zero = weights == 0
    bounds = np.broadcast_to(l1, weights.shape)[zero] if np.ndim(l1) else l1
    kinked_part[zero] = -np.clip(smooth_part[zero], -bounds, bounds)
    smooth_part += kinked_part
    return smooth_part


def project_onto_orthant(weights: np.ndarray, reference: np.ndarray) -> None:
    """Set to zero, in place, the weights whose sign is not that of the reference."""
    weights[np.sign(weights) != np.sign(reference)] = 0
