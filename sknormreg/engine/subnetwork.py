"""Part of a network: some of its features and hidden units."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from .activations import ACTIVATIONS
from .network import Network


@dataclass(frozen=True)
class Subnetwork:
    """Some features and hidden units of a network, which are a network of their own.

    With zero weights everywhere else, both have the same outputs but for the constants of
    hidden units without incoming weights (see `buried`).

    Parameters
    ----------
    whole : Network

    kept : tuple of ndarray of int
        Ascending indices of the features, and of the units of each hidden layer.
    """

    whole: Network
    kept: tuple[np.ndarray, ...]

    @cached_property
    def network(self) -> Network:
        """The part as a network."""
        return replace(self.whole, layer_units=(*map(len, self.kept), self._n_outputs))

    @property
    def _n_outputs(self):
        return self.whole.layer_units[-1]

    @cached_property
    def index(self) -> np.ndarray:
        """Ascending positions of the part's parameters among those of the whole."""
        outputs = np.arange(self._n_outputs)
        columns = [*self.kept[1:], outputs]
        if self.whole.skip:
            first = np.append(columns[0], self.whole.layer_units[1] + outputs)
            columns_of_weights = [first, *columns[1:]]
        else:
            columns_of_weights = columns
        parts, start = [], 0
        for (fan_in, fan_out), rows, own in zip(
            self.whole.shapes, self.kept, columns_of_weights
        ):
            parts.append((start + rows[:, None] * fan_out + own).ravel())
            start += fan_in * fan_out
        for n_units, own in zip(self.whole.layer_units[1:], columns):
            parts.append(start + own)
            start += n_units
        return np.concatenate(parts)

    def put(self, params: np.ndarray) -> np.ndarray:
        """Return parameters of the whole, which are zero outside of the part."""
        whole = np.zeros(self.whole.n_params, dtype=params.dtype)
        whole[self.index] = params
        return whole


def without_silent_units(network: Network, params: np.ndarray) -> Subnetwork | None:
    """Return the part without the units whose weights are all zero.

    Parameters
    ----------
    network : Network

    params : ndarray of shape (n_params,)

    Returns
    -------
    part : Subnetwork or None
        None if they are less than half of the units of every layer.
    """
    coefs, kept = network.coefs(params), []
    # A glance, at every evaluation: half of the rows are not zero if most weights are not.
    if all(2 * np.count_nonzero(out) > out.size for out in coefs[1:]):
        return None
    for layer, n_units in enumerate(network.layer_units[1:-1]):
        living: Any = coefs[layer + 1].any(axis=1)
        if 2 * np.count_nonzero(living) <= n_units:
            living |= coefs[layer][:, :n_units].any(axis=0)
            living[0] = living[0] or not living.any()
        if 2 * np.count_nonzero(living) > n_units:
            living[:] = True
        kept.append(np.flatnonzero(living))
    if all(len(units) == n for units, n in zip(kept, network.layer_units[1:-1])):
        return None
    return Subnetwork(network, (np.arange(network.layer_units[0]), *kept))


def gradient_of_whole(
    part: Subnetwork, params: np.ndarray, gradient: np.ndarray
) -> np.ndarray:
    """Return the gradient of the whole network from that of a part without silent units.

    A silent unit is a constant that nothing reads: weights out of it have the gradient of
    the next intercepts, times this constant; and weights into it have none.

    Parameters
    ----------
    part : Subnetwork
        As `without_silent_units` returns it.

    params : ndarray of shape (n_params,)
        Of the whole network.

    gradient : ndarray of shape (n_params_of_part,)

    Returns
    -------
    gradient : ndarray of shape (n_params,)
    """
    network, whole = part.whole, part.put(gradient)
    coefs, intercepts = network.coefs(whole), network.intercepts(whole)
    for layer, name in enumerate(network.activations):
        constants = network.intercepts(params)[layer].copy()
        ACTIVATIONS[name].value(constants)
        constants[part.kept[layer + 1]] = 0
        if constants.any():
            coefs[layer + 1][...] += np.outer(constants, intercepts[layer + 1])
    return whole


def living_units(
    network: Network, weights: Sequence[np.ndarray], moves: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Return the masks of the units of each hidden layer that are alive.

    A unit is dead if all weights into it, or all weights out of it, are zero and do not
    move, or if all of both are zero: its output is then a constant or is not read.

    Parameters
    ----------
    network : Network

    weights : list of ndarray of shape (fan_in, fan_out)
        Masks of the weights that are not zero.

    moves : list of ndarray of shape (fan_in, fan_out)
        Masks of the weights that are not zero or will not stay so.

    Returns
    -------
    living : list of ndarray of bool of shape (n_units,)
    """
    living: list[Any] = []
    for layer, n_units in enumerate(network.layer_units[1:-1]):
        weights_in = weights[layer][:, :n_units].any(axis=0)
        moves_in = moves[layer][:, :n_units].any(axis=0)
        weights_out, moves_out = (
            masks[layer + 1].any(axis=1) for masks in (weights, moves)
        )
        living.append(moves_in & moves_out & (weights_in | weights_out))
    return living


def buried(network: Network, params: np.ndarray, living: Sequence[np.ndarray]) -> bool:
    """Remove dead units, in place: all weights into and out of them become zero.

    The constant output of a unit without incoming weights is added to the next intercepts.
    The outputs of the network remain the same.

    Parameters
    ----------
    network : Network

    params : ndarray of shape (n_params,)

    living : list of ndarray of bool of shape (n_units,)
        Masks of the units of each hidden layer that stay.

    Returns
    -------
    changed : bool
        Whether a weight has changed.
    """
    coefs, intercepts = network.coefs(params), network.intercepts(params)
    coefs[0], _ = network.split_skip(coefs[0])
    changed = False
    for layer, (name, alive) in enumerate(zip(network.activations, living)):
        if alive.all():
            continue
        dead = ~alive
        into, out = coefs[layer][:, dead], coefs[layer + 1][dead]
        constant = ~into.any(axis=0)
        if out[constant].any():
            values = intercepts[layer][dead][constant]
            ACTIVATIONS[name].value(values)
            intercepts[layer + 1][...] += values @ out[constant]
        changed = changed or bool(into.any() or out.any())
        coefs[layer][:, dead] = 0
        coefs[layer + 1][dead] = 0
        intercepts[layer][dead] = 0
    return changed
