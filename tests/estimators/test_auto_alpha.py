"""alpha="auto", the default, as users meet it."""

import re
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor
from sknormreg.fitting import auto_alpha

RNG = np.random.RandomState(0)
X = RNG.normal(size=(90, 5))
Y = X[:, 0] * X[:, 1] + 0.3 * RNG.normal(size=90)
LABELS = np.where(Y > 0, "high", "low")
SMALL = dict(hidden_layer_sizes=(4,), random_state=0)


def test_it_is_the_default_and_a_number_in_the_end():
    mlp = RegularizedMLPClassifier(**SMALL).fit(X, LABELS)
    assert mlp.alpha == "auto"
    assert isinstance(mlp.alpha_, float)
    again = clone(mlp).fit(X, LABELS)
    assert again.alpha_ == mlp.alpha_
    np.testing.assert_array_equal(again.coefs_[0], mlp.coefs_[0])


def test_a_fit_at_the_alpha_chosen_goes_further():
    mlp = RegularizedMLPRegressor(**SMALL).fit(X, Y)
    fixed = RegularizedMLPRegressor(**SMALL, alpha=mlp.alpha_).fit(X, Y)
    assert fixed.loss_ <= mlp.loss_ <= 1.02 * fixed.loss_
    # From the same random numbers.
    assert fixed.loss_curve_[0] == mlp.loss_curve_[0]


def test_predictions_are_better_than_without_regularisation():
    """Of noisy classes, where training to the end fits the noise."""
    rng = np.random.RandomState(1)
    Z = rng.normal(size=(300, 20))
    y = Z[:, 0] + 0.5 * Z[:, 1] + rng.logistic(size=300) > 0
    fits = train_test_split(Z, y, random_state=0)
    Z_train, Z_test, y_train, y_test = fits
    losses = {}
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        for model in (
            RegularizedMLPClassifier(random_state=0),
            RegularizedMLPClassifier(alpha=0.1, random_state=0),
            MLPClassifier(random_state=0),
            LogisticRegression(C=0.3),
        ):
            proba = model.fit(Z_train, y_train).predict_proba(Z_test)
            losses[str(model)] = log_loss(y_test, proba)
    ours, overfitted, theirs, of_the_truth = losses.values()
    assert ours < 0.85 * min(overfitted, theirs)
    assert ours < 1.05 * of_the_truth


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_the_number_of_threads_does_not_matter(n_jobs):
    mlp = RegularizedMLPRegressor(**SMALL).fit(X, Y)
    same = RegularizedMLPRegressor(**SMALL, n_jobs=n_jobs).fit(X, Y)
    assert same.alpha_ == mlp.alpha_
    np.testing.assert_array_equal(same.coefs_[0], mlp.coefs_[0])


def test_sparse_features_and_several_outputs():
    Z = np.where(np.abs(X) > 0.5, X, 0)
    dense = RegularizedMLPClassifier(**SMALL).fit(Z, LABELS)
    csr = RegularizedMLPClassifier(**SMALL).fit(sparse.csr_array(Z), LABELS)
    assert csr.alpha_ == pytest.approx(dense.alpha_, rel=0.01)
    two = RegularizedMLPRegressor(**SMALL).fit(X, np.column_stack([Y, -Y]))
    assert two.predict(X).shape == (90, 2)
    many = RegularizedMLPClassifier(**SMALL).fit(X, np.column_stack([Y > 0, X[:, 0] > 0]))
    assert many.alpha_ > 0


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_minibatches(solver):
    mlp = RegularizedMLPClassifier(**SMALL, solver=solver, max_iter=20, dropout=0.1)
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        assert mlp.fit(X, LABELS).alpha_ > 0


def test_a_class_of_a_single_sample():
    labels = LABELS.copy()
    labels[3] = "rare"
    mlp = RegularizedMLPClassifier(**SMALL).fit(X, labels)
    assert mlp.classes_.tolist() == ["high", "low", "rare"]
    assert np.isfinite(mlp.alpha_)


def test_class_weights():
    mlp = RegularizedMLPClassifier(**SMALL, class_weight="balanced").fit(X, LABELS)
    weight = np.where(LABELS == "high", 1 / (LABELS == "high").mean(), 1)
    weight[LABELS == "low"] = 1 / (LABELS == "low").mean()
    given = RegularizedMLPClassifier(**SMALL).fit(X, LABELS, weight / 2)
    assert mlp.alpha_ == pytest.approx(given.alpha_, rel=1e-6)


@pytest.mark.parametrize("loss", ["huber", "quantile", "poisson"])
def test_other_losses(loss):
    y = np.exp(Y) if loss == "poisson" else Y
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        mlp = RegularizedMLPRegressor(**SMALL, loss=loss, max_iter=300).fit(X, y)
    assert 0 < mlp.alpha_ < np.inf


def test_several_starts_share_an_alpha():
    one = RegularizedMLPRegressor(**SMALL).fit(X, Y)
    best = RegularizedMLPRegressor(**SMALL, n_init=3).fit(X, Y)
    assert best.alpha_ == one.alpha_
    assert best.loss_ <= one.loss_


def test_partial_fit_takes_one():
    settings = SMALL | dict(solver="adam")
    auto, one = (RegularizedMLPClassifier(alpha=a, **settings) for a in ("auto", 1.0))
    for mlp in auto, one:
        mlp.partial_fit(X, LABELS, classes=["high", "low"])
    assert auto.alpha_ == 1.0
    np.testing.assert_array_equal(auto.coefs_[0], one.coefs_[0])


def test_a_search_over_alphas_may_include_it():
    mlp = RegularizedMLPClassifier(**SMALL)
    search = GridSearchCV(mlp, {"alpha": [0.1, "auto"]}, cv=2).fit(X, LABELS)
    assert search.best_params_["alpha"] in (0.1, "auto")


def test_lines_of_the_search(capsys):
    RegularizedMLPClassifier(**SMALL, verbose=1).fit(X, LABELS)
    lines = capsys.readouterr().out.splitlines()
    tried = [
        line for line in lines if re.match(r"alpha = \S+, held-out loss = \S+, ", line)
    ]
    (chosen,) = [line for line in lines if line.startswith("chosen: alpha = ")]
    assert len(tried) >= 3
    assert lines.index(chosen) == len(tried)


def test_ctrl_c_while_alpha_is_being_chosen(monkeypatch):
    calls = []

    def interrupted(*args, **kwargs):
        calls.append(args)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return fit_network(*args, **kwargs)

    fit_network = auto_alpha.fit_network
    monkeypatch.setattr(auto_alpha, "fit_network", interrupted)
    mlp = RegularizedMLPClassifier(**SMALL)
    with pytest.raises(KeyboardInterrupt):
        mlp.fit(X, LABELS)
    assert not hasattr(mlp, "coefs_")


def test_max_time_leaves_time_for_the_last_fit():
    mlp = RegularizedMLPClassifier(max_time=1e-6, random_state=0)
    with pytest.warns(ConvergenceWarning, match="max_time"):
        mlp.fit(X, LABELS)
    assert mlp.n_iter_ == 1


def test_on_tables():
    for load, cls, least in (
        (load_breast_cancer, RegularizedMLPClassifier, 0.95),
        (load_diabetes, RegularizedMLPRegressor, 0.34),
    ):
        Z, y = load(return_X_y=True)
        y = scale(y) if cls is RegularizedMLPRegressor else y
        Z_train, Z_test, y_train, y_test = train_test_split(scale(Z), y, random_state=0)
        assert cls(random_state=0).fit(Z_train, y_train).score(Z_test, y_test) > least


def test_typing_errors_are_named():
    with pytest.raises(ValueError, match="'auto'"):
        RegularizedMLPClassifier(alpha="automatic").fit(X, LABELS)
