"""The scores by which alpha was chosen."""

from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..estimators.cross_validation import RegularizedMLPCV, chosen
from ..fitted.meta_estimators import AROUND, unwrapped
from .drawing import (
    GREY,
    axes_or_new,
    keywords,
    marker_of,
    require_matplotlib,
    scale_alphas,
    tidy,
)
from .labels import name_of_scoring
from .scores import draw_scores, leave_out_collapsed, mark_alpha, mark_one_se

# Of more candidates than these, those that were not chosen have one entry in the legend.
_MOST_NAMED = 8


class CVDisplay:
    """Scores of a cross-validation against alpha, and the alpha that was chosen.

    A band of one standard error surrounds the mean scores of the candidate with the best
    one. Two points mark that and the largest alpha within one standard error of it; a
    vertical line is at the alpha that was taken. Use :meth:`from_estimator` to make one
    of a fitted `RegularizedMLPClassifierCV` or `RegularizedMLPRegressorCV`.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,) or (n_candidates, n_alphas)
        The alphas that were compared, in ascending order.

    scores : array-like of shape (n_alphas, n_folds) or (n_candidates, n_alphas, n_folds)
        The scores on the rows left out; greater is better.

    alpha : float or None, default=None
        The alpha that was chosen.

    candidate_names : list of str or None, default=None
        What to call the candidates.

    score_name : str, default="score"
        What to call the score.

    n_sharing : int, default=1
        How many candidates in a row share a path of fits, as those that differ by `relax`
        alone do: the one-standard-error rule takes the best of them at its alpha.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the scores.

    figure_ : matplotlib Figure
        Figure with the scores.

    line_ : matplotlib Line2D
        Mean scores of the candidate with the best one.

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

    See Also
    --------
    RegularizationPathDisplay : The same, over the weights.
    sklearn.model_selection.ValidationCurveDisplay : Of any parameter of any estimator.

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

    def __init__(
        self,
        alphas,
        scores,
        *,
        alpha=None,
        candidate_names=None,
        score_name="score",
        n_sharing=1,
    ):
        self.alphas = alphas
        self.scores = scores
        self.alpha = alpha
        self.candidate_names = candidate_names
        self.score_name = score_name
        self.n_sharing = n_sharing

    @classmethod
    def from_estimator(
        cls,
        estimator,
        *,
        ax=None,
        negate_score=False,
        score_name=None,
        line_kw=None,
        fill_between_kw=None,
    ):
        """Draw the scores of a fitted estimator that has chosen alpha.

        Parameters
        ----------
        estimator : object
            A fitted `RegularizedMLPClassifierCV` or `RegularizedMLPRegressorCV`, or a
            pipeline, search or TransformedTargetRegressor around one.

        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        negate_score : bool, default=False
            Whether to reverse the sign of the scores: for errors, such as
            ``scoring="neg_log_loss"``.

        score_name : str, default=None
            What to call the score. None takes it from `scoring`.

        line_kw : dict, default=None
            Keyword arguments of the line of mean scores.

        fill_between_kw : dict, default=None
            Keyword arguments of the band.

        Returns
        -------
        display : CVDisplay
            Drawn.

        Raises
        ------
        TypeError
            If the estimator has not compared alphas, or if `ax` is no Axes.

        NotFittedError
            If the estimator is not fitted.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        model = fitted_cv(estimator)
        display = cls(
            model.alphas_.reshape(-1, model.alphas_.shape[-1]),
            model.scores_.reshape(-1, *model.scores_.shape[-2:]),
            alpha=model.alpha_,
            candidate_names=_names_of_candidates(model),
            score_name=name_of_scoring(model.scoring, model),
            n_sharing=model._n_sharing,
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
        ax=None,
        *,
        negate_score=False,
        score_name=None,
        line_kw=None,
        fill_between_kw=None,
    ):
        """Draw the scores.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure, whose axis of scores leaves out
            networks that are nearly empty where the others could not be told apart.

        negate_score : bool, default=False
            Whether to reverse the sign of the scores.

        score_name : str, default=None
            What to call the score. None takes the name that the display has.

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
            If the shapes of alphas and scores, the number of names, or `n_sharing` do not
            agree, or if no alpha has a score in every fold.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        alphas, scores = checked_scores(self.alphas, self.scores)
        names = self._checked_names(len(scores))
        self._check_n_sharing(len(scores))
        best, _ = chosen(scores, "best")
        sign, is_new = -1 if negate_score else 1, ax is None
        with axes_or_new(ax, (6.4, 4.2)) as ax:
            label = names[best] if len(scores) > 1 else "mean score"
            line_kw = {"label": label} | (line_kw or {})
            self._draw_best(ax, alphas[best], scores[best], sign, line_kw, fill_between_kw)
            others = [i for i in range(len(scores)) if i != best]
            self.other_lines_ = self._draw_others(ax, alphas, scores, sign, others, names)
            self.one_se_point_ = mark_one_se(ax, alphas, scores, sign, self.n_sharing)
            self.alpha_line_ = None if self.alpha is None else mark_alpha(ax, self.alpha)
            if is_new:
                leave_out_collapsed(ax, scores, sign)
            scale_alphas(ax, alphas)
            ax.set_ylabel(shown_name(score_name, self.score_name, negate_score))
            tidy(ax)
            ax.legend(loc="best", fontsize="small")
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

    def _check_n_sharing(self, n_candidates):
        is_count = isinstance(self.n_sharing, Integral) and self.n_sharing >= 1
        if not is_count or n_candidates % self.n_sharing:
            raise ValueError(
                f"n_sharing must be an int of at least 1 that divides {n_candidates}, the "
                f"number of candidates, got {self.n_sharing!r}."
            )

    def _draw_best(self, ax, *args):
        artists = draw_scores(ax, *args)
        self.line_, self.band_ = artists.line, artists.band
        self.best_point_ = artists.best

    @staticmethod
    def _draw_others(ax, alphas, scores, sign, others, names):
        from matplotlib import colormaps
        from matplotlib.lines import Line2D

        many = len(others) > _MOST_NAMED
        # From green on: blue and orange are taken.
        colours = [GREY] * len(others) if many else colormaps["tab10"].colors[2:]
        lines = []
        for i, colour in zip(others, colours):
            label = names[i]
            if many:
                label = "other candidates" if i == others[0] else "_"
            style = dict(color=colour, marker=marker_of(alphas.shape[-1]), linewidth=1)
            style = keywords(style, {"label": label}, Line2D)
            lines += ax.plot(alphas[i], sign * scores[i].mean(axis=1), **style)
        return lines


def fitted_cv(estimator):
    """The fitted ...CV estimator within an estimator.

    Raises
    ------
    TypeError
        If it is another estimator.

    NotFittedError
        If it is not fitted.
    """
    model, _ = unwrapped(estimator)
    if not isinstance(model, RegularizedMLPCV):
        raise TypeError(
            "estimator must be a RegularizedMLPClassifierCV or RegularizedMLPRegressorCV, "
            f"or {AROUND}, got {estimator!r}."
        )
    check_is_fitted(model)
    return model


def checked_scores(alphas, scores):
    """Alphas and scores with an axis for candidates.

    Raises
    ------
    ValueError
        If their shapes do not agree.
    """
    alphas, scores = np.asarray(alphas), np.asarray(scores, dtype=np.float64)
    agree = scores.ndim == alphas.ndim + 1 and scores.shape[:-1] == alphas.shape
    if alphas.ndim not in (1, 2) or not agree:
        raise ValueError(
            "scores must have a row for each of alphas and a column for each fold: got "
            f"scores of shape {scores.shape} for alphas of shape {alphas.shape}."
        )
    return (alphas, scores) if alphas.ndim == 2 else (alphas[None], scores[None])


def shown_name(given, own, negate):
    """The label of an axis of scores."""
    if given is not None:
        return given
    if not negate:
        return own
    return own.removeprefix("neg ") if own.startswith("neg ") else f"negative {own}"


def _names_of_candidates(model):
    """What tells the candidates from one another, in the order of `scores_`."""
    lists = {name: values for name, values in model._lists().items() if len(values) > 1}
    names = [""]
    for name, values in lists.items():
        names = [f"{begun}, {name}={value}" for begun in names for value in values]
    return [name.removeprefix(", ") for name in names]
