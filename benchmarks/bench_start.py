"""How large the first outputs should be, for penalties with a kink at zero.

Prints J after training with L1 as a ratio to the lowest value found, mean and worst of
several starts, for shares of Glorot's variance in the output layer and a range of
alpha / m. Small outputs end lower while the penalty is weak, and collapse to all weights
zero where it is strong: the default share changes where they cross.

Then, for the same shares, how often chance decides which local minimum is reached: with L1
on digits to a residual of 1e-6, and for L2 regressors in whether rows of weight w and rows
repeated w times, two ways to state one problem, end in the same model.

    python benchmarks/bench_start.py
"""

import warnings
from unittest import mock

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor

SEEDS = range(4)
STRENGTHS = [0.0005, 0.002, 0.005, 0.01, 0.02, 0.05, 0.08]


SHARES = [0.1, 0.5, 1.0]


def objective_values(X, y, strength, share):
    with mock.patch("sknormreg.estimators.base.initial_output_share", return_value=share):
        return [
            RegularizedMLPClassifier(
                (50,), penalty="l1", alpha=strength * len(y), random_state=seed
            )
            .fit(X, y)
            .loss_
            for seed in SEEDS
        ]


def missed_minima(X, y, share, seeds=range(8)):
    """How many L1 fits end more than 0.1 % above the median."""
    with mock.patch("sknormreg.estimators.base.initial_output_share", return_value=share):
        values = [
            RegularizedMLPClassifier((50,), penalty="l1", tol=1e-6, random_state=seed)
            .fit(X, y)
            .loss_
            for seed in seeds
        ]
    return sum(value > 1.001 * np.median(values) for value in values)


def unequal_models(share, seeds=range(16)):
    """How many regressors predict differently for weighted and for repeated rows."""
    count = 0
    for seed in seeds:
        rng = np.random.RandomState(42 + seed // 4)
        X, y = rng.rand(15, 30), rng.randint(0, 3, size=15)
        weights = rng.randint(0, 5, size=15)
        with mock.patch(
            "sknormreg.estimators.base.initial_output_share", return_value=share
        ):
            mlp = RegularizedMLPRegressor(random_state=seed)
            repeated = mlp.fit(X.repeat(weights, axis=0), y.repeat(weights)).predict(X)
            weighted = mlp.fit(X, y, sample_weight=weights).predict(X)
        count += not np.allclose(repeated, weighted, rtol=1e-7, atol=1e-9)
    return count


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

    X, y = load_digits(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    for title, count in (
        ("L1 on digits, ends above the usual minimum", lambda s: missed_minima(X, y, s)),
        ("weighted and repeated rows give two models", unequal_models),
    ):
        counts = ", ".join(f"share {share}: {count(share)}" for share in SHARES)
        print(f"{title}: {counts}", flush=True)


if __name__ == "__main__":
    main()
