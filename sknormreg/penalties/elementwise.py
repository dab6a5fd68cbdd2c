"""Concave penalties of single weights, which hardly bias large ones: MCP and SCAD."""

from abc import abstractmethod

import numpy as np

from .._docstrings import document
from .._prox_terms import Separable
from .base import Layout, Penalty, PiecewiseSmoothPenalty, check_number
from .concave import MCPFunction, SCADFunction
from .separable import project_onto_orthant


class _ConcavePenalty(PiecewiseSmoothPenalty):
    """Sum of phi(|w|) over the weights, with phi a `Concave` function."""

    is_absolute = True

    def __init__(self, a: float = 1.0, l2: float = 0.001) -> None:
        self.a = a
        self.l2 = l2

    @abstractmethod
    def _phi(self):
        """Return the `Concave` function."""

    def bind(self, layout: Layout) -> list[Penalty]:
        check_number(self, "a", more_than=0)
        check_number(self, "l2", least=0)
        return super().bind(layout)

    @property
    def _prox_terms(self):
        return Separable(1.0, self.l2, (self._phi().first_knot, self.a))

    def value(self, weights: np.ndarray) -> float:
        return float(self._phi().value(np.abs(weights)).sum(dtype=np.float64))

    def prox(self, weights: np.ndarray, step: float | np.ndarray) -> np.ndarray:
        sizes = self._phi().prox(np.abs(weights), step)
        return np.copysign(sizes, weights).astype(weights.dtype, copy=False)

    def min_norm_subgradient(
        self, weights: np.ndarray, gradient: np.ndarray, strength: float
    ) -> np.ndarray:
        # At w = 0 the set is the interval gradient + [-strength, strength]; elsewhere it is
        # a point, as phi has a derivative.
        slopes = strength * self._phi().slope(np.abs(weights))
        at_zero = -np.clip(gradient, -strength, strength)
        added = np.where(weights == 0, at_zero, np.sign(weights) * slopes)
        return (gradient + added).astype(weights.dtype, copy=False)

    def restricted(self, rows: np.ndarray, fan_out: int) -> Penalty:
        return self

    def row_values(self, weights: np.ndarray) -> np.ndarray:
        return self._phi().value(np.abs(weights)).sum(axis=1, dtype=np.float64)

    def at_kink(self, weights: np.ndarray) -> np.ndarray:
        return weights == 0

    def project(self, weights: np.ndarray, reference: np.ndarray) -> None:
        project_onto_orthant(weights, reference)


_PARAMETERS = """
a : float, default=1.0
    Knot: absolute weights of `a` or more are not shrunk. The larger `a`, the closer the
    penalty is to `L1`.

l2 : float, default=0.001
    Factor of the L2 penalty that is added.
"""


@document(parameters=_PARAMETERS)
class MCP(_ConcavePenalty):
    r"""Minimax concave penalty (MCP): small weights vanish, large ones are not shrunk.

    .. math::

        \Omega(W) = \sum_{j,k} \phi(|W_{jk}|) + \frac{l_2}{2} \sum_{j,k} W_{jk}^2

    .. math::

        \phi(r) = \begin{cases}
            r - \frac{r^2}{2 a} & r \leq a \\
            a / 2 & r > a
        \end{cases}

    With strength :math:`\lambda` and :math:`\gamma = a / \lambda` this is the penalty of
    Zhang (2010, eq. 2.1). It is not convex. If the classes are separable, only `l2` keeps
    the weights finite.

    Parameters
    ----------
    {parameters}

    References
    ----------
    C.-H. Zhang, "Nearly unbiased variable selection under minimax concave penalty",
    Annals of Statistics 38, 2010.
    """

    def _phi(self):
        return MCPFunction(self.a, self.l2)


@document(parameters=_PARAMETERS)
class SCAD(_ConcavePenalty):
    r"""Smoothly clipped absolute deviation (SCAD): L1 near zero, constant beyond `a`.

    .. math::

        \Omega(W) = \sum_{j,k} \phi(|W_{jk}|) + \frac{l_2}{2} \sum_{j,k} W_{jk}^2

    .. math::

        \phi(r) = \begin{cases}
            r & r \leq b \\
            r - \frac{(r - b)^2}{2 (a - b)} & b < r \leq a \\
            (a + b) / 2 & r > a
        \end{cases}

    with :math:`b = a / 3.7`. For strength b it is the penalty of Fan and Li (2001,
    eq. 2.7). It is not convex. If the classes are separable, only `l2` keeps the weights
    finite.

    Parameters
    ----------
    {parameters}

    References
    ----------
    J. Fan and R. Li, "Variable Selection via Nonconcave Penalized Likelihood and its
    Oracle Properties", Journal of the American Statistical Association 96, 2001.
    """

    def _phi(self):
        return SCADFunction(self.a, self.l2)
