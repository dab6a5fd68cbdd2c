"""Fits with `label_smoothing` are fits to smoothed targets.

The oracles are scikit-learn's logistic regression and fits without smoothing to data in
which each sample is repeated for each class, with its smoothed target as its weight.
"""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import softmax
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import scale

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    regularization_path,
)
from sknormreg.penalties import GroupLasso, MaxNorm

not_converged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SHARE = 0.3
EXCESS = 1e-6

IRIS = scale(load_iris().data), load_iris().target
CANCER = scale(load_breast_cancer().data)[::3], load_breast_cancer().target[::3]
TABLES = {"two": CANCER, "three": IRIS}


def weights_for(y, weighted):
    return np.random.RandomState(0).uniform(0.2, 3, len(y)) if weighted else None


def repeated(X, y, sample_weight, share=SHARE):
    """Each sample once for each class, weighted by its smoothed target."""
    classes = np.unique(y)
    soft = (1 - share) * (y[:, None] == classes) + share / len(classes)
    if sample_weight is not None:
        soft = soft * sample_weight[:, None]
    X = sparse.csr_array(X)[np.repeat(np.arange(len(y)), len(classes))].toarray()
    return X, np.tile(classes, len(y)), soft.ravel()


def objective(coef, intercept, X, y, weight, alpha):
    """J with L2, by definition, of a linear model with the given weights."""
    logits = X @ coef + intercept
    if logits.shape[1] == 1:
        logits = np.hstack([np.zeros_like(logits), logits])
    proba = softmax(logits, axis=1)
    loss = log_loss(y, proba, sample_weight=weight)
    return loss + alpha / 2 * (coef**2).sum() / weight.sum()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("layout", ["dense", "csr"])
@pytest.mark.parametrize("table", TABLES)
def test_without_hidden_layers_it_is_logistic_regression(table, layout, weighted):
    X, y = TABLES[table]
    weight, alpha = weights_for(y, weighted), 0.5
    X_long, y_long, weight_long = repeated(X, y, weight)
    oracle = LogisticRegression(C=1 / alpha, tol=1e-10, max_iter=10_000)
    oracle.fit(X_long, y_long, sample_weight=weight_long)
    mlp = RegularizedMLPClassifier((), alpha=alpha, label_smoothing=SHARE)
    mlp.fit(sparse.csr_array(X) if layout == "csr" else X, y, sample_weight=weight)
    of_mlp = mlp.coefs_[0], mlp.intercepts_[0]
    ours, theirs = (
        objective(*parts, X_long, y_long, weight_long, alpha)
        for parts in (of_mlp, (oracle.coef_.T, oracle.intercept_))
    )
    assert mlp.loss_ == pytest.approx(ours, rel=1e-10)
    assert abs(ours - theirs) <= EXCESS * theirs


@pytest.mark.parametrize("penalty", ["l1", "elasticnet", "group_lasso"])
@pytest.mark.parametrize("table", TABLES)
def test_sparse_penalties_have_the_minimum_of_repeated_samples(table, penalty):
    X, y = TABLES[table]
    weight = weights_for(y, True)
    params = dict(hidden_layer_sizes=(), penalty=penalty, alpha=3.0)
    X_long, y_long, weight_long = repeated(X, y, weight)
    expected = RegularizedMLPClassifier(**params).fit(X_long, y_long, weight_long)
    found = RegularizedMLPClassifier(**params, label_smoothing=SHARE).fit(X, y, weight)
    assert abs(found.loss_ - expected.loss_) <= EXCESS * expected.loss_
    np.testing.assert_array_equal(found.coefs_[0] == 0, expected.coefs_[0] == 0)


def test_labels_are_smoothed_one_by_one():
    X, _ = IRIS
    labels = (X[:, :3] + 0.5 * np.random.RandomState(0).normal(size=(len(X), 3)) > 0) * 1
    params = dict(hidden_layer_sizes=(), alpha=1.0, label_smoothing=SHARE)
    together = RegularizedMLPClassifier(**params).fit(X, labels)
    alone = [RegularizedMLPClassifier(**params).fit(X, column) for column in labels.T]
    total = sum(model.loss_ for model in alone)
    assert abs(together.loss_ - total) <= EXCESS * total


SETTINGS = [
    dict(solver="lbfgs"),
    dict(solver="lbfgs", penalty="l1"),
    dict(solver="lbfgs", penalty="mcp"),
    dict(solver="sgd", penalty="group_mcp"),
    dict(solver="adam", penalty="l1", dropout=0.2),
    dict(solver="sgd", penalty=[GroupLasso(), MaxNorm(1)]),
]


@pytest.mark.parametrize("params", SETTINGS, ids=str)
@pytest.mark.parametrize("table", TABLES)
@not_converged
def test_the_objective_is_that_of_smoothed_targets(table, params):
    X, y = TABLES[table]
    weight = weights_for(y, True)
    weights_of_classes = {0: 2.0, 1: 0.5, 2: 1.0} if table == "three" else {0: 2.0, 1: 0.5}
    model = RegularizedMLPClassifier(
        (4,),
        **params,
        label_smoothing=SHARE,
        class_weight=weights_of_classes,
        max_iter=30,
        random_state=0,
        alpha=0 if "penalty" not in params or isinstance(params["penalty"], str) else 1.0,
    )
    model.fit(X, y, sample_weight=weight)
    weight = weight * np.array([weights_of_classes[label] for label in y])
    X_long, y_long, weight_long = repeated(X, y, weight)
    loss = log_loss(y_long, model.predict_proba(X_long), sample_weight=weight_long)
    if isinstance(params.get("penalty"), list):
        norms = np.linalg.norm(model.coefs_[0], axis=1).sum() * np.sqrt(4)
        loss += norms / weight.sum()
    assert model.loss_ == pytest.approx(loss, rel=1e-10)


def test_probabilities_do_not_go_beyond_the_smoothed_targets():
    """Without a penalty, a network that can fit them predicts the targets themselves."""
    X, y = np.eye(6), np.array([0, 1, 2, 0, 1, 2])
    model = RegularizedMLPClassifier((), alpha=0, label_smoothing=SHARE).fit(X, y)
    expected = (1 - SHARE) * np.eye(3)[y] + SHARE / 3
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-4)


@not_converged
def test_held_out_samples_are_not_smoothed():
    X, y = IRIS
    params = dict(hidden_layer_sizes=(5,), label_smoothing=SHARE, random_state=0)
    model = RegularizedMLPClassifier(**params, early_stopping=True, max_iter=30)
    model.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    expected = log_loss(y[1::2], model.predict_proba(X[1::2]))
    assert min(model.validation_loss_curve_) == pytest.approx(expected, rel=1e-12)
    score = model.score(X[1::2], y[1::2])
    best = int(np.argmin(model.validation_loss_curve_))
    # The starting weights are evaluated, too, and are not in the curve.
    assert model.validation_scores_[best] == score
    split = RegularizedMLPClassifier(**params, early_stopping=True, max_iter=30).fit(X, y)
    assert min(split.validation_loss_curve_) < 0.5


@pytest.mark.parametrize("params", [{}, dict(solver="adam", max_iter=5)])
@pytest.mark.parametrize("table", TABLES)
@not_converged
def test_none_is_the_default(table, params):
    X, y = TABLES[table]
    model = RegularizedMLPClassifier((4,), random_state=0, **params).fit(X, y)
    same = clone(model).set_params(label_smoothing=0).fit(X, y)
    np.testing.assert_array_equal(model.coefs_[0], same.coefs_[0])
    other = clone(model).set_params(label_smoothing=0.1).fit(X, y)
    assert (model.coefs_[0] != other.coefs_[0]).any()


@not_converged
def test_a_search_and_a_path_smooth_as_single_fits_do():
    X, y = IRIS
    params = dict(hidden_layer_sizes=(), label_smoothing=SHARE)
    search = RegularizedMLPClassifierCV(**params, alphas=[0.5, 5], cv=3).fit(X, y)
    alone = RegularizedMLPClassifier(**params, alpha=search.alpha_).fit(X, y)
    assert abs(search.loss_ - alone.loss_) <= EXCESS * alone.loss_
    path = regularization_path(
        X, y, estimator=RegularizedMLPClassifier(**params), alphas=[0.5, 5]
    )
    for alpha, value in zip(path.alphas, path.objective):
        expected = RegularizedMLPClassifier(**params, alpha=alpha).fit(X, y).loss_
        assert abs(value - expected) <= EXCESS * expected


@not_converged
def test_parts_of_the_data_are_smoothed():
    X, y = IRIS
    model = RegularizedMLPClassifier((), alpha=0, label_smoothing=SHARE, random_state=0)
    for _ in range(3):
        model.partial_fit(X, y, classes=[0, 1, 2])
    X_long, y_long, weight_long = repeated(X, y, None)
    expected = log_loss(y_long, model.predict_proba(X_long), sample_weight=weight_long)
    assert model.loss_ == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("share", [-0.1, 1.0, np.nan, "0.1"])
@pytest.mark.parametrize("cls", [RegularizedMLPClassifier, RegularizedMLPClassifierCV])
def test_bad_shares_are_refused(cls, share):
    X, y = IRIS
    with pytest.raises(ValueError, match="'label_smoothing' parameter"):
        cls(label_smoothing=share).fit(X, y)


@not_converged
def test_evidence_takes_smoothed_targets():
    """Its alphas and J are those of repeated samples, whose likelihood has that meaning."""
    X, y = CANCER
    params = dict(hidden_layer_sizes=(), alpha="evidence")
    X_long, y_long, weight_long = repeated(X, y, None)
    expected = RegularizedMLPClassifier(**params).fit(X_long, y_long, weight_long)
    found = RegularizedMLPClassifier(**params, label_smoothing=SHARE).fit(X, y)
    # Alphas settle within a percent or so.
    np.testing.assert_allclose(found.alpha_, expected.alpha_, rtol=0.02)
    np.testing.assert_allclose(found.log_evidence_, expected.log_evidence_, rtol=1e-4)
