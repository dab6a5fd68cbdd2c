"""Solvers: generators of iterates that know a problem, but no penalty and no network."""

from .adam import Adam
from .lbfgs import LBFGS
from .minibatch import MinibatchState
from .panoc import PANOC
from .projected_subgradient import ProjectedSubgradient
from .sgd import SGD
from .status import Status
from .working_set import Curvature, WorkingSet

__all__ = [
    "LBFGS",
    "PANOC",
    "SGD",
    "Adam",
    "Curvature",
    "MinibatchState",
    "ProjectedSubgradient",
    "Status",
    "WorkingSet",
]
