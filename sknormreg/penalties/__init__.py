"""Norm penalties on the weights of a layer, and constraints on their norms."""

from .base import Layout, Penalty, PiecewiseSmoothPenalty
from .constraints import L1Ball, MaxNorm
from .elementwise import MCP, SCAD
from .group import GroupLasso, GroupMCP, GroupSCAD, SparseGroupLasso
from .hierarchical import Hierarchical
from .low_rank import Nuclear
from .separable import L1, L2, ElasticNet
from .weighted import Weighted, reweighted

__all__ = [
    "L1",
    "L2",
    "MCP",
    "PENALTIES",
    "SCAD",
    "ElasticNet",
    "GroupLasso",
    "GroupMCP",
    "GroupSCAD",
    "Hierarchical",
    "L1Ball",
    "Layout",
    "MaxNorm",
    "Nuclear",
    "Penalty",
    "PiecewiseSmoothPenalty",
    "SparseGroupLasso",
    "Weighted",
    "reweighted",
]

# Names for an estimator's `penalty`, which stand for an instance with default parameters.
PENALTIES = {
    "l1": L1,
    "l2": L2,
    "elasticnet": ElasticNet,
    "group_lasso": GroupLasso,
    "sparse_group_lasso": SparseGroupLasso,
    "hierarchical": Hierarchical,
    "mcp": MCP,
    "scad": SCAD,
    "group_mcp": GroupMCP,
    "group_scad": GroupSCAD,
    "max_norm": MaxNorm,
    "l1_ball": L1Ball,
    "nuclear": Nuclear,
}
