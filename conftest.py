"""What all tests share, those in docstrings included."""

import os
from importlib.util import find_spec

import pytest

from sknormreg.engine import selection

# Displays in docstrings and tests open no windows.
os.environ.setdefault("MPLBACKEND", "Agg")

_ASKED = os.environ.get("SKNORMREG_ENGINE", "")

# What cannot be imported here to look for examples in its docstrings: the first is read by
# mypy and has errors on purpose.
collect_ignore = ["tests/interop/uses_of_types.py"]
if not find_spec("skl2onnx"):
    collect_ignore.append("sknormreg/onnx.py")

if selection.CompiledEngine is None:
    # Warnings are errors here, and the one about the missing extension has its own test.
    os.environ.setdefault("SKNORMREG_ENGINE", "numpy")
    collect_ignore.append("sknormreg/engine/compiled_engine.py")


@pytest.fixture
def asked_engine():
    """What SKNORMREG_ENGINE was before the line above."""
    return _ASKED
