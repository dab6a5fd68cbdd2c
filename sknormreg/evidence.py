"""Alphas from the training data alone: the evidence framework.

Half the sum of squares, times a, is minus the logarithm of a Gaussian prior of precision a,
and the loss, times the precision beta of the noise in regression, minus that of a
likelihood. The minimiser of J is then the most probable network, at alphas of a / beta; the
posterior around it is Gaussian as far as the network is linear there; and a and beta are
chosen to make the data most probable, under all networks at once (MacKay, 1992). For every
group g of P_g weights w_g that share an alpha, a re-estimation takes ::

    gamma_g = P_g - a_g tr_g((H + A)^-1)       as many parameters as the data determine,
    a_g     = gamma_g / ||w_g||^2,
    beta    = (N K - sum_g gamma_g - I) / sum_i s_i r_i^2,

with H the Gauss-Newton approximation of the Hessian (Foresee and Hagan, 1997), N the weight
of the rows, K the number of outputs, and I the number of the hidden units' intercepts that
the data determine. These have no prior; those of the outputs are not counted, as where the
targets are centred first.

References
----------
D. J. C. MacKay, "A Practical Bayesian Framework for Backpropagation Networks", Neural
Computation 4, 1992.

F. D. Foresee and M. T. Hagan, "Gauss-Newton Approximation to Bayesian Learning",
International Conference on Neural Networks, 1997.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from .engine.losses import HalfSquaredError
from .gauss_newton import Factor, Linearization, factorize
from .penalties import L2
from .regularization import alphas_of_inputs

SCOPES = ("network", "layer", "input")

# Where alphas start, at scales of 1 of inputs, outputs and loss, and their most as a share
# of the weight of the rows. Training that begins with smooth functions ends in better
# maxima of the evidence than that which begins with rough ones.
_START, _START_SHARE = 10.0, 0.05

# Most of the factor of an alpha in one re-estimation, and from the scale of its start.
_MOST_CHANGE, _RANGE = 10.0, 1e10

# Iterations before the first re-estimation, and between others.
_FIRST_ITERATIONS, _ITERATIONS = 50, 20

# Fits: all of them, those that go on until J is stationary, and those in which all weights
# vanished at the first alphas.
_MOST_FITS, _MOST_PRECISE_FITS, _MOST_EMPTY_FITS = 100, 3, 4

# Relative change of the alphas at which they have settled: of networks, and without hidden
# layers, where J is convex and its minimum exact.
_SETTLED, _SETTLED_EXACTLY = 2e-2, 1e-8

# Rows times parameters up to which tol="auto" goes to the precision of the floats. It does
# for larger problems without evidence; but the deeper a network is in a minimum, the less
# evidence there is for it (benchmarks/bench_evidence.py).
EVIDENCE_SMALL_WORK = 1e4

# Share of the targets that are left to tell the noise by, at least.
_LEAST_LEFT = 1e-3

# Numbers in a block of the matrix between rows to predict and rows trained on.
_BLOCK_NUMBERS = 1 << 22


@dataclass(frozen=True)
class Laplace:
    """The Gaussian approximation of the posterior at given weights and alphas.

    Attributes
    ----------
    factor : Factor

    gammas, squares : ndarray of shape (n_groups,)
        Of each group, gamma and the squared norm of its weights.

    noise_variance : float or None
        1 / beta; None in classification.

    log_evidence : float
        Logarithm of the probability of the targets, given alphas and beta (MacKay, 1992,
        eq. 4.2): log likelihood, plus log prior of the weights, less half the logarithm of
        the determinant of H + A. All weights are integrated out, while intercepts, of which
        there is no prior, are at their most probable values. In regression, constants
        included: a density of the targets in their own unit.
    """

    factor: Factor
    gammas: np.ndarray
    squares: np.ndarray
    noise_variance: float | None
    log_evidence: float


@dataclass(frozen=True)
class Evidence:
    """What an estimator that was trained by evidence says of it.

    Attributes
    ----------
    alpha : float, ndarray or list
        As an estimator takes it.

    n_effective_parameters, log_evidence : float

    noise_variance : float or None

    posterior : Posterior or None
    """

    alpha: object
    n_effective_parameters: float
    log_evidence: float
    noise_variance: float | None
    posterior: object


class AlphaGroups:
    """Which weights share an alpha.

    Parameters
    ----------
    network : Network

    scope : {"network", "layer", "input"}
        All weights, those of a layer, or those that leave an input of the network and
        those of each further layer.

    Attributes
    ----------
    n_groups : int
    """

    def __init__(self, network, scope):
        fan_ins = [fan_in for fan_in, _ in network.shapes]
        n_layers, first = len(fan_ins), fan_ins[0]
        self._scope = scope
        if scope == "network":
            self.n_groups = 1
            self._groups = [np.zeros(fan_in, dtype=np.intp) for fan_in in fan_ins]
        elif scope == "layer":
            self.n_groups = n_layers
            self._groups = [np.full(fan_in, i) for i, fan_in in enumerate(fan_ins)]
        else:
            self.n_groups = first + n_layers - 1
            later = [np.full(n, first + i) for i, n in enumerate(fan_ins[1:])]
            self._groups = [np.arange(first), *later]

    def by_row(self, values):
        """A value of every group, as an array of shape (fan_in,) for each layer."""
        return [values[groups] for groups in self._groups]

    def sums(self, by_row):
        """Sums over the groups, of an array of shape (fan_in,) for each layer."""
        return np.bincount(
            np.concatenate(self._groups), np.concatenate(by_row), self.n_groups
        )

    def as_given(self, values):
        """A value of every group, as an estimator takes alpha."""
        if self._scope == "network":
            return float(values[0])
        if self._scope == "layer":
            return values.copy()
        n_features = len(self._groups[0])
        return [values[:n_features].copy(), *map(float, values[n_features:])]


class EvidenceSolver:
    """A full-batch solver that re-estimates the alphas of the objective on its way.

    It fits for some iterations, re-estimates, goes on from the same weights with other
    alphas, and so on until these have settled; then it minimises J at the last of them.

    Parameters
    ----------
    solver : FullBatchSolver
        Minimises J at given alphas.

    scope : {"network", "layer", "input"}
        What shares an alpha (see `AlphaGroups`).

    start : float, ndarray, list or None
        The alphas to start from, as `Evidence` has them.
    """

    def __init__(self, solver, scope, start=None):
        self._solver, self._scope, self._start = solver, scope, start
        self._n_evaluations, self._change = 0, np.inf
        self.tol = solver.tol

    def iterate(self, objective, params, state=None):
        """Yield an `Iterate` after every step; the last one has a status.

        Parameters
        ----------
        objective : Objective
            Its alphas change with the iterates.

        params : ndarray of shape (n_params,)

        state : None
            Nothing is carried from one call to the next.
        """
        plan = _Plan(convex=not objective.network.activations)
        start = params
        self._begin(objective)
        while True:
            for iterate in self._fit(objective, params, plan.n_iterations):
                if iterate.status is None:
                    yield iterate
            params = iterate.params
            if iterate.status in ("diverged", "max_fun"):
                break
            laplace = self._laplace(objective, objective.from_solver(params))
            if laplace.gammas.sum() < 1 and plan.starts_anew():
                # Where all weights vanish they stay so, whatever becomes of alphas.
                params, alphas = start, self._alphas / _MOST_CHANGE
            else:
                alphas = self._reestimated(laplace)
                if plan.ends(self._change):
                    break
            self._set_alphas(objective, alphas)
            yield replace(iterate, status=None)
        yield iterate

    def _begin(self, objective):
        self._groups = AlphaGroups(objective.network, self._scope)
        counts = self._groups.sums([np.ones(n) for n, _ in objective.network.shapes])
        by_row = [
            np.full(n, u) for (n, _), u in zip(objective.network.shapes, _units(objective))
        ]
        # Of weights of several layers, the geometric mean.
        self._units = np.exp(self._groups.sums([np.log(u) for u in by_row]) / counts)
        alphas = min(_START, _START_SHARE * objective.data_weight) * self._units
        if self._start is not None:
            given = self._start if isinstance(self._start, list) else [self._start]
            given = np.concatenate([np.ravel(entry) for entry in given])
            alphas = given if len(given) == len(alphas) else alphas
        self._set_alphas(objective, alphas)

    def _set_alphas(self, objective, alphas):
        self._alphas = alphas
        n_features = objective.network.shapes[0][0]
        penalties = [L2()] * len(objective.network.shapes)
        alpha, penalties = alphas_of_inputs(
            self._groups.as_given(alphas), penalties, n_features
        )
        objective.set_penalties(penalties, alpha)

    def _fit(self, objective, params, n_iterations):
        """Iterates at the alphas of now, at most so many; the last one has a status."""
        solver = replace(self._solver, max_fun=self._solver.max_fun - self._n_evaluations)
        for n, iterate in enumerate(solver.iterate(objective, params), start=1):
            self._n_evaluations += iterate.n_rows_seen // objective.n_rows
            if n >= n_iterations and iterate.status is None:
                iterate = replace(iterate, status="paused")
            yield iterate
            if iterate.status is not None:
                return

    def _laplace(self, objective, params):
        network = objective.network
        coefs = [coef.astype(np.float64) for coef in network.coefs(params)]
        factor = factorize(
            _linearization(objective, params), self._groups.by_row(self._alphas)
        )
        gammas = self._groups.sums(factor.gammas)
        squares = self._groups.sums([np.square(coef).sum(axis=1) for coef in coefs])
        end = objective.evaluate_unscaled(params)
        loss = (end.value - end.penalty) * objective.data_weight
        log_prior = -(self._alphas @ squares) / 2
        if not isinstance(network.loss, HalfSquaredError):
            log_evidence = log_prior - loss - factor.log_det / 2
            return Laplace(factor, gammas, squares, None, log_evidence)
        n_outputs = network.layer_units[-1]
        n_targets = objective.data_weight * n_outputs
        determined = gammas.sum() + factor.n_intercepts - n_outputs
        # Where there are as many parameters as targets, nothing is left to tell the noise.
        n_left = max(n_targets - determined, _LEAST_LEFT * n_targets)
        variance = max(2 * loss / n_left, np.finfo(np.float64).tiny)
        log_evidence = (log_prior - loss) / variance - factor.log_det / 2
        log_evidence -= n_targets / 2 * np.log(2 * np.pi * variance)
        return Laplace(factor, gammas, squares, variance, log_evidence)

    def _reestimated(self, laplace):
        """The next alphas; their change is recorded."""
        variance = 1.0 if laplace.noise_variance is None else laplace.noise_variance
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            alphas = laplace.gammas * variance / laplace.squares
        # A group that the data say nothing of, and whose weights are all 0, stays so.
        alphas = np.where(np.isfinite(alphas) & (alphas > 0), alphas, self._alphas)
        alphas = np.clip(alphas, self._alphas / _MOST_CHANGE, self._alphas * _MOST_CHANGE)
        alphas = np.clip(alphas, self._units / _RANGE, self._units * _RANGE)
        changes = np.abs(np.log(alphas / self._alphas))
        self._change = laplace.gammas @ changes / max(laplace.gammas.sum(), 1.0)
        return alphas

    def evidence(self, objective, params):
        """The `Evidence` at the end of the training, parameters in their own units."""
        laplace = self._laplace(objective, params)
        posterior = None
        if laplace.noise_variance is not None:
            units = objective.network.layer_units
            posterior = Posterior(units, laplace.factor, laplace.noise_variance)
        return Evidence(
            self._groups.as_given(self._alphas),
            float(laplace.gammas.sum()),
            float(laplace.log_evidence),
            laplace.noise_variance,
            posterior,
        )


class _Plan:
    """How long to fit before the next re-estimation, and when to end."""

    def __init__(self, convex):
        self._convex = convex
        self._precise = convex
        self._n_fits = self._n_precise = self._n_empty = 0
        self._first = True

    @property
    def n_iterations(self):
        if self._precise:
            return np.inf
        return _FIRST_ITERATIONS if self._first else _ITERATIONS

    def starts_anew(self):
        """Whether to try again with smaller alphas, after a fit that left no network."""
        self._n_empty += 1
        return self._first and not self._convex and self._n_empty <= _MOST_EMPTY_FITS

    def ends(self, change):
        """Whether the last fit was that to keep."""
        self._first = False
        self._n_fits += 1
        self._n_precise += self._precise
        if self._convex:
            return change <= _SETTLED_EXACTLY or self._n_fits >= _MOST_FITS
        settled = change <= _SETTLED
        if self._precise and (settled or self._n_precise >= _MOST_PRECISE_FITS):
            return True
        # J is minimised with care where alphas have settled, and they are then looked at
        # again.
        self._precise = settled or self._n_fits >= _MOST_FITS
        return False


def _units(objective):
    """The alpha of each layer at scales of 1 of inputs, outputs and loss."""
    network = objective.network
    units = np.full(len(network.shapes), objective.value_scale)
    units[-1] /= objective.scales[0] ** 2
    X = objective.data.X
    values = X.data if sparse.issparse(X) else X
    units[0] *= (
        float(np.square(values, dtype=np.float64).sum()) / max(np.prod(X.shape), 1) or 1.0
    )
    return units


def _linearization(objective, params):
    """Of the rows trained on that weigh something."""
    network, (X, _, sample_weight) = objective.network, objective.data
    rows = objective.rows
    if sample_weight is not None:
        rows = np.arange(X.shape[0]) if rows is None else rows
        rows = rows[sample_weight[rows] > 0]
        sample_weight = sample_weight[rows]
    return Linearization(
        network,
        network.coefs(params),
        network.intercepts(params),
        X if rows is None else X[rows],
        sample_weight,
        network.loss.hessian_root,
    )


class Posterior:
    """What a network's predictions in regression may be, noise included.

    Parameters
    ----------
    layer_units : tuple of int

    factor : Factor

    noise_variance : float
    """

    def __init__(self, layer_units, factor, noise_variance):
        self.layer_units, self._factor = layer_units, factor
        self._noise_variance = noise_variance

    def standard_deviation(self, network, coefs, intercepts, X):
        """Of the targets of new rows, shape (n_rows, n_outputs).

        The variance of the noise, plus that of the output as a linear function of weights
        and intercepts with their posterior (MacKay, 1992).
        """
        n_outputs = network.layer_units[-1]
        size = max(_BLOCK_NUMBERS // (n_outputs * self._factor.size), 1)
        found = []
        for start in range(0, X.shape[0], size):
            block = Linearization(network, coefs, intercepts, X[start : start + size])
            variances = self._factor.variances(block).reshape(-1, n_outputs)
            found.append(np.sqrt(self._noise_variance * (1 + variances)))
        return np.vstack(found)
