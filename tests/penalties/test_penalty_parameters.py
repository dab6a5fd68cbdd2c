"""Parameters of the penalties, and the layers that they are bound to."""

import numpy as np
import pytest
from penalty_cases import cases
from penalty_strategies import (
    grouped,
)
from sklearn.base import clone

from sknormreg.penalties import (
    L2,
    MCP,
    PENALTIES,
    SCAD,
    ElasticNet,
    GroupLasso,
    GroupMCP,
    GroupSCAD,
    Hierarchical,
    L1Ball,
    Layout,
    MaxNorm,
    Penalty,
    SparseGroupLasso,
)


@cases(lambda case: not case.is_weighted)
def test_parameters_round_trip(case):
    penalty = case.given
    params = penalty.get_params()
    rebuilt = type(penalty)(**params)
    assert rebuilt.get_params() == params
    assert penalty.get_params(deep=False) == params
    other = type(penalty)().set_params(**params)
    assert other.get_params() == params
    assert eval(repr(penalty), {type(penalty).__name__: type(penalty)}).get_params() == (
        params
    )
    copied = clone(penalty)
    assert type(copied) is type(penalty)
    assert copied is not penalty
    assert copied.get_params() == params
    # Those of the layers leave what was given alone.
    case.penalty.prox(case.draw(0), 0.1)
    assert repr(penalty) == repr(rebuilt)


@cases()
def test_unknown_parameters(case):
    with pytest.raises(ValueError, match=r"Invalid parameter 'lambda_' for penalty .*\("):
        case.given.set_params(lambda_=1)


@pytest.mark.parametrize("name", PENALTIES)
def test_defaults_by_name(name):
    penalty = PENALTIES[name]()
    assert isinstance(penalty, Penalty)
    layout = Layout([(4, 5), (3, 2)], None, 2)
    assert len(penalty.bind(layout)) == 2


@pytest.mark.parametrize(
    ("penalty", "message"),
    [
        (ElasticNet(1.5), "'l1_ratio' of ElasticNet must be a number at least 0 and at"),
        (ElasticNet("0.5"), "'l1_ratio' of ElasticNet"),
        (SparseGroupLasso(-0.1), "'l1_ratio' of SparseGroupLasso"),
        (SparseGroupLasso(np.nan), "'l1_ratio' of SparseGroupLasso"),
        (MCP(a=0), "'a' of MCP must be a number more than 0, got 0"),
        (MCP(l2=-1.0), "'l2' of MCP must be a number at least 0"),
        (SCAD(a=np.inf), "'a' of SCAD"),
        (GroupMCP(a=-1), "'a' of GroupMCP"),
        (GroupSCAD(l2=None), "'l2' of GroupSCAD"),
        (MaxNorm(0), "'radius' of MaxNorm must be a number more than 0"),
        (MaxNorm(True), "'radius' of MaxNorm"),
        (L1Ball(-3.0), "'radius' of L1Ball"),
        (Hierarchical(0), "'M' of Hierarchical"),
        (
            GroupLasso(features_only=1),
            "'features_only' of GroupLasso must be True or False, got 1",
        ),
        (GroupLasso(groups="ab"), "groups must be a list of groups"),
        (GroupSCAD(groups=[[0, 0]]), "groups overlap"),
    ],
)
def test_parameters_that_are_not_valid(penalty, message):
    with pytest.raises(ValueError, match=message):
        penalty.bind(Layout([(4, 5), (3, 2)], None, 2))


@grouped
def test_groups_of_columns_are_those_of_the_first_layer(case):
    if case.n_skip or case.is_weighted:
        return
    layout = Layout([case.shape, (case.shape[1], 3), (3, 1)])
    first, *later = case.given.bind(layout)
    weights = np.random.default_rng(0).normal(size=(case.shape[1], 3))
    alone = clone(case.given).set_params(groups=None)
    for penalty in later:
        assert penalty.value(weights) == alone.bind(layout)[0].value(weights)
    only = clone(case.given).set_params(features_only=True).bind(layout)
    assert [type(p) for p in only] == [type(case.given), L2, L2]
    big = case.draw(0)
    assert only[0].value(big) == first.value(big)


def test_hierarchical_is_for_the_first_layer():
    layout = Layout([(5, 6), (4, 2)], None, 2)
    first, second = Hierarchical(3.0).bind(layout)
    assert isinstance(first, Hierarchical)
    assert isinstance(second, L2)
    with pytest.raises(ValueError, match="needs a hidden layer"):
        Hierarchical().bind(Layout([(5, 2)]))
