"""The activation and the loss that pages of doc/extending/ write are right."""

import re
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from scipy import stats

from sknormreg import RegularizedMLPRegressor
from sknormreg.engine import activations, losses

PAGES = Path(__file__).parents[2] / "doc" / "extending"


def class_on(page, module):
    """The class that a page adds to a module, with the names that the module has."""
    text = (PAGES / page).read_text("utf-8")
    # Those of users' own code are not indented.
    snippet = dedent(re.search(r"^ +class .*?(?=^ *```$)", text, re.M | re.S).group())
    names = dict(vars(module))
    exec(snippet, names)
    return names[re.match(r"class (\w+)", snippet).group(1)]()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_softsign(dtype):
    softsign = class_on("activation.md", activations)
    z = np.linspace(-30, 30, 41, dtype=dtype)
    x, value, derivative = z.astype(np.float64), z.copy(), np.empty_like(z)
    softsign.value(value)
    # A few roundings.
    eps = 4 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(value, x / (1 + np.abs(x)), rtol=eps)
    softsign.value_and_derivative(z, derivative)
    np.testing.assert_array_equal(z, value)
    np.testing.assert_allclose(derivative, 1 / (1 + np.abs(x)) ** 2, rtol=eps)
    assert z.dtype == derivative.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_log_cosh(dtype):
    log_cosh = class_on("loss.md", losses)
    rng = np.random.default_rng(0)
    y, raw = (rng.normal(size=(25, 2)).astype(dtype) for _ in range(2))
    residual = raw.astype(np.float64) - y
    # Values and derivatives of order 1.
    eps = 8 * float(np.finfo(dtype).eps)
    value = log_cosh.per_output(y, raw)
    assert value.dtype == dtype
    np.testing.assert_allclose(value, np.log(np.cosh(residual)), rtol=0, atol=eps)
    log_cosh.derivative(y, raw)
    np.testing.assert_allclose(raw, np.tanh(residual), rtol=0, atol=eps)
    assert (log_cosh.constant(y, None) == np.median(y, axis=0)).all()
    raw_scale, loss_scale = log_cosh.scales(y, None)
    assert raw_scale == pytest.approx(y.std(axis=0).max(), rel=eps)
    assert loss_scale == raw_scale * min(raw_scale, 1)


def snippets_of_users():
    text = (PAGES / "loss.md").read_text("utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)


def test_snippets_of_a_users_own_loss(capsys):
    names = {"__name__": "own_code"}
    for snippet in snippets_of_users():
        exec(compile(snippet, "loss.md", "exec"), names)
    printed = capsys.readouterr().out
    # The expectile of the share 0.9 is above the mean.
    assert float(printed.split()[0]) > 0.7
    assert "loss__share" in printed


def test_own_loss_has_the_expectile_as_its_minimiser():
    names = {"__name__": "own_code"}
    exec(snippets_of_users()[0], names)
    y = np.random.default_rng(0).gamma(2.0, size=(200, 1))
    mlp = RegularizedMLPRegressor(
        (), loss=names["Expectile"](0.8), alpha=1.0, penalty="l1", random_state=0
    )
    (found,) = np.unique(mlp.fit(np.zeros((200, 1)), y.ravel()).predict(np.zeros((9, 1))))
    below = stats.expectile(y.ravel(), 0.8)
    assert found == pytest.approx(below, rel=1e-6)
