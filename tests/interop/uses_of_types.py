"""What a user's code looks like to a type checker: test_types.py runs mypy on it.

Lines that are wrong say so: mypy reports a `type: ignore` that nothing needs.
"""

from typing import Any, assert_type

import numpy as np

import sknormreg
from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)
from sknormreg.penalties import L1, GroupLasso, MaxNorm, Penalty

X, y = np.ones((4, 2)), np.array([0, 1, 0, 1])

# Parameters

RegularizedMLPClassifier((5, 3), ["tanh", "relu"], penalty="l1", alpha=3)
RegularizedMLPClassifier(5, penalty=L1(), alpha=[1, 2.5], random_state=0)
RegularizedMLPClassifier([5], penalty=[GroupLasso(), "l2"], class_weight={0: 1, 1: 2.0})
RegularizedMLPRegressor((), alpha="evidence", n_iter_no_change=np.inf, tol=1e-3)
RegularizedMLPRegressor(alpha=[[1, 2], 3], random_state=np.random.RandomState(0))
RegularizedMLPRegressor(penalty=[GroupLasso([["a", "b"], "c"]), MaxNorm(1)], verbose=2)
RegularizedMLPClassifierCV([(5,), (10, 5)], l1_ratio=[0.1, 0.9], alphas=[1, 2], cv=3)
RegularizedMLPRegressorCV(alphas=np.logspace(0, 2), scoring="r2", relax=3, n_jobs=-1)
for name in ("l1", "l2"):
    RegularizedMLPRegressor(penalty=name)

RegularizedMLPClassifier(penalty=3)  # type: ignore[arg-type]
RegularizedMLPClassifier("5")  # type: ignore[arg-type]
RegularizedMLPClassifier(max_iter=2.5)  # type: ignore[arg-type]
RegularizedMLPClassifier(early_stopping="yes")  # type: ignore[arg-type]
RegularizedMLPRegressor(alpha=None)  # type: ignore[arg-type]
RegularizedMLPRegressor(learning_rate_init="fast")  # type: ignore[arg-type]
RegularizedMLPRegressor(lamda=1)  # type: ignore[call-arg]
RegularizedMLPRegressorCV(alpha=1)  # type: ignore[call-arg]
RegularizedMLPClassifierCV(alphas="many")  # type: ignore[arg-type]
GroupLasso(features_only="no")  # type: ignore[arg-type]
MaxNorm("wide")  # type: ignore[arg-type]

# Methods and attributes

classifier = RegularizedMLPClassifier()
assert_type(classifier.predict_proba(X), np.ndarray)
assert_type(classifier.decision_function(X), np.ndarray)
assert_type(classifier.classes_, np.ndarray)
assert_type(classifier.sparsity_, float)
assert_type(classifier.n_active_units_, list[int])
assert_type(classifier.coefs_, list[np.ndarray])
assert_type(classifier.to_arrays(), dict[str, np.ndarray])
assert_type(classifier.compact(), RegularizedMLPClassifier)
assert_type(classifier.optimality_, float)
assert_type(classifier.validation_scores_, list[float] | None)

regressor = RegularizedMLPRegressor()
assert_type(regressor.predict(X), np.ndarray)
assert_type(regressor.predict(X, return_std=True), tuple[np.ndarray, np.ndarray])
assert_type(regressor.noise_variance_, float)
assert_type(RegularizedMLPRegressorCV().alpha_, float)
assert_type(RegularizedMLPRegressorCV().scores_, np.ndarray)
assert_type(RegularizedMLPRegressorCV().predict_interval(X), np.ndarray)
assert_type(RegularizedMLPClassifierCV().predict_set(X, random_state=0), np.ndarray)
assert_type(RegularizedMLPClassifierCV().estimators_, list[Any])

penalty: Penalty = GroupLasso()
assert_type(penalty.value(X), float)
assert_type(penalty.prox(X, 0.5), np.ndarray)
assert_type(penalty.get_params(), dict[str, Any])

sknormreg.regularization_path(X, y, estimator=classifier, alphas=5, penalty="l1")
sknormreg.regularization_path(X, y, alphas="many")  # type: ignore[arg-type]
assert_type(sknormreg.__version__, str)
