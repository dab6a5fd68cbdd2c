"""A summary of a search prints the rows that matter, and has all of them."""

import re

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, make_scorer

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor
from sknormreg.fitted import SearchSummary
from sknormreg.fitted.search_table import name_of_scoring
from sknormreg.fitted.tables import html_table, rows_with_gaps, text_table


def made(mean_scores, chosen, one_se="as chosen", n_folds=5, params=None, n_alphas=None):
    """A summary whose alphas are 1, 2, 3, ... and select 9.25, 8.25, ... features."""
    means = np.asarray(mean_scores, dtype=float)
    steps = np.arange(len(means))
    return SearchSummary(
        params=params or {},
        alphas=1.0 + steps,
        mean_scores=means,
        standard_errors=np.full(len(means), np.nan if n_folds == 1 else 0.0123),
        n_features=9.25 - steps,
        n_scored_folds=np.full(len(means), n_folds),
        best=int(np.nanargmax(means)),
        one_se=chosen if one_se == "as chosen" else one_se,
        chosen=chosen,
        n_alphas=n_alphas or len(means),
        n_folds=n_folds,
        score_name="accuracy",
        n_selected_features=3,
        n_features_in=10,
    )


def tables_of(summary):
    """Cells of each table in the text, without their headers."""
    blocks = [block.splitlines() for block in str(summary).split("\n\n")]
    return [[line.split() for line in block[1:]] for block in blocks if len(block) > 1]


DOTS = ["...", "...", "...", "..."]


def test_the_text_as_a_whole():
    summary = made([0.9, 0.8, 0.7], chosen=1)
    assert str(summary) == repr(summary)
    assert str(summary) == (
        "3 alphas, accuracy in 5 folds\n"
        "\n"
        "alpha  accuracy  std. error  features\n"
        "    1    0.9000      0.0123       9.2  best\n"
        "    2    0.8000      0.0123       8.2  one_se, chosen\n"
        "    3    0.7000      0.0123       7.2\n"
        "\n"
        "The network fitted with the chosen alpha = 2 selects 3 of 10 features."
    )


def test_rows_are_the_named_and_the_neighbours():
    scores = np.full(30, 0.5)
    scores[4] = 0.9
    (rows,) = tables_of(made(scores, chosen=20))
    shown = [row[0] for row in rows]
    assert shown == ["...", "5", "...", "19", "20", "21", "22", "23", "..."]
    assert rows[1] == ["5", "0.9000", "0.0123", "5.2", "best"]
    assert rows[5][4:] == ["one_se,", "chosen"]
    assert rows[0] == DOTS
    # The one-standard-error rule is named where another rule has chosen.
    (rows,) = tables_of(made(scores, chosen=4, one_se=20))
    shown = [row[0] for row in rows]
    assert shown == ["...", "3", "4", "5", "6", "7", "...", "21", "..."]
    assert rows[3][4:] == ["best,", "chosen"]
    assert rows[7][4:] == ["one_se"]


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [(0, ["1", "2", "3", "..."]), (9, ["...", "8", "9", "10"])],
)
def test_ends_of_a_path(chosen, shown):
    scores = np.full(10, 0.5)
    scores[chosen] = 0.9
    (rows,) = tables_of(made(scores, chosen=chosen))
    assert [row[0] for row in rows] == shown


def test_a_row_alone_is_not_left_out():
    assert rows_with_gaps([1, 3, 5], 0, 6) == [0, 1, 2, 3, 4, 5, 6]
    assert rows_with_gaps([2, 5], 0, 8) == [None, 2, None, 5, None]
    assert rows_with_gaps([10], 10, 10) == [10]


def test_missing_scores():
    summary = made([0.9, 0.8, np.nan, np.nan], chosen=0)
    (rows,) = tables_of(summary)
    assert rows[2][:2] == ["3", "nan"]
    assert str(summary).startswith(
        "4 alphas, accuracy in 5 folds; 2 of 4 have no score in some fold\n"
    )


def test_one_fold_has_no_standard_error():
    summary = made([0.8, 0.9], chosen=1, one_se=None, n_folds=1)
    assert "std. error" not in str(summary)
    (rows,) = tables_of(summary)
    assert rows == [["1", "0.8000", "9.2"], ["2", "0.9000", "8.2", "best,", "chosen"]]
    assert "in 1 fold\n" in str(summary)


@pytest.mark.parametrize(
    ("best", "shown"),
    [
        (0.00123, "0.001230"),
        (-3012.3, "-3012"),
        (-1e7, "-10000000"),
        (0.0, "0.0000"),
        (1.0, "1.000"),
        (1e-12, "0.00000000"),
    ],
)
def test_four_digits_of_the_best_score(best, shown):
    summary = made([best], chosen=0, one_se=None, n_folds=1)
    (row,) = tables_of(summary)[0]
    assert row[1] == shown


def candidates(n_candidates, best, chosen, n_alphas=4):
    """A search among values of relax; each is best at its third alpha."""
    means = np.zeros((n_candidates, n_alphas))
    means[:, 2] = 0.5 - np.arange(n_candidates) / 100
    means[best, 2] = 0.9
    values = np.repeat(np.arange(n_candidates), n_alphas)
    relax = np.array([None if value == 0 else float(value) for value in values], object)
    return made(means.ravel(), chosen, params={"relax": relax}, n_alphas=n_alphas)


def test_candidates_are_in_the_order_of_their_best_scores():
    summary = candidates(3, best=1, chosen=7)
    around, others = tables_of(summary)
    # Alphas are counted on in `made`: 4 for each candidate.
    assert [row[:2] for row in around] == [["1.0", alpha] for alpha in "5678"]
    assert [row[:3] for row in others] == [
        ["1.0", "7", "0.9000"],
        ["None", "3", "0.5000"],
        ["2.0", "11", "0.4800"],
    ]
    assert others[0][5:] == ["best"]
    assert str(summary).startswith("4 alphas of 3 candidates, accuracy in 5 folds\n")


def test_the_rule_may_choose_another_candidate():
    around, _ = tables_of(candidates(3, best=2, chosen=3))
    assert [row[:2] for row in around] == [
        ["None", "1"],
        ["None", "2"],
        ["None", "3"],
        ["None", "4"],
        ["...", "..."],
        ["2.0", "11"],
        ["2.0", "12"],
    ]
    assert around[3][5:] == ["one_se,", "chosen"]
    assert around[5][5:] == ["best"]


def test_neighbours_are_of_the_same_candidate():
    around, _ = tables_of(candidates(3, best=1, chosen=4))
    assert [row[:2] for row in around] == [["1.0", alpha] for alpha in "5678"]


def test_of_many_candidates_the_best_and_the_chosen_are_shown():
    summary = candidates(30, best=0, chosen=4 * 20 + 2)
    _, others = tables_of(summary)
    relaxes = [row[0] for row in others]
    assert relaxes == ["None", *(f"{i}.0" for i in range(1, 10)), "...", "20.0", "..."]
    assert others[11][5:] == ["one_se,", "chosen"]


def test_candidates_without_a_score_come_last():
    summary = made(
        [np.nan, np.nan, 0.5, 0.9],
        chosen=3,
        params={"l1_ratio": np.array([0.1, 0.1, 0.5, 0.5], object)},
        n_alphas=2,
    )
    _, others = tables_of(summary)
    assert [row[:3] for row in others] == [["0.5", "4", "0.9000"], ["0.1", "1", "nan"]]


def test_html_has_the_same_cells():
    summary = candidates(3, best=1, chosen=7)
    html = summary._repr_html_()
    rows = [
        " ".join(re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)).split()
        for row in re.findall("<tr>(.*?)</tr>", html)
    ]
    header = ["relax", "alpha", "accuracy", "std.", "error", "features"]
    around, others = tables_of(summary)
    assert rows == [header, *around, header, *others]
    lines = str(summary).splitlines()
    paragraphs = re.findall("<p>(.*?)</p>", html)
    assert paragraphs[0] == lines[0]
    assert paragraphs[-1] == lines[-1]
    assert len(paragraphs) == 3


def test_html_is_escaped():
    html = html_table(["a < b"], [["<script>"], None])
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "a &lt; b" in html
    assert "..." in html


def test_columns_are_aligned():
    text = text_table(["a", "long name", ""], [["1.25", "2", "note"], None, ["3", "4", ""]])
    assert text.splitlines() == [
        "   a  long name",
        "1.25          2  note",
        " ...        ...",
        "   3          4",
    ]


def test_columns_for_a_data_frame():
    pd = pytest.importorskip("pandas")
    summary = candidates(3, best=1, chosen=7)
    columns = summary.to_dict()
    names = ["relax", "alpha", "mean_score", "standard_error", "n_features"]
    names.append("n_scored_folds")
    assert list(columns) == names
    frame = pd.DataFrame(columns)
    assert frame.shape == (12, 6)
    assert frame["mean_score"][summary.best] == frame["mean_score"].max() == 0.9


def test_names_of_scores():
    classifier, regressor = (
        RegularizedMLPClassifier(alpha=1.0),
        RegularizedMLPRegressor(alpha=1.0),
    )
    assert name_of_scoring(None, classifier) == "accuracy"
    assert name_of_scoring(None, regressor) == "R2"
    assert name_of_scoring("neg_log_loss", classifier) == "neg log loss"
    assert name_of_scoring(lambda *_: 0.0, classifier) == "score"
    assert name_of_scoring(make_scorer(accuracy_score), classifier) == "score"
    assert name_of_scoring(test_names_of_scores, classifier) == "test names of scores"
