"""Errors of invalid alphas, penalties and groups."""

import numpy as np
import pandas as pd
import pytest
from penalised_fits import BOTH, SCORES, X, fit, make
from sklearn.utils._param_validation import InvalidParameterError

from sknormreg.penalties import (
    L1,
    MCP,
    SCAD,
    ElasticNet,
    GroupLasso,
    GroupMCP,
    GroupSCAD,
    Hierarchical,
    L1Ball,
    MaxNorm,
    Nuclear,
    SparseGroupLasso,
)

ONE_FOR_EACH = "alpha must be a finite number of at least 0, or one for each layer, got"
PENALTY_MUST_BE = r"penalty must be one of \['elasticnet', .*, or one of these for each"


@pytest.mark.parametrize(
    ("alpha", "message"),
    [
        ([1], r"alpha has 1 entries, but the network has 2 layers of weights"),
        ([1, 1, 1], r"alpha has 3 entries, but the network has 2 layers"),
        ([], r"alpha has 0 entries, but the network has 2 layers"),
        ([1, -1], ONE_FOR_EACH + r" \[1, -1\]"),
        ([1, np.nan], ONE_FOR_EACH),
        ([np.inf, 1], ONE_FOR_EACH),
        ([True, 1], ONE_FOR_EACH),
        (np.array([True, True]), ONE_FOR_EACH),
        (True, ONE_FOR_EACH + " True"),
        (["1", "2"], ONE_FOR_EACH),
        ([1, None], ONE_FOR_EACH),
        ([1, 1j], ONE_FOR_EACH),
        ([1, [2]], ONE_FOR_EACH + r" \[1, \[2\]\]"),
        ([[1, 2], [3, 4]], "The first entry of alpha must be a number or an array of 4"),
        (np.ones((2, 2)), ONE_FOR_EACH),
        (-1, "'alpha' parameter of Regularized.* must be a float in the range"),
        (np.nan, "'alpha' parameter"),
        ("strong", "'alpha' parameter"),
        (None, "'alpha' parameter"),
        (np.array(1.0), ONE_FOR_EACH),
    ],
    ids=repr,
)
@pytest.mark.parametrize("cls", BOTH)
def test_alphas_that_are_not_valid(cls, alpha, message):
    with pytest.raises(ValueError, match=message):
        fit(cls, alpha=alpha)


@pytest.mark.parametrize(
    ("penalty", "message"),
    [
        (["l1"], "penalty has 1 entries, but the network has 2 layers of weights"),
        (["l1"] * 3, "penalty has 3 entries, but the network has 2 layers"),
        ([], "penalty has 0 entries"),
        (["l1", "l3"], PENALTY_MUST_BE + r" layer, got \['l1', 'l3'\]"),
        (["l1", None], PENALTY_MUST_BE),
        ([L1(), GroupLasso], r"got the class GroupLasso: write GroupLasso\(\)\.$"),
        (["l1", int], PENALTY_MUST_BE + " layer, got \\['l1', <class 'int'>\\]"),
        (["l1", ["l2"]], PENALTY_MUST_BE),
        ([["l1", "l2"]], PENALTY_MUST_BE),
        (["l1", 2], PENALTY_MUST_BE),
        (["l2", "hierarchical"], r"Hierarchical\(M=10.0\) .* only be that of the first"),
        (["l2", GroupLasso(groups=[[0]])], r"GroupLasso\(.* only be that of the first"),
        (["l2", GroupMCP(features_only=True)], r"GroupMCP\(.* only be that of the first"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("cls", BOTH)
def test_lists_of_penalties_that_are_not_valid(cls, penalty, message):
    with pytest.raises(ValueError, match=message):
        fit(cls, penalty=penalty)


@pytest.mark.parametrize("penalty", ["l3", None, 1, {"l1"}, {"l1": 1}], ids=repr)
@pytest.mark.parametrize("cls", BOTH)
def test_penalties_that_are_none(cls, penalty):
    with pytest.raises(
        InvalidParameterError, match=r"'penalty' parameter .*'group_lasso'"
    ) as caught:
        fit(cls, penalty=penalty)
    assert "instance of 'type'" not in str(caught.value)


@pytest.mark.parametrize(
    ("penalty", "message"),
    [
        (GroupLasso, r"penalty must be .* got the class GroupLasso: write GroupLasso\(\)"),
        (Nuclear, r"got the class Nuclear: write Nuclear\(\)"),
        (int, PENALTY_MUST_BE + " layer, got <class 'int'>"),
    ],
)
@pytest.mark.parametrize("cls", BOTH)
def test_classes_in_place_of_instances(cls, penalty, message):
    with pytest.raises(ValueError, match=message):
        fit(cls, penalty=penalty)


@pytest.mark.parametrize(
    ("penalty", "message"),
    [
        (Hierarchical(M=0), "'M' of Hierarchical must be a number more than 0, got 0"),
        (Hierarchical(M=-1.0), "'M' of Hierarchical .* more than 0, got -1"),
        (MCP(a=0), "'a' of MCP .* more than 0"),
        (SCAD(a=-1), "'a' of SCAD .* more than 0"),
        (GroupMCP(a=np.nan), "'a' of GroupMCP .* more than 0, got nan"),
        (GroupSCAD(a="1"), "'a' of GroupSCAD .* got '1'"),
        (MaxNorm(0), "'radius' of MaxNorm .* more than 0, got 0"),
        (L1Ball(-2), "'radius' of L1Ball .* more than 0, got -2"),
        (MCP(l2=-1), "'l2' of MCP .* at least 0, got -1"),
        (SCAD(l2=np.inf), "'l2' of SCAD .* at least 0, got inf"),
        (GroupMCP(l2=-1), "'l2' of GroupMCP .* at least 0"),
        (GroupSCAD(l2=None), "'l2' of GroupSCAD .* got None"),
        (ElasticNet(1.1), "'l1_ratio' of ElasticNet .* at least 0 and at most 1, got 1.1"),
        (SparseGroupLasso(-0.1), "'l1_ratio' of SparseGroupLasso .* at least 0 and at"),
        (GroupLasso(features_only="yes"), "'features_only' of GroupLasso .*'yes'"),
        (GroupMCP(features_only=None), "'features_only' of GroupMCP .*True or False"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("as_list", [False, True])
@pytest.mark.parametrize("cls", BOTH)
def test_parameters_that_are_not_valid_are_named_with_their_class(
    cls, as_list, penalty, message
):
    with pytest.raises(ValueError, match=message):
        fit(cls, penalty=[penalty, "l2"] if as_list else penalty)


@pytest.mark.parametrize(
    ("groups", "named", "message"),
    [
        ([[0, 1], [1, 2]], False, r"groups overlap: feature 1 is in group \[1, 2\]"),
        ([["a", "b"], "a"], True, "groups overlap: feature 'a'"),
        ([[0, 0]], False, "groups overlap: feature 0"),
        ([[0, 4]], False, "feature index 4, out of range for X with 4 features"),
        ([[-1]], False, "feature index -1, out of range"),
        (
            [["a", "z"]],
            True,
            "groups has the feature 'z', which is not in X. The features are 'a', 'b'",
        ),
        (["z"], True, "groups has the prefix 'z', with which no feature name begins"),
        (["a"], False, "the name 'a', but X has no feature names.*DataFrame"),
        ([["a", "b"]], False, "the name 'a', but X has no feature names.*DataFrame"),
        ([[]], False, "groups has an empty group"),
        ([0, 1], False, "Each of groups must be a list of feature indices or names"),
        ([[True]], False, "Each of groups must be a list of feature indices"),
        ([[0.0]], False, "Each of groups must be a list of feature indices"),
        (3, False, "groups must be a list of groups"),
        ("ab", True, "groups must be a list of groups"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("penalty", [GroupLasso, SparseGroupLasso, GroupMCP, GroupSCAD])
def test_groups_that_are_not_valid(penalty, groups, named, message):
    model = make(penalty=penalty(groups=groups))
    with pytest.raises(ValueError, match=message):
        model.fit(pd.DataFrame(X, columns=list("abcd")) if named else X, SCORES)
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("penalty", ["hierarchical", Hierarchical(3.0), [Hierarchical()]])
@pytest.mark.parametrize("cls", BOTH)
def test_hierarchical_needs_a_hidden_layer(cls, penalty):
    with pytest.raises(ValueError, match=r"Hierarchical\(M=.* needs a hidden layer"):
        fit(cls, penalty=penalty, hidden_layer_sizes=())
