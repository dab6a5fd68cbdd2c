"""Inside scikit-learn's ensembles and searches: what they should be made of, by hand."""

import numpy as np
import pytest
from networks import KINDS, X, estimator
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import brier_score_loss, log_loss
from sklearn.model_selection import (
    HalvingGridSearchCV,
    StratifiedKFold,
    cross_val_predict,
    train_test_split,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import (
    ClassifierChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
    RegressorChain,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler, scale
from sklearn.svm import SVC

from sknormreg import RegularizedMLPClassifierCV

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LEVELS, LABELS = KINDS["multiclass"], KINDS["multilabel"]
SCORES, SEVERAL = KINDS["squared_error"], KINDS["several outputs"]
BINARY = KINDS["binary text"]
WEIGHTS = np.random.RandomState(1).uniform(0.5, 2, len(X))
SMALL = dict(hidden_layer_sizes=(3,), max_iter=30)


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return train_test_split(scale(X), y, random_state=0, stratify=y)


# Calibration


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
def test_calibrating_a_network_that_is_too_sure(cancer, method):
    X_train, X_rest, y_train, y_rest = cancer
    mlp = estimator("binary", hidden_layer_sizes=(20,), alpha=1e-6, max_iter=300)
    mlp.fit(X_train[::3], y_train[::3])
    calibrated = CalibratedClassifierCV(FrozenEstimator(mlp), method=method)
    calibrated.fit(X_train[1::3], y_train[1::3])
    # Isotonic regression gives probabilities of 0, which may be infinitely wrong.
    loss = brier_score_loss if method == "isotonic" else log_loss
    before = loss(y_rest, mlp.predict_proba(X_rest))
    after = loss(y_rest, calibrated.predict_proba(X_rest))
    assert after < (1 if method == "isotonic" else 0.7) * before
    if method != "isotonic":
        # A monotone function of the log odds.
        order = np.argsort(mlp.decision_function(X_rest))
        assert (np.diff(calibrated.predict_proba(X_rest)[order, 1]) >= 0).all()


@pytest.mark.parametrize("ensemble", [True, False])
def test_calibration_by_cross_validation_of_several_classes(ensemble):
    model = CalibratedClassifierCV(
        estimator("multiclass", **SMALL), ensemble=ensemble, cv=3
    )
    model.fit(X, LEVELS, sample_weight=WEIGHTS)
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert model.score(X, LEVELS) > 0.8
    first = model.calibrated_classifiers_[0].estimator
    if not ensemble:
        expected = clone(first).fit(X, LEVELS, sample_weight=WEIGHTS)
        np.testing.assert_array_equal(first.coefs_[0], expected.coefs_[0])


# Ensembles


@pytest.mark.parametrize(
    "method",
    [
        "predict_proba",
        *(
            pytest.param(other, marks=pytest.mark.slow)
            for other in ("decision_function", "predict")
        ),
    ],
)
def test_stacking_learns_from_held_out_predictions(method):
    mlp, folds = estimator("multiclass", **SMALL), StratifiedKFold(3)
    # Stacking encodes classes.
    y = LEVELS - 3
    final = LogisticRegression()
    stack = StackingClassifier([("mlp", mlp)], final, cv=folds, stack_method=method)
    stack.fit(X, y)
    inputs = cross_val_predict(mlp, X, y, cv=folds, method=method)
    expected = clone(final).fit(inputs.reshape(len(X), -1), y)
    np.testing.assert_allclose(stack.final_estimator_.coef_, expected.coef_)
    own = getattr(clone(mlp).fit(X, y), method)(X).reshape(len(X), -1)
    np.testing.assert_array_equal(stack.predict(X), expected.predict(own))


def test_stacking_of_different_penalties():
    penalties = ["l1", "hierarchical"]
    mlps = [(name, estimator("huber", penalty=name, **SMALL)) for name in penalties]
    stack = StackingRegressor(mlps, Ridge(), cv=3).fit(X, SCORES)
    assert stack.final_estimator_.coef_.shape == (2,)
    assert stack.score(X, SCORES) > 0.8


def test_voting_is_the_mean():
    mlps = [(name, estimator("multiclass", penalty=name, **SMALL)) for name in ("l1", "l2")]
    vote = VotingClassifier(mlps, voting="soft").fit(X, LEVELS)
    expected = np.mean([mlp.fit(X, LEVELS - 3).predict_proba(X) for _, mlp in mlps], axis=0)
    np.testing.assert_array_equal(vote.predict_proba(X), expected)


@pytest.mark.parametrize(
    ("cls", "kind"),
    [(BaggingClassifier, "multiclass"), (BaggingRegressor, "squared_error")],
)
def test_bagging_fits_to_the_rows_and_columns_that_it_draws(cls, kind):
    y = KINDS[kind]
    bag = cls(estimator(kind, **SMALL), 3, max_features=0.6, random_state=0).fit(X, y)
    seen = set()
    for mlp, columns, rows in zip(
        bag.estimators_, bag.estimators_features_, bag.estimators_samples_
    ):
        own = clone(mlp).fit(
            X[:, columns], bag_targets(y, cls), np.bincount(rows, None, 60)
        )
        np.testing.assert_array_equal(mlp.coefs_[0], own.coefs_[0])
        seen.add(mlp.random_state)
    assert len(seen) == 3
    method = "predict_proba" if cls is BaggingClassifier else "predict"
    members = zip(bag.estimators_, bag.estimators_features_)
    expected = [getattr(mlp, method)(X[:, columns]) for mlp, columns in members]
    np.testing.assert_allclose(getattr(bag, method)(X), np.mean(expected, axis=0))


def bag_targets(y, cls):
    """Bagging encodes classes."""
    return np.unique(y, return_inverse=True)[1] if cls is BaggingClassifier else y


def test_out_of_bag_score():
    bag = BaggingClassifier(
        estimator("binary text", **SMALL), 10, oob_score=True, random_state=0
    ).fit(X, BINARY)
    assert 0.7 < bag.oob_score_ < 1


# One estimator for each output


@pytest.mark.parametrize("wrapper", [MultiOutputRegressor, RegressorChain])
def test_a_regressor_for_each_output(wrapper):
    model = wrapper(estimator("squared_error", **SMALL)).fit(X, SEVERAL)
    assert len(model.estimators_) == 3
    first = clone(model.estimators_[0]).fit(X, SEVERAL[:, 0])
    np.testing.assert_array_equal(model.predict(X)[:, 0], first.predict(X))
    # A chain's second estimator knows the first target.
    second = X if wrapper is MultiOutputRegressor else np.c_[X, SEVERAL[:, 0]]
    own = clone(model.estimators_[1]).fit(second, SEVERAL[:, 1])
    np.testing.assert_array_equal(model.estimators_[1].coefs_[0], own.coefs_[0])


@pytest.mark.parametrize("wrapper", [MultiOutputClassifier, ClassifierChain])
def test_a_classifier_for_each_label(wrapper):
    model = wrapper(estimator("binary", **SMALL)).fit(X, LABELS)
    first = clone(model.estimators_[0]).fit(X, LABELS[:, 0])
    np.testing.assert_array_equal(model.predict(X)[:, 0], first.predict(X))
    probabilities = model.predict_proba(X)
    if wrapper is MultiOutputClassifier:
        probabilities = np.stack([p[:, 1] for p in probabilities], axis=1)
    np.testing.assert_array_equal(probabilities[:, 0], first.predict_proba(X)[:, 1])
    assert model.score(X, LABELS) > 0.5


def test_outputs_in_parts():
    model = MultiOutputClassifier(estimator("binary", **SMALL))
    classes = [np.array([0, 1])] * 3
    for rows in (slice(0, 30), slice(30, 60)):
        model.partial_fit(X[rows], LABELS[rows], classes=classes)
    alone = estimator("binary", **SMALL)
    for rows in (slice(0, 30), slice(30, 60)):
        alone.partial_fit(X[rows], LABELS[rows, 0], classes=[0, 1])
    np.testing.assert_array_equal(model.estimators_[0].coefs_[0], alone.coefs_[0])


def test_one_network_against_the_rest():
    model = OneVsRestClassifier(estimator("binary", **SMALL)).fit(X, LEVELS)
    own = clone(model.estimators_[0]).fit(X, (LEVELS == 3).astype(int))
    np.testing.assert_array_equal(model.estimators_[0].coefs_[0], own.coefs_[0])
    assert model.score(X, LEVELS) > 0.8


# Targets


@pytest.mark.parametrize("y", [SCORES, SEVERAL], ids=["one", "several"])
def test_a_target_in_its_own_unit(y):
    """Standardised and back, as by hand."""
    y = 1000 + 50 * y
    model = TransformedTargetRegressor(
        estimator("squared_error", **SMALL), transformer=StandardScaler()
    ).fit(X, y)
    own = estimator("squared_error", **SMALL).fit(X, (y - y.mean(axis=0)) / y.std(axis=0))
    by_hand = own.predict(X) * y.std(axis=0) + y.mean(axis=0)
    # Sums of the targets round differently, amplified over 30 iterations.
    np.testing.assert_allclose(model.predict(X), by_hand, rtol=1e-6)
    assert model.score(X, y) > 0.9


def test_a_target_by_its_logarithm_and_by_its_quantiles():
    y = np.exp(SCORES)
    mlp = estimator("squared_error", **SMALL)
    model = TransformedTargetRegressor(mlp, func=np.log, inverse_func=np.exp).fit(X, y)
    own = clone(mlp).fit(X, np.log(y))
    np.testing.assert_array_equal(model.predict(X), np.exp(own.predict(X)))
    normal = QuantileTransformer(n_quantiles=60, output_distribution="normal")
    found = TransformedTargetRegressor(mlp, transformer=normal).fit(X, y).predict(X)
    assert y.min() <= found.min()
    assert found.max() <= y.max()


# Searches


def test_halving_by_rows(cancer):
    X_train, X_rest, y_train, y_rest = cancer
    mlp = estimator("binary", hidden_layer_sizes=(3,), penalty="l1", tol=0.01)
    alphas = [0.3, 1, 3, 1e4]
    search = HalvingGridSearchCV(
        mlp, {"alpha": alphas}, cv=2, min_resources=100, random_state=0
    ).fit(X_train, y_train)
    assert search.n_iterations_ == 2
    assert search.n_candidates_ == [4, 2]
    # With the largest the network is empty, and does not get far.
    assert search.best_params_["alpha"] < 1e4
    own = clone(mlp).set_params(**search.best_params_).fit(X_train, y_train)
    np.testing.assert_array_equal(search.best_estimator_.coefs_[0], own.coefs_[0])
    assert search.score(X_rest, y_rest) > 0.93


def test_halving_by_iterations():
    mlp = estimator("multiclass", hidden_layer_sizes=(3,))
    search = HalvingGridSearchCV(
        mlp,
        {"alpha": [0.1, 1], "penalty": ["l1", "group_lasso"]},
        resource="max_iter",
        max_resources=40,
        min_resources=10,
        factor=2,
        cv=2,
        random_state=0,
    ).fit(X, LEVELS)
    assert search.n_resources_ == [10, 20, 40]
    assert search.best_estimator_.max_iter == 40
    assert search.best_estimator_.n_iter_ <= 40


# Inspection, beside another model


def test_permutation_importance_of_a_selecting_network():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    mlp = estimator("squared_error", hidden_layer_sizes=(3,), penalty="group_lasso")
    model = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), mlp.set_params(alpha=40)),
        transformer=StandardScaler(),
    ).fit(X, y)
    selected = model.regressor_[-1].selected_features_
    assert 2 <= selected.sum() < len(selected)
    found = permutation_importance(model, X, y, n_repeats=3, random_state=0)
    assert (found.importances_mean[~selected] == 0).all()
    strongest = X.columns[found.importances_mean.argmax()]
    assert strongest in ("bmi", "s5")


def test_an_alpha_that_was_chosen_inside_an_ensemble():
    chosen = RegularizedMLPClassifierCV(
        (3,), penalty="l1", alphas=[1, 10], cv=2, max_iter=50, random_state=0
    )
    stack = StackingClassifier([("mlp", chosen), ("svc", SVC())], cv=2).fit(X, BINARY)
    assert stack.named_estimators_["mlp"].alpha_ in (1, 10)
    assert stack.score(X, BINARY) > 0.8
