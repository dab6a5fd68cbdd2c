"""Objectives as solvers see them."""

from sknormreg.fitting.objective import Objective
from sknormreg.fitting.scaled_objective import ScaledObjective


def scaled_objective(*args, scales=None, **kwargs):
    """The `Objective` of these arguments, at scales of order 1."""
    return ScaledObjective(Objective(*args, **kwargs), scales)
