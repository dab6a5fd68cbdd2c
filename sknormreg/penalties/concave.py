"""Concave functions of a size r >= 0, from which MCP and SCAD are made.

The penalties apply them to the absolute value of each weight (`elementwise.py`) or to the
root mean square of each group (`group.py`). Both functions rise from 0 with slope 1, which
decreases to 0 at the knot a; beyond it they are constant, so that large weights are not
shrunk. The term l2 / 2 r^2 is added to keep weights finite where the loss alone does not.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Concave(ABC):
    """Concave function of r >= 0, constant from `a` on, plus l2 / 2 r^2."""

    a: float
    l2: float

    @property
    @abstractmethod
    def first_knot(self) -> float:
        """Point up to which the function is r itself."""

    @property
    @abstractmethod
    def height(self) -> float:
        """Value of the function from `a` on."""

    def value(self, r: np.ndarray) -> np.ndarray:
        """Return the function at r."""
        # Between the knots the slope decreases linearly from 1 to 0, at a.
        k, a = self.first_knot, self.a
        inner = np.minimum(r, k)
        # Exactly 0 up to the first knot, as a difference of two terms is not.
        beyond = np.clip(r, k, a) - k
        concave = inner + beyond * (1 - beyond / (2 * (a - k)))
        return concave + self.l2 / 2 * r**2

    def slope(self, r: np.ndarray) -> np.ndarray:
        """Return the derivative at r; at 0 the derivative from the right."""
        k, a = self.first_knot, self.a
        return np.clip((a - r) / (a - k), 0, 1) + self.l2 * r

    def prox(self, r: np.ndarray, step: float | np.ndarray) -> np.ndarray:
        """Return the global minimiser of (x - r)^2 / (2 step) + value(x).

        Parameters
        ----------
        r : ndarray, at least 0

        step : float or ndarray of the shape of r
        """
        # The l2 term is a shrinkage, and shortens the step of the concave function.
        shrinkage = 1 / (1 + step * self.l2)
        r, step = r * shrinkage, step * shrinkage
        k, a = self.first_knot, self.a
        soft = np.maximum(r - step, 0)
        width = a - k
        with np.errstate(divide="ignore", invalid="ignore"):
            between = (width * r - a * step) / (width - step)
        convex = np.where(r > a, r, np.where(r > k + step, between, soft))
        # For steps as long as the function is wide the objective is concave between the
        # knots. Two minima remain: one below the first knot, one beyond the other.
        low, high = np.minimum(soft, k), np.maximum(r, a)
        rise = (high - low) * (high + low - 2 * r) / (2 * step)
        two = np.where(rise + self.height - low < 0, high, low)
        return np.where(step < width, convex, two)


@dataclass(frozen=True)
class Identity:
    """Identity phi(r) = r, with the interface of `Concave`."""

    def value(self, r: np.ndarray) -> np.ndarray:
        """Return the function at r."""
        return r

    def slope(self, r: np.ndarray) -> np.ndarray:
        """Return the derivative at r."""
        return np.ones_like(r)

    def prox(self, r: np.ndarray, step: float | np.ndarray) -> np.ndarray:
        """Return the minimiser of (x - r)^2 / (2 step) + x over x >= 0."""
        return np.maximum(r - step, 0)


class MCPFunction(Concave):
    """r - r^2 / (2 a) up to a, and a / 2 beyond."""

    @property
    def first_knot(self) -> float:
        return 0.0

    @property
    def height(self) -> float:
        return self.a / 2


# Ratio of the knots that Fan and Li (2001, section 2.1) recommend.
SCAD_RATIO = 3.7


class SCADFunction(Concave):
    """r up to k = a / 3.7, (2 a r - r^2 - k^2) / (2 (a - k)) up to a, then constant."""

    @property
    def first_knot(self) -> float:
        return self.a / SCAD_RATIO

    @property
    def height(self) -> float:
        return (self.a + self.first_knot) / 2
