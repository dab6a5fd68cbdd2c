"""Lines printed along a regularization path."""

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..engine import Network
from .fit import FittedNetwork
from .report import Lines, left, seconds_left
from .specification import NetworkSpec
from .training import CurrentParams, Watcher


class PathReport(Watcher):
    """Prints the progress of a regularization path.

    It also watches the fits, and prints a line while one of them takes long.

    Parameters
    ----------
    verbose : bool or int
        1 prints a line for every alpha; more prints the iterations of the fits as well.

    deadline : float
        Value of `time.monotonic` at which the path ends in any case.
    """

    def __init__(self, verbose: bool | int, deadline: float = np.inf) -> None:
        self._verbose, self._deadline = int(verbose), deadline
        self._lines = Lines()
        self._n_fits, self._now_at = 0, ""

    def of_single_fits(self, spec: NetworkSpec) -> NetworkSpec:
        """Return a specification whose fits print their iterations only if asked to."""
        verbose = self._verbose if self._verbose > 1 else False
        return replace(spec, settings=replace(spec.settings, verbose=verbose))

    # Between the iterations of a fit

    def begin_iteration(self, network: Network, params: CurrentParams, n_iter: int) -> None:
        self._n_fits += n_iter == 0

    def end_iteration(self, network: Network, params: CurrentParams, n_iter: int) -> None:
        if self._verbose == 1 and self._lines.are_due():
            now_at = self._now_at or f"looking for alpha_max, fit {self._n_fits}"
            seconds = f"{self._lines.seconds:.1f} s"
            self._lines.print(now_at, f"iteration {n_iter}", seconds)

    # Between fits

    def found(self, alphas: np.ndarray) -> None:
        """Print the ends of a grid of alphas, after the search for it."""
        if self._verbose:
            self._lines.print(grid_line(alphas, self._lines.seconds))

    def along(
        self, points: Iterator[FittedNetwork], alphas: np.ndarray
    ) -> Iterator[FittedNetwork]:
        """Print a line for each network of a path.

        Parameters
        ----------
        points : iterator of FittedNetwork
            As `PathFitter.path` yields them.

        alphas : ndarray of shape (n_alphas,)

        Yields
        ------
        fitted : FittedNetwork
        """
        start, n_all = time.perf_counter(), len(alphas)
        for i, alpha in enumerate(alphas, 1):
            self._now_at = f"alpha {i} of {n_all}: {alpha:.4g}"
            fitted = next(points, None)
            if fitted is None:
                return
            if self._verbose:
                limit = self._deadline - time.monotonic()
                seconds = time.perf_counter() - start
                # Beyond an empty network there are no fits.
                n_fits = i if fitted.is_empty else n_all
                self._print(fitted, seconds_left(seconds, i, n_fits, limit))
            yield fitted

    def _print(self, fitted, rest):
        n_features = int(fitted.selected_features.sum())
        residual = fitted.training.residual
        self._lines.print(
            self._now_at,
            f"{n_features} feature{'' if n_features == 1 else 's'}",
            "" if residual is None else f"residual = {residual:.2e}",
            f"{self._lines.seconds:.1f} s",
            left(rest),
        )


def grid_line(alphas: np.ndarray, seconds: float) -> str:
    """Return the line about a grid of alphas that was found within some seconds."""
    ends = f"{alphas[0]:.4g} to {alphas[-1]:.4g}"
    return f"{len(alphas)} alphas from {ends}, found in {seconds:.1f} s"
