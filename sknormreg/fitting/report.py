"""Lines printed during a training."""

import time

import numpy as np

from .result import TrainingResult
from .scaled_objective import ScaledObjective
from .settings import SolverSettings

# Seconds without a line after which one is due: the first line, and later ones, for which
# it is a share of the time since the start, between two limits.
_FIRST, _SHARE, _SHORTEST, _LONGEST = 1.0, 0.1, 2.0, 60.0


class Lines:
    """Prints lines, and tells when another one is due.

    Attributes
    ----------
    start : float
        Value of `time.perf_counter` when it was made.
    """

    def __init__(self) -> None:
        self.start = self._last = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.start

    def are_due(self) -> bool:
        """Whether so much time has passed without a line that one should follow."""
        now = time.perf_counter()
        if self._last == self.start:
            return now - self.start >= _FIRST
        share = _SHARE * (now - self.start)
        return now - self._last >= np.clip(share, _SHORTEST, _LONGEST)

    def print(self, *parts: str) -> None:
        """Print a line of the parts that are not empty."""
        # Where the output is a file, the line is to be seen there at once. It is written as
        # a whole, or lines of several threads would mix.
        print(", ".join(part for part in parts if part) + "\n", end="", flush=True)
        self._last = time.perf_counter()


def duration(seconds: float) -> str:
    """Return a number of seconds as text."""
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def seconds_left(seconds: float, n_done: int, n_all: float, limit: float = np.inf) -> float:
    """Return the expected time until all parts are done; inf if it is unknown.

    Parameters
    ----------
    seconds : float
        Time that the parts which are done have taken.

    n_done, n_all : int
        Numbers of parts, which count as equally long.

    limit : float
        Seconds after which the work ends in any case.
    """
    if n_done >= n_all:
        return 0.0
    is_known = n_done > 0 and n_all < np.inf
    expected = seconds * (n_all - n_done) / n_done if is_known else np.inf
    return max(min(expected, limit), 0.0)


def left(seconds: float, at_most: bool = False) -> str:
    """Return the text about the time that is left; none if that is unknown or zero."""
    if not 0 < seconds < np.inf:
        return ""
    return f"{'at most ' if at_most else ''}about {duration(seconds)} left"


class Report:
    """Prints the progress of a training.

    Parameters
    ----------
    objective : ScaledObjective

    settings : SolverSettings
        `verbose=1` prints a line after iterations 1 to 10, 20, 30, ..., 100, 200, ..., and
        after other ones if the last line is at least two seconds old, or a tenth of the
        time so far. A larger number prints one after every iteration.

    in_epochs : bool
        Whether iterations are epochs: how long training takes can then be told from
        `max_iter`, which solvers of full batches seldom reach.

    name : str
        Of the training, where there are several.
    """

    def __init__(
        self,
        objective: ScaledObjective,
        settings: SolverSettings,
        in_epochs: bool,
        name: str = "",
    ) -> None:
        self._n_weights = objective.network.n_weights
        self._verbose, self._name = int(settings.verbose), name
        self._most = settings.max_iter if in_epochs else np.inf
        self._lines = Lines()

    def iteration(self, result: TrainingResult, deadline: float = np.inf) -> None:
        """Print the line of the last iteration, if it has one.

        Parameters
        ----------
        result : TrainingResult

        deadline : float
            Value of `time.monotonic` at which training ends.
        """
        if not self._prints(result.n_iter):
            return
        sparsity = np.mean(result.params[: self._n_weights] == 0)
        begin = f"{self._name}: iteration" if self._name else "Iteration"
        parts = [
            f"{begin} {result.n_iter}, loss = {result.loss_curve[-1]:.8g}",
            f"sparsity = {sparsity:.3f}",
        ]
        if result.residual is not None:
            parts.insert(1, f"residual = {result.residual:.2e}")
        if result.validation_loss_curve:
            parts.append(f"validation loss = {result.validation_loss_curve[-1]:.6g}")
        seconds = self._lines.seconds
        limit = deadline - time.monotonic()
        rest = seconds_left(seconds, result.n_iter, self._most, limit)
        # It may converge earlier.
        self._lines.print(*parts, f"{seconds:.1f} s", left(rest, at_most=True))

    def _prints(self, n_iter):
        """A larger `verbose` never prints less."""
        decade = 10 ** (len(str(n_iter)) - 1)
        is_round = n_iter % decade == 0
        return self._verbose > 1 or (
            self._verbose == 1 and (is_round or self._lines.are_due())
        )
