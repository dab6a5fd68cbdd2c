"""Processes with a given version of the package, each on one thread."""

import json
import os
import subprocess
import sys
from pathlib import Path

ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)


def environment_of(checkout=None):
    """Return the variables of a process that imports the package from a checkout.

    Without one, it imports the package that is installed.
    """
    if checkout is None:
        return os.environ | ONE_THREAD
    checkout = Path(checkout).resolve()
    if not (checkout / "sknormreg").is_dir():
        raise SystemExit(f"{checkout} is no checkout: it has no folder sknormreg.")
    paths = os.pathsep.join([str(checkout), os.environ.get("PYTHONPATH", "")])
    return os.environ | ONE_THREAD | {"PYTHONPATH": paths.rstrip(os.pathsep)}


def run_script(script, arguments, checkout=None, max_seconds=None):
    """Run a script and return the last line it prints, which is JSON.

    Raises `subprocess.TimeoutExpired` if it takes longer than `max_seconds`, and
    `subprocess.CalledProcessError` if it fails.
    """
    done = subprocess.run(
        [sys.executable, script, *map(str, arguments)],
        env=environment_of(checkout),
        capture_output=True,
        text=True,
        timeout=max_seconds,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])
