"""Type hints of parameters that several estimators share."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..penalties import Penalty

Sizes = int | Sequence[int] | np.ndarray
Activations = str | Sequence[str]
# One or several candidates.
Numbers = float | Sequence[float] | np.ndarray
Penalties = str | Penalty | Sequence[str | Penalty]
# A number, "auto", "evidence", "quantile", one value per layer, or a list with an array for
# the features.
Alpha = float | str | Sequence[Any] | np.ndarray
# For each feature, or of some by name.
MonotonicCst = Sequence[int] | np.ndarray | dict[str, int] | None
ClassWeight = dict[Any, float] | list[dict[Any, float]] | str | None
RandomState = int | np.random.RandomState | None
