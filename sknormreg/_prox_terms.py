"""Penalties whose proximal operator the compiled engine has loops for.

A penalty states which of these it is, and the engine takes it as data. Each class is one
kind of penalty, with the parameters that this kind has and no others.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np


class ProxTerms(ABC):
    """Omega(W) of one layer, as a sum of terms that the compiled engine knows."""

    @abstractmethod
    def scaled(self, strength: float, scale: float) -> Self:
        """Return the terms of ``strength * Omega(scale * W)`` as a function of W."""


@dataclass(frozen=True, eq=False)
class RowSum(ProxTerms):
    """Terms that are a sum over rows or groups of rows.

    Parameters
    ----------
    factors : ndarray of shape (fan_in,) or None, default=None
        What the terms of each row are multiplied by, at least 0 and the same within a
        group; None if this is 1.
    """

    factors: np.ndarray | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Separable(RowSum):
    """``l1 * sum(phi(abs(W))) + l2 / 2 * sum(W**2)``.

    Parameters
    ----------
    l1, l2 : float, default=0.0

    knots : tuple of two floats or None, default=None
        phi has slope 1 up to the first knot and slope 0 from the second on, linear in
        between; None if phi is the identity.
    """

    l1: float = 0.0
    l2: float = 0.0
    knots: tuple[float, float] | None = None

    def scaled(self, strength, scale):
        return replace(
            self,
            l1=self.l1 * strength * scale,
            l2=self.l2 * strength * scale**2,
            knots=self.knots and _divided(self.knots, scale),
        )


# Not compared: labels are arrays.
@dataclass(frozen=True, eq=False)
class Grouped(RowSum):
    """``strength * sum_g sqrt(K_g) norm(W_g) + l1 * sum(abs(W)) + l2 / 2 * sum(W**2)``.

    Parameters
    ----------
    strength : float

    labels : ndarray of int of shape (fan_in,) or None, default=None
        The group of each row, counted from 0; None if every row is a group.

    l1, l2 : float, default=0.0

    sizes : ndarray of shape (n_groups,) or None, default=None
        The K_g, where W is a part of a matrix; None if the groups have no other weights.
    """

    strength: float
    labels: np.ndarray | None = None
    l1: float = 0.0
    l2: float = 0.0
    sizes: np.ndarray | None = None

    def scaled(self, strength, scale):
        return replace(
            self,
            strength=self.strength * strength * scale,
            l1=self.l1 * strength * scale,
            l2=self.l2 * strength * scale**2,
        )


@dataclass(frozen=True, eq=False)
class ConcaveGrouped(RowSum):
    """``strength * sum_g K_g phi(norm(W_g) / sqrt(K_g)) + l2 / 2 * sum(W**2)``.

    Its proximal operator has no formula in a metric that differs within a group.

    Parameters
    ----------
    strength : float

    knots : tuple of two floats
        Those of phi, as in `Separable`.

    labels : ndarray of int of shape (fan_in,) or None, default=None
        As in `Grouped`.

    l2 : float, default=0.0

    sizes : ndarray of shape (n_groups,) or None, default=None
        As in `Grouped`.
    """

    strength: float
    knots: tuple[float, float]
    labels: np.ndarray | None = None
    l2: float = 0.0
    sizes: np.ndarray | None = None

    def scaled(self, strength, scale):
        return replace(
            self,
            strength=self.strength * strength * scale,
            knots=_divided(self.knots, scale),
            l2=self.l2 * strength * scale**2,
        )


@dataclass(frozen=True)
class ColumnNormBall(ProxTerms):
    """0 where the Euclidean norm of each column is at most `radius`, infinite elsewhere."""

    radius: float

    def scaled(self, strength, scale):
        return ColumnNormBall(self.radius / scale)


@dataclass(frozen=True)
class L1NormBall(ProxTerms):
    """0 where the sum of absolute weights is at most `radius`, infinite elsewhere."""

    radius: float

    def scaled(self, strength, scale):
        return L1NormBall(self.radius / scale)


@dataclass(frozen=True)
class Hierarchy(ProxTerms):
    """``strength * sum_j norm(S_j)`` where each ``abs(W_jk) <= M * norm(S_j)``.

    S are the weights of the skip connection, the last columns of the first layer's matrix,
    and W the others. Only S is scaled: the outputs have a unit, hidden units have none.

    Parameters
    ----------
    M, strength : float
    """

    M: float
    strength: float = 1.0

    def scaled(self, strength, scale):
        return Hierarchy(self.M * scale, self.strength * strength * scale)


def rows_by_group(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows in the order of their groups, and where each of the groups ends."""
    rows = np.argsort(labels, kind="stable").astype(np.int64)
    return rows, np.cumsum(np.bincount(labels), dtype=np.int64)


def _divided(knots, scale):
    first, last = knots
    return first / scale, last / scale
