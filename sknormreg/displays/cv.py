"""Scores of a cross-validation against alpha."""

from typing import Any, Self

import numpy as np

from .drawing import (
    GREY,
    axes_or_new,
    distinct_colours,
    keywords,
    marker_of,
    name_features_above,
    require_matplotlib,
    scale_alphas,
    tidy,
)
from .labels import shown_name
from .results import best_index, fitted_cv, one_se_index, search_of
from .scores import (
    checked_scores,
    draw_scores,
    leave_out_collapsed,
    mark_alpha,
    mark_best,
    mark_one_se,
)

# Of more candidates than these, those that were not chosen have one entry in the legend.
_MOST_NAMED = 8


class CVDisplay:
    """Scores of a cross-validation against alpha, and the alpha that was chosen.

    A band of one standard error surrounds the mean scores of the candidate that was
    chosen. Two points mark the best mean score and the largest alpha within one standard
    error of it. A vertical line is at the alpha that was chosen, and the numbers along the
    top are the numbers of features at each alpha. Use :meth:`from_estimator` to draw
    the search of a fitted ...CV estimator, such as `RegularizedMLPClassifierCV`.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,) or (n_candidates, n_alphas)
        The alphas that were compared, in ascending order.

    scores : array-like of shape (n_alphas, n_folds) or (n_candidates, n_alphas, n_folds)
        The scores of the folds; greater is better.

    alpha : float or None, default=None
        The alpha that was chosen.

    candidate : int or None, default=None
        Index of the candidate that was chosen. None is the one with the best mean score.

    one_se : tuple of int or None, default=None
        Indices of the candidate and of the alpha that the one-standard-error rule chooses.
        None applies it to the candidate with the best mean score.

    n_features : array-like of the shape of `alphas` or None, default=None
        Mean number of selected features over the folds.

    candidate_names : list of str or None, default=None
        Names of the candidates.

    score_name : str, default="score"
        Name of the score.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the scores.

    figure_ : matplotlib Figure
        Figure with the scores.

    line_ : matplotlib Line2D
        Mean scores of the chosen candidate.

    band_ : matplotlib PolyCollection or None
        One standard error to both sides; None with a single fold.

    other_lines_ : list of matplotlib Line2D
        Mean scores of the other candidates.

    best_point_ : matplotlib Line2D
        The point of the best mean score.

    one_se_point_ : matplotlib Line2D or None
        The point of the largest alpha within one standard error of the best; None with a
        single fold.

    alpha_line_ : matplotlib Line2D or None
        The line at the alpha that was chosen.

    n_features_axis_ : matplotlib SecondaryAxis or None
        The numbers of features along the top.

    See Also
    --------
    RegularizationPathDisplay : Scores together with weights.
    sklearn.model_selection.ValidationCurveDisplay : Scores against any parameter of any
        estimator.

    References
    ----------
    T. Hastie, R. Tibshirani and J. Friedman, "The Elements of Statistical Learning", 2nd
    edition, 2009, section 7.10 (the one-standard-error rule).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from sknormreg import RegularizedMLPClassifierCV
    >>> from sknormreg.displays import CVDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> mlp = RegularizedMLPClassifierCV((5,), penalty="l1", alphas=5, random_state=0)
    >>> display = CVDisplay.from_estimator(mlp.fit(scale(X), y))
    >>> display.ax_.get_ylabel()
    'accuracy'
    """

    line_: Any
    other_lines_: list[Any]

    def __init__(
        self,
        alphas: Any,
        scores: Any,
        *,
        alpha: float | None = None,
        candidate: int | None = None,
        one_se: tuple[int, int] | None = None,
        n_features: Any = None,
        candidate_names: list[str] | None = None,
        score_name: str = "score",
    ) -> None:
        self.alphas = alphas
        self.scores = scores
        self.alpha = alpha
        self.candidate = candidate
        self.one_se = one_se
        self.n_features = n_features
        self.candidate_names = candidate_names
        self.score_name = score_name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        ax: Any = None,
        negate_score: bool = False,
        score_name: str | None = None,
        line_kw: dict | None = None,
        fill_between_kw: dict | None = None,
    ) -> Self:
        """Draw the search of a fitted ...CV estimator.

        Parameters
        ----------
        estimator : object
            A fitted `RegularizedMLPClassifierCV`, `RegularizedMLPRegressorCV` or
            `RegularizedMLPSurvivalCV`, or a pipeline, search or TransformedTargetRegressor
            around one.

        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        negate_score : bool, default=False
            Whether to reverse the sign of the scores: for errors, such as
            ``scoring="neg_log_loss"``.

        score_name : str, default=None
            Name of the score. None takes it from `scoring`.

        line_kw : dict, default=None
            Keyword arguments of the line of mean scores.

        fill_between_kw : dict, default=None
            Keyword arguments of the band.

        Returns
        -------
        display : CVDisplay
            The display.

        Raises
        ------
        TypeError
            If the estimator has not compared alphas, or if `ax` is no Axes.

        NotFittedError
            If the estimator is not fitted.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        model = fitted_cv(estimator)
        search = search_of(model)
        display = cls(
            search.alphas,
            search.scores,
            alpha=model.alpha_,
            candidate=search.chosen[0],
            one_se=search.one_se,
            n_features=search.n_features,
            candidate_names=search.names,
            score_name=search.score_name,
        )
        return display.plot(
            ax,
            negate_score=negate_score,
            score_name=score_name,
            line_kw=line_kw,
            fill_between_kw=fill_between_kw,
        )

    def plot(
        self,
        ax: Any = None,
        *,
        negate_score: bool = False,
        score_name: str | None = None,
        line_kw: dict | None = None,
        fill_between_kw: dict | None = None,
    ) -> Self:
        """Draw the scores.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure. Its axis of scores leaves out nearly
            empty networks if their scores are so low that the others would look alike.

        negate_score : bool, default=False
            Whether to reverse the sign of the scores.

        score_name : str, default=None
            Name of the score. None takes the one that the display has.

        line_kw : dict, default=None
            Keyword arguments of the line of mean scores.

        fill_between_kw : dict, default=None
            Keyword arguments of the band.

        Returns
        -------
        self : CVDisplay
            The display.

        Raises
        ------
        TypeError
            If `ax` is no Axes.

        ValueError
            If the shapes of alphas, scores and numbers of features or the number of names
            do not agree, if there is no such candidate, or if no alpha has a score in every
            fold.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        alphas, scores = checked_scores(self.alphas, self.scores)
        names = self._checked_names(len(scores))
        chosen = self._chosen_candidate(scores)
        n_features = self._checked_n_features(alphas)
        sign, is_new = -1 if negate_score else 1, ax is None
        with axes_or_new(ax, (6.4, 4.2)) as ax:
            label = names[chosen] if len(scores) > 1 else "mean score"
            line_kw = {"label": label} | (line_kw or {})
            self.line_, self.band_ = draw_scores(
                ax, alphas[chosen], scores[chosen], sign, line_kw, fill_between_kw
            )
            self.other_lines_ = self._draw_others(ax, alphas, scores, sign, chosen, names)
            self._mark_points(ax, alphas, scores, sign, chosen)
            self.alpha_line_ = None if self.alpha is None else mark_alpha(ax, self.alpha)
            if is_new:
                leave_out_collapsed(ax, scores, sign)
            scale_alphas(ax, alphas)
            ax.set_ylabel(shown_name(score_name, self.score_name, negate_score))
            tidy(ax)
            ax.legend(loc="best", fontsize="small")
            self.n_features_axis_ = None
            if n_features is not None:
                self.n_features_axis_ = name_features_above(
                    ax, alphas[chosen], n_features[chosen]
                )
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _checked_names(self, n_candidates):
        names = self.candidate_names
        if names is None:
            return [f"candidate {i}" for i in range(n_candidates)]
        if len(names) != n_candidates:
            raise ValueError(
                f"candidate_names must hold {n_candidates} names, as many as scores has "
                f"candidates, got {names!r}."
            )
        return names

    def _chosen_candidate(self, scores):
        """Return the index of the candidate whose scores have a band."""
        if self.candidate is None:
            return best_index(scores)[0]
        if self.candidate not in range(len(scores)):
            raise ValueError(
                f"candidate must be an index of the {len(scores)} candidates, counted from "
                f"0, got {self.candidate!r}."
            )
        return self.candidate

    def _checked_n_features(self, alphas):
        """Return the numbers of features with an axis for candidates, or None."""
        if self.n_features is None:
            return None
        n_features = np.asarray(self.n_features, dtype=np.float64)
        if n_features.shape != np.shape(self.alphas):
            raise ValueError(
                "n_features must have a number for each of alphas, of shape "
                f"{np.shape(self.alphas)}, got shape {n_features.shape}."
            )
        return n_features.reshape(alphas.shape)

    def _mark_points(self, ax, alphas, scores, sign, chosen):
        means = sign * scores.mean(axis=2)
        best = best_index(scores)
        lines = list(self.other_lines_)
        lines.insert(chosen, self.line_)
        colour = lines[best[0]].get_color()
        self.best_point_ = mark_best(ax, alphas[best], means[best], colour)
        self.one_se_point_ = None
        if scores.shape[2] > 1:
            one_se = one_se_index(scores) if self.one_se is None else tuple(self.one_se)
            self.one_se_point_ = mark_one_se(ax, alphas[one_se], means[one_se])

    @staticmethod
    def _draw_others(ax, alphas, scores, sign, chosen, names):
        from matplotlib.lines import Line2D

        others = [i for i in range(len(scores)) if i != chosen]
        many = len(others) > _MOST_NAMED
        # From green on: blue and orange are taken.
        colours = [GREY] * len(others) if many else distinct_colours()[2:]
        lines = []
        for i, colour in zip(others, colours):
            label = names[i]
            if many:
                label = "other candidates" if i == others[0] else "_"
            style = dict(color=colour, marker=marker_of(alphas.shape[-1]), linewidth=1)
            style = keywords(style, {"label": label}, Line2D)
            lines += ax.plot(alphas[i], sign * scores[i].mean(axis=1), **style)
        return lines
