"""Wording of docstrings: they begin with a verb or a noun phrase of the field."""

import ast
from pathlib import Path

import sknormreg

PACKAGE = Path(sknormreg.__file__).parent

# Folders and files whose docstrings are still to be rewritten.
NOT_YET = {
    "displays",
    "estimators/base.py",
    "estimators/cross_validation.py",
    "estimators/path.py",
    "evidence",
    "fitted",
    "fitting",
    "penalties",
}


def docstrings(path):
    """Yield the lines and texts of all docstrings of a file, private ones included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(
            node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ):
            text = ast.get_docstring(node)
            if text is not None:
                yield node.body[0].lineno, text


def is_rewritten(path):
    name = path.relative_to(PACKAGE).as_posix()
    return not any(name == part or name.startswith(f"{part}/") for part in NOT_YET)


def test_no_docstring_begins_with_what():
    paths = [path for path in sorted(PACKAGE.rglob("*.py")) if is_rewritten(path)]
    assert len(paths) > 30
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {text.splitlines()[0]}"
        for path in paths
        for line, text in docstrings(path)
        if text.split()[0] in ("What", "What's")
    ]
    assert not found, "\n".join(found)
