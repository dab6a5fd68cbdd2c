"""Do two versions of the package compute the same bits?

    python benchmarks/same_bits.py --write before.json     # in one checkout
    python benchmarks/same_bits.py --compare before.json   # in the other

Fits a table of settings with each engine, and stores or compares digests of all that they
come to. Bits depend on the processor, on BLAS and on the versions of NumPy and SciPy: both
runs have to be on one machine, in one environment.
"""

import argparse
import hashlib
import json
import os
import warnings

import numpy as np
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.preprocessing import scale

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
    regularization_path,
)
from sknormreg.engine import selection
from sknormreg.penalties import (
    GroupLasso,
    GroupMCP,
    Hierarchical,
    L1Ball,
    MaxNorm,
    Nuclear,
)

ATTRIBUTES = (
    "skip_coef_",
    "loss_",
    "optimality_",
    "n_iter_",
    "loss_curve_",
    "validation_scores_",
    "alpha_",
    "alphas_",
    "scores_",
    "path_n_features_",
    "log_evidence_",
    "noise_variance_",
    "solver_",
)


def tables():
    binary = load_breast_cancer(return_X_y=True)
    three = load_iris(return_X_y=True)
    numbers = load_diabetes(return_X_y=True)
    X, y = scale(binary[0])[::3], binary[1][::3]
    indicators = np.column_stack([y, X[:, 0] > 0, X[:, 1] > 1]).astype(int)
    target = scale(numbers[1])[::2]
    X_numbers = scale(numbers[0])[::2]
    return {
        "binary": (X, y),
        "three": (scale(three[0]), np.array(["a", "b", "c"])[three[1]]),
        "labels": (X, indicators),
        "numbers": (X_numbers, target),
        "two numbers": (X_numbers, np.column_stack([target, target**2])),
        "counts": (X_numbers, np.round(np.exp(target))),
    }


def plain_settings():
    """Pairs of a table and parameters, each for one fit."""
    for penalty in ("l1", "l2", "elasticnet", "group_lasso", "sparse_group_lasso"):
        for table in ("three", "numbers"):
            yield table, dict(penalty=penalty)
    for penalty in ("mcp", "scad", "group_mcp", "group_scad", "hierarchical", "nuclear"):
        yield "binary", dict(penalty=penalty, max_iter=100)
    for penalty in (
        GroupLasso([[0, 1], [2, 3]]),
        GroupLasso(features_only=True),
        [GroupMCP(0.5), MaxNorm(1.0)],
        ["l1", "l2"],
        L1Ball(3.0),
        Hierarchical(2.0),
        Nuclear(),
    ):
        yield "numbers", dict(penalty=penalty, max_iter=80)
    for solver in ("adam", "sgd"):
        for penalty in ("l1", "group_lasso", "mcp", MaxNorm(1.0)):
            yield "three", dict(penalty=penalty, solver=solver, max_iter=15)
        yield "labels", dict(solver=solver, dropout=0.2, input_dropout=0.1, max_iter=10)
    for activation in ("relu", "gelu", "logistic", "identity"):
        yield "binary", dict(activation=activation, penalty="l1", max_iter=60)
    for loss in ("huber", "quantile", "poisson"):
        yield "counts", dict(loss=loss, penalty="l1", max_iter=80)
    for alpha in ([1.0, 0.1], [2.0, np.linspace(0.1, 1, 1)[0]], "evidence"):
        yield "numbers", dict(alpha=alpha)
    yield "three", dict(alpha="evidence", evidence_scope="feature")
    yield "two numbers", dict(penalty="group_lasso", hidden_layer_sizes=(6, 5))
    yield "labels", dict(penalty="l1", class_weight=[{0: 1, 1: 2}] * 3)
    yield "three", dict(penalty="l1", class_weight="balanced")
    yield "binary", dict(early_stopping=True, penalty="l1", solver="adam", max_iter=20)
    yield "numbers", dict(early_stopping=True, max_iter=50)
    yield "numbers", dict(hidden_layer_sizes=(), penalty="l1")


def settings():
    """Names of fits, and functions that make them and return what is to be the same."""
    known = tables()
    for table, params in plain_settings():
        X, y = known[table]
        for form, dtype in (("dense", np.float64), ("CSR", np.float32)):
            if form == "CSR" and (table != "three" or params.get("alpha") == "evidence"):
                continue
            name = f"{table}, {form}, {params}"
            X_form = X.astype(dtype)
            if form == "CSR":
                X_form = sparse.csr_array(X_form)
            yield name, lambda X=X_form, y=y, p=params, t=table: fitted(t, X, y, p)
    yield "weights", lambda: weighted(*known["three"])
    yield "held out", lambda: held_out(*known["three"])
    yield "warm start", lambda: warm(*known["numbers"])
    yield "parts", lambda: parts(*known["three"])
    for penalty in ("l1", "l2", "group_lasso", "hierarchical"):
        yield f"path, {penalty}", lambda p=penalty: path(*known["binary"], penalty=p)
    yield "path, early stopping", lambda: path(*known["binary"], early_stopping=True)
    for params in (
        dict(penalty="l1"),
        dict(penalty="group_lasso", relax=[False, True], rule="one_se"),
        dict(penalty="elasticnet", l1_ratio=[0.2, 0.8], hidden_layer_sizes=[(4,), (6,)]),
        dict(penalty="group_lasso", relax=0.5, continuation=False),
        dict(solver="adam", penalty="l1", max_iter=10),
        dict(class_weight="balanced", early_stopping=True),
    ):
        yield f"search, {params}", lambda p=params: searched("three", *known["three"], p)
    params = dict(penalty="group_lasso", relax=True)
    yield "search, numbers", lambda: searched("numbers", *known["numbers"], params)


def fitted(table, X, y, params):
    regression = table in ("numbers", "two numbers", "counts")
    cls = RegularizedMLPRegressor if regression else RegularizedMLPClassifier
    defaults = {"hidden_layer_sizes": (8,), "alpha": 1.0, "random_state": 0}
    return cls(**defaults | params).fit(X, y)


def weighted(X, y):
    weights = np.random.RandomState(0).randint(0, 3, len(y))
    mlp = RegularizedMLPClassifier((5,), penalty="l1", alpha=1.0, random_state=1)
    return mlp.fit(X, y, weights)


def held_out(X, y):
    mlp = RegularizedMLPClassifier((5,), alpha=1.0, early_stopping=True, random_state=1)
    return mlp.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])


def warm(X, y):
    mlp = RegularizedMLPRegressor((5,), penalty="l1", warm_start=True, random_state=1)
    for alpha in (0.5, 1.0, 2.0):
        mlp.set_params(alpha=alpha).fit(X, y)
    return mlp


def parts(X, y):
    params = dict(penalty="l1", alpha=1.0, solver="adam", random_state=1)
    mlp = RegularizedMLPClassifier((5,), **params)
    for _ in range(3):
        for start in range(3):
            mlp.partial_fit(X[start::3], y[start::3], classes=np.unique(y))
    return mlp


def path(X, y, **params):
    return regularization_path(
        X, y, hidden_layer_sizes=(6,), alphas=6, random_state=0, **params
    )


def searched(table, X, y, params):
    cls = RegularizedMLPRegressorCV if table == "numbers" else RegularizedMLPClassifierCV
    common = {"hidden_layer_sizes": (6,), "alphas": 5, "cv": 3, "random_state": 0}
    return cls(**common | params).fit(X, y)


def fingerprint(found):
    """A digest of all numbers that a fit, or a path, has come to."""
    digest = hashlib.sha256()
    if hasattr(found, "coefs_"):
        arrays = [*found.coefs_, *found.intercepts_]
        arrays += [getattr(found, name, None) for name in ATTRIBUTES]
    else:
        arrays = [coef for coefs in found.coefs for coef in coefs]
        arrays += [intercept for point in found.intercepts for intercept in point]
        arrays += [found.alphas, found.objective, found.optimality, found.n_iter]
    for array in arrays:
        if sparse.issparse(array):
            array = array.toarray()
        if isinstance(array, list) and array and np.ndim(array[0]):
            array = np.concatenate([np.ravel(part) for part in array])
        digest.update(
            np.ascontiguousarray(array).astype("U32" if _is_text(array) else "f8")
        )
    return digest.hexdigest()


def _is_text(array):
    return array is None or isinstance(array, str)


def fingerprints():
    engines = ["numpy"] if selection.CompiledEngine is None else ["compiled", "numpy"]
    found = {}
    for engine in engines:
        os.environ["SKNORMREG_ENGINE"] = engine
        for name, fit in settings():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found[f"{engine}, {name}"] = fingerprint(fit())
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", metavar="FILE")
    parser.add_argument("--compare", metavar="FILE")
    arguments = parser.parse_args()
    found = fingerprints()
    if arguments.write:
        with open(arguments.write, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)
    if arguments.compare:
        with open(arguments.compare, encoding="utf-8") as file:
            before = json.load(file)
        differing = [name for name in before if found.get(name) != before[name]]
        for name in differing:
            print(f"differs: {name}")
        same = len(before) - len(differing)
        print(f"{same} of {len(before)} fits have the same bits.")
        raise SystemExit(bool(differing) or set(found) != set(before))


if __name__ == "__main__":
    main()
