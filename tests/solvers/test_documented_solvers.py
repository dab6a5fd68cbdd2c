"""The solvers of the page on how to add one, doc/extending/solver.md."""

import importlib.util
import sys
from collections import deque
from pathlib import Path

import numpy as np
import pytest
from objectives import scaled_objective
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso
from sklearn.preprocessing import scale

from sknormreg.engine import Data, Network, make_engine
from sknormreg.engine.losses import HalfSquaredError
from sknormreg.penalties import L1

FOLDER = Path(__file__).parents[2] / "doc" / "extending"

SETTINGS = {
    "proximal_gradient": dict(tol=1e-7, max_fun=5000),
    "rmsprop": dict(
        batch_size=50,
        learning_rate_init=0.01,
        learning_rate="adaptive",
        power_t=0.5,
        tol=1e-5,
        n_iter_no_change=10,
        shuffle=True,
        beta_2=0.999,
        epsilon=1e-8,
    ),
}


def load(name, monkeypatch):
    """Import a file of the page as the module of the package that it is to become."""
    full_name = f"sknormreg.solvers.{name}"
    spec = importlib.util.spec_from_file_location(full_name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    monkeypatch.setitem(sys.modules, full_name, module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "cls"), [("proximal_gradient", "ProximalGradient"), ("rmsprop", "RMSprop")]
)
def test_they_solve_the_lasso(name, cls, monkeypatch):
    X, y = load_diabetes(return_X_y=True)
    X, y = scale(X), scale(y)
    network = Network((10, 1), (), HalfSquaredError())
    data, alpha = Data(X, y[:, None], None), 50.0
    objective = scaled_objective(make_engine(network), data, None, L1(), alpha)
    settings = dict(SETTINGS[name])
    if name == "rmsprop":
        settings["random_state"] = np.random.RandomState(0)
    solver = getattr(load(name, monkeypatch), cls)(**settings)
    iterates = solver.iterate(objective, np.zeros(network.n_params))
    end = deque(iterates, maxlen=1).pop()
    assert end.status == "converged"

    oracle = Lasso(alpha=alpha / len(y), tol=1e-10).fit(X, y)
    residual = y - oracle.predict(X)
    minimum = residual @ residual / 2 + alpha * np.abs(oracle.coef_).sum()
    found = objective.objective.evaluate(objective.from_solver(end.params)).value * len(y)
    # Minibatches end in the noise of their last learning rate.
    slack = 1e-3 if name == "rmsprop" else 1e-9
    assert minimum * (1 - 1e-9) <= found <= minimum * (1 + slack)
    assert (end.params[: network.n_weights] == 0).any()
