"""alpha='evidence' with hidden layers: alphas, noise and predictive intervals."""

import numpy as np
import pytest
from evidence_cases import (
    BOTH,
    SCOPES,
    TASKS,
    diabetes,
    not_converged,
    several_outputs,
    small_regression,
)
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
)
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler, scale

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
)
from sknormreg.evidence import factors


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("task", TASKS)
@not_converged
def test_attributes(task, scope):
    cls, data = TASKS[task]
    X, y = data()
    mlp = cls((6,), alpha="evidence", evidence_scope=scope, random_state=0).fit(X, y)
    n_weights = sum(coef.size for coef in mlp.coefs_)
    assert 0 < mlp.n_effective_parameters_ < n_weights
    assert np.isfinite(mlp.log_evidence_)
    assert hasattr(mlp, "noise_variance_") == (cls is RegularizedMLPRegressor)
    if scope == "network":
        assert isinstance(mlp.alpha_, float)
    elif scope == "layer":
        assert mlp.alpha_.shape == (2,)
    else:
        assert mlp.alpha_[0].shape == (X.shape[1],)
        assert isinstance(mlp.alpha_[1], float)
    score = mlp.score(X, y)
    assert score > {"regression": 0.4, "several outputs": 0.4, "multilabel": 0.5}.get(
        task, 0.9
    )


def value_of_J(mlp, X, y):
    """J by its definition, for half the squared error and the log loss of classes."""
    coefs = [coef.astype(np.float64) for coef in mlp.coefs_]
    alphas = [mlp.alpha_] * len(coefs) if isinstance(mlp.alpha_, float) else mlp.alpha_
    penalty = sum(
        np.sum(np.atleast_1d(alpha)[:, None] * coef**2) / 2
        for alpha, coef in zip(alphas, coefs)
    )
    if hasattr(mlp, "classes_"):
        loss = log_loss(y, mlp.predict_proba(X), normalize=False)
    else:
        loss = np.sum((y - mlp.predict(X)) ** 2) / 2
    return (loss + penalty) / len(X)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("task", ["regression", "softmax"])
@not_converged
def test_a_fit_with_the_alphas_found_is_of_the_same_objective(task, scope):
    cls, data = TASKS[task]
    X, y = data()
    mlp = cls((4,), alpha="evidence", evidence_scope=scope, random_state=0).fit(X, y)
    np.testing.assert_allclose(mlp.loss_, value_of_J(mlp, X, y), rtol=1e-9)
    weights = dict(coef_init=mlp.coefs_, intercept_init=mlp.intercepts_)
    # Evidence ends where alphas have settled, from where J may still fall.
    again = clone(mlp).set_params(alpha=mlp.alpha_, max_iter=5).fit(X, y, **weights)
    assert repr(again.alpha_) == repr(mlp.alpha_)
    np.testing.assert_allclose(again.loss_, value_of_J(again, X, y), rtol=1e-9)
    assert again.loss_ <= mlp.loss_


@pytest.mark.parametrize("scope", ["network", "layer"])
@pytest.mark.parametrize("cls", BOTH)
def test_a_linear_fit_with_the_alphas_found_is_the_same(cls, scope):
    X, y = diabetes()
    y = y if cls is RegularizedMLPRegressor else (y > 140).astype(int)
    mlp = cls((), alpha="evidence", evidence_scope=scope).fit(X, y)
    again = cls((), alpha=mlp.alpha_).fit(X, y)
    size = np.abs(mlp.coefs_[0]).max()
    # Gradients of 1e-8, at features that are nearly collinear.
    np.testing.assert_allclose(again.coefs_[0], mlp.coefs_[0], atol=1e-5 * size)
    np.testing.assert_allclose(again.loss_, mlp.loss_, rtol=1e-10)


@pytest.mark.parametrize("hidden", [(), (5,)])
@pytest.mark.parametrize("task", ["regression", "softmax", "multilabel"])
@not_converged
def test_weights_are_repetitions(task, hidden):
    cls, data = TASKS[task]
    X, y = data()
    s = np.random.default_rng(0).integers(0, 3, len(X))
    repeated = np.repeat(np.arange(len(X)), s)
    # In some hundred iterations rounding grows to another minimum: these are for some
    # starts and re-estimations.
    mlp = cls(hidden, alpha="evidence", max_iter=140 if hidden else 2000, random_state=0)
    weighted = clone(mlp).fit(X, y, sample_weight=s.astype(float))
    plain = clone(mlp).fit(X[repeated], y[repeated])
    rtol = 1e-5
    np.testing.assert_allclose(weighted.alpha_, plain.alpha_, rtol=rtol)
    for name in ("n_effective_parameters_", "log_evidence_", "loss_"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(plain, name), rtol=rtol)


@pytest.mark.parametrize("scope", ["layer", "feature"])
@not_converged
def test_the_unit_of_targets_does_not_matter(scope):
    """Unless hidden and output layer share an alpha, whose unit is theirs alone."""
    X, y = small_regression()
    mlp = RegularizedMLPRegressor(
        (5,), alpha="evidence", evidence_scope=scope, max_iter=140
    )
    rng = np.random.default_rng(0)
    first, last = rng.normal(size=(10, 5)) / 3, rng.normal(size=(5, 1)) / 3
    plain = clone(mlp).fit(X, y, coef_init=[first, last])
    scaled = clone(mlp).fit(X, 1024 * y, coef_init=[first, 1024 * last])
    np.testing.assert_allclose(
        scaled.n_effective_parameters_, plain.n_effective_parameters_, rtol=1e-6
    )
    np.testing.assert_allclose(
        scaled.noise_variance_, 1024**2 * plain.noise_variance_, rtol=1e-6
    )
    # As a density, which is 1024 times lower at every target.
    expected = plain.log_evidence_ - len(y) * np.log(1024)
    np.testing.assert_allclose(scaled.log_evidence_, expected, rtol=1e-6)
    for ours, theirs in zip(
        scaled.predict(X, return_std=True), plain.predict(X, return_std=True)
    ):
        np.testing.assert_allclose(ours, 1024 * theirs, rtol=1e-5, atol=1e-3)


@not_converged
def test_inputs_of_noise_get_larger_alphas():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 6))
    y = np.sin(2 * X[:, 0]) + X[:, 1] ** 2 + 0.1 * rng.normal(size=300)
    mlp = RegularizedMLPRegressor(
        (10,), alpha="evidence", evidence_scope="feature", random_state=0
    ).fit(X, y)
    of_inputs = mlp.alpha_[0]
    assert of_inputs[2:].min() > 30 * of_inputs[:2].max()
    strength = np.abs(mlp.coefs_[0]).max(axis=1)
    assert strength[2:].max() < 0.1 * strength[:2].min()
    assert 0.005 < mlp.noise_variance_ < 0.03


@not_converged
def test_noise_alone_is_fitted_by_a_constant():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 5)), rng.normal(size=200)
    mlp = RegularizedMLPRegressor((20,), alpha="evidence", random_state=0).fit(X, y)
    assert mlp.n_effective_parameters_ < 5
    assert np.std(mlp.predict(X)) < 0.2
    np.testing.assert_allclose(mlp.noise_variance_, y.var(), rtol=0.1)


@not_converged  # the evidence has no maximum
def test_targets_without_noise():
    """Nothing overflows where nothing is left to tell the noise by."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 40))
    y = X @ rng.normal(size=40)
    mlp = RegularizedMLPRegressor((), alpha="evidence", max_iter=5000).fit(X, y)
    assert np.isfinite(mlp.log_evidence_)
    assert mlp.score(X, y) > 0.999


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@not_converged
def test_predictive_intervals_cover_what_they_say(dtype):
    X, y = diabetes()
    X, X_test, y, y_test = train_test_split(X.astype(dtype), y, random_state=0)
    mlp = RegularizedMLPRegressor(alpha="evidence", random_state=0).fit(X, y)
    predicted, std = mlp.predict(X_test, return_std=True)
    np.testing.assert_array_equal(predicted, mlp.predict(X_test))
    assert std.shape == predicted.shape
    assert std.dtype == dtype
    assert std.min() > np.sqrt(mlp.noise_variance_)
    covered = np.mean(np.abs(y_test - predicted) <= 1.96 * std)
    # 111 rows: two standard errors are 0.04.
    assert 0.9 <= covered <= 0.99


@not_converged
def test_predictive_intervals_of_several_outputs_and_sparse_rows():
    X, y = several_outputs()
    mlp = RegularizedMLPRegressor((5,), alpha="evidence", random_state=0).fit(X, y)
    predicted, std = mlp.predict(X, return_std=True)
    assert predicted.shape == std.shape == y.shape
    of_sparse = mlp.predict(sparse.csr_array(X), return_std=True)
    np.testing.assert_allclose(of_sparse, (predicted, std), rtol=1e-10)


@not_converged
def test_evidence_chooses_a_good_alpha_in_classification():
    X, y = load_breast_cancer(return_X_y=True)
    X, X_test, y, y_test = train_test_split(
        X, y, test_size=1 / 3, random_state=0, stratify=y
    )
    scaler = StandardScaler().fit(X)
    X, X_test = scaler.transform(X), scaler.transform(X_test)

    def held_out(alpha):
        mlp = RegularizedMLPClassifier((20,), alpha=alpha, random_state=0).fit(X, y)
        return log_loss(y_test, mlp.predict_proba(X_test))

    grid = [held_out(alpha) for alpha in np.geomspace(0.01, 100, 9)]
    # 190 rows: the standard error of the loss is about 0.02.
    assert held_out("evidence") < min(grid) + 0.02
    assert held_out("evidence") < np.median(grid)


@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_more_weights_and_rows_than_are_factorised(cls, monkeypatch):
    X, y = diabetes(200)
    y = scale(y) if cls is RegularizedMLPRegressor else (y > 140).astype(int)
    mlp = cls((10,), alpha="evidence", random_state=0)
    exact = clone(mlp).fit(X, y)
    monkeypatch.setattr(factors, "EXACT_SIZE", 10)
    estimated = clone(mlp).fit(X, y)
    assert estimated.log_evidence_ > exact.log_evidence_ - 10
    np.testing.assert_allclose(estimated.score(X, y), exact.score(X, y), atol=0.1)
    if cls is RegularizedMLPRegressor:
        for ours, theirs in zip(
            estimated.predict(X, return_std=True), exact.predict(X, return_std=True)
        ):
            assert np.corrcoef(ours, theirs)[0, 1] > 0.8
