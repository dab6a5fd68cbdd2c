"""alpha='quantile' of the plain estimators: which alpha it is, and what it selects."""

import pickle
import time

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import binom
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import Lasso
from sklearn.preprocessing import scale
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor
from sknormreg.penalties import (
    L1,
    L2,
    MCP,
    ElasticNet,
    GroupLasso,
    GroupMCP,
    MaxNorm,
    SparseGroupLasso,
    Weighted,
)

BOTH = [RegularizedMLPClassifier, RegularizedMLPRegressor]
BOUNDED = [GroupLasso(), MaxNorm(1)]

empty_is_fine = pytest.mark.filterwarnings("ignore:No feature is selected")


def signal(n_samples=150, n_features=10, noise=1.0, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n_samples, n_features))
    y = 2 * np.abs(X[:, 0]) + X[:, 1] + noise * rng.normal(size=n_samples)
    return X, (y - y.mean()) / y.std()


def null_maxima(X, residuals, n_draws=4000, norm=np.max):
    """Of permuted residuals, the size of the gradient at zero, by the definition."""
    rng = np.random.RandomState(1)
    draws = (np.abs(X.T @ rng.permutation(residuals)) for _ in range(n_draws))
    return np.array([norm(draw) for draw in draws])


def quantile_bounds(maxima, level=0.95):
    """Between these lies an estimate of the quantile by 500 other draws.

    Four standard errors of the share of draws below it, and those of this estimate.
    """
    error = 4 * np.sqrt(level * (1 - level) * (1 / 500 + 1 / len(maxima)))
    return np.quantile(maxima, [level - error, min(level + error, 1)])


@pytest.mark.parametrize("shift", [0.0, 30.0])
def test_without_hidden_layers_it_is_the_rule_of_the_lasso(shift):
    """The 95 % quantile of max_j |X_j' (y_perm - mean)| times the scale of the noise.

    As in the scaled lasso, both belong together: of the lasso at this alpha, the residuals
    have this scale. The means of the features do not matter.
    """
    X, y = load_diabetes(return_X_y=True)
    X, y = scale(X), scale(y)
    mlp = RegularizedMLPRegressor((), penalty="l1", alpha="quantile", random_state=0)
    mlp.fit(X + shift, 7 * y + 100)
    lasso = Lasso(alpha=mlp.alpha_ / len(y), tol=1e-10).fit(X, 7 * y)
    np.testing.assert_allclose(mlp.coefs_[0].ravel(), lasso.coef_, atol=1e-4)
    residuals = 7 * y - lasso.predict(X)
    n_selected = np.count_nonzero(lasso.coef_)
    n_free = len(y) - (n_selected + 1) / 2 - 2 * n_selected * np.log(X.shape[1])
    sigma = np.sqrt(residuals @ residuals / n_free) / np.std(7 * y)
    assert 0.5 < sigma < 0.9
    low, high = quantile_bounds(null_maxima(X, 7 * y))
    # Fits and scales take turns until alpha changes by less than 1 %.
    assert 0.99 * low < mlp.alpha_ / sigma < 1.01 * high
    # All that is left of the rule where the permutations are the same.
    again = clone(mlp).fit(X + shift, y)
    assert 7 * again.alpha_ == pytest.approx(mlp.alpha_, rel=1e-6)


def test_the_share_of_l1_counts():
    X, y = signal(noise=3.0)
    mlp = RegularizedMLPRegressor((), alpha="quantile", random_state=0)
    alphas = [
        clone(mlp).set_params(penalty=penalty).fit(X, y).alpha_
        for penalty in (L1(), ElasticNet(0.5))
    ]
    assert 1.7 < alphas[1] / alphas[0] < 2.1


def test_classes_have_no_scale():
    X, y = load_iris(return_X_y=True)
    X, y = scale(X[:100]), y[:100]
    mlp = RegularizedMLPClassifier((), penalty="l1", alpha="quantile", random_state=0)
    low, high = quantile_bounds(null_maxima(X, y - y.mean()))
    assert low < mlp.fit(X, y).alpha_ < high
    # Class weights go with the classes: residuals at the constant 1/2 are -3/2 and 1/2.
    y = np.repeat([0, 1], [75, 25])
    mlp.set_params(class_weight="balanced", penalty=[MCP()])
    residuals = np.where(y, 1 / 2, -1 / 2) * 100 / (2 * np.where(y, 25, 75))
    low, high = quantile_bounds(null_maxima(X, residuals))
    with pytest.warns(UserWarning, match="alpha='quantile' found no relation"):
        mlp.fit(np.random.RandomState(3).permutation(X), y)
    assert low < mlp.alpha_ < high


def test_groups_several_outputs_and_hidden_layers():
    """sup |act'| radius sum_o ||X_g' R_o|| / sqrt(number of weights)."""
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(80, 6)), rng.normal(size=(80, 2))
    mlp = RegularizedMLPRegressor(
        (4,),
        "logistic",
        penalty=[GroupLasso(groups=[[0, 1, 2]]), MaxNorm(2)],
        alpha="quantile",
        quantile_level=0.9,
        random_state=0,
    )
    with pytest.warns(UserWarning, match="No feature"):
        mlp.fit(X, y)
    residuals = y - y.mean(axis=0)
    maxima = []
    for _ in range(3000):
        products = X.T @ rng.permutation(residuals)
        norms = [np.linalg.norm(products[:3], axis=0) / np.sqrt(3), *np.abs(products[3:])]
        maxima.append(2 / 4 * np.max(np.sum(norms, axis=1)) / np.sqrt(4))
    low, high = quantile_bounds(maxima, 0.9)
    assert low < mlp.alpha_ < high


NOISE = {
    "normal": lambda rng: rng.normal(size=80),
    "t3": lambda rng: rng.standard_t(3, size=80),
    "rare": lambda rng: rng.permutation(np.arange(80) < 8),
    "rare, weighted": lambda rng: rng.permutation(np.arange(80) < 8),
}


@empty_is_fine
@pytest.mark.parametrize(
    ("hidden", "kind"),
    [
        ((), "normal"),
        pytest.param((), "rare, weighted", marks=pytest.mark.slow),
        pytest.param((), "t3", marks=pytest.mark.slow),
        pytest.param((), "rare", marks=pytest.mark.slow),
        *(pytest.param((3,), kind, marks=pytest.mark.slow) for kind in NOISE),
    ],
)
def test_noise_selects_nothing(kind, hidden):
    """Of 30 data sets at least as many as 94 % have at the level of 0.1 %."""
    penalty = BOUNDED if hidden else "l1"
    cls = RegularizedMLPClassifier if kind.startswith("rare") else RegularizedMLPRegressor
    mlp = cls(hidden, penalty=penalty, alpha="quantile", random_state=0)
    if kind == "rare, weighted":
        mlp.set_params(class_weight="balanced")
    n_empty = 0
    for seed in range(30):
        rng = np.random.RandomState(seed)
        X, y = rng.normal(size=(80, 5)), NOISE[kind](rng)
        n_empty += mlp.fit(X, y).n_selected_features_ == 0
    assert n_empty >= binom.ppf(1e-3, 30, 0.94)


@empty_is_fine
def test_concave_penalties_select_nothing_in_noise():
    """A few features beyond the knots fit classes at a cost that does not grow."""
    mlp = RegularizedMLPClassifier(
        (5,), "relu", penalty=[GroupMCP(0.3), MaxNorm(1)], alpha="quantile", random_state=0
    )
    rngs = map(np.random.RandomState, range(8))
    n_empty = sum(
        mlp.fit(rng.normal(size=(80, 8)), np.arange(80) % 2).n_selected_features_ == 0
        for rng in rngs
    )
    assert n_empty >= binom.ppf(1e-3, 8, 0.94)


@empty_is_fine
def test_networks_select_nothing_in_noise():
    """Of 12 data sets at least as many as 94 % have at the level of 0.1 %."""
    mlp = RegularizedMLPRegressor((3,), penalty=BOUNDED, alpha="quantile", random_state=0)
    rngs = map(np.random.RandomState, range(12))
    n_empty = sum(
        mlp.fit(rng.normal(size=(80, 5)), rng.normal(size=80)).n_selected_features_ == 0
        for rng in rngs
    )
    assert n_empty >= binom.ppf(1e-3, 12, 0.94)


@pytest.mark.parametrize(
    "penalty", [GroupLasso(), GroupMCP(0.3), pytest.param(L1(), marks=pytest.mark.slow)]
)
def test_networks_find_what_has_no_linear_effect(penalty):
    """Norms shrink, which counts as noise: they take more samples to find it."""
    X, y = signal(150 if isinstance(penalty, GroupMCP) else 500, noise=0.1)
    mlp = RegularizedMLPRegressor(
        (10,), "relu", penalty=[penalty, MaxNorm(1)], alpha="quantile", random_state=0
    )
    assert mlp.fit(X, y).selected_features_[:2].all()
    assert mlp.n_selected_features_ <= 3
    # The fit at the alpha chosen is as any other, and can be repeated at it.
    assert isinstance(mlp.alpha_, float)
    same = clone(mlp).set_params(alpha=mlp.alpha_)
    same.fit(X, y, coef_init=mlp.coefs_, intercept_init=mlp.intercepts_)
    assert same.loss_ == pytest.approx(mlp.loss_, rel=1e-3)


def test_alpha_is_proportional_to_the_noise():
    """The bias of the lasso is proportional to alpha, and with it to the noise."""
    X, _ = signal(n_samples=400)
    errors = np.random.RandomState(1).normal(size=len(X))
    mlp = RegularizedMLPRegressor((), penalty="l1", alpha="quantile", random_state=0)
    alphas = [
        clone(mlp).fit(X, X[:, 1] + noise * errors).alpha_ for noise in (0.1, 0.2, 0.4)
    ]
    np.testing.assert_allclose(alphas, alphas[1] * np.array([0.5, 1, 2]), rtol=0.1)


def test_correlated_features_that_a_concave_penalty_drops_all_at_once():
    """Its own path gets empty; that of the norm does not."""
    X, y = load_iris(return_X_y=True)
    X = scale(np.hstack([X] * 3) + np.random.RandomState(0).normal(0, 0.1, (150, 12)))
    mlp = RegularizedMLPClassifier(
        (10,), "relu", penalty=[GroupMCP(0.3), MaxNorm(1)], alpha="quantile", random_state=0
    )
    assert 0 < mlp.fit(X, y).n_selected_features_ < 12
    assert mlp.score(X, y) > 0.9


@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_copies_are_no_further_samples(cls, kind):
    """Copied samples, in any order, count as one sample of a larger weight."""
    X, y = signal(n_samples=60)
    X[:, :5] = X[:, :5] > 0
    y += X[:, 1]
    y = y > 0 if cls is RegularizedMLPClassifier else y
    rng = np.random.RandomState(1)
    weight, order = rng.randint(0, 4, size=60), rng.permutation(60)
    mlp = cls((), penalty="l1", alpha="quantile", random_state=0, quantile_level=0.7)
    weighted = clone(mlp).fit(kind(X), y, sample_weight=weight)
    rows = np.repeat(order, weight[order])
    copied = clone(mlp).fit(kind(X[rows]), y[rows])
    assert weighted.alpha_ == pytest.approx(copied.alpha_, rel=1e-6)
    np.testing.assert_allclose(weighted.coefs_[0], copied.coefs_[0], atol=1e-6)
    assert weighted.n_selected_features_ > 0


@pytest.mark.parametrize("cls", BOTH)
def test_weights_and_total_weight_are_units(cls):
    """Weights of 1e-30 and a penalty divided by another weight: the same network."""
    X, y = signal()
    y = y > 0 if cls is RegularizedMLPClassifier else y
    mlp = cls((3,), penalty=BOUNDED, alpha="quantile", random_state=0)
    plain = clone(mlp).fit(X, y)
    tiny = clone(mlp).fit(X, y, sample_weight=np.full(len(y), 2.0**-100))
    other = clone(mlp).set_params(total_weight=4 * len(y)).fit(X, y)
    assert tiny.alpha_ == pytest.approx(2.0**-100 * plain.alpha_, rel=1e-6)
    assert other.alpha_ == pytest.approx(4 * plain.alpha_, rel=1e-6)
    for one in (tiny, other):
        np.testing.assert_allclose(one.coefs_[0], plain.coefs_[0], atol=1e-6)


def test_samples_of_no_weight_do_not_count():
    X, y = signal()
    weight = np.repeat([1.0, 0.0], [100, 50])
    mlp = RegularizedMLPRegressor((), penalty="l1", alpha="quantile", random_state=0)
    alpha = clone(mlp).fit(X, np.where(weight, y, 1e3), sample_weight=weight).alpha_
    assert alpha == pytest.approx(mlp.fit(X[:100], y[:100]).alpha_, rel=1e-6)


def test_sparse_and_single_precision():
    X, y = signal()
    X = np.where(np.abs(X) < 0.3, 0, X)
    mlp = RegularizedMLPRegressor((), penalty="l1", alpha="quantile", random_state=0)
    alpha = clone(mlp).fit(X, y).alpha_
    assert clone(mlp).fit(sparse.csr_array(X), y).alpha_ == pytest.approx(alpha)
    single = clone(mlp).fit(X.astype(np.float32), y.astype(np.float32))
    assert single.alpha_ == pytest.approx(alpha, rel=1e-3)
    assert single.coefs_[0].dtype == np.float32


# The pinball loss has kinks everywhere.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("loss", ["poisson", "tweedie", "huber", "quantile"])
@pytest.mark.parametrize("hidden", [(), (5,)])
def test_other_losses(loss, hidden):
    """Without hidden layers, the means of the features do not matter."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 6))
    y = X[:, 2] + 0.3 * rng.standard_t(2, size=200)
    y = rng.poisson(np.exp(X[:, 2])).astype(float) if loss in ("poisson", "tweedie") else y
    X += 10 if loss != "quantile" and not hidden else 0
    mlp = RegularizedMLPRegressor(
        hidden,
        "relu",
        penalty=BOUNDED if hidden else "l1",
        loss=loss,
        alpha="quantile",
        max_iter=300,
        random_state=0,
    )
    mlp.fit(X, y)
    assert mlp.selected_features_[2]
    assert mlp.n_selected_features_ <= 2


@empty_is_fine
def test_targets_that_do_not_vary():
    mlp = RegularizedMLPRegressor((), penalty="l1", alpha="quantile")
    assert mlp.fit(np.eye(4), np.ones(4)).predict(np.eye(4)) == pytest.approx(1)


def test_early_stopping_holds_out_samples_once():
    X, y = signal()
    mlp = RegularizedMLPRegressor(
        (5,), penalty=BOUNDED, alpha="quantile", early_stopping=True, random_state=0
    )
    mlp.fit(X, y)
    assert len(mlp.validation_loss_curve_) == mlp.n_iter_
    assert mlp.best_validation_score_ > 0.2
    mlp.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    assert mlp.selected_features_[:2].all()
    mlp = RegularizedMLPClassifier(
        (), penalty="l1", alpha="quantile", class_weight="balanced", early_stopping=True
    )
    assert mlp.fit(X, y > 0, sample_weight=np.ones(len(y))).alpha_ > 0


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_minibatches(solver):
    X, y = signal()
    mlp = RegularizedMLPRegressor(
        (5,),
        penalty=BOUNDED,
        alpha="quantile",
        solver=solver,
        learning_rate_init=0.02,
        random_state=0,
    )
    assert mlp.fit(X, y).solver_ == solver
    assert mlp.selected_features_[:2].any()
    assert mlp.n_selected_features_ < 6


def test_a_limit_of_time_ends_the_path():
    X, y = signal()
    mlp = RegularizedMLPRegressor((50,), penalty=BOUNDED, alpha="quantile", random_state=0)
    whole = clone(mlp).fit(X, y)
    start = time.monotonic()
    with pytest.warns(match="max_time"):
        mlp.set_params(max_time=1e-9).fit(X, y)
    assert time.monotonic() - start < 5
    assert mlp.alpha_ < whole.alpha_
    assert mlp.n_iter_ == 1


def test_an_interrupt_keeps_the_weights_reached(monkeypatch):
    from sknormreg.fitting import quantile_alpha

    class Interrupted(quantile_alpha.PathReport):
        n_iterations = 0

        def end_iteration(self, network, params, n_iter):
            Interrupted.n_iterations += 1
            if Interrupted.n_iterations == 30:
                raise KeyboardInterrupt

    monkeypatch.setattr(quantile_alpha, "PathReport", Interrupted)
    X, y = signal()
    mlp = RegularizedMLPRegressor((20,), penalty=BOUNDED, alpha="quantile", random_state=0)
    with pytest.raises(KeyboardInterrupt, match="weights reached so far"):
        mlp.fit(X, y)
    assert np.isfinite(mlp.predict(X)).all()
    assert mlp.alpha_ > 0
    assert Interrupted.n_iterations == 30


def test_lines_of_the_path(capsys):
    X, y = signal()
    mlp = RegularizedMLPRegressor(
        (5,), penalty=BOUNDED, alpha="quantile", verbose=1, random_state=0
    )
    mlp.fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("alpha 1 of 9: ")
    assert any(line.startswith("Iteration 1, ") for line in lines)


def test_callbacks_see_the_last_fit():
    from sklearn.callback import ScoringMonitor

    X, y = signal()
    mlp = RegularizedMLPRegressor((5,), penalty=BOUNDED, alpha="quantile", random_state=0)
    monitor = ScoringMonitor(scoring="r2")
    mlp.set_callbacks(monitor).fit(X, y)
    assert mlp.n_iter_ > 0


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(penalty="l2"), "for L1 or a group penalty.*MaxNorm"),
        (dict(penalty=[L2(), MaxNorm(1)]), "for L1 or a group penalty"),
        (dict(penalty=[SparseGroupLasso(), MaxNorm(1)]), "for L1 or a group penalty"),
        (dict(penalty="hierarchical"), "for L1 or a group penalty"),
        (dict(penalty="nuclear"), "for L1 or a group penalty"),
        (dict(penalty=[Weighted(L1(), {0: 2}), MaxNorm(1)]), "for L1 or a group penalty"),
        (dict(penalty=[ElasticNet(0.0), MaxNorm(1)]), "needs l1_ratio above 0"),
        (dict(penalty="group_lasso"), r"bounded weights.*MaxNorm\(1\)\]"),
        (dict(penalty=["l1", "l2"]), "needs bounded weights after the first layer"),
        (dict(penalty=[]), "for L1 or a group penalty"),
        (dict(penalty=["l1"]), "needs bounded weights after the first layer"),
        (dict(penalty=[L1(), MaxNorm(-1)]), "radius"),
        (dict(penalty=[L1(), MaxNorm(1), MaxNorm(1)]), "penalty has 3 entries"),
        (dict(dropout=0.2), "dropout=0"),
        (dict(input_dropout=0.2), "dropout=0"),
        (dict(n_init=2), "one start.*n_init=2. Set n_init=1, or use MLPFeatureSelector"),
        (dict(quantile_level=1.0), "'quantile_level' parameter"),
        (dict(alpha="quantil"), "Did you mean 'quantile'"),
    ],
)
def test_what_the_rule_is_not_for(params, message):
    X, y = signal()
    mlp = RegularizedMLPRegressor((5,), penalty=BOUNDED, alpha="quantile")
    with pytest.raises(ValueError, match=message):
        mlp.set_params(**params).fit(X, y)


@pytest.mark.parametrize("cls", BOTH)
def test_partial_fit_sees_too_little(cls):
    mlp = cls(alpha="quantile", penalty=BOUNDED)
    assert not hasattr(mlp, "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit") as error:
        mlp.partial_fit([[0.0]], [0.0])
    assert "not available with alpha='quantile'" in str(error.value.__cause__)


def test_a_fitted_estimator_is_pickled_cloned_and_converted():
    X, y = signal()
    mlp = RegularizedMLPRegressor((5,), penalty=BOUNDED, alpha="quantile", random_state=0)
    mlp.fit(X, y)
    again = pickle.loads(pickle.dumps(mlp))
    np.testing.assert_array_equal(again.predict(X), mlp.predict(X))
    assert again.get_params()["alpha"] == "quantile"
    assert clone(mlp).fit(X, y).alpha_ == mlp.alpha_
    np.testing.assert_allclose(mlp.compact().predict(X), mlp.predict(X))
    np.testing.assert_allclose(mlp.to_sklearn().predict(X), mlp.predict(X))
    mlp.set_params(warm_start=True).fit(X, y)
    assert mlp.alpha_ == pytest.approx(again.alpha_, rel=0.2)
    mlp.set_params(alpha=2.0, quantile_level=0.5).fit(X, y)
    assert mlp.alpha_ == 2.0


@pytest.mark.slow
@parametrize_with_checks([RegularizedMLPRegressor((), penalty="l1", alpha="quantile")])
@empty_is_fine
def test_check_estimator(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [RegularizedMLPClassifier((), penalty="l1", alpha="quantile")]
    + [cls((3,), penalty=BOUNDED, alpha="quantile") for cls in BOTH]
)
@empty_is_fine
def test_check_classifiers_and_networks(estimator, check):
    check(estimator)
