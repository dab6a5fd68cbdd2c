"""Properties of fitted networks, and their conversion to other forms."""

from .compaction import active_units
from .importances import numbered_names, path_importances
from .meta_estimators import feature_names
from .mixin import FittedNetworkMixin, as_dense
from .path_table import RegularizationPath
from .search_table import SearchSummary

__all__ = [
    "FittedNetworkMixin",
    "RegularizationPath",
    "SearchSummary",
    "active_units",
    "as_dense",
    "feature_names",
    "numbered_names",
    "path_importances",
]
