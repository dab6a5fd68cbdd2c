"""KnockoffSelector: what it selects, its symmetry, and its parameters."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknormreg import (
    KnockoffSelector,
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
)
from sknormreg.penalties import GroupLasso, MaxNorm, Weighted
from sknormreg.selection.knockoff_statistics import standardized_pairs

N_TRUE = 6

# A small network, and a grid that begins where it is sparse.
SMALL = dict(hidden_layer_sizes=(3,), activation="tanh", penalty=[GroupLasso(), MaxNorm(1)])
REGRESSOR, CLASSIFIER = RegularizedMLPRegressor(**SMALL), RegularizedMLPClassifier(**SMALL)
FAST = dict(alphas=[3.0, 10.0], random_state=0)


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).normal(size=(200, 12))


def targets_of(X, kind):
    """Targets that depend on the first six features."""
    linear, even = X[:, :N_TRUE].sum(axis=1), np.abs(X[:, :N_TRUE]).sum(axis=1)
    return {
        "linear": linear,
        "even": even,
        "two outputs": np.column_stack(
            [1000 * X[:, :3].sum(axis=1), X[:, 3:6] @ [1, 1, 1]]
        ),
        "two classes": np.where(linear > 0, "yes", "no"),
        "three classes": np.digitize(linear, [-1, 1]),
        "two labels": np.column_stack([X[:, :3].sum(axis=1), X[:, 3:6].sum(axis=1)]) > 0,
    }[kind]


@pytest.mark.parametrize(
    "kind",
    ["linear", "even", "two outputs", "two classes", "three classes", "two labels"],
)
def test_relevant_features_are_found(X, kind):
    y = targets_of(X, kind)
    y = y.astype(int) if kind == "two labels" else y
    mlp = RegularizedMLPRegressor if y.dtype.kind == "f" else RegularizedMLPClassifier
    # Units of ReLU find what is even.
    mlp = mlp(**SMALL) if kind != "even" else None
    selector = KnockoffSelector(mlp, fdr=0.3, n_draws=3, alphas=3, random_state=0)
    selector.fit(X, y)
    assert selector.support_[:N_TRUE].all()
    # Their statistics are above those of all others, in each draw.
    W = selector.knockoff_statistics_
    assert W.shape == (3, 12)
    assert np.all(W[:, :N_TRUE].min(axis=1) > W[:, N_TRUE:].max(axis=1))
    np.testing.assert_array_equal(
        selector.transform(X), X[:, selector.get_support(indices=True)]
    )


def test_noise_selects_nothing(X):
    y = np.random.default_rng(1).normal(size=len(X))
    selector = KnockoffSelector(REGRESSOR, fdr=0.2, n_draws=3, alphas=[1], random_state=0)
    selector.fit(X, y)
    assert selector.knockoff_statistics_.any()
    assert not selector.support_.any()
    assert selector.e_value_threshold_ == np.inf


@pytest.mark.parametrize("kind", ["linear", "two classes"])
def test_statistics_change_their_sign_with_the_places_of_a_pair(X, kind):
    y = targets_of(X, kind)
    knockoffs = np.random.default_rng(1).normal(size=X.shape) + 0.3 * X
    swapped = np.zeros(X.shape[1], dtype=bool)
    swapped[[0, 2, 7, 8, 11]] = True
    mlp = CLASSIFIER if kind == "two classes" else REGRESSOR
    selector = KnockoffSelector(mlp, fdr=0.3, alphas=[0.5, 1], random_state=0)
    W = selector.set_params(knockoffs=knockoffs).fit(X, y).knockoff_statistics_
    X_swapped = np.where(swapped, knockoffs, X)
    selector.set_params(knockoffs=np.where(swapped, X, knockoffs))
    W_swapped = selector.fit(X_swapped, y).knockoff_statistics_
    assert (W != 0).sum() > N_TRUE
    # The sums of the first layer are in another order, and fits end at a residual of 1e-4:
    # a lasting difference between a feature and its knockoff would be of the size of W.
    signs = np.where(swapped, -1, 1)
    np.testing.assert_allclose(W_swapped, signs * W, atol=0.02 * np.abs(W).max())


def test_pairs_have_one_mean_and_one_scale(X):
    knockoffs = 5 + 3 * np.random.default_rng(1).normal(size=X.shape)
    constant = np.full((len(X), 1), 0.1)
    X, knockoffs = np.hstack([X, constant]), np.hstack([knockoffs, constant])
    pairs = np.split(standardized_pairs(X, knockoffs), 2, axis=1)
    swapped = np.split(standardized_pairs(knockoffs, X), 2, axis=1)
    np.testing.assert_allclose(pairs, swapped[::-1], atol=1e-12)
    together = np.vstack(pairs)
    np.testing.assert_allclose(together.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(together.std(axis=0), [1] * 12 + [0])


def test_copies_have_statistics_of_zero(X):
    selector = KnockoffSelector(knockoffs=X, **FAST).fit(X, targets_of(X, "even"))
    # Up to the order of sums; starting weights and gradients of both are the same.
    np.testing.assert_allclose(selector.knockoff_statistics_, 0, atol=1e-6)
    assert not selector.support_.any()


def test_support_is_that_of_the_definitions(X):
    y = targets_of(X, "linear")
    selector = KnockoffSelector(REGRESSOR, fdr=0.4, n_draws=4, **FAST).fit(X, y)
    e_values = np.zeros(12)
    for W, threshold in zip(selector.knockoff_statistics_, selector.threshold_):
        n_below = np.count_nonzero(threshold <= -W)
        e_values[threshold <= W] += 12 / (1 + n_below) / 4
    np.testing.assert_allclose(selector.e_values_, e_values)
    n_selected = selector.support_.sum()
    assert e_values[selector.support_].min() >= 12 / (0.4 * n_selected) * (1 - 1e-9)
    assert selector.e_value_threshold_ == selector.e_values_[selector.support_].min()


@pytest.mark.parametrize("offset", [0, 1])
def test_a_single_draw_is_the_knockoff_filter(X, offset):
    y = targets_of(X, "linear")
    selector = KnockoffSelector(REGRESSOR, fdr=0.25, n_draws=1, offset=offset, **FAST)
    selector.fit(X, y)
    (W,), (threshold,) = selector.knockoff_statistics_, selector.threshold_
    np.testing.assert_array_equal(selector.support_, threshold <= W)
    n_below = np.count_nonzero(threshold <= -W)
    assert (offset + n_below) / selector.support_.sum() <= 0.25


def test_offset_0_selects_fewer_features_than_offset_1_can(X):
    # Three features cannot have evidence for fdr=0.2 with an offset of 1.
    y = X[:, :3].sum(axis=1)
    supports = [
        KnockoffSelector(REGRESSOR, fdr=0.2, n_draws=1, offset=offset, **FAST)
        .fit(X, y)
        .support_
        for offset in (0, 1)
    ]
    assert supports[0][:3].all()
    assert not supports[1].any()


def test_results_follow_the_random_state_whatever_n_jobs(X):
    y = targets_of(X, "linear")
    first, parallel, other = (
        KnockoffSelector(
            REGRESSOR, n_draws=3, alphas=[1, 3], n_jobs=n_jobs, random_state=seed
        ).fit(X, y)
        for n_jobs, seed in ((None, 0), (2, 0), (None, 1))
    )
    np.testing.assert_array_equal(first.knockoff_statistics_, parallel.knockoff_statistics_)
    assert not np.array_equal(first.knockoff_statistics_, other.knockoff_statistics_)
    # Draws differ from one another.
    assert len(np.unique(first.knockoff_statistics_[:, 0])) == 3


def test_units_do_not_matter(X):
    y = targets_of(X, "linear")
    unit = np.geomspace(1e-3, 1e3, 12)
    one, other = (
        KnockoffSelector(REGRESSOR, n_draws=2, **FAST).fit(*data)
        for data in ((X, y), (X * unit + 5, 1000 * y - 7))
    )
    # A convergent fit ends where another one ends, up to its residual.
    W = one.knockoff_statistics_
    np.testing.assert_allclose(other.knockoff_statistics_, W, atol=0.05 * W.max())


def test_the_total_weight_of_the_estimator_does_not_matter(X):
    y = targets_of(X, "linear")
    other = clone(REGRESSOR).set_params(total_weight=5.0)
    statistics = [
        KnockoffSelector(one, n_draws=1, **FAST).fit(X, y).knockoff_statistics_
        for one in (REGRESSOR, other)
    ]
    np.testing.assert_array_equal(*statistics)


def test_knockoffs_of_the_caller(X):
    y, drawn = targets_of(X, "linear"), []

    def draw(given, random_state):
        np.testing.assert_array_equal(given, X)
        drawn.append(random_state.standard_normal(given.shape))
        return drawn[-1]

    params = dict(estimator=REGRESSOR, fdr=0.3, **FAST)
    called = KnockoffSelector(knockoffs=draw, n_draws=2, **params).fit(X, y)
    assert len(drawn) == 2
    assert not np.array_equal(*drawn)
    given = KnockoffSelector(knockoffs=np.array(drawn), **params).fit(X, y)
    np.testing.assert_array_equal(given.knockoff_statistics_, called.knockoff_statistics_)
    single = KnockoffSelector(knockoffs=drawn[0].tolist(), **params).fit(X, y)
    np.testing.assert_array_equal(
        single.knockoff_statistics_, called.knockoff_statistics_[:1]
    )
    assert called.support_[:N_TRUE].all()


def test_names_come_out_of_pipelines(X):
    table = pd.DataFrame(X, columns=[f"feature {i}" for i in range(12)])
    y = targets_of(X, "linear")
    selector = KnockoffSelector(REGRESSOR, fdr=0.3, n_draws=2, **FAST)
    pipeline = make_pipeline(selector, LinearRegression()).fit(table, y)
    names = selector.selected_feature_names_
    assert set(names) >= {f"feature {i}" for i in range(N_TRUE)}
    np.testing.assert_array_equal(pipeline[0].get_feature_names_out(), names)
    assert pipeline.score(table, y) > 0.99
    selector.set_output(transform="pandas")
    assert list(selector.transform(table).columns) == list(names)


@pytest.mark.parametrize(
    ("loss", "penalty"),
    [("huber", "l2"), ("poisson", "group_lasso"), ("squared_error", "hierarchical")],
)
def test_other_losses_and_penalties(X, loss, penalty):
    y = np.exp(targets_of(X, "linear") / 3)
    mlp = RegularizedMLPRegressor((4,), loss=loss, penalty=penalty, alpha=1.0)
    selector = KnockoffSelector(mlp, fdr=0.3, n_draws=1, **FAST).fit(X, y)
    W = selector.knockoff_statistics_[0]
    assert W[:N_TRUE].mean() > 3 * np.abs(W[N_TRUE:]).max()


@pytest.mark.parametrize("kind", ["rare", "weights", "float32", "constant"])
def test_unusual_data(X, kind):
    y = targets_of(X, "two classes").astype(object)
    mlp = CLASSIFIER
    if kind == "rare":
        y[0] = "perhaps"
    elif kind == "weights":
        mlp = RegularizedMLPClassifier(**SMALL, class_weight="balanced")
    elif kind == "float32":
        X = X.astype(np.float32)
    else:
        X = np.column_stack([X, np.full(len(X), 0.1), X[:, 0]])
    selector = KnockoffSelector(mlp, fdr=0.3, n_draws=2, **FAST)
    selector.fit(X, y.astype(str))
    relevant = slice(1, N_TRUE)
    W = selector.knockoff_statistics_
    assert np.all(W[:, relevant].min(axis=1) > W[:, N_TRUE:12].max(axis=1))
    if kind == "constant":
        assert not W[:, 12].any()


def test_few_features_are_warned_of(X):
    selector = KnockoffSelector(n_draws=1, **FAST)
    with pytest.warns(UserWarning, match="evidence for at least 10, but X has 4 features"):
        selector.fit(X[:, :4], X[:, 0])
    assert not selector.support_.any()


ERRORS = [
    (dict(fdr=0), r"'fdr' .* must be a float in the range \(0.0, 1.0\). Got 0 instead"),
    (dict(fdr=1.0), r"'fdr' .* must be a float in the range \(0.0, 1.0\)"),
    (dict(n_draws=0), r"'n_draws' .* must be an int in the range \[1, inf\). Got 0"),
    (dict(offset=2), r"'offset' .* must be a int among \{0, 1\}"),
    (dict(offset=0), "offset=0 needs a single draw, .* got 25 draws. Set n_draws=1"),
    (dict(knockoffs="normal"), r"'knockoffs' .* must be a str among \{'gaussian'\}"),
    (
        dict(knockoffs=np.zeros((200, 11))),
        r"shape of X, \(200, 12\), or \(n_draws, 200, 12\) .* got the shape \(200, 11\)",
    ),
    (dict(knockoffs=np.zeros((0, 200, 12))), r"got the shape \(0, 200, 12\)"),
    (dict(knockoffs=[["a"]]), "knockoffs must hold numbers"),
    (dict(knockoffs=np.full((200, 12), np.nan)), "knockoffs must be finite"),
    (
        dict(knockoffs=lambda X, random_state: X[:5]),
        r"callable knockoffs must return an array of the shape of X, \(200, 12\), got the "
        r"shape \(5, 12\)",
    ),
    (dict(alphas=[-1.0]), "alphas must be a number of alphas, or a list of finite numbers"),
    (
        dict(
            estimator=RegularizedMLPRegressor(
                penalty=Weighted(GroupLasso(), {0: 0}), alpha=1.0
            )
        ),
        "the same penalty for a feature and its knockoff, got a Weighted penalty",
    ),
    (
        dict(estimator=RegularizedMLPRegressor(penalty="max_norm", alpha=1.0)),
        "alpha has no meaning for the constraint",
    ),
]


@pytest.mark.parametrize(("params", "message"), ERRORS, ids=range(len(ERRORS)))
def test_errors_say_what_would_be_right(X, params, message):
    with pytest.raises(ValueError, match=message):
        KnockoffSelector(**params).fit(X, X[:, 0])


def test_data_and_estimators_that_will_not_do(X):
    from scipy.sparse import csr_array

    with pytest.raises(TypeError, match=r"does not take sparse X, .* X.toarray\(\)"):
        KnockoffSelector().fit(csr_array(X), X[:, 0])
    with pytest.raises(TypeError, match="estimator must be a RegularizedMLPClassifier, a"):
        KnockoffSelector(LinearRegression()).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="contains NaN"):
        KnockoffSelector().fit(np.where(X > 2, np.nan, X), X[:, 0])
    with pytest.raises(NotFittedError):
        KnockoffSelector().transform(X)


@parametrize_with_checks([KnockoffSelector(fdr=0.5, n_draws=2, alphas=[20.0])])
@pytest.mark.filterwarnings("ignore:No feature can be selected")
@pytest.mark.filterwarnings("ignore:No features were selected")
def test_check_estimator(estimator, check):
    check(estimator)


def realised_rates(kind, fdr, n_tables, **params):
    """Return the share of false selections, and of relevant features found, per table."""
    rates = []
    root = np.linalg.cholesky(0.5 ** np.abs(np.subtract.outer(range(30), range(30))))
    for seed in range(n_tables):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((300, 30)) @ root.T
        a, b = rng.permutation(30)[:10].reshape(2, 5)
        if kind == "pairs":
            y = 10 * np.abs(X[:, a] - X[:, b]).sum(axis=1)
        else:
            y = 0.3 * (X[:, a] - X[:, b]).sum(axis=1)
        y = y + rng.standard_normal(300)
        selector = KnockoffSelector(fdr=fdr, alphas=3, random_state=seed, **params).fit(
            X, y
        )
        n_right = selector.support_[[*a, *b]].sum()
        n_selected = selector.support_.sum()
        rates.append(((n_selected - n_right) / max(n_selected, 1), n_right / 10))
    return np.array(rates).T


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "n_tables", "n_draws"),
    [("pairs", 100, 1), ("linear", 100, 1), ("linear", 30, 4)],
)
def test_false_discovery_rate_is_controlled(kind, n_tables, n_draws):
    false, found = realised_rates(kind, 0.2, n_tables, n_draws=n_draws)
    standard_error = false.std() / np.sqrt(n_tables)
    print(
        f"{kind}, {n_draws} draws: false discovery rate {false.mean():.3f} "
        f"(standard error {standard_error:.3f}), power {found.mean():.3f}"
    )
    assert false.mean() <= 0.2 + 2 * standard_error
    assert found.mean() > 0.7
