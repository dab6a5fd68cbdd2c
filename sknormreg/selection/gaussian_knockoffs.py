"""Gaussian knockoffs: copies of the features that know nothing of the target."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import brentq

from .covariance import mean_and_scale, sample_covariance, shrunk_covariance
from .group_coordinates import GroupCoordinates

# Sweeps over the coordinates at most, and the relative change of s that ends them.
_MOST_SWEEPS, _TOL = 50, 1e-4

# Weight of the identity in the covariance, at least.
_LEAST_SHRINKAGE = 1e-6


class GaussianKnockoffs:
    r"""Second-order knockoffs of features with an estimated mean and covariance.

    With the covariance :math:`\Sigma` and a diagonal matrix :math:`S` such that
    :math:`2 \Sigma - S` is positive definite, a knockoff of the sample :math:`x` is drawn
    from

    .. math::

        \tilde x \mid x \sim N \left( x - S \Sigma^{-1} (x - \mu), \;
                                      2 S - S \Sigma^{-1} S \right)

    (Candès et al., 2018), so that features and knockoffs have the joint covariance

    .. math::

        \begin{pmatrix} \Sigma & \Sigma - S \\ \Sigma - S & \Sigma \end{pmatrix}.

    The covariance is that of Ledoit and Wolf (2004) of the standardised features, which is
    positive definite for more features than samples, too. :math:`S` minimises the
    reconstructability of the features from all others and the knockoffs (see
    `minimum_variance_s`).

    With groups, only whole groups of features have to be interchangeable with their
    knockoffs, and S is block diagonal (Dai and Barber, 2016). Here
    :math:`S_g = \gamma_g \Sigma_{gg}`, with a number for each group that minimises the
    reconstructability of the `GroupCoordinates`. One number for all groups, the largest
    possible, is the equicorrelated construction of Dai and Barber; by it, two groups that
    are strongly correlated make knockoffs of all others nearly copies, too. A linear
    combination of the features of a group that is constant, such as the sum of one-hot
    columns, is the same constant for their knockoffs.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The features.

    sample_weight : ndarray of shape (n_samples,) or None, default=None
        Weights, all above 0, of the mean and of the covariance.

    labels : ndarray of int of shape (n_features,) or None, default=None
        The group of each feature; None for each on its own.

    Attributes
    ----------
    mean : ndarray of shape (n_features,)

    scale : ndarray of shape (n_features,)
        Standard deviations; 0 for constant features, whose knockoffs are equal to them.

    correlation : ndarray of shape (n_features, n_features)
        The covariance of the standardised features.

    s : ndarray of shape (n_coordinates,)
        The diagonal of S, for the standardised features or, with groups, for their
        coordinates.

    coordinates : GroupCoordinates or None
        None without groups.

    References
    ----------
    E. Candès, Y. Fan, L. Janson and J. Lv, "Panning for gold: 'model-X' knockoffs for high
    dimensional controlled variable selection", Journal of the Royal Statistical Society
    B 80, 2018.

    R. Dai and R. F. Barber, "The knockoff filter for FDR control in group-sparse and
    multitask regression", ICML 2016.

    O. Ledoit and M. Wolf, "A well-conditioned estimator for large-dimensional covariance
    matrices", Journal of Multivariate Analysis 88, 2004.
    """

    def __init__(
        self,
        X: np.ndarray,
        sample_weight: np.ndarray | None = None,
        labels: np.ndarray | None = None,
    ) -> None:
        X = np.asarray(X, dtype=np.float64)
        self.mean, self.scale = mean_and_scale(X, sample_weight)
        self.scale[are_constant(X)] = 0
        self._X, self._standardized = X, self._standardize(X)
        covariance = shrunk_covariance(self._standardized, sample_weight)
        # Constant features have no covariance with others: any variance will do.
        is_constant = np.flatnonzero(self.scale == 0)
        covariance[is_constant, is_constant] = 1
        # Of a few collinear samples the shrinkage is 0.
        covariance *= 1 - _LEAST_SHRINKAGE
        covariance.flat[:: len(covariance) + 1] += _LEAST_SHRINKAGE
        self.correlation = covariance
        self.coordinates = None
        if labels is not None:
            labels = labels.copy()
            labels[is_constant] = labels.max() + 1 + np.arange(len(is_constant))
            observed = sample_covariance(self._standardized, sample_weight)
            self.coordinates = GroupCoordinates(covariance, observed, labels)
            to, labels = self.coordinates.to, self.coordinates.labels
            covariance = to.T @ covariance @ to
        self.s = minimum_variance_s(covariance, labels)
        # S Sigma^-1, and a root of 2 S - S Sigma^-1 S.
        regression = cho_solve(cho_factor(covariance), np.diag(self.s)).T
        self._to_mean = regression
        residual = 2 * np.diag(self.s) - regression * self.s
        values, vectors = np.linalg.eigh((residual + residual.T) / 2)
        # Rounding makes the smallest ones negative where features are nearly collinear.
        self._root = vectors * np.sqrt(np.maximum(values, 0))
        if self.coordinates is not None:
            # The symmetric root depends on rounding less, which decides on the signs of
            # eigenvectors where features are alike, as those of a category are.
            self._root = self._root @ vectors.T

    def _standardize(self, X):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.scale > 0, (X - self.mean) / self.scale, 0.0)

    def draw(self, rng: np.random.RandomState) -> np.ndarray:
        """Draw a knockoff of each sample.

        Parameters
        ----------
        rng : RandomState

        Returns
        -------
        knockoffs : ndarray of shape (n_samples, n_features)
        """
        Z = self._standardized
        if self.coordinates is None:
            drawn = self._drawn(Z, rng)
        else:
            before = Z @ self.coordinates.to
            drawn = Z + (self._drawn(before, rng) - before) @ self.coordinates.back.T
        return np.where(self.scale > 0, self.mean + self.scale * drawn, self._X)

    def _drawn(self, Z, rng):
        noise = rng.standard_normal(Z.shape)
        return Z - Z @ self._to_mean.T + noise @ self._root.T


def are_constant(X: np.ndarray) -> np.ndarray:
    """Return the mask of the features that vary by rounding at most.

    Not by their variance, which the rounding of the mean leaves to constant features, too.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    """
    rounding = 10 * np.finfo(np.float64).eps * np.abs(X).max(axis=0)
    return np.ptp(X, axis=0) <= rounding


def minimum_variance_s(
    covariance: np.ndarray, labels: np.ndarray | None = None
) -> np.ndarray:
    r"""Return the S of knockoffs with the minimum reconstructability of the features.

    It minimises :math:`\operatorname{tr} G_S^{-1}`, the sum of the inverse variances of
    each feature given all others and the knockoffs, where :math:`G_S` is the joint
    covariance. Its eigenvalues are those of :math:`S` and of :math:`2 \Sigma - S`, so that
    the sum is, up to a constant factor,

    .. math::

        \sum_j \frac{1}{s_j} + \operatorname{tr} (2 \Sigma - S)^{-1}.

    It is convex, and minimised here by coordinate descent (Spector and Janson, 2022).
    For strongly correlated features the power is higher than with the largest S (the
    semidefinite program), which makes :math:`2 \Sigma - S` singular.

    Parameters
    ----------
    covariance : ndarray of shape (n_features, n_features)
        Positive definite.

    labels : ndarray of int of shape (n_features,) or None, default=None
        Groups of features that have one s; None for each on its own.

    Returns
    -------
    s : ndarray of shape (n_features,)
        The diagonal of S.

    References
    ----------
    A. Spector and L. Janson, "Powerful knockoffs via minimizing reconstructability",
    Annals of Statistics 50, 2022.
    """
    n_features = len(covariance)
    smallest = np.linalg.eigvalsh(covariance)[0]
    if smallest <= 0:
        raise ValueError(
            "The covariance of the features must be positive definite, but its smallest "
            f"eigenvalue is {smallest:.3g}. Remove features that others determine."
        )
    labels = np.arange(n_features) if labels is None else labels
    groups = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    s = np.full(n_features, smallest)
    for _ in range(_MOST_SWEEPS):
        before = s.copy()
        # Anew in each sweep: the updates of low rank add up their rounding.
        inverse = np.linalg.inv(2 * covariance - np.diag(s))
        for group in groups:
            _improve(s, inverse, group)
        if np.all(np.abs(s - before) <= _TOL * s):
            break
    return s


def _improve(s, inverse, group):
    """Minimise by the s of a group; change s and the inverse of 2 Sigma - S in place."""
    if len(group) == 1:
        (j,) = group
        column = inverse[:, j].copy()
        diagonal, norm = column[j], np.sqrt(column @ column)
        # Where the derivative by s_j, -1 / (s_j + change)^2 + (norm / (1 - change
        # diagonal))^2, is 0. Both denominators stay positive, as S and 2 Sigma - S do.
        change = (1 - s[j] * norm) / (diagonal + norm)
        s[j] += change
        inverse += np.outer(column, column * (change / (1 - change * diagonal)))
        return
    # In the basis of eigenvectors of the block of the group, the derivative is a sum of
    # such terms, one for each eigenvalue.
    values, vectors = np.linalg.eigh(inverse[np.ix_(group, group)])
    columns = inverse[:, group] @ vectors
    norms = np.sqrt(np.einsum("ij,ij->j", columns, columns))
    change = _root_of_sum(s[group[0]], values, norms)
    s[group] += change
    inverse += (columns * (change / (1 - change * values))) @ columns.T


def _root_of_sum(s, values, norms):
    """Return the change at which the sum of the derivatives is 0.

    Each of them increases, so that the root is between those of the single terms, and
    below the poles of all.
    """

    def derivative(change):
        return np.sum((norms / (1 - change * values)) ** 2 - 1 / (s + change) ** 2)

    roots = (1 - s * norms) / (values + norms)
    low, high = roots.min(), min(roots.max(), (1 - 1e-9) / values.max())
    # Up to rounding, all terms may have the same root.
    if derivative(low) >= 0:
        return low
    if derivative(high) <= 0:
        return high
    return brentq(derivative, low, high, xtol=1e-9 * s)
