"""The importances of the features as bars."""

import numpy as np

from ..fitted.meta_estimators import fitted_network
from .drawing import BLUE, axes_or_new, keywords, label_some, require_matplotlib, tidy
from .labels import checked_names


class ImportancesDisplay:
    """Bar chart of the importances of the features.

    Use :meth:`from_estimator` to create one from a fitted estimator.

    Parameters
    ----------
    importances : array-like of shape (n_features,)
        The importances.

    feature_names : array-like of str of shape (n_features,) or None, default=None
        Names of the features. None numbers them.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the bars.

    figure_ : matplotlib Figure
        Figure with the bars.

    bars_ : matplotlib BarContainer
        The bars, in ascending order.

    See Also
    --------
    WeightsDisplay : The weights of one layer.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknormreg import RegularizedMLPClassifier
    >>> from sknormreg.displays import ImportancesDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> mlp = RegularizedMLPClassifier((5,), penalty="l1", random_state=0).fit(X, y)
    >>> len(ImportancesDisplay.from_estimator(mlp).bars_)
    4
    """

    def __init__(self, importances, *, feature_names=None):
        self.importances = importances
        self.feature_names = feature_names

    @classmethod
    def from_estimator(cls, estimator, *, feature_names=None, ax=None, bar_kw=None):
        """Draw the importances of a fitted estimator.

        Parameters
        ----------
        estimator : object
            A fitted network, or a pipeline, search or TransformedTargetRegressor around
            one.

        feature_names : array-like of str of shape (n_features,), default=None
            Names of the features. None takes those that the estimator knows.

        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a new figure.

        bar_kw : dict, default=None
            Keyword arguments of `matplotlib.axes.Axes.barh`.

        Returns
        -------
        display : ImportancesDisplay
            The display.

        Raises
        ------
        TypeError
            If the estimator contains no network, or if `ax` is no Axes.

        NotFittedError
            If the estimator is not fitted.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        network, names = fitted_network(estimator)
        names = checked_names("feature_names", feature_names, len(names), names)
        display = cls(network.feature_importances_, feature_names=names)
        return display.plot(ax, bar_kw=bar_kw)

    def plot(self, ax=None, *, bar_kw=None):
        """Draw the importances.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None creates a new figure.

        bar_kw : dict, default=None
            Keyword arguments of `matplotlib.axes.Axes.barh`.

        Returns
        -------
        self : ImportancesDisplay
            The display.

        Raises
        ------
        TypeError
            If `ax` is no Axes.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        from matplotlib.patches import Rectangle

        importances = np.asarray(self.importances)
        n_features = len(importances)
        names = checked_names(
            "feature_names", self.feature_names, n_features, np.arange(n_features)
        )
        order = np.argsort(importances, kind="stable")
        style = keywords(dict(color=BLUE), bar_kw, Rectangle)
        with axes_or_new(ax, (6, 1 + 0.25 * min(n_features, 40))) as ax:
            tidy(ax)
            self.bars_ = ax.barh(np.arange(n_features), importances[order], **style)
            label_some(ax.yaxis, names[order], 40)
            ax.set_xlabel("importance")
        self.ax_, self.figure_ = ax, ax.figure
        return self
