"""Selection of features: which ones matter, and with which error rate."""

from .stability import StabilitySelector

__all__ = ["StabilitySelector"]
