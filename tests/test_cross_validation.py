"""Estimators that choose alpha by cross-validation."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor
from sknormreg.estimators import RegularizedMLPClassifierCV, RegularizedMLPRegressorCV

ALPHAS = [0.3, 1, 3, 10, 30]


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return scale(X)[::2], np.array(["no", "yes"])[y[::2]]


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return scale(X), scale(y)


@pytest.fixture(params=["classifier", "regressor"])
def problem(request, cancer, diabetes):
    """Both estimators of a kind, data and a splitter."""
    if request.param == "classifier":
        both = RegularizedMLPClassifier, RegularizedMLPClassifierCV
        return *both, cancer, StratifiedKFold(4, shuffle=True, random_state=1)
    both = RegularizedMLPRegressor, RegularizedMLPRegressorCV
    return *both, diabetes, KFold(4, shuffle=True, random_state=1)


@pytest.mark.parametrize("penalty", ["l2", "l1", "group_lasso"])
def test_without_continuation_it_is_a_grid_search(problem, penalty):
    plain, with_cv, data, cv = problem
    settings = dict(hidden_layer_sizes=(6,), penalty=penalty, random_state=0)
    grid = GridSearchCV(plain(**settings), dict(alpha=ALPHAS), cv=cv).fit(*data)
    found = with_cv(alphas=ALPHAS, cv=cv, continuation=False, **settings).fit(*data)
    columns = [grid.cv_results_[f"split{k}_test_score"] for k in range(4)]
    np.testing.assert_allclose(found.scores_, np.transpose(columns), rtol=1e-12)
    assert found.alpha_ == grid.best_params_["alpha"]
    assert found.best_score_ == pytest.approx(grid.best_score_)
    for weights, expected in zip(found.coefs_, grid.best_estimator_.coefs_):
        np.testing.assert_array_equal(weights, expected)
    np.testing.assert_array_equal(found.predict(data[0]), grid.predict(data[0]))


def test_class_weights_are_those_of_the_fold(cancer):
    settings = dict(hidden_layer_sizes=(), class_weight="balanced", random_state=0)
    cv = KFold(3)
    grid = GridSearchCV(
        RegularizedMLPClassifier(**settings),
        dict(alpha=ALPHAS),
        cv=cv,
        scoring="neg_log_loss",
    ).fit(*cancer)
    found = RegularizedMLPClassifierCV(
        alphas=ALPHAS, cv=cv, scoring="neg_log_loss", continuation=False, **settings
    ).fit(*cancer)
    columns = [grid.cv_results_[f"split{k}_test_score"] for k in range(3)]
    np.testing.assert_allclose(found.scores_, np.transpose(columns), rtol=1e-10)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_results_do_not_depend_on_the_number_of_jobs(problem, n_jobs):
    _, with_cv, data, cv = problem
    runs = [
        with_cv((6,), penalty="l1", alphas=8, cv=cv, n_jobs=n, random_state=0).fit(*data)
        for n in (None, n_jobs)
    ]
    np.testing.assert_array_equal(runs[0].scores_, runs[1].scores_)
    np.testing.assert_array_equal(runs[0].alphas_, runs[1].alphas_)
    for one, other in zip(runs[0].coefs_, runs[1].coefs_):
        np.testing.assert_array_equal(one, other)


def test_one_standard_error(problem):
    _, with_cv, data, cv = problem
    settings = dict(hidden_layer_sizes=(6,), penalty="l1", alphas=12, cv=cv, random_state=0)
    best = with_cv(**settings).fit(*data)
    sparser = with_cv(rule="one_se", **settings).fit(*data)
    means = best.scores_.mean(axis=1)
    error = best.scores_[means.argmax()].std(ddof=1) / 2
    enough = best.alphas_[means >= means.max() - error]
    assert best.alpha_ == best.alphas_[means.argmax()]
    assert sparser.alpha_ == enough.max() >= best.alpha_
    assert sparser.best_score_ == best.scores_[best.alphas_ == sparser.alpha_].mean()


def test_candidates_beside_alpha(diabetes):
    found = RegularizedMLPRegressorCV(
        hidden_layer_sizes=[(), (4,), (4, 3)],
        penalty="elasticnet",
        l1_ratio=[0.2, 0.9],
        alphas=5,
        cv=3,
        random_state=0,
    ).fit(*diabetes)
    assert found.alphas_.shape == (3, 2, 5)
    assert found.scores_.shape == (3, 2, 5, 3)
    i, j, k = np.unravel_index(found.scores_.mean(-1).argmax(), found.alphas_.shape)
    assert found.hidden_layer_sizes_ == [(), (4,), (4, 3)][i]
    assert found.l1_ratio_ == [0.2, 0.9][j]
    assert found.alpha_ == found.alphas_[i, j, k]
    assert len(found.coefs_) == len(found.hidden_layer_sizes_) + 1


def test_a_class_that_a_fold_lacks():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=r"hold no row of the classes \[0\]"):
        RegularizedMLPClassifierCV((3,), alphas=[1.0], cv=KFold(3)).fit(X, y)
