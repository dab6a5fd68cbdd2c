"""Base of the selectors: data, features and the estimator that they fit."""

from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, is_regressor
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import ClassifierTags, RegressorTags, Tags
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from ..estimators.mixed_labels import refuse_labels
from ..estimators.monotonicity import resolved
from ..estimators.path import draw_seed, estimator_for
from ..estimators.suggestions import SuggestionsMixin
from ..estimators.targets import kind_of_targets
from ..estimators.validation import validated
from ..fitting.specification import NetworkSpec
from ..penalties.row_groups import RowGroups, resolve_groups
from .selecting_penalty import first_penalty


class NetworkSelector(SuggestionsMixin, SelectorMixin, MetaEstimatorMixin, BaseEstimator):
    """Base class of the selectors: a transformer that keeps some of the features.

    `fit` of a subclass sets `support_`, a mask of the features to keep.
    """

    support_: np.ndarray
    n_features_in_: int

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = False
        # Of several classes or outputs; which of them follows from the estimator or from y.
        tags.classifier_tags = ClassifierTags()
        tags.regressor_tags = RegressorTags()
        return tags

    def _get_support_mask(self) -> np.ndarray:
        check_is_fitted(self)
        return self.support_

    def _validated(self, X: Any, y: Any, **params: Any) -> tuple[Any, Any, Any]:
        """Validate the data, take note of the features, and make a plain estimator.

        Parameters
        ----------
        X, y : as `fit` takes them

        **params
            Parameters of the estimator.

        Returns
        -------
        estimator : RegularizedMLPClassifier, ...Regressor or ...Survival
            A clone of the parameter `estimator`; if that is None, one for the kind of y.

        X : {ndarray, csr_array} of shape (n_samples, n_features)

        y : ndarray
            Not encoded yet.

        Raises
        ------
        ValueError
            If the estimator has a time limit or predicts several quantiles, or if it is a
            regressor and y holds labels.
        """
        estimator = estimator_for(y, getattr(self, "estimator", None), params)
        several = not isinstance(getattr(estimator, "quantile", 0.5), Real)
        if several and estimator.loss == "quantile":
            raise ValueError(
                f"Features are selected for one quantile, got quantile="
                f"{estimator.quantile!r}. Set it to a number."
            )
        max_time = estimator.max_time
        if max_time is not None:
            raise ValueError(
                f"estimator has max_time={max_time:g}, but fits that are cut short do not "
                "tell which features matter. Set max_time=None; fewer starts, resamples, "
                "draws or alphas save time."
            )
        read = getattr(kind_of_targets(estimator), "read", None)
        if read is not None:
            y = read(y)
        elif is_regressor(estimator):
            refuse_labels(y)
        X, y = validated(self, X, y, multi_output=True, ensure_min_samples=2)
        given = estimator.monotonic_cst
        if given is not None:
            # The networks see arrays without names.
            estimator.set_params(monotonic_cst=resolved(self, given))
        return estimator, X, y

    def _groups_of(self, spec: NetworkSpec) -> RowGroups:
        """Return the partition of the features into groups.

        They are those of the parameter `groups`; if that is None, those of the penalty of
        the first layer, if it has any.
        """
        groups = getattr(self, "groups", None)
        if groups is None:
            groups = getattr(first_penalty(spec), "groups", None)
        if groups is None:
            return RowGroups(np.arange(self.n_features_in_))
        names = getattr(self, "feature_names_in_", None)
        return resolve_groups(groups, self.n_features_in_, names)

    def _seed(self) -> int:
        return draw_seed(getattr(self, "random_state", None))

    @property
    def selected_feature_names_(self) -> np.ndarray:
        """Names of the selected features."""
        check_is_fitted(self)
        return _check_feature_names_in(self)[self.support_]


def set_known(estimator: Any, **params: Any) -> None:
    """Set those of the parameters that an estimator has, and check all that it has."""
    names = estimator.get_params(deep=False).keys() & params.keys()
    estimator.set_params(**{name: params[name] for name in names})
    estimator._validate_params()
