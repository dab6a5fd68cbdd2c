"""Class probabilities with the weights integrated out."""

import copy
import pickle

import numpy as np
import pytest
from evidence_cases import Problem, not_converged
from scipy import special
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPClassifier
from sknormreg.engine import Network
from sknormreg.engine.losses import BinaryLogLoss, MultinomialLogLoss
from sknormreg.evidence.factors import DualFactor, PrimalFactor
from sknormreg.evidence.linearization import Linearization
from sknormreg.evidence.marginalization import (
    _contrasts,
    _marginal,
    without_themselves,
)

pytestmark = not_converged


# Oracles


@pytest.mark.parametrize("variance", [0.1, 1.0, 9.0])
def test_a_binary_probability_is_the_mean_over_its_logit(variance):
    logits = np.linspace(-3, 3, 7)[:, None]
    found = special.expit(_marginal(BinaryLogLoss(), logits, variance))
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    values = special.expit(logits + np.sqrt(variance) * nodes)
    # MacKay's approximation is good to a few hundredths.
    np.testing.assert_allclose(found.ravel(), values @ weights / weights.sum(), atol=0.02)


def test_two_logits_are_like_one():
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(6, 2))
    blocks = rng.normal(size=(6, 2, 2))
    covariances = blocks @ blocks.transpose(0, 2, 1)
    contrasts = _contrasts(MultinomialLogLoss(2), 2)
    variances = np.einsum("kl,ilm,km->ik", contrasts, covariances, contrasts)
    both = special.softmax(_marginal(MultinomialLogLoss(2), raw, variances), axis=1)
    difference = np.array([-1.0, 1.0])
    of_one = np.einsum("l,ilm,m->i", difference, covariances, difference)[:, None]
    one = special.expit(_marginal(BinaryLogLoss(), raw[:, 1:] - raw[:, :1], of_one))
    np.testing.assert_allclose(both[:, 1:], one, rtol=1e-12)


def _linear_fit(loss, X, y, weight, alpha, n_outputs):
    """Return weights and intercepts of a linear model, precisely."""

    def value(params):
        raw = X @ params[n_outputs:].reshape(X.shape[1], -1) + params[:n_outputs]
        gradient = raw.copy()
        loss.derivative(y, gradient)
        gradient *= weight[:, None]
        penalty = alpha / 2 * params[n_outputs:] @ params[n_outputs:]
        of_weights = (X.T @ gradient).ravel() + alpha * params[n_outputs:]
        total = loss.value(y, raw, weight) + penalty
        return total, np.append(gradient.sum(axis=0), of_weights)

    start = np.zeros(n_outputs * (1 + X.shape[1]))
    options = dict(maxiter=5000, ftol=1e-15, gtol=1e-10)
    found = minimize(value, start, jac=True, method="L-BFGS-B", options=options).x
    return found[n_outputs:].reshape(X.shape[1], -1), found[:n_outputs]


@pytest.mark.parametrize("kind", ["binary", "multilabel", "softmax"])
@pytest.mark.parametrize("factor", [PrimalFactor, DualFactor])
def test_samples_left_out_of_a_linear_model(kind, factor):
    """The logits are nearly those of models that are fitted without the sample."""
    rng = np.random.default_rng(0)
    X, alpha = rng.normal(size=(40, 3)), 2.0
    if kind == "softmax":
        loss, n_outputs = MultinomialLogLoss(3), 3
        y = np.digitize(X[:, 0] + rng.normal(size=40), [-0.5, 0.5])
    else:
        loss, n_outputs = BinaryLogLoss(), 1 if kind == "binary" else 2
        y = (X[:, :n_outputs] + rng.normal(size=(40, n_outputs)) > 0).astype(float)
    weight = np.ones(40)
    weight[:5] = 2.0
    coef, intercept = _linear_fit(loss, X, y, weight, alpha, n_outputs)
    network = Network((3, n_outputs), (), loss)
    args = network, [coef], [intercept], X
    phi = factor(Linearization(*args, weight, loss.hessian_root), [np.full(3, alpha)])
    linear = Linearization(*args)
    V = phi.covariances(linear)
    found, _ = without_themselves(loss, y, linear.raw, weight, V)
    centre = np.mean if kind == "softmax" else (lambda *_, **__: 0.0)
    for i in range(0, 40, 3):
        others = weight.copy()
        others[i] -= 1.0
        coef, intercept = _linear_fit(loss, X, y, others, alpha, n_outputs)
        exact = X[i] @ coef + intercept
        exact = exact - centre(exact)
        own = found[i] - centre(found[i])
        before = linear.raw[i] - centre(linear.raw[i])
        step = np.abs(exact - before).max()
        assert np.abs(own - exact).max() <= 0.15 * step + 0.01


def test_a_sample_of_weight_two_is_two_samples():
    problem = Problem("softmax", "one layer", n_rows=12)
    y = np.arange(12) % 3
    weight = np.append(np.full(3, 2.0), np.ones(9))
    rows = np.append(np.arange(12), np.arange(3))
    found = []
    for X, targets, weights in (
        (problem.X, y, weight),
        (problem.X[rows], y[rows], np.ones(15)),
    ):
        problem.X, problem.sample_weight = X, weights
        phi = PrimalFactor(problem.linearization(), problem.row_alphas)
        linear = problem.of_outputs(X)
        V = phi.covariances(linear)
        raw, _ = without_themselves(problem.loss, targets, linear.raw, weights, V)
        found.append(raw[:12])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-8, atol=1e-8)


# Estimators


def noisy(n_classes, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(300, 40))
    raw = X[:, 0] + X[:, 1] * X[:, 2] + rng.logistic(size=300)
    edges = [0.0] if n_classes == 2 else [-0.8, 0.8]
    return train_test_split(X, np.digitize(raw, edges), random_state=0)


@pytest.mark.parametrize("n_classes", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_probabilities_of_noisy_classes_get_better(n_classes):
    """Seldom much worse and, where the most probable network is too sure, much better."""
    ratios = []
    for seed in range(2):
        X, X_test, y, y_test = noisy(n_classes, seed)
        settings = dict(hidden_layer_sizes=(30,), alpha="evidence", random_state=0)
        model = RegularizedMLPClassifier(**settings).fit(X, y)
        plain = copy.copy(model)
        # Of classes without noise there is none.
        vars(plain).pop("_posterior", None)
        losses = [log_loss(y_test, m.predict_proba(X_test)) for m in (model, plain)]
        ratios.append(losses[0] / losses[1])
    assert max(ratios) < 1.05
    assert np.exp(np.mean(np.log(ratios))) < 0.97


def test_a_posterior_that_is_not_kept_changes_no_weight():
    X, X_test, y, _ = noisy(2)
    model = RegularizedMLPClassifier((5,), alpha="evidence", random_state=0).fit(X, y)
    plain = clone(model).set_params(store_posterior=False).fit(X, y)
    assert not hasattr(plain, "_posterior")
    np.testing.assert_array_equal(model.coefs_[0], plain.coefs_[0])
    del model._posterior
    np.testing.assert_array_equal(model.predict_proba(X_test), plain.predict_proba(X_test))


def test_classes_without_noise_keep_the_most_probable_network():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 4))
    model = RegularizedMLPClassifier((10,), alpha="evidence", random_state=0)
    model.fit(X, X[:, 0] > 0)
    assert getattr(model, "_posterior", None) is None or model._posterior.temperature < 0.1


def test_predictions_agree():
    X, X_test, y, _ = noisy(3)
    model = RegularizedMLPClassifier((20,), alpha="evidence", random_state=0).fit(X, y)
    proba = model.predict_proba(X_test)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X_test)), proba, rtol=1e-10)
    np.testing.assert_allclose(
        special.softmax(model.decision_function(X_test), axis=1), proba, rtol=1e-10
    )
    np.testing.assert_array_equal(model.predict(X_test), proba.argmax(axis=1))
    # In parts, and after a round trip.
    parts = [model.predict_proba(part) for part in np.array_split(X_test, 4)]
    np.testing.assert_allclose(np.vstack(parts), proba, rtol=1e-10)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X_test), proba)
    assert not hasattr(clone(model), "_posterior")


def test_another_fit_forgets_the_posterior():
    X, _, y, _ = noisy(2)
    model = RegularizedMLPClassifier((50,), alpha="evidence", random_state=0).fit(X, y)
    assert hasattr(model, "_posterior")
    model.set_params(alpha=1.0).fit(X, y)
    assert not hasattr(model, "_posterior")


def test_a_posterior_for_conjugate_gradients_is_not_kept(monkeypatch):
    monkeypatch.setattr("sknormreg.evidence.factors.EXACT_SIZE", 10)
    monkeypatch.setattr("sknormreg.evidence.factors.MOST_INPUTS", 10)
    X, _, y, _ = noisy(2)
    model = RegularizedMLPClassifier((5,), alpha="evidence", max_iter=50, random_state=0)
    assert not hasattr(model.fit(X, y), "_posterior")


def test_float32_stays():
    X, y = load_iris(return_X_y=True)
    X = scale(X).astype(np.float32)
    model = RegularizedMLPClassifier((10,), alpha="evidence", random_state=0).fit(X, y)
    assert model.predict_proba(X).dtype == np.float32
