"""The examples of searches on clusters, with the real packages."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "example"),
    [("distributed", "search_on_dask.py"), ("ray", "search_on_ray.py")],
)
def test_a_search_on_a_cluster_has_the_same_scores(package, example):
    if not find_spec(package):
        pytest.skip(f"needs {package}")
    done = subprocess.run(
        [sys.executable, EXAMPLES / example],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "the same scores without the cluster: True" in done.stdout
    assert "ConvergenceWarning" not in done.stderr
