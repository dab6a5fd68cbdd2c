"""Precision of full-batch solvers: the meaning of ``tol="auto"``."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..solvers.base import NEGLIGIBLE
from .scaled_objective import ScaledObjective

# The residual that counts as stationary, and the decrease of the objective in an iteration
# that counts as progress. Where zeros are still being decided, training goes on for longer.
# See benchmarks/default_fits.py.
TOL = 1e-4
_PROGRESS_SMOOTH, _PROGRESS_KINKED = 1e-4, 1e-5

# Numbers in the memory of curvature: small networks can afford many pairs, and for large
# ones a fit is to take the memory of about thirty parameter vectors.
# See benchmarks/solver_memory.py.
_MEMORY_NUMBERS, _FEWEST_PAIRS, _MOST_PAIRS = 250_000, 8, 20

# The same where `tol` is given and the penalty has kinks: the few weights that are left can
# afford more, and with more of them a precise minimum takes fewer iterations.
_PRECISE_NUMBERS, _MOST_PRECISE_PAIRS = 1_000_000, 100

# Of a network, tol="auto" is also a `relative_gap` of at most this: what training on then
# lowers J by stays below a hundredth of it. See benchmarks/convergence.py.
_GAP = 1e-2

# Multiplications of an evaluation up to which tol="auto" goes to the precision of the
# floats, with a longer memory of curvature: a thousand iterations more take less than half
# a second. The memory is of the size of the parameters.
SMALL_WORK, _SMALL_PARAMS = 1.5e5, 1.5e4
_SMALL_SETTINGS = dict(tol=1e-12, min_progress=0.0, memory=50)


@dataclass(frozen=True)
class Precision:
    """Precision that full-batch solvers with ``tol="auto"`` aim at.

    Attributes
    ----------
    small_work : float
        Multiplications of an evaluation up to which it is the precision of the floats.

    finer : float
        Divisor of the tolerances beyond.

    to_the_end : bool
        Whether slow progress, or a small residual, far from a minimum is not enough to
        count as converged. Networks that are only compared with one another can do
        without.

    single : bool
        Whether to fit to the data in single precision where that is enough (see
        `SinglePrecision`).
    """

    small_work: float = SMALL_WORK
    finer: float = 1.0
    to_the_end: bool = True
    single: bool = False


FULL_PRECISION = Precision()

# The precision of the floats is cheap in one fit, but not in the hundreds of a path. Where
# networks are only compared, less still is enough. The one that is returned in the end is
# trained ten times as far.
ALONG_PATH = Precision(small_work=0)
COMPARED = replace(ALONG_PATH, to_the_end=False)
REFINED = replace(ALONG_PATH, finer=10.0)

# The hundreds of fits of a search decide on alpha alone: what single precision rounds off
# is far below what folds differ by (benchmarks/same_quality.py).
IN_SEARCH = replace(COMPARED, single=True)

# Where alpha was chosen by predictions, the fit at it goes a little further than those it
# was compared with; J at its very minimum predicts no better (benchmarks/default_fits.py).
PREDICTING = replace(COMPARED, finer=4.0)

# By evidence, fits are looked at, and gone on from, many times; J at its very minimum
# predicts worse (benchmarks/evidence_to_the_end.py).
FOR_EVIDENCE = COMPARED


def full_batch_precision(
    tol: float | str, objective: ScaledObjective, precision: Precision
) -> dict[str, Any]:
    """Return keyword arguments of a full-batch solver: how far it goes."""
    n_params = objective.network.n_params
    memory = _n_pairs(n_params, _MEMORY_NUMBERS, _MOST_PAIRS)
    if tol != "auto":
        if not objective.smooth_penalty:
            memory = _n_pairs(n_params, _PRECISE_NUMBERS, _MOST_PRECISE_PAIRS)
        return dict(tol=tol, min_progress=0.0, memory=memory)
    if not objective.network.activations:
        # The linear model is convex: its minimum is worth reaching.
        return dict(tol=1e-8, min_progress=0.0, memory=memory)
    gap = _GAP * _attainable_share(objective) if precision.to_the_end else np.inf
    if objective.work <= precision.small_work and n_params <= _SMALL_PARAMS:
        return dict(max_relative_gap=gap, **_SMALL_SETTINGS)
    return dict(
        tol=TOL / precision.finer,
        min_progress=least_progress(objective) / precision.finer,
        max_relative_gap=gap,
        memory=memory,
    )


def _attainable_share(objective):
    """Return the part of a constant's loss that counts, as a share of it."""
    own = objective.objective
    if own.network.loss.separable:
        return 1.0  # without an evaluation
    return own.attainable_loss() / max(own.constant_loss(), NEGLIGIBLE)


def _n_pairs(n_params, n_numbers, most):
    return min(max(n_numbers // (2 * n_params), _FEWEST_PAIRS), most)


def least_progress(objective: ScaledObjective) -> float:
    """Return the decrease of the scaled objective in an iteration that is progress."""
    smooth = objective.smooth_penalty and objective.network.loss.smooth
    return _PROGRESS_SMOOTH if smooth else _PROGRESS_KINKED
