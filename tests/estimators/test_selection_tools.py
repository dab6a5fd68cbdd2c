"""scikit-learn's tools for selecting and inspecting features, around a group lasso."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor
from sknormreg.penalties import GroupLasso

BOTH = [RegularizedMLPClassifier, RegularizedMLPRegressor]
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.RandomState(0)
COLUMNS = ["noise_1", "strong", "noise_2", "weak", "noise_3"]
MATTER = [False, True, False, True, False]
X = pd.DataFrame(rng.randn(150, 5), columns=COLUMNS)
SCORES = 3 * X["strong"].to_numpy() + 0.7 * X["weak"].to_numpy() + 0.1 * rng.randn(150)
TARGETS = {
    RegularizedMLPClassifier: np.where(SCORES > 0, "up", "down"),
    RegularizedMLPRegressor: SCORES,
}


def make(cls, **params):
    alpha = 5.0 if cls is RegularizedMLPClassifier else 10.0
    settings = dict(penalty="group_lasso", alpha=alpha, max_iter=200, random_state=0)
    return cls((6,), **{**settings, **params})


@pytest.mark.parametrize("cls", BOTH)
def test_the_group_lasso_itself_selects(cls):
    model = make(cls).fit(X, TARGETS[cls])
    assert model.selected_features_.tolist() == MATTER
    assert model.selected_feature_names_.tolist() == ["strong", "weak"]
    assert model.feature_importances_[1] > model.feature_importances_[3] > 0


@pytest.mark.parametrize("prefit", [False, True])
@pytest.mark.parametrize("cls", BOTH)
def test_select_from_model(cls, prefit):
    y = TARGETS[cls]
    model = make(cls).fit(X, y) if prefit else make(cls)
    everything = SelectFromModel(model, threshold=1e-12, prefit=prefit).fit(X, y)
    assert everything.get_support().tolist() == MATTER
    assert everything.get_feature_names_out().tolist() == ["strong", "weak"]
    # Above the mean, of 1/5, there is the stronger one alone; so there is with a count.
    for options in (dict(), dict(threshold="mean"), dict(max_features=1)):
        selector = SelectFromModel(model, prefit=prefit, **options).fit(X, y)
        assert selector.get_feature_names_out().tolist() == ["strong"]
    selector = SelectFromModel(model, threshold=0.9999, prefit=prefit).fit(X, y)
    assert not selector.get_support().any()


@pytest.mark.parametrize("cls", BOTH)
def test_select_from_model_in_a_pipeline_with_a_refit(cls):
    y = TARGETS[cls]
    pipeline = make_pipeline(
        StandardScaler(),
        SelectFromModel(make(cls), threshold=1e-12),
        cls((6,), alpha=0.1, max_iter=100, random_state=0),
    ).set_output(transform="pandas")
    pipeline.fit(X, y)
    assert pipeline[-1].feature_names_in_.tolist() == ["strong", "weak"]
    assert pipeline[-1].sparsity_ == 0
    assert pipeline.score(X, y) > 0.95
    assert pipeline[:-1].transform(X).columns.tolist() == ["strong", "weak"]
    # What was not selected makes no difference, to the last bit.
    changed = X.assign(noise_1=-X["noise_1"], noise_3=7.0)
    np.testing.assert_array_equal(pipeline.predict(changed), pipeline.predict(X))
    grid = {"selectfrommodel__estimator__alpha": [0.0, 5.0]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_score_ > 0.9
    # With alpha=0 nothing is dropped.
    all_of_them = clone(pipeline).set_params(selectfrommodel__estimator__alpha=0.0)
    assert all_of_them.fit(X, y)[-1].n_features_in_ == 5


@pytest.mark.parametrize("cls", BOTH)
def test_recursive_feature_elimination(cls):
    selector = RFE(make(cls, alpha=1.0), n_features_to_select=1)
    selector.fit(X, TARGETS[cls])
    assert selector.ranking_[1] == 1
    assert selector.ranking_[3] == 2
    two = RFE(make(cls), n_features_to_select=2).fit(X, TARGETS[cls])
    assert two.get_feature_names_out().tolist() == ["strong", "weak"]
    assert two.score(X, TARGETS[cls]) > 0.8


@pytest.mark.parametrize("cls", BOTH)
def test_permutation_importance(cls):
    y = TARGETS[cls]
    model = make(cls).fit(X, y)
    found = permutation_importance(model, X, y, n_repeats=3, random_state=0)
    # What is not selected cannot matter; what is does, the stronger one more.
    np.testing.assert_array_equal(found.importances_mean[np.logical_not(MATTER)], 0)
    assert found.importances_mean[1] > found.importances_mean[3] > 0.01
    small = permutation_importance(model.compact(), X, y, n_repeats=3, random_state=0)
    np.testing.assert_allclose(small.importances, found.importances, atol=1e-10)


@pytest.mark.parametrize("cls", BOTH)
def test_partial_dependence(cls):
    model = make(cls).fit(X, TARGETS[cls])

    def curve(name):
        return partial_dependence(model, X, [name], grid_resolution=7)["average"][0]

    # Averages of equal numbers: rounding.
    assert np.ptp(curve("noise_1")) < 1e-12
    assert (np.diff(curve("strong")) > 0).all()
    assert (np.diff(curve("weak")) > 0).all()
    assert np.ptp(curve("strong")) > np.ptp(curve("weak"))


@pytest.mark.parametrize("cls", BOTH)
def test_set_output(cls):
    selector = SelectFromModel(make(cls), threshold=1e-12)
    selector.set_output(transform="pandas").fit(X, TARGETS[cls])
    found = selector.transform(X)
    assert isinstance(found, pd.DataFrame)
    pd.testing.assert_frame_equal(found, X[["strong", "weak"]])


def test_set_output_feeds_names_to_groups():
    """Groups by names of columns, after a step that would return an array."""
    groups = [["noise_1", "noise_2"], "noise_3", ["strong", "weak"]]
    model = make(RegularizedMLPRegressor, penalty=GroupLasso(groups=groups))
    pipeline = make_pipeline(StandardScaler(), model)
    with pytest.raises(ValueError, match="'noise_1', but X has no feature names"):
        pipeline.fit(X, SCORES)
    pipeline.set_output(transform="pandas").fit(X, SCORES)
    assert model.selected_features_.tolist() == MATTER
    assert pipeline.score(X, SCORES) > 0.8
