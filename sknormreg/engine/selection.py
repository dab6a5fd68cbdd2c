"""Selection of the engine: the compiled one if it is installed, else NumPy's."""

import os
from importlib.util import find_spec
from typing import Any

from .._warnings import warn
from .base import Engine
from .joint_engine import JointEngine, of_sum
from .network import Network
from .numpy_engine import NumpyEngine

try:
    from . import _full_batch  # type: ignore[attr-defined]
    from .compiled_engine import CompiledEngine
except ImportError as error:
    CompiledEngine = None  # type: ignore[assignment, misc]
    names = (f"sknormreg.engine.{name}" for name in ("_compiled", "_full_batch"))
    missing = [name for name in names if find_spec(name) is None]
    _import_error = f"{missing[0]} was not built at installation" if missing else str(error)

_has_warned = False


def engine_name() -> str:
    """Return the name of the active engine, "compiled" or "numpy".

    It is the value of the environment variable ``SKNORMREG_ENGINE``. If that is not set, it
    is "compiled" if the extension is installed.

    Raises
    ------
    ImportError
        If SKNORMREG_ENGINE is "compiled" and the extension cannot be imported.

    ValueError
        If SKNORMREG_ENGINE is neither of the two names.
    """
    name = os.environ.get("SKNORMREG_ENGINE", "")
    if name not in ("", "compiled", "numpy"):
        raise ValueError(
            f"The environment variable SKNORMREG_ENGINE must be 'compiled' or 'numpy', "
            f"got {name!r}."
        )
    if name == "compiled" and CompiledEngine is None:
        raise ImportError(
            "SKNORMREG_ENGINE is 'compiled', but the compiled extension cannot be "
            f"imported: {_import_error}"
        )
    return name or ("numpy" if CompiledEngine is None else "compiled")


def make_engine(network: Network) -> Engine:
    """Make the engine of a network."""
    if not network.loss.separable:
        return JointEngine(network, make_engine(of_sum(network)))
    if engine_name() == "compiled" and CompiledEngine.supports(network):
        return CompiledEngine(network)
    return NumpyEngine(network)


def full_batch_passes() -> Any:
    """Return the compiled passes of full-batch solvers; None if the engine is NumPy's."""
    return _full_batch if engine_name() == "compiled" else None


def warn_of_missing_extension() -> None:
    """Warn, once per process, that fits are slow because the extension is missing.

    There is no warning if ``SKNORMREG_ENGINE`` is set.
    """
    global _has_warned
    if (
        CompiledEngine is None
        and not _has_warned
        and not os.environ.get("SKNORMREG_ENGINE")
    ):
        _has_warned = True
        warn(
            "sknormreg runs without its compiled extension, several times slower than "
            f"with it: {_import_error}. Install a C compiler and then sknormreg anew "
            "(pip install --force-reinstall --no-deps sknormreg), or set the environment "
            "variable SKNORMREG_ENGINE=numpy to be content with this.",
            RuntimeWarning,
        )
