"""Selection of features: which ones matter, and with which error rate."""

from .knockoff_selector import KnockoffSelector

__all__ = ["KnockoffSelector"]
