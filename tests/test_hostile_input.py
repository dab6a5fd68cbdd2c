"""What lies about its structure, or was assigned to: an error, never a crash."""

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
    mlp = cls((4,), random_state=0, max_iter=5, **params)
    return mlp.fit(good_csr(), Y)


METHODS = {
    "fit": lambda X: RegularizedMLPClassifier((4,), max_iter=3).fit(X, Y),
    "fit, adam": lambda X: RegularizedMLPClassifier((4,), solver="adam", max_iter=3).fit(
        X, Y
    ),
    "partial_fit": lambda X: RegularizedMLPRegressor((4,)).partial_fit(X, Y.astype(float)),
    "predict": lambda X: fitted().predict(X),
    "predict_proba": lambda X: fitted().predict_proba(X),
    "score": lambda X: fitted().score(X, Y),
    "X_val": lambda X: RegularizedMLPClassifier((4,), max_iter=3).fit(
        good_csr(), Y, X_val=X, y_val=Y
    ),
    "path": lambda X: regularization_path(X, Y, hidden_layer_sizes=(4,), alphas=[1.0]),
    "cross-validation": lambda X: RegularizedMLPClassifierCV((4,), alphas=[1.0]).fit(X, Y),
}


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
    again = RegularizedMLPClassifier((4,), random_state=0, max_iter=5).fit(X, Y)
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
        ValueError, match="X has 12 features, but the fitted network takes 6"
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
    mlp = RegularizedMLPRegressor((4,), random_state=0, max_iter=5)
    expected = mlp.fit(X, y, weight).predict(X)
    mlp.fit(misaligned(X), misaligned(y), misaligned(weight))
    np.testing.assert_array_equal(mlp.predict(misaligned(X)), expected)
    mlp.coefs_ = [misaligned(coef) for coef in mlp.coefs_]
    np.testing.assert_array_equal(mlp.predict(X), expected)


@pytest.mark.parametrize("size", [2**31, 2**63, 10**30])
def test_sizes_that_no_array_has(size):
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        RegularizedMLPClassifier((size,)).fit(good_csr(), Y)
