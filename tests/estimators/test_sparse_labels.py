"""Indicator matrices of labels that come in sparse: what is made of them, and how often."""

import numpy as np
import pytest
from scipy import sparse

from sknormreg import RegularizedMLPClassifier, RegularizedMLPClassifierCV
from sknormreg.estimators.validation import training_data

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.RandomState(0)
X = rng.normal(size=(60, 4))
Y = (X @ rng.normal(size=(4, 3)) > 0).astype(np.int64)

FORMATS = [sparse.csr_matrix, sparse.csr_array, sparse.csc_array, sparse.coo_matrix]


@pytest.fixture
def made_dense(monkeypatch):
    """The arrays that `toarray` of CSR matrices made, but of single columns."""
    made = []

    def toarray(self, *args, **kwargs):
        found = original(self, *args, **kwargs)
        if self.shape[1] > 1:
            made.append(found)
        return found

    base = next(cls for cls in sparse.csr_array.__mro__ if "toarray" in vars(cls))
    assert issubclass(sparse.csr_matrix, base)
    original = base.toarray
    monkeypatch.setattr(base, "toarray", toarray)
    return made


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("make", FORMATS)
@pytest.mark.parametrize("label_dtype", [np.int64, np.uint8, bool, np.float32])
def test_what_is_trained_on_is_the_only_dense_matrix(made_dense, make, dtype, label_dtype):
    mlp = RegularizedMLPClassifier(alpha=1.0)
    labels = make(Y.astype(label_dtype))
    data, _ = training_data(mlp, X.astype(dtype), labels, None)
    (made,) = made_dense
    assert data.y is made
    assert data.y.dtype == dtype
    np.testing.assert_array_equal(data.y, Y)


@pytest.mark.parametrize(
    "mlp",
    [
        RegularizedMLPClassifier((3,), max_iter=5, alpha=1.0),
        RegularizedMLPClassifier((3,), max_iter=5, early_stopping=True, alpha=1.0),
        RegularizedMLPClassifier((3,), max_iter=5, class_weight="balanced", alpha=1.0),
        RegularizedMLPClassifier((3,), max_iter=5, solver="adam", alpha=1.0),
        RegularizedMLPClassifierCV((3,), max_iter=5, alphas=2, cv=2),
    ],
)
def test_a_fit_makes_labels_dense_once(made_dense, mlp):
    mlp.fit(X, sparse.csr_array(Y))
    assert len(made_dense) == 1


def test_each_set_of_rows_is_made_dense_once(made_dense):
    mlp = RegularizedMLPClassifier((3,), max_iter=5, alpha=1.0)
    mlp.fit(X, sparse.csr_array(Y), X_val=X[:20], y_val=sparse.csr_array(Y[:20]))
    assert [made.shape for made in made_dense] == [(60, 3), (20, 3)]
    mlp.set_params(solver="adam").partial_fit(X, sparse.csr_array(Y))
    assert [made.shape for made in made_dense[2:]] == [(60, 3)]


@pytest.mark.parametrize("class_weight", [None, "balanced", [{0: 1, 1: 2}] * 3])
def test_sparse_and_dense_labels_are_the_same(class_weight):
    mlp = RegularizedMLPClassifier(
        (3,), max_iter=20, class_weight=class_weight, random_state=0, alpha=1.0
    )
    expected = mlp.fit(X, Y).predict_proba(X)
    mlp.fit(X, sparse.csr_array(Y))
    np.testing.assert_array_equal(mlp.predict_proba(X), expected)
    predicted = mlp.predict(X)
    assert sparse.issparse(predicted)
    assert mlp.score(X, predicted) == 1
