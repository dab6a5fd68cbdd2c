"""Sample weights of any size: J depends on their ratios, and on alpha over their sum.

So weights w and alphas w times as large state the problem of weights and alphas of 1.
"""

import numpy as np
import pytest

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)
from sknormreg.engine import Data

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.RandomState(0)
X = rng.normal(size=(60, 4))
y = X[:, 0] + 0.1 * rng.normal(size=60)
LEVELS = np.digitize(y, [-0.5, 0.5])
RATIOS = rng.uniform(0.5, 2, size=60)

# The first is subnormal, with 15 digits; the sum of the last is near overflow.
EXTREME = [1e-308, 1e-30, 1e306]

REGRESSOR = RegularizedMLPRegressor((5,), alpha=1.0, max_iter=20, random_state=0)
CLASSIFIER = RegularizedMLPClassifier((5,), alpha=1.0, max_iter=20, random_state=0)


def outputs(mlp, X=X):
    return getattr(mlp, "predict_proba", mlp.predict)(X)


def assert_same_for_all_weights(mlp, X, y, weights, atol=1e-8):
    expected = mlp.fit(X, y, sample_weight=RATIOS)
    attributes = vars(expected).copy()
    predicted, alpha = outputs(expected, X), mlp.alpha
    assert np.ptp(predicted) > 0.1
    for w in weights:
        mlp.set_params(alpha=w * alpha).fit(X, y, sample_weight=w * RATIOS)
        np.testing.assert_allclose(outputs(mlp, X), predicted, atol=atol, err_msg=w)
        assert mlp.loss_ == pytest.approx(attributes["loss_"], rel=1e-6)
        assert mlp.solver_ == attributes["solver_"]
        for name in "validation_loss_curve_", "validation_scores_":
            if attributes[name]:
                np.testing.assert_allclose(getattr(mlp, name), attributes[name], rtol=1e-6)


@pytest.mark.parametrize("solver", ["lbfgs", "adam", "sgd"])
@pytest.mark.parametrize("penalty", ["l2", "l1"])
@pytest.mark.parametrize(
    ("mlp", "y"),
    [
        (REGRESSOR, y),
        (REGRESSOR, np.column_stack([y, -y])),
        (CLASSIFIER, LEVELS),
        (CLASSIFIER, y > 0),
        (CLASSIFIER, (X > 0).astype(int)),
    ],
    ids=["regressor", "outputs", "classes", "binary", "labels"],
)
def test_their_size_makes_no_difference(mlp, y, solver, penalty):
    mlp = type(mlp)(**mlp.get_params()).set_params(solver=solver, penalty=penalty)
    assert_same_for_all_weights(mlp, X, y, EXTREME)


@pytest.mark.parametrize("loss", ["poisson", "huber", "quantile"])
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_nor_with_other_losses(loss, solver):
    mlp = RegularizedMLPRegressor((5,), loss=loss, solver=solver, max_iter=15, alpha=1.0)
    mlp.set_params(alpha=1.0, random_state=0)
    assert_same_for_all_weights(mlp, X, np.exp(y), EXTREME, atol=1e-6)


@pytest.mark.parametrize("cls", [RegularizedMLPRegressor, RegularizedMLPClassifier])
def test_nor_in_early_stopping(cls):
    mlp = cls((5,), alpha=1.0, solver="adam", max_iter=20, early_stopping=True)
    mlp.set_params(random_state=0)
    assert_same_for_all_weights(mlp, X, LEVELS, EXTREME)


def test_nor_with_class_weights():
    mlp = RegularizedMLPClassifier((5,), max_iter=20, random_state=0, alpha=1.0)
    mlp.set_params(class_weight="balanced")
    assert_same_for_all_weights(mlp, X, LEVELS, EXTREME)


def test_nor_in_partial_fit():
    def outputs_for(w):
        mlp = RegularizedMLPRegressor((5,), alpha=w, random_state=0)
        for _ in range(3):
            mlp.partial_fit(X, y, sample_weight=w * RATIOS)
        return mlp.predict(X)

    for w in EXTREME:
        np.testing.assert_allclose(outputs_for(w), outputs_for(1.0), atol=1e-8)


def test_nor_in_cross_validation():
    def found(w):
        mlp = RegularizedMLPRegressorCV(
            (5,), alphas=[w, 10 * w], cv=2, tol=1e-3, max_iter=15, random_state=0
        )
        return mlp.fit(X, y, sample_weight=w * RATIOS)

    expected = found(1.0).scores_
    for w in EXTREME[:-1]:
        np.testing.assert_allclose(found(w).scores_, expected, atol=1e-7)


@pytest.mark.parametrize("w", [1e-36, 1e-25, 1e25, 1e36])
@pytest.mark.parametrize("solver", ["lbfgs", "adam", "sgd"])
def test_nor_in_single_precision(solver, w):
    """In a power of two near w: the weights' own rounding is then the same."""
    mlp = RegularizedMLPRegressor(
        (5,), solver=solver, max_iter=5, random_state=0, alpha=1.0
    )
    w = 2.0 ** np.round(np.log2(w))
    assert_same_for_all_weights(mlp, X.astype(np.float32), y, [w], atol=1e-4)


@pytest.mark.parametrize(
    ("w", "size"), [(1e-39, "small"), (1e-100, "small"), (1e39, "large")]
)
def test_weights_beyond_single_precision_are_refused(w, size):
    for mlp in REGRESSOR, RegularizedMLPRegressorCV((5,), alphas=[1]):
        with pytest.raises(ValueError, match=f"too {size} for X of dtype float32.* entry"):
            mlp.fit(X.astype(np.float32), LEVELS, sample_weight=np.full(60, w))


def test_an_alpha_that_is_too_large_for_the_weights_is_said():
    mlp = RegularizedMLPRegressor((5,), solver="lbfgs", random_state=0, alpha=1.0)
    with pytest.raises(ValueError, match="alpha over the sum of sample_weight"):
        mlp.fit(X, y, sample_weight=np.full(60, 1e-308))


def test_what_weights_are_divided_by():
    for dtype in (np.float32, np.float64):
        weights = np.array([0, 1e-3, 3e11], dtype)
        data = Data(X[:3], y[:3, None], weights)
        assert data.with_moderate_weights() == (data, 1.0)
        for w in (1e-30, 1e20):
            scaled, unit = data._replace(sample_weight=w * weights).with_moderate_weights()
            assert scaled.sample_weight.dtype == dtype
            assert 1 <= scaled.sample_weight.max() < 2
            np.testing.assert_array_equal(scaled.sample_weight * dtype(unit), w * weights)
    assert Data(X, y, None).with_moderate_weights()[1] == 1.0


@pytest.mark.parametrize("cls", [RegularizedMLPRegressor, RegularizedMLPRegressorCV])
def test_weights_whose_sum_overflows_are_refused(cls):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), rng.normal(size=60)
    with pytest.raises(ValueError, match=r"sum of sample_weight is not finite.*3e\+306"):
        cls((2,)).fit(X, y, sample_weight=np.full(60, 3e306))


@pytest.mark.parametrize("w", EXTREME)
def test_alpha_from_held_out_samples_is_in_their_unit(w):
    mlp = RegularizedMLPRegressor((5,), max_iter=20, random_state=0, alpha="auto")
    expected = mlp.fit(X, y, RATIOS).alpha_
    assert mlp.fit(X, y, w * RATIOS).alpha_ / w == pytest.approx(expected, rel=0.01)
