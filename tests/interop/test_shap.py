"""Shapley values of networks: those that are known, and what they must add up to."""

import warnings

import numpy as np
import pytest
from networks import X, with_drawn_weights

with warnings.catch_warnings():
    # It imports what is deprecated elsewhere.
    warnings.simplefilter("ignore")
    shap = pytest.importorskip("shap")


def test_shap_of_a_linear_network():
    """w_j (x_j - mean of x_j), and all of them together what the output is off its mean."""
    model = with_drawn_weights("squared_error", sizes=())
    explained = shap.PermutationExplainer(model.predict, shap.maskers.Independent(X))(X[:5])
    expected = model.coefs_[0].ravel() * (X[:5] - X.mean(axis=0))
    np.testing.assert_allclose(explained.values, expected, atol=1e-10)
    total = explained.base_values + explained.values.sum(axis=1)
    np.testing.assert_allclose(total, model.predict(X[:5]), atol=1e-10)


def test_shap_of_a_selecting_network():
    """Columns that it does not look at explain nothing of its probabilities."""
    model = with_drawn_weights("multiclass", penalty="hierarchical")
    for weights in (model.coefs_[0], model.skip_coef_):
        weights[[1, 3]] = 0
    assert model.selected_features_.tolist() == [True, False, True, False, True]
    masker = shap.maskers.Independent(X, max_samples=20)
    explained = shap.PermutationExplainer(model.predict_proba, masker)(X[:4])
    assert (explained.values[:, [1, 3]] == 0).all()
    assert np.abs(explained.values[:, [0, 2, 4]]).max() > 0.01
    total = explained.base_values + explained.values.sum(axis=1)
    np.testing.assert_allclose(total, model.predict_proba(X[:4]), atol=1e-10)
