"""Lines printed during a search for alpha by cross-validation."""

import threading
import time
from typing import Any

import numpy as np

from ..engine import Network
from ..fitting.path_report import grid_line
from ..fitting.report import Lines, left, seconds_left
from ..fitting.training import CurrentParams, Watcher


class SearchReport(Watcher):
    """Prints the progress of a comparison of alphas along paths in folds.

    It also watches the fits, prints a line while one of them takes long, and can end them.
    Threads share it. Processes have copies: each of them knows its own path alone, and
    counts its fits.

    Parameters
    ----------
    verbose : bool or int
        1 prints the grid of alphas, the best score of each path in a fold, the final fit
        and, if the last line is at least two seconds old, or a tenth of the time so far,
        how much of the comparison is done and how long the rest will take. More prints
        this after every alpha.

    max_time : float or None
        Seconds from now after which the comparison ends in any case.

    n_init : int
        Number of starts of each fit.
    """

    def __init__(
        self, verbose: bool | int, max_time: float | None = None, n_init: int = 1
    ) -> None:
        self._verbose = int(verbose)
        self._starts = f" from {n_init} starts" if n_init > 1 else ""
        self._lines, self._lock = Lines(), threading.RLock()
        self._end = np.inf if max_time is None else self._lines.start + max_time
        self._stage: str | None = "looking for alpha_max"
        self._is_copy = self._is_abandoned = False
        self._start, self._n_of_path, self._n_all = 0.0, 0, 0
        self._n_done_of: dict[str, int] = {}

    # Copies in other processes

    def __getstate__(self) -> dict:
        state = vars(self).copy()
        for name in ("_lock", "_lines", "_end", "_start"):
            del state[name]  # their clock may be another one
        return {**state, "_left": self._end - time.perf_counter()}

    def __setstate__(self, state: dict) -> None:
        limit = state.pop("_left")
        self.__dict__.update(state)
        self._lines, self._lock = Lines(), threading.RLock()
        self._end, self._is_copy = self._lines.start + limit, True
        self._start, self._n_all = self._lines.start, self._n_of_path
        self._n_done_of = {}

    # Between the iterations of a fit

    def end_iteration(self, network: Network, params: CurrentParams, n_iter: int) -> bool:
        # A copy has no name for its path yet.
        if self._verbose and not self._is_copy and self._lines.are_due():
            with self._lock:
                if self._lines.are_due():
                    # With several folds at once, the iteration of one of them says little.
                    self._print_stage(f"iteration {n_iter}" if self._stage else "")
        return self._is_abandoned

    def abandon(self) -> None:
        """Have the fits that are under way in other threads end with their iteration."""
        self._is_abandoned = True

    # Stages of a search, in their order

    def grid(self, alphas: np.ndarray, seconds: float) -> None:
        """Print the ends of a grid of alphas.

        Parameters
        ----------
        alphas : ndarray of shape (n_alphas,)

        seconds : float
            Time that it took to find them.
        """
        self._print(grid_line(alphas, seconds))

    def begin_comparison(self, n_paths: int, n_fits: int) -> None:
        """Take note of how many fits there are.

        Parameters
        ----------
        n_paths : int
            Number of paths in all folds together.

        n_fits : int
            Number of fits of each path: one for each alpha and candidate.
        """
        self._stage, self._start = None, time.perf_counter()
        self._n_of_path, self._n_all = n_fits, n_paths * n_fits

    def alpha(self, name: str, found: Any) -> None:
        """Print how much is done, if a line is due.

        Parameters
        ----------
        name : str
            Of the path.

        found : PathScores
        """
        with self._lock:
            self._n_done_of[name] = len(found.warnings)
            if self._verbose > 1 or (self._verbose and self._lines.are_due()):
                self._print_stage(name if self._is_copy or self._verbose > 1 else "")

    def path(
        self, name: str, found: Any, path: Any, n_features: int, seconds: float
    ) -> None:
        """Print the best score of a path, and how much of the comparison is done.

        Parameters
        ----------
        name : str
            Of the path.

        found : PathScores

        path : ComparedPath

        n_features : int
            Number of features of X.

        seconds : float
            Time that the path took.
        """
        with self._lock:
            self._n_done_of[name] = len(found.warnings)
            # Networks at larger alphas are empty, or not asked for any more.
            self._n_all -= self._n_of_path - len(found.warnings)
            best = _best(found, path, n_features)
            text = f"{name}: {best}{self._starts}, {seconds:.1f} s"
            if self._n_done < self._n_all and not self._is_copy:
                text += f" ({', '.join(filter(None, self._progress()))})"
            self._print(text)

    def drop(self, n_before: int, n_kept: int, n_folds: int, n_all: int) -> None:
        """Print how many candidates are left, after some of the folds."""
        self._print(
            f"{n_kept} of {n_before} candidates are left, those with the best mean score "
            f"in {n_folds} of {n_all} folds"
        )

    def begin_refit(self, alpha: float) -> None:
        """Take note that the comparison has ended, with the choice of an alpha."""
        self._stage = f"all samples: alpha = {alpha:.4g}"

    def refit(self, alpha: float, n_selected: int, n_features: int, seconds: float) -> None:
        """Print the number of features of the final fit."""
        self._print(
            f"all samples: alpha = {alpha:.4g} with {n_selected} of {n_features} features, "
            f"{seconds:.1f} s"
        )

    # Lines

    def _print_stage(self, detail=""):
        """Print what is going on, and how far it has come."""
        seconds = f"{self._lines.seconds:.1f} s"
        if self._stage:
            self._print(self._stage, detail, seconds)
            return
        progress, rest = self._progress()
        self._print(detail, progress, seconds, rest)

    def _print(self, *parts):
        if self._verbose:
            with self._lock:
                self._lines.print(*parts)

    def _progress(self):
        """Return texts about how much is done, and how long the rest will take."""
        now = time.perf_counter()
        seconds, limit = now - self._start, self._end - now
        rest = left(seconds_left(seconds, self._n_done, self._n_all, limit))
        if rest and not self._is_copy:
            rest += " before the final fit"
        return f"{self._n_done} of {self._n_all} fits{self._starts}", rest

    @property
    def _n_done(self):
        return sum(self._n_done_of.values())


def _best(found, path, n_features):
    """Return the text about the best score of a path."""
    if not found.n_done:
        return "no alpha in its part of max_time"
    comparable = np.where(np.isnan(found.scores), -np.inf, found.scores)
    k, i = np.unravel_index(comparable.argmax(), comparable.shape)
    n_fits = len(found.warnings)
    relax = f", relax = {path.relaxes[k]}" if len(path.relaxes) > 1 else ""
    return (
        f"best score {found.scores[k, i]:.6g} at alpha = {path.alphas[i]:.4g}"
        f"{relax} with {found.n_features[k, i]:.0f} of {n_features} features, "
        f"{n_fits} fit{'' if n_fits == 1 else 's'}"
    )
