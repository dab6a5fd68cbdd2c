"""The quantile rule, by its definition and by the property that it is for."""

import numpy as np
import pytest

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor
from sknormreg.estimators.specification import network_spec
from sknormreg.estimators.validation import training_data
from sknormreg.fitting.null_quantile import (
    alphas_of_features,
    noise_scale,
    null_quantile,
)
from sknormreg.penalties import L1, GroupLasso, GroupMCP, MaxNorm
from sknormreg.penalties.row_groups import RowGroups


def problem(mlp, n_samples=80, n_features=12, seed=0, sample_weight=None, y=None):
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n_samples, n_features))
    if y is None:
        y = rng.normal(size=n_samples)
    data, targets = training_data(mlp, X, y, sample_weight)
    return network_spec(mlp, targets), data


def alone(data):
    return RowGroups(np.arange(data.X.shape[1]))


def test_without_hidden_layers_it_is_that_of_the_lasso():
    """The lasso is empty from max_j |X_j' (y - mean)| on."""
    spec, data = problem(RegularizedMLPRegressor((), penalty="l1", alpha=1.0))
    alpha = null_quantile(spec, data, alone(data), n_draws=4000, seed=1)
    rng = np.random.RandomState(2)
    y = data.y.ravel() - data.y.mean()
    maxima = [np.abs(data.X.T @ rng.permutation(y)).max() for _ in range(4000)]
    # Two independent estimates of a 95 % quantile: their difference is of the order of
    # 2 sqrt(.05 .95 / 4000) / density.
    low, high = np.quantile(maxima, [0.94, 0.96])
    assert low < alpha < high


def test_the_alpha_of_one_data_set_empties_a_lasso():
    mlp = RegularizedMLPRegressor((), penalty="l1", alpha=1.0, tol=1e-9)
    spec, data = problem(mlp, n_samples=40)
    largest = null_quantile(spec, data, alone(data), level=1 - 1e-9, n_draws=300)
    y = data.y.ravel()
    for seed in range(5):
        permuted = np.random.RandomState(seed).permutation(y)
        mlp.set_params(alpha=1.001 * np.abs(data.X.T @ (permuted - y.mean())).max())
        with pytest.warns(UserWarning, match="No feature"):
            mlp.fit(data.X, permuted)
        assert mlp.alpha < 1.3 * largest


def test_features_of_a_lasso_enter_at_their_correlations():
    spec, data = problem(RegularizedMLPRegressor((), penalty="l1", alpha=1.0))
    y = data.y.ravel() - data.y.mean()
    expected = np.abs(data.X.T @ y)
    found = alphas_of_features(spec, data, alone(data))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("penalty", [L1(), GroupLasso(), GroupMCP(1.0)])
def test_features_are_compared_with_what_their_permutations_are(penalty):
    """Of one permutation, the largest of its features is the quantile at any level."""
    mlp = RegularizedMLPClassifier((4,), penalty=[penalty, MaxNorm(2.0)], alpha=1.0)
    labels = np.random.RandomState(0).randint(3, size=80)
    spec, data = problem(mlp, y=labels)
    labels = np.array([0, 0, 1, 2, 3, 3, 3, 4, 5, 6, 7, 8])
    groups = alone(data) if isinstance(penalty, L1) else RowGroups(labels)
    alpha = null_quantile(spec, data, groups, n_draws=1, seed=3)
    permuted = data.y[np.random.RandomState(3).permutation(len(data.y))]
    found = alphas_of_features(spec, data._replace(y=permuted), groups)
    assert found.max() == pytest.approx(alpha, rel=1e-12)
    if not isinstance(penalty, L1):
        assert len(set(found)) == 9
        assert found[0] == found[1]
        assert found[4] == found[5] == found[6]


def gradient_at_empty_first_layer(spec, data, later, intercepts):
    """Gradient of the loss by the first weights, where all of these are zero."""
    objective = spec.objective(data, None, 1.0)
    network = objective.network
    first = np.zeros(network.shapes[0])
    params = network.pack([first, *later], intercepts, np.float64)
    gradient = objective.engine.loss_and_gradient(params, data)[1]
    return network.coefs(gradient)[0]


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic"])
def test_no_later_weights_move_an_empty_first_layer(activation):
    """Nor do intercepts, where the outputs are those of the best constant."""
    mlp = RegularizedMLPRegressor(
        (6,), activation=activation, penalty=[GroupLasso(), MaxNorm(1.0)], alpha=1.0
    )
    spec, data = problem(mlp)
    # Of one permutation, alpha_0 is the quantile at any level.
    alpha = null_quantile(spec, data, alone(data), n_draws=1, seed=3)
    permuted = data.y[np.random.RandomState(3).permutation(len(data.y))]
    data = data._replace(y=permuted)
    rng = np.random.RandomState(0)
    ratios = []
    for _ in range(30):
        v = rng.normal(size=(6, 1))
        v /= np.linalg.norm(v)
        hidden = rng.normal(size=6) * 0.1
        value = {
            "relu": np.maximum(hidden, 0),
            "tanh": np.tanh(hidden),
            "logistic": 1 / (1 + np.exp(-hidden)),
        }[activation]
        constant = np.atleast_1d(permuted.mean() - value @ v[:, 0])
        gradient = gradient_at_empty_first_layer(spec, data, [v], [hidden, constant])
        ratios.append(np.linalg.norm(gradient, axis=1).max() / (alpha * np.sqrt(6)))
    assert max(ratios) < 1 + 1e-9
    assert max(ratios) > 0.6  # the bound is no idle one


def test_groups_and_several_outputs():
    mlp = RegularizedMLPRegressor((4,), penalty=[GroupMCP(), MaxNorm(2.0)], alpha=1.0)
    y = np.random.RandomState(5).normal(size=(80, 2))
    spec, data = problem(mlp, y=y)
    groups = RowGroups(np.array([0, 0, 0, *range(1, 10)]))
    alpha = null_quantile(spec, data, groups, n_draws=1, seed=3)
    permuted = y[np.random.RandomState(3).permutation(80)]
    residuals = permuted - permuted.mean(axis=0)
    products = data.X.T @ residuals
    sizes = np.array([3] + [1] * 9)
    norms = [np.linalg.norm(products[:3], axis=0)]
    norms += [np.abs(row) for row in products[3:]]
    expected = 2.0 * (np.sum(norms, axis=1) / np.sqrt(4 * sizes)).max()
    assert alpha == pytest.approx(expected, rel=1e-10)


def test_samples_of_no_weight_do_not_count():
    mlp = RegularizedMLPClassifier((3,), penalty=[L1(), MaxNorm(1.0)], alpha=1.0)
    y = np.arange(80) % 2
    weight = np.ones(80)
    weight[60:] = 0
    spec, data = problem(mlp, y=y, sample_weight=weight)
    part = data._replace(X=data.X[:60], y=data.y[:60], sample_weight=None)
    whole, of_part = (null_quantile(spec, one, alone(one)) for one in (data, part))
    assert whole == pytest.approx(of_part, rel=1e-12)


def test_the_scale_of_noise():
    spec, data = problem(
        RegularizedMLPRegressor((), penalty="l1", alpha=1.0), n_samples=400
    )
    constant = np.full((400, 1), data.y.mean())
    assert noise_scale(spec, data, constant.copy(), 0) == pytest.approx(1.0)
    half = data.y.mean() + 0.5 * (data.y.reshape(-1, 1) - data.y.mean())
    assert noise_scale(spec, data, half.copy(), 0) == pytest.approx(0.5)
    assert noise_scale(spec, data, half.copy(), 200) == pytest.approx(0.5 * (4 / 3) ** 0.5)
    assert noise_scale(spec, data, half.copy(), 400) == np.inf
    chosen = noise_scale(spec, data, half.copy(), 0, n_selected=3)  # of 12 features
    assert chosen == pytest.approx(0.5 * (400 / (400 - 6 * np.log(12))) ** 0.5)


def test_class_weights_are_permuted_with_the_classes():
    """As if the samples of the rare class were there several times, at the same X."""
    y = np.repeat([0, 1], [72, 8])
    mlp = RegularizedMLPClassifier(
        (), penalty="l1", class_weight={0: 1.0, 1: 9.0}, alpha=1.0
    )
    spec, data = problem(mlp, y=y)
    alpha = null_quantile(
        spec, data, alone(data), n_draws=4000, class_weight=data.sample_weight
    )
    rng = np.random.RandomState(2)
    # Derivatives at the constant prediction 1/2, times the weights.
    derivatives = np.where(y == 1, -4.5, 0.5)
    maxima = [np.abs(data.X.T @ rng.permutation(derivatives)).max() for _ in range(4000)]
    low, high = np.quantile(maxima, [0.94, 0.96])
    assert low < alpha < high
    assert null_quantile(spec, data, alone(data)) < 0.8 * alpha
