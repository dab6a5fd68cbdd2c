"""Predictions by all networks of a search: that of each fold, and the final one."""

import copy
import functools
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..fitted.mixin import FittedNetworkMixin, is_fitted


class EnsembleMixin(FittedNetworkMixin):
    """Mixin that predicts by the networks of all folds, after a fit with ``ensemble=True``.

    It is in front of the mixins whose methods it extends.
    """

    estimators_: list[Any]
    _checked: Callable[[Any], Any]
    _raw_outputs: Callable[[Any], np.ndarray]

    @property
    def _is_ensemble(self):
        """Whether the fit has kept the networks of the folds."""
        return hasattr(self, "estimators_")

    def _raw_predict(self, X):
        """Compute raw outputs: of an ensemble, those that its predictions have."""
        X = self._checked(X)
        if not self._is_ensemble:
            return self._raw_outputs(X)
        raws = [member._raw_outputs(X) for member in self.estimators_]
        if self.out_activation_ == "sort":
            # Quantiles are averaged, which outputs in any order are not.
            raws = [np.sort(raw, axis=1) for raw in raws]
        if self.out_activation_ != "exp":
            return averaged(raws)
        # Expected counts are averaged, not their logarithms; relative to the largest, so
        # that none overflows.
        largest = np.max(raws, axis=0)
        with np.errstate(under="ignore"):
            return largest + np.log(averaged([np.exp(raw - largest) for raw in raws]))

    @property
    def feature_importances_(self) -> np.ndarray:
        """Share of each feature in the absolute weights of all paths to the outputs."""
        check_is_fitted(self)
        if not self._is_ensemble:
            return super().feature_importances_
        return averaged([member.feature_importances_ for member in self.estimators_])

    def compact(self) -> Self:
        """Return an estimator that predicts the same without inactive hidden units.

        As ``RegularizedMLPClassifier.compact`` describes it. Of an ensemble, each
        network is made smaller by itself; `hidden_layer_sizes` and `shrinkage_` are those
        of the final network, and each of `estimators_` has its own.

        Returns
        -------
        estimator : object
            Estimator of the same class.
        """
        small = super().compact()
        if self._is_ensemble:
            small.estimators_ = [member.compact() for member in self.estimators_]
        return small

    @available_if(is_fitted)
    def sparsify(self) -> Self:
        """Convert the weights of layers with few non-zero ones to sparse arrays.

        As ``RegularizedMLPClassifier.sparsify`` does; those of all networks of an
        ensemble.

        Returns
        -------
        self : object
            Estimator with a `scipy.sparse.csr_array` in `coefs_` for each such layer.
        """
        self._of_members("sparsify")
        return super().sparsify()

    @available_if(is_fitted)
    def densify(self) -> Self:
        """Convert the weights back to dense arrays, as `fit` leaves them.

        Returns
        -------
        self : object
            Estimator with dense weights.
        """
        self._of_members("densify")
        return super().densify()

    def _of_members(self, method):
        """Call a method of copies of the networks, which are then those of the ensemble."""
        if self._is_ensemble:
            copies = [copy.copy(member) for member in self.estimators_]
            self.estimators_ = [getattr(member, method)() for member in copies]

    def _to_export(self, method):
        check_is_fitted(self)
        if self._is_ensemble:
            raise ValueError(
                f"{method} converts one network, but this {type(self).__name__} was fitted "
                f"with ensemble=True and predicts by {len(self.estimators_)}. Call "
                f"{method} of each of estimators_ and average their raw outputs, the last "
                "with half of the weight, or set ensemble=False and fit again."
            )
        return super()._to_export(method)


def weights_of_networks(n_networks: int) -> np.ndarray:
    """Return the weights that networks have in predictions; the final one is the last.

    It has seen all samples, those of the folds only a part of them, and has half of the
    weight: with equal weights for all, fewer tables gain (doc/intervals.md).
    """
    of_a_fold = 0.5 / (n_networks - 1)
    return np.append(np.full(n_networks - 1, of_a_fold), 0.5)


def averaged(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Average arrays of networks, by the weights that these have in predictions."""
    weights = weights_of_networks(len(arrays))
    weighted = (float(weight) * array for weight, array in zip(weights, arrays))
    return functools.reduce(np.add, weighted)
