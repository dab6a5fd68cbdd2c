"""Scores of a search for alpha, and the choice among them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from .compared import compared_params, compared_relaxes

NO_SCORES = (
    "No alpha has a score: scoring returned nan for some fold each time, as R2 does for a "
    "single sample. Choose another scorer, or fewer folds."
)


class Choice(NamedTuple):
    """Indices of the chosen path, of one of its relaxed fits, and of an alpha."""

    path: int
    relax: int
    alpha: int


@dataclass(frozen=True)
class SearchResult:
    """Scores along regularization paths.

    Attributes
    ----------
    params : list of dict
        The parameters that a path has for itself, for each of n_paths.

    relaxes : list of float or None
        For each of n_relaxes, the alpha of relaxed fits; None for none.

    alphas : ndarray of shape (n_paths, n_alphas)

    scores, n_features : ndarray of shape (n_paths, n_relaxes, n_alphas, n_folds)
        nan where they are not known. The latter are the numbers of selected features.
    """

    params: list
    relaxes: list
    alphas: np.ndarray
    scores: np.ndarray
    n_features: np.ndarray

    @classmethod
    def of(cls, estimator: Any) -> Self:
        """Return the result of the search that an estimator was fitted by."""
        params, relaxes = compared_params(estimator), compared_relaxes(estimator)
        n_alphas, n_folds = estimator.scores_.shape[-2:]
        shape = len(params), len(relaxes), n_alphas
        return cls(
            params,
            relaxes,
            estimator.alphas_.reshape(shape)[:, 0],
            estimator.scores_.reshape(*shape, n_folds),
            estimator.path_n_features_.reshape(*shape, n_folds),
        )

    def attributes(self, shape: Sequence[int]) -> dict[str, np.ndarray]:
        """Return the attributes of a fitted estimator that hold the result.

        Parameters
        ----------
        shape : list of int
            Numbers of values of the parameters that have several.
        """
        alphas = np.repeat(self.alphas[:, None], len(self.relaxes), axis=1)
        n_alphas, n_folds = self.scores.shape[-2:]
        return {
            "scores_": self.scores.reshape(*shape, n_alphas, n_folds),
            "path_n_features_": self.n_features.reshape(*shape, n_alphas, n_folds),
            "alphas_": alphas.reshape(*shape, n_alphas),
        }

    def of_paths(self, indices: Sequence[int] | np.ndarray) -> "SearchResult":
        """Return the result of some of the paths."""
        return SearchResult(
            [self.params[i] for i in indices],
            self.relaxes,
            self.alphas[indices],
            self.scores[indices],
            self.n_features[indices],
        )

    @property
    def compared(self) -> np.ndarray:
        """Indices of the paths that have a score in any fold."""
        return np.flatnonzero(self.is_scored.any(axis=1))

    @property
    def complete(self) -> np.ndarray:
        """Indices of the paths that have a mean score: those that were not dropped."""
        return np.flatnonzero(~np.isnan(self.mean_scores).all(axis=(1, 2)))

    @property
    def is_scored(self) -> np.ndarray:
        """Whether a path has a score in a fold, shape (n_paths, n_folds)."""
        return (~np.isnan(self.scores)).any(axis=(1, 2))

    def in_scored_folds(self, statistic: Callable, values: np.ndarray) -> np.ndarray:
        """Return a statistic over the folds in which a path has scores.

        Parameters
        ----------
        statistic : callable
            Maps an array to one without its last axis.

        values : ndarray of the shape of `scores`

        Returns
        -------
        found : ndarray of shape (n_paths, n_relaxes, n_alphas)
            nan where a score is missing in one of these folds.
        """
        return np.array(
            [statistic(own[..., mask]) for own, mask in zip(values, self.is_scored)]
        )

    @property
    def mean_scores(self) -> np.ndarray:
        """Means over the folds, shape (n_paths, n_relaxes, n_alphas)."""
        return self.scores.mean(axis=-1)

    def choice(self, rule: str) -> Choice:
        """Choose a path, a relaxed fit and an alpha (see `choice_among`)."""
        return choice_among(self.scores, rule)


def choice_among(scores: np.ndarray, rule: str) -> Choice:
    """Choose a path, a relaxed fit and an alpha by their scores.

    Parameters
    ----------
    scores : ndarray of shape (n_paths, n_relaxes, n_alphas, n_folds)

    rule : {"best", "one_se"}
        The best mean score; or, on its path, the largest alpha with a mean score within
        one standard error of it (Hastie, Tibshirani and Friedman, "The Elements of
        Statistical Learning", 2009, section 7.10), and at this alpha the best of the
        relaxed fits.

    Returns
    -------
    choice : Choice

    Raises
    ------
    ValueError
        If no alpha has a score in every fold.
    """
    means = scores.mean(axis=-1)
    if np.isnan(means).all():
        raise ValueError(NO_SCORES)
    best = Choice(*map(int, np.unravel_index(np.nanargmax(means), means.shape)))
    if rule == "best" or scores.shape[-1] == 1:
        return best
    least = means[best] - standard_errors(scores)[best]
    alpha = int(np.flatnonzero((means[best.path] >= least).any(axis=0)).max())
    relax = int(np.nanargmax(means[best.path, :, alpha]))
    return Choice(best.path, relax, alpha)


def standard_errors(scores: np.ndarray) -> np.ndarray:
    """Return the standard errors of means over the last axis; nan for a single fold."""
    n_folds = scores.shape[-1]
    if n_folds == 1:
        return np.full(scores.shape[:-1], np.nan)
    return scores.std(axis=-1, ddof=1) / np.sqrt(n_folds)
