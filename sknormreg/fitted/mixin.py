"""Properties and conversions that all fitted estimators have in common."""

import copy
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..engine import Network, checked_structure
from ..penalties import Weighted
from ..penalties.group import GroupPenalty
from .compaction import active_units, compacted
from .exports import ExportMixin
from .importances import numbered_names, path_importances

# Share of non-zero weights from which on a layer is faster as a dense array, on one
# thread. See benchmarks/speed sparse_weights.
_SPARSE_DENSITY = 0.05


def is_fitted(estimator: Any) -> bool:
    check_is_fitted(estimator)
    return True


class FittedNetworkMixin(ExportMixin):
    """Properties and methods that are computed from the fitted weights.

    They read `coefs_`, `intercepts_`, `skip_coef_` and `_network`; names are those of the
    features and of the groups in `penalty`.
    """

    penalty: Any
    _network: Network
    coefs_: list[np.ndarray]  # csr_array for some layers, after `sparsify`
    intercepts_: list[np.ndarray]
    skip_coef_: np.ndarray
    loss_: float
    optimality_: float
    solver_: str
    loss_curve_: list[float]
    best_loss_: float | None
    validation_loss_curve_: list[float] | None
    validation_scores_: list[float] | None
    best_validation_score_: float | None
    n_iter_: int
    t_: int
    n_layers_: int
    n_outputs_: int
    out_activation_: str
    n_features_in_: int
    feature_names_in_: np.ndarray
    shrinkage_: dict[str, dict]

    @property
    def sparsity_(self) -> float:
        """Share of the weights that are exactly 0."""
        return 1 - self.n_nonzero_ / self._n_weights()

    @property
    def n_nonzero_(self) -> int:
        """Number of weights that are not 0."""
        check_is_fitted(self)
        return int(sum(np.count_nonzero(as_dense(part)) for part in self._weights()))

    @property
    def feature_importances_(self) -> np.ndarray:
        """Share of each feature in the absolute weights of all paths to the outputs."""
        check_is_fitted(self)
        coefs = [as_dense(coef) for coef in self.coefs_]
        return path_importances(coefs, getattr(self, "skip_coef_", None))

    @property
    def selected_features_(self) -> np.ndarray:
        """Mask of the features that have any effect on the outputs."""
        return self.feature_importances_ > 0

    @property
    def n_selected_features_(self) -> int:
        """Number of features that have any effect on the outputs."""
        return int(np.count_nonzero(self.selected_features_))

    @property
    def selected_feature_names_(self) -> np.ndarray:
        """Names of the features that have any effect on the outputs."""
        return self._feature_names()[self.selected_features_]

    @property
    def selected_groups_(self) -> np.ndarray:
        """Names of the groups of features that have any effect on the outputs."""
        features = zip(
            self.selected_features_, self._feature_groups(), self._feature_names()
        )
        # A group may have the name of a feature that is in no group.
        selected = dict.fromkeys(
            (group, name if group is None else None)
            for used, group, name in features
            if used
        )
        names = [name if group is None else group for group, name in selected]
        return np.array(names, dtype=object)

    @property
    def n_active_units_(self) -> list[int]:
        """Number of units in each hidden layer that have any effect on the outputs."""
        check_is_fitted(self)
        return [int(mask.sum()) for mask in active_units(list(map(as_dense, self.coefs_)))]

    def compact(self) -> Self:
        """Return an estimator that predicts the same without inactive hidden units.

        A unit is inactive if no path of non-zero weights leads from a feature to it, or
        from it to an output. In the first case its activation is constant, and is added to
        the intercepts of the next layer. All features are kept: the new estimator takes the
        same X.

        Returns
        -------
        estimator : object
            Estimator of the same class with smaller `hidden_layer_sizes`, and with the
            attribute `shrinkage_`, a dictionary with the numbers of units, weights and
            non-zero weights before and after. Curves, `loss_` and `optimality_` are copied
            from this estimator.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.preprocessing import scale
        >>> from sknormreg import RegularizedMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> mlp = RegularizedMLPClassifier((50,), penalty="group_lasso", random_state=0)
        >>> small = mlp.fit(scale(X), y).compact()
        >>> small.shrinkage_["n_units"]["before"]
        [50]
        >>> small.n_active_units_ == small.shrinkage_["n_units"]["after"]
        True
        """
        check_is_fitted(self)
        network = self._network
        coefs = [as_dense(coef) for coef in self.coefs_]
        coefs, intercepts = compacted(coefs, self.intercepts_, network.activations)
        small = clone(self)
        for name, value in vars(self).items():
            # The state of a solver has the shapes of the larger network.
            if name not in vars(small) and name not in ("coefs_", "_training_state"):
                setattr(small, name, copy.deepcopy(value))
        sizes = tuple(coef.shape[1] for coef in coefs[:-1])
        small.set_params(hidden_layer_sizes=sizes)
        small.coefs_, small.intercepts_ = coefs, intercepts
        small._network = Network(
            (network.layer_units[0], *sizes, network.layer_units[-1]),
            network.activations,
            network.loss,
            network.skip,
        )
        small.shrinkage_ = {
            name: {"before": before, "after": after}
            for name, before, after in zip(_SIZES, _sizes_of(self), _sizes_of(small))
        }
        return small

    # Before fit it must not exist: scikit-learn's checks would take the estimator for a
    # linear model with a `coef_`.
    @available_if(is_fitted)
    def sparsify(self) -> Self:
        """Convert the weights of layers with few non-zero ones to sparse arrays.

        Layers in which at most 5% of the weights are non-zero are converted: prediction is
        faster there. Training needs dense weights: call `densify` before `partial_fit` or a
        warm start.

        Returns
        -------
        self : object
            Estimator with a `scipy.sparse.csr_array` in `coefs_` for each such layer.
        """
        self.coefs_ = [
            sparse.csr_array(coef) if _is_thin(coef) else coef for coef in self.coefs_
        ]
        return self

    @available_if(is_fitted)
    def densify(self) -> Self:
        """Convert the weights back to dense arrays, as `fit` leaves them.

        Returns
        -------
        self : object
            Estimator with dense weights.
        """
        self.coefs_ = [as_dense(coef) for coef in self.coefs_]
        return self

    def _feature_names(self):
        check_is_fitted(self)
        if hasattr(self, "feature_names_in_"):
            return self.feature_names_in_
        return np.array(numbered_names(self.n_features_in_), dtype=object)

    def _feature_groups(self):
        """Return the name of each feature's group, None for features in no group."""
        first = self.penalty[0] if isinstance(self.penalty, list | tuple) else self.penalty
        if isinstance(first, Weighted):
            first = first.penalty
        n_features = self.n_features_in_
        if not isinstance(first, GroupPenalty):
            return [None] * n_features
        names = getattr(self, "feature_names_in_", None)
        return first.names_of_groups(n_features, names)

    def _weights(self):
        """Return the weights of all layers as the engine takes them.

        Those of a skip connection are further columns of the first layer.
        """
        if not hasattr(self, "skip_coef_"):
            return self.coefs_
        first, *others = self.coefs_
        # If both had wrong shapes, the two together could still have the right one.
        n_features, *_, n_outputs = self._network.layer_units
        if np.shape(self.skip_coef_) != (n_features, n_outputs):
            raise ValueError(
                f"skip_coef_ must have shape {(n_features, n_outputs)}, as fit leaves it, "
                f"got {np.shape(self.skip_coef_)}."
            )
        return [np.hstack([as_dense(first), self.skip_coef_]), *others]

    def _n_weights(self):
        return sum(fan_in * fan_out for fan_in, fan_out in self._network.shapes)

    def _has_sparse_weights(self):
        return any(sparse.issparse(coef) for coef in self.coefs_)


_SIZES = ("n_units", "n_weights", "n_nonzero")


def _sizes_of(estimator):
    units = [int(size) for size in estimator._network.layer_units[1:-1]]
    return units, estimator._n_weights(), estimator.n_nonzero_


def _is_thin(coef):
    return (
        not sparse.issparse(coef) and np.count_nonzero(coef) <= _SPARSE_DENSITY * coef.size
    )


def as_dense(coef: np.ndarray | sparse.sparray) -> np.ndarray:
    """Return the weights of a layer as a dense array."""
    return checked_structure(coef, "coefs_").toarray() if sparse.issparse(coef) else coef
