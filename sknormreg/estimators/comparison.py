"""How far a comparison of alphas goes, and what it has found so far."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import tee
from typing import Any

import numpy as np

from ..fitting.fit import FittedNetwork
from ..fitting.path import PathFitter
from ..fitting.result import LossCurves
from ..fitting.specification import NetworkSpec
from .fold_networks import SmallNetwork
from .scoring import Fold
from .search_report import SearchReport


class Budget:
    """The seconds that a search has, shared out among what it has still to do.

    Parameters
    ----------
    max_time : float or None
        Counted from now; None is no limit.
    """

    def __init__(self, max_time: float | None) -> None:
        self._end = np.inf if max_time is None else time.monotonic() + max_time

    def share(self, n_left: int) -> float:
        """Value of `time.monotonic` at which the first of `n_left` equal parts is over."""
        now = time.monotonic()
        return now + (self._end - now) / n_left

    # `time.monotonic` counts from another moment on another machine.

    def __getstate__(self) -> dict:
        return {"_end": self._end - time.monotonic() + time.time()}

    def __setstate__(self, state: dict) -> None:
        self._end = state["_end"] - time.time() + time.monotonic()


class Extent:
    """How many alphas of each path are compared: all, unless something ends it.

    That is the time, or a callback that asks for it. An alpha counts if it has a score in
    every fold: where a path ends in one of them, it need not go further in the others. The
    first alpha of one path is fitted in any case, so that there is one to choose.

    Threads share it. Processes have copies, and a path then ends in its own fold alone.

    Parameters
    ----------
    budget : Budget

    n_paths : int

    n_alphas : int
        Of each path.

    Attributes
    ----------
    needed : int
        The path whose first alpha is fitted in any case.

    is_abandoned : bool
        Whether nobody waits for the scores any more.
    """

    def __init__(self, budget: Budget, n_paths: int, n_alphas: int) -> None:
        self._budget = budget
        self._n_alphas = [n_alphas] * n_paths
        self.needed, self._n_needed = 0, 1
        self.is_abandoned = False

    def begin(self, found: "PathScores") -> None:
        """Give a path its part of the time that is left."""
        found.deadline = self._budget.share(found.n_left)

    def admits(self, found: "PathScores") -> bool:
        """Whether a path goes on to its next alpha, which then counts."""
        if found.path == self.needed and found.n_done < self._n_needed:
            return True
        is_wanted = found.n_done < self._n_alphas[found.path]
        return is_wanted and time.monotonic() < found.deadline

    def end_path(self, found: "PathScores") -> bool:
        """End a path in all folds where it is in one; true if it was to go further."""
        n_alphas = self._n_alphas  # `end` may put another in its place
        is_sooner = found.n_done < n_alphas[found.path]
        if is_sooner:
            n_alphas[found.path] = found.n_done
        return is_sooner

    def end(self) -> None:
        """End all paths, but for what is needed to choose an alpha."""
        self._n_alphas = [0] * len(self._n_alphas)

    def abandon(self) -> None:
        """End all paths: there is nothing to choose any more."""
        self._n_needed, self.is_abandoned = 0, True
        self.end()


class PathScores:
    """Scores along a path in one fold, as far as they are known.

    Parameters
    ----------
    path : int
        Which of the paths.

    n_relaxes, n_alphas : int

    keeps_networks : bool
        Whether `network` returns those that are added.

    Attributes
    ----------
    scores, n_features : ndarray of shape (n_relaxes, n_alphas)
        nan where they are not known. The latter are the numbers of
        selected features.

    n_done : int
        For how many alphas they are known.

    warnings : list of str or None
        What kept each fit from converging.

    n_left : int
        How many equal parts the time that is left has when it begins, its own among them.

    deadline : float
        Value of `time.monotonic` from which on no alpha is added.

    timed_out : bool
        Whether that has ended it.
    """

    def __init__(
        self,
        path: int,
        n_relaxes: int,
        n_alphas: int,
        keeps_networks: bool = False,
    ) -> None:
        self.path, self.n_left, self._keeps_networks = path, 1, keeps_networks
        self.scores = np.full((n_relaxes, n_alphas), np.nan)
        self.n_features = self.scores.copy()
        self.n_done = 0
        self.warnings: list[str | None] = []
        self._curves: list[Sequence[LossCurves]] = []
        self._selected: list[Sequence[np.ndarray]] = []
        self._networks: list[list[SmallNetwork]] = []
        self.deadline, self.timed_out = np.inf, False

    def add(
        self,
        scores: Sequence[float],
        selected: Sequence[np.ndarray],
        warnings: Sequence[str | None],
        curves: Sequence[LossCurves] = (),
        networks: Sequence[FittedNetwork] = (),
    ) -> None:
        """Record the next alpha, with masks of the selected features."""
        self.scores[:, self.n_done] = scores
        self.n_features[:, self.n_done] = [np.sum(mask) for mask in selected]
        self.warnings += warnings
        self._curves.append(curves)
        self._selected.append(selected)
        if self._keeps_networks:
            self._networks.append([SmallNetwork.of(fitted) for fitted in networks])
        self.n_done += 1

    def extend(self) -> None:
        """Beyond the alpha at which the network is empty it stays so, and its score."""
        last = self.n_done - 1
        if last >= 0 and not self.n_features[:, last].any():
            for values in (self.scores, self.n_features):
                values[:, self.n_done :] = values[:, [last]]
            self.n_done = self.scores.shape[1]

    def forget_networks(self) -> None:
        """Keep the scores only."""
        self._networks, self._keeps_networks = [], False

    # Beyond an empty network, of that one.

    def curves(self, relax: int, alpha: int) -> LossCurves:
        """Return the loss curves that lead to a network."""
        return self._curves[min(alpha, len(self._curves) - 1)][relax]

    def selected(self, relax: int, alpha: int) -> np.ndarray:
        """Return a mask of the features that a network selects."""
        return self._selected[min(alpha, len(self._selected) - 1)][relax]

    def network(self, relax: int, alpha: int) -> FittedNetwork:
        """Return a network, if they are kept."""
        return self._networks[min(alpha, len(self._networks) - 1)][relax].restored()


def gathered(found: Sequence[PathScores], n_folds: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores of all networks, and their numbers of selected features.

    Parameters
    ----------
    found : list of PathScores
        Of each path in every fold, one path after the other.

    n_folds : int

    Returns
    -------
    scores, n_features : ndarray of shape (n_paths, n_relaxes, n_alphas, n_folds)
        The latter of int, unless some are nan.
    """
    # Threads of a search that is interrupted may be adding to them.
    n_done = [one.n_done for one in found]

    def gather(arrays):
        n_relaxes, n_alphas = arrays[0].shape
        is_done = np.arange(n_alphas) < np.reshape(n_done, (-1, 1, 1))
        known = np.where(is_done, arrays, np.nan)
        return known.reshape(-1, n_folds, n_relaxes, n_alphas).transpose(0, 2, 3, 1)

    scores = gather([one.scores for one in found])
    n_features = gather([one.n_features for one in found])
    if not np.isnan(n_features).any():
        n_features = n_features.astype(np.intp)
    return scores, n_features


@dataclass(frozen=True)
class ComparedPath:
    """A regularization path whose networks are compared.

    Attributes
    ----------
    params : dict
        The parameters that it has for itself.

    spec : NetworkSpec

    alphas : ndarray of shape (n_alphas,)

    relaxes : list of float or None
        The alphas of relaxed fits along it; None for the path itself.
    """

    params: dict
    spec: NetworkSpec
    alphas: np.ndarray
    relaxes: list

    def networks(
        self, fitter: PathFitter, alphas: Sequence | np.ndarray, **options: Any
    ) -> Iterator[tuple[FittedNetwork, ...]]:
        """Fit at ascending alphas; yield a tuple of one network for each of `relaxes`."""
        copies = tee(fitter.path(alphas, **options), len(self.relaxes))
        return zip(
            *(
                points if relax is None else fitter.relaxed(points, relax)
                for points, relax in zip(copies, self.relaxes)
            )
        )


def scores_along_path(
    fitter: PathFitter,
    path: ComparedPath,
    fold: Fold,
    found: PathScores,
    extent: Extent,
    name: str,
    estimator: Any,
    task: Any,
    report: SearchReport,
) -> PathScores:
    """Score the networks at ascending alphas in one fold.

    Parameters
    ----------
    fitter : PathFitter

    path : ComparedPath

    fold : Fold

    found : PathScores
        Where to record them, one alpha after the other: in threads it is seen from outside.

    extent : Extent
        How far to go.

    name : str
        Name of the path in what is printed.

    estimator : RegularizedMLPCV
        The estimator that callbacks are called with.

    task : CallbackContext
        Of the path; a subtask is added for each alpha.

    report : SearchReport

    Returns
    -------
    found : PathScores
    """
    start = time.perf_counter()
    extent.begin(found)
    fitter.deadline = found.deadline
    if not extent.admits(found):
        found.timed_out = extent.end_path(found)
        return found
    task.call_on_fit_task_begin(estimator=estimator)
    for networks in path.networks(fitter, path.alphas):
        # A fit that ends when time is over may have been cut short.
        if not extent.admits(found):
            break
        fit = task.subcontext("alpha").call_on_fit_task_begin(estimator=estimator)
        scores = [fold.score(fitted, path.params) for fitted in networks]
        selected = [fitted.selected_features for fitted in networks]
        warnings = [fitted.warning for fitted in networks]
        curves = [fitted.training.curves for fitted in networks]
        found.add(scores, selected, warnings, curves, networks)
        report.alpha(name, found)
        if fit.call_on_fit_task_end(estimator=estimator):
            extent.end_path(found)
        if not extent.admits(found):
            break
    if extent.is_abandoned:
        return found
    found.extend()
    # Whatever else ends a path has ended it for all folds by now.
    found.timed_out = extent.end_path(found)
    if task.call_on_fit_task_end(estimator=estimator):
        extent.end()
    report.path(name, found, path, fold.data.X.shape[1], time.perf_counter() - start)
    return found
