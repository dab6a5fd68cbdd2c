"""The network that is left, drawn as a graph."""

from numbers import Integral

import numpy as np

from ..fitted.compaction import active_units
from ..fitted.importances import path_importances
from ..fitted.meta_estimators import fitted_network
from .drawing import (
    BLUE,
    DARK_GREY,
    ORANGE,
    axes_or_new,
    keywords,
    literal,
    require_matplotlib,
    symmetric_limit,
)
from .labels import checked_names, dense_coefs, output_names

# Widths of the lines of the smallest and the largest weight of a layer, in points; the
# latter is less where there are more lines than these, which would cover one another.
_THIN, _THICK, _FEW = 0.3, 3.5, 80

# Their opacities.
_FAINT, _STRONG = 0.3, 0.85

# Defaults that other keyword arguments of `scatter` stand in place of.
_REPLACED = {"c": ("facecolor",), "color": ("facecolor", "edgecolor"), "sizes": ("s",)}


class NetworkDisplay:
    """The units that are in use, and the weights between them.

    Inputs stand on the left, the most important one at the top, and outputs on the right.
    Only inputs and hidden units through which a path of weights leads from an input to an
    output are drawn, and of more than can be told apart only the strongest: the headings
    count them. A line is the wider and the less transparent the larger its weight is, next
    to the largest one of the same layer that is drawn. Use :meth:`from_estimator` to make
    one of a fitted estimator.

    Parameters
    ----------
    coefs : list of ndarray of shape (fan_in, fan_out)
        The weights of each layer.

    input_names : array-like of str of shape (n_features,)
        Names of the inputs.

    output_names : array-like of str of shape (n_outputs,)
        Names of the outputs.

    skip_coef : ndarray of shape (n_features, n_outputs) or None, default=None
        Weights that lead from the inputs straight to the outputs.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the network.

    figure_ : matplotlib Figure
        Figure with the network.

    nodes_ : list of matplotlib PathCollection
        The units of each layer, inputs and outputs included, in the order of `units_`.

    edges_ : list of matplotlib LineCollection
        The weights of each layer that are drawn; at the end those of the skip connection,
        if there is one.

    edge_weights_ : list of ndarray of shape (n_lines,)
        The weights that the lines of `edges_` stand for.

    units_ : list of ndarray of int
        For each layer, inputs and outputs included, the indices of the units that are
        drawn, from top to bottom.

    See Also
    --------
    WeightsDisplay : All weights of one layer.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from sknormreg import RegularizedMLPClassifier
    >>> from sknormreg.displays import NetworkDisplay
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> mlp = RegularizedMLPClassifier(penalty="group_lasso", alpha=3, random_state=0)
    >>> display = NetworkDisplay.from_estimator(
    ...     mlp.fit(scale(X), y), feature_names=X.columns
    ... )
    >>> len(display.units_[1]) == mlp.n_active_units_[0]
    True
    """

    def __init__(self, coefs, input_names, output_names, *, skip_coef=None):
        self.coefs = coefs
        self.input_names = input_names
        self.output_names = output_names
        self.skip_coef = skip_coef

    @classmethod
    def from_estimator(
        cls,
        estimator,
        *,
        feature_names=None,
        max_units=25,
        ax=None,
        edge_kw=None,
        node_kw=None,
    ):
        """Draw the network of a fitted estimator.

        Parameters
        ----------
        estimator : object
            A fitted network, or a pipeline, search or TransformedTargetRegressor around
            one. An MLPClassifier or MLPRegressor of scikit-learn will do.

        feature_names : array-like of str of shape (n_features,), default=None
            Names of the inputs. None takes those that the estimator knows.

        max_units : int, default=25
            How many units of a layer, inputs and outputs included, are drawn at most.

        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        edge_kw : dict, default=None
            Keyword arguments of the lines, a `matplotlib.collections.LineCollection`.

        node_kw : dict, default=None
            Keyword arguments of the units, as `matplotlib.axes.Axes.scatter` takes them.

        Returns
        -------
        display : NetworkDisplay
            Drawn.

        Raises
        ------
        TypeError
            If there is no network in the estimator, or if `ax` is no Axes.

        ValueError
            If other parameters are not as described.

        NotFittedError
            If the estimator is not fitted.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        network, names = fitted_network(estimator)
        display = cls(
            dense_coefs(network),
            checked_names("feature_names", feature_names, len(names), names),
            output_names(network),
            skip_coef=getattr(network, "skip_coef_", None),
        )
        return display.plot(ax, max_units=max_units, edge_kw=edge_kw, node_kw=node_kw)

    def plot(self, ax=None, *, max_units=25, edge_kw=None, node_kw=None):
        """Draw the network.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        max_units : int, default=25
            How many units of a layer, inputs and outputs included, are drawn at most.

        edge_kw : dict, default=None
            Keyword arguments of the lines, a `matplotlib.collections.LineCollection`.

        node_kw : dict, default=None
            Keyword arguments of the units, as `matplotlib.axes.Axes.scatter` takes them.

        Returns
        -------
        self : NetworkDisplay
            The display.

        Raises
        ------
        TypeError
            If `ax` is no Axes.

        ValueError
            If `max_units` is no number of at least 1, or if there are not as many names as
            inputs or outputs.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        if not isinstance(max_units, Integral) or max_units < 1:
            raise ValueError(f"max_units must be an int of at least 1, got {max_units!r}.")
        for name, n_names in (
            ("input_names", self.coefs[0].shape[0]),
            ("output_names", self.coefs[-1].shape[1]),
        ):
            checked_names(name, getattr(self, name), n_names, None)
        in_use, self.units_ = _chosen_units(self.coefs, self.skip_coef, max_units)
        tallest = max(map(len, self.units_))
        size = 2.5 + 1.8 * len(self.units_), np.clip(1.8 + 0.26 * tallest, 3.2, 9)
        places = [
            _places(layer, len(units), tallest) for layer, units in enumerate(self.units_)
        ]
        with axes_or_new(ax, size) as ax:
            dashes = self._draw_all_edges(ax, places, edge_kw)
            self.nodes_ = [self._draw_nodes(ax, points, node_kw) for points in places]
            self._label(ax, in_use, places)
            if len(self.units_[0]):
                _explain_lines(ax, dashes)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_all_edges(self, ax, places, edge_kw):
        """Returns the line style of the skip connection, or None where there is none."""
        from matplotlib.collections import LineCollection

        self.edges_, self.edge_weights_ = [], []
        for i, weights in enumerate(self.coefs):
            ends = slice(i, i + 2)
            self._draw_edges(ax, weights, self.units_[ends], places[ends], edge_kw)
        if self.skip_coef is None:
            return None
        ends = slice(None, None, len(places) - 1)
        style = keywords({"linestyle": "--"}, edge_kw, LineCollection)
        self._draw_edges(ax, self.skip_coef, self.units_[ends], places[ends], style)
        return style["linestyle"]

    def _draw_edges(self, ax, weights, units, places, edge_kw):
        from matplotlib.collections import LineCollection
        from matplotlib.colors import to_rgba_array

        shown = weights[np.ix_(*units)]
        starts, ends = np.nonzero(shown)
        # The largest come last, above the others.
        order = np.argsort(np.abs(shown[starts, ends]), kind="stable")
        starts, ends = starts[order], ends[order]
        values = shown[starts, ends]
        share = np.abs(values) / symmetric_limit(values)
        thick = _THICK * min(1, np.sqrt(_FEW / max(len(values), 1)))
        colours = to_rgba_array(np.where(values > 0, BLUE, ORANGE))
        colours[:, 3] = _FAINT + (_STRONG - _FAINT) * share
        width = _THIN + (thick - _THIN) * share
        style = dict(edgecolor=colours, linewidth=width, zorder=1)
        segments = np.stack([places[0][starts], places[1][ends]], axis=1)
        lines = LineCollection(segments, **keywords(style, edge_kw, LineCollection))
        self.edges_.append(ax.add_collection(lines))
        self.edge_weights_.append(values)

    @staticmethod
    def _draw_nodes(ax, points, node_kw):
        from matplotlib.collections import PathCollection

        style = dict(s=55, facecolor="white", edgecolor="0.35", linewidth=1.2, zorder=2)
        # Which scatter ignores, or warns of, beside colours of faces or edges.
        for other, names in _REPLACED.items():
            if other in (node_kw or {}):
                style = {name: style[name] for name in style if name not in names}
        return ax.scatter(*points.T, **keywords(style, node_kw, PathCollection))

    def _label(self, ax, in_use, places):
        last = len(places) - 1
        headings = ["inputs", *(f"hidden layer {i}" for i in range(1, last)), "outputs"]
        sizes = [len(self.coefs[0]), *(weights.shape[1] for weights in self.coefs)]
        for i, units in enumerate(self.units_):
            headings[i] += _count(len(units), in_use[i], sizes[i])
        ax.set_xticks(range(len(headings)), headings)
        names = _named(self.input_names, self.units_[0])
        ax.set_yticks(places[0][:, 1], names)
        outputs = ax.secondary_yaxis("right")
        names = _named(self.output_names, self.units_[-1])
        outputs.set_yticks(places[-1][:, 1], names)
        ax.set(xlim=(-0.12, last + 0.12), ylim=(-0.55, 0.55))
        ax.tick_params(length=0, labeltop=True, labelbottom=False)
        outputs.tick_params(length=0)
        for axis in (ax, outputs):
            axis.spines[:].set_visible(False)
        if not len(self.units_[0]):
            ax.text(last / 2, 0, "no input has any effect", ha="center", va="center")


def _chosen_units(coefs, skip_coef, max_units):
    """What is in use, and what is drawn of it.

    Returns
    -------
    n_in_use : list of int
        Of each layer, inputs and outputs included.

    units : list of ndarray of int
        Indices, from top to bottom.
    """
    importances = path_importances(coefs, skip_coef)
    in_use = [importances > 0, *active_units(coefs), np.ones(coefs[-1].shape[1], bool)]
    strengths = [importances, *_strengths(coefs)[1:]]
    units = []
    for mask, strength in zip(in_use, strengths):
        indices = np.flatnonzero(mask)
        strongest = np.argsort(-strength[indices], kind="stable")[:max_units]
        units.append(indices[strongest])
    for i, weights in enumerate(coefs[:-1], 1):
        units[i] = _untangled(np.abs(weights), units[i - 1], units[i])
    units[-1] = np.sort(units[-1])
    return [int(mask.sum()) for mask in in_use], units


def _strengths(coefs):
    """Absolute weights of all paths through each unit, up to a factor for each layer."""
    magnitudes = [np.abs(weights) / symmetric_limit(weights) for weights in coefs]
    into = [np.ones(len(coefs[0]))]
    for weights in magnitudes:
        total = into[-1] @ weights
        into.append(total / symmetric_limit(total))
    out_of = [np.ones(coefs[-1].shape[1])]
    for weights in reversed(magnitudes):
        total = weights @ out_of[0]
        out_of.insert(0, total / symmetric_limit(total))
    return [a * b for a, b in zip(into, out_of)]


def _untangled(magnitudes, before, units):
    """Units in the order of the mean places of those before them that they belong to.

    Fewer lines cross: the barycentre heuristic (Sugiyama, Tagawa and Toda, "Methods for
    Visual Understanding of Hierarchical System Structures", 1981).
    """
    weights = magnitudes[np.ix_(before, units)]
    totals = weights.sum(axis=0)
    centres = np.arange(len(before)) @ weights / np.where(totals > 0, totals, 1)
    centres[totals == 0] = len(before) / 2
    return units[np.argsort(centres, kind="stable")]


def _places(layer, n_units, tallest):
    """Points of the units of a layer, from top to bottom, within a height of 1."""
    # Between the distances of the tallest layer and its whole height.
    span = np.sqrt((n_units - 1) / (tallest - 1)) if n_units > 1 else 0.0
    heights = np.linspace(span / 2, -span / 2, n_units)
    return np.column_stack([np.full(n_units, float(layer)), heights])


def _named(names, units):
    return [literal(names[i]) for i in units]


def _count(n_shown, n_in_use, n_all):
    if n_shown == n_all:
        return ""
    if n_shown == n_in_use:
        return f"\n{n_in_use} of {n_all} in use"
    return f"\n{n_in_use} of {n_all} in use,\n{n_shown} strongest"


def _explain_lines(ax, skip_style):
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=BLUE, linewidth=2.5, label="positive weight"),
        Line2D([], [], color=ORANGE, linewidth=2.5, label="negative weight"),
    ]
    # With a style of the caller's all lines are alike.
    if skip_style == "--":
        style = dict(color=DARK_GREY, linestyle=skip_style, linewidth=1.2)
        handles.append(Line2D([], [], label="skip connection", **style))
    ax.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        ncols=len(handles),
        frameon=False,
    )
