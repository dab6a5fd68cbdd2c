"""sparsify() and densify(): sparse weights predict the same."""

import copy
import pickle

import numpy as np
import pytest
from fitted_cases import (
    BOTH,
    KINDS,
    X,
    assert_same_outputs,
    assert_same_parts,
    drawn,
    not_converged,
    raw_outputs,
)
from scipy import sparse
from sklearn.base import clone

from sknormreg import (
    RegularizedMLPClassifier,
)


def thin(kind="multiclass", n_kept=12, **params):
    """A network whose first layer, of 5 x 48 weights, has `n_kept` that are not 0."""
    model = drawn(kind, (48, 3), **params)
    weights = model.coefs_[0]
    assert weights.shape == (5, 48)
    keep = np.random.RandomState(5).permutation(weights.size)[:n_kept]
    thinned = np.zeros_like(weights)
    thinned.flat[keep] = weights.flat[keep]
    weights[...] = thinned
    return model


@pytest.mark.parametrize("penalty", ["l1", "hierarchical"])
@pytest.mark.parametrize("kind", KINDS)
@not_converged
def test_sparse_weights_predict_the_same(kind, penalty):
    model = thin(kind, penalty=penalty)
    twin = copy.deepcopy(model)
    assert twin.sparsify() is twin
    assert [sparse.issparse(coef) for coef in twin.coefs_] == [True, False, False]
    for rows in (X, X[:1], sparse.csr_array(X), sparse.csr_matrix(X), X[:1].tolist()):
        assert_same_outputs(twin, model, rows)
    assert twin.densify() is twin
    assert_same_parts(twin.coefs_, model.coefs_)
    np.testing.assert_array_equal(raw_outputs(twin), raw_outputs(model))


@pytest.mark.parametrize("layer", [0, 1, 2])
@not_converged
def test_any_layer_can_be_sparse(layer):
    model = drawn("several outputs", (20, 20))
    model.coefs_[layer][1:] = 0
    model.coefs_[layer][0, 1:] = 0
    twin = copy.deepcopy(model).sparsify()
    expected = [i == layer for i in range(3)]
    assert [sparse.issparse(coef) for coef in twin.coefs_] == expected
    assert_same_outputs(twin, model)
    assert_same_outputs(twin, model, sparse.csr_array(X))


@pytest.mark.parametrize(("n_kept", "converts"), [(0, True), (12, True), (13, False)])
@not_converged
def test_layers_with_at_most_5_percent_convert(n_kept, converts):
    # 12 of 240.
    model = thin(n_kept=n_kept).sparsify()
    assert sparse.issparse(model.coefs_[0]) == converts
    if converts:
        assert isinstance(model.coefs_[0], sparse.csr_array)
        # Sparse weights again are left as they are.
        kept = model.coefs_[0]
        assert model.sparsify().coefs_[0] is kept


@pytest.mark.parametrize("penalty", ["l1", "hierarchical"])
@not_converged
def test_sparse_weights_have_the_same_attributes(penalty):
    model = thin(penalty=penalty)
    model.coefs_[1][:, 1] = 0
    twin = copy.deepcopy(model).sparsify()
    assert twin.n_nonzero_ == model.n_nonzero_
    assert twin.sparsity_ == model.sparsity_
    assert twin.n_active_units_ == model.n_active_units_
    np.testing.assert_array_equal(twin.selected_features_, model.selected_features_)
    np.testing.assert_array_equal(twin.feature_importances_, model.feature_importances_)
    small = twin.compact()
    assert_same_outputs(small, model)
    assert all(isinstance(coef, np.ndarray) for coef in small.coefs_)


@not_converged
def test_single_precision_stays_single_in_sparse_weights():
    model = thin(dtype=np.float32).sparsify()
    single = X.astype(np.float32)
    assert model.coefs_[0].dtype == np.float32
    assert model.predict_proba(single).dtype == np.float32
    dense = model.predict_proba(single)
    # Probabilities in floats of 24 bits.
    np.testing.assert_allclose(dense, model.densify().predict_proba(single), atol=1e-5)


@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_training_does_not_go_on_from_sparse_weights(cls):
    kind = "multiclass" if cls is RegularizedMLPClassifier else "regression"
    model, y = thin(kind, solver="adam"), KINDS[kind][2]
    twin = copy.deepcopy(model).sparsify()
    with pytest.raises(ValueError, match=r"sparse weights: call densify\(\) first"):
        twin.partial_fit(X, y)
    with pytest.raises(ValueError, match=r"sparse weights: call densify\(\) first"):
        twin.set_params(warm_start=True).fit(X, y)
    # Nothing was lost.
    assert_same_outputs(twin, model)
    twin.densify().partial_fit(X, y)
    model.partial_fit(X, y)
    assert_same_parts(twin.coefs_, model.coefs_)
    # A new fit needs no weights.
    twin.sparsify().set_params(warm_start=False).fit(X, y)
    assert all(isinstance(coef, np.ndarray) for coef in twin.coefs_)


@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.parametrize(
    "name",
    [
        "sparsify",
        "densify",
        "sparsity_",
        "n_nonzero_",
        "feature_importances_",
        "selected_features_",
        "selected_feature_names_",
        "selected_groups_",
        "n_active_units_",
        "shrinkage_",
    ],
)
def test_not_there_before_fit(cls, name):
    assert not hasattr(cls(), name)


@not_converged
def test_sparse_weights_can_be_copied():
    model = thin().sparsify()
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert sparse.issparse(twin.coefs_[0])
        np.testing.assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    assert clone(model).get_params() == model.get_params()
