"""Would alpha="evidence" gain by minimising J to the end?

Fits by evidence end where alphas have settled and J moves slowly, which may be far from a
minimum. For scikit-learn's tables, sizes of the hidden layer and scopes, fits to three
quarters of the samples by evidence, and goes on from there at the alphas found, as a fit
with these would, until it counts as converged. Prints, as means over splits, by how much J
falls, the loss on the other samples before and after (log loss, or 1 - R2), and that of the
default alpha.

    OPENBLAS_NUM_THREADS=1 python benchmarks/evidence_to_the_end.py [--seeds 5]
        [--only TABLE ...]
"""

import argparse
import warnings

import numpy as np
from _scores import held_out_loss
from _tables import sklearn_table, split
from sklearn.base import clone
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor

TABLES = ("diabetes", "breast_cancer", "iris", "wine")
HIDDEN = ((4,), (50,))
SCOPES = ("network", "layer", "feature")


def measure(mlp, X, y, seed):
    """Return the fall of J, the losses at both ends, and the loss of the default alpha."""
    X, X_test, y, y_test = split(X, y, seed, test_size=1 / 4)
    mlp = clone(mlp).set_params(random_state=seed).fit(X, y)
    weights = dict(coef_init=mlp.coefs_, intercept_init=mlp.intercepts_)
    on = clone(mlp).set_params(alpha=mlp.alpha_).fit(X, y, **weights)
    default = clone(mlp).set_params(alpha=1.0).fit(X, y)
    losses = [held_out_loss(fitted, X_test, y_test) for fitted in (mlp, on, default)]
    return 1 - on.loss_ / mlp.loss_, *losses


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="+", metavar="TABLE", default=TABLES)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(
        f"{'table':14s} {'hidden':>7s} {'scope':>8s} {'J falls by':>11s} {'evidence':>9s}"
        f" {'to the end':>11s} {'alpha=1':>8s}"
    )
    for name in arguments.only:
        table = sklearn_table(name)
        cls, y = RegularizedMLPClassifier, table.y
        if table.is_regression:
            cls, y = RegularizedMLPRegressor, scale(table.y)
        for hidden in HIDDEN:
            for scope in SCOPES:
                mlp = cls(hidden, alpha="evidence", evidence_scope=scope)
                found = [measure(mlp, table.X, y, seed) for seed in range(arguments.seeds)]
                falls, ours, on, default = np.mean(found, axis=0)
                print(
                    f"{name:14s} {hidden!s:>7s} {scope:>8s} {falls:11.1%} {ours:9.3f}"
                    f" {on:11.3f} {default:8.3f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
