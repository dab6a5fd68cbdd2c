"""Parameters of a search: which are compared, and those of a single fit."""

from itertools import product
from numbers import Real
from typing import Any

import numpy as np

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
    sizes = estimator.hidden_layer_sizes
    several = isinstance(sizes, list) and any(np.ndim(size) for size in sizes)
    lists = {
        "hidden_layer_sizes": sizes if several else [sizes],
        "l1_ratio": _as_list(estimator.l1_ratio),
        "relax": _as_list(estimator.relax),
    }
    for name, values in lists.items():
        if not values:
            raise ValueError(f"{name} is empty: give at least one.")
    if not uses_l1_ratio(estimator):
        # Each would fit the same path.
        lists["l1_ratio"] = lists["l1_ratio"][:1]
    return lists


def compared_shape(estimator: Any) -> list[int]:
    """Return the numbers of values of the parameters that have several."""
    lengths = map(len, compared_lists(estimator).values())
    return [length for length in lengths if length > 1]


def compared_params(estimator: Any) -> list[dict[str, Any]]:
    """Return the parameters of each path."""
    lists = compared_lists(estimator)
    del lists["relax"]
    return [dict(zip(lists, values)) for values in product(*lists.values())]


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
    first = compared_params(estimator)[0]
    return plain_class(**own | OF_SINGLE_FITS | first | params)


def uses_l1_ratio(estimator: Any) -> bool:
    """Whether `l1_ratio` makes a difference to the penalty."""
    penalty = estimator.penalty
    given = penalty if isinstance(penalty, list | tuple) else [penalty]
    names = [entry for entry in given if isinstance(entry, str)]
    return not {"elasticnet", "sparse_group_lasso"}.isdisjoint(names)


def _as_list(values):
    return list(values) if np.ndim(values) else [values]


def _relaxed_alpha(relax):
    if isinstance(relax, bool | np.bool_):
        return _LIGHT_ALPHA if relax else None
    if not isinstance(relax, Real) or not 0 < float(relax) < np.inf:
        raise ValueError(
            "relax must be True, False or a number above 0, the alpha of the L2 penalty of "
            f"relaxed fits, or a list of them, got {relax!r}."
        )
    return float(relax)
