"""What all tests share."""

import os

from sknormreg.engine import selection

if selection.CompiledEngine is None:
    # Warnings are errors here, and the one about the missing extension has its own test.
    os.environ.setdefault("SKNORMREG_ENGINE", "numpy")
