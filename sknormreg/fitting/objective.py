"""The objective, as solvers see it: a loss, a penalty and alpha, put together.

    J(W, b) = 1/m * [ sum_i s_i * loss(y_i, f(x_i)) + sum_l alpha_l * Omega_l(W_l) ]

with m the total weight of the rows trained on, never that of a batch.
"""

from functools import cached_property

import numpy as np
from scipy import sparse

from .._prox_terms import Hierarchy
from ..engine import Dropout, check_data
from ..penalties import L2
from ..solvers.base import Evaluation

# Weights that are near the kink of any penalty at zero.
_NEAR_ZERO = 1e-30


class Objective:
    """J and what solvers ask of it, at scales of order 1.

    Solvers work on scaled parameters: the output layer's are divided by the scale of
    the targets, and J by that of the loss, so that step sizes and tolerances mean the
    same for targets in any unit. `from_solver` and `to_solver` translate parameters,
    `value_scale` values. J itself is untouched by this, whatever the scales.

    Parameters
    ----------
    engine : CompiledEngine or NumpyEngine
        Computes the loss and its gradient.

    data : Data

    rows : ndarray of int or None
        The rows trained on; None for all.

    penalty : Penalty or list of Penalty
        Omega: one for all layers, or one for each.

    alpha : float or array-like of shape (n_layers,)
        Likewise. Constraints do not look at it.

    total_weight : float or None
        The weight m of the rows that the penalty is divided by, where the data are a
        part of them only; None for the weight of the rows trained on.

    scales : tuple of two floats or None
        Scales of the output layer and of J; None to have the loss choose them for the
        targets.

    dropout : tuple of float or None
        The probabilities with which inputs and the values of every hidden layer are
        dropped in minibatches.

    Attributes
    ----------
    n_rows : int
        Rows trained on.

    data_weight : float
        Their weight.

    weight_unit : float
        What the sample weights of `data` were divided by.

    penalties : list of Penalty
        The penalty of each layer; L2 of strength 0 where alpha is 0.

    strengths : ndarray of shape (n_layers,)
        alpha / m; 1 for constraints.

    value_scale : float
        J in the solver's units times `value_scale` is J.
    """

    def __init__(
        self,
        engine,
        data,
        rows,
        penalty,
        alpha,
        total_weight=None,
        scales=None,
        dropout=None,
    ):
        self.engine = engine
        self.network = engine.network
        check_data(self.network, data)
        self.data, self.weight_unit = data.with_moderate_weights()
        self.rows = rows
        self.dropout = dropout
        self.n_rows = data.X.shape[0] if rows is None else len(rows)
        self._sum_of_weights = _weight(self.data.sample_weight, rows, self.n_rows)
        self.data_weight = self._sum_of_weights * self.weight_unit
        self._penalty_weight = total_weight or self.data_weight
        self.set_penalties(penalty, alpha)
        self.scales = scales or self.network.loss.scales(*self._targets())
        self._output_scale, self.value_scale = self.scales
        self._layer_scales = self._make_layer_scales()

    def set_penalties(self, penalty, alpha):
        """Have J another penalty and alpha, as the class takes them."""
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
        self.__dict__.pop("_compiled_terms", None)

    def _make_layer_scales(self):
        """What the scaled weights of each layer are multiplied by: numbers, or a row of
        them where the layer holds a skip connection."""
        scales = [1.0] * len(self.network.shapes)
        scales[-1] = self._output_scale
        if self.network.skip:
            scales[0] = np.ones((1, self.network.shapes[0][1]))
            self.network.split_skip(scales[0])[1][...] = self._output_scale
        return scales

    @property
    def smooth_penalty(self):
        """Whether all layers' penalties have a continuous gradient."""
        return all(penalty.smooth for penalty in self.penalties)

    @property
    def strength(self):
        """The largest alpha / m, each for scaled weights of the layer and scaled J."""
        near_zero = np.full(self.network.n_params, _NEAR_ZERO)
        if self.network.skip:
            # What bounds the other weights by those of the skip connection allows zeros.
            self.network.split_skip(self.network.coefs(near_zero)[0])[0][...] = 0
        strengths = [
            strength * _growth(penalty, weights, scale)
            for (penalty, strength, weights), scale in zip(
                self._layers(near_zero), self._layer_scales
            )
            if not penalty.is_constraint
        ]
        return float(max(strengths, default=0.0)) / self.value_scale

    def _targets(self):
        """y and the sample weights of the rows trained on."""
        _, y, sample_weight = self.data
        if self.rows is None:
            return y, sample_weight
        return y[self.rows], None if sample_weight is None else sample_weight[self.rows]

    def best_constant(self):
        """The constant raw output of smallest loss, shape (n_outputs,)."""
        return self.network.loss.constant(*self._targets())

    def constant_loss(self):
        """J of the network that predicts that constant, whose weights are all zero."""
        y, sample_weight = self._targets()
        constant = np.asarray(self.best_constant(), dtype=self.data.X.dtype)
        raw = np.tile(constant, (self.n_rows, 1))
        return self.network.loss.value(y, raw, sample_weight) / self._sum_of_weights

    def feature_sizes(self):
        """Root mean squares of the features, shape (n_features,)."""
        X = self.data.X if self.rows is None else self.data.X[self.rows]
        if sparse.issparse(X):
            squares = np.asarray(X.multiply(X).mean(axis=0)).ravel()
        else:
            squares = np.einsum("ij,ij->j", X, X, dtype=np.float64) / self.n_rows
        return np.sqrt(squares)

    def initial_params(self, random_state, intercept, output_share):
        """Draw initial parameters, in their own units, for targets in any unit.

        Parameters
        ----------
        random_state : RandomState

        intercept : array-like of shape (n_outputs,)
            Of the outputs.

        output_share : float
            As `Network.initial_params` takes it.
        """
        dtype = self.data.X.dtype
        draw = self.network.initial_params(0.0, random_state, dtype, output_share)
        params = self.from_solver(draw)
        self.network.intercepts(params)[-1][...] = intercept
        return params

    @cached_property
    def work(self):
        """Multiplications of the loss of all rows."""
        return self.network.work(self.data.X, self.rows)

    def empty_params(self):
        """Parameters in their own units of the network that predicts that constant."""
        params = np.zeros(self.network.n_params, dtype=self.data.X.dtype)
        self.network.intercepts(params)[-1][...] = self.best_constant()
        return params

    # Units

    def from_solver(self, scaled):
        """Parameters in their own units, from scaled ones."""
        return self._rescaled(scaled, self._output_scale)

    def to_solver(self, params):
        """Scaled parameters, from those in their own units."""
        return self._rescaled(params, 1 / self._output_scale)

    def _rescaled(self, params, factor):
        if self._output_scale == 1:
            return params
        params = params.copy()
        coefs = self.network.coefs(params)
        coefs[-1][...] *= factor
        if self.network.skip:
            self.network.split_skip(coefs[0])[1][...] *= factor
        self.network.intercepts(params)[-1][...] *= factor
        return params

    # Full batch

    def evaluate(self, scaled):
        """J, the loss's gradient and J's shortest subgradient, at scaled parameters."""
        params = self.from_solver(scaled)
        value, penalty, gradient, subgradient = self.evaluate_unscaled(params)
        gradient = self._rescaled(gradient, self._output_scale)
        subgradient = self._rescaled(subgradient, self._output_scale)
        gradient /= self.value_scale
        subgradient /= self.value_scale
        value, penalty = value / self.value_scale, penalty / self.value_scale
        return Evaluation(value, penalty, gradient, subgradient)

    def evaluate_unscaled(self, params):
        """The same in the units of J and of the parameters themselves."""
        loss, gradient = self._mean_loss_and_gradient(params)
        subgradient = gradient.copy()
        for penalty, strength, weights, part in self._layers(params, subgradient):
            part[...] = penalty.min_norm_subgradient(weights, part, strength)
        penalty_value = self._penalty_value(params)
        return Evaluation(loss + penalty_value, penalty_value, gradient, subgradient)

    def loss_and_gradient(self, scaled):
        """The loss part of J and its gradient, at scaled parameters."""
        loss, gradient = self._mean_loss_and_gradient(self.from_solver(scaled))
        gradient = self._rescaled(gradient, self._output_scale)
        gradient /= self.value_scale
        return loss / self.value_scale, gradient

    def _mean_loss_and_gradient(self, params):
        loss, gradient = self.engine.loss_and_gradient(params, self.data, self.rows)
        gradient /= self._sum_of_weights
        return loss / self._sum_of_weights, gradient

    def penalty_value(self, scaled):
        """The penalty's part of J."""
        return self._penalty_value(self.from_solver(scaled)) / self.value_scale

    def _penalty_value(self, params):
        return sum(
            strength * penalty.value(weights)
            for penalty, strength, weights in self._layers(params)
        )

    def _layers(self, *vectors):
        """Penalty, strength and views of the weights in `vectors`, of each layer."""
        parts = [self.network.coefs(vector) for vector in vectors]
        return zip(self.penalties, self.strengths, *parts)

    # What solvers ask of the penalty

    def at_kink(self, scaled):
        """Mask of the parameters that rest on a kink of the penalty."""
        mask = np.zeros(len(scaled), dtype=bool)
        for penalty, _, weights, part in self._layers(scaled, mask):
            if not penalty.smooth:
                part[...] = penalty.at_kink(weights)
        return mask

    @property
    def has_curvature(self):
        """Whether `solve_curvature` does more than to divide."""
        return any(penalty.has_curvature for penalty in self.penalties)

    def solve_curvature(self, scaled, vector, shift):
        """(shift I + H)^-1 vector, with H the Hessian of the penalty's part of J."""
        solution = vector / vector.dtype.type(shift)
        layers = self._layers(scaled, vector, solution)
        for (penalty, strength, weights, part, out), scale in zip(
            layers, self._layer_scales
        ):
            if penalty.has_curvature:
                strength = strength / self.value_scale * scale**2
                out[...] = penalty.solve_curvature(scale * weights, part, shift, strength)
        return solution

    def project(self, scaled, reference):
        """Set to zero, in place, the weights that left the side of `reference`."""
        for penalty, _, weights, part in self._layers(scaled, reference):
            if not penalty.smooth:
                penalty.project(weights, part)

    def prox(self, scaled, step):
        """Apply the prox of the penalty's part of J in place.

        Parameters
        ----------
        scaled : ndarray of shape (n_params,)

        step : float or ndarray of shape (n_params,)
        """
        steps = self.network.coefs(step) if np.ndim(step) else [step] * len(self.penalties)
        for (penalty, strength, weights), layer_step, scale in zip(
            self._layers(scaled), steps, self._layer_scales
        ):
            if strength == 0:
                continue
            # prox of t Omega(scale w) is prox of t scale^2 Omega at scale w, over scale.
            t = layer_step * (strength / self.value_scale * scale**2)
            if np.ndim(t):
                t = np.broadcast_to(t, weights.shape)
            if np.ndim(scale) == 0 and scale == 1:
                weights[...] = penalty.prox(weights, t)
            else:
                weights[...] = penalty.prox(scale * weights, t) / scale

    def feasible(self, params):
        """Parameters in their own units, moved to where the penalty is finite."""
        params = params.copy()
        for (penalty, _, weights), scale in zip(self._layers(params), self._layer_scales):
            factor = 1.0
            if np.ndim(scale):
                # Near at the solvers' scales, or targets in another unit would start
                # training from other weights.
                factor = np.broadcast_to(scale**2 / self._output_scale, weights.shape)
            weights[...] = penalty.feasible(weights, factor)
        return params

    def without_dead_ends(self, params):
        """Parameters without the weights into units that nothing reads, and out of units
        that nothing reaches.

        No norm is larger for it; but who knows what other penalties there are.
        """
        shorter = self.network.without_dead_ends(params)
        if np.array_equal(shorter, params):
            return params
        lower = self._penalty_value(shorter) <= self._penalty_value(params)
        return shorter if lower else params

    # Minibatches

    def epoch(self, scaled, order, batch_size, step):
        """Take a step for each minibatch, in place.

        Parameters
        ----------
        scaled : ndarray of shape (n_params,)

        order : ndarray of int
            Positions among the rows trained on, in the order to take them.

        batch_size : int

        step : AdamStep or SGDStep

        Returns
        -------
        loss : float
            Mean over the rows of the loss part of J, each at the step that it was for.
        """
        if self.engine.has_epochs:
            rows = order if self.rows is None else self.rows[order]
            return self._compiled_epoch(scaled, rows, batch_size, step)
        total = 0.0
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            total += len(batch) * step.take(self, scaled, batch)
        step.flush_denormals()
        return total / len(order)

    def _compiled_epoch(self, scaled, rows, batch_size, step):
        factor = 1 / (self._sum_of_weights * self.value_scale)
        total = self.engine.epoch(
            scaled,
            self.data,
            rows,
            batch_size,
            step,
            prox=self._compiled_terms or self.prox,
            output_scale=self._output_scale,
            factor=len(rows) * factor,
            dropout=self._dropout(step),
        )
        return total * factor

    @cached_property
    def _compiled_terms(self):
        """`ProxTerms` of the penalty's part of J in each layer; None if the engine does not
        know one of them."""
        terms = [penalty._prox_terms for penalty in self.penalties]
        if any(term is None for term in terms):
            return None
        strengths = self.strengths / self.value_scale
        scales = [1.0] * (len(terms) - 1) + [self._output_scale]
        if self.network.skip and self._output_scale != 1:
            # Columns of the first layer then have the scale of the outputs, others not.
            if not isinstance(terms[0], Hierarchy):
                return None
            scales[0] = self._output_scale
        return [term.scaled(*pair) for term, *pair in zip(terms, strengths, scales)]

    def _dropout(self, step):
        """The `Dropout` of the minibatch that the next step is taken for, or None."""
        return self.dropout and Dropout(self.dropout, step.seed, step.n_steps)

    def batch_loss_and_gradient(self, scaled, batch, step=None):
        """Unbiased estimates of the loss part of J and of its gradient.

        Parameters
        ----------
        scaled : ndarray of shape (n_params,)

        batch : ndarray of int
            Positions among the rows trained on.

        step : AdamStep or SGDStep
            What they are for, which decides on what is dropped; not needed without
            dropout.
        """
        rows = batch if self.rows is None else self.rows[batch]
        params = self.from_solver(scaled)
        loss, gradient = self.engine.loss_and_gradient(
            params, self.data, rows, self._dropout(step)
        )
        factor = self.n_rows / (len(batch) * self._sum_of_weights * self.value_scale)
        gradient = self._rescaled(gradient, self._output_scale)
        gradient *= factor
        return loss * factor, gradient


def _growth(penalty, weights, scale):
    """Omega(scale W) / Omega(W), where there is such a ratio; else 1."""
    if np.ndim(scale) == 0 and scale == 1:
        return 1.0
    ends = penalty.value(scale * weights), penalty.value(weights)
    return ends[0] / ends[1] if np.isfinite(ends).all() and ends[1] > 0 else 1.0


def _weight(sample_weight, rows, n_rows):
    if sample_weight is None:
        return float(n_rows)
    weight = sample_weight if rows is None else sample_weight[rows]
    return float(weight.sum(dtype=np.float64))
