"""Public functions and classes have type hints, which mypy checks in its turn."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "sknormreg"


def _is_public(name):
    return not name.startswith("_") or name.startswith("__")


def _public_functions(body, owner=""):
    """Public functions, and methods of public classes, with their qualified names."""
    for node in body:
        if isinstance(node, ast.ClassDef) and _is_public(node.name):
            yield from _public_functions(node.body, f"{owner}{node.name}.")
        elif isinstance(node, ast.FunctionDef) and _is_public(node.name):
            yield f"{owner}{node.name}", node


def _lacks(name, function):
    """Return what a function lacks: names of parameters, and "return"."""
    given = function.args
    arguments = [*given.posonlyargs, *given.args]
    decorators = {ast.unparse(decorator) for decorator in function.decorator_list}
    if "." in name and "staticmethod" not in decorators:
        arguments = arguments[1:]
    arguments += [*given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
    lacking = [argument.arg for argument in arguments if argument.annotation is None]
    return lacking + ["return"] * (function.returns is None)


def _unannotated(source):
    return [
        f"{name}, line {function.lineno}: {', '.join(lacking)}"
        for name, function in _public_functions(ast.parse(source).body)
        if (lacking := _lacks(name, function))
    ]


def test_public_functions_are_annotated_in_full():
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE)
        if all(map(_is_public, name.parts)):
            found[name.as_posix()] = _unannotated(path.read_text("utf-8"))
    assert len(found) > 90
    assert not any(found.values()), {name: lacks for name, lacks in found.items() if lacks}


def test_what_lacks_annotations_is_found():
    source = (
        "def f(a, *b: int, c=1, **d) -> int: ...\n"
        "def _g(a): ...\n"
        "class A:\n"
        "    def __init__(self, a: int): ...\n"
        "    @staticmethod\n    def s(a) -> None: ...\n"
        "    def _m(self, a): ...\n"
        "class _B:\n    def m(self, a): ...\n"
    )
    assert _unannotated(source) == [
        "f, line 1: a, c, d",
        "A.__init__, line 4: return",
        "A.s, line 6: a",
    ]
