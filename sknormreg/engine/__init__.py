"""Arithmetic of the network: parameters, activations, losses, passes over the data."""

from .data import Data
from .dropout import Dropout
from .network import Network
from .numpy_engine import NumpyEngine
from .selection import engine_name, make_engine, warn_of_missing_extension

__all__ = [
    "Data",
    "Dropout",
    "Network",
    "NumpyEngine",
    "engine_name",
    "make_engine",
    "warn_of_missing_extension",
]
