"""What selectors refuse names the parameter, and says what will do; the rest works."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sknormreg import (
    KnockoffSelector,
    MLPFeatureSelector,
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    StabilitySelector,
)
from sknormreg.penalties import GroupLasso, MaxNorm

SMALL = dict(hidden_layer_sizes=(2,), penalty=[GroupLasso(), MaxNorm(1)])
CLASSIFIER, REGRESSOR = RegularizedMLPClassifier(**SMALL), RegularizedMLPRegressor(**SMALL)

SELECTORS = {
    "knockoffs": KnockoffSelector(CLASSIFIER, fdr=0.5, n_draws=2, alphas=[1.0]),
    "starts": MLPFeatureSelector(CLASSIFIER, n_init=1, alpha=2.0),
    "stability": StabilitySelector(CLASSIFIER, alphas=[2.0, 4.0], n_resamples=2),
}


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.normal(size=(80, 6)), columns=list("abcdef"))


@pytest.fixture(scope="module")
def labels(frame):
    return (frame["a"] - frame["c"] > 0).to_numpy(dtype=int)


@pytest.fixture(params=SELECTORS)
def selector(request):
    return clone(SELECTORS[request.param]).set_params(random_state=0)


OWN = [
    *[
        ("knockoffs", dict(fdr=value), r"'fdr' .* in the range \(0.0, 1.0\). Got " + text)
        for value, text in [(0, "0"), (1, "1"), (2, "2"), (np.nan, "nan"), ("a", "'a'")]
    ],
    *[
        ("knockoffs", dict(knockoffs=value), message)
        for value, message in [
            (np.zeros((80, 5)), r"shape of X, \(80, 6\), .* got the shape \(80, 5\)"),
            (np.zeros(6), r"shape of X, \(80, 6\), .* got the shape \(6,\)"),
            (np.full((80, 6), np.nan), "knockoffs must be finite"),
            (np.full((80, 6), "a"), "knockoffs must hold numbers: could not convert"),
            ("gausian", "'knockoffs' parameter .* Did you mean 'gaussian'"),
            (None, "'knockoffs' parameter"),
            (lambda X, rng: X / 0, "callable knockoffs returns must be finite"),
            (lambda X, rng: None, r"the shape of X, \(80, 6\), got the shape \(\)"),
            (lambda X, rng: "a", "callable knockoffs returns must hold numbers"),
            (lambda X, rng: sparse.csr_array(X), "returns must be dense, got csr_array"),
        ]
    ],
    *[
        ("starts", dict(max_features=value), r"'max_features' .* in the range \[1, inf\)")
        for value in (0, 3.5, -1, np.nan, "a")
    ],
    *[
        ("stability", dict(n_features_per_resample=value), message)
        for value, message in [
            (0, r"'n_features_per_resample' .* in the range \[1, inf\)"),
            (7, "n_features_per_resample=7, but there are 6 features .* use fewer"),
        ]
    ],
]


@pytest.mark.parametrize(("name", "params", "message"), OWN, ids=range(len(OWN)))
@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.filterwarnings("ignore:invalid value")
def test_parameters_that_will_not_do(frame, labels, name, params, message):
    selector = clone(SELECTORS[name]).set_params(**params)
    with pytest.raises(ValueError, match=message):
        selector.fit(frame, labels)


GROUPS = [
    ([["a", "b"], ["b", "c"]], "groups overlap: feature 'b' is in group"),
    ([[0, 0]], "groups overlap: feature 'a' is in group .* twice"),
    ([["a", "z"]], "groups has the feature 'z', which is not in X. The features are 'a'"),
    (["z"], "groups has the prefix 'z', with which no feature name begins"),
    ([[0, 6]], "groups has the feature index 6, out of range for X with 6 features"),
    ([[]], "groups has an empty group: remove it"),
    ([0, 0, 1, 1, 1, 1], "Pass a list for each group, not a label for each feature"),
    (["a", "b"], "For one group of all of them, pass a list of lists"),
    ("a", "The 'groups' parameter"),
    (3, "The 'groups' parameter"),
]


@pytest.mark.parametrize(("groups", "message"), GROUPS, ids=range(len(GROUPS)))
def test_groups_that_will_not_do(frame, labels, selector, groups, message):
    with pytest.raises(ValueError, match=message):
        selector.set_params(groups=groups).fit(frame, labels)


def test_names_without_a_frame(frame, labels, selector):
    with pytest.raises(ValueError, match="has the name 'a', but X has no feature names"):
        selector.set_params(groups=[["a", "b"]]).fit(frame.to_numpy(), labels)


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(),
        make_pipeline(CLASSIFIER),
        RegularizedMLPClassifierCV(),
        RegularizedMLPClassifier,
    ],
    ids=lambda estimator: getattr(estimator, "__name__", type(estimator).__name__),
)
def test_estimators_without_a_path_of_their_own(frame, labels, selector, estimator):
    message = "estimator must be a RegularizedMLPClassifier, .* not a pipeline or a search"
    with pytest.raises(TypeError, match=f"(?s){message}"):
        selector.set_params(estimator=estimator).fit(frame, labels)


@pytest.mark.parametrize(
    ("y", "weights", "message"),
    [
        (np.zeros(80, dtype=int), None, "needs samples of at least 2 classes"),
        (np.arange(80) / 7, None, "Unknown label type: continuous"),
        (np.arange(5), None, r"inconsistent numbers of samples: \[80, 5\]"),
        (np.array([None, *"ab" * 40], dtype=object)[:80], None, "Remove samples without"),
        (np.arange(80) % 2, -np.ones(80), "Negative values .* `sample_weight`"),
        (np.arange(80) % 2, np.ones(5), r"sample_weight.shape == \(5,\), expected \(80,\)"),
        (np.arange(80) % 2, np.full(80, np.nan), "sample_weight contains NaN"),
        (np.arange(80) % 2, np.zeros(80), "at least one non-zero number"),
    ],
    ids=range(8),
)
def test_data_that_will_not_do(frame, selector, y, weights, message):
    with pytest.raises(ValueError, match=message):
        selector.fit(frame, y, sample_weight=weights)


def test_missing_values(frame, labels, selector):
    with pytest.raises(ValueError, match="Input X contains NaN"):
        selector.fit(frame.where(frame < 2), labels)
    y = np.where(frame["a"] > 1, np.nan, frame["a"])
    for estimator in (REGRESSOR, None):
        with pytest.raises(ValueError, match="Input y contains NaN"):
            selector.set_params(estimator=estimator).fit(frame, y)


def test_samples_of_positive_weight_are_too_few(frame, labels):
    weights = np.arange(80) == 3
    with pytest.raises(ValueError, match="sample_weight must be above 0 for at least 2"):
        SELECTORS["knockoffs"].fit(frame, labels, sample_weight=weights)
    with pytest.raises(ValueError, match="sample weights above 0"):
        SELECTORS["stability"].fit(frame, labels, sample_weight=weights)


def test_before_a_fit(frame, selector):
    for ask in (
        lambda: selector.transform(frame.to_numpy()),
        lambda: selector.get_support(),
        lambda: selector.get_feature_names_out(),
        lambda: selector.selected_feature_names_,
    ):
        with pytest.raises(NotFittedError, match=f"{type(selector).__name__} instance is"):
            ask()


# What is unusual, and works


def test_sparse_features(frame, labels, selector):
    X = sparse.csr_array(frame.to_numpy())
    if isinstance(selector, KnockoffSelector):
        with pytest.raises(TypeError, match=r"does not take sparse X, .* X.toarray\(\)"):
            selector.fit(X, labels)
    else:
        assert selector.fit(X, labels).support_.shape == (6,)


@pytest.mark.filterwarnings("ignore:No feature can be selected.* X has 1 feature.")
def test_one_feature(frame, labels, selector):
    assert selector.fit(frame[["a"]], labels).support_.shape == (1,)


@pytest.mark.parametrize("groups", [None, [[0, 6]], [[6, 7], [0, 1]]], ids=str)
def test_constant_features(frame, labels, selector, groups):
    X = np.column_stack([frame, np.full(80, 0.1), np.zeros(80)])
    support = selector.set_params(groups=groups).fit(X, labels).support_
    assert not support[7]
    assert support[6] == (support[0] if groups == [[0, 6]] else False)


@pytest.mark.filterwarnings("ignore:No feature is selected")
def test_nothing_but_constant_features(labels, selector):
    X = np.ones((80, 4))
    for groups in (None, [[0, 1], [2, 3]]):
        assert not selector.set_params(groups=groups).fit(X, labels).support_.any()


@pytest.mark.parametrize("largest", [1e300, 5.0])
def test_weights_of_any_size_and_type(frame, labels, selector, largest):
    weights = [largest if label else largest / 2 for label in labels]
    selector.set_params(estimator=clone(CLASSIFIER).set_params(class_weight="balanced"))
    assert selector.fit(frame, labels, sample_weight=weights).support_.shape == (6,)
    # A number is the weight of each sample.
    assert selector.fit(frame, labels, sample_weight=2).support_.shape == (6,)


@pytest.mark.filterwarnings("ignore:No features were selected")
def test_clones_and_copies(frame, labels, selector):
    selector.set_params(groups={"first": ["a", "b"]}).set_output(transform="pandas")
    fitted = selector.fit(frame, labels)
    copy = pickle.loads(pickle.dumps(fitted))
    again = clone(fitted).fit(frame, labels)
    names = list(fitted.get_feature_names_out())
    for one in (fitted, copy, again):
        assert list(one.transform(frame).columns) == names
        assert one.get_params()["groups"] == {"first": ["a", "b"]}
    assert fitted.support_[0] == fitted.support_[1]
