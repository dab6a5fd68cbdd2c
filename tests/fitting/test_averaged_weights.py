"""Fits with `n_iter_average`: what they return, watch and refuse."""

import numpy as np
import pytest
from minibatch_fits import (
    ALL,
    BOTH,
    DEFAULTS,
    DIABETES,
    IRIS,
    SOLVERS,
    TABLES,
    fit,
    loss_by_definition,
    make,
    not_converged,
)
from sklearn.base import clone

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_the_weights_are_means_of_the_last_epochs(cls, solver):
    """Of shorter fits, with a penalty so weak that its proximal step does not show."""
    params = dict(solver=solver, alpha=1e-12)
    expected = [fit(cls, **params, max_iter=n).coefs_ for n in (4, 5, 6)]
    found = fit(cls, **params, n_iter_average=3)
    assert found.n_iter_ == 6
    for layer, coef in enumerate(found.coefs_):
        mean = np.mean([coefs[layer] for coefs in expected], axis=0)
        np.testing.assert_allclose(coef, mean, rtol=1e-8, atol=1e-10)
    assert fit(cls, **params).loss_curve_ == found.loss_curve_


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_the_objective_is_that_of_the_averages(cls, solver):
    params = dict(solver=solver, penalty="l1", alpha=2.0, n_iter_average=4)
    model = fit(cls, **params)
    X, y = TABLES[cls]
    loss = loss_by_definition(model, X, y)
    norms = sum(np.abs(coef).sum() for coef in model.coefs_)
    assert model.loss_ == pytest.approx(loss + 2 * norms / len(y), rel=1e-10)


@not_converged
def test_more_epochs_than_there_are_average_them_all():
    found = fit(RegularizedMLPRegressor, solver="sgd", n_iter_average=10**6)
    expected = fit(RegularizedMLPRegressor, solver="sgd", n_iter_average=6)
    np.testing.assert_array_equal(found.coefs_[0], expected.coefs_[0])


@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_early_stopping_watches_averages(cls):
    X, y = TABLES[cls]
    model = make(cls, solver="adam", early_stopping=True, n_iter_average=4)
    model.set_params(max_iter=60, learning_rate_init=0.03, n_iter_no_change=3)
    model.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    loss = loss_by_definition(model, X[1::2], y[1::2])
    assert min(model.validation_loss_curve_) == pytest.approx(loss, rel=1e-10)


@not_converged
def test_the_best_start_is_that_of_the_best_averages():
    params = dict(solver="adam", n_iter_average=5)
    best = fit(RegularizedMLPRegressor, **params, n_init=4)
    assert best.loss_ < fit(RegularizedMLPRegressor, **params).loss_
    same = clone(best).fit(*DIABETES)
    np.testing.assert_array_equal(best.coefs_[0], same.coefs_[0])


@pytest.mark.parametrize("solver", [*SOLVERS, "lbfgs"])
@not_converged
def test_one_is_none(solver):
    first = fit(RegularizedMLPRegressor, solver=solver)
    second = fit(RegularizedMLPRegressor, solver=solver, n_iter_average=1)
    np.testing.assert_array_equal(first.coefs_[0], second.coefs_[0])
    third = fit(RegularizedMLPRegressor, solver=solver, n_iter_average=3)
    is_same = (first.coefs_[0] == third.coefs_[0]).all()
    assert is_same if solver == "lbfgs" else not is_same


@pytest.mark.parametrize("cls", BOTH)
def test_partial_fit_refuses_it(cls):
    X, y = TABLES[cls]
    first = {"classes": [0, 1, 2]} if cls is RegularizedMLPClassifier else {}
    with pytest.raises(ValueError, match=r"n_iter_average=2: .* set n_iter_average=1"):
        cls(n_iter_average=2).partial_fit(X, y, **first)


@pytest.mark.parametrize("bad", [0, -1, 2.5, None, "all"])
@pytest.mark.parametrize("cls", ALL)
def test_bad_numbers_are_refused(cls, bad):
    X, y = IRIS
    with pytest.raises(ValueError, match="'n_iter_average' parameter"):
        cls(n_iter_average=bad).fit(X, y)


@not_converged
def test_a_search_averages():
    X, y = IRIS
    params = dict(solver="adam", penalty="l1", alphas=[1.0, 30.0], cv=2, **DEFAULTS)
    found = RegularizedMLPClassifierCV(**params, n_iter_average=4).fit(X, y)
    other = RegularizedMLPClassifierCV(**params).fit(X, y)
    assert (found.coefs_[0] != other.coefs_[0]).any()
