"""Arithmetic of the network: parameters, activations, losses, passes over the data."""

from .network import Network
from .numpy_engine import Data, NumpyEngine

__all__ = ["Data", "Network", "NumpyEngine"]
