"""Stored models answer as they did: on the other engine, mapped into memory, years later.

Rounding: sums of a few dozen terms in another order, in the unit of the largest answer.
"""

import os
import pickle
import subprocess
import sys
from functools import cache
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
)
from sknormreg.engine import engine_name, selection

needs_extension = pytest.mark.skipif(
    selection.CompiledEngine is None, reason="needs the extension"
)
not_converged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ROUNDING = 1e-12

rng = np.random.RandomState(0)
X = rng.normal(size=(60, 4))
SCORES = X @ [1.0, -1.0, 0.5, 0.0]
LEVELS = np.digitize(SCORES, [-1, 1])


def fitted_models():
    """By name: what differs in what a fit leaves."""
    common = dict(hidden_layer_sizes=(4, 3), activation=["gelu", "elu"], random_state=0)
    return {
        "hierarchical": RegularizedMLPRegressor(
            penalty="hierarchical", tol=0.1, **common
        ).fit(X, SCORES),
        "evidence": RegularizedMLPRegressor((3,), alpha="evidence", random_state=0).fit(
            X, SCORES
        ),
        "incremental": RegularizedMLPClassifier(**common).partial_fit(
            X, LEVELS, classes=[0, 1, 2]
        ),
        "cv": RegularizedMLPClassifierCV(
            penalty="l1", alphas=[1, 3], cv=2, tol=0.1, relax=True, **common
        ).fit(X, LEVELS),
        "search": GridSearchCV(
            RegularizedMLPClassifier(tol=0.1, **common), {"alpha": [1, 3]}, cv=2
        ).fit(X, SCORES > 0),
        "sparsified": RegularizedMLPRegressor((60,), penalty="l1", alpha=5, random_state=0)
        .fit(X, SCORES)
        .sparsify(),
    }


@cache
def _pickled_models(engine):
    """The models as they are after a fit with an engine, whatever tests do with theirs."""
    assert engine_name() == engine
    return pickle.dumps(fitted_models())


def copied_models():
    return pickle.loads(_pickled_models(engine_name()))


def answers_of(models, X):
    answers = {
        name: getattr(model, "predict_proba", model.predict)(X)
        for name, model in models.items()
    }
    answers["evidence std"] = models["evidence"].predict(X, return_std=True)[1]
    return answers


def continued_losses(models):
    """J where training ends that goes on from what was stored."""
    warm = models["hierarchical"].set_params(warm_start=True, alpha=2)
    return {
        "incremental": models["incremental"].partial_fit(X, LEVELS).loss_,
        "warm start": warm.fit(X, SCORES).loss_,
    }


def assert_same_answers(found, expected):
    assert set(found) == set(expected)
    assert min(np.ptp(values) for values in expected.values()) > 0.005
    for name, values in expected.items():
        np.testing.assert_allclose(
            found[name], values, rtol=0, atol=ROUNDING * np.abs(values).max(), err_msg=name
        )


# The other engine


# Runs with the folder of this file, what to do, and where.
_WITHOUT_EXTENSION = """
import sys, warnings
sys.modules["sknormreg.engine._compiled"] = None
sys.path.insert(0, sys.argv[1])
import joblib, numpy as np
import test_persistence as t
from sknormreg.engine import engine_name, selection

assert selection.CompiledEngine is None and engine_name() == "numpy"
warnings.simplefilter("ignore")
if sys.argv[2] == "fit":
    joblib.dump(t.fitted_models(), "models")
models = joblib.load("models")
np.savez("answers", **t.answers_of(models, t.X))
np.savez("losses", **t.continued_losses(models))
"""


def without_extension(what, folder):
    """Fit or answer in a process that has no compiled extension."""
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_EXTENSION, str(Path(__file__).parent), what],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "SKNORMREG_ENGINE": "numpy"},
    )
    assert done.returncode == 0, done.stderr
    return np.load(folder / "answers.npz"), np.load(folder / "losses.npz")


@needs_extension
@not_converged
@pytest.mark.parametrize("module", [pickle, pytest.param(joblib, marks=pytest.mark.slow)])
def test_fitted_with_the_compiled_engine_loaded_where_there_is_none(
    module, monkeypatch, tmp_path
):
    monkeypatch.setenv("SKNORMREG_ENGINE", "compiled")
    models = copied_models()
    if module is pickle:
        (tmp_path / "models").write_bytes(pickle.dumps(models))
    else:
        joblib.dump(models, tmp_path / "models", compress=3)
    answers, losses = without_extension("answer", tmp_path)
    assert_same_answers(dict(answers), answers_of(models, X))
    # One epoch, and many steps of a solver, that round differently.
    for name, loss in continued_losses(models).items():
        assert losses[name] == pytest.approx(
            loss, rel=1e-9 if name == "incremental" else 0.01
        )


@pytest.mark.slow
@needs_extension
@not_converged
def test_fitted_without_the_extension_loaded_with_it(monkeypatch, tmp_path):
    monkeypatch.setenv("SKNORMREG_ENGINE", "compiled")
    answers, losses = without_extension("fit", tmp_path)
    models = joblib.load(tmp_path / "models")
    assert_same_answers(answers_of(models, X), dict(answers))
    for name, loss in continued_losses(models).items():
        assert losses[name] == pytest.approx(
            loss, rel=1e-9 if name == "incremental" else 0.01
        )


@not_converged
def test_nothing_of_an_engine_and_nothing_computed_is_stored():
    """But what says which network it is; so that engines may change."""
    network = copied_models()["hierarchical"]._network
    assert set(vars(network)) == {"layer_units", "activations", "loss", "skip"}


# Mapped into memory


@pytest.mark.parametrize(
    "engine", [pytest.param("compiled", marks=needs_extension), "numpy"]
)
@not_converged
def test_weights_and_data_mapped_read_only(engine, monkeypatch, tmp_path):
    """As joblib hands them to its workers."""
    monkeypatch.setenv("SKNORMREG_ENGINE", engine)
    models = copied_models()
    joblib.dump((models, X), tmp_path / "models")
    mapped, X_mapped = joblib.load(tmp_path / "models", mmap_mode="r")
    assert isinstance(X_mapped, np.memmap)
    assert isinstance(mapped["hierarchical"].coefs_[0], np.memmap)
    assert not mapped["hierarchical"].coefs_[0].flags.writeable
    assert_same_answers(answers_of(mapped, X_mapped), answers_of(models, X))
    arrays = mapped["hierarchical"].to_arrays()
    np.testing.assert_array_equal(arrays["coef_0"], models["hierarchical"].coefs_[0])
    compact = mapped["hierarchical"].compact()
    np.testing.assert_allclose(compact.predict(X), models["hierarchical"].predict(X))
    assert continued_losses(mapped) == continued_losses(models)
    refitted = clone(mapped["hierarchical"]).fit(X_mapped, SCORES)
    assert refitted.loss_ == clone(mapped["hierarchical"]).fit(X, SCORES).loss_


# Stored by an earlier version

STORED = Path(__file__).parent / "stored_models"
VERSIONS = sorted(path.stem for path in STORED.glob("*.npz"))


def load_pickle(version):
    # NumPy 2's arrays name a module that only later versions of NumPy 1 have.
    pytest.importorskip("numpy._core")
    return pickle.loads((STORED / f"{version}.pickle").read_bytes())


def load_skops(version):
    io = pytest.importorskip("skops.io")
    path = STORED / f"{version}.skops"
    return io.load(path, trusted=io.get_untrusted_types(file=path))


def test_there_are_stored_models():
    assert VERSIONS


@pytest.mark.parametrize("load", [load_pickle, load_skops])
@pytest.mark.parametrize("version", VERSIONS)
@not_converged
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
def test_models_of_earlier_versions(version, load):
    models = load(version)
    with np.load(STORED / f"{version}.npz") as file:
        expected = dict(file)
    X_stored, std = expected.pop("X"), expected.pop("evidence_std")
    found = {
        name: getattr(model, "predict_proba", model.predict)(X_stored)
        for name, model in models.items()
    }
    assert_same_answers(found, expected)
    predicted = models["evidence"].predict(X_stored, return_std=True)[1]
    np.testing.assert_allclose(predicted, std, rtol=1e-10)
    # What is asked of a network, and what trains it further.
    for model in models.values():
        mlp = model[-1] if hasattr(model, "steps") else model
        assert mlp.n_nonzero_ > 0
        assert mlp.compact().to_arrays()["coef_0"].shape[0] == 4
        assert set(clone(mlp).get_params()) <= set(type(mlp)().get_params())
    assert models["sparsified"]._has_sparse_weights()
    models["incremental"].partial_fit(X_stored, expected["incremental"].argmax(axis=1))
    assert models["incremental"].t_ == 80
