"""Reasons for which a training ends."""

from enum import StrEnum
from typing import Self


class Status(StrEnum):
    """Why a training has ended.

    Solvers say the first five; the others come from what watches over a solver.

    Attributes
    ----------
    sentence : str
        Continues "solver='lbfgs' ", with placeholders for the limits.

    limit : str or None
        The parameter to increase for a training that goes on.
    """

    def __new__(cls, value: str, sentence: str, limit: str | None = None) -> Self:
        self = str.__new__(cls, value)
        self._value_, self.sentence, self.limit = value, sentence, limit
        return self

    sentence: str
    limit: str | None

    CONVERGED = "converged", "stopped making progress"
    STALLED = "stalled", "found no further descent at the precision of the data's floats"
    MAX_FUN = "max_fun", "reached max_fun={max_fun} evaluations", "max_fun"
    DIVERGED = "diverged", "diverged"
    PAUSED = "paused", "was paused"
    MAX_ITER = "max_iter", "reached max_iter={max_iter} iterations", "max_iter"
    MAX_TIME = "max_time", "reached max_time={max_time:g} seconds", "max_time"
    LOSS_THRESHOLD = "loss_threshold", "reached loss_threshold={loss_threshold:g}"
    EARLY_STOPPING = "early_stopping", "was stopped early by the validation loss"
    CALLBACK = "callback", "was stopped by a callback"
    INTERRUPTED = "interrupted", "was interrupted by the user"
