"""Nearly unbiased penalties of the single weights: MCP and SCAD."""

from abc import abstractmethod

import numpy as np

from .._docstrings import document
from .._prox_terms import Separable
from .base import PiecewiseSmoothPenalty, check_number
from .concave import MCPFunction, SCADFunction
from .separable import project_onto_orthant


class _ConcavePenalty(PiecewiseSmoothPenalty):
    """Omega(W) = sum of phi(|w|) over the weights, phi a `Concave` function."""

    def __init__(self, a: float = 1.0, l2: float = 0.001) -> None:
        self.a = a
        self.l2 = l2

    @abstractmethod
    def _phi(self):
        """The `Concave` function."""

    def per_layer(self, layout):
        check_number(self, "a", more_than=0)
        check_number(self, "l2", least=0)
        return super().per_layer(layout)

    @property
    def _prox_terms(self):
        return Separable(1.0, self.l2, (self._phi().first_knot, self.a))

    def value(self, weights):
        return float(self._phi().value(np.abs(weights)).sum(dtype=np.float64))

    def prox(self, weights, step):
        sizes = self._phi().prox(np.abs(weights), step)
        return np.copysign(sizes, weights).astype(weights.dtype, copy=False)

    def min_norm_subgradient(self, weights, gradient, strength):
        # At w = 0 the set is the interval gradient + [-strength, strength]; elsewhere
        # phi has a derivative.
        slopes = strength * self._phi().slope(np.abs(weights))
        at_zero = -np.clip(gradient, -strength, strength)
        added = np.where(weights == 0, at_zero, np.sign(weights) * slopes)
        return (gradient + added).astype(weights.dtype, copy=False)

    def at_kink(self, weights):
        return weights == 0

    def project(self, weights, reference):
        project_onto_orthant(weights, reference)


_PARAMETERS = """
a : float, default=1.0
    The weight from which on there is no more shrinkage. The larger, the nearer to L1.

l2 : float, default=0.001
    Share of the L2 penalty that is added.
"""


@document(parameters=_PARAMETERS)
class MCP(_ConcavePenalty):
    """Minimax concave penalty: small weights vanish, large ones are not shrunk.

    Omega(W) is the sum over the weights of ::

        phi(w) = |w| - w^2 / (2 a)    for |w| <= a,
                 a / 2                beyond,

    plus l2 / 2 ||W||_F^2. With strength lambda and gamma = a / lambda this is the MCP of
    Zhang (2010, eq. 2.1). It is not convex. Nothing but `l2` keeps weights finite where
    the classes are separable.

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
    """Smoothly clipped absolute deviation: L1 for small weights, constant for large ones.

    Omega(W) is the sum over the weights of ::

        phi(w) = |w|                                      for |w| <= k = a / 3.7,
                 (2 a |w| - w^2 - k^2) / (2 (a - k))      for k < |w| <= a,
                 (a + k) / 2                              beyond,

    plus l2 / 2 ||W||_F^2. It is the penalty of Fan and Li (2001, eq. 2.7) for a strength
    of k. It is not convex. Nothing but `l2` keeps weights finite where the classes are
    separable.

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
