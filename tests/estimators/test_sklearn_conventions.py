"""The estimators are scikit-learn estimators: what users do with those."""

import copy
import pickle
from functools import cache

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr, get_tags

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
)

BOTH = [RegularizedMLPClassifier, RegularizedMLPRegressor]
SOLVERS = ["lbfgs", "adam", "sgd"]
not_converged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("cls", BOTH)
def test_tags(cls):
    tags = get_tags(cls())
    assert tags.input_tags.sparse
    assert not tags.input_tags.allow_nan
    assert tags.target_tags.required
    assert not tags.non_deterministic
    assert not tags.no_validation
    assert tags._skip_test is False
    if cls is RegularizedMLPClassifier:
        assert tags.classifier_tags.multi_label
        assert tags.classifier_tags.multi_class
        assert not tags.classifier_tags.poor_score
    else:
        assert tags.target_tags.multi_output
        assert not tags.target_tags.positive_only
        assert get_tags(cls(loss="poisson")).target_tags.positive_only
        assert get_tags(cls(loss="gamma")).target_tags.positive_only
        assert not get_tags(cls(loss="tweedie", power=0)).target_tags.positive_only
        # Tags are asked for before parameters are checked.
        assert not get_tags(cls(loss="unknown")).target_tags.positive_only
        assert not tags.regressor_tags.poor_score


# Data for what follows

rng = np.random.RandomState(0)
X = rng.randn(60, 4) * (rng.uniform(size=(60, 4)) > 0.3)
SCORES = X @ [2.0, -1.0, 1.0, 0.0] + 0.3 * rng.randn(60)
LABELS = np.digitize(SCORES, [-1, 1])
INDICATORS = (np.c_[SCORES, X[:, 1], -SCORES] > 0).astype(int)
TARGETS = {RegularizedMLPClassifier: LABELS, RegularizedMLPRegressor: SCORES}


def make(cls=RegularizedMLPClassifier, **params):
    settings = dict(hidden_layer_sizes=(5,), alpha=1.0, max_iter=10, random_state=0)
    return cls(**(settings | params))


def assert_same_weights(first, second):
    for a, b in zip(first.coefs_ + first.intercepts_, second.coefs_ + second.intercepts_):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


# Copies


def joblib_round_trip(model, folder):
    joblib.dump(model, folder / "model.joblib")
    return joblib.load(folder / "model.joblib")


@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(
    "copied",
    [
        lambda model, folder: pickle.loads(pickle.dumps(model)),
        lambda model, folder: copy.deepcopy(model),
        lambda model, folder: copy.copy(model),
        joblib_round_trip,
    ],
    ids=["pickle", "deepcopy", "copy", "joblib"],
)
@not_converged
def test_copies_predict_the_same(cls, solver, copied, tmp_path):
    model = make(cls, solver=solver).fit(X, TARGETS[cls])
    twin = copied(model, tmp_path)
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    np.testing.assert_array_equal(twin.feature_importances_, model.feature_importances_)
    assert twin.get_params() == model.get_params()


@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_a_pickle_goes_on_with_partial_fit(cls):
    classes = {"classes": [0, 1, 2]} if cls is RegularizedMLPClassifier else {}
    model = make(cls).partial_fit(X, TARGETS[cls], **classes)
    twin = pickle.loads(pickle.dumps(model))
    for _ in range(3):
        model.partial_fit(X, TARGETS[cls])
        twin.partial_fit(X, TARGETS[cls])
    assert_same_weights(model, twin)


@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_a_clone_has_all_parameters_and_no_fit(cls):
    params = dict(penalty="elasticnet", alpha=0.3, l1_ratio=0.9, total_weight=7.0)
    model = make(cls, **params, hidden_layer_sizes=[3, 2], activation=["relu", "gelu"])
    model.fit(X, TARGETS[cls])
    twin = clone(model)
    assert twin.get_params() == model.get_params()
    assert not hasattr(twin, "coefs_")
    assert_same_weights(twin.fit(X, TARGETS[cls]), model)


@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_set_params_is_as_good_as_the_constructor(cls):
    model = make(cls).fit(X, TARGETS[cls])
    changed = dict(penalty="l1", alpha=0.1, hidden_layer_sizes=(3, 3), solver="adam")
    assert model.set_params(**changed) is model
    model.fit(X, TARGETS[cls])
    assert_same_weights(model, make(cls, **changed).fit(X, TARGETS[cls]))
    with pytest.raises(ValueError, match="Invalid parameter 'alhpa'"):
        model.set_params(alhpa=1)


@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("early_stopping", [False, True])
@not_converged
def test_same_random_state_same_bits(cls, solver, early_stopping):
    params = dict(solver=solver, early_stopping=early_stopping, validation_fraction=0.3)
    params["batch_size"] = 20
    first = make(cls, **params).fit(X, TARGETS[cls])
    second = make(cls, **params).fit(X, TARGETS[cls])
    assert_same_weights(first, second)
    assert first.loss_curve_ == second.loss_curve_


@pytest.mark.parametrize("solver", SOLVERS)
@not_converged
def test_random_state_matters_and_the_global_one_is_left_alone(solver):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = make(solver=solver).fit(X, LABELS)
    second = make(solver=solver, random_state=1).fit(X, LABELS)
    assert (first.coefs_[0] != second.coefs_[0]).any()
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


# Meta-estimators and displays


@pytest.mark.slow
@not_converged
def test_parallel_grid_search(monkeypatch):
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    pipeline = make_pipeline(StandardScaler(), make())
    grid = {"regularizedmlpclassifier__alpha": [0.1, 1.0, 1e6]}
    parallel = GridSearchCV(pipeline, grid, cv=3, n_jobs=2).fit(X, LABELS)
    serial = GridSearchCV(pipeline, grid, cv=3).fit(X, LABELS)
    np.testing.assert_array_equal(
        parallel.cv_results_["mean_test_score"], serial.cv_results_["mean_test_score"]
    )
    # A huge alpha leaves the prior: the share of the largest class.
    prior = np.bincount(LABELS).max() / len(LABELS)
    assert serial.cv_results_["mean_test_score"][2] == pytest.approx(prior, abs=0.02)
    assert serial.best_score_ > prior + 0.1


@pytest.mark.parametrize("cls", BOTH)
def test_html_representation_links_the_documentation(cls):
    link = cls()._get_doc_link()
    assert link == (
        "https://sknormreg.readthedocs.io/en/stable/generated/"
        f"sknormreg.{cls.__name__}.html"
    )
    assert link in estimator_html_repr(cls())


def test_repr_shows_what_was_changed():
    model = RegularizedMLPClassifier((5,), penalty="l1")
    assert repr(model) == (
        "RegularizedMLPClassifier(hidden_layer_sizes=(5,), penalty='l1')"
    )


@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_feature_names(cls):
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    model = make(cls).fit(frame, TARGETS[cls])
    assert model.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    # A warning about feature names would be an error here.
    np.testing.assert_array_equal(
        model.predict(frame), make(cls).fit(X, TARGETS[cls]).predict(X)
    )
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[["b", "a", "c", "d"]])


@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_feature_names_of_held_out_rows(cls):
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    y = pd.Series(TARGETS[cls])
    model = make(cls).fit(frame, y, X_val=frame[:10], y_val=y[:10])
    array = make(cls).fit(X, y, X_val=X[:10], y_val=y[:10])
    assert model.validation_loss_curve_ == array.validation_loss_curve_


@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_feature_selection(cls):
    # The target depends on the first feature most and on the last not at all.
    scaled = StandardScaler().fit_transform(X)
    alpha = 5 if cls is RegularizedMLPClassifier else 10
    sparse_model = make(cls, penalty="l1", alpha=alpha, max_iter=300)
    selector = SelectFromModel(sparse_model).fit(scaled, TARGETS[cls])
    assert selector.get_support().tolist() == [True, True, True, False]
    assert selector.estimator_.feature_importances_[3] == 0
    model = make(cls, alpha=1.0, max_iter=300)
    ranking = RFE(model, n_features_to_select=1).fit(scaled, TARGETS[cls]).ranking_
    assert ranking[0] == 1
    assert ranking[3] == 4


# Targets


@pytest.mark.parametrize(
    "names",
    [np.array(["no", "yes", "maybe"]), np.array(["no", "yes", "maybe"], dtype=object)],
    ids=["str", "object"],
)
@not_converged
def test_string_labels(names):
    named = make().fit(X, names[LABELS])
    assert named.classes_.tolist() == ["maybe", "no", "yes"]
    assert set(named.predict(X)) <= set(names)
    assert named.score(X, names[LABELS]) > 0.8
    numbered = make().fit(X, np.array([1, 2, 0])[LABELS])
    assert_same_weights(named, numbered)
    np.testing.assert_array_equal(named.predict_proba(X), numbered.predict_proba(X))


@pytest.mark.parametrize("labels", [[False, True], [-1, 1], [5, 7], ["b", "a"]])
@not_converged
def test_two_classes_of_any_name(labels):
    y = np.array(labels)[(SCORES > 0).astype(int)]
    model = make().fit(X, y)
    assert model.predict(X).dtype == y.dtype
    assert model.predict_proba(X).shape == (60, 2)
    assert model.decision_function(X).shape == (60,)
    np.testing.assert_array_equal(
        model.predict(X) == model.classes_[1], model.decision_function(X) > 0
    )
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-12)
    assert model.score(X, y) > 0.8


@pytest.mark.parametrize(
    "container",
    [np.asarray, sparse.csr_matrix, sparse.csc_matrix, sparse.coo_matrix],
    ids=["dense", "csr", "csc", "coo"],
)
@not_converged
def test_multilabel_as_in_mlp_classifier(container):
    y = container(INDICATORS)
    model = make(alpha=0.01, max_iter=100).fit(X, y)
    reference = MLPClassifier((5,), max_iter=20, solver="lbfgs", random_state=0).fit(X, y)
    predicted, expected = model.predict(X), reference.predict(X)
    assert sparse.issparse(predicted) == sparse.issparse(expected)
    assert predicted.shape == expected.shape
    assert np.issubdtype(predicted.dtype, np.integer)
    dense = make(alpha=0.01, max_iter=100).fit(X, INDICATORS)
    assert_same_weights(model, dense)
    dense_predicted = predicted.toarray() if sparse.issparse(predicted) else predicted
    np.testing.assert_array_equal(dense_predicted, dense.predict(X))
    assert model.predict_proba(X).shape == reference.predict_proba(X).shape
    np.testing.assert_array_equal(model.classes_, reference.classes_)
    assert model.out_activation_ == reference.out_activation_ == "logistic"
    # Labels are independent events: the probabilities do not sum to 1.
    np.testing.assert_array_equal(dense_predicted, model.predict_proba(X) > 0.5)
    assert (dense_predicted == INDICATORS).mean() > 0.9


@not_converged
def test_several_outputs():
    y = np.c_[SCORES, 2 * SCORES + 1, X[:, 0]]
    model = make(RegularizedMLPRegressor, alpha=0.01, max_iter=200).fit(X, y)
    assert model.predict(X).shape == (60, 3)
    assert model.n_outputs_ == 3
    assert model.score(X, y) > 0.9


@not_converged
def test_one_column_is_one_output():
    flat = make(RegularizedMLPRegressor).fit(X, SCORES)
    column = make(RegularizedMLPRegressor).fit(X, SCORES[:, None])
    assert flat.predict(X).shape == (60,)
    np.testing.assert_array_equal(flat.predict(X), column.predict(X).ravel())


# Layouts and types of X

LAYOUTS = {
    "csr_matrix": sparse.csr_matrix,
    "csc_matrix": sparse.csc_matrix,
    "coo_matrix": sparse.coo_matrix,
    "csr_array": sparse.csr_array,
    "csc_array": sparse.csc_array,
    "coo_array": sparse.coo_array,
    "fortran": np.asfortranarray,
    "list": lambda X: X.tolist(),
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
}


@cache
def dense_fit(cls, solver):
    return make(cls, solver=solver, batch_size=25).fit(X, TARGETS[cls])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "solver", ["lbfgs", "adam", pytest.param("sgd", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_layout_of_X_does_not_matter(cls, layout, solver):
    dense = dense_fit(cls, solver)
    other = clone(dense).fit(LAYOUTS[layout](X), TARGETS[cls])
    # Sums in another order: rounding, amplified over 20 iterations.
    assert other.loss_ == pytest.approx(dense.loss_, rel=1e-8)
    raw = "predict_proba" if cls is RegularizedMLPClassifier else "predict"
    np.testing.assert_allclose(
        getattr(dense, raw)(LAYOUTS[layout](X)), getattr(dense, raw)(X), rtol=1e-10
    )


@pytest.mark.parametrize("layout", [np.asfortranarray, LAYOUTS["strided"]])
@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_layout_of_y_does_not_matter(cls, layout):
    """To the bit: the columns of a data frame are the same targets."""
    scores = X @ np.random.RandomState(1).normal(size=(X.shape[1], 3))
    y = scores if cls is RegularizedMLPRegressor else (scores > 0).astype(int)
    plain, other = make(cls).fit(X, y), make(cls).fit(X, layout(y))
    for array, expected in zip(other.coefs_, plain.coefs_):
        np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("form", ["csr_matrix", "csr_array"])
@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_sparse_held_out_rows(cls, form):
    y = TARGETS[cls]
    S = LAYOUTS[form](X)
    dense = make(cls).fit(X, y, X_val=X[:10], y_val=y[:10])
    other = make(cls).fit(S, y, X_val=S[:10], y_val=y[:10])
    np.testing.assert_allclose(
        other.validation_loss_curve_, dense.validation_loss_curve_, rtol=1e-8
    )


@pytest.mark.parametrize("form", ["dense", "csr_array"])
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_single_precision_stays_single(cls, solver, form):
    X32 = X.astype(np.float32)
    X32 = sparse.csr_array(X32) if form == "csr_array" else X32
    weights = np.ones(60)
    model = make(cls, solver=solver, penalty="elasticnet")
    model.fit(X32, TARGETS[cls], sample_weight=weights)
    assert {a.dtype for a in model.coefs_ + model.intercepts_} == {np.dtype(np.float32)}
    methods = ["predict"]
    if cls is RegularizedMLPClassifier:
        methods = ["predict_proba", "predict_log_proba", "decision_function"]
    for method in methods:
        assert getattr(model, method)(X32).dtype == np.float32
    double = make(cls, solver=solver, penalty="elasticnet").fit(X, TARGETS[cls])
    # 20 iterations from the same start, in floats of 24 bits.
    assert model.loss_ == pytest.approx(double.loss_, rel=1e-2)


@pytest.mark.parametrize("dtype", [np.int32, np.int64, bool, np.float16])
@not_converged
def test_other_types_become_double(dtype):
    rounded = np.round(X).astype(dtype)
    model = make().fit(rounded, LABELS)
    assert {a.dtype for a in model.coefs_ + model.intercepts_} == {np.dtype(np.float64)}
    assert_same_weights(model, make().fit(rounded.astype(float), LABELS))


@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.parametrize("form", ["dense", "csr_matrix"])
@not_converged
def test_inputs_are_left_as_they_were(cls, form):
    given = X.copy() if form == "dense" else sparse.csr_matrix(X)
    y, weights = TARGETS[cls].copy(), np.arange(60.0)
    model = make(cls).fit(given, y, sample_weight=weights)
    model.predict(given)
    np.testing.assert_array_equal(given if form == "dense" else given.toarray(), X)
    np.testing.assert_array_equal(y, TARGETS[cls])
    np.testing.assert_array_equal(weights, np.arange(60.0))


@not_converged
def test_read_only_inputs():
    given, weights = X.copy(), np.ones(60)
    given.flags.writeable = weights.flags.writeable = False
    make().fit(given, LABELS, sample_weight=weights).predict(given)


# Fitted attributes


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(
    ("cls", "reference"),
    [
        (RegularizedMLPClassifier, MLPClassifier),
        (RegularizedMLPRegressor, MLPRegressor),
    ],
)
@not_converged
def test_all_fitted_attributes_of_scikit_learns_mlp(cls, reference, solver, early_stopping):
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    settings = dict(early_stopping=early_stopping, validation_fraction=0.3, max_iter=5)
    theirs = reference(hidden_layer_sizes=(5,), **settings).fit(frame, TARGETS[cls])
    names = {name for name in vars(theirs) if name.endswith("_") and name[0] != "_"}
    assert names >= {"coefs_", "intercepts_", "loss_", "loss_curve_", "best_loss_", "t_"}
    assert names >= {"n_iter_", "n_layers_", "n_outputs_", "out_activation_"}
    ours = make(cls, solver=solver, **settings).fit(frame, TARGETS[cls])
    assert [name for name in sorted(names) if not hasattr(ours, name)] == []

    for name in ("n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name)
    for name in ("best_loss_", "validation_scores_", "best_validation_score_"):
        assert (getattr(ours, name) is None) == (getattr(theirs, name, None) is None)
    assert [a.shape for a in ours.coefs_] == [a.shape for a in theirs.coefs_]
    assert [a.shape for a in ours.intercepts_] == [a.shape for a in theirs.intercepts_]
    assert len(ours.loss_curve_) == ours.n_iter_
    if solver != "lbfgs":
        assert ours.t_ == theirs.t_


@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_predictions_follow_assigned_weights(cls):
    model = make(cls).fit(X, TARGETS[cls])
    first_only = model.coefs_[0].copy()
    model.coefs_[0] *= 0
    assert model.sparsity_ == 20 / sum(coef.size for coef in model.coefs_)
    assert len(np.unique(model.predict(X))) == 1
    # Without weights only the intercepts speak: a network worked out by hand.
    raw = np.tanh(model.intercepts_[0]) @ model.coefs_[1] + model.intercepts_[1]
    if cls is RegularizedMLPClassifier:
        expected = np.exp(raw) / np.exp(raw).sum()
        np.testing.assert_allclose(model.predict_proba(X[:1])[0], expected, rtol=1e-12)
    else:
        np.testing.assert_allclose(model.predict(X[:1]), raw, rtol=1e-12)
    model.coefs_[0] = first_only
    np.testing.assert_array_equal(
        model.predict(X), make(cls).fit(X, TARGETS[cls]).predict(X)
    )
