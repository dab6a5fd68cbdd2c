"""Activations against decimal arithmetic, their asymptotes and finite differences."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from sknormreg.engine.activations import ACTIVATIONS

POINTS = [-30.0, -8.0, -3.3, -1.5, -0.7, -1e-3, 1e-3, 0.4, 1.0, 2.6, 7.5, 30.0]


def _normal_cdf(z):
    # erfc keeps its relative precision in the lower tail.
    return Decimal(math.erfc(-float(z) / math.sqrt(2))) / 2


EXACT = {
    "identity": lambda z: z,
    "logistic": lambda z: 1 / (1 + (-z).exp()),
    "tanh": lambda z: (z.exp() - (-z).exp()) / (z.exp() + (-z).exp()),
    "relu": lambda z: max(z, Decimal(0)),
    "leaky_relu": lambda z: z if z > 0 else z / 100,
    "elu": lambda z: z if z > 0 else z.exp() - 1,
    "gelu": lambda z: z * _normal_cdf(z),
    "silu": lambda z: z / (1 + (-z).exp()),
    "softplus": lambda z: (1 + z.exp()).ln(),
}

# (act(1e4), act(-1e4), act'(1e4), act'(-1e4)): beyond the reach of exponentials
# every activation is one of its asymptotes.
LIMITS = {
    "identity": (1e4, -1e4, 1, 1),
    "logistic": (1, 0, 0, 0),
    "tanh": (1, -1, 0, 0),
    "relu": (1e4, 0, 1, 0),
    "leaky_relu": (1e4, -100, 1, 0.01),
    "elu": (1e4, -1, 1, 0),
    "gelu": (1e4, 0, 1, 0),
    "silu": (1e4, 0, 1, 0),
    "softplus": (1e4, 0, 1, 0),
}

every_activation = pytest.mark.parametrize("name", ACTIVATIONS)
both_dtypes = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def _value(name, z):
    z = z.copy()
    ACTIVATIONS[name].value(z)
    return z


def _value_and_derivative(name, z):
    z, derivative = z.copy(), np.full_like(z, np.nan)
    ACTIVATIONS[name].value_and_derivative(z, derivative)
    return z, derivative


def test_every_activation_is_tested():
    assert set(ACTIVATIONS) == set(EXACT) == set(LIMITS)


@every_activation
@both_dtypes
def test_value_against_decimals(name, dtype):
    z = np.array(POINTS, dtype=dtype)
    with localcontext() as context:
        context.prec = 50
        expected = [float(EXACT[name](Decimal(float(point)))) for point in z]
    # Functions err by a few units in the last place. The normal cdf's lower tail
    # multiplies the rounding of its argument by z^2 = 900, here and in the oracle; in
    # single precision its polynomial is good to 1.5e-7 / 2, absolutely.
    rtol, atol = 8 * np.finfo(dtype).eps, 0
    if name == "gelu":
        rtol, atol = (500 * rtol, 0) if dtype == np.float64 else (rtol, 1e-6)
    np.testing.assert_allclose(_value(name, z), expected, rtol=rtol, atol=atol)


def test_float32_gelu_everywhere():
    z = np.linspace(-8, 8, 4001, dtype=np.float32)
    expected = [float(EXACT["gelu"](Decimal(float(point)))) for point in z]
    # The polynomial's 0.75e-7 times |z|, and two roundings of the value.
    np.testing.assert_allclose(_value("gelu", z), expected, rtol=2.4e-7, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "z", "expected"),
    [
        ("logistic", 0, 0.5),
        ("logistic", math.log(3), 0.75),
        ("tanh", math.log(2), 0.6),
        ("relu", 0, 0),
        ("elu", -math.log(2), -0.5),
        ("gelu", 1, 0.8413447460685429),  # Phi(1), from tables
        ("gelu", 0, 0),
        ("silu", math.log(3), 0.75 * math.log(3)),
        ("softplus", 0, math.log(2)),
    ],
)
def test_known_values(name, z, expected):
    # A few units in the last place.
    np.testing.assert_allclose(_value(name, np.array([float(z)])), expected, rtol=1e-15)


@every_activation
def test_derivative_against_finite_differences(name):
    z, h = np.array(POINTS), 1e-5
    expected = (_value(name, z + h) - _value(name, z - h)) / (2 * h)
    _, derivative = _value_and_derivative(name, z)
    # Truncation h^2 / 6 |act'''| is below 1e-10; rounding is eps |act| / h = 7e-10.
    np.testing.assert_allclose(derivative, expected, rtol=0, atol=2e-9)


@every_activation
def test_float32_derivative_is_that_of_float64(name):
    z = np.linspace(-6, 6, 1001, dtype=np.float32)
    _, single = _value_and_derivative(name, z)
    _, double = _value_and_derivative(name, z.astype(np.float64))
    # Rounding of numbers of order 1, and 0.75e-7 of the polynomial in gelu's cdf.
    np.testing.assert_allclose(single, double, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("name", "expected"), [("relu", 0.0), ("leaky_relu", 0.01)])
@both_dtypes
def test_derivative_at_the_kink(name, expected, dtype):
    for zero in (0.0, -0.0):
        value, derivative = _value_and_derivative(name, np.array([zero], dtype=dtype))
        assert value == 0
        assert derivative == dtype(expected)


@every_activation
@both_dtypes
def test_asymptotes_without_overflow(name, dtype):
    z = np.array([1e4, -1e4], dtype=dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value, derivative = _value_and_derivative(name, z)
        alone = _value(name, z)
    # Exact but for the roundings of 0.01 and of a product with it.
    rtol = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(value, LIMITS[name][:2], rtol=rtol, atol=0)
    np.testing.assert_allclose(alone, LIMITS[name][:2], rtol=rtol, atol=0)
    np.testing.assert_allclose(derivative, LIMITS[name][2:], rtol=rtol, atol=0)


@every_activation
@both_dtypes
def test_both_methods_agree_on_the_value(name, dtype):
    z = np.random.RandomState(0).normal(scale=3, size=(50, 4)).astype(dtype)
    # The same function in the same precision: an order of operations apart at most.
    rtol = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(
        _value_and_derivative(name, z)[0], _value(name, z), rtol=rtol, atol=0
    )


@every_activation
@both_dtypes
@pytest.mark.parametrize("shape", [(6,), (3, 2), (1, 3, 2), (0, 2)])
def test_works_in_place_on_any_shape(name, dtype, shape):
    flat = np.random.RandomState(1).normal(size=6).astype(dtype)[: math.prod(shape)]
    flat_value, flat_derivative = _value_and_derivative(name, flat)
    z, derivative = flat.reshape(shape).copy(), np.full(shape, np.nan, dtype=dtype)
    assert ACTIVATIONS[name].value_and_derivative(z, derivative) is None
    np.testing.assert_array_equal(z, flat_value.reshape(shape))
    np.testing.assert_array_equal(derivative, flat_derivative.reshape(shape))
    z = flat.reshape(shape).copy()
    assert ACTIVATIONS[name].value(z) is None
    np.testing.assert_array_equal(z, _value(name, flat).reshape(shape))
    assert z.dtype == derivative.dtype == dtype


@every_activation
def test_smooth_says_whether_the_derivative_is_continuous(name):
    # Second derivatives are below 1: across 2e-9 a continuous one moves by 2e-9 at
    # most; the kinks jump by 0.99 or 1.
    _, (left, right) = _value_and_derivative(name, np.array([-1e-9, 1e-9]))
    assert (abs(right - left) < 1e-6) == ACTIVATIONS[name].smooth


@every_activation
def test_which_activations_never_decrease(name):
    values = _value(name, np.linspace(-40, 40, 80001))
    # Rounding of values of up to 40.
    decreases = np.diff(values).min() < -1e-14
    assert ACTIVATIONS[name].monotone == (not decreases)
