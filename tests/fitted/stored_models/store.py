"""Stores models of this version of sknormreg, for the versions to come to load.

Run once for every release: ``python tests/fitted/stored_models/store.py``. It writes
VERSION.pickle and VERSION.skops, which hold the same models, and VERSION.npz, data and what
the models answer, beside this file, and never over what is there.
"""

import pickle
import warnings
import zipfile
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sknormreg
from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)
from sknormreg.penalties import GroupLasso, MaxNorm

FOLDER = Path(__file__).parent


def fitted_models(X):
    """Models by name: every estimator, kind of output, and attribute of its own."""
    score = X @ [1.0, -1.0, 0.5, 0.0]
    common = dict(hidden_layer_sizes=(3,), max_iter=20, random_state=0)
    level = np.digitize(score, [-1, 1])
    group_lasso = [GroupLasso(groups=[[0, 1], [2, 3]]), MaxNorm(2)]
    return {
        "binary": make_pipeline(
            StandardScaler(), RegularizedMLPClassifier(penalty="l1", **common)
        ).fit(X, np.where(score > 0, "yes", "no")),
        "multiclass": RegularizedMLPClassifier(penalty=group_lasso, **common).fit(X, level),
        "multilabel": RegularizedMLPClassifier(**common).fit(X, (X > 0).astype(int)),
        "skip": RegularizedMLPRegressor(penalty="hierarchical", **common).fit(X, X[:, :2]),
        "poisson": RegularizedMLPRegressor(loss="poisson", **common).fit(X, np.exp(score)),
        "huber": RegularizedMLPRegressor(loss="huber", huber_delta=2, **common).fit(
            X, score
        ),
        "quantile": RegularizedMLPRegressor(loss="quantile", **common).fit(X, score),
        "incremental": RegularizedMLPClassifier(**common).partial_fit(
            X, level, classes=[0, 1, 2]
        ),
        "evidence": RegularizedMLPRegressor(alpha="evidence", **common).fit(X, score),
        "classifier_cv": RegularizedMLPClassifierCV(
            penalty="group_lasso", alphas=[1, 10], cv=2, relax=True, **common
        ).fit(X, level),
        "regressor_cv": RegularizedMLPRegressorCV(alphas=[1, 10], cv=2, **common).fit(
            X, score
        ),
        "sparsified": RegularizedMLPRegressor((60,), penalty="l1", alpha=5, random_state=0)
        .fit(X, score)
        .sparsify(),
    }


def answer(model, X):
    """What a model is asked for."""
    return getattr(model, "predict_proba", model.predict)(X)


def main():
    import skops.io

    X = np.random.RandomState(0).normal(size=(40, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        models = fitted_models(X)
    base = FOLDER / sknormreg.__version__
    for ending in (".pickle", ".skops", ".npz"):
        if base.with_name(base.name + ending).exists():
            raise SystemExit(f"There is {base.name}{ending} already.")
    with open(f"{base}.pickle", "wb") as file:
        pickle.dump(models, file, protocol=4)
    compression = dict(compression=zipfile.ZIP_DEFLATED, compresslevel=9)
    skops.io.dump(models, f"{base}.skops", **compression)
    answers = {name: answer(model, X) for name, model in models.items()}
    std = models["evidence"].predict(X, return_std=True)[1]
    np.savez_compressed(f"{base}.npz", X=X, evidence_std=std, **answers)


if __name__ == "__main__":
    main()
