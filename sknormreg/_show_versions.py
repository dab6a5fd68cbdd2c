"""Versions and settings to include in bug reports."""

import platform
import sys
from importlib import metadata

from threadpoolctl import threadpool_info

from ._version import __version__
from .engine import engine_name


def show_versions() -> None:
    """Print the versions of sknormreg and its dependencies, and the active engine.

    Include the output in bug reports. The engine is "compiled", or "numpy" if the extension
    could not be built or the environment variable ``SKNORMREG_ENGINE`` is "numpy"; the
    latter is several times slower.

    Examples
    --------
    >>> import sknormreg
    >>> sknormreg.show_versions()  # doctest: +SKIP
        sknormreg: 0.1.0
           engine: compiled
    ...
    """
    lines = [("sknormreg", __version__), ("engine", engine_name()), None]
    lines += [
        ("python", sys.version.replace("\n", " ")),
        ("executable", sys.executable),
        ("machine", platform.platform()),
        None,
    ]
    packages = ("numpy", "scipy", "scikit-learn", "threadpoolctl")
    lines += [(name, metadata.version(name)) for name in packages]
    lines += [None]
    lines += [
        (library["prefix"], _describe(library))
        for library in threadpool_info()
        if library["user_api"] == "blas"
    ]
    width = max(len(line[0]) for line in lines if line)
    for line in lines:
        print(f"{line[0]:>{width}s}: {line[1]}" if line else "")


def _describe(library):
    parts = [library["internal_api"], library["version"], library.get("architecture")]
    named = " ".join(str(part) for part in parts if part)
    return f"{named}, {library['num_threads']} threads"
