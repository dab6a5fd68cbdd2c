"""How large should the first outputs be, for penalties with a kink at zero?

Prints J after training with L1 as a ratio to the lowest value found, mean and worst of
several starts, for shares of Glorot's variance in the output layer and a range of
alpha / m. Small outputs end lower while the penalty is weak, and collapse to all weights
zero where it is strong: the default share changes where they cross.

Then, for the same shares, how often chance decides which local minimum is reached: with L1
on digits to a residual of 1e-6, and for L2 regressors in whether samples of weight w and
samples repeated w times, two ways to state one problem, end in the same model.

    python benchmarks/initial_weights.py [--only TABLE ...] [--seeds 4]
"""

import argparse
import warnings
from unittest import mock

import numpy as np
from _tables import scaled

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor

TABLES = ("breast_cancer", "iris", "wine", "digits")
STRENGTHS = [0.0005, 0.002, 0.005, 0.01, 0.02, 0.05, 0.08]
SHARES = [0.1, 0.5, 1.0]


def with_share(share):
    """Return a context in which output layers begin with a share of Glorot's variance."""
    return mock.patch("sknormreg.fitting.start.initial_output_share", return_value=share)


def objective_values(X, y, share, seeds, **params):
    """Return J after training with L1, for each seed."""
    with with_share(share):
        return [
            RegularizedMLPClassifier(
                (50,), **{"penalty": "l1", "alpha": 1.0, "random_state": seed} | params
            )
            .fit(X, y)
            .loss_
            for seed in seeds
        ]


def missed_minima(X, y, share, seeds):
    """Return how many L1 fits end more than 0.1 % above the median."""
    values = objective_values(X, y, share, seeds, tol=1e-6)
    return sum(value > 1.001 * np.median(values) for value in values)


def unequal_models(share, seeds):
    """Return how many regressors differ for weighted and for repeated samples."""
    count = 0
    for seed in seeds:
        rng = np.random.RandomState(42 + seed // 4)
        X, y = rng.rand(15, 30), rng.randint(0, 3, size=15)
        weights = rng.randint(0, 5, size=15)
        with with_share(share):
            mlp = RegularizedMLPRegressor(alpha=1.0, random_state=seed)
            repeated = mlp.fit(X.repeat(weights, axis=0), y.repeat(weights)).predict(X)
            weighted = mlp.fit(X, y, sample_weight=weights).predict(X)
        count += not np.allclose(repeated, weighted, rtol=1e-7, atol=1e-9)
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="TABLE", default=TABLES)
    parser.add_argument("--seeds", type=int, default=4)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"{'data':>16s} {'alpha / m':>10s}", *(f"{f'share {s}':>15s}" for s in SHARES))
    seeds = range(arguments.seeds)
    for name in arguments.only:
        X, y = scaled(name)
        for strength in STRENGTHS:
            alpha = strength * len(y)
            values = np.array(
                [objective_values(X, y, s, seeds, alpha=alpha) for s in SHARES]
            )
            values /= values.min()
            cells = (f"{row.mean():7.3f} {row.max():7.3f}" for row in values)
            print(f"{name:>16s} {strength:10g}", *cells, flush=True)
    if "digits" in arguments.only:
        X, y = scaled("digits")
        report(
            "L1 on digits, ends above the usual minimum",
            lambda share: missed_minima(X, y, share, range(2 * arguments.seeds)),
        )
    report(
        "weighted and repeated samples give two models",
        lambda share: unequal_models(share, range(4 * arguments.seeds)),
    )


def report(title, count):
    counts = ", ".join(f"share {share}: {count(share)}" for share in SHARES)
    print(f"{title}: {counts}", flush=True)


if __name__ == "__main__":
    main()
