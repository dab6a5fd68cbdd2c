"""No weights cost nothing: Omega(0) is exactly 0, and the prox of 0 is 0."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sknormreg.penalties import PENALTIES, Layout
from sknormreg.penalties.concave import MCPFunction, SCADFunction

knots = st.floats(0.01, 100)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", sorted(PENALTIES))
def test_value_and_prox_of_zero(name, dtype):
    shapes, n_skip = [(5, 6), (6, 2)], 2 if name == "hierarchical" else 0
    for penalty, shape in zip(PENALTIES[name]().bind(Layout(shapes, None, n_skip)), shapes):
        weights = np.zeros(shape, dtype)
        assert penalty.value(weights) == 0
        assert not penalty.prox(weights, 0.3).any()


@given(knots, st.floats(0, 10))
@pytest.mark.parametrize("function", [MCPFunction, SCADFunction])
def test_concave_functions_begin_at_zero(function, a, l2):
    """Whatever the knot: differences of rounded terms were 1e-16 for some."""
    assert function(a, l2).value(np.zeros(1)) == 0


@given(knots, st.floats(0, 1))
@pytest.mark.parametrize("function", [MCPFunction, SCADFunction])
def test_concave_functions_are_integrals_of_their_slopes(function, a, share):
    """By the trapezium rule, exact on pieces where the slope is linear."""
    concave = function(a, 0.0)
    end = share * 2 * a
    kinks = {0.0, end, *(min(knot, end) for knot in (concave.first_knot, a))}
    r = np.array(sorted(kinks))
    slope = concave.slope(r)
    integral = np.sum(np.diff(r) * (slope[1:] + slope[:-1]) / 2)
    np.testing.assert_allclose(concave.value(r[-1:]), integral, rtol=1e-12, atol=1e-13)
