"""A line for each feature, or each weight, along the regularization path."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np

from ..fitted.mixin import as_dense
from .drawing import GREY, LIGHT_GREY, distinct_colours, keywords, literal
from .path_points import PathPoints

# Where the norms of the chosen network are all below this share of the largest, they would
# lie flat on the axis.
_FLAT = 0.2

# Which of matplotlib's "tab10" is a grey, like the lines without names.
_TAB10_GREY = 7

# Single weights that are drawn at most: the largest.
_MOST_WEIGHTS = 2000


@dataclass
class FeatureLines:
    """Draws lines, in which those of one feature have one style.

    Attributes
    ----------
    points : PathPoints

    names : ndarray of str of shape (n_features,)

    max_labels : int
        How many features are named at most.

    line_kw : dict or None
    """

    points: PathPoints
    names: np.ndarray
    max_labels: int
    line_kw: dict | None

    def draw_norms(self, ax: Any) -> list[Any]:
        """Draw the norms of the features' weights, and return their lines."""
        norms = self.points.norms
        lines = self._draw(ax, norms, np.arange(norms.shape[1]))
        label = "norm of a feature's weights"
        ax.set_ylim(0, 1.05 * norms.max() or 1.0)
        if norms[self._reference()].max() < _FLAT * norms.max():
            label += "\n(square-root scale)"
            ax.set_yscale("function", functions=(np.sqrt, np.square))
        ax.set_ylabel(label)
        return lines

    def draw_weights(self, ax: Any) -> list[Any]:
        """Draw the largest weights of the first layer, and return their lines."""
        weights, features = _largest_weights(self.points.coefs)
        ax.set_ylabel("weight of the first layer")
        return self._draw(ax, weights, features)

    def _draw(self, ax, values, features):
        """Draw a line for each column of values, which belongs to one of the features."""
        from matplotlib.lines import Line2D

        named = _by_size(self.points.norms, self.points.chosen)
        named = named[np.isin(named, features)][: self.max_labels]
        styles = self._styles(named)
        handles = [line for line in ax.lines if not line.get_label().startswith("_")]
        lines = []
        for curve, i in zip(values.T, features):
            style = keywords(styles[i], self.line_kw, Line2D)
            lines += ax.plot(self.points.x, curve, **style)
        # Each of them once, from the largest on.
        for i in named:
            handles.append(lines[np.flatnonzero(features == i)[0]])
            handles[-1].set_label(literal(self.names[i]))
        if handles:
            # Where networks are sparse and lines have come to 0: to look for the "best"
            # place among all lines takes seconds.
            ax.legend(handles=handles, fontsize="small", loc="upper right")
        return lines

    def _styles(self, named):
        kept = np.zeros(len(self.names), dtype=bool)
        if self.points.chosen is not None:
            kept = self.points.norms[self.points.chosen] > 0
        return line_styles(kept, named)

    def _reference(self):
        """Return the index of the chosen network, or else of the last with weights."""
        if self.points.chosen is not None:
            return self.points.chosen
        return int(np.flatnonzero(self.points.norms.any(axis=1)).max(initial=0))


def line_styles(kept: np.ndarray, named: np.ndarray) -> list[dict[str, Any]]:
    """Return the style of the line of each feature.

    Parameters
    ----------
    kept : ndarray of bool of shape (n_features,)
        Those of a darker grey.

    named : ndarray of int
        Those of a colour.
    """
    styles: list[dict[str, Any]] = [
        dict(color=GREY if is_kept else LIGHT_GREY, linewidth=0.8, zorder=2 + is_kept)
        for is_kept in kept
    ]
    colours = distinct_colours()
    colours = colours[:_TAB10_GREY] + colours[_TAB10_GREY + 1 :]
    for i, colour in zip(named, cycle(colours)):
        styles[i] = dict(color=colour, linewidth=1.6, zorder=4)
    return styles


def _by_size(norms, chosen):
    """Return the features that ever have weights, from the largest norm on.

    Norms are compared in the chosen network if there is one; features without weights
    there, and all if there is none, are compared by their largest norm on the path.
    """
    largest = norms.max(axis=0)
    in_chosen = largest if chosen is None else norms[chosen]
    order = np.lexsort((-largest, -in_chosen))
    return order[largest[order] > 0]


def _largest_weights(coefs: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest weights along the path, and the feature of each.

    Returns
    -------
    weights : ndarray of shape (n_points, n_weights)

    features : ndarray of int of shape (n_weights,)
    """
    largest = np.zeros(coefs[0].shape)
    for coef in coefs:
        np.maximum(largest, np.abs(as_dense(coef)), out=largest)
    kept = np.sort(np.argsort(-largest, axis=None, kind="stable")[:_MOST_WEIGHTS])
    weights = np.array([as_dense(coef).ravel()[kept] for coef in coefs])
    return weights, np.unravel_index(kept, largest.shape)[0]
