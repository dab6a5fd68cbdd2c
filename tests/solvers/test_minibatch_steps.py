"""Steps of minibatch solvers for which the compiled engine has no loop."""

from dataclasses import dataclass

import numpy as np
import pytest
from objectives import scaled_objective

from sknormreg.engine import Data, Network, make_engine
from sknormreg.engine.losses import HalfSquaredError
from sknormreg.penalties import L1, L2
from sknormreg.solvers import SGD
from sknormreg.solvers.sgd import SGDStep


@dataclass(kw_only=True)
class StepInPython(SGDStep):
    """The same step, of which no engine knows."""

    method = None
    n_taken = 0

    def take(self, problem, params, batch):
        self.n_taken += 1
        return super().take(problem, params, batch)


@dataclass(frozen=True, kw_only=True)
class SGDInPython(SGD):
    """SGD that takes its steps in Python."""

    steps: list

    def step(self, **common):
        taken = StepInPython(
            **common, momentum=self.momentum, nesterovs_momentum=self.nesterovs_momentum
        )
        self.steps.append(taken)
        return taken


@pytest.mark.parametrize("penalty", [L1(), L2()], ids=repr)
@pytest.mark.parametrize("dropout", [None, (0.0, 0.3)])
def test_a_step_without_a_loop_is_taken_in_python(penalty, dropout):
    rng = np.random.RandomState(0)
    X, network = rng.randn(50, 4), Network((4, 6, 2), ("tanh",), HalfSquaredError())
    data = Data(X, X[:, :2] - X[:, 2:] ** 2, None)
    objective = scaled_objective(
        make_engine(network), data, None, penalty, 0.5, dropout=dropout
    )
    start = objective.initial_params(np.random.RandomState(1), np.zeros(2), 1.0)
    settings = dict(
        batch_size=16,
        learning_rate_init=0.01,
        learning_rate="constant",
        power_t=0.5,
        tol=0.0,
        n_iter_no_change=10,
        shuffle=True,
        draws=dropout is not None,
        momentum=0.9,
        nesterovs_momentum=True,
    )
    steps, ends = [], []
    for cls, more in (SGD, {}), (SGDInPython, {"steps": steps}):
        solver = cls(**settings, **more, random_state=np.random.RandomState(2))
        iterates = solver.iterate(objective, objective.to_solver(start))
        ends.append([next(iterates) for _ in range(3)][-1])
    assert [step.n_taken for step in steps] == [4, 4, 4]
    assert [step.n_steps for step in steps] == [4, 8, 12]
    # Engines agree up to rounding.
    np.testing.assert_allclose(ends[1].params, ends[0].params, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ends[1].value, ends[0].value, rtol=1e-12)
