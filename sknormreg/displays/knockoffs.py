"""The statistics or e-values by which knockoffs select features."""

from typing import Any, Self

import numpy as np
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from ..selection import KnockoffSelector
from .drawing import (
    BLUE,
    DARK_GREY,
    LIGHT_GREY,
    axes_or_new,
    keywords,
    label_some,
    require_matplotlib,
    tidy,
)
from .labels import checked_names

# Features that are named at most.
_MOST_NAMES = 40


class KnockoffDisplay:
    """The evidence for each feature as a bar, with the threshold of the selection.

    Features are sorted, and selected ones are blue. With a single draw of knockoffs, the
    evidence is the statistic of a feature, which is about symmetric around 0 for features
    without effect. With several draws it is the mean e-value. Features that are selected as
    a group have equal bars, that of the group. Use :meth:`from_estimator` to draw a fitted
    :class:`~sknormreg.KnockoffSelector`.

    Parameters
    ----------
    values : array-like of shape (n_features,)
        The statistics or e-values.

    support : array-like of bool of shape (n_features,)
        Mask of the selected features.

    threshold : float, default=inf
        The smallest value that is selected. It is not drawn if it is infinite.

    feature_names : array-like of str of shape (n_features,) or None, default=None
        Names of the features. None calls them x0, x1, and so on.

    value_name : str, default="statistic"
        Name of the values.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the bars.

    figure_ : matplotlib Figure
        Figure with the bars.

    bars_ : matplotlib BarContainer
        The bars, from the largest value, at the top, to the smallest.

    threshold_line_ : matplotlib Line2D or None
        The threshold; None if it is infinite.

    order_ : ndarray of int of shape (n_features,)
        The feature of each bar.

    See Also
    --------
    RegularizationPathDisplay : Features along the regularization path.

    Examples
    --------
    >>> import numpy as np
    >>> from sknormreg import KnockoffSelector
    >>> from sknormreg.displays import KnockoffDisplay
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 8))
    >>> selector = KnockoffSelector(fdr=0.3, n_draws=1, random_state=0)
    >>> selector = selector.fit(X, X[:, :5].sum(axis=1))
    >>> display = KnockoffDisplay.from_estimator(selector)
    >>> len(display.bars_)
    8
    """

    def __init__(
        self,
        values: Any,
        support: Any,
        *,
        threshold: float = np.inf,
        feature_names: Any = None,
        value_name: str = "statistic",
    ) -> None:
        self.values = values
        self.support = support
        self.threshold = threshold
        self.feature_names = feature_names
        self.value_name = value_name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        feature_names: Any = None,
        ax: Any = None,
        bar_kw: dict | None = None,
        line_kw: dict | None = None,
    ) -> Self:
        """Draw the evidence that a fitted selector has found.

        Parameters
        ----------
        estimator : KnockoffSelector
            A fitted selector.

        feature_names : array-like of str of shape (n_features,), default=None
            Names of the features. None takes those that the estimator knows.

        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        bar_kw : dict, default=None
            Keyword arguments of `matplotlib.axes.Axes.barh`.

        line_kw : dict, default=None
            Keyword arguments of `matplotlib.axes.Axes.axvline`, for the threshold.

        Returns
        -------
        display : KnockoffDisplay
            The display.

        Raises
        ------
        TypeError
            If the estimator is no KnockoffSelector, or if `ax` is no Axes.

        NotFittedError
            If the estimator is not fitted.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        if not isinstance(estimator, KnockoffSelector):
            raise TypeError(
                "estimator must be a KnockoffSelector (of a pipeline, the step that is "
                f"one), got {estimator!r}."
            )
        check_is_fitted(estimator)
        names = _check_feature_names_in(estimator)
        names = checked_names("feature_names", feature_names, len(names), names)
        if len(estimator.threshold_) == 1:
            values, name = estimator.knockoff_statistics_[0], "statistic W"
            threshold = float(estimator.threshold_[0])
        else:
            values, name = estimator.e_values_, "mean e-value"
            threshold = estimator.e_value_threshold_
        display = cls(
            values,
            estimator.support_,
            threshold=threshold,
            feature_names=names,
            value_name=name,
        )
        return display.plot(ax, bar_kw=bar_kw, line_kw=line_kw)

    def plot(
        self, ax: Any = None, *, bar_kw: dict | None = None, line_kw: dict | None = None
    ) -> Self:
        """Draw the evidence.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        bar_kw : dict, default=None
            Keyword arguments of `matplotlib.axes.Axes.barh`.

        line_kw : dict, default=None
            Keyword arguments of `matplotlib.axes.Axes.axvline`, for the threshold.

        Returns
        -------
        self : KnockoffDisplay
            The display.

        Raises
        ------
        TypeError
            If `ax` is no Axes.

        ValueError
            If there are not as many names, or entries of the support, as values.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        from matplotlib.lines import Line2D
        from matplotlib.patches import Rectangle

        values = np.asarray(self.values, dtype=np.float64)
        support = np.asarray(self.support, dtype=bool)
        n_features = len(values)
        if support.shape != values.shape:
            raise ValueError(
                f"support must be a mask of the {n_features} features, got the shape "
                f"{support.shape}."
            )
        default = [f"x{i}" for i in range(n_features)]
        names = checked_names("feature_names", self.feature_names, n_features, default)
        self.order_ = np.argsort(-values, kind="stable")
        colours = np.where(support, BLUE, LIGHT_GREY)[self.order_]
        bar_style = keywords(dict(color=colours), bar_kw, Rectangle)
        line_style = dict(color=DARK_GREY, linestyle="--", linewidth=1.2)
        line_style = keywords(line_style | dict(label="threshold"), line_kw, Line2D)
        self.threshold_line_ = None
        with axes_or_new(ax, (6, 1 + 0.22 * min(n_features, _MOST_NAMES))) as ax:
            tidy(ax)
            self.bars_ = ax.barh(np.arange(n_features), values[self.order_], **bar_style)
            ax.set_ylim(n_features - 0.5, -0.5)
            label_some(ax.yaxis, list(names[self.order_]), _MOST_NAMES)
            if np.isfinite(self.threshold):
                self.threshold_line_ = ax.axvline(self.threshold, **line_style)
                ax.legend(loc="lower right", fontsize="small")
            n_selected = int(support.sum())
            ax.set_xlabel(f"{self.value_name} ({n_selected} of {n_features} selected)")
        self.ax_, self.figure_ = ax, ax.figure
        return self
