"""Fits that learn nothing say so: empty networks, and targets in small units."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import scale

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
    regularization_path,
)

X, LABELS = load_breast_cancer(return_X_y=True)
X = scale(X[:, :8])
TARGETS = scale(X @ np.arange(8.0))


@pytest.mark.parametrize("penalty", ["l1", "group_lasso", "mcp"])
@pytest.mark.parametrize("solver", ["lbfgs", "sgd"])
def test_an_empty_network_names_alpha(penalty, solver):
    mlp = RegularizedMLPClassifier((3,), penalty=penalty, solver=solver, alpha=1e6)
    with pytest.warns(UserWarning, match=r"No feature.*alpha=1e\+06 is too large"):
        mlp.set_params(tol=0.01).fit(X, LABELS)


def test_weights_that_sum_to_1_are_the_cause():
    weights = np.full(len(X), 1 / len(X))
    mlp = RegularizedMLPClassifier((3,), penalty="l1", random_state=0, alpha=1.0)
    with pytest.warns(UserWarning, match="is 1 for 569 samples: alpha is 569 times"):
        mlp.fit(X, LABELS, sample_weight=weights)
    # Without them, or with the alpha that is meant, there is nothing to say.
    mlp.fit(X, LABELS)
    mlp.set_params(alpha=1 / len(X)).fit(X, LABELS, sample_weight=weights)


def test_a_path_may_end_but_not_begin_empty():
    mlp = RegularizedMLPClassifier((3,), penalty="l1", tol=0.01, random_state=0, alpha=1.0)
    path = regularization_path(X, LABELS, estimator=mlp, alphas=[10.0, 1e6])
    assert path.n_features[-1] == 0
    with pytest.warns(UserWarning, match=r"No feature.*alpha=1e\+06"):
        regularization_path(X, LABELS, estimator=mlp, alphas=[1e6, 1e7])


@pytest.mark.parametrize("selects", [True, False])
def test_a_target_in_cents(selects):
    """Of which only a penalty that selects has to be warned."""
    common = dict(
        hidden_layer_sizes=(3,),
        penalty="l1" if selects else "l2",
        tol=0.1,
        random_state=0,
    )

    def calls(unit):
        y = unit * TARGETS
        yield lambda: RegularizedMLPRegressor(alpha=10.0, **common).fit(X, y)
        yield lambda: RegularizedMLPRegressorCV(alphas=[1.0], cv=2, **common).fit(X, y)
        yield lambda: regularization_path(
            X, y, estimator=RegularizedMLPRegressor(**common), alphas=[1.0]
        )

    for call in calls(unit=1):
        call()
    for call in calls(unit=100):
        if selects:
            with pytest.warns(UserWarning, match="y has a standard deviation of 100,"):
                call()
        else:
            call()
