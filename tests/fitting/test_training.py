"""What fit and partial_fit do around the solvers: validation, starts, continuation."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
)
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor

SOLVERS = ["lbfgs", "adam", "sgd"]


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    return train_test_split(X, y, random_state=0)


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    return train_test_split(X, y, random_state=0)


@pytest.mark.parametrize(
    "load",
    [
        load_iris,
        pytest.param(load_breast_cancer, marks=pytest.mark.slow),
        pytest.param(load_digits, marks=pytest.mark.slow),
        pytest.param(load_diabetes, marks=pytest.mark.slow),
    ],
)
def test_defaults_converge_on_bundled_data(load):
    """No ConvergenceWarning, in either precision: warnings are errors here."""
    X, y = load(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    estimator = (
        RegularizedMLPRegressor if load is load_diabetes else RegularizedMLPClassifier
    )
    for dtype in (np.float64, np.float32):
        for penalty in ("l1", "l2", "elasticnet"):
            estimator(penalty=penalty, random_state=0).fit(X.astype(dtype), y)


@pytest.mark.parametrize("solver", SOLVERS)
def test_early_stopping_returns_the_weights_of_the_smallest_validation_loss(cancer, solver):
    X, X_val, y, y_val = cancer
    mlp = RegularizedMLPClassifier(
        solver=solver, alpha=0.01, early_stopping=True, random_state=0, max_iter=2000
    )
    mlp.set_params(learning_rate_init=0.01).fit(X, y, X_val=X_val, y_val=y_val)
    best = min(mlp.validation_loss_curve_)
    assert log_loss(y_val, mlp.predict_proba(X_val)) == pytest.approx(best, rel=1e-10)
    # It stopped after the minimum, and did not train on the validation rows.
    assert mlp.validation_loss_curve_[-1] > best
    assert len(mlp.validation_loss_curve_) == mlp.n_iter_ == len(mlp.loss_curve_)
    assert mlp.best_validation_score_ == max(mlp.validation_scores_)
    i = int(np.argmin(mlp.validation_loss_curve_))
    score = accuracy_score(y_val, mlp.predict(X_val))
    assert mlp.validation_scores_[i] == pytest.approx(score)
    assert mlp.best_loss_ is None


def test_early_stopping_scores_a_regression_by_its_loss(diabetes):
    X, X_val, y, y_val = diabetes
    s = np.random.default_rng(0).uniform(0.5, 2, len(y_val))
    mlp = RegularizedMLPRegressor(early_stopping=True, random_state=0, alpha=1.0)
    mlp.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=s)
    predicted = mlp.predict(X_val)
    half_mse = mean_squared_error(y_val, predicted, sample_weight=s) / 2
    best = int(np.argmin(mlp.validation_loss_curve_))
    assert mlp.validation_loss_curve_[best] == pytest.approx(half_mse, rel=1e-10)
    r2 = r2_score(y_val, predicted, sample_weight=s)
    assert mlp.validation_scores_[best] == pytest.approx(r2, rel=1e-10)


@pytest.mark.parametrize("solver", SOLVERS)
def test_x_val_without_early_stopping_only_records(cancer, solver):
    X, X_val, y, y_val = cancer
    common = dict(alpha=1.0, solver=solver, random_state=0, learning_rate_init=0.01)
    plain = RegularizedMLPClassifier(**common).fit(X, y)
    watched = RegularizedMLPClassifier(**common).fit(X, y, X_val=X_val, y_val=y_val)
    np.testing.assert_array_equal(plain.coefs_[0], watched.coefs_[0])
    assert plain.validation_loss_curve_ is None
    at_end = log_loss(y_val, watched.predict_proba(X_val))
    assert watched.validation_loss_curve_[-1] == pytest.approx(at_end, rel=1e-10)


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_split_leaves_held_out_rows_alone(cancer, solver):
    """Training on a split is training on its training rows: m is their weight only."""
    X, _, y, _ = cancer
    common = dict(solver=solver, alpha=3.0, random_state=0, max_iter=30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        split = RegularizedMLPClassifier(early_stopping=True, **common)
        split.set_params(n_iter_no_change=np.inf).fit(X, y)
        rows, _ = train_test_split(
            np.arange(len(y)), test_size=0.1, stratify=y, random_state=0
        )
        rows.sort()
        # The same initial weights: the split draws before the weights do.
        start = RegularizedMLPClassifier(early_stopping=True, **common)
        start.set_params(solver="lbfgs", max_fun=1).fit(X, y)
        by_hand = RegularizedMLPClassifier(n_iter_no_change=np.inf, shuffle=False, **common)
        split.set_params(shuffle=False).fit(X, y)
        by_hand.fit(
            X[rows], y[rows], coef_init=start.coefs_, intercept_init=start.intercepts_
        )
    # The same rows in the same order; blocks of rows are gathered, so bits may differ.
    np.testing.assert_allclose(split.loss_curve_, by_hand.loss_curve_, rtol=1e-8)


@pytest.mark.parametrize("solver", SOLVERS)
def test_coef_init(cancer, solver):
    X, _, y, _ = cancer
    rng = np.random.default_rng(0)
    coefs = [0.1 * rng.normal(size=(30, 4)), 0.1 * rng.normal(size=(4, 1))]
    intercepts = [rng.normal(size=4), rng.normal(size=1)]
    mlp = RegularizedMLPClassifier((4,), solver=solver, random_state=0, alpha=1.0)
    mlp.set_params(max_iter=1, learning_rate_init=1e-12, max_fun=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlp.fit(X, y, coef_init=coefs, intercept_init=intercepts)
    for ours, given in zip([*mlp.coefs_, *mlp.intercepts_], [*coefs, *intercepts]):
        np.testing.assert_allclose(ours, given, atol=1e-9)
        assert not np.shares_memory(ours, given)


def test_warm_start_goes_on_where_it_ended(cancer):
    X, _, y, _ = cancer
    mlp = RegularizedMLPClassifier(warm_start=True, random_state=0, penalty="l1", alpha=1.0)
    mlp.fit(X, y)
    first, n_first = mlp.loss_, mlp.n_iter_
    mlp.fit(X, y)
    assert mlp.n_iter_ < n_first / 2
    assert mlp.loss_ <= first
    assert len(mlp.loss_curve_) == mlp.n_iter_
    cold = mlp.set_params(warm_start=False).fit(X, y)
    assert cold.n_iter_ == n_first


def test_best_constant_start():
    """Training starts at the best constant prediction plus the drawn weights' noise."""
    X, y = load_iris(return_X_y=True)
    X, y = X[20:], y[20:]
    linear = RegularizedMLPClassifier((), max_fun=1, solver="lbfgs", tol=1e-3, alpha=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        linear.fit(X, y)
    prior = DummyClassifier(strategy="prior").fit(X, y).predict_proba(X)
    np.testing.assert_allclose(linear.predict_proba(X), prior, atol=1e-12)


def test_auto_takes_adam_for_large_problems_and_for_partial_fit(cancer, monkeypatch):
    X, _, y, _ = cancer
    assert (
        RegularizedMLPClassifier((5,), random_state=0, alpha=1.0).fit(X, y).solver_
        == "lbfgs"
    )
    monkeypatch.setattr("sknormreg.fitting.solver_choice.FULL_BATCH_WORK", 10)
    mlp = RegularizedMLPClassifier((5,), random_state=0, learning_rate_init=0.01, alpha=1.0)
    assert mlp.fit(X, y).solver_ == "adam"
    monkeypatch.undo()
    mlp = RegularizedMLPClassifier((5,), alpha=1.0).partial_fit(X, y, classes=[0, 1])
    assert mlp.solver_ == "adam"


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fit_is_one_epoch_a_call(cancer, solver):
    """Calls on all rows are the epochs of fit, from the same start and in one order."""
    X, _, y, _ = cancer
    common = dict(alpha=1.0, solver=solver, penalty="l1", shuffle=False, random_state=0)
    parts = RegularizedMLPClassifier((6,), **common)
    for _ in range(4):
        parts.partial_fit(X, y, classes=[0, 1])
    whole = RegularizedMLPClassifier((6,), max_iter=4, **common)
    start = RegularizedMLPClassifier(
        (6,), penalty="l1", random_state=0, solver="lbfgs", alpha=1.0
    )
    start.set_params(max_fun=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start.fit(X, y)
        # fit starts at the prior, partial_fit does not trust the first part with it.
        intercepts = [np.zeros(6), np.zeros(1)]
        whole.fit(X, y, coef_init=start.coefs_, intercept_init=intercepts)
    np.testing.assert_allclose(parts.coefs_[0], whole.coefs_[0], rtol=1e-10, atol=1e-15)
    assert parts.loss_ == pytest.approx(whole.loss_, rel=1e-12)
    np.testing.assert_allclose(parts.loss_curve_, whole.loss_curve_, rtol=1e-10)
    assert parts.n_iter_ == 4
    assert parts.t_ == 4 * len(y)


def test_partial_fit_goes_on_with_other_settings_and_after_divergence(cancer):
    X, _, y, _ = cancer
    mlp = RegularizedMLPClassifier((6,), solver="adam", random_state=0, alpha=1.0)
    mlp.partial_fit(X, y, classes=[0, 1])
    mlp.set_params(solver="sgd", learning_rate_init=0.1)
    for _ in range(20):
        mlp.partial_fit(X, y)
    assert mlp.solver_ == "sgd"
    before = mlp.loss_
    assert before < 0.2
    # Without a penalty: its prox keeps weights bounded at any rate.
    mlp.set_params(learning_rate_init=1e30, alpha=0)
    kept = mlp.coefs_[0].copy()
    with pytest.warns(ConvergenceWarning, match="Lower learning_rate_init"):
        mlp.partial_fit(X, y)
    np.testing.assert_array_equal(mlp.coefs_[0], kept)
    before = mlp.loss_
    mlp.set_params(learning_rate_init=0.1).partial_fit(X, y)
    assert mlp.loss_ < before


def test_partial_fit_checks_parameters_at_every_call(cancer):
    X, _, y, _ = cancer
    mlp = RegularizedMLPClassifier((6,), alpha=1.0).partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="'alpha' parameter"):
        mlp.set_params(alpha=-3).partial_fit(X, y)


def test_a_failed_refit_leaves_nothing_to_predict_with(cancer):
    X, _, y, _ = cancer
    mlp = RegularizedMLPClassifier((6,), max_iter=5, tol=1, alpha=1.0).fit(X, y)
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        mlp.set_params(hidden_layer_sizes=(0,)).fit(X, y)
    with pytest.raises(NotFittedError):
        mlp.predict(X)


@pytest.mark.parametrize("tol", [1e-2, 1e-3])
def test_no_iteration_after_convergence(cancer, tol):
    """The iterate that meets tol is the last one, also where max_iter ends there."""
    X, _, y, _ = cancer
    mlp = RegularizedMLPClassifier((6,), tol=tol, random_state=0, alpha=1.0).fit(X, y)
    assert mlp.optimality_ <= tol
    assert len(set(mlp.loss_curve_)) == mlp.n_iter_
    mlp.set_params(max_iter=mlp.n_iter_).fit(X, y)  # without a warning


def test_a_first_partial_fit_may_fail_and_be_repeated(cancer):
    X, _, y, _ = cancer
    mlp = RegularizedMLPClassifier((6,), random_state=0, alpha=1.0)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        mlp.partial_fit(X, y[:-1], classes=[0, 1, 2])
    assert mlp.partial_fit(X, y, classes=[0, 1]).predict(X[:3]).shape == (3,)


def test_predictions_are_those_of_the_fitted_loss(diabetes):
    X, _, y, _ = diabetes
    mlp = RegularizedMLPRegressor((5,), loss="poisson", alpha=10, random_state=0).fit(X, y)
    before = mlp.predict(X)
    np.testing.assert_array_equal(mlp.set_params(loss="huber").predict(X), before)


def test_partial_fit_with_total_weight_is_unbiased_for_the_whole(cancer):
    """Parts with total_weight=n reach the J of a fit on all rows, others do not."""
    X, _, y, _ = cancer
    whole = RegularizedMLPClassifier((), penalty="l1", alpha=5).fit(X, y)

    def J_of_parts(total_weight, n_epochs=150):
        parts = RegularizedMLPClassifier((), penalty="l1", alpha=5, random_state=0)
        parts.set_params(learning_rate_init=0.01, total_weight=total_weight)
        for _ in range(n_epochs):
            for i in range(0, len(y), 71):
                parts.partial_fit(X[i : i + 71], y[i : i + 71], classes=[0, 1])
        at = clone(whole).set_params(solver="lbfgs", max_fun=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            at.fit(X, y, coef_init=parts.coefs_, intercept_init=parts.intercepts_)
        return at.loss_

    assert J_of_parts(len(y)) == pytest.approx(whole.loss_, rel=0.02)
    # Every part taken for the whole: alpha acts six times as strongly.
    assert J_of_parts(None, 60) > 1.1 * whole.loss_


def test_partial_fit_regression_in_parts_keeps_its_scale(diabetes):
    X, _, y, _ = diabetes

    def score(unit):
        mlp = RegularizedMLPRegressor((10,), total_weight=len(y), random_state=0, alpha=1.0)
        mlp.set_params(learning_rate_init=0.01)
        for _ in range(40):
            mlp.partial_fit(X[:1], unit * y[:1])  # a single row is a part, too
            for i in range(1, len(y), 30):
                mlp.partial_fit(X[i : i + 30], unit * y[i : i + 30])
        return mlp.score(X, unit * y)

    large = score(1000)
    assert large > 0.5
    # The penalty is next to nothing in either unit.
    assert large == pytest.approx(score(1), abs=0.01)


@pytest.mark.filterwarnings("error")
def test_partial_fit_recovers_from_an_untypical_first_part(diabetes):
    """The scale of a first row near zero, or a huge alpha, is no divergence."""
    X, _, y, _ = diabetes
    y = y - y.mean()
    mlp = RegularizedMLPRegressor((10,), total_weight=len(y), random_state=0, alpha=1.0)
    mlp.partial_fit(X[:1], [1e-3])
    first = mlp.partial_fit(X, y).loss_
    for _ in range(20):
        mlp.partial_fit(X, y)
    assert mlp.loss_ < first
    strong = RegularizedMLPRegressor((10,), alpha=1e7, solver="sgd", random_state=0)
    losses = [strong.partial_fit(X[:9], y[:9]).loss_ for _ in range(3)]
    assert losses[2] < losses[1] < losses[0]


def test_class_weight_is_sample_weight(cancer):
    X, _, y, _ = cancer
    common = dict(hidden_layer_sizes=(5,), random_state=0)
    by_class = RegularizedMLPClassifier(class_weight={0: 3.0, 1: 0.5}, **common).fit(X, y)
    weights = np.where(y == 0, 3.0, 0.5)
    by_row = RegularizedMLPClassifier(**common).fit(X, y, sample_weight=weights)
    np.testing.assert_array_equal(by_class.coefs_[0], by_row.coefs_[0])
    balanced = RegularizedMLPClassifier(class_weight="balanced", **common)
    s = np.random.default_rng(0).uniform(0.5, 2, len(y))
    balanced.fit(X, y, sample_weight=s)
    totals = np.bincount(y, weights=s)
    by_row.fit(X, y, sample_weight=s * (s.sum() / (2 * totals))[y])
    assert balanced.loss_ == pytest.approx(by_row.loss_, rel=1e-6)


def test_alpha_means_the_same_for_every_batch_size(cancer):
    """Here the weights hardly move; MLPClassifier's do, as its alpha acts tenfold."""
    X, _, y, _ = cancer

    def norms(estimator, **parameters):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [
                np.linalg.norm(
                    estimator(
                        (20,),
                        solver="adam",
                        alpha=10.0,
                        batch_size=batch_size,
                        max_iter=300,
                        tol=0,
                        random_state=0,
                        **parameters,
                    )
                    .fit(X, y)
                    .coefs_[0]
                )
                for batch_size in (20, 200)
            ]

    ours = norms(RegularizedMLPClassifier, learning_rate_init=0.003)
    theirs = norms(MLPClassifier, learning_rate_init=0.003)
    assert abs(ours[0] / ours[1] - 1) < 0.05
    assert theirs[1] / theirs[0] > 1.4


def test_verbose_prints_objective_residual_and_sparsity(cancer, capsys):
    X, _, y, _ = cancer
    mlp = RegularizedMLPClassifier(
        (5,), penalty="l1", verbose=10, random_state=0, alpha=1.0
    ).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == mlp.n_iter_
    assert lines[9].startswith("Iteration 10, loss = ")
    assert "residual" in lines[0]
    assert "sparsity" in lines[0]


def test_weights_into_dead_units_are_zero(diabetes):
    """Here all outgoing weights die in the first step, the others are left as drawn."""
    X, _, y, _ = diabetes
    mlp = RegularizedMLPRegressor((5, 4), penalty="l1", alpha=1e8, random_state=0)
    with pytest.warns(UserWarning, match="No feature|standard deviation"):
        mlp.fit(X, 1000 * y)
    assert mlp.sparsity_ == 1
    np.testing.assert_allclose(mlp.predict(X), 1000 * y.mean(), rtol=1e-6)


def test_user_parameters_are_left_alone(cancer):
    X, _, y, _ = cancer
    mlp = RegularizedMLPClassifier(
        [6, 4], activation=["relu", "tanh"], random_state=0, alpha=1.0
    )
    before = mlp.get_params()
    mlp.fit(X, y)
    assert mlp.get_params() == before
    assert [coef.shape for coef in mlp.coefs_] == [(30, 6), (6, 4), (4, 1)]
    assert mlp.n_layers_ == 4


def test_partial_fit_goes_on_from_read_only_averages():
    """As joblib.load with mmap_mode="r" leaves them."""
    X = np.random.RandomState(0).normal(size=(40, 3))
    losses = []
    for writeable in (True, False):
        mlp = RegularizedMLPRegressor((4,), solver="adam", random_state=0, alpha=1.0)
        mlp.partial_fit(X, X[:, 0])
        for moment in mlp._training_state.solver_state.moments.values():
            moment.flags.writeable = writeable
        losses.append(mlp.partial_fit(X, X[:, 0]).loss_)
    assert losses[0] == losses[1]
