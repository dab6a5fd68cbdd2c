"""Attributes of a fitted estimator, from a fitted network."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from ..engine import Network
from ..fitting.fit import FittedNetwork
from ..fitting.result import LossCurves

# Attributes that only some networks and some fits have, and what `compact` has said of the
# last one.
OF_SOME_FITS = (
    "skip_coef_",
    "shrinkage_",
    "n_effective_parameters_",
    "log_evidence_",
    "noise_variance_",
    "_posterior",
    "_training_state",
)


def network_attributes(network: Network, params: np.ndarray, n_iter: int) -> dict[str, Any]:
    """Return the attributes that a network by itself has, in arrays of their own."""
    coefs = network.coefs(params)
    coefs[0], skip = network.split_skip(coefs[0])
    return {
        **({"skip_coef_": skip.copy()} if network.skip else {}),
        "coefs_": [coef.copy() for coef in coefs],
        "intercepts_": [intercept.copy() for intercept in network.intercepts(params)],
        "n_iter_": n_iter,
        "n_layers_": len(network.layer_units),
        "n_outputs_": network.layer_units[-1],
        "out_activation_": network.loss.out_activation,
        "_network": network,
    }


def fitted_attributes(
    fitted: FittedNetwork,
    early_stopping: bool,
    store_posterior: bool = False,
    earlier: Any = None,
) -> dict[str, Any]:
    """Return all attributes that a fit sets.

    Parameters
    ----------
    fitted : FittedNetwork

    early_stopping : bool

    store_posterior : bool
        Whether to keep what standard deviations of predictions need.

    earlier : estimator or None
        The one that earlier calls have fitted, whose numbers this one adds to.
    """
    result = fitted.training
    n_iter = result.n_iter + (earlier.n_iter_ if earlier else 0)
    return {
        **network_attributes(fitted.network, fitted.params, n_iter),
        **_alpha_attributes(fitted, store_posterior),
        **_loss_curve_attributes(result, early_stopping, earlier),
        "solver_": fitted.solver,
        "loss_": result.loss,
        "optimality_": result.optimality,
        "t_": result.n_rows_seen + (earlier.t_ if earlier else 0),
        "validation_loss_curve_": result.validation_loss_curve or None,
        "validation_scores_": result.validation_scores or None,
        "best_validation_score_": max(result.validation_scores, default=None),
    }


def fold_attributes(
    curves: Sequence[LossCurves], selected: Sequence[np.ndarray]
) -> dict[str, Any]:
    """Return what a search keeps of the folds, by their networks at the chosen alpha.

    Parameters
    ----------
    curves : list of LossCurves

    selected : list of ndarray of bool of shape (n_features,)
        The features that they select.
    """
    validation = [curve.validation for curve in curves if curve.validation is not None]
    return {
        "selection_frequency_": np.mean(selected, axis=0),
        "fold_loss_curves_": [list(curve.objective) for curve in curves],
        "fold_validation_loss_curves_": validation or None,
    }


def _loss_curve_attributes(result, early_stopping, earlier):
    """Return the losses, recorded at a cost that does not grow with the calls before."""
    curve, best = (earlier.loss_curve_, earlier.best_loss_) if earlier else ([], None)
    if not isinstance(curve, list):
        curve = list(curve)
    elif earlier and len(curve) > earlier.n_iter_:
        # Of a call that was interrupted before its attributes were set, or of a copy.
        curve = curve[: earlier.n_iter_]
    # Only early stopping leaves a curve without its smallest value.
    losses = [best] if curve and best is not None else curve
    best = min([*losses, *result.loss_curve], default=result.loss)
    curve.extend(result.loss_curve)
    return {"loss_curve_": curve, "best_loss_": None if early_stopping else best}


def _alpha_attributes(fitted, store_posterior):
    evidence = fitted.training.evidence
    if evidence is None:
        return {"alpha_": _copied_alpha(fitted.alpha)}
    attributes = {
        "alpha_": evidence.alpha,
        "n_effective_parameters_": evidence.n_effective_parameters,
        "log_evidence_": evidence.log_evidence,
    }
    if evidence.noise_variance is not None:
        attributes["noise_variance_"] = evidence.noise_variance
    if store_posterior and evidence.posterior is not None:
        attributes["_posterior"] = evidence.posterior
    return attributes


def _copied_alpha(alpha):
    """Return a number, an array of one for each layer, or a list with an array for the
    features."""
    if isinstance(alpha, Real) or getattr(alpha, "ndim", 1) == 0:
        return float(alpha)
    if isinstance(alpha, list | tuple) and np.ndim(alpha[0]):
        return [np.array(alpha[0], dtype=np.float64), *map(float, alpha[1:])]
    return np.array(alpha, dtype=np.float64)
