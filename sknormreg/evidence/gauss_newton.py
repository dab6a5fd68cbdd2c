"""The generalised Gauss-Newton matrix of a network, and what the evidence asks of it.

The matrix is Phi'Phi, with a row of Phi for each row of the data and each output: the
derivative of that output by all parameters, times a square root of the loss's second
derivative (Schraudolph, 2002) and of the row's weight. Phi is seldom written down. Of the
weights of one layer its entries are products h d, where h is one of the layer's inputs and
d what backpropagation has for one of its units; of the intercepts they are the d alone.

Intercepts have no prior. What they can explain is projected out: with Q an orthonormal
basis of their columns, Phi_c = (I - QQ') Phi_w is what is left of the weights'.
"""

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.linalg import cho_solve, cholesky, eigh_tridiagonal, solve_triangular
from scipy.linalg.blas import dsyr2k, dsyrk
from scipy.linalg.lapack import dpotri

from ..engine import checked_structure
from ..engine.activations import ACTIVATIONS

# Numbers of Phi that are written down at a time.
_BLOCK_NUMBERS = 1 << 21

# Rows or weights, whichever are fewer, up to which the matrix is factorised. That is faster
# than estimates by far, but memory grows with the square: 0.8 gigabytes at 5000
# (benchmarks/evidence_vs_folds.py --sizes).
EXACT_SIZE = 5000

# Probes of traces; residuals at which conjugate gradients end, for these and for
# predictions, as shares of their right-hand sides; and their most iterations.
_N_PROBES, _PROBE_TOL, _SOLVE_TOL, _MOST_ITERATIONS = 16, 1e-2, 1e-4, 500

# Directions of the intercepts' columns, each layer's at a scale of 1, are left out where
# their squared norm is this share of the largest: the data say nothing of them.
_DEPENDENT = 1e-8


class Linearization:
    """Phi: the network's outputs as linear functions of its parameters, nearby.

    Parameters
    ----------
    network : Network
        Without a skip connection.

    coefs, intercepts : list of ndarray

    X : {ndarray, csr_array} of shape (n_rows, n_features)

    sample_weight : ndarray of shape (n_rows,) or None

    root : callable or None
        The loss's `hessian_root`, which maps raw outputs to matrices of shape (n_rows,
        n_outputs, n_outputs); None for the derivatives of the outputs themselves.

    Attributes
    ----------
    inputs : list of {ndarray, csr_array} of shape (n_rows, fan_in)
        Of each layer.

    deltas : list of ndarray of shape (n_rows, n_outputs, fan_out)
        Of each layer: derivatives by the values of its units before the activation.
    """

    def __init__(self, network, coefs, intercepts, X, sample_weight=None, root=None):
        coefs = [coef.astype(np.float64, copy=False) for coef in coefs]
        self.inputs, derivatives, raw = _forward(network, coefs, intercepts, X)
        n_rows, n_outputs = raw.shape
        if root is None:
            delta = np.broadcast_to(np.eye(n_outputs), (n_rows, n_outputs, n_outputs))
        else:
            delta = root(raw)
        if sample_weight is not None:
            delta = delta * np.sqrt(sample_weight)[:, None, None]
        self.deltas = [delta]
        for coef, derivative in zip(coefs[:0:-1], reversed(derivatives)):
            delta = (delta @ coef.T) * derivative[:, None, :]
            self.deltas.insert(0, delta)

    def __setstate__(self, state):
        # A file may hold any matrix.
        self.__dict__.update(state)
        self.inputs = [checked_structure(part, "inputs") for part in self.inputs]

    @property
    def n_rows(self):
        """Rows of Phi."""
        return self.deltas[0].shape[0] * self.deltas[0].shape[1]

    @property
    def shapes(self):
        """(fan_in, fan_out) of every layer."""
        return [(h.shape[1], d.shape[2]) for h, d in zip(self.inputs, self.deltas)]

    @property
    def n_weights(self):
        return sum(fan_in * fan_out for fan_in, fan_out in self.shapes)

    @cached_property
    def of_intercepts(self):
        """Phi's columns of the intercepts, shape (n_rows, n_intercepts)."""
        return np.hstack([delta.reshape(self.n_rows, -1) for delta in self.deltas])

    def blocks_of_weights(self):
        """Phi's columns of the weights, in blocks of rows."""
        n_outputs = self.deltas[0].shape[1]
        size = max(_BLOCK_NUMBERS // (n_outputs * self.n_weights), 1)
        for start in range(0, self.inputs[0].shape[0], size):
            parts = []
            for h, d in zip(self.inputs, self.deltas):
                h, d = _dense(h[start : start + size]), d[start : start + size]
                products = h[:, None, :, None] * d[:, :, None, :]
                parts.append(products.reshape(len(h) * n_outputs, -1))
            yield np.hstack(parts)

    def product(self, weights):
        """Phi_w times the columns of `weights`, shape (n_weights, n_columns)."""
        total, start = 0.0, 0
        for h, d, (fan_in, fan_out) in zip(self.inputs, self.deltas, self.shapes):
            part = weights[start : start + fan_in * fan_out].reshape(fan_in, -1)
            images = (h @ part).reshape(len(d), fan_out, -1)
            total = total + np.einsum("iku,iuq->ikq", d, images)
            start += fan_in * fan_out
        return total.reshape(self.n_rows, -1)

    def transposed_product(self, vectors):
        """Phi_w' times columns of shape (n_rows, n_columns)."""
        vectors = vectors.reshape(*self.deltas[0].shape[:2], -1)
        parts = []
        for h, d in zip(self.inputs, self.deltas):
            of_units = np.einsum("iku,ikq->iuq", d, vectors).reshape(len(d), -1)
            parts.append((h.T @ of_units).reshape(-1, vectors.shape[2]))
        return np.vstack(parts)

    def grams(self, other):
        """Inner products of each layer's deltas with those of another linearization."""
        return [_gram(d, d_other) for d, d_other in zip(self.deltas, other.deltas)]

    def kernel(self, other, row_alphas, grams=None):
        """Phi_w A^-1 Phi_w' between the rows of this and of another linearization.

        `grams` are those of both, if they are at hand.
        """
        total = None
        for h, h_other, gram, alphas in zip(
            self.inputs, other.inputs, grams or self.grams(other), row_alphas
        ):
            scaled = _divided(h, np.sqrt(alphas))
            # Of one array with itself, BLAS computes half.
            scaled_other = scaled if h_other is h else _divided(h_other, np.sqrt(alphas))
            part = _blocks_times(gram, _dense(scaled @ scaled_other.T))
            # In place: pages of new memory take longer than the arithmetic.
            total = part if total is None else np.add(total, part, out=total)
        return total

    def kernel_diagonal(self, row_alphas):
        """The diagonal of `kernel` with itself."""
        total = 0.0
        for h, d, alphas in zip(self.inputs, self.deltas, row_alphas):
            # Of an array as of a csr_array.
            of_inputs = (h * h) @ (1 / alphas)
            total = total + of_inputs[:, None] * np.square(d).sum(axis=2)
        return total.ravel()

    def traces(self, matrix, grams):
        """tr(M Phi_j Phi_j'), Phi_j the columns of the weights that leave input j.

        Parameters
        ----------
        matrix : ndarray of shape (n_rows, n_rows)
            M, or any other that is M once its transpose is added and both are halved.

        grams : list of ndarray
            With itself; overwritten.

        Returns
        -------
        traces : list of ndarray of shape (fan_in,), of each layer
        """
        found = []
        for h, d, gram in zip(self.inputs, self.deltas, grams):
            weighted = np.multiply(gram, matrix, out=gram)
            if d.shape[1] > 1:
                blocks = weighted.reshape(*d.shape[:2], *d.shape[:2])
                weighted = np.einsum("ikjl->ij", blocks)
            found.append(_column_sums(h, weighted @ h))
        return found


def _forward(network, coefs, intercepts, X):
    """Inputs of each layer, derivatives of the hidden ones, and the raw outputs."""
    X = sparse.csr_array(X) if sparse.issparse(X) else X
    inputs, derivatives = [X.astype(np.float64, copy=False)], []
    for coef, intercept, name in zip(coefs, intercepts, network.activations):
        layer = _dense(inputs[-1] @ coef) + intercept
        derivatives.append(np.empty_like(layer))
        ACTIVATIONS[name].value_and_derivative(layer, derivatives[-1])
        inputs.append(layer)
    return inputs, derivatives, _dense(inputs[-1] @ coefs[-1]) + intercepts[-1]


def _gram(d, d_other):
    """Inner products over units, of rows and outputs with rows and outputs."""
    flat = d.reshape(-1, d.shape[2])
    flat_other = flat if d_other is d else d_other.reshape(-1, d.shape[2])
    return flat @ flat_other.T


def _blocks_times(matrix, factors):
    """Each block of n_outputs by n_outputs, times its factor, which may be overwritten."""
    n_outputs = len(matrix) // len(factors)
    if n_outputs == 1:
        return np.multiply(matrix, factors, out=factors)
    blocks = matrix.reshape(len(factors), n_outputs, -1, n_outputs)
    return (blocks * factors[:, None, :, None]).reshape(matrix.shape)


def _divided(h, alphas):
    return h.multiply(1 / alphas).tocsr() if sparse.issparse(h) else h / alphas


def _column_sums(h, other):
    if sparse.issparse(h):
        return np.asarray(h.multiply(other).sum(axis=0)).ravel()
    return np.einsum("ij,ij->j", h, other)


def _dense(matrix):
    return matrix.toarray() if sparse.issparse(matrix) else matrix


class Factor(ABC):
    """The posterior's precision over that of the noise, Phi'Phi + A, ready to solve with.

    Parameters
    ----------
    linear : Linearization
        Phi.

    row_alphas : list of ndarray of shape (fan_in,)
        The diagonal of A: of each layer, for the weights that leave an input. Above 0.

    Attributes
    ----------
    gammas : list of ndarray of shape (fan_in,)
        Of each layer, how many of the weights that leave an input the data determine:
        their number less tr(A (Phi_c'Phi_c + A)^-1) (MacKay, 1992, eq. 4.9).

    log_det : float
        log det(I + A^-1 Phi_c'Phi_c).

    n_intercepts : int
        How many of the intercepts the data determine: the rank of their columns of Phi.

    size : int
        Rows of the matrix.
    """

    def __init__(self, linear, row_alphas):
        columns = linear.of_intercepts
        gram = columns.T @ columns
        # The hidden layers' columns have the unit of the outputs, the last one has none.
        ends = np.cumsum([fan_out for _, fan_out in linear.shapes])
        sizes = [part.max(initial=0) for part in np.split(gram.diagonal(), ends[:-1])]
        fan_outs = [fan_out for _, fan_out in linear.shapes]
        scale = 1 / np.sqrt(np.repeat([size or 1.0 for size in sizes], fan_outs))
        values, vectors = np.linalg.eigh(gram * scale * scale[:, None])
        kept = values > max(values[-1], 0) * _DEPENDENT
        # The columns times this are orthonormal.
        self._transform = scale[:, None] * vectors[:, kept] / np.sqrt(values[kept])
        self._basis = columns @ self._transform
        self.n_intercepts = self._basis.shape[1]

    @abstractmethod
    def variances(self, linear):
        """g'(Phi'Phi + A)^-1 g for every row g of another linearization."""


class PrimalFactor(Factor):
    """With a row and a column for each weight: for more rows than weights."""

    def __init__(self, linear, row_alphas):
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

    def variances(self, linear):
        found = []
        coordinates = linear.of_intercepts @ self._transform
        start = 0
        for block in linear.blocks_of_weights():
            own = coordinates[start : start + len(block)]
            start += len(block)
            left = (block - own @ self._shared) * self._scale
            half = solve_triangular(
                self._cholesky, left.T, lower=True, overwrite_b=True, check_finite=False
            )
            found.append(np.square(half).sum(axis=0) + np.square(own).sum(axis=1))
        return np.concatenate(found)


class _RowFactor(Factor):
    """A factor of I + Phi_c A^-1 Phi_c', with a row and a column for each row of Phi.

    On what intercepts explain that matrix is the identity.
    """

    def __init__(self, linear, row_alphas):
        super().__init__(linear, row_alphas)
        self._linear, self._row_alphas, self.size = linear, row_alphas, linear.n_rows
        del linear.of_intercepts  # cached, but of no use beside the basis

    @abstractmethod
    def _solve(self, columns):
        """The inverse of the matrix times columns that intercepts explain no part of."""

    def _project(self, columns):
        return columns - self._basis @ (self._basis.T @ columns)

    def variances(self, linear):
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


class DualFactor(_RowFactor):
    """The Cholesky factor: for more weights than rows."""

    def __init__(self, linear, row_alphas):
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

    def __init__(self, linear, row_alphas):
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


def _by_weight(linear, row_alphas):
    """alpha of every weight, shape (n_weights,)."""
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
    all_steps, all_ratios = [], []
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
    """z' log(M) z / z'z from the coefficients of the conjugate gradients that solve Mx = z.

    They hold Lanczos's tridiagonal matrix (Golub and Van Loan, 2013, section 11.3.5).
    """
    n = int(np.isfinite(steps).sum())
    if n == 0:
        return 0.0
    diagonal = 1 / steps[:n]
    diagonal[1:] += ratios[: n - 1] / steps[: n - 1]
    beside = np.sqrt(ratios[: n - 1]) / steps[: n - 1]
    values, vectors = eigh_tridiagonal(diagonal, beside)
    return float(np.square(vectors[0]) @ np.log(np.maximum(values, 1)))


def factorize(linear, row_alphas):
    """The `Factor` that is cheapest for the number of rows and of weights."""
    smaller = min(linear.n_rows, linear.n_weights)
    if smaller > EXACT_SIZE:
        return KrylovFactor(linear, row_alphas)
    if linear.n_weights <= linear.n_rows:
        return PrimalFactor(linear, row_alphas)
    return DualFactor(linear, row_alphas)
