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
from .results import is_cv, loss_curves_of

# From this ratio of the largest to the smallest value on, the axis is logarithmic.
_WIDE = 10

# Marks of single iterations, above the curve.
_POINT = dict(marker="o", linestyle="", markeredgecolor="white", zorder=3)


class LossCurveDisplay:
    """The training objective and the validation loss after every iteration.

    The objective includes the penalty and the validation loss does not, so that they cannot
    be compared. Use :meth:`from_estimator` to draw a fitted estimator.

    For a ...CV estimator, it shows the training that led to the chosen alpha: on all
    samples and, as thin lines, in each fold. With warm starts this is the regularization
    path from its first alpha on. The objective jumps where the fit at the next alpha
    begins.

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

    fit_ends : array-like of int or None, default=None
        Last iteration, counted from 1, of each fit whose losses are in `loss_curve`.

    fold_loss_curves : list of array-like or None, default=None
        The objective in each fold of a cross-validation.

    fold_validation_loss_curves : list of array-like or None, default=None
        The validation loss in each fold, drawn beside `validation_loss_curve`.

    iteration_label : str, default="iteration"
        Label of the axis of iterations.

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

    fit_ends_ : matplotlib Line2D or None
        The points at which a fit ends and the next one begins; None with a single fit.

    fold_lines_ : list of matplotlib Line2D
        The objective in each fold.

    fold_validation_lines_ : list of matplotlib Line2D
        The validation loss in each fold.

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
    fit_ends_: Any

    def __init__(
        self,
        loss_curve: Any,
        *,
        validation_loss_curve: Any = None,
        kept: int | None = None,
        name: str | None = None,
        fit_ends: Any = None,
        fold_loss_curves: Any = None,
        fold_validation_loss_curves: Any = None,
        iteration_label: str = "iteration",
    ) -> None:
        self.loss_curve = loss_curve
        self.validation_loss_curve = validation_loss_curve
        self.kept = kept
        self.name = name
        self.fit_ends = fit_ends
        self.fold_loss_curves = fold_loss_curves
        self.fold_validation_loss_curves = fold_validation_loss_curves
        self.iteration_label = iteration_label

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        name: str | None = None,
        ax: Any = None,
        line_kw: dict | None = None,
        validation_line_kw: dict | None = None,
        fold_line_kw: dict | None = None,
    ) -> Self:
        """Draw the curves of a fitted estimator.

        Parameters
        ----------
        estimator : object
            A fitted network, or a pipeline, search or TransformedTargetRegressor around
            one. An MLPClassifier or MLPRegressor of scikit-learn is accepted, too.

        name : str, default=None
            Name of the estimator in the legend, to distinguish several estimators in one
            Axes. If None, there is no name.

        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        line_kw : dict, default=None
            Keyword arguments of the objective's line.

        validation_line_kw : dict, default=None
            Keyword arguments of the validation loss's line.

        fold_line_kw : dict, default=None
            Keyword arguments of the folds' lines.

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
        is_search = is_cv(network)
        curves = (
            loss_curves_of(network) if is_search else dict(loss_curve=network.loss_curve_)
        )
        display = cls(**curves, validation_loss_curve=validation, kept=kept, name=name)
        return display.plot(
            ax,
            line_kw=line_kw,
            validation_line_kw=validation_line_kw,
            fold_line_kw=fold_line_kw,
        )

    def plot(
        self,
        ax: Any = None,
        *,
        name: str | None = None,
        line_kw: dict | None = None,
        validation_line_kw: dict | None = None,
        fold_line_kw: dict | None = None,
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

        fold_line_kw : dict, default=None
            Keyword arguments of the folds' lines.

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
            prefix = f"{name}: " if name else ""
            self._draw_curves(ax, prefix, line_kw, validation_line_kw, fold_line_kw)
            ax.set(xlabel=self._shared_label(ax), ylabel="loss")
            ax.xaxis.get_major_locator().set_params(integer=True)
            _scale_losses(ax)
            tidy(ax)
            ax.legend(loc="best", fontsize="small")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _shared_label(self, ax):
        """Return the label of the iterations, without an alpha where there are two."""
        drawn = ax.get_xlabel()
        return self.iteration_label if drawn in ("", self.iteration_label) else "iteration"

    def _draw_curves(self, ax, prefix, line_kw, validation_line_kw, fold_line_kw):
        of_whole = ", all samples" if self.fold_loss_curves is not None else ""
        label = f"{prefix}training objective{of_whole}"
        self.line_ = self._draw(ax, self.loss_curve, label, line_kw)
        self.fit_ends_ = self._mark_fit_ends(ax, prefix)
        self.validation_line_ = self.kept_point_ = None
        if self.validation_loss_curve is not None:
            label = f"{prefix}validation loss{of_whole}"
            curve = self.validation_loss_curve
            self.validation_line_ = self._draw(ax, curve, label, validation_line_kw)
            self._mark_kept(ax, prefix)
        label = f"{prefix}each fold"
        self.fold_lines_ = self._draw_folds(
            ax, self.fold_loss_curves, self.line_, label, fold_line_kw
        )
        self.fold_validation_lines_ = self._draw_folds(
            ax, self.fold_validation_loss_curves, self.validation_line_, "_", fold_line_kw
        )

    @staticmethod
    def _draw(ax, curve, label, line_kw):
        from matplotlib.lines import Line2D

        style = {"label": label, "marker": marker_of(len(curve))}
        iterations = np.arange(1, len(curve) + 1)
        return ax.plot(iterations, curve, **keywords(style, line_kw, Line2D))[0]

    def _draw_folds(self, ax, curves, line, label, line_kw):
        """Draw thin lines behind that of the fit to all samples, in its colour."""
        if line is None or curves is None:
            return []
        style = dict(color=line.get_color(), linewidth=0.8, alpha=0.5, zorder=1.5)
        line_kw = keywords(style, line_kw, type(line))
        return [
            self._draw(ax, curve, "_" if i else label, line_kw)
            for i, curve in enumerate(curves)
        ]

    def _mark_fit_ends(self, ax, prefix):
        if self.fit_ends is None or len(self.fit_ends) < 2:
            return None
        ends = np.asarray(self.fit_ends)[:-1]
        return ax.plot(
            ends,
            np.asarray(self.loss_curve)[ends - 1],
            markersize=4,
            color=self.line_.get_color(),
            **_POINT,
            label=prefix + "end of the fit at an alpha",
        )[0]

    def _mark_kept(self, ax, prefix):
        if self.kept is None:
            return
        loss = self.validation_loss_curve[self.kept - 1]
        (self.kept_point_,) = ax.plot(
            self.kept,
            loss,
            markersize=8,
            color=self.validation_line_.get_color(),
            **_POINT,
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
