"""Scores of a cross-validation against alpha, as two of the displays draw them."""

from dataclasses import dataclass

import numpy as np

from ..estimators.cross_validation import chosen
from .drawing import BLUE, DARK_GREY, ORANGE, keywords, marker_of

# What is far below the best mean score: so many times as far as the median, and so many
# standard errors.
_FAR, _FAR_ERRORS = 10, 5


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
    """

    line: object
    band: object
    best: object


def standard_errors(scores):
    """Standard errors of the means over folds, or None with a single fold."""
    n_folds = scores.shape[-1]
    return scores.std(axis=-1, ddof=1) / np.sqrt(n_folds) if n_folds > 1 else None


def draw_scores(ax, alphas, scores, sign=1, line_kw=None, fill_between_kw=None):
    """Draw mean scores with their errors, and mark the best one.

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
    band = None
    if errors is not None:
        style = dict(color=line.get_color(), alpha=0.2, linewidth=0)
        style["label"] = "one standard error"
        style = keywords(style, fill_between_kw, PolyCollection)
        band = ax.fill_between(alphas, means - errors, means + errors, **style)
    _, i = chosen(scores[None], "best")
    best = _mark(ax, alphas[i], means[i], "o", 11, line.get_color(), "best")
    return ScoreArtists(line, band, best)


def mark_one_se(ax, alphas, scores, sign=1, n_sharing=1):
    """Mark the point that the one-standard-error rule takes.

    Parameters
    ----------
    ax : matplotlib Axes

    alphas : ndarray of shape (n_candidates, n_alphas)

    scores : ndarray of shape (n_candidates, n_alphas, n_folds)

    sign : {1, -1}

    n_sharing : int
        How many candidates in a row share a path.

    Returns
    -------
    point : Line2D or None
        None with a single fold.
    """
    if scores.shape[-1] == 1:
        return None
    i, k = chosen(scores, "one_se", n_sharing)
    mean = sign * scores[i, k].mean()
    return _mark(ax, alphas[i, k], mean, "D", 6, ORANGE, "one-standard-error rule")


def _mark(ax, alpha, mean, marker, size, color, label):
    style = dict(marker=marker, markersize=size, linestyle="", zorder=3, label=label)
    return ax.plot(alpha, mean, color=color, markeredgecolor="white", **style)[0]


def leave_out_collapsed(ax, scores, sign=1):
    """End the axis of scores before those of nearly empty networks would flatten the rest.

    These are scores beyond the best alpha that are far below the best one, next to how far
    below it the median is. They are left out where they take more than half of the axis.

    Parameters
    ----------
    ax : matplotlib Axes

    scores : ndarray of shape (n_candidates, n_alphas, n_folds)

    sign : {1, -1}
    """
    means = scores.mean(axis=2)
    i, k = chosen(scores, "best")
    best, errors = means[i, k], standard_errors(scores[i])
    error = 0.0 if errors is None else errors[k]
    far = best - max(_FAR * (best - np.nanmedian(means[i])), _FAR_ERRORS * error)
    # Other candidates are worth a look at their best, and dense networks are not empty.
    others = [row[~np.isnan(row)].max(initial=-np.inf) for row in means]
    seen = [far, *means[i, : k + 1], *others]
    depth = best - np.min(seen, where=np.isfinite(seen), initial=best)
    if 0 < depth < (best - np.nanmin(means)) / 2:
        ends = best - 1.05 * depth, best + error + 0.05 * depth
        ax.set_ylim(sorted(sign * end for end in ends))


def mark_alpha(ax, alpha):
    """A vertical line at the chosen alpha."""
    # Orange is the one-standard-error rule, which may not be how it was chosen.
    style = dict(color=DARK_GREY, linewidth=1, linestyle="--", zorder=1.5)
    return ax.axvline(alpha, label=f"chosen alpha: {alpha:.3g}", **style)
