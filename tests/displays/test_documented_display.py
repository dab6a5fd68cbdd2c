"""The display of the page "How to add a display" draws what the page says."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

from sknormreg import RegularizedMLPRegressor

plt = pytest.importorskip("matplotlib.pyplot")

SOURCE = Path(__file__).parents[2] / "doc" / "extending" / "importances.py"
pytestmark = pytest.mark.skipif(not SOURCE.exists(), reason="is about the repository")


def test_bars_are_the_importances():
    # Where the page puts it, its relative imports lead to the package.
    spec = importlib.util.spec_from_file_location(
        "sknormreg.displays.importances", SOURCE, submodule_search_locations=None
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    mlp = RegularizedMLPRegressor((), penalty="l1", alpha=50, random_state=0).fit(X, y)
    display = module.ImportancesDisplay.from_estimator(mlp)
    weights = np.abs(mlp.coefs_[0][:, 0])
    order = np.argsort(weights, kind="stable")
    drawn = [bar.get_width() for bar in display.bars_]
    np.testing.assert_allclose(drawn, weights[order] / weights.sum())
    labels = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert labels == list(X.columns[order])
    with pytest.raises(TypeError, match="estimator must be a network"):
        module.ImportancesDisplay.from_estimator(Ridge())
    plt.close(display.figure_)
