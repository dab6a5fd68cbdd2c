"""Full-batch solvers on functions of a few variables, with what makes searches fail."""

from collections import deque

import numpy as np
import pytest

from sknormreg.solvers import LBFGS, PANOC, ProjectedSubgradient
from sknormreg.solvers import passes as numpy_passes
from sknormreg.solvers.base import Evaluation

SOLVERS = pytest.mark.parametrize(
    "solver", [LBFGS, PANOC, ProjectedSubgradient], ids=lambda solver: solver.__name__
)


class Smooth:
    """A function and its gradient, as a problem without a penalty."""

    n_rows, has_curvature, passes = 1, False, numpy_passes

    def __init__(self, value, gradient):
        self._value, self._gradient = value, gradient
        self.values = []

    def loss_and_gradient(self, params):
        with np.errstate(all="ignore"):
            self.values.append(float(self._value(params)))
            return self.values[-1], self._gradient(params)

    def evaluate(self, params):
        value, gradient = self.loss_and_gradient(params)
        kink = np.zeros(len(params), dtype=bool)
        return Evaluation(value, 0.0, gradient, gradient, kink)

    def prox(self, params, step):
        pass

    def trial(self, params, current, direction, step):
        trial = params + params.dtype.type(step) * direction
        return trial, float(current.subgradient @ (trial - params))


def solve(solver, problem, start, **settings):
    settings = {"tol": 1e-8, "max_fun": 2000} | settings
    return deque(solver(**settings).iterate(problem, np.array(start)), maxlen=1).pop()


@SOLVERS
@pytest.mark.parametrize("start", [10.0, 1e3])
def test_a_minimum_near_a_wall(solver, start):
    # The sum of x - log(x) is flat far away, and first steps go far beyond zero, where it
    # is not defined.
    problem = Smooth(lambda x: np.sum(x - np.log(x)), lambda x: 1 - 1 / x)
    end = solve(solver, problem, [start, 2 * start])
    assert not np.isfinite(problem.values).all()
    assert end.status == "converged"
    # Its second derivatives are 1 in the minimum.
    np.testing.assert_allclose(end.params, 1, atol=2e-8)


@SOLVERS
def test_it_ends_at_the_floor_of_rounding(solver):
    """Where no step lowers the function any more, it is noticed, and not for long."""
    rng = np.random.RandomState(0)
    A = (rng.normal(size=(60, 12)) * np.geomspace(1, 30, 12)).astype(np.float32)
    b = rng.normal(size=60).astype(np.float32)
    problem = Smooth(lambda x: np.sum((A @ x - b) ** 2) / 2, lambda x: A.T @ (A @ x - b))
    end = solve(solver, problem, np.zeros(12, np.float32), tol=0)
    assert end.status == "stalled"
    assert len(problem.values) < 1000
    assert end.params.dtype == np.float32
    least = np.linalg.lstsq(A.astype(float), b.astype(float))[1].item() / 2
    # Sums of 60 squares.
    assert end.value <= least * (1 + 60 * np.finfo(np.float32).eps)


@SOLVERS
def test_no_step_is_taken_along_a_gradient_of_the_wrong_sign(solver):
    slope = np.array([1.0, -2.0])
    end = solve(solver, Smooth(lambda x: slope @ x, lambda x: -slope), [0.0, 0.0])
    assert end.status == "stalled"
    np.testing.assert_array_equal(end.params, 0)


@SOLVERS
def test_gradients_whose_squares_vanish(solver):
    start = np.array([3.0, 4.0])
    problem = Smooth(lambda x: 1e-200 * np.sum(x), lambda x: np.full(2, 1e-200))
    end = solve(solver, problem, start, tol=1e-300)
    assert end.status == "stalled"
    np.testing.assert_array_equal(end.params, start)
