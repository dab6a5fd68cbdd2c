"""The objective of a classifier, without an estimator: for what solvers and engines do."""

import numpy as np

from sknormreg.engine import Data, Network, make_engine
from sknormreg.engine.losses import BinaryLogLoss, MultinomialLogLoss
from sknormreg.fitting.objective import Objective
from sknormreg.fitting.scaled_objective import ScaledObjective


def classifier_objective(X, y, hidden, activation, penalty, alpha):
    """Return the objective of a network with hidden layers of one activation."""
    n_classes = int(y.max()) + 1
    if n_classes == 2:
        loss, n_outputs, y = BinaryLogLoss(), 1, y[:, None].astype(X.dtype)
    else:
        loss, n_outputs = MultinomialLogLoss(n_classes), n_classes
    network = Network((X.shape[1], *hidden, n_outputs), (activation,) * len(hidden), loss)
    objective = Objective(make_engine(network), Data(X, y, None), None, penalty, alpha)
    return ScaledObjective(objective)


def initial_params(objective, seed, dtype=float):
    """Return parameters to start from, which satisfy the penalty's constraints."""
    random_state = np.random.RandomState(seed)
    params = objective.network.initial_params(
        objective.objective.best_constant(), random_state, dtype
    )
    return objective.feasible(params)
