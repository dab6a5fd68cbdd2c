"""By how much training on lowers J of what counted as converged, along whole paths.

    python benchmarks/bench_convergence.py

Every network of a path is trained on from its own weights, with a residual of 1e-5 as its
aim and up to 6,000 iterations: a fall of J by more than a hundredth means that it had not
converged. Beside the falls stand the iterations that the path took.
"""

import warnings

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor, regularization_path

CLASSIFICATION = (load_breast_cancer, load_wine)
PENALTIES = ("l1", "group_lasso", "l2")


def falls(load, penalty):
    """Relative falls of J along a path, its iterations, and whether it warned."""
    X, y = load(return_X_y=True)
    X, regression = scale(X), load not in CLASSIFICATION
    make = RegularizedMLPRegressor if regression else RegularizedMLPClassifier
    y = scale(y) if regression else y
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        path = regularization_path(X, y, estimator=make(penalty=penalty, random_state=0))
    found = []
    for alpha, coefs, intercepts, objective in zip(
        path.alphas, path.coefs, path.intercepts, path.objective
    ):
        coefs = [getattr(coef, "toarray", lambda coef=coef: coef)() for coef in coefs]
        if coefs[0].any():
            mlp = make(
                penalty=penalty, alpha=alpha, tol=1e-5, max_iter=6000, max_fun=100_000
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                mlp.fit(X, y, coef_init=coefs, intercept_init=intercepts)
            found.append(1 - mlp.loss_ / objective)
    return np.array(found), int(path.n_iter.sum()), bool(said)


def main():
    print(
        f"{'data':20} {'penalty':12} {'iterations':>10} {'fall, median':>13} {'largest':>8}"
    )
    for load in (*CLASSIFICATION, load_diabetes):
        for penalty in PENALTIES:
            fall, n_iter, warned = falls(load, penalty)
            remark = "  warned" if warned else ""
            print(
                f"{load.__name__[5:]:20} {penalty:12} {n_iter:10} {np.median(fall):13.4f} "
                f"{fall.max():8.4f}{remark}",
                flush=True,
            )


if __name__ == "__main__":
    main()
