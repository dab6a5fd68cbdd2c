"""Prediction methods of fitted networks, for classifiers and regressors."""

from numbers import Integral
from typing import Any, Literal, overload

import numpy as np
from scipy import sparse
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import Tags, assert_all_finite, check_random_state, check_scalar
from sklearn.utils.validation import check_is_fitted

from ..engine import NumpyEngine, check_layers, checked_structure, make_engine
from ..fitted.mixin import FittedNetworkMixin, as_dense
from .mixed_labels import refuse_mixed_labels
from .regression_losses import checked_score, domain_of
from .targets import decided_codes
from .validation import validated


class NetworkPredictions(FittedNetworkMixin):
    """Mixin that computes raw outputs from `_network` and the fitted weights.

    Subclasses add `_decide`, which turns raw outputs, possibly in place, into encoded
    predictions.
    """

    def _raw_predict(self, X):
        """Compute the raw outputs, of shape (n_samples, n_outputs_)."""
        return self._raw_outputs(self._checked(X))

    def _checked(self, X):
        """Return X as the network takes it."""
        check_is_fitted(self)
        if self._needs_no_conversion(X):
            # For a single sample, validate_data takes longer than the network.
            assert_all_finite(X, input_name="X", estimator_name=type(self).__name__)
        else:
            X = validated(self, X, reset=False)
        return X

    def _raw_outputs(self, X):
        network, weights = self._network, self._weights()
        check_layers(network, weights, self.intercepts_)
        if X.shape[1] != network.layer_units[0]:
            raise ValueError(
                f"X has {X.shape[1]} features, but the fitted network expects "
                f"{network.layer_units[0]}."
            )
        # SciPy multiplies by sparse weights.
        make = NumpyEngine if self._has_sparse_weights() else make_engine
        return make(network).raw_predict(weights, self.intercepts_, X)

    def _needs_no_conversion(self, X):
        """Whether `validated` would do nothing but look for non-finite values."""
        return (
            type(X) is np.ndarray
            and X.dtype in (np.float64, np.float32)
            and X.flags.c_contiguous
            and X.flags.aligned
            and X.shape[1:] == (self.n_features_in_,)
            and len(X) > 0
            and not hasattr(self, "feature_names_in_")
        )

    def __sklearn_is_fitted__(self) -> bool:
        # Attributes of the data are set before training and stay if training fails.
        return hasattr(self, "coefs_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.sparse = True
        return tags


class ClassifierPredictions(ClassifierMixin, NetworkPredictions):
    """Mixin that predicts classes and their probabilities.

    It reads `classes_`, `_multilabel` and `_sparse_labels`.
    """

    classes_: np.ndarray

    def _raw_outputs(self, X):
        """Compute logits, the weights integrated out where there is a posterior."""
        raw = super()._raw_outputs(X)
        posterior = getattr(self, "_posterior", None)
        # compact() leaves the most probable network alone.
        if posterior is None or posterior.layer_units != self._network.layer_units:
            return raw
        coefs = [as_dense(coef) for coef in self.coefs_]
        return posterior.marginal(raw, self._network, coefs, self.intercepts_, X)

    def _decide(self, raw, loss):
        return decided_codes(raw, self._multilabel)

    def predict(self, X: Any) -> np.ndarray | sparse.csr_matrix:
        """Predict class labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The predicted classes. For multilabel targets, a label indicator matrix, which
            is sparse if the one passed to `fit` was.
        """
        raw = self._raw_predict(X)
        n_classes = raw.shape[1] if self._multilabel else max(raw.shape[1], 2)
        if getattr(self.classes_, "shape", None) != (n_classes,):
            raise ValueError(
                f"classes_ must hold the {n_classes} classes of the fit, got "
                f"{self.classes_!r}."
            )
        decided = self._decide(raw, self._network.loss)
        if self._multilabel:
            return sparse.csr_matrix(decided) if self._sparse_labels else decided
        return self.classes_[decided.ravel()]

    def decision_function(self, X: Any) -> np.ndarray:
        """Compute the raw outputs of the network, before the output activation.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes, the log odds of ``classes_[1]``; for more classes, the logits;
            for multilabel targets, the log odds of each label.
        """
        raw = self._raw_predict(X)
        return raw.ravel() if raw.shape[1] == 1 else raw

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict class probabilities.

        After a fit with ``alpha="evidence"`` and ``store_posterior=True``, the weights may
        be integrated out.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            Probability of each class, in the order of `classes_`, or of each label.
        """
        raw = self._raw_per_class(X)
        self._network.loss.inverse_link(raw)
        return raw

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Predict log-probabilities, accurate even if probabilities round to 0 or 1.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes)
            Log-probability of each class, in the order of `classes_`, or of each label.
        """
        raw = self._raw_per_class(X)
        loss: Any = self._network.loss  # of a classifier
        loss.log_inverse_link(raw)
        return raw

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy on the given data.

        For multilabel targets, this is the subset accuracy: the fraction of samples for
        which every label is predicted correctly.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            The true classes, or a label indicator matrix.

        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.

        Returns
        -------
        score : float
            Mean accuracy of ``self.predict(X)`` with respect to `y`.
        """
        refuse_mixed_labels(y)
        return super().score(X, checked_structure(y, "y"), sample_weight)

    def _raw_per_class(self, X):
        """Compute raw outputs with one column per class, for two classes as well."""
        raw = self._raw_predict(X)
        return raw if self._multilabel or raw.shape[1] > 1 else np.hstack([-raw, raw])

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class RegressorPredictions(RegressorMixin, NetworkPredictions):
    """Mixin that predicts target values: expected values, medians or other quantiles."""

    def _decide(self, raw, loss):
        loss.inverse_link(raw)
        return raw

    @overload
    def predict(self, X: Any, return_std: Literal[False] = False) -> np.ndarray: ...

    @overload
    def predict(
        self, X: Any, return_std: Literal[True]
    ) -> tuple[np.ndarray, np.ndarray]: ...

    def predict(
        self, X: Any, return_std: bool = False
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Predict target values.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        return_std : bool, default=False
            Whether to also return the standard deviation of the targets around the
            predicted values, which accounts for noise and for the posterior uncertainty of
            weights and intercepts. Only available after a fit with ``alpha="evidence"``
            and ``store_posterior=True``.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predicted values; or quantiles, (n_samples, n_quantiles), if `quantile` is a
            list: they increase along each row.

        std : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Standard deviations of the targets. Only returned if ``return_std=True``.

        Raises
        ------
        ValueError
            If `return_std` is True, but the posterior is not available.
        """
        # The loss of the fit: `set_params` changes the next one only.
        predicted = self._decide(self._raw_predict(X), self._network.loss)
        n_columns = predicted.shape[1]
        several = self._network.loss.outputs_of_target is not None
        predicted = predicted if several or n_columns > 1 else predicted.ravel()
        if not return_std:
            return predicted
        std = self._of_posterior("return_std=True", "standard_deviation", X)
        std = std.astype(predicted.dtype, copy=False)
        return predicted, std.ravel() if n_columns == 1 else std

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of the variance, or of the deviance, that predictions explain.

        It is R^2, the coefficient of determination, after a fit with the squared error or
        the Huber loss. With other losses it is D^2, the share of the loss of the best
        constant prediction that predictions do without, as
        :func:`~sklearn.metrics.d2_tweedie_score` has it for "poisson", "gamma" and
        "tweedie", and :func:`~sklearn.metrics.d2_pinball_score` for "quantile" and
        "absolute_error". Of several outputs it is the mean. 1 is the best, and a constant
        prediction has 0 at most.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The true values.

        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.

        Returns
        -------
        score : float
            R^2 or D^2 of ``self.predict(X)``. For constant targets it is 1 if they are
            predicted exactly, and 0 otherwise.

        Raises
        ------
        ValueError
            If some of `y` are not among the targets that the loss is for.
        """
        check_is_fitted(self)
        loss = self._network.loss
        if not loss.scored_by_deviance:
            return super().score(X, y, sample_weight)
        raw = self._raw_predict(X)
        return checked_score(loss, y, raw.astype(np.float64), sample_weight)

    def sample_y(self, X: Any, n_samples: int = 1, random_state: Any = 0) -> np.ndarray:
        """Draw targets from their predictive distribution, as Gaussian processes do.

        Only available after a fit with ``alpha="evidence"`` and ``store_posterior=True``.
        A draw has one network for all samples, from the posterior of weights and
        intercepts, of which outputs are taken as linear functions, and independent noise.
        Its mean is that of `predict`, its standard deviation that of
        ``predict(return_std=True)``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples_X, n_features)
            The input data.

        n_samples : int, default=1
            Number of draws.

        random_state : int, RandomState instance or None, default=0
            Seed of the draws.

        Returns
        -------
        y_samples : ndarray of shape (n_samples_X, n_samples) or \
                (n_samples_X, n_outputs, n_samples)
            The targets of each draw.

        Raises
        ------
        ValueError
            If the posterior is not available.
        """
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
        raw = self._raw_predict(X)
        deviations = self._of_posterior(
            "sample_y", "deviations", X, n_samples, check_random_state(random_state)
        )
        drawn = (raw[:, :, None] + deviations).astype(raw.dtype, copy=False)
        return drawn[:, 0] if raw.shape[1] == 1 else drawn

    def _of_posterior(self, asked, method, X, *arguments):
        """Ask the posterior for what needs it; say why there is none."""
        posterior = getattr(self, "_posterior", None)
        required = f"{asked} requires the posterior of the weights, "
        if posterior is None and hasattr(self, "noise_variance_"):
            raise ValueError(
                f"{required}which a fit with store_posterior=False does not keep. Set "
                "store_posterior=True and fit again."
            )
        if posterior is None:
            raise ValueError(
                f"{required}but this {type(self).__name__} was not fitted with "
                "alpha='evidence'. Set it and fit again."
            )
        if posterior.layer_units != self._network.layer_units:
            raise ValueError(
                f"{required}but compact() has removed units that it includes. Use the "
                "estimator on which compact() was called."
            )
        X = validated(self, X, reset=False)
        coefs = [as_dense(coef) for coef in self.coefs_]
        compute = getattr(posterior, method)
        return compute(self._network, coefs, self.intercepts_, X, *arguments)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = domain_of(self) is not None
        return tags
