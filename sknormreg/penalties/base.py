"""Base classes of penalties, and the network layout that they are bound to."""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np

from .._parameters import ParametersMixin
from .._prox_terms import ProxTerms


class Layout(NamedTuple):
    """Layers of the network that a penalty is bound to.

    Parameters
    ----------
    shapes : list of (fan_in, fan_out)
        Shape of the weight matrix of each layer.

    feature_names : ndarray of str or None, default=None
        Names of the features, which are the rows of the first weight matrix; None if
        they have no names.

    n_skip : int, default=0
        Number of columns, the last of the first weight matrix, that belong to the skip
        connection from the features to the outputs.
    """

    shapes: list[tuple[int, int]]
    feature_names: np.ndarray | None = None
    n_skip: int = 0


class Penalty(ParametersMixin, ABC):
    r"""Base class of penalties :math:`\Omega(W)` on the weight matrix W of one layer.

    A subclass implements `value`, `prox` and `min_norm_subgradient`. With these three
    methods every solver can train with it, provided that `prox` accepts an array of steps
    for the solver "adam". :doc:`/extending/penalty` shows how to write one.

    The parameters of a subclass are the arguments of its `__init__`, stored under the same
    names. `get_params`, `set_params` and hence grid searches find them there, for example
    as ``penalty__radius``.

    Attributes
    ----------
    is_constraint : bool, default=False
        Whether the penalty is 0 within a set and infinite outside, so that no alpha
        applies to it.

    has_diagonal_prox : bool, default=True
        Whether `prox` accepts a step for each weight. The solver "adam" requires it.

    needs_skip : bool, default=False
        Whether the network is to have a skip connection from the features to the outputs.

    has_curvature : bool, default=False
        Whether `solve_curvature` of a `PiecewiseSmoothPenalty` is not the default.

    is_absolute : bool, default=False
        Whether the penalty depends on absolute weights only and does not decrease in any of
        them. `monotonic_cst` of the estimators requires it. A subclass of such a penalty
        that overrides one of its methods says so anew.

    first_layer_only : bool
        Whether the penalty concerns features and cannot be that of a later layer.

    smooth : bool
        Whether the penalty has a continuous gradient, so that L-BFGS applies.
    """

    _kind = "penalty"

    is_constraint = False
    has_diagonal_prox = True
    needs_skip = False
    has_curvature = False
    is_absolute = False

    @property
    def first_layer_only(self) -> bool:
        """Whether the penalty concerns features and cannot be that of a later layer."""
        return self.needs_skip

    @property
    def smooth(self) -> bool:
        """Whether the penalty has a continuous gradient, so that L-BFGS applies."""
        return False

    @abstractmethod
    def value(self, weights: np.ndarray) -> float:
        r"""Return :math:`\Omega(W)`.

        Parameters
        ----------
        weights : ndarray of shape (fan_in, fan_out)
            Weight matrix W of one layer.

        Returns
        -------
        value : float
            Infinite where the penalty is a constraint that the weights violate.
        """

    @abstractmethod
    def prox(self, weights: np.ndarray, step: float | np.ndarray) -> np.ndarray:
        r"""Return the proximal operator.

        .. math::

            \arg\min_Z \sum_{j,k} \frac{(Z_{jk} - W_{jk})^2}{2 t_{jk}} + \Omega(Z)

        Parameters
        ----------
        weights : ndarray of shape (fan_in, fan_out)
            Weight matrix W. It must not be modified.

        step : float or ndarray of shape (fan_in, fan_out)
            Step t: one for all weights, or one for each.

        Returns
        -------
        weights : ndarray of shape (fan_in, fan_out)
            The minimiser, a new array of the same dtype.
        """

    @abstractmethod
    def min_norm_subgradient(
        self, weights: np.ndarray, gradient: np.ndarray, strength: float
    ) -> np.ndarray:
        r"""Return the minimum-norm subgradient of a loss plus the penalty.

        This is the element of smallest Euclidean norm of the set

        .. math:: G + \lambda \, \partial \Omega(W)

        It is zero if and only if W is stationary for a loss with gradient G plus
        :math:`\lambda \Omega(W)`. Otherwise its negative is the direction of steepest
        descent.

        Parameters
        ----------
        weights : ndarray of shape (fan_in, fan_out)
            Weight matrix W.

        gradient : ndarray of shape (fan_in, fan_out)
            Gradient G of the loss.

        strength : float
            Factor :math:`\lambda` of the penalty in the objective.

        Returns
        -------
        subgradient : ndarray of shape (fan_in, fan_out)
            The minimum-norm subgradient, a new array of the same dtype.
        """

    def bind(self, layout: Layout) -> list["Penalty"]:
        """Return the penalty of each layer of a network.

        A subclass overrides it to check its parameters, or if its layers differ. Whatever
        depends on the network, such as groups of features given by name, is only known to
        the penalties that are returned.

        Parameters
        ----------
        layout : Layout
            Layers of the network and names of the features.

        Returns
        -------
        penalties : list of Penalty
            One penalty for each of `layout.shapes`.

        Raises
        ------
        ValueError
            If a parameter is invalid, or invalid for this network.
        """
        return [self] * len(layout.shapes)

    def restricted(self, rows: np.ndarray, fan_out: int) -> "Penalty | None":
        """Return the penalty of a part of the weight matrix, with zeros everywhere else.

        It lets the solver "lbfgs" work on the features and hidden units that are alive.

        Parameters
        ----------
        rows : ndarray of int
            Ascending indices of the rows of the part. They include all rows of a group, or
            none of them (see `tied_rows`).

        fan_out : int
            Number of columns of the whole matrix; the part may have fewer.

        Returns
        -------
        penalty : Penalty or None
            It has the value and subgradients that this penalty has at the part's weights,
            among zeros. None, the default, if there is no such penalty.
        """
        return None

    def row_values(self, weights: np.ndarray) -> np.ndarray | None:
        r"""Return the terms of :math:`\Omega(W)`, if it is a sum over rows or groups.

        `Weighted` multiplies them by factors. It passes a step or a strength for each row,
        of shape (fan_in, 1) and equal within a group, to the other methods of a penalty
        that has such terms.

        Parameters
        ----------
        weights : ndarray of shape (fan_in, fan_out)
            Weight matrix W of one layer.

        Returns
        -------
        values : ndarray of shape (fan_in,) or None
            They add up to the value; each row has an equal share of the term of its group.
            None, the default, if there are no such terms.
        """
        return None

    def tied_rows(self, rows: np.ndarray) -> np.ndarray:
        """Return the rows that a part with the given ones has to have.

        Parameters
        ----------
        rows : ndarray of bool of shape (fan_in,)
            Mask of rows.

        Returns
        -------
        rows : ndarray of bool of shape (fan_in,)
            With the other rows of the same groups; by default the same.
        """
        return rows

    def feasible(self, weights: np.ndarray, factor: float | np.ndarray = 1.0) -> np.ndarray:
        """Return the weights if the penalty is finite there, else a point nearby.

        The point is the result of a proximal step that is short.

        Parameters
        ----------
        weights : ndarray of shape (fan_in, fan_out)
            Weight matrix.

        factor : float or ndarray of shape (fan_in, fan_out), default=1.0
            Factor of the step; an array changes the metric in which the point is near.

        Returns
        -------
        weights : ndarray of shape (fan_in, fan_out)
            Weights at which the penalty is finite.
        """
        if np.isfinite(self.value(weights)):
            return weights
        return self.prox(weights, 1e-6 * factor)

    @property
    def _prox_terms(self) -> ProxTerms | None:
        """The penalty as the compiled engine takes it; None if the engine calls `prox`."""
        return None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # Inherited terms and parts describe the inherited methods. In a class with one of
        # its own, the compiled engine and the solvers would train with the parent's.
        definitions = [vars(base) for base in cls.__mro__]
        for name, default in _DESCRIPTIONS.items():
            first = next(names for names in definitions if {name, *_METHODS} & {*names})
            if name not in first:
                setattr(cls, name, default)


# The methods that make up a penalty; and what describes them, with what to replace it with
# in a class that overrides one of these alone.
_METHODS = (
    "value",
    "prox",
    "min_norm_subgradient",
    "at_kink",
    "project",
    "solve_curvature",
)
_DESCRIPTIONS: dict[str, Any] = {
    "_prox_terms": None,
    "restricted": Penalty.restricted,
    "row_values": Penalty.row_values,
    "is_absolute": False,
}


class PiecewiseSmoothPenalty(Penalty):
    """Base class of penalties that are smooth except for kinks at zero.

    A kink is where a weight, or a group of weights, is zero. Two more methods, `at_kink`
    and `project`, let the solver "lbfgs" train with the projected scaled sub-gradient
    method, which takes fewer evaluations than PANOC+.
    """

    def solve_curvature(
        self, weights: np.ndarray, vector: np.ndarray, shift: float, strength: float
    ) -> np.ndarray:
        r"""Solve a linear system with the Hessian of the penalty.

        .. math:: (s I + \lambda \nabla^2 \Omega(W)) \, x = v

        By default the Hessian counts as zero. A subclass that overrides this method sets
        `has_curvature` to True.

        Parameters
        ----------
        weights : ndarray of shape (fan_in, fan_out)
            Weight matrix W.

        vector : ndarray of shape (fan_in, fan_out)
            Right-hand side v.

        shift : float
            Factor s of the identity, positive.

        strength : float
            Factor :math:`\lambda` of the penalty in the objective.

        Returns
        -------
        solution : ndarray of shape (fan_in, fan_out)
            The solution x.
        """
        return vector / vector.dtype.type(shift)

    @abstractmethod
    def at_kink(self, weights: np.ndarray) -> np.ndarray:
        """Return the mask of the weights that lie at a kink.

        Parameters
        ----------
        weights : ndarray of shape (fan_in, fan_out)
            Weight matrix.

        Returns
        -------
        mask : ndarray of bool of shape (fan_in, fan_out)
            True for weights at a kink.
        """

    @abstractmethod
    def project(self, weights: np.ndarray, reference: np.ndarray) -> None:
        """Set the weights to zero, in place, that have crossed a kink.

        Parameters
        ----------
        weights : ndarray of shape (fan_in, fan_out)
            Trial point of a line search.

        reference : ndarray of shape (fan_in, fan_out)
            Weights at the start of the line search; for weights that are at a kink there,
            the direction of descent. It defines the side of the kink to stay on.
        """


def check_number(
    penalty: "Penalty",
    name: str,
    least: float | None = None,
    most: float | None = None,
    more_than: float | None = None,
) -> None:
    """Raise a ValueError unless a parameter of a penalty is a finite number in a range."""
    value = getattr(penalty, name)
    bounds = [
        text
        for bound, text in (
            (least, f"at least {least}"),
            (more_than, f"more than {more_than}"),
            (most, f"at most {most}"),
        )
        if bound is not None
    ]
    is_number = isinstance(value, (int, float, np.integer, np.floating))
    if (
        not is_number
        or isinstance(value, bool)
        or not np.isfinite(value)
        or (least is not None and value < least)
        or (more_than is not None and value <= more_than)
        or (most is not None and value > most)
    ):
        raise ValueError(
            f"The parameter {name!r} of {type(penalty).__name__} must be a number "
            f"{' and '.join(bounds)}, got {value!r}."
        )


def not_bound(penalty: "Penalty") -> ValueError:
    """Return the error of a penalty that is used before `bind`, which it depends on."""
    return ValueError(
        f"{penalty} depends on the network and is not bound to one: call bind(layout) and "
        "use the penalties that it returns, one for each layer."
    )
