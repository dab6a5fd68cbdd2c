"""The objective and the validation loss against the iteration."""

from typing import Any, Self

import numpy as np

from ..fitted.meta_estimators import fitted_network
from .drawing import (
    axes_or_new,
    keywords,
    marker_of,
    require_matplotlib,
    tidy,
)
from .results import is_cv

# From this ratio of the largest to the smallest value on, the axis is logarithmic.
_WIDE = 10


class LossCurveDisplay:
    """The training objective and the validation loss after every iteration.

    The objective includes the penalty and the validation loss does not, so that they cannot
    be compared. Use :meth:`from_estimator` to draw a fitted estimator.

    Parameters
    ----------
    loss_curve : array-like of shape (n_iter,)
        The objective J after every iteration; for "adam" and "sgd" its running mean over
        the epoch.

    validation_loss_curve : array-like of shape (n_iter,) or None, default=None
        Mean unpenalised loss of the held-out samples.

    kept : int or None, default=None
        Iteration, counted from 1, whose weights were kept by early stopping.

    name : str or None, default=None
        Name of the estimator in the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves.

    figure_ : matplotlib Figure
        Figure with the curves.

    line_ : matplotlib Line2D
        The objective.

    validation_line_ : matplotlib Line2D or None
        The validation loss.

    kept_point_ : matplotlib Line2D or None
        The point of the weights that were kept.

    See Also
    --------
    CVDisplay : Scores against alpha.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from sknormreg import RegularizedMLPClassifier
    >>> from sknormreg.displays import LossCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> mlp = RegularizedMLPClassifier((10,), early_stopping=True, random_state=0)
    >>> display = LossCurveDisplay.from_estimator(mlp.fit(scale(X), y))
    >>> display.ax_.get_xlabel()
    'iteration'
    """

    validation_line_: Any
    kept_point_: Any

    def __init__(
        self,
        loss_curve: Any,
        *,
        validation_loss_curve: Any = None,
        kept: int | None = None,
        name: str | None = None,
    ) -> None:
        self.loss_curve = loss_curve
        self.validation_loss_curve = validation_loss_curve
        self.kept = kept
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        name: str | None = None,
        ax: Any = None,
        line_kw: dict | None = None,
        validation_line_kw: dict | None = None,
    ) -> Self:
        """Draw the curves of a fitted estimator.

        For a ...CV estimator, they are the curves of the last fit, on all samples at the
        chosen alpha. It starts from the weights of the path, close to its end.

        Parameters
        ----------
        estimator : object
            A fitted network, or a pipeline, search or TransformedTargetRegressor around
            one. An MLPClassifier or MLPRegressor of scikit-learn is accepted, too.

        name : str, default=None
            Name of the estimator in the legend, to distinguish several estimators in one
            Axes. If None, there is no name or, for a ...CV estimator, "last fit, alpha = "
            and the chosen alpha.

        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        line_kw : dict, default=None
            Keyword arguments of the objective's line.

        validation_line_kw : dict, default=None
            Keyword arguments of the validation loss's line.

        Returns
        -------
        display : LossCurveDisplay
            The display.

        Raises
        ------
        TypeError
            If the estimator contains no network or one without `loss_curve_` (an MLP of
            scikit-learn fitted by "lbfgs"), or if `ax` is no Axes.

        NotFittedError
            If the estimator is not fitted.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        network, _ = fitted_network(estimator)
        if not hasattr(network, "loss_curve_"):
            raise TypeError(
                "estimator has no loss_curve_, which scikit-learn's networks keep with "
                f"the solvers 'adam' and 'sgd' alone, got {network!r}."
            )
        validation = getattr(network, "validation_loss_curve_", None)
        kept = None
        if validation is not None and network.early_stopping:
            kept = int(np.argmin(validation)) + 1
        if name is None and is_cv(network):
            name = f"last fit, alpha = {network.alpha_:.3g}"
        display = cls(
            network.loss_curve_, validation_loss_curve=validation, kept=kept, name=name
        )
        return display.plot(ax, line_kw=line_kw, validation_line_kw=validation_line_kw)

    def plot(
        self,
        ax: Any = None,
        *,
        name: str | None = None,
        line_kw: dict | None = None,
        validation_line_kw: dict | None = None,
    ) -> Self:
        """Draw the curves.

        The axis of the losses is logarithmic where they are positive and the largest is
        more than ten times the smallest.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        name : str, default=None
            Name of the estimator in the legend. None takes the one that the display has.

        line_kw : dict, default=None
            Keyword arguments of the objective's line.

        validation_line_kw : dict, default=None
            Keyword arguments of the validation loss's line.

        Returns
        -------
        self : LossCurveDisplay
            The display.

        Raises
        ------
        TypeError
            If `ax` is no Axes.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        with axes_or_new(ax, (6.4, 4.2)) as ax:
            name = self.name if name is None else name
            self._draw_curves(ax, name, line_kw, validation_line_kw)
            ax.set(xlabel="iteration", ylabel="loss")
            ax.xaxis.get_major_locator().set_params(integer=True)
            _scale_losses(ax)
            tidy(ax)
            ax.legend(loc="best", fontsize="small")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_curves(self, ax, name, line_kw, validation_line_kw):
        prefix = f"{name}: " if name else ""
        label = prefix + "training objective"
        self.line_ = self._draw(ax, self.loss_curve, label, line_kw)
        self.validation_line_ = self.kept_point_ = None
        if self.validation_loss_curve is not None:
            label = prefix + "validation loss"
            curve = self.validation_loss_curve
            self.validation_line_ = self._draw(ax, curve, label, validation_line_kw)
            self._mark_kept(ax, prefix)

    @staticmethod
    def _draw(ax, curve, label, line_kw):
        from matplotlib.lines import Line2D

        style = {"label": label, "marker": marker_of(len(curve))}
        iterations = np.arange(1, len(curve) + 1)
        return ax.plot(iterations, curve, **keywords(style, line_kw, Line2D))[0]

    def _mark_kept(self, ax, prefix):
        if self.kept is None:
            return
        loss = self.validation_loss_curve[self.kept - 1]
        (self.kept_point_,) = ax.plot(
            self.kept,
            loss,
            marker="o",
            markersize=8,
            linestyle="",
            color=self.validation_line_.get_color(),
            markeredgecolor="white",
            zorder=3,
            label=prefix + "weights that are kept",
        )


def _scale_losses(ax):
    values = np.concatenate([line.get_ydata() for line in ax.lines])
    values = values[np.isfinite(values)]
    if len(values) and values.min() > 0 and values.max() > _WIDE * values.min():
        ax.set_yscale("log")
    else:
        # A long fit ends in small steps, which an offset would make hard to read.
        ax.yaxis.get_major_formatter().set_useOffset(False)
