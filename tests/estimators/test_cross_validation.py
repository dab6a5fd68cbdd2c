"""Estimators that choose alpha by cross-validation."""

import re

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneOut,
    StratifiedKFold,
)
from sklearn.preprocessing import scale

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)
from sknormreg.estimators import search
from sknormreg.estimators.path import fitted_path
from sknormreg.estimators.search_result import choice_among
from sknormreg.fitting.best_path import BestPathFitter
from sknormreg.fitting.precision import COMPARED
from sknormreg.penalties import L2, GroupLasso, MaxNorm

ALPHAS = [0.3, 1, 3, 10, 30]


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return scale(X)[::2], np.array(["no", "yes"])[y[::2]]


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return scale(X)[::3], scale(y)[::3]


@pytest.fixture(params=["classifier", "regressor"])
def problem(request, cancer, diabetes):
    """Both estimators of a kind, data and a splitter."""
    if request.param == "classifier":
        both = RegularizedMLPClassifier, RegularizedMLPClassifierCV
        return *both, cancer, StratifiedKFold(4, shuffle=True, random_state=1)
    both = RegularizedMLPRegressor, RegularizedMLPRegressorCV
    return *both, diabetes, KFold(4, shuffle=True, random_state=1)


# Of what is the same code for both tasks.
regressor_is_slow = pytest.mark.parametrize(
    "problem",
    ["classifier", pytest.param("regressor", marks=pytest.mark.slow)],
    indirect=True,
)


@regressor_is_slow
@pytest.mark.parametrize(
    "penalty", ["l2", "l1", pytest.param("group_lasso", marks=pytest.mark.slow)]
)
def test_without_continuation_it_is_a_grid_search(problem, penalty):
    plain, with_cv, data, cv = problem
    settings = dict(hidden_layer_sizes=(6,), tol=1e-4, penalty=penalty, random_state=0)
    grid = GridSearchCV(plain(**settings), dict(alpha=ALPHAS), cv=cv).fit(*data)
    found = with_cv(alphas=ALPHAS, cv=cv, continuation=False, **settings).fit(*data)
    columns = [grid.cv_results_[f"split{k}_test_score"] for k in range(4)]
    np.testing.assert_allclose(found.scores_, np.transpose(columns), rtol=1e-12)
    assert found.alpha_ == grid.best_params_["alpha"]
    assert found.best_score_ == pytest.approx(grid.best_score_)
    for weights, expected in zip(found.coefs_, grid.best_estimator_.coefs_):
        np.testing.assert_array_equal(weights, expected)
    np.testing.assert_array_equal(found.predict(data[0]), grid.predict(data[0]))


def test_class_weights_are_those_of_the_fold(cancer):
    settings = dict(hidden_layer_sizes=(), class_weight="balanced", random_state=0)
    cv = KFold(3)
    grid = GridSearchCV(
        RegularizedMLPClassifier(**settings),
        dict(alpha=ALPHAS),
        cv=cv,
        scoring="neg_log_loss",
    ).fit(*cancer)
    found = RegularizedMLPClassifierCV(
        alphas=ALPHAS, cv=cv, scoring="neg_log_loss", continuation=False, **settings
    ).fit(*cancer)
    columns = [grid.cv_results_[f"split{k}_test_score"] for k in range(3)]
    np.testing.assert_allclose(found.scores_, np.transpose(columns), rtol=1e-10)


def assert_same(found, expected):
    """The same scores and the same network, bit for bit."""
    np.testing.assert_array_equal(found.scores_, expected.scores_)
    np.testing.assert_array_equal(found.alphas_, expected.alphas_)
    for one, other in zip(
        found.coefs_ + found.intercepts_, expected.coefs_ + expected.intercepts_
    ):
        np.testing.assert_array_equal(one, other)


def outputs(fitted, X):
    """Numbers that it predicts."""
    return getattr(fitted, "predict_proba", fitted.predict)(X)


PARALLEL = dict(tol=1e-4, penalty="l1", alphas=8, relax=True, random_state=0)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_results_do_not_depend_on_jobs_and_backend(problem, backend):
    _, with_cv, data, cv = problem
    alone = with_cv((6,), cv=cv, **PARALLEL).fit(*data)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        assert_same(with_cv((6,), cv=cv, **PARALLEL).fit(*data), alone)
    assert_same(with_cv((6,), cv=cv, n_jobs=2, **PARALLEL).fit(*data), alone)


@pytest.mark.slow
def test_folds_are_spread_over_a_dask_cluster(cancer):
    distributed = pytest.importorskip("distributed")
    alone = RegularizedMLPClassifierCV((6,), cv=4, **PARALLEL).fit(*cancer)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
        joblib.parallel_config(backend="dask"),
    ):
        spread = RegularizedMLPClassifierCV((6,), cv=4, **PARALLEL).fit(*cancer)
        done = client.run(lambda dask_worker: dask_worker.state.transition_counter)
    assert len(done) == 2
    assert all(done.values())
    assert_same(spread, alone)


def test_folds_share_the_data(cancer, monkeypatch):
    """Threads of the compiled engine fit to rows of one X, which is not copied for it."""
    seen = []

    class Watched(BestPathFitter):
        def __init__(self, spec, data, *args, **named):
            seen.append(data.X)
            super().__init__(spec, data, *args, **named)

    monkeypatch.setattr(search, "BestPathFitter", Watched)
    X = np.ascontiguousarray(cancer[0])
    RegularizedMLPClassifierCV((3,), alphas=[1.0], cv=3, n_jobs=2).fit(X, cancer[1])
    assert len(seen) == 4
    assert all(part is X for part in seen)


@regressor_is_slow
def test_one_standard_error(problem):
    _, with_cv, data, cv = problem
    settings = dict(
        hidden_layer_sizes=(6,), tol=1e-4, penalty="l1", alphas=12, cv=cv, random_state=0
    )
    best = with_cv(**settings).fit(*data)
    sparser = with_cv(rule="one_se", **settings).fit(*data)
    means = best.scores_.mean(axis=1)
    error = best.scores_[means.argmax()].std(ddof=1) / 2
    enough = best.alphas_[means >= means.max() - error]
    assert best.alpha_ == best.alphas_[means.argmax()]
    assert sparser.alpha_ == enough.max() >= best.alpha_
    assert sparser.best_score_ == best.scores_[best.alphas_ == sparser.alpha_].mean()


def test_one_standard_error_over_relaxed_fits():
    """They share the path: the largest alpha at which one of them is good enough."""
    rows = np.random.RandomState(0).permutation(442)[:80]
    X, y = (scale(array)[rows] for array in load_diabetes(return_X_y=True))
    alphas = np.geomspace(0.0343, 34.3, 20)
    settings = dict(penalty="l1", alphas=alphas, cv=4, rule="one_se", random_state=0)
    relaxes = [0.1, 10, 1000]
    model = RegularizedMLPRegressorCV((), relax=relaxes, **settings).fit(X, y)
    alone = choice_among(model.scores_[:, None], "one_se")
    together = choice_among(model.scores_[None], "one_se")
    assert (alone.path, alone.alpha) != (together.relax, together.alpha)
    means = model.scores_.mean(axis=-1)
    i, k = np.unravel_index(means.argmax(), means.shape)
    error = model.scores_[i, k].std(ddof=1) / 2
    enough = (means >= means.max() - error).any(axis=0)
    k = np.flatnonzero(enough).max()
    assert model.alpha_ == model.alphas_[0, k]
    assert model.relax_ == relaxes[means[:, k].argmax()]
    assert model.best_score_ == means[:, k].max()


@pytest.mark.parametrize(
    ("n_relaxes", "best", "expected"),
    [(1, (1, 0, 1), (1, 0, 1)), (2, (0, 1, 1), (0, 0, 2)), (4, (0, 1, 1), (0, 3, 3))],
)
def test_rule_by_hand(n_relaxes, best, expected):
    """Beside the best network only the relaxed fits of its path count."""
    means = np.array(
        [[0.4, 0.5, 0.9, 0.1], [0.5, 1, 0.3, 0], [0, 0, 0, 0.89], [0, 0, 0, 0.95]]
    )

    def chosen(rule):
        scores = means[:, :, None] + np.array([-0.2, 0, 0.2])
        return choice_among(scores.reshape(-1, n_relaxes, 4, 3), rule)

    assert chosen("best") == best
    assert chosen("one_se") == expected
    means[2:] = np.nan
    assert chosen("one_se") == ((1, 0, 1) if n_relaxes == 1 else (0, 0, 2))


@pytest.mark.slow
def test_warns_of_an_empty_network():
    """Accuracy where one class is rare: the majority is as good as any network."""
    rng = np.random.RandomState(0)
    X = rng.randn(300, 4)
    y = X[:, 0] + rng.randn(300) > 2.2
    settings = dict(penalty="group_lasso", rule="one_se", random_state=0)
    told = (
        "No feature .* is within one standard error of the best .* or rule='best', or a "
        r"bound on the later weights.*: penalty=\[GroupLasso\(\), MaxNorm\(1\)\], with an "
        "entry for each layer.$"
    )
    with pytest.warns(UserWarning, match=told) as found:
        model = RegularizedMLPClassifierCV((4,), **settings).fit(X, y)
    assert found[0].filename == __file__
    assert not model.selected_features_.any()
    model.set_params(scoring="roc_auc").fit(X, y)
    assert model.selected_features_[0]
    # One that is bounded already.
    model.set_params(rule="best", alphas=[1e3], penalty=[GroupLasso(), MaxNorm(1)])
    with pytest.warns(UserWarning, match="No feature .* is the best there.*accuracy.$"):
        model.fit(X, y)


def test_warns_of_targets_in_small_units(diabetes):
    X, y = diabetes
    y = y / y.std()
    settings = dict(alphas=[1.0], cv=2, random_state=0)
    model = RegularizedMLPRegressorCV([(), (3,)], penalty="l1", **settings)
    with pytest.warns(UserWarning, match="y has a standard deviation of 6, ") as found:
        model.fit(X, 6 * y + 500)
    assert found[0].filename == __file__
    with pytest.warns(UserWarning, match="y has a standard deviation of 100, "):
        model.fit(X, np.c_[y, 100 * y])
    # By weight, few rows may make the difference; no warning is an error here.
    outlying = np.where(np.arange(len(y)) < 9, 1e3, y)
    model.fit(X, outlying, sample_weight=1.0 * (outlying < 1e3))
    model.fit(X, 4 * y)
    # Nothing is selected, or nothing outweighs anything.
    for params in (
        {"penalty": [L2(), MaxNorm(1)], "hidden_layer_sizes": (3,)},
        {"penalty": "l2"},
        {"penalty": "nuclear"},
        {"penalty": "l1", "hidden_layer_sizes": ()},
        {"penalty": "l1", "loss": "huber"},
    ):
        sklearn.clone(model).set_params(**params).fit(X, 100 * y)


@pytest.mark.slow
def test_candidates_beside_alpha(diabetes):
    found = RegularizedMLPRegressorCV(
        hidden_layer_sizes=[(), (4,), (4, 3)],
        penalty="elasticnet",
        l1_ratio=[0.2, 0.9],
        alphas=5,
        cv=3,
        tol=1e-4,
        random_state=0,
    ).fit(*diabetes)
    assert found.alphas_.shape == (3, 2, 5)
    assert found.scores_.shape == (3, 2, 5, 3)
    i, j, k = np.unravel_index(found.scores_.mean(-1).argmax(), found.alphas_.shape)
    assert found.hidden_layer_sizes_ == [(), (4,), (4, 3)][i]
    assert found.l1_ratio_ == [0.2, 0.9][j]
    assert found.alpha_ == found.alphas_[i, j, k]
    assert len(found.coefs_) == len(found.hidden_layer_sizes_) + 1


def test_a_class_that_a_fold_lacks():
    X, y = load_iris(return_X_y=True)
    settings = dict(alphas=[1.0], random_state=0)
    found = RegularizedMLPClassifierCV((3,), cv=KFold(3), **settings).fit(X, y)
    # What is held out is of the class that each fold lacks, and is not guessed.
    assert found.scores_.tolist() == [[0, 0, 0]]
    with pytest.raises(ValueError, match=r"a fold are of one class only, \[2\]"):
        RegularizedMLPClassifierCV((3,), cv=[(range(100, 150), range(9))]).fit(X, y)


@regressor_is_slow
def test_relaxed_fits_are_those_of_the_selected_inputs(problem):
    plain, with_cv, data, cv = problem
    X, y = data
    light = plain((6,), alpha=3.0, tol=1e-4, random_state=0)
    settings = dict(hidden_layer_sizes=(6,), tol=1e-4, penalty="l1", random_state=0)
    search = with_cv(alphas=8, cv=cv, relax=3.0, continuation=False, rule="one_se")
    found = search.set_params(**settings).fit(X, y)
    selected = found.selected_features_
    assert 0 < selected.sum() < X.shape[1]
    refit = sklearn.clone(light).fit(X[:, selected], y)
    # Zeros are added in other places.
    np.testing.assert_allclose(outputs(found, X), outputs(refit, X[:, selected]), rtol=1e-9)
    np.testing.assert_array_equal(found.coefs_[0][selected], refit.coefs_[0])
    assert found.loss_ == refit.loss_
    # They are also what is compared: the score of one fold, by hand.
    train, test = next(cv.split(X, y))
    mlp = plain(alpha=found.alpha_, **settings).fit(X[train], y[train])
    selected = mlp.selected_features_
    refit = light.fit(X[train][:, selected], y[train])
    expected = refit.score(X[test][:, selected], y[test])
    assert found.scores_[found.alphas_ == found.alpha_, 0] == pytest.approx(expected)


@pytest.mark.slow
@regressor_is_slow
def test_several_relaxes_are_as_each_by_itself(problem):
    _, with_cv, (X, y), cv = problem
    relaxes = [False, 1.0, 30]
    settings = dict(penalty="group_lasso", alphas=6, cv=cv, random_state=0)
    together = with_cv((6,), relax=relaxes, **settings).fit(X, y)
    assert together.scores_.shape == together.path_n_features_.shape == (3, 6, 4)
    assert together.alphas_.shape == (3, 6)
    apart = [with_cv((6,), relax=relax, **settings).fit(X, y) for relax in relaxes]
    for i, mlp in enumerate(apart):
        np.testing.assert_array_equal(together.scores_[i], mlp.scores_)
        np.testing.assert_array_equal(together.path_n_features_[i], mlp.path_n_features_)
        np.testing.assert_array_equal(together.alphas_[i], mlp.alphas_)
    best = max(apart, key=lambda mlp: mlp.best_score_)
    assert together.best_score_ == best.best_score_
    assert (together.relax_, together.alpha_) == (best.relax_, best.alpha_)
    assert together.loss_ == best.loss_
    assert [mlp.relax_ for mlp in apart] == [None, 1, 30]


@regressor_is_slow
def test_numbers_of_inputs_are_those_of_the_folds(problem):
    plain, with_cv, (X, y), cv = problem
    settings = dict(penalty="l1", tol=1e-4, random_state=0)
    found = with_cv((6,), alphas=5, cv=cv, continuation=False, **settings).fit(X, y)
    train, _ = next(cv.split(X, y))
    expected = [
        plain((6,), alpha=alpha, **settings)
        .fit(X[train], y[train])
        .selected_features_.sum()
        for alpha in found.alphas_
    ]
    np.testing.assert_array_equal(found.path_n_features_[:, 0], expected)
    assert len(set(expected)) > 2


@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_the_network_returned_is_trained_further(penalty, cancer):
    """Than those of a path, which end where steps make little difference."""
    settings = dict(hidden_layer_sizes=(30,), penalty=penalty, random_state=0)
    found = RegularizedMLPClassifierCV(alphas=6, cv=3, **settings).fit(*cancer)
    alphas = found.alphas_[found.alphas_ <= found.alpha_]
    path = fitted_path(
        RegularizedMLPClassifier(**settings), *cancer, alphas, precision=COMPARED
    )
    assert found.loss_ < path.objective[-1]
    assert found.optimality_ < path.optimality[-1]


@regressor_is_slow
def test_relaxed_fits_start_from_one_another(problem):
    plain, with_cv, data, cv = problem
    X, y = data
    settings = dict(penalty="l1", alphas=8, cv=cv, relax=3.0, tol=1e-5, random_state=0)
    found = with_cv((6,), **settings).fit(X, y)
    selected = found.selected_features_
    assert 0 < selected.sum() < X.shape[1]
    # It ended where a plain fit with the light penalty stays.
    there = plain((6,), alpha=3.0, tol=1e-4).fit(
        X[:, selected],
        y,
        coef_init=[found.coefs_[0][selected], *found.coefs_[1:]],
        intercept_init=found.intercepts_,
    )
    assert there.n_iter_ <= 1
    assert there.loss_ == pytest.approx(found.loss_, rel=1e-9)


@regressor_is_slow
def test_it_has_what_the_plain_estimator_has(problem):
    plain, with_cv, data, cv = problem
    settings = dict(penalty="group_lasso", tol=1e-4, random_state=0)
    found = with_cv((6,), alphas=6, cv=cv, **settings).fit(*data)
    expected = plain((6,), **settings).fit(*data)
    public = {name for name in dir(expected) if not name.startswith("_")}
    parameters = {"alpha", "evidence_scope", "warm_start", "total_weight", "max_time"}
    assert public - set(dir(found)) <= parameters | {
        "quantile_level",
        "store_posterior",
        "partial_fit",
        "set_partial_fit_request",
    }
    assert not hasattr(found, "partial_fit")
    predicted = outputs(found, data[0])
    for other in found.compact(), found.to_sklearn():
        np.testing.assert_allclose(outputs(other, data[0]), predicted, rtol=1e-9)
    assert found.feature_importances_.shape == (data[0].shape[1],)
    again = sklearn.clone(found)
    assert not hasattr(again, "coefs_")
    assert str(again.get_params()) == str(found.get_params())


def test_forms_of_data(cancer):
    X, y = cancer
    names = [f"column {i}" for i in range(X.shape[1])]
    frame, labels = pd.DataFrame(X, columns=names), pd.Series(y)
    settings = dict(hidden_layer_sizes=(4,), penalty="l1", alphas=4, cv=3, random_state=0)
    of_frame = RegularizedMLPClassifierCV(**settings).fit(frame, labels)
    of_array = RegularizedMLPClassifierCV(**settings).fit(X, y)
    assert_same(of_frame, of_array)
    assert set(of_frame.selected_feature_names_) <= set(names)
    assert set(of_frame.predict(frame)) == {"no", "yes"}
    of_sparse = RegularizedMLPClassifierCV(**settings).fit(sparse.csr_array(X), y)
    np.testing.assert_allclose(of_sparse.scores_, of_array.scores_, atol=0.02)


def test_weights_count_in_fits_and_scores(diabetes):
    X, y = diabetes
    weight = np.where(np.arange(len(y)) % 3, 1.0, 0.0)
    kept = weight > 0
    folds = list(KFold(3).split(X))
    settings = dict(hidden_layer_sizes=(), alphas=ALPHAS, continuation=False)
    found = RegularizedMLPRegressorCV(cv=folds, **settings).fit(X, y, sample_weight=weight)
    position = np.cumsum(kept) - 1
    folds = [[position[part[kept[part]]] for part in fold] for fold in folds]
    expected = RegularizedMLPRegressorCV(cv=folds, **settings).fit(X[kept], y[kept])
    np.testing.assert_allclose(found.scores_, expected.scores_, rtol=1e-7)


def test_groups_and_weights_are_routed(diabetes):
    X, y = diabetes
    groups, weight = np.arange(len(y)) % 7, np.linspace(0.5, 1.5, len(y))
    cv = GroupKFold(3)
    settings = dict(hidden_layer_sizes=(), alphas=ALPHAS)
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = get_scorer("r2").set_score_request(sample_weight=True)
        routed = RegularizedMLPRegressorCV(
            cv=cv.set_split_request(groups=True), scoring=scorer, **settings
        ).fit(X, y, sample_weight=weight, groups=groups)
    folds = list(cv.split(X, y, groups))
    expected = RegularizedMLPRegressorCV(cv=folds, **settings)
    assert_same(routed, expected.fit(X, y, sample_weight=weight))
    with pytest.raises(ValueError, match="enable_metadata_routing=True"):
        RegularizedMLPRegressorCV(cv=cv, **settings).fit(X, y, groups=groups)


class Recorder:
    """A callback that keeps the names of tasks, nested by their depth."""

    def __init__(self):
        self.begun, self.ended = [], []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.begun.append(context.task_name)

    def on_fit_task_end(self, estimator, context):
        self.ended.append(context.task_name)


def test_callbacks_see_paths_and_alphas(cancer):
    recorder = Recorder()
    mlp = RegularizedMLPClassifierCV((3,), alphas=[1.0, 3.0], cv=3, random_state=0)
    mlp.set_callbacks(recorder).fit(*cancer)
    counts = {name: recorder.begun.count(name) for name in recorder.begun}
    assert counts == {"fit": 1, "cross-validation": 1, "path": 3, "alpha": 6, "refit": 1}
    assert sorted(recorder.begun) == sorted(recorder.ended)


def test_progress_bar(cancer, capsys):
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar

    mlp = RegularizedMLPClassifierCV((3,), alphas=[1.0, 3.0], cv=3, n_jobs=2)
    mlp.set_callbacks(ProgressBar()).fit(*cancer)
    shown = capsys.readouterr().out
    assert "cross-validation" in shown
    assert "path" in shown
    assert "100%" in shown


def test_verbose(cancer, capsys):
    settings = dict(penalty="l1", alphas=[1.0], cv=2, verbose=True, random_state=0)
    RegularizedMLPClassifierCV((3,), relax=[False, 10], **settings).fit(*cancer)
    assert re.search("relax = (None|10.0) with", capsys.readouterr().out)

    def score(mlp, X, y):
        return mlp.score(X, y) if mlp.selected_features_.any() else np.nan

    settings["alphas"] = [1.0, 1e4]
    RegularizedMLPClassifierCV((3,), scoring=score, **settings).fit(*cancer)
    assert "nan" not in capsys.readouterr().out
    RegularizedMLPClassifierCV(
        (3,), alphas=[1.0, 3.0], cv=3, verbose=True, random_state=0
    ).fit(*cancer)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert re.fullmatch(r"all samples: alpha = \d with 30 of 30 features, \S+ s", lines[3])
    pattern = (
        r"path 1 of 1, fold 2 of 3: best score \S+ at alpha = \d with 30 of 30 "
        r"features, 2 fits, \S+ s \(4 of 6 fits, about \S+ s left before the final fit\)"
    )
    assert re.fullmatch(pattern, lines[1])
    RegularizedMLPClassifierCV((3,), alphas=2, cv=2, verbose=True).fit(*cancer)
    first, *lines = capsys.readouterr().out.splitlines()
    assert "relax" not in lines[0]
    assert re.fullmatch(r"2 alphas from \S+ to \S+, found in \S+ s", first)
    assert len(lines) == 3


# Errors and warnings


def test_one_warning_for_all_fits(cancer):
    mlp = RegularizedMLPClassifierCV((3,), alphas=[1.0, 3.0], cv=3, max_iter=2)
    with pytest.warns(ConvergenceWarning, match="7 of 7 fits did not converge") as record:
        mlp.fit(*cancer)
    assert len(record) == 1
    assert record[0].filename == __file__


@pytest.mark.parametrize(
    ("alphas", "message"),
    [
        ([], "alphas is empty"),
        ([1.0, -1.0], "alphas must be a number of alphas, or a list of finite numbers"),
        ([1.0, np.inf], "finite numbers of at least 0"),
        (["a"], "finite numbers of at least 0"),
        ([[1.0, 2.0], [2.0, 3.0]], "alpha of its own for each layer, .* GridSearchCV"),
        ([[1.0, 2.0], 3.0], "alpha of its own for each layer, .* GridSearchCV"),
        (0, "alphas must be at least 1 in number"),
    ],
)
def test_bad_alphas(problem, alphas, message):
    _, with_cv, data, _ = problem
    with pytest.raises(ValueError, match=message):
        with_cv((3,), alphas=alphas).fit(*data)


def fails(estimator, X, y):
    raise RuntimeError("no scores today")


def test_bad_scorers(cancer, diabetes):
    settings = dict(hidden_layer_sizes=(3,), alphas=[1.0])
    with pytest.raises(ValueError, match=r"scoring=.*failed on.*no scores today"):
        RegularizedMLPClassifierCV(scoring=fails, **settings).fit(*cancer)
    with pytest.raises(ValueError, match="scoring must return a number, but"):
        RegularizedMLPClassifierCV(scoring=lambda *_: [1, 2], **settings).fit(*cancer)
    X, y = diabetes[0][:12], diabetes[1][:12]
    with (
        pytest.warns(match="R.2 score is not well-defined"),
        pytest.raises(ValueError, match="No alpha has a score: scoring returned nan"),
    ):
        RegularizedMLPRegressorCV(cv=LeaveOneOut(), **settings).fit(X, y)


def test_bad_parameters(cancer):
    with pytest.raises(ValueError, match="'rule' parameter"):
        RegularizedMLPClassifierCV(rule="1se").fit(*cancer)
    with pytest.raises(ValueError, match="'relax' parameter"):
        RegularizedMLPClassifierCV(relax=-1.0).fit(*cancer)
    for relax, named in (([1, -1.0], "-1.0"), ([1, "auto"], "'auto'"), ([0.0], "0.0")):
        with pytest.raises(ValueError, match=f"relax must be True, .* got {named}"):
            RegularizedMLPClassifierCV(relax=relax).fit(*cancer)
    for name in ("relax", "l1_ratio"):
        with pytest.raises(ValueError, match=f"{name} is empty: give at least one"):
            RegularizedMLPClassifierCV(**{name: []}).fit(*cancer)
    with pytest.raises(ValueError, match="alpha has no meaning for the constraint"):
        RegularizedMLPClassifierCV(penalty="max_norm").fit(*cancer)
    X, y = cancer
    few = np.r_[np.flatnonzero(y == "no")[:3], np.flatnonzero(y == "yes")[:4]]
    with pytest.raises(ValueError, match="n_splits=5 cannot be greater than the number"):
        RegularizedMLPClassifierCV(alphas=[1.0]).fit(X[few], y[few])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_fit_leaves_nothing_of_one_before():
    """Only some networks have a skip connection, and only some data names of features."""
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    y = scale(y)
    mlp = RegularizedMLPRegressorCV(
        (3,), penalty="hierarchical", alphas=[1.0], cv=2, max_iter=20, random_state=0
    )
    assert hasattr(mlp.fit(X, y), "skip_coef_")
    mlp.set_params(penalty="l1").fit(X.to_numpy(), y)
    assert not hasattr(mlp, "skip_coef_")
    assert not hasattr(mlp, "feature_names_in_")
    assert mlp.predict(X.to_numpy()).shape == y.shape
