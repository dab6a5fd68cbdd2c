"""The weights of units as images, side by side."""

from typing import Any

import numpy as np

from .drawing import literal

# Inches of a character of an image's name, and of the least height of a named image.
_CHARACTER, _LEAST_HEIGHT = 0.075, 0.6


def checked_shape(image_shape: Any, n_pixels: int) -> tuple[int, int]:
    """Return height and width of images, or raise a ValueError."""
    try:
        height, width = map(int, image_shape)
    except (TypeError, ValueError):
        height = width = 0
    if height < 1 or width < 1 or height * width != n_pixels:
        raise ValueError(
            f"image_shape must be height and width of images of {n_pixels} pixels, one for "
            f"each row of the weights, got {image_shape!r}."
        )
    return height, width


def mosaic(weights: np.ndarray, image_shape: tuple[int, int]) -> tuple[np.ndarray, int]:
    """Return the columns as images, in rows and columns of their own.

    Returns
    -------
    picture : ndarray of shape (n_rows * height, n_columns * width)

    n_empty : int
        Places that are left at the end of the last row.
    """
    (height, width), n_images = image_shape, weights.shape[1]
    n_columns = _columns_of_mosaic(n_images, height / width)
    n_rows = -(-n_images // n_columns)
    images = np.zeros((n_rows * n_columns, height, width), weights.dtype)
    images[:n_images] = weights.T.reshape(n_images, height, width)
    images = images.reshape(n_rows, n_columns, height, width).swapaxes(1, 2)
    picture = images.reshape(n_rows * height, n_columns * width)
    return picture, n_rows * n_columns - n_images


def _columns_of_mosaic(n_images, ratio):
    """Return the number of images in a row, for a wide picture with few gaps."""
    ideal = np.sqrt(1.4 * n_images * ratio)
    numbers = range(max(int(0.7 * ideal), 1), int(1.5 * ideal) + 2)
    candidates = [number for number in numbers if number <= n_images] or [1]
    return min(candidates, key=lambda n: (-n_images % n, abs(n - ideal)))


def size_of_mosaic(shown: np.ndarray) -> tuple[float, float]:
    """Return the inches of a figure in which a mosaic has room."""
    height, width = shown.shape
    inches = np.clip(width / 40, 6.4, 10)
    return inches, 0.8 + 0.8 * inches * min(height / width, 2)


def frame_images(
    ax: Any, size: tuple[int, ...], image_shape: tuple[int, int], n_empty: int
) -> None:
    """Draw lines between images, and grey in the places that are left."""
    from matplotlib.patches import Rectangle

    (bottom, right), (height, width) = size, image_shape
    ax.set_xticks(np.arange(0, right + 1, width) - 0.5, labels=[])
    ax.set_yticks(np.arange(0, bottom + 1, height) - 0.5, labels=[])
    ax.tick_params(length=0)
    ax.grid(color="0.75", linewidth=0.8)
    ax.spines[:].set_color("0.75")
    # White would be a unit without weights.
    corner = right - n_empty * width - 0.5, bottom - height - 0.5
    ax.add_patch(Rectangle(corner, n_empty * width, height, color="0.9"))


def name_images(
    ax: Any, size: tuple[int, ...], image_shape: tuple[int, int], names: list[str]
) -> list[Any]:
    """Write the names of images into their corners if these have room, and return them."""
    (bottom, right), (height, width) = size, image_shape
    box = ax.get_window_extent()
    inches = min(box.width / right, box.height / bottom) / ax.figure.dpi
    longest = max(map(len, names), default=0)
    if inches * height < _LEAST_HEIGHT or inches * width < _CHARACTER * (longest + 1):
        return []
    n_columns = right // width
    texts = []
    for i, name in enumerate(names):
        row, column = divmod(i, n_columns)
        corner = (column * width - 0.5, row * height - 0.5)
        style = dict(textcoords="offset points", fontsize=7, color="0.4", va="top")
        texts.append(ax.annotate(literal(name), corner, (2, -2), **style))
    return texts
