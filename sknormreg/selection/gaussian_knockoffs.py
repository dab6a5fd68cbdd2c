"""Gaussian knockoffs: copies of the features that know nothing of the target."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from sklearn.covariance import ledoit_wolf

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

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The features.

    Attributes
    ----------
    mean : ndarray of shape (n_features,)

    scale : ndarray of shape (n_features,)
        Standard deviations; 0 for constant features, whose knockoffs are equal to them.

    correlation : ndarray of shape (n_features, n_features)
        The covariance of the standardised features.

    s : ndarray of shape (n_features,)
        The diagonal of S, for the standardised features.

    References
    ----------
    E. Candès, Y. Fan, L. Janson and J. Lv, "Panning for gold: 'model-X' knockoffs for high
    dimensional controlled variable selection", Journal of the Royal Statistical Society
    B 80, 2018.

    O. Ledoit and M. Wolf, "A well-conditioned estimator for large-dimensional covariance
    matrices", Journal of Multivariate Analysis 88, 2004.
    """

    def __init__(self, X: np.ndarray) -> None:
        X = np.asarray(X, dtype=np.float64)
        self.mean, self.scale = X.mean(axis=0), X.std(axis=0)
        self.scale[are_constant(X)] = 0
        self._X, self._standardized = X, self._standardize(X)
        covariance, _ = ledoit_wolf(self._standardized, assume_centered=True)
        # Constant features have no covariance with others: any variance will do.
        is_constant = np.flatnonzero(self.scale == 0)
        covariance[is_constant, is_constant] = 1
        # Of a few collinear samples the shrinkage is 0.
        covariance *= 1 - _LEAST_SHRINKAGE
        covariance.flat[:: len(covariance) + 1] += _LEAST_SHRINKAGE
        self.correlation = covariance
        self.s = minimum_variance_s(covariance)
        # S Sigma^-1, and a root of 2 S - S Sigma^-1 S.
        regression = cho_solve(cho_factor(covariance), np.diag(self.s)).T
        self._to_mean = regression
        residual = 2 * np.diag(self.s) - regression * self.s
        values, vectors = np.linalg.eigh((residual + residual.T) / 2)
        # Rounding makes the smallest ones negative where features are nearly collinear.
        self._root = vectors * np.sqrt(np.maximum(values, 0))

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
        noise = rng.standard_normal(Z.shape)
        drawn = Z - Z @ self._to_mean.T + noise @ self._root.T
        return np.where(self.scale > 0, self.mean + self.scale * drawn, self._X)


def are_constant(X: np.ndarray) -> np.ndarray:
    """Return the mask of the features that vary by rounding at most.

    Not by their variance, which the rounding of the mean leaves to constant features, too.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    """
    rounding = 10 * np.finfo(np.float64).eps * np.abs(X).max(axis=0)
    return np.ptp(X, axis=0) <= rounding


def minimum_variance_s(covariance: np.ndarray) -> np.ndarray:
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
    s = np.full(n_features, smallest)
    for _ in range(_MOST_SWEEPS):
        before = s.copy()
        # Anew in each sweep: the updates of rank one add up their rounding.
        inverse = np.linalg.inv(2 * covariance - np.diag(s))
        for j in range(n_features):
            column = inverse[:, j].copy()
            diagonal, norm = column[j], np.sqrt(column @ column)
            # Where the derivative by s_j, -1 / (s_j + change)^2 + (norm / (1 - change
            # diagonal))^2, is 0. Both denominators stay positive, as S and 2 Sigma - S do.
            change = (1 - s[j] * norm) / (diagonal + norm)
            s[j] += change
            inverse += np.outer(column, column * (change / (1 - change * diagonal)))
        if np.all(np.abs(s - before) <= _TOL * s):
            break
    return s
