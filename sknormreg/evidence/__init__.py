"""Alphas from the training data alone, and the posterior around the network they give."""

from .solver import SCOPES, EvidenceSolver, Posterior

__all__ = ["SCOPES", "EvidenceSolver", "Posterior"]
