"""Which engine computes, what says so, and what happens without the extension."""

import os
import pickle
import shlex
import subprocess
import sys
import sysconfig

import numpy as np
import pytest

import sknormreg
from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor
from sknormreg.engine import Network, NumpyEngine, engine_name, make_engine, selection
from sknormreg.engine.activations import ACTIVATIONS, Tanh
from sknormreg.engine.losses import (
    BinaryLogLoss,
    HalfSquaredError,
    Huber,
    MultinomialLogLoss,
)
from sknormreg.estimators.targets import NumberTargets

needs_extension = pytest.mark.skipif(
    selection.CompiledEngine is None, reason="needs the extension"
)

TIMEOUT = 60  # seconds after which a test that waits has failed


def _network(activation="tanh", loss=None):
    return Network((3, 4, 1), (activation,), loss or HalfSquaredError())


def _choose(monkeypatch, name):
    if name is None:
        monkeypatch.delenv("SKNORMREG_ENGINE", raising=False)
    else:
        monkeypatch.setenv("SKNORMREG_ENGINE", name)


def _python(code, *arguments, engine=None):
    """Run code in a fresh interpreter, which has to succeed; returns what it printed."""
    environment = {**os.environ, "SKNORMREG_ENGINE": engine or ""}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        env=environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# A choice


def test_numpy_by_name(monkeypatch):
    _choose(monkeypatch, "numpy")
    assert engine_name() == "numpy"
    assert type(make_engine(_network())) is NumpyEngine


@needs_extension
@pytest.mark.parametrize("name", ["compiled", "", None])
def test_compiled_by_name_and_by_default(monkeypatch, name):
    _choose(monkeypatch, name)
    assert engine_name() == "compiled"
    assert type(make_engine(_network())) is selection.CompiledEngine


@pytest.mark.parametrize("name", ["Compiled", "c", "numpy "])
def test_other_names_are_refused(monkeypatch, name):
    _choose(monkeypatch, name)
    message = f"SKNORMREG_ENGINE must be 'compiled' or 'numpy', got '{name}'"
    for call in (engine_name, lambda: make_engine(_network()), sknormreg.show_versions):
        with pytest.raises(ValueError, match=message):
            call()
    X = np.random.RandomState(0).normal(size=(20, 3))
    with pytest.raises(ValueError, match=message):
        RegularizedMLPRegressor((2,), alpha=1.0).fit(X, X[:, 0])


@pytest.mark.parametrize("name", ["numpy", pytest.param("compiled", marks=needs_extension)])
def test_show_versions_says_which(monkeypatch, capsys, name):
    _choose(monkeypatch, name)
    sknormreg.show_versions()
    shown = dict(
        line.strip().split(": ", 1) for line in capsys.readouterr().out.splitlines() if line
    )
    assert shown["engine"] == name
    assert shown["sknormreg"] == sknormreg.__version__
    assert shown["numpy"] == np.__version__


# What the compiled engine does not know


class _OtherTanh(Tanh):
    """An activation of somebody else's."""


class _OtherHuber(Huber):
    """A loss of somebody else's."""


@pytest.mark.parametrize("name", ["compiled", None])
@needs_extension
def test_networks_that_only_numpy_knows(monkeypatch, name):
    _choose(monkeypatch, name)
    monkeypatch.setitem(ACTIVATIONS, "other", _OtherTanh())
    assert type(make_engine(_network("other"))) is NumpyEngine
    assert type(make_engine(_network(loss=_OtherHuber(1.0)))) is NumpyEngine
    two = Network((3, 4, 4, 1), ("tanh", "other"), HalfSquaredError())
    assert type(make_engine(two)) is NumpyEngine
    assert type(make_engine(_network())) is selection.CompiledEngine


@needs_extension
def test_a_fit_with_an_activation_that_only_numpy_knows(monkeypatch):
    _choose(monkeypatch, None)
    monkeypatch.setitem(ACTIVATIONS, "other", _OtherTanh())
    constraints = dict(RegularizedMLPRegressor._parameter_constraints)
    constraints["activation"] = [str]
    monkeypatch.setattr(RegularizedMLPRegressor, "_parameter_constraints", constraints)
    X = np.random.RandomState(0).normal(size=(50, 3))
    other, tanh = (
        RegularizedMLPRegressor((4,), activation, random_state=0, alpha=1.0).fit(X, X[:, 0])
        for activation in ("other", "tanh")
    )
    # The same function in either engine: near the same minimum.
    np.testing.assert_allclose(other.predict(X), tanh.predict(X), atol=1e-2)


@needs_extension
def test_the_compiled_engine_knows_all_that_estimators_offer(monkeypatch):
    _choose(monkeypatch, None)
    for activation in ACTIVATIONS:
        assert selection.CompiledEngine.supports(_network(activation))
    losses = [
        NumberTargets.learnt(
            np.zeros(2), RegularizedMLPRegressor(loss=name, alpha=1.0)
        ).loss()
        for name in RegularizedMLPRegressor._parameter_constraints["loss"][0].options
    ]
    for loss in (*losses, BinaryLogLoss(), MultinomialLogLoss(3)):
        assert selection.CompiledEngine.supports(_network(loss=loss))


# Without the extension

_NO_EXTENSION = """
import os, sys, warnings
sys.modules["sknormreg.engine._compiled"] = None
import numpy as np
import sknormreg
from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor

X = np.random.RandomState(0).normal(size=(40, 3))
y = X[:, 0] > 0

def caught(call):
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        call()
    return [warning for warning in record if warning.category is RuntimeWarning]

def regressor():
    return RegularizedMLPRegressor((3,), random_state=0, alpha=1.0)
"""


def test_the_first_fit_without_the_extension_warns(tmp_path):
    """Once in a process, at the line of whoever called it; importing does not warn."""
    script = tmp_path / "script_of_a_user.py"
    script.write_text(
        _NO_EXTENSION
        + """
warned = caught(lambda: regressor().fit(X, X[:, 0]))  # here
assert len(warned) == 1, warned
message = str(warned[0].message)
for part in ("several times slower", "_compiled", "C compiler", "SKNORMREG_ENGINE=numpy"):
    assert part in message, message
print(warned[0].filename, warned[0].lineno)

assert not caught(lambda: regressor().fit(X, X[:, 0]))
classifier = RegularizedMLPClassifier((3,), random_state=0, alpha=1.0)
assert not caught(lambda: classifier.partial_fit(X, y, classes=[False, True]))
assert not caught(lambda: classifier.fit(X, y))
assert classifier.score(X, y) > 0.8

# As if the process were a new one.
sknormreg.engine.selection._has_warned = False
warned = caught(lambda: regressor().partial_fit(X, X[:, 0]))  # and here
print(warned[0].filename, warned[0].lineno)
assert not caught(lambda: regressor().partial_fit(X, X[:, 0]))
sknormreg.show_versions()
"""
    )
    lines = script.read_text().splitlines()
    marked = [n for n, line in enumerate(lines, 1) if line.endswith("here")]
    shown = _python(f"import runpy; runpy.run_path({str(script)!r})").splitlines()
    assert shown[:2] == [f"{script} {n}" for n in marked]
    assert "engine: numpy" in "".join(shown)


def test_who_says_which_engine_is_not_warned_but_told_if_it_is_missing():
    code = """
os.environ["SKNORMREG_ENGINE"] = "numpy"
assert not caught(lambda: regressor().fit(X, X[:, 0]))
os.environ["SKNORMREG_ENGINE"] = "compiled"
for call in (
    lambda: regressor().fit(X, X[:, 0]),
    lambda: sknormreg.show_versions(),
    lambda: sknormreg.engine.engine_name(),
):
    try:
        call()
    except ImportError as error:
        assert "SKNORMREG_ENGINE is 'compiled'" in str(error), error
        assert "_compiled" in str(error), error
    else:
        raise AssertionError("no error")
"""
    _python(_NO_EXTENSION + code)


def _compiler_works(folder):
    """Whether a C file that needs Python's header compiles, with the compiler of builds."""
    source = folder / "needs_python.c"
    source.write_text("#include <Python.h>\nint version = PY_MAJOR_VERSION;\n")
    compiler = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    paths = sysconfig.get_paths()
    includes = [f"-I{paths[name]}" for name in ("include", "platinclude")]
    command = [*shlex.split(compiler), *includes, "-c", source, "-o", folder / "out.o"]
    try:
        return subprocess.run(command, capture_output=True, timeout=TIMEOUT).returncode == 0
    except OSError:
        return False


def test_the_extension_is_there_where_it_can_be_built(asked_engine, tmp_path):
    """Its build is optional: without this test, a broken one would go unnoticed."""
    if asked_engine == "numpy":
        pytest.skip("SKNORMREG_ENGINE asks for NumPy")
    if selection.CompiledEngine is None and not _compiler_works(tmp_path):
        pytest.skip("there is no C compiler")
    assert selection.CompiledEngine is not None, (
        "A C compiler works, but the extension is not installed, or is out of date: "
        f"{selection._import_error}. Run pip install -e ."
    )


def test_what_counts_as_a_compiler(monkeypatch, tmp_path):
    for useless in ("/bin/false", "no-such-compiler -O2"):
        monkeypatch.setenv("CC", useless)
        assert not _compiler_works(tmp_path)


# Models from one engine to the other

_PREDICT = """
import os, pickle, sys
import numpy as np
import sknormreg

folder = sys.argv[1]
with open(folder + "/models.pickle", "rb") as file:
    models = pickle.load(file)
X = np.load(folder + "/X.npy")
for name, (engine, model) in models.items():
    os.environ["SKNORMREG_ENGINE"] = engine
    assert sknormreg.engine.engine_name() == engine
    np.save(f"{folder}/{name}.npy", getattr(model, "predict_proba", model.predict)(X))
"""


@pytest.mark.slow
@needs_extension
def test_pickled_models_predict_on_the_other_engine(monkeypatch, tmp_path):
    X = np.random.RandomState(0).normal(size=(80, 4))
    common = dict(hidden_layer_sizes=(6, 5), activation=["gelu", "softplus"], tol=0.01)
    models, expected = {}, {}
    for engine, other in ("compiled", "numpy"), ("numpy", "compiled"):
        _choose(monkeypatch, engine)
        regressor = RegularizedMLPRegressor(**common, random_state=0)
        models[f"regressor_of_{engine}"] = other, regressor.fit(X, 1e3 * X[:, :2])
        expected[f"regressor_of_{engine}"] = regressor.predict(X)
        classifier = RegularizedMLPClassifier(**common, solver="adam", random_state=0)
        models[f"classifier_of_{engine}"] = other, classifier.fit(X, np.sign(X[:, 0]))
        expected[f"classifier_of_{engine}"] = classifier.predict_proba(X)
    (tmp_path / "models.pickle").write_bytes(pickle.dumps(models))
    np.save(tmp_path / "X.npy", X)
    _python(_PREDICT, tmp_path)
    for name, predicted in expected.items():
        # Sums of a few dozen terms in another order.
        atol = 1e-12 * np.abs(predicted).max()
        found = np.load(tmp_path / f"{name}.npy")
        np.testing.assert_allclose(found, predicted, rtol=0, atol=atol)
