"""The loss at the end of a fit: the loss of the data and the penalties, by hand."""

import numpy as np
import pytest
from penalised_fits import BOTH, SCORES, TARGETS, X, fit, loss_by_hand, make, not_converged

from sknormreg.penalties import (
    MCP,
    ElasticNet,
    GroupLasso,
    GroupMCP,
    Hierarchical,
    L1Ball,
    MaxNorm,
    SparseGroupLasso,
)


def rows(weights):
    return sum(np.linalg.norm(row) for row in weights)


def root_mean_squares(weights):
    return [np.linalg.norm(row) / np.sqrt(len(row)) for row in weights]


def mcp(r, a):
    """From its definition as an integral of the slope (1 - t / a)+, in fine steps."""
    t = (np.arange(20000) + 0.5) * (min(r, a) / 20000)
    return np.mean(1 - t / a) * min(r, a)


OMEGAS = [
    ("l1", lambda w: np.linalg.norm(w.ravel(), 1)),
    ("l2", lambda w: np.linalg.norm(w) ** 2 / 2),
    (
        ElasticNet(0.3),
        lambda w: 0.3 * np.linalg.norm(w.ravel(), 1) + 0.7 * np.linalg.norm(w) ** 2 / 2,
    ),
    ("group_lasso", lambda w: np.sqrt(w.shape[1]) * rows(w)),
    (
        SparseGroupLasso(0.2),
        lambda w: 0.2 * np.linalg.norm(w.ravel(), 1) + 0.8 * np.sqrt(w.shape[1]) * rows(w),
    ),
    ("nuclear", lambda w: np.linalg.norm(w, "nuc")),
    (
        MCP(a=0.5, l2=0.1),
        lambda w: (
            sum(mcp(abs(x), 0.5) for x in w.ravel()) + 0.1 * np.linalg.norm(w) ** 2 / 2
        ),
    ),
    (
        GroupMCP(a=0.5, l2=0.1),
        lambda w: (
            w.shape[1] * sum(mcp(r, 0.5) for r in root_mean_squares(w))
            + 0.1 * np.linalg.norm(w) ** 2 / 2
        ),
    ),
    (MaxNorm(0.7), lambda w: 0.0),
    (L1Ball(1.5), lambda w: 0.0),
]


def with_omegas(function):
    ids = [repr(penalty) for penalty, _ in OMEGAS]
    return pytest.mark.parametrize(("penalty", "omega"), OMEGAS, ids=ids)(function)


def alphas_for(penalty, *alphas):
    """alpha=1 for constraints."""
    return [1.0] * len(alphas) if isinstance(penalty, MaxNorm | L1Ball) else list(alphas)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("cls", BOTH)
@with_omegas
@not_converged
def test_loss_is_the_loss_and_penalties_by_hand(penalty, omega, cls, weighted):
    y = TARGETS[cls]
    s = np.random.RandomState(1).uniform(0.2, 3, len(y)) if weighted else None
    alphas = alphas_for(penalty, 0.5, 2.0, 1.5)
    model = make(cls, penalty=penalty, alpha=alphas, hidden_layer_sizes=(4, 3))
    model.fit(X, y, sample_weight=s)
    m = len(y) if s is None else s.sum()
    J = loss_by_hand(model, y, s) + sum(
        alpha * omega(coef) / m for alpha, coef in zip(alphas, model.coefs_)
    )
    # The sum of 20000 terms in the integral of MCP; of the others, rounding.
    assert model.loss_ == pytest.approx(J, rel=1e-9)


@not_converged
def test_loss_of_different_penalties_by_hand():
    """Beside each other, with features_only, and with a skip connection."""
    model = fit(
        penalty=["l1", MaxNorm(0.5), "nuclear"], alpha=1.0, hidden_layer_sizes=(4, 3)
    )
    first, second, third = model.coefs_
    penalty = np.abs(first).sum() + np.linalg.norm(third, "nuc")
    J = loss_by_hand(model, SCORES) + penalty / 50
    assert model.loss_ == pytest.approx(J, rel=1e-12)
    assert np.linalg.norm(second, axis=0).max() <= 0.5 * (1 + 1e-12)

    model = fit(penalty=GroupLasso(features_only=True), alpha=[2.0, 3.0])
    first, second = model.coefs_
    penalty = 2 * np.sqrt(5) * rows(first) + 3 * np.linalg.norm(second) ** 2 / 2
    J = loss_by_hand(model, SCORES) + penalty / 50
    assert model.loss_ == pytest.approx(J, rel=1e-12)

    model = fit(penalty=GroupLasso(groups=[[1, 3]]), alpha=[2.0, 3.0])
    first, second = model.coefs_
    groups = np.sqrt(10) * np.linalg.norm(first[[1, 3]])
    groups += np.sqrt(5) * (np.linalg.norm(first[0]) + np.linalg.norm(first[2]))
    J = loss_by_hand(model, SCORES) + (2 * groups + 3 * rows(second)) / 50
    assert model.loss_ == pytest.approx(J, rel=1e-12)

    model = fit(penalty=Hierarchical(M=0.5), alpha=[2.0, 3.0])
    penalty = 2 * rows(model.skip_coef_) + 3 * np.linalg.norm(model.coefs_[1]) ** 2 / 2
    J = loss_by_hand(model, SCORES) + penalty / 50
    assert model.loss_ == pytest.approx(J, rel=1e-12)
    bounds = 0.5 * np.linalg.norm(model.skip_coef_, axis=1)
    assert (np.abs(model.coefs_[0]).max(axis=1) <= bounds * (1 + 1e-12)).all()
