"""Factors of the posterior's precision, Phi'Phi + A, and what the evidence asks of them.

Intercepts have no prior. What they can explain is projected out: with Q an orthonormal
basis of their columns, Phi_c = (I - QQ') Phi_w is what is left of the weights'.
"""

from abc import abstractmethod
from collections.abc import Callable

import numpy as np
from scipy.linalg import cho_solve, cholesky, eigh_tridiagonal, solve_triangular
from scipy.linalg.blas import dsyr2k, dsyrk
from scipy.linalg.lapack import dpotri

from ..engine import Network
from .factor import DEPENDENT, Factor, parts_of
from .kronecker import KroneckerFactor
from .linearization import Linearization

# Rows or weights, whichever are fewer, up to which the matrix is factorised. That is faster
# than estimates by far, but memory grows with the square: 0.8 gigabytes at 5000
# (benchmarks/evidence_vs_folds.py --sizes).
EXACT_SIZE = 5000

# Inputs of a layer up to which eigenvectors of their covariance are computed.
MOST_INPUTS = 5000

# Probes of traces; residuals at which conjugate gradients end, for these and for
# predictions, as shares of their right-hand sides; and their most iterations.
_N_PROBES, _PROBE_TOL, _SOLVE_TOL, _MOST_ITERATIONS = 16, 1e-2, 1e-4, 500


class _ExactFactor(Factor):
    """A factor that projects on what intercepts can explain, of all layers at once."""

    def __init__(self, linear: Linearization, row_alphas: list[np.ndarray]) -> None:
        columns = linear.of_intercepts
        gram = columns.T @ columns
        # The hidden layers' columns have the unit of the outputs, the last one has none.
        ends = np.cumsum([fan_out for _, fan_out in linear.shapes])
        sizes = [part.max(initial=0) for part in np.split(gram.diagonal(), ends[:-1])]
        fan_outs = [fan_out for _, fan_out in linear.shapes]
        scale = 1 / np.sqrt(np.repeat([size or 1.0 for size in sizes], fan_outs))
        values, vectors = np.linalg.eigh(gram * scale * scale[:, None])
        kept = values > max(values[-1], 0) * DEPENDENT
        # The columns times this are orthonormal.
        self._transform = scale[:, None] * vectors[:, kept] / np.sqrt(values[kept])
        self._basis = columns @ self._transform
        self.n_intercepts = self._basis.shape[1]

    def _with_intercepts(self, weights, explained, rng):
        """Draw intercepts beside weights of which the basis explains so much."""
        free = rng.standard_normal(explained.shape)
        return weights, self._transform @ (free - explained)


class PrimalFactor(_ExactFactor):
    """With a row and a column for each weight: for more rows than weights."""

    def __init__(self, linear: Linearization, row_alphas: list[np.ndarray]) -> None:
        super().__init__(linear, row_alphas)
        gram = np.zeros((linear.n_weights,) * 2)
        shared = np.zeros((self._basis.shape[1], linear.n_weights))
        start = 0
        for block in linear.blocks_of_weights():
            gram += block.T @ block
            shared += self._basis[start : start + len(block)].T @ block
            start += len(block)
        gram -= shared.T @ shared
        self._scale = 1 / np.sqrt(_by_weight(linear, row_alphas))
        gram *= self._scale
        gram *= self._scale[:, None]
        gram[np.diag_indices_from(gram)] += 1
        self._shared, self.size = shared, linear.n_weights
        self._cholesky = cholesky(gram, lower=True, overwrite_a=True, check_finite=False)
        self.log_det = 2 * float(np.log(self._cholesky.diagonal()).sum())
        inverse, _ = dpotri(self._cholesky, lower=True)
        determined = 1 - inverse.diagonal()
        ends = np.cumsum([fan_in * fan_out for fan_in, fan_out in linear.shapes])
        self.gammas = [
            part.reshape(shape).sum(axis=1)
            for part, shape in zip(np.split(determined, ends[:-1]), linear.shapes)
        ]
        del self._basis  # which has a row for each row of the data

    def variances(self, linear: Linearization) -> np.ndarray:
        return np.concatenate(
            [np.square(half).sum(axis=1) for half in self._halves(linear)]
        )

    def covariances(self, linear: Linearization) -> np.ndarray:
        found = [_of_samples(half, half, linear) for half in self._halves(linear)]
        return np.concatenate(found)

    def draws(
        self, n_draws: int, rng: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        weights = rng.standard_normal((self.size, n_draws))
        weights = solve_triangular(
            self._cholesky, weights, lower=True, trans=1, check_finite=False
        )
        weights *= self._scale[:, None]
        return self._with_intercepts(weights, self._shared @ weights, rng)

    def _halves(self, linear):
        """Yield G times a square root of the inverse, in blocks of rows."""
        coordinates = linear.of_intercepts @ self._transform
        start = 0
        for block in linear.blocks_of_weights():
            own = coordinates[start : start + len(block)]
            start += len(block)
            left = (block - own @ self._shared) * self._scale
            half = solve_triangular(
                self._cholesky, left.T, lower=True, overwrite_b=True, check_finite=False
            )
            yield np.hstack([half.T, own])


class _RowFactor(_ExactFactor):
    """A factor of I + Phi_c A^-1 Phi_c', with a row and a column for each row of Phi.

    On what intercepts explain that matrix is the identity.
    """

    _of_basis: np.ndarray

    def __init__(self, linear: Linearization, row_alphas: list[np.ndarray]) -> None:
        super().__init__(linear, row_alphas)
        self._linear, self._row_alphas, self.size = linear, row_alphas, linear.n_rows
        del linear.of_intercepts  # cached, but of no use beside the basis

    @abstractmethod
    def _solve(self, columns):
        """Solve with the matrix, for columns that intercepts explain no part of."""

    def _project(self, columns):
        return columns - self._basis @ (self._basis.T @ columns)

    def variances(self, linear: Linearization) -> np.ndarray:
        # By Woodbury's identity (Phi_c'Phi_c + A)^-1 is A^-1 less what the rows tell.
        own = linear.of_intercepts @ self._transform
        kernel = self._linear.kernel(linear, self._row_alphas)
        prior = linear.kernel_diagonal(self._row_alphas)
        prior -= 2 * np.einsum("ij,ji->i", own, self._basis.T @ kernel)
        prior += np.einsum("ij,ij->i", own @ (self._basis.T @ self._of_basis), own)
        kernel -= self._of_basis @ own.T
        kernel = self._project(kernel)
        told = np.einsum("ij,ij->j", kernel, self._solve(kernel))
        return np.maximum(prior - told, 0) + np.square(own).sum(axis=1)

    def covariances(self, linear: Linearization) -> np.ndarray:
        # As `variances`.
        own = linear.of_intercepts @ self._transform
        kernel = self._linear.kernel(linear, self._row_alphas)
        crossed = _of_samples(own, (self._basis.T @ kernel).T, linear)
        total = linear.kernel_blocks(self._row_alphas)
        total -= crossed + crossed.transpose(0, 2, 1)
        inner = self._basis.T @ self._of_basis + np.eye(own.shape[1])
        total += _of_samples(own @ inner, own, linear)
        kernel -= self._of_basis @ own.T
        kernel = self._project(kernel)
        return total - _of_samples(kernel.T, self._solve(kernel).T, linear)

    def draws(
        self, n_draws: int, rng: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        # Weights of the prior, less what rows of these weights and of noise tell of them
        # (Matheron's rule; Hoffman and Ribak, 1991).
        alphas = _by_weight(self._linear, self._row_alphas)[:, None]
        weights = rng.standard_normal((len(alphas), n_draws)) / np.sqrt(alphas)
        rows = self._linear.product(weights) + rng.standard_normal((self.size, n_draws))
        told = self._project(self._solve(self._project(rows)))
        weights -= self._linear.transposed_product(told) / alphas
        explained = self._basis.T @ self._linear.product(weights)
        return self._with_intercepts(weights, explained, rng)


class DualFactor(_RowFactor):
    """The Cholesky factor: for more weights than rows."""

    def __init__(self, linear: Linearization, row_alphas: list[np.ndarray]) -> None:
        super().__init__(linear, row_alphas)
        grams = linear.grams(linear)
        matrix = linear.kernel(linear, row_alphas, grams)
        self._of_basis = matrix @ self._basis
        # Phi_c in place of Phi_w, in the lower triangle (of the transpose, for BLAS).
        half = self._of_basis - self._basis @ (0.5 * self._basis.T @ self._of_basis)
        matrix = dsyr2k(
            -1, half, self._basis, beta=1, c=matrix.T, lower=True, overwrite_c=True
        )
        matrix[np.diag_indices_from(matrix)] += 1
        self._cholesky = cholesky(matrix, lower=True, overwrite_a=True, check_finite=False)
        self.log_det = 2 * float(np.log(self._cholesky.diagonal()).sum())
        inverse, _ = dpotri(self._cholesky, lower=True)
        inverse = dsyrk(-1, self._basis, beta=1, c=inverse, lower=True, overwrite_c=True)
        # The upper triangle is 0, as `cholesky` leaves it.
        inverse *= 2
        inverse[np.diag_indices_from(inverse)] /= 2
        traces = linear.traces(inverse.T, grams)
        self.gammas = [trace / alphas for trace, alphas in zip(traces, row_alphas)]

    def _solve(self, columns):
        return cho_solve((self._cholesky, True), columns, check_finite=False)


class KrylovFactor(_RowFactor):
    """Conjugate gradients, and Hutchinson's estimates of traces: for large problems.

    Traces of functions of the matrix are means of z'f(M)z over random signs z
    (Hutchinson, 1990); that of the logarithm by Gauss's quadrature, from the coefficients
    of the same conjugate gradients (Ubaru, Chen and Saad, 2017). The signs are always the
    same, so that estimates at nearby weights can be compared.
    """

    def __init__(self, linear: Linearization, row_alphas: list[np.ndarray]) -> None:
        super().__init__(linear, row_alphas)
        self._of_basis = self._kernel_times(self._basis)
        signs = np.random.default_rng(0).choice([-1.0, 1.0], (linear.n_rows, _N_PROBES))
        probes = self._project(signs)
        solved, steps, ratios = _conjugate_gradients(self._times, probes, _PROBE_TOL)
        square_norms = np.square(probes).sum(axis=0)
        self.log_det = float(
            np.mean(
                [
                    square_norm * _log_quadrature(step, ratio)
                    for square_norm, step, ratio in zip(square_norms, steps.T, ratios.T)
                ]
            )
        )
        products = linear.transposed_product(probes)
        products *= linear.transposed_product(solved)
        traces = products.mean(axis=1)
        self.gammas, start = [], 0
        for (fan_in, fan_out), alphas in zip(linear.shapes, row_alphas):
            part = traces[start : start + fan_in * fan_out].reshape(fan_in, fan_out)
            self.gammas.append(part.sum(axis=1) / alphas)
            start += fan_in * fan_out

    def _kernel_times(self, columns):
        weights = self._linear.transposed_product(columns)
        weights /= _by_weight(self._linear, self._row_alphas)[:, None]
        return self._linear.product(weights)

    def _times(self, columns):
        return columns + self._project(self._kernel_times(columns))

    def _solve(self, columns):
        return _conjugate_gradients(self._times, columns, _SOLVE_TOL)[0]


def _of_samples(left, right, linear):
    """Return the products of the rows of each sample, (n_samples, n_outputs, n_outputs)."""
    n_outputs = linear.deltas[0].shape[1]
    left, right = (part.reshape(-1, n_outputs, part.shape[1]) for part in (left, right))
    return left @ right.transpose(0, 2, 1)


def _by_weight(linear, row_alphas):
    """Return the alpha of every weight, shape (n_weights,)."""
    parts = [
        np.repeat(alphas, fan_out)
        for alphas, (_, fan_out) in zip(row_alphas, linear.shapes)
    ]
    return np.concatenate(parts)


def _conjugate_gradients(times, columns, tol):
    """Solve a system for several right-hand sides side by side.

    Returns
    -------
    solutions : ndarray of the shape of `columns`

    steps, ratios : ndarray of shape (n_iterations, n_columns)
        The coefficients alpha and beta of each (Golub and Van Loan, 2013, algorithm
        11.3.3); nan where a column was solved already.
    """
    found = np.zeros_like(columns)
    residual, direction = columns.copy(), columns.copy()
    square = np.square(residual).sum(axis=0)
    enough = tol**2 * square
    all_steps: list[np.ndarray] = []
    all_ratios: list[np.ndarray] = []
    active = square > enough
    while active.any() and len(all_steps) < _MOST_ITERATIONS:
        image = times(direction[:, active])
        step = square[active] / np.einsum("ij,ij->j", direction[:, active], image)
        found[:, active] += step * direction[:, active]
        residual[:, active] -= step * image
        new_square = np.square(residual[:, active]).sum(axis=0)
        ratio = new_square / square[active]
        direction[:, active] = residual[:, active] + ratio * direction[:, active]
        square[active] = new_square
        for record, value in ((all_steps, step), (all_ratios, ratio)):
            record.append(np.full(columns.shape[1], np.nan))
            record[-1][active] = value
        active = square > enough
    shape = (-1, columns.shape[1])
    return found, np.reshape(all_steps, shape), np.reshape(all_ratios, shape)


def _log_quadrature(steps, ratios):
    """Compute z' log(M) z / z'z from the conjugate gradients' solution of Mx = z.

    Their coefficients hold Lanczos's tridiagonal matrix (Golub and Van Loan, 2013, section
    11.3.5).
    """
    n = int(np.isfinite(steps).sum())
    if n == 0:
        return 0.0
    diagonal = 1 / steps[:n]
    diagonal[1:] += ratios[: n - 1] / steps[: n - 1]
    beside = np.sqrt(ratios[: n - 1]) / steps[: n - 1]
    values, vectors = eigh_tridiagonal(diagonal, beside)
    return float(np.square(vectors[0]) @ np.log(np.maximum(values, 1)))


def factorize(
    linearize: Callable[[slice], Linearization],
    network: Network,
    n_samples: int,
    row_alphas: list[np.ndarray],
) -> Factor:
    """Return the `Factor` that suits the number of samples and of weights.

    Parameters
    ----------
    linearize : callable
        Maps a slice of the samples to their Linearization.

    network : Network

    n_samples : int

    row_alphas : list of ndarray of shape (fan_in,)
    """
    n_rows = n_samples * network.layer_units[-1]
    if min(n_rows, network.n_weights) <= EXACT_SIZE:
        exact = PrimalFactor if network.n_weights <= n_rows else DualFactor
        return exact(linearize(slice(None)), row_alphas)
    if max(network.layer_units[:-1]) <= MOST_INPUTS:
        numbers = network.layer_units[-1] * max(network.layer_units)
        parts = map(linearize, parts_of(n_samples, numbers))
        return KroneckerFactor(parts, row_alphas)
    return KrylovFactor(linearize(slice(None)), row_alphas)
