"""What alpha="evidence" would gain by minimising J to the end at the alphas that it finds.

Its fits end where alphas have settled and J moves slowly, which may be far from a minimum.
For scikit-learn's tables, sizes of the hidden layer and scopes, fits to three quarters of
the rows by evidence, and goes on from there at the alphas found, as a fit with these would,
until it counts as converged. Prints, as means over splits, by how much J falls, the loss on
the other rows before and after (log loss, or 1 - R2), and that of the default alpha.

    OPENBLAS_NUM_THREADS=1 python benchmarks/bench_evidence_end.py [--seeds 5]
"""

import argparse
import warnings

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler, scale

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor

TABLES = {
    "diabetes": (RegularizedMLPRegressor, load_diabetes),
    "breast cancer": (RegularizedMLPClassifier, load_breast_cancer),
    "iris": (RegularizedMLPClassifier, load_iris),
    "wine": (RegularizedMLPClassifier, load_wine),
}
HIDDEN = ((4,), (50,))
SCOPES = ("network", "layer", "input")


def held_out_loss(fitted, X, y):
    if is_classifier(fitted):
        return log_loss(y, fitted.predict_proba(X))
    return 1 - fitted.score(X, y)


def measure(mlp, X, y, seed):
    """The fall of J, the losses at both ends, and the loss of the default alpha."""
    X, X_test, y, y_test = train_test_split(X, y, random_state=seed)
    scaler = StandardScaler().fit(X)
    X, X_test = scaler.transform(X), scaler.transform(X_test)
    mlp = clone(mlp).set_params(random_state=seed).fit(X, y)
    weights = dict(coef_init=mlp.coefs_, intercept_init=mlp.intercepts_)
    on = clone(mlp).set_params(alpha=mlp.alpha_).fit(X, y, **weights)
    default = clone(mlp).set_params(alpha=1.0).fit(X, y)
    losses = [held_out_loss(fitted, X_test, y_test) for fitted in (mlp, on, default)]
    return 1 - on.loss_ / mlp.loss_, *losses


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(
        f"{'table':14s} {'hidden':>7s} {'scope':>8s} {'J falls by':>11s} {'evidence':>9s}"
        f" {'to the end':>11s} {'alpha=1':>8s}"
    )
    for name, (cls, load) in TABLES.items():
        X, y = load(return_X_y=True)
        y = scale(y) if cls is RegularizedMLPRegressor else y
        for hidden in HIDDEN:
            for scope in SCOPES:
                mlp = cls(hidden, alpha="evidence", evidence_scope=scope)
                found = [measure(mlp, X, y, seed) for seed in range(arguments.seeds)]
                falls, ours, on, default = np.mean(found, axis=0)
                print(
                    f"{name:14s} {hidden!s:>7s} {scope:>8s} {falls:11.1%} {ours:9.3f}"
                    f" {on:11.3f} {default:8.3f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
