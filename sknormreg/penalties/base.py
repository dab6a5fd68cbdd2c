"""What a penalty is: a function of one layer's weights, its prox, its subdifferential."""

import inspect
from abc import ABC, abstractmethod
from typing import Any, NamedTuple, Self

import numpy as np

from .._prox_terms import ProxTerms


class Layout(NamedTuple):
    """The network that a penalty is to be applied to.

    Parameters
    ----------
    shapes : list of (fan_in, fan_out)
        Of the weights of every layer.

    feature_names : ndarray of str or None
        Names of the inputs, the rows of the first layer's weights, where they have any.

    n_skip : int
        How many of the first layer's last columns are the weights of a skip connection,
        which lead from the inputs straight to the outputs.
    """

    shapes: list
    feature_names: np.ndarray | None = None
    n_skip: int = 0


class Penalty(ABC):
    """A penalty Omega(W) on the weights of one layer.

    A penalty knows neither its strength in the objective nor the solver that minimises
    it. `value`, `prox` and `min_norm_subgradient` are all that a subclass needs: with
    them it can be trained by every solver. The rest says more about a penalty, so that
    solvers can do more for it; for full batches see also `PiecewiseSmoothPenalty`.

    Parameters of a subclass are the arguments of its `__init__`, kept as attributes of
    the same names: that makes them parameters for `get_params`, `set_params` and thus for
    a grid search over, say, ``penalty__radius``.
    """

    # Whether Omega is 0 within a set and infinite outside: its strength has no meaning.
    is_constraint = False

    # Whether `prox` takes a step for each weight, which the solver "adam" needs.
    has_diagonal_prox = True

    # Whether the network is to have a skip connection (see `Layout`).
    needs_skip = False

    # Whether it has a `solve_curvature` that does more than to divide.
    has_curvature = False

    @property
    def of_inputs(self):
        """Whether it says something about inputs, and has no meaning for a later layer."""
        return self.needs_skip

    @property
    def smooth(self):
        """Whether Omega has a continuous gradient, so that a smooth solver will do."""
        return False

    @abstractmethod
    def value(self, weights) -> float:
        """Omega(weights).

        Parameters
        ----------
        weights : ndarray of shape (fan_in, fan_out)
            Those of one layer, as everywhere below.

        Returns
        -------
        value : float
            Infinite where the weights are not allowed.
        """

    @abstractmethod
    def prox(self, weights, step) -> np.ndarray:
        """The proximal operator: argmin_w sum((w - weights)^2 / (2 step)) + Omega(w).

        Parameters
        ----------
        weights : ndarray of shape (fan_in, fan_out)
            Where to start from. Not to be written to.

        step : float or ndarray of shape (fan_in, fan_out)
            One step, or one for each weight: the prox in a diagonal metric.

        Returns
        -------
        weights : ndarray of shape (fan_in, fan_out)
            The minimiser.
        """

    @abstractmethod
    def min_norm_subgradient(self, weights, gradient, strength) -> np.ndarray:
        """The shortest vector in the set  gradient + strength * dOmega(weights).

        It is zero where the weights are stationary for a loss with this gradient plus
        `strength * Omega`; elsewhere its negative is the steepest descent direction.

        Parameters
        ----------
        weights, gradient : ndarray of shape (fan_in, fan_out)
            The weights, and the gradient of the loss with respect to them.

        strength : float
            What Omega is multiplied by in the objective.

        Returns
        -------
        subgradient : ndarray of shape (fan_in, fan_out)
            The shortest vector.
        """

    def per_layer(self, layout):
        """The penalties of the layers of a network that this penalty is given for.

        Parameters
        ----------
        layout : Layout
            The layers in question, and the names of the inputs.

        Returns
        -------
        penalties : list of Penalty
            One for each of `layout.shapes`.

        Raises
        ------
        ValueError
            If a parameter is not valid, or not for this network.
        """
        return [self] * len(layout.shapes)

    def feasible(self, weights, factor=1.0):
        """The weights where Omega is finite, else a point nearby where it is.

        Every result of a prox is one; that of a short step is near.

        Parameters
        ----------
        weights : ndarray of shape (fan_in, fan_out)
            Any weights.

        factor : float or ndarray of shape (fan_in, fan_out)
            What the step is multiplied by; an array for another metric to be near in.

        Returns
        -------
        weights : ndarray of shape (fan_in, fan_out)
            Weights at which Omega is finite.
        """
        if np.isfinite(self.value(weights)):
            return weights
        return self.prox(weights, 1e-6 * factor)

    @property
    def _prox_terms(self) -> ProxTerms | None:
        """Omega as the compiled engine takes it, or None: it then calls `prox`."""
        return None

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        # Inherited terms describe the inherited prox: a class with a prox of its own has
        # none, or the compiled engine would train with its parent's.
        definitions = (vars(base) for base in cls.__mro__)
        first = next(
            names for names in definitions if {"prox", "_prox_terms"} & names.keys()
        )
        if "_prox_terms" not in first:
            cls._prox_terms = None

    # Parameters

    @classmethod
    def _param_names(cls):
        if cls.__init__ is object.__init__:
            return []
        return list(inspect.signature(cls.__init__).parameters)[1:]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters of the penalty.

        Parameters
        ----------
        deep : bool, default=True
            There are no parameters of parameters: makes no difference.

        Returns
        -------
        params : dict
            Values by name.
        """
        return {name: getattr(self, name) for name in self._param_names()}

    def set_params(self, **params) -> Self:
        """Set parameters of the penalty.

        Parameters
        ----------
        **params : dict
            Values by name.

        Returns
        -------
        self : Penalty
            The penalty itself.

        Raises
        ------
        ValueError
            If the penalty has no parameter of a given name.
        """
        known = self._param_names()
        for name, value in params.items():
            if name not in known:
                raise ValueError(
                    f"Invalid parameter {name!r} for penalty {self}. Valid parameters "
                    f"are: {known!r}."
                )
            setattr(self, name, value)
        return self

    def __repr__(self):
        params = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({params})"


class PiecewiseSmoothPenalty(Penalty):
    """A penalty that is smooth but for a kink at zero, of each weight or each group.

    It is what the projected scaled sub-gradient method needs to know beyond the
    subgradients: which weights rest on a kink, and where a step must not pass one.
    """

    def solve_curvature(self, weights, vector, shift, strength):
        """(shift I + strength H)^-1 vector, with H the Hessian of Omega at the weights.

        Parameters
        ----------
        weights, vector : ndarray of shape (fan_in, fan_out)
            Where to take H, and what to solve for.

        shift, strength : float
            The two factors, `shift` above 0.

        Returns
        -------
        solution : ndarray of shape (fan_in, fan_out)
            The solution.
        """
        return vector / vector.dtype.type(shift)

    @abstractmethod
    def at_kink(self, weights):
        """Mask of the weights that rest on a kink.

        Parameters
        ----------
        weights : ndarray of shape (fan_in, fan_out)
            Any weights.

        Returns
        -------
        mask : ndarray of bool of shape (fan_in, fan_out)
            True where a weight rests on one.
        """

    @abstractmethod
    def project(self, weights, reference):
        """Set to zero, in place, the weights that are not on the side of `reference`.

        Parameters
        ----------
        weights : ndarray of shape (fan_in, fan_out)
            A trial point.

        reference : ndarray of shape (fan_in, fan_out)
            The weights the step started from, and for those at a kink the direction
            of descent: what tells the sides of the kink apart.
        """


def check_number(penalty, name, least=None, most=None, more_than=None):
    """Raise a ValueError unless a penalty's parameter is a finite number in a range."""
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
