"""Predictions of a selector, by the model of the selected features."""

from typing import Any

import numpy as np
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..estimators.validation import validated


class SelectedPredictionsMixin:
    """Mixin that predicts by `estimator_` from the features in `support_`."""

    estimator: Any
    estimator_: Any
    support_: np.ndarray

    @available_if(lambda self: self._predicts("predict"))
    def predict(self, X: Any) -> np.ndarray:
        """Predict by the network of the selected features.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            All features, of which the selected ones are used.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Class labels or numbers. If no feature is selected, a constant.
        """
        return self._predictor.predict(self._selected(X))

    @available_if(lambda self: self._predicts("predict_proba"))
    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict probabilities by the network of the selected features.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            All features, of which the selected ones are used.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            A column for each class, in the order of the labels. If no feature is selected,
            the frequencies of the classes.
        """
        found = self._predictor.predict_proba(self._selected(X))
        if isinstance(found, list):
            # A dummy has an array for each label, with a column for each value it knows.
            labels = zip(found, self._predictor.classes_)
            found = np.stack([one @ (classes == 1) for one, classes in labels], axis=1)
        return found

    @available_if(lambda self: self._predicts("score"))
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy or the coefficient of determination of the predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            All features, of which the selected ones are used.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True labels or numbers.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        score : float
            Accuracy, or coefficient of determination.
        """
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return self._predictor.score(self._selected(X), y, **weights)

    def _selected(self, X):
        """Return the selected features as they were fitted to, whatever set_output says."""
        return validated(self, X, reset=False)[:, self.support_]

    def _predicts(self, method):
        """Whether the model of the selected features has a method.

        Before `fit`, whether it may have it: scorers ask that early.
        """
        if not hasattr(self, "support_"):
            return self.estimator is None or hasattr(self.estimator, method)
        return hasattr(self._predictor, method)

    @property
    def _predictor(self) -> Any:
        check_is_fitted(self)
        return self.estimator_
