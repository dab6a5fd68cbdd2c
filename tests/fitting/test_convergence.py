"""What counts as converged is near a minimum; what is returned is no worse than nothing."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
    regularization_path,
)
from sknormreg.penalties import GroupMCP, L1Ball, MaxNorm
from sknormreg.solvers.base import Evaluation, relative_gap


def standardised(load):
    X, y = load(return_X_y=True)
    return scale(X), y


def entropy(y):
    share = np.bincount(y) / len(y)
    return -(share * np.log(share)).sum()


@pytest.mark.parametrize(
    ("load", "penalty", "alpha", "sizes"),
    [
        (load_wine, "group_lasso", 0.05, (30,)),
        (load_wine, "l1", 0.02, (30,)),
        (load_iris, "sparse_group_lasso", 0.1, (100,)),
        (load_breast_cancer, "l2", 0.02, (20,)),
    ],
)
def test_training_on_from_a_path_hardly_lowers_the_objective(load, penalty, alpha, sizes):
    X, y = standardised(load)
    params = dict(hidden_layer_sizes=sizes, penalty=penalty, random_state=0)
    path = regularization_path(X, y, alphas=[alpha / 4, alpha], **params)
    for i, objective in enumerate(path.objective):
        mlp = RegularizedMLPClassifier(**params)
        mlp.set_params(alpha=path.alphas[i], tol=1e-5, max_iter=3000, max_fun=10**5)
        coefs = [np.asarray(getattr(c, "todense", lambda c=c: c)()) for c in path.coefs[i]]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            mlp.fit(X, y, coef_init=coefs, intercept_init=path.intercepts[i])
        assert mlp.loss_ > 0.99 * objective


def test_the_relative_gap_has_no_unit():
    """Of a quadratic it is what Euler's theorem says, whatever the units of parameters."""
    rng = np.random.RandomState(0)
    target, unit = rng.randn(7), 10.0 ** rng.randint(-3, 4, size=7)

    def gap(w, u):
        residual = w * u - target
        value = 0.5 * residual @ residual
        gradient = u * residual
        return relative_gap(w, Evaluation(value, 0.0, gradient, gradient))

    w = rng.randn(7)
    assert gap(w / unit, unit) == pytest.approx(gap(w, 1.0), rel=1e-12)
    assert gap(target, 1.0) == 0


@pytest.mark.slow
@pytest.mark.parametrize("load", [load_wine, load_iris])
@pytest.mark.parametrize("penalty", ["group_lasso", "l1", GroupMCP(), "l2"])
def test_no_network_is_worse_than_a_constant(load, penalty):
    X, y = standardised(load)
    for alpha in (3.0, 100.0, 3000.0):
        mlp = RegularizedMLPClassifier((5,), penalty=penalty, alpha=alpha, random_state=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mlp.fit(X, y)
        assert mlp.loss_ <= entropy(y) * (1 + 1e-9)


def test_nothing_leaves_a_unit_that_nothing_reaches():
    X, y = standardised(load_wine)
    for activation in ("softplus", "tanh"):
        mlp = RegularizedMLPClassifier(
            (20, 10), activation, penalty="l1", alpha=2, random_state=0
        ).fit(X, y)
        assert not mlp.coefs_[0].any(axis=0).all()  # some units died
        for into, out in zip(mlp.coefs_, mlp.coefs_[1:]):
            assert not out[~into.any(axis=0)].any()


@pytest.mark.parametrize("scales", [[1e5, 1, 1], [1e-5, 1e4, 1, 1]])
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_features_in_raw_units_are_never_silent(scales, solver):
    rng = np.random.RandomState(2)
    Z = rng.randn(300, len(scales))
    y = Z[:, 0] + 0.1 * rng.randn(300)
    mlp = RegularizedMLPRegressor((20,), solver=solver, random_state=0, alpha=1.0)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        mlp.fit((Z + 3) * scales, y)
    assert mlp.score((Z + 3) * scales, y) > 0.5 or "Standardise the features" in str(
        said[0].message
    )


@pytest.mark.parametrize("penalty", [L1Ball(2.0), MaxNorm(0.5)])
@pytest.mark.parametrize(("dtype", "unit"), [(np.float64, 1e9), (np.float32, 1e5)])
def test_projections_from_far_outside(penalty, dtype, unit):
    """Steps of a large target end far outside of a ball; they do not diverge."""
    rng = np.random.RandomState(0)
    X = rng.randn(100, 10).astype(dtype)
    y = (unit * X[:, 0]).astype(dtype)
    mlp = RegularizedMLPRegressor((5,), penalty=penalty, random_state=0, alpha=1.0)
    mlp.set_params(solver="sgd", learning_rate_init=0.1, max_iter=5)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        mlp.fit(X, y)
    assert not [w for w in said if "diverged" in str(w.message)]
    far = (unit * rng.randn(30, 20)).astype(dtype)
    assert penalty.value(penalty.prox(far, 1.0)) == 0
    steps = rng.uniform(0.1, 10, far.shape).astype(dtype)
    assert penalty.value(penalty.prox(far, steps)) == 0


def test_early_stopping_may_keep_the_start():
    """Held-out rows whose labels are all but the opposite: every step makes it worse."""
    X, y = standardised(load_breast_cancer)
    mlp = RegularizedMLPClassifier(
        (5,), solver="adam", early_stopping=True, random_state=0, alpha=1.0
    )
    mlp.set_params(n_iter_no_change=3, learning_rate_init=0.01)
    coefs = [np.zeros((30, 5)), np.zeros((5, 1))]
    mlp.fit(X, y, X_val=X, y_val=1 - y, coef_init=coefs, intercept_init=[np.ones(5), [0.0]])
    assert not mlp.coefs_[1].any()
    assert mlp.intercepts_[1] == 0


def test_converged_though_held_out_samples_prefer_weights_from_before():
    """What is said of convergence is said of training, not of the weights gone back to."""
    X, y = standardised(load_breast_cancer)
    mlp = RegularizedMLPClassifier((), alpha=5.0, early_stopping=True, random_state=0)
    mlp.set_params(n_iter_no_change=1000)
    mlp.fit(X, y, X_val=X, y_val=1 - y)  # warnings are errors
    assert not mlp.coefs_[0].any()
    assert mlp.optimality_ > 0.1
    assert mlp.n_iter_ > 1


@pytest.mark.parametrize("early_stopping", [False, True])
def test_overflow_on_held_out_rows_does_not_leave_the_fit(early_stopping):
    X, y = standardised(load_breast_cancer)
    X_val = np.full((3, 30), 1e300)
    mlp = RegularizedMLPClassifier(
        (5,), "softplus", solver="adam", random_state=0, alpha=1.0
    )
    mlp.set_params(early_stopping=early_stopping, max_iter=3, tol=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        mlp.fit(X, y, X_val=X_val, y_val=[0, 1, 1])
