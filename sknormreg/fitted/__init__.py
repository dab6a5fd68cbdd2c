"""Questions to a fitted network, and its conversion to other forms."""

from .compaction import active_units
from .importances import numbered_names, path_importances
from .mixin import FittedNetworkMixin, as_dense

__all__ = [
    "FittedNetworkMixin",
    "active_units",
    "as_dense",
    "numbered_names",
    "path_importances",
]
