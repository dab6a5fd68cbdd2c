"""A line for each input, or each weight, along the regularization path."""

from dataclasses import dataclass
from itertools import cycle

import numpy as np

from ..fitted.mixin import as_dense
from .drawing import GREY, LIGHT_GREY, keywords, literal

# Where the norms at the chosen alpha are all below this share of the largest, they would
# lie flat on the axis.
_FLAT = 0.2

# Which of matplotlib's "tab10" is a grey, like the lines without names.
_TAB10_GREY = 7

# Single weights that are drawn at most: the largest.
_MOST_WEIGHTS = 2000


@dataclass
class FeatureLines:
    """Draws lines, in which those of one input have one style.

    Attributes
    ----------
    alphas : ndarray of shape (n_alphas,)

    alpha : float or None
        The one that was chosen.

    norms : ndarray of shape (n_alphas, n_features)
        Norms of the weights of each input.

    names : ndarray of str of shape (n_features,)

    max_labels : int
        How many inputs are named at most.

    line_kw : dict or None
    """

    alphas: np.ndarray
    alpha: float | None
    norms: np.ndarray
    names: np.ndarray
    max_labels: int
    line_kw: dict | None

    def draw_norms(self, ax):
        """Norms against alpha; returns their lines."""
        norms = self.norms
        lines = self._draw(ax, norms, np.arange(norms.shape[1]))
        label = "norm of an input's weights"
        ax.set_ylim(0, 1.05 * norms.max() or 1.0)
        if norms[self._reference()].max() < _FLAT * norms.max():
            label += "\n(square-root scale)"
            ax.set_yscale("function", functions=(np.sqrt, np.square))
        ax.set_ylabel(label)
        return lines

    def draw_weights(self, ax, coefs):
        """The largest weights of the first layer against alpha; returns their lines."""
        weights, inputs = _largest_weights(coefs)
        ax.set_ylabel("weight of the first layer")
        return self._draw(ax, weights, inputs)

    def _draw(self, ax, values, inputs):
        """A line for each column of values, which belongs to one of the inputs."""
        from matplotlib.lines import Line2D

        named = _longest_lasting(self.norms)
        named = named[np.isin(named, inputs)][: self.max_labels]
        styles = self._styles(named)
        handles = [line for line in ax.lines if not line.get_label().startswith("_")]
        lines = []
        for curve, i in zip(values.T, inputs):
            style = keywords(styles[i], self.line_kw, Line2D)
            lines += ax.plot(self.alphas, curve, **style)
        # Each of them once, and from the one that stays longest on.
        for i in named:
            handles.append(lines[np.flatnonzero(inputs == i)[0]])
            handles[-1].set_label(literal(self.names[i]))
        if handles:
            # Where alpha is large and lines have come to 0: to look for the "best" place
            # among all lines takes seconds.
            ax.legend(handles=handles, fontsize="small", loc="upper right")
        return lines

    def _styles(self, named):
        from matplotlib import colormaps

        kept = np.zeros(len(self.names), dtype=bool)
        if self.alpha is not None:
            kept = self.norms[self._reference()] > 0
        styles = [
            dict(color=GREY if is_kept else LIGHT_GREY, linewidth=0.8, zorder=2 + is_kept)
            for is_kept in kept
        ]
        colours = colormaps["tab10"].colors
        colours = colours[:_TAB10_GREY] + colours[_TAB10_GREY + 1 :]
        for i, colour in zip(named, cycle(colours)):
            styles[i] = dict(color=colour, linewidth=1.6, zorder=4)
        return styles

    def _reference(self):
        """Index of the chosen alpha, or else of the last with weights."""
        if self.alpha is not None:
            return int(np.abs(np.asarray(self.alphas) - self.alpha).argmin())
        return int(np.flatnonzero(self.norms.any(axis=1)).max(initial=0))


def _longest_lasting(norms):
    """The inputs that ever have weights, from the one that stays longest on.

    Of those that stay equally long, the larger at the end come first.
    """
    present = np.flatnonzero(norms.any(axis=0))
    if not len(present):
        return present
    last = np.array([np.flatnonzero(column).max() for column in norms[:, present].T])
    at_last = norms[last, present]
    return present[np.lexsort((-at_last, -last))]


def _largest_weights(coefs):
    """Weights along the path, and the input of each.

    Returns
    -------
    weights : ndarray of shape (n_alphas, n_weights)

    inputs : ndarray of int of shape (n_weights,)
    """
    largest = np.zeros(coefs[0].shape)
    for coef in coefs:
        np.maximum(largest, np.abs(as_dense(coef)), out=largest)
    kept = np.sort(np.argsort(-largest, axis=None, kind="stable")[:_MOST_WEIGHTS])
    weights = np.array([as_dense(coef).ravel()[kept] for coef in coefs])
    return weights, np.unravel_index(kept, largest.shape)[0]
