"""How far does J still fall after a fit that counts as converged?

    python benchmarks/convergence.py [--only TABLE ...]

Trains every network of a path further from its own weights, to a residual of 1e-5 or for
6,000 iterations: a fall of J by more than a hundredth means that it had not converged.
Prints the falls and the iterations that the path took.
"""

import argparse
import warnings

import numpy as np
from _tables import sklearn_table
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor, regularization_path

TABLES = ("breast_cancer", "wine", "diabetes")
PENALTIES = ("l1", "group_lasso", "l2")


def falls(name, penalty):
    """Return relative falls of J along a path, its iterations, and whether it warned."""
    table = sklearn_table(name)
    X = scale(table.X)
    if table.is_regression:
        make, y = RegularizedMLPRegressor, scale(table.y)
    else:
        make, y = RegularizedMLPClassifier, table.y
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
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="TABLE", default=TABLES)
    arguments = parser.parse_args()
    print(
        f"{'data':20} {'penalty':12} {'iterations':>10} {'fall, median':>13} {'largest':>8}"
    )
    for name in arguments.only:
        for penalty in PENALTIES:
            fall, n_iter, warned = falls(name, penalty)
            remark = "  warned" if warned else ""
            print(
                f"{name:20} {penalty:12} {n_iter:10} {np.median(fall):13.4f} "
                f"{fall.max():8.4f}{remark}",
                flush=True,
            )


if __name__ == "__main__":
    main()
