"""Prediction methods of networks of the partial likelihood."""

from typing import Any

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils import Tags, check_array
from sklearn.utils.validation import check_consistent_length

from .._warnings import warn
from ..engine import make_engine
from ..fitted.baseline import at_times, baseline_hazards
from ..fitted.concordance import censoring_curve, concordance_index, uno_weights
from .predictions import NetworkPredictions
from .survival_targets import SurvivalTargets
from .validation import validated_sample_weight

_CONCORDANCES = ("harrell", "uno")


class SurvivalPredictions(NetworkPredictions):
    """Mixin that predicts relative hazards, and functions of time."""

    ties: str
    strata_: np.ndarray | None
    event_times_: np.ndarray
    baseline_cumulative_hazard_: np.ndarray
    _censoring: tuple[np.ndarray, np.ndarray]

    _kind_of_targets = SurvivalTargets

    def predict(self, X: Any) -> np.ndarray:
        """Predict risks: logarithms of hazards, relative to that of the baseline.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        risk : ndarray of shape (n_samples,)
            Raw outputs of the network. The larger, the sooner an event is expected.
        """
        return self._raw_predict(X).ravel()

    def predict_cumulative_hazard_function(
        self, X: Any, times: Any = None, *, strata: Any = None
    ) -> np.ndarray:
        """Predict cumulative hazards: Breslow's baseline times ``exp(predict(X))``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        times : array-like of shape (n_times,), default=None
            Times to predict for. If None, `event_times_`, at which the hazards step. They
            stay constant beyond the last of these, about which the data tell nothing.

        strata : array-like of shape (n_samples,), default=None
            The stratum of each sample, if there were strata in `fit`.

        Returns
        -------
        hazards : ndarray of shape (n_samples, n_times)
            Cumulative hazards, 0 before the first event.
        """
        risk = self._raw_predict(X)
        baseline, steps = self.baseline_cumulative_hazard_, self.event_times_
        if times is not None:
            baseline = at_times(steps, baseline, _checked_times(times))
        if self.strata_ is None:
            if strata is not None:
                raise ValueError("strata must be None: there were none in fit.")
            baseline = baseline[None]
        else:
            baseline = baseline[self._stratum_of_each(strata, len(risk))]
        with np.errstate(divide="ignore", over="ignore"):
            # Either factor may be large where the other one is small.
            return np.exp(np.log(baseline) + risk)

    def predict_survival_function(
        self, X: Any, times: Any = None, *, strata: Any = None
    ) -> np.ndarray:
        """Predict the probability of no event up to given times.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        times : array-like of shape (n_times,), default=None
            Times to predict for. If None, `event_times_`, at which the functions step. They
            stay constant beyond the last of these, about which the data tell nothing.

        strata : array-like of shape (n_samples,), default=None
            The stratum of each sample, if there were strata in `fit`.

        Returns
        -------
        survival : ndarray of shape (n_samples, n_times)
            Probabilities, 1 before the first event.
        """
        hazards = self.predict_cumulative_hazard_function(X, times, strata=strata)
        return np.exp(-hazards)

    def score(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        concordance: str = "harrell",
        tau: float | None = None,
    ) -> float:
        """Return the concordance index: the share of pairs whose order is predicted.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        y : structured array, data frame or array-like of shape (n_samples, 2)
            Events and times, as `fit` takes them. Pairs are of the same stratum, if there
            are strata.

        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights. A pair has the product of the weights of its samples.

        concordance : {"harrell", "uno"}, default="harrell"
            "harrell" counts all pairs of which it is known whose event was first (Harrell
            et al., 1982); "uno" weighs them by the inverse probability, by the samples of
            `fit`, that they could be compared, which makes the index independent of the
            censoring (Uno et al., 2011).

        tau : float, default=None
            Events from this time on do not count as the first of a pair. Only used if
            ``concordance="uno"``, whose weights are large for late events.

        Returns
        -------
        score : float
            1 if all orders are as predicted, 0.5 for the same risk everywhere. nan, with a
            warning, if no two samples can be compared.
        """
        if concordance not in _CONCORDANCES:
            raise ValueError(
                f"concordance must be one of {_CONCORDANCES}, got {concordance!r}."
            )
        risk, read = self.predict(X), SurvivalTargets.read(y)
        check_consistent_length(risk, read)
        weight = validated_sample_weight(sample_weight, risk[:, None])
        event, time = read[:, 0].astype(bool), read[:, 1].astype(np.float64)
        stratum = weights = None
        if read.shape[1] > 2:
            _, stratum = np.unique(read[:, 2], return_inverse=True)
        if concordance == "uno":
            weights = uno_weights(event, time, self._censoring, tau)
        found = concordance_index(event, time, risk, weight, stratum, weights)
        if np.isnan(found):
            warn(
                "No two samples can be compared: there is no event with a sample of a "
                "later time.",
                UndefinedMetricWarning,
            )
        return found

    def _stratum_of_each(self, strata, n_samples):
        if strata is None:
            raise ValueError(
                "strata must be given, one for each sample, as fit has seen those of "
                f"{self.strata_}."
            )
        check_consistent_length(strata, np.empty(n_samples))
        return SurvivalTargets(self.ties, self.strata_).strata_indices(strata, "strata")

    def _of_samples(self, fitted, data, rows=None):
        """Return the baseline and the curve of censoring of the samples fitted to."""
        network, params = fitted.network, fitted.params
        raw = make_engine(network).raw_predict(
            network.coefs(params), network.intercepts(params), data.X, rows
        )
        y, weight = data.y, data.sample_weight
        if rows is not None:
            y, weight = y[rows], None if weight is None else weight[rows]
        return self._of_raw_outputs(raw, y, weight)

    def _of_raw_outputs(self, raw, y, weight):
        """Return the baseline and the curve of censoring, given the raw outputs."""
        n_strata = 1 if self.strata_ is None else len(self.strata_)
        times, hazards = baseline_hazards(raw, y, weight, n_strata)
        return {
            "event_times_": times,
            "baseline_cumulative_hazard_": hazards[0] if self.strata_ is None else hazards,
            "_censoring": censoring_curve(y[:, 0] > 0, y[:, 2], weight),
        }

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


def _checked_times(times):
    times = check_array(times, ensure_2d=False, dtype=np.float64, input_name="times")
    if times.ndim != 1:
        raise ValueError(f"times must be one-dimensional, got shape {times.shape}.")
    return times
