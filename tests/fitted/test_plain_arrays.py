"""to_arrays(): that a network is computed from it by NumPy alone, once it was stored."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor

DOC = Path(__file__).parents[2] / "doc" / "persistence.md"
COLUMNS = ["age", "income", "height"]

not_converged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.RandomState(0)
X = rng.normal(size=(30, 3))
CASES = {
    "text": (RegularizedMLPClassifier, {}, np.array(["a", "bc"])[(X[:, 0] > 0) * 1]),
    "numbers": (RegularizedMLPClassifier, {}, np.digitize(X[:, 0], [-0.5, 0.5])),
    "skip": (RegularizedMLPRegressor, {"penalty": "hierarchical"}, X[:, :2]),
    "poisson": (RegularizedMLPRegressor, {"loss": "poisson"}, np.round(np.exp(X[:, 0]))),
    "linear": (RegularizedMLPRegressor, {"hidden_layer_sizes": ()}, X[:, 0]),
}


def fitted(case, X=X, **params):
    cls, own, y = CASES[case]
    params = {
        "hidden_layer_sizes": (4, 3),
        "max_iter": 3,
        "random_state": 0,
        **own,
        **params,
    }
    return cls(**params).fit(X, y)


def stored_and_loaded(model, folder):
    np.savez(folder / "model.npz", **model.to_arrays())
    with np.load(folder / "model.npz", allow_pickle=False) as file:
        return dict(file)


@pytest.mark.parametrize("case", CASES)
@not_converged
def test_the_code_of_the_documentation_predicts_the_same(case, tmp_path):
    """In a process that has neither scikit-learn nor sknormreg."""
    model = fitted(case, activation=["tanh", "relu"] if case != "linear" else "tanh")
    np.savez(tmp_path / "model.npz", **model.to_arrays())
    np.save(tmp_path / "X.npy", X)
    (code,) = [
        block
        for block in re.findall(r"```python\n(.*?)```", DOC.read_text("utf-8"), re.DOTALL)
        if "def predict(" in block
    ]
    script = (
        "import sys\nsys.modules.update(sklearn=None, sknormreg=None, scipy=None)\n"
        + code
        + '\nwith np.load("model.npz") as file:\n    arrays = dict(file)\n'
        + 'np.save("found.npy", predict(arrays, np.load("X.npy")))\n'
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = np.load(tmp_path / "found.npy")
    expected = getattr(model, "predict_proba", model.predict)(X).reshape(len(X), -1)
    if found.shape[1] < expected.shape[1]:
        expected = expected[:, 1:]  # of two classes, the second one's probability
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("case", CASES)
@not_converged
def test_entries(case, tmp_path):
    model = fitted(case)
    arrays = stored_and_loaded(model, tmp_path)
    n_layers = len(model.coefs_)
    for i in range(n_layers):
        np.testing.assert_array_equal(arrays.pop(f"coef_{i}"), model.coefs_[i])
        np.testing.assert_array_equal(arrays.pop(f"intercept_{i}"), model.intercepts_[i])
    if case == "skip":
        np.testing.assert_array_equal(arrays.pop("skip_coef"), model.skip_coef_)
    if hasattr(model, "classes_"):
        assert arrays.pop("classes").tolist() == model.classes_.tolist()
    assert arrays.pop("activations").tolist() == ["tanh"] * (n_layers - 1)
    assert arrays.pop("out_activation").item() == model.out_activation_
    assert not arrays


@not_converged
def test_names_of_features_and_of_classes_in_a_frame(tmp_path):
    """Which pandas keeps as objects."""
    y = pd.Series(CASES["text"][2], dtype=object)
    model = RegularizedMLPClassifier((4,), max_iter=3, random_state=0, alpha=1.0)
    model.fit(pd.DataFrame(X, columns=COLUMNS), y)
    arrays = stored_and_loaded(model, tmp_path)
    assert arrays["feature_names"].tolist() == COLUMNS
    assert arrays["classes"].tolist() == ["a", "bc"]


@not_converged
def test_sparsified_weights_are_stored_dense_and_stay_sparse_in_the_model(tmp_path):
    model = fitted("skip", hidden_layer_sizes=(30, 30))
    model.coefs_[1][1:] = 0
    expected = model.coefs_[1].copy()
    arrays = stored_and_loaded(model.sparsify(), tmp_path)
    np.testing.assert_array_equal(arrays["coef_1"], expected)
    assert model._has_sparse_weights()


@not_converged
def test_arrays_are_copies():
    model = fitted("skip")
    expected = model.predict(X)
    for array in model.to_arrays().values():
        if array.dtype.kind == "f":
            array[...] = 0
    np.testing.assert_array_equal(model.predict(X), expected)


def test_it_needs_a_fit():
    with pytest.raises(NotFittedError):
        RegularizedMLPRegressor(alpha=1.0).to_arrays()
