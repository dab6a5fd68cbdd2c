"""to_torch(): its errors, which need no PyTorch."""

import sys

import pytest
from fitted_cases import drawn, not_converged
from sklearn.exceptions import NotFittedError

from sknormreg import RegularizedMLPRegressor

pytestmark = not_converged


def test_without_torch_the_error_says_what_to_install(monkeypatch):
    model = drawn("binary")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match="pip install torch"):
        model.to_torch()


def test_what_cannot_be_converted():
    with pytest.raises(NotFittedError):
        RegularizedMLPRegressor().to_torch()
    with pytest.raises(ValueError, match="cannot express this network: it has no skip"):
        drawn("binary", penalty="hierarchical").to_torch()
