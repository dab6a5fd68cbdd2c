"""Networks of the folds of a search, kept until one alpha is chosen and beyond."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import clone

from ..fitting.fit import FittedNetwork
from .compared import plain_estimator
from .fitted_attributes import fitted_attributes

_NOTHING = np.empty(0)


@dataclass(frozen=True)
class SmallNetwork:
    """A fitted network whose parameters are stored sparse if that is smaller.

    Until alpha is chosen there is one for each alpha, relaxed fit, path and fold.

    Attributes
    ----------
    fitted : FittedNetwork
        The network without its parameters.

    params : ndarray of shape (n_params,) or csr_array of shape (1, n_params)
    """

    fitted: FittedNetwork
    params: Any

    @classmethod
    def of(cls, fitted: FittedNetwork) -> Self:
        """Store a fitted network."""
        params = fitted.params
        row = sparse.csr_array(params[None])
        is_smaller = row.data.nbytes + row.indices.nbytes <= params.nbytes / 2
        training = replace(fitted.training, params=_NOTHING)
        return cls(
            replace(fitted, params=_NOTHING, training=training),
            row if is_smaller else params,
        )

    def restored(self) -> FittedNetwork:
        """Return the fitted network."""
        is_sparse = sparse.issparse(self.params)
        params = self.params.toarray()[0] if is_sparse else self.params
        training = replace(self.fitted.training, params=params)
        return replace(self.fitted, params=params, training=training)


def estimators_of(
    search: Any,
    networks: Sequence[FittedNetwork],
    params: dict[str, Any],
    data_attributes: dict[str, Any],
) -> list[Any]:
    """Return fitted plain estimators, one for each network.

    Parameters
    ----------
    search : RegularizedMLPCV
        Its parameters are theirs.

    networks : list of FittedNetwork

    params : dict
        The parameters that were chosen, `alpha` among them.

    data_attributes : dict
        The attributes that tell features and targets.
    """
    estimators = []
    for fitted in networks:
        plain = clone(plain_estimator(search, **params))
        vars(plain).update(data_attributes)
        vars(plain).update(fitted_attributes(fitted, search.early_stopping))
        # That of a relaxed fit, or of an empty network before it, is another.
        plain.alpha_ = params["alpha"]
        estimators.append(plain)
    return estimators
