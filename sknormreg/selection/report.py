"""Lines printed while features are selected."""

import threading
import time

from ..engine import Network
from ..fitting.report import Lines, left, seconds_left
from ..fitting.training import CurrentParams, Watcher


class SelectionReport(Watcher):
    """Prints the stages of a selection, and how much of the present one is done.

    It also watches the fits, and prints a line while one of them takes long. Threads share
    it. Copies in other processes know what they have done, but not what is left.

    Parameters
    ----------
    verbose : bool or int

    unit : str
        What is counted in a stage, such as "fits".
    """

    def __init__(self, verbose: bool | int, unit: str) -> None:
        self._verbose, self._unit = bool(verbose), unit
        self._lines, self._lock = Lines(), threading.RLock()
        self._stage, self._n_done, self._n_all = "", 0, 0
        self._start = self._lines.start

    # Copies in other processes

    def __getstate__(self) -> dict:
        return {"_verbose": self._verbose, "_unit": self._unit}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(vars(SelectionReport(False, state["_unit"])) | state)

    # Between the iterations of a fit

    def end_iteration(self, network: Network, params: CurrentParams, n_iter: int) -> None:
        if not self._verbose or not self._n_all or not self._lines.are_due():
            return
        with self._lock:
            if self._lines.are_due():
                progress, rest = self._progress()
                self._lines.print(self._stage, progress, self._seconds(), rest)

    # Stages

    def begin(self, stage: str, n_all: int) -> None:
        """Take note of a stage, and of how much there is to do in it."""
        self._stage, self._n_done, self._n_all = stage, 0, n_all
        self._start = time.perf_counter()

    def done(self, n_done: int = 1, line: str | None = None) -> None:
        """Take note of what is done in a stage, and print a line on it if there is one."""
        with self._lock:
            self._n_done += n_done
            if line is not None:
                self.print(line, self._progress()[1])

    def print(self, *parts: str) -> None:
        """Print a line, with the time since the start."""
        if self._verbose:
            with self._lock:
                first, *others = parts
                self._lines.print(first, self._seconds(), *others)

    def _seconds(self):
        return f"{self._lines.seconds:.1f} s"

    def _progress(self):
        seconds = time.perf_counter() - self._start
        rest = left(seconds_left(seconds, self._n_done, self._n_all))
        return f"{self._n_done} of {self._n_all} {self._unit}", rest
