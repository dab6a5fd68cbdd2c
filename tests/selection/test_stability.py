"""Stability selection: against a direct one with the lasso, and its interface."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import Ridge, lasso_path
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
    StabilitySelector,
)
from sknormreg.penalties import GroupLasso, L1Ball
from sknormreg.selection import stability, stability_problem
from sknormreg.selection.resamples import complementary_halves

LINEAR = RegularizedMLPRegressor((), penalty="l1", alpha=1.0)


@pytest.fixture(scope="module")
def signals():
    """Twelve features, of which 2, 5 and 7 matter to two targets."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 12))
    y = X[:, [2, 5, 7]] @ [[1.0, 0.2], [-1.0, 1.0], [0.7, -1.0]]
    return X, y + 0.5 * rng.normal(size=(90, 2))


# Against a direct implementation


def first_of_lasso(X, y, weights, alphas, q):
    """Where the first q features of a lasso path enter it: index of the alpha, or -1."""
    root = np.sqrt(weights / weights.sum() * len(y))
    X = (X - np.average(X, axis=0, weights=weights)) * root[:, None]
    y = (y - np.average(y, weights=weights)) * root
    _, coefs, _ = lasso_path(X, y, alphas=alphas[::-1], tol=1e-12, max_iter=100_000)
    entered = np.full(X.shape[1], -1)
    for k, coef in zip(range(len(alphas))[::-1], coefs.T):
        new = [j for j in np.argsort(-np.abs(coef)) if coef[j] != 0 and entered[j] < 0]
        entered[new[: q - (entered >= 0).sum()]] = k
    return entered


@pytest.mark.parametrize("q", [2, pytest.param(5, marks=pytest.mark.slow), 12])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("sampling", ["complementary_pairs", "subsample"])
def test_probabilities_are_those_of_the_lasso(signals, sampling, weighted, q, monkeypatch):
    X, y = signals[0], signals[1][:, 0]
    weights = np.random.default_rng(1).uniform(0.5, 2, 90) if weighted else None
    pairs = []

    def recorded(*args):
        pairs.append(complementary_halves(*args))
        return pairs[-1]

    monkeypatch.setattr(stability_problem, "complementary_halves", recorded)
    alphas = np.geomspace(1, 120, 12)
    selector = StabilitySelector(
        LINEAR,
        alphas=alphas,
        n_resamples=6,
        n_features_per_resample=q,
        sampling=sampling,
        random_state=0,
    ).fit(X, y, sample_weight=weights)
    assert len(pairs) == 6
    weights = np.ones(90) if weights is None else weights
    entered = np.array(
        [
            # J divides alpha by the weight of the samples: here that of all of them.
            first_of_lasso(X[half], y[half], weights[half], alphas / weights.sum(), q)
            for pair in pairs
            for half in pair[: 2 if sampling == "complementary_pairs" else 1]
        ]
    )
    expected = np.mean(entered[:, :, None] >= np.arange(12), axis=0)
    np.testing.assert_array_equal(selector.selection_probabilities_, expected)
    np.testing.assert_array_equal(selector.stability_scores_, expected.max(axis=1))
    # Something to tell apart: neither all of them nor none.
    assert 0 < expected.mean() < 1
    np.testing.assert_array_equal(selector.support_, expected.max(axis=1) >= 0.7 - 1e-9)
    assert selector.n_features_per_resample_ == q
    assert (selector.stability_scores_.sum() <= q + 1e-9).all()


@pytest.mark.parametrize("n", [10, 11])
@pytest.mark.parametrize("labels", [None, "aaabb", "abcde"])
def test_halves(n, labels):
    rows = np.arange(3, 3 + n) * 2
    strata = None if labels is None else np.resize(list(labels), n)
    rng = np.random.RandomState(0)
    seen = set()
    for _ in range(20):
        halves = complementary_halves(rows, strata, rng)
        assert [len(half) for half in halves] == [n // 2] * 2
        together = np.concatenate(halves)
        assert len(np.unique(together)) == len(together)
        assert np.isin(together, rows).all()
        assert all((np.diff(half) > 0).all() for half in halves)
        for label in set(labels or ""):
            counts = [np.isin(rows[strata == label], half).sum() for half in halves]
            assert abs(counts[0] - counts[1]) <= 1
        seen.add(tuple(halves[0]))
    assert len(seen) > 5


def test_targets_in_another_unit_select_the_same(signals):
    X, y = signals
    selector = StabilitySelector(
        alphas=[3.0, 10.0], n_resamples=1, n_features_per_resample=3, random_state=0
    )
    supports = [selector.fit(X, unit * y + 7).support_ for unit in ([1, 1], [1e3, 1e-3])]
    np.testing.assert_array_equal(*supports)
    assert supports[0].any()


def test_samples_without_weight_are_left_out(signals):
    X, y = signals
    weights = np.resize([1.0, 0.0, 2.0], 90)
    kept = weights > 0
    selector = StabilitySelector(
        LINEAR, alphas=[3.0, 10.0, 30.0], n_resamples=4, random_state=0
    )
    probabilities = [
        clone(selector).fit(*data, sample_weight=s).selection_probabilities_
        for data, s in (((X, y), weights), ((X[kept], y[kept]), weights[kept]))
    ]
    np.testing.assert_array_equal(*probabilities)


# What is to be found is found


def test_whatever_the_number_of_jobs(signals):
    X, y = signals
    selector = StabilitySelector(
        RegularizedMLPRegressor((4,), penalty="group_lasso", alpha=1.0),
        alphas=[3.0, 10.0, 30.0],
        n_resamples=2,
        random_state=0,
    )
    found = [clone(selector).set_params(n_jobs=n).fit(X, y) for n in (None, 2)]
    np.testing.assert_array_equal(*[one.selection_probabilities_ for one in found])
    assert set(found[0].get_support(indices=True)) >= {5, 7}
    assert found[0].max_false_ <= 1


@pytest.mark.parametrize("kind", ["binary", "multiclass", "strings", "multilabel"])
def test_classification(kind):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 8))
    signal = X[:, 1] + 0.3 * rng.normal(size=120)
    y = (signal > 0).astype(int)
    if kind == "multiclass":
        y = np.digitize(signal, [-0.5, 0.5])
        y[:2] = 3  # a rare class
    elif kind == "strings":
        y = np.array(["no", "yes"])[y]
    elif kind == "multilabel":
        y = np.stack([y, X[:, 4] > 0], axis=1).astype(int)
    selector = StabilitySelector(n_resamples=3, alphas=8, random_state=0).fit(X, y)
    expected = [1, 4] if kind == "multilabel" else [1]
    np.testing.assert_array_equal(
        selector.get_support(indices=True)[: len(expected)], expected
    )


def test_sparse_data_select_the_same(signals):
    X, y = signals
    X = np.where(np.abs(X) > 0.5, X, 0)
    selector = StabilitySelector(
        LINEAR, alphas=[3.0, 10.0, 30.0], n_resamples=4, random_state=0
    )
    dense = clone(selector).fit(X, y).selection_probabilities_
    np.testing.assert_array_equal(
        selector.fit(sparse.csr_array(X), y).selection_probabilities_, dense
    )


def test_groups_count_as_one_feature():
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 3, 150)
    X = np.column_stack([np.eye(3)[levels], rng.normal(size=(150, 6))])
    y = np.array([0.0, 1.0, -1.0])[levels] + X[:, 5] + 0.3 * rng.normal(size=150)
    groups = [[0, 1, 2]]
    by_penalty = RegularizedMLPRegressor(
        (4,), penalty=[GroupLasso(groups), "l2"], alpha=1.0
    )
    for params in (dict(groups=groups), dict(estimator=by_penalty)):
        selector = StabilitySelector(n_resamples=3, alphas=8, random_state=0, **params)
        selector.fit(X, y)
        assert selector.get_support(indices=True).tolist() == [0, 1, 2, 5]
        assert len(np.unique(selector.selection_probabilities_[:3], axis=0)) == 1
        # Seven of them: with nine, two would already enter.
        scores = selector.stability_scores_[2:]
        assert scores.sum() <= selector.n_features_per_resample_ + 1e-9


def test_in_a_pipeline_with_names():
    pytest.importorskip("pandas")
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    selector = StabilitySelector(n_resamples=2, alphas=6, random_state=0)
    pipeline = make_pipeline(
        StandardScaler(), selector, RegularizedMLPClassifier((3,), alpha=1.0)
    )
    pipeline.set_output(transform="pandas").fit(X, y)
    names = pipeline[1].selected_feature_names_
    assert 0 < len(names) <= 8
    assert list(pipeline[2].feature_names_in_) == list(names)
    assert list(pipeline[1].get_feature_names_out()) == list(names)
    assert pipeline.score(X, y) > 0.9


def test_verbose_prints_the_grid_and_each_path(signals, capsys):
    StabilitySelector(LINEAR, n_resamples=2, alphas=5, random_state=0, verbose=True).fit(
        *signals
    )
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith("5 alphas from ")
    assert [line.partition(":")[0] for line in lines] == [
        f"path {i} of 4" for i in (1, 2, 3, 4)
    ]


def test_an_interrupt_ends_all_paths(signals, monkeypatch):
    seen = []

    def interrupted(fitter, *args):
        seen.append(fitter)
        raise KeyboardInterrupt

    monkeypatch.setattr(stability, "fit_path", interrupted)
    selector = StabilitySelector(LINEAR, alphas=[1.0], n_resamples=2)
    with pytest.raises(KeyboardInterrupt):
        selector.fit(*signals)
    assert seen
    assert all(fitter.deadline < 0 for fitter in seen)
    assert not hasattr(selector, "support_")


# The control of the error


def test_two_of_three_determine_the_third(signals):
    X, y = signals
    selector = StabilitySelector(LINEAR, alphas=[5.0, 50.0], n_resamples=5, random_state=0)

    def numbers(**params):
        fitted = clone(selector).set_params(**params).fit(X, y)
        return fitted.n_features_per_resample_, fitted.threshold_, fitted.max_false_

    q, threshold, max_false = numbers(max_false=0.5)
    assert (q, threshold) == (1, 0.7)
    assert max_false <= 0.5
    assert numbers(max_false=4.0)[0] > q
    assert numbers(n_features_per_resample=3)[::2] > (3, max_false)
    q, threshold, max_false = numbers(
        threshold=None, max_false=0.5, n_features_per_resample=3
    )
    assert (q, max_false <= 0.5) == (3, True)
    assert numbers(threshold=threshold - 0.1, n_features_per_resample=3)[2] > 0.5
    # By default, one.
    assert numbers() == numbers(max_false=1.0)
    # 10 paths: the next share that there is.
    assert numbers(threshold=0.75)[1] == 0.8


@pytest.mark.slow
def test_false_selections_are_as_few_as_the_bound_says():
    rng = np.random.default_rng(0)
    selector = StabilitySelector(
        LINEAR, alphas=8, n_resamples=5, max_false=0.6, random_state=0
    )
    n_false = []
    for _ in range(30):
        X, y = rng.normal(size=(40, 15)), rng.normal(size=40)
        n_false.append(selector.fit(X, y).support_.sum())
    # The bound holds for the mean of many; three standard errors.
    assert np.mean(n_false) <= selector.max_false_ + 3 * np.std(n_false) / np.sqrt(30)


# What is refused


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            dict(estimator=RegularizedMLPRegressor(alpha=1.0)),
            "selects no features.*group_lasso",
        ),
        (
            dict(estimator=RegularizedMLPRegressor(penalty=["l2", "l1"], alpha=1.0)),
            "penalty of the first layer, L2.*selects no features",
        ),
        (
            dict(estimator=RegularizedMLPRegressor(penalty=L1Ball(3.0), alpha=1.0)),
            "no meaning",
        ),
        (
            dict(estimator=RegularizedMLPRegressor(penalty="l1", max_time=1, alpha=1.0)),
            "max_time=1, but fits that are cut short",
        ),
        (dict(threshold=0.5), "The 'threshold' parameter"),
        (dict(sampling="subsamples"), "Did you mean 'subsample'"),
        (dict(sampling="subsample", bound="unimodal"), "is for complementary pairs"),
        (dict(n_features_per_resample=13), "there are 12 features"),
        (dict(threshold=None), "two of them determine the third"),
        (dict(max_false=1, n_features_per_resample=2), "two of them determine the third"),
        (dict(max_false=0.01), "max_false=0.01 cannot be had at threshold=0.7"),
        (
            dict(max_false=0.01, n_features_per_resample=9, threshold=None),
            "even at threshold=1 the bound is",
        ),
        (dict(alphas=[]), "alphas is empty"),
        (dict(groups=[[0, 40]]), "out of range"),
    ],
)
def test_parameters_that_will_not_do(signals, params, message):
    with pytest.raises(ValueError, match=message):
        StabilitySelector(**params).fit(*signals)


def test_estimators_that_will_not_do(signals):
    with pytest.raises(TypeError, match="must be a RegularizedMLPClassifier, a"):
        StabilitySelector(Ridge()).fit(*signals)


def test_data_that_will_not_do(signals):
    X, y = signals
    selector = StabilitySelector(n_resamples=2)
    with pytest.raises(ValueError, match="NaN"):
        selector.fit(np.where(X > 2, np.nan, X), y)
    with pytest.raises(ValueError, match=r"at least 4 samples, with.* Got n_samples = 3"):
        selector.fit(X, y, sample_weight=np.arange(90) < 3)
    rare = np.arange(90) == 5
    with pytest.raises(ValueError, match="at least 2 of each of two classes"):
        selector.fit(X, rare)


def test_paths_that_do_not_converge_are_told_of_once():
    X, y = load_iris(return_X_y=True)
    mlp = RegularizedMLPClassifier((4,), penalty="group_lasso", max_iter=2, alpha=1.0)
    selector = StabilitySelector(mlp, alphas=[1.0, 2.0], n_resamples=2, random_state=0)
    with pytest.warns(match="8 of 8 fits did not converge") as caught:
        selector.fit(scale(X), y)
    assert len(caught) == 1


# A sample of weight 2 is not the same as the sample twice: the two may be in both halves.
# With the penalty so strong, neither finds anything in the noise of that check. Where
# nothing is selected, scikit-learn's own `transform` warns.
@parametrize_with_checks([StabilitySelector(alphas=[2.0, 4.0], n_resamples=1)])
@pytest.mark.filterwarnings("ignore:No features were selected")
def test_check_estimator(estimator, check):
    check(estimator)
