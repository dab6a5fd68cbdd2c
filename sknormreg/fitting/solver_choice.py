"""Choice of the solver for an objective."""

from dataclasses import fields

import numpy as np

from ..solvers import LBFGS, PANOC, SGD, Adam, ProjectedSubgradient, WorkingSet
from ..solvers.full_batch import FullBatchSolver
from ..solvers.minibatch import MinibatchSolver
from .precision import FULL_PRECISION, Precision, full_batch_precision, least_progress
from .scaled_objective import ScaledObjective
from .settings import SolverSettings

# solver="auto" takes full batches while an evaluation, samples times parameters, is below
# this. See benchmarks/speed solvers.
FULL_BATCH_WORK = 2e9

# Solvers by the names that users give. Of the methods behind a full-batch one, the first
# that supports the objective is taken: from the fastest to the one that supports any.
FULL_BATCH = {"lbfgs": (LBFGS, WorkingSet, ProjectedSubgradient, PANOC)}
MINIBATCH = {"adam": Adam, "sgd": SGD}


def resolve_solver(name: str, objective: ScaledObjective, incremental: bool = False) -> str:
    """Return the name of the solver to use; "auto" goes by the work of an evaluation.

    Parameters
    ----------
    name : str
        "auto" or a name in `FULL_BATCH` or `MINIBATCH`.

    objective : Objective

    incremental : bool
        Whether the data are a part of all of them.

    Raises
    ------
    ValueError
        If the solver called `name` cannot train with the penalty, or with what is drawn
        anew for every minibatch.
    """
    if not objective.network.loss.separable:
        _refuse_minibatches(name, objective)
        name = "lbfgs"
    if name == "auto":
        minibatches = "adam" if Adam.supports(objective) else "sgd"
        if incremental or objective.needs_minibatches:
            return minibatches
        is_small = objective.work <= FULL_BATCH_WORK
        return "lbfgs" if is_small or not Adam.supports(objective) else "adam"
    if any(method.supports(objective) for method in _methods(name)):
        return name
    if name in FULL_BATCH and objective.needs_minibatches:
        raise ValueError(
            f"solver={name!r} cannot train with {_drawn(objective.objective)}, which is "
            "drawn anew for every minibatch. Use solver='adam' or solver='sgd'."
        )
    scalar_only = [p for p in objective.penalties if not p.has_diagonal_prox]
    penalty = (scalar_only or objective.penalties)[0]
    reason = ", whose proximal operator takes one step size for all weights"
    raise ValueError(
        f"solver={name!r} cannot train with penalty={penalty}"
        f"{reason if scalar_only else ''}. Use solver='lbfgs' or solver='sgd'."
    )


def make_solver(
    name: str,
    settings: SolverSettings,
    objective: ScaledObjective,
    random_state: np.random.RandomState,
    precision: Precision = FULL_PRECISION,
) -> FullBatchSolver | MinibatchSolver:
    """Return the solver called `name`.

    Parameters
    ----------
    name : str
        A name in `FULL_BATCH` or `MINIBATCH`.

    settings : SolverSettings
        A minibatch solver finds its own parameters there, by the names of its fields.

    objective : Objective

    random_state : RandomState

    precision : Precision
    """
    method = next(cls for cls in _methods(name) if cls.supports(objective))
    if name in FULL_BATCH:
        return method(
            max_fun=settings.max_fun,
            n_iter_no_change=settings.n_iter_no_change,
            **full_batch_precision(settings.tol, objective, precision),
        )
    batch_size = 200 if settings.batch_size == "auto" else settings.batch_size
    common = dict(
        batch_size=min(batch_size, objective.n_rows),
        tol=least_progress(objective) if settings.tol == "auto" else settings.tol,
        random_state=random_state,
        draws=objective.needs_minibatches,
    )
    names = {field.name for field in fields(method)} - set(common)
    return method(**common, **{name: getattr(settings, name) for name in names})


def _refuse_minibatches(name, objective):
    """Raise a ValueError where a loss of all samples together is to be cut up."""
    reason = "the loss compares each event with all samples at risk"
    if name not in ("auto", *FULL_BATCH):
        raise ValueError(
            f"solver={name!r} trains in minibatches, but {reason}. Use solver='lbfgs' or "
            "'auto'."
        )
    if objective.needs_minibatches:
        raise ValueError(f"{_drawn(objective.objective)} needs minibatches, but {reason}.")


def _drawn(objective):
    """Return the name of something that is drawn anew for every minibatch."""
    if objective.dropout is not None:
        return "dropout"
    return "input_noise" if objective.augmentation.input_noise else "mixup"


def _methods(name):
    return FULL_BATCH[name] if name in FULL_BATCH else (MINIBATCH[name],)
