"""What a penalty is: a function of one layer's weights, its prox, its subdifferential."""

from abc import ABC, abstractmethod


class Penalty(ABC):
    """A penalty Omega(W) on the weights of one layer.

    A penalty knows neither its strength in the objective nor the solver that minimises
    it. The three methods below are all that the minibatch solvers need; for full batches
    see `PiecewiseSmoothPenalty`.
    """

    @property
    def smooth(self):
        """Whether Omega has a continuous gradient, so that a smooth solver will do."""
        return False

    @property
    def l1_l2(self):
        """(a, b) where Omega(W) = a ||W||_1 + b / 2 ||W||_F^2; None for other penalties.

        The compiled engine has a prox of its own for these.
        """
        return None

    @abstractmethod
    def value(self, weights):
        """Omega(weights).

        Parameters
        ----------
        weights : ndarray of shape (fan_in, fan_out)

        Returns
        -------
        value : float
        """

    @abstractmethod
    def prox(self, weights, step):
        """The proximal operator: argmin_w sum((w - weights)^2 / (2 step)) + Omega(w).

        Parameters
        ----------
        weights : ndarray of shape (fan_in, fan_out)

        step : float or ndarray of shape (fan_in, fan_out)
            One step, or one for each weight: the prox in a diagonal metric.

        Returns
        -------
        weights : ndarray of shape (fan_in, fan_out)
        """

    @abstractmethod
    def subgradient_distance(self, weights, gradient, strength):
        """The shortest vector in the set  gradient + strength * dOmega(weights).

        It is zero where the weights are stationary for a loss with this gradient plus
        `strength * Omega`; elsewhere its negative is the steepest descent direction.

        Parameters
        ----------
        weights, gradient : ndarray of shape (fan_in, fan_out)

        strength : float

        Returns
        -------
        subgradient : ndarray of shape (fan_in, fan_out)
        """


class PiecewiseSmoothPenalty(Penalty):
    """A penalty that is smooth but for a kink at zero, of each weight or each group.

    It is what the projected scaled sub-gradient method needs to know beyond the
    subgradients: which weights rest on a kink, and where a step must not pass one.
    """

    @abstractmethod
    def at_kink(self, weights):
        """Mask, of the shape of `weights`, of those that rest on a kink."""

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
