"""Statistics that compare each feature with its knockoff, in a network fitted to both."""

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import train_test_split

from ..engine import Data
from ..estimators.targets import Targets
from ..fitting.fit import fit_network
from ..fitting.precision import COMPARED
from ..fitting.scaled_objective import ScaledObjective
from ..fitting.specification import NetworkSpec
from ..fitting.start import Start
from ..fitting.training import Watcher
from ..penalties.row_groups import RowGroups
from ..solvers import Curvature, Status
from .covariance import mean_and_scale
from .gaussian_knockoffs import are_constant

# Share of the samples that choose alpha.
_HELD_OUT = 1 / 3

# Of a grid of alphas, as shares of the size of the gradient of noise.
_FIRST_SHARE, _LAST_SHARE = 0.025, 0.8


@dataclass(frozen=True)
class PairedNetwork:
    """Fits a network to features and knockoffs, and compares the norms of their weights.

    Nothing here tells a feature from its knockoff: both have the scale of the pair, start
    from the same weights, and alpha is chosen on both together. If the columns of a pair
    change places, its statistic changes sign, and the other statistics stay as they are:
    the property that the knockoff filter rests on. With groups it is that of all pairs of
    a group, which change places together: knockoffs have the groups of the features.

    Attributes
    ----------
    spec : NetworkSpec
        Of the network, without names of features.

    targets : Targets

    y : ndarray
        Encoded targets.

    loss_weight : ndarray of shape (n_samples,) or None
        Sample weights times class weights.

    shares : ndarray of shape (n_samples,) or None
        Sample weights in any unit, without class weights, which say nothing about the
        distribution of the features.

    alphas : int or ndarray of shape (n_alphas,)
        Ascending, or the length of a grid.

    labels : ndarray of int of shape (n_features,) or None
        The group of each feature, counted from 0; None for each on its own.
    """

    spec: NetworkSpec
    targets: Targets
    y: np.ndarray
    loss_weight: np.ndarray | None
    shares: np.ndarray | None
    alphas: int | np.ndarray
    labels: np.ndarray | None = None

    def statistics(
        self,
        X: np.ndarray,
        knockoffs: np.ndarray,
        seed: int,
        watcher: Watcher | None = None,
    ) -> np.ndarray:
        """Return the statistic of each feature or group: the difference of two norms.

        Parameters
        ----------
        X, knockoffs : ndarray of shape (n_samples, n_features)

        seed : int
            Of the starting weights, and of the samples that choose alpha.

        watcher : Watcher or None
            Of all fits.

        Returns
        -------
        statistics : ndarray of shape (n_groups,)
        """
        pairs = standardized_pairs(X, knockoffs, self.shares)
        data = Data(pairs, self.y, self.loss_weight)
        alphas = self._grid(data)
        if len(alphas) > 1:
            alphas = alphas[: self._choose(data, alphas, seed, watcher) + 1]
        *_, fitted = self._path(data, None, alphas, seed, watcher)
        first = fitted.network.coefs(fitted.params)[0]
        of_features, of_knockoffs = np.split(first.astype(np.float64), 2)
        return self._norms(of_features) - self._norms(of_knockoffs)

    def _norms(self, weights):
        if self.labels is None:
            return np.linalg.norm(weights, axis=1)
        return RowGroups(self.labels).norms(weights)

    def _choose(self, data, alphas, seed, watcher):
        """Return the index of the alpha with the smallest loss on held-out samples."""
        train, test = self._split(np.random.RandomState(seed))
        # The loss alone, because constraints hold up to rounding only.
        objective = self.spec.objective(data, test, 1.0)
        losses = [
            objective.total_loss_and_gradient(fitted.params)[0]
            for fitted in self._path(data, train, alphas, seed, watcher)
        ]
        return int(np.argmin(losses))

    def _path(self, data, rows, alphas, seed, watcher):
        """Fit at ascending alphas, each from where the last one ended, to an empty one."""
        start, curvature = self._start(data, rows, alphas[0], seed), Curvature()
        for alpha in alphas:
            fitted = fit_network(
                self.spec,
                data,
                rows,
                alpha,
                start,
                random_state=np.random.RandomState(seed),
                precision=COMPARED,
                watcher=watcher,
                curvature=curvature,
            )
            if fitted.training.status is Status.INTERRUPTED:
                raise KeyboardInterrupt
            yield fitted
            if fitted.is_empty:
                return
            start = fitted.as_start()

    def _start(self, data, rows, alpha, seed):
        """Return starting weights that are the same for a feature and its knockoff."""
        objective = ScaledObjective(self.spec.objective(data, rows, alpha))
        params = Start().params(objective, np.random.RandomState(seed))
        network = objective.network
        first, *others = network.coefs(params)
        n_features = len(first) // 2
        first = np.vstack([first[:n_features]] * 2)
        return Start([first, *others], network.intercepts(params), is_drawn=False)

    def _split(self, rng):
        rows = np.arange(len(self.y))
        strata = self.targets.strata(self.y)
        if strata is not None:
            counts = np.unique(strata, return_counts=True)[1]
            n_fewest = int(_HELD_OUT * len(rows))
            if counts.min() < 2 or n_fewest < len(counts):
                strata = None
        train, test = train_test_split(
            rows, test_size=_HELD_OUT, random_state=rng, stratify=strata
        )
        return np.sort(train), np.sort(test)

    def _grid(self, data):
        """Return the alphas: those given, or a grid below the size of the noise.

        At W_1 = 0 the gradient of the loss by the weights of a feature without effect has
        about the size of sqrt(2 log(2p)) standard deviations at most.
        """
        if not isinstance(self.alphas, int):
            return self.alphas
        network = self.spec.network(data.X.shape[1])
        # Squares of extreme weights would overflow, or be 0.
        (_, _, weight), unit = data.with_moderate_weights()
        constant = network.loss.constant(self.y, weight)
        residuals = np.tile(np.asarray(constant, data.X.dtype), (len(self.y), 1))
        network.loss.value_and_derivative(self.y, residuals, weight)
        residuals = residuals.astype(np.float64)
        n_units = network.shapes[0][1]
        noise = np.sqrt(2 * np.log(2 * data.X.shape[1]) / n_units)
        noise *= unit * (np.linalg.norm(residuals) or 1.0)
        return noise * np.geomspace(_FIRST_SHARE, _LAST_SHARE, self.alphas)


def standardized_pairs(
    X: np.ndarray, knockoffs: np.ndarray, sample_weight: np.ndarray | None = None
) -> np.ndarray:
    """Return features and knockoffs side by side, with mean and variance of each pair.

    Parameters
    ----------
    X, knockoffs : ndarray of shape (n_samples, n_features)

    sample_weight : ndarray of shape (n_samples,) or None, default=None

    Returns
    -------
    pairs : ndarray of shape (n_samples, 2 * n_features)
        Pairs that are constant are 0.
    """
    pairs = np.stack([X, knockoffs]).astype(np.float64)
    is_constant = are_constant(pairs.reshape(-1, X.shape[1]))
    pairs -= _mean_of_pairs(pairs, sample_weight)
    scale = np.sqrt(_mean_of_pairs(np.square(pairs), sample_weight))
    pairs /= np.where(is_constant, 1, scale)
    pairs[:, :, is_constant] = 0
    return np.ascontiguousarray(np.hstack(list(pairs)), dtype=X.dtype)


def _mean_of_pairs(pairs, sample_weight):
    if sample_weight is None:
        return pairs.mean(axis=(0, 1))
    return np.average(pairs.mean(axis=0), axis=0, weights=sample_weight)


def standardized_targets(
    y: np.ndarray, sample_weight: np.ndarray | None = None
) -> np.ndarray:
    """Return targets of a regression with mean 0 and variance 1, shape as given."""
    mean, scale = mean_and_scale(y, sample_weight)
    return ((y - mean) / np.where(scale > 0, scale, 1)).astype(y.dtype, copy=False)
