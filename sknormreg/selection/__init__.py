"""Selection of features: which ones matter, and with which error rate."""

from .feature_selector import MLPFeatureSelector
from .knockoff_selector import KnockoffSelector
from .stability import StabilitySelector

__all__ = ["KnockoffSelector", "MLPFeatureSelector", "StabilitySelector"]
