"""Pictures of networks and of how they were chosen: scikit-learn's displays.

matplotlib is imported where something is drawn, and not before.
"""

from .cv import CVDisplay
from .knockoffs import KnockoffDisplay
from .loss_curve import LossCurveDisplay
from .network import NetworkDisplay
from .path import RegularizationPathDisplay
from .stability import StabilityPathDisplay
from .weights import WeightsDisplay

__all__ = [
    "CVDisplay",
    "KnockoffDisplay",
    "LossCurveDisplay",
    "NetworkDisplay",
    "RegularizationPathDisplay",
    "StabilityPathDisplay",
    "WeightsDisplay",
]
