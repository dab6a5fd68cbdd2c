"""The objective at scales of order 1, as solvers see it."""

from functools import cached_property
from typing import Any, cast

import numpy as np

from .._prox_terms import Hierarchy
from ..engine import Dropout, EpochEngine, compiled_penalty, full_batch_passes
from ..penalties import Penalty
from ..solvers import passes as numpy_passes
from ..solvers.base import Evaluation, Part, Residual
from ..solvers.minibatch import MinibatchStep
from .augmented_epoch import augmented_epoch
from .living_part import living_part
from .objective import Objective
from .output_scale import OutputScale

# Weights that are near the kink of any penalty at zero.
_NEAR_ZERO = 1e-30


class ScaledObjective:
    """J and what solvers ask of it, at scales of order 1.

    Solvers work on scaled parameters: the output layer's are divided by the scale of
    the targets, and J by that of the loss, so that step sizes and tolerances mean the
    same for targets in any unit. `from_solver` and `to_solver` translate parameters,
    `value_scale` values. J itself is untouched by this, whatever the scales.

    Parameters
    ----------
    objective : Objective
        J in its own units.

    scales : tuple of two floats or None
        Scales of the output layer and of J; None to have the loss choose them for the
        targets.

    Attributes
    ----------
    value_scale : float
        J in the solver's units times `value_scale` is J.
    """

    def __init__(
        self, objective: Objective, scales: tuple[float, float] | None = None
    ) -> None:
        self.objective = objective
        self.engine, self.network = objective.engine, objective.network
        self.n_rows, self.dropout = objective.n_rows, objective.dropout
        self.needs_minibatches = objective.needs_minibatches
        self.scales = scales or self.network.loss.scales(*objective.targets())
        self._output_scale, self.value_scale = self.scales
        self._scale = OutputScale(self.network, self._output_scale)
        self._layer_scales = self._scale.of_layers

    def with_alphas(self, penalty: Any, alpha: Any) -> "ScaledObjective":
        """Return J with another penalty and alpha, at the same scales."""
        return ScaledObjective(self.objective.with_alphas(penalty, alpha), self.scales)

    # Parts

    @property
    def has_parts(self) -> bool:
        """Whether all penalties can be restricted to some features and units."""
        return self.objective.has_parts

    def living_part(
        self, scaled: np.ndarray, subgradient: np.ndarray, threshold: float = 0.0
    ) -> Part | None:
        """Return the part of J in the features and units that are alive, as a `Part`.

        Parameters
        ----------
        scaled : ndarray of shape (n_params,)

        subgradient : ndarray of shape (n_params,)
            Minimum-norm subgradient of J. A weight moves if its entry is larger than
            `threshold` in absolute value.

        threshold : float

        Returns
        -------
        part : Part or None
            None if the part is not much smaller.
        """
        part, values, changed = living_part(self.objective, scaled, subgradient, threshold)
        if part is None:
            return None
        problem = ScaledObjective(self.objective.restricted(part), self.scales)
        return Part(problem, values, part.index, changed)

    @property
    def penalties(self) -> list[Penalty]:
        """The penalty of each layer."""
        return self.objective.penalties

    @property
    def smooth_penalty(self) -> bool:
        """Whether all layers' penalties have a continuous gradient."""
        return self.objective.smooth_penalty

    @property
    def piecewise_smooth_penalty(self) -> bool:
        """Whether all layers' penalties are smooth but for kinks at zero."""
        return self.objective.piecewise_smooth_penalty

    @property
    def has_diagonal_prox(self) -> bool:
        """Whether the proximal operators take a step for each weight."""
        return self.objective.has_diagonal_prox

    @property
    def work(self) -> int:
        """Multiplications of the loss of all samples."""
        return self.objective.work

    @property
    def strength(self) -> float:
        """The largest alpha / m, each for scaled weights of the layer and scaled J."""
        near_zero = self.objective.oriented(np.full(self.network.n_params, _NEAR_ZERO))
        if self.network.skip:
            # What bounds the other weights by those of the skip connection allows zeros.
            self.network.split_skip(self.network.coefs(near_zero)[0])[0][...] = 0
        strengths = [
            strength * _growth(penalty, weights, scale)
            for (penalty, strength, weights), scale in zip(
                self.objective.layers(near_zero), self._layer_scales
            )
            if not penalty.is_constraint
        ]
        return float(max(strengths, default=0.0)) / self.value_scale

    # Units

    def from_solver(self, scaled: np.ndarray) -> np.ndarray:
        """Return parameters in their own units, from scaled ones."""
        return self._scale.times(scaled)

    def to_solver(self, params: np.ndarray) -> np.ndarray:
        """Return scaled parameters, from those in their own units."""
        return self._scale.divide(params)

    def gradient_to_solver(self, gradient: np.ndarray) -> np.ndarray:
        """Return a gradient of scaled J by scaled parameters, from one in their own units.

        The one given may be overwritten.
        """
        gradient = self._scale.times(gradient)
        gradient /= self.value_scale
        return gradient

    # Starting points

    def initial_params(
        self,
        random_state: np.random.RandomState,
        intercept: float | np.ndarray,
        output_share: float,
    ) -> np.ndarray:
        """Draw initial parameters, in their own units, for targets in any unit.

        Parameters
        ----------
        random_state : RandomState

        intercept : array-like of shape (n_outputs,)
            Of the outputs.

        output_share : float
            As `Network.initial_params` takes it.
        """
        dtype = self.objective.data.X.dtype
        draw = self.network.initial_params(0.0, random_state, dtype, output_share)
        params = self.from_solver(draw)
        self.network.intercepts(params)[-1][...] = intercept
        return params

    def feasible(self, params: np.ndarray) -> np.ndarray:
        """Return parameters in their own units, moved to where the penalty is finite."""
        params = params.copy()
        layers = zip(self.objective.layers(params), self._layer_scales)
        for (penalty, _, weights), scale in layers:
            factor: float | np.ndarray = 1.0
            if np.ndim(scale):
                # Near at the solvers' scales, or targets in another unit would start
                # training from other weights.
                factor = np.broadcast_to(scale**2 / self._output_scale, weights.shape)
            weights[...] = penalty.feasible(weights, factor)
        return params

    # Full batch

    def evaluate(self, scaled: np.ndarray) -> Evaluation:
        """Compute the `Evaluation` of J at scaled parameters."""
        params = self.from_solver(scaled)
        if self._compiled_penalty is not None:
            loss, gradient = self.objective.total_loss_and_gradient(params)
            found = self._compiled_penalty.evaluate(scaled, gradient)
            penalty, subgradient, kink, *residual = found
            value = loss * self._loss_factor + penalty
            return Evaluation(
                value, penalty, gradient, subgradient, kink, Residual(*residual)
            )
        value, penalty, gradient, subgradient, *_ = self.objective.evaluate(params)
        gradient = self.gradient_to_solver(gradient)
        subgradient = self.gradient_to_solver(subgradient)
        value, penalty = value / self.value_scale, penalty / self.value_scale
        kink = self.at_kink(scaled) if self._has_kinks else None
        return Evaluation(value, penalty, gradient, subgradient, kink)

    @cached_property
    def _has_kinks(self):
        return self.piecewise_smooth_penalty and not self.smooth_penalty

    @property
    def _loss_factor(self):
        return 1 / (self.objective.sum_of_weights * self.value_scale)

    @cached_property
    def _compiled_penalty(self):
        """`compiled_penalty` of J; None if it is smooth, or where it knows no loops."""
        if self.smooth_penalty or self._prox_terms is None:
            return None
        factors = [self._loss_factor] * len(self.penalties)
        factors[-1] *= self._output_scale
        return compiled_penalty(self.network, self._prox_terms, factors)

    @cached_property
    def passes(self) -> numpy_passes.Passes:
        """The passes to compute directions with."""
        return full_batch_passes() or numpy_passes

    def loss_and_gradient(self, scaled: np.ndarray) -> tuple[float, np.ndarray]:
        """Compute the loss part of J and its gradient, at scaled parameters."""
        params = self.from_solver(scaled)
        loss, gradient = self.objective.total_loss_and_gradient(params)
        gradient = self._scale.times(gradient)
        gradient *= self._loss_factor
        return loss * self._loss_factor, gradient

    def penalty_value(self, scaled: np.ndarray) -> float:
        """Compute the penalty's part of J."""
        return self.objective.penalty_value(self.from_solver(scaled)) / self.value_scale

    def at_kink(self, scaled: np.ndarray) -> np.ndarray:
        """Return the mask of the parameters that rest on a kink of the penalty."""
        mask = np.zeros(len(scaled), dtype=bool)
        for penalty, _, weights, part in self.objective.layers(scaled, mask):
            if not penalty.smooth:
                part[...] = penalty.at_kink(weights)
        return mask

    def trial(
        self, scaled: np.ndarray, current: Evaluation, direction: np.ndarray, step: float
    ) -> tuple[np.ndarray, float]:
        """Return scaled + step * direction, with zeros where a kink has been passed.

        A weight that would change its sign, or a group that would pass its kink, becomes
        zero. Those that rest on a kink stay on the side of the descent direction. Also
        return the slope: the product of the subgradient and the change.
        """
        subgradient, kink = current.subgradient, current.kink
        if self._compiled_penalty is not None:
            return self._compiled_penalty.trial(scaled, direction, subgradient, kink, step)
        trial = scaled + scaled.dtype.type(step) * direction
        reference = scaled if kink is None else np.where(kink, -subgradient, scaled)
        self.project(trial, reference)
        return trial, float(subgradient @ (trial - scaled))

    @cached_property
    def has_curvature(self) -> bool:
        """Whether `solve_curvature` does more than to divide."""
        return any(penalty.has_curvature for penalty in self.penalties)

    def solve_curvature(
        self, scaled: np.ndarray, vector: np.ndarray, shift: float
    ) -> np.ndarray:
        """Compute (shift I + H)^-1 vector, with H the Hessian of the penalty's part."""
        if self._compiled_penalty is not None:
            return self._compiled_penalty.solve_curvature(scaled, vector, shift)
        solution = vector / vector.dtype.type(shift)
        layers = self.objective.layers(scaled, vector, solution)
        for (penalty, strength, weights, part, out), scale in zip(
            layers, self._layer_scales
        ):
            if penalty.has_curvature:
                strength = strength / self.value_scale * scale**2
                out[...] = penalty.solve_curvature(scale * weights, part, shift, strength)
        return solution

    def project(self, scaled: np.ndarray, reference: np.ndarray) -> None:
        """Set to zero, in place, the weights that left the side of `reference`."""
        for penalty, _, weights, part in self.objective.layers(scaled, reference):
            if not penalty.smooth:
                penalty.project(weights, part)

    def prox(self, scaled: np.ndarray, step: float | np.ndarray) -> None:
        """Apply the proximal operator of the penalty's part of J in place.

        Parameters
        ----------
        scaled : ndarray of shape (n_params,)

        step : float or ndarray of shape (n_params,)
        """
        if np.ndim(step) == 0 and self._compiled_penalty is not None:
            self._compiled_penalty.prox(scaled, step)
            return
        steps: list[Any] = [step] * len(self.penalties)
        if isinstance(step, np.ndarray) and step.ndim:
            steps = self.network.coefs(step)
        for (penalty, strength, weights), layer_step, scale in zip(
            self.objective.layers(scaled), steps, self._layer_scales
        ):
            if strength == 0 and penalty.smooth:
                continue
            # prox of t Omega(scale w) is prox of t scale^2 Omega at scale w, over scale.
            t = layer_step * (strength / self.value_scale * scale**2)
            if np.ndim(t):
                t = np.broadcast_to(t, weights.shape)
            if np.ndim(scale) == 0 and scale == 1:
                weights[...] = penalty.prox(weights, t)
            else:
                weights[...] = penalty.prox(scale * weights, t) / scale

    # Minibatches

    def epoch(
        self, scaled: np.ndarray, order: np.ndarray, batch_size: int, step: MinibatchStep
    ) -> float:
        """Take a step for each minibatch, in place.

        Parameters
        ----------
        scaled : ndarray of shape (n_params,)

        order : ndarray of int
            Positions among the samples trained on, in the order to take them.

        batch_size : int

        step : AdamStep or SGDStep

        Returns
        -------
        loss : float
            Mean over the samples of the loss part of J, each at the step that it was for.
        """
        if self.objective.augmentation is not None:
            return augmented_epoch(self, scaled, order, batch_size, step)
        if self.engine.has_epochs and step.method is not None:
            rows = self.objective.rows_at(order)
            return self._compiled_epoch(scaled, rows, batch_size, step)
        total = 0.0
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            total += len(batch) * step.take(self, scaled, batch)
        step.flush_denormals()
        return total / self.n_rows

    def _compiled_epoch(self, scaled, rows, batch_size, step):
        factor = self._loss_factor
        total = cast(EpochEngine, self.engine).epoch(
            scaled,
            self.objective.data,
            rows,
            batch_size,
            step,
            prox=self._prox_terms or self.prox,
            output_scale=self._output_scale,
            factor=self.n_rows * factor,
            dropout=self._dropout(step),
        )
        return total * factor

    @cached_property
    def _prox_terms(self):
        """`ProxTerms` of the penalty's part of J in each layer; None if the engine does not
        know one of them."""
        terms = [penalty._prox_terms for penalty in self.penalties]
        known = [term for term in terms if term is not None]
        if len(known) < len(terms):
            return None
        strengths = self.objective.strengths / self.value_scale
        scales = [1.0] * (len(terms) - 1) + [self._output_scale]
        if self.network.skip and self._output_scale != 1:
            # Columns of the first layer then have the scale of the outputs, others not.
            if not isinstance(terms[0], Hierarchy):
                return None
            scales[0] = self._output_scale
        return [term.scaled(*pair) for term, *pair in zip(known, strengths, scales)]

    def _dropout(self, step):
        """Return the `Dropout` of the minibatch that the next step is taken for."""
        return self.dropout and Dropout(self.dropout, step.seed, step.n_steps)

    def batch_loss_and_gradient(
        self, scaled: np.ndarray, batch: np.ndarray, step: MinibatchStep | None = None
    ) -> tuple[float, np.ndarray]:
        """Estimate, without bias, the loss part of J and its gradient.

        Parameters
        ----------
        scaled : ndarray of shape (n_params,)

        batch : ndarray of int
            Positions among the samples trained on.

        step : AdamStep or SGDStep
            The step that they are for, which decides on what is dropped; not needed
            without dropout.
        """
        objective = self.objective
        rows, params = objective.rows_at(batch), self.from_solver(scaled)
        loss, gradient = self.engine.loss_and_gradient(
            params, objective.data, rows, self._dropout(step)
        )
        batch_weight = len(batch) * objective.sum_of_weights * self.value_scale
        factor = self.n_rows / batch_weight
        gradient = self._scale.times(gradient)
        gradient *= factor
        return loss * factor, gradient


def _growth(penalty, weights, scale):
    """Omega(scale W) / Omega(W), where there is such a ratio; else 1."""
    if np.ndim(scale) == 0 and scale == 1:
        return 1.0
    ends = penalty.value(scale * weights), penalty.value(weights)
    return ends[0] / ends[1] if np.isfinite(ends).all() and ends[1] > 0 else 1.0
