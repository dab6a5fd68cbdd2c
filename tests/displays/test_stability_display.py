"""StabilityPathDisplay: selection probabilities along the path."""

import inspect
import re

import numpy as np
import pytest
from display_cases import legend_of, x_of, y_of
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

from sknormreg import StabilitySelector
from sknormreg.displays import StabilityPathDisplay

plt = pytest.importorskip("matplotlib.pyplot")

LIGHT_GREY, GREY = "0.8", "0.6"


@pytest.fixture(scope="module")
def selector(diabetes):
    selector = StabilitySelector(
        alphas=[2.0, 8.0, 32.0, 128.0],
        n_resamples=3,
        n_features_per_resample=3,
        random_state=0,
    )
    return selector.fit(*diabetes)


def test_lines_are_the_probabilities(selector):
    display = StabilityPathDisplay.from_estimator(selector)
    assert len(display.lines_) == 10
    for line, probabilities in zip(display.lines_, selector.selection_probabilities_):
        np.testing.assert_array_equal(x_of(line), selector.alphas_)
        np.testing.assert_array_equal(y_of(line), probabilities)
    np.testing.assert_array_equal(y_of(display.threshold_line_), selector.threshold_)
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.get_xlabel() == "alpha"


def test_selected_features_are_named_and_coloured(selector):
    display = StabilityPathDisplay.from_estimator(selector)
    *names, threshold = legend_of(display.ax_)
    assert 1 <= len(names) <= 4
    assert sorted(names) == sorted(selector.selected_feature_names_)
    assert threshold == f"threshold {selector.threshold_:.3g}"
    for line, selected in zip(display.lines_, selector.support_):
        assert (line.get_color() == LIGHT_GREY) != selected
    scores = dict(zip(selector.feature_names_in_, selector.stability_scores_))
    shown = [scores[name] for name in names]
    assert shown == sorted(shown, reverse=True)


def test_at_most_so_many_are_named():
    probabilities = np.linspace(1, 0.1, 5)[:, None] * [1.0, 0.5]
    support = probabilities[:, 0] > 0.3
    display = StabilityPathDisplay([1.0, 10.0], probabilities, support)
    display.plot(max_labels=2)
    assert display.threshold_line_ is None
    assert legend_of(display.ax_) == ["x0", "x1"]
    colours = [line.get_color() for line in display.lines_]
    assert colours[2:] == [GREY, GREY, LIGHT_GREY]
    # An alpha of 0 has a place, too; without names there is no legend.
    display = StabilityPathDisplay([0.0, 10.0], probabilities, support)
    assert display.plot(max_labels=0).ax_.get_legend() is None
    assert display.ax_.get_xscale() == "symlog"


def test_names_and_lines_are_the_callers(selector):
    names = [f"${i}" for i in range(10)]
    display = StabilityPathDisplay.from_estimator(
        selector, feature_names=names, line_kw={"ls": ":"}
    )
    assert set(legend_of(display.ax_)[:-1]) <= {rf"\${i}" for i in range(10)}
    assert {line.get_linestyle() for line in display.lines_} == {":"}
    with pytest.raises(ValueError, match="feature_names must hold 10 names"):
        StabilityPathDisplay.from_estimator(selector, feature_names=names[:3])
    with pytest.raises(AttributeError, match="unheard_of"):
        StabilityPathDisplay.from_estimator(selector, line_kw={"unheard_of": 1})
    assert len(plt.get_fignums()) == 1


def test_axes_are_the_callers_or_new(selector):
    figure, ax = plt.subplots()
    display = StabilityPathDisplay.from_estimator(selector, ax=ax)
    assert (display.ax_, display.figure_) == (ax, figure)
    assert display.plot() is display
    assert display.figure_ is not figure
    with pytest.raises(TypeError, match=r"ax must be a matplotlib Axes, .* got 3"):
        StabilityPathDisplay.from_estimator(selector, ax=3)


def test_what_will_not_do(selector):
    with pytest.raises(TypeError, match=r"must be a fitted StabilitySelector, got .*Ridge"):
        StabilityPathDisplay.from_estimator(Ridge())
    with pytest.raises(NotFittedError):
        StabilityPathDisplay.from_estimator(StabilitySelector())
    with pytest.raises(ValueError, match="max_labels must be an int of at least 0"):
        StabilityPathDisplay.from_estimator(selector, max_labels=-1)
    display = StabilityPathDisplay([1.0, 2.0], np.zeros((3, 4)), np.zeros(3))
    with pytest.raises(
        ValueError, match=r"\(n_features, n_alphas\) = \(3, 2\), got \(3, 4"
    ):
        display.plot()


def test_docstrings_tell_of_all_artists(selector):
    display = StabilityPathDisplay.from_estimator(selector)
    sections = re.split(
        r"^(.+)\n-+$", inspect.getdoc(StabilityPathDisplay), flags=re.MULTILINE
    )
    texts = dict(zip(sections[1::2], sections[2::2]))
    documented = re.findall(r"^(\S.*) : ", texts["Attributes"], re.MULTILINE)
    artists = [name for name in vars(display) if name.endswith("_")]
    assert sorted(documented) == sorted(artists)
