"""What a fit by evidence keeps of the training data, and what it does without."""

import pickle

import numpy as np
import pytest
from scipy import sparse

import sknormreg.evidence.factors
from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.RandomState(0)
X = rng.normal(size=(60, 3))
y = np.sin(X[:, 0]) + 0.1 * rng.normal(size=60)

# 12 weights are fewer than the rows, 80 are more.
FEW, MANY = (3,), (20,)


def fitted(hidden, X=X, **params):
    mlp = RegularizedMLPRegressor(
        hidden, alpha="evidence", max_iter=30, random_state=0, **params
    )
    return mlp.fit(X, y)


def holds_rows(model, X=X):
    """Whether rows of X are somewhere in the bytes of the stored model."""
    return X[7].tobytes() in pickle.dumps(model)


@pytest.mark.parametrize(
    ("hidden", "limits", "has_rows"),
    [
        (FEW, {}, False),
        (MANY, {}, True),
        (MANY, {"EXACT_SIZE": 50}, False),
        (MANY, {"EXACT_SIZE": 50, "MOST_INPUTS": 1}, True),
        ((), {}, False),
    ],
)
def test_what_the_posterior_is_kept_as(hidden, limits, has_rows, monkeypatch):
    for name, limit in limits.items():
        monkeypatch.setattr(sknormreg.evidence.factors, name, limit)
    assert holds_rows(fitted(hidden)) == has_rows
    assert not holds_rows(fitted(hidden, store_posterior=False))


def test_rows_of_a_sparse_matrix():
    def holds_values(model):
        return rows.data[:30].tobytes() in pickle.dumps(model)

    rows = sparse.csr_array(X)
    assert holds_values(fitted(MANY, rows))
    assert not holds_values(fitted(MANY, rows, store_posterior=False))


@pytest.mark.parametrize("hidden", [FEW, MANY])
def test_everything_else_is_the_same(hidden):
    kept, left = fitted(hidden), fitted(hidden, store_posterior=False)
    np.testing.assert_array_equal(left.predict(X), kept.predict(X))
    for name in "alpha_", "noise_variance_", "log_evidence_", "n_effective_parameters_":
        np.testing.assert_array_equal(getattr(left, name), getattr(kept, name))
    n_bytes = [len(pickle.dumps(mlp)) for mlp in (left, kept)]
    n_posterior = (12 if hidden == FEW else 60) ** 2 * 8
    assert n_bytes[0] < 10_000
    assert n_bytes[1] > n_bytes[0] + n_posterior


def test_what_is_left_out_is_named():
    mlp = fitted(MANY, store_posterior=False)
    with pytest.raises(ValueError, match="Set store_posterior=True and fit again"):
        mlp.predict(X, return_std=True)
    # The parameter is that of the next fit.
    mlp.set_params(store_posterior=True)
    with pytest.raises(ValueError, match="Set store_posterior=True and fit again"):
        mlp.predict(X, return_std=True)
    assert mlp.fit(X, y).predict(X, return_std=True)[1].shape == y.shape
    mlp.set_params(store_posterior=False).fit(X, y)
    assert not holds_rows(mlp)
    mlp.set_params(alpha=1.0).fit(X, y)
    with pytest.raises(ValueError, match="not fitted with alpha='evidence'"):
        mlp.predict(X, return_std=True)


def test_it_is_a_bool():
    with pytest.raises(ValueError, match="'store_posterior' parameter"):
        fitted(FEW, store_posterior="no")


@pytest.mark.parametrize(
    "mlp",
    [
        RegularizedMLPClassifier(
            (20,), alpha="evidence", store_posterior=False, max_iter=30, random_state=0
        ),
        RegularizedMLPClassifier(
            (20,), early_stopping=True, max_iter=30, random_state=0, alpha=1.0
        ),
        RegularizedMLPRegressor(
            (20,), solver="adam", max_iter=30, random_state=0, alpha=1.0
        ),
        RegularizedMLPClassifierCV((20,), alphas=2, cv=2, max_iter=30, random_state=0),
        RegularizedMLPRegressorCV((20,), alphas=2, cv=2, max_iter=30, random_state=0),
    ],
)
def test_no_other_fit_keeps_rows(mlp):
    assert not holds_rows(mlp.fit(X, y > 0))


def test_incremental_training_keeps_no_rows():
    mlp = RegularizedMLPRegressor((20,), random_state=0, alpha=1.0)
    assert not holds_rows(mlp.partial_fit(X, y).partial_fit(X, y))
