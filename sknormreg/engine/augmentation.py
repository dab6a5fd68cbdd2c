"""Samples that are changed at random before minibatches take them.

It is done for many minibatches at a time, in NumPy, and both engines are given the result:
they agree, and nothing depends on the number of threads.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from .data import Data

# Entries of X that are changed at a time: 1 MiB in double precision, which caches hold.
_ENTRIES = 2**17


@dataclass(frozen=True)
class Augmentation:
    """Random changes of the samples of minibatches.

    Attributes
    ----------
    input_noise : float
        Standard deviation of the Gaussian noise that is added to each feature of each
        sample (Bishop, 1995).

    mixup : float
        alpha of the Beta(alpha, alpha) distribution of the shares with which each sample is
        mixed with another one of its minibatch (Zhang et al., 2018); 0 mixes none.
    """

    input_noise: float = 0.0
    mixup: float = 0.0

    def __bool__(self) -> bool:
        return self.input_noise > 0 or self.mixup > 0

    def rows_at_a_time(self, X: Any, n_outputs: int, batch_size: int) -> int:
        """Return the number of samples to change at a time, in whole minibatches."""
        width = X.shape[1]
        if sparse.issparse(X) and not self.input_noise:
            width = 2 * X.nnz / X.shape[0]
        return max(int(_ENTRIES / ((width + n_outputs) * batch_size)), 1) * batch_size

    def changed(
        self,
        data: Data,
        rows: np.ndarray,
        batch_size: int,
        n_outputs: int,
        generator: np.random.Generator,
    ) -> Data:
        """Return changed copies of samples.

        Parameters
        ----------
        data : Data

        rows : ndarray of int
            The samples, minibatch after minibatch; the last one may be smaller.

        batch_size : int

        n_outputs : int
            Number of classes, if targets are class indices.

        generator : Generator

        Returns
        -------
        data : Data
            With noise, X is dense. With mixup, targets of classes are shares of them, of
            shape (n_samples, n_outputs).
        """
        X, y, sample_weight = data
        changed = Data(
            X[rows], y[rows], None if sample_weight is None else sample_weight[rows]
        )
        if self.mixup:
            changed = self._mixed(changed, batch_size, n_outputs, generator)
        if self.input_noise:
            changed = changed._replace(X=self._noisy(changed.X, generator))
        return changed

    def _noisy(self, X, generator):
        noise = generator.standard_normal(X.shape, dtype=X.dtype.type)
        noise *= self.input_noise
        noise += X.toarray() if sparse.issparse(X) else X
        return noise

    def _mixed(self, data, batch_size, n_outputs, generator):
        """Mix each sample with another one: shares c of it, and 1 - c of the other.

        The loss is that of the mixed features, c times with the target and the weight of
        the one, 1 - c times with those of the other. For losses that are linear in the
        target, up to a term that does not depend on the network, that is the loss with the
        weighted means of targets and weights; for other losses it is defined by these.
        """
        X, y, weight = data
        partner = _partners(weight, len(y), batch_size, generator)
        c = generator.beta(self.mixup, self.mixup, size=len(y))
        c[partner == np.arange(len(y))] = 1
        first, second = c, 1 - c
        if weight is not None:
            first, second = first * weight, second * weight[partner]
            weight = (first + second).astype(weight.dtype)
            total = np.where(weight > 0, first + second, 1)
            first, second = first / total, second / total
        targets = y
        if y.ndim == 1:
            targets = np.zeros((len(y), n_outputs), dtype=X.dtype)
            targets[np.arange(len(y)), y] = 1
        targets = _combined(targets, partner, first, second)
        return Data(_combined(X, partner, c, 1 - c), targets, weight)


def _partners(weight, n_rows, batch_size, generator):
    """Return which sample each one is mixed with: a permutation of each minibatch.

    Samples of weight 0 stay alone: what they are must not matter.
    """
    partner = np.arange(n_rows)
    mixed = partner if weight is None else np.flatnonzero(weight)
    # Ascending by minibatch, and in random order within.
    order = np.argsort(mixed // batch_size + generator.random(len(mixed)))
    partner[mixed] = mixed[order]
    return partner


def _combined(array, partner, first, second):
    """Return first * array + second * array[partner], by rows."""
    if sparse.issparse(array):
        n_rows = len(partner)
        ends = np.arange(0, 2 * n_rows + 1, 2)
        columns = np.column_stack([np.arange(n_rows), partner]).ravel()
        shares = np.column_stack([first, second]).astype(array.dtype).ravel()
        matrix = sparse.csr_array((shares, columns, ends), shape=(n_rows, n_rows))
        return (matrix @ array).tocsr()
    combined = array * first[:, None].astype(array.dtype)
    combined += array[partner] * second[:, None].astype(array.dtype)
    return combined
