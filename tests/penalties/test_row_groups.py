"""Groups of rows, as users name them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sknormreg.penalties import GroupLasso, Layout
from sknormreg.penalties.row_groups import RowGroups, names_of_groups, resolve_groups

seeded = settings(derandomize=True, deadline=None, max_examples=100)


@st.composite
def partitions(draw):
    """Disjoint groups of some of the columns, in any order, and the number of columns."""
    n_features = draw(st.integers(1, 12))
    columns = draw(st.permutations(range(n_features)))
    owners = draw(st.lists(st.integers(-1, 3), min_size=n_features, max_size=n_features))
    groups = [[c for c, o in zip(columns, owners) if o == g] for g in range(4)]
    return [group for group in groups if group], n_features


def as_partition(labels):
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels)}


def expected_partition(groups, n_features):
    grouped = {column for group in groups for column in group}
    alone = [[column] for column in range(n_features) if column not in grouped]
    return {frozenset(group) for group in [*groups, *alone]}


@seeded
@given(partitions())
def test_groups_of_indices(partition):
    groups, n_features = partition
    labels = resolve_groups(groups, n_features, None).labels
    assert as_partition(labels) == expected_partition(groups, n_features)
    # Counted from 0, without gaps.
    np.testing.assert_array_equal(np.unique(labels), np.arange(labels.max() + 1))


@seeded
@given(partitions(), st.booleans())
def test_groups_of_names(partition, mixed):
    groups, n_features = partition
    names = np.array([f"column {i}" for i in range(n_features)], dtype=object)
    named = [[i if mixed and i % 2 else f"column {i}" for i in group] for group in groups]
    labels = resolve_groups(named, n_features, names).labels
    assert as_partition(labels) == expected_partition(groups, n_features)


@seeded
@given(partitions())
def test_groups_by_the_beginning_of_names(partition):
    groups, n_features = partition
    names = np.array([f"single_{i}" for i in range(n_features)], dtype=object)
    for label, group in enumerate(groups):
        for column in group:
            names[column] = f"g{label}_{column}"
    beginnings = [f"g{label}_" for label in range(len(groups))]
    labels = resolve_groups(beginnings, n_features, names).labels
    assert as_partition(labels) == expected_partition(groups, n_features)


@pytest.mark.parametrize(
    "groups",
    [
        [(0, 2), (1,)],
        (np.array([0, 2]), [1]),
        np.array([[0, 2]]),
        [range(0, 4, 2)],
        [{0, 2}],
        [["a", "c"]],
        [["c", 0]],
        [np.array(["a", "c"])],
        {"a and c": ["a", "c"]},
        {"a and c": [0, 2], "b": "b"},
    ],
)
def test_kinds_of_sequences(groups):
    names = np.array(["a", "b", "c", "d"], dtype=object)
    labels = resolve_groups(groups, 4, names).labels
    assert as_partition(labels) == {frozenset(g) for g in ([0, 2], [1], [3])}


def test_the_longest_beginning_counts():
    names = np.array(["heat_a", "heat_b", "heat_qc_a", "heat_qc_b", "x"], dtype=object)
    for groups in (["heat_", "heat_qc_"], ["x", "heat_qc", "heat"]):
        labels = resolve_groups(groups, 5, names).labels
        assert as_partition(labels) == {frozenset(g) for g in ([0, 1], [2, 3], [4])}
    # A column by its whole name is not in the group that it begins like.
    labels = resolve_groups(["heat", "heat_b"], 5, names).labels
    assert as_partition(labels) == {frozenset(g) for g in ([0, 2, 3], [1], [4])}


@pytest.mark.parametrize("groups", [list("abcd"), {"a": "a", "c": "c"}])
def test_groups_of_one_on_purpose(groups):
    names = np.array(list("abcd"), dtype=object)
    labels = resolve_groups(groups, 4, names).labels
    assert as_partition(labels) == {frozenset([i]) for i in range(4)}


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([], [None] * 5),
        (["heat", "x"], ["heat"] * 4 + ["x"]),
        (["heat_q", [4], ["heat_a"]], ["groups[2]", None, "heat_q", "heat_q", "groups[1]"]),
        ({"first two": [1, 0], 7: "heat_qc"}, ["first two"] * 2 + ["7"] * 2 + [None]),
    ],
)
def test_names_of_groups(groups, expected):
    names = np.array(["heat_a", "heat_b", "heat_qc_a", "heat_qc_b", "x"], dtype=object)
    assert names_of_groups(groups, 5, names) == expected


def test_no_groups_are_groups_of_one():
    assert as_partition(resolve_groups([], 3, None).labels) == {
        frozenset([i]) for i in range(3)
    }


NAMES = np.array(["age", "city_a", "city_b", "sex"], dtype=object)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([[0, 1], [1, 2]], r"feature 1 is in group \[1, 2\] and in group \[0, 1\]"),
        ([[0, 1, 0]], r"groups overlap: feature 0 is in group \[0, 1, 0\] twice"),
        ([[0, 4]], "feature index 4, out of range for X with 4 features"),
        ([[-1, 0]], "feature index -1, out of range"),
        (
            [["age"]],
            "groups has the name 'age', but X has no feature names. Fit with",
        ),
        (["city_"], "groups has the name 'city_', but X has no feature names"),
        ([[0], []], "groups has an empty group"),
        ("city_", "groups must be a list of groups, .* got 'city_'"),
        (3, "groups must be a list of groups, .* got 3"),
        (
            [0, 1],
            r"Each of groups must be a list of feature .* got 0\. Pass a list for each",
        ),
        ([[True, 1]], r"Each of groups must be a list of feature .* got \[True, 1\]"),
        ([[np.True_]], "Each of groups must be a list of feature"),
        ([[0.0, 1.0]], "Each of groups must be a list of feature"),
        ([None], "Each of groups must be a list of feature .* got None"),
        ([[[0, 1]]], "Each of groups must be a list of feature"),
    ],
)
def test_groups_that_are_not_valid(groups, message):
    with pytest.raises(ValueError, match=message):
        resolve_groups(groups, 4, None)
    # They are looked at when a network is there, and not earlier.
    with pytest.raises(ValueError, match=message):
        GroupLasso(groups).bind(Layout([(4, 2)]))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (
            [["age", "Age"]],
            "has the feature 'Age', which is not in X. .*'age', ",
        ),
        (["town_"], "prefix 'town_', with which no feature name begins"),
        (
            ["city_", ["city_b", "sex"]],
            r"feature 'city_b' is in group \['city_b', 'sex'\] and in group 'city_'",
        ),
        (["city_", "city_"], "groups overlap: the group 'city_' is given twice"),
        (
            ["city_", "city_a", "city_b"],
            "'city_', but all features .* to groups with longer",
        ),
        ([["age", 0]], "groups overlap: feature 'age' is in"),
        (["age", "sex"], r"a group for each .* groups=\[\['age', 'sex'\]\]"),
    ],
)
def test_names_that_are_not_valid(groups, message):
    with pytest.raises(ValueError, match=message):
        resolve_groups(groups, 4, NAMES)


def test_long_lists_of_columns_are_shortened():
    names = np.array([f"x{i:02}" for i in range(40)], dtype=object)
    with pytest.raises(ValueError, match=r"'x09', \.\.\."):
        resolve_groups([["y"]], 40, names)


@seeded
@given(partitions(), st.integers(1, 4), st.integers(0, 10**6))
def test_sums_norms_and_sizes_by_loops(partition, fan_out, seed):
    groups, n_features = partition
    rows = resolve_groups(groups, n_features, None)
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(n_features, fan_out))
    weights[rng.uniform(size=n_features) < 0.3] = 0
    sizes, norms = rows.sizes(weights), rows.norms(weights)
    for label in range(rows.labels.max() + 1):
        part = weights[rows.labels == label]
        assert sizes[label] == part.size
        assert norms[label] == pytest.approx(np.linalg.norm(part), rel=1e-14)
        assert rows.are_zero(weights)[label] == (not part.any())
        assert (rows.spread(norms)[rows.labels == label] == norms[label]).all()
    alone = RowGroups()
    np.testing.assert_allclose(alone.norms(weights), np.linalg.norm(weights, axis=1))
    assert (alone.sizes(weights) == fan_out).all()
    assert alone.spread(alone.norms(weights)).shape == (n_features, 1)
