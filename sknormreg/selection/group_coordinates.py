"""Coordinates in which the features of a group have unit variances and no correlation."""

import numpy as np
from scipy.linalg import solve_triangular

# Variances of standardised features that are rounding.
_NO_VARIANCE = 1e-10


class GroupCoordinates:
    r"""Coordinates of groups of features, in which knockoffs are those of single features.

    Let the columns of Q be an orthonormal basis of the directions in which the features of
    a group vary, and :math:`K K^T = Q^T \Sigma_{gg} Q` the Cholesky decomposition of their
    covariance there. The coordinates are :math:`K^{-1} Q^T z_g`. A diagonal matrix S of the
    coordinates that is the same number :math:`\gamma_g` for all those of a group is
    :math:`S_g = \gamma_g \Sigma_{gg}` for the features, in these directions: that of group
    knockoffs (Dai and Barber, 2016), which keeps the correlations within a group.

    Directions in which the features do not vary are left out: the sum of the one-hot
    columns of a category is 1, and there the covariance is singular, or the identity by
    which it was shrunk. Changes of the coordinates leave those sums as they are.

    Unlike eigenvectors, whose signs are up to rounding where features are alike, these
    coordinates are continuous in the covariance.

    Parameters
    ----------
    covariance : ndarray of shape (n_features, n_features)
        Positive definite. Within each group it is the sample covariance plus a multiple of
        the identity, up to a factor.

    observed : ndarray of shape (n_features, n_features)
        The sample covariance, with variances of 1.

    labels : ndarray of int of shape (n_features,)
        The group of each feature. Features in groups of one are coordinates themselves.

    Attributes
    ----------
    labels : ndarray of int of shape (n_coordinates,)
        The group of each coordinate.

    to : ndarray of shape (n_features, n_coordinates)
        Features times this are coordinates.

    back : ndarray of shape (n_features, n_coordinates)
        Changes of coordinates times the transpose of this are changes of features.

    References
    ----------
    R. Dai and R. F. Barber, "The knockoff filter for FDR control in group-sparse and
    multitask regression", ICML 2016.
    """

    def __init__(
        self, covariance: np.ndarray, observed: np.ndarray, labels: np.ndarray
    ) -> None:
        to: list[np.ndarray] = []
        back: list[np.ndarray] = []
        of_coordinates = []
        for label in np.unique(labels):
            members = np.flatnonzero(labels == label)
            among = np.ix_(members, members)
            factors = np.ones((1, 1)), np.ones((1, 1))
            if len(members) > 1:
                factors = _factors(covariance[among], observed[among])
            for columns, factor in zip((to, back), factors):
                columns.append(np.zeros((len(labels), factor.shape[1])))
                columns[-1][members] = factor
            of_coordinates.append(np.full(factors[0].shape[1], label))
        self.to, self.back = np.hstack(to), np.hstack(back)
        self.labels = np.concatenate(of_coordinates)


def _factors(covariance, observed):
    """Return the parts of `to` and `back` of a group."""
    basis = _basis(observed)
    root = np.linalg.cholesky(basis.T @ covariance @ basis)
    return solve_triangular(root, basis.T, lower=True).T, basis @ root


def _basis(covariance):
    """Return an orthonormal basis of the directions of positive variance."""
    remaining, columns = covariance.copy(), []
    for j in range(len(covariance)):
        # The variance of a feature that those before it do not determine.
        if remaining[j, j] > _NO_VARIANCE:
            columns.append(remaining[:, j] / np.sqrt(remaining[j, j]))
            remaining -= np.outer(columns[-1], columns[-1])
    basis, triangle = np.linalg.qr(np.transpose(columns))
    return basis * np.sign(np.diag(triangle))
