"""n_init: fits from several random starts, of which the best is kept."""

import _thread
import re
import warnings
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
from clocks import Clock
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)
from sknormreg.fitting.best_start import StartWatcher, _Starts
from sknormreg.fitting.fit import FittedNetwork
from sknormreg.fitting.result import TrainingResult
from sknormreg.penalties import GroupMCP, MaxNorm

not_converged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
in_one_thread_and_in_two = pytest.mark.parametrize("n_jobs", [None, 2])

WINE = load_wine(return_X_y=True)
X, LABELS = scale(WINE[0]), WINE[1]
NUMBERS = scale(X[:, 0] * X[:, 1] + np.abs(X[:, 2]))
CONCAVE = [GroupMCP(0.3), MaxNorm(1.0)]


def make(cls=RegularizedMLPClassifier, **params):
    settings = dict(hidden_layer_sizes=(3,), max_iter=12, random_state=3)
    if not cls.__name__.endswith("CV"):
        settings["alpha"] = 1.0
    return cls(**(settings | params))


def data_of(mlp):
    return X, LABELS if hasattr(mlp, "class_weight") else NUMBERS


def fitted(mlp, **arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mlp.fit(*data_of(mlp), **arguments)


def seeds(n_init, first=3):
    """The seed of each start, as if fitted by itself."""
    others = np.random.RandomState(first).randint(np.iinfo(np.int32).max, size=n_init - 1)
    return [first, *others.tolist()]


def one_by_one(mlp):
    """A fit for each start."""
    plain = clone(mlp).set_params(n_init=1, n_jobs=None, verbose=False).set_callbacks()
    return [
        fitted(clone(plain).set_params(random_state=seed)) for seed in seeds(mlp.n_init)
    ]


def assert_same(one, two):
    assert set(vars(one)) == set(vars(two))
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(one, name), getattr(two, name), strict=True):
            np.testing.assert_array_equal(a, b)
    for name in ("loss_", "optimality_", "n_iter_", "t_", "loss_curve_", "solver_"):
        assert getattr(one, name) == getattr(two, name)


CASES = [
    (RegularizedMLPClassifier, dict(penalty="group_lasso", alpha=3)),
    (RegularizedMLPClassifier, dict(solver="adam", dropout=0.2, learning_rate_init=0.02)),
    (RegularizedMLPClassifier, dict(solver="sgd", penalty="l1", learning_rate_init=0.05)),
    (RegularizedMLPRegressor, dict(penalty=CONCAVE, activation="relu", alpha=20)),
    (RegularizedMLPRegressor, dict(penalty="hierarchical", loss="huber", tol=1e-3)),
]


@in_one_thread_and_in_two
@pytest.mark.parametrize(("cls", "params"), CASES)
def test_the_best_of_fits_one_by_one(cls, params, n_jobs, capsys):
    mlp = make(cls, n_init=4, n_jobs=n_jobs, verbose=1, **params)
    found, alone = fitted(mlp), one_by_one(mlp)
    losses = [one.loss_ for one in alone]
    assert len(set(losses)) == 4
    best = int(np.argmin(losses))
    assert_same(found, alone[best])
    # One line for each start, the first of which is that of a single start.
    lines = sorted(capsys.readouterr().out.splitlines())
    assert len(lines) == 4
    for i, (line, one) in enumerate(zip(lines, alone), 1):
        pattern = rf"start {i} of 4: loss = (\S+), {one.n_iter_} iterations, \d+\.\d s"
        match = re.match(pattern, line)
        assert float(match[1]) == pytest.approx(one.loss_, rel=1e-6)
    if n_jobs is None:
        running = np.minimum.accumulate(losses)
        improved = [k > 0 and losses[k] < running[k - 1] for k in range(4)]
        assert [line.endswith("s, the best so far") for line in lines] == improved


def test_more_starts_are_never_worse():
    """They add to fewer ones."""
    mlp = make(penalty="l1", max_iter=8)
    losses = [fitted(mlp.set_params(n_init=n_init)).loss_ for n_init in range(1, 8)]
    assert (np.diff(losses) <= 0).all()
    assert len(set(losses)) > 2


def test_in_the_threads_of_a_joblib_context():
    """None stands for the number of the context."""
    mlp = make(solver="adam", n_init=3)
    alone = fitted(clone(mlp))
    with joblib.parallel_config(n_jobs=2):
        assert_same(fitted(mlp), alone)


@in_one_thread_and_in_two
def test_a_random_state_is_left_as_by_a_single_start(n_jobs):
    """The next fit draws other numbers, and the same ones whatever n_jobs is."""
    states = [np.random.RandomState(5) for _ in range(2)]
    fitted(make(random_state=states[0], solver="adam"))
    mlp = make(random_state=states[1], solver="adam", n_init=3, n_jobs=n_jobs)
    first = fitted(mlp).loss_
    assert states[0].randint(10**9) == states[1].randint(10**9)
    assert fitted(mlp).loss_ != first


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_of_equal_starts_the_first_is_kept(order):
    """Whichever thread has ended first."""
    spec = SimpleNamespace(n_init=3, settings=SimpleNamespace(max_time=None, verbose=0))
    starts = _Starts(spec, np.inf)
    for index in order:
        result = TrainingResult(np.zeros(0), loss=[0.7, 0.5, 0.5][index], n_iter=index)
        fitted = FittedNetwork(None, result.params, 1.0, "lbfgs", result)
        starts.run(index, StartWatcher(), lambda watcher, fitted=fitted: fitted)
    assert starts.best().training.n_iter == 1


# Where something else decides


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_given_validation_samples_decide_with_early_stopping(solver):
    train, test = np.arange(0, 178, 3), np.arange(1, 178, 3)
    noise = np.random.RandomState(1).randint(3, size=178)  # J and held-out loss disagree
    y = np.where(np.arange(178) % 4, LABELS, noise)
    given = dict(X_val=X[test], y_val=y[test])
    mlp = make(alpha=0.1, early_stopping=True, solver=solver, learning_rate_init=0.03)
    mlp.set_params(max_iter=60, n_init=5)
    found = clone(mlp).fit(X[train], y[train], **given)
    alone = [
        clone(mlp).set_params(n_init=1, random_state=seed).fit(X[train], y[train], **given)
        for seed in seeds(5)
    ]
    held_out = [log_loss(y[test], one.predict_proba(X[test])) for one in alone]
    best = int(np.argmin(held_out))
    assert best != np.argmin([one.loss_ for one in alone]), "these data do not tell"
    assert_same(found, alone[best])
    # Without early stopping they are only watched.
    mlp.set_params(early_stopping=False, max_iter=12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        watched = clone(mlp).fit(X[train], y[train], **given)
        plain = clone(mlp).fit(X[train], y[train])
    assert watched.loss_ == plain.loss_


def test_all_starts_hold_out_the_same_samples():
    """Those that the first start draws before its weights, as a single one does."""
    random_state = np.random.RandomState(3)
    train, test = train_test_split(
        np.arange(178), test_size=0.3, random_state=random_state, stratify=LABELS
    )
    train.sort()
    test.sort()
    mlp = make(early_stopping=True, validation_fraction=0.3, alpha=0.1, max_iter=40)
    random_states = [random_state, *map(np.random.RandomState, seeds(4)[1:])]
    alone = [
        clone(mlp)
        .set_params(random_state=one)
        .fit(X[train], LABELS[train], X_val=X[test], y_val=LABELS[test])
        for one in random_states
    ]
    held_out = [
        log_loss(LABELS[test], one.predict_proba(X[test]), labels=[0, 1, 2])
        for one in alone
    ]
    found = mlp.set_params(n_init=4).fit(X, LABELS)
    expected = alone[int(np.argmin(held_out))]
    assert expected is not alone[0]
    # Sums over rows of X round as those over the rows by themselves, but for their order.
    np.testing.assert_allclose(
        found.predict_proba(X), expected.predict_proba(X), rtol=1e-6, atol=1e-9
    )


def test_the_evidence_decides_where_it_chooses_alphas(capsys):
    mlp = make(RegularizedMLPRegressor, alpha="evidence", n_init=4, max_iter=25, verbose=1)
    mlp.set_params(hidden_layer_sizes=(5,))
    found, alone = fitted(mlp), one_by_one(mlp)
    evidences = [one.log_evidence_ for one in alone]
    best = int(np.argmax(evidences))
    assert best != np.argmin([one.loss_ for one in alone]), "these data do not tell"
    assert_same(found, alone[best])
    assert found.log_evidence_ == max(evidences)
    line = capsys.readouterr().out.splitlines()[best]
    assert f"log evidence = {max(evidences):.6g}" in line


# Starts that are given


def test_given_weights_are_a_single_start():
    rng = np.random.RandomState(0)
    given = [rng.randn(13, 3), rng.randn(3, 3)]
    alone = fitted(make(), coef_init=given)
    message = r"coef_init gives the initial weights.*instead of n_init=5"
    with pytest.warns(RuntimeWarning, match=message):
        found = fitted(make(n_init=5), coef_init=given)
    assert_same(found, alone)


def test_given_intercepts_leave_weights_to_draw():
    given = [np.ones(3), np.zeros(3)]
    alone = [
        fitted(make(random_state=seed), intercept_init=given).loss_ for seed in seeds(3)
    ]
    found = fitted(make(n_init=3), intercept_init=given)
    assert found.loss_ == min(alone) < max(alone)


@not_converged
def test_a_warm_start_goes_on_from_the_best(capsys):
    mlp = make(n_init=4, warm_start=True, penalty="l1")
    first = fitted(clone(mlp))
    assert first.loss_ < fitted(clone(mlp).set_params(n_init=1)).loss_
    # A single start that is given the weights.
    alone = clone(mlp).set_params(n_init=1, warm_start=False)
    alone.fit(X, LABELS, coef_init=first.coefs_, intercept_init=first.intercepts_)
    assert_same(fitted(first.set_params(verbose=1)), alone)
    assert "start" not in capsys.readouterr().out


def test_partial_fit_takes_no_notice():
    one, two = (make(solver="adam", n_init=n_init) for n_init in (1, 3))
    for mlp in (one, two):
        for _ in range(2):
            mlp.partial_fit(X, LABELS, classes=[0, 1, 2])
    assert_same(one, two)


@pytest.mark.parametrize("params", [dict(n_init=0), dict(n_init=1.5), dict(n_jobs="all")])
@pytest.mark.parametrize("cls", [RegularizedMLPClassifier, RegularizedMLPRegressorCV])
def test_bad_values(cls, params):
    with pytest.raises(ValueError, match=f"'{next(iter(params))}' parameter"):
        cls(**params).fit(X, NUMBERS > 0)


# Callbacks


class Recorder:
    """Keeps the tasks, and does `act(start, task, number of iterations)` at their ends."""

    def __init__(self, act=lambda *_: None):
        self.act, self.calls, self.n_done = act, [], {}

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.calls.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        task = context.task_name
        self.calls.append(("end", task, context.task_id))
        self.last = fitted_estimator
        if task == "fit":
            return None
        start = context.task_id if task == "start" else context.parent.task_id
        self.n_done[start] = self.n_done.get(start, 0) + (task == "iteration")
        return self.act(start, task, self.n_done[start])

    def of_task(self, name):
        return [call for call in self.calls if call[1] == name]


def recorded(act=lambda *_: None, **params):
    recorder = Recorder(act)
    mlp = make(penalty="l1", n_init=3, **params).set_callbacks(recorder)
    return mlp, recorder


def test_starts_are_tasks():
    mlp, recorder = recorded()
    fitted(mlp)
    alone = one_by_one(mlp)
    expected = [("begin", "fit", 0)]
    for start, one in enumerate(alone):
        expected.append(("begin", "start", start))
        for i in range(one.n_iter_):
            expected += [("begin", "iteration", i), ("end", "iteration", i)]
        expected.append(("end", "start", start))
    assert recorder.calls == [*expected, ("end", "fit", 0)]
    for found, kept in zip(recorder.last.coefs_, mlp.coefs_, strict=True):
        np.testing.assert_array_equal(found, kept)


def test_starts_are_tasks_in_threads():
    mlp, recorder = recorded(n_jobs=2)
    fitted(mlp)
    ended = [one for one in recorder.of_task("start") if one[0] == "end"]
    assert sorted(ended) == [("end", "start", i) for i in range(3)]
    n_iter = {i: one.n_iter_ for i, one in enumerate(one_by_one(mlp))}
    assert recorder.n_done == n_iter


def test_a_callback_ends_a_start_or_the_fit():
    # No ConvergenceWarning: it would be an error here. The caller asked for the stop.
    mlp, recorder = recorded(lambda start, task, n: n == 2)
    mlp.fit(X, LABELS)
    assert recorder.n_done == {0: 2}, "the end of the first start has ended the fit"
    mlp, recorder = recorded(lambda start, task, n: task == "iteration" and n == 2 + start)
    mlp.fit(X, LABELS)
    assert recorder.n_done == {0: 2, 1: 3, 2: 4}
    mlp, recorder = recorded(lambda start, task, n: task == "start" and start == 1)
    fitted(mlp)
    assert recorder.n_done == {i: one.n_iter_ for i, one in enumerate(one_by_one(mlp)[:2])}


# Ctrl-C


@pytest.mark.parametrize(("n_first", "n_second", "best"), [(12, 1, 0), (3, 6, 1)])
def test_ctrl_c_keeps_the_best_so_far(n_first, n_second, best):
    """Whether that is the start which it interrupts, or the one before."""

    def act(start, task, n):
        if start == 1 and task == "iteration" and n == n_second:
            raise KeyboardInterrupt
        return start == 0 and task == "iteration" and n == n_first

    mlp, recorder = recorded(act)
    with pytest.raises(KeyboardInterrupt, match=r"interrupted.*kept"):
        fitted(mlp)
    losses = [
        fitted(make(penalty="l1", random_state=seed, max_iter=n)).loss_
        for seed, n in zip(seeds(2), (n_first, n_second))
    ]
    assert np.argmin(losses) == best, "these settings do not tell"
    # Where the interrupt ends a training, J is that of its last iteration.
    assert mlp.loss_ == pytest.approx(losses[best], rel=1e-9)
    assert set(recorder.n_done) == {0, 1}
    assert ("end", "start", 1) not in recorder.calls
    assert np.isfinite(mlp.predict_proba(X)).all()


def test_ctrl_c_in_threads_keeps_the_best_so_far(ctrl_c_interrupts):
    """It comes to the thread that waits; the others end with their iteration."""

    def act(start, task, n):
        if task == "iteration" and start == 1 and n == 4:
            _thread.interrupt_main()

    mlp, recorder = recorded(act, n_jobs=2, tol=0)
    mlp.set_params(max_iter=10**6, max_fun=10**9, solver="adam")
    with pytest.raises(KeyboardInterrupt, match=r"interrupted.*kept"):
        mlp.fit(X, LABELS)
    n_done = dict(recorder.n_done)
    assert 2 not in n_done
    assert mlp.n_iter_ in n_done.values()
    assert mlp.loss_ < mlp.loss_curve_[0]
    assert np.isfinite(mlp.predict_proba(X)).all()
    # Nobody goes on in the background.
    mlp.predict_proba(X)
    assert recorder.n_done == n_done


# Time


def test_no_start_begins_when_the_time_is_over(monkeypatch):
    clock = Clock(monkeypatch)

    def act(start, task, n):
        clock.turn(10.0 * (task == "start") + 0.1)

    mlp, recorder = recorded(act, max_time=20, max_iter=30)
    message = r"max_time=20 seconds were over after 2 of n_init=3 starts\. Increase"
    with pytest.warns(ConvergenceWarning, match=message):
        mlp.fit(X, LABELS)
    assert set(recorder.n_done) == {0, 1}
    assert mlp.loss_ == min(one.loss_ for one in one_by_one(mlp)[:2])


@in_one_thread_and_in_two
def test_there_is_an_iteration_in_any_case(n_jobs):
    message = r"over after 0 of n_init=3 starts\. .* reached max_time=1e-09 seconds"
    with pytest.warns(ConvergenceWarning, match=message):
        found = make(n_init=3, n_jobs=n_jobs, max_time=1e-9).fit(X, LABELS)
    assert found.n_iter_ == 1
    assert_same(found, fitted(make(max_time=1e-9)))


# Lines


def test_lines_of_iterations_name_their_start(capsys):
    mlp = make(n_init=2, max_iter=3, verbose=2)
    fitted(mlp)
    lines = capsys.readouterr().out.splitlines()
    names = [re.match(r"start \d of 2: (iteration \d|loss)", line)[0] for line in lines]
    expected = [f"iteration {i}" for i in (1, 2, 3)] + ["loss"]
    assert names == [f"start {k} of 2: {part}" for k in (1, 2) for part in expected]


def test_a_long_start_prints_lines(monkeypatch, capsys):
    clock = Clock(monkeypatch)
    mlp, _ = recorded(lambda start, task, n: clock.turn(1.5), verbose=1, max_iter=4)
    fitted(mlp)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "start 1 of 3: iteration 2, 1.5 s"
    assert sum(": loss = " in line for line in lines) == 3


# scikit-learn's checks


@parametrize_with_checks(
    [make(RegularizedMLPClassifier, n_init=2, max_iter=30, random_state=None)]
)
@not_converged
@pytest.mark.slow
def test_check_estimator(estimator, check):
    check(estimator)


@parametrize_with_checks(
    [make(RegularizedMLPRegressor, n_init=2, max_iter=30, random_state=None)]
)
@not_converged
@pytest.mark.slow
def test_check_estimator_of_the_regressor(estimator, check):
    check(estimator)


@parametrize_with_checks(
    [
        make(cls, n_init=2, max_iter=25, random_state=None, alphas=2, cv=2)
        for cls in (RegularizedMLPClassifierCV, RegularizedMLPRegressorCV)
    ]
)
@not_converged
@pytest.mark.slow
def test_check_estimator_with_cross_validation(estimator, check):
    check(estimator)
