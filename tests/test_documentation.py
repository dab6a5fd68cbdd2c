"""README's and the guide's snippets run, and the built pages hold together in a browser.

A block of text that follows a snippet is what the snippet prints.

The browser looks at `doc/_build/html`, where README's command builds the pages, if they
and a Chromium are there. `SKNORMREG_DOC_HTML` names a folder and lets nothing be skipped.
"""

import contextlib
import inspect
import io
import os
import re
import shutil
import warnings
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlparse
from urllib.request import url2pathname

import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

import sknormreg
from sknormreg import displays, penalties

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "doc").glob("*.md"))]
# How to add something: their snippets are parts of files, and do not run by themselves.
EXTENDING = sorted((ROOT / "doc" / "extending").glob("*.md"))
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.py"))

# Packages that not every environment has, and what in a snippet needs them.
OPTIONAL = {
    "matplotlib": "sknormreg.displays",
    "onnxruntime": "import onnxruntime",
    "pandas": "as_frame",
    "rich": "ProgressBar",
    "skl2onnx": "import skl2onnx",
    "skops": "import skops",
}

_ASKED_FOR = os.environ.get("SKNORMREG_DOC_HTML")
SITE = Path(_ASKED_FOR or ROOT / "doc" / "_build" / "html").resolve()


# The text


_SNIPPET = re.compile(
    r"^```python\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL
)


def _snippets(page):
    """Snippets of a page, and what each prints; an empty string if that is not told."""
    return _SNIPPET.findall(page.read_text("utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in PAGES if _snippets(page)], ids=lambda page: page.name
)
def test_snippets_of_a_page_run_one_after_the_other(page, tmp_path, monkeypatch):
    text = "".join(code for code, _ in _snippets(page))
    for package, sign in OPTIONAL.items():
        if sign in text and not _ASKED_FOR:
            pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "snippets"}
    for code, told in _snippets(page):
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(code, page.name, "exec"), names)
        if told:
            assert printed.getvalue() == told


@pytest.mark.parametrize("page", ["README.md", "examples/index.rst"])
def test_examples_are_all_listed(page):
    listed = re.findall(
        r"\b(?:plot|search)_\w+(?=\.py\b)", (ROOT / page).read_text("utf-8")
    )
    assert sorted(set(listed)) == EXAMPLES


@pytest.mark.parametrize(
    "module", [sknormreg, penalties, displays], ids=lambda m: m.__name__
)
def test_reference_has_all_that_is_public(module):
    listed = (ROOT / "doc" / "api.md").read_text("utf-8").split()
    public = {name for name in module.__all__ if callable(getattr(module, name))}
    assert public - set(listed) == set()


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (MLPClassifier, sknormreg.RegularizedMLPClassifier),
        (MLPRegressor, sknormreg.RegularizedMLPRegressor),
    ],
)
def test_migrating_has_every_parameter(theirs, ours):
    text = (ROOT / "doc" / "migrating.md").read_text("utf-8")
    table = text.partition("## Parameter by parameter")[2].partition("\n## ")[0]
    params = {cls: inspect.signature(cls).parameters for cls in (theirs, ours)}
    named = set(re.findall(r"\w+", table))
    assert {*params[theirs], *params[ours]} - named == set()
    differ = [
        name
        for name, parameter in params[theirs].items()
        if parameter.default != params[ours][name].default
    ]
    listed = re.search(r"Five defaults differ\s\((.*?)\)", text, re.S).group(1)
    assert sorted(differ) == sorted(re.findall(r"`(\w+)`", listed))


# Files that the pages on extending tell a reader to create.
_TO_BE_CREATED = {
    "sknormreg/displays/importances.py",
    "sknormreg/penalties/log_sum.py",
    "sknormreg/solvers/proximal_gradient.py",
    "sknormreg/solvers/rmsprop.py",
    "tests/displays/test_importances_display.py",
    "tests/solvers/test_proximal_gradient.py",
    "tests/solvers/test_rmsprop.py",
}


def test_files_that_pages_name_exist():
    pattern = (
        r"\b(?:benchmarks|examples|tests|sknormreg)/[\w/]+\.(?:py|pyx|pxd|inc\.h|h|c)\b"
    )
    for page in [*PAGES, *EXTENDING, ROOT / "CONTRIBUTING.md"]:
        for name in re.findall(pattern, page.read_text("utf-8")):
            exists = (ROOT / name).exists() or name in _TO_BE_CREATED
            assert exists, f"{page.name} names {name}"


# The pages, in a browser

_CHROMIUMS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
# It is to ask the network for nothing.
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_WIDE, _NARROW = (1300, 900), (390, 800)

# Images that are loaded when they come into view are not, in a window that nobody scrolls.
_LOOK = """
async () => {
    for (const image of document.images) {
        image.loading = "eager";
        await image.decode().catch(() => null);
    }
    return {
        links: Array.from(document.querySelectorAll("a[href]"), (link) => link.href),
        ids: Array.from(document.querySelectorAll("[id]"), (element) => element.id),
        images: document.images.length,
        missing: Array.from(document.images)
            .filter((image) => !image.naturalWidth)
            .map((image) => image.src),
        outputs: Array.from(
            document.querySelectorAll(".sphx-glr-script-out"), (out) => out.innerText
        ),
    };
}
"""
# Titles, tables, text and code that are cut at the right: wider than their own box, or
# reaching out of the window. Code and formulas may scroll if a shadow at the edge says so.
_CUT = """
async () => {
    // Tables are laid out anew after a change of the window's size.
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    await frame();
    await frame();
    const scrolls = (element) => element.matches("pre, math")
        && getComputedStyle(element).backgroundAttachment.includes("local");
    const found = [];
    const looked_at = "h1, h2, h3, h4, p, li, dt, dd, table, td, th, pre, code, img, math";
    for (const element of document.querySelectorAll("article :is(" + looked_at + ")")) {
        const around = element.closest("pre, math");
        if (!element.getClientRects().length || (around && scrolls(around))) continue;
        const wider = element.clientWidth && element.scrollWidth > element.clientWidth + 1;
        const right = element.getBoundingClientRect().right;
        if (wider || right > document.documentElement.clientWidth + 1) {
            found.push(element.localName + ": " + element.textContent.trim().slice(0, 60));
        }
    }
    return found;
}
"""
_OVERHANG = "() => document.documentElement.scrollWidth - window.innerWidth"


def _give_up(reason):
    if _ASKED_FOR:
        pytest.fail(reason)
    pytest.skip(reason)


class _Site:
    """What a browser finds on all pages that links lead to from the first."""

    def __init__(self, browser, root):
        self.root, self.looks, self.requests = root, {}, []
        self.overhangs, self.cut = {}, {}
        page = browser.new_page()
        page.on("request", lambda request: self.requests.append(request.url))
        waiting = [(root / "index.html").as_uri()]
        while waiting:
            url = waiting.pop()
            if url in self.looks:
                continue
            page.set_viewport_size(dict(zip(("width", "height"), _WIDE)))
            page.goto(url)
            self.looks[url] = look = page.evaluate(_LOOK)
            self.overhangs[url] = [page.evaluate(_OVERHANG)]
            self.cut[url] = page.evaluate(_CUT)
            page.set_viewport_size(dict(zip(("width", "height"), _NARROW)))
            self.cut[url] += page.evaluate(_CUT)
            self.overhangs[url].append(page.evaluate(_OVERHANG))
            links = {urldefrag(link).url for link in look["links"]}
            waiting += [link for link in links if self.is_page(link)]

    def is_page(self, url):
        path = file_of(url)
        return path is not None and path.suffix == ".html" and path.exists()

    def names(self):
        return [file_of(url).relative_to(self.root).as_posix() for url in self.looks]


def file_of(url):
    """The file that a link leads to; None if it leads out of the site."""
    parts = urlparse(url)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


@pytest.fixture(scope="module")
def site():
    if not (SITE / "index.html").exists():
        _give_up(f"The documentation is not built in {SITE}.")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _give_up("playwright, of the extra 'doc', is not installed.")
    chromium = next(filter(None, map(shutil.which, _CHROMIUMS)), None)
    with warnings.catch_warnings():
        # Its event loop is its own business.
        warnings.simplefilter("ignore")
        with sync_playwright() as playwright:
            if chromium is None and not Path(playwright.chromium.executable_path).exists():
                _give_up("There is no Chromium.")
            browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
            try:
                return _Site(browser, SITE)
            finally:
                browser.close()


def test_every_page_is_reached(site):
    names = set(site.names())
    assert {"index.html", "auto_examples/index.html", "api.html"} <= names
    assert {f"auto_examples/{name}.html" for name in EXAMPLES} <= names
    pages = {
        page.relative_to(ROOT / "doc").with_suffix(".html").as_posix()
        for page in [*PAGES[1:], *EXTENDING]
    }
    assert pages <= names


def test_no_link_is_broken(site):
    broken = []
    for page, look in site.looks.items():
        for link in look["links"]:
            path, (target, fragment) = file_of(link), urldefrag(link)
            if path is None:
                continue
            anchors = site.looks[target]["ids"] if target in site.looks else []
            is_there = not fragment or not anchors or unquote(fragment) in anchors
            if not (path.is_file() and is_there):
                broken.append((page, link))
    assert not broken


def test_no_image_is_missing(site):
    missing = {url: look["missing"] for url, look in site.looks.items() if look["missing"]}
    assert not missing
    gallery = site.looks[(site.root / "auto_examples" / "index.html").as_uri()]
    assert gallery["images"] >= len(EXAMPLES)


def test_pages_need_no_network(site):
    assert {urlparse(url).scheme for url in site.requests} <= {"file", "data", "blob"}


def test_no_page_is_wider_than_the_screen(site):
    assert {url: sizes for url, sizes in site.overhangs.items() if max(sizes) > 0} == {}


def test_nothing_is_cut_at_the_right(site):
    assert {url: cut for url, cut in site.cut.items() if cut} == {}


def test_examples_ran_without_a_warning(site):
    outputs = [text for look in site.looks.values() for text in look["outputs"]]
    assert outputs
    assert [text for text in outputs if "Warning" in text or "Error" in text] == []
