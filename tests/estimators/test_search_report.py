"""Lines printed during a search for alpha."""

import pickle
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from clocks import Clock

from sknormreg.estimators.comparison import ComparedPath, PathScores
from sknormreg.estimators.search_report import SearchReport

ALPHAS = np.geomspace(0.1, 10, 20)


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.fixture
def printed(capsys):
    """Return the lines printed since the last call."""
    return lambda: capsys.readouterr().out.splitlines()


def compared(*relaxes):
    return ComparedPath({}, None, ALPHAS, list(relaxes) or [None])


def new_path(n_relaxes=1):
    return PathScores(0, n_relaxes, len(ALPHAS))


def score(found, n_features=3):
    n_relaxes = len(found.scores)
    scores = [0.5 + 0.01 * (found.n_done == 7)] * n_relaxes
    found.add(scores, [n_features] * n_relaxes, [None] * n_relaxes)


def walk(report, clock, name, seconds, n_alphas=20):
    """Take a path, of which each alpha takes some seconds."""
    found, start = new_path(), clock.now
    for _ in range(n_alphas):
        clock.turn(seconds)
        score(found)
        report.alpha(name, found)
    report.path(name, found, compared(), 5, clock.now - start)


def begun(verbose=1, n_paths=3, max_time=None):
    report = SearchReport(verbose, max_time)
    report.begin_comparison(n_paths, len(ALPHAS))
    return report


def test_lines_of_a_path(clock, printed):
    report = begun()
    walk(report, clock, "path 1, fold 1", 1.0)
    first, *others, last = printed()
    assert first == "1 of 60 fits, 1.0 s, about 59 s left before the final fit"
    assert others[0] == "3 of 60 fits, 3.0 s, about 57 s left before the final fit"
    assert len(others) == 9  # every two seconds
    assert last == (
        "path 1, fold 1: best score 0.51 at alpha = 0.5456 with 3 of 5 features, 20 fits, "
        "20.0 s (20 of 60 fits, about 40 s left before the final fit)"
    )


def test_quick_paths_print_a_line_each(clock, printed):
    report = begun()
    for i in range(3):
        walk(report, clock, f"fold {i}", 0.01)
    lines = printed()
    assert len(lines) == 3
    assert lines[0].endswith("(20 of 60 fits, about 0.4 s left before the final fit)")
    assert lines[2].endswith(", 20 fits, 0.2 s")  # nothing is left


def test_no_silence_is_long(clock, printed):
    report = begun(n_paths=10)
    times = [0.0]
    for i in range(10):
        walk(report, clock, f"fold {i}", 3.0)
        for line in printed():
            told = re.match(r"\d+ of \d+ fits, (\S+) s, ", line)
            times.append(float(told[1]) if told else 60.0 * (i + 1))
    silences = np.diff(times)
    assert times[1] == 3.0
    assert times[-1] == 600.0
    assert np.all(silences <= np.maximum(2, 0.1 * np.array(times[1:])) + 3)
    assert silences[-4:].mean() > 20  # fewer lines as the search takes longer


def test_paths_that_end_early_leave_less_to_do(clock, printed):
    report = begun()
    walk(report, clock, "fold 1", 0.1, n_alphas=5)
    (line,) = printed()
    # 15 alphas, at which the network is empty, are left out.
    assert line.endswith("(5 of 45 fits, about 4.0 s left before the final fit)")


def test_time_left_of_a_limit(clock, printed):
    report = begun(max_time=8)
    walk(report, clock, "fold 1", 0.25)
    assert printed()[-1].endswith("(20 of 60 fits, about 3.0 s left before the final fit)")


def test_relaxed_fits_along_a_path(clock, printed):
    report = SearchReport(1)
    report.begin_comparison(2, 2 * len(ALPHAS))
    found = new_path(2)
    for _ in range(10):
        score(found)
    clock.turn(5.0)
    report.alpha("fold 1", found)
    report.path("fold 1", found, compared(None, 10.0), 5, 5.0)
    progress, path = printed()
    assert progress == "20 of 80 fits, 5.0 s, about 15 s left before the final fit"
    assert "alpha = 0.5456, relax = None with 3 of 5 features, 20 fits, 5.0 s (" in path


def test_a_path_without_a_score(clock, printed):
    report = begun()
    report.path("fold 1", new_path(), compared(), 5, 0.5)
    (line,) = printed()
    assert line == "fold 1: no alpha in its part of max_time, 0.5 s (0 of 40 fits)"


def test_scores_that_are_nan_are_not_the_best(clock, printed):
    report, found = begun(), new_path()
    for value in (np.nan, 0.5):
        found.add([value], [3], [None])
    report.path("fold 1", found, compared(), 5, 0.5)
    assert "best score 0.5 at" in printed()[0]


def test_a_larger_number_prints_every_alpha(clock, printed):
    n_lines = []
    for verbose in (0, 1, 2):
        walk(begun(verbose), clock, "fold 1", 0.001)
        n_lines.append(len(printed()))
    assert n_lines == [0, 1, 21]


def test_grid_and_final_fit(clock, printed):
    for verbose in (False, True):
        report = SearchReport(verbose)
        report.grid(ALPHAS, 1.25)
        report.begin_refit(0.5)
        report.refit(0.5, 3, 5, 0.75)
        assert printed() == verbose * [
            "20 alphas from 0.1 to 10, found in 1.2 s",
            "all samples: alpha = 0.5 with 3 of 5 features, 0.8 s",
        ]


def test_a_slow_fit_is_seen_alive(clock, printed):
    """In every stage, by the iterations of fits."""
    report = SearchReport(1)

    def iterate(n):
        report.begin_iteration(None, None, n)
        clock.turn(0.75)
        assert not report.end_iteration(None, None, n + 1)

    for stage, told in (
        (lambda: None, "looking for alpha_max, iteration 2, 1.5 s"),
        (lambda: report.begin_comparison(3, 20), "0 of 60 fits, 3.8 s"),
        (lambda: report.begin_refit(0.5), "all samples: alpha = 0.5, iteration 2, 6.0 s"),
    ):
        stage()
        for n in range(3):
            iterate(n)
        assert printed() == [told]


def test_threads_share_a_report(clock, printed):
    report = begun(n_paths=40)

    def take(i):
        found = new_path()
        for _ in ALPHAS:
            score(found)
            report.alpha(f"fold {i}", found)
            report.end_iteration(None, None, 1)
        report.path(f"fold {i}", found, compared(), 5, 1.0)

    clock.turn(60.0)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(take, range(40)))
    lines = printed()
    # One line of progress, as the clock stands still, and one for each path.
    assert len(lines) == 41
    # A path whose line is printed after the last fit of all others says no more what is
    # left: that is the last line, and those of threads that wait to print theirs.
    found = [re.search(r"(\d+) of 800 fits", line) for line in lines]
    n_done = [int(match[1]) if match else 800 for match in found]
    assert n_done == sorted(n_done)
    assert sum(match is None for match in found) <= 8
    assert lines[-1].endswith("20 fits, 1.0 s")


def test_copies_in_processes_tell_of_their_own_path(clock, printed):
    report = begun(max_time=100)
    clock.turn(30.0)
    state = pickle.dumps(report)
    clock.now = 5.0  # the clock of another machine
    copy = pickle.loads(state)
    clock.turn(5.0)
    copy.end_iteration(None, None, 1)
    assert printed() == []
    found = new_path()
    score(found)
    copy.alpha("fold 2", found)
    copy.path("fold 2", found, compared(), 5, 5.0)
    progress, path = printed()
    # Of the limit, 70 s are left at the start.
    assert progress == "fold 2, 1 of 20 fits, 5.0 s, about 65 s left"
    assert path.endswith(", 1 fit, 5.0 s")
