"""Starting weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine import Network, check_layers
from .scaled_objective import ScaledObjective

# Share of Glorot's variance that the output layer starts with: the smallest, and alpha / m
# (at the scale of the objective) from which on a penalty with a kink at zero needs all of
# it. See benchmarks/initial_weights.py.
_SMALLEST_OUTPUT_SHARE, _STRONG = 0.1, 0.01


@dataclass(frozen=True)
class Start:
    """The weights that a training starts from: drawn, given, or some of either.

    Attributes
    ----------
    coefs, intercepts : list of ndarray or None
        Given weights and intercepts of every layer, with those of a skip connection as
        further columns of the first layer; None for those that are drawn.

    is_drawn : bool
        Whether random numbers are drawn for all weights, those that are given included, so
        that what is drawn later does not depend on them.

    at_constant : bool
        Whether drawn networks start at the best constant prediction rather than at 0.

    alphas : float, ndarray, list or None
        The alphas to start from where they are chosen by evidence.
    """

    coefs: Sequence | None = None
    intercepts: Sequence | None = None
    is_drawn: bool = True
    at_constant: bool = True
    alphas: Any = None

    def params(
        self, objective: ScaledObjective, random_state: np.random.RandomState
    ) -> np.ndarray:
        """Return the parameters to start from, in their own units.

        Parameters
        ----------
        objective : ScaledObjective

        random_state : RandomState
        """
        network, dtype = objective.network, objective.objective.data.X.dtype
        if not self.is_drawn:
            return network.pack(self.coefs or [], self.intercepts or [], dtype)
        params = self._draw(objective, random_state)
        for given, own in (
            (self.coefs, network.coefs(params)),
            (self.intercepts, network.intercepts(params)),
        ):
            for array, target in zip(given or [], own):
                target[...] = array
        return params

    def _draw(self, objective, random_state):
        constant = objective.objective.best_constant() if self.at_constant else 0.0
        share = initial_output_share(objective)
        params = objective.initial_params(random_state, constant, share)
        if not objective.objective.has_signs:
            return params
        return _monotone(objective, params, random_state)


def initial_output_share(objective: ScaledObjective) -> float:
    """Return how near to a constant prediction training starts (see `initial_params`).

    The larger the first outputs, the more depends on them in which of many local minima
    of about the same height a training ends. But all weights zero is a stationary point
    of a penalty with a kink at zero: it needs a start that is not too near to it, the
    more so the stronger it is.
    """
    if objective.smooth_penalty:
        return _SMALLEST_OUTPUT_SHARE
    return min(max(objective.strength / _STRONG, _SMALLEST_OUTPUT_SHARE), 1.0)


def _monotone(objective, params, random_state):
    """Return drawn parameters with the signs of a monotone network.

    Units that all rise with the same features have similar values, which add up where
    weights are all positive: with a mean of these values, and not a sum, as what the next
    layer gets, its units do not saturate. And where units rise differs from the start.
    See benchmarks/monotone.py.
    """
    network, params = objective.network, objective.objective.oriented(params)
    for weights in network.coefs(params)[1:-1]:
        weights *= min(1.0, 1 / (weights.mean() * len(weights)))
    for intercepts in network.intercepts(params)[:-1]:
        intercepts[...] = random_state.uniform(-1, 1, intercepts.shape)
    return params


def continued(network: Network, coefs: Sequence, intercepts: Sequence) -> Start:
    """Return the `Start` of a training that goes on from weights, without drawing any.

    Raises
    ------
    ValueError
        If they are not those of such a network.
    """
    shapes = [np.shape(part) for part in coefs]
    if shapes != list(network.shapes):
        raise ValueError(
            f"Training cannot go on from weights of shapes {shapes}: this network's "
            f"are {list(network.shapes)}. Use a new estimator, or warm_start=False."
        )
    check_layers(network, coefs, intercepts)
    return Start(coefs, intercepts, is_drawn=False)
