"""Optuna's studies over alpha and the penalty."""

import numpy as np
import pytest
from networks import KINDS, X, estimator
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

optuna = pytest.importorskip("optuna")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = dict(hidden_layer_sizes=(3,), max_iter=30)
LEVELS = KINDS["multiclass"]


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def test_optuna_over_a_grid_is_a_grid_search():
    grid = {"alpha": [0.01, 1.0, 1000.0], "penalty": ["l1", "l2"]}
    mlp = estimator("multiclass", **SMALL)

    def objective(trial):
        suggested = {
            "alpha": trial.suggest_float("alpha", 1e-3, 1e4, log=True),
            "penalty": trial.suggest_categorical("penalty", ["l1", "l2"]),
        }
        return cross_val_score(clone(mlp).set_params(**suggested), X, LEVELS, cv=3).mean()

    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.GridSampler(grid, seed=0)
    )
    study.optimize(objective, n_trials=6)
    search = GridSearchCV(mlp, grid, cv=3).fit(X, LEVELS)
    expected = {
        (params["alpha"], params["penalty"]): score
        for params, score in zip(
            search.cv_results_["params"], search.cv_results_["mean_test_score"]
        )
    }
    found = {(t.params["alpha"], t.params["penalty"]): t.value for t in study.trials}
    assert found == expected
    assert study.best_value == search.best_score_


def test_optuna_finds_an_alpha():
    """Far enough from both ends, where networks are empty or fit the noise."""
    mlp = estimator("multiclass", penalty="group_lasso", hidden_layer_sizes=(4,), tol=0.01)

    def objective(trial):
        alpha = trial.suggest_float("alpha", 1e-2, 1e5, log=True)
        model = clone(mlp).set_params(alpha=alpha)
        return cross_val_score(model, X, LEVELS, cv=3, scoring="neg_log_loss").mean()

    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=0)
    )
    study.optimize(objective, n_trials=15)
    scores = np.array([trial.value for trial in study.trials])
    assert scores.max() > np.median(scores) + 0.1
    assert study.best_params["alpha"] < 100


def test_optuna_prunes_between_epochs():
    """`partial_fit` reports after each; what is behind is stopped."""

    def objective(trial):
        rate = trial.suggest_categorical("learning_rate_init", [0.05, 1e-6])
        mlp = estimator("multiclass", learning_rate_init=rate, **SMALL)
        for epoch in range(20):
            mlp.partial_fit(X, LEVELS, classes=[3, 4, 5])
            trial.report(mlp.loss_, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return mlp.loss_

    study = optuna.create_study(
        pruner=optuna.pruners.MedianPruner(n_startup_trials=1, n_warmup_steps=5),
        sampler=optuna.samplers.GridSampler({"learning_rate_init": [0.05, 1e-6]}, seed=1),
    )
    study.enqueue_trial({"learning_rate_init": 0.05})
    study.optimize(objective, n_trials=3)
    states = {t.params["learning_rate_init"]: t.state.name for t in study.trials}
    assert states == {0.05: "COMPLETE", 1e-6: "PRUNED"}
