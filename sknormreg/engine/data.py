"""What a network is trained on."""

from typing import NamedTuple

import numpy as np


class Data(NamedTuple):
    """Features, targets and weights of the same rows.

    Attributes
    ----------
    X : ndarray or CSR array of shape (n_samples, n_features)
    y : ndarray of shape (n_samples, n_outputs), or (n_samples,) for class indices
    sample_weight : ndarray of shape (n_samples,) or None
    """

    X: object
    y: np.ndarray
    sample_weight: np.ndarray | None
