"""The objective: a loss, a penalty and alpha, put together.

    J(W, b) = 1/m * [ sum_i s_i * loss(y_i, f(x_i)) + sum_l alpha_l * Omega_l(W_l) ]

with m the total weight of the samples trained on, never that of a batch.
"""

import copy
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Self, cast

import numpy as np
from scipy import sparse

from ..engine import (
    Augmentation,
    Data,
    Engine,
    Subnetwork,
    check_data,
    gradient_of_whole,
    without_silent_units,
)
from ..penalties import L2, PiecewiseSmoothPenalty, Weighted
from ..penalties.signs import SignConstrained, with_signs, without_signs
from ..solvers.base import Evaluation


class Objective:
    """J as a function of the parameters, all in their own units.

    It does not change: `with_alphas` returns another one. Solvers see a `ScaledObjective`.

    Parameters
    ----------
    engine : CompiledEngine or NumpyEngine
        Computes the loss and its gradient.

    data : Data

    rows : ndarray of int or None
        The samples trained on; None for all.

    penalty : Penalty or list of Penalty
        Omega: one for all layers, or one for each.

    alpha : float or array-like of shape (n_layers,)
        Likewise. Constraints do not look at it.

    total_weight : float or None
        The weight m that the penalty is divided by, where the data are a part of all of
        them; None for the weight of the samples trained on.

    dropout : tuple of float or None
        The probabilities with which features and the values of every hidden layer are
        dropped in minibatches.

    augmentation : Augmentation or None
        How the samples of minibatches are changed at random.

    signs : list of ndarray of int of shape (fan_in,) or None
        The signs that the weights of each layer have to have (see `SignConstrained`).

    Attributes
    ----------
    network : Network

    n_rows : int
        Number of samples trained on.

    data_weight : float
        Their weight.

    weight_unit : float
        Divisor of the sample weights in `data`.

    sum_of_weights : float
        Sum of the weights of the samples trained on, in that unit.

    penalties : list of Penalty
        The penalty of each layer; L2 of strength 0 where alpha is 0.

    strengths : ndarray of shape (n_layers,)
        alpha / m; 1 for constraints.
    """

    def __init__(
        self,
        engine: Engine,
        data: Data,
        rows: np.ndarray | None,
        penalty: Any,
        alpha: Any,
        total_weight: float | None = None,
        dropout: tuple | None = None,
        augmentation: Augmentation | None = None,
        signs: list[np.ndarray] | None = None,
    ) -> None:
        self.engine = engine
        self.network = engine.network
        check_data(self.network, data)
        self.data, self.weight_unit = data.with_moderate_weights()
        self.rows = rows
        self.dropout, self.augmentation = dropout, augmentation
        self.n_rows = data.X.shape[0] if rows is None else len(rows)
        self.sum_of_weights = _weight(self.data.sample_weight, rows, self.n_rows)
        self.data_weight = self.sum_of_weights * self.weight_unit
        self._penalty_weight = total_weight or self.data_weight
        self._signs = signs
        # Parts are of units that are alive, and looked through every few iterations.
        self._is_part = False
        self._set_penalties(penalty, alpha)

    def _set_penalties(self, penalty, alpha):
        n_layers = len(self.network.shapes)
        penalties = penalty if isinstance(penalty, list) else [penalty] * n_layers
        alphas = np.broadcast_to(np.asarray(alpha, dtype=np.float64), n_layers)
        self.penalties = [
            penalty if penalty.is_constraint or alpha > 0 else L2()
            for penalty, alpha in zip(penalties, alphas)
        ]
        self.strengths = np.array(
            [
                1.0 if penalty.is_constraint else alpha / self._penalty_weight
                for penalty, alpha in zip(self.penalties, alphas)
            ]
        )
        if self._signs is not None:
            self.penalties = [*map(with_signs, self.penalties, self._signs)]

    def with_alphas(self, penalty: Any, alpha: Any) -> Self:
        """Return J with another penalty and alpha, as the class takes them."""
        other = copy.copy(self)
        other._set_penalties(penalty, alpha)
        return other

    # Minibatches

    @property
    def needs_minibatches(self) -> bool:
        """Whether something is drawn anew for every minibatch."""
        return self.dropout is not None or self.augmentation is not None

    def augmented(
        self, order: np.ndarray, batch_size: int, generator: np.random.Generator
    ) -> Self:
        """Return J with changed copies of some samples, whose weight m stays that of all.

        Parameters
        ----------
        order : ndarray of int
            Positions among the samples trained on, minibatch after minibatch.

        batch_size : int

        generator : Generator
        """
        rows = self.rows_at(order)
        n_outputs = self.network.layer_units[-1]
        other = copy.copy(self)
        augmentation = cast(Augmentation, self.augmentation)
        other.data = augmentation.changed(self.data, rows, batch_size, n_outputs, generator)
        other.rows = other.augmentation = None
        return other

    # Parts

    @property
    def has_parts(self) -> bool:
        """Whether all penalties can be restricted to some features and units."""
        return all(
            penalty.restricted(np.arange(fan_in), fan_out) is not None
            for penalty, (fan_in, fan_out) in zip(self.penalties, self.network.shapes)
        )

    def restricted(self, part: Subnetwork) -> Self:
        """Return J as a function of the parameters of a part, with zeros everywhere else.

        Its features are gathered from X unless they are all of them.
        """
        other = copy.copy(self)
        other.__dict__.pop("work", None)
        other._is_part = True
        other.network = part.network
        other.engine = self.engine.restricted(part.network)
        other.penalties = [
            penalty.restricted(rows, fan_out)
            for penalty, rows, (_, fan_out) in zip(
                self.penalties, part.kept, self.network.shapes
            )
        ]
        features = part.kept[0]
        if len(features) < self.network.layer_units[0]:
            y, sample_weight = self.targets()
            X = _gathered(self.data.X, self.rows, features)
            other.data, other.rows = Data(X, y, sample_weight), None
        return other

    # The penalty

    @property
    def smooth_penalty(self) -> bool:
        """Whether all layers' penalties have a continuous gradient."""
        return all(penalty.smooth for penalty in self.penalties)

    @property
    def piecewise_smooth_penalty(self) -> bool:
        """Whether all layers' penalties are smooth but for kinks at zero."""
        return all(
            penalty.smooth or isinstance(penalty, PiecewiseSmoothPenalty)
            for penalty in self.penalties
        )

    @property
    def has_diagonal_prox(self) -> bool:
        """Whether the proximal operators take a step for each weight."""
        return all(penalty.has_diagonal_prox for penalty in self.penalties)

    @property
    def only_shrinks(self) -> bool:
        """Whether no alpha makes weights zero."""
        penalties = map(without_signs, self.penalties)
        return all(penalty.smooth or penalty.is_constraint for penalty in penalties)

    @property
    def free_features(self) -> np.ndarray:
        """Mask of the features that are never penalised, shape (n_features,)."""
        first, n_features = without_signs(self.penalties[0]), self.network.layer_units[0]
        if isinstance(first, Weighted):
            return first.free_rows
        return np.zeros(n_features, dtype=bool)

    def layers(self, *vectors: np.ndarray) -> Iterator[tuple]:
        """Yield penalty, strength and views of the weights in `vectors`, of each layer."""
        parts = [self.network.coefs(vector) for vector in vectors]
        return zip(self.penalties, self.strengths, *parts)

    def penalty_value(self, params: np.ndarray) -> float:
        """Compute the penalty's part of J."""
        return sum(
            strength * penalty.value(weights)
            for penalty, strength, weights in self.layers(params)
        )

    @property
    def has_signs(self) -> bool:
        """Whether weights have to have given signs."""
        return self._signs is not None

    def oriented(self, params: np.ndarray) -> np.ndarray:
        """Return parameters of the same sizes, with the signs that they have to have."""
        params = params.copy()
        for penalty, _, weights in self.layers(params):
            if isinstance(penalty, SignConstrained):
                weights[...] = penalty.oriented(weights)
        return params

    def without_dead_ends(self, params: np.ndarray) -> np.ndarray:
        """Return parameters without weights into units that nothing reads, and out of
        units that nothing reaches.

        No norm is larger for it; but who knows what other penalties there are.
        """
        shorter = self.network.without_dead_ends(params)
        if np.array_equal(shorter, params):
            return params
        lower = self.penalty_value(shorter) <= self.penalty_value(params)
        return shorter if lower else params

    # Values

    def evaluate(self, params: np.ndarray) -> Evaluation:
        """Compute the `Evaluation` of J."""
        loss, gradient = self.loss_and_gradient(params)
        subgradient = gradient.copy()
        for penalty, strength, weights, part in self.layers(params, subgradient):
            part[...] = penalty.min_norm_subgradient(weights, part, strength)
        penalty_value = self.penalty_value(params)
        return Evaluation(loss + penalty_value, penalty_value, gradient, subgradient)

    def loss_and_gradient(self, params: np.ndarray) -> tuple[float, np.ndarray]:
        """Compute the loss part of J and its gradient."""
        loss, gradient = self.total_loss_and_gradient(params)
        gradient /= self.sum_of_weights
        return loss / self.sum_of_weights, gradient

    def total_loss_and_gradient(self, params: np.ndarray) -> tuple[float, np.ndarray]:
        """Compute the loss, not divided by the weight of the samples, and its gradient."""
        part = None if self._is_part else without_silent_units(self.network, params)
        if part is None:
            return self.engine.loss_and_gradient(params, self.data, self.rows)
        engine = self.engine.restricted(part.network)
        loss, gradient = engine.loss_and_gradient(params[part.index], self.data, self.rows)
        return loss, gradient_of_whole(part, params, gradient)

    @cached_property
    def work(self) -> int:
        """Multiplications of the loss of all samples."""
        return self.network.work(self.data.X, self.rows)

    # The data

    def rows_at(self, positions: np.ndarray) -> np.ndarray:
        """Return the rows of the data at positions among the samples trained on."""
        return positions if self.rows is None else self.rows[positions]

    def targets(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Return y and the sample weights of the samples trained on."""
        _, y, sample_weight = self.data
        if self.rows is None:
            return y, sample_weight
        return y[self.rows], None if sample_weight is None else sample_weight[self.rows]

    def feature_sizes(self) -> np.ndarray:
        """Compute the root mean squares of the features, shape (n_features,)."""
        X = self.data.X if self.rows is None else self.data.X[self.rows]
        if sparse.issparse(X):
            squares = np.asarray(X.multiply(X).mean(axis=0)).ravel()
        else:
            squares = np.einsum("ij,ij->j", X, X, dtype=np.float64) / self.n_rows
        return np.sqrt(squares)

    # The empty network

    def best_constant(self) -> np.ndarray:
        """Compute the constant raw output of smallest loss, shape (n_outputs,)."""
        return self.network.loss.constant(*self.targets())

    def constant_loss(self) -> float:
        """Compute J of the network that predicts that constant with all weights zero."""
        y, sample_weight = self.targets()
        constant = np.asarray(self.best_constant(), dtype=self.data.X.dtype)
        raw = np.tile(constant, (self.n_rows, 1))
        return self.network.loss.value(y, raw, sample_weight) / self.sum_of_weights

    def attainable_loss(self) -> float:
        """Return the part of `constant_loss` that features can be hoped to take away."""
        constant = self.constant_loss() * self.sum_of_weights
        attainable = self.network.loss.attainable(*self.targets(), constant)
        return attainable / self.sum_of_weights

    def empty_params(self) -> np.ndarray:
        """Return parameters of the network that predicts that constant."""
        params = np.zeros(self.network.n_params, dtype=self.data.X.dtype)
        self.network.intercepts(params)[-1][...] = self.best_constant()
        return params


def _weight(sample_weight, rows, n_rows):
    if sample_weight is None:
        return float(n_rows)
    weight = sample_weight if rows is None else sample_weight[rows]
    return float(weight.sum(dtype=np.float64))


def _gathered(X, rows, columns):
    if sparse.issparse(X):
        return (X if rows is None else X[rows])[:, columns]
    if rows is None:
        return X.take(columns, axis=1)
    return X[np.ix_(rows, columns)]
