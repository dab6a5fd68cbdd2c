"""The Gaussian approximation of the posterior at given weights and alphas."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine.losses import HalfSquaredError, Loss
from .factors import Factor, factorize
from .groups import AlphaGroups
from .linearization import Linearization

# Share of the targets that are left to tell the noise by, at least.
_LEAST_LEFT = 1e-3


@dataclass(frozen=True)
class Laplace:
    """The Gaussian approximation of the posterior at given weights and alphas.

    Attributes
    ----------
    factor : Factor

    gammas, squares : ndarray of shape (n_groups,)
        Of each group, gamma and the squared norm of its weights.

    noise_variance : float
        1 / beta; 1 in classification.

    log_evidence : float
        Logarithm of the probability of the targets, given alphas and beta, with the weights
        integrated out (MacKay, 1992, eq. 4.2) and all constants included: a density of the
        targets in their own unit in regression. Intercepts are at their most probable
        values; each one of hidden units that the data determine costs log(N) / 2, as with
        a prior that is worth one row (Kass and Wasserman, 1995).
    """

    factor: Factor
    gammas: np.ndarray
    squares: np.ndarray
    noise_variance: float
    log_evidence: float


def laplace_approximation(
    objective: Any, params: np.ndarray, groups: AlphaGroups, alphas: np.ndarray
) -> Laplace:
    """Approximate the posterior at parameters in their own units.

    Parameters
    ----------
    objective : Objective

    params : ndarray of shape (n_params,)

    groups : AlphaGroups

    alphas : ndarray of shape (n_groups,)

    Returns
    -------
    laplace : Laplace
    """
    network, weight = objective.network, objective.data_weight
    X, sample_weight = weighted_rows(objective)
    coefs, intercepts = network.coefs(params), network.intercepts(params)

    def linearize(part):
        given = None if sample_weight is None else sample_weight[part]
        root = network.loss.hessian_root
        return Linearization(network, coefs, intercepts, X[part], given, root)

    factor = factorize(linearize, network, X.shape[0], groups.by_row(alphas))
    squares = groups.sums([np.square(coef, dtype=np.float64).sum(axis=1) for coef in coefs])
    # No gamma is below 0, but estimates may be.
    gammas = np.maximum(groups.sums(factor.gammas), 0)
    n_outputs = network.layer_units[-1]
    n_hidden = max(factor.n_intercepts - n_outputs, 0)
    end = objective.evaluate(params)
    loss = (end.value - end.penalty) * weight
    variance, constant = 1.0, 0.0
    if has_noise(network.loss):
        # With as many parameters as targets, nothing would be left to tell the noise.
        left = weight * n_outputs - gammas.sum() - n_hidden
        variance = 2 * loss / max(left, _LEAST_LEFT * weight * n_outputs)
        variance = max(variance, np.finfo(np.float64).tiny)
        constant = -weight * n_outputs / 2 * np.log(2 * np.pi * variance)
    log_evidence = constant - (loss + alphas @ squares / 2) / variance
    log_evidence -= (factor.log_det + n_hidden * np.log(max(weight, 1.0))) / 2
    return Laplace(factor, gammas, squares, variance, log_evidence)


def has_noise(loss: Loss) -> bool:
    """Whether the loss is a Gaussian's, with a variance to be estimated."""
    return isinstance(loss, HalfSquaredError)


def weighted_rows(objective: Any) -> tuple[Any, np.ndarray | None]:
    """Return X and sample weights (or None) of the training rows of positive weight."""
    (X, _, sample_weight), rows = objective.data, objective.rows
    if sample_weight is not None:
        rows = np.arange(X.shape[0]) if rows is None else rows
        rows = rows[sample_weight[rows] > 0]
        sample_weight = sample_weight[rows].astype(np.float64) * objective.weight_unit
    return X if rows is None else X[rows], sample_weight
