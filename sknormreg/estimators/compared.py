"""Parameters of a search: which are compared, and those of a single fit."""

from collections.abc import Sequence
from itertools import product
from math import prod
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import validate_parameter_constraints

from ..fitting.specification import NetworkSpec

# Parameters whose lists are of candidates, in the order of the axes of the scores. Relaxed
# fits share a path; all others have paths of their own.
COMPARED = (
    "hidden_layer_sizes",
    "activation",
    "l1_ratio",
    "dropout",
    "input_dropout",
    "input_noise",
    "mixup",
    "label_smoothing",
    "relax",
)

# Those of which a single network may have several, one for each layer.
OF_NETWORKS = ("hidden_layer_sizes", "activation")

# Scores have a place for each combination.
MOST_COMBINATIONS = 10_000

# Parameters of the plain estimators that searches do not have, or that have a wider meaning
# there.
LEFT_OUT = (
    "alpha",
    "evidence_scope",
    "quantile_level",
    "store_posterior",
    "warm_start",
    "total_weight",
    "n_jobs",
)

# Parameters that are of a whole search there, with their values for single fits.
OF_SINGLE_FITS = {"verbose": False, "max_time": None}

# The alpha of the L2 penalty of relaxed fits: the default of the plain estimators.
_LIGHT_ALPHA = 1.0


def compared_lists(estimator: Any) -> dict[str, list]:
    """Return lists of the values of the parameters that may have several, by name.

    Those of a fitted estimator are the values that were compared, whatever its parameters
    have been set to since.

    Raises
    ------
    ValueError
        If one of them is empty.
    """
    if hasattr(estimator, "_compared"):
        return dict(estimator._compared)
    own = vars(estimator)
    lists = {name: _values(name, own[name]) for name in COMPARED if name in own}
    for name, values in lists.items():
        if not values:
            raise ValueError(f"{name} is empty: give at least one.")
    if not uses_l1_ratio(estimator):
        # Each would fit the same path.
        lists["l1_ratio"] = lists["l1_ratio"][:1]
    return lists


def check_compared(estimator: Any) -> None:
    """Check the lists that an estimator is given, but for layers and their activations.

    Raises
    ------
    ValueError
        If an entry is not what a single fit takes, or is there twice, or if there are too
        many combinations.
    """
    lists = compared_lists(estimator)
    constraints = estimator._plain_class._parameter_constraints
    for name, values in lists.items():
        if name in OF_NETWORKS:
            continue  # checked where all activations of a network are
        for i, value in enumerate(values if name != "relax" else ()):
            label = name if value is getattr(estimator, name) else f"{name}[{i}]"
            validate_parameter_constraints(
                {label: constraints[name]}, {label: value}, type(estimator).__name__
            )
    for name, values in lists.items():
        _refuse_repeated(name, values)
    n_combinations = prod(map(len, lists.values()))
    if n_combinations > MOST_COMBINATIONS:
        several = [f"{len(v)} of {name}" for name, v in lists.items() if len(v) > 1]
        raise ValueError(
            f"Too many combinations of candidates: {n_combinations}, of "
            f"{', '.join(several)}. At most {MOST_COMBINATIONS} are possible: shorten "
            "these lists."
        )


def compared_shape(estimator: Any) -> list[int]:
    """Return the numbers of values of the parameters that have several."""
    lengths = map(len, compared_lists(estimator).values())
    return [length for length in lengths if length > 1]


def compared_params(estimator: Any) -> list[dict[str, Any]]:
    """Return the parameters of each path."""
    lists = compared_lists(estimator)
    del lists["relax"]
    return [dict(zip(lists, values)) for values in product(*lists.values())]


def distinct_paths(params: Sequence[dict], specs: Sequence[NetworkSpec]) -> list[int]:
    """Return the first of the paths that are the same: without hidden layers, activations
    make no difference.

    Parameters
    ----------
    params : list of dict
        As `compared_params` returns them.

    specs : list of NetworkSpec
        Their networks.

    Returns
    -------
    indices : list of int
    """
    first: dict[tuple, int] = {}
    for i, (one, spec) in enumerate(zip(params, specs)):
        numbers = [value for name, value in one.items() if name not in OF_NETWORKS]
        key = spec.hidden_layer_sizes, spec.activations, *numbers
        first.setdefault(key, i)
    return list(first.values())


def compared_relaxes(estimator: Any) -> list[float | None]:
    """Return the alphas of the relaxed fits along each path; None for the path itself.

    Raises
    ------
    ValueError
        If one is neither True, nor False, nor a number above 0.
    """
    return [_relaxed_alpha(relax) for relax in compared_lists(estimator)["relax"]]


def plain_estimator(estimator: Any, **params: Any) -> Any:
    """Return the plain estimator with the parameters of the first path of a search."""
    plain_class = estimator._plain_class
    names = set(plain_class._get_param_names()) - set(LEFT_OUT)
    own = {name: getattr(estimator, name) for name in names}
    lists = compared_lists(estimator)
    del lists["relax"]
    first = {name: values[0] for name, values in lists.items()}
    return plain_class(**own | OF_SINGLE_FITS | first | params)


def uses_l1_ratio(estimator: Any) -> bool:
    """Whether `l1_ratio` makes a difference to the penalty."""
    penalty = estimator.penalty
    given = penalty if isinstance(penalty, list | tuple) else [penalty]
    names = [entry for entry in given if isinstance(entry, str)]
    return not {"elasticnet", "sparse_group_lasso"}.isdisjoint(names)


def _values(name, given):
    """Return a list of the values of a parameter."""
    if name == "hidden_layer_sizes":
        # A list of numbers is of the layers of one network.
        several = isinstance(given, list) and any(np.ndim(size) for size in given)
        return list(given) if several else [given]
    if name == "activation":
        # A tuple is of the layers of one network.
        return list(given) if isinstance(given, list) else [given]
    return list(given) if np.ndim(given) else [given]


def _refuse_repeated(name, values):
    """Raise a ValueError where two candidates are the same."""
    seen = set()
    for value in values:
        key = _comparable(name, value)
        if key in seen:
            raise ValueError(f"{name} has {value!r} twice: give each candidate once.")
        seen.add(key)


def _comparable(name, value):
    if name == "relax":
        return _relaxed_alpha(value)
    if name == "activation":
        return value if isinstance(value, str) else tuple(value)
    if name == "hidden_layer_sizes":
        return tuple(np.atleast_1d(value).tolist())
    return float(value)


def _relaxed_alpha(relax):
    if isinstance(relax, bool | np.bool_):
        return _LIGHT_ALPHA if relax else None
    if not isinstance(relax, Real) or not 0 < float(relax) < np.inf:
        raise ValueError(
            "relax must be True, False or a number above 0, the alpha of the L2 penalty of "
            f"relaxed fits, or a list of them, got {relax!r}."
        )
    return float(relax)
