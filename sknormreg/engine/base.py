"""Protocols that the engines implement."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np

from .data import Data
from .dropout import Dropout
from .network import Network


class Engine(Protocol):
    """Passes forward and backward through one network.

    Attributes
    ----------
    network : Network
        Read only, as is `has_epochs`.

    has_epochs : bool
        Whether the engine is an `EpochEngine`.
    """

    @property
    def network(self) -> Network: ...

    @property
    def has_epochs(self) -> bool: ...

    def threads(self, dtype: np.dtype, n_rows: int) -> AbstractContextManager:
        """Return the context in which to call the engine many times."""

    def restricted(self, network: Network) -> "Engine":
        """Return an engine for a part of the network, to be used in the same block."""

    def raw_predict(
        self,
        coefs: Sequence[np.ndarray],
        intercepts: Sequence[np.ndarray],
        X: Any,
        rows: np.ndarray | None = None,
    ) -> np.ndarray:
        """Compute the outputs before the inverse link."""

    def loss_and_gradient(
        self,
        params: np.ndarray,
        data: Data,
        rows: np.ndarray | None = None,
        dropout: Dropout | None = None,
    ) -> tuple[float, np.ndarray]:
        """Compute the total loss and its gradient."""


class EpochEngine(Engine, Protocol):
    """Engine that takes the steps of an epoch, too."""

    def epoch(
        self,
        params: np.ndarray,
        data: Data,
        rows: np.ndarray | None,
        batch_size: int,
        step: Any,
        prox: Callable | Sequence[Any],
        output_scale: float,
        factor: float,
        dropout: Dropout | None = None,
    ) -> float:
        """Take a step for each minibatch, in place; return the total loss."""
