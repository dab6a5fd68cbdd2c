"""Scores of a cross-validation against alpha, as two of the displays draw them."""

from dataclasses import dataclass

import numpy as np

from ..estimators.cross_validation import chosen
from .drawing import BLUE, DARK_GREY, ORANGE, keywords, marker_of


@dataclass
class ScoreArtists:
    """What was drawn of the scores of one candidate.

    Attributes
    ----------
    line : Line2D
        The mean scores.

    band : PolyCollection or None
        One standard error to both sides; None with a single fold.

    best : Line2D
        The point of the best mean score.

    one_se : Line2D or None
        The point of the largest alpha within one standard error of the best.
    """

    line: object
    band: object
    best: object
    one_se: object


def standard_errors(scores):
    """Standard errors of the means over folds, or None with a single fold."""
    n_folds = scores.shape[-1]
    return scores.std(axis=-1, ddof=1) / np.sqrt(n_folds) if n_folds > 1 else None


def draw_scores(ax, alphas, scores, sign=1, line_kw=None, fill_between_kw=None):
    """Draw mean scores with their errors, the best one, and the one-standard-error rule.

    Parameters
    ----------
    ax : matplotlib Axes

    alphas : ndarray of shape (n_alphas,)

    scores : ndarray of shape (n_alphas, n_folds)

    sign : {1, -1}
        -1 draws errors rather than scores.

    line_kw, fill_between_kw : dict or None

    Returns
    -------
    artists : ScoreArtists
    """
    from matplotlib.collections import PolyCollection
    from matplotlib.lines import Line2D

    means, errors = sign * scores.mean(axis=1), standard_errors(scores)
    style = dict(color=BLUE, marker=marker_of(len(alphas)), label="mean score", zorder=2.5)
    (line,) = ax.plot(alphas, means, **keywords(style, line_kw, Line2D))
    band = one_se = None
    if errors is not None:
        style = dict(color=line.get_color(), alpha=0.2, linewidth=0)
        style["label"] = "one standard error"
        style = keywords(style, fill_between_kw, PolyCollection)
        band = ax.fill_between(alphas, means - errors, means + errors, **style)
    best = _mark(
        ax, alphas, means, chosen(scores[None], "best")[1], "o", 10, line.get_color()
    )
    best.set_label("best")
    if errors is not None:
        taken = chosen(scores[None], "one_se")[1]
        one_se = _mark(ax, alphas, means, taken, "D", 7, ORANGE)
        one_se.set_label("one-standard-error rule")
    return ScoreArtists(line, band, best, one_se)


def _mark(ax, alphas, means, i, marker, size, color):
    style = dict(marker=marker, markersize=size, linestyle="", zorder=3)
    return ax.plot(alphas[i], means[i], color=color, markeredgecolor="white", **style)[0]


def mark_alpha(ax, alpha):
    """A vertical line at the chosen alpha."""
    # Orange is the one-standard-error rule, which may not be how it was chosen.
    style = dict(color=DARK_GREY, linewidth=1, linestyle="--", zorder=1.5)
    return ax.axvline(alpha, label=f"chosen alpha: {alpha:.3g}", **style)
