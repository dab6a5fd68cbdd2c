"""Prediction intervals and prediction sets with coverage, from the networks of folds."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.utils import check_random_state, gen_batches
from sklearn.utils.validation import check_is_fitted

from .ensemble import EnsembleMixin
from .scoring import Fold

# Masses of classes that are nearer to each other count as equal. Those of networks that
# predict a constant are, but for their last digits.
_TIE = 1e-6


def calibration(estimators: Sequence[Any], folds: Sequence[Fold]) -> dict[str, Any] | None:
    """Return what intervals and sets need of the samples that the folds hold out.

    Parameters
    ----------
    estimators : list of estimators
        The fitted network of each fold.

    folds : list of Fold

    Returns
    -------
    calibration : dict or None
        "scores", "weights" : lists of ndarray
            Of the samples of each fold: those of `residuals` or `masses`; the sample
            weights.
        "overlap" : bool
            Whether some sample is held out by several folds.

        None for multilabel targets.
    """
    if getattr(estimators[0], "_multilabel", False):
        return None
    score = _masses if hasattr(estimators[0], "classes_") else _residuals
    rows = np.concatenate([fold.test for fold in folds])
    return {
        "scores": [score(*pair) for pair in zip(estimators, folds)],
        "weights": [_weights_of(fold) for fold in folds],
        "overlap": len(np.unique(rows)) < len(rows),
    }


def _weights_of(fold):
    weights = fold.test_weight
    return None if weights is None else np.asarray(weights, dtype=np.float64)


def _residuals(estimator, fold):
    """Return absolute residuals of held-out samples, of shape (n_samples, n_outputs)."""
    y = fold.data.y[fold.test].astype(np.float64)
    predicted = estimator.predict(fold.X_test).astype(np.float64)
    return np.abs(y - predicted.reshape(y.shape))


def _masses(estimator, fold):
    """Return two masses of the true class of held-out samples: ahead of it, and its own."""
    proba = estimator.predict_proba(fold.X_test).astype(np.float64)
    codes = fold.data.y[fold.test].astype(np.intp).reshape(-1, 1)
    both = [np.take_along_axis(mass, codes, 1) for mass in (mass_ahead(proba), proba)]
    return np.hstack(both)


def mass_ahead(proba: np.ndarray) -> np.ndarray:
    """Return for each class the probability of all classes that are more probable.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, n_classes)

    Returns
    -------
    ahead : ndarray of shape (n_samples, n_classes)
        Exactly 0 for the most probable class.
    """
    order = np.argsort(-proba, axis=1, kind="stable")
    ordered = np.take_along_axis(proba, order, 1)
    before = np.zeros_like(ordered)
    np.cumsum(ordered[:, :-1], axis=1, out=before[:, 1:])
    # Classes of equal probability have the same ahead of them.
    before[:, 1:][np.diff(ordered, axis=1) == 0] = 0
    np.maximum.accumulate(before, axis=1, out=before)
    ahead = np.empty_like(before)
    np.put_along_axis(ahead, order, before, 1)
    return ahead


class _Calibrated(EnsembleMixin):
    """Mixin with what intervals and sets share."""

    _calibration: dict[str, Any] | None

    def _calibration_of(self, method, coverage):
        """Return scores and weights of the samples of each fold, after all checks."""
        check_is_fitted(self)
        if (
            isinstance(coverage, bool)
            or not isinstance(coverage, Real)
            or not 0 < coverage < 1  # type: ignore[operator]
        ):
            raise ValueError(
                "coverage must be a number above 0 and below 1, such as 0.9 for 90%, got "
                f"{coverage!r}."
            )
        if not self._is_ensemble:
            raise ValueError(
                f"{method} needs the networks of the folds, which this "
                f"{type(self).__name__} was fitted without. Set ensemble=True and fit "
                "again."
            )
        if self._calibration is None:
            raise ValueError(
                f"{method} is for targets of one class for each sample, but this "
                f"{type(self).__name__} was fitted to multilabel targets. Fit a classifier "
                "for each label."
            )
        if self._calibration["overlap"]:
            raise ValueError(
                f"{method} needs folds that hold out no sample more than once, which those "
                "of the fit do not: repeated and random splits overlap. Set cv to a number "
                "of folds or to a splitter such as KFold(5, shuffle=True), and fit again."
            )
        return self._calibration["scores"], self._calibration["weights"]

    def _outputs_of_folds(self, X):
        """Yield the raw outputs of the network of each fold, in double precision."""
        X = self._checked(X)
        for member in self.estimators_[:-1]:
            yield member._raw_outputs(X).astype(np.float64)


class IntervalMixin(_Calibrated):
    """Mixin that predicts intervals, for regressors."""

    def predict_interval(self, X: Any, coverage: float = 0.9) -> np.ndarray:
        r"""Predict intervals that cover a given share of the targets.

        Only available after a fit with ``ensemble=True``. The intervals are those of CV+
        (Barber et al., 2021, section 3): from the networks of the folds and the absolute
        residuals of the samples that each of them was not fitted to. If n samples are held
        out in K folds, new targets that come from the same distribution lie in their
        interval with a probability of at least

        .. math:: 1 - 2 (1 - c) - \min\left(\frac{2 (1 - 1 / K)}{n / K + 1},
            \frac{1 - K / n}{K + 1}\right)

        for any data and any network, where c is `coverage`; usually with a probability
        of about c (their theorem 4). The choice of alpha by the same folds is not
        accounted for. An interval is about as wide everywhere: it covers too much where
        there is less noise than elsewhere, and too little where there is more.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        coverage : float, default=0.9
            Share of the targets to cover, strictly between 0 and 1; of each output by
            itself, if there are several.

        Returns
        -------
        intervals : ndarray of shape (n_samples, 2) or (n_samples, 2, n_outputs)
            Lower and upper ends. They are infinite if fewer than
            ``coverage / (1 - coverage)`` samples are held out. With the losses "poisson",
            "gamma" and "tweedie", no end is below 0.

        Raises
        ------
        ValueError
            If `coverage` is not between 0 and 1, after a fit with ``ensemble=False``, or if
            a sample is held out by several folds, as in repeated cross-validation. Samples
            that no fold holds out do not count.

        Notes
        -----
        With sample weights, the quantiles are weighted, and a new sample counts as one of
        average weight, as in weighted conformal prediction (Tibshirani et al., 2019). The
        intervals then cover a share of the weight. Samples of weight 0 do not count.

        References
        ----------
        R. F. Barber, E. J. Candès, A. Ramdas and R. J. Tibshirani, "Predictive inference
        with the jackknife+", Annals of Statistics 49, 2021.

        R. J. Tibshirani, R. F. Barber, E. J. Candès and A. Ramdas, "Conformal prediction
        under covariate shift", Advances in Neural Information Processing Systems 32, 2019.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sklearn.preprocessing import scale
        >>> from sknormreg import RegularizedMLPRegressorCV
        >>> X, y = load_diabetes(return_X_y=True)
        >>> mlp = RegularizedMLPRegressorCV((5,), ensemble=True, random_state=0)
        >>> intervals = mlp.fit(scale(X[:350]), y[:350]).predict_interval(scale(X[350:]))
        >>> intervals.shape
        (92, 2)
        """
        if self._network.loss.outputs_of_target:
            raise ValueError(
                "predict_interval is for a loss with one prediction of each target, but "
                f"this {type(self).__name__} predicts several quantiles: an interval is "
                "what lies between two of them."
            )
        residuals, weights = self._calibration_of("predict_interval", coverage)
        predicted = []
        for raw in self._outputs_of_folds(X):
            self._network.loss.inverse_link(raw)
            predicted.append(raw)
        n_samples, n_outputs = predicted[0].shape
        joined = None if weights[0] is None else np.concatenate(weights)
        intervals = np.empty((n_samples, 2, n_outputs))
        for rows in gen_batches(n_samples, _n_rows_at_once(residuals)):
            for j in range(n_outputs):
                centres = [values[rows, j, None] for values in predicted]
                widths = [values[:, j] for values in residuals]
                intervals[rows, :, j] = _cv_plus(centres, widths, joined, coverage)
        if self.out_activation_ == "exp":
            np.maximum(intervals, 0, out=intervals)
        return intervals[:, :, 0] if n_outputs == 1 else intervals


class PredictionSetMixin(_Calibrated):
    """Mixin that predicts sets of classes, for classifiers."""

    classes_: np.ndarray

    def predict_set(
        self, X: Any, coverage: float = 0.9, random_state: Any = None
    ) -> np.ndarray:
        """Predict sets of classes that contain the true one for a share of the samples.

        Only available after a fit with ``ensemble=True``. The sets are the adaptive ones of
        Romano, Sesia and Candès (2020) with CV+ (their algorithm 2): of the classes in the
        order of their probability, as many as were needed to reach the true class of the
        samples that each network was not fitted to. If these come from the same
        distribution as new samples, a set contains the true class with a probability of at
        least about ``2 * coverage - 1`` for any data and any network, usually with a
        probability of about `coverage` or more. The choice of alpha by the same folds is
        not accounted for.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        coverage : float, default=0.9
            Share of the samples whose set is to contain the true class, strictly between 0
            and 1.

        random_state : int, RandomState instance or None, default=None
            If None, nothing is drawn, and the class that all networks find the most
            probable is in every set: if it is the true one in more than a share `coverage`
            of the samples, the sets contain the true class as often as that. Otherwise it
            is drawn, as in the article, whether the last class of a set is left out: the
            coverage is then closer to the one asked for, but sets may be empty.

        Returns
        -------
        sets : ndarray of bool of shape (n_samples, n_classes)
            Whether a class is in the set of a sample, in the order of `classes_`.

        Raises
        ------
        ValueError
            If `coverage` is not between 0 and 1, after a fit with ``ensemble=False``, for
            multilabel targets, or if a sample is held out by several folds, as in repeated
            cross-validation. Samples that no fold holds out do not count.

        Notes
        -----
        The score of a class is the probability of all classes ahead of it. Drawn sets add
        the class's own probability times a uniform random number. Classes are in all sets
        if fewer than ``coverage / (1 - coverage)`` samples are held out. Sample weights
        count as in `RegularizedMLPRegressorCV.predict_interval`; class weights matter to
        the networks only.

        References
        ----------
        Y. Romano, M. Sesia and E. J. Candès, "Classification with valid and adaptive
        coverage", Advances in Neural Information Processing Systems 33, 2020.

        Examples
        --------
        >>> from sklearn.datasets import load_wine
        >>> from sklearn.preprocessing import scale
        >>> from sknormreg import RegularizedMLPClassifierCV
        >>> X, y = load_wine(return_X_y=True)
        >>> X = scale(X)[:, :2]
        >>> mlp = RegularizedMLPClassifierCV(
        ...     (5,), scoring="neg_log_loss", ensemble=True, random_state=0
        ... ).fit(X, y)
        >>> mlp.predict_set(X[:1])
        array([[ True, False, False]])
        """
        masses, weights = self._calibration_of("predict_set", coverage)
        rng = None if random_state is None else check_random_state(random_state)
        below: Any = 0.0
        shares: Any = None
        for raw, mass, weight in zip(self._outputs_of_folds(X), masses, weights):
            if shares is None:
                # The same for all networks and classes.
                shares = _drawn_shares(rng, (len(raw), 1))
            scores = mass[:, 0] + _drawn_shares(rng, len(mass)) * mass[:, 1]
            below = below + _weight_below(scores, weight, self._set_scores(raw, shares))
        joined = None if weights[0] is None else np.concatenate(weights)
        return below < _needed(joined, sum(map(len, masses)), coverage)

    def _set_scores(self, raw, shares):
        """Return the scores of all classes, from the raw outputs of a network."""
        proba = raw if raw.shape[1] > 1 else np.hstack([-raw, raw])
        self._network.loss.inverse_link(proba)
        return mass_ahead(proba) + shares * proba


def _drawn_shares(rng, shape):
    """Return 1 - u of APS's score E(x, y, u); 0 where nothing is drawn."""
    return np.zeros(shape) if rng is None else rng.uniform(size=shape)


def _n_rows_at_once(scores):
    """Return how many rows of all scores, with two copies, fit the working memory."""
    n_bytes = 3 * 8 * sum(map(len, scores))
    return max(1, int(get_config()["working_memory"] * 2**20 / n_bytes))


def _weight_below(scores, weights, values):
    """Return the number of scores, or their weight, that are below each value."""
    order = np.argsort(scores)
    if weights is None:
        weights = np.ones(len(scores))
    sums = np.concatenate([[0.0], np.cumsum(weights[order])])
    return sums[np.searchsorted(scores[order], values - _TIE)]


def _needed(weights, n_scores, coverage):
    """Return the weight of scores that make up a share of all and of one new sample.

    A product that is a whole number in exact arithmetic may be slightly above it.
    """
    if weights is None:
        total = n_scores + 1.0
    else:
        total = weights.sum() + weights.sum() / max(np.count_nonzero(weights), 1)
    return float(coverage) * total - 1e-10 * total


def _cv_plus(centres, widths, weights, coverage):
    """Return lower and upper ends, of shape (n_samples, 2)."""
    ends = [
        _quantile([sign * c + w for c, w in zip(centres, widths)], weights, coverage)
        for sign in (-1, 1)
    ]
    # At small coverages the lower end can be the larger one.
    return np.sort(np.column_stack([-ends[0], ends[1]]), axis=1)


def _quantile(parts, weights, coverage):
    """Return in each row the least value that is not below the needed weight of values."""
    values = np.hstack(parts)
    n_values = values.shape[1]
    needed = _needed(weights, n_values, coverage)
    if weights is None:
        rank = int(np.ceil(needed))
        if rank > n_values:
            return np.full(len(values), np.inf)
        return np.partition(values, rank - 1, axis=1)[:, rank - 1]
    order = np.argsort(values, axis=1)
    sums = np.cumsum(weights[order], axis=1)
    place = (sums < needed).sum(axis=1)
    ordered = np.take_along_axis(values, order, 1)
    padded = np.column_stack([ordered, np.full(len(values), np.inf)])
    return padded[np.arange(len(values)), place]
