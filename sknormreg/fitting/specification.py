"""The specification of a network to fit."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from ..engine import LARGEST_DIMENSION, Augmentation, Data, Network, make_engine
from ..engine.losses import Loss
from ..penalties import Layout, Penalty
from .layer_penalties import (
    alphas_by_layer,
    alphas_of_features,
    named_penalties,
    needs_skip,
    penalties_by_layer,
)
from .objective import Objective
from .settings import SolverSettings


@dataclass(frozen=True)
class NetworkSpec:
    """A network to fit, its penalty, and how it is trained: everything but data and alpha.

    Attributes
    ----------
    hidden_layer_sizes : tuple of int

    activations : tuple of str
        Of each hidden layer.

    n_outputs : int

    loss : Loss

    penalty : str, Penalty, or list of them
        As the user gives it.

    l1_ratio : float
        Of "elasticnet" and "sparse_group_lasso".

    dropout, input_dropout, input_noise, mixup : float

    settings : SolverSettings

    feature_names : ndarray of str or None

    monotonic_cst : ndarray of int of shape (n_features,) or None
        1 or -1 where the outputs must not decrease or increase with a feature.

    total_weight : float or None
        The weight of all samples, where a training sees a part of them.

    evidence_scope : {"network", "layer", "feature"}
        Which weights share an alpha that is chosen by evidence.

    hold_out : callable or None
        Maps data, rows (or None) and a RandomState to the rows to train on and the
        `Validation` by which training stops early.

    goes_on : bool
        Whether another training may start from the weights that are found.

    n_init : int
        Number of random starts, of which the best counts. `fit_network` makes one of them.
    """

    hidden_layer_sizes: tuple
    activations: tuple
    n_outputs: int
    loss: Loss
    penalty: Any = "l2"
    l1_ratio: float = 0.5
    dropout: float = 0.0
    input_dropout: float = 0.0
    input_noise: float = 0.0
    mixup: float = 0.0
    settings: SolverSettings = field(default_factory=SolverSettings)
    feature_names: np.ndarray | None = None
    monotonic_cst: np.ndarray | None = None
    total_weight: float | None = None
    evidence_scope: str = "layer"
    hold_out: Callable | None = None
    goes_on: bool = False
    n_init: int = 1

    @cached_property
    def penalties(self) -> Penalty | list[Penalty]:
        """The instances that `penalty` stands for."""
        return named_penalties(self.penalty, self.l1_ratio)

    def of_features(self, features: np.ndarray, **changes: Any) -> Self:
        """Return the specification for some of the features, or for several copies.

        Parameters
        ----------
        features : ndarray of int or of bool
            Indices of the features, or a mask.

        **changes : dict
            Other fields that change.
        """
        cst = self.monotonic_cst
        changes["monotonic_cst"] = None if cst is None else cst[features]
        return replace(self, feature_names=None, **changes)

    def network(self, n_features: int) -> Network:
        """Return the network for so many features.

        Raises
        ------
        ValueError
            If a layer has more units than the engine can count.
        """
        layer_units = (n_features, *self.hidden_layer_sizes, self.n_outputs)
        if max(layer_units) > LARGEST_DIMENSION:
            raise ValueError(
                f"Layers have at most {LARGEST_DIMENSION} units, got {layer_units} by the "
                "features of X, hidden_layer_sizes and the outputs of y."
            )
        skip = needs_skip(self.penalties) and len(self.hidden_layer_sizes) > 0
        return Network(layer_units, self.activations, self.loss, skip=skip)

    def objective(self, data: Data, rows: np.ndarray | None, alpha: Any) -> Objective:
        """Return the `Objective` with an alpha.

        Parameters
        ----------
        data : Data

        rows : ndarray of int or None
            The samples trained on; None for all.

        alpha : float, array-like of shape (n_layers,) or list
            As the estimators take it, but for "evidence".
        """
        network = self.network(data.X.shape[1])
        layout = Layout(list(network.shapes), self.feature_names, network.n_skip)
        penalties = penalties_by_layer(self.penalties, layout)
        alpha, penalties = alphas_of_features(alpha, penalties, data.X.shape[1])
        return Objective(
            make_engine(network),
            data,
            rows,
            penalties,
            alphas_by_layer(alpha, penalties, isinstance(self.penalty, str)),
            total_weight=self.total_weight,
            dropout=self._dropout_rates(),
            augmentation=self._augmentation(),
            signs=self._signs(network),
        )

    def _signs(self, network):
        """Return the signs of the weights of each layer; None if all are free.

        Outputs increase with a feature if its weights are at least 0, and all weights on
        the way from there to the outputs, which all hidden units are on.
        """
        if self.monotonic_cst is None:
            return None
        later = (np.ones(fan_in, dtype=np.int8) for fan_in, _ in network.shapes[1:])
        return [self.monotonic_cst, *later]

    @property
    def drawn(self) -> list[str]:
        """Names of the parameters that have something drawn anew for every minibatch."""
        names = "dropout", "input_dropout", "input_noise", "mixup"
        return [name for name in names if getattr(self, name)]

    def _augmentation(self):
        """Return how samples are changed; None if they are not."""
        return Augmentation(float(self.input_noise), float(self.mixup)) or None

    def _dropout_rates(self):
        """Return those of the features and of every hidden layer; None if all are 0."""
        n_hidden = len(self.hidden_layer_sizes)
        rates = (float(self.input_dropout), *[float(self.dropout)] * n_hidden)
        return rates if any(rates) else None
