"""Selection probabilities of the features along the regularization path."""

from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..fitted.importances import numbered_names
from ..selection import StabilitySelector
from .drawing import (
    DARK_GREY,
    axes_or_new,
    keywords,
    literal,
    marker_of,
    require_matplotlib,
    scale_alphas,
    tidy,
)
from .feature_lines import line_styles
from .labels import checked_names
from .path_panels import check_max_labels


class StabilityPathDisplay:
    """Selection probabilities along the regularization path.

    Use :meth:`from_estimator` to draw those of a fitted
    :class:`~sknormreg.StabilitySelector`.

    Parameters
    ----------
    alphas : ndarray of shape (n_alphas,)
        Alphas in ascending order.

    probabilities : ndarray of shape (n_features, n_alphas)
        Share of the halves of the samples in which each feature is among the first and has
        entered the path at the alpha, or at a larger one.

    support : ndarray of bool of shape (n_features,)
        Mask of the selected features.

    threshold : float or None, default=None
        The share from which on a feature is selected. None draws no line at it.

    feature_names : array-like of str of shape (n_features,) or None, default=None
        Names of the features. None calls them x0, x1, and so on.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Figure with the path.

    ax_ : matplotlib Axes
        Axes with the path.

    lines_ : list of matplotlib Line2D
        The selection probabilities of each feature, in the order of the features.

    threshold_line_ : matplotlib Line2D or None
        The threshold.

    See Also
    --------
    RegularizationPathDisplay : The weights along the path that is fitted to all samples.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sknormreg import StabilitySelector
    >>> from sknormreg.displays import StabilityPathDisplay
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> selector = StabilitySelector(alphas=6, n_resamples=2, random_state=0)
    >>> selector.fit((X - X.mean()) / X.std(), y)
    StabilitySelector(alphas=6, n_resamples=2, random_state=0)
    >>> display = StabilityPathDisplay.from_estimator(selector)
    >>> len(display.lines_)
    10
    """

    def __init__(
        self,
        alphas: Any,
        probabilities: Any,
        support: Any,
        *,
        threshold: float | None = None,
        feature_names: Any = None,
    ) -> None:
        self.alphas = alphas
        self.probabilities = probabilities
        self.support = support
        self.threshold = threshold
        self.feature_names = feature_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        feature_names: Any = None,
        ax: Any = None,
        max_labels: int = 8,
        line_kw: dict | None = None,
    ) -> Self:
        """Draw the selection probabilities of a fitted selector.

        Parameters
        ----------
        estimator : StabilitySelector
            The fitted selector.

        feature_names : array-like of str of shape (n_features,), default=None
            Names of the features. None takes those that the selector knows.

        ax : matplotlib Axes, default=None
            As :meth:`plot` takes it.

        max_labels : int, default=8
            As :meth:`plot` takes it.

        line_kw : dict, default=None
            Keyword arguments of the lines of the features.

        Returns
        -------
        display : StabilityPathDisplay
            The display.

        Raises
        ------
        TypeError
            If it is another estimator, or `ax` is no Axes.

        ValueError
            If parameters are not as described.

        NotFittedError
            If the selector is not fitted.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        if not isinstance(estimator, StabilitySelector):
            raise TypeError(
                f"estimator must be a fitted StabilitySelector, got {type(estimator)}. "
                "Take it out of a pipeline by its name: pipeline['stabilityselector']."
            )
        check_is_fitted(estimator)
        n_features = estimator.n_features_in_
        default = getattr(estimator, "feature_names_in_", numbered_names(n_features))
        display = cls(
            estimator.alphas_,
            estimator.selection_probabilities_,
            estimator.support_,
            threshold=estimator.threshold_,
            feature_names=checked_names(
                "feature_names", feature_names, n_features, default
            ),
        )
        return display.plot(ax, max_labels=max_labels, line_kw=line_kw)

    def plot(
        self, ax: Any = None, *, max_labels: int = 8, line_kw: dict | None = None
    ) -> Self:
        """Draw the selection probabilities.

        The selected features have colours and names, from the largest probability on. The
        others are light grey.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The Axes to draw on. None makes a new figure.

        max_labels : int, default=8
            Maximum number of features that are named. Further selected features are dark
            grey.

        line_kw : dict, default=None
            Keyword arguments of the lines of the features.

        Returns
        -------
        self : StabilityPathDisplay
            The display.

        Raises
        ------
        TypeError
            If `ax` is no Axes.

        ValueError
            If the shapes of the plotted values do not agree, or if parameters are not as
            described.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        check_max_labels(max_labels)
        alphas, probabilities, support = self._checked()
        numbered = numbered_names(len(support))
        names = checked_names("feature_names", self.feature_names, len(support), numbered)
        with axes_or_new(ax, (7, 4.5)) as ax:
            self._draw(ax, alphas, probabilities, support, names, max_labels, line_kw)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _checked(self):
        alphas, probabilities = np.asarray(self.alphas), np.asarray(self.probabilities)
        support = np.asarray(self.support, dtype=bool)
        if probabilities.shape != (support.size, alphas.size):
            raise ValueError(
                f"probabilities must have shape (n_features, n_alphas) = ({support.size}, "
                f"{alphas.size}), got {probabilities.shape}."
            )
        return alphas, probabilities, support

    def _draw(self, ax, alphas, probabilities, support, names, max_labels, line_kw):
        from matplotlib.lines import Line2D

        # Of two with the same probability in the end, the one that enters sooner.
        order = np.lexsort((-probabilities.sum(axis=1), -probabilities.max(axis=1)))
        named = order[support[order]][:max_labels]
        styles = line_styles(support, named)
        self.lines_ = []
        for curve, style in zip(probabilities, styles):
            # Not in steps: many curves would share long vertical lines.
            style = {"marker": marker_of(len(alphas)), **style}
            self.lines_ += ax.plot(alphas, curve, **keywords(style, line_kw, Line2D))
        handles = []
        for i in named:
            self.lines_[i].set_label(literal(names[i]))
            handles.append(self.lines_[i])
        self.threshold_line_ = None
        if self.threshold is not None:
            self.threshold_line_ = ax.axhline(
                self.threshold,
                color=DARK_GREY,
                linestyle="--",
                linewidth=1,
                zorder=3,
                label=f"threshold {self.threshold:.3g}",
            )
            handles.append(self.threshold_line_)
        if handles:
            # Where the lines have come to 0.
            ax.legend(handles=handles, fontsize="small", loc="upper right")
        ax.set_ylim(-0.02, 1.03)
        ax.set_ylabel("selection probability")
        scale_alphas(ax, alphas)
        tidy(ax)
