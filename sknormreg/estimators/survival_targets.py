"""Times to an event, of which some are censored, as an estimator has learnt them."""

from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..engine.partial_likelihood import PartialLikelihood
from ..fitted.concordance import concordance_index
from .targets import Targets

if TYPE_CHECKING:
    from .hold_out import HoldOut

# Where a sample's event, its time and its stratum stand in a row of y that has no names.
_NAMES = ("event", "time", "stratum")

_HINT = (
    "an event (True if it was observed, False if the sample is censored) and a time for "
    "each sample, for example as sksurv.util.Surv.from_arrays(event, time), as a frame "
    "with the columns 'event' and 'time', or as an array of shape (n_samples, 2)"
)


@dataclass(frozen=True)
class SurvivalTargets(Targets):
    """Events and times, possibly in strata.

    Attributes
    ----------
    ties : {"efron", "breslow"}

    strata_labels : ndarray of shape (n_strata,) or None
        None without any strata.
    """

    ties: str
    strata_labels: np.ndarray | None = None

    n_outputs = 1

    @staticmethod
    def read(y: Any, name: str = "y") -> np.ndarray:
        """Return y as an array of events, times and labels of strata, if there are any.

        Parameters
        ----------
        y : structured array, data frame or array-like of shape (n_samples, 2 or 3)
            Fields and columns are found by the names "event", "time" and "stratum" if they
            have these, and are taken in this order otherwise.

        Raises
        ------
        ValueError
            If y is none of these, or if events are not true or false.
        """
        fields = _fields(y, name)
        event = _events(fields[0], name)
        dtype: Any = np.float64 if len(fields) == 2 else object
        columns = np.empty((len(event), len(fields)), dtype)
        columns[:, 0], columns[:, 1] = event, _times(fields[1], name)
        if len(fields) == 3:
            columns[:, 2] = np.asarray(fields[2])
        return columns

    @classmethod
    def learnt(cls, y: Any, estimator: Any) -> Self:
        """Learn the strata that there are."""
        labels = np.array(sorted(set(y[:, 2].tolist()))) if y.shape[1] == 3 else None
        return cls(estimator.ties, labels)

    @classmethod
    def known_to(cls, estimator: Any) -> Self:
        """Return the targets that an estimator has learnt before."""
        return cls(estimator.ties, estimator.strata_)

    def attributes(self) -> dict[str, Any]:
        return {"strata_": self.strata_labels}

    def loss(self) -> PartialLikelihood:
        return PartialLikelihood(self.ties)

    def encode(self, y: Any, dtype: np.dtype, name: str = "y") -> np.ndarray:
        """Return events, indices of strata and times, as the loss takes them.

        In double precision: rounded times could be tied.
        """
        encoded = np.zeros((len(y), 3))
        encoded[:, 0], encoded[:, 2] = y[:, 0], y[:, 1]
        if (y.shape[1] == 3) != (self.strata_labels is not None):
            raise ValueError(
                f"{name} must have strata if and only if those of the first fit had: its "
                f"strata are {self.strata_labels}."
            )
        if self.strata_labels is not None:
            encoded[:, 1] = self.strata_indices(y[:, 2], name)
        if not encoded[:, 0].any():
            raise ValueError(
                f"{name} has no event: all {len(y)} samples are censored. At least one "
                "event must have been observed."
            )
        return encoded

    def strata_indices(self, labels: Any, name: str) -> np.ndarray:
        """Return the index of the stratum of each sample."""
        known: Any = self.strata_labels
        index = {label: i for i, label in enumerate(known.tolist())}
        labels = np.asarray(labels).tolist()
        unseen = sorted(set(labels) - set(index))
        if unseen:
            raise ValueError(
                f"{name} contains the strata {unseen}, which fit has not seen: it has seen "
                f"{known.tolist()}."
            )
        return np.array([index[label] for label in labels])

    def weighted(
        self, sample_weight: np.ndarray | None, y: Any, encoded: np.ndarray
    ) -> np.ndarray | None:
        """Return the sample weights, after a check that there is something to learn."""
        if sample_weight is not None and not (sample_weight * encoded[:, 0]).any():
            raise ValueError(
                "All samples with an event have a sample_weight of 0: at least one event "
                "must have a weight above 0."
            )
        if not self.loss().risk_sets(encoded, sample_weight).are_informative:
            raise ValueError(
                "y has no event with another sample of its stratum at risk: none is "
                "compared with another. Times of other samples must be at least as large."
            )
        return sample_weight

    def of_splits(self, y: Any, encoded: np.ndarray) -> tuple[Any, bool]:
        return encoded[:, 0].astype(np.intp), True

    def strata(self, encoded: np.ndarray) -> np.ndarray | None:
        is_event = encoded[:, 0] > 0
        return None if is_event.all() else np.where(is_event, "event", "censored")

    def check_rows(self, encoded: np.ndarray, hold_out: "HoldOut | None") -> None:
        if not encoded[:, 0].any():
            raise ValueError(
                "The training samples of a fold have no event: use fewer folds, or a "
                "splitter that stratifies by the event."
            )
        if hold_out is not None:
            hold_out.strata(encoded)

    def score(self, y: Any, raw: np.ndarray, sample_weight: np.ndarray | None) -> float:
        event, stratum, time = y.T
        return concordance_index(event > 0, time, raw[:, 0], sample_weight, stratum)


def _fields(y, name):
    """Return events, times and, if there are any, strata."""
    names = getattr(getattr(y, "dtype", None), "names", None)
    if names is None and hasattr(y, "columns"):
        names = list(y.columns)
    if names is not None:
        if not 2 <= len(names) <= 3:
            raise ValueError(f"{name} must hold {_HINT}; it has the columns {names}.")
        known = all(one in names for one in _NAMES[: len(names)])
        return [y[one] for one in (_NAMES[: len(names)] if known else names)]
    try:
        array = np.asarray(y)
    except ValueError:  # lists of different lengths
        array = np.empty(0)
    if array.dtype.names is not None:
        return _fields(array, name)
    if array.ndim != 2 or array.shape[1] not in (2, 3):
        raise ValueError(f"{name} must hold {_HINT}; got shape {array.shape}.")
    return list(array.T)


def _events(given, name):
    """Return events as booleans."""
    given = np.asarray(given)
    for other in given.tolist():
        if isinstance(other, Real) and other in (0, 1):
            continue
        raise ValueError(
            f"{name} must hold {_HINT}; got the event {other!r}. The event comes before "
            "the time."
        )
    return given.astype(bool)


def _times(given, name):
    try:
        times = np.asarray(given).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Times in {name} must be numbers: {error}.") from error
    invalid = ~(np.isfinite(times) & (times >= 0))
    if invalid.any():
        index = int(invalid.argmax())
        raise ValueError(
            f"Times in {name} must be finite and at least 0, got {times[index]} for sample "
            f"{index}."
        )
    return times
