"""Losses against scikit-learn's metrics, known values and numerical minimisers."""

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, softmax
from sklearn.metrics import (
    log_loss,
    mean_pinball_loss,
    mean_squared_error,
    mean_tweedie_deviance,
)

from sknormreg.engine.losses import (
    BinaryLogLoss,
    HalfPoissonDeviance,
    HalfSquaredError,
    Huber,
    MultinomialLogLoss,
    Pinball,
)
from sknormreg.engine.tweedie import HalfTweedieDeviance

N_OUTPUTS = 3
DELTA, QUANTILE = 0.8, 0.7

LOSSES = {
    "squared_error": HalfSquaredError(),
    "huber": Huber(DELTA),
    "pinball": Pinball(QUANTILE),
    "poisson": HalfPoissonDeviance(),
    "tweedie of power 0": HalfTweedieDeviance(0),
    "tweedie of power 1.4": HalfTweedieDeviance(1.4),
    "tweedie of power 1.92": HalfTweedieDeviance(1.92),
    "gamma": HalfTweedieDeviance(2),
    "tweedie of power 3": HalfTweedieDeviance(3),
    "binary": BinaryLogLoss(),
    "multinomial": MultinomialLogLoss(N_OUTPUTS),
}

every_loss = pytest.mark.parametrize("name", LOSSES)
regression = pytest.mark.parametrize("name", ["squared_error", "huber", "pinball"])


def _power(name):
    return getattr(LOSSES[name], "power", None)


def _targets(name, n_rows, random_state, n_outputs=N_OUTPUTS):
    if name == "multinomial":
        return random_state.randint(N_OUTPUTS, size=n_rows)
    shape = (n_rows, n_outputs)
    if name == "binary":
        return random_state.randint(2, size=shape).astype(float)
    if name == "poisson":
        return random_state.poisson(1.5, size=shape).astype(float)
    if _power(name):
        # Some of them 0, where they may be.
        y = random_state.gamma(1.5, size=shape)
        return np.where(y < 0.5, 0, y) if _power(name) < 2 else y
    return random_state.normal(size=shape)


def _problem(name, n_rows=20, seed=0):
    """y, raw and sample weights."""
    random_state = np.random.RandomState(seed)
    y = _targets(name, n_rows, random_state)
    raw = random_state.normal(size=(n_rows, N_OUTPUTS))
    return y, raw, random_state.uniform(0.1, 3, size=n_rows)


def _moreau_envelope(residual):
    """min_x (r - x)^2 / 2 + delta |x|, which is what Huber's loss is."""

    def fit(x):
        return 0.5 * (residual - x) ** 2 + DELTA * abs(x)

    bounds = sorted((0.0, residual))
    return min(fit(0.0), minimize_scalar(fit, bounds=bounds, method="bounded").fun)


def _oracle(name, y, raw, weights):
    """The weighted sum over rows and outputs, by somebody else."""
    if name == "squared_error":
        errors = mean_squared_error(y, raw, sample_weight=weights, multioutput="raw_values")
        return weights.sum() * errors.sum() / 2
    if name == "pinball":
        errors = mean_pinball_loss(
            y, raw, sample_weight=weights, alpha=QUANTILE, multioutput="raw_values"
        )
        return weights.sum() * errors.sum()
    if name == "huber":
        return weights @ np.vectorize(_moreau_envelope)(y - raw).sum(axis=1)
    if name == "multinomial":
        return log_loss(
            y,
            softmax(raw, axis=1),
            normalize=False,
            sample_weight=weights,
            labels=[0, 1, 2],
        )
    if name == "binary":
        columns = [
            log_loss(a, expit(b), normalize=False, sample_weight=weights, labels=[0, 1])
            for a, b in zip(y.T, raw.T)
        ]
        return sum(columns)
    power = 1 if name == "poisson" else LOSSES[name].power
    deviances = [
        mean_tweedie_deviance(a, np.exp(b), sample_weight=weights, power=power)
        for a, b in zip(y.T, raw.T)
    ]
    return weights.sum() * sum(deviances) / 2


@every_loss
@pytest.mark.parametrize("weighted", [False, True])
def test_value_is_the_metric_summed_over_rows_and_outputs(name, weighted):
    y, raw, weights = _problem(name)
    if not weighted:
        weights = np.ones(len(weights))
    expected = _oracle(name, y, raw, weights)
    value = LOSSES[name].value(y, raw, weights if weighted else None)
    # Rounding of some 60 terms; the minimiser behind Huber's oracle stops at 1e-5, and
    # errs by its square.
    assert value == pytest.approx(expected, rel=1e-8 if name == "huber" else 1e-12)


@every_loss
def test_per_output_is_what_is_summed(name):
    y, raw, _ = _problem(name)
    before = raw.copy()
    per_output = LOSSES[name].per_output(y, raw)
    np.testing.assert_array_equal(raw, before)
    assert per_output.shape == y.shape
    for i in range(len(raw)):
        # One row is its own total, but for the rounding of a sum of three.
        alone = LOSSES[name].value(y[i : i + 1], raw[i : i + 1])
        assert per_output[i].sum() == pytest.approx(alone, rel=1e-14)


@every_loss
@pytest.mark.parametrize("weighted", [False, True])
def test_derivative_against_finite_differences(name, weighted):
    y, raw, weights = _problem(name)
    weights = weights if weighted else None
    expected, h = np.empty_like(raw), 1e-5
    for i in np.ndindex(*raw.shape):
        up, down = raw.copy(), raw.copy()
        up[i] += h
        down[i] -= h
        values = [LOSSES[name].value(y, point, weights) for point in (up, down)]
        expected[i] = (values[0] - values[1]) / (2 * h)
    value = LOSSES[name].value(y, raw, weights)
    derivative = raw.copy()
    assert LOSSES[name].value_and_derivative(y, derivative, weights) == pytest.approx(
        value, rel=1e-14
    )
    # Values of about 1e2 are rounded to 1e-14, over h; h^2 / 6 times third derivatives
    # of up to 1e2 is as small.
    np.testing.assert_allclose(derivative, expected, rtol=0, atol=1e-8)
    if not weighted:
        alone = raw.copy()
        LOSSES[name].derivative(y, alone)
        np.testing.assert_allclose(alone, derivative, rtol=1e-13, atol=1e-15)


def test_pinball_derivative_at_an_exact_fit_is_zero():
    y = np.array([[1.0], [2.0]])
    raw = y.copy()
    assert LOSSES["pinball"].value_and_derivative(y, raw) == 0
    np.testing.assert_array_equal(raw, 0)


@every_loss
def test_sample_weights_are_repeated_rows(name):
    loss, (y, raw, _) = LOSSES[name], _problem(name)
    counts = np.random.RandomState(3).randint(0, 4, size=len(raw))
    assert (counts == 0).any()
    weights = counts.astype(float)
    repeated_y, repeated_raw = np.repeat(y, counts, axis=0), np.repeat(raw, counts, axis=0)
    # All of it up to the rounding of sums of some 60 terms.
    assert loss.value(y, raw, weights) == pytest.approx(
        loss.value(repeated_y, repeated_raw), rel=1e-13
    )
    np.testing.assert_allclose(
        loss.constant(y, weights), loss.constant(repeated_y, None), rtol=1e-12, atol=1e-14
    )
    np.testing.assert_allclose(
        loss.scales(y, weights), loss.scales(repeated_y, None), rtol=1e-12
    )
    loss.value_and_derivative(y, raw, weights)
    loss.value_and_derivative(repeated_y, repeated_raw)
    start = 0
    for row, count in zip(raw, counts):
        total = repeated_raw[start : start + count].sum(axis=0)
        np.testing.assert_allclose(row, total, rtol=1e-13, atol=1e-15)
        start += count


@pytest.mark.parametrize(
    "name",
    ["squared_error", "pinball", "poisson", "binary", "gamma", "tweedie of power 1.4"],
)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_rows", [1, 10, 31])
def test_constant_minimises_the_loss(name, weighted, n_rows):
    loss, (y, _, weights) = LOSSES[name], _problem(name, n_rows, seed=4)
    weights = weights if weighted else None
    constants = loss.constant(y, weights)
    assert constants.shape == (N_OUTPUTS,)
    for k, constant in enumerate(constants):
        column = y[:, k : k + 1]

        def value(raw, column=column):
            return loss.value(column, np.full_like(column, raw), weights)

        best = minimize_scalar(value, bounds=(-30, 30), method="bounded")
        # The constant may only be better, up to rounding; where shares are 0 or 1 it
        # stops at 1e-10 from them, and the minimum lies at infinity.
        assert value(constant) <= best.fun * (1 + 1e-12) + 1e-8


@pytest.mark.parametrize("weighted", [False, True])
def test_multinomial_constant_minimises_the_loss(weighted):
    loss, (y, _, weights) = LOSSES["multinomial"], _problem("multinomial", 30)
    weights = weights if weighted else None
    constant = loss.constant(y, weights)

    def value(raw):
        return loss.value(y, np.tile(raw, (len(y), 1)), weights)

    best = minimize(value, np.zeros(N_OUTPUTS), tol=1e-10)
    # BFGS with differenced gradients of 1e-7 or so: values within their square.
    assert value(constant) == pytest.approx(best.fun, rel=1e-10)
    assert constant.sum() == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize("weighted", [False, True])
def test_huber_constant_is_a_median(weighted):
    y, _, weights = _problem("huber", 25)
    if not weighted:
        weights = np.ones(len(y))
    constants = LOSSES["huber"].constant(y, weights if weighted else None)
    for constant, column in zip(constants, y.T):
        assert constant in column
        assert weights[column <= constant].sum() >= weights.sum() / 2
        assert weights[column >= constant].sum() >= weights.sum() / 2


@pytest.mark.parametrize(
    ("name", "target", "dtype"),
    [
        ("poisson", 0, np.float64),
        ("poisson", 0, np.float32),
        ("tweedie of power 1.4", 0, np.float64),
        ("tweedie of power 1.4", 0, np.float32),
        ("tweedie of power 0", -2, np.float64),
        ("tweedie of power 0", -2, np.float32),
        ("binary", 0, np.float64),
        ("binary", 0, np.float32),
        ("binary", 1, np.float64),
        ("binary", 1, np.float32),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_constant_is_finite_where_the_minimum_is_at_infinity(name, target, dtype, weighted):
    y = np.full((5, 1), target, dtype=dtype)
    weights = np.ones(5, dtype=dtype) if weighted else None
    assert np.isfinite(LOSSES[name].constant(y, weights)).all()


@pytest.mark.parametrize("weights", [None, np.ones(4)])
def test_multinomial_constant_with_an_absent_class(weights):
    constant = LOSSES["multinomial"].constant(np.array([0, 0, 2, 0]), weights)
    assert np.isfinite(constant).all()
    # The clipped share of the absent class is 1e-10.
    np.testing.assert_allclose(softmax(constant), [0.75, 0, 0.25], rtol=0, atol=2e-10)


EXTREMES = [
    # (loss, y, raw, value, derivative)
    (HalfSquaredError(), 1, 1e4, 0.5 * 9999**2, 9999),
    (HalfSquaredError(), 1, -1e4, 0.5 * 10001**2, -10001),
    (Huber(2.0), 0, 1e4, 19998, 2),
    (Huber(2.0), 0, -1e4, 19998, -2),
    (Pinball(0.9), 0, 1e4, 1e3, 0.1),
    (Pinball(0.9), 0, -1e4, 9e3, -0.9),
    # exp(1e4) is beyond the floats: Poisson's loss is infinite there, and 88 the
    # largest raw output that single precision holds.
    (HalfPoissonDeviance(), 0, -1e4, 0, 0),
    (HalfPoissonDeviance(), 1, -1e4, 9999, -1),
    (HalfTweedieDeviance(1.5), 0, -1e4, 0, 0),
    (HalfTweedieDeviance(2), 1, 1e4, 9999, 1),
    (HalfTweedieDeviance(3), 1, 1e4, 0.5, 0),
    (BinaryLogLoss(), 0, 1e4, 1e4, 1),
    (BinaryLogLoss(), 1, 1e4, 0, 0),
    (BinaryLogLoss(), 0, -1e4, 0, 0),
    (BinaryLogLoss(), 1, -1e4, 1e4, -1),
]


@pytest.mark.parametrize(("loss", "y", "raw", "value", "derivative"), EXTREMES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_extreme_raw_outputs(loss, y, raw, value, derivative, dtype):
    y, raw = np.full((1, 1), y, dtype=dtype), np.full((1, 1), raw, dtype=dtype)
    # Correctly rounded, but for the quantile's and a square's own rounding.
    rtol = 4 * float(np.finfo(dtype).eps)
    assert loss.value(y, raw) == pytest.approx(value, rel=rtol)
    assert loss.value_and_derivative(y, raw) == pytest.approx(value, rel=rtol)
    np.testing.assert_allclose(raw, derivative, rtol=rtol)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("y", "value", "derivative"),
    [(0, 0, [0, 0, 0]), (1, 2e4, [1, -1, 0]), (2, 1e4, [1, 0, -1])],
)
def test_extreme_raw_outputs_multinomial(y, value, derivative, dtype):
    loss, y = LOSSES["multinomial"], np.array([y])
    raw = np.array([[1e4, -1e4, 0]], dtype=dtype)
    assert loss.value(y, raw) == value
    alone = raw.copy()
    loss.derivative(y, alone)
    assert loss.value_and_derivative(y, raw) == value
    np.testing.assert_array_equal(raw, [derivative])
    np.testing.assert_array_equal(alone, [derivative])


@pytest.mark.parametrize("name", ["binary", "multinomial"])
def test_log_probabilities(name):
    loss, raw = LOSSES[name], 3 * _problem(name)[1]
    log_probabilities, probabilities = raw.copy(), raw.copy()
    loss.log_inverse_link(log_probabilities)
    loss.inverse_link(probabilities)
    # Logarithms of order 1 to 10, of probabilities with a few roundings.
    np.testing.assert_allclose(
        log_probabilities, np.log(probabilities), rtol=1e-13, atol=1e-14
    )


def test_inverse_links():
    raw = np.log([[1.0, 2.0, 5.0]])
    for name, expected in {
        "squared_error": raw,
        "poisson": [[1, 2, 5]],
        "gamma": [[1, 2, 5]],
        "binary": [[1 / 2, 2 / 3, 5 / 6]],
        "multinomial": [[1 / 8, 2 / 8, 5 / 8]],
    }.items():
        predicted = raw.copy()
        LOSSES[name].inverse_link(predicted)
        # A few roundings.
        np.testing.assert_allclose(predicted, expected, rtol=1e-14)


def test_log_probabilities_where_probabilities_round_to_zero():
    raw = np.array([[1e4, -1e4]])
    LOSSES["binary"].log_inverse_link(raw)
    np.testing.assert_array_equal(raw, [[0, -1e4]])
    raw = np.array([[1e4, -1e4, 0]])
    LOSSES["multinomial"].log_inverse_link(raw)
    np.testing.assert_array_equal(raw, [[0, -2e4, -1e4]])
    raw = np.array([[1e4, -1e4, 1e4]])
    LOSSES["multinomial"].inverse_link(raw)
    np.testing.assert_array_equal(raw, [[0.5, 0, 0.5]])


@every_loss
def test_single_precision_stays(name):
    y, raw, weights = _problem(name)
    expected_value = LOSSES[name].value(y, raw, weights)
    expected = raw.copy()
    LOSSES[name].value_and_derivative(y, expected, weights)
    single = y if name == "multinomial" else y.astype(np.float32)
    raw, weights = raw.astype(np.float32), weights.astype(np.float32)
    assert LOSSES[name].per_output(single, raw).dtype == np.float32
    value = LOSSES[name].value_and_derivative(single, raw, weights)
    assert isinstance(value, float)
    # Rounding of y, raw and a few operations, at 6e-8 each.
    assert value == pytest.approx(expected_value, rel=1e-6)
    assert raw.dtype == np.float32
    np.testing.assert_allclose(raw, expected, rtol=1e-5, atol=1e-5)


@regression
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("unit", [1e-6, 1e3])
def test_scales_follow_the_unit_of_the_targets(name, weighted, unit):
    y, _, weights = _problem(name)
    weights = weights if weighted else None
    loss = LOSSES[name]
    in_unit = Huber(DELTA * unit) if name == "huber" else loss
    raw_scale, loss_scale = loss.scales(y, weights)
    # By what the loss of a fixed multiple of the raw scale grows.
    growth = unit if name == "pinball" else unit**2
    # Rounding of means of 20 numbers.
    np.testing.assert_allclose(
        in_unit.scales(unit * y, weights),
        (unit * raw_scale, growth * loss_scale),
        rtol=1e-12,
    )


@regression
@pytest.mark.parametrize("offset", [1e3, 1e9])
def test_scales_ignore_an_offset(name, offset):
    y, _, weights = _problem(name)
    # The targets of order 1 are rounded to eps times the offset.
    np.testing.assert_allclose(
        LOSSES[name].scales(y + offset, weights),
        LOSSES[name].scales(y, weights),
        rtol=10 * np.finfo(np.float64).eps * offset,
    )


@regression
@pytest.mark.parametrize("n_rows", [1, 5])
@pytest.mark.parametrize(("target", "size"), [(7.0, 7.0), (-7.0, 7.0), (0.0, 1.0)])
def test_scales_of_constant_targets_are_their_size(name, n_rows, target, size):
    y = np.full((n_rows, 2), target)
    raw_scale, loss_scale = LOSSES[name].scales(y, None)
    assert raw_scale == size
    assert (
        loss_scale
        == {
            "squared_error": size**2,
            "pinball": size,
            "huber": size * DELTA,
        }[name]
    )


@regression
def test_scales_do_not_follow_rounding(name):
    # 0.1 + 0.2 and 0.3 differ by a unit in the last place, and are the same target.
    y = np.array([[0.1 + 0.2], [0.3], [0.3]])
    raw_scale, _ = LOSSES[name].scales(y, None)
    assert raw_scale == pytest.approx(0.3)


def test_scales_are_those_of_the_widest_output():
    y = np.array([[0.0, 0.0], [2.0, 200.0]])
    assert LOSSES["squared_error"].scales(y, None) == (100.0, 10000.0)


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e4])
def test_scales_of_counts(unit):
    y = unit * np.array([[1.0, 2.0], [3.0, 6.0]])
    # exp(raw) takes the unit into the intercept; the loss is linear in it.
    assert LOSSES["poisson"].scales(y, None) == pytest.approx((1.0, 4 * unit))
    raw_scale, loss_scale = LOSSES["poisson"].scales(np.zeros((3, 1)), None)
    assert raw_scale == 1
    assert loss_scale > 0


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("power", [0, 1, 1.4, 2, 3])
def test_deviances_and_their_scales_follow_the_unit(power, unit):
    random_state = np.random.RandomState(0)
    y, raw = random_state.gamma(1.5, size=(20, 2)), random_state.normal(size=(20, 2))
    loss = HalfTweedieDeviance(power)
    raw_scale, scale = loss.scales(unit * y, None)
    assert raw_scale == 1
    # A variance proportional to the mean to that power leaves this of squares over it.
    growth = unit ** (2 - power)
    assert scale == pytest.approx(growth * loss.scales(y, None)[1])
    assert loss.value(unit * y, raw + np.log(unit)) == pytest.approx(
        growth * loss.value(y, raw), rel=1e-10
    )


def test_poisson_is_tweedie_of_power_1():
    y, raw, weights = _problem("poisson")
    found = HalfTweedieDeviance(1).value(y, raw, weights)
    assert found == pytest.approx(LOSSES["poisson"].value(y, raw, weights), rel=1e-13)


@pytest.mark.parametrize("name", ["binary", "multinomial"])
def test_scales_of_classes_are_one(name):
    y, _, weights = _problem(name)
    assert LOSSES[name].scales(y, weights) == (1.0, 1.0)


@every_loss
def test_smooth_says_whether_the_derivative_is_continuous(name):
    # Around the target, where a kink would be.
    y = np.array([1]) if name == "multinomial" else np.array([[1.0]])
    n_outputs = N_OUTPUTS if name == "multinomial" else 1
    sides = []
    for raw in (1 - 1e-9, 1 + 1e-9):
        raw = np.full((1, n_outputs), raw)
        LOSSES[name].derivative(y, raw)
        sides.append(raw)
    # Second derivatives are below exp(1); the kink is of size 1.
    assert (np.abs(sides[1] - sides[0]).max() < 1e-6) == LOSSES[name].smooth
