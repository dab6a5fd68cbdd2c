"""Nuclear norm, for weight matrices of low rank."""

import numpy as np

from .base import Penalty


class Nuclear(Penalty):
    r"""Nuclear norm: the sum of the singular values of the weight matrix.

    .. math:: \Omega(W) = \sum_i \sigma_i(W)

    Singular values vanish, so that layers get a low rank (Fazel, Hindi and Boyd, 2001). The
    proximal operator soft-thresholds the singular values (Cai, Candes and Shen, 2010,
    theorem 2.1) and takes a singular value decomposition each time.

    References
    ----------
    M. Fazel, H. Hindi and S. Boyd, "A rank minimization heuristic with application to
    minimum order system approximation", American Control Conference 2001.

    J.-F. Cai, E. J. Candes and Z. Shen, "A singular value thresholding algorithm for
    matrix completion", SIAM Journal on Optimization 20, 2010.
    """

    # In a metric that differs between weights the prox is not a function of the singular
    # values.
    has_diagonal_prox = False

    def value(self, weights: np.ndarray) -> float:
        if not np.isfinite(weights).all():
            return np.nan
        return float(np.linalg.svd(weights, compute_uv=False).sum(dtype=np.float64))

    def prox(self, weights: np.ndarray, step: float | np.ndarray) -> np.ndarray:
        if np.ndim(step):
            raise ValueError(f"{self} has no prox with a step for each weight.")
        if not np.isfinite(weights).all():
            # NumPy's decomposition would raise an error; training has to see the nan to
            # report that it has diverged.
            return np.full_like(weights, np.nan)
        u, s, vt = np.linalg.svd(weights, full_matrices=False)
        kept = s > step
        return (u[:, kept] * (s[kept] - step)) @ vt[kept]

    def min_norm_subgradient(
        self, weights: np.ndarray, gradient: np.ndarray, strength: float
    ) -> np.ndarray:
        # The set is gradient + strength (U V' + Z), with U and V the singular vectors of
        # W, for all Z orthogonal to both with singular values of at most 1 (Watson, 1992).
        # The best Z soft-thresholds the singular values of the gradient's part that is
        # orthogonal to both.
        if not np.isfinite(weights).all():
            return np.full_like(weights, np.nan)
        u, s, vt = np.linalg.svd(weights, full_matrices=False)
        rank = int((s > _slack(weights) * s.max(initial=0)).sum())
        u, vt = u[:, :rank], vt[:rank]
        rest = gradient - u @ (u.T @ gradient)
        rest -= (rest @ vt.T) @ vt
        return gradient + strength * (u @ vt) - rest + self.prox(rest, strength)


def _slack(weights):
    """Return the relative size of singular values that are rounding errors."""
    return 10 * max(weights.shape) * np.finfo(weights.dtype).eps
