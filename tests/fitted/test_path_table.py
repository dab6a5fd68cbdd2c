"""The result of `regularization_path` prints as a table and is a dictionary still."""

import copy
import io
import pickle
import pprint
import re

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import scale
from sklearn.utils import Bunch

from sknormreg import regularization_path
from sknormreg.fitted import RegularizationPath

COLUMNS = ["alpha", "n_features", "sparsity", "objective", "optimality", "n_iter"]


@pytest.fixture(scope="module")
def path():
    X, y = (scale(array)[::4] for array in load_diabetes(return_X_y=True))
    alphas = [0.3, 1, 3, 10]
    return regularization_path(
        X, y, hidden_layer_sizes=(3,), penalty="l1", alphas=alphas, random_state=0
    )


def made(n_alphas):
    """A path without networks."""
    steps = np.arange(n_alphas)
    return RegularizationPath(
        alphas=1.0 + steps,
        coefs=[[]] * n_alphas,
        intercepts=[[]] * n_alphas,
        objective=0.5 + steps,
        optimality=1e-5 * steps,
        sparsity=steps / n_alphas,
        n_features=n_alphas - steps,
        n_iter=10 * steps,
    )


def test_there_is_a_row_for_each_alpha(path):
    header, *lines = str(path).splitlines()
    assert header.split() == COLUMNS
    cells = np.array([line.split() for line in lines], dtype=float)
    assert len(cells) == len(path.alphas)
    for name, column in zip(["alphas", *COLUMNS[1:]], cells.T):
        # As many digits as are printed: three decimals, or two digits and more.
        tolerance = dict(atol=5.1e-4) if name == "sparsity" else dict(rtol=0.051)
        np.testing.assert_allclose(column, path[name], **tolerance)
    np.testing.assert_array_equal(cells[:, 1], path.n_features)
    np.testing.assert_array_equal(cells[:, 5], path.n_iter)
    assert len({len(line) for line in [header, *lines]}) == 1, "not aligned"


def test_it_prints_the_same_everywhere(path):
    assert repr(path) == str(path) == f"{path}" == pprint.pformat(path)


@pytest.mark.parametrize(("n_alphas", "n_lines"), [(1, 2), (20, 21), (21, 12), (100, 12)])
def test_long_paths_print_their_ends(n_alphas, n_lines):
    lines = str(made(n_alphas)).splitlines()
    assert len(lines) == n_lines
    shown = [line.split()[0] for line in lines[1:]]
    if n_alphas > 20:
        assert shown[5] == "..."
        del shown[5]
        expected = [1, 2, 3, 4, 5, *range(n_alphas - 4, n_alphas + 1)]
        assert [float(alpha) for alpha in shown] == expected
    else:
        assert [float(alpha) for alpha in shown] == [*range(1, n_alphas + 1)]


def test_html_has_the_same_cells():
    long = made(50)
    html = long._repr_html_()
    rows = [
        re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)
        for row in re.findall("<tr>(.*?)</tr>", html)
    ]
    assert rows == [line.split() for line in str(long).splitlines()]


def test_it_is_a_bunch_still(path):
    assert isinstance(path, Bunch)
    assert path["alphas"] is path.alphas
    assert "coefs" in dir(path)
    assert {**path}.keys() == path.keys()
    path_of_one = RegularizationPath(**path)
    path_of_one.name = "one more"
    assert path_of_one["name"] == "one more"
    assert str(path_of_one) == str(path)


def stored(path):
    file = io.BytesIO()
    joblib.dump(path, file)
    file.seek(0)
    return joblib.load(file)


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda path: pickle.loads(pickle.dumps(path)), stored],
    ids=["copy", "deepcopy", "pickle", "joblib"],
)
def test_copies_are_paths(copied, path):
    other = copied(path)
    assert type(other) is RegularizationPath
    assert str(other) == str(path)
    np.testing.assert_array_equal(other.coefs[0][0], path.coefs[0][0])
    other.alphas = None
    assert path.alphas is not None


def test_displays_draw_copies(path):
    pytest.importorskip("matplotlib")
    from sknormreg.displays import RegularizationPathDisplay

    display = RegularizationPathDisplay.from_path(pickle.loads(pickle.dumps(path)))
    np.testing.assert_array_equal(display.alphas, path.alphas)


@pytest.mark.parametrize(
    "change", [dict(alphas=None), dict(n_iter=[1]), dict(sparsity=np.zeros((4, 1)))]
)
def test_paths_that_were_changed_print_as_dictionaries(change, path):
    changed = RegularizationPath(**(path | change))
    assert str(changed) == dict.__repr__(changed)
    assert changed._repr_html_() is None
    del changed["alphas"]
    assert str(changed) == dict.__repr__(changed)
