"""Names with characters that matplotlib takes for formulas are drawn as they are."""

import io

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPRegressor, regularization_path

pytest.importorskip("matplotlib")

from sknormreg.displays import (
    NetworkDisplay,
    RegularizationPathDisplay,
    WeightsDisplay,
)

NAMES = ["price ($)", "a_b", "$x$", "\\alpha", "$\\frac$", "5$ or 6$", "%$#", "$", "a", "b"]


@pytest.fixture(scope="module")
def data():
    X, y = load_diabetes(return_X_y=True)
    return scale(X), scale(y)


def drawn(display):
    """The texts of a figure as they are shown, after drawing it."""
    import matplotlib.pyplot as plt
    from matplotlib.text import Text

    figure = display.figure_
    figure.savefig(io.BytesIO(), format="svg")
    shown = set()
    for text in figure.findobj(Text):
        plain, is_formula = text._preprocess_math(text.get_text())
        # But for the powers of ten of a logarithmic axis.
        assert not is_formula or "mathdefault" in plain, plain
        shown.add(plain)
    plt.close(figure)
    return shown


def test_network_and_weights(data):
    mlp = RegularizedMLPRegressor(
        (3,), max_iter=20, tol=1.0, random_state=0, alpha=1.0
    ).fit(*data)
    for Display in (NetworkDisplay, WeightsDisplay):
        assert set(NAMES) <= drawn(Display.from_estimator(mlp, feature_names=NAMES))


def test_path(data):
    path = regularization_path(
        *data,
        estimator=RegularizedMLPRegressor(
            (3,), penalty="l1", tol=0.1, random_state=0, alpha=1.0
        ),
        alphas=[1.0, 10.0],
    )
    display = RegularizationPathDisplay.from_path(path, feature_names=np.array(NAMES))
    labels = {line.get_label() for line in display.figure_.axes[0].get_lines()}
    assert any("\\$" in label for label in labels)
    assert set(NAMES) & drawn(display)
