"""Base class of penalties that change another one, their inner penalty."""

from typing import Any

import numpy as np

from .base import Penalty


class ChangedPenalty(Penalty):
    """Penalty that has an inner penalty, and passes on what this says of itself.

    Attributes
    ----------
    penalty : Penalty
        The inner penalty.
    """

    penalty: Any

    @property
    def has_diagonal_prox(self) -> bool:  # type: ignore[override]
        """Whether `prox` accepts a step for each weight."""
        return self.penalty.has_diagonal_prox

    @property
    def has_curvature(self) -> bool:  # type: ignore[override]
        """Whether `solve_curvature` does more than to divide."""
        return self.penalty.has_curvature

    def tied_rows(self, rows: np.ndarray) -> np.ndarray:
        return self.penalty.tied_rows(rows)
