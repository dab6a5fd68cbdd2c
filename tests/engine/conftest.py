"""Fixtures for the tests of the compiled engine."""

import pytest


@pytest.fixture
def compiled_fits(monkeypatch):
    """Fits run on the compiled engine, whatever the environment says."""
    monkeypatch.setenv("SKNORMREG_ENGINE", "compiled")


@pytest.fixture
def each_job_takes(monkeypatch):
    """A function that sets how many threads every job takes, however small it is."""

    def set_n_threads(n_threads):
        module = "sknormreg.engine.compiled_engine."
        monkeypatch.setattr(module + "share_of_threads", lambda: n_threads)
        for least in ("_EPOCH_WORK", "_BATCH_WORK", "_PASS_WORK", "_CALL_WORK"):
            monkeypatch.setattr(module + least, 0)

    return set_n_threads


@pytest.fixture(params=["blas", "avx2", "avx512"])
def products(request):
    """One after the other, the ways to multiply matrices that this processor has."""
    from sknormreg.engine import _compiled

    try:
        before = _compiled.set_products(request.param)
    except ValueError as error:
        pytest.skip(str(error))
    yield request.param
    _compiled.set_products(before)
