"""Searches for alpha that end early: by time, callbacks, Ctrl-C, or a scorer that fails."""

import time
import warnings
from contextlib import nullcontext

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import (
    ConvergenceWarning,
    NotFittedError,
    UndefinedMetricWarning,
)
from sklearn.model_selection import KFold
from sklearn.preprocessing import scale

from sknormreg import (
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)
from sknormreg.displays import CVDisplay, RegularizationPathDisplay
from sknormreg.estimators.comparison import Budget
from sknormreg.estimators.search_result import choice_among
from sknormreg.fitting.best_path import BestPathFitter
from sknormreg.fitting.path import PathFitter
from sknormreg.penalties import GroupLasso, MaxNorm

rng = np.random.RandomState(0)
X = rng.randn(60, 5)
y = X[:, 0] + 0.3 * rng.randn(60)
ALPHAS = np.array([0.1, 0.3, 1.0, 3.0, 5.0, 8.0])
FOLDS = list(KFold(3).split(X))


def make(cls=RegularizedMLPRegressorCV, **params):
    settings = dict(hidden_layer_sizes=(), penalty="l1", alphas=ALPHAS, cv=FOLDS)
    return cls(**{**settings, "tol": 1e-3, "random_state": 0, **params})


@pytest.fixture(scope="module")
def complete():
    return make().fit(X, y)


def in_threads():
    """With the engine that takes processes, too."""
    return joblib.parallel_config(backend="threading", n_jobs=2)


one_by_one_and_in_threads = pytest.mark.parametrize(
    "jobs", [nullcontext, in_threads], ids=["one by one", "in threads"]
)


class Clock:
    """A time that passes where somebody says so, or with every look at it."""

    def __init__(self, tick=0.0):
        self.now, self.tick = 1000.0, tick

    def __call__(self):
        self.now += self.tick
        return self.now

    def score(self, mlp, X, y):
        self.now += 1
        return mlp.score(X, y)


def assert_same(found, expected):
    np.testing.assert_array_equal(found.scores_, expected.scores_)
    np.testing.assert_array_equal(found.alphas_, expected.alphas_)
    assert found.path_n_features_.dtype == expected.path_n_features_.dtype
    np.testing.assert_array_equal(found.predict(X), expected.predict(X))


def assert_known(found, complete, n_known):
    """Scores of the first alphas in each fold are those of a complete search; no others."""
    known = np.arange(len(ALPHAS))[:, None] < np.array(n_known)
    np.testing.assert_array_equal(~np.isnan(found.scores_), known)
    np.testing.assert_array_equal(found.alphas_, complete.alphas_)
    for name in ("scores_", "path_n_features_"):
        ours, expected = getattr(found, name), getattr(complete, name)
        np.testing.assert_array_equal(ours, np.where(known, expected, np.nan))


# Time


def test_each_path_has_its_part_of_the_time(complete, monkeypatch):
    """Of 16 s the trial of the scorer takes 3, and every score 1.

    The first path may take 13 / 4 s, the fit to all rows being one more; it ends with its
    fourth score. The second may take 9 / 3 s, and the third need not go further than it.
    """
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    model = make(scoring=clock.score, max_time=16)
    told = r"max_time=16 seconds ended the comparison: 3 of 6 alphas have .* every fold"
    with pytest.warns(ConvergenceWarning, match=told) as record:
        model.fit(X, y)
    assert [warning.filename for warning in record] == [__file__]
    assert_known(model, complete, [4, 3, 3])
    assert clock.now == 1013
    shorter = make(alphas=ALPHAS[:3]).fit(X, y)
    assert model.alpha_ == shorter.alpha_
    assert model.best_score_ == shorter.best_score_
    np.testing.assert_array_equal(model.predict(X), shorter.predict(X))


def test_a_fit_that_was_cut_short_has_no_score(monkeypatch):
    """Of 20 epochs each, with a clock that every one of them moves on."""
    settings = dict(solver="adam", max_iter=20, tol=0, n_iter_no_change=np.inf)
    with pytest.warns(ConvergenceWarning, match="fits did not converge"):
        complete = make(**settings).fit(X, y)
    monkeypatch.setattr(time, "monotonic", Clock(tick=1.0))
    told = "seconds ended the comparison: . of 6 .* fits did not converge"
    with pytest.warns(ConvergenceWarning, match=told) as record:
        model = make(**settings, max_time=300).fit(X, y)
    assert len(record) == 1
    n_known = (~np.isnan(model.scores_)).sum(axis=0)
    assert n_known.min() > 1
    assert n_known.max() < 6
    assert_known(model, complete, n_known)


@one_by_one_and_in_threads
def test_without_any_time_there_is_a_network_for_the_first_alpha(jobs):
    model = make(hidden_layer_sizes=[(3,), (4,)], tol=1e-6, max_time=1e-9)
    with pytest.warns(
        ConvergenceWarning, match=r"1 of 12 alphas .* reached max_time=1e-09"
    ):
        model.fit(X, y)
    assert model.alpha_ == ALPHAS[0]
    assert model.hidden_layer_sizes_ == (3,)
    known = ~np.isnan(model.scores_)
    assert known[0, 0].all()
    assert known.sum() == 3
    one = RegularizedMLPRegressor(
        (3,), penalty="l1", alpha=ALPHAS[0], max_iter=1, tol=1e-6, random_state=0
    )
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        one.fit(X, y)
    np.testing.assert_array_equal(model.predict(X), one.predict(X))
    for k, (train, test) in enumerate(FOLDS):
        with pytest.warns(ConvergenceWarning, match="max_iter"):
            one.fit(X[train], y[train])
        assert model.scores_[0, 0, k] == pytest.approx(one.score(X[test], y[test]))


def test_the_last_fit_is_for_the_alpha_chosen_however_late(monkeypatch):
    """It leaves out those before, but for the first, from which it starts."""
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    alphas = []

    class Late(BestPathFitter):
        def path(self, alphas, skips=False, **options):
            clock.now += 1000 * skips
            return super().path(alphas, skips, **options)

        def fit(self, alpha, start=None, precision=None):
            alphas.append(alpha)
            return super().fit(alpha, start, precision)

    monkeypatch.setattr("sknormreg.estimators.search.BestPathFitter", Late)
    with pytest.warns(ConvergenceWarning, match=r"1 of 19 fits did .* max_time=100\.?0? s"):
        model = make(max_time=100, rule="one_se", tol=1e-6).fit(X, y)
    assert not np.isnan(model.scores_).any()
    assert model.alpha_ > ALPHAS[1]
    assert alphas[18:] == [ALPHAS[0], model.alpha_]
    assert model.n_iter_ == 1


@one_by_one_and_in_threads
def test_a_limit_that_is_not_reached_changes_nothing(jobs):
    settings = dict(alphas=4, relax=[False, 3.0])
    free = make(**settings).fit(X, y)
    with jobs():
        limited = make(**settings, max_time=1e5).fit(X, y)
    assert_same(limited, free)
    assert free.path_n_features_.dtype == np.intp


@pytest.mark.parametrize("penalty", ["l2", "l1"])
def test_a_grid_without_time_to_find_its_ends(penalty):
    settings = dict(hidden_layer_sizes=(3,), alphas=5, penalty=penalty)
    model = make(**settings, max_time=1e-9)
    with pytest.warns(ConvergenceWarning, match="1 of 5 alphas"):
        model.fit(X, y)
    assert model.alpha_ == model.alphas_[0]
    unlimited = make(**settings).fit(X, y)
    ratios = model.alphas_ / unlimited.alphas_
    np.testing.assert_allclose(ratios, ratios[0])
    assert 1 / 20 < ratios[0] < 20


@pytest.mark.parametrize(
    "penalty", ["l1", pytest.param("group_lasso", marks=pytest.mark.slow)]
)
def test_time_holds_from_the_grid_to_the_last_fit(penalty):
    """The first fit alone takes several times as long, on any machine there is."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(1500, 200))
    y = (X[:, :10] * rng.normal(size=10)).sum(axis=1) + rng.normal(size=1500) > 0
    model = RegularizedMLPClassifierCV((150,), penalty=penalty, max_time=2, random_state=0)
    start = time.monotonic()
    with pytest.warns(ConvergenceWarning, match="max_time=2"):
        model.fit(X, y)
    assert time.monotonic() - start < 3


def test_networks_stay_empty_beyond_the_last_one():
    """A path that is over is not one that time has ended."""
    alphas = [1.0, 1e3, 1e4]
    with pytest.warns(ConvergenceWarning, match="1 of 3 alphas"):
        make(alphas=alphas, max_time=1e-9).fit(X, y)
    model = make(alphas=alphas, max_time=1e5).fit(X, y)
    np.testing.assert_array_equal(model.scores_[1], model.scores_[2])
    np.testing.assert_array_equal(model.path_n_features_[1:], 0)


@pytest.mark.parametrize("max_time", [0, -1.0, np.inf, "1 s"])
def test_bad_limits(max_time):
    with pytest.raises(ValueError, match="'max_time' parameter"):
        make(max_time=max_time).fit(X, y)


def test_a_budget_goes_on_in_another_process(monkeypatch):
    """Whose clock may count from another moment."""
    monkeypatch.setattr(time, "time", lambda: 5.0)
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    budget = Budget(60)
    assert budget.share(3) == 120
    state = budget.__getstate__()
    monkeypatch.setattr(time, "time", lambda: 15.0)
    monkeypatch.setattr(time, "monotonic", lambda: 2000.0)
    other = Budget.__new__(Budget)
    other.__setstate__(state)
    assert other.share(1) == 2050


def test_the_choice_is_among_alphas_with_all_scores():
    scores = np.array([[[[1.0, 1.0], [3.0, 3.0], [4.0, np.nan], [np.nan, np.nan]]]])
    assert choice_among(scores, "best") == (0, 0, 1)
    scores[..., 1, :] = [1.0, 5.0]
    assert choice_among(scores, "one_se") == (0, 0, 1)
    others = np.full((1, 1, 4, 2), np.nan)
    assert choice_among(np.concatenate([others, scores], axis=1), "one_se") == (0, 1, 1)


def test_displays_of_a_search_that_was_ended(monkeypatch):
    pytest.importorskip("matplotlib").use("agg")
    clock = Clock()
    with monkeypatch.context() as patch:
        patch.setattr(time, "monotonic", clock)
        with pytest.warns(ConvergenceWarning, match="3 of 6"):
            model = make(scoring=clock.score, max_time=16).fit(X, y)
    drawn = CVDisplay.from_estimator(model).line_.get_ydata()
    np.testing.assert_array_equal(drawn, model.scores_.mean(axis=1))
    display = RegularizationPathDisplay.from_estimator(model, X, y)
    assert display.alpha == model.alpha_
    np.testing.assert_array_equal(display.alphas, ALPHAS[:3])


# Callbacks


class Recorder:
    """Keeps the names of tasks, and does `act` at their ends."""

    def __init__(self, act):
        self.act = act
        self.begun, self.ended = [], []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.begun.append(context.task_name)

    def on_fit_task_end(self, estimator, context):
        self.ended.append(context.task_name)
        return self.act(context.task_name, self.ended.count(context.task_name))


def at(name, n, result=True):
    def act(task_name, count):
        if (task_name, count) == (name, n):
            if isinstance(result, type):
                raise result
            return result
        return None

    return act


def fit(act, **params):
    """Fit with a callback; it must not warn."""
    recorder = Recorder(act)
    model = make(**params).set_callbacks(recorder).fit(X, y)
    assert sorted(recorder.begun) == sorted(recorder.ended)
    assert recorder.begun.count("refit") == 1
    return model, recorder


def test_a_stop_at_an_alpha_ends_its_path_in_all_folds(complete):
    model, recorder = fit(at("alpha", 2))
    assert recorder.begun.count("alpha") == 6
    assert_known(model, complete, [2, 2, 2])
    shorter = make(alphas=ALPHAS[:2]).fit(X, y)
    assert model.alpha_ == shorter.alpha_
    np.testing.assert_array_equal(model.predict(X), shorter.predict(X))


def test_a_later_stop_leaves_longer_folds_as_they_are(complete):
    model, _ = fit(at("alpha", 6 + 4))
    assert_known(model, complete, [6, 4, 4])


def test_a_stop_at_an_alpha_leaves_other_candidates(complete):
    model, _ = fit(at("alpha", 1), hidden_layer_sizes=[(2,), ()])
    np.testing.assert_array_equal(np.isnan(model.scores_[0]).sum(axis=0), 5)
    np.testing.assert_array_equal(model.scores_[1], complete.scores_)
    assert model.hidden_layer_sizes_ == ()
    assert model.alpha_ == complete.alpha_


def test_a_stop_at_a_path_ends_the_comparison(complete):
    model, recorder = fit(at("path", 1))
    assert recorder.begun.count("path") == 3
    assert_known(model, complete, [6, 1, 1])
    model, recorder = fit(at("path", 4), hidden_layer_sizes=[(), (2,)])
    assert recorder.begun.count("path") == 4
    np.testing.assert_array_equal(model.scores_[0], complete.scores_)
    np.testing.assert_array_equal(
        np.isnan(model.scores_[1]), [[False, True, True]] * len(ALPHAS)
    )
    assert model.alpha_ == complete.alpha_


@one_by_one_and_in_threads
def test_to_stop_everywhere_leaves_the_first_alpha(complete, jobs):
    with jobs():
        model, _ = fit(lambda *_: True)
    assert_known(model, complete, [1, 1, 1])
    assert model.alpha_ == ALPHAS[0]


@pytest.mark.slow
def test_in_processes_a_path_ends_in_its_own_fold(complete, monkeypatch):
    # Workers have filters of their own.
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    with joblib.parallel_config(backend="loky", n_jobs=2):
        model = make().set_callbacks(Recorder(at("alpha", 2))).fit(X, y)
        assert_known(model, complete, [2, 2, 2])
        model = make(hidden_layer_sizes=[(), (2,)], max_time=1e-9)
        with pytest.warns(ConvergenceWarning, match="1 of 12 alphas"):
            model.fit(X, y)
    assert (~np.isnan(model.scores_)).sum() == 3


# Ctrl-C


def interrupted(model, act, match="found so far"):
    model.set_callbacks(Recorder(act))
    with pytest.raises(KeyboardInterrupt, match=match):
        model.fit(X, y)
    return model.set_callbacks()


def fitted_attributes(model):
    return {name for name in vars(model) if name.endswith("_") and name[0] != "_"}


@pytest.mark.parametrize("is_fitted", [False, True])
def test_ctrl_c_keeps_the_scores(complete, is_fitted):
    model = make()
    if is_fitted:
        model.fit(X, -3 * y)
    interrupted(model, at("alpha", 8, KeyboardInterrupt))
    assert_known(model, complete, [6, 2, 0])
    assert fitted_attributes(model) == {"alphas_", "scores_", "path_n_features_"}
    with pytest.raises(NotFittedError):
        model.predict(X)
    assert_same(model.fit(X, y), complete)


def test_ctrl_c_inside_of_a_score(complete):
    calls = []

    def score(mlp, X, y):
        calls.append(mlp)
        if len(calls) == 3 + 6 + 3:
            raise KeyboardInterrupt
        return mlp.score(X, y)

    model = make(scoring=score)
    with pytest.raises(KeyboardInterrupt, match="found so far"):
        model.fit(X, y)
    assert_known(model, complete, [6, 2, 0])


def test_ctrl_c_in_threads(complete):
    """Of two paths at the same time, whose scores come in any order."""
    with in_threads():
        model = interrupted(make(), at("alpha", 8, KeyboardInterrupt))
    known = ~np.isnan(model.scores_)
    assert 8 <= known.sum() < 18
    assert_known(model, complete, known.sum(axis=0))


@pytest.mark.parametrize("name", ["cross-validation", "refit"])
def test_ctrl_c_when_all_have_scores(complete, name):
    model = interrupted(make(), at(name, 1, KeyboardInterrupt))
    assert_known(model, complete, [6, 6, 6])
    assert model.path_n_features_.dtype == np.intp
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_ctrl_c_with_several_candidates():
    settings = dict(hidden_layer_sizes=[(), (2,)], relax=[False, 1.0])
    model = interrupted(make(**settings), at("alpha", 3, KeyboardInterrupt))
    assert model.alphas_.shape == (2, 2, 6)
    assert model.scores_.shape == model.path_n_features_.shape == (2, 2, 6, 3)
    known = ~np.isnan(model.scores_)
    assert known[0, :, :3, 0].all()
    assert known.sum() == 6


def test_ctrl_c_before_there_are_scores(monkeypatch):
    model = make(alphas=3).fit(X, y)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(PathFitter, "grid", interrupt)
    interrupted(model, lambda *_: None, match="before there were any")
    assert fitted_attributes(model) == set()


def test_threads_end_where_one_of_them_fails(capsys):
    """And do not go on to the ends of their paths, with nobody to wait for them."""
    seen = []

    def score(mlp, X, y):
        seen.append(mlp.alpha)
        if len(seen) > 3 and mlp.alpha >= 1:
            raise RuntimeError("no more")
        return mlp.score(X, y)

    with pytest.raises(ValueError, match="no more"), in_threads():
        make(scoring=score, alphas=np.geomspace(0.1, 2, 40), verbose=True).fit(X, y)
    n_seen = len(seen)
    capsys.readouterr()
    time.sleep(0.05)
    assert not capsys.readouterr().out
    assert len(seen) <= n_seen + 2


# Scorers


@pytest.fixture
def n_fits(monkeypatch):
    fits = []
    fit = PathFitter.fit

    def counted(self, *args, **named):
        fits.append(self)
        return fit(self, *args, **named)

    monkeypatch.setattr(PathFitter, "fit", counted)
    return lambda: len(fits)


def fails(mlp, X, y):
    raise RuntimeError("no scores today")


@pytest.mark.parametrize(
    ("scoring", "match"),
    [
        (fails, "scoring=.*failed on the held-out samples of a fold.*no scores today"),
        (lambda *_: [1, 2], "scoring must return a number"),
        ("neg_log_loss", "scoring=.*failed.*predict_proba"),
    ],
)
def test_a_scorer_that_fails_does_so_before_the_fits(scoring, match, n_fits):
    with pytest.raises(ValueError, match=match):
        make(scoring=scoring, alphas=5).fit(X, y)
    assert n_fits() == 0


def test_a_scorer_that_fails_on_the_labels_of_the_last_fold(n_fits):
    X, y = load_iris(return_X_y=True)
    X = scale(X)
    folds = [(np.arange(150), np.arange(0, 150, 3)), (np.arange(150), np.arange(100))]
    model = make(RegularizedMLPClassifierCV, scoring="roc_auc_ovr", cv=folds)
    with (
        pytest.warns(UndefinedMetricWarning),
        pytest.raises(ValueError, match="No alpha has a score"),
    ):
        model.fit(X, y)
    assert n_fits() == 0
    model.set_params(cv=folds[:1], alphas=[1.0]).fit(X, y)
    assert n_fits() == 2


def test_a_scorer_that_has_nothing_to_say_of_constants():
    """It fails, or warns, or has no number: none of that is seen where none is compared."""
    settings = dict(alphas=ALPHAS[:4])
    expected = make(**settings).fit(X, y)

    def fail():
        raise RuntimeError("nothing there")

    def warn():
        warnings.warn("nothing there", stacklevel=1)
        return np.nan

    for say in (fail, warn):

        def score(mlp, X, y, say=say):
            return mlp.score(X, y) if mlp.selected_features_.any() else say()

        assert_same(make(scoring=score, **settings).fit(X, y), expected)


def test_a_trial_of_the_scorer_warns_of_nothing():
    """As alpha=0 beside a constraint would: it is no alpha of the user's."""

    def score(mlp, X, y):
        if not mlp.selected_features_.any():
            raise RuntimeError("nothing there")
        return mlp.score(X, y)

    penalty = [GroupLasso(), MaxNorm(1)]
    settings = dict(hidden_layer_sizes=(2,), tol="auto", alphas=[0.1], penalty=penalty)
    assert make(scoring=score, **settings).fit(X, y).selected_features_.any()


def test_scores_that_are_undefined_for_the_rows_of_a_fold(n_fits):
    """R2 of one row; a callable may have its own reasons for nan, and another opinion."""
    folds = [*FOLDS, (np.arange(60), [0])]
    with (
        pytest.warns(match="R.2 score is not well-defined"),
        pytest.raises(ValueError, match="No alpha has a score"),
    ):
        make(cv=folds).fit(X, y)
    assert n_fits() == 0

    def score(mlp, X, y):
        return mlp.score(X, y) if mlp.alpha == ALPHAS[2] else np.nan

    assert make(scoring=score).fit(X, y).alpha_ == ALPHAS[2]


def test_a_scorer_that_some_outputs_would_be_out_of_range_for():
    """Predictions are positive where they count, and for a constant."""
    target = np.exp(0.3 * y)
    model = make(scoring="neg_mean_gamma_deviance", alphas=[1.0], loss="poisson")
    assert np.isfinite(model.fit(X, target).scores_).all()


def test_the_network_that_a_scorer_is_tried_on_predicts_the_mean():
    seen = []

    def score(mlp, X, y):
        seen.append((mlp.predict(X), mlp.loss_))
        return 0.0

    make(scoring=score, alphas=[1.0]).fit(X, y)
    assert len(seen) == 3 + 3
    for predicted, loss in seen[:3]:
        np.testing.assert_allclose(predicted, y.mean(), rtol=1e-12)
        assert loss == pytest.approx(y.var() / 2)


def test_a_fit_that_fails_leaves_nothing_to_predict_with():
    model = make().fit(X, y)
    model.set_params(scoring=lambda *_: "no number")
    with pytest.raises(ValueError, match="must return a number"):
        model.fit(X[:, :2], y)
    with pytest.raises(NotFittedError):
        model.predict(X)


@pytest.mark.parametrize("params", [dict(early_stopping=True), dict(continuation=False)])
def test_the_last_fit_is_the_only_one_where_none_starts_from_another(params, monkeypatch):
    fits, fit = [], PathFitter.fit

    def counted(self, alpha, *args, **kwargs):
        fits.append((self._rows is None, alpha))
        return fit(self, alpha, *args, **kwargs)

    monkeypatch.setattr(PathFitter, "fit", counted)
    model = make(alphas=[0.01, 0.1, 1.0], **params).fit(X, y)
    assert [alpha for is_last, alpha in fits if is_last] == [model.alpha_]
