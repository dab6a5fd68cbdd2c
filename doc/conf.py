"""How Sphinx builds the documentation: README has the command."""

import inspect
import itertools
import os
import re
import sys
import warnings
from pathlib import Path

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx_gallery.sorting import ExplicitOrder

sys.path.insert(0, str(Path(__file__).resolve().parent / "_ext"))

import gallery

import sknormreg
from sknormreg import displays, losses, penalties

project = "sknormreg"
author = "The sknormreg developers"
copyright = "The sknormreg developers"
release = version = sknormreg.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
    "charts",
    "gallery",
]
exclude_patterns = ["_build", "_ext", "**/*.ipynb"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}

# Single backticks in docstrings and examples are names, some of other packages.
default_role = "py:obj"
# Headings of Markdown pages, down to the third level, can be linked to.
myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath", "colon_fence", "fieldlist"]

# The build needs no network: links into the documentation of other packages are made only
# on request.
if os.environ.get("SKNORMREG_DOC_INTERSPHINX"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "numpy": ("https://numpy.org/doc/stable", None),
        "python": ("https://docs.python.org/3", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
    }

# Quotes stay straight, as in Python. Of curly ones, defaults of parameters would have two
# closing ones.
smartquotes_action = "De"

# Docstrings

autosummary_generate = True
# Docstrings say more of the types than hints do.
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
templates_path = ["_templates"]


def _methods(cls):
    """Names of the public methods of a class: the package's own, and scikit-learn's."""
    own, inherited = [], []
    if cls.__name__ not in PENALTY_NAMES | LOSS_NAMES:
        for name, method in inspect.getmembers(cls):
            is_method = inspect.isfunction(method) or inspect.ismethod(method)
            if is_method and not name.startswith("_"):
                is_own = method.__module__.startswith("sknormreg.")
                (own if is_own else inherited).append(name)
    return own, inherited


# What the template of a class's page is told beside its name. The methods of penalties and
# of losses are described once, on the pages of `Penalty` and `Loss`.
PENALTY_NAMES = {cls.__name__ for cls in penalties.PENALTIES.values()} | {"Weighted"}
LOSS_NAMES = {*losses.__all__} - {"Loss"}
autosummary_context = {
    "methods_of": {
        name: _methods(getattr(module, name))
        for module in (sknormreg, penalties, losses, displays)
        for name in module.__all__
        if inspect.isclass(getattr(module, name))
    },
    "penalty_names": sorted(PENALTY_NAMES),
    "loss_names": sorted(LOSS_NAMES),
}
numpydoc_show_class_members = False
numpydoc_validation_checks = {
    "all",
    "GL01",  # Summaries begin on the line of the quotes.
    "GL02",
    "ES01",  # Where a summary says it all there is nothing to extend.
    "SA01",
    "EX01",
    "RT02",  # What is returned has a name, as it has in scikit-learn.
}

# The gallery: its sections, and their order, are in the index.

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
listed = gallery.listed(EXAMPLES / "index.rst")

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "copyfile_regex": r"index\.rst",
    "filename_pattern": r"plot_",
    "within_subsection_order": ExplicitOrder(listed),
    "minigallery_sort_order": ExplicitOrder([str(EXAMPLES / name) for name in listed]),
    "thumbnail_size": (640, 448),
    "doc_module": ("sknormreg",),
    "backreferences_dir": "generated/backreferences",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_signature": False,
    # Examples take most of the time of a build.
    "parallel": 2,
    "image_scrapers": ("gallery.scrape",),
}
# plt.show() has nothing to show on.
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")

# HTML

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_title = "sknormreg"
html_show_sourcelink = False
html_sidebars = {"index": [], "install": [], "performance": [], "changelog": []}
html_theme_options = {
    "logo": {"text": "sknormreg"},
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
    "header_links_before_dropdown": 6,
}


# Formulas are MathML, which browsers draw by themselves: MathJax would be fetched.


_BAR = re.compile(r"<mo[^>]*>([|‖])</mo>")


def _pair_bars(formula):
    """Tell a browser which bars of absolute values and norms open, and which close.

    It would set a closing bar like an operator, with space on both sides.
    """
    forms = {bar: itertools.cycle(["prefix", "postfix"]) for bar in "|‖"}

    def with_form(match):
        bar = match[1]
        return f'<mo form="{next(forms[bar])}" stretchy="false">{bar}</mo>'

    return _BAR.sub(with_form, formula)


def _add_formula(translator, node, as_block):
    formula = str(tex2mathml(node.astext(), as_block=as_block))
    translator.body.append(_pair_bars(formula))
    raise SkipNode


def _visit_math(translator, node):
    _add_formula(translator, node, as_block=False)


def _visit_math_block(translator, node):
    _add_formula(translator, node, as_block=True)


# docutils takes the initial of an author for the number of an item, "N." for the 14th.

_INITIAL = re.compile(r"^( *[A-Z])\. (?=[A-Z])")


def _keep_initials(app, what, name, obj, options, lines):
    lines[:] = [_INITIAL.sub(r"\1\\. ", line) for line in lines]


def setup(app):
    # After numpydoc, which writes the lines anew.
    app.connect("autodoc-process-docstring", _keep_initials, priority=600)
    app.add_html_math_renderer(
        "mathml",
        inline_renderers=(_visit_math, None),
        block_renderers=(_visit_math_block, None),
    )
