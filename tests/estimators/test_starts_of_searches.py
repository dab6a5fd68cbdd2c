"""Searches for alpha from several starts, and which features their folds select."""

import _thread
import time
import warnings
from threading import Timer

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.preprocessing import scale

from sknormreg import (
    KnockoffSelector,
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
    StabilitySelector,
    regularization_path,
)
from sknormreg.penalties import GroupMCP, MaxNorm

X, LABELS = load_wine(return_X_y=True)
X, LABELS = scale(X)[::2], LABELS[::2]
NUMBERS = scale(np.abs(X[:, 0] - X[:, 1]) + X[:, 2])
FOLDS = list(KFold(3, shuffle=True, random_state=0).split(X))
ALPHAS = np.array([0.3, 1.0, 3.0, 6.0, 12.0, 200.0])
SEEDS = [1, *np.random.RandomState(1).randint(np.iinfo(np.int32).max, size=2).tolist()]

# With a number for `tol` fits along a path and single ones are of the same precision.
NETWORK = dict(
    hidden_layer_sizes=(3,), penalty="group_lasso", tol=1e-2, max_iter=40, random_state=1
)


def make(cls=RegularizedMLPRegressorCV, **params):
    return cls(**(NETWORK | dict(alphas=ALPHAS, cv=FOLDS) | params))


def fitted(mlp, y=NUMBERS):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mlp.fit(X, y)


def path_of(rows, y=NUMBERS, alphas=ALPHAS, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mlp = RegularizedMLPRegressor(**NETWORK).set_params(**params)
        return regularization_path(X[rows], y[rows], estimator=mlp, alphas=alphas)


def at(path, i):
    """Where the network of an alpha is in a path, which may end with an empty one."""
    return min(i, len(path.alphas) - 1)


def dense(coefs):
    return [coef.toarray() if hasattr(coef, "toarray") else coef for coef in coefs]


def predicted(coefs, intercepts, rows):
    first, last = dense(coefs)
    return (np.tanh(X[rows] @ first + intercepts[0]) @ last + intercepts[1]).ravel()


def uses(coefs):
    """The features with a path of weights to the output."""
    first, last = map(np.abs, dense(coefs))
    return (first @ last).ravel() > 0


def test_the_best_of_paths_one_by_one():
    search = fitted(make(n_init=3))
    choice = int(np.flatnonzero(search.alpha_ == ALPHAS)[0])
    chosen, selected = set(), []
    for k, (train, test) in enumerate(FOLDS):
        paths = [path_of(train, random_state=seed) for seed in SEEDS]
        for i in range(len(ALPHAS)):
            objectives = [path.objective[at(path, i)] for path in paths]
            best = int(np.argmin(objectives))
            chosen |= {best}
            path, j = paths[best], at(paths[best], i)
            score = r2_score(
                NUMBERS[test], predicted(path.coefs[j], path.intercepts[j], test)
            )
            # The fold is rows of X there, and an array of its own here.
            assert search.scores_[i, k] == pytest.approx(score, rel=1e-6, abs=1e-9)
            assert search.path_n_features_[i, k] == path.n_features[j]
            if i == choice:
                selected.append(uses(path.coefs[j]))
    assert len(chosen) > 1, "these settings do not tell"
    np.testing.assert_allclose(search.selection_frequency_, np.mean(selected, axis=0))
    alphas = ALPHAS[: choice + 1]
    paths = [path_of(slice(None), alphas=alphas, random_state=seed) for seed in SEEDS]
    final = min(paths, key=lambda path: path.objective[-1])
    assert search.loss_ == final.objective[-1]
    for found, expected in zip(search.coefs_, dense(final.coefs[-1]), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "params",
    [
        dict(relax=[False, 1.0]),
        dict(alphas=5, tol="auto"),
        pytest.param(dict(early_stopping=True), marks=pytest.mark.slow),
    ],
)
@pytest.mark.slow
def test_the_number_of_jobs_does_not_matter(params):
    one, two = (fitted(make(n_init=3, n_jobs=n_jobs, **params)) for n_jobs in (1, 2))
    for name in ("scores_", "path_n_features_", "selection_frequency_", "loss_curve_"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    for a, b in zip(one.coefs_, two.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_final_network_is_never_worse():
    """The first start alone is that of a single start, from the trials of the grid on."""
    settings = dict(alphas=6, tol="auto", cv=2, hidden_layer_sizes=(4,))
    # One alpha to choose: the one that both have scores of.
    one = fitted(make(**settings))
    several = [fitted(make(**settings, n_init=n)) for n in (2, 3)]
    for search in several:
        np.testing.assert_array_equal(search.alphas_, one.alphas_)
    same = [search for search in several if search.alpha_ == one.alpha_]
    assert same, "these settings do not tell"
    # They are trained further at the end, each from where it is.
    for search in same:
        assert search.loss_ <= one.loss_ * (1 + 1e-3)


@pytest.mark.parametrize("params", [dict(), dict(early_stopping=True)])
def test_without_continuation_it_is_a_grid_search(params):
    """Over plain estimators that make as many starts."""
    settings = NETWORK | dict(n_init=2, max_iter=30, **params)
    alphas = [0.3, 3.0]
    search = RegularizedMLPClassifierCV(
        **settings, alphas=alphas, cv=FOLDS, continuation=False
    )
    fitted(search, LABELS)
    grid = GridSearchCV(
        RegularizedMLPClassifier(**settings), {"alpha": alphas}, cv=FOLDS, n_jobs=1
    )
    fitted(grid, LABELS)
    for k in range(3):
        scores = grid.cv_results_[f"split{k}_test_score"]
        np.testing.assert_allclose(search.scores_[:, k], scores)
    assert search.alpha_ == grid.best_params_["alpha"]
    for a, b in zip(search.coefs_, grid.best_estimator_.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)


def test_lines_say_how_many_starts(capsys):
    fitted(make(n_init=2, verbose=1, alphas=[1.0, 3.0]))
    lines = capsys.readouterr().out.splitlines()
    assert ", 2 fits from 2 starts, " in lines[0]
    assert "(2 of 6 fits from 2 starts" in lines[0]


@pytest.mark.parametrize("n_init", [1, 3])
def test_ctrl_c_ends_the_fits_of_all_folds(n_init, ctrl_c_interrupts):
    """Threads do not go on with their fits, with nobody to wait for them."""
    search = make(tol=0, max_iter=10**6, max_fun=10**9, n_init=n_init, n_jobs=2)
    search.set_params(solver="sgd")
    Timer(0.3, _thread.interrupt_main).start()
    with joblib.parallel_config("threading"), pytest.raises(KeyboardInterrupt):
        search.fit(X, NUMBERS)
    assert any(_is_idle() for _ in range(20))


def _is_idle():
    """Whether no thread of this process does anything for a while."""
    seconds = time.process_time()
    time.sleep(0.1)
    return time.process_time() - seconds < 0.02


# Which features the folds select


def test_frequencies_are_those_of_paths_by_hand():
    paths = [path_of(train) for train, _ in FOLDS]
    chosen = set()
    for alpha in ALPHAS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            search = fitted(make(scoring=_Chooses(alpha), rule="one_se"))
        i = int(np.flatnonzero(search.alpha_ == ALPHAS)[0])
        chosen |= {i}
        selected = [uses(path.coefs[at(path, i)]) for path in paths]
        np.testing.assert_allclose(search.selection_frequency_, np.mean(selected, axis=0))
        assert search.selection_frequency_.shape == (13,)
    assert {0, 1, 2, 5} <= chosen
    # Beyond the end of a path no feature is selected.
    assert min(len(path.alphas) for path in paths) < len(ALPHAS)
    assert not search.selection_frequency_.any()


class _Chooses:
    """A scorer by which one alpha is the best."""

    def __init__(self, alpha):
        self.alpha = alpha

    def __call__(self, mlp, X, y):
        # Alphas beyond an empty network have its score: of these, one_se takes the largest.
        return -abs(np.log(mlp.alpha / self.alpha))


def test_frequencies_are_of_the_chosen_candidate():
    search = make(
        RegularizedMLPClassifierCV,
        penalty="sparse_group_lasso",
        l1_ratio=[0.1, 0.9],
        hidden_layer_sizes=[(2,), (4,)],
        relax=[False, 1.0],
        alphas=[4.0, 6.0, 9.0],
        scoring="neg_log_loss",
    )
    fitted(search, LABELS)
    names = "hidden_layer_sizes_", "l1_ratio_", "relax_"
    sizes, ratio, relax = (getattr(search, name) for name in names)
    path = [(2,), (4,)].index(sizes), [0.1, 0.9].index(ratio), [None, 1.0].index(relax)
    counts = search.path_n_features_[path][search.alphas_[path] == search.alpha_]
    assert search.selection_frequency_.sum() * 3 == pytest.approx(counts.sum())
    assert 0 < search.selection_frequency_.mean() < 1


def test_the_summary_counts_features_of_all_folds():
    search = fitted(make(scoring=_Chooses(3.0)))
    in_all = (search.selection_frequency_ == 1) & search.selected_features_
    summary = search.summary()
    assert summary.n_in_all_folds == in_all.sum() > 0
    assert str(summary).endswith(f"\nAll 3 folds select {in_all.sum()} of them.")
    assert "All 3 folds" in summary._repr_html_()
    with pytest.warns(UserWarning, match="No feature is selected"):
        empty = fitted(make(scoring=_Chooses(200.0), rule="one_se"))
    assert str(empty.summary()).endswith("selects 0 of 13 features.")
    one_fold = fitted(clone(search).set_params(cv=FOLDS[:1]))
    assert one_fold.summary().n_in_all_folds is None
    assert set(np.unique(one_fold.selection_frequency_)) == {0, 1}


# Selectors


def test_selectors_of_features():
    """Stability selection fits as many starts; knockoffs refuse them."""
    settings = NETWORK | dict(penalty=[GroupMCP(0.3), MaxNorm(1.0)], max_iter=30)
    plain = RegularizedMLPRegressor(**settings)
    settings = dict(alphas=[4.0, 8.0], n_resamples=3, random_state=0)
    one, several = (
        StabilitySelector(clone(plain).set_params(n_init=n), **settings) for n in (1, 3)
    )
    for selector in (one, several):
        fitted(selector)
    assert (one.selection_probabilities_ != several.selection_probabilities_).any()
    with pytest.raises(ValueError, match="n_init=3, but KnockoffSelector"):
        KnockoffSelector(clone(plain).set_params(n_init=3)).fit(X, NUMBERS)
