"""KnockoffDisplay draws what a selector has found."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

from sknormreg import KnockoffSelector
from sknormreg.displays import KnockoffDisplay
from sknormreg.displays.drawing import BLUE

NAMES = [f"${i}" for i in range(8)]


@pytest.fixture(scope="module", params=[1, 2], ids=["one draw", "two draws"])
def selector(request):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 8)), columns=NAMES)
    y = X.iloc[:, 2:7].sum(axis=1)
    return KnockoffSelector(
        fdr=0.3, n_draws=request.param, alphas=[1.0], random_state=0
    ).fit(X, y)


def test_bars_are_the_evidence_in_order(selector):
    display = KnockoffDisplay.from_estimator(selector)
    single = len(selector.threshold_) == 1
    values = selector.knockoff_statistics_[0] if single else selector.e_values_
    by_name = dict(zip(NAMES, values))
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    shown = [label.replace("\\", "") for label in labels]
    widths = [bar.get_width() for bar in display.bars_]
    assert widths == sorted(values, reverse=True)
    assert [by_name[name] for name in shown] == widths
    np.testing.assert_array_equal(values[display.order_], widths)
    is_blue = [to_hex(bar.get_facecolor()) == BLUE for bar in display.bars_]
    np.testing.assert_array_equal(is_blue, selector.support_[display.order_])
    assert 5 <= sum(is_blue) < 8
    threshold = selector.threshold_[0] if single else selector.e_value_threshold_
    assert set(display.threshold_line_.get_xdata()) == {threshold}
    # The largest is at the top.
    bottom, top = display.ax_.get_ylim()
    assert bottom > top
    assert display.ax_.get_xlabel() == (
        f"{'statistic W' if single else 'mean e-value'} ({sum(is_blue)} of 8 selected)"
    )


@pytest.mark.parametrize("n_draws", [1, 2])
def test_features_of_a_group_have_its_bar(n_draws):
    X = np.random.default_rng(0).normal(size=(200, 8))
    selector = KnockoffSelector(
        fdr=0.3, n_draws=n_draws, alphas=[1.0], groups=[[0, 5, 6], [1, 2]], random_state=0
    ).fit(X, X[:, 2:7].sum(axis=1))
    display = KnockoffDisplay.from_estimator(selector)
    widths = np.empty(8)
    widths[display.order_] = [bar.get_width() for bar in display.bars_]
    assert len(set(widths[[0, 5, 6]])) == len(set(widths[[1, 2]])) == 1
    np.testing.assert_array_equal(selector.support_, widths >= display.threshold)


def test_attributes_are_documented(selector):
    display = KnockoffDisplay.from_estimator(selector)
    attributes = {name for name in vars(display) if name.endswith("_")}
    text = KnockoffDisplay.__doc__.partition("Attributes")[2].partition("See Also")[0]
    assert attributes == {word for word in text.split() if word.endswith("_")}


def test_axes_names_and_styles_are_the_callers(selector):
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    display = KnockoffDisplay.from_estimator(
        selector,
        ax=ax,
        feature_names=list("abcdefgh"),
        bar_kw=dict(color="red"),
        line_kw=dict(ls=":"),
    )
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert {to_hex(bar.get_facecolor()) for bar in display.bars_} == {"#ff0000"}
    assert display.threshold_line_.get_linestyle() == ":"
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert sorted(labels) == list("abcdefgh")
    with pytest.raises(TypeError, match="ax must be a matplotlib Axes"):
        KnockoffDisplay.from_estimator(selector, ax=3)
    n_figures = len(plt.get_fignums())
    with pytest.raises(AttributeError, match="unheard_of"):
        KnockoffDisplay.from_estimator(selector, bar_kw=dict(unheard_of=1))
    assert len(plt.get_fignums()) == n_figures


def test_without_a_selection_there_is_no_threshold():
    display = KnockoffDisplay(np.arange(60) - 30.0, np.zeros(60, dtype=bool)).plot()
    assert display.threshold_line_ is None
    assert len(display.bars_) == 60
    # As many names as have room.
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert 10 < len(labels) <= 40
    assert labels[0] == "x59"


def test_estimators_and_values_that_will_not_do(selector):
    with pytest.raises(TypeError, match="estimator must be a KnockoffSelector"):
        KnockoffDisplay.from_estimator(Ridge())
    with pytest.raises(NotFittedError):
        KnockoffDisplay.from_estimator(KnockoffSelector())
    with pytest.raises(ValueError, match="feature_names must hold 8 names"):
        KnockoffDisplay.from_estimator(selector, feature_names=["a"])
    with pytest.raises(ValueError, match=r"mask of the 3 features, got the shape \(2,\)"):
        KnockoffDisplay([1, 2, 3], [True, False]).plot()
