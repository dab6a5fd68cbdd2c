"""Choice of alphas from the training data alone: the evidence framework.

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

R. E. Kass and L. Wasserman, "A Reference Bayesian Test for Nested Hypotheses and its
Relationship to the Schwarz Criterion", Journal of the American Statistical Association 90,
1995.

F. D. Foresee and M. T. Hagan, "Gauss-Newton Approximation to Bayesian Learning",
International Conference on Neural Networks, 1997.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from ..solvers import Status
from .groups import AlphaGroups
from .laplace import Laplace, has_noise, laplace_approximation, weighted_rows
from .marginalization import class_posterior
from .posterior import Evidence, Posterior

# The alphas that the first fits are tried with: at scales of 1 of inputs, outputs and loss,
# the largest, and their most as a share of the weight of the rows; how many of them.
_START, _START_SHARE, _MOST_STARTS = 10.0, 0.05, 6

# Most of the factor of an alpha in one re-estimation, and from scales of 1.
_MOST_CHANGE, _RANGE = 10.0, 1e10

# The largest ratio of steps of log alphas by which to extrapolate.
_MOST_RATIO = 0.95

# Iterations before the first re-estimation, and between others.
_FIRST_ITERATIONS, _ITERATIONS = 50, 20

# Fits between re-estimations, and those of them that go on until J is stationary.
_MOST_FITS, _MOST_PRECISE_FITS = 100, 3

# Relative change of the alphas at which they have settled: of networks, and without hidden
# layers, where J is convex and its minimum exact; and that which counts as settled.
_SETTLED, _SETTLED_EXACTLY, _ACCEPTED = 5e-2, 1e-8, 0.1


class EvidenceSolver:
    """A full-batch solver that re-estimates the alphas of the objective on its way.

    It fits for some iterations, re-estimates, goes on from the same weights with other
    alphas, and so on until these have settled; then it minimises J at the last of them.

    Parameters
    ----------
    solver : FullBatchSolver
        Minimises J at given alphas.

    scope : {"network", "layer", "feature"}
        Groups of weights that share an alpha (see `AlphaGroups`).

    start : float, ndarray, list or None
        The alphas to start from, as `Evidence` has them. None looks for some.
    """

    def __init__(self, solver: Any, scope: str, start: Any = None) -> None:
        self._solver, self._scope, self._start = solver, scope, start
        self._n_evaluations, self._change = 0, np.inf
        self._seen: tuple[np.ndarray, Laplace] | None = None
        self._last_steps: np.ndarray | None = None
        self.tol, self.max_relative_gap = solver.tol, solver.max_relative_gap

    def iterate(
        self, objective: Any, params: np.ndarray, state: None = None
    ) -> Iterator[Any]:
        """Yield an `Iterate` after every step; the last one has a status.

        Parameters
        ----------
        objective : ScaledObjective
            The iterates are of others, which differ by their alphas.

        params : ndarray of shape (n_params,)

        state : None
            Nothing is carried from one call to the next.
        """
        self._objective = objective
        alphas, known = self._begin(objective)
        self._convex = not objective.network.activations
        plan = _Plan(self._convex)
        if known or plan.precise:
            self._set_alphas(alphas)
            iterate, laplace = yield from self._fit(params, plan.n_iterations)
        else:
            iterate, laplace = yield from self._fit_first(params, alphas)
        while laplace is not None:
            alphas = self._reestimated(laplace)
            if plan.ends(self._change):
                break
            self._set_alphas(alphas)
            yield self._of_now(iterate, status=None)
            iterate, laplace = yield from self._fit(iterate.params, plan.n_iterations)
        yield self._of_now(iterate)

    def _begin(self, objective):
        """Return alphas to start from, and whether they are those of an earlier fit."""
        shapes, units = objective.network.shapes, _units(objective)
        self._groups = AlphaGroups(objective.network, self._scope)
        counts = self._groups.sums([np.ones(fan_in) for fan_in, _ in shapes])
        # Of a group of several layers, the geometric mean.
        logs = [np.full(fan_in, np.log(unit)) for (fan_in, _), unit in zip(shapes, units)]
        self._units = np.exp(self._groups.sums(logs) / counts)
        given = self._start if isinstance(self._start, list) else [self._start]
        start = np.concatenate([np.ravel(entry) for entry in given])
        if self._start is not None and len(start) == self._groups.n_groups:
            return np.clip(start, self._units / _RANGE, self._units * _RANGE), True
        share = _START_SHARE * objective.objective.data_weight
        return min(_START, share) * self._units, False

    def _fit_first(self, params, alphas):
        """Fit from the same start at ever smaller alphas while there is more evidence.

        From large alphas on, that is from smooth functions, training ends in better maxima
        of the evidence where noise is strong, from small ones where it is weak. And where
        alphas are so large that all weights vanish, they stay so.
        """
        best = None
        for _ in range(_MOST_STARTS):
            self._set_alphas(alphas)
            found = yield from self._fit(params, _FIRST_ITERATIONS)
            iterate, laplace = found
            if laplace is None:
                return found
            if best is not None and laplace.log_evidence <= best[1].log_evidence:
                break
            best, best_alphas, alphas = found, alphas, alphas / _MOST_CHANGE
            yield self._of_now(iterate, status=None)
        self._set_alphas(best_alphas)
        return best

    def _set_alphas(self, alphas):
        self._alphas, self._seen = alphas, None
        self._objective = self._objective.with_alphas(*self._groups.penalties(alphas))

    def _of_now(self, iterate, **changes):
        """Return an iterate of the objective with the current alphas."""
        return replace(iterate, problem=self._objective, **changes)

    def _fit(self, params, n_iterations):
        """Yield all iterates but the last of a fit at the current alphas.

        Returns
        -------
        iterate : Iterate
            The last one, which has a status.

        laplace : Laplace or None
            None where the whole training has to end.
        """
        objective = self._objective
        solver = replace(self._solver, max_fun=self._solver.max_fun - self._n_evaluations)
        for n, iterate in enumerate(solver.iterate(objective, params), start=1):
            self._n_evaluations += iterate.n_rows_seen // objective.n_rows
            if iterate.status is None and n >= n_iterations:
                iterate = replace(iterate, status=Status.PAUSED)
            if iterate.status is not None:
                break
            yield self._of_now(iterate)
        if iterate.status in (Status.DIVERGED, Status.MAX_FUN):
            return iterate, None
        return iterate, self._look(objective.from_solver(iterate.params))

    def _look(self, params):
        """Return the `Laplace` at parameters in their own units and the current alphas."""
        if self._seen is None or not np.array_equal(self._seen[0], params):
            objective = self._objective.objective
            found = laplace_approximation(objective, params, self._groups, self._alphas)
            self._seen = params, found
        return self._seen[1]

    def _reestimated(self, laplace):
        """Return the next alphas, and record their change."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            alphas = laplace.gammas * laplace.noise_variance / laplace.squares
        # A group that the data say nothing of, and whose weights are all 0, stays so.
        alphas = np.where(np.isfinite(alphas) & (alphas > 0), alphas, self._alphas)
        alphas = np.clip(alphas, self._units / _RANGE, self._units * _RANGE)
        steps = np.log(alphas / self._alphas)
        self._change = laplace.gammas @ np.abs(steps) / max(laplace.gammas.sum(), 1.0)
        steps = self._extrapolated(steps)
        most = np.log(_MOST_CHANGE)
        return self._alphas * np.exp(np.clip(steps, -most, most))

    def _extrapolated(self, steps):
        """Extrapolate steps of log alphas to where steps in a constant ratio would lead.

        Of every two steps one is plain, and shows how it compares with that before it
        (Aitken, 1926). In a network, alphas follow weights that are still on their way.
        """
        last, self._last_steps = self._last_steps, None
        if last is None or not self._convex:
            self._last_steps = steps
            return steps
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = steps / last
        ratios = np.where((ratios > 0) & np.isfinite(ratios), ratios, 0)
        return steps / (1 - np.minimum(ratios, _MOST_RATIO))

    def evidence(self, params: np.ndarray) -> Evidence:
        """Return the `Evidence` of parameters, in their own units, after training."""
        laplace, network = self._look(params), self._objective.network
        variance: float | None = None
        posterior: Any = None
        if has_noise(network.loss):
            variance = float(laplace.noise_variance)
            posterior = Posterior(network.layer_units, laplace.factor, variance)
        else:
            objective = self._objective.objective
            posterior = class_posterior(objective, params, laplace)
        return Evidence(
            self._groups.as_given(self._alphas),
            float(laplace.gammas.sum()),
            float(laplace.log_evidence),
            variance,
            posterior,
            self._warning(),
        )

    def _warning(self):
        if self._change <= _ACCEPTED:
            return None
        by = f" by {self._change:.2g}" if np.isfinite(self._change) else ""
        return (
            f"alpha='evidence' ended while alphas still changed{by} from one re-estimation "
            "to the next, on average and relative to themselves. Increase max_iter, or "
            "take fewer alphas with another evidence_scope."
        )


class _Plan:
    """How long to fit before the next re-estimation, and when to end."""

    def __init__(self, convex):
        self._convex = self.precise = convex
        self._n_fits = self._n_precise = 0

    @property
    def n_iterations(self):
        return np.inf if self.precise else _ITERATIONS

    def ends(self, change):
        """Whether the last fit, after which alphas would change so much, is to be kept."""
        self._n_fits += 1
        self._n_precise += self.precise
        if self._convex:
            return change <= _SETTLED_EXACTLY or self._n_fits >= _MOST_FITS
        settled = change <= _SETTLED
        if self.precise and (settled or self._n_precise >= _MOST_PRECISE_FITS):
            return True
        # Where alphas have settled, J is minimised with care, and they are looked at again.
        self.precise = settled or self._n_fits >= _MOST_FITS
        return False


def _units(objective):
    """Return the alpha of each layer at scales of 1 of features, outputs and loss."""
    units = np.full(len(objective.network.shapes), objective.value_scale)
    units[-1] /= objective.scales[0] ** 2
    X, sample_weight = weighted_rows(objective.objective)
    X = X.astype(np.float64, copy=False)
    if sparse.issparse(X):
        squares = np.asarray(X.multiply(X).sum(axis=1)).ravel()
    else:
        squares = np.einsum("ij,ij->i", X, X)
    mean_square = np.average(squares, weights=sample_weight) / X.shape[1]
    units[0] *= mean_square if mean_square > 0 else 1.0
    return units
