"""Without hidden layers the minimisers are those of skglm.

As in test_convex_limit.py, what is compared is J at the two solutions, by plain NumPy:
skglm's solvers share no line with ours. Ours may exceed theirs by 1e-5 of it at most.
"""

import numpy as np
import pytest
from scipy import special
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor
from sknormreg.penalties import MCP, GroupLasso, SparseGroupLasso

skglm = pytest.importorskip("skglm")
datafits = pytest.importorskip("skglm.datafits")
penalties = pytest.importorskip("skglm.penalties")
solvers = pytest.importorskip("skglm.solvers")
grp_converter = pytest.importorskip("skglm.utils.data").grp_converter

pytestmark = [
    pytest.mark.filterwarnings("ignore::numba.NumbaPerformanceWarning"),
    # Each of their penalties takes seconds to be compiled.
    pytest.mark.slow,
]

EXCESS = 1e-5

# Of the ten columns of diabetes and the thirty of breast_cancer; others are alone.
GROUPS = {
    "diabetes": [[0, 1], [4, 5, 6, 7, 8, 9]],
    "breast_cancer": [[i, i + 10, i + 20] for i in range(8)],
}


def load(name):
    X, y = (load_diabetes if name == "diabetes" else load_breast_cancer)(return_X_y=True)
    return StandardScaler().fit_transform(X), y.astype(float)


def all_groups(name, n_features):
    grouped = {i for group in GROUPS[name] for i in group}
    return GROUPS[name] + [[i] for i in range(n_features) if i not in grouped]


def mean_loss(name, y, raw):
    if name == "diabetes":
        return ((y - raw) ** 2).mean() / 2
    return -special.log_expit(np.where(y == 1, raw, -raw)).mean()


def estimator(name, **parameters):
    if name == "diabetes":
        return RegularizedMLPRegressor(hidden_layer_sizes=(), **parameters)
    return RegularizedMLPClassifier(hidden_layer_sizes=(), **parameters)


def fit_theirs(name, penalty, solver, X, y, groups=()):
    """Coefficients and intercept."""
    if groups:
        datafit = datafits.QuadraticGroup if name == "diabetes" else datafits.LogisticGroup
    else:
        datafit = datafits.Quadratic if name == "diabetes" else datafits.Logistic
    target = y if name == "diabetes" else np.where(y == 1, 1.0, -1.0)
    model = skglm.GeneralizedLinearEstimator(datafit(*groups), penalty, solver).fit(
        X, target
    )
    return np.ravel(model.coef_), np.ravel(model.intercept_)[0]


def assert_as_low(J, mlp, coef, intercept):
    ours = J(mlp.coefs_[0].ravel(), mlp.intercepts_[0].item())
    assert mlp.loss_ == pytest.approx(ours, rel=1e-10)
    # Ours being lower by more would mean that theirs has not converged.
    assert abs(ours - J(coef, intercept)) <= EXCESS * ours


def group_lasso(coef, groups):
    return sum(np.sqrt(len(group)) * np.linalg.norm(coef[group]) for group in groups)


@pytest.mark.parametrize(
    ("name", "alpha"), [("diabetes", 300.0), ("diabetes", 3000.0), ("breast_cancer", 5.0)]
)
def test_group_lasso(name, alpha):
    X, y = load(name)
    groups = all_groups(name, X.shape[1])
    indices, pointers = grp_converter(groups, X.shape[1])
    sizes = np.sqrt([len(group) for group in groups])
    penalty = penalties.WeightedGroupL2(alpha / len(y), sizes, pointers, indices)
    solver = solvers.GroupBCD if name == "diabetes" else solvers.GroupProxNewton
    solver = solver(tol=1e-9, max_iter=500, fit_intercept=True)
    coef, intercept = fit_theirs(name, penalty, solver, X, y, (pointers, indices))

    def J(coef, intercept):
        loss = mean_loss(name, y, X @ coef + intercept)
        return loss + alpha / len(y) * group_lasso(coef, groups)

    mlp = estimator(name, penalty=GroupLasso(GROUPS[name]), alpha=alpha).fit(X, y)
    assert_as_low(J, mlp, coef, intercept)
    np.testing.assert_array_equal(mlp.coefs_[0].ravel() == 0, coef == 0)
    if alpha != 300:
        assert (coef == 0).any()


@pytest.mark.parametrize("l1_ratio", [0.2, 0.7])
@pytest.mark.parametrize("alpha", [300.0, 3000.0])
def test_sparse_group_lasso(l1_ratio, alpha):
    """Of centred data: its solver takes no intercept with this penalty."""
    X, y = load("diabetes")
    groups = all_groups("diabetes", X.shape[1])
    indices, pointers = grp_converter(groups, X.shape[1])
    shares = (1 - l1_ratio) * np.sqrt([len(group) for group in groups])
    shares = shares, np.full(X.shape[1], l1_ratio)
    penalty = penalties.WeightedL1GroupL2(alpha / len(y), *shares, pointers, indices)
    solver = solvers.GroupBCD(tol=1e-9, max_iter=500, ws_strategy="fixpoint")
    coef, _ = fit_theirs("diabetes", penalty, solver, X, y - y.mean(), (pointers, indices))

    def J(coef, intercept):
        omega = l1_ratio * np.abs(coef).sum() + (1 - l1_ratio) * group_lasso(coef, groups)
        return mean_loss("diabetes", y, X @ coef + intercept) + alpha / len(y) * omega

    ours = SparseGroupLasso(l1_ratio, GROUPS["diabetes"])
    mlp = estimator("diabetes", penalty=ours, alpha=alpha).fit(X, y)
    assert_as_low(J, mlp, coef, y.mean())
    np.testing.assert_array_equal(mlp.coefs_[0].ravel() == 0, coef == 0)


def mcp_J(name, X, y, a, alpha):
    def J(coef, intercept):
        sizes = np.minimum(np.abs(coef), a)
        omega = (sizes - sizes**2 / (2 * a)).sum()
        return mean_loss(name, y, X @ coef + intercept) + alpha / len(y) * omega

    return J


def fit_their_mcp(name, X, y, a, alpha):
    strength = alpha / len(y)
    penalty = penalties.MCPenalty(strength, gamma=a / strength)
    solver = solvers.AndersonCD if name == "diabetes" else solvers.ProxNewton
    return fit_theirs(name, penalty, solver(tol=1e-9, max_iter=500), X, y)


@pytest.mark.parametrize("a", [8.0, 30.0])
@pytest.mark.parametrize(("name", "alpha"), [("diabetes", 300.0), ("breast_cancer", 5.0)])
def test_mcp(name, alpha, a):
    """So wide that both methods come to the same of its local minima from any start."""
    X, y = load(name)
    coef, intercept = fit_their_mcp(name, X, y, a, alpha)
    mlp = estimator(name, penalty=MCP(a, l2=0), alpha=alpha).fit(X, y)
    assert_as_low(mcp_J(name, X, y, a, alpha), mlp, coef, intercept)
    np.testing.assert_array_equal(mlp.coefs_[0].ravel() == 0, coef == 0)
    assert (coef == 0).any()


@pytest.mark.parametrize("a", [0.5, 2.0])
@pytest.mark.parametrize(("name", "alpha"), [("diabetes", 300.0), ("breast_cancer", 5.0)])
def test_minima_of_a_narrow_mcp(name, alpha, a):
    """It has many: skglm's is one of ours, where training that starts there stays."""
    X, y = load(name)
    coef, intercept = fit_their_mcp(name, X, y, a, alpha)
    mlp = estimator(name, penalty=MCP(a, l2=0), alpha=alpha)
    mlp.fit(X, y, coef_init=[coef[:, None]], intercept_init=[np.array([intercept])])
    assert_as_low(mcp_J(name, X, y, a, alpha), mlp, coef, intercept)
    moved = np.abs(mlp.coefs_[0].ravel() - coef).max()
    assert moved <= 1e-4 * np.abs(coef).max()
