"""CVDisplay: its lines, points and numbers are those of the search."""

import copy
import itertools
import re

import numpy as np
import pytest
from display_cases import ALPHAS, SPARSE, legend_of, x_of, y_of
from sklearn.exceptions import NotFittedError

from sknormreg import (
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)
from sknormreg.displays import (
    CVDisplay,
    RegularizationPathDisplay,
)

plt = pytest.importorskip("matplotlib.pyplot")


def test_cv_band_is_one_standard_error(cv):
    display = CVDisplay.from_estimator(cv)
    means = cv.scores_.mean(axis=1)
    error = cv.scores_.std(axis=1, ddof=1) / np.sqrt(cv.scores_.shape[1])
    np.testing.assert_array_equal(x_of(display.line_), cv.alphas_)
    np.testing.assert_allclose(y_of(display.line_), means)
    (path,) = display.band_.get_paths()
    for alpha, mean, half in zip(cv.alphas_, means, error):
        heights = path.vertices[path.vertices[:, 0] == alpha, 1]
        assert heights.min() == pytest.approx(mean - half)
        assert heights.max() == pytest.approx(mean + half)
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.get_ylabel() == "R2"


def test_cv_marks_best_one_se_and_chosen(cv):
    display = CVDisplay.from_estimator(cv)
    means = cv.scores_.mean(axis=1)
    best = means.argmax()
    assert x_of(display.best_point_) == [cv.alphas_[best]]
    assert y_of(display.best_point_) == pytest.approx([means[best]])
    # By its rule, it is what the estimator has chosen.
    assert x_of(display.one_se_point_) == [cv.alpha_]
    np.testing.assert_array_equal(x_of(display.alpha_line_), [cv.alpha_] * 2)
    assert "one-standard-error rule" in legend_of(display.ax_)
    # By the other rule they are apart.
    assert display.alpha_line_.get_color() != display.one_se_point_.get_color()


def test_cv_negates_scores(diabetes):
    model = RegularizedMLPRegressorCV(
        (3,), alphas=ALPHAS, cv=3, scoring="neg_mean_squared_error", **SPARSE
    ).fit(*diabetes)
    display = CVDisplay.from_estimator(model, negate_score=True)
    np.testing.assert_allclose(y_of(display.line_), -model.scores_.mean(axis=1))
    assert y_of(display.best_point_) == pytest.approx([-model.best_score_])
    assert display.ax_.get_ylabel() == "mean squared error"
    plain = CVDisplay.from_estimator(model)
    assert plain.ax_.get_ylabel() == "neg mean squared error"
    named = CVDisplay.from_estimator(model, negate_score=True, score_name="MSE")
    assert named.ax_.get_ylabel() == "MSE"


def test_cv_does_not_call_a_score_lambda(cv):
    model = copy.copy(cv)
    model.scoring = lambda mlp, X, y: mlp.score(X, y)
    assert CVDisplay.from_estimator(model).ax_.get_ylabel() == "score"


def test_cv_draws_all_candidates(diabetes):
    sizes = [(2,), (5,), (3, 3)]
    model = RegularizedMLPRegressorCV(sizes, alphas=ALPHAS, cv=3, **SPARSE).fit(*diabetes)
    display = CVDisplay.from_estimator(model)
    best = sizes.index(model.hidden_layer_sizes_)
    assert display.line_.get_label() == f"hidden_layer_sizes={sizes[best]}"
    np.testing.assert_allclose(y_of(display.line_), model.scores_[best].mean(axis=1))
    others = [i for i in range(3) if i != best]
    for i, line in zip(others, display.other_lines_):
        np.testing.assert_array_equal(x_of(line), model.alphas_[i])
        np.testing.assert_allclose(y_of(line), model.scores_[i].mean(axis=1))
        assert line.get_label() == f"hidden_layer_sizes={sizes[i]}"


def test_cv_of_many_candidates_names_the_best_alone():
    scores = np.random.default_rng(0).uniform(size=(12, 4, 3))
    alphas = np.tile(np.geomspace(0.1, 100, 4), (12, 1))
    display = CVDisplay(alphas, scores, candidate_names=list("abcdefghijkl")).plot()
    best = "abcdefghijkl"[scores.mean(axis=2).max(axis=1).argmax()]
    assert len(display.other_lines_) == 11
    assert legend_of(display.ax_)[0] == best
    assert legend_of(display.ax_).count("other candidates") == 1
    assert len(legend_of(display.ax_)) == 5
    assert display.alpha_line_ is None


def test_cv_of_a_single_fold_has_no_band():
    display = CVDisplay([1.0, 2.0], [[0.5], [0.7]]).plot()
    assert display.band_ is display.one_se_point_ is None
    assert x_of(display.best_point_) == [2.0]


@pytest.mark.slow
def test_cv_marks_the_rule_on_the_curve_that_it_takes(diabetes):
    """Of relaxed fits, which may not be the curve with the best score."""
    rows = np.random.RandomState(0).permutation(442)[:80]
    X, y = diabetes[0].iloc[rows], diabetes[1][rows]
    settings = dict(penalty="l1", alphas=12, cv=4, rule="one_se", random_state=0)
    model = RegularizedMLPRegressorCV((), relax=[0.1, 10, 1000], **settings).fit(X, y)
    display = CVDisplay.from_estimator(model)
    assert x_of(display.one_se_point_) == [model.alpha_]
    assert y_of(display.one_se_point_) == pytest.approx([model.best_score_])
    # Not that of the best score.
    assert model.best_score_ in y_of(display.line_)
    assert y_of(display.best_point_) not in y_of(display.line_)
    path = RegularizationPathDisplay.from_estimator(model, X, y)
    assert model.best_score_ in y_of(path.score_line_)
    scores = np.array([[0.8, 1.0, 0.3], [0.4, 0.5, 0.95]])[:, :, None] + [-0.1, 0.1]
    alphas = np.tile([1.0, 2.0, 3.0], (2, 1))
    assert x_of(CVDisplay(alphas, scores).plot().one_se_point_) == [2]
    shared = CVDisplay(alphas, scores, one_se=(1, 2)).plot()
    assert (*x_of(shared.one_se_point_), *y_of(shared.one_se_point_)) == (3, 0.95)


def test_cv_band_is_that_of_the_chosen_candidate():
    scores = np.array([[0.8, 1.0, 0.3], [0.4, 0.5, 0.95]])[:, :, None] + [-0.1, 0.1]
    alphas = np.tile([1.0, 2.0, 3.0], (2, 1))
    best = CVDisplay(alphas, scores).plot()
    np.testing.assert_allclose(y_of(best.line_), scores[0].mean(axis=1))
    display = CVDisplay(alphas, scores, candidate=1, alpha=3.0).plot()
    np.testing.assert_allclose(y_of(display.line_), scores[1].mean(axis=1))
    assert display.line_.get_label() == "candidate 1"
    (path,) = display.band_.get_paths()
    assert path.vertices[:, 1].max() == pytest.approx(1.05)
    # The best score is marked on the line that it belongs to.
    assert (*x_of(display.best_point_), *y_of(display.best_point_)) == (2, 1)
    (other,) = display.other_lines_
    assert display.best_point_.get_color() == other.get_color()
    for candidate in (2, -1, 0.5):
        with pytest.raises(ValueError, match="candidate must be an index of the 2 cand"):
            CVDisplay(alphas, scores, candidate=candidate).plot()


@pytest.mark.parametrize("relax", [[False, True], False])
def test_cv_draws_the_candidate_that_the_estimator_has_chosen(diabetes, relax):
    rows = np.random.RandomState(1).permutation(442)[:60]
    X, y = diabetes[0].iloc[rows], diabetes[1][rows]
    model = RegularizedMLPRegressorCV(
        (), penalty="l1", l1_ratio=[1], alphas=6, cv=3, relax=relax, rule="one_se"
    ).fit(X, y)
    display = CVDisplay.from_estimator(model)
    chosen = list(model.alphas_.reshape(-1, 6)[0]).index(model.alpha_)
    assert y_of(display.line_)[chosen] == pytest.approx(model.best_score_)


def test_cv_tells_the_number_of_features(diabetes, cv):
    display = CVDisplay.from_estimator(cv)
    top = display.n_features_axis_
    labels = [text.get_text() for text in top.get_xticklabels()]
    numbers = dict(zip(cv.alphas_, cv.path_n_features_.mean(axis=1)))
    assert len(labels) >= 5
    for alpha, label in zip(top.get_xticks(), labels):
        assert float(label) == pytest.approx(numbers[alpha], abs=0.0501)
    assert top.get_xlabel() == "mean number of features"


def test_cv_numbers_of_features_have_room_or_are_left_out():
    alphas, numbers = np.geomspace(1, 100, 60), np.linspace(12345, 0, 60)
    numbers[3] = np.nan
    display = CVDisplay(alphas, np.eye(60), n_features=numbers)
    _, ax = plt.subplots(figsize=(3, 3))
    counts = []
    for axes in (ax, None):
        display.plot(axes).figure_.canvas.draw()
        texts = display.n_features_axis_.get_xticklabels()
        boxes = [text.get_window_extent().extents[[0, 2]].tolist() for text in texts]
        assert all(a[1] < b[0] for a, b in itertools.pairwise(sorted(boxes)))
        assert "nan" not in [text.get_text() for text in texts]
        counts.append(len(boxes))
    assert 2 <= counts[0] < counts[1]
    assert CVDisplay(alphas, np.eye(60)).plot().n_features_axis_ is None
    with pytest.raises(ValueError, match=r"n_features must have .* shape \(60,\), got"):
        CVDisplay(alphas, np.eye(60), n_features=numbers[1:]).plot()


COLLAPSED = np.array([0.985, 0.99, 0.988, 0.987, 0.986, 0.85, 0.0])


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.slow
def test_scores_of_empty_networks_do_not_flatten_the_others(sign):
    scores, alphas = COLLAPSED[:, None] + [-1e-3, 1e-3], np.arange(1.0, 8)
    display = CVDisplay(alphas, scores).plot(negate_score=sign < 0)
    path = RegularizationPathDisplay(
        alphas, np.ones((7, 2, 3)), np.full(7, 2), scores=scores
    ).plot(negate_score=sign < 0)
    for ax in (display.ax_, path.axes_[1]):
        low, high = sorted(sign * end for end in ax.get_ylim())
        assert low == pytest.approx(0.99 - 1.05 * 10 * 0.004)
        assert 0.991 < high < 0.995
        # Larger values are at the top, of errors, too.
        assert ax.get_ylim()[0] < ax.get_ylim()[1]


def test_axes_of_scores_are_otherwise_the_data():
    alphas, pair = np.arange(1.0, 8), np.array([-1e-3, 1e-3])
    scores = COLLAPSED[:, None] + pair
    _, axes = plt.subplots(4)
    CVDisplay(alphas, scores).plot(axes[3])
    path = RegularizationPathDisplay(
        alphas, np.ones((7, 2, 3)), np.full(7, 2), scores=scores.tolist()
    )
    path.plot(axes[:3])
    for ax in axes[[1, 3]]:
        assert ax.get_ylim()[0] < 0
    assert "one-standard-error rule" in legend_of(axes[1])
    # At their best, other candidates are seen, and so are networks before the best one.
    other = np.stack([scores, scores - 0.2])
    low, _ = CVDisplay(np.stack([alphas, alphas]), other).plot().ax_.get_ylim()
    assert 0.75 < low < 0.79
    early = np.concatenate([[[0.7, 0.7]], scores])
    low, _ = CVDisplay(np.arange(1.0, 9), early).plot().ax_.get_ylim()
    assert 0.66 < low < 0.7
    # Where most scores are low, one fold, or all of the same score.
    for scores in (COLLAPSED[::-1] ** 40, np.linspace(1, 0, 7), np.ones(7)):
        ax = CVDisplay(alphas, scores[:, None]).plot().ax_
        assert ax.get_ylim()[0] < scores.min()


def test_cv_refuses_what_it_cannot_draw(cv):
    for shape in ((3, 2), (1, 2, 3), (2,)):
        told = re.escape(f"scores of shape {shape} for alphas of shape (2,)")
        with pytest.raises(ValueError, match=told):
            CVDisplay([1.0, 2.0], np.zeros(shape)).plot()
    with pytest.raises(ValueError, match="No alpha has a score"):
        CVDisplay([1.0, 2.0], np.full((2, 3), np.nan)).plot()
    with pytest.raises(ValueError, match="candidate_names must hold 1 names"):
        CVDisplay([1.0, 2.0], np.eye(2), candidate_names=["a", "b"]).plot()
    with pytest.raises(TypeError, match="estimator must be a RegularizedMLPClassifierCV"):
        CVDisplay.from_estimator(RegularizedMLPRegressor(alpha=1.0))
    with pytest.raises(NotFittedError):
        CVDisplay.from_estimator(RegularizedMLPClassifierCV())
    assert plt.get_fignums() == []
