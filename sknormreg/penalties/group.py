"""Penalties that remove inputs and hidden units as a whole.

A group are the weights that leave an input or a hidden unit, a row of a layer's matrix; or
those of several inputs that belong together, such as the columns of one categorical
variable. With K_g the number of weights in group g,

    Omega(W) = sum_g K_g phi(||W_g||_2 / sqrt(K_g))

where phi is the identity for the group lasso, and a concave function for its nearly
unbiased relatives: knots are thus in the unit of a single weight, whatever the size of a
group.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .._docstrings import document
from .._prox_terms import ConcaveGrouped, Grouped
from .base import PiecewiseSmoothPenalty, check_number
from .concave import MCPFunction, SCADFunction
from .row_groups import RowGroups, names_of_groups, resolve_groups
from .separable import L2, project_onto_orthant, shortest_with_l1, soft_threshold

# Indices, names, or what names begin with.
Group = Sequence[int] | Sequence[str] | str
Groups = Sequence[Group] | Mapping[str, Group] | None


@dataclass(frozen=True)
class _Identity:
    """phi(r) = r, with the interface of `Concave`."""

    def value(self, r):
        return r

    def slope(self, r):
        return np.ones_like(r)

    def prox(self, r, step):
        return np.maximum(r - step, 0)


class GroupPenalty(PiecewiseSmoothPenalty):
    """What group penalties have in common.

    Parameters
    ----------
    groups : list, dict or None
        Groups of input columns; None for each column on its own.

    inputs_only : bool
        Whether only inputs are to be removed, with the L2 penalty on all later layers.
    """

    has_curvature = True

    _rows = RowGroups()

    def _phi(self):
        return _Identity()

    @property
    def of_inputs(self):
        return self.groups is not None or bool(self.inputs_only)

    def per_layer(self, layout):
        if not isinstance(self.inputs_only, bool | np.bool_):
            raise ValueError(
                f"The parameter 'inputs_only' of {type(self).__name__} must be True or "
                f"False, got {self.inputs_only!r}."
            )
        first = copy.copy(self)
        if self.groups is not None:
            n_features = layout.shapes[0][0]
            first._rows = resolve_groups(self.groups, n_features, layout.feature_names)
        # Without a penalty the later layers would undo that of the first by rescaling.
        later = L2() if self.inputs_only else self
        return [first] + [later] * (len(layout.shapes) - 1)

    def names_of_groups(self, n_features, feature_names):
        """The name of the group that each input is in, None where it is one of its own."""
        if self.groups is None:
            return [None] * n_features
        return names_of_groups(self.groups, n_features, feature_names)

    def _scaled_norms(self, weights):
        """Root mean squares of the groups, and the number of weights in each."""
        sizes = self._rows.sizes(weights)
        return self._rows.norms(weights) / np.sqrt(sizes), sizes

    def value(self, weights):
        r, sizes = self._scaled_norms(weights)
        return float(sizes @ self._phi().value(r))

    def prox(self, weights, step):
        if np.ndim(step):
            raise ValueError(f"{self} has no prox with a step for each weight.")
        r, _ = self._scaled_norms(weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            kept = np.where(r > 0, self._phi().prox(r, step) / r, 0)
        return weights * self._rows.spread(kept).astype(weights.dtype)

    def min_norm_subgradient(self, weights, gradient, strength):
        # At W_g = 0 the set is a ball of radius strength sqrt(K_g) around the gradient;
        # elsewhere phi has a derivative.
        added = strength * self._unit_gradient(weights)
        return self._shortened(weights, gradient + added.astype(weights.dtype), strength)

    def _unit_gradient(self, weights):
        """The gradient of Omega, and 0 in groups that are 0."""
        r, _ = self._scaled_norms(weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            factors = np.where(r > 0, self._phi().slope(r) / r, 0)
        return weights * self._rows.spread(factors)

    def _shortened(self, weights, vectors, strength):
        """Vectors as they are but in groups that are 0: there their distances to a ball."""
        norms = self._rows.norms(vectors)
        radii = strength * np.sqrt(self._rows.sizes(weights))
        with np.errstate(invalid="ignore", divide="ignore"):
            outside = np.where(norms > radii, 1 - radii / norms, 0)
        kept = np.where(self._rows.are_zero(weights), outside, 1.0)
        return vectors * self._rows.spread(kept).astype(weights.dtype)

    def solve_curvature(self, weights, vector, shift, strength):
        # Across W_g the gradient turns with it: the curvature is the gradient's length
        # over that of W_g. Along W_g it is 0 for the norm, and for concave functions
        # negative, which is left out.
        r, sizes = self._scaled_norms(weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            across = np.where(r > 0, strength * self._phi().slope(r) / r, 0)
            products = np.einsum("ij,ij->i", weights, vector, dtype=np.float64)
            along = np.where(r > 0, self._rows.sums(products) / (sizes * r**2), 0)
        factors = 1 / (shift + across)
        in_line = weights * self._rows.spread(along * (1 / shift - factors))
        return (vector * self._rows.spread(factors) + in_line).astype(vector.dtype)

    def at_kink(self, weights):
        zero = self._rows.spread(self._rows.are_zero(weights))
        return np.broadcast_to(zero, weights.shape)

    def project(self, weights, reference):
        # Onto a half-space: a group must not pass its kink at 0.
        products = np.einsum("ij,ij->i", weights, reference, dtype=np.float64)
        passed = self._rows.sums(products) <= 0
        weights[self._rows.spread(passed)[:, 0]] = 0


class GroupLasso(GroupPenalty):
    """Group lasso: whole inputs and whole hidden units vanish.

    Omega(W) = sum_g sqrt(K_g) ||W_g||_2 (Yuan and Lin, 2006), where group g are the K_g
    weights that leave an input or a hidden unit (Scardapane et al., 2017).

    Parameters
    ----------
    groups : list, dict or None, default=None
        Groups of input columns that are to vanish together, such as those of a one-hot
        encoded variable. Each is a list of column indices, a list of column names, or a
        string: the columns whose names begin with it (and with no longer one of these
        strings). Columns that are in none of them are groups of one. Of a dict the groups
        are the values. None is each column on its own.

    inputs_only : bool, default=False
        Whether only inputs are to vanish. Later layers then have the L2 penalty with the
        same alpha: without any, they would undo the first one's by growing.

    References
    ----------
    M. Yuan and Y. Lin, "Model Selection and Estimation in Regression with Grouped
    Variables", Journal of the Royal Statistical Society B 68, 2006.

    S. Scardapane, D. Comminiello, A. Hussain and A. Uncini, "Group Sparse Regularization
    for Deep Neural Networks", Neurocomputing 241, 2017.
    """

    def __init__(self, groups: Groups = None, inputs_only: bool = False) -> None:
        self.groups = groups
        self.inputs_only = inputs_only

    @property
    def _prox_terms(self):
        return Grouped(1.0, self._rows.labels)

    def prox(self, weights, step):
        if np.ndim(step):
            return diagonal_prox(weights, step, self._rows, l1=0.0, group=1.0)
        return super().prox(weights, step)


class SparseGroupLasso(GroupPenalty):
    """Sparse group lasso: groups vanish, and weights within those that stay.

    Omega(W) = l1_ratio ||W||_1 + (1 - l1_ratio) sum_g sqrt(K_g) ||W_g||_2 (Simon et al.,
    2013), with the groups of `GroupLasso`.

    Parameters
    ----------
    l1_ratio : float, default=0.5
        Between 0 (the group lasso) and 1 (the L1 penalty).

    groups : list, dict or None, default=None
        Groups of input columns, as in `GroupLasso`.

    inputs_only : bool, default=False
        Whether later layers have the L2 penalty instead, as in `GroupLasso`.

    References
    ----------
    N. Simon, J. Friedman, T. Hastie and R. Tibshirani, "A Sparse-Group Lasso", Journal of
    Computational and Graphical Statistics 22, 2013.
    """

    def __init__(
        self, l1_ratio: float = 0.5, groups: Groups = None, inputs_only: bool = False
    ) -> None:
        self.l1_ratio = l1_ratio
        self.groups = groups
        self.inputs_only = inputs_only

    def per_layer(self, layout):
        check_number(self, "l1_ratio", least=0, most=1)
        return super().per_layer(layout)

    @property
    def _prox_terms(self):
        return Grouped(1 - self.l1_ratio, self._rows.labels, l1=self.l1_ratio)

    def value(self, weights):
        l1 = np.abs(weights).sum(dtype=np.float64)
        return float(self.l1_ratio * l1 + (1 - self.l1_ratio) * super().value(weights))

    def prox(self, weights, step):
        if np.ndim(step):
            return diagonal_prox(
                weights, step, self._rows, l1=self.l1_ratio, group=1 - self.l1_ratio
            )
        # The prox of the sum is one after the other (Simon et al., 2013, section 3.2).
        thresholded = soft_threshold(weights, step * self.l1_ratio)
        return super().prox(thresholded, step * (1 - self.l1_ratio))

    def min_norm_subgradient(self, weights, gradient, strength):
        # The set of a group at 0 is that of a ball plus a box: what the box leaves of the
        # gradient, shortened by the ball.
        group = strength * (1 - self.l1_ratio)
        smooth_part = gradient + (group * self._unit_gradient(weights)).astype(
            weights.dtype
        )
        vectors = shortest_with_l1(weights, smooth_part, strength * self.l1_ratio)
        return self._shortened(weights, vectors, group)

    def solve_curvature(self, weights, vector, shift, strength):
        # The L1 part has none.
        group = strength * (1 - self.l1_ratio)
        return super().solve_curvature(weights, vector, shift, group)

    def at_kink(self, weights):
        return (weights == 0) if self.l1_ratio else super().at_kink(weights)

    def project(self, weights, reference):
        if self.l1_ratio:
            project_onto_orthant(weights, reference)
        if self.l1_ratio < 1:
            super().project(weights, reference)


class _ConcaveGroupPenalty(GroupPenalty):
    # In a metric that differs within a group there is no formula for the minimum.
    has_diagonal_prox = False

    def __init__(
        self,
        a: float = 1.0,
        l2: float = 0.001,
        groups: Groups = None,
        inputs_only: bool = False,
    ) -> None:
        self.a = a
        self.l2 = l2
        self.groups = groups
        self.inputs_only = inputs_only

    def per_layer(self, layout):
        check_number(self, "a", more_than=0)
        check_number(self, "l2", least=0)
        return super().per_layer(layout)

    @property
    def _prox_terms(self):
        knots = self._phi().first_knot, self.a
        return ConcaveGrouped(1.0, knots, self._rows.labels, self.l2)


_CONCAVE_PARAMETERS = """
a : float, default=1.0
    The root mean square of a group's weights from which on there is no shrinkage.

l2 : float, default=0.001
    Share of the L2 penalty that is added, which keeps weights finite.

groups : list, dict or None, default=None
    Groups of input columns, as in `GroupLasso`.

inputs_only : bool, default=False
    Whether later layers have the L2 penalty instead, as in `GroupLasso`.
"""


@document(parameters=_CONCAVE_PARAMETERS)
class GroupMCP(_ConcaveGroupPenalty):
    """Group MCP: groups vanish, and large ones are not shrunk.

    Omega(W) = sum_g K_g phi(||W_g||_2 / sqrt(K_g)), with phi of `MCP` and the groups of
    `GroupLasso` (Breheny and Huang, 2015, whose knot, too, is proportional to sqrt(K_g)).

    Parameters
    ----------
    {parameters}

    References
    ----------
    P. Breheny and J. Huang, "Group descent algorithms for nonconvex penalized linear and
    logistic regression models with grouped predictors", Statistics and Computing 25, 2015.
    """

    def _phi(self):
        return MCPFunction(self.a, self.l2)


@document(parameters=_CONCAVE_PARAMETERS)
class GroupSCAD(_ConcaveGroupPenalty):
    """Group SCAD: groups vanish, and large ones are not shrunk.

    Omega(W) = sum_g K_g phi(||W_g||_2 / sqrt(K_g)), with phi of `SCAD` and the groups of
    `GroupLasso` (Breheny and Huang, 2015).

    Parameters
    ----------
    {parameters}

    References
    ----------
    P. Breheny and J. Huang, "Group descent algorithms for nonconvex penalized linear and
    logistic regression models with grouped predictors", Statistics and Computing 25, 2015.
    """

    def _phi(self):
        return SCADFunction(self.a, self.l2)


def diagonal_prox(weights, step, rows, l1, group):
    """argmin_w sum((w - weights)^2 / (2 step)) + l1 ||w||_1 + group sum sqrt(K) ||w_g||.

    With D = 1 / step and n = soft(D weights, l1), a group is 0 where ||n|| is at most
    c = group sqrt(K); else it is n r / (D r + c), where r, its norm, solves
    ||n / (D r + c)|| = 1. The reciprocal of that norm is a concave function of r: Newton's
    method approaches the solution from below without passing it.

    Parameters
    ----------
    weights, step : ndarray of shape (fan_in, fan_out)

    rows : RowGroups

    l1, group : float
    """
    metric = 1 / step.astype(np.float64)
    n = soft_threshold(weights * metric, l1)
    sizes = rows.sizes(weights)
    c, norms = group * np.sqrt(sizes), rows.norms(n)
    alive = norms > c
    # From below: as if the metric were its largest entry in the group.
    largest = metric.max(axis=1)
    if rows.labels is not None:
        by_row, largest = largest, np.zeros(len(sizes))
        np.maximum.at(largest, rows.labels, by_row)
    r = np.where(alive, (norms - c) / largest, 1.0)
    c = np.where(alive, c, 1.0)
    for _ in range(_NEWTON_STEPS):
        denominator = metric * rows.spread(r) + rows.spread(c)
        q = n / denominator
        squared_norm = rows.sums(np.einsum("ij,ij->i", q, q))
        squared_norm = np.where(alive, squared_norm, 1.0)
        slope = rows.sums(np.einsum("ij,ij,ij->i", q, q, metric / denominator))
        slope = np.where(alive, slope, 1.0)
        # h(r) = 1 / ||q|| - 1 and its derivative.
        step_r = squared_norm * (np.sqrt(squared_norm) - 1) / slope
        r += step_r
        if np.abs(step_r / r).max(initial=0) <= 1e-15 * len(weights):
            break
    r = rows.spread(np.where(alive, r, 0.0))
    c = rows.spread(np.where(alive, c, 1.0))
    return (n * r / (metric * r + c)).astype(weights.dtype)


_NEWTON_STEPS = 60
