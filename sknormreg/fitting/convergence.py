"""Convergence: what counts as it, and what to tell a user where it was not reached."""

import numpy as np

from ..solvers import Status
from ..solvers.base import NEGLIGIBLE
from .precision import TOL, least_progress
from .result import TrainingResult
from .scaled_objective import ScaledObjective
from .settings import SolverSettings
from .solver_choice import FULL_BATCH

# In single precision gradients of deep or wide networks end at about this residual.
_TOL_SINGLE = 1e-3

# Where the objective hardly decreases any more, but a residual above this is left, features
# have very different scales, or a target of a small unit is penalised away: what is
# standardised leaves less than 0.03 (losses with kinks apart, whose gradients need not
# vanish).
_UNSTANDARDISED = 0.1

# Where a limit has ended training, a gap of so much at the scale of the objective does, at
# which a constant's loss is about 1: it is next to nothing of what has been learnt.
_GAP_OF_UNITS = 2e-2

# A network whose J is at least this share of a constant's has learnt nothing. If the root
# mean square of a feature is beyond the second, or the scale of J below the third, that may
# be why.
_NOTHING_LEARNT, _RAW, _SMALL_UNIT = 0.9, 30.0, 1e-2

# Ends of a full-batch training that say nothing about convergence by themselves.
_TO_BE_LOOKED_AT = (
    Status.CONVERGED,
    Status.MAX_ITER,
    Status.MAX_TIME,
    Status.MAX_FUN,
    Status.STALLED,
)


def convergence_warning(
    result: TrainingResult,
    objective: ScaledObjective,
    solver_name: str,
    settings: SolverSettings,
    incremental: bool = False,
) -> str | None:
    """Return what keeps a training from counting as converged, and what to change.

    Parameters
    ----------
    result : TrainingResult

    objective : ScaledObjective

    solver_name : {"lbfgs", "adam", "sgd"}

    settings : SolverSettings

    incremental : bool
        Whether the training is one epoch of several, which need not converge.

    Returns
    -------
    warning : str or None
    """
    rate = f"learning_rate_init (now {settings.learning_rate_init:g})"
    if result.status is Status.DIVERGED:
        return (
            f"Training with solver='{solver_name}' diverged in iteration "
            f"{result.n_iter}: the weights from before are kept. Lower {rate}, or "
            "standardise the features, for example with StandardScaler."
        )
    if incremental:
        return None
    if result.loss > result.start_loss:
        return (
            f"Training with solver='{solver_name}' raised the objective from "
            f"{result.start_loss:.6g} to {result.loss:.6g}. Lower {rate}."
        )
    if solver_name in FULL_BATCH:
        warning = _full_batch_warning(result, objective, solver_name, settings)
    else:
        warning = _minibatch_warning(result, solver_name, settings, rate)
    warning = warning or _raw_units_warning(result, objective)
    if not warning and result.evidence and result.status in _TO_BE_LOOKED_AT:
        warning = result.evidence.warning
    return warning


def _minibatch_warning(result, solver_name, settings, rate):
    if result.status is Status.MAX_TIME:
        return (
            f"solver='{solver_name}' reached max_time={settings.max_time:g} seconds after "
            f"{result.n_iter} epochs; the residual optimality_ is {result.optimality:.2g}. "
            f"Increase max_time or tol, or raise {rate}."
        )
    if result.status is Status.MAX_ITER:
        return (
            f"solver='{solver_name}' reached max_iter={settings.max_iter} epochs before "
            f"n_iter_no_change={settings.n_iter_no_change} of them in a row were without "
            f"progress; the residual optimality_ is {result.optimality:.2g}. Increase "
            f"max_iter or tol, or raise {rate}."
        )
    return None


def _full_batch_warning(result, objective, solver_name, settings):
    if result.status not in _TO_BE_LOOKED_AT:
        return None
    if _is_accepted(result, objective, settings):
        return None
    status = result.status
    limits = {"max_iter": settings.max_iter, "max_fun": settings.max_fun}
    reason = status.sentence.format(max_time=settings.max_time or 0, **limits)
    remedy = f"{status.limit}, " if status.limit else ""
    gap = ""
    if result.relative_gap > result.max_relative_gap:
        gap = (
            f" and a relative gap to first order of {result.relative_gap:.2g} > "
            f"{result.max_relative_gap:.2g}"
        )
    return (
        f"solver={solver_name!r} {reason}: residual {result.residual:.2g} > tol "
        f"{_accepted_residual(result, objective, settings):.2g}{gap}. Standardise the "
        "features (and, in regression, the target) if they are not, or increase "
        f"{remedy}tol or alpha."
    )


def _raw_units_warning(result, objective):
    """Return what to say where nothing was learnt in raw units of features or targets.

    Units that saturate have no gradient, and features in thousands drown the others: a
    point at which hardly anything has been learnt is then nearly stationary.
    """
    first = objective.network.coefs(result.params)[0]
    if not objective.smooth_penalty and not first.any():
        return None  # it is the penalty that has emptied the network
    own = objective.objective
    least = own.constant_loss() - (1 - _NOTHING_LEARNT) * own.attainable_loss()
    if not result.loss > least:
        return None
    ended = "Training ended at an objective hardly lower than that of a constant prediction"
    if objective.value_scale < _SMALL_UNIT:
        return (
            f"{ended}: alpha is large next to a loss of {objective.value_scale:.2g}. "
            "Standardise the features and, in regression, the target, or lower alpha."
        )
    sizes = objective.objective.feature_sizes()
    if sizes.max(initial=0) <= _RAW:
        return None
    return (
        f"{ended}, and root mean squares of the features range from {sizes.min():.2g} to "
        f"{sizes.max():.2g}. Standardise the features, for example with StandardScaler."
    )


def _is_accepted(result, objective, settings):
    """Whether it is near enough to a stationary point, though the solver did not say so."""
    is_small = result.residual <= _accepted_residual(result, objective, settings)
    if is_small and not np.isfinite(result.max_relative_gap):
        return True
    if result.status is Status.STALLED and not objective.network.smooth:
        # It ended on a kink, at which no gradient vanishes.
        return True
    if result.residual > _UNSTANDARDISED and objective.network.loss.smooth:
        return False
    if np.isfinite(result.max_relative_gap):
        gap = result.relative_gap * max(
            result.loss_curve[-1] / objective.value_scale, NEGLIGIBLE
        )
        return result.relative_gap <= result.max_relative_gap or gap <= _GAP_OF_UNITS
    if result.status is Status.CONVERGED:
        return True
    if settings.tol != "auto":
        return False
    window = settings.n_iter_no_change
    if result.n_iter <= window:
        return False
    decrease = result.loss_curve[-1 - window] - result.loss_curve[-1]
    return decrease < window * least_progress(objective) * objective.value_scale


def _accepted_residual(result, objective, settings):
    """Return the residual that counts as converged; tol="auto" may have aimed at less."""
    if settings.tol != "auto":
        return result.tolerance
    accepted = _TOL_SINGLE if result.params.dtype == np.float32 else TOL
    return result.tolerance / result.aim * accepted
