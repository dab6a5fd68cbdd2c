"""The networks of a regularization path that are drawn, and where on the axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..fitted.mixin import as_dense


@dataclass(frozen=True)
class PathPoints:
    """Networks of a path, from dense to sparse.

    Attributes
    ----------
    x : ndarray of shape (n_points,)
        Their positions on the horizontal axis: alphas, or numbers of features.

    coefs : list of {ndarray, sparse matrix} of shape (n_features, fan_out)
        Weights of the first layer.

    norms : ndarray of shape (n_points, n_features)
        Norms of the weights of each feature.

    n_features : ndarray of shape (n_points,)
        Numbers of features that have any effect.

    scores : ndarray of shape (n_points, n_folds) or None

    chosen : int or None
        Index of the network that was chosen.
    """

    x: np.ndarray
    coefs: Sequence[Any]
    norms: np.ndarray
    n_features: np.ndarray
    scores: np.ndarray | None
    chosen: int | None


def points_by_alpha(
    alphas: Any, coefs: Sequence[Any], n_features: Any, scores: Any, alpha: float | None
) -> PathPoints:
    """Return a point for each alpha, in ascending order."""
    alphas = np.asarray(alphas)
    chosen = None if alpha is None else int(np.abs(alphas - alpha).argmin())
    norms = np.array([np.linalg.norm(as_dense(coef), axis=1) for coef in coefs])
    scores = None if scores is None else np.asarray(scores, dtype=np.float64)
    return PathPoints(alphas, coefs, norms, np.asarray(n_features), scores, chosen)


def points_by_n_features(points: PathPoints) -> PathPoints:
    """Return a point for each number of features, in descending order.

    Of several networks with the same number of features it is the chosen one, or the one
    with the best mean score, or the one at the smallest alpha.
    """
    means = np.zeros(len(points.x))
    if points.scores is not None:
        means = points.scores.mean(axis=1)
        means = np.where(np.isnan(means), -np.inf, means)
    kept = []
    for number in np.unique(points.n_features)[::-1]:
        same = np.flatnonzero(points.n_features == number)
        kept.append(same[means[same].argmax()])
        if points.chosen is not None and points.chosen in same:
            kept[-1] = points.chosen
    return PathPoints(
        points.n_features[kept],
        [points.coefs[i] for i in kept],
        points.norms[kept],
        points.n_features[kept],
        None if points.scores is None else points.scores[kept],
        None if points.chosen is None else kept.index(points.chosen),
    )
