"""The features, units and weights that a network uses, as a graph."""

from numbers import Integral
from typing import Any, Self

import numpy as np

from ..fitted.compaction import active_units
from ..fitted.importances import path_importances
from ..fitted.meta_estimators import fitted_network
from ..fitted.mixin import as_dense
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
from .labels import checked_names, output_names

# Widths of the lines of the smallest and the largest weight of a layer, in points; the
# latter is less where there are more lines than these, which would cover one another.
_THIN, _THICK, _FEW = 0.3, 3.5, 80

# Font sizes of the names of features and outputs, in points.
_SMALLEST_LABEL, _LARGEST_LABEL = 5, 10

# Opacities of the same lines.
_FAINT, _STRONG = 0.3, 0.85

# Defaults that other keyword arguments of `scatter` stand in place of.
_REPLACED = {"c": ("facecolor",), "color": ("facecolor", "edgecolor"), "sizes": ("s",)}


class NetworkDisplay:
    """Features and units that a network uses, and the weights between them.

    Features stand on the left, the most important one at the top, and outputs on the right.
    Features and hidden units without a path of non-zero weights to an output are left out.
    Of each layer, at most the `max_units` strongest units are drawn. The headings say how
    many units are in use and drawn, a line below the picture how many weights. The width
    and opacity of a line grow with the absolute value of its weight, relative to the
    largest weight of the same layer that is drawn. Use :meth:`from_estimator` to draw a
    fitted estimator.

    Parameters
    ----------
    coefs : list of ndarray of shape (fan_in, fan_out)
        The weights of each layer.

    feature_names : array-like of str of shape (n_features,)
        Names of the features.

    output_names : array-like of str of shape (n_outputs,)
        Names of the outputs.

    skip_coef : ndarray of shape (n_features, n_outputs) or None, default=None
        Weights of the skip connection, from the features to the outputs.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the network.

    figure_ : matplotlib Figure
        Figure with the network.

    nodes_ : list of matplotlib PathCollection
        The units of each layer, from features to outputs, in the order of `units_`.

    edges_ : list of matplotlib LineCollection
        The weights of each layer that are drawn; at the end those of the skip connection,
        if there is one.

    edge_weights_ : list of ndarray of shape (n_lines,)
        The weights that the lines of `edges_` stand for.

    units_ : list of ndarray of int
        For each layer, from features to outputs, the indices of the units that are drawn,
        from top to bottom.

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

    units_: list[np.ndarray]
    edge_weights_: list[np.ndarray]

    def __init__(
        self,
        coefs: list[np.ndarray],
        feature_names: Any,
        output_names: Any,
        *,
        skip_coef: np.ndarray | None = None,
    ) -> None:
        self.coefs = coefs
        self.feature_names = feature_names
        self.output_names = output_names
        self.skip_coef = skip_coef

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        feature_names: Any = None,
        max_units: int = 25,
        ax: Any = None,
        edge_kw: dict | None = None,
        node_kw: dict | None = None,
    ) -> Self:
        """Draw the network of a fitted estimator.

        Parameters
        ----------
        estimator : object
            A fitted network, or a pipeline, search or TransformedTargetRegressor around
            one. An MLPClassifier or MLPRegressor of scikit-learn is accepted, too.

        feature_names : array-like of str of shape (n_features,), default=None
            Names of the features. None takes those that the estimator knows.

        max_units : int, default=25
            Maximum number of units that are drawn of each layer, features and outputs
            included.

        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        edge_kw : dict, default=None
            Keyword arguments of the lines, a `matplotlib.collections.LineCollection`.

        node_kw : dict, default=None
            Keyword arguments of the units, as `matplotlib.axes.Axes.scatter` takes them.

        Returns
        -------
        display : NetworkDisplay
            The display.

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
            [as_dense(coef) for coef in network.coefs_],
            checked_names("feature_names", feature_names, len(names), names),
            output_names(network),
            skip_coef=getattr(network, "skip_coef_", None),
        )
        return display.plot(ax, max_units=max_units, edge_kw=edge_kw, node_kw=node_kw)

    def plot(
        self,
        ax: Any = None,
        *,
        max_units: int = 25,
        edge_kw: dict | None = None,
        node_kw: dict | None = None,
    ) -> Self:
        """Draw the network.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        max_units : int, default=25
            Maximum number of units that are drawn of each layer, features and outputs
            included.

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
            features or outputs.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        if not isinstance(max_units, Integral) or max_units < 1:
            raise ValueError(f"max_units must be an int of at least 1, got {max_units!r}.")
        for name, n_names in (
            ("feature_names", self.coefs[0].shape[0]),
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
            ax.set(xlim=(-0.12, len(places) - 0.88), ylim=(-0.55, 0.55))
            self._label(ax, in_use, places)
            if len(self.units_[0]):
                _explain_lines(ax, dashes, self._notes(edge_kw))
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_all_edges(self, ax, places, edge_kw):
        """Draw all lines, and return the style of the skip connection's, or None."""
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
        lines = LineCollection(list(segments), **keywords(style, edge_kw, LineCollection))
        self.edges_.append(ax.add_collection(lines))
        self.edge_weights_.append(values)

    @staticmethod
    def _draw_nodes(ax, points, node_kw):
        from matplotlib.collections import PathCollection

        style = dict(s=55, facecolor="white", edgecolor="0.35", linewidth=1.2, zorder=2)
        # scatter ignores these, or warns of them, beside colours of faces or edges.
        for other, names in _REPLACED.items():
            if other in (node_kw or {}):
                style = {name: style[name] for name in style if name not in names}
        return ax.scatter(*points.T, **keywords(style, node_kw, PathCollection))

    def _notes(self, edge_kw):
        """Return lines of text: what widths stand for, and what is left out."""
        from matplotlib.collections import LineCollection

        notes = []
        if "linewidth" not in keywords({}, edge_kw, LineCollection):
            notes.append("line width: |weight| relative to the largest of its layer")
        arrays = [*self.coefs, *([] if self.skip_coef is None else [self.skip_coef])]
        n_all = sum(np.count_nonzero(weights) for weights in arrays)
        n_drawn = sum(map(len, self.edge_weights_))
        if n_drawn < n_all:
            notes.append(f"{n_drawn:,} of {n_all:,} non-zero weights drawn")
        return notes

    def _label(self, ax, in_use, places):
        last = len(places) - 1
        headings = ["features", *(f"hidden layer {i}" for i in range(1, last)), "outputs"]
        sizes = [len(self.coefs[0]), *(weights.shape[1] for weights in self.coefs)]
        for i, units in enumerate(self.units_):
            headings[i] += _count(len(units), in_use[i], sizes[i])
        ax.set_xticks(range(len(headings)), headings)
        outputs = ax.secondary_yaxis("right")
        for axis, names, units, points in (
            (ax, self.feature_names, self.units_[0], places[0]),
            (outputs, self.output_names, self.units_[-1], places[-1]),
        ):
            size = _label_size(ax, points)
            axis.set_yticks(points[:, 1], _named(names, units), fontsize=size)
        ax.tick_params(length=0, labeltop=True, labelbottom=False)
        outputs.tick_params(length=0)
        for axis in (ax, outputs):
            axis.spines[:].set_visible(False)
        if not len(self.units_[0]):
            ax.text(last / 2, 0, "no feature has any effect", ha="center", va="center")


def _chosen_units(coefs, skip_coef, max_units):
    """Choose the units that are drawn.

    Returns
    -------
    n_in_use : list of int
        Number of units in use of each layer, from features to outputs.

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
    """Return absolute weights of all paths through each unit, up to a factor a layer."""
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
    """Order units by the mean places of the units before them, weighted.

    Fewer lines cross then: the barycentre heuristic (Sugiyama, Tagawa and Toda, "Methods
    for Visual Understanding of Hierarchical System Structures", 1981).
    """
    weights = magnitudes[np.ix_(before, units)]
    totals = weights.sum(axis=0)
    centres = np.arange(len(before)) @ weights / np.where(totals > 0, totals, 1)
    centres[totals == 0] = len(before) / 2
    return units[np.argsort(centres, kind="stable")]


def _places(layer, n_units, tallest):
    """Return points of the units of a layer, from top to bottom, within a height of 1."""
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
    if n_in_use == n_all:
        return f"\n{n_shown} strongest of {n_all}"
    return f"\n{n_in_use} of {n_all} in use,\n{n_shown} strongest drawn"


def _label_size(ax, points):
    """Return the font size in points at which names of the units have room."""
    if len(points) < 2:
        return _LARGEST_LABEL
    inches = ax.get_window_extent().height / ax.figure.dpi / np.ptp(ax.get_ylim())
    room = 72 * inches * abs(points[1, 1] - points[0, 1])
    return float(np.clip(room, _SMALLEST_LABEL, _LARGEST_LABEL))


def _explain_lines(ax, skip_style, notes):
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
        title="\n".join(notes),
        title_fontsize="small",
    )
