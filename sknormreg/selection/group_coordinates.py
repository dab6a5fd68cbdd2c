"""Coordinates in which the features of a group have unit variances and no correlation."""

import numpy as np

# Variances that are rounding, relative to those of standardised features.
_NO_VARIANCE = 1e-10


class GroupCoordinates:
    r"""Coordinates of groups of features, in which knockoffs are those of single features.

    With the covariance :math:`\Sigma_{gg} = U \Lambda U^T` of the features of a group in
    the directions in which they vary, their coordinates are
    :math:`\Lambda^{-1/2} U^T z_g`. A diagonal matrix S of the coordinates that is the same
    number :math:`\gamma_g` for all those of a group is
    :math:`S_g = \gamma_g \Sigma_{gg}` for the features: that of group knockoffs (Dai and
    Barber, 2016), which keeps the correlations within a group.

    Directions in which the features do not vary are left out: the sum of the one-hot
    columns of a category is 1, and there the covariance is singular, or the identity by
    which it was shrunk. Changes of the coordinates leave those sums as they are.

    Parameters
    ----------
    covariance : ndarray of shape (n_features, n_features)
        Within each group, a combination of the sample covariance and the identity, which
        has the same eigenvectors.

    sample_covariance : ndarray of shape (n_features, n_features)

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
        self, covariance: np.ndarray, sample_covariance: np.ndarray, labels: np.ndarray
    ) -> None:
        to, back, of_coordinates = [], [], []
        for label in np.unique(labels):
            members = np.flatnonzero(labels == label)
            basis, variances = np.ones((1, 1)), np.ones(1)
            if len(members) > 1:
                among = np.ix_(members, members)
                values, vectors = np.linalg.eigh(sample_covariance[among])
                basis = vectors[:, values > _NO_VARIANCE]
                variances = np.einsum("ij,ij->j", basis, covariance[among] @ basis)
            for rows, scale in ((to, variances**-0.5), (back, variances**0.5)):
                columns = np.zeros((len(labels), basis.shape[1]))
                columns[members] = basis * scale
                rows.append(columns)
            of_coordinates.append(np.full(basis.shape[1], label))
        self.to, self.back = np.hstack(to), np.hstack(back)
        self.labels = np.concatenate(of_coordinates)
