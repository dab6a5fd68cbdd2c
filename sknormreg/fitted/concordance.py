"""Concordance of predicted risks with times to an event."""

import numpy as np


def concordance_index(
    event: np.ndarray,
    time: np.ndarray,
    risk: np.ndarray,
    sample_weight: np.ndarray | None = None,
    stratum: np.ndarray | None = None,
    event_weight: np.ndarray | None = None,
) -> float:
    """Compute the share of comparable pairs whose order is predicted (Harrell, 1982).

    A pair is comparable if the first sample has an event, and the second one a later time,
    or the same time without an event. It is concordant if the risk of the first is larger;
    equal risks count half. Time and memory are of the order of n log(n)^2.

    Parameters
    ----------
    event : ndarray of bool of shape (n_samples,)

    time, risk : ndarray of shape (n_samples,)

    sample_weight : ndarray of shape (n_samples,) or None
        A pair has the product of the weights of its samples.

    stratum : ndarray of shape (n_samples,) or None
        Pairs are of the same stratum.

    event_weight : ndarray of shape (n_samples,) or None
        Factors of the weights of pairs whose first sample it is.

    Returns
    -------
    concordance : float
        nan if no pair is comparable.

    References
    ----------
    F. E. Harrell, R. M. Califf, D. B. Pryor, K. L. Lee and R. A. Rosati, "Evaluating the
    Yield of Medical Tests", Journal of the American Medical Association 247, 1982.
    """
    n_samples = len(time)
    weight = np.ones(n_samples) if sample_weight is None else sample_weight
    weight = weight.astype(np.float64)
    of_pairs = weight if event_weight is None else weight * event_weight
    groups = np.zeros(n_samples) if stratum is None else stratum
    sums = np.zeros(2)
    for label in np.unique(groups):
        rows = np.flatnonzero((groups == label) & (weight > 0))
        parts = (part[rows] for part in (event, time, risk, weight, of_pairs))
        sums += _sums_of_pairs(*parts)
    return float(sums[0] / sums[1]) if sums[1] > 0 else float("nan")


def _sums_of_pairs(event, time, risk, weight, of_pairs):
    """Return the weights of all concordant pairs, and of all comparable ones."""
    # The partners of an event are the samples before it: those of later times, and those
    # without an event of the same time.
    order = np.lexsort((event, -time))
    event, time, weight = event[order], time[order], weight[order]
    _, risk = np.unique(risk[order], return_inverse=True)
    ends = np.searchsorted(-time, -time, side="left")
    ends += np.where(event, _n_censored_at_time(event, ends), 0)
    events = np.flatnonzero(event)
    below, equal = _sums_before(risk, weight, risk[events], ends[events])
    totals = np.append(0.0, np.cumsum(weight))[ends[events]]
    own = of_pairs[order][events]
    return np.array([own @ (below + 0.5 * equal), own @ totals])


def _n_censored_at_time(event, starts):
    """Return the number of samples without an event at the time of each sample."""
    return np.bincount(starts, ~event, minlength=len(event)).astype(np.intp)[starts]


def _sums_before(values, weight, queries, ends):
    """Return the weights of values below, and equal to, each query among the first ones.

    Parameters
    ----------
    values : ndarray of int of shape (n,)

    weight : ndarray of shape (n,)

    queries, ends : ndarray of int of shape (n_queries,)
        Values to compare with, and how many of the first ones to look at.

    Notes
    -----
    The first `end` positions are a union of aligned blocks, one for each power of two in
    `end`. All blocks of a size are sorted at once.
    """
    n, n_values = len(values), int(values.max(initial=0)) + 1
    below, equal = np.zeros(len(queries)), np.zeros(len(queries))
    positions = np.arange(n)
    for bit in range(n.bit_length()):
        asked = np.flatnonzero(ends >> bit & 1)
        keys = (positions >> bit) * n_values + values
        order = np.argsort(keys, kind="stable")
        keys, sums = keys[order], np.append(0.0, np.cumsum(weight[order]))
        block = (ends[asked] >> bit) - 1
        key = block * n_values + queries[asked]
        first = np.searchsorted(keys, block * n_values)
        start, end = np.searchsorted(keys, key), np.searchsorted(keys, key + 1)
        below[asked] += sums[start] - sums[first]
        equal[asked] += sums[end] - sums[start]
    return below, equal


def censoring_curve(
    event: np.ndarray, time: np.ndarray, sample_weight: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Estimate the probability that a sample is not censored up to a time (Kaplan-Meier).

    Samples with an event at the time of a censored one were not at risk of censoring then.

    Parameters
    ----------
    event : ndarray of bool of shape (n_samples,)

    time : ndarray of shape (n_samples,)

    sample_weight : ndarray of shape (n_samples,) or None

    Returns
    -------
    times : ndarray of shape (n_times,)
        Ascending distinct times.

    probabilities : ndarray of shape (n_times,)
        From each of them on.
    """
    weight = np.ones(len(time)) if sample_weight is None else sample_weight
    times, index = np.unique(time, return_inverse=True)
    all_at = np.bincount(index, weight)
    censored_at = np.bincount(index, weight * ~event)
    at_risk = np.cumsum(all_at[::-1])[::-1] - (all_at - censored_at)
    shares = np.divide(censored_at, at_risk, out=np.zeros(len(times)), where=at_risk > 0)
    return times, np.cumprod(1 - shares)


def uno_weights(
    event: np.ndarray,
    time: np.ndarray,
    censoring: tuple[np.ndarray, np.ndarray],
    tau: float | None = None,
) -> np.ndarray:
    """Return the factors of pairs that make the concordance free of the censoring.

    They are inverse squares of the probability that the event was not censored, and 0 for
    times of at least `tau` (Uno et al., 2011).

    Parameters
    ----------
    event : ndarray of bool of shape (n_samples,)

    time : ndarray of shape (n_samples,)

    censoring : pair of ndarray
        As `censoring_curve` returns it, of the training samples.

    tau : float or None

    Raises
    ------
    ValueError
        If an event is at a time at which all training samples were censored.

    References
    ----------
    H. Uno, T. Cai, M. J. Pencina, R. B. D'Agostino and L. J. Wei, "On the C-statistics for
    Evaluating Overall Adequacy of Risk Prediction Procedures with Censored Survival Data",
    Statistics in Medicine 30, 2011.
    """
    counted = event if tau is None else event & (time < tau)
    times, curve = censoring
    index = np.searchsorted(times, time[counted], side="right") - 1
    probabilities = np.append(curve, 1.0)[index]
    if (probabilities <= 0).any():
        latest = time[counted][probabilities <= 0].min()
        raise ValueError(
            f"concordance='uno' has no weight for an event at time {latest:g}, when all "
            f"training samples had been censored. Set tau to at most {latest:g}."
        )
    weights = np.zeros(len(time))
    weights[counted] = probabilities**-2.0
    return weights
