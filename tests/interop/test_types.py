"""Type hints of the public API, as mypy reads them in a user's code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import sknormreg

pytest.importorskip("mypy")

USES = Path(__file__).parent / "uses_of_types.py"


def mypy(code, folder):
    """What mypy says from outside of the repository, of the installed package."""
    (folder / "mypy.ini").write_text(
        "[mypy]\nwarn_unused_ignores = True\ncheck_untyped_defs = True\n"
        "[mypy-sklearn.*,scipy.*,skl2onnx.*]\nignore_missing_imports = True\n"
        "[mypy-sknormreg.*]\nfollow_imports = silent\n"
    )
    file = folder / USES.name
    file.write_text(code)
    root = Path(sknormreg.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", file.name],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "MYPYPATH": str(root)},
    )
    return done.stdout + done.stderr


@pytest.mark.slow
def test_a_users_code_is_checked(tmp_path):
    assert (
        mypy(USES.read_text("utf-8"), tmp_path)
        == "Success: no issues found in 1 source file\n"
    )


def test_the_package_says_that_it_is_typed():
    assert (Path(sknormreg.__file__).parent / "py.typed").exists()
