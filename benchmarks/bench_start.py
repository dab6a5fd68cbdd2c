"""How large the first outputs should be, for penalties with a kink at zero.

Prints J after training with L1 as a ratio to the lowest value found, mean and worst of
several starts, for shares of Glorot's variance in the output layer and a range of
alpha / m. Small outputs end lower while the penalty is weak, and collapse to all weights
zero where it is strong: the default share changes where they cross.

    python benchmarks/bench_start.py
"""

import warnings
from unittest import mock

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier

SEEDS = range(4)
STRENGTHS = [0.0005, 0.002, 0.005, 0.01, 0.02, 0.05, 0.08]


SHARES = [0.1, 0.5, 1.0]


def objective_values(X, y, strength, share):
    with mock.patch("sknormreg.estimators.initial_output_share", return_value=share):
        return [
            RegularizedMLPClassifier(
                (50,), penalty="l1", alpha=strength * len(y), random_state=seed
            )
            .fit(X, y)
            .loss_
            for seed in SEEDS
        ]


def main():
    warnings.simplefilter("ignore")
    print(f"{'data':>16s} {'alpha / m':>10s}", *(f"{f'share {s}':>15s}" for s in SHARES))
    for load in (load_breast_cancer, load_iris, load_wine, load_digits):
        X, y = load(return_X_y=True)
        X = StandardScaler().fit_transform(X)
        for strength in STRENGTHS:
            values = np.array([objective_values(X, y, strength, s) for s in SHARES])
            values /= values.min()
            cells = (f"{row.mean():7.3f} {row.max():7.3f}" for row in values)
            print(f"{load.__name__[5:]:>16s} {strength:10g}", *cells, flush=True)


if __name__ == "__main__":
    main()
