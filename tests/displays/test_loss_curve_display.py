"""LossCurveDisplay: its lines are the curves of the fit."""

import copy

import numpy as np
import pytest
from display_cases import legend_of, x_of, y_of
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
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
    mlp = RegularizedMLPClassifier((4,), random_state=0, alpha=1.0)
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


def test_cv_has_curves_of_the_path_in_each_fold_and_on_all_samples(cv):
    display = LossCurveDisplay.from_estimator(cv)
    lines = [display.line_, *display.fold_lines_]
    curves = [cv.refit_loss_curves_, *cv.fold_loss_curves_]
    assert len(lines) == len(curves) == 5
    for line, parts in zip(lines, curves):
        curve = np.concatenate(parts)
        np.testing.assert_array_equal(x_of(line), np.arange(1, len(curve) + 1))
        np.testing.assert_array_equal(y_of(line), curve)
        assert line.get_color() == display.line_.get_color()
    widths = [line.get_linewidth() for line in display.fold_lines_]
    assert max(widths) < display.line_.get_linewidth()
    # Each point is where one array ends, but for the last.
    ends = [part[-1] for part in cv.refit_loss_curves_[:-1]]
    np.testing.assert_array_equal(y_of(display.fit_ends_), ends)
    lengths = [len(part) for part in cv.refit_loss_curves_[:-1]]
    np.testing.assert_array_equal(np.diff(x_of(display.fit_ends_), prepend=0), lengths)
    label = f"iteration, path to alpha = {cv.alpha_:.3g}"
    assert display.ax_.get_xlabel() == label
    assert legend_of(display.ax_) == [
        "training objective, all samples",
        "end of the fit at an alpha",
        "each fold",
    ]


def test_cv_with_early_stopping_has_validation_losses_in_each_fold(iris):
    cv = RegularizedMLPClassifierCV(
        (4,),
        penalty="sparse_group_lasso",
        l1_ratio=[0.2, 0.8],
        solver="adam",
        learning_rate_init=0.05,
        alphas=[0.1, 1.0],
        early_stopping=True,
        cv=3,
        random_state=0,
    ).fit(*iris)
    display = LossCurveDisplay.from_estimator(cv, fold_line_kw={"lw": 0.3, "c": "red"})
    np.testing.assert_array_equal(y_of(display.line_), cv.loss_curve_)
    np.testing.assert_array_equal(y_of(display.validation_line_), cv.validation_loss_curve_)
    for lines, curves in (
        (display.fold_lines_, [curve for (curve,) in cv.fold_loss_curves_]),
        (display.fold_validation_lines_, cv.fold_validation_loss_curves_),
    ):
        assert len(lines) == 3
        for line, curve in zip(lines, curves):
            np.testing.assert_array_equal(y_of(line), curve)
            assert (line.get_color(), line.get_linewidth()) == ("red", 0.3)
    assert display.fit_ends_ is None
    label = f"iteration, alpha = {cv.alpha_:.3g}\nl1_ratio={cv.l1_ratio_}"
    assert display.ax_.get_xlabel() == label
    assert legend_of(display.ax_) == [
        "training objective, all samples",
        "validation loss, all samples",
        "weights that are kept",
        "each fold",
    ]


def test_axes_that_two_estimators_share_name_no_alpha(cv, stopped):
    ax = LossCurveDisplay.from_estimator(cv, name="mine").ax_
    assert "each fold" not in legend_of(ax)
    assert "mine: each fold" in legend_of(ax)
    LossCurveDisplay.from_estimator(cv, ax=ax)
    assert "alpha" in ax.get_xlabel()
    LossCurveDisplay.from_estimator(stopped, ax=ax)
    assert ax.get_xlabel() == "iteration"


def test_cv_models_stored_without_curves_show_their_last_fit(cv):
    earlier = copy.copy(cv)
    for name in [name for name in vars(cv) if name.endswith("_loss_curves_")]:
        delattr(earlier, name)
    display = LossCurveDisplay.from_estimator(earlier)
    np.testing.assert_array_equal(y_of(display.line_), cv.loss_curve_)
    assert display.fold_lines_ == []
    assert legend_of(display.ax_) == ["training objective"]
    # The last steps are small.
    display.figure_.canvas.draw()
    assert display.ax_.yaxis.get_offset_text().get_text() == ""
