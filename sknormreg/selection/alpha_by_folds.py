"""The alpha of a selection by cross-validation."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing

from ..engine import Data
from ..estimators import RegularizedMLPSurvival
from ..estimators.base import RegularizedMLP
from ..estimators.fitted_attributes import fitted_attributes
from ..estimators.scoring import Fold, knowing_classes, takes
from ..estimators.search_result import choice_among
from ..estimators.survival_cv import LikelihoodFold
from ..estimators.targets import Targets
from ..fitting.path import PathFitter
from .starts import Starts

# The grid of alphas: their number, and the first as a share of the one at which no feature
# is left.
_N_ALPHAS, _SMALLEST_SHARE = 10, 1e-2


@dataclass(frozen=True)
class Folds:
    """Splits of the samples, and how a network is scored on the held-out ones.

    Attributes
    ----------
    mlp : RegularizedMLPClassifier, RegularizedMLPRegressor or RegularizedMLPSurvival
        Estimator that knows features and targets.

    targets : Targets

    y : ndarray
        Targets, as scorers take them.

    sample_weight : ndarray of shape (n_samples,) or None
        Without class weights.

    cv : int, cross-validation generator, iterable or None

    scoring : str, callable or None
    """

    mlp: RegularizedMLP
    targets: Targets
    y: Any
    sample_weight: Any
    cv: Any = None
    scoring: Any = None

    def splits(self, data: Data) -> list[Fold]:
        """Return the folds of standardised data."""
        labels, stratified = self.targets.of_splits(self.y, data.y)
        splitter = check_cv(self.cv, labels, classifier=stratified)
        scorer = knowing_classes(self._scorer(), self.targets)
        weighted = self.sample_weight is not None and takes(scorer, "sample_weight")
        folds = []
        for train, test in splitter.split(data.X, labels):
            self.targets.check_rows(data.y[train], None)
            metadata = {"sample_weight": self.sample_weight[test]} if weighted else {}
            X_test, y_test = data.X[test], _safe_indexing(self.y, test)
            fold = Fold(train, data, X_test, y_test, scorer, metadata, self._fitted())
            folds.append(replace(fold, test=np.arange(len(data.y))[test]))
        if self.scoring is None and isinstance(self.mlp, RegularizedMLPSurvival):
            return [LikelihoodFold.of(fold) for fold in folds]
        return folds

    def _scorer(self):
        if not isinstance(self.scoring, str):
            return check_scoring(self.mlp, self.scoring)
        is_survival = isinstance(self.mlp, RegularizedMLPSurvival)
        is_concordance = self.scoring == "concordance"
        if is_survival != is_concordance:
            raise ValueError(
                f"scoring={self.scoring!r} is not for a {type(self.mlp).__name__}. That of "
                "a RegularizedMLPSurvival may be 'concordance', a callable, or None for "
                "the partial likelihood; no other estimator has a concordance."
            )
        return check_scoring(self.mlp, None if is_concordance else self.scoring)

    def _fitted(self) -> Callable:
        plain = clone(self.mlp)
        plain.n_features_in_ = self.mlp.n_features_in_
        for name, value in self.targets.attributes().items():
            setattr(plain, name, value)

        def estimator_of(fitted, fold):
            vars(plain).update(fitted_attributes(fitted, plain.early_stopping))
            vars(plain).update(plain._of_samples(fitted, fold.data, fold.train))
            return plain

        return estimator_of


def alphas_by_folds(
    starts: Starts, folds: Folds, rule: str, seed: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """Score alphas in folds: at each, the best of several starts by J.

    Parameters
    ----------
    starts : Starts
        Of all samples.

    folds : Folds

    rule : {"best", "one_se"}
        As `choice_among` takes it.

    seed : int

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
        In ascending order.

    scores : ndarray of shape (n_alphas, n_folds)

    chosen : int
        Index of the alpha chosen.
    """
    data = starts.data
    splits = folds.splits(data)
    largest = PathFitter(starts.spec, data, None, seed, watcher=starts.report).alpha_max()
    alphas = np.geomspace(_SMALLEST_SHARE * largest, largest, _N_ALPHAS)
    features, scores = np.arange(data.X.shape[1]), np.empty((len(alphas), len(splits)))
    for k, fold in enumerate(splits):
        path = starts.of_samples(fold.train).best(
            features, alphas, name=f"fold {k + 1} of {len(splits)}"
        )
        scores[:, k] = [fold.score(candidate.fitted) for candidate in path]
    return alphas, scores, choice_among(scores[None, None], rule).alpha
