"""Weights, scores and number of features along the regularization path."""

from typing import Any, Self

import numpy as np

from ..fitted.importances import numbered_names
from ..fitted.meta_estimators import passed_on
from .drawing import (
    check_stacked,
    name_below,
    require_matplotlib,
    scale_alphas,
    scale_n_features,
    stacked_axes,
    tidy,
)
from .feature_lines import FeatureLines
from .labels import checked_names, shown_name
from .path_panels import (
    HEIGHTS,
    check_max_labels,
    checked_panels,
    draw_n_features,
    draw_score_panel,
    mark_alphas,
)
from .path_points import points_by_alpha, points_by_n_features
from .results import fit_path, is_cv, names_of_columns, path_model, path_parameters
from .scores import checked_scores, leave_out_collapsed


class RegularizationPathDisplay:
    """Weights, scores and number of features along the regularization path.

    Use :meth:`from_path` to draw the result of `regularization_path`, or
    :meth:`from_estimator` to draw the path of an estimator on data; a fitted ...CV
    estimator, such as `RegularizedMLPClassifierCV`, adds its scores and the alpha that it
    has chosen.

    Parameters
    ----------
    alphas : ndarray of shape (n_alphas,)
        Alphas in ascending order.

    coefs : list of {ndarray, sparse matrix} of shape (n_features, fan_out)
        The weights of the first layer at each alpha.

    n_features : ndarray of shape (n_alphas,)
        Number of features that have any effect.

    scores : ndarray of shape (n_alphas, n_folds) or None, default=None
        Scores of the folds; greater is better.

    alpha : float or None, default=None
        The alpha that was chosen.

    feature_names : array-like of str of shape (n_features,) or None, default=None
        Names of the features. None calls them x0, x1, and so on.

    score_name : str, default="score"
        Name of the score.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Figure with the path.

    axes_ : ndarray of matplotlib Axes
        One for each panel, from top to bottom.

    ax_ : matplotlib Axes
        The first of them.

    norm_lines_ : list of matplotlib Line2D or None
        The norm of each feature's weights, in the order of the features; None if they are
        not shown. The same holds for the attributes below.

    weight_lines_ : list of matplotlib Line2D or None
        Single weights, in the order of the rows of the weight matrix.

    score_line_ : matplotlib Line2D or None
        The mean scores.

    score_band_ : matplotlib PolyCollection or None
        One standard error to both sides of them.

    n_features_line_ : matplotlib Line2D or None
        The number of features, in steps.

    alpha_lines_ : list of matplotlib Line2D
        The lines at the chosen alpha, one in each of the Axes.

    See Also
    --------
    sknormreg.regularization_path : The networks of all alphas.
    CVDisplay : The scores by themselves.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> from sknormreg import regularization_path
    >>> from sknormreg.displays import RegularizationPathDisplay
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> path = regularization_path(
    ...     scale(X), scale(y), penalty="group_lasso", hidden_layer_sizes=(5,),
    ...     random_state=0,
    ... )
    >>> display = RegularizationPathDisplay.from_path(path, feature_names=X.columns)
    >>> len(display.norm_lines_)
    10
    """

    def __init__(
        self,
        alphas: Any,
        coefs: Any,
        n_features: Any,
        *,
        scores: Any = None,
        alpha: float | None = None,
        feature_names: Any = None,
        score_name: str = "score",
    ) -> None:
        self.alphas = alphas
        self.coefs = coefs
        self.n_features = n_features
        self.scores = scores
        self.alpha = alpha
        self.feature_names = feature_names
        self.score_name = score_name

    @classmethod
    def from_path(
        cls,
        path: Any,
        *,
        scores: Any = None,
        alpha: float | None = None,
        feature_names: Any = None,
        ax: Any = None,
        show: str | list[str] | None = None,
        x: str = "alpha",
        max_labels: int = 8,
        negate_score: bool = False,
        score_name: str | None = None,
        line_kw: dict | None = None,
    ) -> Self:
        """Draw the result of `regularization_path`.

        Parameters
        ----------
        path : Bunch
            The result of `regularization_path`.

        scores : array-like of shape (n_alphas, n_folds), default=None
            Scores at its alphas; greater is better.

        alpha : float, default=None
            An alpha to mark.

        feature_names : array-like of str of shape (n_features,), default=None
            Names of the features. None calls them x0, x1, and so on.

        ax : matplotlib Axes or array-like of them, default=None
            As :meth:`plot` takes it.

        show : str or list of str, default=None
            As :meth:`plot` takes it.

        x : {"alpha", "n_features"}, default="alpha"
            As :meth:`plot` takes it.

        max_labels : int, default=8
            As :meth:`plot` takes it.

        negate_score : bool, default=False
            Whether to reverse the sign of the scores.

        score_name : str, default=None
            Name of the score. None is "score".

        line_kw : dict, default=None
            Keyword arguments of the lines of the features, or of the weights.

        Returns
        -------
        display : RegularizationPathDisplay
            The display.

        Raises
        ------
        TypeError
            If `path` is something else, or `ax` is no Axes.

        ValueError
            If the shape of scores or names does not agree with the path, or if `show`, `x`
            or `max_labels` is not as described.
        """
        require_matplotlib(f"{cls.__name__}.from_path")
        if not all(hasattr(path, name) for name in ("alphas", "coefs", "n_features")):
            raise TypeError(
                f"path must be the result of regularization_path, got {type(path)}. For an "
                "estimator, use from_estimator."
            )
        display = cls(
            **path_parameters(path), scores=scores, alpha=alpha, feature_names=feature_names
        )
        return display.plot(
            ax,
            show=show,
            x=x,
            max_labels=max_labels,
            negate_score=negate_score,
            score_name=score_name,
            line_kw=line_kw,
        )

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        alphas: Any = None,
        sample_weight: Any = None,
        feature_names: Any = None,
        ax: Any = None,
        show: str | list[str] | None = None,
        x: str = "alpha",
        max_labels: int = 8,
        negate_score: bool = False,
        score_name: str | None = None,
        line_kw: dict | None = None,
    ) -> Self:
        """Fit the regularization path and draw it.

        Parameters
        ----------
        estimator : object
            A fitted `RegularizedMLPClassifierCV`, `RegularizedMLPRegressorCV` or
            `RegularizedMLPSurvivalCV`, whose path is fitted again, on all samples, and
            drawn with its scores; a `RegularizedMLPClassifier`, `RegularizedMLPRegressor`
            or `RegularizedMLPSurvival`, fitted or not; or a fitted pipeline, search or
            TransformedTargetRegressor around one of them.

        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data, as the estimator takes it.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values.

        alphas : int or array-like of shape (n_alphas,), default=None
            The alphas, or their number, as `regularization_path` takes it. None is those
            that a ...CV estimator has compared, and 20 for other estimators.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        feature_names : array-like of str of shape (n_features,), default=None
            Names of the features. None takes those of X, or those that the estimator knows.

        ax : matplotlib Axes or array-like of them, default=None
            As :meth:`plot` takes it.

        show : str or list of str, default=None
            As :meth:`plot` takes it.

        x : {"alpha", "n_features"}, default="alpha"
            As :meth:`plot` takes it.

        max_labels : int, default=8
            As :meth:`plot` takes it.

        negate_score : bool, default=False
            Whether to reverse the sign of the scores: for errors, such as
            ``scoring="neg_log_loss"``.

        score_name : str, default=None
            Name of the score. None takes it from `scoring`.

        line_kw : dict, default=None
            Keyword arguments of the lines of the features, or of the weights.

        Returns
        -------
        display : RegularizationPathDisplay
            The display.

        Raises
        ------
        TypeError
            If it is another estimator, or `ax` is no Axes.

        ValueError
            If `alphas` are given for a ...CV estimator, which has its own, or if other
            parameters are not as described.

        NotFittedError
            If the ...CV estimator, or what is around an estimator, is not fitted.

        Notes
        -----
        With ``relax``, the path shows the weights before the networks are refitted on the
        selected features. Without ``relax``, the final network is shown at its alpha. It
        has been trained further than the networks at neighbouring alphas and may have
        fewer features. The scores, the mark of the best score and that of the
        one-standard-error rule are those of the chosen `relax`.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        model, names = path_model(estimator, alphas)
        X, y = passed_on(estimator, X, y)
        # Before the path is fitted, which takes its time.
        shown = checked_panels(show, is_cv(model), x)
        check_stacked(ax, len(shown))
        check_max_labels(max_labels)
        names = names_of_columns(X, names)
        feature_names = checked_names("feature_names", feature_names, len(names), names)
        found = fit_path(model, X, y, alphas, sample_weight)
        display = cls(**found, feature_names=feature_names)
        return display.plot(
            ax,
            show=shown,
            x=x,
            max_labels=max_labels,
            negate_score=negate_score,
            score_name=score_name,
            line_kw=line_kw,
        )

    def plot(
        self,
        ax: Any = None,
        *,
        show: str | list[str] | None = None,
        x: str = "alpha",
        max_labels: int = 8,
        negate_score: bool = False,
        score_name: str | None = None,
        line_kw: dict | None = None,
    ) -> Self:
        """Draw the path.

        The features with the largest weights have colours and names: first those with the
        largest weights at the chosen alpha, if there is one, then those with the largest
        weights anywhere on the path. The others are grey: dark if the chosen network uses
        them, else light.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of them, default=None
            As many Axes as there are panels; or one, which is then divided among them.
            None makes a new figure. Its axis of scores leaves out nearly empty networks if
            their scores are so low that the others would look alike.

        show : str or list of str, default=None
            The panels, from top to bottom:

            - "norms": the Euclidean norm of each feature's weights.
            - "weights": the single weights of the first layer, at most the 2000 largest.
            - "score": mean scores, with one standard error.
            - "n_features": the number of features that have any effect; not with
              ``x="n_features"``.

            None is norms, scores if there are any, and the number of features.

        x : {"alpha", "n_features"}, default="alpha"
            The horizontal axis. With "n_features", there is one network for each number of
            features. If several have the same number, it is the chosen one, else the one
            with the best mean score, else the one at the smallest alpha.

        max_labels : int, default=8
            Maximum number of features that are named.

        negate_score : bool, default=False
            Whether to reverse the sign of the scores.

        score_name : str, default=None
            Name of the score. None takes the one that the display has.

        line_kw : dict, default=None
            Keyword arguments of the lines of the features, or of the weights.

        Returns
        -------
        self : RegularizationPathDisplay
            The display.

        Raises
        ------
        TypeError
            If `ax` is no Axes.

        ValueError
            If the shapes of the plotted values do not agree, if there are no scores to
            show, or if parameters are not as described.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        show = checked_panels(show, self.scores is not None, x)
        check_max_labels(max_labels)
        points = self._points(x, "score" in show)
        numbered = numbered_names(points.norms.shape[1])
        names = checked_names("feature_names", self.feature_names, len(numbered), numbered)
        features = FeatureLines(points, names, max_labels, line_kw)
        sign = -1 if negate_score else 1
        score_name = shown_name(score_name, self.score_name, negate_score)
        with stacked_axes(ax, [HEIGHTS[name] for name in show]) as axes:
            self.alpha_lines_ = mark_alphas(axes, points, self.alpha, x)
            self._draw(axes, show, features, sign, score_name, x)
            if ax is None and "score" in show:
                leave_out_collapsed(axes[show.index("score")], points.scores[None], sign)
        if np.ndim(ax) == 0:
            name_below(axes)
        self.axes_, self.ax_ = np.array(axes, dtype=object), axes[0]
        self.figure_ = self.ax_.figure
        return self

    def _points(self, x, has_scores):
        scores = None
        if has_scores:
            _, (scores,) = checked_scores(self.alphas, self.scores)
        points = points_by_alpha(
            self.alphas, self.coefs, self.n_features, scores, self.alpha
        )
        return points if x == "alpha" else points_by_n_features(points)

    def _draw(self, axes, show, features, sign, score_name, x):
        self.norm_lines_ = self.weight_lines_ = None
        self.score_line_ = self.score_band_ = self.n_features_line_ = None
        for name, panel in zip(show, axes):
            if name == "norms":
                self.norm_lines_ = features.draw_norms(panel)
            elif name == "weights":
                self.weight_lines_ = features.draw_weights(panel)
            elif name == "score":
                lines = draw_score_panel(panel, features.points, sign, score_name)
                self.score_line_, self.score_band_ = lines
            else:
                self.n_features_line_ = draw_n_features(panel, features.points)
            scale = scale_alphas if x == "alpha" else scale_n_features
            scale(panel, features.points.x)
            tidy(panel)
