"""The weights of one layer as a heat map or as images."""

from numbers import Integral
from typing import Any, Self

import numpy as np

from ..fitted.meta_estimators import fitted_network
from ..fitted.mixin import as_dense
from .drawing import (
    axes_or_new,
    keywords,
    label_some,
    require_matplotlib,
    symmetric_limit,
    weight_colours,
)
from .labels import checked_names, output_names
from .mosaic import checked_shape, frame_images, mosaic, name_images, size_of_mosaic

# Of more rows or columns than these, those without weights are left out by default.
_MANY = 50

# Inches of a character of a label, of the gap between two, and from one line to the next.
_CHARACTER, _GAP, _LINE = 0.09, 0.12, 0.2

# The same of lines in small letters, of so many points.
_SMALL_LINE, _SMALL_LETTERS = 0.125, 7

# Inches below and above a map, and heights of figures with labels of either size at most.
_AROUND_MAP, _TALL, _TALLEST = 1.0, 8, 9.5

# Share of the width of the caller's Axes that labels may count on.
_FREE = 0.8

# Rows, and columns, of the picture of a heat map at most: more than have a pixel each, or
# two, in a figure.
_MOST_LINES = 300


class WeightsDisplay:
    """The weights of one layer as a heat map, or each unit's weights as an image.

    Only weights that are exactly 0 are white. Positive weights are blue and negative ones
    orange, however small. Use :meth:`from_estimator` to draw a fitted estimator.

    Parameters
    ----------
    weights : array-like of shape (fan_in, fan_out)
        The weights of a layer.

    row_names : array-like of str of shape (fan_in,) or None, default=None
        Names of the rows. None numbers them.

    column_names : array-like of str of shape (fan_out,) or None, default=None
        Names of the columns. None numbers them.

    row_label : str, default="features"
        Name of the axis of the rows.

    column_label : str, default="units"
        Name of the axis of the columns.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the picture.

    figure_ : matplotlib Figure
        Figure with the picture.

    im_ : matplotlib AxesImage
        The picture. Its array is masked where weights are 0. If there are more than 300
        rows or columns, a row or column of the picture stands for several of them and
        shows the largest weight among them.

    colorbar_ : matplotlib Colorbar or None
        The colour bar.

    rows_ : ndarray of int
        The rows of the weights that are drawn, from top to bottom.

    columns_ : ndarray of int
        The columns of the weights that are drawn: from left to right, or image by image.

    See Also
    --------
    NetworkDisplay : The units and weights in use of all layers.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknormreg import RegularizedMLPClassifier
    >>> from sknormreg.displays import WeightsDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> mlp = RegularizedMLPClassifier((20,), penalty="l1", alpha=1.0, random_state=0)
    >>> mlp = mlp.fit(X / 16, y)
    >>> display = WeightsDisplay.from_estimator(mlp, image_shape=(8, 8))
    >>> len(display.columns_)
    20
    """

    def __init__(
        self,
        weights: Any,
        *,
        row_names: Any = None,
        column_names: Any = None,
        row_label: str = "features",
        column_label: str = "units",
    ) -> None:
        self.weights = weights
        self.row_names = row_names
        self.column_names = column_names
        self.row_label = row_label
        self.column_label = column_label

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        layer: int | str = 0,
        image_shape: tuple[int, int] | None = None,
        feature_names: Any = None,
        hide_zeros: bool | str = "auto",
        ax: Any = None,
        colorbar: bool = True,
        im_kw: dict | None = None,
    ) -> Self:
        """Draw the weights of a fitted estimator.

        Parameters
        ----------
        estimator : object
            A fitted network, or a pipeline, search or TransformedTargetRegressor around
            one. An MLPClassifier or MLPRegressor of scikit-learn is accepted, too.

        layer : int or "skip", default=0
            Index of the layer in `coefs_`; negative ones count from the last. "skip" is the
            skip connection, `skip_coef_`.

        image_shape : tuple of int, default=None
            Height and width of the images whose pixels are the rows. None draws a heat
            map.

        feature_names : array-like of str of shape (n_features,), default=None
            Names of the features. None takes those that the estimator knows.

        hide_zeros : bool or "auto", default="auto"
            As :meth:`plot` takes it.

        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        colorbar : bool, default=True
            Whether to draw a colour bar.

        im_kw : dict, default=None
            Keyword arguments of `matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : WeightsDisplay
            The display.

        Raises
        ------
        TypeError
            If there is no network in the estimator, or if `ax` is no Axes.

        ValueError
            If there is no such layer, or if other parameters are not as described.

        NotFittedError
            If the estimator is not fitted.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        network, names = fitted_network(estimator)
        names = checked_names("feature_names", feature_names, len(names), names)
        weights, before, after = _layer_of(network, layer)
        display = cls(
            weights,
            row_names=names if before == "features" else None,
            column_names=output_names(network) if after == "outputs" else None,
            row_label=before,
            column_label=after,
        )
        return display.plot(
            ax,
            image_shape=image_shape,
            hide_zeros=hide_zeros,
            colorbar=colorbar,
            im_kw=im_kw,
        )

    def plot(
        self,
        ax: Any = None,
        *,
        image_shape: tuple[int, int] | None = None,
        hide_zeros: bool | str = "auto",
        colorbar: bool = True,
        im_kw: dict | None = None,
    ) -> Self:
        """Draw the weights.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        image_shape : tuple of int, default=None
            Height and width of the images whose pixels are the rows. None draws a heat
            map.

        hide_zeros : bool or "auto", default="auto"
            Whether rows and columns all of whose weights are 0 are left out. "auto" leaves
            them out where there are more than 50 rows, or columns. Images have all rows.

        colorbar : bool, default=True
            Whether to draw a colour bar.

        im_kw : dict, default=None
            Keyword arguments of `matplotlib.axes.Axes.imshow`.

        Returns
        -------
        self : WeightsDisplay
            The display.

        Raises
        ------
        TypeError
            If `ax` is no Axes.

        ValueError
            If parameters are not as described, or if there are not as many pixels as rows.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        weights = np.asarray(self.weights)
        if image_shape is not None:
            image_shape = checked_shape(image_shape, len(weights))
        row_names, column_names = (
            checked_names(name, getattr(self, name), n_names, np.arange(n_names))
            for name, n_names in zip(("row_names", "column_names"), weights.shape)
        )
        self._choose(weights, hide_zeros, image_shape)
        shown = weights[np.ix_(self.rows_, self.columns_)]
        if image_shape is None:
            size = _size_of_map(shown, row_names[self.rows_], column_names[self.columns_])
        else:
            shown, n_empty = mosaic(shown, image_shape)
            size = size_of_mosaic(shown)
        self.colorbar_, is_new = None, ax is None
        with axes_or_new(ax, size) as ax:
            if image_shape is None:
                self._draw_map(ax, shown, im_kw)
            else:
                names = [str(name) for name in column_names[self.columns_]]
                self._draw_images(ax, shown, image_shape, n_empty, names, im_kw)
            if colorbar:
                label = "weight (white: exactly 0)"
                self.colorbar_ = ax.figure.colorbar(self.im_, ax=ax, label=label)
            if image_shape is None:
                # Of the caller's Axes a layout may still take a part.
                width = _FREE * ax.get_window_extent().width / ax.figure.dpi
                if is_new:
                    width = _width_of_map(column_names[self.columns_])
                self._label(ax, row_names, column_names, width, is_new)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _choose(self, weights, hide_zeros, image_shape):
        """Set the rows and columns that are drawn."""
        if hide_zeros not in (True, False, "auto"):
            raise ValueError(
                f"hide_zeros must be True, False or 'auto', got {hide_zeros!r}."
            )
        self.rows_, self.columns_ = (
            _indices(weights.any(axis=1 - axis), hide_zeros) for axis in (0, 1)
        )
        if image_shape is not None:
            self.rows_ = np.arange(len(weights))

    def _draw_map(self, ax, shown, im_kw):
        together = [-(-n_lines // _MOST_LINES) for n_lines in shown.shape]
        for axis in (0, 1):
            shown = _thinned(shown, together[axis], axis)
        # Positions stay those of rows and columns, however many a line stands for.
        bottom, right = np.multiply(shown.shape, together) - 0.5
        extent = (-0.5, right, bottom, -0.5)
        style = dict(aspect="auto", interpolation="nearest", extent=extent)
        self._draw(ax, shown, style, im_kw)

    def _draw_images(self, ax, shown, image_shape, n_empty, names, im_kw):
        # Means of neighbouring weights where pixels are few, not of their colours.
        style = dict(aspect="equal", interpolation_stage="data")
        self._draw(ax, shown, style, im_kw)
        frame_images(ax, shown.shape, image_shape, n_empty)
        name_images(ax, shown.shape, image_shape, names)
        n_all = np.shape(self.weights)[1]
        ax.set_xlabel(_counted(self.column_label, len(self.columns_), n_all))

    def _draw(self, ax, shown, style, im_kw):
        from matplotlib.colors import Normalize
        from matplotlib.image import AxesImage

        limit = symmetric_limit(shown)
        style |= dict(cmap=weight_colours())
        norm = (im_kw or {}).get("norm")
        if isinstance(norm, Normalize):
            # It has its own limits, or else the same to both sides: 0 stays in the middle.
            norm.autoscale_None(np.append(shown, [-limit, limit]))
        else:
            style |= dict(vmin=-limit, vmax=limit)
        picture = np.ma.masked_equal(shown, 0)
        self.im_ = ax.imshow(picture, **keywords(style, im_kw, AxesImage))

    def _label(self, ax, row_names, column_names, width, is_new):
        """Label rows and columns, as many as have room; a width is in inches."""
        height = ax.get_window_extent().height / ax.figure.dpi
        if is_new:
            # A layout is still to give the Axes its place.
            height = ax.figure.get_figheight() - _AROUND_MAP
        size, down = _label_of_rows(height, len(self.rows_))
        ax.tick_params(axis="y", labelsize=size)
        room = _length(column_names[self.columns_]) + _GAP
        if room > max(2 * _LINE, width / max(len(self.columns_), 1)):
            ax.tick_params(axis="x", labelrotation=90)
            room = _LINE
        across = max(int(width / room), 1)
        for axis, names, indices, label, most in (
            (ax.yaxis, row_names, self.rows_, self.row_label, down),
            (ax.xaxis, column_names, self.columns_, self.column_label, across),
        ):
            label_some(axis, [str(name) for name in names[indices]], most)
            axis.set_label_text(_counted(label, len(indices), len(names)))


def _layer_of(network, layer):
    """Return the weights of a layer, and the names of the layers before and after.

    Raises
    ------
    ValueError
        If there is no such layer.
    """
    skip_coef = getattr(network, "skip_coef_", None)
    if isinstance(layer, str) and layer == "skip" and skip_coef is not None:
        return skip_coef, "features", "outputs"
    coefs = [as_dense(coef) for coef in network.coefs_]
    n_layers = len(coefs)
    if not isinstance(layer, Integral) or int(layer) not in range(-n_layers, n_layers):
        skip = "" if skip_coef is None else ", or 'skip'"
        raise ValueError(
            f"layer must be an index of the {n_layers} layers of weights, counted from 0"
            f"{skip}, got {layer!r}."
        )
    layer = int(layer) % n_layers
    labels = [f"units of hidden layer {i}" for i in range(1, n_layers)]
    labels = ["features", *labels, "outputs"]
    return coefs[layer], labels[layer], labels[layer + 1]


def _indices(has_weights, hide_zeros):
    """Return the indices of the lines that are drawn: with weights, if any, or all."""
    if hide_zeros == "auto":
        hide_zeros = len(has_weights) > _MANY
    if hide_zeros and has_weights.any():
        return np.flatnonzero(has_weights)
    return np.arange(len(has_weights))


def _thinned(weights, n_together, axis):
    """Return the largest of so many neighbours along an axis, by absolute value."""
    if n_together == 1:
        return weights
    starts = np.arange(0, weights.shape[axis], n_together)
    highest = np.maximum.reduceat(weights, starts, axis)
    lowest = np.minimum.reduceat(weights, starts, axis)
    return np.where(highest >= -lowest, highest, lowest)


def _size_of_map(shown, row_names, column_names):
    """Return the inches of a figure with room for a map, its labels and a colour bar."""
    width = _width_of_map(column_names) + min(_length(row_names), 3) + 2
    height = _AROUND_MAP + _LINE * len(shown)
    if height > _TALL:
        # In smaller letters.
        height = max(_TALL, min(_AROUND_MAP + _SMALL_LINE * len(shown), _TALLEST))
    return width, max(height, 3)


def _label_of_rows(height, n_rows):
    """Return the font size, and how many rows can be labelled, in inches of height."""
    if n_rows * _LINE <= height:
        return "medium", n_rows
    return _SMALL_LETTERS, max(int(height / _SMALL_LINE), 1)


def _width_of_map(column_names):
    """Return inches: enough for the names of few columns, or else for the columns."""
    of_names = (_length(column_names) + _GAP) * len(column_names)
    return np.clip(of_names if of_names < 5 else 0.2 * len(column_names), 2.5, 6)


def _length(names):
    """Return the inches of the longest of names."""
    return _CHARACTER * max((len(str(name)) for name in names), default=0)


def _counted(label, n_shown, n_all):
    return label if n_shown == n_all else f"{label}: {n_shown} of {n_all} have weights"
