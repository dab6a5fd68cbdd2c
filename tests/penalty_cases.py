"""The penalties under test, each beside its definition in plain NumPy."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from sknormreg.penalties import (
    L1,
    L2,
    MCP,
    SCAD,
    ElasticNet,
    GroupLasso,
    GroupMCP,
    GroupSCAD,
    Hierarchical,
    L1Ball,
    Layout,
    MaxNorm,
    Nuclear,
    SparseGroupLasso,
    Weighted,
)


def everywhere(weights):
    return weights


@dataclass(frozen=True)
class Case:
    """A penalty, and what is true of it by definition.

    Attributes
    ----------
    name : str

    given : Penalty
        As a user gives it.

    omega : callable
        Omega by its definition, of weights or of a stack of them, shape (..., fan_in,
        fan_out). What is infinite outside of a set is 0 here, everywhere.

    shape : tuple of int
        Of the weights.

    n_skip : int

    rows : tuple of tuple of int
        Of each group; empty where the penalty knows no groups.

    width : float
        Omega(W) + ||W||_F^2 / (2 width) is convex; inf for convex penalties.

    into_domain : callable
        Moves a stack of weights to where Omega is finite.
    """

    name: str
    given: object
    omega: Callable
    shape: tuple = (6, 2)
    n_skip: int = 0
    rows: tuple = ()
    width: float = np.inf
    into_domain: Callable = everywhere

    @property
    def penalty(self):
        """That of a network's first layer, as training uses it."""
        last = (max(self.shape[1] - self.n_skip, 1), max(self.n_skip, 1))
        layout = Layout([self.shape, last], None, self.n_skip)
        return self.given.bind(layout)[0]

    @property
    def is_weighted(self):
        return isinstance(self.given, Weighted)

    @property
    def l1_ratio(self):
        """That of a sparse group lasso; 0 for other penalties on groups."""
        inner = self.given.penalty if self.is_weighted else self.given
        return getattr(inner, "l1_ratio", 0)

    @property
    def free(self):
        """Mask of the rows without a penalty."""
        if not self.is_weighted:
            return np.zeros(self.shape[0], dtype=bool)
        return np.array(self.given.penalty_factor) == 0

    @property
    def convex(self):
        return self.width == np.inf

    @property
    def has_domain(self):
        return self.into_domain is not everywhere

    def draw(self, seed, smallest=1e-3, zeros=True):
        """Weights of sizes from `smallest` to 10, anywhere."""
        rng = np.random.default_rng(seed)
        sizes = 10 ** rng.uniform(np.log10(smallest), 1, self.shape)
        weights = sizes * rng.choice([-1, 1], self.shape)
        if zeros:
            weights[rng.uniform(size=self.shape) < 0.2] = 0
            for rows in self.rows or [[0]]:
                if rng.uniform() < 0.3:
                    weights[list(rows)] = 0
        if isinstance(self.given, Nuclear) and rng.uniform() < 0.5:
            # Of rank 1, or 0.
            weights = np.outer(weights[:, 0], rng.uniform(0.5, 2, self.shape[1]))
        return weights

    def draw_in_domain(self, seed, smallest=1e-3, zeros=True):
        return self.into_domain(self.draw(seed, smallest, zeros))

    def smallest(self, weights):
        """The smallest size that weights away from a kink have."""
        if isinstance(self.given, Nuclear):
            sizes = np.linalg.svd(weights, compute_uv=False)
        else:
            sizes = np.abs(weights)
        return sizes[sizes > 1e-12].min(initial=1.0)


# Definitions


def l1(weights):
    return np.abs(weights).sum((-2, -1))


def half_l2(weights):
    return np.linalg.norm(weights, axis=(-2, -1)) ** 2 / 2


def nothing(weights):
    return np.zeros(weights.shape[:-2])


def nuclear(weights):
    return np.linalg.norm(weights, "nuc", axis=(-2, -1))


def mcp(w, a):
    """Zhang (2010, eq. 2.1): lambda int_0^w (1 - x / (gamma lambda))_+ dx, over lambda."""
    w = np.minimum(np.abs(w), a)
    return w - w**2 / (2 * a)


def scad(w, a):
    """Fan and Li (2001, eq. 2.7), integrated, over lambda = a / 3.7."""
    w, k = np.abs(w), a / 3.7
    between = (2 * 3.7 * k * w - w**2 - k**2) / (2 * 2.7 * k)
    return np.where(w <= k, w, np.where(w <= a, between, 4.7 * k / 2))


def group_sum(phi, rows):
    """sum_g K_g phi(||W_g|| / sqrt(K_g))."""

    def omega(weights):
        total = 0
        for group in rows:
            part = weights[..., list(group), :]
            n = part.shape[-1] * len(group)
            total = total + n * phi(np.linalg.norm(part, axis=(-2, -1)) / np.sqrt(n))
        return total

    return omega


def hierarchy(n_skip):
    return lambda weights: np.linalg.norm(weights[..., -n_skip:], axis=-1).sum(-1)


def into_balls(radius, norm):
    def into_domain(weights):
        return weights * np.minimum(1, radius / np.maximum(norm(weights), 1e-300))

    return into_domain


def under_bound(M, n_skip):
    def into_domain(weights):
        bound = M * np.linalg.norm(weights[..., -n_skip:], axis=-1, keepdims=True)
        hidden = np.clip(weights[..., :-n_skip], -bound, bound)
        return np.concatenate([hidden, weights[..., -n_skip:]], axis=-1)

    return into_domain


def column_norms(weights):
    return np.linalg.norm(weights, axis=-2, keepdims=True)


def l1_norms(weights):
    return l1(weights)[..., None, None]


GROUPS = [[0, 2], [4, 1]]
BY_LABELS = ((0, 2), (4, 1), (3,), (5,))
BY_ROW = tuple((row,) for row in range(6))
A, L2_SHARE = 1.5, 0.3

# Of `Weighted`: free features, and the same for those of a group.
FACTORS = {
    BY_ROW: [0.0, 0.5, 2.0, 2.0, 0.0, 3.0],
    BY_LABELS: [0.5, 0.0, 0.5, 3.0, 0.0, 2.0],
}

WEIGHTED = (
    "l1",
    "l2",
    "mcp-l2=0.3",
    "group_lasso",
    "sparse_group_lasso-0.3-of-columns",
    "group_mcp-of-columns",
)

SPARSE_GROUP_RATIOS = [0.0, 0.3, 0.9, 1.0]


def _group_cases(suffix, groups, rows):
    group_lasso = group_sum(lambda r: r, rows)

    def sparse_group(l1_ratio):
        return lambda w: l1_ratio * l1(w) + (1 - l1_ratio) * group_lasso(w)

    def concave(phi):
        return group_sum(lambda r: phi(r, A) + L2_SHARE / 2 * r**2, rows)

    yield Case(f"group_lasso{suffix}", GroupLasso(groups), group_lasso, rows=rows)
    for ratio in SPARSE_GROUP_RATIOS:
        penalty = SparseGroupLasso(ratio, groups)
        yield Case(
            f"sparse_group_lasso-{ratio}{suffix}", penalty, sparse_group(ratio), rows=rows
        )
    given = GroupMCP(A, L2_SHARE, groups)
    yield Case(f"group_mcp{suffix}", given, concave(mcp), rows=rows, width=A)
    given, width = GroupSCAD(A, L2_SHARE, groups), A * 2.7 / 3.7
    yield Case(f"group_scad{suffix}", given, concave(scad), rows=rows, width=width)


def _weighted(case):
    """The case with factors: a sum over groups of the weights that are in them alone."""
    rows = case.rows or BY_ROW
    factors = FACTORS[rows]

    def omega(weights):
        masks = np.zeros((len(rows), len(factors), 1))
        for mask, group in zip(masks, rows):
            mask[list(group)] = 1
        return sum(
            factors[row[0]] * case.omega(mask * weights) for row, mask in zip(rows, masks)
        )

    return replace(
        case,
        name=f"weighted-{case.name}",
        given=Weighted(case.given, factors),
        omega=omega,
        width=case.width / max(factors),
    )


def _all_cases():
    for case in _plain_cases():
        yield case
        if case.name in WEIGHTED:
            yield _weighted(case)


def _plain_cases():
    yield Case("l1", L1(), l1)
    yield Case("l2", L2(), half_l2)
    for ratio in (0.0, 1e-3, 0.2, 0.5, 0.999, 1.0):

        def elastic(weights, ratio=ratio):
            return ratio * l1(weights) + (1 - ratio) * half_l2(weights)

        yield Case(f"elasticnet-{ratio}", ElasticNet(ratio), elastic)
    yield from _group_cases("", None, BY_ROW)
    yield from _group_cases("-of-columns", GROUPS, BY_LABELS)
    for share in (0.0, L2_SHARE):

        def concave(phi, share=share):
            return lambda w: phi(w, A).sum((-2, -1)) + share * half_l2(w)

        yield Case(f"mcp-l2={share}", MCP(A, share), concave(mcp), width=A)
        width = A * 2.7 / 3.7
        yield Case(f"scad-l2={share}", SCAD(A, share), concave(scad), width=width)
    domain = into_balls(2.0, column_norms)
    yield Case("max_norm", MaxNorm(2.0), nothing, into_domain=domain)
    domain = into_balls(5.0, l1_norms)
    yield Case("l1_ball", L1Ball(5.0), nothing, into_domain=domain)
    yield Case("nuclear", Nuclear(), nuclear, shape=(4, 3))
    for n_skip, M in ((1, 1.5), (3, 0.5)):
        yield Case(
            f"hierarchical-{n_skip}",
            Hierarchical(M),
            hierarchy(n_skip),
            shape=(5, 3 + n_skip),
            n_skip=n_skip,
            rows=BY_ROW[:5],
            width=np.nan,
            into_domain=under_bound(M, n_skip),
        )


CASES = {case.name: case for case in _all_cases()}


def small_cases():
    """One to three weights, so that a grid covers the plane."""
    return list(_small_cases())


def _small_cases():
    yield replace(CASES["mcp-l2=0.0"], shape=(1, 1))
    yield replace(CASES["mcp-l2=0.3"], shape=(1, 1))
    yield replace(CASES["scad-l2=0.0"], shape=(1, 1))
    yield replace(CASES["scad-l2=0.3"], shape=(1, 1))
    for phi, penalty in ((mcp, GroupMCP), (scad, GroupSCAD)):
        for groups, shape in (([[0, 1]], (2, 1)), (None, (1, 2)), ([[0, 1, 2]], (3, 1))):

            def concave(weights, phi=phi, shape=shape):
                rms = np.linalg.norm(weights, axis=(-2, -1)) / np.sqrt(np.prod(shape))
                return np.prod(shape) * (phi(rms, A) + L2_SHARE / 2 * rms**2)

            given = penalty(A, L2_SHARE, groups)
            yield Case(f"{penalty.__name__}-{shape}", given, concave, shape)
    for n_hidden, n_skip, M in ((1, 1, 2.0), (2, 1, 0.7), (1, 2, 1.5)):
        yield Case(
            f"Hierarchical-{n_hidden}-{n_skip}",
            Hierarchical(M),
            hierarchy(n_skip),
            shape=(1, n_hidden + n_skip),
            n_skip=n_skip,
            into_domain=under_bound(M, n_skip),
        )


# The problem that a proximal operator solves


def objective(case, z, weights, step):
    """Omega(z) + |z - weights|^2 / (2 step), which the prox minimises over z."""
    return case.omega(z) + ((z - weights) ** 2 / (2 * step)).sum((-2, -1))


def trial_points(case, weights, found, seed):
    """A stack of weights, half of them near the prox, where a penalty is finite."""
    rng = np.random.default_rng(seed + 1)
    normal = rng.normal(size=(40, *case.shape))
    sizes = 10 ** rng.uniform(-4, 1, size=(40, 1, 1))
    masks = rng.uniform(size=(20, *case.shape)) < 0.5
    row_masks = rng.uniform(size=(20, case.shape[0], 1)) < 0.5
    shares = np.linspace(0, 1.5, 31)[:, None, None]
    points = [
        found + sizes * normal,
        sizes * normal,
        found * masks,
        found * row_masks,
        shares * weights,
        shares * found,
    ]
    return case.into_domain(np.concatenate(points))


def cases(keep=lambda case: True):
    """Parametrise a test by the cases that have a property."""
    kept = [case for case in CASES.values() if keep(case)]
    return pytest.mark.parametrize("case", kept, ids=lambda case: case.name)
