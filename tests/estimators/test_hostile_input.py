"""What lies about its structure, or was assigned to: an error, never a crash."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    regularization_path,
)
from sknormreg.engine import Data, Network, check_data, selection
from sknormreg.engine.losses import MultinomialLogLoss

pytestmark = pytest.mark.filterwarnings(
    f"ignore::{ConvergenceWarning.__module__}.ConvergenceWarning"
)

N_SAMPLES, N_FEATURES = 30, 6


def good_csr():
    rng = np.random.RandomState(0)
    dense = rng.randn(N_SAMPLES, N_FEATURES) * (rng.rand(N_SAMPLES, N_FEATURES) < 0.5)
    return sparse.csr_matrix(dense)


Y = np.arange(N_SAMPLES) % 3


def lying(**parts):
    """A CSR matrix whose arrays have been assigned to."""
    X = good_csr()
    for name, value in parts.items():
        setattr(X, name, value)
    return X


def changed(array, place, value):
    array = array.copy()
    array[place] = value
    return array


def lies():
    X = good_csr()
    indices, indptr, data = X.indices, X.indptr, X.data
    wide = indices.astype(np.int64)
    for name, value in (
        ("one beyond", N_FEATURES),
        ("far beyond", 10**6),
        ("largest", np.iinfo(np.int32).max),
        ("minus one", -1),
        ("smallest", np.iinfo(np.int32).min),
    ):
        for where, place in (("first", 0), ("last", -1)):
            yield f"index {name}, {where}", dict(indices=changed(indices, place, value))
    yield (
        "index beyond 32 bits",
        dict(indices=changed(wide, 3, 2**33), indptr=indptr.astype(np.int64)),
    )
    yield "indptr too short", dict(indptr=indptr[:-1])
    yield "indptr too long", dict(indptr=np.append(indptr, indptr[-1]))
    yield "indptr empty", dict(indptr=indptr[:0])
    yield "indptr begins late", dict(indptr=changed(indptr, 0, 2))
    yield "indptr negative", dict(indptr=changed(indptr, 5, -7))
    yield "indptr decreases", dict(indptr=changed(indptr, 5, indptr[9]))
    yield "indptr beyond the data", dict(indptr=changed(indptr, -1, indptr[-1] + 1000))
    yield "indices shorter than data", dict(indices=indices[:-3])
    yield "data shorter than indices", dict(data=data[:-3])
    yield "indices not whole", dict(indices=indices + 0.5)
    yield "indices not numbers", dict(indices=indices.astype(str))
    yield "indices nan", dict(indices=changed(indices.astype(float), 0, np.nan))
    yield "indices of two dimensions", dict(indices=indices[:, None])


LIES = dict(lies())


def fitted(cls=RegularizedMLPClassifier, **params):
    mlp = cls((4,), alpha=1.0, random_state=0, max_iter=5, **params)
    return mlp.fit(good_csr(), Y)


METHODS = {
    "fit": lambda X: RegularizedMLPClassifier((4,), max_iter=3, alpha=1.0).fit(X, Y),
    "fit, adam": lambda X: RegularizedMLPClassifier(
        (4,), solver="adam", max_iter=3, alpha=1.0
    ).fit(X, Y),
    "partial_fit": lambda X: RegularizedMLPRegressor((4,), alpha=1.0).partial_fit(
        X, Y.astype(float)
    ),
    "predict": lambda X: fitted().predict(X),
    "predict_proba": lambda X: fitted().predict_proba(X),
    "score": lambda X: fitted().score(X, Y),
    "X_val": lambda X: RegularizedMLPClassifier((4,), max_iter=3, alpha=1.0).fit(
        good_csr(), Y, X_val=X, y_val=Y
    ),
    "path": lambda X: regularization_path(X, Y, hidden_layer_sizes=(4,), alphas=[1.0]),
    "cross-validation": lambda X: RegularizedMLPClassifierCV((4,), alphas=[1.0]).fit(X, Y),
}


@pytest.mark.every(5)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("lie", LIES)
def test_a_csr_matrix_that_lies_is_refused(lie, method):
    X = lying(**LIES[lie])
    with pytest.raises(
        ValueError, match=r"X(, y_val.*)?( is not|\.ind|.*X is not a valid CSR|.*X\.ind)"
    ):
        METHODS[method](X)


def test_a_shape_with_more_rows_is_refused():
    X = good_csr()
    X._shape = (N_SAMPLES + 5, N_FEATURES)
    with pytest.raises(ValueError, match="indptr has 31 entries instead of 36"):
        fitted().predict(X)


@pytest.mark.parametrize("dtype", [np.int16, np.uint8, np.uint64, float])
@pytest.mark.parametrize("part", ["indices", "indptr"])
def test_index_arrays_of_other_types(dtype, part):
    X = lying(**{part: getattr(good_csr(), part).astype(dtype)})
    mlp, good = fitted(), good_csr()
    np.testing.assert_array_equal(mlp.decision_function(X), mlp.decision_function(good))
    again = RegularizedMLPClassifier((4,), random_state=0, max_iter=5, alpha=1.0).fit(X, Y)
    np.testing.assert_array_equal(again.coefs_[0], mlp.coefs_[0])
    assert getattr(X, part).dtype == dtype  # not modified


def test_strided_index_arrays():
    good = good_csr()
    X = lying(indices=np.repeat(good.indices, 2)[::2], data=np.repeat(good.data, 2)[::2])
    mlp = fitted()
    np.testing.assert_array_equal(mlp.decision_function(X), mlp.decision_function(good))


def test_unsorted_and_repeated_entries_count_as_they_are():
    X = sparse.csr_matrix(
        (np.array([2.0, 1.0, 3.0]), np.array([4, 0, 4]), np.array([0, 3])), shape=(1, 6)
    )
    mlp = fitted()
    dense = np.array([[1.0, 0, 0, 0, 5.0, 0]])
    np.testing.assert_allclose(mlp.decision_function(X), mlp.decision_function(dense))


@pytest.mark.parametrize(
    "change",
    [
        lambda W: W.astype(object),
        lambda W: W.astype(np.longdouble),
        lambda W: W.astype(complex),
        lambda W: W.astype(int),
        lambda W: W.T.copy(),
        lambda W: W.ravel(),
        lambda W: np.vstack([W, W]),
        lambda W: W[:-1],
        lambda W: W.tolist(),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_weights_that_were_assigned(change, place):
    for sparse_X in (False, True):
        X = good_csr() if sparse_X else good_csr().toarray()
        mlp = fitted(solver="adam")
        mlp.coefs_[place] = change(mlp.coefs_[place])
        with pytest.raises(ValueError, match=r"coefs_|weights of shapes"):
            mlp.predict(X)
        with pytest.raises(ValueError, match=r"coefs_|weights of shapes"):
            mlp.partial_fit(X, Y)


def test_other_fitted_attributes_that_were_assigned():
    X = good_csr().toarray()
    mlp = fitted()
    mlp.intercepts_[0] = mlp.intercepts_[0][:-1]
    with pytest.raises(ValueError, match="intercepts_ have shapes"):
        mlp.predict(X)
    mlp = fitted()
    mlp.n_features_in_ = 12
    with pytest.raises(
        ValueError, match="X has 12 features, but the fitted network expects 6"
    ):
        mlp.predict(np.hstack([X, X]))
    mlp = fitted()
    object.__setattr__(mlp._network, "layer_units", (6, -4, 3))
    with pytest.raises(ValueError, match=r"\(-4,\)"):
        mlp.predict(X)
    mlp = fitted(RegularizedMLPClassifier, penalty="hierarchical")
    mlp.skip_coef_ = mlp.skip_coef_.astype(object)
    with pytest.raises(ValueError, match="must be arrays of float64"):
        mlp.predict(X)


@pytest.mark.parametrize("classes", [[2, 1, 0], [1, 0, 2], [0, 2, 1]])
def test_classes_out_of_order(classes):
    mlp = fitted(solver="adam")
    mlp.classes_ = np.array(classes)
    with pytest.raises(ValueError, match="classes_ must be sorted"):
        mlp.partial_fit(good_csr(), Y)
    mlp = fitted(warm_start=True)
    mlp.classes_ = np.array(classes)
    with pytest.raises(ValueError, match="classes_ must be sorted"):
        mlp.fit(good_csr(), Y)


def misaligned(array):
    """The same numbers, at an address that no number begins at."""
    buffer = np.empty(array.nbytes + 1, dtype=np.uint8)
    view = buffer[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    assert not view.flags.aligned
    return view


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_misaligned_data(dtype):
    X = good_csr().toarray().astype(dtype)
    y, weight = Y.astype(dtype), np.linspace(1, 2, N_SAMPLES).astype(dtype)
    mlp = RegularizedMLPRegressor((4,), random_state=0, max_iter=5, alpha=1.0)
    expected = mlp.fit(X, y, weight).predict(X)
    mlp.fit(misaligned(X), misaligned(y), misaligned(weight))
    np.testing.assert_array_equal(mlp.predict(misaligned(X)), expected)
    mlp.coefs_ = [misaligned(coef) for coef in mlp.coefs_]
    np.testing.assert_array_equal(mlp.predict(X), expected)


@pytest.mark.parametrize("size", [2**31, 2**63, 10**30])
def test_sizes_that_no_array_has(size):
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        RegularizedMLPClassifier((size,), alpha=1.0).fit(good_csr(), Y)


@pytest.mark.parametrize("format", ["csc", "bsr", "coo"])
@pytest.mark.parametrize("wrong", [-1, 10**6])
def test_other_formats_that_lie(format, wrong):
    """SciPy's conversion to CSR would write where they say."""
    X = good_csr().asformat(format)
    if format == "coo":
        X.coords = (changed(X.row, 3, wrong), X.col)
    else:
        X.indices = changed(X.indices, 3, wrong)
    for call in (fitted().predict, lambda X: fitted().fit(X, Y)):
        with pytest.raises(ValueError, match=f"X is not a valid {format.upper()} matrix"):
            call(X)


@pytest.mark.parametrize(
    ("format", "lie", "message"),
    [
        ("coo", lambda X: {"coords": (X.row[1:], X.col)}, "row has shape .*, data"),
        ("coo", lambda X: {"coords": (X.row, X.col * 1.0)}, "col must hold integers, not"),
        (
            "bsr",
            lambda X: {"data": np.ones((X.nnz, 7, 11))},
            r"its blocks are of \(7, 11\)",
        ),
        ("csc", lambda X: {"data": X.data[:, None]}, "data must be one-dimensional"),
    ],
)
def test_other_formats_whose_arrays_do_not_fit(format, lie, message):
    X = good_csr().asformat(format)
    for name, value in lie(X).items():
        setattr(X, name, value)
    for call in (fitted().predict, lambda X: fitted().fit(X, Y)):
        with pytest.raises(ValueError, match=f"X is not a valid .*: {message}"):
            call(X)


@pytest.mark.parametrize("wrong", [-1, 10**6])
def test_sparse_labels_that_lie(wrong):
    labels = sparse.csr_matrix(np.eye(3)[Y])
    mlp = RegularizedMLPClassifier((4,), max_iter=5, alpha=1.0).fit(good_csr(), labels)
    labels.indices = changed(labels.indices, 3, wrong)
    for method in (mlp.fit, mlp.score):
        with pytest.raises(ValueError, match="y is not a valid CSR matrix"):
            method(good_csr(), labels)


def test_sparse_weights_that_lie():
    mlp = fitted(penalty="l1").set_params(alpha=3).fit(good_csr(), Y)
    mlp.coefs_ = [sparse.csr_array(coef) for coef in mlp.coefs_]
    mlp.predict(good_csr())
    mlp.coefs_[1] = sparse.csr_array(
        (np.ones(1), np.array([10**6]), np.array([0, 1, 1, 1, 1])), shape=(4, 3)
    )
    for call in (lambda: mlp.predict(good_csr()), mlp.densify, lambda: mlp.n_nonzero_):
        with pytest.raises(ValueError, match="coefs_ is not a valid CSR"):
            call()


def test_skip_weights_that_took_columns_of_others():
    X = good_csr().toarray()
    mlp = fitted(penalty="hierarchical")
    both = np.hstack([mlp.coefs_[0], mlp.skip_coef_])
    mlp.coefs_[0], mlp.skip_coef_ = both[:, :3], both[:, 3:]
    with pytest.raises(ValueError, match=r"skip_coef_ must have shape \(6, 3\)"):
        mlp.predict(X)


def test_classes_of_another_number():
    mlp = fitted()
    mlp.classes_ = np.arange(5)
    with pytest.raises(ValueError, match="classes_ must hold the 3 classes"):
        mlp.predict(good_csr())


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_running_averages_that_were_assigned(solver):
    mlp = RegularizedMLPRegressor((4,), solver=solver, alpha=1.0)
    mlp.partial_fit(good_csr(), Y)
    moments = mlp._training_state.solver_state.moments
    for name, moment in moments.items():
        for wrong in (moment[:-1], moment.astype(complex), moment.astype(object)):
            moments[name] = wrong
            with pytest.raises(ValueError, match="cannot go on from a running average"):
                mlp.partial_fit(good_csr(), Y)
        moments[name] = moment
    mlp.partial_fit(good_csr(), Y)


@pytest.mark.parametrize("first", [np.float32, np.float64])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fit_of_data_in_another_precision(solver, first):
    """Running averages of one precision are not read as numbers of the other."""
    X = good_csr().toarray()
    second = np.float64 if first == np.float32 else np.float32
    losses = []
    for dtypes in ((first, second, first), (np.float64,) * 3):
        mlp = RegularizedMLPRegressor((4,), solver=solver, random_state=0, alpha=1.0)
        for dtype in dtypes:
            mlp.partial_fit(X.astype(dtype), Y)
        losses.append(mlp.loss_)
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


# Networks that never were


NETWORK = dict(
    layer_units=(6, 4, 3), activations=("tanh",), loss=MultinomialLogLoss(3), skip=False
)


@pytest.mark.parametrize(
    "wrong",
    [
        dict(layer_units=(6, -4, 3)),
        dict(layer_units=(6, 4.0, 3)),
        dict(layer_units=(6,)),
        dict(layer_units=[6, 4, 3]),
        dict(layer_units=(6, 2**62, 3)),
        dict(layer_units=(np.int64(2**40), np.int64(2**40), 3)),
        dict(activations=("tanh", "tanh")),
        dict(activations=("unknown",)),
        dict(activations=(["tanh"],)),
        dict(loss="log_loss"),
        dict(skip=3),
    ],
    ids=str,
)
def test_a_network_that_cannot_be_is_not_made_and_not_loaded(wrong):
    with pytest.raises(ValueError, match=r"layer_units|activations|hidden_layer_sizes"):
        Network(**{**NETWORK, **wrong})
    network = Network(**NETWORK)
    for name, value in wrong.items():
        object.__setattr__(network, name, value)
    stored = pickle.dumps(network)
    with pytest.raises(ValueError, match=r"layer_units|activations|hidden_layer_sizes"):
        pickle.loads(stored)


def test_what_a_file_says_of_a_network_beyond_its_layers_is_not_taken():
    network = Network(**NETWORK)
    network.__setstate__({**NETWORK, "n_params": 10**9, "shapes": ((1, 1),)})
    assert network.n_params == 6 * 4 + 4 * 3 + 4 + 3
    assert network.shapes == ((6, 4), (4, 3))


def test_a_skops_file_of_types_that_are_trusted():
    io = pytest.importorskip("skops.io")
    mlp = fitted()
    object.__setattr__(mlp._network, "layer_units", (6, -4, 3))
    stored = io.dumps(mlp)
    with pytest.raises(ValueError, match="layer_units must be"):
        io.loads(stored, trusted=io.get_untrusted_types(data=stored))


# The last look before C, whoever calls


@pytest.fixture
def job():
    if selection.CompiledEngine is None:
        pytest.skip("needs the extension")
    from sknormreg.engine import _compiled

    def make(units=(6, 4, 3), n_skip=0, activations=(2,)):
        job = _compiled.Job(
            np.array(units), n_skip, np.array(activations, dtype=np.int32), 0, 0.0, True
        )
        return job

    return make


@pytest.mark.parametrize(
    "wrong",
    [
        dict(units=(6, -4, 3)),
        dict(units=(6, 2**31, 3)),
        dict(n_skip=2),
        dict(n_skip=-3),
        dict(activations=()),
    ],
    ids=str,
)
def test_layers_that_c_does_not_get(job, wrong):
    with pytest.raises(ValueError, match=r"a layer has|a skip connection|bytes"):
        job(**wrong)


WEIGHTS = np.zeros((6, 4))


@pytest.mark.parametrize(
    "wrong",
    [
        WEIGHTS[:-1],
        np.zeros((7, 4)),
        WEIGHTS.astype(np.float32),
        WEIGHTS.astype(np.int64),
        WEIGHTS.astype(object),
        WEIGHTS.astype(np.complex64),
        WEIGHTS.astype(np.longdouble),
        WEIGHTS.astype(WEIGHTS.dtype.newbyteorder()),
        misaligned(WEIGHTS),
        np.zeros((12, 4))[::2],
    ],
    ids=lambda array: f"{array.shape} {array.dtype}",
)
def test_arrays_that_c_does_not_get(job, wrong):
    others, biases = np.zeros((4, 3)), [np.zeros(4), np.zeros(3)]
    job().set_layers([WEIGHTS, others], biases)
    with pytest.raises(ValueError, match=r"where .* are read|not C-contiguous"):
        job().set_layers([wrong, others], biases)
    job().set_dense(WEIGHTS.reshape(4, 6), None, 4)
    with pytest.raises(ValueError, match=r"where .* are read|not C-contiguous|not the"):
        job().set_dense(wrong, None, 4)


@pytest.mark.parametrize("rows", [[0, 4], [-1, 2]])
def test_rows_that_there_are_not(job, rows):
    with pytest.raises(ValueError, match="X has no row"):
        job().set_dense(np.zeros((4, 6)), np.array(rows), 2)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.full(N_SAMPLES, 3), "classes from 0 to 2"),
        (np.full(N_SAMPLES, -1), "classes from 0 to 2"),
        (np.zeros(N_SAMPLES), "classes from 0 to 2"),
        (np.zeros((N_SAMPLES, 3)), "y of shape"),
        (np.zeros(N_SAMPLES - 1, dtype=int), "y of shape"),
    ],
)
def test_codes_of_classes_are_looked_at_before_training(y, message):
    network = Network(**NETWORK)
    with pytest.raises(ValueError, match=message):
        check_data(network, Data(good_csr(), y, None))
    check_data(network, Data(good_csr(), Y, np.ones(N_SAMPLES)))
    with pytest.raises(ValueError, match="sample_weight of shape"):
        check_data(network, Data(good_csr(), Y, np.ones(3)))
    with pytest.raises(ValueError, match="X has 5 features"):
        check_data(network, Data(good_csr()[:, :5], Y, None))


def test_rows_of_a_posterior_that_lie():
    """A fit by evidence keeps them, where they are fewer than the weights."""
    mlp = RegularizedMLPRegressor((20,), alpha="evidence", max_iter=20, random_state=0)
    mlp.fit(good_csr(), Y + 0.1 * np.arange(N_SAMPLES))
    linear = mlp._posterior._factor._linear
    linear.inputs[0].indices[3] = 10**6
    with pytest.raises(ValueError, match="inputs is not a valid CSR"):
        pickle.loads(pickle.dumps(mlp))


_LITTLE_MEMORY = """
import resource, warnings
import numpy as np
from sknormreg import RegularizedMLPRegressor

warnings.simplefilter("ignore")
X = np.random.RandomState(0).normal(size=(20_000, 30))
mlp = RegularizedMLPRegressor((50,), alpha=1.0, max_iter=2, random_state=0)
mlp.fit(X[:100], X[:100, 0])
expected = mlp.predict(X)
n_right = 0
for headroom in (0, 1, 2, 4, 6, 8, 12, 16, 32):
    with open("/proc/self/statm") as file:
        size = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + headroom * 2**20, -1))
    try:
        n_right += np.array_equal(mlp.predict(X), expected)
    except MemoryError:
        pass
    resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
print(n_right)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
@pytest.mark.skipif("LD_PRELOAD" in os.environ, reason="sanitizers reserve all memory")
def test_threads_for_which_there_is_no_memory_are_done_without():
    """Rather than waited for."""
    done = subprocess.run(
        [sys.executable, "-c", _LITTLE_MEMORY],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "2"},
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 1
