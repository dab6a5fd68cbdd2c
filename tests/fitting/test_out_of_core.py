"""Training on a file that is larger than the memory the process may have.

Kept apart from the other tests by a process of its own: limits cannot be taken back.
"""

import os
import subprocess
import sys

import numpy as np
import pytest

from sknormreg import RegularizedMLPClassifier

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="limits of memory are Linux's here"
)

N_COLUMNS, N_ROWS = 100, 20_000  # of a part

# What the process has at the start, and 64 MiB: less than the file by far.
LIMITED = """
import resource, sys
from pathlib import Path
import numpy as np
from sknormreg import RegularizedMLPClassifier

path, kind, stored = sys.argv[1:4]
n_parts, n_rows, n_columns = map(int, sys.argv[4:])
usage, limit = {"mapped": ("VmData", resource.RLIMIT_DATA),
                "chunks": ("VmSize", resource.RLIMIT_AS)}[kind]
status = dict(line.split(":") for line in Path("/proc/self/status").open())
n_bytes = 1024 * int(status[usage].split()[0]) + (64 << 20)
resource.setrlimit(limit, (n_bytes, n_bytes))
assert Path(path).stat().st_size > n_bytes, "the file fits into the limit"
try:
    np.fromfile(path, np.float32)
except MemoryError:
    pass
else:
    raise SystemExit("the limit does not bind")

if kind == "mapped":
    X = np.memmap(path, np.float32, mode="r", shape=(n_parts * n_rows, n_columns))
mlp = RegularizedMLPClassifier(
    (5,), penalty="l1", alpha=1000, random_state=0, total_weight=n_parts * n_rows
)
for i in range(n_parts):
    if kind == "mapped":
        rows = X[i * n_rows : (i + 1) * n_rows]
    else:
        count = n_rows * n_columns
        rows = np.fromfile(path, np.float32, count, offset=4 * i * count)
        rows = rows.reshape(n_rows, n_columns)
    mlp.partial_fit(rows, rows[:, 0] > rows[:, 1], classes=[False, True])
np.savez(stored, **mlp.to_arrays())
"""


def part(i):
    return np.random.default_rng(i).standard_normal((N_ROWS, N_COLUMNS), dtype=np.float32)


@pytest.fixture(scope="module")
def file_and_parts(tmp_path_factory):
    """A file larger than Python with its libraries, and how many parts it has.

    Parts repeat: what is drawn is a twelfth of what is written.
    """
    path = tmp_path_factory.mktemp("large") / "X.float32"
    n_parts = 60
    distinct = [part(i) for i in range(5)]
    with path.open("wb") as file:
        for i in range(n_parts):
            distinct[i % 5].tofile(file)
    yield path, n_parts
    path.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mapped", "chunks"])
def test_partial_fit_on_a_file_larger_than_memory(kind, file_and_parts, tmp_path):
    path, n_parts = file_and_parts
    stored = tmp_path / "model.npz"
    sizes = [str(n_parts), str(N_ROWS), str(N_COLUMNS)]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, path, kind, stored, *sizes],
        capture_output=True,
        text=True,
        timeout=300,
        # Every thread of BLAS would have memory of its own.
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    # As by the same parts, each in memory.
    expected = RegularizedMLPClassifier(
        (5,), penalty="l1", alpha=1000, random_state=0, total_weight=n_parts * N_ROWS
    )
    for i in range(n_parts):
        X = part(i % 5)
        expected.partial_fit(X, X[:, 0] > X[:, 1], classes=[False, True])
    with np.load(stored) as found:
        for i, coef in enumerate(expected.coefs_):
            np.testing.assert_array_equal(found[f"coef_{i}"], coef)
    X = part(99)
    assert expected.score(X, X[:, 0] > X[:, 1]) > 0.95
