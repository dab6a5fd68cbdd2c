"""Small fits by minibatches, which tests of what is drawn and of averages share."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import scale

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)

ALL = [
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressorCV,
]
BOTH = ALL[:2]
SOLVERS = ["adam", "sgd"]
not_converged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS = scale(load_iris().data), load_iris().target
DIABETES = scale(load_diabetes().data)[::3], scale(load_diabetes().target)[::3]
TABLES = {
    RegularizedMLPClassifier: IRIS,
    RegularizedMLPRegressor: DIABETES,
    RegularizedMLPClassifierCV: IRIS,
    RegularizedMLPRegressorCV: DIABETES,
}
DEFAULTS = dict(hidden_layer_sizes=(5,), batch_size=20, max_iter=6, random_state=0)


def make(cls, **params):
    fixed = {} if "alphas" in params else {"alpha": 1.0}
    return cls(**{**DEFAULTS, **fixed, **params})


def fit(cls, **params):
    return make(cls, **params).fit(*TABLES[cls])


def loss_by_definition(model, X, y):
    """The mean loss of some samples, without a penalty."""
    if isinstance(model, RegularizedMLPClassifier):
        proba = model.predict_proba(X)[np.arange(len(y)), y]
        return -np.mean(np.log(proba))
    return np.mean((y - model.predict(X)) ** 2) / 2
