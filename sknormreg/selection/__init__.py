"""Selection of features: which ones matter, and with which error rate."""

from .feature_selector import MLPFeatureSelector
from .stability import StabilitySelector

__all__ = ["MLPFeatureSelector", "StabilitySelector"]
