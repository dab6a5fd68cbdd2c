"""Selectors of a DataFrame with 300 features: names, categories and a rare class."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknormreg import (
    KnockoffSelector,
    MLPFeatureSelector,
    RegularizedMLPClassifier,
    StabilitySelector,
)
from sknormreg.penalties import GroupLasso, MaxNorm

NUMBERS = [f"sensor {i}" for i in range(290)]
GROUPS = {"colour": "category__colour_", "size": "category__size_"}

NETWORK = RegularizedMLPClassifier(
    (2,), activation="tanh", penalty=[GroupLasso(), MaxNorm(1)], max_iter=100, alpha=1.0
)


@pytest.fixture(scope="module")
def table():
    """A frame with 290 numbers and two categories of 6 and 4 levels, and classes."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(400, 290)), columns=NUMBERS)
    levels = rng.integers(0, 6, size=400)
    frame["colour"] = np.array(["red", "green", "blue", "cyan", "grey", "pink"])[levels]
    frame["size"] = np.array(["S", "M", "L", "XL"])[rng.integers(0, 4, size=400)]
    score = 2 * frame["sensor 7"] - 2 * frame["sensor 40"]
    score += np.array([4.0, -4, -4, -4, -4, 4])[levels]
    # 20 samples are faults.
    return frame, np.where(score.rank() > 380, "fault", "fine")


def pipeline_of(selector):
    encoder = OneHotEncoder(sparse_output=False)
    columns = ColumnTransformer(
        [("category", encoder, ["colour", "size"]), ("number", StandardScaler(), NUMBERS)]
    )
    steps = [("columns", columns), ("selector", selector), ("model", LogisticRegression())]
    return Pipeline(steps).set_output(transform="pandas")


CASES = [
    (
        KnockoffSelector(NETWORK, fdr=0.5, n_draws=1, alphas=[4.0], offset=0),
        {"fdr": [0.4, 0.5]},
    ),
    (MLPFeatureSelector(NETWORK, alpha=5.0, n_init=1), {"max_features": [2, 4]}),
    (
        StabilitySelector(
            NETWORK, alphas=[1.0, 2.0, 4.0], n_resamples=2, n_features_per_resample=20
        ),
        {"threshold": [0.6, 0.75]},
    ),
]


@pytest.mark.parametrize(
    ("selector", "grid"), CASES, ids=[type(selector).__name__ for selector, _ in CASES]
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_frames_go_through_pipelines_and_searches(table, selector, grid):
    frame, y = table
    selector = clone(selector).set_params(groups=GROUPS, random_state=0)
    pipeline = pipeline_of(selector).fit(frame, y)
    fitted = pipeline["selector"]
    assert fitted.n_features_in_ == 300
    names = list(pipeline[:-1].get_feature_names_out())
    assert names == list(fitted.selected_feature_names_)
    assert names == list(pipeline["model"].feature_names_in_)
    assert {"number__sensor 7", "number__sensor 40"} <= set(names)
    assert len(names) < 40
    # All columns of a category, or none.
    n_columns = [sum(prefix in name for name in names) for prefix in ("colour", "size")]
    assert n_columns in ([0, 0], [6, 0])
    if not isinstance(selector, StabilitySelector):
        # Halves with ten faults do not tell.
        assert n_columns == [6, 0]
    assert set(pipeline.predict(frame)) <= {"fault", "fine"}
    fine = pipeline.predict_proba(frame)[:, 1]
    assert roc_auc_score(y == "fine", fine) > 0.9
    (name,) = grid
    search = GridSearchCV(
        pipeline,
        {f"selector__{name}": grid[name]},
        cv=2,
        scoring="roc_auc",
        error_score="raise",
    ).fit(frame, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_score_ > 0.8
    assert search.predict(frame).shape == (400,)
