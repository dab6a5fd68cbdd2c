"""emlearn takes what to_sklearn() returns, and to_c() takes less space.

emlearn compiles in a subfolder of the current one.
"""

import re
import shutil
import subprocess

import numpy as np
import pytest
from networks import X, with_drawn_weights
from sklearn.datasets import load_digits

from sknormreg import RegularizedMLPClassifier

emlearn = pytest.importorskip("emlearn")
COMPILER = shutil.which("gcc") or shutil.which("cc")


def size_of_code_and_data(source, *options):
    """Bytes of the object file, which `size` of the binary utilities counts."""
    compiled = source.with_suffix(".o")
    command = [COMPILER, "-std=c99", "-Os", *options, "-c", source, "-o", compiled]
    subprocess.run(command, check=True)
    told = subprocess.run(["size", compiled], capture_output=True, text=True, check=True)
    text, data = re.search(r"^\s*(\d+)\s+(\d+)", told.stdout, re.MULTILINE).groups()
    return int(text) + int(data)


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic"])
def test_emlearn_predicts_the_same(activation, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = with_drawn_weights("multiclass", activation=activation, dtype=np.float32)
    converted = emlearn.convert(model.to_sklearn(), method="loadable")
    found = converted.predict(X.astype(np.float32))
    np.testing.assert_array_equal(found, model.predict(X.astype(np.float32)) - 3)


@pytest.mark.skipif(
    COMPILER is None or shutil.which("size") is None, reason="no C compiler"
)
@pytest.mark.parametrize("weights", ["float32", "int8"])
def test_a_pruned_network_takes_a_fifth_of_the_space(weights, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X, y = load_digits(return_X_y=True)
    model = RegularizedMLPClassifier((50,), penalty="l1", alpha=3, random_state=0)
    model.fit(X / 16, y)
    assert model.score(X / 16, y) > 0.9
    converted = emlearn.convert(model.to_sklearn(), method="inline")
    converted.save(file=str(tmp_path / "digits.h"), name="digits")
    theirs = tmp_path / "theirs.c"
    theirs.write_text(
        '#include "digits.h"\n'
        "int classify(const float *x) { return digits_predict(x, 64); }\n"
    )
    ours = tmp_path / "ours.c"
    model.to_c(ours, weights=weights)
    include = f"-I{emlearn.includedir}"
    assert size_of_code_and_data(ours) <= size_of_code_and_data(theirs, include) / 5
