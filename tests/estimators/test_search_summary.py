"""summary() of a search: its numbers are those of the fitted attributes."""

import pickle
import re

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import ShuffleSplit
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPClassifierCV, RegularizedMLPRegressorCV

X, Y = (scale(array)[::4] for array in load_diabetes(return_X_y=True))
ALPHAS = [0.3, 1, 3, 6, 10, 20]


def fitted(**params):
    settings = dict(hidden_layer_sizes=(), penalty="l1", alphas=ALPHAS, random_state=0)
    return RegularizedMLPRegressorCV(**(settings | params)).fit(X, Y)


@pytest.fixture(scope="module")
def search():
    return fitted(rule="one_se", cv=4)


def printed(number, summary):
    """Whether a row holds a number, to its printed decimals."""
    numbers = re.findall(r"-?\d+\.\d+", str(summary))
    return any(abs(float(text) - number) <= 0.51e-4 for text in numbers)


def test_means_and_standard_errors_by_hand(search):
    summary = search.summary()
    np.testing.assert_array_equal(summary.alphas, ALPHAS)
    for i, scores in enumerate(search.scores_):
        mean = sum(scores) / 4
        variance = sum((score - mean) ** 2 for score in scores) / 3
        assert summary.mean_scores[i] == pytest.approx(mean, rel=1e-12)
        error = (variance / 4) ** 0.5
        assert summary.standard_errors[i] == pytest.approx(error, rel=1e-12)
        n_features = search.path_n_features_[i].sum() / 4
        assert summary.n_features[i] == pytest.approx(n_features)
    assert summary.params == {}


def test_named_rows_by_hand(search):
    summary = search.summary()
    means = search.scores_.mean(axis=1)
    best = means.argmax()
    error = search.scores_[best].std(ddof=1) / 2
    assert summary.best == best
    assert summary.one_se == np.flatnonzero(means >= means[best] - error).max() > best
    assert summary.alphas[summary.chosen] == search.alpha_
    assert summary.mean_scores[summary.chosen] == search.best_score_
    text = str(summary)
    assert re.search(rf"^ *{ALPHAS[best]} .* best$", text, re.MULTILINE)
    assert re.search(rf"^ *{search.alpha_:g} .* one_se, chosen$", text, re.MULTILINE)
    for number in (means[best], error, search.best_score_):
        assert printed(number, summary)
    assert f"selects {search.selected_features_.sum()} of 10 features" in text


def test_another_rule_marks_another_row(search):
    other = fitted(rule="best", cv=4)
    one, two = search.summary(), other.summary()
    assert (two.best, two.one_se) == (one.best, one.one_se)
    assert two.chosen == two.best != one.chosen
    # What was chosen stays so.
    changed = pickle.loads(pickle.dumps(other)).set_params(rule="one_se")
    assert changed.summary().chosen == two.chosen


def test_classifier():
    data, labels = load_breast_cancer(return_X_y=True)
    mlp = RegularizedMLPClassifierCV(
        (), penalty="l1", alphas=[1, 10], cv=3, scoring="roc_auc", random_state=0
    ).fit(scale(data)[::4], labels[::4])
    summary = mlp.summary()
    assert str(summary).startswith("2 alphas, roc auc in 3 folds\n")
    np.testing.assert_array_equal(summary.mean_scores, mlp.scores_.mean(axis=1))
    assert summary.n_features_in == 30


def test_one_fold():
    cv = ShuffleSplit(1, test_size=0.3, random_state=0)
    search = fitted(rule="one_se", cv=cv)
    summary = search.summary()
    assert summary.one_se is None
    assert np.isnan(summary.standard_errors).all()
    np.testing.assert_array_equal(summary.mean_scores, search.scores_[:, 0])
    assert summary.chosen == summary.best == search.scores_[:, 0].argmax()
    assert "nan" not in str(summary)


def test_several_candidates():
    """Rows are in the order of the axes of the fitted attributes."""
    sizes, ratios, relaxes = [(), (2,)], [0.5, 1.0], [False, 10]
    search = fitted(
        hidden_layer_sizes=sizes,
        l1_ratio=ratios,
        relax=relaxes,
        penalty="elasticnet",
        alphas=3,
        cv=3,
        max_iter=100_000,
    )
    assert len(np.unique(search.alphas_)) == 12, "each path has its own grid"
    summary = search.summary()
    columns = summary.to_dict()
    assert list(columns)[:3] == ["hidden_layer_sizes", "l1_ratio", "relax"]
    assert all(values.shape == (24,) for values in columns.values())
    row = 0
    for i, size in enumerate(sizes):
        for j, ratio in enumerate(ratios):
            for k, relax in enumerate([None, 10.0]):
                for m, alpha in enumerate(search.alphas_[i, j, k]):
                    found = [columns[name][row] for name in list(columns)[:4]]
                    assert found == [size, ratio, relax, alpha]
                    mean = search.scores_[i, j, k, m].mean()
                    assert columns["mean_score"][row] == mean
                    row += 1
    chosen = {name: values[summary.chosen] for name, values in columns.items()}
    assert chosen["hidden_layer_sizes"] == search.hidden_layer_sizes_
    assert chosen["l1_ratio"] == search.l1_ratio_
    assert chosen["relax"] == search.relax_
    assert chosen["alpha"] == search.alpha_
    assert chosen["mean_score"] == search.best_score_
    text = str(summary)
    assert "3 alphas of 8 candidates, R2 in 3 folds" in text
    others = text.split("candidates\n\n")[1].split("\n\n")[0].splitlines()
    assert len(others) == 9
    assert others[0].split()[:4] == ["hidden_layer_sizes", "l1_ratio", "relax", "alpha"]


@pytest.mark.parametrize("rule", ["best", "one_se"])
def test_relaxed_fits(rule):
    """The rule chooses among those that share a path."""
    search = fitted(relax=[0.1, 10, 1000], rule=rule, cv=4)
    summary = search.summary()
    means = search.scores_.mean(axis=-1)
    relax, alpha = np.unravel_index(means.argmax(), means.shape)
    assert summary.best == relax * len(ALPHAS) + alpha
    error = search.scores_[relax, alpha].std(ddof=1) / 2
    alpha = np.flatnonzero((means >= means.max() - error).any(axis=0)).max()
    relax = means[:, alpha].argmax()
    assert summary.one_se == relax * len(ALPHAS) + alpha != summary.best
    assert summary.chosen == getattr(summary, rule)
    assert summary.params["relax"][summary.chosen] == search.relax_


def test_values_that_are_not_compared_have_no_column():
    with pytest.warns(UserWarning, match="l1_ratio"):
        search = fitted(l1_ratio=[0.1, 0.9], relax=[1])
    assert search.summary().params == {}


def test_alphas_without_a_score():
    def score(estimator, X, y):
        return estimator.score(X, y) if estimator.alpha < 6 else np.nan

    search = fitted(scoring=score, cv=3)
    summary = search.summary()
    assert np.isnan(summary.mean_scores[3:]).all()
    assert np.isnan(summary.standard_errors[3:]).all()
    np.testing.assert_array_equal(summary.mean_scores[:3], search.scores_[:3].mean(axis=1))
    assert summary.chosen < 3
    assert "3 of 6 have no score in some fold" in str(summary)


def test_a_time_limit():
    search = RegularizedMLPRegressorCV(
        (), penalty="l1", alphas=ALPHAS, max_time=1e-9, cv=3, random_state=0
    )
    with pytest.warns(ConvergenceWarning, match="max_time"):
        search.fit(X, Y)
    summary = search.summary()
    is_known = ~np.isnan(search.scores_.mean(axis=1))
    assert not is_known.all()
    np.testing.assert_array_equal(np.isnan(summary.mean_scores), ~is_known)
    np.testing.assert_array_equal(np.isnan(summary.n_features), ~is_known)
    assert f"{(~is_known).sum()} of 6 have no score" in str(summary)


def test_it_needs_a_fit(search):
    with pytest.raises(NotFittedError):
        clone(search).summary()


def test_copies_have_the_same(search):
    for other in (search.compact(), pickle.loads(pickle.dumps(search))):
        assert str(other.summary()) == str(search.summary())


def test_parameters_that_have_changed():
    search = fitted(hidden_layer_sizes=[(), (2,)], alphas=[1, 5], cv=2)
    assert "hidden_layer_sizes" in search.summary().params
    before = str(search.summary())
    small = search.compact()
    assert str(small.summary()) == before
    assert str(search.set_params(relax=[1, 2]).summary()) == before
