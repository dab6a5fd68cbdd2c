"""What `verbose` prints, and how much of it."""

import re
from itertools import pairwise

import numpy as np
import pytest
from clocks import Clock

from sknormreg import RegularizedMLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.RandomState(0)
X = rng.randn(40, 3)
LEVELS = (X[:, 0] > 0).astype(int)


def test_a_larger_number_never_prints_less(capsys):
    for n_iter, at_one in ((2, 2), (25, 11)):
        printed = []
        for verbose in (0, 1, 2, 10):
            mlp = RegularizedMLPClassifier(
                (3,), solver="adam", max_iter=n_iter, tol=0.0, verbose=verbose, alpha=1.0
            )
            mlp.fit(X, LEVELS)
            printed.append(len(capsys.readouterr().out.splitlines()))
        assert printed == [0, at_one, n_iter, n_iter]


class Slow:
    """A callback that makes iterations last some seconds by a clock."""

    def __init__(self, clock, seconds):
        self.clock, self.seconds = clock, seconds

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        if context.task_name == "iteration":
            self.clock.turn(self.seconds)

    def on_fit_task_end(self, estimator, context):
        pass


@pytest.fixture
def lines(monkeypatch, capsys):
    """Fit, with so many seconds for each iteration; return the lines that it prints."""
    clock = Clock(monkeypatch)

    def fit(seconds, **params):
        common = dict(alpha=1.0, solver="adam", tol=0.0, verbose=1, random_state=0)
        params = common | params
        mlp = RegularizedMLPClassifier((3,), **params)
        mlp.set_callbacks(Slow(clock, seconds)).fit(X, LEVELS)
        return capsys.readouterr().out.splitlines()

    return fit


def iterations_of(lines):
    return [int(re.match(r"Iteration (\d+),", line)[1]) for line in lines]


@pytest.mark.parametrize("seconds", [0.3, 1.9, 7.0, 100.0])
def test_no_silence_is_long(seconds, lines):
    """It lasts two seconds, or a tenth of the time so far, and at most a minute more."""
    n_iter = iterations_of(lines(seconds, max_iter=150))
    assert n_iter[0] == 1
    for last, n in pairwise(n_iter):
        silence = (n - last) * seconds
        assert silence < max(2, min(0.1 * n * seconds, 60)) + 1.001 * seconds


def test_lines_become_fewer(lines):
    for seconds in (0.001, 0.3, 7.0):
        n_iter = iterations_of(lines(seconds, max_iter=300))
        assert len([n for n in n_iter if n > 200]) < 35
        assert {1, 2, 10, 20, 90, 100, 200, 300} <= set(n_iter)
    assert len(lines(0.001, max_iter=300)) == 21


def test_time_left_of_epochs(lines):
    printed = lines(4.0, max_iter=20)
    assert printed[9].endswith(", 40.0 s, at most about 40 s left")
    assert printed[-1].endswith(", 80.0 s")


def test_time_left_of_a_limit(lines):
    printed = lines(10.0, solver="lbfgs", penalty="l1", max_time=195)
    assert printed[0].endswith(", 10.0 s, at most about 3 min left")
    assert printed[9].endswith(", 100.0 s, at most about 95 s left")
    assert printed[-1].endswith(", 200.0 s")
    # The sooner of two.
    printed = lines(10.0, max_iter=100, max_time=60)
    assert printed[0].endswith(", at most about 50 s left")


def test_none_is_told_where_it_is_unknown(lines):
    """Solvers of full batches converge long before `max_iter`."""
    printed = lines(10.0, solver="lbfgs", max_iter=30)
    assert len(printed) >= 10
    assert not any("left" in line for line in printed)
