"""The objective, as solvers see it: a loss, a penalty and alpha, put together.

    J(W, b) = 1/m * [ sum_i s_i * loss(y_i, f(x_i)) + alpha * sum_l Omega(W_l) ]

with m the total weight of the rows trained on, never that of a batch.
"""

import numpy as np

from .solvers.base import Evaluation


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

    penalty : Penalty
        Omega, applied to every layer's weights.

    alpha : float

    total_weight : float or None
        The weight m of the rows that the penalty is divided by, where the data are a
        part of them only; None for the weight of the rows trained on.

    scales : tuple of two floats or None
        Scales of the output layer and of J; None to have the loss choose them for the
        targets.

    Attributes
    ----------
    n_rows : int
        Rows trained on.

    strength : float
        alpha / m.

    value_scale : float
        J in the solver's units times `value_scale` is J.
    """

    def __init__(self, engine, data, rows, penalty, alpha, total_weight=None, scales=None):
        self.engine = engine
        self.network = engine.network
        self.data = data
        self.rows = rows
        self.penalty = penalty
        self.n_rows = data.X.shape[0] if rows is None else len(rows)
        self._data_weight = _weight(data.sample_weight, rows, self.n_rows)
        self.strength = alpha / (total_weight or self._data_weight)
        self.scales = scales or self.network.loss.scales(*self._targets())
        self._output_scale, self.value_scale = self.scales
        self._layer_scales = [1.0] * len(self.network.shapes)
        self._layer_scales[-1] = self._output_scale

    def _targets(self):
        """y and the sample weights of the rows trained on."""
        _, y, sample_weight = self.data
        if self.rows is None:
            return y, sample_weight
        return y[self.rows], None if sample_weight is None else sample_weight[self.rows]

    def best_constant(self):
        """The constant raw output of smallest loss, shape (n_outputs,)."""
        return self.network.loss.constant(*self._targets())

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
        self.network.coefs(params)[-1][...] *= factor
        self.network.intercepts(params)[-1][...] *= factor
        return params

    # Full batch

    def evaluate(self, scaled):
        """J, the loss's gradient and J's shortest subgradient, at scaled parameters."""
        params = self.from_solver(scaled)
        value, gradient, subgradient = self.evaluate_unscaled(params)
        gradient = self._rescaled(gradient, self._output_scale)
        subgradient = self._rescaled(subgradient, self._output_scale)
        gradient /= self.value_scale
        subgradient /= self.value_scale
        return Evaluation(value / self.value_scale, gradient, subgradient)

    def evaluate_unscaled(self, params):
        """The same in the units of J and of the parameters themselves."""
        loss, gradient = self.engine.loss_and_gradient(params, self.data, self.rows)
        gradient /= self._data_weight
        value = loss / self._data_weight + self._penalty_value(params)
        subgradient = gradient.copy()
        for weights, part in self._layers(params, subgradient):
            part[...] = self.penalty.subgradient_distance(weights, part, self.strength)
        return Evaluation(value, gradient, subgradient)

    def _penalty_value(self, params):
        total = sum(self.penalty.value(weights) for weights in self.network.coefs(params))
        return self.strength * total

    def _layers(self, *vectors):
        return zip(*(self.network.coefs(vector) for vector in vectors))

    # Kinks of the penalty

    def at_kink(self, scaled):
        """Mask of the parameters that rest on a kink of the penalty."""
        mask = np.zeros(len(scaled), dtype=bool)
        for weights, part in self._layers(scaled, mask):
            part[...] = self.penalty.at_kink(weights)
        return mask

    def project(self, scaled, reference):
        """Set to zero, in place, the weights that left the side of `reference`."""
        for weights, part in self._layers(scaled, reference):
            self.penalty.project(weights, part)

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
        factor = 1 / (self._data_weight * self.value_scale)
        total = self.engine.epoch(
            scaled,
            self.data,
            rows,
            batch_size,
            step,
            prox=self._strengths() or self.prox,
            output_scale=self._output_scale,
            factor=len(rows) * factor,
        )
        return total * factor

    def _strengths(self):
        """Of the penalty's L1 and L2 parts in each layer; None where it has others."""
        if self.penalty.l1_l2 is None:
            return None
        l1, l2 = self.penalty.l1_l2 if self.strength else (0.0, 0.0)
        scales = np.array(self._layer_scales)
        strength = self.strength / self.value_scale
        # Omega(scale w) in terms of w: of degree 1 and 2.
        return strength * l1 * scales, strength * l2 * scales**2

    def batch_loss_and_gradient(self, scaled, batch):
        """Unbiased estimates of the loss part of J and of its gradient.

        Parameters
        ----------
        scaled : ndarray of shape (n_params,)

        batch : ndarray of int
            Positions among the rows trained on.
        """
        rows = batch if self.rows is None else self.rows[batch]
        params = self.from_solver(scaled)
        loss, gradient = self.engine.loss_and_gradient(params, self.data, rows)
        factor = self.n_rows / (len(batch) * self._data_weight * self.value_scale)
        gradient = self._rescaled(gradient, self._output_scale)
        gradient *= factor
        return loss * factor, gradient

    def penalty_value(self, scaled):
        """The penalty's part of J."""
        return self._penalty_value(self.from_solver(scaled)) / self.value_scale

    def prox(self, scaled, step):
        """Apply the prox of the penalty's part of J in place.

        Parameters
        ----------
        scaled : ndarray of shape (n_params,)

        step : float or ndarray of shape (n_params,)
        """
        if self.strength == 0:
            return
        steps = (
            self.network.coefs(step) if np.ndim(step) else [step] * len(self._layer_scales)
        )
        strength = self.strength / self.value_scale
        for weights, layer_step, scale in zip(
            self.network.coefs(scaled), steps, self._layer_scales
        ):
            # prox of t Omega(scale w) is prox of t scale^2 Omega at scale w, over scale.
            t = layer_step * (strength * scale**2)
            if scale == 1:
                weights[...] = self.penalty.prox(weights, t)
            else:
                weights[...] = self.penalty.prox(scale * weights, t) / scale


def _weight(sample_weight, rows, n_rows):
    if sample_weight is None:
        return float(n_rows)
    weight = sample_weight if rows is None else sample_weight[rows]
    return float(weight.sum(dtype=np.float64))
