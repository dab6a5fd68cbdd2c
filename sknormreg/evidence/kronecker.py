"""The posterior's precision with a Kronecker product for each layer: for large networks.

Layers count as independent, and within one the Gauss-Newton matrix of the weights, a sum of
Kronecker products of hh' and D'D over samples with inputs h and derivatives D, is replaced
by one product of the two sums (Martens and Grosse, 2015; Ritter et al., 2018). Samples have
the weight tr D'D in that of the inputs. The trace is then the matrix's own; with a single
unit the whole of it is.

References
----------
J. Martens and R. Grosse, "Optimizing Neural Networks with Kronecker-Factored Approximate
Curvature", ICML 2015.

H. Ritter, A. Botev and D. Barber, "A Scalable Laplace Approximation for Neural Networks",
ICLR 2018.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy import sparse

from .factor import DEPENDENT, Factor
from .linearization import Linearization


class KroneckerFactor(Factor):
    """Eigenvectors and eigenvalues of the two factors of each layer.

    With :math:`A_l` the covariance of the inputs of a layer, which leaves what its
    intercepts explain out, over the square roots of their alphas, and with :math:`G_l` the
    sum of D'D, the precision is :math:`A_l \\otimes G_l + I` in units of those roots.

    Parameters
    ----------
    parts : iterable of Linearization
        Of all samples, a part of them at a time.

    row_alphas : list of ndarray of shape (fan_in,)
    """

    def __init__(
        self, parts: Iterable[Linearization], row_alphas: list[np.ndarray]
    ) -> None:
        sums = [_LayerSums(len(alphas)) for alphas in row_alphas]
        for part in parts:
            for layer, h, d in zip(sums, part.inputs, part.deltas):
                layer.add(h, d)
        self._means = [layer.mean for layer in sums]
        self.gammas, self.log_det, self.n_intercepts = [], 0.0, 0
        self._input_vectors: list[np.ndarray] = []
        self._input_values: list[np.ndarray] = []
        self._unit_vectors: list[np.ndarray] = []
        self._unit_values: list[np.ndarray] = []
        for layer, alphas in zip(sums, row_alphas):
            self._add_layer(layer, alphas)
        self.size = max(
            max(len(mean), len(values))
            for mean, values in zip(self._means, self._unit_values)
        )

    def _add_layer(self, sums, alphas):
        root = np.sqrt(alphas)
        of_inputs, vectors = np.linalg.eigh(sums.covariance() / root / root[:, None])
        of_units, unit_vectors = np.linalg.eigh(sums.of_units)
        # Rounding may be below 0.
        of_inputs, of_units = np.maximum(of_inputs, 0), np.maximum(of_units, 0)
        products = np.outer(of_inputs, of_units)
        self.gammas.append(np.square(vectors) @ (products / (1 + products)).sum(axis=1))
        self.log_det += float(np.log1p(products).sum())
        self.n_intercepts += int(np.sum(of_units > DEPENDENT * of_units[-1]))
        self._input_vectors.append(vectors / root[:, None])
        self._input_values.append(of_inputs)
        self._unit_vectors.append(unit_vectors)
        self._unit_values.append(of_units)

    def variances(self, linear: Linearization) -> np.ndarray:
        return np.diagonal(self.covariances(linear), axis1=1, axis2=2).ravel()

    def covariances(self, linear: Linearization) -> np.ndarray:
        total: Any = 0.0
        layers = zip(
            linear.inputs,
            linear.deltas,
            self._means,
            self._input_vectors,
            self._input_values,
            self._unit_vectors,
            self._unit_values,
        )
        for h, d, mean, vectors, of_inputs, unit_vectors, of_units in layers:
            # In the bases of the eigenvectors the covariance of the weights is diagonal.
            squares = np.square(np.asarray(h @ vectors) - mean @ vectors)
            of_weights = squares @ (1 / (1 + np.outer(of_inputs, of_units)))
            turned = d @ unit_vectors
            spread = (of_weights + self._of_intercepts(of_units))[:, None, :]
            total = total + (turned * spread) @ turned.transpose(0, 2, 1)
        return total

    def draws(
        self, n_draws: int, rng: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        weights, intercepts = [], []
        layers = zip(
            self._means,
            self._input_vectors,
            self._input_values,
            self._unit_vectors,
            self._unit_values,
        )
        for mean, vectors, of_inputs, unit_vectors, of_units in layers:
            spread = 1 / np.sqrt(1 + np.outer(of_inputs, of_units))
            turned = spread * rng.standard_normal((n_draws, *spread.shape))
            own = vectors @ turned @ unit_vectors.T
            free = rng.standard_normal((n_draws, len(of_units)))
            free *= np.sqrt(self._of_intercepts(of_units))
            # The posteriors of intercepts are independent where inputs are at their means.
            intercepts.append((free @ unit_vectors.T - mean @ own).T)
            weights.append(own.reshape(n_draws, -1).T)
        return np.vstack(weights), np.vstack(intercepts)

    @staticmethod
    def _of_intercepts(of_units):
        """Return the variances of intercepts; 0 where the data say nothing."""
        known = of_units > DEPENDENT * of_units[-1]
        return np.divide(1, of_units, np.zeros_like(of_units), where=known)


class _LayerSums:
    """Weighted mean and scatter of a layer's inputs, and the sum of D'D of its units."""

    def __init__(self, fan_in):
        self.mean, self._scatter = np.zeros(fan_in), np.zeros((fan_in, fan_in))
        self._weight, self.of_units = 0.0, np.zeros(())

    def add(self, h, d):
        flat = d.reshape(-1, d.shape[2])
        self.of_units = self.of_units + flat.T @ flat
        weight = np.square(d).sum(axis=(1, 2))
        total = weight.sum()
        if not total:
            return
        # Sums of squares around the means of parts are accurate at any distance from 0
        # (Chan, Golub and LeVeque, 1983).
        h = h.toarray() if sparse.issparse(h) else h
        mean = weight @ h / total
        scaled = (h - mean) * np.sqrt(weight)[:, None]
        step, share = mean - self.mean, total / (self._weight + total)
        self._scatter += scaled.T @ scaled
        self._scatter += np.outer(step, self._weight * share * step)
        self.mean = self.mean + share * step
        self._weight += total

    def covariance(self):
        return self._scatter / (self._weight or 1.0)
