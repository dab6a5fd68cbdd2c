"""Noise and mixup by their definitions: what is drawn, and the losses it stands for."""

import numpy as np
import pytest
from compiled_cases import (
    CompiledEngine,
    assert_close,
    assert_same_results,
    in_single_precision,
    make_data,
    make_network,
    make_params,
    make_solver,
    needs_compiled_engine,
)
from objectives import scaled_objective
from scipy import sparse, stats

from sknormreg.engine import Augmentation, Data, Network, NumpyEngine, augmentation
from sknormreg.engine.losses import (
    BinaryLogLoss,
    HalfPoissonDeviance,
    HalfSquaredError,
    MultinomialLogLoss,
)
from sknormreg.penalties import ElasticNet
from sknormreg.solvers import MinibatchState


def generator(seed=0):
    return np.random.Generator(np.random.PCG64(seed))


def changed(augment, data, batch_size=20, rows=None, n_outputs=3, seed=0):
    rows = np.arange(data.X.shape[0]) if rows is None else rows
    return augment.changed(data, rows, batch_size, n_outputs, generator(seed))


# Noise


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-3, 0.5, 20.0])
def test_noise_is_gaussian_with_the_given_deviation(dtype, scale):
    X = np.random.RandomState(0).normal(size=(400, 100)).astype(dtype)
    data = Data(X, np.zeros((400, 1)), None)
    before = X.copy()
    found = changed(Augmentation(input_noise=scale), data)
    np.testing.assert_array_equal(X, before)
    assert found.X.dtype == dtype
    np.testing.assert_array_equal(found.y, data.y)
    noise = (found.X.astype(np.float64) - X) / scale
    # Rounding of X in single precision counts beside little noise.
    assert stats.kstest(noise.ravel(), "norm").pvalue > 1e-3
    for a, b in ((noise[1:], noise[:-1]), (noise[:, 1:], noise[:, :-1])):
        assert abs((a * b).mean()) < 5 / np.sqrt(a.size)


def test_noise_of_sparse_rows_is_that_of_dense_ones():
    X = np.random.RandomState(0).normal(size=(50, 7)) * np.eye(50, 7)
    rows = np.array([3, 3, 0, 49])
    augment = Augmentation(input_noise=0.3)
    dense, from_csr = (
        changed(augment, Data(form(X), np.arange(50.0)[:, None], None), rows=rows)
        for form in (np.asarray, sparse.csr_array)
    )
    np.testing.assert_array_equal(dense.X, from_csr.X)
    np.testing.assert_array_equal(dense.y[:, 0], rows)


# Mixup: rows of an identity matrix show what they are made of


def mixture(n_rows, batch_size, alpha=1.0, weight=None, seed=0):
    """Return shares, partners, and the data that mixup makes."""
    X = np.eye(n_rows)
    y = np.random.RandomState(1).randint(3, size=n_rows)
    data = changed(
        Augmentation(mixup=alpha), Data(X, y, weight), batch_size=batch_size, seed=seed
    )
    own = np.diagonal(data.X).copy()
    others = data.X - np.diag(own)
    partner = np.where(others.any(axis=1), others.argmax(axis=1), np.arange(n_rows))
    # Each row is made of at most two.
    np.testing.assert_array_equal((data.X != 0).sum(axis=1), 1 + others.any(axis=1))
    np.testing.assert_allclose(data.X.sum(axis=1), 1, rtol=1e-15)
    return own, partner, y, data


@pytest.mark.parametrize("alpha", [0.2, 1.0, 5.0])
def test_shares_are_of_the_beta_distribution(alpha):
    own, partner, _, _ = mixture(1000, 250, alpha)
    mixed = partner != np.arange(1000)
    assert mixed.sum() > 980
    assert stats.kstest(own[mixed], stats.beta(alpha, alpha).cdf).pvalue > 1e-3


def test_partners_are_permutations_of_each_minibatch():
    rows, batch_size = np.arange(95), 20
    partners = [mixture(95, batch_size, seed=seed)[1] for seed in range(200)]
    for partner in partners:
        np.testing.assert_array_equal(partner // batch_size, rows // batch_size)
        np.testing.assert_array_equal(np.sort(partner), rows)
    # All of a batch are as likely, itself included: 200 draws from 20, by chi squared.
    counts = [np.bincount([p[i] for p in partners], minlength=95)[:20] for i in range(20)]
    assert stats.chisquare(np.ravel(counts)).pvalue > 1e-3


@pytest.mark.parametrize("weighted", [False, True])
def test_targets_and_weights_are_those_of_the_mixed_loss(weighted):
    weight = np.random.RandomState(2).uniform(0.1, 3, 100) if weighted else None
    own, partner, y, data = mixture(100, 30, weight=weight)
    s = np.ones(100) if weight is None else weight
    assert (data.sample_weight is None) is (weight is None)
    raw = np.random.RandomState(3).normal(size=(100, 3))
    loss = MultinomialLogLoss(3, 0.1)
    expected = own * s * loss.per_output(y, raw)
    expected += (1 - own) * s[partner] * loss.per_output(y[partner], raw)
    found = loss.value(data.y, raw, data.sample_weight)
    assert found == pytest.approx(expected.sum(), rel=1e-13)
    if weighted:
        np.testing.assert_allclose(
            data.sample_weight, own * s + (1 - own) * s[partner], rtol=1e-13
        )


@pytest.mark.parametrize(
    "loss",
    [HalfSquaredError(), HalfPoissonDeviance(), BinaryLogLoss()],
    ids=lambda loss: type(loss).__name__,
)
def test_derivatives_are_those_of_both_samples(loss):
    """Also of losses with a part that depends on the targets alone."""
    rng = np.random.RandomState(0)
    y, raw = rng.randint(2, size=(80, 2)).astype(float), rng.normal(size=(80, 2))
    weight = rng.uniform(0.1, 3, 80)
    data = changed(Augmentation(mixup=0.7), Data(np.eye(80), y, weight))
    own = np.diagonal(data.X)
    partner = np.where(own < 1, (data.X - np.diag(own)).argmax(axis=1), np.arange(80))
    parts = []
    for targets, weights in ((y, own * weight), (y[partner], (1 - own) * weight[partner])):
        parts.append(raw.copy())
        loss.value_and_derivative(targets, parts[-1], weights)
    loss.value_and_derivative(data.y, raw, data.sample_weight)
    np.testing.assert_allclose(raw, sum(parts), rtol=1e-12, atol=1e-13)


def test_samples_without_weight_stay_alone():
    weight = np.random.RandomState(0).randint(3, size=100).astype(float)
    own, partner, _, data = mixture(100, 30, weight=weight)
    without = weight == 0
    assert without.sum() > 20
    np.testing.assert_array_equal(partner[without], np.flatnonzero(without))
    assert (own[without] == 1).all()
    assert (weight[partner[~without]] > 0).all()
    np.testing.assert_array_equal(data.sample_weight == 0, without)
    assert np.isfinite(data.y).all()


def test_sparse_rows_are_mixed_as_dense_ones():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 9)) * (rng.uniform(size=(60, 9)) < 0.3)
    y, rows = rng.normal(size=(60, 2)), rng.permutation(60)[:45]
    dense, from_csr = (
        changed(Augmentation(mixup=1.0), Data(form(X), y, None), rows=rows)
        for form in (np.asarray, sparse.csr_array)
    )
    assert sparse.issparse(from_csr.X)
    assert from_csr.X.format == "csr"
    assert from_csr.X.nnz <= 2 * np.count_nonzero(X[rows])
    np.testing.assert_allclose(from_csr.X.toarray(), dense.X, rtol=1e-15)
    np.testing.assert_array_equal(from_csr.y, dense.y)


def test_parts_of_epochs_are_whole_minibatches_that_fit_the_cache():
    X = np.zeros((10, 1000))
    augment = Augmentation(input_noise=0.1)
    assert augment.rows_at_a_time(X, 1, 32) == 128
    assert augment.rows_at_a_time(X, 1, 5000) == 5000
    assert Augmentation(mixup=1.0).rows_at_a_time(sparse.csr_array(X), 1, 32) == 2**17
    assert not Augmentation()


# Shares of classes as targets


def shares(n_rows=40, n_classes=3):
    return np.random.RandomState(5).dirichlet(np.ones(n_classes), size=n_rows)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_loss_of_shares_against_repeated_samples_and_finite_differences(smoothing):
    y, h = shares(), 1e-5
    raw = 2 * np.random.RandomState(6).normal(size=y.shape)
    weight = np.random.RandomState(7).uniform(0.1, 2, len(y))
    loss = MultinomialLogLoss(3, smoothing)
    expected = sum(loss.value(np.full(len(y), k), raw, weight * y[:, k]) for k in range(3))
    assert loss.value(y, raw, weight) == pytest.approx(expected, rel=1e-13)
    slope = raw.copy()
    assert loss.value_and_derivative(y, slope, weight) == pytest.approx(expected, rel=1e-13)
    for i in ((0, 0), (3, 1), (39, 2)):
        step = np.zeros_like(raw)
        step[i] = h
        ends = [loss.value(y, raw + sign * step, weight) for sign in (1, -1)]
        # Values of about 1e2 are rounded to 1e-14, over h.
        assert slope[i] == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=1e-8)
    at_best = np.tile(loss.constant(y, weight), (len(y), 1))
    loss.value_and_derivative(y, at_best, weight)
    np.testing.assert_allclose(at_best.sum(axis=0), 0, atol=1e-12)


@needs_compiled_engine[0]
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("rows", [None, np.array([3, 3, 39, 0, 20])])
def test_compiled_loss_of_shares(smoothing, rows):
    network = Network((6, 5, 3), ("tanh",), MultinomialLogLoss(3, smoothing))
    data = make_data(network, 40, weighted=True)._replace(y=shares())
    single, double = in_single_precision(data)
    single = single._replace(y=double.y.astype(np.float32))
    # Sums of dozens of numbers of order 1, in another order; rounded to 6e-8.
    for part, reference, rtol in ((data, data, 1e-12), (single, double, 5e-6)):
        params = make_params(network, dtype=part.X.dtype)
        found = CompiledEngine(network).loss_and_gradient(params, part, rows)
        expected = NumpyEngine(network).loss_and_gradient(
            params.astype(np.float64), reference, rows
        )
        for a, b in zip(found, expected):
            assert_close(a, b, rtol)


# Epochs


def run(engine, data, rows, augment, method="nesterov", dropout=None, batch_size=32):
    objective = scaled_objective(
        engine, data, rows, ElasticNet(0.5), 2.0, dropout=dropout, augmentation=augment
    )
    solver = make_solver(method, batch_size, draws=True)
    state = MinibatchState()
    start = objective.to_solver(make_params(engine.network))
    iterates = solver.iterate(objective, start, state)
    with engine.threads(start.dtype, batch_size):
        for _ in range(2):
            iterate = next(iterates)
    return iterate, state


@pytest.mark.every(5)
@needs_compiled_engine[0]
@pytest.mark.parametrize("loss", ["squared_error", "huber", "binary", "multinomial"])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("method", ["adam", "nesterov"])
@pytest.mark.parametrize(
    "augment", [Augmentation(0.3), Augmentation(0.0, 0.5), Augmentation(0.3, 0.5)], ids=str
)
def test_epochs_are_the_same_on_both_engines(loss, form, method, augment, monkeypatch):
    network = make_network((6, 8, 3), "tanh", loss)
    data = make_data(network, 250, weighted=True)
    rows = np.sort(np.random.RandomState(4).permutation(250)[:200])
    data = data._replace(X=form(data.X))
    found, expected = (
        run(engine(network), data, rows, augment, method, (0.1, 0.2))
        for engine in (CompiledEngine, NumpyEngine)
    )
    assert_same_results(found, expected)
    assert found[1].n_steps == 2 * 7
    # In several parts, there are other draws, but as many steps.
    monkeypatch.setattr(augmentation, "_ENTRIES", 9 * 64)
    found, expected = (
        run(engine(network), data, rows, augment, method, (0.1, 0.2))
        for engine in (CompiledEngine, NumpyEngine)
    )
    assert_same_results(found, expected)
    assert found[1].n_steps == 2 * 7


def test_parts_of_an_epoch_are_steps_of_it(monkeypatch):
    """With next to no noise, epochs in parts are those of the samples themselves."""
    network = make_network((6, 8, 2))
    data = make_data(network, 250, weighted=True)
    iterate, state = run(NumpyEngine(network), data, None, None)
    monkeypatch.setattr(augmentation, "_ENTRIES", 8 * 64)
    other, other_state = run(NumpyEngine(network), data, None, Augmentation(1e-13))
    np.testing.assert_allclose(other.params, iterate.params, rtol=1e-8, atol=1e-10)
    assert other.value == pytest.approx(iterate.value, rel=1e-10)
    assert other_state.n_steps == state.n_steps
