"""The partial likelihood of Cox's model, a loss of all samples together."""

from dataclasses import dataclass

import numpy as np

from .losses import Loss

TIES = ("efron", "breslow")

# Cumulative sums of exponentials are kept as logarithms: those of the first samples may be
# any number of orders of magnitude below those of the last.
_log_cumsum_exp = np.logaddexp.accumulate


class PartialLikelihood(Loss):
    r"""Half the deviance of the partial likelihood (Cox, 1972; 1975).

    Raw outputs are logarithms of relative hazards. Here y has the shape (n_samples, 3): the
    event (1 for an observed one, 0 for a censored sample), the stratum, and the time. A
    sample is at risk at the times up to its own; the event of a sample is compared with
    all samples of its stratum that are at risk then:

    .. math::

        \ell = \sum_{t} \left( d_t \log \sum_{j: t_j \geq t} s_j e^{f_j} - d_t \log d_t
               - \sum_{i: t_i = t, \delta_i = 1} s_i f_i \right)

    with :math:`d_t` the weight of the events at time t. This is the negative logarithm
    of the partial likelihood, less the smallest value that any outputs could give it, which
    is 0 if no two events share a time and all weights are 1. Half the deviance is at least
    0, and proportional to the weights if all of them are multiplied by a number.

    Unlike those of other losses, its value is no sum over samples. Its methods sort the
    samples; for many evaluations at the same ones, see `RiskSets`.

    Parameters
    ----------
    ties : {"efron", "breslow"}
        Approximation where several events share a time. "breslow" has all of them at risk
        for each; Efron (1977) removes a share of their mean for each one before.

    References
    ----------
    D. R. Cox, "Regression Models and Life-Tables", Journal of the Royal Statistical Society
    B 34, 1972. "Partial Likelihood", Biometrika 62, 1975.

    N. Breslow, "Covariance Analysis of Censored Survival Data", Biometrics 30, 1974.

    B. Efron, "The Efficiency of Cox's Likelihood Function for Censored Data", Journal of
    the American Statistical Association 72, 1977.
    """

    separable = False

    def __init__(self, ties: str = "efron") -> None:
        self.ties = ties

    def risk_sets(self, y: np.ndarray, sample_weight: np.ndarray | None) -> "RiskSets":
        """Sort samples, for many evaluations."""
        return RiskSets(y, sample_weight, self.ties)

    def per_output(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Compute the terms of the events, without weights; 0 for censored samples."""
        terms = self.risk_sets(y, None).terms(raw)
        return terms[:, None].astype(raw.dtype, copy=False)

    def derivative(self, y: np.ndarray, raw: np.ndarray) -> None:
        self.value_and_derivative(y, raw)

    def value(
        self, y: np.ndarray, raw: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> float:
        return self.risk_sets(y, sample_weight).value(raw)

    def value_and_derivative(
        self, y: np.ndarray, raw: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> float:
        return self.risk_sets(y, sample_weight).value_and_derivative(raw, out=raw)

    def constant(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
        # The loss is the same for all of them.
        return np.zeros(1)

    def scales(
        self, y: np.ndarray, sample_weight: np.ndarray | None
    ) -> tuple[float, float]:
        # Only relative hazards count, in any unit of time. Censored samples add nothing.
        share = float(np.average(y[:, 0], weights=sample_weight))
        return 1.0, share or 1.0

    def attainable(
        self, y: np.ndarray, sample_weight: np.ndarray | None, constant_loss: float
    ) -> float:
        # Most of the loss is the uncertainty which of all samples at risk is the next,
        # which no features take away: what they tell is of the order of 1 for each event.
        weight = y[:, 0] if sample_weight is None else y[:, 0] * sample_weight
        return min(float(weight.sum(dtype=np.float64)), constant_loss)


class RiskSets:
    """The risk sets of some samples, sorted once for many evaluations.

    Parameters
    ----------
    y : ndarray of shape (n_samples, 3)
        Events, strata and times.

    sample_weight : ndarray of shape (n_samples,) or None

    ties : {"efron", "breslow"}
    """

    def __init__(
        self, y: np.ndarray, sample_weight: np.ndarray | None, ties: str = "efron"
    ) -> None:
        event, stratum, time = y.T
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        weight = weight.astype(np.float64)
        rows = np.flatnonzero(weight > 0)
        # From the latest time to the earliest; the events of a time come last, so that all
        # others that are at risk with them come before.
        rows = rows[np.lexsort((event[rows], -time[rows], stratum[rows]))]
        starts = np.flatnonzero(np.diff(stratum[rows])) + 1
        self._n_rows = len(y)
        self._strata = [
            _Stratum.of(part, event, stratum, time, weight, ties)
            for part in np.split(rows, starts)
            if event[part].any()
        ]

    @property
    def are_informative(self) -> bool:
        """Whether an event has another sample at risk with it: else nothing is compared."""
        return any(stratum.are_informative for stratum in self._strata)

    def value(self, raw: np.ndarray) -> float:
        """Compute the loss of raw outputs of shape (n_samples, 1)."""
        return sum(stratum.value(_flat(raw)) for stratum in self._strata)

    def value_and_derivative(self, raw: np.ndarray, out: np.ndarray) -> float:
        """Compute the loss, and write its derivative to `out`, which may be `raw`."""
        flat = _flat(raw)
        out.fill(0)
        total = 0.0
        for stratum in self._strata:
            value, derivative = stratum.value_and_derivative(flat)
            total += value
            out[stratum.rows, 0] = derivative
        return total

    def terms(self, raw: np.ndarray) -> np.ndarray:
        """Compute the loss of each event, without its weight; 0 for censored samples."""
        terms = np.zeros(self._n_rows)
        for stratum in self._strata:
            terms[stratum.rows[stratum.events]] = stratum.terms(_flat(raw))
        return terms

    def cumulative_hazards(
        self, raw: np.ndarray
    ) -> dict[float, tuple[np.ndarray, np.ndarray]]:
        """Compute the baseline hazard of each stratum with an event (Breslow, 1974).

        It is that of a raw output of 0; the increment at a time is the weight of its events
        over the sum of the relative hazards of those at risk, whatever `ties` is.

        Returns
        -------
        hazards : dict of float to pair of ndarray
            Ascending times of the events in a stratum, and the cumulative hazard from each
            of them on.
        """
        return {
            stratum.label: stratum.cumulative_hazard(_flat(raw)) for stratum in self._strata
        }


def _flat(raw):
    return raw[:, 0].astype(np.float64)


@dataclass(frozen=True)
class _Stratum:
    """Samples of one stratum, from the latest time to the earliest.

    Attributes
    ----------
    label : float

    rows : ndarray of int of shape (n_samples,)
        The samples of positive weight.

    events : ndarray of int of shape (n_events,)
        Positions of the events among them. Events that share a time are a group.

    times : ndarray of shape (n_groups,)

    first : ndarray of int of shape (n_groups,)
        The first event of each group.

    group : ndarray of int of shape (n_events,)

    weight, log_weight : ndarray of shape (n_samples,)

    last : ndarray of int of shape (n_events,)
        The last event of the group of each event.

    mean_weight, log_mean_weight : ndarray of shape (n_events,)
        Mean weight of the events of the group.

    log_share : ndarray of shape (n_events,) or None
        Logarithm of the share of the group that is at risk with an event; None if it is
        always all of it.

    log_least : ndarray of shape (n_events,)
        Logarithm of the weight of this share.

    n_later : ndarray of int of shape (n_samples,)
        Number of events later than the time of a sample.
    """

    label: float
    rows: np.ndarray
    events: np.ndarray
    times: np.ndarray
    first: np.ndarray
    group: np.ndarray
    last: np.ndarray
    weight: np.ndarray
    log_weight: np.ndarray
    mean_weight: np.ndarray
    log_mean_weight: np.ndarray
    log_share: np.ndarray | None
    log_least: np.ndarray
    n_later: np.ndarray

    @classmethod
    def of(cls, rows, event, stratum, time, weight, ties):
        """Return the stratum of sorted rows, at least one of which has an event."""
        time, weight = time[rows], weight[rows]
        events = np.flatnonzero(event[rows])
        times = time[events]
        is_first = np.append(True, times[1:] != times[:-1])
        first, group = np.flatnonzero(is_first), np.cumsum(is_first) - 1
        size = np.bincount(group)
        total = np.add.reduceat(weight[events], first)
        log_share, log_least = None, np.log(total)[group]
        if ties == "efron" and len(first) < len(events):
            n_before = np.arange(len(events)) - first[group]
            log_share = np.log1p(-n_before / size[group])
            log_least = log_least + log_share
        return cls(
            label=float(stratum[rows[0]]),
            rows=rows,
            events=events,
            times=times[first],
            first=first,
            group=group,
            last=(first + size - 1)[group],
            weight=weight,
            log_weight=np.log(weight),
            mean_weight=(total / size)[group],
            log_mean_weight=np.log(total / size)[group],
            log_share=log_share,
            log_least=log_least,
            n_later=np.searchsorted(-times, -time, side="left"),
        )

    @property
    def are_informative(self) -> bool:
        """Whether more samples than one are at risk at the time of the earliest event."""
        return bool(self.events[-1] > 0)

    def value(self, raw: np.ndarray) -> float:
        """Compute the loss of raw outputs of all samples."""
        log_risk = self._log_risk(raw)
        return self._value(raw, self._log_sums(log_risk))

    def value_and_derivative(self, raw: np.ndarray) -> tuple[float, np.ndarray]:
        """Compute the loss, and its derivative by the raw output of each of `rows`."""
        log_risk = self._log_risk(raw)
        log_sums = self._log_sums(log_risk)
        log_hazards = self.log_mean_weight - log_sums
        # Of all events up to the time of a sample, and of one group less.
        cumulative = np.empty(len(self.events) + 1)
        _log_cumsum_exp(log_hazards[::-1], out=cumulative[-2::-1])
        cumulative[-1] = -np.inf
        exponents = log_risk + cumulative[self.n_later]
        if self.log_share is not None:
            # An event takes part in the risk sets of its own group by a share.
            earlier = cumulative[self.last[self.first] + 1]
            shares = np.logaddexp.reduceat(log_hazards + self.log_share, self.first)
            own = np.logaddexp(earlier, shares)[self.group]
            exponents[self.events] = log_risk[self.events] + own
        derivative = np.exp(exponents)
        derivative[self.events] -= self.weight[self.events]
        return self._value(raw, log_sums), derivative

    def terms(self, raw: np.ndarray) -> np.ndarray:
        """Compute the loss of each event, without its weight."""
        log_sums = self._log_sums(self._log_risk(raw))
        return log_sums - self.log_least - raw[self.rows[self.events]]

    def cumulative_hazard(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ascending times of the events, and the baseline's hazard up to each."""
        log_risk = self._log_risk(raw)
        last = self.last[self.first]
        log_at_risk = _log_cumsum_exp(log_risk)[self.events[last]]
        weights = np.add.reduceat(self.weight[self.events], self.first)
        increments = weights * np.exp(-log_at_risk)
        return self.times[::-1], np.cumsum(increments[::-1])

    def _log_risk(self, raw):
        return raw[self.rows] + self.log_weight

    def _log_sums(self, log_risk):
        """Return logarithms of the sums of relative hazards in the events' risk sets."""
        log_sums = _log_cumsum_exp(log_risk)
        if self.log_share is None:
            return log_sums[self.events[self.last]]
        # Added to others rather than subtracted from all: nothing cancels.
        others = log_sums[self.events[self.first] - 1]
        if self.events[0] == 0:
            others[0] = -np.inf
        own = np.logaddexp.reduceat(log_risk[self.events], self.first)
        return np.logaddexp(others[self.group], own[self.group] + self.log_share)

    def _value(self, raw, log_sums):
        # Not by BLAS, whose sums may depend on the number of its threads.
        of_sums = (self.mean_weight * (log_sums - self.log_least)).sum()
        own = self.weight[self.events] * raw[self.rows[self.events]]
        return float(of_sums - own.sum())
