"""The network of stability selection, and the halves of the samples it is fitted to."""

import time
from dataclasses import dataclass

import numpy as np

from ..engine import Data
from ..estimators.targets import Targets
from ..fitting.best_path import BestPathFitter
from ..fitting.path import PathFitter
from ..fitting.precision import COMPARED
from ..fitting.specification import NetworkSpec
from ..fitting.starts import start_seeds
from .resamples import complementary_halves, first_features


@dataclass(frozen=True)
class Problem:
    """A network to fit, and the samples.

    Attributes
    ----------
    spec : NetworkSpec

    data : Data

    targets : Targets

    labels : ndarray of int of shape (n_features,)
        The group of each feature, counted from 0: what counts as one feature.
    """

    spec: NetworkSpec
    data: Data
    targets: Targets
    labels: np.ndarray

    @property
    def rows(self) -> np.ndarray | None:
        """The samples of positive weight; None if those are all."""
        weights = self.data.sample_weight
        return None if weights is None or weights.all() else np.flatnonzero(weights)

    def share(self, half: np.ndarray) -> float:
        """Return the share of a half in the total weight."""
        weights = self.data.sample_weight
        if weights is None:
            return len(half) / self.data.X.shape[0]
        return float(weights[half].sum(dtype="float64") / weights.sum(dtype="float64"))

    def halves(self, rng: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
        """Draw two halves of the samples of positive weight.

        Raises
        ------
        ValueError
            If they are too few.
        """
        rows = np.arange(self.data.X.shape[0]) if self.rows is None else self.rows
        strata = self.targets.strata(self.data.y[rows])
        too_few = len(rows) < 4
        if strata is not None:
            too_few |= (np.unique(strata, return_counts=True)[1] > 1).sum() < 2
        if too_few:
            kind = "" if strata is None else ", at least 2 of each of two classes"
            raise ValueError(
                f"Halves of the samples take at least 4 samples{kind}, with sample weights "
                f"above 0. Got n_samples = {len(rows)}."
            )
        return complementary_halves(rows, strata, rng)

    def fitter(self, half: np.ndarray, seed: int) -> PathFitter:
        """Return the fitter of the paths of a half."""
        seeds = start_seeds(seed, self.spec.n_init)
        return BestPathFitter(self.spec, self.data, half, seeds, precision=COMPARED)


def fit_path(
    fitter: PathFitter, alphas: np.ndarray, labels: np.ndarray, q: int, name: str | None
) -> tuple[np.ndarray, list[str | None]]:
    """Return what `first_features` does, and print a line if the path has a name."""
    start = time.perf_counter()
    entered, warnings = first_features(fitter, alphas, labels, q)
    if name is not None:
        seconds = time.perf_counter() - start
        print(f"{name}: {(entered >= 0).sum()} features first, {seconds:.1f} s")
    return entered, warnings


def drawn_seed(rng: np.random.RandomState) -> int:
    """Draw a seed for the fits of a path."""
    return rng.randint(np.iinfo(np.int32).max)


def with_standard_targets(data: Data) -> Data:
    """Return data whose targets have mean 0 and variance 1, each of them."""
    moderate, _ = data.with_moderate_weights()
    mean = np.average(data.y, axis=0, weights=moderate.sample_weight)
    variance = np.average((data.y - mean) ** 2, axis=0, weights=moderate.sample_weight)
    scale = np.sqrt(np.where(variance > 0, variance, 1.0))
    return data._replace(y=((data.y - mean) / scale).astype(data.y.dtype, order="C"))
