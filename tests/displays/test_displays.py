"""Displays: that their artists hold what the estimator does."""

import builtins
import copy
import inspect
import itertools
import pickle
import re
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris, make_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
    displays,
    regularization_path,
)
from sknormreg.displays import (
    CVDisplay,
    LossCurveDisplay,
    NetworkDisplay,
    RegularizationPathDisplay,
    WeightsDisplay,
)
from sknormreg.estimators.path import fitted_path
from sknormreg.fitted.meta_estimators import passed_on
from sknormreg.fitting.precision import COMPARED

plt = pytest.importorskip("matplotlib.pyplot")
colors = pytest.importorskip("matplotlib.colors")

SPARSE = dict(penalty="group_lasso", random_state=0)

# The last leaves no weights to the small networks of these tests.
ALPHAS = [1.0, 10.0, 100.0]


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    for number in plt.get_fignums():
        # What cannot be drawn is found out by drawing it.
        plt.figure(number).canvas.draw()
    plt.close("all")


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    return (X - X.mean()) / X.std(), scale(y)


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return scale(X), np.array(["setosa", "versicolor", "virginica"])[y]


@pytest.fixture(scope="module")
def cv(diabetes):
    return RegularizedMLPRegressorCV(
        (6,), alphas=np.geomspace(1, 100, 7), cv=4, rule="one_se", **SPARSE
    ).fit(*diabetes)


@pytest.fixture(scope="module")
def wide():
    """A sparse network of 1,000 inputs, as if it had been fitted."""
    X, y = make_classification(100, 1000, n_informative=8, random_state=0)
    return RegularizedMLPClassifier((60,), penalty="l1", alpha=5, random_state=0).fit(X, y)


@pytest.fixture(scope="module")
def network(iris):
    """Three layers of weights, some of them zero, with inputs and units without any."""
    X, y = iris
    mlp = RegularizedMLPClassifier((5, 4), penalty="l1", random_state=0).fit(X, y)
    rng = np.random.default_rng(0)
    mlp.coefs_ = [rng.normal(size=coef.shape) for coef in mlp.coefs_]
    mlp.coefs_[0][1] = 0  # an input
    mlp.coefs_[0][:, 2] = 0  # a unit that nothing reaches, though it reaches on
    mlp.coefs_[2][3] = 0  # a unit that reaches nothing
    mlp.coefs_[1][0, 1] = 0  # a single weight
    return mlp


def _x(line):
    return np.asarray(line.get_xdata(), dtype=float)


def _y(line):
    return np.asarray(line.get_ydata(), dtype=float)


def _legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


# The regularization path


def test_path_lines_are_norms_of_the_inputs_weights(diabetes):
    X, y = diabetes
    path = regularization_path(X, y, hidden_layer_sizes=(6,), alphas=6, **SPARSE)
    display = RegularizationPathDisplay.from_path(path, feature_names=X.columns)
    assert len(display.norm_lines_) == 10
    for j, line in enumerate(display.norm_lines_):
        np.testing.assert_array_equal(_x(line), path.alphas)
        dense = [
            coefs[0].toarray() if sparse.issparse(coefs[0]) else coefs[0]
            for coefs in path.coefs
        ]
        expected = [np.sqrt(sum(weight**2 for weight in coef[j])) for coef in dense]
        np.testing.assert_allclose(_y(line), expected, rtol=1e-12)
    np.testing.assert_array_equal(_y(display.n_features_line_), path.n_features)
    assert len(display.axes_) == 2
    assert display.ax_ is display.axes_[0]
    assert display.ax_.get_xscale() == "log"
    assert display.alpha_lines_ == []
    assert display.score_line_ is display.weight_lines_ is None


def test_path_names_the_inputs_that_stay_longest(diabetes):
    X, y = diabetes
    path = regularization_path(X, y, hidden_layer_sizes=(6,), alphas=9, **SPARSE)
    display = RegularizationPathDisplay.from_path(
        path, feature_names=X.columns, max_labels=3
    )
    last = [(_y(line) > 0).sum() for line in display.norm_lines_]
    named = [list(X.columns).index(name) for name in _legend(display.ax_)]
    assert len(named) == 3
    others = [n for j, n in enumerate(last) if j not in named]
    assert min(last[j] for j in named) >= max(others)
    assert [last[j] for j in named] == sorted((last[j] for j in named), reverse=True)


def test_only_inputs_without_a_name_are_grey():
    coefs = [np.eye(12) + 1, np.eye(12)]
    display = RegularizationPathDisplay([1, 2], coefs, [12, 12]).plot(max_labels=10)
    grey = [np.ptp(colors.to_rgb(line.get_color())) < 0.01 for line in display.norm_lines_]
    assert [j for j in range(12) if not grey[j]] == list(range(10))


def test_path_of_cv_has_its_scores_and_its_alpha(diabetes, cv):
    display = RegularizationPathDisplay.from_estimator(cv, *diabetes)
    np.testing.assert_array_equal(_x(display.score_line_), cv.alphas_)
    np.testing.assert_allclose(_y(display.score_line_), cv.scores_.mean(axis=1))
    assert len(display.axes_) == len(display.alpha_lines_) == 3
    for line in display.alpha_lines_:
        np.testing.assert_array_equal(_x(line), [cv.alpha_, cv.alpha_])
    # The chosen network is a point of the path.
    chosen = list(cv.alphas_).index(cv.alpha_)
    norms = [_y(line)[chosen] for line in display.norm_lines_]
    np.testing.assert_allclose(norms, np.linalg.norm(cv.coefs_[0], axis=1), rtol=1e-6)
    n_features = _y(display.n_features_line_)
    assert n_features[chosen] == cv.selected_features_.sum()
    # An axis of alphas for all, though the path may end before the scores.
    assert len(n_features) == len(cv.alphas_)
    names = _legend(display.ax_)[1:]
    assert len(names) == 8
    assert set(names) <= set(diabetes[0].columns)
    assert display.axes_[1].get_ylabel() == "R2"


def test_path_of_cv_goes_on_empty_where_the_scores_do(diabetes):
    alphas = [0.1, 1e4, 1e5, 1e6]
    model = RegularizedMLPRegressorCV((4,), alphas=alphas, cv=3, **SPARSE).fit(*diabetes)
    display = RegularizationPathDisplay.from_estimator(model, *diabetes)
    np.testing.assert_array_equal(_y(display.n_features_line_), [10, 0, 0, 0])
    for line in display.norm_lines_:
        np.testing.assert_array_equal(_y(line) > 0, [True, False, False, False])


def test_path_of_the_chosen_candidate(diabetes):
    model = RegularizedMLPRegressorCV([(3,), (7,)], alphas=ALPHAS, cv=3, **SPARSE)
    model.fit(*diabetes)
    which = model.hidden_layer_sizes.index(model.hidden_layer_sizes_)
    display = RegularizationPathDisplay.from_estimator(
        model, *diabetes, show=iter(["weights"])
    )
    assert len(display.weight_lines_) == 10 * model.hidden_layer_sizes_[0]
    np.testing.assert_array_equal(_x(display.weight_lines_[0]), model.alphas_[which])


@pytest.mark.slow
def test_path_of_a_pipeline_takes_what_it_transforms(diabetes):
    X, y = diabetes
    model = RegularizedMLPRegressorCV((4,), alphas=ALPHAS, cv=3, tol=1e-7, **SPARSE)
    pipeline = make_pipeline(StandardScaler(), model).fit(5 * X + 1, y)
    display = RegularizationPathDisplay.from_estimator(pipeline, 5 * X + 1, y)
    model.fit(scale(X), y)
    expected = RegularizationPathDisplay.from_estimator(model, scale(X), y)
    for line, other in zip(display.norm_lines_, expected.norm_lines_):
        np.testing.assert_allclose(_y(line), _y(other), rtol=1e-3, atol=1e-6)
    names = _legend(display.ax_)[1:]
    assert len(names) == 8
    assert set(names) <= set(X.columns)


@pytest.mark.slow
@pytest.mark.parametrize(
    "random_state", [None, np.random.RandomState(5)], ids=["None", "RandomState"]
)
@pytest.mark.parametrize("continuation", [True, False])
def test_path_of_cv_goes_through_the_chosen_network(diabetes, random_state, continuation):
    model = RegularizedMLPRegressorCV(
        (4,),
        penalty="group_lasso",
        alphas=[1.0, 5.0, 20.0],
        cv=3,
        continuation=continuation,
        random_state=random_state,
    ).fit(*diabetes)
    model = pickle.loads(pickle.dumps(model))
    display = RegularizationPathDisplay.from_estimator(model, *diabetes)
    index = list(model.alphas_).index(model.alpha_)
    norms = np.array([_y(line) for line in display.norm_lines_]).T
    np.testing.assert_allclose(norms[index], np.linalg.norm(model.coefs_[0], axis=1))
    # Its neighbour is where the same seed leads, by the same way.
    other = 1 if index == 0 else index - 1
    plain = RegularizedMLPRegressor((4,), penalty="group_lasso", random_state=model._seed)
    if continuation:
        path = fitted_path(plain, *diabetes, model.alphas_, precision=COMPARED)
        expected = sparse.coo_array(path.coefs[other][0]).toarray()
    else:
        plain.set_params(alpha=model.alphas_[other])
        expected = plain.fit(*diabetes).coefs_[0]
    np.testing.assert_allclose(norms[other], np.linalg.norm(expected, axis=1), rtol=1e-6)


def _nested(model):
    """Columns by name, and what hides them: a pipeline in a transformer of the target."""
    inner = TransformedTargetRegressor(make_pipeline(StandardScaler(), model))
    return GridSearchCV(
        make_pipeline(StandardScaler(), inner),
        {"standardscaler__with_mean": [True]},
        cv=2,
    )


def test_rows_are_passed_on_as_fits_pass_them(diabetes, monkeypatch):
    X, y = diabetes
    given, fit = [], RegularizedMLPRegressor.fit

    def watched(self, X, y):
        given.append((X, y))
        return fit(self, X, y)

    monkeypatch.setattr(RegularizedMLPRegressor, "fit", watched)
    inner = make_pipeline(StandardScaler(), RegularizedMLPRegressor((3,), random_state=0))
    target = TransformedTargetRegressor(inner, transformer=StandardScaler())
    outer = make_pipeline(StandardScaler(with_std=False), target).fit(3 + X, 5 * y)
    for found, expected in zip(passed_on(outer, 3 + X, 5 * y), given[0]):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
def test_path_within_other_estimators(diabetes):
    X, y = diabetes
    model = RegularizedMLPRegressorCV((4,), alphas=ALPHAS, cv=3, tol=1e-7, **SPARSE)
    search = _nested(model)
    search.estimator.steps[-1][1].set_params(func=np.log, inverse_func=np.exp)
    search.fit(5 * X + 1, np.exp(y))
    display = RegularizationPathDisplay.from_estimator(search, 5 * X + 1, np.exp(y))
    model.fit(scale(X), y)
    expected = RegularizationPathDisplay.from_estimator(model, scale(X), y)
    for line, other in zip(display.norm_lines_, expected.norm_lines_):
        np.testing.assert_allclose(_y(line), _y(other), rtol=1e-3, atol=1e-6)
    assert list(display.feature_names) == list(X.columns)
    names = _legend(display.ax_)[1:]
    assert len(names) == 8
    assert set(names) <= set(X.columns)


@pytest.mark.parametrize("cls", [CVDisplay, RegularizationPathDisplay])
def test_those_of_cv_say_what_they_take(cls, diabetes):
    data = diabetes if cls is RegularizationPathDisplay else ()
    model = RegularizedMLPRegressorCV()
    for unfitted in (model, _nested(model), TransformedTargetRegressor(model)):
        with pytest.raises(NotFittedError):
            cls.from_estimator(unfitted, *data)
    with pytest.raises(TypeError, match=r"CV.*Pipeline, a search or a TransformedTarget"):
        cls.from_estimator(make_pipeline(Ridge()), *data)


def test_path_of_an_estimator_without_cross_validation(diabetes):
    X, y = diabetes
    mlp = RegularizedMLPRegressor((4,), **SPARSE)
    display = RegularizationPathDisplay.from_estimator(mlp, X, y, alphas=[0.5, 5.0])
    path = regularization_path(X, y, estimator=mlp, alphas=[0.5, 5.0])
    np.testing.assert_array_equal(_y(display.n_features_line_), path.n_features)
    assert not hasattr(mlp, "coefs_")


def test_path_of_single_weights(diabetes):
    X, y = diabetes
    path = regularization_path(X, y, hidden_layer_sizes=(3,), alphas=ALPHAS, **SPARSE)
    display = RegularizationPathDisplay.from_path(path, show=["weights"], max_labels=2)
    first = [
        coefs[0].toarray() if sparse.issparse(coefs[0]) else coefs[0]
        for coefs in path.coefs
    ]
    drawn = np.array([_y(line) for line in display.weight_lines_]).T
    np.testing.assert_array_equal(drawn, np.reshape(first, (len(first), -1)))
    # One entry of the legend for each input, in the colour of all its weights.
    names = _legend(display.ax_)
    assert len(names) == 2
    of_input = display.weight_lines_[3 * int(names[0][1:]) :][:3]
    assert len({line.get_color() for line in of_input}) == 1
    assert {line.get_linewidth() for line in of_input} == {1.6}


def test_path_of_many_weights_draws_the_largest():
    coefs = [np.random.default_rng(0).normal(size=(1000, 5)), np.zeros((1000, 5))]
    display = RegularizationPathDisplay([1.0, 2.0], coefs, [1000, 0]).plot(show="weights")
    drawn = [_y(line)[0] for line in display.weight_lines_]
    largest = np.sort(np.abs(coefs[0]).ravel())[-2000:]
    np.testing.assert_array_equal(np.sort(np.abs(drawn)), largest)


def test_small_norms_at_the_chosen_alpha_are_seen():
    norms = np.array([[10.0, 8.0], [0.5, 0.4], [0.0, 0.0]])
    coefs = list(norms[:, :, None])
    display = RegularizationPathDisplay([1.0, 2.0, 4.0], coefs, [2, 2, 0], alpha=2.0)
    ax = display.plot().ax_
    height = ax.transData.transform((2.0, 0.5))[1] - ax.transData.transform((2.0, 0.0))[1]
    assert height > 0.1 * ax.get_window_extent().height
    display.alpha = 1.0
    assert display.plot().ax_.get_yscale() == "linear"


def test_path_in_the_callers_axes(diabetes):
    X, y = diabetes
    path = regularization_path(X, y, hidden_layer_sizes=(3,), alphas=ALPHAS, **SPARSE)
    figure, axes = plt.subplots(3, 1)
    display = RegularizationPathDisplay.from_path(path, ax=axes[:2])
    assert list(display.axes_) == list(axes[:2])
    assert display.figure_ is figure
    single = RegularizationPathDisplay.from_path(path, show="norms", ax=axes[2])
    assert single.ax_ is axes[2]
    # One Axes is divided where there is more to show.
    figure, ax = plt.subplots()
    display = RegularizationPathDisplay.from_path(path, ax=ax)
    assert display.figure_ is figure
    assert [panel in ax.child_axes for panel in display.axes_] == [True, True]
    assert display.axes_[0].get_xlim() == display.axes_[1].get_xlim()
    with pytest.raises(ValueError, match="ax must hold 2 Axes"):
        RegularizationPathDisplay.from_path(path, ax=axes)


def test_path_refuses_what_it_cannot_draw(diabetes, cv):
    X, y = diabetes
    path = regularization_path(X, y, hidden_layer_sizes=(3,), alphas=ALPHAS, **SPARSE)
    draw = RegularizationPathDisplay.from_path
    with pytest.raises(TypeError, match="path must be what regularization_path returns"):
        draw(cv)
    with pytest.raises(ValueError, match="show must be one of 'norms'"):
        draw(path, show="everything")
    with pytest.raises(ValueError, match="show has 'score', but there are no scores"):
        draw(path, show=["norms", "score"])
    with pytest.raises(ValueError, match=r"scores must have a row .* \(2, 5\) for"):
        draw(path, scores=np.zeros((2, 5)))
    with pytest.raises(ValueError, match="feature_names must hold 10 names"):
        draw(path, feature_names=["a", "b"])
    with pytest.raises(ValueError, match="alphas must be None"):
        RegularizationPathDisplay.from_estimator(cv, X, y, alphas=3)
    with pytest.raises(NotFittedError):
        RegularizationPathDisplay.from_estimator(RegularizedMLPRegressorCV(), X, y)
    with pytest.raises(TypeError, match="estimator must be a RegularizedMLPClassifier"):
        RegularizationPathDisplay.from_estimator(Ridge(), X, y)
    # None of them has left an empty figure behind.
    assert plt.get_fignums() == []


def test_path_is_checked_before_it_is_fitted(diabetes, monkeypatch):
    X, y = diabetes
    monkeypatch.setattr("sknormreg.estimators.path.PathFitter", None)
    mlp = RegularizedMLPRegressor((3,), **SPARSE)
    _, two_axes = plt.subplots(2)
    for wrong, error in (
        (dict(show="score"), "there are no scores"),
        (dict(show=3), "show must be one of .* got 3"),
        (dict(show=[["norms"]]), r"show must be one of .* got \[\['norms'\]\]"),
        (dict(show="norms", ax=two_axes), "ax must hold 1 Axes"),
        (dict(feature_names=["a"]), "feature_names must hold 10 names"),
        (dict(max_labels=2.5), "max_labels must be an int of at least 0, got 2.5"),
        (dict(max_labels=-1), "max_labels must be an int of at least 0, got -1"),
    ):
        with pytest.raises(ValueError, match=error):
            RegularizationPathDisplay.from_estimator(mlp, X, y, **wrong)
    assert len(plt.get_fignums()) == 1
    with pytest.raises(TypeError, match="not callable"):
        RegularizationPathDisplay.from_estimator(mlp, X, y)


def test_path_with_alpha_zero_and_with_one_alpha(diabetes):
    X, y = diabetes
    path = regularization_path(X, y, hidden_layer_sizes=(3,), alphas=[0, 1, 10], **SPARSE)
    display = RegularizationPathDisplay.from_path(path)
    assert display.ax_.get_xscale() == "symlog"
    path = regularization_path(X, y, hidden_layer_sizes=(3,), alphas=[1], **SPARSE)
    display = RegularizationPathDisplay.from_path(path, alpha=1.0)
    assert len(_y(display.norm_lines_[0])) == 1


def test_axis_with_alpha_zero_begins_there():
    for largest in (2.0, 1e12):
        ax = CVDisplay([0.0, 1.0, largest], np.eye(3)).plot().ax_
        left, right = ax.get_xlim()
        # Room for the marker; a tick at a negative alpha has none.
        assert -0.25 < left < 0
        assert right > largest
        # A second display in the same Axes is not cut off.
        CVDisplay([0.0, 1.0, 100 * largest], np.eye(3)).plot(ax)
        assert ax.get_xlim()[1] > 100 * largest


# Scores of a cross-validation


def test_cv_band_is_one_standard_error(cv):
    display = CVDisplay.from_estimator(cv)
    means = cv.scores_.mean(axis=1)
    error = cv.scores_.std(axis=1, ddof=1) / np.sqrt(cv.scores_.shape[1])
    np.testing.assert_array_equal(_x(display.line_), cv.alphas_)
    np.testing.assert_allclose(_y(display.line_), means)
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
    assert _x(display.best_point_) == [cv.alphas_[best]]
    assert _y(display.best_point_) == pytest.approx([means[best]])
    # By its rule, it is what the estimator has chosen.
    assert _x(display.one_se_point_) == [cv.alpha_]
    np.testing.assert_array_equal(_x(display.alpha_line_), [cv.alpha_] * 2)
    assert "one-standard-error rule" in _legend(display.ax_)
    # By the other rule they are apart.
    assert display.alpha_line_.get_color() != display.one_se_point_.get_color()


def test_cv_negates_scores(diabetes):
    model = RegularizedMLPRegressorCV(
        (3,), alphas=ALPHAS, cv=3, scoring="neg_mean_squared_error", **SPARSE
    ).fit(*diabetes)
    display = CVDisplay.from_estimator(model, negate_score=True)
    np.testing.assert_allclose(_y(display.line_), -model.scores_.mean(axis=1))
    assert _y(display.best_point_) == pytest.approx([-model.best_score_])
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
    np.testing.assert_allclose(_y(display.line_), model.scores_[best].mean(axis=1))
    others = [i for i in range(3) if i != best]
    for i, line in zip(others, display.other_lines_):
        np.testing.assert_array_equal(_x(line), model.alphas_[i])
        np.testing.assert_allclose(_y(line), model.scores_[i].mean(axis=1))
        assert line.get_label() == f"hidden_layer_sizes={sizes[i]}"


def test_cv_of_many_candidates_names_the_best_alone():
    scores = np.random.default_rng(0).uniform(size=(12, 4, 3))
    alphas = np.tile(np.geomspace(0.1, 100, 4), (12, 1))
    display = CVDisplay(alphas, scores, candidate_names=list("abcdefghijkl")).plot()
    best = "abcdefghijkl"[scores.mean(axis=2).max(axis=1).argmax()]
    assert len(display.other_lines_) == 11
    assert _legend(display.ax_)[0] == best
    assert _legend(display.ax_).count("other candidates") == 1
    assert len(_legend(display.ax_)) == 5
    assert display.alpha_line_ is None


def test_cv_of_a_single_fold_has_no_band():
    display = CVDisplay([1.0, 2.0], [[0.5], [0.7]]).plot()
    assert display.band_ is display.one_se_point_ is None
    assert _x(display.best_point_) == [2.0]


def test_cv_marks_the_rule_on_the_curve_that_it_takes(diabetes):
    """Of relaxed fits, which may not be the curve with the best score."""
    rows = np.random.RandomState(0).permutation(442)[:80]
    X, y = diabetes[0].iloc[rows], diabetes[1][rows]
    settings = dict(penalty="l1", alphas=12, cv=4, rule="one_se", random_state=0)
    model = RegularizedMLPRegressorCV((), relax=[0.1, 10, 1000], **settings).fit(X, y)
    display = CVDisplay.from_estimator(model)
    assert _x(display.one_se_point_) == [model.alpha_]
    assert _y(display.one_se_point_) == pytest.approx([model.best_score_])
    # Not that of the best score, to which the band belongs.
    assert model.best_score_ not in _y(display.line_)
    path = RegularizationPathDisplay.from_estimator(model, X, y)
    assert model.best_score_ in _y(path.score_line_)
    scores = np.array([[0.8, 1.0, 0.3], [0.4, 0.5, 0.95]])[:, :, None] + [-0.1, 0.1]
    alphas = np.tile([1.0, 2.0, 3.0], (2, 1))
    assert _x(CVDisplay(alphas, scores).plot().one_se_point_) == [2]
    shared = CVDisplay(alphas, scores, n_sharing=2).plot()
    assert (*_x(shared.one_se_point_), *_y(shared.one_se_point_)) == (3, 0.95)
    for n_sharing in (0, 1.5, 3):
        with pytest.raises(ValueError, match=r"n_sharing must be an int .* divides 2"):
            CVDisplay(alphas, scores, n_sharing=n_sharing).plot()


COLLAPSED = np.array([0.985, 0.99, 0.988, 0.987, 0.986, 0.85, 0.0])


@pytest.mark.parametrize("sign", [1, -1])
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
    assert "one-standard-error rule" in _legend(axes[1])
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
        CVDisplay.from_estimator(RegularizedMLPRegressor())
    with pytest.raises(NotFittedError):
        CVDisplay.from_estimator(RegularizedMLPClassifierCV())
    assert plt.get_fignums() == []


# Loss curves


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
        np.testing.assert_array_equal(_x(line), iterations)
        np.testing.assert_array_equal(_y(line), curve)
    best = np.argmin(stopped.validation_loss_curve_)
    assert best < stopped.n_iter_ - 1
    assert _x(display.kept_point_) == [best + 1]
    assert _y(display.kept_point_) == [min(stopped.validation_loss_curve_)]


def test_validation_without_early_stopping_keeps_nothing(iris):
    X, y = iris
    mlp = RegularizedMLPClassifier((4,), random_state=0)
    mlp.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    display = LossCurveDisplay.from_estimator(mlp)
    np.testing.assert_array_equal(_y(display.validation_line_), mlp.validation_loss_curve_)
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
    np.testing.assert_array_equal(_y(theirs.line_), other.loss_curve_)
    assert theirs.validation_line_ is None
    assert (theirs.line_.get_color(), theirs.line_.get_linewidth()) == ("black", 3)
    assert _legend(ax)[0] == "ours: objective in training"
    assert _legend(ax)[-1] == "theirs: objective in training"
    assert theirs.plot(name="again").line_.get_label() == "again: objective in training"


def test_networks_without_loss_curve_are_not_called_unfitted(iris):
    mlp = MLPClassifier((3,), solver="lbfgs", max_iter=1000, random_state=0).fit(*iris)
    with pytest.raises(TypeError, match=r"estimator has no loss_curve_.*MLPClassifier"):
        LossCurveDisplay.from_estimator(mlp)


# Weights


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
    mlp = RegularizedMLPRegressor((4,), penalty="l1", random_state=0).fit(*diabetes)
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
    assert display.ax_.get_ylabel() == f"inputs: {n_rows} of 1000 have weights"
    everything = WeightsDisplay.from_estimator(wide, hide_zeros=False)
    np.testing.assert_array_equal(everything.rows_, np.arange(1000))
    # Few of many are labelled, each at its own row.
    ticks = everything.ax_.get_yticks()
    labels = [text.get_text() for text in everything.ax_.get_yticklabels()]
    assert len(ticks) <= 40
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
@pytest.mark.parametrize("n_columns", [3, 10, 20, 35, 100])
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


# The network


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
    assert heading == f"inputs\n{n_in_use} of 1000 in use,\n10 strongest"


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
    assert _legend(display.ax_)[2:] == ["skip connection"]
    solid = NetworkDisplay.from_estimator(mlp, edge_kw={"ls": "-"})
    assert len(_legend(solid.ax_)) == 2


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
    assert "no input has any effect" in [text.get_text() for text in display.ax_.texts]


def test_network_names_its_outputs(iris):
    X, y = iris
    mlp = RegularizedMLPClassifier((2,), random_state=0)
    for target, names in (
        (y, ["setosa", "versicolor", "virginica"]),
        (np.where(y == "setosa", "setosa", "another"), ["log odds of setosa"]),
        (np.column_stack([y == "setosa", X[:, 0] > 0]), ["0", "1"]),
    ):
        display = NetworkDisplay.from_estimator(mlp.fit(X, target))
        (outputs,) = display.ax_.child_axes
        assert [text.get_text() for text in outputs.get_yticklabels()] == names
    mlp = RegularizedMLPRegressor((2,), random_state=0).fit(X, X[:, :2])
    assert NetworkDisplay.from_estimator(mlp).output_names == ["y0", "y1"]


def test_network_refuses_what_it_cannot_draw(network):
    with pytest.raises(ValueError, match="max_units must be an int of at least 1, got 0"):
        NetworkDisplay.from_estimator(network, max_units=0)
    with pytest.raises(ValueError, match="feature_names must hold 4 names"):
        NetworkDisplay.from_estimator(network, feature_names=list("abc"))
    with pytest.raises(ValueError, match="output_names must hold 3 names"):
        NetworkDisplay(network.coefs_, list("abcd"), ["y"]).plot()
    assert plt.get_fignums() == []


# What all of them do

OF_NETWORKS = [LossCurveDisplay, NetworkDisplay, WeightsDisplay]
ALL = [*OF_NETWORKS, CVDisplay, RegularizationPathDisplay]


def test_all_are_exported():
    assert {cls.__name__ for cls in ALL} == set(displays.__all__)


@pytest.mark.parametrize("cls", OF_NETWORKS)
def test_networks_are_found_within_other_estimators(cls, diabetes):
    X, y = diabetes
    mlp = RegularizedMLPRegressor((3,), random_state=0)
    scaler = StandardScaler()
    display = cls.from_estimator(_nested(mlp).fit(X, y))
    plain = cls.from_estimator(mlp.fit(scaler.fit_transform(X), y))
    assert display.ax_ is not plain.ax_
    if cls is not LossCurveDisplay:
        # Names from before the steps, which the network has not seen.
        labels = [text.get_text() for text in display.ax_.get_yticklabels()]
        assert set(labels) == set(X.columns)
        labels = [text.get_text() for text in plain.ax_.get_yticklabels()]
        assert set(labels) == {f"x{i}" for i in range(10)}


@pytest.mark.parametrize("cls", OF_NETWORKS)
def test_estimators_that_will_not_do(cls):
    mlp = RegularizedMLPClassifier()
    for unfitted in (mlp, make_pipeline(StandardScaler(), mlp), GridSearchCV(mlp, {})):
        with pytest.raises(NotFittedError):
            cls.from_estimator(unfitted)
    with pytest.raises(TypeError, match="estimator must be a network, such as"):
        cls.from_estimator(Ridge())
    assert plt.get_fignums() == []


@pytest.mark.parametrize("cls", [*OF_NETWORKS, CVDisplay])
def test_axes_are_the_callers_or_new(cls, cv):
    figure, ax = plt.subplots()
    display = cls.from_estimator(cv, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert display.plot() is display
    assert display.figure_ is not figure
    assert display.ax_ in display.figure_.axes
    with pytest.raises(TypeError, match=r"ax must be a matplotlib Axes, .* got 3"):
        cls.from_estimator(cv, ax=3)


@pytest.mark.parametrize("cls", ALL)
def test_slow_machines_are_not_warned_of_legends(cls, cv, diabetes, monkeypatch):
    # Matplotlib warns where the place for a legend took a second of the clock to find.
    seconds = SimpleNamespace(perf_counter=itertools.count(step=10).__next__)
    monkeypatch.setattr("matplotlib.legend.time", seconds)
    rows = diabetes if cls is RegularizationPathDisplay else ()
    cls.from_estimator(cv, *rows).figure_.canvas.draw()


@pytest.mark.parametrize("cls", ALL)
def test_figures_in_which_nothing_is_drawn_are_closed(cls, cv, diabetes):
    data = diabetes if cls is RegularizationPathDisplay else ()
    name = {NetworkDisplay: "edge_kw", WeightsDisplay: "im_kw"}.get(cls, "line_kw")
    with pytest.raises(AttributeError, match="unheard_of"):
        cls.from_estimator(cv, *data, **{name: {"unheard_of": 1}})
    assert plt.get_fignums() == []
    # The caller's stay.
    _, ax = plt.subplots()
    with pytest.raises(AttributeError, match="unheard_of"):
        cls.from_estimator(cv, *data, ax=ax, **{name: {"unheard_of": 1}})
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize("cls", ALL)
def test_without_matplotlib_the_error_says_what_to_install(cls, monkeypatch):
    real_import = builtins.__import__

    def without_matplotlib(name, *args, **kwargs):
        if name.partition(".")[0] == "matplotlib":
            raise ModuleNotFoundError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_matplotlib)
    methods = [name for name in vars(cls) if name.startswith("from_")]
    for method in methods:
        n_required = {"from_estimator": 1, "from_path": 1}[method]
        if method == "from_estimator" and cls is RegularizationPathDisplay:
            n_required = 3
        with pytest.raises(ImportError, match=rf"{method} .*pip install \"sknormreg\[plot"):
            getattr(cls, method)(*[None] * n_required)
    with pytest.raises(ImportError, match=rf"{cls.__name__}.plot needs matplotlib"):
        cls.plot(object.__new__(cls))


_PUBLIC = [
    method
    for cls in ALL
    for name, method in [(cls.__name__, cls), *inspect.getmembers(cls, callable)]
    if name == cls.__name__ or name in ("plot", "from_estimator", "from_path")
]


@pytest.mark.parametrize("documented", _PUBLIC, ids=lambda function: function.__qualname__)
def test_docstrings_tell_of_all_parameters(documented):
    sections = re.split(r"^(.+)\n-+$", inspect.getdoc(documented), flags=re.MULTILINE)
    texts = dict(zip(sections[1::2], sections[2::2]))
    entries = re.findall(r"^(\S.*) : (.*)$", texts["Parameters"], re.MULTILINE)
    parameters = inspect.signature(documented).parameters
    assert [name for name, _ in entries] == [name for name in parameters if name != "self"]
    for name, words in entries:
        default = parameters[name].default
        told = words.partition("default=")[2]
        assert told == ("" if default is inspect.Parameter.empty else _told(default))


def _told(default):
    return f'"{default}"' if isinstance(default, str) else repr(default)


@pytest.mark.parametrize("cls", ALL)
def test_docstrings_tell_of_all_artists(cls, cv, diabetes):
    data = diabetes if cls is RegularizationPathDisplay else ()
    display = cls.from_estimator(cv, *data)
    sections = re.split(r"^(.+)\n-+$", inspect.getdoc(cls), flags=re.MULTILINE)
    texts = dict(zip(sections[1::2], sections[2::2]))
    documented = re.findall(r"^(\S.*) : ", texts["Attributes"], re.MULTILINE)
    artists = [name for name in vars(display) if name.endswith("_")]
    assert sorted(documented) == sorted(artists)
