"""Functions fit on a screen, and files have one subject."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sknormreg"

MOST_LINES_OF_FUNCTION = 60
MOST_LINES_OF_MODULE = 450
MOST_LINES_OF_TEST_FILE = 700

# Files of the package that are longer, and why.
LONGER = {
    "engine/_compiled.pyx": "one declaration or call for each entry of the C interface",
    "estimators/docstrings.py": "a table of the documentation of every parameter",
}


def _package_sources():
    """Sources of the package, without the C that Cython makes of the `.pyx`."""
    return [
        path
        for path in sorted(PACKAGE.rglob("*"))
        if path.suffix in {".py", ".pyx", ".pxd", ".c", ".h"}
        and not (path.suffix == ".c" and path.with_suffix(".pyx").exists())
    ]


def _n_lines(path):
    return len(path.read_text("utf-8").splitlines())


def _n_body_lines(function):
    """Lines of a function below its signature and its docstring.

    A signature with a line for each parameter, as those of estimators, is a list to look
    things up in, as is a numpydoc docstring: neither has to be kept in mind at once.
    """
    body, start = function.body, function.lineno
    arguments = function.args
    for part in (*ast.iter_child_nodes(arguments), function.returns):
        start = max(start, getattr(part, "end_lineno", 0))
    if ast.get_docstring(function) is not None:
        start = body[0].end_lineno
    return function.end_lineno - start


def _long_functions(tree, most):
    return [
        f"{node.name}, line {node.lineno}: {_n_body_lines(node)} lines"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and _n_body_lines(node) > most
    ]


def test_functions_fit_on_a_screen():
    found = [
        f"{path.relative_to(ROOT)}: {function}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for function in _long_functions(
            ast.parse(path.read_text("utf-8")), MOST_LINES_OF_FUNCTION
        )
    ]
    assert not found, "Cut these into functions:\n" + "\n".join(found)


def test_modules_are_short():
    sizes = {
        path.relative_to(PACKAGE).as_posix(): _n_lines(path) for path in _package_sources()
    }
    assert len(sizes) > 100
    longer = {name for name, size in sizes.items() if size > MOST_LINES_OF_MODULE}
    assert longer == set(LONGER), (
        f"above {MOST_LINES_OF_MODULE} lines: {sorted(longer - set(LONGER))}; "
        f"no longer above: {sorted(set(LONGER) - longer)}"
    )


def test_test_files_are_short():
    sizes = {path: _n_lines(path) for path in sorted((ROOT / "tests").rglob("*.py"))}
    assert len(sizes) > 80
    longer = [
        f"{path.relative_to(ROOT)}: {size} lines"
        for path, size in sizes.items()
        if size > MOST_LINES_OF_TEST_FILE
    ]
    assert not longer, "Cut these by subject:\n" + "\n".join(longer)


def test_signatures_and_docstrings_do_not_count():
    source = (
        "def f(\n    a,\n    b,\n) -> int:\n"
        '    """Add.\n\n    Both.\n    """\n    # Why.\n    c = a\n    return c + b\n'
        "def g(\n    a,\n    b,\n):\n    # Why.\n    return a\n"
    )
    f, g = ast.parse(source).body
    # The line that closes the parentheses of `g` is counted.
    assert (_n_body_lines(f), _n_body_lines(g)) == (3, 3)
    assert _long_functions(ast.parse(source), 2) == [
        "f, line 1: 3 lines",
        "g, line 12: 3 lines",
    ]
