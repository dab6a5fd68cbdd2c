"""Penalties that remove features and hidden units as a whole.

A group is a row of the weight matrix, the weights from one feature or hidden unit; or
several rows, of features that belong together, such as the one-hot encoding of a
categorical feature. With K_g the number of weights in group g,

    Omega(W) = sum_g K_g phi(||W_g||_2 / sqrt(K_g))

where phi is the identity for the group lasso, and a concave function for group MCP and
group SCAD. The knots of a concave function are thus in the unit of a single weight,
whatever the size of a group.
"""

import copy
from collections.abc import Mapping, Sequence

import numpy as np

from .._docstrings import document
from .._prox_terms import ConcaveGrouped, Grouped
from .base import Layout, Penalty, PiecewiseSmoothPenalty, check_number, not_bound
from .concave import Identity, MCPFunction, SCADFunction
from .group_prox import diagonal_prox
from .row_groups import RowGroups, names_of_groups, resolve_groups
from .separable import L2, add_l1_subgradient, project_onto_orthant, soft_threshold

# Indices or names of features, or a prefix of their names.
Group = Sequence[int] | Sequence[str] | str
Groups = Sequence[Group] | Mapping[str, Group] | None


class GroupPenalty(PiecewiseSmoothPenalty):
    """Base class of the penalties of groups of rows.

    Groups of features are those of one network: `bind` returns penalties that know which
    rows they are, and without it a penalty with `groups` can only be asked for its
    parameters. With ``groups=None`` every row is a group, whatever the network.

    Parameters
    ----------
    groups : list, dict or None
        Groups of features; None for each feature on its own.

    features_only : bool
        Whether only features are to be removed, with the L2 penalty on all later layers.
    """

    has_curvature = True
    is_absolute = True

    groups: Groups
    features_only: bool

    _bound_rows: RowGroups | None = None

    @property
    def _rows(self) -> RowGroups:
        """The groups of rows of the layer that the penalty is bound to."""
        if self._bound_rows is not None:
            return self._bound_rows
        if self.groups is not None:
            raise not_bound(self)
        return RowGroups()

    def _phi(self):
        return Identity()

    @property
    def first_layer_only(self) -> bool:
        return self.groups is not None or bool(self.features_only)

    def bind(self, layout: Layout) -> list[Penalty]:
        if not isinstance(self.features_only, bool | np.bool_):
            raise ValueError(
                f"The parameter 'features_only' of {type(self).__name__} must be True or "
                f"False, got {self.features_only!r}."
            )
        rows = RowGroups()
        if self.groups is not None:
            n_features = layout.shapes[0][0]
            rows = resolve_groups(self.groups, n_features, layout.feature_names)
        # Without a penalty the later layers would undo that of the first by rescaling.
        later = L2() if self.features_only else self._bound_to(RowGroups())
        return [self._bound_to(rows)] + [later] * (len(layout.shapes) - 1)

    def _bound_to(self, rows):
        bound = copy.copy(self)
        bound._bound_rows = rows
        return bound

    def restricted(self, rows: np.ndarray, fan_out: int) -> Penalty:
        return self._bound_to(self._rows.part(rows, fan_out))

    def tied_rows(self, rows: np.ndarray) -> np.ndarray:
        return self._rows.with_groups_of(rows)

    def names_of_groups(
        self, n_features: int, feature_names: np.ndarray | None
    ) -> list[str | None]:
        """Return the name of the group of each feature, None for groups of one.

        Parameters
        ----------
        n_features : int
            Number of features.

        feature_names : ndarray of str or None
            Names of the features, if they have any.

        Returns
        -------
        names : list of str or None, of length n_features
            Names of the groups.
        """
        if self.groups is None:
            return [None] * n_features
        return names_of_groups(self.groups, n_features, feature_names)

    def _scaled_norms(self, weights):
        """Return the root mean square of each group, and its number of weights."""
        sizes = self._rows.sizes(weights)
        return self._rows.norms(weights) / np.sqrt(sizes), sizes

    def _of_groups(self, number):
        """Return a step or a strength for each group from one for each row, or for all."""
        return self._rows.gather(number) if np.ndim(number) else number

    def value(self, weights: np.ndarray) -> float:
        r, sizes = self._scaled_norms(weights)
        return float(sizes @ self._phi().value(r))

    def row_values(self, weights: np.ndarray) -> np.ndarray:
        r, sizes = self._scaled_norms(weights)
        n_rows = self._rows.sums(np.ones(len(weights)))
        return self._rows.spread(sizes / n_rows * self._phi().value(r))[:, 0]

    def prox(self, weights: np.ndarray, step: float | np.ndarray) -> np.ndarray:
        if isinstance(step, np.ndarray) and step.ndim:
            step_of_rows, step = step, self._rows.gather(step)
            if not np.array_equal(self._rows.spread(step), step_of_rows):
                raise ValueError(f"{self} has no prox with a step for each weight.")
        r, _ = self._scaled_norms(weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            kept = np.where(r > 0, self._phi().prox(r, step) / r, 0)
        return weights * self._rows.spread(kept).astype(weights.dtype)

    def min_norm_subgradient(
        self, weights: np.ndarray, gradient: np.ndarray, strength: float
    ) -> np.ndarray:
        # At W_g = 0 the set is a ball of radius strength sqrt(K_g) around the gradient;
        # elsewhere it is a point, as phi has a derivative.
        added = strength * self._unit_gradient(weights)
        return self._shortened(weights, gradient + added.astype(weights.dtype), strength)

    def _unit_gradient(self, weights):
        """Return the gradient of Omega, with 0 for groups that are zero."""
        r, _ = self._scaled_norms(weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            factors = np.where(r > 0, self._phi().slope(r) / r, 0)
        return weights * self._rows.spread(factors)

    def _shortened(self, weights, vectors, strength):
        """Shorten the vectors of zero groups by the radius of their ball, to 0 at least."""
        norms = self._rows.norms(vectors)
        radii = self._of_groups(strength) * np.sqrt(self._rows.sizes(weights))
        with np.errstate(invalid="ignore", divide="ignore"):
            outside = np.where(norms > radii, 1 - radii / norms, 0)
        kept = np.where(self._rows.are_zero(weights), outside, 1.0)
        return vectors * self._rows.spread(kept).astype(weights.dtype)

    def solve_curvature(
        self, weights: np.ndarray, vector: np.ndarray, shift: float, strength: float
    ) -> np.ndarray:
        # Across W_g the gradient turns with it: the curvature is the norm of the gradient
        # over that of W_g. Along W_g it is 0 for the norm; for concave functions it is
        # negative and counts as 0, which keeps the system positive definite.
        r, sizes = self._scaled_norms(weights)
        strength = self._of_groups(strength)
        with np.errstate(invalid="ignore", divide="ignore"):
            across = np.where(r > 0, strength * self._phi().slope(r) / r, 0)
            products = np.einsum("ij,ij->i", weights, vector, dtype=np.float64)
            along = np.where(r > 0, self._rows.sums(products) / (sizes * r**2), 0)
        factors = 1 / (shift + across)
        in_line = weights * self._rows.spread(along * (1 / shift - factors))
        return (vector * self._rows.spread(factors) + in_line).astype(vector.dtype)

    def at_kink(self, weights: np.ndarray) -> np.ndarray:
        zero = self._rows.spread(self._rows.are_zero(weights))
        return np.broadcast_to(zero, weights.shape)

    def project(self, weights: np.ndarray, reference: np.ndarray) -> None:
        # Projection onto a half-space: a group must not cross its kink at 0.
        products = np.einsum("ij,ij->i", weights, reference, dtype=np.float64)
        passed = self._rows.sums(products) <= 0
        weights[self._rows.spread(passed)[:, 0]] = 0


class GroupLasso(GroupPenalty):
    r"""Group lasso: features and hidden units vanish as a whole.

    .. math::

        \Omega(W) = \sum_g \sqrt{K_g} \, \| W_g \|_2

    where :math:`W_g` are the :math:`K_g` weights of group g (Yuan and Lin, 2006): those
    from one feature, from several that belong together, or from one hidden unit
    (Scardapane et al., 2017).

    Parameters
    ----------
    groups : list, dict or None, default=None
        Groups of features that vanish together, such as the one-hot encoding of a
        categorical feature. Each group is a list of feature indices, a list of feature
        names, or a prefix: a string that stands for all features whose names begin with
        it. If several prefixes match a name, the longest one wins. Features in none of
        the groups are groups of one. The keys of a dict name its groups. If None, each
        feature is a group.

    features_only : bool, default=False
        Whether only features are to vanish. Later layers then have the L2 penalty with
        the same alpha: without a penalty they would undo that of the first layer by
        growing.

    References
    ----------
    M. Yuan and Y. Lin, "Model Selection and Estimation in Regression with Grouped
    Variables", Journal of the Royal Statistical Society B 68, 2006.

    S. Scardapane, D. Comminiello, A. Hussain and A. Uncini, "Group Sparse Regularization
    for Deep Neural Networks", Neurocomputing 241, 2017.
    """

    def __init__(self, groups: Groups = None, features_only: bool = False) -> None:
        self.groups = groups
        self.features_only = features_only

    is_absolute = True
    restricted = GroupPenalty.restricted
    row_values = GroupPenalty.row_values

    @property
    def _prox_terms(self):
        rows = self._rows
        return Grouped(1.0, rows.labels, sizes=rows.part_sizes)

    def prox(self, weights: np.ndarray, step: float | np.ndarray) -> np.ndarray:
        if isinstance(step, np.ndarray) and step.shape == weights.shape:
            return diagonal_prox(weights, step, self._rows, l1=0.0, group=1.0)
        return super().prox(weights, step)


class SparseGroupLasso(GroupPenalty):
    r"""Sparse group lasso: groups vanish, and single weights of the remaining groups.

    .. math::

        \Omega(W) = \rho \sum_{j,k} |W_{jk}|
        + (1 - \rho) \sum_g \sqrt{K_g} \, \| W_g \|_2

    with :math:`\rho` the parameter `l1_ratio` and the groups of `GroupLasso` (Simon et
    al., 2013).

    Parameters
    ----------
    l1_ratio : float, default=0.5
        Share of the L1 penalty, between 0 (the group lasso) and 1 (the L1 penalty).

    groups : list, dict or None, default=None
        Groups of features, as in `GroupLasso`.

    features_only : bool, default=False
        Whether later layers have the L2 penalty instead, as in `GroupLasso`.

    References
    ----------
    N. Simon, J. Friedman, T. Hastie and R. Tibshirani, "A Sparse-Group Lasso", Journal of
    Computational and Graphical Statistics 22, 2013.
    """

    def __init__(
        self, l1_ratio: float = 0.5, groups: Groups = None, features_only: bool = False
    ) -> None:
        self.l1_ratio = l1_ratio
        self.groups = groups
        self.features_only = features_only

    def bind(self, layout: Layout) -> list[Penalty]:
        check_number(self, "l1_ratio", least=0, most=1)
        return super().bind(layout)

    is_absolute = True
    restricted = GroupPenalty.restricted

    @property
    def _prox_terms(self):
        rows, l1 = self._rows, self.l1_ratio
        return Grouped(1 - l1, rows.labels, l1=l1, sizes=rows.part_sizes)

    def value(self, weights: np.ndarray) -> float:
        l1 = np.abs(weights).sum(dtype=np.float64)
        return float(self.l1_ratio * l1 + (1 - self.l1_ratio) * super().value(weights))

    def row_values(self, weights: np.ndarray) -> np.ndarray:
        l1 = np.abs(weights).sum(axis=1, dtype=np.float64)
        return self.l1_ratio * l1 + (1 - self.l1_ratio) * super().row_values(weights)

    def prox(self, weights: np.ndarray, step: float | np.ndarray) -> np.ndarray:
        if isinstance(step, np.ndarray) and step.shape == weights.shape:
            return diagonal_prox(
                weights, step, self._rows, l1=self.l1_ratio, group=1 - self.l1_ratio
            )
        # The prox of the sum is that of the L1 term, then that of the group lasso (Simon et
        # al., 2013, section 3.2).
        thresholded = soft_threshold(weights, step * self.l1_ratio)
        return super().prox(thresholded, step * (1 - self.l1_ratio))

    def min_norm_subgradient(
        self, weights: np.ndarray, gradient: np.ndarray, strength: float
    ) -> np.ndarray:
        # At W_g = 0 the set is the gradient plus a box and a ball: its minimum-norm element
        # is the gradient soft-thresholded by the box, then shortened by the ball.
        group = strength * (1 - self.l1_ratio)
        smooth_part = gradient + (group * self._unit_gradient(weights)).astype(
            weights.dtype
        )
        vectors = add_l1_subgradient(weights, smooth_part, strength * self.l1_ratio)
        return self._shortened(weights, vectors, group)

    def solve_curvature(
        self, weights: np.ndarray, vector: np.ndarray, shift: float, strength: float
    ) -> np.ndarray:
        # The L1 term has no curvature.
        group = strength * (1 - self.l1_ratio)
        return super().solve_curvature(weights, vector, shift, group)

    def at_kink(self, weights: np.ndarray) -> np.ndarray:
        return (weights == 0) if self.l1_ratio else super().at_kink(weights)

    def project(self, weights: np.ndarray, reference: np.ndarray) -> None:
        if self.l1_ratio:
            project_onto_orthant(weights, reference)
        if self.l1_ratio < 1:
            super().project(weights, reference)


class _ConcaveGroupPenalty(GroupPenalty):
    """Sum of K_g phi(r_g) over the groups, with phi a `Concave` function."""

    # In a metric that differs within a group the minimum has no formula.
    has_diagonal_prox = False

    def __init__(
        self,
        a: float = 1.0,
        l2: float = 0.001,
        groups: Groups = None,
        features_only: bool = False,
    ) -> None:
        self.a = a
        self.l2 = l2
        self.groups = groups
        self.features_only = features_only

    def bind(self, layout: Layout) -> list[Penalty]:
        check_number(self, "a", more_than=0)
        check_number(self, "l2", least=0)
        return super().bind(layout)

    @property
    def _prox_terms(self):
        knots = self._phi().first_knot, self.a
        rows = self._rows
        return ConcaveGrouped(1.0, knots, rows.labels, self.l2, rows.part_sizes)


_CONCAVE_PARAMETERS = """
a : float, default=1.0
    Knot: a group whose root mean square is `a` or more is not shrunk. The larger `a`, the
    closer the penalty is to `GroupLasso`.

l2 : float, default=0.001
    Factor of the L2 penalty that is added to keep the weights finite.

groups : list, dict or None, default=None
    Groups of features, as in `GroupLasso`.

features_only : bool, default=False
    Whether later layers have the L2 penalty instead, as in `GroupLasso`.
"""


@document(parameters=_CONCAVE_PARAMETERS)
class GroupMCP(_ConcaveGroupPenalty):
    r"""Group MCP: groups vanish, and large ones are not shrunk.

    .. math::

        \Omega(W) = \sum_g K_g \, \phi ( \| W_g \|_2 / \sqrt{K_g} )
        + \frac{l_2}{2} \sum_{j,k} W_{jk}^2

    with :math:`\phi` as in `MCP` and the groups of `GroupLasso` (Breheny and Huang, 2015,
    whose knot is proportional to :math:`\sqrt{K_g}`, too). It is not convex.

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
    r"""Group SCAD: groups vanish, and large ones are not shrunk.

    .. math::

        \Omega(W) = \sum_g K_g \, \phi ( \| W_g \|_2 / \sqrt{K_g} )
        + \frac{l_2}{2} \sum_{j,k} W_{jk}^2

    with :math:`\phi` as in `SCAD` and the groups of `GroupLasso` (Breheny and Huang,
    2015). It is not convex.

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
