"""Fits with `input_noise` and `mixup`: what they minimise, watch and refuse."""

import numpy as np
import pytest
from minibatch_fits import (
    ALL,
    BOTH,
    DIABETES,
    IRIS,
    SOLVERS,
    TABLES,
    fit,
    loss_by_definition,
    make,
    not_converged,
)
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import Ridge

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor

NOISE, MIXUP = dict(input_noise=0.3), dict(mixup=0.5)
TOGETHER = NOISE | MIXUP | dict(dropout=0.1)
EITHER = pytest.mark.parametrize("params", [NOISE, MIXUP, TOGETHER], ids=str)


def assert_same_weights(first, second):
    for a, b in zip(first.coefs_ + first.intercepts_, second.coefs_ + second.intercepts_):
        np.testing.assert_array_equal(a, b)


def linear_fit(**params):
    """Return the weights of a linear model, nearly without the noise of what is drawn.

    Batches are all of the samples: in their objective nothing else is random.
    """
    X, y = DIABETES
    X = X[:, [0, 2, 3]]
    model = RegularizedMLPRegressor(
        (),
        solver="sgd",
        batch_size=len(y),
        learning_rate_init=0.05,
        momentum=0.9,
        max_iter=1500,
        n_iter_no_change=np.inf,
        n_iter_average=1400,
        random_state=0,
        **params,
    )
    return X, y, model.fit(X, y).coefs_[0][:, 0]


@not_converged
def test_noise_is_a_ridge_penalty_of_linear_models():
    """E (y - (x + e) w)^2 = (y - x w)^2 + s^2 w^2 (Bishop, 1995)."""
    X, y, found = linear_fit(alpha=0, **NOISE)
    expected = Ridge(alpha=len(y) * 0.3**2).fit(X, y).coef_
    unpenalised = Ridge(alpha=0).fit(X, y).coef_
    # Steps have a standard deviation of about 0.3 / sqrt(150), the mean of 1400 of
    # them, which momentum correlates, a tenth of it.
    assert np.abs(found - expected).max() < 0.01
    assert np.abs(found - unpenalised).max() > 0.02


@not_converged
def test_mixup_shrinks_the_squares_of_linear_models():
    """With c uniform, E c^2 + (1 - c)^2 = 2 / 3: that of squares and products alike."""
    X, y, found = linear_fit(alpha=60.0, mixup=1.0)
    X, y = X - X.mean(axis=0), y - y.mean()
    expected = Ridge(alpha=60.0 * 3 / 2).fit(X, y).coef_
    plain = Ridge(alpha=60.0).fit(X, y).coef_
    assert np.abs(found - expected).max() < 0.01
    assert np.abs(found - plain).max() > 0.03


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_none_is_the_default(cls, solver):
    plain = fit(cls, solver=solver)
    assert_same_weights(plain, fit(cls, solver=solver, input_noise=0, mixup=0))
    for params in (NOISE, MIXUP):
        other = fit(cls, solver=solver, **params)
        assert (other.coefs_[0] != plain.coefs_[0]).any()
    assert fit(cls, solver="lbfgs", input_noise=0.0, mixup=0.0).solver_ == "lbfgs"


@pytest.mark.parametrize(
    "params",
    [TOGETHER, *(pytest.param(one, marks=pytest.mark.slow) for one in (NOISE, MIXUP))],
    ids=str,
)
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_reproducible_and_different_between_seeds(cls, solver, params):
    first = fit(cls, solver=solver, **params)
    assert_same_weights(first, clone(first).fit(*TABLES[cls]))
    other = fit(cls, solver=solver, **params, random_state=1)
    assert (first.coefs_[1] != other.coefs_[1]).any()
    X, y = TABLES[cls]
    from_csr = clone(first).fit(sparse.csr_array(X), y)
    # Sums of the same numbers in another order.
    np.testing.assert_allclose(from_csr.coefs_[0], first.coefs_[0], rtol=1e-6, atol=1e-8)


@not_converged
def test_draws_differ_between_epochs():
    """In batches of all samples, in their order, and steps that lead nowhere."""
    X, y = DIABETES
    model = RegularizedMLPRegressor(
        (), solver="sgd", shuffle=False, batch_size=len(y), alpha=0, random_state=0, **NOISE
    )
    model.set_params(learning_rate_init=1e-9, max_iter=5, n_iter_no_change=np.inf)
    losses = model.fit(X, y, coef_init=[np.ones((10, 1))]).loss_curve_
    assert len(set(np.round(losses, 6))) == 5


@EITHER
@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_the_objective_is_that_of_the_samples_themselves(cls, params):
    X, y = TABLES[cls]
    held_out = dict(X_val=X[1::2], y_val=y[1::2])
    model = make(cls, **params, alpha=0.5, early_stopping=True).fit(X, y, **held_out)
    assert model.solver_ == "adam"
    norms = sum(np.linalg.norm(coef) ** 2 for coef in model.coefs_)
    expected = loss_by_definition(model, X, y) + 0.5 * norms / 2 / len(y)
    assert model.loss_ == pytest.approx(expected, rel=1e-10)
    of_held_out = loss_by_definition(model, X[1::2], y[1::2])
    assert min(model.validation_loss_curve_) == pytest.approx(of_held_out, rel=1e-10)


@pytest.mark.parametrize("params", [NOISE, MIXUP], ids=str)
@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_full_batches_refuse_them(cls, params):
    (name,) = params
    message = rf"solver='lbfgs' cannot train with {name}, .*solver='adam' or solver='sgd'"
    with pytest.raises(ValueError, match=message):
        fit(cls, solver="lbfgs", **params)
    assert fit(cls, **params).solver_ == "adam"
    assert fit(cls, penalty="group_mcp", **params).solver_ == "sgd"
    with pytest.raises(ValueError, match=f"no meaning with {name}"):
        fit(cls, alpha="evidence", **params)


@pytest.mark.parametrize("params", [NOISE, MIXUP], ids=str)
def test_the_quantile_rule_refuses_them(params):
    (name,) = params
    penalty = ["group_lasso", "max_norm"]
    with pytest.raises(ValueError, match=rf"not for {name}, .* Set {name}=0\."):
        fit(RegularizedMLPRegressor, alpha="quantile", penalty=penalty, **params)


@EITHER
@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_partial_fit_draws_them_too(cls, params):
    X, y = TABLES[cls]
    first = {"classes": [0, 1, 2]} if cls is RegularizedMLPClassifier else {}

    def train(**params):
        model = make(cls, **params).partial_fit(X, y, **first)
        for _ in range(3):
            model.partial_fit(X[::2], y[::2])
        return model

    found = train(**params)
    assert_same_weights(found, train(**params))
    assert (found.coefs_[0] != train().coefs_[0]).any()


@EITHER
@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_samples_without_weight_do_not_matter(cls, params):
    """What they are, that is: they take part in minibatches."""
    X, y = TABLES[cls]
    weight = np.random.RandomState(0).randint(3, size=len(y)).astype(float)
    other, absent = X.copy(), weight == 0
    other[absent] = 1e3
    first, second = (
        make(cls, **params).fit(rows, y, sample_weight=weight) for rows in (X, other)
    )
    np.testing.assert_allclose(first.coefs_[0], second.coefs_[0], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("bad", [-0.1, np.inf, np.nan, "0.1", None])
@pytest.mark.parametrize("name", ["input_noise", "mixup"])
@pytest.mark.parametrize("cls", ALL)
def test_bad_strengths_are_refused(cls, name, bad):
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        cls(**{name: bad}).fit(*TABLES[cls])


@pytest.mark.parametrize("params", [NOISE, MIXUP], ids=str)
@pytest.mark.parametrize("cls", ALL[2:])
@not_converged
def test_a_search_draws_them(cls, params):
    common = dict(alphas=[1.0, 10.0], cv=2, penalty="l1")
    found = fit(cls, **common, **params)
    assert found.solver_ == "adam"
    assert np.isfinite(found.scores_).all()


@not_converged
def test_labels_and_two_classes_are_mixed():
    X, y = IRIS
    for targets in (y > 0, np.column_stack([y > 0, y > 1]) * 1):
        model = make(RegularizedMLPClassifier, **MIXUP, label_smoothing=0.1)
        model.set_params(max_iter=60, learning_rate_init=0.02).fit(X, targets)
        assert model.score(X, targets) > 0.8
        # Mixed targets have no certain classes.
        assert model.predict_proba(X).max() < 0.99


@not_converged
def test_single_precision_stays():
    X, y = DIABETES
    model = make(RegularizedMLPRegressor, **TOGETHER)
    assert model.fit(X.astype(np.float32), y).coefs_[0].dtype == np.float32
