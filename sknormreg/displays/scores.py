"""Scores of a cross-validation along a path, as two of the displays draw them."""

from typing import Any

import numpy as np

from .drawing import BLUE, DARK_GREY, ORANGE, keywords, marker_of
from .results import best_index

# A mean score is far below the best one where it is so many times as far from it as the
# median, and so many standard errors.
_FAR, _FAR_ERRORS = 10, 5


def checked_scores(alphas: Any, scores: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return alphas and scores with an axis for candidates.

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


def standard_errors(scores: np.ndarray) -> np.ndarray | None:
    """Return the standard errors of the means over folds, or None with a single fold."""
    n_folds = scores.shape[-1]
    return scores.std(axis=-1, ddof=1) / np.sqrt(n_folds) if n_folds > 1 else None


def draw_scores(
    ax: Any,
    x: np.ndarray,
    scores: np.ndarray,
    sign: int = 1,
    line_kw: dict | None = None,
    fill_between_kw: dict | None = None,
) -> tuple[Any, Any]:
    """Draw mean scores with their standard errors.

    Parameters
    ----------
    ax : matplotlib Axes

    x : ndarray of shape (n_points,)
        Alphas, or numbers of features.

    scores : ndarray of shape (n_points, n_folds)

    sign : {1, -1}
        -1 draws errors rather than scores.

    line_kw, fill_between_kw : dict or None

    Returns
    -------
    line : Line2D
        The mean scores.

    band : PolyCollection or None
        One standard error to both sides; None with a single fold.
    """
    from matplotlib.collections import PolyCollection
    from matplotlib.lines import Line2D

    means, errors = sign * scores.mean(axis=1), standard_errors(scores)
    style = dict(color=BLUE, marker=marker_of(len(x)), label="mean score", zorder=2.5)
    (line,) = ax.plot(x, means, **keywords(style, line_kw, Line2D))
    band = None
    if errors is not None:
        style = dict(color=line.get_color(), alpha=0.2, linewidth=0)
        style["label"] = "one standard error"
        style = keywords(style, fill_between_kw, PolyCollection)
        band = ax.fill_between(x, means - errors, means + errors, **style)
    return line, band


def mark_best(ax: Any, x: float, score: float, color: Any = BLUE) -> Any:
    """Mark the point of the best mean score, and return it."""
    return _mark(ax, x, score, "o", 11, color, "best")


def mark_one_se(ax: Any, x: float, score: float) -> Any:
    """Mark the point of the one-standard-error rule, and return it."""
    return _mark(ax, x, score, "D", 6, ORANGE, "one-standard-error rule")


def _mark(ax, x, score, marker, size, color, label):
    style = dict(marker=marker, markersize=size, linestyle="", zorder=3, label=label)
    return ax.plot(x, score, color=color, markeredgecolor="white", **style)[0]


def leave_out_collapsed(ax: Any, scores: np.ndarray, sign: int = 1) -> None:
    """End the axis of scores where nearly empty networks would flatten the others.

    These are scores beyond the best alpha that are far below the best one, next to how far
    below it the median is. They are left out where they take more than half of the axis.

    Parameters
    ----------
    ax : matplotlib Axes

    scores : ndarray of shape (n_candidates, n_alphas, n_folds)

    sign : {1, -1}
    """
    means = scores.mean(axis=2)
    i, k = best_index(scores)
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


def mark_chosen(ax: Any, x: float, label: str) -> Any:
    """Draw a vertical line at the chosen network, and return it."""
    # Orange is the one-standard-error rule, which may not be how it was chosen.
    style = dict(color=DARK_GREY, linewidth=1, linestyle="--", zorder=1.5)
    return ax.axvline(x, label=label, **style)


def mark_alpha(ax: Any, alpha: float) -> Any:
    """Draw a vertical line at the chosen alpha, and return it."""
    return mark_chosen(ax, alpha, f"chosen alpha: {alpha:.3g}")
