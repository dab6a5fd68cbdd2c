"""Selection of features: which ones matter, and with which error rate."""

from .feature_selector import MLPFeatureSelector

__all__ = ["MLPFeatureSelector"]
