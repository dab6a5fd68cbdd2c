"""KnockoffSelector with groups of features, and with sample weights."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sknormreg import (
    KnockoffSelector,
    MLPFeatureSelector,
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
    StabilitySelector,
)
from sknormreg.penalties import L1, GroupLasso, GroupMCP, MaxNorm
from sknormreg.selection.gaussian_knockoffs import GaussianKnockoffs
from sknormreg.selection.knockoff_statistics import (
    standardized_pairs,
    standardized_targets,
)

SMALL = dict(hidden_layer_sizes=(3,), activation="tanh", penalty=[GroupLasso(), MaxNorm(1)])
REGRESSOR, CLASSIFIER = RegularizedMLPRegressor(**SMALL), RegularizedMLPClassifier(**SMALL)

# Convex, so that fits which are alike end at the same weights.
PRECISE = dict(hidden_layer_sizes=(), tol=1e-10, max_iter=10_000)
LINEAR = RegularizedMLPRegressor(penalty="group_lasso", **PRECISE)
LOGISTIC = RegularizedMLPClassifier(penalty="group_lasso", **PRECISE)

GROUPS = [[0, 1, 2], [4, 5], [7, 8, 9], [10, 11]]
LABELS = np.array([0, 0, 0, 4, 1, 1, 5, 2, 2, 2, 3, 3])


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 12))
    for group in GROUPS:
        X[:, group] += rng.normal(size=(200, 1))
    return X


@pytest.fixture(scope="module")
def knockoffs(X):
    return np.random.default_rng(1).normal(size=X.shape) + 0.3 * X


def targets_of(X, kind="numbers"):
    """Targets that depend on groups 0 and 1, and on the features 3 and 6, with noise."""
    y = X[:, 0] - X[:, 2] + X[:, 4] + X[:, 3] - X[:, 6]
    y = y + 0.5 * np.random.default_rng(4).normal(size=len(X))
    return np.where(y > 0, "yes", "no") if kind == "classes" else y


def per_group(statistics):
    """One number for each group; those of its features are the same."""
    firsts = [np.flatnonzero(label == LABELS)[0] for label in range(6)]
    np.testing.assert_array_equal(statistics, statistics[..., np.array(firsts)[LABELS]])
    return statistics[..., firsts]


# Groups


@pytest.mark.parametrize("kind", ["numbers", "classes"])
def test_relevant_groups_are_found(X, kind):
    mlp = CLASSIFIER if kind == "classes" else REGRESSOR
    selector = KnockoffSelector(
        mlp, fdr=0.4, n_draws=3, alphas=3, groups=GROUPS, random_state=0
    ).fit(X, targets_of(X, kind))
    assert selector.support_[:7].all()
    W = per_group(selector.knockoff_statistics_)
    assert W.shape == (3, 6)
    assert np.all(W[:, [0, 1, 4, 5]].min(axis=1) > np.abs(W[:, [2, 3]]).max(axis=1))


def test_support_is_that_of_the_definitions(X):
    y = targets_of(X)
    selector = KnockoffSelector(
        REGRESSOR, fdr=0.6, n_draws=4, alphas=[1.0], groups=GROUPS, random_state=0
    ).fit(X, y)
    e_values = np.zeros(6)
    for W, threshold in zip(per_group(selector.knockoff_statistics_), selector.threshold_):
        n_below = np.count_nonzero(threshold <= -W)
        e_values[threshold <= W] += 6 / (1 + n_below) / 4
    found = per_group(selector.e_values_)
    np.testing.assert_allclose(found, e_values)
    n_groups = per_group(selector.support_).sum()
    assert 2 <= n_groups < 6
    assert found[per_group(selector.support_)].min() >= 6 / (0.6 * n_groups) * (1 - 1e-9)
    single = KnockoffSelector(
        REGRESSOR, fdr=0.6, n_draws=1, offset=0, alphas=[1.0], groups=GROUPS, random_state=0
    ).fit(X, y)
    np.testing.assert_array_equal(
        single.support_, single.threshold_[0] <= single.knockoff_statistics_[0]
    )


@pytest.mark.parametrize("penalty", [GroupLasso(), GroupMCP(5.0), L1()], ids=str)
def test_statistics_are_differences_of_the_norms_of_groups(X, knockoffs, penalty):
    y, alpha = targets_of(X), 60.0
    mlp = RegularizedMLPRegressor(penalty=penalty, **PRECISE)
    selector = KnockoffSelector(
        mlp, fdr=0.4, knockoffs=knockoffs, alphas=[alpha], groups=GROUPS, random_state=0
    ).fit(X, y)
    if not isinstance(penalty, L1):
        of_pairs = GROUPS + [[j + 12 for j in group] for group in GROUPS]
        penalty = type(penalty)(**penalty.get_params() | dict(groups=of_pairs))
    direct = RegularizedMLPRegressor(penalty=penalty, alpha=alpha, **PRECISE)
    direct.fit(standardized_pairs(X, knockoffs), standardized_targets(y))
    squares = np.square(direct.coefs_[0][:, 0]).reshape(2, 12)
    norms = np.sqrt(
        [[half[label == LABELS].sum() for label in range(6)] for half in squares]
    )
    assert (norms == 0).any()
    np.testing.assert_allclose(
        per_group(selector.knockoff_statistics_)[0], norms[0] - norms[1], atol=1e-6
    )


@pytest.mark.parametrize("kind", ["numbers", "classes"])
def test_statistics_change_their_sign_with_the_places_of_a_group(X, knockoffs, kind):
    y = targets_of(X, kind)
    swapped = np.isin(LABELS, [1, 2, 4])
    mlp = LOGISTIC if kind == "classes" else LINEAR
    selector = KnockoffSelector(
        mlp, fdr=0.4, alphas=[0.3], groups=GROUPS, random_state=0, knockoffs=knockoffs
    )
    W = selector.fit(X, y).knockoff_statistics_
    selector.set_params(knockoffs=np.where(swapped, X, knockoffs))
    W_swapped = selector.fit(np.where(swapped, knockoffs, X), y).knockoff_statistics_
    assert (np.abs(W) > 1e-3).sum() > 9
    np.testing.assert_allclose(W_swapped, np.where(swapped, -1, 1) * W, atol=1e-6)
    # A part of the weights of a group: the statistic changes, and not only in sign.
    swapped = np.arange(12) == 0
    selector.set_params(knockoffs=np.where(swapped, X, knockoffs))
    W_part = selector.fit(np.where(swapped, knockoffs, X), y).knockoff_statistics_
    assert np.abs(W_part[0, 0]) < 0.5 * W[0, 0]


def test_groups_of_one_are_no_groups(X):
    y = targets_of(X)
    params = dict(fdr=0.4, n_draws=2, alphas=2, random_state=0)
    plain = KnockoffSelector(REGRESSOR, **params).fit(X, y)
    for groups in ([], {}, [[7], [0], [3]], [[j] for j in range(12)][::-1]):
        single = KnockoffSelector(REGRESSOR, groups=groups, **params).fit(X, y)
        np.testing.assert_array_equal(
            single.knockoff_statistics_, plain.knockoff_statistics_
        )
        np.testing.assert_array_equal(single.e_values_, plain.e_values_)


def test_groups_of_the_penalty_and_by_name(X):
    y = targets_of(X)
    frame = pd.DataFrame(X, columns=list("abcdefghijkl"))
    frame = frame.rename(columns=dict(a="red_1", b="red_2", c="red_3"))
    own = [GroupLasso(groups={"red": "red_"}), MaxNorm(1)]
    params = dict(fdr=0.5, n_draws=2, alphas=[1.0], random_state=0)
    expected, *others = (
        KnockoffSelector(mlp, groups=groups, **params).fit(frame, y).knockoff_statistics_
        for mlp, groups in [
            (REGRESSOR, [[0, 1, 2]]),
            (REGRESSOR, ["red_"]),
            (REGRESSOR, {"red": ["red_3", "red_2", "red_1"]}),
            (RegularizedMLPRegressor(**SMALL | dict(penalty=own)), None),
            # The parameter of the selector comes first.
            (RegularizedMLPRegressor(**SMALL | dict(penalty=own)), [["d", "e"]]),
        ]
    )
    for other in others[:3]:
        np.testing.assert_array_equal(other, expected)
    assert np.all(expected[:, 0] == expected[:, 1])
    assert np.all(others[3][:, 0] != others[3][:, 1])
    assert np.all(others[3][:, 3] == others[3][:, 4])


def test_one_hot_columns_that_knockoffs_of_features_cannot_find():
    """Each is determined by the others, so that its knockoff is a copy."""
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 3, size=(300, 8))
    X = np.hstack([np.eye(3)[column] for column in levels.T])
    effects = np.array([0.0, 1.0, -1.0])
    y = effects[levels[:, :4]].sum(axis=1) + 0.5 * rng.normal(size=300)
    groups = np.arange(24).reshape(8, 3).tolist()
    params = dict(fdr=0.4, n_draws=3, alphas=[10.0], random_state=0)
    grouped = KnockoffSelector(REGRESSOR, groups=groups, **params).fit(X, y)
    np.testing.assert_array_equal(grouped.support_, np.arange(24) < 12)
    single = KnockoffSelector(REGRESSOR, **params).fit(X, y)
    W = [np.abs(one.knockoff_statistics_[:, :12]).mean() for one in (single, grouped)]
    assert W[0] < 0.5 * W[1]


def test_few_groups_are_warned_of(X, capsys):
    selector = KnockoffSelector(
        REGRESSOR, fdr=0.15, n_draws=1, alphas=[9.0], groups=GROUPS, verbose=True
    )
    with pytest.warns(UserWarning, match="evidence for at least 7, but X has 6 groups"):
        selector.fit(X, X[:, 0])
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("1 draws of knockoffs of 12 features in 6 groups")
    assert " groups before their knockoffs" in second


# Sample weights


@pytest.fixture(scope="module")
def weights():
    return np.random.default_rng(2).integers(0, 4, size=200).astype(float)


@pytest.mark.parametrize("kind", ["numbers", "classes", "balanced"])
def test_integer_weights_are_repetitions(X, knockoffs, weights, kind):
    """Where knockoffs and alpha are given: a repeated sample has several knockoffs."""
    y = targets_of(X, "numbers" if kind == "numbers" else "classes")
    mlp = LINEAR if kind == "numbers" else LOGISTIC
    if kind == "balanced":
        mlp = RegularizedMLPClassifier(**LOGISTIC.get_params() | dict(class_weight=kind))
    rows = np.repeat(np.arange(200), weights.astype(int))
    params = dict(fdr=0.4, alphas=[20.0], groups=GROUPS, random_state=0)
    weighted, repeated, plain = (
        KnockoffSelector(mlp, knockoffs=knockoffs[s], **params)
        .fit(X[s], y[s], sample_weight=w)
        .knockoff_statistics_
        for s, w in ((slice(None), weights), (rows, None), (slice(None), None))
    )
    np.testing.assert_allclose(weighted, repeated, atol=1e-6)
    assert np.abs(weighted - plain).max() > 0.01


def drawn(X, random_state):
    return random_state.standard_normal(X.shape) + X / 2


@pytest.mark.parametrize("how", ["gaussian", "callable", "array"])
def test_samples_without_weight_are_left_out(X, weights, how):
    y, kept = targets_of(X), weights > 0
    array = np.random.default_rng(3).normal(size=(2, *X.shape))
    of_all, of_kept = {
        "gaussian": ("gaussian",) * 2,
        "callable": (drawn,) * 2,
        "array": (array, array[:, kept]),
    }[how]
    wrong = np.where(kept, y, 1e3)
    params = dict(fdr=0.4, n_draws=2, alphas=3, groups=GROUPS, random_state=0)
    one, other = (
        KnockoffSelector(REGRESSOR, knockoffs=given, **params).fit(*data, sample_weight=w)
        for given, data, w in (
            (of_all, (np.where(kept[:, None], X, -99), wrong), weights),
            (of_kept, (X[kept], y[kept]), weights[kept]),
        )
    )
    np.testing.assert_array_equal(one.knockoff_statistics_, other.knockoff_statistics_)
    np.testing.assert_array_equal(one.e_values_, other.e_values_)


def test_the_unit_of_weights_does_not_matter(X, weights):
    """For a grid of alphas, which has that unit; for extreme weights, too."""
    y = targets_of(X)
    params = dict(fdr=0.4, n_draws=2, alphas=3, random_state=0)
    selectors = [
        KnockoffSelector(REGRESSOR, **params).fit(1e4 * X, y, sample_weight=weights * unit)
        for unit in (1.0, 0.25, 2.0**1000, 1e-3)
    ]
    W = [selector.knockoff_statistics_ for selector in selectors]
    np.testing.assert_array_equal(W[1], W[0])
    # Fits end at a residual of 1e-4.
    np.testing.assert_allclose(W[2], W[0], atol=0.02 * W[0].max())
    np.testing.assert_allclose(W[3], W[0], atol=0.02 * W[0].max())
    assert np.abs(W[0]).max() > 0.1


def test_knockoffs_know_groups_and_weights(X, weights):
    """Not those of the classes, which say nothing about the features."""
    y = targets_of(X, "classes")
    shares = weights[weights > 0]
    mlp = RegularizedMLPClassifier(**SMALL, class_weight="balanced")
    params = dict(fdr=0.4, n_draws=2, alphas=[1.0], groups=GROUPS, random_state=0)

    def draw(X, random_state):
        return GaussianKnockoffs(X, shares, LABELS).draw(random_state)

    called, drawn = (
        KnockoffSelector(mlp, knockoffs=knockoffs, **params)
        .fit(X, y, sample_weight=weights)
        .knockoff_statistics_
        for knockoffs in (draw, "gaussian")
    )
    np.testing.assert_array_equal(called, drawn)


def test_equal_weights_are_none(X):
    y = targets_of(X, "classes")
    params = dict(fdr=0.4, n_draws=2, alphas=2, groups=GROUPS, random_state=0)
    one, other = (
        KnockoffSelector(LOGISTIC, **params).fit(X, y, sample_weight=w).knockoff_statistics_
        for w in (None, np.ones(200))
    )
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_pairs_and_targets_are_standardised_with_their_weights(X, knockoffs, weights):
    kept = weights > 0
    X, knockoffs, weights = X[kept], knockoffs[kept], weights[kept]
    rows = np.repeat(np.arange(len(X)), weights.astype(int))
    np.testing.assert_allclose(
        standardized_pairs(X, knockoffs, weights)[rows],
        standardized_pairs(X[rows], knockoffs[rows]),
        atol=1e-12,
    )
    y = X[:, :2]
    np.testing.assert_allclose(
        standardized_targets(y, weights)[rows], standardized_targets(y[rows]), atol=1e-12
    )


@pytest.mark.parametrize(
    "selector",
    [
        KnockoffSelector(CLASSIFIER, fdr=0.5, n_draws=1, alphas=[5.0], random_state=0),
        MLPFeatureSelector(CLASSIFIER, n_init=1, alpha=10.0, random_state=0),
        StabilitySelector(CLASSIFIER, alphas=[5.0, 20.0], n_resamples=1, random_state=0),
    ],
    ids=lambda selector: type(selector).__name__,
)
def test_weights_are_routed(X, weights, selector):
    y = targets_of(X, "classes")
    alone = sklearn.clone(selector).fit(X, y, sample_weight=weights)
    with sklearn.config_context(enable_metadata_routing=True):
        step = sklearn.clone(selector).set_fit_request(sample_weight=True)
        model = LogisticRegression().set_fit_request(sample_weight=True)
        pipeline = make_pipeline(step, model).fit(X, y, sample_weight=weights)
        plain = sklearn.clone(selector).set_fit_request(sample_weight=False)
        without = make_pipeline(plain, sklearn.clone(model)).fit(
            X, y, sample_weight=weights
        )
    evidence = {
        "KnockoffSelector": "knockoff_statistics_",
        "MLPFeatureSelector": "scores_",
        "StabilitySelector": "selection_probabilities_",
    }[type(selector).__name__]
    expected = getattr(alone, evidence)
    np.testing.assert_array_equal(getattr(pipeline[0], evidence), expected)
    assert not np.array_equal(getattr(without[0], evidence), expected)
    reference = LogisticRegression().fit(alone.transform(X), y, sample_weight=weights)
    np.testing.assert_allclose(pipeline[1].coef_, reference.coef_)
