"""Losses with label smoothing are those of targets smoothed by hand, on both engines.

The oracle repeats every sample once for each class, with the smoothed target as its weight,
and takes scikit-learn's log loss or a loss without smoothing.
"""

import numpy as np
import pytest
from compiled_cases import (
    FORMS,
    CompiledEngine,
    assert_close,
    assert_same_epochs,
    in_single_precision,
    make_data,
    make_params,
    needs_compiled_engine,
    some_rows,
)
from scipy.special import expit, softmax
from sklearn.metrics import log_loss

from sknormreg.engine import Network, NumpyEngine
from sknormreg.engine.losses import BinaryLogLoss, MultinomialLogLoss
from sknormreg.penalties import ElasticNet

N_CLASSES = 3
SHARES = [0.0, 0.1, 0.6, 0.99]
NAMES = ["binary", "multinomial"]


def loss_of(name, share=0.0):
    if name == "binary":
        return BinaryLogLoss(share)
    return MultinomialLogLoss(N_CLASSES, share)


def problem(name, n_rows=20, seed=0):
    """Return y, raw outputs and sample weights; labels in the columns of "binary"."""
    random_state = np.random.RandomState(seed)
    if name == "binary":
        y = random_state.randint(2, size=(n_rows, N_CLASSES)).astype(float)
    else:
        y = random_state.randint(N_CLASSES, size=n_rows)
    raw = 2 * random_state.normal(size=(n_rows, N_CLASSES))
    return y, raw, random_state.uniform(0.1, 3, size=n_rows)


def by_repetition(name, y, raw, weights, share):
    """The value by scikit-learn's log loss of each class in turn."""
    n_rows = len(raw)
    if name == "multinomial":
        classes = np.arange(N_CLASSES)
        soft = (1 - share) * (y[:, None] == classes) + share / N_CLASSES
        return log_loss(
            np.tile(classes, n_rows),
            np.repeat(softmax(raw, axis=1), N_CLASSES, axis=0),
            normalize=False,
            sample_weight=(soft * weights[:, None]).ravel(),
        )
    total = 0.0
    for column, logits in zip(y.T, raw.T):
        soft = (1 - share) * column + share / 2
        total += log_loss(
            np.repeat([0, 1], n_rows),
            np.tile(expit(logits), 2),
            normalize=False,
            sample_weight=np.concatenate([1 - soft, soft]) * np.tile(weights, 2),
        )
    return total


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", NAMES)
def test_value_is_that_of_smoothed_targets(name, share):
    y, raw, weights = problem(name)
    loss = loss_of(name, share)
    # Rounding of some 60 terms, and of probabilities.
    expected = by_repetition(name, y, raw, weights, share)
    assert loss.value(y, raw, weights) == pytest.approx(expected, rel=1e-12)
    expected = by_repetition(name, y, raw, np.ones(len(raw)), share)
    assert loss.value(y, raw) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", NAMES)
def test_derivative_against_finite_differences(name, share, weighted):
    y, raw, weights = problem(name)
    weights = weights if weighted else None
    loss, h = loss_of(name, share), 1e-5
    expected = np.empty_like(raw)
    for i in np.ndindex(*raw.shape):
        step = np.zeros_like(raw)
        step[i] = h
        ends = [loss.value(y, raw + sign * step, weights) for sign in (1, -1)]
        expected[i] = (ends[0] - ends[1]) / (2 * h)
    derivative = raw.copy()
    value = loss.value_and_derivative(y, derivative, weights)
    assert value == pytest.approx(loss.value(y, raw, weights), rel=1e-14)
    # Values of about 1e2 are rounded to 1e-14, over h.
    np.testing.assert_allclose(derivative, expected, rtol=0, atol=1e-8)
    if not weighted:
        alone = raw.copy()
        loss.derivative(y, alone)
        np.testing.assert_allclose(alone, derivative, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", NAMES)
def test_the_best_constant_has_no_derivative(name, share):
    y, _, weights = problem(name)
    loss = loss_of(name, share)
    raw = np.tile(loss.constant(y, weights), (len(weights), 1))
    loss.value_and_derivative(y, raw, weights)
    np.testing.assert_allclose(raw.sum(axis=0), 0, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_share_of_0_changes_no_bit(name):
    y, raw, weights = problem(name)
    with_share, without = raw.copy(), raw.copy()
    loss = type(loss_of(name))
    arguments = () if name == "binary" else (N_CLASSES,)
    loss(*arguments).value_and_derivative(y, without, weights)
    loss(*arguments, 0.0).value_and_derivative(y, with_share, weights)
    np.testing.assert_array_equal(with_share, without)


def test_losses_stored_without_it_have_none():
    for name in NAMES:
        loss = loss_of(name)
        del loss.label_smoothing
        y, raw, _ = problem(name)
        assert loss.value(y, raw) == loss_of(name).value(y, raw)


def network_of(name, share):
    units = (6, 5, 4, N_CLASSES)
    return Network(units, ("tanh", "gelu"), loss_of(name, share))


@needs_compiled_engine[0]
class TestCompiled:
    @pytest.mark.parametrize("share", SHARES)
    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("weighted", [False, True])
    def test_gradients(self, name, share, weighted):
        network = network_of(name, share)
        data = make_data(network, 57, weighted)
        params = make_params(network)
        for form in ("dense", "csr"):
            for kind in ("all", "repeated"):
                part = data._replace(X=FORMS[form](data.X))
                rows = some_rows(57, kind)
                found, expected = (
                    engine(network).loss_and_gradient(params, part, rows)
                    for engine in (CompiledEngine, NumpyEngine)
                )
                for a, b in zip(found, expected):
                    # Sums of dozens of numbers of order 1, in another order.
                    assert_close(a, b, 1e-12)

    @pytest.mark.parametrize("share", SHARES)
    @pytest.mark.parametrize("name", NAMES)
    def test_gradients_in_single_precision(self, name, share):
        network = network_of(name, share)
        single, double = in_single_precision(make_data(network, 57, weighted=True))
        params = make_params(network, dtype=np.float32)
        found = CompiledEngine(network).loss_and_gradient(params, single)
        expected = NumpyEngine(network).loss_and_gradient(params.astype(np.float64), double)
        for a, b in zip(found, expected):
            # Sums of dozens of numbers of order 1, rounded to 6e-8.
            assert_close(a, b, 5e-6)

    @pytest.mark.parametrize("method", ["adam", "nesterov"])
    @pytest.mark.parametrize("name", NAMES)
    def test_epochs(self, name, method):
        network = network_of(name, 0.2)
        data = make_data(network, 100, weighted=True)
        assert_same_epochs(network, data, None, ElasticNet(0.5), 1.0, method, 32)
