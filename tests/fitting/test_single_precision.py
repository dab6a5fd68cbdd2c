"""Compared networks are fitted in single precision where nothing is lost by it."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_classification, make_regression
from sklearn.preprocessing import scale

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)
from sknormreg.engine import Data
from sknormreg.estimators.specification import network_spec
from sknormreg.estimators.validation import training_data
from sknormreg.fitting import path
from sknormreg.fitting.single_precision import SinglePrecision

ALPHAS = [0.3, 1.0, 3.0, 10.0, 30.0]


def table(n_samples=150, n_features=30):
    X, y = make_classification(n_samples, n_features, random_state=0)
    return scale(X), y


def targets(n_samples=150, n_features=30):
    X, y = make_regression(n_samples, n_features, random_state=0)
    return scale(X), scale(y)


@pytest.fixture
def fitted_to(monkeypatch):
    """The X of every network that has been fitted."""
    seen = []

    def fit_network(spec, data, *args, **kwargs):
        seen.append(data.X)
        return fit(spec, data, *args, **kwargs)

    fit = path.fit_network
    monkeypatch.setattr(path, "fit_network", fit_network)
    return seen


@pytest.mark.parametrize("as_container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("relax", [False, 1.0])
def test_a_search_compares_in_single_and_returns_double(fitted_to, as_container, relax):
    X, y = table()
    search = RegularizedMLPClassifierCV(
        penalty="l1", alphas=ALPHAS, relax=relax, ensemble=True, random_state=0
    )
    search.fit(as_container(X), y)
    *compared, last = [X.dtype for X in fitted_to]
    assert set(compared) == {np.dtype(np.float32)}
    assert last == np.float64
    networks = [search, *search.estimators_]
    assert {coef.dtype for one in networks for coef in one.coefs_} == {np.dtype(np.float64)}


def test_what_is_returned_is_as_precise_as_ever():
    X, y = targets()
    search = RegularizedMLPRegressorCV(penalty="l1", alphas=ALPHAS, random_state=0)
    search.fit(X, y)
    plain = RegularizedMLPRegressor(penalty="l1", alpha=search.alpha_, random_state=0)
    plain.set_params(tol=1e-4).fit(X, y)
    assert search.optimality_ < 1e-4
    assert search.loss_ < 1.1 * plain.loss_


def test_scores_are_those_of_double_precision(monkeypatch):
    X, y = table(n_samples=300)
    search = RegularizedMLPClassifierCV(
        penalty="l1", alphas=ALPHAS, scoring="neg_log_loss", random_state=0
    )
    single = search.fit(X, y).scores_.mean(axis=-1)
    monkeypatch.setattr(SinglePrecision, "of", lambda self, data, rows, spec: data)
    double = search.fit(X, y).scores_.mean(axis=-1)
    assert not np.array_equal(single, double)
    # At smaller alphas there are many minima, and rounding decides between them.
    np.testing.assert_allclose(single[2:], double[2:], atol=0.02)


def in_single(cls, X, y, **params):
    """Return the data as fits of a search take them."""
    estimator = cls(**params)
    data, own = training_data(estimator, X, y, None)
    return SinglePrecision(data.X).of(data, None, network_spec(estimator, own))


def test_folds_share_one_copy(fitted_to):
    X, y = table()
    # Each fold has sample weights of its own.
    search = RegularizedMLPClassifierCV(penalty="l1", class_weight="balanced")
    search.set_params(alphas=ALPHAS, relax=False, random_state=0).fit(X, y)
    assert len({id(X) for X in fitted_to}) == 2


def test_types():
    X, y = targets()
    data = in_single(RegularizedMLPRegressor, X, y)
    assert isinstance(data, Data)
    assert data.X.dtype == data.y.dtype == np.float32
    X, y = table()
    data = in_single(RegularizedMLPClassifier, X, y)
    assert data.X.dtype == np.float32


@pytest.mark.parametrize(
    "change",
    [
        lambda X, y: (X + 1e4, y),  # a date
        lambda X, y: (X * 1e5, y),  # another unit
        lambda X, y: (X, y + 1e4),
        lambda X, y: (X, y * 1e9),
        lambda X, y: (X, y * 1e-9),
        lambda X, y: (X[:20, :3], y[:20]),  # next to no products
    ],
)
def test_double_precision_where_digits_count(change):
    X, y = change(*targets())
    assert in_single(RegularizedMLPRegressor, X, y).X.dtype == np.float64


@pytest.mark.parametrize(
    "params",
    [
        dict(tol=1e-4),
        dict(solver="adam"),
        dict(early_stopping=True),
        dict(dropout=0.1),
        dict(hidden_layer_sizes=()),
    ],
)
def test_double_precision_where_fits_are_precise_or_returned(params):
    X, y = table()
    assert in_single(RegularizedMLPClassifier, X, y, **params).X.dtype == np.float64
