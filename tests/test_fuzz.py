"""A sample of what `python tests/fuzz.py` looks at for as long as it is told."""

from fuzz import fuzz


def test_random_configurations_hold():
    fuzz(15, derandomize=True)()
