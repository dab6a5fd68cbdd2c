"""The partial likelihood, against its definition and finite differences."""

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import approx_fprime
from survival_cases import half_deviance, simulated

from sknormreg.engine import Data, Dropout, Network, NumpyEngine, make_engine
from sknormreg.engine.losses import Linear
from sknormreg.engine.partial_likelihood import PartialLikelihood, RiskSets


def _case(n_strata, weighted, seed=1):
    X, y = simulated(40, n_strata=n_strata, seed=seed)
    rng = np.random.RandomState(seed)
    weight = rng.randint(0, 4, size=len(y)).astype(float) if weighted else None
    return X, y, weight, 2 * rng.normal(size=len(y))


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("n_strata", [1, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_value_and_derivative_are_those_of_the_definition(ties, n_strata, weighted):
    _, y, weight, risk = _case(n_strata, weighted)
    loss, raw = PartialLikelihood(ties), risk[:, None].copy()
    expected = half_deviance(y, risk, weight, ties)
    assert loss.value(y, raw, weight) == pytest.approx(expected, rel=1e-13)
    assert loss.value_and_derivative(y, raw, weight) == pytest.approx(expected, rel=1e-13)
    slopes = approx_fprime(risk, lambda f: half_deviance(y, f, weight, ties), 1e-7)
    # Forward differences are accurate to about the step, times the second derivative.
    np.testing.assert_allclose(raw[:, 0], slopes, atol=2e-5)
    assert raw.sum() == pytest.approx(0, abs=1e-12)


def test_efron_and_breslow_differ_by_ties_only():
    X, y = simulated(decimals=8)
    efron, breslow = (PartialLikelihood(t).value(y, X[:, :1]) for t in ("efron", "breslow"))
    assert efron == pytest.approx(breslow, rel=1e-14)
    _, y = simulated(decimals=1)
    efron, breslow = (PartialLikelihood(t).value(y, X[:, :1]) for t in ("efron", "breslow"))
    assert abs(efron - breslow) > 1


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_least_value_is_zero(ties):
    # Risks that fall by far more from each time to the next than any sum makes up for.
    _, y = simulated()
    raw = -60.0 * np.unique(y[:, 2], return_inverse=True)[1][:, None]
    raw[y[:, 0] == 0] -= 30
    assert PartialLikelihood(ties).value(y, raw) == pytest.approx(0, abs=1e-9)
    assert np.isfinite(PartialLikelihood(ties).value_and_derivative(y, raw))


def test_loss_is_invariant_to_a_common_factor_of_hazards_and_of_weights():
    _, y, weight, risk = _case(2, True)
    loss = PartialLikelihood()
    value = loss.value(y, risk[:, None], weight)
    assert loss.value(y, risk[:, None] + 300, weight) == pytest.approx(value, rel=1e-12)
    scaled = loss.value(y, risk[:, None], 1e-9 * weight)
    assert scaled == pytest.approx(1e-9 * value, rel=1e-12)


def test_whole_weights_are_repeated_samples_with_breslow():
    _, y, weight, risk = _case(2, True)
    repeats = weight.astype(int)
    loss = PartialLikelihood("breslow")
    repeated = loss.value(np.repeat(y, repeats, axis=0), np.repeat(risk, repeats)[:, None])
    assert loss.value(y, risk[:, None], weight) == pytest.approx(repeated, rel=1e-13)


def test_order_of_samples_does_not_matter():
    _, y, weight, risk = _case(3, True)
    order = np.random.RandomState(0).permutation(len(y))
    raw, shuffled = risk[:, None].copy(), risk[order, None].copy()
    loss = PartialLikelihood()
    value = loss.value_and_derivative(y, raw, weight)
    other = loss.value_and_derivative(y[order], shuffled, weight[order])
    assert other == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(shuffled, raw[order], rtol=1e-10, atol=1e-12)


def test_terms_sum_up_to_the_value():
    _, y, _, risk = _case(2, False)
    loss = PartialLikelihood()
    terms = loss.per_output(y, risk[:, None])
    assert terms.shape == (len(y), 1)
    assert not terms[y[:, 0] == 0].any()
    assert terms.sum() == pytest.approx(loss.value(y, risk[:, None]), rel=1e-12)


def test_baseline_hazards_are_breslows():
    _, y, weight, risk = _case(2, True)
    found = RiskSets(y, weight, "efron").cumulative_hazards(risk[:, None])
    for stratum, (times, hazards) in found.items():
        own = y[:, 1] == stratum
        events = own & (y[:, 0] > 0) & (weight > 0)
        np.testing.assert_array_equal(times, np.unique(y[events, 2]))
        expected = [
            weight[events & (y[:, 2] == t)].sum()
            / (weight * np.exp(risk))[own & (y[:, 2] >= t)].sum()
            for t in times
        ]
        np.testing.assert_allclose(hazards, np.cumsum(expected), rtol=1e-12)


def test_scales_and_attainable_part_are_those_of_the_events():
    _, y, weight, _ = _case(1, True)
    loss = PartialLikelihood()
    of_events = weight[y[:, 0] > 0].sum()
    assert loss.scales(y, weight)[1] == pytest.approx(of_events / weight.sum())
    assert loss.attainable(y, weight, 1e9) == pytest.approx(of_events)
    assert loss.attainable(y, None, 1e-3) == 1e-3
    assert loss.scales(y * [0, 1, 1], None) == (1.0, 1.0)


# In networks


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("skip", [False, True])
def test_gradient_by_parameters(ties, skip):
    X, y, weight, _ = _case(2, True)
    network = Network((5, 4, 3, 1), ("tanh", "softplus"), PartialLikelihood(ties), skip)
    params = np.random.RandomState(0).normal(size=network.n_params)
    data, engine = Data(X, y, weight), make_engine(network)
    rows = np.arange(3, 37)
    for chosen in (None, rows):
        loss, gradient = engine.loss_and_gradient(params, data, chosen)
        part = slice(None) if chosen is None else chosen
        raw = engine.raw_predict(
            network.coefs(params), network.intercepts(params), X, chosen
        )
        expected = half_deviance(y[part], raw[:, 0], weight[part], ties)
        assert loss == pytest.approx(expected, rel=1e-12)

        def value(p, chosen=chosen):
            return engine.loss_and_gradient(p, data, chosen)[0]

        # Central differences: accurate to the square of the step.
        steps = 1e-5 * np.eye(len(params))
        slopes = [(value(params + s) - value(params - s)) / 2e-5 for s in steps]
        np.testing.assert_allclose(gradient, slopes, atol=2e-7)
    assert gradient[-1] == 0


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_both_engines_and_both_forms_of_x_agree(dtype):
    X, y, weight, _ = _case(2, True)
    X = (X * (np.abs(X) > 0.5)).astype(dtype)
    network = Network((5, 4, 1), ("gelu",), PartialLikelihood())
    params = np.random.RandomState(0).normal(size=network.n_params).astype(dtype)
    plain = make_engine(network)
    plain._engine = NumpyEngine(plain._engine.network)
    expected = plain.loss_and_gradient(params, Data(X, y, weight.astype(dtype)))
    tol = 1e-12 if dtype is np.float64 else 1e-4
    for form in (X, sparse.csr_array(X)):
        found = make_engine(network).loss_and_gradient(params, Data(form, y, weight))
        assert found[0] == pytest.approx(expected[0], rel=tol)
        assert found[1].dtype == dtype
        np.testing.assert_allclose(found[1], expected[1], atol=tol * 30)


def test_an_engine_serves_other_samples_after_some():
    X, y, weight, _ = _case(1, True)
    network = Network((5, 4, 1), ("tanh",), PartialLikelihood())
    params = np.random.RandomState(0).normal(size=network.n_params)
    engine, data = make_engine(network), Data(X, y, weight)
    rows = np.arange(30)
    for args in ((data, None), (data, rows), (Data(X, y[::-1], None), rows), (data, None)):
        found = engine.loss_and_gradient(params, *args)
        expected = make_engine(network).loss_and_gradient(params, *args)
        assert found[0] == expected[0]
        np.testing.assert_array_equal(found[1], expected[1])


def test_there_are_no_minibatches():
    X, y = simulated()
    network = Network((5, 4, 1), ("tanh",), PartialLikelihood())
    engine = make_engine(network)
    assert not engine.has_epochs
    with pytest.raises(ValueError, match="no minibatches"):
        engine.loss_and_gradient(
            np.zeros(network.n_params), Data(X, y, None), None, Dropout((0.5, 0.5), 0, 0)
        )


def test_linear_loss():
    rng = np.random.RandomState(0)
    y, raw = rng.normal(size=(2, 6, 2))
    loss, derivative = Linear(), raw.copy()
    assert loss.value_and_derivative(y, derivative) == pytest.approx(np.vdot(y, raw))
    np.testing.assert_array_equal(derivative, y)
    np.testing.assert_array_equal(loss.constant(y, None), [0, 0])
