"""The compiled engine's activations and losses, number by number."""

from itertools import product

import numpy as np
import pytest
from compiled_cases import (
    FORMS,
    OUTPUTS,
    CompiledEngine,
    assert_close,
    make_data,
    make_network,
    make_params,
    needs_compiled_engine,
)
from scipy import special

from sknormreg.engine import Data, Network, NumpyEngine
from sknormreg.engine.activations import ACTIVATIONS
from sknormreg.engine.losses import (
    Pinball,
)

pytestmark = needs_compiled_engine


def _sigmoid_product(z):
    return special.expit(z) * special.expit(-z)


# Values and derivatives by the functions' definitions, in SciPy's double precision.
EXACT = {
    "identity": (lambda z: z, np.ones_like),
    "logistic": (special.expit, _sigmoid_product),
    "tanh": (np.tanh, lambda z: 4 * _sigmoid_product(2 * z)),
    "relu": (lambda z: np.where(z > 0, z, 0), lambda z: np.where(z > 0, 1.0, 0)),
    "leaky_relu": (
        lambda z: np.where(z > 0, z, 0.01 * z),
        lambda z: np.where(z > 0, 1, 0.01),
    ),
    "elu": (
        lambda z: np.where(z > 0, z, special.expm1(np.minimum(z, 0))),
        lambda z: np.exp(np.minimum(z, 0)),
    ),
    "gelu": (
        lambda z: z * special.ndtr(z),
        lambda z: special.ndtr(z) + z * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi),
    ),
    "silu": (
        lambda z: z * special.expit(z),
        lambda z: special.expit(z) * (1 + z * special.expit(-z)),
    ),
    "softplus": (lambda z: np.logaddexp(0, z), special.expit),
}

RANGES = {
    "moderate": lambda info: np.linspace(-50, 50, 4001),
    "near zero": lambda info: np.linspace(-1, 1, 2001),
    "where exp ends": lambda info: np.linspace(-1.1, 1.1, 999) * -np.log(info.tiny),
    "tiny": lambda info: np.geomspace(100 * info.tiny, 1e-5, 301),
    "tiny and negative": lambda info: -np.geomspace(100 * info.tiny, 1e-5, 301),
    "huge": lambda info: np.geomspace(1e3, info.max / 1e4, 301),
    "huge and negative": lambda info: -np.geomspace(1e3, info.max / 1e4, 301),
    "zeros": lambda info: np.array([0.0, -0.0]),
}


def _values_in_predictions(activation, z):
    network = make_network((1, 1, 1), activation)
    ones, zeros = np.ones((1, 1), z.dtype), np.zeros(1, z.dtype)
    engine = CompiledEngine(network)
    return engine.raw_predict([ones, ones], [zeros, zeros], z[:, None])[:, 0]


def _values_and_derivatives_in_training(activation, z):
    """One hidden unit a number, and a loss whose derivative is 1/2 wherever they are."""
    dtype, n = z.dtype, len(z)
    network = Network((1, n, 1), (activation,), Pinball(0.5))
    params = network.pack([z[None], np.ones((n, 1))], [np.zeros(n), [0]], dtype)
    lowest = np.full((1, 1), np.finfo(dtype).min / 2)
    data = Data(np.ones((1, 1), dtype), lowest.astype(dtype), None)
    _, gradient = CompiledEngine(network).loss_and_gradient(params, data)
    values = network.coefs(gradient)[1][:, 0]
    return 2 * values, 2 * network.intercepts(gradient)[0]


@pytest.mark.every(5)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("where", RANGES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_activations_are_exact(activation, where, dtype):
    info = np.finfo(dtype)
    z = RANGES[where](info).astype(dtype)
    x, eps = z.astype(np.float64), float(info.eps)
    with np.errstate(all="ignore"):
        value, derivative = (function(x) for function in EXACT[activation])
    # Four roundings. GELU's exp(-z^2 / 2) makes one of z^2 into z^2 / 2 of its own; it is
    # zero from |z| = 39 on.
    rtol = eps * (4 + (np.clip(x, -40, 40) ** 2 if activation == "gelu" else 0))
    # Numbers below the smallest normal one become zero on the way.
    tolerance = rtol * np.abs(value) + 1e3 * float(info.tiny)
    found = _values_in_predictions(activation, z)
    assert (np.abs(found - value) <= tolerance).all()
    found, slope = _values_and_derivatives_in_training(activation, z)
    assert (np.abs(found - value) <= tolerance).all()
    # Derivatives follow from values, and near zero have their absolute error: SiLU's comes
    # from a difference of two numbers of size z.
    atol = eps * (4 + (np.abs(x) if activation == "silu" else 0))
    assert (np.abs(slope - derivative) <= atol).all()


@pytest.mark.every(4)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("loss", "n_outputs"), OUTPUTS)
def test_what_is_not_finite_shows(activation, loss, n_outputs):
    """In the row that it is in, and nowhere else."""
    network = make_network((4, 9, n_outputs), activation, loss)
    params, data = make_params(network), make_data(network, 12)
    coefs, intercepts = network.coefs(params), network.intercepts(params)

    def outcome(engine, part, rows):
        loss, gradient = engine(network).loss_and_gradient(params, part, rows)
        return loss, gradient, engine(network).raw_predict(coefs, intercepts, part.X, rows)

    for bad, form in product((np.nan, np.inf, -np.inf), ("dense", "csr")):
        data.X[7, 2] = bad
        part = data._replace(X=FORMS[form](data.X))
        for rows in np.array([7]), np.arange(12), np.array([5, 6]):
            with np.errstate(all="ignore"):
                loss, gradient, raw = outcome(CompiledEngine, part, rows)
                expected = outcome(NumpyEngine, part, rows)
            message = f"{bad} in {form}, {len(rows)} rows"
            # A saturated activation may make something finite of infinity.
            assert np.isfinite(loss) == np.isfinite(expected[0]), message
            np.testing.assert_array_equal(np.isfinite(raw), np.isfinite(expected[2]))
            if 7 in rows and np.isnan(bad):
                assert np.isnan(loss), message
                np.testing.assert_array_equal(np.isnan(raw).all(axis=1), rows == 7)
            if 7 not in rows:
                assert_close(gradient, expected[1], 1e-12, message)


@pytest.mark.parametrize(("loss", "n_outputs"), OUTPUTS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_losses_of_extreme_outputs(loss, n_outputs, dtype):
    """The loss and its derivative, which are infinite only where those of NumPy are."""
    network = make_network((n_outputs, n_outputs), loss=loss)
    params = network.pack([np.eye(n_outputs)], [np.zeros(n_outputs)], dtype)
    for size in (0.0, 30.0, 700.0, 1e3, 1e5):
        outputs = np.array(list(product((-size, 0, size), repeat=n_outputs)), dtype)
        n_rows = len(outputs)
        if loss == "multinomial":
            targets = [np.full(n_rows, k) for k in range(n_outputs)]
        else:
            values = (1, 2) if loss == "gamma" else (0, 1)
            targets = [np.full((n_rows, n_outputs), k, dtype) for k in values]
        for y, row in product(targets, range(n_rows)):
            data = Data(outputs, y, None)
            with np.errstate(all="ignore"):
                found, expected = (
                    engine(network).loss_and_gradient(params, data, [row])
                    for engine in (CompiledEngine, NumpyEngine)
                )
            # A dozen roundings, and one of an exponent of up to 88 in single precision.
            rtol = 100 * float(np.finfo(dtype).eps)
            assert found[0] == pytest.approx(expected[0], rel=rtol, abs=rtol)
            derivatives = [network.intercepts(pair[1])[0] for pair in (found, expected)]
            np.testing.assert_allclose(*derivatives, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_poisson_loss_up_to_the_largest_number(dtype):
    network, largest = make_network((1, 1), loss="poisson"), np.finfo(dtype).max
    params, x = np.array([1, 0], dtype), np.full((1, 1), np.log(largest) - 0.1, dtype)
    data = Data(x, np.ones((1, 1), dtype), None)
    with np.errstate(over="ignore"):
        found, expected = (
            engine(network).loss_and_gradient(params, data)[0]
            for engine in (CompiledEngine, NumpyEngine)
        )
    assert 0.9 * largest < expected < 0.91 * largest
    # An exponent of up to 710, rounded, and a dozen roundings.
    assert found == pytest.approx(expected, rel=1000 * float(np.finfo(dtype).eps))
