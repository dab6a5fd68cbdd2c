"""Frames of pandas and polars: the same fit as of the arrays in them, and their names."""

import numpy as np
import pytest
from networks import KINDS, SCORES, X, estimator
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknormreg import RegularizedMLPClassifier, RegularizedMLPClassifierCV
from sknormreg.penalties import GroupLasso

COLUMNS = ["age", "income", "height", "weight", "steps"]
LIBRARIES = ["pandas", "polars"]
TEXT = KINDS["multiclass text"]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(params=LIBRARIES)
def library(request):
    return pytest.importorskip(request.param)


def frame_of(library, values=X, names=COLUMNS):
    return library.DataFrame({name: values[:, i] for i, name in enumerate(names)})


def classifier(**params):
    return RegularizedMLPClassifier(
        **{"hidden_layer_sizes": (4,), "max_iter": 20, "random_state": 0, **params}
    )


def assert_same_weights(model, expected):
    for array, other in zip(model.coefs_, expected.coefs_, strict=True):
        np.testing.assert_array_equal(array, other)


@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_and_a_series_are_their_arrays(library, kind):
    y = KINDS[kind]
    expected = estimator(kind, hidden_layer_sizes=(4,), max_iter=20).fit(X, y)
    if y.ndim == 1:
        targets = library.Series(y)
    else:
        targets = frame_of(library, y, ["p", "q", "r"][: y.shape[1]])
    frame = frame_of(library)
    model = estimator(kind, hidden_layer_sizes=(4,), max_iter=20).fit(frame, targets)
    assert_same_weights(model, expected)
    np.testing.assert_array_equal(model.predict(frame), expected.predict(X))
    assert model.feature_names_in_.tolist() == COLUMNS
    assert model.score(frame, targets) == expected.score(X, y)


def test_weights_and_held_out_rows(library):
    weights, frame = 0.5 + np.abs(SCORES), frame_of(library)
    held_out = dict(X_val=frame[:20], y_val=library.Series(TEXT[:20]))
    model = classifier(early_stopping=True, solver="adam", max_iter=10).fit(
        frame, library.Series(TEXT), library.Series(weights), **held_out
    )
    expected = classifier(early_stopping=True, solver="adam", max_iter=10).fit(
        X, TEXT, weights, X_val=X[:20], y_val=TEXT[:20]
    )
    assert_same_weights(model, expected)
    assert model.validation_loss_curve_ == expected.validation_loss_curve_


def test_parts_for_partial_fit(library):
    frame, targets = frame_of(library), library.Series(TEXT)
    model, expected = classifier(), classifier()
    for rows in (slice(0, 30), slice(30, 60)):
        model.partial_fit(frame[rows], targets[rows], classes=np.unique(TEXT))
        expected.partial_fit(X[rows], TEXT[rows], classes=np.unique(TEXT))
    assert_same_weights(model, expected)


def test_groups_by_name(library):
    """As those of the columns at the same places."""
    by_name = [["income", "steps"], ["age", "weight", "height"]]
    by_index = [[1, 4], [0, 3, 2]]
    model = classifier(penalty=GroupLasso(groups=by_name), alpha=20, max_iter=200)
    expected = classifier(penalty=GroupLasso(groups=by_index), alpha=20, max_iter=200)
    model.fit(frame_of(library), TEXT)
    assert_same_weights(model, expected.fit(X, TEXT))
    selected = set(model.selected_feature_names_)
    assert selected in [set(group) for group in by_name] + [set(COLUMNS), set()]


def test_other_columns_are_refused(library):
    model = classifier().fit(frame_of(library), TEXT)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame_of(library, X[:, ::-1], COLUMNS[::-1]))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)


def test_frames_through_a_pipeline(library):
    frame = frame_of(library)
    scaler = StandardScaler().set_output(transform=library.__name__)
    model = make_pipeline(scaler, classifier(penalty="group_lasso", alpha=10))
    model.fit(frame, library.Series(TEXT))
    assert model[-1].feature_names_in_.tolist() == COLUMNS
    expected = make_pipeline(StandardScaler(), classifier(penalty="group_lasso", alpha=10))
    assert_same_weights(model[-1], expected.fit(X, TEXT)[-1])


def test_mixed_columns_through_a_column_transformer(library):
    colours = np.array(["red", "green", "blue"])[np.arange(60) % 3]
    frame = library.DataFrame({"size": X[:, 0], "colour": colours})
    encode = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["colour"]),
        (StandardScaler(), ["size"]),
        verbose_feature_names_out=False,
    ).set_output(transform=library.__name__)
    groups = [["colour_blue", "colour_green", "colour_red"], ["size"]]
    model = make_pipeline(encode, classifier(penalty=GroupLasso(groups=groups), alpha=0.5))
    model.fit(frame, library.Series(TEXT))
    assert model[-1].feature_names_in_.tolist() == [*groups[0], "size"]
    assert "size" in model[-1].selected_feature_names_
    assert model.score(frame, library.Series(TEXT)) > 0.4


def test_cross_validation(library):
    params = dict(penalty="group_lasso", alphas=[1, 10], cv=2, max_iter=50, random_state=0)
    model = RegularizedMLPClassifierCV((3,), **params)
    model.fit(frame_of(library), library.Series(TEXT))
    expected = RegularizedMLPClassifierCV((3,), **params).fit(X, TEXT)
    np.testing.assert_array_equal(model.scores_, expected.scores_)
    assert_same_weights(model, expected)
    assert set(model.selected_feature_names_) <= set(COLUMNS)


@pytest.mark.parametrize("dtype", ["float32", "Float64", "Int64", "boolean", "int8"])
def test_column_types_of_pandas(dtype):
    pandas = pytest.importorskip("pandas")
    values = X > 0 if dtype == "boolean" else np.round(X) if "nt" in dtype else X
    frame = pandas.DataFrame(values, columns=COLUMNS).astype(dtype)
    plain = values.astype(np.float32 if dtype == "float32" else np.float64)
    model, expected = classifier().fit(frame, TEXT), classifier().fit(plain, TEXT)
    assert_same_weights(model, expected)
    np.testing.assert_array_equal(model.predict_proba(frame), expected.predict_proba(plain))


@pytest.mark.parametrize("dtype", ["object", "category", "string", "str"])
def test_labels_of_pandas(dtype):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=COLUMNS)
    model = classifier().fit(frame, pandas.Series(TEXT).astype(dtype))
    assert_same_weights(model, classifier().fit(X, TEXT))
    assert model.classes_.tolist() == sorted(set(TEXT))
    assert set(model.predict(frame)) <= set(TEXT)


@pytest.mark.parametrize("dtype", ["Int32", "Float32", "Boolean"])
def test_column_types_of_polars(dtype):
    """All of them become double, as scikit-learn has it."""
    polars = pytest.importorskip("polars")
    values = X > 0 if dtype == "Boolean" else np.round(X) if dtype == "Int32" else X
    frame = frame_of(polars, values).cast(getattr(polars, dtype))
    plain = values.astype(np.float32 if dtype == "Float32" else np.float64)
    expected = classifier().fit(plain.astype(np.float64), TEXT)
    assert_same_weights(classifier().fit(frame, TEXT), expected)


@pytest.mark.parametrize("dtype", ["Categorical", "String"])
def test_labels_of_polars(dtype):
    polars = pytest.importorskip("polars")
    labels = polars.Series(TEXT).cast(getattr(polars, dtype))
    model = classifier().fit(frame_of(polars), labels)
    assert_same_weights(model, classifier().fit(X, TEXT))
    assert model.classes_.tolist() == sorted(set(TEXT))


def test_missing_values_are_refused(library):
    values = X.copy()
    values[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        classifier().fit(frame_of(library, values), TEXT)
