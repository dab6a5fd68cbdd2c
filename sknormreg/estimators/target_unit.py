"""A target in a large unit: a warning where it keeps a penalty from selecting features."""

import numpy as np

from .._warnings import warn
from ..engine import Data
from ..engine.losses import HalfSquaredError
from ..fitting.specification import NetworkSpec
from ..penalties import Nuclear

# Standard deviation of the targets above which a selection suffers: at 10 an R2 has fallen
# by a third, at 100 it is near 0 or features of noise are kept
# (benchmarks/target_unit.py).
_LARGE_DEVIATION = 5.0


def warn_of_unit(spec: NetworkSpec, data: Data) -> None:
    """Warn where the targets' unit keeps the penalty from selecting features.

    Parameters
    ----------
    spec : NetworkSpec

    data : Data
    """
    penalties = spec.penalties
    by_layer = penalties if isinstance(penalties, list) else [penalties]
    is_linear = not spec.hidden_layer_sizes
    if not isinstance(spec.loss, HalfSquaredError) or is_linear or not by_layer:
        return
    first = by_layer[0]
    if first.smooth or first.is_constraint or isinstance(first, Nuclear):
        return
    data, _ = data.with_moderate_weights()
    mean = np.average(data.y, axis=0, weights=data.sample_weight)
    variance = np.average((data.y - mean) ** 2, axis=0, weights=data.sample_weight)
    deviation = np.sqrt(variance.max())
    if deviation > _LARGE_DEVIATION:
        warn(
            f"y has a standard deviation of {deviation:.4g}, for which the output layer "
            "needs large weights. The penalty on this layer prevents them or outweighs "
            "that on the other layers, so that the selected features are not reliable. "
            "Standardise y, for example with TransformedTargetRegressor(model, "
            "transformer=StandardScaler())."
        )
