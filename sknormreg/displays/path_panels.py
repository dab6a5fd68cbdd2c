"""Panels of a regularization path: what can be shown, scores, numbers of features."""

from numbers import Integral
from typing import Any

import numpy as np

from .drawing import BLUE
from .path_points import PathPoints
from .results import best_index, one_se_index
from .scores import draw_scores, mark_alpha, mark_best, mark_chosen, mark_one_se

# The panels, and the heights of their Axes.
HEIGHTS = {"norms": 3, "weights": 3, "score": 2, "n_features": 1.4}


def checked_panels(show: Any, has_scores: bool, x: str) -> list[str]:
    """Return the panels from top to bottom, as a list.

    Raises
    ------
    ValueError
        If one is unknown or cannot be drawn.
    """
    if x not in ("alpha", "n_features"):
        raise ValueError(f"x must be 'alpha' or 'n_features', got {x!r}.")
    if show is None:
        drawn = {"norms": True, "score": has_scores, "n_features": x == "alpha"}
        return [name for name, is_drawn in drawn.items() if is_drawn]
    given, show = show, [show] if isinstance(show, str) else show
    show = list(show) if np.iterable(show) else []
    if not show or not all(isinstance(name, str) and name in HEIGHTS for name in show):
        raise ValueError(
            f"show must be one of {', '.join(map(repr, HEIGHTS))}, or a list of them, "
            f"got {given!r}."
        )
    if "score" in show and not has_scores:
        raise ValueError(
            "show has 'score', but there are no scores: give scores, or make the "
            "display of a fitted ...CV estimator."
        )
    if "n_features" in show and x == "n_features":
        raise ValueError(
            "show has 'n_features', which is the horizontal axis with x='n_features': "
            "leave it out of show, or set x='alpha'."
        )
    return show


def check_max_labels(max_labels: Any) -> None:
    """Raise a ValueError if it is not an int of at least 0."""
    if not isinstance(max_labels, Integral) or max_labels < 0:
        raise ValueError(f"max_labels must be an int of at least 0, got {max_labels!r}.")


def mark_alphas(
    axes: list[Any], points: PathPoints, alpha: float | None, x: str
) -> list[Any]:
    """Draw a line at the chosen alpha in each of the Axes, and return the lines."""
    if alpha is None:
        return []
    if x == "alpha":
        lines = [mark_alpha(panel, alpha) for panel in axes]
    else:
        number = float(points.x[points.chosen])
        label = f"chosen: {number:.0f} features at alpha {alpha:.3g}"
        lines = [mark_chosen(panel, number, label) for panel in axes]
    # In one legend.
    for line in lines[1:]:
        line.set_label("_")
    return lines


def draw_score_panel(ax: Any, points: PathPoints, sign: int, label: str) -> tuple[Any, Any]:
    """Draw mean scores with marks, and return their line and band."""
    scores = np.asarray(points.scores)
    line, band = draw_scores(ax, points.x, scores, sign)
    means = sign * scores.mean(axis=1)
    _, best = best_index(scores[None])
    mark_best(ax, points.x[best], means[best])
    if scores.shape[1] > 1:
        _, one_se = one_se_index(scores[None])
        mark_one_se(ax, points.x[one_se], means[one_se])
    ax.set_ylabel(label)
    ax.legend(loc="best", fontsize="small")
    return line, band


def draw_n_features(ax: Any, points: PathPoints) -> Any:
    """Draw the number of features in steps, and return its line."""
    (line,) = ax.step(points.x, points.n_features, where="mid", color=BLUE)
    ax.set_ylabel("features")
    ax.set_ylim(bottom=0)
    ax.yaxis.get_major_locator().set_params(integer=True)
    return line
