"""Which module may import which, and what importing the package loads."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def _python(code):
    """Run code in a fresh interpreter, in the repository."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_import_contracts_hold():
    pytest.importorskip("importlinter")
    done = _python(
        "from importlinter.cli import lint_imports\n"
        "raise SystemExit(lint_imports(config_filename='pyproject.toml', no_cache=True))"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # None of them left out: an empty contract holds, too.
    n_contracts = (
        (ROOT / "pyproject.toml").read_text("utf-8").count("importlinter.contracts]]")
    )
    assert n_contracts > 0
    assert f"{n_contracts} kept, 0 broken" in done.stdout


# scikit-learn imports pandas for itself, where it is installed: who asks is what counts.
# What is optional is hidden, too: nothing may need it, whoever asks.
_WATCH_IMPORTS = """
import builtins, sys

optional = {"matplotlib", "onnx", "onnxruntime", "pandas", "skl2onnx", "torch"}
asked, real_import = set(), builtins.__import__

def watched_import(name, globals=None, *args, **kwargs):
    if globals and (globals.get("__name__") or "").startswith("sknormreg"):
        asked.add(name.partition(".")[0])
    return real_import(name, globals, *args, **kwargs)

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name in optional:
            raise ModuleNotFoundError(name)

builtins.__import__ = watched_import
sys.meta_path.insert(0, Hidden())
import sknormreg, sknormreg.displays
assert {"numpy", "sklearn"} <= asked, asked
assert not asked & optional, asked
assert "sknormreg.onnx" not in sys.modules
"""


def test_importing_the_package_neither_loads_nor_needs_anything_optional():
    done = _python(_WATCH_IMPORTS)
    assert done.returncode == 0, done.stderr
