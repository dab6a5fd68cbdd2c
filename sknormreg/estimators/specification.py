"""The specification of a network to fit, from the parameters of an estimator."""

from dataclasses import fields, replace
from numbers import Integral
from typing import Any

import numpy as np

from .._names import did_you_mean
from ..engine.activations import ACTIVATIONS
from ..fitting.layer_penalties import all_l2
from ..fitting.null_quantile import refuse_without_rule
from ..fitting.settings import SolverSettings
from ..fitting.specification import NetworkSpec
from .hold_out import HoldOut
from .monotonicity import monotonic_cst
from .targets import ClassTargets, Targets


def network_spec(estimator: Any, targets: Targets, **params: Any) -> NetworkSpec:
    """Return the `NetworkSpec` that an estimator's parameters describe.

    Parameters
    ----------
    estimator : estimator
        One that knows its features.

    targets : Targets

    **params : dict
        Parameters that take the place of the estimator's.

    Raises
    ------
    ValueError
        If sizes, activations or penalty are not valid.
    """
    # Not by get_params, which inspects the signature anew for every part of the data.
    if isinstance(targets, ClassTargets) and "label_smoothing" in params:
        targets = replace(targets, label_smoothing=params["label_smoothing"])
    params = vars(estimator) | params
    sizes = _checked_sizes(params["hidden_layer_sizes"])
    hold_out = None
    if params["early_stopping"]:
        hold_out = HoldOut(targets, params["validation_fraction"])
    # Estimators for which some have no meaning do not have them.
    names = {field.name for field in fields(SolverSettings)}
    settings = {name: params[name] for name in names & params.keys()}
    activations = _checked_activations(params["activation"], len(sizes))
    spec = NetworkSpec(
        sizes,
        activations,
        targets.n_outputs,
        targets.loss(),
        penalty=params["penalty"],
        l1_ratio=params["l1_ratio"],
        dropout=params.get("dropout", 0.0),
        input_dropout=params.get("input_dropout", 0.0),
        input_noise=params.get("input_noise", 0.0),
        mixup=params.get("mixup", 0.0),
        settings=SolverSettings(**settings),
        feature_names=getattr(estimator, "feature_names_in_", None),
        monotonic_cst=monotonic_cst(estimator, targets, activations),
        total_weight=params.get("total_weight"),
        evidence_scope=params.get("evidence_scope", "layer"),
        hold_out=hold_out,
        goes_on=params.get("warm_start", False),
        n_init=params.get("n_init", 1),
    )
    if is_word(params.get("alpha"), "evidence"):
        _refuse_without_evidence(spec, params)
    elif is_word(params.get("alpha"), "quantile"):
        refuse_without_rule(spec)
    return spec


def is_word(alpha: Any, word: str) -> bool:
    """Whether alpha is a word, such as "evidence", rather than a number or an array."""
    return isinstance(alpha, str) and alpha == word


def _checked_sizes(given):
    sizes = np.atleast_1d(given).tolist()
    if not all(isinstance(size, Integral) and int(size) >= 1 for size in sizes):
        raise ValueError(
            "hidden_layer_sizes must be integers of at least 1, one for each hidden "
            f"layer, got {given!r}."
        )
    return tuple(map(int, sizes))


def _checked_activations(given, n_hidden):
    names = [given] * n_hidden if isinstance(given, str) else given
    known = all(isinstance(name, str) and name in ACTIVATIONS for name in names)
    if len(names) != n_hidden or not known:
        raise ValueError(
            f"activation must be one of {sorted(ACTIVATIONS)}, or one of them for "
            f"each of the {n_hidden} hidden layers, got {given!r}."
            f"{did_you_mean(given, ACTIVATIONS)}"
        )
    return tuple(names)


def _refuse_without_evidence(spec, params):
    """Raise a ValueError where alpha='evidence' has no meaning."""
    problem, penalties = None, spec.penalties
    if not all_l2(penalties if isinstance(penalties, list) else [penalties]):
        problem = (
            f"is for penalty='l2', the logarithm of a Gaussian prior, not for "
            f"penalty={params['penalty']!r}"
        )
    elif spec.loss.hessian_root is None:
        problem = f"is for loss='squared_error', not for loss={params['loss']!r}"
    elif spec.settings.solver not in ("auto", "lbfgs"):
        problem = (
            f"is for full batches, solver='lbfgs' or 'auto', not for "
            f"solver={spec.settings.solver!r}"
        )
    elif spec.drawn:
        problem = f"is for full batches and has no meaning with {spec.drawn[0]}"
    elif spec.monotonic_cst is not None:
        problem = (
            "is for weights of either sign, whose posterior is nearly Gaussian, not for "
            f"monotonic_cst={params['monotonic_cst']!r}, which bounds them"
        )
    if problem:
        raise ValueError(f"alpha='evidence' {problem}.")
