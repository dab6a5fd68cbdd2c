"""Lines along a regularization path."""

import re
from itertools import pairwise

import numpy as np
import pytest
from clocks import Clock

from sknormreg import regularization_path
from sknormreg.fitting import path as path_module
from sknormreg.fitting.path_report import PathReport

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.RandomState(0)
X = rng.randn(50, 4)
y = X[:, 0] + 0.5 * X[:, 1] + 0.1 * rng.randn(50)
PARAMS = dict(penalty="l1", hidden_layer_sizes=(3,), random_state=0)


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.fixture
def fits_take(clock, monkeypatch):
    """Have each fit take some seconds."""
    fit_network = path_module.fit_network

    def have(seconds):
        def fit(*args, **named):
            fitted = fit_network(*args, **named)
            clock.turn(seconds)
            return fitted

        monkeypatch.setattr(path_module, "fit_network", fit)

    return have


@pytest.fixture
def iterations_take(clock, monkeypatch):
    """Have each iteration take some seconds."""
    begin = PathReport.begin_iteration

    def have(seconds):
        def slow(self, *args):
            clock.turn(seconds)
            begin(self, *args)

        monkeypatch.setattr(PathReport, "begin_iteration", slow)

    return have


def lines_of(capsys, **params):
    capsys.readouterr()
    path = regularization_path(X, y, **PARAMS | params)
    return path, capsys.readouterr().out.splitlines()


def test_one_line_for_each_alpha(capsys, fits_take):
    fits_take(2.0)
    path, lines = lines_of(capsys, alphas=[0.1, 0.5, 2.0, 1e4], verbose=1)
    assert len(lines) == 4
    assert path.n_features[-1] == 0
    for i, (line, rest) in enumerate(zip(lines, (6.0, 4.0, 2.0, None))):
        told = re.fullmatch(
            rf"alpha {i + 1} of 4: (\S+), (\d+) features?, residual = \S+, "
            rf"{2 * (i + 1)}\.0 s(?:, about (\S+) s left)?",
            line,
        )
        assert float(told[1]) == path.alphas[i]
        assert int(told[2]) == path.n_features[i]
        assert told[3] == (rest and str(rest))


def test_the_limit_of_the_time_is_known(capsys, fits_take):
    fits_take(2.0)
    alphas = np.geomspace(0.01, 0.1, 10)
    path, lines = lines_of(capsys, alphas=alphas, verbose=1, max_time=5)
    assert len(path.alphas) == len(lines) == 3
    assert lines[0].endswith("2.0 s, about 3.0 s left")
    assert lines[1].endswith("4.0 s, about 1.0 s left")
    assert lines[2].endswith("6.0 s")


def test_no_time_is_left_after_an_empty_network(capsys, fits_take):
    fits_take(2.0)
    path, lines = lines_of(capsys, alphas=[0.1, 1e4, 2e4, 4e4], verbose=1)
    assert len(path.alphas) == len(lines) == 2
    assert "0 features" in lines[1]
    assert "left" not in lines[1]


def test_a_larger_number_never_prints_less(capsys):
    alphas = [0.1, 1.0]
    plain, nothing = lines_of(capsys, alphas=alphas, verbose=0)
    assert not nothing
    _, at_one = lines_of(capsys, alphas=alphas, verbose=True)
    assert len(at_one) == 2
    path, at_two = lines_of(capsys, alphas=alphas, verbose=2)
    assert len(at_two) == 2 + path.n_iter.sum()
    for first, second in zip(plain.coefs, path.coefs):
        for a, b in zip(first, second):
            np.testing.assert_array_equal(a, b)


def test_the_grid_is_told(capsys):
    path, lines = lines_of(capsys, alphas=4, verbose=1)
    assert len(lines) == 1 + len(path.alphas)
    ends = f"{path.alphas[0]:.4g} to {path.alphas[-1]:.4g}"
    assert re.fullmatch(rf"4 alphas from {ends}, found in \S+ s", lines[0])


@pytest.mark.parametrize("seconds", [0.2, 1.5])
@pytest.mark.parametrize("alphas", [5, [0.05]])
def test_a_slow_fit_is_seen_alive(seconds, alphas, capsys, clock, iterations_take):
    iterations_take(seconds)
    _, lines = lines_of(capsys, alphas=alphas, verbose=1)
    times = [float(re.search(r"(?:, |in )(\d+\.\d) s", line)[1]) for line in lines]
    assert times[0] <= 2
    for last, at in pairwise(times):
        assert at - last <= max(2, min(0.1 * at, 60)) + 1.5 * seconds
    assert ("looking for alpha_max, fit 1, iteration" in lines[0]) == (alphas == 5)
    assert any(re.match(r"alpha 1 of \d: \S+, iteration \d+, ", line) for line in lines)
