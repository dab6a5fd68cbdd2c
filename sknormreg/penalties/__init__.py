"""Norm penalties on the weights of a layer."""

from .base import Penalty
from .separable import L1, L2, ElasticNet

__all__ = ["L1", "L2", "ElasticNet", "Penalty"]
