"""RegularizationPathDisplay: its lines are the weights, scores and numbers of the path."""

import pickle

import numpy as np
import pytest
from display_cases import ALPHAS, SPARSE, legend_of, nested, x_of, y_of
from scipy import sparse
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from sknormreg import (
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
    regularization_path,
)
from sknormreg.displays import (
    CVDisplay,
    RegularizationPathDisplay,
)
from sknormreg.estimators.path import fitted_path
from sknormreg.fitted.meta_estimators import passed_on
from sknormreg.fitting.precision import COMPARED

plt = pytest.importorskip("matplotlib.pyplot")
colors = pytest.importorskip("matplotlib.colors")


def test_path_lines_are_norms_of_the_inputs_weights(diabetes):
    X, y = diabetes
    path = regularization_path(X, y, hidden_layer_sizes=(6,), alphas=6, **SPARSE)
    display = RegularizationPathDisplay.from_path(path, feature_names=X.columns)
    assert len(display.norm_lines_) == 10
    for j, line in enumerate(display.norm_lines_):
        np.testing.assert_array_equal(x_of(line), path.alphas)
        dense = [
            coefs[0].toarray() if sparse.issparse(coefs[0]) else coefs[0]
            for coefs in path.coefs
        ]
        expected = [np.sqrt(sum(weight**2 for weight in coef[j])) for coef in dense]
        np.testing.assert_allclose(y_of(line), expected, rtol=1e-12)
    np.testing.assert_array_equal(y_of(display.n_features_line_), path.n_features)
    assert len(display.axes_) == 2
    assert display.ax_ is display.axes_[0]
    assert display.ax_.get_xscale() == "log"
    assert display.alpha_lines_ == []
    assert display.score_line_ is display.weight_lines_ is None


def test_path_names_the_features_with_the_largest_norms(diabetes):
    X, y = diabetes
    path = regularization_path(X, y, hidden_layer_sizes=(6,), alphas=9, **SPARSE)
    for alpha in (None, path.alphas[5]):
        display = RegularizationPathDisplay.from_path(
            path, feature_names=X.columns, max_labels=3, alpha=alpha
        )
        norms = np.array([y_of(line) for line in display.norm_lines_])
        sizes = norms.max(axis=1) if alpha is None else norms[:, 5]
        expected = X.columns[np.argsort(-sizes)][:3]
        assert legend_of(display.ax_)[-3:] == list(expected)


def test_path_names_features_that_the_chosen_network_lacks_last():
    norms = np.array([[1.0, 9.0, 3.0, 8.0], [1.0, 0.0, 2.0, 0.0]])
    display = RegularizationPathDisplay([1, 2], list(norms[:, :, None]), [4, 2], alpha=2)
    assert legend_of(display.plot().ax_)[1:] == ["x2", "x0", "x1", "x3"]
    assert legend_of(display.plot(max_labels=1).ax_)[1:] == ["x2"]


def test_path_by_number_of_features():
    """Of the networks with two features the chosen one, of the others the best."""
    numbers = [4, 3, 3, 2, 2, 0]
    scores = np.array([0.1, 0.5, 0.4, 0.7, 0.6, 0.0])
    coefs = [np.eye(4)[:, :n] * (i + 1) for i, n in enumerate(numbers)]
    display = RegularizationPathDisplay(
        np.arange(1.0, 7), coefs, numbers, scores=scores[:, None] + [-0.15, 0.15], alpha=5.0
    )
    for show in (None, ["weights", "score"]):
        if show:
            display.coefs = [
                np.pad(coef, [(0, 0), (0, 4 - n)]) for coef, n in zip(coefs, numbers)
            ]
        display.plot(x="n_features", show=show)
        np.testing.assert_array_equal(x_of(display.score_line_), [4, 3, 2, 0])
        np.testing.assert_allclose(y_of(display.score_line_), [0.1, 0.5, 0.6, 0.0])
        lines = display.norm_lines_ or display.weight_lines_[::5]
        np.testing.assert_array_equal(y_of(lines[0]), [1, 2, 5, 0])
        np.testing.assert_array_equal(y_of(lines[2]), [1, 2, 0, 0])
        for line in display.alpha_lines_:
            np.testing.assert_array_equal(x_of(line), [2, 2])
        left, right = display.axes_[-1].get_xlim()
        assert left > right
        assert display.axes_[-1].get_xlabel() == "number of features"
        assert legend_of(display.ax_)[0] == "chosen: 2 features at alpha 5"
    assert display.n_features_line_ is None


def test_path_by_many_numbers_of_features_is_logarithmic():
    coefs = [np.ones((500, 1)), np.zeros((500, 1))]
    display = RegularizationPathDisplay([1, 2], coefs, [500, 0]).plot(x="n_features")
    assert display.ax_.get_xscale() == "symlog"
    assert display.ax_.get_xlim()[0] > 500
    # Without scores it is the network of the smallest alpha.
    display = RegularizationPathDisplay([1, 2], [coefs[0], 2 * coefs[0]], [9, 9])
    assert y_of(display.plot(x="n_features").norm_lines_[0]) == [1]


def test_path_of_cv_by_number_of_features(diabetes, cv):
    display = RegularizationPathDisplay.from_estimator(cv, *diabetes, x="n_features")
    assert len(display.axes_) == 2
    numbers = x_of(display.score_line_)
    assert (np.diff(numbers) < 0).all()
    chosen = list(numbers).index(cv.n_selected_features_)
    norms = [y_of(line)[chosen] for line in display.norm_lines_]
    np.testing.assert_allclose(norms, np.linalg.norm(cv.coefs_[0], axis=1), rtol=1e-6)


def test_only_features_without_a_name_are_grey():
    coefs = [np.eye(12) + 1, np.eye(12)]
    display = RegularizationPathDisplay([1, 2], coefs, [12, 12]).plot(max_labels=10)
    grey = [np.ptp(colors.to_rgb(line.get_color())) < 0.01 for line in display.norm_lines_]
    assert [j for j in range(12) if not grey[j]] == list(range(10))


def test_path_of_cv_has_its_scores_and_its_alpha(diabetes, cv):
    display = RegularizationPathDisplay.from_estimator(cv, *diabetes)
    np.testing.assert_array_equal(x_of(display.score_line_), cv.alphas_)
    np.testing.assert_allclose(y_of(display.score_line_), cv.scores_.mean(axis=1))
    assert len(display.axes_) == len(display.alpha_lines_) == 3
    for line in display.alpha_lines_:
        np.testing.assert_array_equal(x_of(line), [cv.alpha_, cv.alpha_])
    # The chosen network is a point of the path.
    chosen = list(cv.alphas_).index(cv.alpha_)
    norms = [y_of(line)[chosen] for line in display.norm_lines_]
    np.testing.assert_allclose(norms, np.linalg.norm(cv.coefs_[0], axis=1), rtol=1e-6)
    n_features = y_of(display.n_features_line_)
    assert n_features[chosen] == cv.selected_features_.sum()
    # An axis of alphas for all, though the path may end before the scores.
    assert len(n_features) == len(cv.alphas_)
    names = legend_of(display.ax_)[1:]
    assert len(names) == 8
    assert set(names) <= set(diabetes[0].columns)
    assert display.axes_[1].get_ylabel() == "R2"


@pytest.mark.slow
def test_path_of_cv_goes_on_empty_where_the_scores_do(diabetes):
    alphas = [0.1, 1e4, 1e5, 1e6]
    model = RegularizedMLPRegressorCV((4,), alphas=alphas, cv=3, **SPARSE).fit(*diabetes)
    display = RegularizationPathDisplay.from_estimator(model, *diabetes)
    np.testing.assert_array_equal(y_of(display.n_features_line_), [10, 0, 0, 0])
    for line in display.norm_lines_:
        np.testing.assert_array_equal(y_of(line) > 0, [True, False, False, False])


def test_path_of_the_chosen_candidate(diabetes):
    model = RegularizedMLPRegressorCV([(3,), (7,)], alphas=ALPHAS, cv=3, **SPARSE)
    model.fit(*diabetes)
    which = model.hidden_layer_sizes.index(model.hidden_layer_sizes_)
    display = RegularizationPathDisplay.from_estimator(
        model, *diabetes, show=iter(["weights"])
    )
    assert len(display.weight_lines_) == 10 * model.hidden_layer_sizes_[0]
    np.testing.assert_array_equal(x_of(display.weight_lines_[0]), model.alphas_[which])


@pytest.mark.slow
def test_path_of_a_pipeline_takes_what_it_transforms(diabetes):
    X, y = diabetes
    model = RegularizedMLPRegressorCV((4,), alphas=ALPHAS, cv=3, tol=1e-7, **SPARSE)
    pipeline = make_pipeline(StandardScaler(), model).fit(5 * X + 1, y)
    display = RegularizationPathDisplay.from_estimator(pipeline, 5 * X + 1, y)
    model.fit(scale(X), y)
    expected = RegularizationPathDisplay.from_estimator(model, scale(X), y)
    for line, other in zip(display.norm_lines_, expected.norm_lines_):
        np.testing.assert_allclose(y_of(line), y_of(other), rtol=1e-3, atol=1e-6)
    names = legend_of(display.ax_)[1:]
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
    norms = np.array([y_of(line) for line in display.norm_lines_]).T
    np.testing.assert_allclose(norms[index], np.linalg.norm(model.coefs_[0], axis=1))
    # Its neighbour is where the same seed leads, by the same way.
    other = 1 if index == 0 else index - 1
    plain = RegularizedMLPRegressor(
        (4,), penalty="group_lasso", random_state=model._seed, alpha=1.0
    )
    if continuation:
        path = fitted_path(plain, *diabetes, model.alphas_, precision=COMPARED)
        expected = sparse.coo_array(path.coefs[other][0]).toarray()
    else:
        plain.set_params(alpha=model.alphas_[other])
        expected = plain.fit(*diabetes).coefs_[0]
    np.testing.assert_allclose(norms[other], np.linalg.norm(expected, axis=1), rtol=1e-6)


def test_rows_are_passed_on_as_fits_pass_them(diabetes, monkeypatch):
    X, y = diabetes
    given, fit = [], RegularizedMLPRegressor.fit

    def watched(self, X, y):
        given.append((X, y))
        return fit(self, X, y)

    monkeypatch.setattr(RegularizedMLPRegressor, "fit", watched)
    inner = make_pipeline(
        StandardScaler(), RegularizedMLPRegressor((3,), random_state=0, alpha=1.0)
    )
    target = TransformedTargetRegressor(inner, transformer=StandardScaler())
    outer = make_pipeline(StandardScaler(with_std=False), target).fit(3 + X, 5 * y)
    for found, expected in zip(passed_on(outer, 3 + X, 5 * y), given[0]):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
def test_path_within_other_estimators(diabetes):
    X, y = diabetes
    model = RegularizedMLPRegressorCV((4,), alphas=ALPHAS, cv=3, tol=1e-7, **SPARSE)
    search = nested(model)
    search.estimator.steps[-1][1].set_params(func=np.log, inverse_func=np.exp)
    search.fit(5 * X + 1, np.exp(y))
    display = RegularizationPathDisplay.from_estimator(search, 5 * X + 1, np.exp(y))
    model.fit(scale(X), y)
    expected = RegularizationPathDisplay.from_estimator(model, scale(X), y)
    for line, other in zip(display.norm_lines_, expected.norm_lines_):
        np.testing.assert_allclose(y_of(line), y_of(other), rtol=1e-3, atol=1e-6)
    assert list(display.feature_names) == list(X.columns)
    names = legend_of(display.ax_)[1:]
    assert len(names) == 8
    assert set(names) <= set(X.columns)


@pytest.mark.parametrize("cls", [CVDisplay, RegularizationPathDisplay])
def test_those_of_cv_say_what_they_take(cls, diabetes):
    data = diabetes if cls is RegularizationPathDisplay else ()
    model = RegularizedMLPRegressorCV()
    for unfitted in (model, nested(model), TransformedTargetRegressor(model)):
        with pytest.raises(NotFittedError):
            cls.from_estimator(unfitted, *data)
    with pytest.raises(TypeError, match=r"CV.*Pipeline, a search or a TransformedTarget"):
        cls.from_estimator(make_pipeline(Ridge()), *data)


def test_path_of_an_estimator_without_cross_validation(diabetes):
    X, y = diabetes
    mlp = RegularizedMLPRegressor((4,), **SPARSE)
    display = RegularizationPathDisplay.from_estimator(mlp, X, y, alphas=[0.5, 5.0])
    path = regularization_path(X, y, estimator=mlp, alphas=[0.5, 5.0])
    np.testing.assert_array_equal(y_of(display.n_features_line_), path.n_features)
    assert not hasattr(mlp, "coefs_")


def test_path_of_single_weights(diabetes):
    X, y = diabetes
    path = regularization_path(X, y, hidden_layer_sizes=(3,), alphas=ALPHAS, **SPARSE)
    display = RegularizationPathDisplay.from_path(path, show=["weights"], max_labels=2)
    first = [
        coefs[0].toarray() if sparse.issparse(coefs[0]) else coefs[0]
        for coefs in path.coefs
    ]
    drawn = np.array([y_of(line) for line in display.weight_lines_]).T
    np.testing.assert_array_equal(drawn, np.reshape(first, (len(first), -1)))
    # One entry of the legend for each input, in the colour of all its weights.
    names = legend_of(display.ax_)
    assert len(names) == 2
    of_input = display.weight_lines_[3 * int(names[0][1:]) :][:3]
    assert len({line.get_color() for line in of_input}) == 1
    assert {line.get_linewidth() for line in of_input} == {1.6}


@pytest.mark.slow
def test_path_of_many_weights_draws_the_largest():
    coefs = [np.random.default_rng(0).normal(size=(1000, 5)), np.zeros((1000, 5))]
    display = RegularizationPathDisplay([1.0, 2.0], coefs, [1000, 0]).plot(show="weights")
    drawn = [y_of(line)[0] for line in display.weight_lines_]
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
    with pytest.raises(TypeError, match="path must be the result of regularization_path"):
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
    monkeypatch.setattr("sknormreg.estimators.path.BestPathFitter", None)
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
    assert len(y_of(display.norm_lines_[0])) == 1


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
