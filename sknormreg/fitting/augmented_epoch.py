"""Epochs over samples that are changed at random."""

from typing import TYPE_CHECKING, cast

import numpy as np

from ..engine import Augmentation
from ..solvers.minibatch import MinibatchStep

if TYPE_CHECKING:
    from .scaled_objective import ScaledObjective


def augmented_epoch(
    problem: "ScaledObjective",
    scaled: np.ndarray,
    order: np.ndarray,
    batch_size: int,
    step: MinibatchStep,
) -> float:
    """Take a step for each minibatch of changed samples, in place.

    Samples are changed in parts of the epoch that fit the cache, each of whole minibatches.
    What is drawn depends on `step.seed` alone.

    Parameters
    ----------
    problem : ScaledObjective
        With an augmentation; the other parameters are those of its `epoch`.

    Returns
    -------
    loss : float
        As `ScaledObjective.epoch` returns it.
    """
    objective = problem.objective
    augmentation = cast(Augmentation, objective.augmentation)
    generator = np.random.Generator(np.random.PCG64(step.seed))
    X, n_outputs, total = objective.data.X, objective.network.layer_units[-1], 0.0
    size = augmentation.rows_at_a_time(X, n_outputs, batch_size)
    for start in range(0, len(order), size):
        part = order[start : start + size]
        changed = objective.augmented(part, batch_size, generator)
        of_part = type(problem)(changed, problem.scales)
        total += of_part.epoch(scaled, np.arange(len(part)), batch_size, step)
    return total
