"""Mean, scale and shrunk covariance of weighted samples."""

import numpy as np
from sklearn.covariance import ledoit_wolf


def mean_and_scale(
    X: np.ndarray, sample_weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weighted means and standard deviations of the features.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)

    sample_weight : ndarray of shape (n_samples,) or None

    Returns
    -------
    mean, scale : ndarray of shape (n_features,)
    """
    if sample_weight is None:
        return X.mean(axis=0), X.std(axis=0)
    mean = np.average(X, axis=0, weights=sample_weight)
    return mean, np.sqrt(np.average((X - mean) ** 2, axis=0, weights=sample_weight))


def sample_covariance(Z: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
    """Return the covariance of centred features, exactly symmetric.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_features)

    sample_weight : ndarray of shape (n_samples,) or None
    """
    if sample_weight is None:
        return Z.T @ Z / len(Z)
    root = Z * np.sqrt(_shares(sample_weight))[:, None]
    return root.T @ root


def shrunk_covariance(Z: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
    r"""Return the covariance of centred features as Ledoit and Wolf (2004) shrink it.

    With shares :math:`\omega_i` of the samples in the total weight, the covariance
    :math:`C = \sum_i \omega_i z_i z_i^T` moves towards the identity times its mean
    variance :math:`\mu` by the share

    .. math::

        \min \left( 1, \frac{\sum_i \omega_i^2 \| z_i z_i^T - C \|_F^2}
                            {\| C - \mu I \|_F^2} \right).

    The numerator estimates the squared error of C. With equal weights it is that of Ledoit
    and Wolf. A sample of weight 2 counts twice in C, but it is one observation and not
    two, so that the unit of the weights does not matter.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_features)

    sample_weight : ndarray of shape (n_samples,) or None

    Returns
    -------
    covariance : ndarray of shape (n_features, n_features)

    References
    ----------
    O. Ledoit and M. Wolf, "A well-conditioned estimator for large-dimensional covariance
    matrices", Journal of Multivariate Analysis 88, 2004, lemma 3.2 to 3.4.
    """
    if sample_weight is None:
        return ledoit_wolf(Z, assume_centered=True)[0]
    covariance = sample_covariance(Z, sample_weight)
    shares = _shares(sample_weight)
    mean_variance = np.trace(covariance) / len(covariance)
    target = mean_variance * np.eye(len(covariance))
    lengths = np.einsum("ij,ij->i", Z, Z)
    across = np.einsum("ij,ij->i", Z @ covariance, Z)
    errors = lengths**2 - 2 * across + np.sum(covariance**2)
    # Of a few collinear samples the error is 0, up to its rounding.
    noise, distance = max(shares**2 @ errors, 0.0), np.sum((covariance - target) ** 2)
    shrinkage = min(noise / distance, 1.0) if distance > 0 else 0.0
    return (1 - shrinkage) * covariance + shrinkage * target


def _shares(sample_weight):
    return sample_weight / sample_weight.sum(dtype=np.float64)
