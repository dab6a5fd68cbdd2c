"""Intervals and sets of classes that cover new samples."""

import pickle
from fractions import Fraction
from math import ceil

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.datasets import load_diabetes, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import (
    KFold,
    PredefinedSplit,
    RepeatedKFold,
    ShuffleSplit,
)
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPClassifierCV, RegularizedMLPRegressorCV
from sknormreg.estimators.conformal import _cv_plus, _needed, _weight_below, mass_ahead

X_DIABETES, DIABETES = (scale(part)[::3] for part in load_diabetes(return_X_y=True))
X_WINE, WINE = load_wine(return_X_y=True)
X_WINE = scale(X_WINE)[:, :3]
FOLDS = KFold(4, shuffle=True, random_state=1)
NEW = slice(100, None)
SETTINGS = dict(
    hidden_layer_sizes=(3,), alphas=[1.0, 10.0], cv=FOLDS, random_state=0, tol=1e-2
)

TARGETS = {
    "outputs": np.c_[DIABETES, -X_DIABETES[:, 0], X_DIABETES[:, 3]],
    "poisson": np.round(np.exp(DIABETES)),
}


def regressor(X=X_DIABETES, y=DIABETES, **params):
    model = RegularizedMLPRegressorCV(**{"ensemble": True, **SETTINGS, **params})
    return model.fit(X, y)


def classifier(X=X_WINE, y=WINE, **params):
    settings = {"ensemble": True, "scoring": "neg_log_loss", **SETTINGS, **params}
    return RegularizedMLPClassifierCV(**settings).fit(X, y)


# Intervals


def expected_intervals(model, X, y, X_new, coverage):
    """CV+ as Barber et al. (2021) define it, for one output."""
    lower, upper = [], []
    for member, (_, test) in zip(model.estimators_, model.cv.split(X)):
        centre = member.predict(X_new)
        for residual in np.abs(y[test] - member.predict(X[test])):
            lower.append(centre - residual)
            upper.append(centre + residual)
    n = len(upper)
    rank = ceil(Fraction(str(coverage)) * (n + 1))
    return np.c_[np.sort(lower, axis=0)[n - rank], np.sort(upper, axis=0)[rank - 1]]


@pytest.mark.parametrize("coverage", [0.9, 0.55, 0.7])
@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_intervals_are_those_of_the_article(loss, coverage):
    X, y = X_DIABETES[:99], DIABETES[:99]
    model = regressor(X, y, loss=loss)
    found = model.predict_interval(X_DIABETES[NEW], coverage)
    expected = expected_intervals(model, X, y, X_DIABETES[NEW], coverage)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert found.shape == (48, 2)
    assert (found[:, 0] < found[:, 1]).all()


def test_counts_are_not_negative():
    X, y = X_DIABETES, TARGETS["poisson"]
    model = regressor(X, y, loss="poisson")
    expected = expected_intervals(model, X, y, X, 0.8)
    assert (expected < 0).any()
    found = model.predict_interval(X, coverage=0.8)
    np.testing.assert_allclose(found, np.maximum(expected, 0), atol=1e-12)


def test_each_output_has_its_intervals():
    X, y = X_DIABETES[:, 1:], TARGETS["outputs"]
    model = regressor(X, y)
    found = model.predict_interval(X[:7])
    assert found.shape == (7, 2, 3)
    for j in range(3):

        class Output:
            """A network of which only one output is looked at."""

            def __init__(self, member, j=j):
                self.predict = lambda X: member.predict(X)[:, j]

        one = pickle.loads(pickle.dumps(model))
        one.estimators_ = [Output(member) for member in model.estimators_]
        expected = expected_intervals(one, X, y[:, j], X[:7], 0.9)
        np.testing.assert_allclose(found[:, :, j], expected, rtol=1e-12)


@pytest.mark.parametrize("form", ["frame", "sparse", "single", "column"])
def test_intervals_of_other_forms_of_data(form):
    make = {
        "frame": lambda X: pd.DataFrame(X, columns=[f"x{i}" for i in range(10)]),
        "sparse": sparse.csr_array,
        "single": np.float32,
        "column": np.asarray,
    }[form]
    X, y = make(X_DIABETES), DIABETES[:, None] if form == "column" else DIABETES
    model = regressor(X, y, tol=1e-6, hidden_layer_sizes=())
    found = model.predict_interval(X)
    expected = regressor(tol=1e-6, hidden_layer_sizes=()).predict_interval(X_DIABETES)
    assert found.dtype == np.float64
    # Of fits to 1e-6 in single precision.
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_intervals_do_not_depend_on_working_memory():
    model = regressor(y=TARGETS["outputs"])
    expected = model.predict_interval(X_DIABETES)
    with sklearn.config_context(working_memory=0.01):
        np.testing.assert_array_equal(model.predict_interval(X_DIABETES), expected)


def test_ranks_are_exact():
    """Though 0.55 * 100 is above 55, and 0.29 * 100 below 29, in floating point."""
    assert 0.55 * 100 > 55
    for n in range(1, 300):
        for percent in range(1, 100):
            rank = ceil(Fraction(percent, 100) * (n + 1))
            assert ceil(_needed(None, n, percent / 100)) == rank


def test_few_samples_give_infinite_intervals():
    model = regressor(X_DIABETES[:8], DIABETES[:8])
    assert np.isinf(model.predict_interval(X_DIABETES)).all()
    assert np.isfinite(model.predict_interval(X_DIABETES, 8 / 9)).all()
    model = classifier(X_WINE[::22], WINE[::22], cv=3)
    assert model.predict_set(X_WINE).all()
    assert not classifier().predict_set(X_WINE).all()


def test_small_coverages_have_ordered_ends():
    found = regressor().predict_interval(X_DIABETES, 0.01)
    assert (found[:, 0] <= found[:, 1]).all()
    found = _cv_plus([np.zeros((1, 1)), np.ones((1, 1))], [np.zeros(9)] * 2, None, 0.2)
    np.testing.assert_array_equal(found, [[0, 1]])


def test_weights_count_samples():
    rng = np.random.RandomState(0)
    centres, widths = [rng.randn(5, 1) for _ in range(2)], [rng.rand(30), rng.rand(20)]
    plain = _cv_plus(centres, widths, None, 0.8)
    for weight in (1.0, 0.3):
        found = _cv_plus(centres, widths, np.full(50, weight), 0.8)
        np.testing.assert_array_equal(found, plain)
    # Those of weight 0 do not count.
    weights = (np.arange(50) % 3 > 0).astype(float)
    parts = [w[k > 0] for w, k in zip(widths, (weights[:30], weights[30:]))]
    found = _cv_plus(centres, widths, weights, 0.8)
    np.testing.assert_array_equal(found, _cv_plus(centres, parts, None, 0.8))


def test_weighted_quantiles_by_definition():
    X, y = X_DIABETES, DIABETES
    weight = np.random.RandomState(0).gamma(1, size=len(y))
    model = RegularizedMLPRegressorCV(ensemble=True, **SETTINGS)
    model.fit(X, y, sample_weight=pd.Series(weight))
    found, total = model.predict_interval(X[:3]), weight.sum() + weight.mean()
    for i in range(3):
        ends = {-1: [], 1: []}
        for member, (_, test) in zip(model.estimators_, FOLDS.split(X)):
            residuals = np.abs(y[test] - member.predict(X[test]))
            for sign in ends:
                centre = sign * member.predict(X[[i]])
                ends[sign] += list(zip(centre + residuals, weight[test]))
        for sign, end in zip((-1, 1), found[i]):
            # The distribution function passes 0.9 there; the new sample is at infinity.
            below = sum(w for value, w in ends[sign] if value < sign * end - 1e-9)
            until = sum(w for value, w in ends[sign] if value < sign * end + 1e-9)
            assert below < 0.9 * total <= until


# Sets


def expected_sets(model, X, y, X_new, coverage):
    """Romano, Sesia and Candès (2020), algorithm 2, with u = 1."""

    def ahead(member, X):
        return np.array(
            [[sum(q for q in row if q > p) for p in row] for row in member.predict_proba(X)]
        )

    below, n = 0, 0
    for member, (_, test) in zip(model.estimators_, model.cv.split(X)):
        codes = np.searchsorted(model.classes_, y[test])
        scores, of_new = (
            ahead(member, X[test])[range(len(test)), codes],
            ahead(member, X_new),
        )
        n += len(scores)
        below = below + (scores < of_new[:, :, None] - 1e-9).sum(axis=2)
    return below < float(Fraction(str(coverage)) * (n + 1))


@pytest.mark.parametrize("coverage", [0.9, 0.55, 0.99])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "balanced"])
def test_sets_are_those_of_the_article(kind, coverage):
    X = X_WINE + np.random.RandomState(0).randn(*X_WINE.shape)
    y = np.where(WINE > 0, "other", "first") if kind == "binary" else WINE
    model = classifier(X, y, class_weight="balanced" if kind == "balanced" else None)
    found = model.predict_set(X, coverage)
    np.testing.assert_array_equal(found, expected_sets(model, X, y, X, coverage))
    assert found.shape == (len(y), len(model.classes_))
    assert found.dtype == bool
    assert len(np.unique(found.sum(axis=1))) > 1


def test_weighted_sets_by_definition():
    X = X_WINE + np.random.RandomState(0).randn(*X_WINE.shape)
    weight = np.random.RandomState(1).poisson(1, size=len(WINE))
    model = RegularizedMLPClassifierCV(
        ensemble=True, scoring="neg_log_loss", **SETTINGS
    ).fit(X, WINE, sample_weight=weight)
    below = 0
    for member, (_, test) in zip(model.estimators_, FOLDS.split(X)):
        scores = mass_ahead(member.predict_proba(X[test]))[range(len(test)), WINE[test]]
        is_below = scores < mass_ahead(member.predict_proba(X))[:, :, None] - 1e-9
        below = below + is_below @ weight[test]
    of_new = weight[weight > 0].mean()
    expected = below < 0.8 * (weight.sum() + of_new)
    np.testing.assert_array_equal(model.predict_set(X, 0.8), expected)
    assert (weight == 0).any()


def test_mass_ahead_of_classes():
    proba = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4], [1 / 3] * 3, [0.0, 1.0, 0.0]])
    expected = [[0.8, 0, 0.5], [0, 0.8, 0], [0, 0, 0], [1, 0, 1]]
    np.testing.assert_allclose(mass_ahead(proba), expected)
    assert mass_ahead(np.random.RandomState(0).dirichlet(np.ones(30), 50)).max() < 1


@pytest.mark.filterwarnings("ignore:No feature is selected")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sets_of_a_network_that_predicts_a_constant(dtype):
    """The shares of the classes are 40, 33 and 27 of 100: two of them cover 70%."""
    X = X_WINE.astype(dtype)
    model = classifier(X, penalty="l1", alphas=[1e4], cv=5)
    sets = model.predict_set(X, 0.7)
    np.testing.assert_array_equal(sets, np.tile([True, True, False], (len(X), 1)))
    assert (WINE < 2).mean() > 0.7 > (WINE == 1).mean()


def test_scores_that_differ_by_rounding_are_equal():
    scores = np.array([0.4, 0.1, np.nextafter(0.4, 0)])
    values = np.array([[0.4, 0.3999, 0.5]])
    np.testing.assert_array_equal(_weight_below(scores, None, values), [[1, 1, 3]])


def test_drawn_sets():
    model = classifier()
    found = model.predict_set(X_WINE, 0.8, random_state=0)
    same = model.predict_set(X_WINE, 0.8, random_state=np.random.RandomState(0))
    np.testing.assert_array_equal(found, same)
    assert (found != model.predict_set(X_WINE, 0.8, random_state=1)).any()
    # The score of the article: the mass up to a class, less the share u of its own.
    rng = np.random.RandomState(0)
    u_new, below = 1 - rng.uniform(size=len(X_WINE)), 0

    def score(proba, u):
        return [[p * (1 - v) + row[row > p].sum() for p in row] for row, v in zip(proba, u)]

    for member, (_, test) in zip(model.estimators_, FOLDS.split(X_WINE)):
        u = 1 - rng.uniform(size=len(test))
        scores = np.array(score(member.predict_proba(X_WINE[test]), u))
        of_class = scores[range(len(test)), WINE[test], None, None]
        below = below + (of_class < score(member.predict_proba(X_WINE), u_new)).sum(axis=0)
    np.testing.assert_array_equal(found, below < 0.8 * (len(WINE) + 1))


# Coverage

# Bounds are three standard deviations of the mean over them, however many they are.
N_REPEATS = 10


def sd_of_coverage(share, n_samples, n_new, n_repeats):
    """Standard deviation of the mean coverage, if that of each is beta-binomial.

    So it is if all residuals are of one network: the share that intervals of n samples
    cover has a variance of share (1 - share) / (n + 2).
    """
    variance = share * (1 - share)
    return np.sqrt(variance * (1 / (n_samples + 2) + 1 / n_new) / n_repeats)


@pytest.mark.parametrize(("n", "p"), [(80, 3), (40, 120)])
def test_intervals_cover_new_samples(n, p):
    covered = []
    for seed in range(N_REPEATS):
        rng = np.random.RandomState(seed)
        X = rng.randn(n + 100, p)
        y = X[:, 0] + np.tanh(X[:, 1]) + rng.standard_t(3, size=len(X))
        model = regressor(X[:n], y[:n], hidden_layer_sizes=(), cv=5)
        lower, upper = model.predict_interval(X[n:], 0.8).T
        covered.append(np.mean((lower <= y[n:]) & (y[n:] <= upper)))
    bound = 3 * sd_of_coverage(0.8, n, 100, N_REPEATS)
    assert np.mean(covered) > 0.8 - bound
    if n > p:
        assert np.mean(covered) < 0.8 + bound


@pytest.mark.parametrize(
    ("n", "p"), [(80, 3), pytest.param(40, 120, marks=pytest.mark.slow)]
)
def test_sets_cover_new_samples(n, p):
    covered, drawn = [], []
    for seed in range(N_REPEATS):
        rng = np.random.RandomState(seed)
        X = rng.randn(n + 100, p)
        y = np.digitize(X[:, 0] + X[:, 1] + rng.randn(len(X)), [-0.7, 0.7])
        model = classifier(X[:n], y[:n], hidden_layer_sizes=(), cv=5)
        for found, seed_of_sets in ((covered, None), (drawn, seed)):
            sets = model.predict_set(X[n:], 0.8, seed_of_sets)
            found.append(sets[np.arange(100), y[n:]].mean())
    bound = 3 * sd_of_coverage(0.8, n, 100, N_REPEATS)
    assert np.mean(covered) > 0.8 - bound
    assert np.mean(drawn) > 0.8 - bound
    if n > p:
        assert np.mean(covered) < 0.8 + bound
        assert np.mean(drawn) < 0.8 + bound


def test_drawn_sets_cover_no_more_where_classes_are_certain():
    fixed, drawn = [], []
    for seed in range(N_REPEATS):
        rng = np.random.RandomState(seed)
        X = rng.randn(160, 2)
        y = (X[:, 0] > 0).astype(int)
        model = classifier(X[:60], y[:60], hidden_layer_sizes=(), alphas=[0.1])
        for found, seed_of_sets in ((fixed, None), (drawn, seed)):
            sets = model.predict_set(X[60:], 0.8, seed_of_sets)
            found.append(sets[np.arange(100), y[60:]].mean())
    assert np.mean(fixed) > 0.95
    assert abs(np.mean(drawn) - 0.8) < 3 * sd_of_coverage(0.8, 60, 100, N_REPEATS)


# Folds


@pytest.mark.parametrize(
    "cv",
    [
        PredefinedSplit(np.where(np.arange(148) < 60, -1, np.arange(148) % 3)),
        ShuffleSplit(1, test_size=0.4, random_state=0),
    ],
)
def test_samples_that_are_never_held_out_do_not_count(cv):
    model = regressor(cv=cv)
    expected = expected_intervals(model, X_DIABETES, DIABETES, X_DIABETES, 0.8)
    found = model.predict_interval(X_DIABETES, coverage=0.8)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(
    "cv", [RepeatedKFold(n_splits=3, n_repeats=2), ShuffleSplit(3, test_size=0.5)]
)
def test_samples_that_are_held_out_twice_are_refused(cv):
    with pytest.raises(ValueError, match=r"predict_interval needs folds .* Set cv to"):
        regressor(cv=cv).predict_interval(X_DIABETES)
    with pytest.raises(ValueError, match=r"predict_set needs folds .* Set cv to"):
        classifier(cv=cv).predict_set(X_WINE)


# What is needed, and what it survives


@pytest.fixture(scope="module")
def fitted_models():
    return regressor(), classifier()


@pytest.mark.parametrize("coverage", [0, 1, 90, -0.1, np.nan, "0.9", True, None])
def test_coverages_that_are_none(coverage, fitted_models):
    on_numbers, on_classes = fitted_models
    for method in (on_numbers.predict_interval, on_classes.predict_set):
        with pytest.raises(ValueError, match="coverage must be a number above 0 and bel"):
            method(X_WINE, coverage)


def test_a_fit_without_the_networks_of_folds_is_refused():
    told = "needs the networks of the folds, which this .* Set ensemble=True and fit again"
    with pytest.raises(ValueError, match=f"predict_interval {told}"):
        regressor(ensemble=False).predict_interval(X_DIABETES)
    with pytest.raises(ValueError, match=f"predict_set {told}"):
        classifier(ensemble=False).predict_set(X_WINE)
    with pytest.raises(NotFittedError):
        RegularizedMLPClassifierCV(ensemble=True).predict_set(X_WINE)
    model = regressor().set_params(ensemble=False).fit(X_DIABETES, DIABETES)
    assert not hasattr(model, "_calibration")


def test_labels_have_no_sets():
    model = classifier(y=np.c_[WINE > 0, WINE > 1].astype(int), scoring=None)
    with pytest.raises(ValueError, match="predict_set is for targets of one class"):
        model.predict_set(X_WINE)


def test_bad_new_samples_are_refused():
    with pytest.raises(ValueError, match="X has 3 features"):
        regressor().predict_interval(X_WINE)
    with pytest.raises(ValueError, match="NaN"):
        classifier().predict_set(np.full((2, 3), np.nan))


@pytest.mark.parametrize("convert", ["pickle", "compact", "sparsify"])
def test_intervals_and_sets_survive(convert):
    for model, X in ((regressor(penalty="l1"), X_DIABETES), (classifier(), X_WINE)):
        method = "predict_set" if hasattr(model, "classes_") else "predict_interval"
        expected = getattr(model, method)(X)
        twin = pickle.loads(pickle.dumps(model))
        twin = twin if convert == "pickle" else getattr(twin, convert)()
        np.testing.assert_allclose(getattr(twin, method)(X), expected, rtol=1e-9)
