"""WeightsDisplay: its picture holds the weights."""

import itertools

import numpy as np
import pytest

from sknormreg import (
    RegularizedMLPRegressor,
)
from sknormreg.displays import (
    WeightsDisplay,
)

plt = pytest.importorskip("matplotlib.pyplot")
colors = pytest.importorskip("matplotlib.colors")


def test_heat_map_holds_the_weights_and_masks_zeros(network):
    for layer, coef in enumerate(network.coefs_):
        display = WeightsDisplay.from_estimator(network, layer=layer)
        picture = display.im_.get_array()
        np.testing.assert_array_equal(picture.filled(0), coef)
        np.testing.assert_array_equal(np.ma.getmaskarray(picture), coef == 0)
        low, high = display.im_.get_clim()
        assert -low == high == np.abs(coef).max()
        assert display.colorbar_.mappable is display.im_
    assert display.ax_.get_ylabel() == "units of hidden layer 2"
    labels = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert labels == ["setosa", "versicolor", "virginica"]
    last = WeightsDisplay.from_estimator(network, layer=-1, colorbar=False)
    np.testing.assert_array_equal(last.im_.get_array().filled(0), network.coefs_[-1])
    assert last.colorbar_ is None


def test_no_weight_is_white_but_zero(network):
    im = WeightsDisplay.from_estimator(network).im_
    tiny = np.array([-1e-12, 1e-12])
    brightest = im.cmap(im.norm(tiny))[:, :3].min(axis=1)
    assert (brightest < 0.9).all()
    white = im.cmap(np.ma.masked_equal([0.0], 0))
    np.testing.assert_array_equal(white[0, :3], [1, 1, 1])


def test_norms_of_the_caller_have_their_own_limits(network):
    norm = colors.SymLogNorm(0.01)
    im = WeightsDisplay.from_estimator(network, im_kw={"norm": norm}).im_
    assert im.norm is norm
    # Colours still tell the sign, and the largest weights have the ends of them.
    assert im.norm(0.0) == pytest.approx(0.5)
    assert sorted([norm.vmin, norm.vmax]) == [
        -np.abs(network.coefs_[0]).max(),
        np.abs(network.coefs_[0]).max(),
    ]
    limited = colors.SymLogNorm(0.01, vmin=-3, vmax=3)
    WeightsDisplay.from_estimator(network, im_kw={"norm": limited})
    assert (limited.vmin, limited.vmax) == (-3, 3)
    im = WeightsDisplay.from_estimator(network, im_kw={"norm": "symlog"}).im_
    assert im.norm(0.0) == pytest.approx(0.5)


def test_heat_map_names_the_inputs(diabetes):
    mlp = RegularizedMLPRegressor((4,), penalty="l1", random_state=0, alpha=1.0).fit(
        *diabetes
    )
    display = WeightsDisplay.from_estimator(mlp)
    labels = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert labels == list(diabetes[0].columns)


def test_heat_map_of_a_wide_layer_leaves_out_what_has_no_weights(wide):
    display = WeightsDisplay.from_estimator(wide)
    coef = wide.coefs_[0]
    np.testing.assert_array_equal(display.rows_, np.flatnonzero(coef.any(axis=1)))
    np.testing.assert_array_equal(display.columns_, np.flatnonzero(coef.any(axis=0)))
    assert len(display.rows_) < 300  # or this tests nothing
    np.testing.assert_array_equal(
        display.im_.get_array().filled(0), coef[display.rows_][:, display.columns_]
    )
    n_rows = len(display.rows_)
    assert display.ax_.get_ylabel() == f"features: {n_rows} of 1000 have weights"
    everything = WeightsDisplay.from_estimator(wide, hide_zeros=False)
    np.testing.assert_array_equal(everything.rows_, np.arange(1000))
    # Few of many are labelled, each at its own row.
    ticks = everything.ax_.get_yticks()
    labels = [text.get_text() for text in everything.ax_.get_yticklabels()]
    assert 20 <= len(ticks) <= 70
    assert labels == [f"x{int(tick)}" for tick in ticks]


def test_one_weight_among_a_thousand_rows_is_drawn():
    weights = np.zeros((1000, 3))
    weights[617, 1], weights[616, 1], weights[900, 2] = -2.0, 0.5, 1.0
    display = WeightsDisplay(weights).plot(hide_zeros=False)
    picture = display.im_.get_array()
    assert picture.shape[0] <= 300
    np.testing.assert_array_equal(np.sort(picture.compressed()), [-2.0, 1.0])
    # Where its row is on the axis.
    _, _, bottom, top = display.im_.get_extent()
    per_line = (bottom - top) / picture.shape[0]
    line = int((617 - top) / per_line)
    assert picture[line, 1] == -2.0


def test_images_are_the_weights_of_units():
    weights = np.random.default_rng(0).normal(size=(6, 7))
    weights[:, 3] = 0
    display = WeightsDisplay(weights).plot(image_shape=(3, 2), hide_zeros=True)
    np.testing.assert_array_equal(display.columns_, [0, 1, 2, 4, 5, 6])
    picture = display.im_.get_array().filled(0)
    n_across = picture.shape[1] // 2
    for place, unit in enumerate(display.columns_):
        row, column = divmod(place, n_across)
        tile = picture[3 * row : 3 * row + 3, 2 * column : 2 * column + 2]
        np.testing.assert_array_equal(tile, weights[:, unit].reshape(3, 2))
    # Lines between them, and no others.
    np.testing.assert_array_equal(
        display.ax_.get_yticks(), np.arange(0, picture.shape[0] + 1, 3) - 0.5
    )


@pytest.mark.parametrize("n_units", [1, 2, 7, 20, 30, 97, 100])
@pytest.mark.slow
def test_places_without_a_unit_are_grey(n_units):
    display = WeightsDisplay(np.ones((6, n_units))).plot(image_shape=(2, 3))
    (grey,) = display.ax_.patches
    n_rows, n_columns = np.array(display.im_.get_array().shape) // (2, 3)
    n_empty = n_rows * n_columns - n_units
    assert n_empty < n_columns
    assert (grey.get_width(), grey.get_height()) == (3 * n_empty, 2)
    white = display.im_.get_array().mask
    assert white.sum() == 6 * n_empty
    left, top = grey.get_xy()
    if n_empty:
        assert white[int(top + 0.5) :, int(left + 0.5) :].all()


def test_weights_refuse_what_they_cannot_draw(network):
    draw = WeightsDisplay.from_estimator
    with pytest.raises(ValueError, match="layer must be an index of the 3 layers"):
        draw(network, layer=3)
    with pytest.raises(ValueError, match="image_shape must be height and width of images"):
        draw(network, image_shape=(3, 3))
    with pytest.raises(ValueError, match=r"of 4 pixels, .* got 4"):
        draw(network, image_shape=4)
    with pytest.raises(ValueError, match="hide_zeros must be True, False or 'auto'"):
        draw(network, hide_zeros="yes")
    with pytest.raises(ValueError, match="feature_names must hold 4 names"):
        draw(network, feature_names=["a"])
    with pytest.raises(ValueError, match="column_names must hold 3 names"):
        WeightsDisplay(np.eye(3), column_names=["a"]).plot()
    assert plt.get_fignums() == []


@pytest.mark.parametrize("names", [None, "class number {}", "{}"])
@pytest.mark.parametrize(
    "n_columns",
    [
        3,
        pytest.param(10, marks=pytest.mark.slow),
        pytest.param(20, marks=pytest.mark.slow),
        pytest.param(35, marks=pytest.mark.slow),
        100,
    ],
)
def test_labels_of_columns_do_not_overlap(names, n_columns):
    if names is not None:
        names = [names.format(i) for i in range(n_columns)]
    rows = [f"a column of a long name {i}" for i in range(60)]
    weights = np.ones((60, n_columns))
    display = WeightsDisplay(weights, row_names=rows, column_names=names).plot()
    display.figure_.canvas.draw()
    boxes = [label.get_window_extent() for label in display.ax_.get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))
    assert len(boxes) >= min(n_columns, 3)
    # Long names leave the map its place.
    assert display.ax_.get_window_extent().width > 0.4 * display.figure_.bbox.width


@pytest.mark.parametrize("layout", [None, "tight", "constrained"])
def test_labels_of_columns_in_the_callers_axes(layout):
    names = ["setosa", "versicolor", "virginica"]
    display = WeightsDisplay(np.ones((4, 3)), column_names=names)
    for inches, rotation in ((14, 0), (3, 90)):
        fig = plt.figure(figsize=(inches, 4), layout=layout)
        display.plot(fig.subfigures(1, 1).subplots())
        fig.canvas.draw()
        labels = display.ax_.get_xticklabels()
        assert [label.get_text() for label in labels] == names
        assert {label.get_rotation() for label in labels} == {rotation}
        boxes = [label.get_window_extent() for label in labels]
        assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))


def test_weights_that_are_all_zero_are_drawn():
    display = WeightsDisplay(np.zeros((60, 3))).plot()
    assert display.im_.get_array().shape == (60, 3)
    assert display.im_.get_array().mask.all()


@pytest.mark.parametrize("n_rows", [30, 50, 64])
def test_all_rows_are_labelled_where_they_have_room(n_rows):
    display = WeightsDisplay(np.ones((n_rows, 3))).plot()
    display.figure_.canvas.draw()
    labels = display.ax_.get_yticklabels()
    assert [text.get_text() for text in labels] == [str(i) for i in range(n_rows)]
    heights = sorted(text.get_window_extent().extents[[1, 3]].tolist() for text in labels)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(heights))


def test_rows_in_small_axes_are_labelled_without_overlap():
    figure, ax = plt.subplots(figsize=(3.9, 3.9), layout="constrained")
    WeightsDisplay(np.ones((64, 60))).plot(ax)
    figure.canvas.draw()
    labels = ax.get_yticklabels()
    heights = sorted(text.get_window_extent().extents[[1, 3]].tolist() for text in labels)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(heights))
    assert len(labels) >= 10


def test_images_are_named_where_they_have_room():
    names = ["cat", "dog", "$", "fox"]
    display = WeightsDisplay(np.eye(64)[:, :4], column_names=names)
    display.plot(image_shape=(8, 8))
    assert [text.get_text().replace("\\$", "$") for text in display.ax_.texts] == names
    corners = [text.xy for text in display.ax_.texts]
    assert corners[:2] == [(-0.5, -0.5), (7.5, -0.5)]
    _, ax = plt.subplots(figsize=(1, 1))
    display.plot(ax, image_shape=(8, 8))
    assert len(ax.texts) == 0
