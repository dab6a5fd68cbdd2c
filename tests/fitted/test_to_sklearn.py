"""to_sklearn(): scikit-learn's estimators predict the same."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from fitted_cases import (
    COLUMNS,
    KINDS,
    SCORES,
    X,
    assert_same_parts,
    drawn,
    make,
    not_converged,
)
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sknormreg import (
    RegularizedMLPClassifier,
)


def _targets(kind):
    """Targets that scikit-learn's estimators take: of risks, numbers."""
    return SCORES if kind == "survival" else KINDS[kind][2]


@pytest.mark.every(5)
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("sizes", [(), (4,), (4, 3)])
@pytest.mark.parametrize("kind", KINDS)
@not_converged
def test_to_sklearn_predicts_the_same(kind, sizes, activation):
    model = drawn(kind, sizes, activation=activation)
    theirs = model.to_sklearn()
    y = _targets(kind)
    if isinstance(model, RegularizedMLPClassifier):
        assert type(theirs) is MLPClassifier
        np.testing.assert_array_equal(theirs.predict(X), model.predict(X))
        assert theirs.predict(X).dtype == model.predict(X).dtype
        # Theirs are exponentials of logits over their sum, or logistic functions.
        np.testing.assert_allclose(
            theirs.predict_proba(X), model.predict_proba(X), rtol=1e-10, atol=1e-15
        )
        np.testing.assert_array_equal(theirs.classes_, model.classes_)
        assert theirs.score(X, y) == pytest.approx(model.score(X, y), abs=1e-15)
    else:
        assert type(theirs) is MLPRegressor
        np.testing.assert_allclose(theirs.predict(X), model.predict(X), rtol=1e-11)
        assert theirs.predict(X).shape == model.predict(X).shape
        # Theirs is R^2 whatever the loss.
        ours = r2_score(y, model.predict(X))
        assert theirs.score(X, y) == pytest.approx(ours, rel=1e-10)


@pytest.mark.parametrize("kind", KINDS)
@not_converged
def test_to_sklearn_has_parameters_of_the_network_and_pickles(kind):
    model = drawn(kind, (4, 3), activation="logistic")
    theirs = model.to_sklearn()
    expected = {"hidden_layer_sizes": (4, 3), "activation": "logistic"}
    if kind == "poisson":
        expected["loss"] = "poisson"
    assert theirs.get_params() == type(theirs)(**expected).get_params()
    twin = pickle.loads(pickle.dumps(theirs))
    np.testing.assert_array_equal(twin.predict(X), theirs.predict(X))
    for name in ("n_layers_", "n_outputs_", "n_features_in_", "out_activation_"):
        assert getattr(theirs, name) == getattr(model, name)
    # The parameters are those of an estimator that can be trained.
    clone(theirs).set_params(max_iter=2).fit(X, _targets(kind))


@pytest.mark.parametrize("kind", ["binary", "regression"])
@not_converged
def test_to_sklearn_keeps_feature_names(kind):
    frame = pd.DataFrame(X, columns=COLUMNS)
    model, y = make(kind, hidden_layer_sizes=(4,))
    theirs = model.fit(frame, y).to_sklearn()
    assert theirs.feature_names_in_.tolist() == COLUMNS
    # A warning about names would be an error.
    predicted = theirs.predict(frame)
    if kind == "binary":
        np.testing.assert_array_equal(predicted, model.predict(frame))
    else:
        np.testing.assert_allclose(predicted, model.predict(frame), rtol=1e-11)
    with pytest.raises(ValueError, match="feature names should match"):
        theirs.predict(frame[COLUMNS[::-1]])


@pytest.mark.parametrize("kind", ["multiclass", "regression"])
@not_converged
def test_to_sklearn_of_single_precision(kind):
    model = drawn(kind, (4, 3), dtype=np.float32)
    theirs, single = model.to_sklearn(), X.astype(np.float32)
    assert theirs.coefs_[0].dtype == np.float32
    name = "predict_proba" if kind == "multiclass" else "predict"
    ours = getattr(model, name)(single)
    np.testing.assert_allclose(getattr(theirs, name)(single), ours, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("loss", ["huber", "quantile"])
@not_converged
def test_to_sklearn_of_losses_it_does_not_know(loss):
    model = drawn(loss=loss)
    np.testing.assert_allclose(model.to_sklearn().predict(X), model.predict(X), rtol=1e-11)


@not_converged
def test_to_sklearn_keeps_sparse_indicators():
    model, y = make("multilabel", hidden_layer_sizes=(4,))
    model.fit(X, sparse.csr_matrix(y))
    predicted = model.to_sklearn().predict(X)
    assert sparse.issparse(predicted)
    np.testing.assert_array_equal(predicted.toarray(), model.predict(X).toarray())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("early_stopping", [False, True])
@not_converged
def test_to_sklearn_shares_nothing_and_can_be_trained(kind, early_stopping):
    model, y = make(kind, hidden_layer_sizes=(4,), early_stopping=early_stopping)
    model.set_params(validation_fraction=0.3).fit(X, y)
    before = copy.deepcopy(model)
    theirs = model.to_sklearn()
    theirs.partial_fit(X, _targets(kind))
    assert len(theirs.loss_curve_) == len(model.loss_curve_) + 1
    theirs.classes_ = None
    for array in theirs.coefs_ + theirs.intercepts_:
        array += 1
    assert_same_parts(model.coefs_ + model.intercepts_, before.coefs_ + before.intercepts_)
    assert model.loss_curve_ == before.loss_curve_


@not_converged
def test_to_sklearn_of_sparse_weights():
    model = drawn("multiclass", (30,))
    expected = model.to_sklearn()
    model.coefs_[0][1:] = 0
    model.coefs_[0][0, 3:] = 0
    expected.coefs_[0][...] = model.coefs_[0]
    theirs = model.sparsify().to_sklearn()
    assert isinstance(theirs.coefs_[0], np.ndarray)
    assert sparse.issparse(model.coefs_[0])
    np.testing.assert_array_equal(theirs.predict_proba(X), expected.predict_proba(X))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"penalty": "hierarchical"}, "it has no skip connection.*hierarchical"),
        (
            {"activation": ["relu", "tanh"]},
            "it has one activation for all layers, .*'relu', 'tanh'",
        ),
        ({"activation": "gelu"}, "it has no activation 'gelu', only .*'identity'.*'relu'"),
    ],
)
@pytest.mark.parametrize("kind", ["binary", "regression"])
@not_converged
def test_what_to_sklearn_cannot_express(kind, params, message):
    model = drawn(kind, (3, 2), **params)
    name = "MLPClassifier" if kind == "binary" else "MLPRegressor"
    with pytest.raises(ValueError, match=f"{name} of scikit-learn cannot.*{message}"):
        model.to_sklearn()
