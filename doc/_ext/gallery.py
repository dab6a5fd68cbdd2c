"""Sections of the gallery, and thumbnails that can be read at the size of a tile."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
from docutils.parsers.rst import Directive
from docutils.statemachine import string2lines
from matplotlib.gridspec import GridSpec
from sphinx_gallery.scrapers import matplotlib_scraper

# Inches. At the width of a tile, about 300 pixels, text of 10 points has 9 pixels.
_SIZE = (4.6, 3.2)
_DPI = 140


def listed(index):
    """Names of the examples in the order in which the gallery's index lists them."""
    return re.findall(r"^ +(\w+\.py)$", Path(index).read_text("utf-8"), re.MULTILINE)


class Examples(Directive):
    """Tiles of the listed examples, and their entries in the table of contents."""

    has_content = True

    def run(self):
        lines = [".. minigallery::", ""]
        lines += [f"   ../examples/{name}" for name in self.content]
        lines += ["", ".. toctree::", "   :hidden:", ""]
        lines += [f"   {name.removesuffix('.py')}" for name in self.content]
        source = self.state_machine.get_source(self.lineno)
        self.state_machine.insert_input(string2lines("\n".join(lines)), source)
        return []


def scrape(block, block_vars, gallery_conf):
    """Save the figures of a block, and of the first one of an example a thumbnail.

    The thumbnail is one of its Axes, drawn anew at the size of a tile: the first, or the
    one that the comment ``# sphinx_gallery_thumbnail_axes = 2`` names. A whole figure
    scaled down to a tile has text that nobody can read.
    """
    figures = [plt.figure(number) for number in plt.get_fignums()]
    rst = matplotlib_scraper(block, block_vars, gallery_conf)
    settings = block_vars["file_conf"]
    if figures and "thumbnail_path" not in settings:
        source, stem = Path(gallery_conf["src_dir"]), Path(block_vars["src_file"]).stem
        path = source / "auto_examples" / "images" / "thumb" / f"{stem}_axes.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        _save_axes(figures[0], settings.get("thumbnail_axes", 0), path)
        settings["thumbnail_path"] = str(path.relative_to(source))
    return rst


def _save_axes(figure, index, path):
    kept = figure.axes[index]
    for ax in figure.axes:
        if ax is not kept:
            ax.remove()
    for text in (figure._suptitle, figure._supxlabel, figure._supylabel, *figure.legends):
        if text is not None:
            text.remove()
    kept.set_subplotspec(GridSpec(1, 1, figure=figure)[0])
    figure.set_size_inches(_SIZE)
    figure.set_layout_engine("constrained")
    # Those next to a colour bar stood at one side of their place.
    kept.set_anchor("C")
    # Axes that shared theirs with a neighbour have no labels.
    kept.tick_params(labelbottom=True, labelleft=True)
    _thin_out(kept.xaxis, figure)
    _fit_title(kept, figure)
    figure.savefig(path, dpi=_DPI)


def _thin_out(axis, figure):
    """Hide tick labels until none overlaps the next."""
    figure.draw_without_rendering()
    labels = [label for label in axis.get_ticklabels() if label.get_text()]
    boxes = [label.get_window_extent() for label in labels]
    step = 1
    while any(a.x1 > b.x0 for a, b in zip(boxes[::step], boxes[step::step])):
        step += 1
    for i, label in enumerate(labels):
        label.set_visible(i % step == 0)


def _fit_title(ax, figure):
    """Centre a title that reaches out of the figure, and make it smaller if it must be."""
    title, width = ax.title, figure.bbox.width
    box = title.get_window_extent()
    if box.x0 < 0 or box.x1 > width:
        title.set_x(ax.transAxes.inverted().transform((width / 2, 0))[0])
        title.set_fontsize(title.get_fontsize() * min(1, 0.97 * width / box.width))


def setup(app):
    app.add_directive("examples", Examples)
    return {"parallel_read_safe": True}
