"""Networks from several random starts, on all features or on some of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ..engine import Data, make_engine
from ..fitting.best_path import BestPathFitter
from ..fitting.fit import FittedNetwork
from ..fitting.precision import COMPARED
from ..fitting.specification import NetworkSpec
from ..penalties.group import GroupPenalty
from ..penalties.row_groups import RowGroups
from .report import SelectionReport
from .selecting_penalty import with_groups


@dataclass(frozen=True)
class Candidate:
    """A network of some of the features.

    Attributes
    ----------
    features : ndarray of int
        Those that it was fitted to.

    fitted : FittedNetwork

    alpha : float
        That of the path; the network may have been empty before.
    """

    features: np.ndarray
    fitted: FittedNetwork
    alpha: float

    @property
    def selected(self) -> np.ndarray:
        """Features that have an effect on the outputs."""
        return self.features[self.fitted.selected_features]

    @property
    def norms(self) -> np.ndarray:
        """Norm of the weights from each of `features`."""
        return np.linalg.norm(self.fitted.coefs[0], axis=1)

    @property
    def objective(self) -> float:
        """J, which can be compared at one alpha with that of other features."""
        return self.fitted.training.loss

    @property
    def n_params(self) -> int:
        """Number of parameters that are not zero."""
        return int(np.count_nonzero(self.fitted.params))

    def start_of(self, features: np.ndarray) -> dict[str, list[np.ndarray]]:
        """Return arguments of `fit` that make training go on with some of the features."""
        if self.fitted.network.skip:
            return {}  # they would not be all of the weights
        first, *others = self.fitted.coefs
        first = first[np.isin(self.features, features)]
        return {"coef_init": [first, *others], "intercept_init": self.fitted.intercepts}


class Starts:
    """Fits of one specification from several random starts.

    Parameters
    ----------
    spec : NetworkSpec

    data : Data

    groups : RowGroups
        Of the features, which are selected as one.

    n_init : int

    n_jobs : int or None

    seed : int

    report : SelectionReport or None

    Attributes
    ----------
    labels : ndarray of int of shape (n_features,)
        The group of each feature.
    """

    def __init__(
        self,
        spec: NetworkSpec,
        data: Data,
        groups: RowGroups,
        n_init: int,
        n_jobs: int | None,
        seed: int,
        report: SelectionReport | None = None,
    ) -> None:
        self.spec, self.data, self.groups = spec, data, groups
        self.report = report or SelectionReport(False, "fits")
        n_features = data.X.shape[1]
        self.labels = np.arange(n_features) if groups.labels is None else groups.labels
        self._n_init, self._n_jobs = n_init, n_jobs
        self._random_state = np.random.RandomState(seed)

    def best(
        self,
        features: np.ndarray,
        alphas: Sequence | np.ndarray,
        first: GroupPenalty | None = None,
        name: str = "",
        until: Callable[[Candidate], bool] | None = None,
    ) -> list[Candidate]:
        """Fit along a path from each start, and return the best of each alpha by J.

        Parameters
        ----------
        features : ndarray of int
            Those to fit to; all of the groups that they belong to.

        alphas : ndarray of shape (n_alphas,)
            In ascending order. After an empty network the others are empty, too.

        first : GroupPenalty or None
            Penalty of the first layer; None for that of the specification.

        name : str
            What the fits are for, in the lines that are printed.

        until : callable or None
            Whether a network is the last one of the path that is asked for.
        """
        spec, data = self._of(features, first)
        stage = _stage(name, self._n_init, len(features))
        self.report.begin(stage, self._n_init * len(alphas))
        seeds = self._random_state.randint(np.iinfo(np.int32).max, size=self._n_init)
        fitter = BestPathFitter(
            spec,
            data,
            None,
            seeds.tolist(),
            precision=COMPARED,
            watcher=self.report,
            n_jobs=self._n_jobs,
        )
        candidates = []
        for fitted, alpha in zip(_and_empty_ones(fitter, alphas), alphas):
            candidates.append(Candidate(features, fitted, alpha))
            self.report.done(self._n_init)
            if until is not None and until(candidates[-1]):
                break
        numbers = ", ".join(str(len(candidate.selected)) for candidate in candidates)
        self.report.print(f"{stage}: {numbers} selected")
        return candidates

    def of_samples(self, rows: np.ndarray) -> "Starts":
        """Return fits to some of the samples, with random numbers of their own."""
        X, y, weight = self.data
        data = Data(X[rows], y[rows], None if weight is None else weight[rows])
        seed = self._random_state.randint(np.iinfo(np.int32).max)
        return Starts(
            self.spec, data, self.groups, self._n_init, self._n_jobs, seed, self.report
        )

    def raw_outputs(self, candidate: Candidate) -> np.ndarray:
        """Return the raw outputs of a network for the samples."""
        fitted = candidate.fitted
        engine = make_engine(fitted.network)
        X = _columns(self.data.X, candidate.features)
        return engine.raw_predict(fitted.network.coefs(fitted.params), fitted.intercepts, X)

    def n_params(self, features: np.ndarray) -> int:
        """Return the number of parameters of a network of some features."""
        return self.spec.network(len(features)).n_params

    def whole_groups(self, features: np.ndarray) -> np.ndarray:
        """Return the features of all groups that some features belong to."""
        mask = np.zeros(self.data.X.shape[1], dtype=bool)
        mask[features] = True
        return np.flatnonzero(self.groups.with_groups_of(mask))

    def _of(self, features, other_first):
        """Return the specification and the data of some features."""
        X = _columns(self.data.X, features)
        penalty = with_groups(self.spec, self.labels[features], other_first)
        return self.spec.of_features(features, penalty=penalty), self.data._replace(X=X)


def _and_empty_ones(fitter: BestPathFitter, alphas: Iterable) -> Iterator[FittedNetwork]:
    """Yield the networks of a path, the last of which stands for all after it."""
    for fitted in fitter.path(np.asarray(alphas, dtype=np.float64)):
        yield fitted
    while True:
        yield fitted


def _stage(name, n_init, n_features):
    """Return the text on a number of starts."""
    starts = f"{n_init} start{'' if n_init == 1 else 's'}"
    features = f"{n_features} feature{'' if n_features == 1 else 's'}"
    return f"{name}{', ' if name else ''}{starts} with {features}"


def _columns(X, features):
    if len(features) == X.shape[1]:
        return X
    columns = X[:, features]
    return columns if sparse.issparse(columns) else np.ascontiguousarray(columns)
