"""Networks converted to ONNX answer under onnxruntime as they do here.

Rounding: of a network of a few dozen terms with weights of order 1, in the unit of the
largest output.
"""

import subprocess
import sys

import numpy as np
import pytest
from networks import CLASSIFICATION, KINDS, REGRESSION, X, estimator, with_drawn_weights
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknormreg import (
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressorCV,
    RegularizedMLPSurvivalCV,
)
from sknormreg.engine.activations import ACTIVATIONS
from sknormreg.engine.losses import Loss

skl2onnx = pytest.importorskip("skl2onnx")
onnxruntime = pytest.importorskip("onnxruntime")
sknormreg_onnx = pytest.importorskip("sknormreg.onnx")

ROUNDING = {np.float64: 1e-12, np.float32: 2e-6}

# onnxruntime computes Erf in single precision only.
GELU_ROUNDING = 2e-6


def run(model, X, **options):
    """Outputs of the model under onnxruntime, by name."""
    options = {"zipmap": False, **options} if hasattr(model, "classes_") else None
    converted = skl2onnx.to_onnx(model, X[:1], options=options)
    session = onnxruntime.InferenceSession(
        converted.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"X": X})))


def assert_same_predictions(model, X=X, rounding=None):
    """Equal labels, and probabilities or values equal up to rounding."""
    found, predicted = run(model, X), model.predict(X)
    rounding = rounding or ROUNDING[X.dtype.type]
    if hasattr(model, "predict_proba"):
        np.testing.assert_array_equal(found["label"], predicted)
        assert len(np.unique(predicted)) > 1
        found, predicted = found["probabilities"], model.predict_proba(X)
    else:
        found = found["variable"]
        assert found.ndim == 2
        predicted = predicted.reshape(len(X), -1)
    assert found.dtype == X.dtype
    atol = rounding * np.abs(predicted).max()
    np.testing.assert_allclose(found, predicted, rtol=0, atol=atol)
    assert np.ptp(predicted, axis=0).min() > 1e5 * atol


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_output(kind, dtype):
    model = with_drawn_weights(kind, dtype=dtype)
    assert_same_predictions(model, X.astype(dtype))


def test_no_output_activation_is_left_out():
    links = {with_drawn_weights(kind).out_activation_ for kind in KINDS}
    assert links == {loss.out_activation for loss in Loss.__subclasses__()}


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("kind", ["multiclass", "squared_error"])
def test_every_activation(kind, activation, dtype):
    model = with_drawn_weights(kind, activation=activation, dtype=dtype)
    rounding = GELU_ROUNDING if activation == "gelu" else None
    assert_same_predictions(model, X.astype(dtype), rounding)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_far_from_zero(activation):
    """No overflow where exponentials would, and the right sign far out."""
    model = with_drawn_weights("squared_error", sizes=(2,), activation=activation)
    model.coefs_[0][...] = 0
    model.coefs_[0][0], model.coefs_[1][...] = [1, -1], [[1], [2]]
    model.intercepts_[0][...] = 0
    far = np.zeros((5, 5))
    far[:, 0] = [-2000, -30, 0, 30, 2000]
    found = run(model, far)["variable"].ravel()
    np.testing.assert_allclose(found, model.predict(far), rtol=1e-7, atol=1e-12)


def test_a_different_activation_for_each_layer():
    model = with_drawn_weights("binary", activation=["softplus", "elu"])
    assert_same_predictions(model)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "squared_error", "poisson"])
def test_without_hidden_layers(kind):
    assert_same_predictions(with_drawn_weights(kind, sizes=()))


@pytest.mark.parametrize("kind", ["binary", "multiclass", "several outputs", "poisson"])
def test_skip_connection(kind):
    model = with_drawn_weights(kind, penalty="hierarchical")
    assert model.skip_coef_.all()
    assert_same_predictions(model)


@pytest.mark.parametrize("kind", ["multiclass", "squared_error"])
def test_sparsified_and_compacted(kind):
    model = with_drawn_weights(kind, sizes=(40,))
    model.coefs_[0][:, 2:] = 0
    assert_same_predictions(model.compact())
    sparse = model.sparsify()
    assert sparse._has_sparse_weights()
    assert_same_predictions(sparse)


@pytest.mark.parametrize("relax", [False, True])
@pytest.mark.parametrize("kind", ["binary text", "multiclass", "squared_error", "poisson"])
def test_cross_validated(kind, relax):
    params = dict(penalty="group_lasso", alphas=[0.3, 3], cv=2, relax=relax, tol=0.1)
    plain = estimator(kind, hidden_layer_sizes=(3,))
    cls = (
        RegularizedMLPClassifierCV if kind in CLASSIFICATION else RegularizedMLPRegressorCV
    )
    loss = {} if kind in CLASSIFICATION else {"loss": plain.loss}
    model = cls((3,), random_state=0, **params, **loss).fit(X, KINDS[kind])
    assert_same_predictions(model)


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("kind", KINDS)
def test_ensembles(kind, dtype):
    cls = RegularizedMLPRegressorCV
    if kind in CLASSIFICATION:
        cls = RegularizedMLPClassifierCV
    elif kind == "survival":
        cls = RegularizedMLPSurvivalCV
    loss = {"loss": estimator(kind).loss} if kind in REGRESSION else {}
    model = cls((3,), random_state=0, alphas=[0.3], cv=3, ensemble=True, tol=0.1, **loss)
    model.fit(X.astype(dtype), KINDS[kind])
    # A single network would answer otherwise.
    final = model.estimators_[-1]
    assert not np.allclose(final._raw_predict(X), model._raw_predict(X), atol=1e-3)
    assert_same_predictions(model, X.astype(dtype))


def test_of_integers_and_booleans():
    model = with_drawn_weights("multiclass")
    whole = np.round(2 * X).astype(np.int64)
    # They are computed with in single precision.
    expected = model.predict_proba(whole.astype(np.float32))
    found = run(model, whole)
    np.testing.assert_allclose(found["probabilities"], expected, atol=2e-6)
    np.testing.assert_array_equal(found["label"], expected.argmax(axis=1) + 3)
    found = run(model, X > 0)["probabilities"]
    np.testing.assert_allclose(found, model.predict_proba((X > 0) * 1.0), atol=2e-6)


# What skl2onnx offers for classifiers


@pytest.mark.parametrize("kind", CLASSIFICATION)
def test_raw_scores(kind):
    model = with_drawn_weights(kind)
    expected = model.decision_function(X)
    if expected.ndim == 1:
        expected = np.c_[-expected, expected]
    found = run(model, X, raw_scores=True)
    np.testing.assert_allclose(found["probabilities"], expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found["label"], model.predict(X))


@pytest.mark.parametrize("kind", ["binary text", "multiclass", "multilabel"])
def test_zipmap(kind):
    """Of single precision: ONNX has no other."""
    model, X_single = with_drawn_weights(kind, dtype=np.float32), X.astype(np.float32)
    rows = run(model, X_single, zipmap=True)["output_probability"]
    assert all(list(row) == model.classes_.tolist() for row in rows)
    found = np.array([list(row.values()) for row in rows])
    np.testing.assert_allclose(found, model.predict_proba(X_single), atol=2e-6)


def test_columns_indices_and_class_labels():
    model = with_drawn_weights("multiclass text")
    expected = model.predict_proba(X)
    columns = run(model, X, zipmap="columns")
    for label, probability in zip(model.classes_, expected.T):
        np.testing.assert_allclose(columns[f"s{label}"].ravel(), probability, rtol=1e-10)
    found = run(model, X, nocl=True)["label"]
    np.testing.assert_array_equal(found, expected.argmax(axis=1))
    labels = run(model, X, output_class_labels=True)["class_labels"]
    assert labels.tolist() == model.classes_.tolist()


# As a part of other models


@pytest.mark.parametrize("kind", [*CLASSIFICATION, *REGRESSION])
def test_in_a_pipeline(kind):
    scaler = StandardScaler().fit(X[:30])
    model = make_pipeline(scaler, with_drawn_weights(kind))
    assert_same_predictions(model)


def test_inside_ensembles():
    bagging = BaggingClassifier(
        estimator("multiclass", hidden_layer_sizes=(3,), tol=0.1),
        n_estimators=2,
        random_state=0,
    ).fit(X, KINDS["multiclass"])
    assert_same_predictions(bagging)
    several = MultiOutputRegressor(estimator("huber", hidden_layer_sizes=(3,), tol=0.1))
    assert_same_predictions(several.fit(X, KINDS["several outputs"]))


# What cannot be converted


def test_what_has_no_network_is_refused():
    with pytest.raises(NotFittedError):
        run(estimator("squared_error"), X)


def test_labels_that_onnx_does_not_have_are_refused():
    model = with_drawn_weights("whole floats")
    model.classes_ = model.classes_ / 2
    with pytest.raises(ValueError, match="whole numbers and strings"):
        run(model, X)


def test_labels_too_large_for_onnx_are_refused():
    model = with_drawn_weights("multiclass")
    model.classes_ = model.classes_.astype(np.uint64) + np.uint64(2**63)
    with pytest.raises(ValueError, match="whole numbers and strings"):
        run(model, X)


def test_a_network_has_one_input():
    frame = pytest.importorskip("pandas").DataFrame(X).add_prefix("x")
    with pytest.raises(RuntimeError, match="input"):
        skl2onnx.to_onnx(with_drawn_weights("multiclass"), frame[:1])


def test_registering_again_changes_nothing():
    sknormreg_onnx.register()
    assert_same_predictions(with_drawn_weights("multiclass"))


_WITHOUT_SKL2ONNX = """
import sys
sys.modules["skl2onnx"] = None
try:
    import sknormreg.onnx
except ImportError as error:
    assert "sknormreg[onnx]" in str(error), error
else:
    raise AssertionError("no error")
"""


def test_without_skl2onnx_the_module_says_what_to_install():
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_SKL2ONNX], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
