"""Groups of weights that share an alpha."""

from typing import Any

import numpy as np

from ..engine import Network
from ..penalties import L2, Penalty
from ..penalties.separable import l2_by_row

SCOPES = ("network", "layer", "feature")


class AlphaGroups:
    """Groups of weights that share an alpha.

    Parameters
    ----------
    network : Network

    scope : {"network", "layer", "feature"}
        A group for all weights, one for each layer, or one for the weights of each feature
        and one for each further layer.

    Attributes
    ----------
    n_groups : int
    """

    def __init__(self, network: Network, scope: str) -> None:
        fan_ins = [fan_in for fan_in, _ in network.shapes]
        n_layers, first = len(fan_ins), fan_ins[0]
        self._scope = scope
        if scope == "network":
            self.n_groups = 1
            self._groups = [np.zeros(fan_in, dtype=np.intp) for fan_in in fan_ins]
        elif scope == "layer":
            self.n_groups = n_layers
            self._groups = [np.full(fan_in, i) for i, fan_in in enumerate(fan_ins)]
        else:
            self.n_groups = first + n_layers - 1
            later = [np.full(n, first + i) for i, n in enumerate(fan_ins[1:])]
            self._groups = [np.arange(first), *later]

    def by_row(self, values: np.ndarray) -> list[np.ndarray]:
        """Return the groups' values as an array of shape (fan_in,) for each layer."""
        return [values[groups] for groups in self._groups]

    def sums(self, by_row: list[np.ndarray]) -> np.ndarray:
        """Sum arrays of shape (fan_in,), one for each layer, over the groups."""
        return np.bincount(
            np.concatenate(self._groups), np.concatenate(by_row), self.n_groups
        )

    def as_given(self, values: np.ndarray) -> Any:
        """Return the groups' values as estimators take alpha."""
        if self._scope == "network":
            return float(values[0])
        if self._scope == "layer":
            return values.copy()
        n_features = len(self._groups[0])
        return [values[:n_features].copy(), *map(float, values[n_features:])]

    def penalties(self, values: np.ndarray) -> tuple[list[Penalty], Any]:
        """Return a penalty and an alpha of each layer, as an objective takes them."""
        alphas = self.as_given(values)
        penalties: list[Penalty] = [L2()] * len(self._groups)
        if self._scope == "feature":
            alphas[0], penalties[0] = l2_by_row(alphas[0])
        return penalties, alphas
