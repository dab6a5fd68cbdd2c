"""Penalties as the compiled passes of full-batch solvers take them.

They stand for NumPy's many passes: a step on a few hundred parameters then is not mostly
calls, and one on many does not go through memory a hundred times.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._prox_terms import (
    ColumnNormBall,
    ConcaveGrouped,
    Grouped,
    ProxTerms,
    Separable,
    rows_by_group,
)
from .network import Network
from .selection import full_batch_passes


def compiled_penalty(
    network: Network, terms: Sequence[ProxTerms], factors: Sequence[float]
) -> Any:
    """Return the compiled passes for the penalty of a network.

    Parameters
    ----------
    network : Network

    terms : list of ProxTerms
        Of the weights of each layer.

    factors : list of float
        What the gradient of the loss is multiplied by, for the weights and intercepts of
        each layer.

    Returns
    -------
    penalty : CompiledPenalty or None
        With the methods of `ScaledObjective` of these names: `evaluate(params, gradient)`,
        which multiplies the gradient by its factors in place, returns the penalty, the
        subgradient, the mask of kinks and the numbers of a `Residual`. `prox(params, step)`
        works in place. `trial(params, direction, subgradient, kink, step)` and
        `solve_curvature(params, vector, shift)`, for penalties that are no constraints,
        return new arrays. None if there is no loop for one of the terms, or none at all.
    """
    passes = full_batch_passes()
    if passes is None or not all(map(_is_known, terms)):
        return None
    layers = zip(network.shapes, factors, terms)
    ranges = [part for layer in layers for part in _ranges(*layer)]
    units = network.layer_units[1:]
    ranges += [_range((1, n), factor, Separable()) for n, factor in zip(units, factors)]
    return passes.CompiledPenalty(ranges)


def _is_known(terms):
    return isinstance(terms, Separable | Grouped | ConcaveGrouped | ColumnNormBall)


def _ranges(shape, factor, terms):
    """Ranges of a layer: where single weights are penalised, one for each run of rows whose
    terms have the same factor."""
    if isinstance(terms, ColumnNormBall):
        return [(*shape, factor, 0.0, 0.0, None, 0.0, None, terms.radius)]
    factors, (fan_in, fan_out) = terms.factors, shape
    if factors is None or getattr(terms, "strength", None):
        return [_range(shape, factor, terms)]
    ends = [*np.flatnonzero(np.diff(factors)) + 1, fan_in]
    starts = [0, *ends[:-1]]
    single = Separable(terms.l1, terms.l2, getattr(terms, "knots", None))
    return [
        _range((end - start, fan_out), factor, single.scaled(float(factors[start]), 1.0))
        for start, end in zip(starts, ends)
    ]


def _range(shape, factor, terms):
    knots = getattr(terms, "knots", None)
    if isinstance(terms, Separable):
        return *shape, factor, terms.l1, terms.l2, knots, 0.0, None, 0.0
    l1 = getattr(terms, "l1", 0.0)
    groups = _groups(terms, *shape)
    return *shape, factor, l1, terms.l2, knots, terms.strength, groups, 0.0


def _groups(terms, fan_in, fan_out):
    """Rows in the order of their groups; of these the ends, the sizes and the factors."""
    factors = terms.factors
    if terms.labels is None:
        rows, ends, n_rows = None, None, np.ones(fan_in)
    else:
        (rows, ends), n_rows = rows_by_group(terms.labels), np.bincount(terms.labels)
        factors = factors if factors is None else factors[rows[ends - 1]]
    sizes = n_rows * float(fan_out) if terms.sizes is None else terms.sizes
    return rows, ends, _doubles(sizes), factors if factors is None else _doubles(factors)


def _doubles(numbers):
    return np.ascontiguousarray(numbers, dtype=np.float64)
