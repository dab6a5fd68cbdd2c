"""What selectors print with verbose=True, and when."""

import pickle
import re

import numpy as np
import pytest

from sknormreg import KnockoffSelector, MLPFeatureSelector, RegularizedMLPRegressor
from sknormreg.fitting import report as lines
from sknormreg.penalties import GroupLasso, MaxNorm
from sknormreg.selection.report import SelectionReport

MLP = RegularizedMLPRegressor((3,), penalty=[GroupLasso(), MaxNorm(1)], alpha=1.0)


@pytest.fixture
def data():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(100, 5))
    return X, X[:, 0] - X[:, 1] + 0.1 * rng.normal(size=100)


@pytest.fixture
def impatient(monkeypatch):
    """A line is due after every iteration."""
    monkeypatch.setattr(lines.Lines, "are_due", lambda self: True)


def test_lines_of_starts(data, capsys):
    MLPFeatureSelector(MLP, n_init=2, random_state=0, verbose=True).fit(*data)
    first, second, third, *_, last = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"100 samples of 5 features, \d\.\d s", first)
    assert re.match(r"alpha = [\d.]+ keeps noise empty", second)
    # Paths end before the last of nine alphas, at which noise is empty.
    assert re.match(r"2 starts with 5 features: (\d, ){1,7}[1-9] selected, ", third)
    assert re.match(r"2 features selected at alpha = ", last)


def test_lines_of_folds(data, capsys):
    selector = MLPFeatureSelector(MLP, alpha="cv", cv=2, n_init=1, verbose=1)
    selector.set_params(random_state=0).fit(*data)
    printed = capsys.readouterr().out
    assert "\nfold 1 of 2, 1 start with 5 features: " in printed
    assert "\nfold 2 of 2, 1 start with 5 features: " in printed


def test_lines_while_fits_take_long(data, impatient, capsys):
    selector = MLPFeatureSelector(MLP, n_init=2, random_state=0, verbose=True)
    selector.fit(*data)
    printed = capsys.readouterr().out
    progress = r"2 starts with 5 features, (\d+) of 18 fits, [\d.]+ s, about .* left"
    done = [int(number) for number in re.findall(progress, printed)]
    assert done == sorted(done)
    # Starts go along the alphas together.
    assert done[0] == 2
    assert done[-1] > 9


def test_lines_of_draws(data, capsys):
    KnockoffSelector(MLP, fdr=0.5, n_draws=3, random_state=0, verbose=True).fit(*data)
    first, *draws = capsys.readouterr().out.splitlines()
    assert first.startswith("3 draws of knockoffs of 5 features")
    assert [line.partition(":")[0] for line in draws] == [
        f"draw {i} of 3" for i in (1, 2, 3)
    ]
    assert "left" in draws[0]
    assert "left" not in draws[2]


def test_lines_while_draws_take_long(data, impatient, capsys):
    KnockoffSelector(MLP, fdr=0.5, n_draws=2, random_state=0, verbose=True).fit(*data)
    printed = capsys.readouterr().out
    assert "\n0 of 2 draws, " in printed
    assert re.search(r"\n1 of 2 draws, [\d.]+ s, about .* left", printed)


@pytest.mark.parametrize(
    "selector", [MLPFeatureSelector(MLP, n_init=1), KnockoffSelector(MLP, n_draws=1)]
)
@pytest.mark.filterwarnings("ignore:No feature can be selected")
def test_nothing_is_printed_without_it(selector, data, impatient, capsys):
    selector.fit(*data)
    assert not capsys.readouterr().out


def test_copies_in_other_processes_print_what_they_have_done(capsys):
    report = SelectionReport(True, "draws")
    report.begin("", 4)
    copy = pickle.loads(pickle.dumps(report))
    copy.done(line="draw 2 of 4: done")
    copy.end_iteration(None, None, 1)
    assert re.fullmatch(r"draw 2 of 4: done, \d\.\d s\n", capsys.readouterr().out)
