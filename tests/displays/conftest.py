"""Data and fitted models that the tests of displays share."""

import numpy as np
import pytest
from display_cases import SPARSE
from sklearn.datasets import load_diabetes, load_iris, make_classification
from sklearn.preprocessing import scale

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPRegressorCV,
)


@pytest.fixture(autouse=True)
def _close_figures():
    plt = pytest.importorskip("matplotlib.pyplot")
    yield
    for number in plt.get_fignums():
        figure = plt.figure(number)
        # What cannot be drawn is found out by drawing it, if the test has not done so.
        if figure.stale:
            figure.draw_without_rendering()
    plt.close("all")


@pytest.fixture(scope="session")
def diabetes():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    return (X - X.mean()) / X.std(), scale(y)


@pytest.fixture(scope="session")
def iris():
    X, y = load_iris(return_X_y=True)
    return scale(X), np.array(["setosa", "versicolor", "virginica"])[y]


@pytest.fixture(scope="session")
def cv(diabetes):
    return RegularizedMLPRegressorCV(
        (6,), alphas=np.geomspace(1, 100, 7), cv=4, rule="one_se", **SPARSE
    ).fit(*diabetes)


@pytest.fixture(scope="session")
def wide():
    """A sparse network of 1,000 inputs, as if it had been fitted."""
    X, y = make_classification(100, 1000, n_informative=8, random_state=0)
    return RegularizedMLPClassifier((60,), penalty="l1", alpha=5, random_state=0).fit(X, y)


@pytest.fixture(scope="session")
def network(iris):
    """Three layers of weights, some of them zero, with inputs and units without any."""
    X, y = iris
    mlp = RegularizedMLPClassifier((5, 4), penalty="l1", random_state=0).fit(X, y)
    rng = np.random.default_rng(0)
    mlp.coefs_ = [rng.normal(size=coef.shape) for coef in mlp.coefs_]
    mlp.coefs_[0][1] = 0  # an input
    mlp.coefs_[0][:, 2] = 0  # a unit that nothing reaches, though it reaches on
    mlp.coefs_[2][3] = 0  # a unit that reaches nothing
    mlp.coefs_[1][0, 1] = 0  # a single weight
    return mlp
