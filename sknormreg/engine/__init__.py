"""Engine: activations, losses, and forward and backward passes of networks."""

from .augmentation import Augmentation
from .base import Engine, EpochEngine
from .checks import (
    LARGEST_DIMENSION,
    as_c,
    check_data,
    check_layers,
    checked_structure,
)
from .data import Data
from .dropout import Dropout
from .full_batch import compiled_penalty
from .network import Network
from .numpy_engine import NumpyEngine
from .selection import (
    engine_name,
    full_batch_passes,
    make_engine,
    warn_of_missing_extension,
)
from .subnetwork import (
    Subnetwork,
    buried,
    gradient_of_whole,
    living_units,
    without_silent_units,
)

__all__ = [
    "LARGEST_DIMENSION",
    "Augmentation",
    "Data",
    "Dropout",
    "Engine",
    "EpochEngine",
    "Network",
    "NumpyEngine",
    "Subnetwork",
    "as_c",
    "buried",
    "check_data",
    "check_layers",
    "checked_structure",
    "compiled_penalty",
    "engine_name",
    "full_batch_passes",
    "gradient_of_whole",
    "living_units",
    "make_engine",
    "warn_of_missing_extension",
    "without_silent_units",
]
