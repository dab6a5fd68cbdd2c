"""Loss curves of a search for alpha: of the fits that lead to the chosen network."""

import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPRegressor, RegularizedMLPRegressorCV
from sknormreg.estimators.path import fitted_path
from sknormreg.fitting.precision import COMPARED

X, y = load_diabetes(return_X_y=True)
X, y = scale(X[:150]), scale(y[:150])
ALPHAS = [0.5, 2.0, 8.0]
EVERYTHING = [(np.arange(len(X)), np.arange(len(X)))]
SPARSE = dict(hidden_layer_sizes=(4,), penalty="group_lasso", random_state=0)


def fit(**params):
    return RegularizedMLPRegressorCV(**SPARSE | dict(alphas=ALPHAS) | params).fit(X, y)


def assert_same_curves(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected):
        np.testing.assert_array_equal(one, other)


@pytest.fixture(scope="module")
def cv():
    return fit(cv=3)


def n_fits(curves):
    return [len(fold) for fold in curves.fold_loss_curves_]


def test_curves_are_those_of_the_path_to_the_chosen_alpha():
    cv = fit(cv=EVERYTHING, scoring=lambda model, X, y: model.alpha_)
    assert cv.alpha_ == ALPHAS[-1]
    (fold,) = cv.fold_loss_curves_
    # The last fit trains the chosen network further.
    assert_same_curves(fold, cv.refit_loss_curves_[:-1])
    np.testing.assert_array_equal(cv.refit_loss_curves_[-1], cv.loss_curve_)
    plain = RegularizedMLPRegressor(**SPARSE)
    path = fitted_path(plain, X, y, ALPHAS, precision=COMPARED)
    assert [len(curve) for curve in fold] == list(path.n_iter)
    ends = [curve[-1] for curve in fold]
    # J is recorded before weights into dead units are removed, which lowers it a little.
    np.testing.assert_allclose(ends, path.objective, rtol=1e-4)


def test_each_fold_has_as_many_fits_as_there_are_alphas_up_to_the_chosen_one(cv):
    n_alphas = ALPHAS.index(cv.alpha_) + 1
    assert n_fits(cv) == [n_alphas] * 3
    assert len(cv.refit_loss_curves_) == n_alphas + 1
    assert cv.fold_validation_loss_curves_ is None
    for fold in cv.fold_loss_curves_:
        for curve in fold:
            assert curve.dtype == np.float64
            assert (np.diff(curve) <= 0).all()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("early_stopping", [False, True])
def test_without_warm_starts_curves_are_those_of_a_fit_by_itself(early_stopping):
    # So few iterations do not amplify rounding.
    params = dict(max_iter=15, tol=0, early_stopping=early_stopping)
    folds = list(KFold(3).split(X))
    cv = fit(cv=folds, continuation=early_stopping, **params)
    plain = RegularizedMLPRegressor(**SPARSE | params, alpha=cv.alpha_)
    assert n_fits(cv) == [1] * 3
    assert_same_curves(cv.refit_loss_curves_, [cv.loss_curve_])
    for k, (train, _) in enumerate(folds):
        alone = clone(plain).fit(X[train], y[train])
        (curve,) = cv.fold_loss_curves_[k]
        np.testing.assert_allclose(curve, alone.loss_curve_, rtol=1e-6)
        if early_stopping:
            held_out = cv.fold_validation_loss_curves_[k]
            np.testing.assert_allclose(held_out, alone.validation_loss_curve_, rtol=1e-6)
    assert early_stopping or cv.fold_validation_loss_curves_ is None


def test_epochs_of_minibatch_solvers():
    params = dict(solver="adam", max_iter=4, n_iter_no_change=10)
    with pytest.warns(ConvergenceWarning):
        cv = fit(cv=EVERYTHING, **params)
    n_alphas = ALPHAS.index(cv.alpha_) + 1
    (fold,) = cv.fold_loss_curves_
    assert [len(curve) for curve in fold] == [4] * n_alphas
    # Minibatches need no further training at the end.
    assert_same_curves(fold, cv.refit_loss_curves_)


def test_relaxed_fits_have_curves_of_their_own():
    # Of the networks with the fewest features, the refit is the nearest to the targets.
    def score(model, X, y):
        return model.score(X, y) - 10 * model.n_selected_features_

    params = dict(scoring=score)
    both = fit(cv=EVERYTHING, relax=[False, True], **params)
    one = fit(cv=EVERYTHING, relax=True, **params)
    assert both.relax_ == one.relax_ == 1
    (fold,) = both.fold_loss_curves_
    assert len(fold) > 1
    assert_same_curves(fold, one.fold_loss_curves_[0])
    assert_same_curves(fold, both.refit_loss_curves_[:-1])
    error = 0.5 * np.mean((y - both.predict(X)) ** 2)
    weights = sum((coef**2).sum() for coef in both.coefs_)
    last = both.refit_loss_curves_[-1][-1]
    assert last == pytest.approx(error + 0.5 * weights / len(X), rel=1e-10)
    # The path itself has another penalty than the refits.
    ((first, *_),) = fit(cv=EVERYTHING, **params).fold_loss_curves_
    assert fold[0][-1] < 0.9 * first[-1]


def test_candidates_have_curves_of_their_own():
    params = dict(cv=2, scoring=lambda model, X, y: model.coefs_[0].shape[1])
    both = fit(hidden_layer_sizes=[(2,), (5,)], **params)
    assert both.hidden_layer_sizes_ == (5,)
    one = fit(hidden_layer_sizes=(5,), **params)
    for found, expected in zip(both.fold_loss_curves_, one.fold_loss_curves_):
        assert_same_curves(found, expected)
    assert_same_curves(both.refit_loss_curves_, one.refit_loss_curves_)
    other = fit(hidden_layer_sizes=(2,), **params)
    assert both.fold_loss_curves_[0][0][0] != other.fold_loss_curves_[0][0][0]


def test_a_path_ends_with_its_first_empty_network():
    with pytest.warns(UserWarning, match="No feature"):
        cv = fit(
            cv=2,
            alphas=[5.0, 1e4, 2e4, 3e4],
            scoring=lambda model, X, y: 1.0,
            rule="one_se",
        )
    assert cv.alpha_ == 3e4
    assert n_fits(cv) == [2, 2]


def test_nothing_starts_from_a_network_without_penalty():
    cv = fit(cv=2, alphas=[0.0, 1.0, 4.0], scoring=lambda model, X, y: model.alpha_)
    assert cv.alpha_ == 4
    assert n_fits(cv) == [2, 2]


@pytest.mark.parametrize(
    "backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)]
)
def test_curves_do_not_depend_on_jobs(cv, backend):
    with joblib.parallel_config(backend=backend, n_jobs=2):
        other = fit(cv=3)
    stored = pickle.loads(pickle.dumps(other))
    for found, expected in zip(stored.fold_loss_curves_, cv.fold_loss_curves_):
        assert_same_curves(found, expected)
    assert_same_curves(stored.refit_loss_curves_, cv.refit_loss_curves_)
