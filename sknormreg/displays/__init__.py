"""Pictures of networks and of how they were chosen: scikit-learn's displays.

matplotlib is imported where something is drawn, and not before.
"""

from .cv import CVDisplay
from .loss_curve import LossCurveDisplay
from .network import NetworkDisplay
from .path import RegularizationPathDisplay
from .stability import StabilityPathDisplay
from .weights import WeightsDisplay

__all__ = [
    "CVDisplay",
    "LossCurveDisplay",
    "NetworkDisplay",
    "RegularizationPathDisplay",
    "StabilityPathDisplay",
    "WeightsDisplay",
]
