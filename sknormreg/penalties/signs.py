"""Penalties of weights that have given signs, as those of monotone networks do."""

import numpy as np

from .base import Penalty, PiecewiseSmoothPenalty
from .inner import ChangedPenalty


class SignConstrained(ChangedPenalty):
    r"""Penalty of weights of which some have a given sign, or are zero.

    .. math::

        \Omega(W) \text{ where } c_j W_{jk} \geq 0 \text{ for all } j, k,
        \quad \infty \text{ elsewhere}

    The inner penalty :math:`\Omega` depends on absolute weights only, and does not decrease
    in any of them (`Penalty.is_absolute`). `with_signs` makes such a penalty.

    Parameters
    ----------
    penalty : Penalty
        The inner penalty, bound to its layer.

    signs : ndarray of int of shape (fan_in,)
        The sign of the weights of each row: 1, -1, or 0 for any.
    """

    def __init__(self, penalty: Penalty, signs: np.ndarray) -> None:
        self.penalty = penalty
        self.signs = signs
        self._bounded = (signs != 0)[:, None]
        self._lower = np.where(signs > 0, 0, -np.inf)[:, None]
        self._upper = np.where(signs < 0, 0, np.inf)[:, None]

    def __repr__(self) -> str:
        return repr(self.penalty)

    @property
    def is_constraint(self) -> bool:  # type: ignore[override]
        """Whether no alpha applies to the inner penalty."""
        return self.penalty.is_constraint

    def restricted(self, rows: np.ndarray, fan_out: int) -> Penalty | None:
        part = self.penalty.restricted(rows, fan_out)
        return None if part is None else with_signs(part, self.signs[rows])

    def _projected(self, weights):
        """Return the weights with zeros in place of those of the wrong sign."""
        bounds = (bound.astype(weights.dtype) for bound in (self._lower, self._upper))
        return np.clip(weights, *bounds)

    def oriented(self, weights: np.ndarray) -> np.ndarray:
        """Return weights of the same absolute values, and of the right signs."""
        turned = np.abs(weights) * self.signs[:, None].astype(weights.dtype)
        return np.where(self._bounded, turned, weights)

    def value(self, weights: np.ndarray) -> float:
        if ((weights < self._lower) | (weights > self._upper)).any():
            return np.inf
        return self.penalty.value(weights)

    def prox(self, weights: np.ndarray, step: float | np.ndarray) -> np.ndarray:
        # Let w be of the wrong sign: (z - w)^2 = z^2 + 2 |z w| + w^2 for an allowed z, so
        # that z = 0 is best, as it is for w = 0. And the prox never changes a sign.
        return self.penalty.prox(self._projected(weights), step)

    def feasible(self, weights: np.ndarray, factor: float | np.ndarray = 1.0) -> np.ndarray:
        return self.penalty.feasible(self._projected(weights), factor)

    def min_norm_subgradient(
        self, weights: np.ndarray, gradient: np.ndarray, strength: float
    ) -> np.ndarray:
        # At w = 0 the constraint adds -c t for all t >= 0, and the inner penalty's entries
        # are an interval around 0, whatever the others are. A gradient of the sign of c
        # is thus cancelled by the former, at no cost to the latter; against one of the
        # other sign, t = 0 is best.
        cancelled = (weights == 0) & (gradient * self.signs[:, None] > 0)
        gradient = np.where(cancelled, 0, gradient).astype(gradient.dtype, copy=False)
        return self.penalty.min_norm_subgradient(weights, gradient, strength)


class _WithKinks(SignConstrained, PiecewiseSmoothPenalty):
    """The same for an inner penalty that is smooth, or smooth but for kinks at zero.

    Zero is a kink of all weights with a sign: like those with an L1 penalty, they leave it
    in the direction of steepest descent, if in any, and stop at it on their way back.
    """

    restricted = SignConstrained.restricted

    def solve_curvature(
        self, weights: np.ndarray, vector: np.ndarray, shift: float, strength: float
    ) -> np.ndarray:
        return self.penalty.solve_curvature(weights, vector, shift, strength)

    def at_kink(self, weights: np.ndarray) -> np.ndarray:
        kink = (weights == 0) & self._bounded
        return kink if self.penalty.smooth else kink | self.penalty.at_kink(weights)

    def project(self, weights: np.ndarray, reference: np.ndarray) -> None:
        weights[self._bounded & (np.sign(weights) != np.sign(reference))] = 0
        if not self.penalty.smooth:
            self.penalty.project(weights, reference)


def with_signs(penalty: Penalty, signs: np.ndarray) -> SignConstrained:
    """Return a penalty with the constraint that weights have signs.

    Parameters
    ----------
    penalty : Penalty
        Bound to its layer.

    signs : ndarray of int of shape (fan_in,)
        The sign of the weights of each row: 1, -1, or 0 for any.

    Raises
    ------
    ValueError
        If the penalty is not one of absolute weights.
    """
    if not penalty.is_absolute:
        raise ValueError(
            "monotonic_cst bounds the signs of weights, which is known to go together with "
            "penalties that depend on absolute weights only and grow with each of them, "
            f"got penalty={penalty}. Use another one, such as 'l2', 'l1' or 'group_lasso'; "
            "a class of your own says by is_absolute = True that it is one."
        )
    if penalty.smooth or isinstance(penalty, PiecewiseSmoothPenalty):
        return _WithKinks(penalty, signs)
    return SignConstrained(penalty, signs)


def without_signs(penalty: Penalty) -> Penalty:
    """Return the penalty that `with_signs` was given, or one that has no signs."""
    return penalty.penalty if isinstance(penalty, SignConstrained) else penalty
