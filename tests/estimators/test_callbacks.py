"""The protocol of `sklearn.callback`, in every solver and under every meta-estimator."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
)

SOLVERS = ["lbfgs", "adam", "sgd"]
SETTINGS = [(solver, penalty) for solver in SOLVERS for penalty in ("l2", "l1")]
not_converged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.RandomState(0)
X = rng.randn(60, 4)
y = (X[:, 0] + X[:, 1] > 0).astype(int)


def make(**params):
    return RegularizedMLPClassifier(
        **{
            "hidden_layer_sizes": (5,),
            "alpha": 1.0,
            "max_iter": 6,
            "random_state": 0,
            **params,
        }
    )


def weights(model):
    return [array.copy() for array in model.coefs_ + model.intercepts_]


def assert_same_weights(first, second):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


class Recorder:
    """Keeps all it is handed, and does `act(n)` at the end of the n-th iteration."""

    def __init__(self, act=lambda n: False, at_begin=lambda n: None):
        self.act, self.at_begin = act, at_begin
        self.calls, self.begun, self.ended = [], [], []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        self.calls.append(f"begin {context.task_name}")
        if context.task_name == "iteration":
            self.begun.append(fitted_estimator)
            self.at_begin(len(self.begun))

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        self.calls.append(f"end {context.task_name}")
        self.last = dict(X=X, y=y, metadata=metadata, fitted_estimator=fitted_estimator)
        if context.task_name == "iteration":
            self.ended.append(fitted_estimator)
            return self.act(len(self.ended))
        return None


@pytest.mark.parametrize(("solver", "penalty"), SETTINGS)
@pytest.mark.parametrize("max_iter", [6, 1000])
@not_converged
def test_one_task_an_iteration(solver, penalty, max_iter):
    recorder = Recorder()
    model = make(solver=solver, penalty=penalty, max_iter=max_iter, tol=1e-3)
    model.set_callbacks(recorder).fit(X, y)
    assert model.n_iter_ > 1
    iterations = ["begin iteration", "end iteration"] * model.n_iter_
    assert recorder.calls == ["setup", "begin fit", *iterations, "end fit", "teardown"]


@pytest.mark.parametrize(("solver", "penalty"), SETTINGS)
def test_a_callback_stops_the_fit(solver, penalty):
    # No ConvergenceWarning: it would be an error here. The caller asked for the stop.
    recorder = Recorder(act=lambda n: n == 3)
    model = make(solver=solver, penalty=penalty, max_iter=500, tol=0)
    model.set_callbacks(recorder).fit(X, y)
    assert model.n_iter_ == 3
    assert len(model.loss_curve_) == 3
    assert recorder.calls[-2:] == ["end fit", "teardown"]


@pytest.mark.parametrize(("solver", "penalty"), SETTINGS)
@not_converged
def test_handed_over_estimator_is_that_of_a_fit_that_ended_there(solver, penalty):
    params = dict(solver=solver, penalty=penalty, tol=0)
    recorder = Recorder()
    make(**params, max_iter=5).set_callbacks(recorder).fit(X, y)
    for n_iter, handed_over in enumerate(recorder.ended, start=1):
        ended = make(**params, max_iter=n_iter).fit(X, y)
        assert_same_weights(weights(handed_over), weights(ended))
        assert handed_over.n_iter_ == n_iter
        assert handed_over.sparsity_ == ended.sparsity_
        np.testing.assert_array_equal(handed_over.predict(X), ended.predict(X))
        np.testing.assert_array_equal(handed_over.predict_proba(X), ended.predict_proba(X))


@pytest.mark.parametrize("solver", SOLVERS)
@not_converged
def test_an_iteration_begins_where_the_one_before_ended(solver):
    recorder = Recorder()
    make(solver=solver, tol=0).set_callbacks(recorder).fit(X, y)
    for ended, begun in zip(recorder.ended, recorder.begun[1:]):
        assert_same_weights(weights(ended), weights(begun))
    for earlier, later in zip(recorder.ended, recorder.ended[1:]):
        assert any((a != b).any() for a, b in zip(weights(earlier), weights(later)))


@pytest.mark.parametrize("solver", SOLVERS)
@not_converged
def test_given_initial_weights_are_those_of_the_first_begin(solver):
    coefs = [rng.randn(4, 5), rng.randn(5, 1)]
    intercepts = [rng.randn(5), rng.randn(1)]
    recorder = Recorder()
    model = make(solver=solver).set_callbacks(recorder)
    model.fit(X, y, coef_init=coefs, intercept_init=intercepts)
    assert recorder.begun[0].n_iter_ == 0
    assert_same_weights(weights(recorder.begun[0]), coefs + intercepts)


@pytest.mark.parametrize("solver", SOLVERS)
@not_converged
def test_handed_over_arrays_are_copies(solver):
    class Vandal(Recorder):
        def on_fit_task_begin(self, estimator, context, *, fitted_estimator=None):
            self.spoil(fitted_estimator)

        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            self.spoil(fitted_estimator)

        def spoil(self, model):
            for array in [] if model is None else model.coefs_ + model.intercepts_:
                array[...] = np.nan

    undisturbed = make(solver=solver).fit(X, y)
    spoilt = make(solver=solver).set_callbacks(Vandal()).fit(X, y)
    assert_same_weights(weights(undisturbed), weights(spoilt))
    assert undisturbed.loss_curve_ == spoilt.loss_curve_


@not_converged
def test_callbacks_get_what_fit_got():
    recorder = Recorder()
    frame = pd.DataFrame(X, columns=list("abcd"))
    labels = np.where(y == 1, "yes", "no")
    sample_weight = rng.uniform(1, 2, size=60)
    make().set_callbacks(recorder).fit(frame, labels, sample_weight=sample_weight)
    assert recorder.last["X"] is frame
    assert recorder.last["y"] is labels
    assert recorder.last["metadata"]["sample_weight"] is sample_weight


@not_converged
def test_the_end_of_the_fit_has_the_fitted_weights():
    # Early stopping returns the best weights, not the last ones.
    recorder = Recorder()
    params = dict(early_stopping=True, alpha=0, n_iter_no_change=5, max_iter=300)
    model = make(**params, solver="adam", learning_rate_init=0.1)
    noise = rng.randint(2, size=60)
    model.set_callbacks(recorder).fit(X, noise)
    assert_same_weights(weights(recorder.last["fitted_estimator"]), weights(model))
    last_iteration = weights(recorder.ended[-1])
    assert any((a != b).any() for a, b in zip(weights(model), last_iteration))


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_failing_callback_is_torn_down(solver):
    def fail(n):
        if n == 2:
            raise ZeroDivisionError("from the callback")

    recorder = Recorder(act=fail)
    model = make(solver=solver).set_callbacks(recorder)
    with pytest.raises(ZeroDivisionError, match="from the callback"):
        model.fit(X, y)
    assert recorder.calls[-1] == "teardown"
    assert recorder.calls.count("end iteration") == 2
    # Nothing is left behind that would spoil the next fit.
    recorder.act = lambda n: True
    model.fit(X, y)


def test_nothing_is_set_up_for_input_that_fails_validation():
    recorder = Recorder()
    with pytest.raises(ValueError, match="NaN"):
        make().set_callbacks(recorder).fit(X * np.nan, y)
    assert recorder.calls.count("setup") == recorder.calls.count("teardown")


# Ctrl-C


def interrupt_at(n_interrupt):
    def act(n):
        if n == n_interrupt:
            raise KeyboardInterrupt

    return act


@pytest.mark.parametrize(("solver", "penalty"), SETTINGS)
@pytest.mark.parametrize(("moment", "n_done"), [("end", 3), ("begin", 2)])
def test_ctrl_c_keeps_the_weights_reached_so_far(solver, penalty, moment, n_done):
    params = dict(solver=solver, penalty=penalty, tol=0)
    act = interrupt_at(3)
    recorder = Recorder(act=act) if moment == "end" else Recorder(at_begin=act)
    model = make(**params, max_iter=500).set_callbacks(recorder)
    with pytest.raises(KeyboardInterrupt, match=r"interrupted.*kept"):
        model.fit(X, y)
    assert model.n_iter_ == n_done
    assert recorder.calls[-1] == "teardown"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        ended = make(**params, max_iter=n_done).fit(X, y)
    assert_same_weights(weights(model), weights(ended))
    # There is no further pass over the data, which might take long.
    assert model.loss_ == model.loss_curve_[-1]
    assert np.isnan(model.optimality_)
    np.testing.assert_array_equal(model.predict(X), ended.predict(X))


@pytest.mark.parametrize("solver", SOLVERS)
def test_ctrl_c_before_the_first_iteration_is_done(solver):
    model = make(solver=solver).set_callbacks(Recorder(at_begin=interrupt_at(1)))
    with pytest.raises(KeyboardInterrupt, match=r"interrupted.*kept"):
        model.fit(X, y)
    assert model.n_iter_ == 0
    assert model.loss_curve_ == []
    assert np.isfinite(model.predict_proba(X)).all()


# ScoringMonitor and ProgressBar, scikit-learn's own callbacks


def scores_of(log, name):
    return [row[name] for row in log.data if row["task_name"] == "iteration"]


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("weighted", [False, True])
@not_converged
def test_scoring_monitor_logs_the_score_of_every_iteration(solver, weighted):
    sample_weight = rng.uniform(0.1, 3, size=60) if weighted else None
    monitor = ScoringMonitor(scoring=["accuracy", "neg_log_loss"])
    make(solver=solver, tol=0).set_callbacks(monitor).fit(X, y, sample_weight=sample_weight)
    logged = scores_of(monitor.get_logs(), "accuracy")
    expected = [
        accuracy_score(
            y,
            make(solver=solver, tol=0, max_iter=n + 1)
            .fit(X, y, sample_weight=sample_weight)
            .predict(X),
            sample_weight=sample_weight,
        )
        for n in range(6)
    ]
    assert logged == pytest.approx(expected, rel=1e-12)


@not_converged
def test_scoring_monitor_of_a_regressor():
    target = X @ [1.0, 2.0, 3.0, 4.0]
    monitor = ScoringMonitor(scoring="r2")
    model = RegularizedMLPRegressor((5,), max_iter=4, tol=0, random_state=0, alpha=1.0)
    model.set_callbacks(monitor).fit(X, target)
    logged = scores_of(monitor.get_logs(), "r2")
    assert len(logged) == model.n_iter_
    assert logged[-1] == pytest.approx(r2_score(target, model.predict(X)), rel=1e-12)


@pytest.mark.parametrize("output", ["default", "pandas"])
@not_converged
def test_scoring_monitor_in_a_pipeline_with_a_data_frame(output):
    # A warning about feature names would be an error here.
    frame = pd.DataFrame(X, columns=list("abcd"))
    monitor = ScoringMonitor(scoring="accuracy")
    model = make().set_callbacks(monitor)
    pipeline = make_pipeline(StandardScaler().set_output(transform=output), model)
    pipeline.fit(frame, y)
    logged = scores_of(monitor.get_logs(), "accuracy")
    assert len(logged) == model.n_iter_
    assert logged[-1] == pytest.approx(pipeline.score(frame, y), rel=1e-12)


@not_converged
def test_scoring_monitor_on_a_data_frame():
    frame = pd.DataFrame(X, columns=list("abcd"))
    monitor = ScoringMonitor(scoring="accuracy")
    model = make().set_callbacks(monitor).fit(frame, y)
    assert len(scores_of(monitor.get_logs(), "accuracy")) == model.n_iter_


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [None, 2])
@not_converged
def test_scoring_monitor_inside_a_grid_search(n_jobs, monkeypatch):
    # Workers have filters of their own.
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    monitor = ScoringMonitor(scoring="accuracy")
    pipeline = make_pipeline(
        StandardScaler(), make(tol=0, max_iter=3).set_callbacks(monitor)
    )
    grid = {"regularizedmlpclassifier__alpha": [0.1, 1.0]}
    GridSearchCV(pipeline, grid, cv=2, n_jobs=n_jobs).fit(X, y)
    # Two candidates on two folds and the final fit, three iterations each.
    assert len(scores_of(monitor.get_logs(), "accuracy")) == (2 * 2 + 1) * 3


@not_converged
def test_progress_bar(capsys):
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar

    make().set_callbacks(ProgressBar()).fit(X, y)
    assert "RegularizedMLPClassifier - fit" in capsys.readouterr().out


@not_converged
def test_progress_bar_on_a_grid_search(capsys):
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar

    search = GridSearchCV(make(), {"alpha": [0.1, 1.0]}, cv=2)
    search.set_callbacks(ProgressBar()).fit(X, y)
    shown = capsys.readouterr().out
    assert "GridSearchCV - fit" in shown
    assert "RegularizedMLPClassifier - fit" in shown
    # Propagated callbacks are taken back.
    assert not hasattr(search.best_estimator_, "_skl_callbacks")


@pytest.mark.parametrize("depth", [1, 2, None])
@not_converged
def test_progress_bar_on_a_search_over_a_pipeline(depth, capsys):
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar

    pipeline = make_pipeline(StandardScaler(), make())
    grid = {"regularizedmlpclassifier__alpha": [0.1]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise")
    search.set_callbacks(ProgressBar(max_propagation_depth=depth)).fit(X, y)
    shown = capsys.readouterr().out
    assert "Pipeline - fit" in shown
    assert ("RegularizedMLPClassifier - fit" in shown) == (depth != 1)


@pytest.mark.parametrize(
    "network",
    [make(), RegularizedMLPClassifierCV((3,), alphas=[0.1, 1.0], cv=2, random_state=0)],
    ids=lambda network: type(network).__name__,
)
@not_converged
def test_callbacks_in_a_pipeline(network, capsys):
    """Those that propagate are set on the pipeline, others on the network."""
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar

    network, recorder = clone(network), Recorder()
    network.set_callbacks(recorder)
    pipeline = make_pipeline(StandardScaler(), network).set_callbacks(ProgressBar())
    pipeline.fit(X, y)
    assert f"{type(network).__name__} - fit" in capsys.readouterr().out
    assert recorder.calls.count("begin fit") == recorder.calls.count("end fit") == 1
    part = "iteration" if isinstance(network, RegularizedMLPClassifier) else "alpha"
    assert recorder.calls.count(f"end {part}") > 1
    # The bar is taken back, and the other one stays.
    assert network._skl_callbacks == [recorder]


@not_converged
def test_a_callback_ends_training_in_a_pipeline():
    recorder = Recorder(lambda n: n == 3)
    network = make(tol=0).set_callbacks(recorder)
    make_pipeline(StandardScaler(), network).fit(X, y)
    assert network.n_iter_ == 3


@pytest.mark.parametrize(
    "outer",
    [
        lambda mlp: make_pipeline(StandardScaler(), mlp),
        lambda mlp: GridSearchCV(mlp, {"alpha": [1.0]}, cv=2, error_score="raise"),
    ],
    ids=["pipeline", "search"],
)
@not_converged
def test_propagated_callbacks_belong_on_the_outermost_estimator(outer):
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar

    model = outer(make().set_callbacks(ProgressBar()))
    with pytest.raises(TypeError, match="Register them directly on the meta-estimator"):
        model.fit(X, y)


# Setting callbacks


def test_set_callbacks_returns_self_and_checks():
    model = make()
    assert model.set_callbacks(Recorder()) is model
    with pytest.raises(TypeError, match="FitCallback"):
        model.set_callbacks(print)


@not_converged
def test_callbacks_can_be_taken_off():
    recorder = Recorder()
    make().set_callbacks(recorder).set_callbacks().fit(X, y)
    assert recorder.calls == []


@not_converged
def test_clones_share_their_callbacks():
    # As all of scikit-learn's estimators: GridSearchCV could not reach them otherwise.
    recorder = Recorder()
    clone(make().set_callbacks(recorder)).fit(X, y)
    assert recorder.calls[0] == "setup"


@not_converged
def test_callbacks_are_no_parameters():
    model = make().set_callbacks(Recorder())
    assert model.get_params() == make().get_params()


@pytest.mark.parametrize("solver", SOLVERS)
@not_converged
def test_callbacks_do_not_change_the_fit(solver):
    silent = make(solver=solver).fit(X, y)
    watched = make(solver=solver).set_callbacks(Recorder()).fit(X, y)
    assert_same_weights(weights(silent), weights(watched))
