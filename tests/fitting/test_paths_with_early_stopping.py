"""Along a path, early stopping ends each fit as it would alone, and decides no alpha."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_wine
from sklearn.preprocessing import scale

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
    regularization_path,
)
from sknormreg.estimators.specification import network_spec
from sknormreg.estimators.validation import training_data
from sknormreg.fitting.path import PathFitter

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def classification():
    X, y = load_wine(return_X_y=True)
    return RegularizedMLPClassifier((4,), random_state=0, alpha=1.0), scale(X), y


def regression():
    X, y = load_diabetes(return_X_y=True)
    return RegularizedMLPRegressor((4,), random_state=0, alpha=1.0), scale(X), scale(y)


def grid(mlp, X, y, **params):
    mlp = clone(mlp).set_params(**params)
    data, targets = training_data(mlp, X, y, None)
    return PathFitter(network_spec(mlp, targets), data, None, seed=0).grid(5)


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize(
    ("make", "penalty"), [(classification, "group_lasso"), (regression, "l1")]
)
def test_the_alphas_do_not_depend_on_it(make, penalty, solver):
    params = dict(penalty=penalty, solver=solver, max_iter=20, learning_rate_init=0.01)
    mlp, X, y = make()
    alone = grid(mlp, X, y, **params)
    stopped = grid(mlp, X, y, **params, early_stopping=True)
    np.testing.assert_array_equal(stopped, alone)


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize("make", [classification, regression])
def test_each_fit_is_that_of_the_estimator_alone(make, solver):
    mlp, X, y = make()
    mlp.set_params(penalty="l1", solver=solver, tol=1e-4, max_iter=40)
    mlp.set_params(early_stopping=True, learning_rate_init=0.01)
    alphas = np.array([0.01, 0.3, 3.0])
    path = regularization_path(X, y, estimator=mlp, alphas=alphas)
    for alpha, coefs in zip(path.alphas, path.coefs, strict=True):
        alone = clone(mlp).set_params(alpha=alpha).fit(X, y)
        for found, expected in zip(coefs, alone.coefs_, strict=True):
            found = getattr(found, "toarray", lambda found=found: found)()
            np.testing.assert_array_equal(found, expected)
    assert len(path.alphas) == 3
    assert path.sparsity[0] < path.sparsity[-1]


def test_cross_validation_tells_alphas_apart():
    _, X, y = regression()
    search = RegularizedMLPRegressorCV(
        (4,), penalty="group_lasso", early_stopping=True, alphas=5, cv=2, random_state=0
    ).fit(X, y)
    assert search.alphas_[-1] < 1e4
    means = search.scores_.mean(axis=1)
    assert means.max() > means[-1] + 0.1
