"""Builds the extension, or goes without it. Everything else is in pyproject.toml."""

import os
import sys
import tempfile
from pathlib import Path

from setuptools import setup
from setuptools.command.build_ext import build_ext

_NOTICE = """
sknormreg is being installed without its compiled extension: {reason}.
It then runs on NumPy, several times slower.
"""

_FAILURE = """
There is a C compiler, but it could not build sknormreg's extension: what it said is above.
Install what it lacks (Python's headers are a package of their own on some systems) and try
again, choose another compiler by the environment variable CC, or set
SKNORMREG_NO_EXTENSION=1 to install sknormreg without the extension: it then runs on NumPy,
several times slower. Please report what your compiler does not take.
"""


class build_ext_if_possible(build_ext):  # noqa: N801 - commands have such names
    """Leaves the extension out where there is no C compiler; a failure of one is an error.

    Whoever has a compiler and silently got the slow engine would not know what to mend.
    """

    def build_extensions(self):
        reason = self._reason_to_go_without()
        if reason:
            print(_NOTICE.format(reason=reason), file=sys.stderr)
            self.extensions = []
        try:
            super().build_extensions()
        except Exception:
            print(_FAILURE, file=sys.stderr)
            raise

    def _reason_to_go_without(self):
        if os.environ.get("SKNORMREG_NO_EXTENSION", "0") not in ("", "0"):
            return "SKNORMREG_NO_EXTENSION is set"
        with tempfile.TemporaryDirectory() as folder:
            probe = Path(folder, "probe.c")
            probe.write_text("#include <stdlib.h>\nint main(void) { return EXIT_FAILURE; }")
            try:
                self.compiler.compile([str(probe)], output_dir=folder)
            except Exception as error:  # which ones differs between setuptools' versions
                return f"there is no working C compiler ({error})"
        return None


setup(cmdclass={"build_ext": build_ext_if_possible})
