"""Axes, colours and scales that the displays have in common."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

BLUE, ORANGE = "#2f6db3", "#dd7a1f"
DARK_GREY, GREY, LIGHT_GREY = "0.25", "0.6", "0.8"

# Inches of a character of a small label.
_CHARACTER = 0.08

# Number of features from which on their axis is logarithmic.
_MANY_FEATURES = 100

# Share of its part of a divided Axes that is filled; the rest is a gap.
_FILLED = 0.92


def require_matplotlib(caller: str) -> None:
    """Raise an ImportError that says what to install.

    Parameters
    ----------
    caller : str
        The method that draws.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"{caller} needs matplotlib, which is not installed: "
            'python -m pip install "sknormreg[plot]"'
        ) from error


def new_axes(figsize: tuple[float, float], heights: Sequence[float] = (1,)) -> list[Any]:
    """Return Axes one above the other in a new figure, with a common horizontal axis."""
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(
        len(heights),
        sharex=True,
        squeeze=False,
        figsize=figsize,
        height_ratios=heights,
        layout="constrained",
    )
    return list(axes[:, 0])


@contextmanager
def axes_or_new(ax: Any, figsize: tuple[float, float]) -> Iterator[Any]:
    """Yield the caller's Axes, or one in a new figure, which is closed on errors."""
    if ax is not None:
        yield check_axes(ax)
        return
    (ax,) = new_axes(figsize)
    with _closed_on_error(ax.figure):
        yield ax


@contextmanager
def _closed_on_error(figure):
    import matplotlib.pyplot as plt

    try:
        yield
    except BaseException:
        plt.close(figure)
        raise


def check_axes(ax: Any) -> Any:
    """Return the Axes, or raise a TypeError where it is something else."""
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise TypeError(f"ax must be a matplotlib Axes, or None for a new one, got {ax!r}.")
    return ax


@contextmanager
def stacked_axes(ax: Any, heights: Sequence[float]) -> Iterator[list[Any]]:
    """Yield as many Axes as there are heights: the caller's, parts of it, or new ones.

    New ones are closed where drawing fails.
    """
    axes = check_stacked(ax, len(heights))
    if not axes:
        axes = new_axes((7, 1 + 1.2 * sum(heights)), heights)
        with _closed_on_error(axes[0].figure):
            yield axes
    elif len(axes) == len(heights):
        yield axes
    else:
        yield _divided(ax, heights)


def check_stacked(ax: Any, n_panels: int) -> list[Any]:
    """Return the caller's Axes as a list: none, one to divide, or as many as panels."""
    if ax is None:
        return []
    if np.ndim(ax) == 0:
        return [check_axes(ax)]
    axes = list(np.ravel(np.asarray(ax, dtype=object)))
    if len(axes) != n_panels:
        raise ValueError(
            f"ax must hold {n_panels} Axes, one for each thing to show, or be one Axes, "
            f"got {len(axes)}."
        )
    return [check_axes(panel) for panel in axes]


def _divided(ax, heights):
    """Return parts of the place of one Axes, which is left without a frame of its own."""
    ax.set_axis_off()
    ends = 1 - np.cumsum(heights) / sum(heights)
    axes: list[Any] = []
    for end, height in zip(ends, heights):
        height *= _FILLED / sum(heights)
        shared = axes[0] if axes else None
        axes.append(ax.inset_axes((0, end, 1, height), sharex=shared))
    return axes


def name_below(axes: list[Any]) -> None:
    """Leave label and numbers of the horizontal axis to the lowest of stacked Axes."""
    for panel in axes[:-1]:
        panel.set_xlabel("")
        panel.tick_params(labelbottom=False)


def keywords(defaults: dict, given: dict | None, artist: type) -> dict[str, Any]:
    """Return the keyword arguments of an artist, the caller's in place of defaults.

    Parameters
    ----------
    defaults : dict

    given : dict or None
        May use aliases, such as "c" for "color".

    artist : type
        The class of the artist, which knows the aliases.
    """
    from matplotlib.cbook import normalize_kwargs

    return normalize_kwargs(defaults, artist) | normalize_kwargs(given or {}, artist)


def tidy(ax: Any) -> None:
    """Draw a light grid behind the data, and no frame above and to the right."""
    ax.grid(color="0.93")
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def scale_alphas(ax: Any, alphas: np.ndarray) -> None:
    """Make the horizontal axis logarithmic, and linear up to the first alpha above 0."""
    positive = alphas[alphas > 0]
    if not len(positive):
        return
    if len(positive) == alphas.size:
        ax.set_xscale("log")
    else:
        first = positive.min()
        ax.set_xscale("symlog", linthresh=first)
        # No alpha is below 0; a marker at 0 has room. Other displays may still widen it.
        ax.set_xlim(left=-0.2 * first, auto=None)
    ax.set_xlabel("alpha")


def name_features_above(ax: Any, alphas: np.ndarray, n_features: np.ndarray) -> Any:
    """Write numbers of features along the top of an axis of alphas, where they have room.

    Parameters
    ----------
    ax : matplotlib Axes
        With the scale that it is to have.

    alphas : ndarray of shape (n_alphas,)

    n_features : ndarray of shape (n_alphas,)
        May hold nan.

    Returns
    -------
    axis : matplotlib SecondaryAxis
    """
    top = ax.secondary_xaxis("top")
    known = ~np.isnan(n_features)
    labels = [_rounded(number) for number in n_features[known]]
    room = _CHARACTER * (3 + max(map(len, labels), default=0))
    ax.autoscale_view()
    places = ax.transData.transform([(alpha, 0) for alpha in alphas[known]])[:, 0]
    shown = _spaced(places / ax.figure.dpi, room)
    top.set_xticks(alphas[known][shown], [labels[i] for i in shown])
    top.minorticks_off()
    top.tick_params(labelsize="small", length=2)
    top.spines[:].set_visible(False)
    top.set_xlabel("mean number of features", fontsize="small")
    return top


def _rounded(number: float) -> str:
    """Return a mean number with one decimal place if that says something."""
    return f"{number:.0f}" if number >= 10 or number == round(number) else f"{number:.1f}"


def _spaced(places: np.ndarray, room: float) -> list[int]:
    """Return the indices of ascending places that are at least so far from one another."""
    shown: list[int] = []
    for i, place in enumerate(places):
        if not shown or place - places[shown[-1]] >= room:
            shown.append(i)
    return shown


def scale_n_features(ax: Any, numbers: np.ndarray) -> None:
    """Let the horizontal axis of numbers of features descend, to sparse networks.

    Above a hundred it is logarithmic.
    """
    if numbers.max() > _MANY_FEATURES:
        ax.set_xscale("symlog", linthresh=1, linscale=0.3)
    else:
        ax.xaxis.get_major_locator().set_params(integer=True)
    ax.xaxis.set_inverted(True)
    ax.set_xlabel("number of features")


def marker_of(n_points: int) -> str:
    """Return the marker of points if they are few; a single one would be invisible."""
    return "." if n_points <= 30 else ""


def literal(name: Any) -> str:
    """Return a name as text that matplotlib shows as it is, without formulas in "$"."""
    return str(name).replace("$", r"\$")


def label_some(axis: Any, names: Sequence[str], most: int) -> None:
    """Label at most so many of the rows or columns of an image, evenly.

    Parameters
    ----------
    axis : matplotlib Axis

    names : sequence of str

    most : int
    """
    step = next(
        factor * 10**power
        for power in range(len(str(len(names))) + 1)
        for factor in (1, 2, 5)
        if len(names) <= most * factor * 10**power
    )
    shown = range(0, len(names), step)
    axis.set_ticks(shown, [literal(names[i]) for i in shown])


def weight_colours() -> Any:
    """Return a colour map: orange for negative weights, blue for positive ones.

    None of them is white.

    White, for masked values, is left for weights that are exactly 0: however small
    another one is, it can be told from them.
    """
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(
        "weights",
        [
            (0.0, "#7a3b00"),
            (0.2, ORANGE),
            (0.5, "#fae0c5"),
            (0.5, "#d3e3f5"),
            (0.8, BLUE),
            (1.0, "#123661"),
        ],
    ).with_extremes(bad="white")


def distinct_colours() -> list[Any]:
    """Return the colours of matplotlib's "tab10": blue, orange, green, and so on."""
    from matplotlib import colormaps

    return [colormaps["tab10"](i) for i in range(10)]


def symmetric_limit(values: np.ndarray) -> float:
    """Return the largest absolute value, or 1 where all are 0."""
    return float(np.abs(values).max(initial=0.0)) or 1.0
