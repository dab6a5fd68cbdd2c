"""LossCurveDisplay: its lines are the curves of the fit."""

import numpy as np
import pytest
from display_cases import legend_of, x_of, y_of
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from sknormreg import (
    RegularizedMLPClassifier,
)
from sknormreg.displays import (
    LossCurveDisplay,
)

plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(scope="module")
def stopped(iris):
    """Trained to learn random classes by heart, until that is noticed."""
    X, y = iris
    y = np.random.default_rng(0).permutation(y)
    return RegularizedMLPClassifier(
        (40,),
        solver="adam",
        learning_rate_init=0.05,
        alpha=0,
        early_stopping=True,
        random_state=0,
    ).fit(X, y)


def test_loss_curves_are_those_of_the_estimator(stopped):
    display = LossCurveDisplay.from_estimator(stopped)
    iterations = np.arange(1, stopped.n_iter_ + 1)
    for line, curve in (
        (display.line_, stopped.loss_curve_),
        (display.validation_line_, stopped.validation_loss_curve_),
    ):
        np.testing.assert_array_equal(x_of(line), iterations)
        np.testing.assert_array_equal(y_of(line), curve)
    best = np.argmin(stopped.validation_loss_curve_)
    assert best < stopped.n_iter_ - 1
    assert x_of(display.kept_point_) == [best + 1]
    assert y_of(display.kept_point_) == [min(stopped.validation_loss_curve_)]


def test_validation_without_early_stopping_keeps_nothing(iris):
    X, y = iris
    mlp = RegularizedMLPClassifier((4,), random_state=0)
    mlp.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    display = LossCurveDisplay.from_estimator(mlp)
    np.testing.assert_array_equal(
        y_of(display.validation_line_), mlp.validation_loss_curve_
    )
    assert display.kept_point_ is None


def test_losses_over_a_wide_range_are_on_a_logarithmic_axis():
    assert LossCurveDisplay([100.0, 1.0, 0.1]).plot().ax_.get_yscale() == "log"
    assert LossCurveDisplay([1.0, 0.9, 0.8]).plot().ax_.get_yscale() == "linear"
    assert LossCurveDisplay([100.0, 1.0, -0.1]).plot().ax_.get_yscale() == "linear"


def test_loss_curves_of_two_estimators(stopped, iris):
    with pytest.warns(ConvergenceWarning):
        other = MLPClassifier((4,), max_iter=5, random_state=0).fit(*iris)
    _, ax = plt.subplots()
    ours = LossCurveDisplay.from_estimator(stopped, name="ours", ax=ax)
    theirs = LossCurveDisplay.from_estimator(
        other, name="theirs", ax=ax, line_kw={"lw": 3, "c": "black"}
    )
    assert ours.ax_ is theirs.ax_ is ax
    np.testing.assert_array_equal(y_of(theirs.line_), other.loss_curve_)
    assert theirs.validation_line_ is None
    assert (theirs.line_.get_color(), theirs.line_.get_linewidth()) == ("black", 3)
    assert legend_of(ax)[0] == "ours: training objective"
    assert legend_of(ax)[-1] == "theirs: training objective"
    assert theirs.plot(name="again").line_.get_label() == "again: training objective"


def test_networks_without_loss_curve_are_not_called_unfitted(iris):
    mlp = MLPClassifier((3,), solver="lbfgs", max_iter=1000, random_state=0).fit(*iris)
    with pytest.raises(TypeError, match=r"estimator has no loss_curve_.*MLPClassifier"):
        LossCurveDisplay.from_estimator(mlp)


def test_loss_curve_of_cv_says_which_fit_it_is_of(cv):
    display = LossCurveDisplay.from_estimator(cv)
    np.testing.assert_array_equal(y_of(display.line_), cv.loss_curve_)
    assert legend_of(display.ax_) == [
        f"last fit, alpha = {cv.alpha_:.3g}: training objective"
    ]
    named = LossCurveDisplay.from_estimator(cv, name="mine")
    assert legend_of(named.ax_) == ["mine: training objective"]
    # The last steps are small.
    display.figure_.canvas.draw()
    assert display.ax_.yaxis.get_offset_text().get_text() == ""
