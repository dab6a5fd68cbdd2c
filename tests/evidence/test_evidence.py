"""alpha="evidence": the Gauss-Newton matrix, what is asked of it, and what comes of it."""

import pickle

import numpy as np
import pytest
from scipy import optimize, sparse, special
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_iris,
    make_multilabel_classification,
)
from sklearn.linear_model import BayesianRidge, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler, scale
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
)
from sknormreg.engine import Network, NumpyEngine
from sknormreg.engine.losses import BinaryLogLoss, HalfSquaredError, MultinomialLogLoss
from sknormreg.evidence import gauss_newton, solver
from sknormreg.evidence.gauss_newton import (
    DualFactor,
    KrylovFactor,
    Linearization,
    PrimalFactor,
)
from sknormreg.penalties.separable import RowScaledL2

BOTH = [RegularizedMLPClassifier, RegularizedMLPRegressor]
SCOPES = ["network", "layer", "input"]
# In networks rounding decides in which minimum training ends, and whether alphas settle.
not_converged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# Losses, and their second derivatives by the raw outputs of one row, from the model's
# definition: the covariance of the targets that it predicts.
LOSSES = {
    "squared_error": (HalfSquaredError(), 1, lambda raw: np.eye(1)),
    "several outputs": (HalfSquaredError(), 2, lambda raw: np.eye(2)),
    "binary": (
        BinaryLogLoss(),
        1,
        lambda raw: np.diag(special.expit(raw) * (1 - special.expit(raw))),
    ),
    "multilabel": (
        BinaryLogLoss(),
        3,
        lambda raw: np.diag(special.expit(raw) * (1 - special.expit(raw))),
    ),
    "softmax": (
        MultinomialLogLoss(3),
        3,
        lambda raw: (
            np.diag(special.softmax(raw))
            - np.outer(special.softmax(raw), special.softmax(raw))
        ),
    ),
}
NETWORKS = {
    "linear": ((4,), ()),
    "one layer": ((4, 5), ("tanh",)),
    "two layers": ((4, 3, 5), ("gelu", "softplus")),
}


class Problem:
    """A random network, rows and weights of them, and its matrices by definition."""

    def __init__(self, loss, layers, n_rows=12, seed=0):
        rng = np.random.default_rng(seed)
        self.loss, n_outputs, self.hessian = LOSSES[loss]
        units, activations = NETWORKS[layers]
        self.network = Network((*units, n_outputs), activations, self.loss)
        self.params = 0.7 * rng.normal(size=self.network.n_params)
        self.X = rng.normal(size=(n_rows, 4))
        self.sample_weight = rng.uniform(0.3, 3, n_rows)
        self.row_alphas = [rng.uniform(0.2, 2, fan_in) for fan_in, _ in self.network.shapes]

    def raw(self, params, X):
        network = self.network
        return NumpyEngine(network).raw_predict(
            network.coefs(params), network.intercepts(params), X
        )

    def jacobian(self, X):
        """Derivatives of the raw outputs, shape (n_rows, n_outputs, n_params)."""
        step = 1e-6
        columns = []
        for direction in np.eye(self.network.n_params):
            up = self.raw(self.params + step * direction, X)
            down = self.raw(self.params - step * direction, X)
            columns.append((up - down) / (2 * step))
        return np.stack(columns, axis=-1)

    def gauss_newton(self):
        jacobian, raw = self.jacobian(self.X), self.raw(self.params, self.X)
        return sum(
            s * J.T @ self.hessian(row) @ J
            for s, J, row in zip(self.sample_weight, jacobian, raw)
        )

    def linearization(self, layout=np.asarray):
        return Linearization(
            self.network,
            self.network.coefs(self.params),
            self.network.intercepts(self.params),
            layout(self.X),
            self.sample_weight,
            self.loss.hessian_root,
        )

    def of_outputs(self, X):
        network = self.network
        return Linearization(
            network, network.coefs(self.params), network.intercepts(self.params), X
        )

    def alphas(self):
        """alpha of every parameter: 0 of intercepts."""
        alphas = np.zeros(self.network.n_params)
        for part, of_rows in zip(self.network.coefs(alphas), self.row_alphas):
            part[...] = of_rows[:, None]
        return alphas


def written_down(linear):
    return np.hstack([np.vstack(list(linear.blocks_of_weights())), linear.of_intercepts])


# The matrix


@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array, sparse.csr_matrix])
@pytest.mark.parametrize("layers", NETWORKS)
@pytest.mark.parametrize("loss", LOSSES)
def test_gauss_newton_matrix_is_that_of_finite_differences(loss, layers, layout):
    problem = Problem(loss, layers)
    phi = written_down(problem.linearization(layout))
    # Differences of steps of 1e-6 leave 1e-10 to 1e-9.
    np.testing.assert_allclose(phi.T @ phi, problem.gauss_newton(), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic", "elu", "identity"])
def test_gauss_newton_matrix_of_activations(activation, monkeypatch):
    monkeypatch.setitem(NETWORKS, "mine", ((4, 6), (activation,)))
    problem = Problem("binary", "mine")
    phi = written_down(problem.linearization())
    np.testing.assert_allclose(phi.T @ phi, problem.gauss_newton(), rtol=1e-7, atol=1e-8)


def test_blocks_of_rows_are_the_rows(monkeypatch):
    problem = Problem("softmax", "two layers")
    whole = written_down(problem.linearization())
    monkeypatch.setattr(gauss_newton, "_BLOCK_NUMBERS", 1)
    assert len(list(problem.linearization().blocks_of_weights())) == 12
    np.testing.assert_array_equal(written_down(problem.linearization()), whole)


# What is asked of it. Twice as many rows as parameters of the largest network, for no
# direction of the intercepts is to be undetermined: there the oracle has no inverse.


@pytest.mark.parametrize(
    "layout", [np.asarray, pytest.param(sparse.csr_array, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("factor", [PrimalFactor, DualFactor, KrylovFactor])
@pytest.mark.parametrize("layers", NETWORKS)
@pytest.mark.parametrize("loss", ["squared_error", "several outputs", "multilabel"])
def test_factors_are_those_of_the_matrix_with_all_parameters(
    loss, layers, factor, layout, monkeypatch
):
    monkeypatch.setattr(gauss_newton, "_N_PROBES", 3000)
    problem = Problem(loss, layers, n_rows=120)
    n_weights, alphas = problem.network.n_weights, problem.alphas()
    matrix = problem.gauss_newton() + np.diag(alphas)
    inverse = np.linalg.inv(matrix)
    found = factor(problem.linearization(layout), problem.row_alphas)

    determined = 1 - alphas * inverse.diagonal()
    expected = [part.sum(axis=1) for part in problem.network.coefs(determined)]
    # The probes' means have relative errors of about sqrt(2 / 3000).
    rtol = 0.1 if factor is KrylovFactor else 1e-6
    np.testing.assert_allclose(
        np.concatenate(found.gammas), np.concatenate(expected), rtol=rtol, atol=rtol
    )
    of_intercepts = matrix[n_weights:, n_weights:]
    log_det = np.linalg.slogdet(matrix)[1] - np.linalg.slogdet(of_intercepts)[1]
    log_det -= np.log(alphas[:n_weights]).sum()
    np.testing.assert_allclose(found.log_det, log_det, rtol=rtol)
    assert found.n_intercepts == len(of_intercepts)

    X_new = np.random.default_rng(1).normal(size=(7, 4))
    gradients = problem.jacobian(X_new).reshape(-1, len(alphas))
    variances = np.einsum("ij,jk,ik->i", gradients, inverse, gradients)
    # Conjugate gradients end at 1e-4; finite differences are good to 1e-9.
    rtol = 1e-2 if factor is KrylovFactor else 1e-5
    np.testing.assert_allclose(
        found.variances(problem.of_outputs(layout(X_new))), variances, rtol=rtol
    )


def test_estimates_of_gamma_are_not_biased():
    """The mean over problems of what 16 probes say, not of what thousands do."""
    errors = []
    for seed in range(20):
        problem = Problem("squared_error", "two layers", n_rows=60, seed=seed)
        linear = problem.linearization()
        estimated, exact = (
            np.hstack(factor(linear, problem.row_alphas).gammas).sum()
            for factor in (KrylovFactor, PrimalFactor)
        )
        errors.append((estimated - exact) / np.sqrt(2 * exact / 16))
    # In units of a bound on their standard deviation.
    assert abs(np.mean(errors)) < 3 / np.sqrt(20)


@pytest.mark.parametrize("factor", [PrimalFactor, DualFactor])
def test_what_intercepts_can_explain_is_no_matter_of_weights(factor):
    """An input that is constant has the intercept's column: it determines nothing."""
    problem = Problem("squared_error", "linear")
    problem.X[:, 2] = 3.0
    found = factor(problem.linearization(), problem.row_alphas)
    gammas = found.gammas[0]
    assert abs(gammas[2]) < 1e-10
    assert (gammas[[0, 1, 3]] > 0.5).all()


# Without hidden layers


def bayesian_ridge(X, y, sample_weight=None):
    oracle = BayesianRidge(
        alpha_1=0,
        alpha_2=0,
        lambda_1=0,
        lambda_2=0,
        tol=1e-13,
        max_iter=100_000,
        compute_score=True,
    )
    return oracle.fit(X, y, sample_weight=sample_weight)


def diabetes(n_rows=None):
    X, y = load_diabetes(return_X_y=True)
    return scale(X)[:n_rows], y[:n_rows]


def expanded(n_rows):
    """More features than rows, in which there are signal and noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 70))
    return X, X[:, :10].sum(axis=1) + 2 * rng.normal(size=n_rows)


@pytest.mark.parametrize("scope", ["network", "layer"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("data", "n_rows"), [(diabetes, 442), (expanded, 50)])
def test_is_bayesian_ridge(data, n_rows, weighted, scope):
    X, y = data(n_rows)
    # With more weight than rows, and features enough to fit all of them, there is no limit
    # to the evidence.
    s = np.random.default_rng(0).uniform(0.1, 1.2, n_rows) if weighted else None
    oracle = bayesian_ridge(X, y, s)
    mlp = RegularizedMLPRegressor((), alpha="evidence", evidence_scope=scope)
    mlp.fit(X, y, sample_weight=s)
    # J is minimised to gradients of 1e-8, of which alphas are a function.
    np.testing.assert_allclose(mlp.alpha_, oracle.lambda_ / oracle.alpha_, rtol=2e-6)
    np.testing.assert_allclose(mlp.noise_variance_, 1 / oracle.alpha_, rtol=1e-6)
    np.testing.assert_allclose(mlp.coefs_[0].ravel(), oracle.coef_, rtol=1e-4, atol=1e-4)
    _, std = mlp.predict(X, return_std=True)
    _, oracle_std = oracle.predict(X, return_std=True)
    # BayesianRidge takes the mean of the centred targets to be exact.
    of_intercept = mlp.noise_variance_ / (n_rows if s is None else s.sum())
    np.testing.assert_allclose(std**2, oracle_std**2 + of_intercept, rtol=1e-6)
    if not weighted:
        np.testing.assert_allclose(mlp.log_evidence_, oracle.scores_[-1], rtol=1e-9)


def test_is_nearly_bayesian_ridge_where_traces_are_estimated(monkeypatch):
    monkeypatch.setattr(gauss_newton, "EXACT_SIZE", 1)
    X, y = diabetes()
    oracle = bayesian_ridge(X, y)
    mlp = RegularizedMLPRegressor((), alpha="evidence").fit(X, y)
    # 16 probes: gamma is off by sqrt(2 / 16 / gamma), 12 %, at most. As the weights of
    # nearly collinear features depend much on alpha, it is off by three times as much.
    np.testing.assert_allclose(mlp.alpha_, oracle.lambda_ / oracle.alpha_, rtol=0.36)
    _, std = mlp.predict(X, return_std=True)
    _, oracle_std = oracle.predict(X, return_std=True)
    np.testing.assert_allclose(std, oracle_std, rtol=0.01)
    # log det is a sum over ten features, to 12 % of them; half of it is to 10.
    np.testing.assert_allclose(mlp.log_evidence_, oracle.scores_[-1], atol=10)


def test_alpha_of_logistic_regression_maximises_the_evidence():
    """Laplace's approximation by its definition, along a line of alphas."""
    X, y = diabetes(200)
    y = (y > 140).astype(int)
    mlp = RegularizedMLPClassifier((), alpha="evidence").fit(X, y)

    def log_evidence(alpha):
        fit = RegularizedMLPClassifier((), alpha=alpha).fit(X, y)
        w, p = fit.coefs_[0].ravel(), fit.predict_proba(X)[:, 1]
        centred = X - np.average(X, axis=0, weights=p * (1 - p))
        hessian = centred.T @ (centred * (p * (1 - p))[:, None])
        log_likelihood = np.log(np.where(y == 1, p, 1 - p)).sum()
        log_det = np.linalg.slogdet(hessian / alpha + np.eye(len(w)))[1]
        return log_likelihood - alpha / 2 * (w @ w) - log_det / 2

    (alpha,) = mlp.alpha_
    np.testing.assert_allclose(mlp.log_evidence_, log_evidence(alpha), rtol=1e-6)
    best = optimize.minimize_scalar(
        lambda log_alpha: -log_evidence(np.exp(log_alpha)), bounds=(-5, 5), method="bounded"
    )
    # MacKay's fixed point leaves out that the Hessian changes with alpha.
    assert log_evidence(alpha) > -best.fun - 0.1


# Networks


def small_regression():
    X, y = diabetes(150)
    return X, scale(y)


def several_outputs():
    X, y = small_regression()
    return X[:, :8], np.column_stack([y, X[:, 8]])


def multilabel():
    return make_multilabel_classification(120, 8, n_classes=3, random_state=0)


TASKS = {
    "regression": (RegularizedMLPRegressor, small_regression),
    "several outputs": (RegularizedMLPRegressor, several_outputs),
    "binary": (
        RegularizedMLPClassifier,
        lambda: (scale(load_breast_cancer().data)[::3], load_breast_cancer().target[::3]),
    ),
    "softmax": (
        RegularizedMLPClassifier,
        lambda: (scale(load_iris().data), load_iris().target),
    ),
    "multilabel": (RegularizedMLPClassifier, multilabel),
}


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


@pytest.mark.parametrize("scope", ["layer", "input"])
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
        (10,), alpha="evidence", evidence_scope="input", random_state=0
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
    monkeypatch.setattr(gauss_newton, "EXACT_SIZE", 10)
    estimated = clone(mlp).fit(X, y)
    assert estimated.log_evidence_ > exact.log_evidence_ - 10
    np.testing.assert_allclose(estimated.score(X, y), exact.score(X, y), atol=0.1)
    if cls is RegularizedMLPRegressor:
        for ours, theirs in zip(
            estimated.predict(X, return_std=True), exact.predict(X, return_std=True)
        ):
            assert np.corrcoef(ours, theirs)[0, 1] > 0.8


# What else estimators do


@not_converged
def test_a_warm_start_goes_on_from_the_alphas():
    X, y = small_regression()
    mlp = RegularizedMLPRegressor(
        (5,), alpha="evidence", warm_start=True, random_state=0
    ).fit(X, y)
    n_iter, alpha = mlp.n_iter_, mlp.alpha_
    mlp.fit(X, y)
    assert mlp.n_iter_ < n_iter / 2
    np.testing.assert_allclose(mlp.alpha_, alpha, rtol=0.3)


@not_converged
def test_early_stopping_and_held_out_rows():
    X, y = small_regression()
    mlp = RegularizedMLPRegressor((5,), alpha="evidence", random_state=0)
    mlp.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    assert len(mlp.validation_loss_curve_) == mlp.n_iter_
    mlp.set_params(early_stopping=True).fit(X, y)
    assert mlp.best_validation_score_ > 0.2
    assert np.isfinite(mlp.log_evidence_)


@not_converged
def test_a_fitted_estimator_is_pickled_and_converted():
    X, y = small_regression()
    mlp = RegularizedMLPRegressor((5,), alpha="evidence", random_state=0).fit(X, y)
    expected = mlp.predict(X, return_std=True)
    again = pickle.loads(pickle.dumps(mlp))
    np.testing.assert_array_equal(again.predict(X, return_std=True), expected)
    compact = mlp.compact()
    np.testing.assert_allclose(compact.predict(X, return_std=True), expected)
    assert compact.alpha == "evidence"
    np.testing.assert_allclose(mlp.to_sklearn().predict(X), expected[0])
    mlp.sparsify()
    np.testing.assert_allclose(mlp.predict(X, return_std=True), expected)


@not_converged
def test_compact_loses_the_posterior_of_units_that_it_removes():
    X, y = small_regression()
    mlp = RegularizedMLPRegressor((5,), alpha="evidence", random_state=0).fit(X, y)
    mlp.coefs_[1][2] = 0
    with pytest.raises(ValueError, match=r"compact\(\) has removed units"):
        mlp.compact().predict(X, return_std=True)


@not_converged
def test_another_fit_forgets_the_evidence():
    X, y = small_regression()
    mlp = RegularizedMLPRegressor((5,), alpha="evidence", random_state=0).fit(X, y)
    mlp.set_params(alpha=2).fit(X, y)
    assert mlp.alpha_ == 2.0
    assert not hasattr(mlp, "log_evidence_")
    assert not hasattr(mlp, "noise_variance_")
    with pytest.raises(ValueError, match="needs a posterior, which a fit with alpha="):
        mlp.predict(X, return_std=True)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(penalty="l1"), "for penalty='l2'.* not for penalty='l1'"),
        (dict(penalty=["l2", "elasticnet"]), "for penalty='l2'"),
        (dict(loss="poisson"), "not for loss='poisson'"),
        (dict(loss="huber"), "not for loss='huber'"),
        (dict(loss="quantile"), "not for loss='quantile'"),
        (dict(solver="adam"), "not for solver='adam'"),
        (dict(dropout=0.2), "no meaning with dropout"),
        (dict(evidence_scope="unit"), "'evidence_scope' parameter"),
        (dict(alpha="evident"), "'alpha' parameter"),
    ],
)
def test_what_evidence_is_not_for(params, message):
    X, y = small_regression()
    mlp = RegularizedMLPRegressor((5,), alpha="evidence").set_params(**params)
    with pytest.raises(ValueError, match=message):
        mlp.fit(X, np.abs(y))


@pytest.mark.parametrize("cls", BOTH)
def test_partial_fit_is_not_for_evidence(cls):
    mlp = cls(alpha="evidence")
    assert not hasattr(mlp, "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit") as error:
        mlp.partial_fit([[0.0]], [0.0])
    assert "not available with alpha='evidence'" in str(error.value.__cause__)


def test_alphas_that_have_not_settled_are_warned_of(monkeypatch):
    monkeypatch.setattr(solver, "_MOST_FITS", 1)
    monkeypatch.setattr(solver, "_MOST_PRECISE_FITS", 1)
    X, y = small_regression()
    mlp = RegularizedMLPRegressor(
        (5,), alpha="evidence", evidence_scope="input", random_state=0
    )
    with pytest.warns(match="alpha='evidence' ended while alphas still changed"):
        mlp.fit(X, y)


# An alpha for each input


@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array])
def test_alphas_of_inputs_are_ridges_of_scaled_inputs(layout):
    X, y = diabetes()
    alphas = np.geomspace(0.1, 100, 10)
    mlp = RegularizedMLPRegressor((), alpha=[alphas]).fit(layout(X), y)
    oracle = Ridge(alpha=1.0).fit(X / np.sqrt(alphas), y)
    coef = oracle.coef_ / np.sqrt(alphas)
    np.testing.assert_allclose(mlp.coefs_[0].ravel(), coef, rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(mlp.alpha_[0], alphas)


@pytest.mark.parametrize("solver", ["lbfgs", "adam", "sgd"])
def test_equal_alphas_of_inputs_are_one_alpha(solver):
    X, y = small_regression()
    params = dict(solver=solver, max_iter=20, random_state=0, tol=0.0)
    mlp = RegularizedMLPRegressor((5,), **params)
    with pytest.warns(match="reached max_iter"):
        one = clone(mlp).set_params(alpha=[3.0, 0.5]).fit(X, y)
    with pytest.warns(match="reached max_iter"):
        each = clone(mlp).set_params(alpha=[np.full(10, 3.0), 0.5]).fit(X, y)
    np.testing.assert_allclose(each.coefs_[0], one.coefs_[0], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(alpha=[np.ones(3), 1.0]), "array of 10 finite numbers"),
        (dict(alpha=[np.full(10, -1.0), 1.0]), "of at least 0"),
        (dict(alpha=[np.ones(10)]), "alpha has 1 entries"),
        (dict(alpha=[1.0, np.ones(5)]), "alpha must be a finite number"),
        (dict(alpha=[np.ones(10), 1.0], penalty="l1"), "only penalty='l2'"),
    ],
)
def test_alphas_of_inputs_are_checked(params, message):
    X, y = small_regression()
    with pytest.raises(ValueError, match=message):
        RegularizedMLPRegressor((5,)).set_params(**params).fit(X, y)


def test_penalty_of_scaled_rows():
    rng = np.random.default_rng(0)
    scales, weights, gradient = rng.uniform(0, 3, 4), *rng.normal(size=(2, 4, 3))
    penalty = RowScaledL2(scales)
    np.testing.assert_allclose(
        penalty.value(weights), np.trace(weights.T @ np.diag(scales) @ weights) / 2
    )
    for step in (0.7, rng.uniform(0.1, 2, (4, 3))):

        def stationary(u, step=step):
            distance = np.sum((u.reshape(4, 3) - weights) ** 2 / (2 * step))
            return distance + penalty.value(u.reshape(4, 3))

        # Quasi-Newton steps with numerical gradients end at about 1e-6.
        nearest = optimize.minimize(stationary, weights.ravel()).x.reshape(4, 3)
        np.testing.assert_allclose(penalty.prox(weights, step), nearest, atol=1e-5)
    slopes = optimize.approx_fprime(
        weights.ravel(), lambda w: np.sum(gradient * w.reshape(4, 3)), 1e-7
    )
    slopes += optimize.approx_fprime(
        weights.ravel(), lambda w: 0.3 * penalty.value(w.reshape(4, 3)), 1e-7
    )
    np.testing.assert_allclose(
        penalty.min_norm_subgradient(weights, gradient, 0.3).ravel(), slopes, atol=1e-5
    )


# check_estimator


def settings():
    for cls in BOTH:
        for scope in SCOPES:
            yield cls((10,), alpha="evidence", evidence_scope=scope, max_iter=30)
    # The check of weights in regression has as many features as rows that weigh something.
    yield RegularizedMLPClassifier((), alpha="evidence", max_iter=300)


@parametrize_with_checks(list(settings()))
@not_converged
def test_check_estimator(estimator, check):
    check(estimator)
