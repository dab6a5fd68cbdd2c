"""Lists of candidates in searches, and which of them are dropped after which fold."""

import pickle
import re
from itertools import pairwise, product

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, cross_validate

from sknormreg import RegularizedMLPClassifierCV, RegularizedMLPRegressorCV
from sknormreg.displays import CVDisplay, RegularizationPathDisplay
from sknormreg.estimators.comparison import PathScores
from sknormreg.estimators.halving import best_of, drawn, numbers_by_fold, rungs

rng = np.random.RandomState(0)
X = rng.randn(60, 4)
Y = np.sin(2 * X[:, 0]) + X[:, 1] + 0.3 * rng.randn(60)
LABELS = np.digitize(Y, [-1, 1])
FOLDS = list(KFold(4).split(X))
# Six candidates, of which twelve paths leave one in the last fold.
SIZES, NAMES = [(1,), (2,), (2, 1)], ["tanh", "gelu"]


def make(cls=RegularizedMLPRegressorCV, **params):
    settings = dict(hidden_layer_sizes=(3,), alphas=[1.0, 3.0, 10.0], cv=FOLDS, tol=0.1)
    return cls(**{**settings, "random_state": 0, **params})


def halved(**params):
    lists = dict(hidden_layer_sizes=SIZES, activation=NAMES)
    return make(**{**lists, "max_paths": 12, **params})


@pytest.fixture(scope="module")
def found():
    return halved().fit(X, Y)


@pytest.fixture(scope="module")
def alone():
    """A search for each candidate of `halved`, in all folds."""
    return {
        one: make(hidden_layer_sizes=one[0], activation=one[1]).fit(X, Y)
        for one in product(SIZES, NAMES)
    }


# Numbers


@pytest.mark.parametrize(
    ("n_candidates", "numbers"),
    [
        (10, [10, 10, 10, 10, 10]),
        (12, [12, 11, 10, 9, 8]),
        (20, [20, 12, 8, 5, 3]),
        (24, [24, 13, 7, 4, 2]),
        (100, [24, 13, 7, 4, 2]),
    ],
)
def test_numbers_of_the_documentation(n_candidates, numbers):
    assert numbers_by_fold(n_candidates, 5, 50) == numbers


@pytest.mark.parametrize("n_folds", [1, 2, 3, 5, 10])
@pytest.mark.parametrize("max_paths", [1, 20, 57])
def test_numbers_keep_to_their_rule(n_folds, max_paths):
    limit = max(max_paths, 2 * n_folds)
    last = 0
    for n_candidates in range(1, 70):
        numbers = numbers_by_fold(n_candidates, n_folds, max_paths)
        assert len(numbers) == n_folds
        assert sum(numbers) <= limit
        assert numbers == sorted(numbers, reverse=True)
        # At most by half, but for the rounding to whole numbers of both.
        for before, after in pairwise(numbers):
            assert after + 0.5 >= (before - 0.5) / 2
        if n_candidates * n_folds <= limit:
            assert numbers == [n_candidates] * n_folds
        # Of more candidates, the first fold never compares fewer.
        assert last <= numbers[0] <= n_candidates
        last = numbers[0]


def test_numbers_are_as_large_as_the_limit_allows():
    """By all geometric sequences that there are."""
    for n_candidates in range(11, 25):
        allowed = []
        for n_last in range(1, n_candidates + 1):
            ratio = (n_last / n_candidates) ** 0.25
            numbers = [round(n_candidates * ratio**k) for k in range(5)]
            if sum(numbers) <= 50 and ratio >= 0.5:
                allowed.append(numbers)
        assert numbers_by_fold(n_candidates, 5, 50) == allowed[-1]


def test_many_folds_have_two_candidates_each():
    assert numbers_by_fold(2, 200, 50) == [2] * 200
    assert numbers_by_fold(1, 200, 50) == [1] * 200


def test_folds_that_compare_as_many_are_one_rung():
    assert list(rungs([3, 3, 3])) == [(3, [0, 1, 2])]
    assert list(rungs([4, 2, 2, 1])) == [(4, [0]), (2, [1, 2]), (1, [3])]


def test_the_best_by_hand():
    scores = np.full((4, 1, 2, 2), np.nan)
    scores[0, 0, 0] = 1.0, 2.0
    scores[1, 0, 1] = 3.0, 0.5
    scores[2, 0] = [[9.0, np.nan], [1.0, 2.0]]
    assert best_of([5, 7, 8, 9], scores, 3) == [7, 5, 8]
    assert best_of([5, 7, 8, 9], scores, 4) == [7, 5, 8, 9]


# Against every candidate by itself


def test_candidates_are_those_of_searches_of_their_own(found, alone):
    """Scores, the candidates that are dropped, and the one chosen, by brute force."""
    left, n_scored = list(alone), dict.fromkeys(alone, 4)
    for k, number in enumerate([6, 3, 2, 1][1:], 1):
        best = {one: alone[one].scores_[:, :k].mean(axis=1).max() for one in left}
        order = sorted(left, key=lambda one: -best[one])
        left = order[:number]
        n_scored |= dict.fromkeys(order[number:], k)
    assert sorted(n_scored.values()) == [1, 1, 1, 2, 3, 4]
    assert found.scores_.shape == (3, 2, 3, 4)
    for one, scores in zip(alone, found.scores_.reshape(6, 3, 4)):
        expected = alone[one].scores_.copy()
        expected[:, n_scored[one] :] = np.nan
        np.testing.assert_array_equal(scores, expected)
    (chosen,) = left
    assert (found.hidden_layer_sizes_, found.activation_) == chosen
    assert found.alpha_ == alone[chosen].alpha_
    np.testing.assert_array_equal(found.predict(X), alone[chosen].predict(X))
    np.testing.assert_array_equal(np.isnan(found.path_n_features_), np.isnan(found.scores_))


def test_nothing_is_dropped_where_the_limit_suffices(alone):
    complete = halved(max_paths=24).fit(X, Y)
    expected = [one.scores_ for one in alone.values()]
    np.testing.assert_array_equal(complete.scores_.reshape(6, 3, 4), expected)
    best = max(alone, key=lambda one: alone[one].best_score_)
    assert (complete.hidden_layer_sizes_, complete.activation_) == best
    assert complete.path_n_features_.dtype == np.intp


def test_jobs_make_no_difference(found):
    with joblib.parallel_config(backend="threading", n_jobs=2):
        other = halved().fit(X, Y)
    np.testing.assert_array_equal(other.scores_, found.scores_)
    np.testing.assert_array_equal(other.predict(X), found.predict(X))


@pytest.mark.slow
def test_processes_make_no_difference(found):
    with joblib.parallel_config(backend="loky", n_jobs=2):
        other = halved().fit(X, Y)
    np.testing.assert_array_equal(other.scores_, found.scores_)
    np.testing.assert_array_equal(other.predict(X), found.predict(X))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("dropout", [0.0, 0.3]),
        ("input_dropout", (0.1, 0.0)),
        ("input_noise", np.array([0.0, 0.5])),
        ("mixup", [0.2, 0.0]),
        ("label_smoothing", [0.0, 0.2]),
    ],
)
def test_each_list_adds_an_axis(name, values):
    settings = dict(solver="adam", max_iter=10, alphas=[0.1, 10.0], scoring="neg_log_loss")
    settings |= dict(cv=FOLDS[:2], tol=0, n_iter_no_change=np.inf)
    found, *expected = (
        make(RegularizedMLPClassifierCV, **{**settings, name: given})
        for given in (values, *values)
    )
    for one in (found, *expected):
        with pytest.warns(ConvergenceWarning):
            one.fit(X, LABELS)
    np.testing.assert_array_equal(found.scores_, [one.scores_ for one in expected])
    assert (expected[0].scores_ != expected[1].scores_).any()
    best = int(found.scores_.mean(axis=-1).max(axis=-1).argmax())
    assert getattr(found, f"{name}_") == values[best]
    np.testing.assert_array_equal(found.predict_proba(X), expected[best].predict_proba(X))


def test_candidates_have_grids_of_their_own():
    found = make(hidden_layer_sizes=[(), (2,)], alphas=3, cv=FOLDS[:2]).fit(X, Y)
    for sizes, alphas, scores in zip([(), (2,)], found.alphas_, found.scores_):
        one = make(hidden_layer_sizes=sizes, alphas=3, cv=FOLDS[:2]).fit(X, Y)
        np.testing.assert_array_equal(alphas, one.alphas_)
        np.testing.assert_array_equal(scores, one.scores_)


# Forms of lists


def test_tuples_and_lists_of_numbers_are_single_networks():
    found = make(hidden_layer_sizes=[3, 2], activation=("tanh", "gelu")).fit(X, Y)
    assert found.scores_.shape == (3, 4)
    assert found.activation_ == ("tanh", "gelu")
    assert [coef.shape for coef in found.coefs_] == [(4, 3), (3, 2), (2, 1)]
    assert found._network.activations == ("tanh", "gelu")
    several = make(hidden_layer_sizes=(3, 2), activation=["softplus", ("tanh", "gelu")])
    np.testing.assert_array_equal(several.fit(X, Y).scores_[1], found.scores_)


def test_linear_models_that_are_the_same_are_compared_once():
    found = make(hidden_layer_sizes=[(), (2,)], activation=NAMES, cv=FOLDS[:2]).fit(X, Y)
    is_compared = ~np.isnan(found.scores_).any(axis=(2, 3))
    assert is_compared.tolist() == [[True, False], [True, True]]
    assert found.summary().n_left_out == 1


@pytest.mark.parametrize(
    ("params", "match"),
    [
        (dict(dropout=[]), "dropout is empty"),
        (dict(activation=[]), "activation is empty"),
        (dict(dropout=[0.1, 1.0]), r"'dropout\[1\]' parameter .* a float in the range \[0"),
        (dict(mixup=[-1.0, 0.1]), r"'mixup\[0\]' parameter .* range \[0.0, inf\)"),
        (dict(dropout=1.5), "'dropout' parameter"),
        (dict(dropout=["0.1"]), r"'dropout\[0\]' parameter .* Got '0.1'"),
        (dict(label_smoothing=[0.1, 2]), r"'label_smoothing\[1\]' parameter"),
        (dict(dropout=[0.1, 0.2, 0.1]), "dropout has 0.1 twice"),
        (dict(activation=["tanh", "tanh"]), "activation has 'tanh' twice"),
        (dict(hidden_layer_sizes=[5, (5,)]), r"hidden_layer_sizes has \(5,\) twice"),
        (dict(relax=[True, 1.0], penalty="l1"), "relax has 1.0 twice"),
        (dict(activation=["tanh", "rellu"]), "got 'rellu'. Did you mean 'relu'"),
        (dict(hidden_layer_sizes=[(3,), (3, -1)]), r"integers of at least 1.*-1\)"),
        (dict(activation=["tanh", ("relu", "relu")]), "each of the 1 hidden layers"),
        (dict(solver=["adam", "sgd"]), "'solver' parameter .* must be a str among"),
        (dict(n_init=[1, 2]), "'n_init' parameter .* must be an int"),
        (dict(max_paths=0), "'max_paths' parameter"),
        (
            dict(dropout=np.linspace(0, 0.9, 101), mixup=np.arange(100)),
            "10100, of 101 of dropout, 100 of mixup. At most 10000",
        ),
    ],
)
def test_bad_lists(params, match):
    with pytest.raises(ValueError, match=match):
        make(RegularizedMLPClassifierCV, **params).fit(X, LABELS)


# More candidates than can be compared


def test_some_are_drawn_at_random():
    settings = dict(hidden_layer_sizes=[(i,) for i in range(1, 31)], alphas=[1.0])
    settings |= dict(max_iter=2, max_paths=8, cv=FOLDS[:2])
    with pytest.warns(ConvergenceWarning):
        found, same, other = (
            make(**settings, random_state=seed).fit(X, Y) for seed in (0, 0, 1)
        )
    is_compared = [~np.isnan(one.scores_[:, 0, 0]) for one in (found, same, other)]
    assert [mask.sum() for mask in is_compared] == [5, 5, 5]
    assert (is_compared[0] == is_compared[1]).all()
    assert (is_compared[0] != is_compared[2]).any()
    assert np.isfinite(found.scores_[:, 0]).all(axis=1).sum() == 3
    assert str(found.summary()).startswith("1 alpha of 5 of 30 candidates, R2 in up to 2")


def test_draws_are_uniform_and_in_order():
    counts = np.zeros(6)
    for seed in range(600):
        chosen = drawn([0, 2, 3, 5], 2, seed)
        assert chosen == sorted(chosen)
        counts[chosen] += 1
    assert counts[[1, 4]].tolist() == [0, 0]
    # Five standard deviations of a binomial distribution.
    assert abs(counts[[0, 2, 3, 5]] - 300).max() < 5 * (600 / 4) ** 0.5
    assert drawn([4, 7], 2, 0) == [4, 7]


def test_grids_are_of_the_candidates_that_are_compared():
    settings = dict(hidden_layer_sizes=[(i,) for i in range(1, 9)], alphas=2, max_iter=3)
    with pytest.warns(ConvergenceWarning):
        found = make(**settings, max_paths=4, cv=FOLDS[:2]).fit(X, Y)
    is_compared = ~np.isnan(found.scores_[:, 0, 0])
    np.testing.assert_array_equal(~np.isnan(found.alphas_), np.c_[is_compared, is_compared])
    assert not is_compared.all()


# What a search offers beside


def test_what_copies_and_pickles_have(found):
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.predict(X), found.predict(X))
    assert str(again.summary()) == str(found.summary())
    assert str(clone(found).get_params()) == str(found.get_params())
    before = str(found.summary())
    assert str(again.set_params(activation="tanh").summary()) == before


def test_the_summary_says_who_was_dropped(found):
    summary = found.summary()
    rows = summary.n_scored_folds.reshape(6, 3)
    n_scored = (~np.isnan(found.scores_)).any(axis=2).sum(axis=-1).ravel()
    assert (rows == n_scored[:, None]).all()
    flat = found.scores_.reshape(18, 4)
    for row in range(18):
        known = flat[row, : summary.n_scored_folds[row]]
        assert summary.mean_scores[row] == pytest.approx(known.mean(), rel=1e-12)
    assert summary.mean_scores[summary.chosen] == found.best_score_
    text = str(summary)
    assert text.startswith("3 alphas of 6 candidates, R2 in up to 4 folds\n")
    table = text.split("candidates\n\n")[1].split("\n\n")[0].splitlines()
    place = re.search("folds", table[0]).end()
    shown = [int(line[:place].split()[-1]) for line in table[1:]]
    assert shown == [4, 3, 2, 1, 1, 1]


def test_an_ensemble_has_the_networks_of_the_candidate_chosen(monkeypatch):
    forgotten, forget = [], PathScores.forget_networks
    monkeypatch.setattr(
        PathScores, "forget_networks", lambda one: (forgotten.append(one), forget(one))
    )
    model = halved(ensemble=True).fit(X, Y)
    sizes, name = model.hidden_layer_sizes_, model.activation_
    one = make(hidden_layer_sizes=sizes, activation=name, ensemble=True).fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), one.predict(X))
    for ends, expected in zip(model.predict_interval(X), one.predict_interval(X)):
        np.testing.assert_array_equal(ends, expected)
    assert {member.activation for member in model.estimators_} == {name}
    # Three after the first fold, one each after the second and the third.
    assert len(forgotten) == 3 + 2 + 3
    assert not any(one._networks for one in forgotten)


def test_sets_of_classes():
    settings = dict(label_smoothing=[0, 0.1, 0.2], ensemble=True, max_paths=8, alphas=[1.0])
    settings |= dict(scoring="neg_log_loss", cv=KFold(4))
    model = make(RegularizedMLPClassifierCV, **settings).fit(X, LABELS)
    settings["label_smoothing"] = model.label_smoothing_
    one = make(RegularizedMLPClassifierCV, **settings).fit(X, LABELS)
    np.testing.assert_array_equal(model.predict_set(X), one.predict_set(X))


def test_scorers_see_the_parameters_of_candidates():
    seen = set()

    def score(mlp, X, y):
        seen.add((mlp.hidden_layer_sizes, mlp.activation, len(mlp.coefs_)))
        return mlp.score(X, y)

    halved(scoring=score, alphas=[1.0]).fit(X, Y)
    expected = product(SIZES, NAMES)
    assert seen == {(sizes, name, len(sizes) + 1) for sizes, name in expected}


def test_a_nested_search():
    with joblib.parallel_config(backend="threading"):
        scores = cross_validate(halved(alphas=[1.0], cv=2), X, Y, cv=2)["test_score"]
    assert np.isfinite(scores).all()


def test_displays(found):
    pytest.importorskip("matplotlib").use("agg")
    display = CVDisplay.from_estimator(found)
    index = np.flatnonzero(~np.isnan(found.scores_).any(axis=(2, 3)).ravel())
    means = found.scores_.reshape(6, 3, 4).mean(axis=-1)
    np.testing.assert_array_equal(display.line_.get_ydata(), means[index[0]])
    # Of those that were dropped there are no means over all folds.
    assert len(index) == 1
    assert display.other_lines_ == []
    path = RegularizationPathDisplay.from_estimator(found, X, Y)
    assert path.alpha == found.alpha_
    assert path.coefs[0].shape[1] == found.coefs_[0].shape[1]


def test_lines_that_are_printed(capsys):
    halved(verbose=1).fit(X, Y)
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("path ") for line in lines) == 12
    told = "candidates are left, those with the best mean score in"
    assert [line for line in lines if told in line] == [
        f"3 of 6 {told} 1 of 4 folds",
        f"2 of 3 {told} 2 of 4 folds",
        f"1 of 2 {told} 3 of 4 folds",
    ]


# Searches that end early


def test_without_any_time_there_is_a_network():
    for model in (halved(max_time=1e-9), halved(max_time=1e-9, alphas=3)):
        with pytest.warns(ConvergenceWarning, match=r"1 of 3 alphas .* in every fold"):
            model.fit(X, Y)
        assert np.isfinite(model.scores_).sum() == 4
        assert np.isfinite(model.predict(X)).all()


def test_without_any_time_and_without_the_first_candidate():
    sizes = [(i,) for i in range(1, 31)]
    model = make(hidden_layer_sizes=sizes, max_paths=8, cv=FOLDS[:2], max_time=1e-9)
    with pytest.warns(ConvergenceWarning, match="1 of 9 alphas"):
        model.fit(X, Y)
    (first,) = np.flatnonzero(np.isfinite(model.scores_).any(axis=(1, 2)))
    assert first > 0
    assert model.hidden_layer_sizes_ == sizes[first]


class Ending:
    """A callback that ends the comparison, or interrupts it, at the end of a path."""

    def __init__(self, n_paths, error=None):
        self.n_left, self.error = n_paths, error

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        if context.task_name != "path":
            return False
        self.n_left -= 1
        if self.n_left == 0 and self.error:
            raise self.error
        return self.n_left == 0


def test_a_callback_ends_the_comparison():
    model = halved()
    model.set_callbacks(Ending(7)).fit(X, Y)
    known = np.isfinite(model.scores_).reshape(6, 3, 4)
    # The best of the first fold goes on, at its first alpha.
    assert known[..., 0].all()
    assert known[..., 1].sum() == 3
    assert known[..., 2:].sum() == 2
    assert model.alpha_ == 1.0


def test_ctrl_c_keeps_the_scores(found):
    model = halved()
    model.set_callbacks(Ending(8, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt, match="found so far"):
        model.fit(X, Y)
    known = np.isfinite(model.scores_)
    assert known[..., 0].all()
    assert known[..., 1].sum() == 2 * 3
    np.testing.assert_array_equal(model.scores_[known], found.scores_[known])
