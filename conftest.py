"""What all tests share, those in docstrings included."""

import os

import pytest

from sknormreg.engine import selection

# Displays in docstrings and tests open no windows.
os.environ.setdefault("MPLBACKEND", "Agg")

_ASKED = os.environ.get("SKNORMREG_ENGINE", "")

if selection.CompiledEngine is None:
    # Warnings are errors here, and the one about the missing extension has its own test.
    os.environ.setdefault("SKNORMREG_ENGINE", "numpy")
    # It cannot be imported to look for examples in its docstrings.
    collect_ignore = ["sknormreg/engine/compiled_engine.py"]


@pytest.fixture
def asked_engine():
    """What SKNORMREG_ENGINE was before the line above."""
    return _ASKED
