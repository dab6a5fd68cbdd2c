"""The regularization path: fits from dense to sparse, at one alpha after the other."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import lasso_path
from sklearn.metrics import log_loss
from sklearn.preprocessing import scale

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
    regularization_path,
)
from sknormreg.estimators import path as path_module
from sknormreg.penalties import L2, GroupLasso, GroupMCP, L1Ball, MaxNorm

SMALL = dict(hidden_layer_sizes=(8,), random_state=0)


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return scale(X)[::2], y[::2]


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return scale(X), scale(y)


def test_without_hidden_layers_it_is_the_lasso_path(diabetes):
    X, y = diabetes
    alphas = np.array([0.01, 0.03, 0.1, 0.3])
    expected = lasso_path(X, y, alphas=alphas[::-1], tol=1e-12)[1][:, ::-1]
    path = regularization_path(
        X, y, alphas=len(y) * alphas, penalty="l1", hidden_layer_sizes=()
    )
    found = np.column_stack([dense(coefs[0]) for coefs in path.coefs])
    np.testing.assert_allclose(found, expected, atol=1e-7)


def dense(coef):
    return coef.toarray() if sparse.issparse(coef) else coef


@pytest.mark.parametrize("penalty", ["l1", "group_lasso", GroupMCP()])
def test_each_point_is_a_fit_of_its_own_alpha(cancer, penalty):
    X, y = cancer
    # A path with tol="auto" takes less trouble than a single fit.
    settings = dict(SMALL, penalty=penalty, tol=1e-5)
    path = regularization_path(X, y, alphas=[10, 1, 3], **settings)
    np.testing.assert_array_equal(path.alphas, [1, 3, 10])
    first = RegularizedMLPClassifier(alpha=1, **settings).fit(X, y)
    for found, expected in zip(path.coefs[0], first.coefs_):
        np.testing.assert_array_equal(dense(found), expected)
    for i, alpha in enumerate(path.alphas):
        mlp = RegularizedMLPClassifier(alpha=alpha, **settings)
        # From the weights of the path on, there is nothing left to do.
        start = dict(
            coef_init=[dense(coef) for coef in path.coefs[i]],
            intercept_init=path.intercepts[i],
        )
        mlp.fit(X, y, **start)
        assert mlp.n_iter_ == 1
        for found, expected in zip(path.coefs[i], mlp.coefs_):
            np.testing.assert_array_equal(dense(found), expected)
        assert path.objective[i] == mlp.loss_
        assert path.optimality[i] == mlp.optimality_ <= 1e-5
        assert path.sparsity[i] == mlp.sparsity_
        assert path.n_features[i] == mlp.selected_features_.sum()


@pytest.mark.parametrize("penalty", ["l1", "group_lasso", GroupMCP()])
def test_a_path_goes_where_warm_starts_lead(cancer, penalty):
    """What it carries on beside the weights, curvature, changes nothing but its speed."""
    X, y = cancer
    settings = dict(SMALL, penalty=penalty, tol=1e-5)
    path = regularization_path(X, y, alphas=[1, 3, 10, 20], **settings)
    start = {}
    for alpha, objective in zip(path.alphas, path.objective):
        mlp = RegularizedMLPClassifier(alpha=alpha, **settings).fit(X, y, **start)
        start = dict(coef_init=mlp.coefs_, intercept_init=mlp.intercepts_)
        # Two stationary points of one valley.
        assert objective == pytest.approx(mlp.loss_, rel=1e-3)


def test_objectives_are_those_of_the_definition(cancer):
    X, y = cancer
    path = regularization_path(X, y, alphas=[1, 10], penalty="l1", **SMALL)
    for alpha, coefs, intercepts, objective in zip(
        path.alphas, path.coefs, path.intercepts, path.objective
    ):
        hidden = np.tanh(X @ dense(coefs[0]) + intercepts[0])
        probability = 1 / (1 + np.exp(-(hidden @ dense(coefs[1]) + intercepts[1])))
        norm = sum(abs(dense(coef)).sum() for coef in coefs)
        expected = log_loss(y, probability) + alpha / len(y) * norm
        assert objective == pytest.approx(expected, rel=1e-9)


# At the dense end of a target in large units there is nearly no penalty, and no end of it.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:y has a standard deviation")
@pytest.mark.parametrize("unit", [0.3, pytest.param(1e3, marks=pytest.mark.slow)])
def test_a_number_of_alphas_ends_with_an_empty_network(diabetes, unit):
    X, y = diabetes
    path = regularization_path(X, unit * y, alphas=12, penalty="group_lasso", **SMALL)
    assert path.n_features[0] == X.shape[1]
    assert path.n_features[-1] == 0
    assert (path.n_features[:-1] > 0).all()
    ratios = path.alphas[1:] / path.alphas[:-1]
    np.testing.assert_allclose(ratios, ratios[0])
    # Nothing is missing between: features leave a few at a time.
    assert len(path.alphas) >= 9


def test_a_path_ends_with_the_first_empty_network(cancer):
    X, y = cancer
    path = regularization_path(X, y, alphas=[1, 1e4, 1e5], penalty="l1", **SMALL)
    np.testing.assert_array_equal(path.alphas, [1, 1e4])
    assert len(path.coefs) == len(path.objective) == len(path.n_iter) == 2


def test_a_fit_without_penalty_is_no_start(cancer):
    # From its large weights this network would be emptied at once.
    X, y = cancer
    settings = dict(SMALL, penalty="group_lasso")
    path = regularization_path(X, y, alphas=[0, 3, 6], **settings)
    anew = regularization_path(X, y, alphas=[3, 6], **settings)
    np.testing.assert_array_equal(path.objective[1:], anew.objective)
    assert path.n_features[1] > 2


def test_penalties_without_zeros_end_near_the_constant(cancer):
    X, y = cancer
    path = regularization_path(X, y, alphas=5, penalty="l2", tol=1e-10, **SMALL)
    share = y.mean()
    constant = -(share * np.log(share) + (1 - share) * np.log(1 - share))
    assert constant * 0.99 <= path.objective[-1] <= constant * (1 + 1e-12)
    assert path.objective[-2] < constant * 0.99
    assert (np.diff(path.objective) > 0).all()


def test_beside_a_constraint_inputs_leave_until_none_is_left(cancer):
    X, y = cancer
    penalty = [GroupLasso(), MaxNorm(1.0)]
    path = regularization_path(X, y, alphas=30, penalty=penalty, **SMALL)
    assert path.n_features[0] > 10
    assert path.n_features[-1] == 0
    norms = [np.linalg.norm(dense(coefs[1]), axis=0) for coefs in path.coefs]
    assert max(norms) <= 1 + 1e-12
    assert 0 < path.n_features[path.n_features > 0].min() <= 2


@pytest.mark.parametrize(
    ("penalty", "share"), [("l2", 1e-5), ("l1", 1e-3), ([L2(), MaxNorm()], 1e-5)]
)
def test_a_number_of_alphas_begins_at_a_share_of_the_last(cancer, penalty, share):
    X, y = cancer
    path = regularization_path(X, y, alphas=3, penalty=penalty, **SMALL)
    first, second, *_ = path.alphas
    assert (first / second) ** 2 == pytest.approx(share, rel=1e-9)


def test_the_alpha_of_the_estimator_does_not_matter(diabetes):
    X, y = diabetes
    paths = []
    for alpha in (0, 1, [3, 1]):
        mlp = RegularizedMLPRegressor((5,), penalty="l1", alpha=alpha, random_state=0)
        paths.append(regularization_path(X, y, estimator=mlp, alphas=4))
    for path in paths:
        np.testing.assert_array_equal(path.alphas, paths[0].alphas)
        np.testing.assert_array_equal(path.objective, paths[0].objective)


def test_sparse_weights_where_they_are_smaller(cancer):
    X, y = cancer
    path = regularization_path(X, y, alphas=[0, 30], penalty="l1", **SMALL)
    assert isinstance(path.coefs[0][0], np.ndarray)
    assert isinstance(path.coefs[1][0], sparse.csr_array)


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        (["a", "b"] * 10, RegularizedMLPClassifier),
        ([0, 1, 2, 1] * 5, RegularizedMLPClassifier),
        (np.eye(2)[[0, 1] * 10].astype(int), RegularizedMLPClassifier),
        (np.linspace(0, 1, 20), RegularizedMLPRegressor),
        (np.linspace(0, 1, 40).reshape(20, 2), RegularizedMLPRegressor),
    ],
)
def test_targets_tell_classes_from_numbers(y, kind):
    estimator = path_module.estimator_for(y, None, dict(penalty="l1"))
    assert type(estimator) is kind
    assert estimator.penalty == "l1"


def test_weights_are_repetitions(cancer):
    X, y = cancer
    weights = np.arange(len(y)) % 3
    settings = dict(alphas=[1, 5], hidden_layer_sizes=(), penalty="l1", random_state=0)
    weighted = regularization_path(X, y, sample_weight=weights, **settings)
    repeated = regularization_path(X.repeat(weights, axis=0), y.repeat(weights), **settings)
    np.testing.assert_allclose(weighted.objective, repeated.objective, rtol=1e-10)


def test_the_estimator_that_is_given_stays_as_it_was(cancer):
    X, y = cancer
    estimator = RegularizedMLPClassifier((3,), penalty="l1", alpha=7.0, random_state=0)
    path = regularization_path(X, y, estimator=estimator, alphas=[2], max_iter=500)
    assert estimator.alpha == 7.0
    assert estimator.max_iter == 2000
    assert not hasattr(estimator, "coefs_")
    assert path.coefs[0][0].shape == (30, 3)


def test_the_path_is_the_same_for_the_same_seed(cancer):
    X, y = cancer
    for seed in (3, np.random.RandomState):
        runs = [
            regularization_path(
                X,
                y,
                alphas=[1, 10],
                penalty="l1",
                hidden_layer_sizes=(8,),
                random_state=seed(3) if callable(seed) else seed,
            )
            for _ in range(2)
        ]
        np.testing.assert_array_equal(runs[0].objective, runs[1].objective)


def test_one_warning_for_all_that_did_not_converge(cancer):
    X, y = cancer
    message = r"2 of 2 fits did not converge; the first of them: solver='lbfgs' reached"
    with pytest.warns(ConvergenceWarning, match=message) as record:
        regularization_path(X, y, alphas=[1, 2], penalty="l1", max_iter=2, **SMALL)
    assert len(record) == 1
    assert record[0].filename == __file__


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(alphas=[]), "alphas is empty"),
        (dict(alphas=0), "alphas must be at least 1 in number, got 0"),
        (dict(alphas=[1, -1]), r"finite numbers of at least 0, got \[1, -1\]"),
        (dict(alphas=[np.inf]), "finite numbers of at least 0"),
        (dict(alphas="many"), "finite numbers of at least 0, got 'many'"),
        (dict(alphas=True), "finite numbers of at least 0, got True"),
        (dict(alphas=[[1.0, 2.0]]), "finite numbers of at least 0"),
        (dict(penalty="max_norm"), r"no meaning for the constraint penalty=MaxNorm"),
        (dict(penalty=[L1Ball(), MaxNorm()]), "penalty__radius"),
        (dict(hidden_layer_size=(8,)), "Invalid parameter 'hidden_layer_size'"),
        (dict(penalty="l3"), "The 'penalty' parameter"),
    ],
)
def test_bad_arguments(cancer, arguments, message):
    with pytest.raises(ValueError, match=message):
        regularization_path(*cancer, **arguments)


def test_another_estimator_is_refused(cancer):
    from sklearn.linear_model import Lasso

    with pytest.raises(TypeError, match="must be a RegularizedMLPClassifier, a"):
        regularization_path(*cancer, estimator=Lasso())


def test_estimators_of_either_kind(cancer):
    assert is_classifier(path_module.estimator_for(cancer[1], None, {}))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "penalty", ["l1", *(pytest.param(p, marks=pytest.mark.slow) for p in ("scad", "l2"))]
)
def test_a_grid_is_found_in_few_iterations(penalty):
    """A single one seldom empties a network, whatever alpha is."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 10)).astype(np.float32)
    y = rng.poisson(np.exp(X[:, 0] / 2))
    mlp = RegularizedMLPRegressor(
        (5, 3), loss="poisson", penalty=penalty, random_state=0, alpha=1.0
    )
    last = regularization_path(X, y, estimator=mlp, alphas=2).alphas[-1]
    mlp.set_params(max_iter=1)
    found = regularization_path(X, y, estimator=mlp, alphas=2).alphas[-1]
    assert last / 100 < found < 1000 * last
