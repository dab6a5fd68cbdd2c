"""NetworkDisplay: its lines and nodes are the weights and units in use."""

import itertools

import numpy as np
import pytest
from display_cases import SPARSE, legend_of

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
    RegularizedMLPSurvival,
)
from sknormreg.displays import (
    NetworkDisplay,
    WeightsDisplay,
)

plt = pytest.importorskip("matplotlib.pyplot")


def test_network_draws_what_is_in_use(network):
    display = NetworkDisplay.from_estimator(network)
    units = [sorted(layer.tolist()) for layer in display.units_]
    # Without what the fixture has cut off.
    assert units == [[0, 2, 3], [0, 1, 3, 4], [0, 1, 2], [0, 1, 2]]
    assert [len(layer.get_offsets()) for layer in display.nodes_] == [3, 4, 3, 3]
    np.testing.assert_array_equal(np.flatnonzero(network.selected_features_), units[0])
    assert [len(layer) for layer in units[1:-1]] == network.n_active_units_


def test_network_lines_are_the_weights_between_their_ends(network):
    display = NetworkDisplay.from_estimator(network)
    places = [
        dict(zip(map(tuple, nodes.get_offsets()), units))
        for nodes, units in zip(display.nodes_, display.units_)
    ]
    n_lines = 0
    for layer, (lines, values) in enumerate(zip(display.edges_, display.edge_weights_)):
        coef = network.coefs_[layer]
        segments, widths = lines.get_segments(), lines.get_linewidths()
        for (start, end), value in zip(segments, values):
            unit, following = places[layer][tuple(start)], places[layer + 1][tuple(end)]
            assert coef[unit, following] == value != 0
        order = np.argsort(np.abs(values))
        assert (np.diff(np.asarray(widths)[order]) >= 0).all()
        *colours, opacities = lines.get_colors().T
        assert (np.diff(opacities[order]) >= 0).all()
        assert opacities.min() < opacities.max() < 1
        signs, colours = np.sign(values), np.transpose(colours)
        colours = {sign: {tuple(c) for c in colours[signs == sign]} for sign in (-1, 1)}
        assert len(colours[-1]) == len(colours[1]) == 1
        assert colours[-1] != colours[1]
        n_lines += len(segments)
    # Products of units in use, but for the single weight that is 0.
    assert n_lines == 3 * 4 + (4 * 3 - 1) + 3 * 3


def test_network_names_inputs_by_importance(diabetes):
    mlp = RegularizedMLPRegressor((6,), penalty="l1", alpha=5, random_state=0)
    mlp.fit(*diabetes)
    display = NetworkDisplay.from_estimator(mlp)
    names = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert set(names) == set(mlp.selected_feature_names_)
    importances = dict(zip(diabetes[0].columns, mlp.feature_importances_))
    assert [importances[name] for name in names] == sorted(
        (importances[name] for name in names), reverse=True
    )
    heights = display.nodes_[0].get_offsets()[:, 1]
    np.testing.assert_array_equal(heights, display.ax_.get_yticks())
    assert (np.diff(heights) < 0).all()


def test_network_of_many_inputs_draws_the_strongest(wide):
    display = NetworkDisplay.from_estimator(wide, max_units=10)
    assert len(display.units_[0]) == 10
    importances = wide.feature_importances_
    smallest = importances[display.units_[0]].min()
    assert (importances > smallest).sum() == 9
    heading = display.ax_.get_xticklabels()[0].get_text()
    n_in_use = wide.selected_features_.sum()
    assert heading == f"features\n{n_in_use} of 1000 in use,\n10 strongest drawn"


def test_network_draws_the_skip_connection(diabetes):
    mlp = RegularizedMLPRegressor((4,), penalty="hierarchical", alpha=20, random_state=0)
    mlp.fit(*diabetes)
    display = NetworkDisplay.from_estimator(mlp)
    assert len(display.edges_) == 3
    used = mlp.skip_coef_[mlp.selected_features_].ravel()
    np.testing.assert_array_equal(
        np.sort(display.edge_weights_[2]), np.sort(used[used != 0])
    )
    ends = np.array(display.edges_[2].get_segments())[:, :, 0]
    np.testing.assert_array_equal(ends, np.tile([0.0, 2.0], (len(ends), 1)))
    assert legend_of(display.ax_)[2:] == ["skip connection"]
    solid = NetworkDisplay.from_estimator(mlp, edge_kw={"ls": "-"})
    assert len(legend_of(solid.ax_)) == 2


def test_heat_map_of_the_skip_connection(diabetes, network):
    mlp = RegularizedMLPRegressor((4,), penalty="hierarchical", alpha=20, random_state=0)
    display = WeightsDisplay.from_estimator(mlp.fit(*diabetes), layer="skip")
    np.testing.assert_array_equal(display.im_.get_array().filled(0), mlp.skip_coef_)
    labels = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert labels == list(diabetes[0].columns)
    with pytest.raises(ValueError, match="counted from 0, or 'skip', got 7"):
        WeightsDisplay.from_estimator(mlp, layer=7)
    with pytest.raises(ValueError, match="counted from 0, got 'skip'"):
        WeightsDisplay.from_estimator(network, layer="skip")


@pytest.mark.parametrize("name", ["ls", "linestyle", "linestyles"])
def test_the_caller_chooses_the_style_of_lines(name):
    ones = np.ones((2, 1))
    display = NetworkDisplay([ones], ["a", "b"], ["y"], skip_coef=ones)
    display.plot(edge_kw={name: "-"})
    for lines in display.edges_:
        assert {dashes for _, dashes in lines.get_linestyle()} == {None}


@pytest.mark.parametrize("name", ["c", "color", "fc", "facecolor", "facecolors"])
def test_the_caller_chooses_the_colour_of_units(network, name):
    display = NetworkDisplay.from_estimator(network, node_kw={name: "k", "sizes": [9]})
    for nodes in display.nodes_:
        np.testing.assert_array_equal(nodes.get_facecolor(), [[0, 0, 0, 1]])
        np.testing.assert_array_equal(nodes.get_sizes(), [9])


def test_network_without_hidden_layers_and_without_weights(iris):
    X, y = iris
    linear = RegularizedMLPClassifier((), penalty="l1", alpha=0.1, random_state=0).fit(X, y)
    display = NetworkDisplay.from_estimator(linear)
    assert len(display.edge_weights_[0]) == np.count_nonzero(linear.coefs_[0])
    empty = RegularizedMLPClassifier((3,), alpha=100, **SPARSE).fit(X, y == "setosa")
    display = NetworkDisplay.from_estimator(empty)
    assert [len(layer) for layer in display.units_] == [0, 0, 1]
    assert "no feature has any effect" in [text.get_text() for text in display.ax_.texts]


def test_network_names_its_outputs(iris):
    X, y = iris
    mlp = RegularizedMLPClassifier((2,), random_state=0, alpha=1.0)
    for target, names in (
        (y, ["setosa", "versicolor", "virginica"]),
        (np.where(y == "setosa", "setosa", "another"), ["log odds of setosa"]),
        (np.column_stack([y == "setosa", X[:, 0] > 0]), ["0", "1"]),
    ):
        display = NetworkDisplay.from_estimator(mlp.fit(X, target))
        (outputs,) = display.ax_.child_axes
        assert [text.get_text() for text in outputs.get_yticklabels()] == names
    mlp = RegularizedMLPRegressor((2,), random_state=0, alpha=1.0).fit(X, X[:, :2])
    assert NetworkDisplay.from_estimator(mlp).output_names == ["y0", "y1"]
    times = np.column_stack([y == "setosa", X[:, 0] - X[:, 0].min()])
    mlp = RegularizedMLPSurvival((2,), random_state=0, alpha=1.0).fit(X, times)
    assert NetworkDisplay.from_estimator(mlp).output_names == ["risk"]


def test_network_refuses_what_it_cannot_draw(network):
    with pytest.raises(ValueError, match="max_units must be an int of at least 1, got 0"):
        NetworkDisplay.from_estimator(network, max_units=0)
    with pytest.raises(ValueError, match="feature_names must hold 4 names"):
        NetworkDisplay.from_estimator(network, feature_names=list("abc"))
    with pytest.raises(ValueError, match="output_names must hold 3 names"):
        NetworkDisplay(network.coefs_, list("abcd"), ["y"]).plot()
    assert plt.get_fignums() == []


def test_network_tells_what_it_leaves_out():
    rng = np.random.default_rng(0)
    coefs = [rng.normal(size=(30, 12)), rng.normal(size=(12, 2))]
    display = NetworkDisplay(coefs, [f"x{i}" for i in range(30)], ["a", "b"])
    display.plot(max_units=10)
    headings = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert headings == [
        "features\n10 strongest of 30",
        "hidden layer 1\n10 strongest of 12",
        "outputs",
    ]
    width, weights = display.ax_.get_legend().get_title().get_text().split("\n")
    assert width == "line width: |weight| relative to the largest of its layer"
    assert weights == "120 of 384 non-zero weights drawn"
    # Nothing is left out, and widths are the caller's.
    display.plot(max_units=30)
    assert display.ax_.get_legend().get_title().get_text() == width
    display.plot(max_units=30, edge_kw={"lw": 1})
    assert display.ax_.get_legend().get_title().get_text() == ""


def test_names_in_a_network_do_not_overlap():
    coefs = [np.ones((25, 3)), np.ones((3, 1))]
    display = NetworkDisplay(coefs, [f"x{i}" for i in range(25)], ["y"])
    for size in (3.5, 9):
        figure, ax = plt.subplots(figsize=(3.9, size), layout="constrained")
        display.plot(ax)
        figure.canvas.draw()
        boxes = [text.get_window_extent() for text in ax.get_yticklabels()]
        heights = sorted((box.y0, box.y1) for box in boxes)
        overlaps = [a[1] - b[0] for a, b in itertools.pairwise(heights)]
        # Letters are lower than their boxes.
        assert max(overlaps) < 0.3 * boxes[0].height
