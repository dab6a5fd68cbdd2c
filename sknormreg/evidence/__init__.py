"""Alphas from the training data alone, and the posterior around the network they give."""

from .groups import SCOPES
from .posterior import Posterior
from .solver import EvidenceSolver

__all__ = ["SCOPES", "EvidenceSolver", "Posterior"]
