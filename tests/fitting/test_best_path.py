"""Paths from several random starts: the best network at each alpha."""

import time
import warnings
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
    regularization_path,
)
from sknormreg.engine import Data
from sknormreg.estimators.specification import network_spec
from sknormreg.estimators.validation import training_data
from sknormreg.fitting.best_path import BestPathFitter
from sknormreg.fitting.path import PathFitter
from sknormreg.fitting.result import TrainingResult
from sknormreg.fitting.starts import start_seeds
from sknormreg.fitting.training import Watcher
from sknormreg.penalties import GroupMCP, MaxNorm

X, LABELS = load_wine(return_X_y=True)
X, LABELS = scale(X)[::2], LABELS[::2]
NUMBERS = scale(np.abs(X[:, 0] - X[:, 1]) + np.abs(X[:, 2] - X[:, 3]))
CONCAVE = [GroupMCP(0.3), MaxNorm(1.0)]
ALPHAS = np.array([0.3, 2.0, 5.0, 9.0, 15.0, 150.0])
SEEDS = [0, *np.random.RandomState(0).randint(np.iinfo(np.int32).max, size=3).tolist()]


def make(cls=RegularizedMLPRegressor, **params):
    settings = dict(
        hidden_layer_sizes=(3,), activation="relu", penalty=CONCAVE, max_iter=25
    )
    return cls(**(settings | dict(random_state=0) | params))


def path_of(mlp, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        y = NUMBERS if isinstance(mlp, RegularizedMLPRegressor) else LABELS
        mlp = clone(mlp).set_params(**params)
        return regularization_path(X, y, estimator=mlp, alphas=ALPHAS)


def best_by_hand(paths):
    """The best of some paths at each alpha, to the first empty network.

    An empty network ends a path, and is what it has at larger alphas, too: its objective is
    that of a constant, whatever alpha is.
    """
    best = []
    for i in range(len(ALPHAS)):
        at = [min(i, len(path.alphas) - 1) for path in paths]
        k = int(np.argmin([path.objective[j] for path, j in zip(paths, at)]))
        best.append((paths[k], at[k]))
        if paths[k].n_features[at[k]] == 0:
            break
    return best


CASES = [
    dict(),
    dict(penalty="l1", solver="adam", learning_rate_init=0.01),
    dict(cls=RegularizedMLPClassifier, penalty="l1", activation="tanh", tol=1e-3),
]


@cache
def paths_alone(i):
    return [path_of(make(**CASES[i]), random_state=seed) for seed in SEEDS]


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("case", CASES)
def test_the_best_of_paths_one_by_one(case, n_jobs):
    mlp = make(**case)
    found = path_of(mlp, n_init=4, n_jobs=n_jobs)
    alone = paths_alone(CASES.index(case))
    expected = best_by_hand(alone)
    assert len({id(path) for path, _ in expected}) > 1, "these settings do not tell"
    np.testing.assert_array_equal(found.alphas, ALPHAS[: len(expected)])
    for i, (path, j) in enumerate(expected):
        for name in ("objective", "optimality", "n_features", "sparsity", "n_iter"):
            assert found[name][i] == path[name][j], name
        for name in ("coefs", "intercepts"):
            for a, b in zip(found[name][i], path[name][j], strict=True):
                np.testing.assert_array_equal(_dense(a), _dense(b))
    assert (found.objective <= alone[0].objective[: len(expected)]).all()


def _dense(array):
    return array.toarray() if hasattr(array, "toarray") else array


@dataclass(frozen=True)
class Point:
    """Stands for a network."""

    alpha: float
    loss: float
    is_empty: bool = False

    @property
    def training(self):
        return TrainingResult(np.zeros(0), loss=self.loss)


def best_of(*paths, last_skipped=-np.inf):
    spec, data = problem(make())
    fitter = BestPathFitter(spec, data, None, SEEDS[: len(paths)])
    return list(fitter._best_of([iter(path) for path in paths], last_skipped))


def test_a_path_that_ends_early_does_not_end_the_others():
    """Its empty network is its candidate at larger alphas, and may be the best there."""
    empty = Point(2, 1.0, is_empty=True)
    short = [Point(1, 0.4), empty]
    long = [Point(1, 0.5), Point(2, 0.6), Point(3, 0.8), Point(4, 1.1), Point(5, 1.3)]
    expected = [short[0], *long[1:3], Point(4, 1.0, is_empty=True)]
    assert best_of(short, long) == expected
    assert best_of(long, short) == expected
    # It is the best already, and the path ends with it.
    assert best_of([Point(1, 0.4), Point(2, 1.2), Point(3, 0.1)], short) == short


def test_paths_may_begin_and_skip_elsewhere():
    first = [Point(3, 0.3), Point(4, 0.5)]
    other = [Point(1, 0.1), Point(2, 0.2), Point(3, 0.4), Point(4, 0.4)]
    expected = [Point(3, 0.3), Point(4, 0.4)]
    assert best_of(first, other, last_skipped=2) == expected
    # Beyond a limit of time, one of them has left alphas out.
    assert best_of(other, other[:2] + other[3:]) == other
    # One that is over ends the path, so that all starts have a part in all of it.
    assert best_of(other, other[:2]) == other[:2]


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_with_early_stopping_each_is_the_fit_of_the_estimator_alone(solver):
    """The held-out loss decides, of the same samples for all starts."""
    mlp = make(early_stopping=True, solver=solver, penalty="l1", learning_rate_init=0.02)
    mlp.set_params(n_init=3, tol=1e-4)
    path = path_of(mlp)
    assert len(path.alphas) > 3
    for i, alpha in enumerate(path.alphas):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            alone = clone(mlp).set_params(alpha=alpha).fit(X, NUMBERS)
        for a, b in zip(path.coefs[i], alone.coefs_, strict=True):
            np.testing.assert_array_equal(_dense(a), b)


# Without estimators


def problem(mlp):
    data, targets = training_data(mlp, X, NUMBERS, None)
    return network_spec(mlp, targets), Data(*data)


@pytest.mark.parametrize("continuation", [True, False])
def test_relaxed_fits_are_the_best_of_all_starts(continuation):
    """Each start has its own, along the path of the best networks."""
    spec, data = problem(make())
    fitter = BestPathFitter(spec, data, None, start_seeds(0, 4), continuation)
    points = list(fitter.path(ALPHAS))
    found = list(fitter.relaxed(points, 1.0))
    alone = [
        list(PathFitter(spec, data, None, seed, continuation).relaxed(points, 1.0))
        for seed in SEEDS
    ]
    chosen = set()
    for one, fits in zip(found, zip(*alone, strict=True), strict=True):
        losses = [fitted.training.loss for fitted in fits]
        best = int(np.argmin(losses))
        np.testing.assert_array_equal(one.params, fits[best].params)
        chosen |= {best}
    assert len(chosen) > 1, "these settings do not tell"


def test_one_start_goes_on_from_the_trials_of_the_grid():
    """The others lead there by themselves; no network before counts."""
    spec, data = problem(make(penalty="group_lasso", activation="tanh"))
    fitter = BestPathFitter(spec, data, None, start_seeds(0, 3))
    alphas = fitter.grid(8)[:7]
    trials = fitter.trials
    first = [fitted.alpha for fitted in trials if fitted.alpha < alphas[-1]][-1]
    found = list(fitter.path(alphas, skips=True, trials=trials))
    assert [one.alpha for one in found] == [alpha for alpha in alphas if alpha > first]
    alone = [list(PathFitter(spec, data, None, 0).path(alphas, trials=trials))]
    alone += [list(PathFitter(spec, data, None, seed).path(alphas)) for seed in SEEDS[1:3]]
    expected = min(path[-1].training.loss for path in alone)
    assert found[-1].training.loss == expected


def test_no_start_begins_when_the_time_is_over(monkeypatch):
    spec, data = problem(make(max_time=1e-9))
    fitter = BestPathFitter(spec, data, None, SEEDS, deadline=time.monotonic())
    (found,) = fitter.path(ALPHAS)
    (first,) = PathFitter(spec, data, None, 0, deadline=time.monotonic()).path(ALPHAS)
    np.testing.assert_array_equal(found.params, first.params)
    assert found.training.n_iter == 1
    # A limit that is set later is for all starts.
    watcher = Counting()
    fitter = BestPathFitter(spec, data, None, SEEDS, watcher=watcher)
    path = fitter.path(ALPHAS)
    assert next(path).training.n_iter > 1
    fitter.deadline = time.monotonic()
    n_iterations = watcher.n_iterations
    assert list(path) == []
    assert watcher.n_iterations == n_iterations


class Counting(Watcher):
    """Counts iterations, and raises an error in one of them."""

    def __init__(self, n_error=np.inf):
        self.n_iterations, self.n_error = 0, n_error

    def end_iteration(self, *_):
        self.n_iterations += 1
        if self.n_iterations == self.n_error:
            raise ZeroDivisionError


def test_an_error_ends_all_starts():
    """Where one fails, threads do not go on to the ends of their fits."""

    watcher = Counting(n_error=20)
    spec, data = problem(make(tol=0, max_iter=10**6, solver="sgd"))
    fitter = BestPathFitter(spec, data, None, SEEDS[:2], watcher=watcher, n_jobs=2)
    with pytest.raises(ZeroDivisionError):
        next(fitter.path(ALPHAS))
    time.sleep(0.1)
    n_iterations = watcher.n_iterations
    time.sleep(0.1)
    assert watcher.n_iterations == n_iterations


def test_lines_name_the_start(capsys):
    mlp = make(n_init=2, verbose=2, max_iter=1)
    path_of(mlp)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("start 1 of 2: iteration 1, loss = ")
    assert lines[1].startswith("start 2 of 2: iteration 1, loss = ")
    assert lines[2].startswith("alpha 1 of 6: 0.3, ")
