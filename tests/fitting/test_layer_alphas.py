"""An alpha for each layer: zero, loopholes, and alphas of constraints."""

import warnings

import numpy as np
import pandas as pd
import pytest
from penalised_fits import (
    BOTH,
    SCORES,
    SOLVERS,
    TARGETS,
    X,
    assert_same_fit,
    fit,
    loss_by_hand,
    make,
    not_converged,
)
from sklearn.exceptions import ConvergenceWarning

from sknormreg.penalties import GroupLasso, L1Ball, MaxNorm


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("penalty", ["l1", "group_lasso", "sparse_group_lasso", "mcp"])
@not_converged
def test_alpha_0_is_no_penalty_at_all(penalty, solver):
    params = dict(penalty=penalty, solver=solver)
    without = fit(**params, alpha=0)
    assert_same_fit(without, fit(**params, alpha=[0, 0]))
    assert_same_fit(without, fit(solver=solver, alpha=0))
    assert without.loss_ == pytest.approx(loss_by_hand(without, SCORES), rel=1e-12)
    assert without.sparsity_ == 0


@not_converged
def test_one_alpha_is_that_of_every_layer():
    for alphas in ([2.0, 2.0], (2, 2), np.array([2, 2]), pd.Series([2.0, 2.0], [7, 9])):
        assert_same_fit(fit(alpha=2.0), fit(alpha=alphas))
    assert (fit(alpha=[2, 3]).coefs_[1] != fit(alpha=2.0).coefs_[1]).any()


def warnings_of(function):
    """Warnings other than those of convergence."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", ConvergenceWarning)
        function()
    return caught


def assert_points_here(caught):
    """There was one warning beside those of convergence, which shows who called."""
    files = [w.filename for w in caught if w.category is not ConvergenceWarning]
    assert files == [__file__]


LOOPHOLE = (
    r"alpha is 0 in layers \[{}\] and not in others: the layers without a penalty can grow"
)


@pytest.mark.parametrize(
    ("params", "layers"),
    [
        (dict(alpha=[1, 0]), "1"),
        (dict(alpha=[0, 1]), "0"),
        (dict(alpha=[0, 1, 0], hidden_layer_sizes=(3, 3)), "0, 2"),
        (dict(alpha=[1, 0], penalty=GroupLasso(features_only=True)), "1"),
        (dict(alpha=[1, 0], penalty="hierarchical"), "1"),
        (
            dict(
                alpha=[1, 1, 0],
                penalty=["l1_ball", "l1", "l2"],
                hidden_layer_sizes=(3, 3),
            ),
            "2",
        ),
        # A constraint, too, is without effect if another layer may grow.
        (dict(alpha=[1, 0], penalty=["max_norm", "l2"]), "1"),
        (dict(alpha=0, penalty=["l1", MaxNorm()], hidden_layer_sizes=(3,)), "0"),
    ],
)
@not_converged
def test_a_loophole_is_warned_of(params, layers):
    params = {"hidden_layer_sizes": (3,), **params}
    with pytest.warns(UserWarning, match=LOOPHOLE.format(layers)) as caught:
        make(**params).fit(X, SCORES)
    assert_points_here(caught)
    with pytest.warns(UserWarning, match=LOOPHOLE.format(layers)) as caught:
        make(**params, solver="sgd").partial_fit(X, SCORES)
    assert_points_here(caught)


@pytest.mark.parametrize(
    "params",
    [
        dict(alpha=0),
        dict(alpha=[0, 0]),
        dict(alpha=[1, 1e-300]),
        dict(alpha=[0], hidden_layer_sizes=()),
        dict(alpha=5.0, penalty=["max_norm", "l2"]),
        dict(alpha=5.0, penalty=[MaxNorm(), "l2"]),
        dict(alpha=[1, 5.0], penalty=[MaxNorm(), "l2"]),
        dict(alpha=1, penalty=MaxNorm()),
        dict(alpha=[1, 1], penalty=MaxNorm()),
        dict(penalty="max_norm"),
    ],
    ids=repr,
)
@not_converged
def test_nothing_else_is_warned_of(params):
    assert warnings_of(lambda: fit(**params)) == []


CONSTRAINED = r"has no meaning for the constraint penalty={}\(.*penalty__radius"


@pytest.mark.parametrize(
    ("params", "name"),
    [
        (dict(alpha=2, penalty=MaxNorm()), "MaxNorm"),
        (dict(alpha=0, penalty=L1Ball()), "L1Ball"),
        (dict(alpha=[1, 2], penalty=MaxNorm()), "MaxNorm"),
        (dict(alpha=2, penalty=[MaxNorm(), L1Ball()]), "MaxNorm"),
        (dict(alpha=[2, 1], penalty=["max_norm", "l2"]), "MaxNorm"),
        (dict(alpha=[2, 3], penalty=["l2", L1Ball()]), "L1Ball"),
    ],
    ids=repr,
)
def test_alpha_of_a_constraint_is_an_error(params, name):
    with pytest.raises(ValueError, match=CONSTRAINED.format(name)):
        fit(**params)


@pytest.mark.parametrize("name", ["max_norm", "l1_ball"])
@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_alpha_beside_a_constraint_by_name_is_warned_of(cls, name):
    with pytest.warns(UserWarning, match=CONSTRAINED.format("(MaxNorm|L1Ball)")) as caught:
        model = make(cls, penalty=name, alpha=0.1).fit(X, TARGETS[cls])
    assert_points_here(caught)
    assert_same_fit(model, fit(cls, penalty=name))
