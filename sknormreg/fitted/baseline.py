"""Hazards of raw outputs that are logarithms of relative hazards."""

import numpy as np

from ..engine.partial_likelihood import RiskSets


def baseline_hazards(
    raw: np.ndarray, y: np.ndarray, weight: np.ndarray | None, n_strata: int
) -> tuple[np.ndarray, np.ndarray]:
    """Estimate the cumulative hazard of a raw output of 0 (Breslow, 1974).

    Parameters
    ----------
    raw : ndarray of shape (n_samples, 1)
        Raw outputs.

    y : ndarray of shape (n_samples, 3)
        Events, indices of strata and times.

    weight : ndarray of shape (n_samples,) or None

    n_strata : int

    Returns
    -------
    times : ndarray of shape (n_times,)
        Ascending distinct times of the events of all strata.

    hazards : ndarray of shape (n_strata, n_times)
        Cumulative hazards from each of the times on.
    """
    of_strata = RiskSets(y, weight).cumulative_hazards(raw)
    times = np.unique(np.concatenate([own for own, _ in of_strata.values()]))
    hazards = np.zeros((n_strata, len(times)))
    for stratum, (own, cumulative) in of_strata.items():
        hazards[int(stratum)] = at_times(own, cumulative, times)
    return times, hazards


def at_times(steps: np.ndarray, values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Evaluate a step function that is 0 before its first step.

    Parameters
    ----------
    steps : ndarray of shape (n_steps,)
        Ascending.

    values : ndarray of shape (..., n_steps)
        From each step on.

    times : ndarray of shape (n_times,)

    Returns
    -------
    values : ndarray of shape (..., n_times)
    """
    before = np.zeros((*values.shape[:-1], 1))
    padded = np.concatenate([before, values], axis=-1)
    return padded[..., np.searchsorted(steps, times, side="right")]
