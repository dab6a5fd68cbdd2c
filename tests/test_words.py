"""Wording of docstrings: they begin with a verb or a noun phrase of the field."""

import ast
from pathlib import Path

import sknormreg

PACKAGE = Path(sknormreg.__file__).parent


def docstrings(path):
    """Yield the lines and texts of all docstrings of a file, private ones included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(
            node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ):
            text = ast.get_docstring(node)
            if text is not None:
                yield node.body[0].lineno, text


def test_no_docstring_begins_with_what():
    paths = sorted(PACKAGE.rglob("*.py"))
    assert len(paths) > 30
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {text.splitlines()[0]}"
        for path in paths
        for line, text in docstrings(path)
        if text.split()[0] in ("What", "What's")
    ]
    assert not found, "\n".join(found)
