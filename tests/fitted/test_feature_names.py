"""Names of the features of networks within pipelines and other meta-estimators."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
    feature_names,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
NAMES = ["age", "income", "height"]
X = pd.DataFrame(rng.normal(size=(30, 3)), columns=NAMES)
Y = X["age"] - X["height"]
MLP = RegularizedMLPRegressor((2,), max_iter=2, random_state=0, alpha=1.0)


def search(estimator):
    return GridSearchCV(estimator, {}, cv=2)


AROUND = {
    "nothing": lambda mlp: mlp,
    "scaler": lambda mlp: make_pipeline(StandardScaler(), mlp),
    "pandas output": lambda mlp: make_pipeline(
        StandardScaler().set_output(transform="pandas"), mlp
    ),
    "two pipelines": lambda mlp: make_pipeline(
        StandardScaler(), make_pipeline(StandardScaler(), mlp)
    ),
    "search": lambda mlp: search(make_pipeline(StandardScaler(), mlp)),
    "search in a pipeline": lambda mlp: make_pipeline(StandardScaler(), search(mlp)),
    "target": lambda mlp: TransformedTargetRegressor(
        make_pipeline(StandardScaler(), mlp), transformer=StandardScaler()
    ),
}


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize(
    "mlp",
    [
        MLP,
        RegularizedMLPRegressorCV((2,), alphas=[1.0, 2.0], cv=2, max_iter=2),
        MLPRegressor(hidden_layer_sizes=(2,), max_iter=2),
    ],
    ids=lambda mlp: type(mlp).__name__,
)
def test_names_are_those_of_the_data_frame(mlp, around):
    names = feature_names(AROUND[around](clone(mlp)).fit(X, Y))
    assert names.dtype == object
    assert list(names) == NAMES


@pytest.mark.parametrize("around", [name for name in AROUND if name != "pandas output"])
def test_features_without_names_are_numbered(around):
    fitted = AROUND[around](clone(MLP)).fit(X.to_numpy(), Y)
    assert list(feature_names(fitted)) == ["x0", "x1", "x2"]


def test_names_are_of_the_selected_features_of_a_pipeline():
    mlp = clone(MLP)
    pipeline = make_pipeline(StandardScaler(), mlp).fit(X, Y)
    mlp.coefs_[0][1] = 0
    assert list(feature_names(pipeline)[mlp.selected_features_]) == ["age", "height"]


def test_names_are_those_of_the_columns_that_steps_return():
    table = X.assign(colour=np.where(X["age"] > 0, "red", "blue"))
    encoder = make_column_transformer(
        (OneHotEncoder(), ["colour"]), remainder="passthrough"
    )
    pipeline = make_pipeline(encoder, SelectKBest(f_regression, k=3), clone(MLP)).fit(
        table, Y
    )
    kept = encoder.get_feature_names_out()[pipeline[1].get_support()]
    assert len(kept) == 3
    assert list(feature_names(pipeline)) == list(kept)


def test_steps_without_names_leave_numbers():
    pipeline = make_pipeline(FunctionTransformer(np.asarray), clone(MLP)).fit(X, Y)
    assert list(feature_names(pipeline)) == ["x0", "x1", "x2"]


@pytest.mark.parametrize("around", AROUND)
def test_estimators_without_a_fit_are_refused(around):
    with pytest.raises(NotFittedError):
        feature_names(AROUND[around](clone(MLP)))


def test_other_estimators_are_refused():
    with pytest.raises(TypeError, match="must be a network"):
        feature_names(make_pipeline(StandardScaler(), Ridge()).fit(X, Y))


@pytest.mark.parametrize("cls", [RegularizedMLPClassifier, RegularizedMLPRegressor])
def test_number_of_selected_features(cls):
    mlp = cls((2,), max_iter=1, random_state=0).fit(X, Y > 0)
    assert mlp.n_selected_features_ == 3
    mlp.coefs_[0][1] = 0
    assert mlp.n_selected_features_ == 2
    assert isinstance(mlp.n_selected_features_, int)
    with pytest.raises(NotFittedError):
        _ = cls().n_selected_features_
