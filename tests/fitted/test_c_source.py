"""to_c(): a C compiler takes it without a warning, and it predicts the same.

All networks are compiled in one call, into one library.

Rounding: of single precision, with sums of a few dozen terms of order 1, in the unit of the
largest output.
"""

import ctypes
import shutil
import subprocess
import sys
from functools import cache, partial

import numpy as np
import pytest
from fitted_cases import KINDS, X, drawn, not_converged
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor
from sknormreg.engine.activations import ACTIVATIONS

COMPILER = shutil.which("gcc") or shutil.which("cc")
FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Os"]
ROUNDING = 1e-6

needs_compiler = pytest.mark.skipif(
    COMPILER is None or sys.platform == "win32", reason="no C compiler"
)
pytestmark = not_converged

SINGLE = X.astype(np.float32)


def sparse(model, share=0.2, seed=0):
    """The model with this share of its weights, and no feature 1."""
    random_state = np.random.RandomState(seed)
    for coef in model.coefs_:
        coef[random_state.uniform(size=coef.shape) >= share] = 0
    model.coefs_[0][1] = 0
    return model


def with_int8_weights(model, seed=0):
    """The model with weights that are k / 64 with whole k, the largest of a unit 127."""
    random_state = np.random.RandomState(seed)
    for coef in model.coefs_:
        multiples = random_state.randint(-127, 128, size=coef.shape)
        multiples[0] = 127
        coef[...] = multiples / 64
    return model


def wide():
    """More inputs than a byte counts, few of them used by each unit."""
    random_state = np.random.RandomState(0)
    X = random_state.normal(size=(30, 300)).astype(np.float32)
    model = RegularizedMLPRegressor((3,), max_iter=1, random_state=0).fit(X, X[:, 0])
    model.coefs_[0][5:290] = 0
    return model


def dead(kind, **params):
    """A network whose second hidden layer has no active unit."""
    model = drawn(kind, **params)
    model.coefs_[1][...] = 0
    return model


def far(activation):
    """Units with activations of x and -x, for samples far from 0: see `samples`."""
    model = drawn("regression", (2,), activation=activation)
    model.coefs_[0][...] = 0
    model.coefs_[0][0], model.coefs_[1][...] = [1, -1], [[1], [2]]
    model.intercepts_[0][...] = 0
    return model


def sparse_skip():
    model = sparse(drawn("binary", penalty="hierarchical"))
    model.skip_coef_[[1, 3]] = 0
    return model


MODELS = {
    **{f"kind_{i}": partial(drawn, kind) for i, kind in enumerate(KINDS)},
    **{f"linear_{kind}": partial(drawn, kind, ()) for kind in ("multiclass", "poisson")},
    **{f"dead_{kind}": partial(dead, kind) for kind in ("binary", "regression")},
    **{
        f"sparse_{i}": lambda kind=kind: sparse(drawn(kind, (20, 20)))
        for i, kind in enumerate(KINDS)
    },
    **{f"act_{name}": partial(far, name) for name in ACTIVATIONS},
    "mixed": partial(drawn, "multiclass", activation=["relu", "gelu", "tanh"]),
    "skip": partial(drawn, "several outputs", penalty="hierarchical"),
    "sparse_skip": sparse_skip,
    "dead_skip": partial(dead, "regression", penalty="hierarchical"),
    "wide": wide,
    "int8": lambda: with_int8_weights(drawn("several outputs", (7, 4))),
    "int8_linear": lambda: with_int8_weights(drawn("multiclass", ())),
    "sparsified": lambda: sparse(drawn("regression", (30, 30)), 0.04).sparsify(),
    "single": partial(drawn, "multiclass", dtype=np.float32),
}


@cache
def model_of(name):
    return MODELS[name]()


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """All models, once as their names say, and of their selected features as `name_s`."""
    folder = tmp_path_factory.mktemp("c")
    for name in MODELS:
        model = model_of(name)
        weights = "int8" if name.startswith("int8") else "float32"
        model.to_c(folder / f"{name}.c", weights=weights)
        if model.n_selected_features_:
            model.to_c(folder / f"{name}_s.c", weights=weights, inputs="selected")
    # Names of all networks differ: one file can have them all.
    together, file = folder / "all.c", folder / "library.so"
    includes = [f'#include "{path.name}"' for path in folder.glob("*.c")]
    together.write_text("\n".join(includes))
    done = subprocess.run(
        [COMPILER, *FLAGS, "-fPIC", "-shared", together, "-o", file, "-lm"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return ctypes.CDLL(str(file))


def call(function, X, n_outputs, dtype=np.float32):
    """Call a function of C that fills an array for each sample."""
    found = np.empty((len(X), n_outputs), dtype=dtype)
    X = np.ascontiguousarray(X, dtype=np.float32)
    for x, y in zip(X, found):
        function(x.ctypes.data_as(ctypes.c_void_p), y.ctypes.data_as(ctypes.c_void_p))
    return found


def assert_close(found, expected):
    expected = expected.reshape(len(found), -1)
    atol = ROUNDING * np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


def rounded(model):
    """The model with weights rounded to single precision, computing in double."""
    for parts in (model.coefs_, model.intercepts_):
        parts[:] = [part.astype(np.float32).astype(np.float64) for part in parts]
    if hasattr(model, "skip_coef_"):
        model.skip_coef_ = model.skip_coef_.astype(np.float32).astype(np.float64)
    return model


def assert_same_predictions(library, name, model, x, X=SINGLE):
    X = X.astype(np.float64)
    if not hasattr(model, "classes_"):
        found = call(library[f"{name}_predict"], x, model.n_outputs_)
        return assert_close(found, model.predict(X))
    n_classes, codes = len(model.classes_), model.predict(X)
    found = call(library[f"{name}_decision_function"], x, model.n_outputs_)
    assert_close(found, model.decision_function(X))
    found = call(library[f"{name}_predict_proba"], x, n_classes)
    np.testing.assert_allclose(found, model.predict_proba(X), rtol=2e-5, atol=1e-30)
    if model._multilabel:
        found = call(library[f"{name}_predict"], x, n_classes, np.uint8)
        return np.testing.assert_array_equal(found, codes)
    x = np.ascontiguousarray(x, dtype=np.float32)
    predict = library[f"{name}_predict"]
    indices = [predict(row.ctypes.data_as(ctypes.c_void_p)) for row in x]
    return np.testing.assert_array_equal(model.classes_[indices], codes)


def samples(model, far):
    if far:
        # No exponential overflows.
        steps = np.array([-2000, -30, -2, -0.5, 0, 0.1, 1.5, 30, 2000], dtype=np.float32)
        return steps[:, None] * [[1, 0, 0, 0, 0]]
    if model.n_features_in_ == X.shape[1]:
        return SINGLE
    return np.random.RandomState(1).normal(size=(9, model.n_features_in_)).astype("f4")


@needs_compiler
@pytest.mark.parametrize("name", MODELS)
def test_predictions_are_the_same_and_need_the_selected_features_only(library, name):
    model = rounded(model_of(name))
    X, selected = samples(model, name.startswith("act")), model.selected_features_
    x = X.copy()
    x[:, ~selected] = np.nan
    assert_same_predictions(library, name, model, x, X)
    if selected.any():
        assert_same_predictions(library, f"{name}_s", model, X[:, selected], X)


def printed(model, folder, X, **params):
    """Results of the program for the samples, of which it takes the lines."""
    model.to_c(folder / "network.c", **params)
    program = folder / "program"
    subprocess.run(
        [COMPILER, *FLAGS, "-DNETWORK_MAIN", folder / "network.c", "-o", program, "-lm"],
        check=True,
    )
    lines = "\n".join(" ".join(map(repr, row)) for row in X.tolist())
    done = subprocess.run(program, input=lines, capture_output=True, text=True, check=True)
    return np.loadtxt(done.stdout.splitlines(), ndmin=2)


# A pruned network of digits


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    model = RegularizedMLPClassifier((30,), penalty="l1", alpha=3, random_state=0)
    return model.fit(X[:900], y[:900]), X[900:], y[900:]


@needs_compiler
def test_program_of_a_pruned_network(digits, tmp_path):
    model, X, _ = digits
    found = printed(model, tmp_path, X)
    np.testing.assert_array_equal(found[:, 0], model.predict(X))
    assert_close(found[:, 1:11], model.decision_function(X))
    np.testing.assert_allclose(found[:, 11:], model.predict_proba(X), atol=2e-6)


@needs_compiler
def test_int8_of_a_pruned_network(digits, tmp_path):
    model, X, y = digits
    found = printed(model, tmp_path, X, weights="int8")
    assert abs(np.mean(found[:, 0] == y) - model.score(X, y)) <= 0.005
    raw = model.decision_function(X)
    # Half a step of a weight is 1/254 of the largest.
    np.testing.assert_allclose(found[:, 1:11], raw, atol=0.05 * np.abs(raw).max())
    assert not np.allclose(found[:, 1:11], raw, atol=1e-4 * np.abs(raw).max())


@needs_compiler
def test_size_is_that_of_the_weights_that_are_not_zero(digits, tmp_path):
    """In bytes: weight and index of each, a count and an intercept of each unit."""
    model, _, _ = digits
    model.to_c(tmp_path / "network.c")
    subprocess.run(
        [COMPILER, *FLAGS, "-c", tmp_path / "network.c", "-o", tmp_path / "network.o"],
        check=True,
    )
    small = model.compact()
    n_units = small.hidden_layer_sizes[0] + 10
    constants = 5 * small.n_nonzero_ + 5 * n_units
    text = (tmp_path / "network.h").read_text()
    assert f"{constants} bytes of constants" in text
    size = (tmp_path / "network.o").stat().st_size
    # Code, and what an object file has beside it.
    assert constants < size < constants + 5000


# Text


def test_header_names_features_classes_and_functions(tmp_path):
    model = sparse(drawn("binary", (4,)))
    model.feature_names_in_ = np.array(
        ["a", "unused", "*/ int i; /*", "größe\n", "x??/"], dtype=object
    )
    model.coefs_[0][2:], model.coefs_[1][...] = 1, 1
    model.to_c(tmp_path / "yes-or-no.c", name="consent")
    header = (tmp_path / "yes-or-no.h").read_text("ascii")
    comment, _, rest = header.partition("*/")
    assert "unused" not in comment
    assert "'gr\\xf6\\xdfe\\n'" in comment
    assert "0  'no'\n *     1  'yes'" in comment
    assert "/*" not in comment[2:]
    for line in [
        "#define CONSENT_N_INPUTS 5",
        "#define CONSENT_N_OUTPUTS 1",
        "#define CONSENT_N_CLASSES 2",
        "int consent_predict(const float x[5]);",
        "void consent_decision_function(const float x[5], float scores[1]);",
        "void consent_predict_proba(const float x[5], float proba[2]);",
    ]:
        assert f"{line}\n" in rest
    assert '#include "yes-or-no.h"' in (tmp_path / "yes-or-no.c").read_text("ascii")


@needs_compiler
def test_program_of_a_survival_model_prints_risks(tmp_path):
    model = rounded(drawn("survival", (4,)))
    found = printed(model, tmp_path, SINGLE)
    assert_close(found, model.predict(SINGLE.astype(np.float64)))
    header = (tmp_path / "network.h").read_text("ascii")
    assert "Multilayer perceptron network, a survival model" in header
    assert "/* Predict the risk of a sample. */" in header
    code = (tmp_path / "network.c").read_text("ascii")
    assert "a line for\n   each: the risk." in code


@needs_compiler
def test_odd_names_compile(tmp_path):
    model = drawn("binary", (4,))
    model.feature_names_in_ = np.array(["/*", "*/", "//", "?" * 3, "\\"], dtype=object)
    model.classes_ = np.array(["/*/", "*/*"])
    for name in ["int", "x9", "exp"]:
        model.to_c(tmp_path / f"9 {name}.c", name=name)
    subprocess.run([COMPILER, *FLAGS, "-fsyntax-only", *tmp_path.glob("*.c")], check=True)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"path": "network.h"}, r"path must end in '\.c', got '.*network\.h'"),
        ({"path": "2nd-try.c"}, "name of the file must be a C identifier.*'2nd-try'"),
        ({"name": "my net"}, "name must be a C identifier.*got 'my net'"),
        ({"name": "größe"}, "name must be a C identifier"),
        ({"name": 3}, "name must be a C identifier.*got 3"),
        ({"weights": "int4"}, "weights must be 'float32' or 'int8'.*mean 'int8'"),
        ({"inputs": "used"}, "inputs must be 'all' or 'selected', got 'used'"),
    ],
)
def test_bad_parameters_are_refused(params, message, tmp_path):
    model = drawn("regression")
    params = {"path": "network.c"} | params
    with pytest.raises(ValueError, match=message):
        model.to_c(tmp_path / params.pop("path"), **params)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written_is_refused(tmp_path):
    path = tmp_path / "network.c"
    with pytest.raises(NotFittedError):
        RegularizedMLPRegressor().to_c(path)
    with pytest.raises(FileNotFoundError):
        drawn("regression").to_c(tmp_path / "none" / "network.c")
    with pytest.raises(ValueError, match="'selected' needs a selected feature"):
        dead("regression").to_c(path, inputs="selected")
    model = drawn("regression")
    model.coefs_[0][0, 0] = 1e39
    with pytest.raises(ValueError, match=r"finite in single precision.* 1e\+39"):
        model.to_c(path)
    y = X[:, 0]
    model = RegularizedMLPRegressor((2,), loss="quantile", quantile=[0.1, 0.9], max_iter=1)
    model.fit(X, y)
    for method in [lambda: model.to_c(path), model.to_formula]:
        with pytest.raises(ValueError, match="identity, logistic, softmax, exp, but"):
            method()


def test_paths_may_be_text(tmp_path):
    drawn("regression").to_c(str(tmp_path / "network.c"))
    assert (tmp_path / "network.h").exists()
