"""A penalty with a factor for each feature: free, forced and reweighted features."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, Self

import numpy as np

from .._names import did_you_mean
from .._prox_terms import RowSum
from .base import Layout, Penalty, PiecewiseSmoothPenalty, not_bound
from .group import GroupPenalty
from .inner import ChangedPenalty
from .row_groups import RowGroups, resolve_groups

# Stands for an infinite factor: even the smallest alpha of a grid makes the weights zero,
# and products with the largest ones are finite in single precision.
_EXCLUDED = 1e20

Factors = Sequence[float] | np.ndarray | Mapping[str | int, float]


class Weighted(ChangedPenalty, PiecewiseSmoothPenalty):
    r"""Penalty with a factor for each feature.

    .. math:: \Omega(W) = \sum_j f_j \, \Omega_j(W_j)

    where :math:`f_j` is an entry of `penalty_factor` and :math:`\Omega_j(W_j)` the term of
    the inner penalty that concerns :math:`W_j`, the weights of feature j, or of a group of
    features. Factors are those of glmnet's ``penalty.factor`` (Friedman et al., 2010), but
    they are not rescaled to a mean of 1: alpha times the factor is the alpha of a feature.

    It can only be the penalty of the first layer, or of all layers; later layers then have
    the inner penalty, without factors.

    Parameters
    ----------
    penalty : Penalty
        Inner penalty: L1, L2, elastic net, MCP, SCAD, or a penalty of groups. A subclass of
        `Penalty` of your own can be one, if it implements `row_values`.

    penalty_factor : array-like of shape (n_features,) or dict
        Factors. 0 leaves a feature without a penalty, so that it is never removed; 2
        penalises it twice as much; `numpy.inf` excludes it from the network at every
        positive alpha. A dict maps names or indices of features to their factors; the other
        features have factor 1. Features of a group have the same factor.

    See Also
    --------
    reweighted : A penalty with factors from a first fit.

    Notes
    -----
    A network with free features never gets empty. The grid of alphas that a search finds
    then ends where all penalised features are removed.

    References
    ----------
    J. Friedman, T. Hastie and R. Tibshirani, "Regularization Paths for Generalized Linear
    Models via Coordinate Descent", Journal of Statistical Software 33, 2010, section 2.6.

    Examples
    --------
    Keep the first feature, however large alpha is:

    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from sknormreg import RegularizedMLPClassifier
    >>> from sknormreg.penalties import GroupLasso, Weighted
    >>> X, y = load_iris(return_X_y=True)
    >>> penalty = Weighted(GroupLasso(features_only=True), {0: 0})
    >>> model = RegularizedMLPClassifier((10,), penalty=penalty, alpha=20, random_state=0)
    >>> model.fit(scale(X), y).selected_features_
    array([ True, False, False, False])
    """

    first_layer_only = True

    # The factors of the rows of the layer, and which of these are infinite; set by `bind`.
    _factors: np.ndarray | None = None
    _excluded: Any = None

    def __init__(self, penalty: Penalty, penalty_factor: Factors) -> None:
        self.penalty = penalty
        self.penalty_factor = penalty_factor

    # Parameters

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of the penalty.

        Parameters
        ----------
        deep : bool, default=True
            Whether to return those of the inner penalty, too, as ``penalty__...``.

        Returns
        -------
        params : dict
            Parameter values by name.
        """
        params = super().get_params()
        if deep and isinstance(self.penalty, Penalty):
            inner = self.penalty.get_params()
            params |= {f"penalty__{name}": value for name, value in inner.items()}
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters of the penalty.

        Parameters
        ----------
        **params : dict
            Parameter values by name; those of the inner penalty as ``penalty__...``.

        Returns
        -------
        self : Weighted
            The penalty itself.

        Raises
        ------
        ValueError
            If there is no parameter of a given name.
        """
        prefix = "penalty__"
        own = {k: value for k, value in params.items() if not k.startswith(prefix)}
        super().set_params(**own)
        inner = {k[len(prefix) :]: params[k] for k in params if k not in own}
        if inner:
            self.penalty.set_params(**inner)
        return self

    @property
    def smooth(self) -> bool:
        return self._checked().smooth

    @property
    def is_absolute(self) -> bool:  # type: ignore[override]
        """Whether the inner penalty depends on absolute weights only."""
        return self.penalty.is_absolute

    # Binding

    def bind(self, layout: Layout) -> list[Penalty]:
        first, *others = self._checked().bind(layout)
        if first.row_values(np.zeros(layout.shapes[0])) is None:
            raise self._refusal()
        names = layout.feature_names
        factors = _resolved(self.penalty_factor, layout.shapes[0][0], names)
        self._check_groups(factors, names)
        if self.smooth and np.isinf(factors).any():
            raise ValueError(
                f"penalty_factor is infinite for a feature, but {self.penalty} makes no "
                "weights zero: remove the feature from X."
            )
        return [self._bound_to(first, factors, np.isinf(factors)), *others]

    def _checked(self):
        """Return the inner penalty if it can have factors, as far as its class tells."""
        if isinstance(self.penalty, PiecewiseSmoothPenalty):
            return self.penalty
        if isinstance(self.penalty, Penalty):
            raise self._refusal()
        raise ValueError(
            "The penalty within Weighted must be an instance of Penalty, such as L1() or "
            f"GroupLasso(), got {self.penalty!r}."
        )

    def _refusal(self):
        return ValueError(
            f"Weighted cannot give factors to the terms of {self.penalty}, which is not "
            "known to be a sum over features. Its penalty must be L1, L2, ElasticNet, MCP, "
            "SCAD, GroupLasso, SparseGroupLasso, GroupMCP, GroupSCAD, or one of your own "
            "that implements row_values."
        )

    def _check_groups(self, factors, feature_names):
        """Raise a ValueError unless the features of every group have one factor."""
        groups = getattr(self.penalty, "groups", None)
        if groups is None or not isinstance(self.penalty, GroupPenalty):
            return
        names = self.penalty.names_of_groups(len(factors), feature_names)
        for group in dict.fromkeys(name for name in names if name is not None):
            found = sorted({float(f) for f, name in zip(factors, names) if name == group})
            if len(found) > 1:
                raise ValueError(
                    f"penalty_factor is {', '.join(map(str, found))} for features of the "
                    f"group {group!r}: features of a group vanish together and must have "
                    "the same factor."
                )

    def _bound_to(self, penalty, factors, excluded):
        bound = copy.copy(self)
        bound.penalty, bound._excluded = penalty, excluded
        bound._factors = np.minimum(factors, _EXCLUDED)
        return bound

    @property
    def _bound_factors(self):
        if self._factors is None:
            raise not_bound(self)
        return self._factors

    def _times(self, number, dtype):
        """Return a step or a strength for each row, or weight, times its factor."""
        if np.ndim(number):
            return number * self._bound_factors[:, None].astype(dtype)
        return (number * self._bound_factors)[:, None].astype(dtype)

    @property
    def free_rows(self) -> np.ndarray:
        """Mask of the features without a penalty, shape (fan_in,)."""
        return self._bound_factors == 0

    def restricted(self, rows: np.ndarray, fan_out: int) -> Penalty | None:
        part = self.penalty.restricted(rows, fan_out)
        if part is None:
            return None
        return self._bound_to(part, self._bound_factors[rows], self._excluded[rows])

    @property
    def _prox_terms(self):
        terms = self.penalty._prox_terms
        if not isinstance(terms, RowSum):
            return None
        return replace(terms, factors=self._bound_factors)

    # The penalty

    def value(self, weights: np.ndarray) -> float:
        return float(self.penalty.row_values(weights) @ self._bound_factors)

    def prox(self, weights: np.ndarray, step: float | np.ndarray) -> np.ndarray:
        # A step of 0 would be the same, but makes quotients of 0.
        free = self.free_rows[:, None]
        step = np.where(free, 1, self._times(step, weights.dtype)).astype(weights.dtype)
        return np.where(free, weights, self.penalty.prox(weights, step))

    def feasible(self, weights: np.ndarray, factor: float | np.ndarray = 1.0) -> np.ndarray:
        # The weights of excluded features would make the objective enormous at the start.
        return np.where(self._excluded[:, None], 0, weights).astype(weights.dtype)

    def min_norm_subgradient(
        self, weights: np.ndarray, gradient: np.ndarray, strength: float
    ) -> np.ndarray:
        strengths: Any = self._times(strength, weights.dtype)
        return self.penalty.min_norm_subgradient(weights, gradient, strengths)

    def solve_curvature(
        self, weights: np.ndarray, vector: np.ndarray, shift: float, strength: float
    ) -> np.ndarray:
        strengths: Any = self._times(strength, np.float64)
        return self.penalty.solve_curvature(weights, vector, shift, strengths)

    def at_kink(self, weights: np.ndarray) -> np.ndarray:
        return self.penalty.at_kink(weights) & ~self.free_rows[:, None]

    def project(self, weights: np.ndarray, reference: np.ndarray) -> None:
        free = weights[self.free_rows]
        self.penalty.project(weights, reference)
        weights[self.free_rows] = free


def reweighted(penalty: Penalty, fitted: Any, gamma: float = 1.0) -> Weighted:
    r"""Return a penalty with factors from a first fit: the adaptive lasso and the like.

    The factor of feature j is

    .. math:: f_j = \| \hat{W}_j \|_2^{-\gamma}

    with :math:`\hat{W}_j` its weights in the first fit (Zou, 2006, eq. 4, for single
    weights; Wang and Leng, 2008, for groups). For a group of features it is the root mean
    square of their norms. Features that the first fit has removed have an infinite factor
    and stay out. Large weights are then shrunk less than small ones, so that the second fit
    removes more features at the same accuracy.

    Parameters
    ----------
    penalty : L1, ElasticNet, MCP, SCAD, GroupLasso, SparseGroupLasso, GroupMCP or GroupSCAD
        Penalty of the second fit, as `Weighted` takes it.

    fitted : estimator or array-like of shape (n_features, n_units)
        First fit, or the weights of its features. With a skip connection, its weights count
        as those of further units.

    gamma : float, default=1.0
        Exponent, more than 0.

    Returns
    -------
    penalty : Weighted
        The penalty with these factors.

    Raises
    ------
    ValueError
        If `penalty` is not an instance of a penalty, if `gamma` is not a positive number,
        if the weights are not finite, or if all of them are 0.

    References
    ----------
    H. Zou, "The Adaptive Lasso and Its Oracle Properties", Journal of the American
    Statistical Association 101, 2006.

    H. Wang and C. Leng, "A note on adaptive group lasso", Computational Statistics & Data
    Analysis 52, 2008.

    Examples
    --------
    >>> from sknormreg.penalties import GroupLasso, reweighted
    >>> penalty = reweighted(GroupLasso(), [[3.0, 4.0], [0.0, 0.1], [0.0, 0.0]])
    >>> penalty.penalty_factor
    array([ 0.2, 10. ,  inf])
    """
    if not isinstance(penalty, Penalty):
        raise ValueError(
            "penalty must be an instance of Penalty, such as L1() or GroupLasso(), got "
            f"{penalty!r}."
        )
    if not isinstance(gamma, Real) or isinstance(gamma, bool) or not 0 < gamma < np.inf:
        raise ValueError(f"gamma must be a number more than 0, got {gamma!r}.")
    weights = _first_weights(fitted)
    rows, groups = RowGroups(), getattr(penalty, "groups", None)
    if groups is not None:
        names = getattr(fitted, "feature_names_in_", None)
        rows = resolve_groups(groups, len(weights), names)
    n_rows = rows.sums(np.ones(len(weights)))
    norms = rows.spread(rows.norms(weights) / np.sqrt(n_rows))[:, 0]
    if not norms.any():
        raise ValueError(
            "All weights of the first fit are 0, so that no feature would be left: fit it "
            "with a smaller alpha."
        )
    with np.errstate(divide="ignore", over="ignore"):
        return Weighted(penalty, norms ** -float(gamma))


def _first_weights(fitted):
    """Return the weights of the features, shape (n_features, n_units)."""
    coefs = getattr(fitted, "coefs_", None)
    if coefs is None and hasattr(fitted, "fit"):
        raise ValueError(f"The first fit {fitted!r} is not fitted: call fit first.")
    first = fitted if coefs is None else coefs[0]
    if hasattr(first, "toarray"):
        first = first.toarray()
    weights = np.asarray(first, dtype=np.float64)
    if weights.ndim != 2:
        raise ValueError(
            "The first fit must be a fitted estimator, or weights of shape (n_features, "
            f"n_units), got an array of shape {weights.shape}."
        )
    if hasattr(fitted, "skip_coef_"):
        weights = np.hstack([weights, fitted.skip_coef_])
    if not np.isfinite(weights).all():
        raise ValueError("The weights of the first fit must be finite.")
    return weights


def _resolved(given, n_features, feature_names):
    """Return the factors as an array of shape (n_features,)."""
    if isinstance(given, Mapping):
        factors = np.ones(n_features)
        keys: dict = {}
        for key, value in given.items():
            index = _index(key, n_features, feature_names)
            if index in keys:
                raise ValueError(
                    f"penalty_factor names the same feature twice, as {keys[index]!r} and "
                    f"as {key!r}: leave one out."
                )
            keys[index] = key
            factors[index] = _checked_factors(value, given, ndim=0)
    else:
        factors = _checked_factors(given, given)
        if factors.shape != (n_features,):
            raise ValueError(
                f"penalty_factor must have a number for each of the {n_features} features, "
                f"or be a dict of some of them, got an array of shape {factors.shape}."
            )
    penalised = factors > 0
    if not penalised.any() or np.isinf(factors).all():
        problem = "excludes all features" if penalised.any() else "is 0 for all features"
        raise ValueError(
            f"penalty_factor {problem}, so that there is nothing to choose from: set a "
            "positive, finite factor for some."
        )
    return factors


def _checked_factors(values, given, ndim=None):
    try:
        factors = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        factors = np.array(np.nan)
    # Comparisons with nan are false.
    if not (factors >= 0).all() or ndim not in (None, factors.ndim):
        raise ValueError(
            "penalty_factor must be an array or a dict of numbers of at least 0 "
            f"(numpy.inf excludes a feature), got {given!r}."
        )
    return factors


def _index(key, n_features, feature_names):
    """Return the position of a feature that is given by name or by index."""
    if isinstance(key, Integral) and not isinstance(key, bool):
        if 0 <= int(key) < n_features:
            return int(key)
        raise ValueError(
            f"penalty_factor has the feature index {key}, out of range for X with "
            f"{n_features} features, which are counted from 0."
        )
    if feature_names is None:
        raise ValueError(
            f"penalty_factor has the name {key!r}, but X has no feature names. Fit with a "
            "DataFrame, or use feature indices."
        )
    names = list(feature_names)
    if key not in names:
        raise ValueError(
            f"penalty_factor has the feature {key!r}, which is not in X."
            f"{did_you_mean(key, names)}"
        )
    return names.index(key)
