"""Penalties before and after they are bound to the layers of a network."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone

from sknormreg import RegularizedMLPRegressor
from sknormreg.penalties import (
    L1,
    GroupLasso,
    GroupMCP,
    GroupSCAD,
    Hierarchical,
    Layout,
    SparseGroupLasso,
)

GROUP_PENALTIES = [GroupLasso, SparseGroupLasso, GroupMCP, GroupSCAD]
LAYOUT = Layout([(4, 3), (3, 3)], np.array(["a1", "a2", "b", "c"], dtype=object))

rng = np.random.default_rng(0)
W, G = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))

CALLS = {
    "value": lambda penalty: penalty.value(W),
    "prox": lambda penalty: penalty.prox(W, 0.3),
    "min_norm_subgradient": lambda penalty: penalty.min_norm_subgradient(W, G, 0.3),
    "at_kink": lambda penalty: penalty.at_kink(W),
    "project": lambda penalty: penalty.project(W.copy(), G),
    "solve_curvature": lambda penalty: penalty.solve_curvature(W, G, 0.3, 0.2),
    "feasible": lambda penalty: penalty.feasible(W),
}


@pytest.mark.every(3)
@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    "groups", [[[0, 1]], [["a1", "a2"]], ["a"], {"a": ["a1", "a2"]}, []]
)
@pytest.mark.parametrize("cls", GROUP_PENALTIES)
def test_groups_of_features_are_not_known_before_bind(cls, groups, name):
    penalty, call = cls(groups=groups), CALLS[name]
    if cls is SparseGroupLasso and name == "at_kink":
        # Every weight that is 0 is at a kink, whatever its group.
        np.testing.assert_array_equal(call(penalty), W == 0)
        return
    with pytest.raises(
        ValueError, match=r"groups=.* is not bound to one: call bind\(layout"
    ):
        call(penalty)
    first, second = penalty.bind(LAYOUT)
    call(first)
    # The layers' penalties know, and what they were made from still does not.
    with pytest.raises(ValueError, match="not bound"):
        call(penalty)
    call(pickle.loads(pickle.dumps(first)))
    with pytest.raises(ValueError, match="not bound"):
        call(clone(first))
    assert first.get_params() == second.get_params() == penalty.get_params()


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("cls", GROUP_PENALTIES)
def test_rows_are_the_groups_where_none_are_given(cls, name):
    """Without a network: that is the definition of groups=None."""
    call = CALLS[name]
    for bound in cls().bind(LAYOUT):
        np.testing.assert_array_equal(call(cls()), call(bound))
    rows = np.linalg.norm(W, axis=1)
    assert GroupLasso().value(W) == pytest.approx(np.sqrt(3) * rows.sum(), rel=1e-14)


@pytest.mark.parametrize("cls", GROUP_PENALTIES)
def test_rows_are_the_groups_of_later_layers(cls):
    first, second = cls(groups=["a"]).bind(LAYOUT)
    hidden = W[:3]
    assert second.value(hidden) == cls().value(hidden)
    assert first.value(W) != cls().value(W)


@pytest.mark.parametrize("name", ["value", "prox", "min_norm_subgradient", "feasible"])
def test_the_skip_connection_is_not_known_before_bind(name):
    penalty, call = Hierarchical(1e3), CALLS[name]
    with pytest.raises(ValueError, match=r"Hierarchical\(M=1000.0\) .* not bound to one"):
        call(penalty)
    for n_skip in (1, 2):
        call(penalty.bind(LAYOUT._replace(n_skip=n_skip))[0])
    with pytest.raises(ValueError, match="not bound"):
        call(penalty)


class _BoundTo(L1):
    def __init__(self, result):
        super().__init__()
        self.result = result

    def bind(self, layout):
        return self.result


@pytest.mark.parametrize("result", [None, [], [L1()], L1(), [L1()] * 3], ids=repr)
@pytest.mark.parametrize("in_list", [False, True])
def test_bind_must_return_a_penalty_for_each_layer(result, in_list):
    penalty = _BoundTo(result)
    mlp = RegularizedMLPRegressor(
        (3,), penalty=["l2", penalty] if in_list else penalty, alpha=1.0
    )
    with pytest.raises(
        ValueError, match=r"_BoundTo.bind must return a list of 2 penalties"
    ):
        mlp.fit(rng.normal(size=(20, 4)), np.arange(20.0))
