"""Does KnockoffSelector keep the false discovery rate, and how much does it find?

500 samples of 50 features, a series with correlation 0.5 between neighbours, 12 of which
matter. Prints for each signal, kind of features and level the mean share of false
selections with its standard error, the mean share of true features that were found, and
the median seconds of processor time. The knockoffs are Gaussian: for features that are not
("t", "binary") the rate is not guaranteed.

    OPENBLAS_NUM_THREADS=1 python benchmarks/false_discoveries.py [--tables 200]
        [--signals linear nonlinear classes] [--features normal t binary]
        [--levels 0.1 0.2]
"""

import argparse
import time
import warnings

import numpy as np

from sknormreg import KnockoffSelector

N_SAMPLES, N_FEATURES, N_TRUE, CORRELATION = 500, 50, 12, 0.5


def features(kind, rng):
    """Return features of a stationary series."""
    X = rng.normal(size=(N_SAMPLES, N_FEATURES))
    for j in range(1, N_FEATURES):
        X[:, j] = CORRELATION * X[:, j - 1] + (1 - CORRELATION**2) ** 0.5 * X[:, j]
    if kind == "t":  # with 3 degrees of freedom, scaled sample by sample
        X *= np.sqrt(3 / rng.chisquare(3, size=(N_SAMPLES, 1)))
    return (X > 0).astype(float) if kind == "binary" else X


def table(signal, kind, seed):
    """Return X, y and the features that matter."""
    rng = np.random.default_rng(seed)
    X = features(kind, rng)
    true = rng.permutation(N_FEATURES)[:N_TRUE]
    if signal == "linear":
        return (
            X,
            X[:, true] @ rng.choice([-1, 1], N_TRUE) + rng.normal(size=N_SAMPLES),
            true,
        )
    score = 10 * np.abs(X[:, true[1::2]] - X[:, true[::2]]).sum(axis=1)
    if signal == "nonlinear":
        return X, score + rng.normal(size=N_SAMPLES), true
    score -= np.median(score)
    return X, (score + rng.logistic(size=N_SAMPLES) > 0).astype(int), true


def discoveries(signal, kind, levels, seed):
    """Return for each level the share of false selections and the power, and the seconds.

    The statistics do not depend on the level.
    """
    X, y, true = table(signal, kind, seed)
    start = time.process_time()
    with warnings.catch_warnings(action="ignore"):
        selector = KnockoffSelector(random_state=seed).fit(X, y)
    seconds, found = time.process_time() - start, []
    for level in levels:
        selector.set_params(fdr=level)._select()
        selected = np.flatnonzero(selector.get_support())
        n_found = len(np.intersect1d(selected, true))
        false = (len(selected) - n_found) / max(len(selected), 1)
        found.append((false, n_found / N_TRUE))
    return found, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tables", type=int, default=200)
    signals, kinds = ("linear", "nonlinear", "classes"), ("normal", "t", "binary")
    parser.add_argument("--signals", nargs="+", choices=signals, default=signals)
    parser.add_argument("--features", nargs="+", choices=kinds, default=kinds)
    parser.add_argument("--levels", type=float, nargs="+", default=[0.1, 0.2])
    arguments = parser.parse_args()
    print("signal     features  level  false discovery rate  power  seconds")
    for signal in arguments.signals:
        for kind in arguments.features:
            runs = [
                discoveries(signal, kind, arguments.levels, seed)
                for seed in range(arguments.tables)
            ]
            found, seconds = zip(*runs)
            for level, of_level in zip(arguments.levels, zip(*found)):
                false, power = map(np.array, zip(*of_level))
                error = false.std() / np.sqrt(len(false))
                print(
                    f"{signal:10s} {kind:8s} {level:6.2f}  {false.mean():12.3f} +- "
                    f"{error:.3f}  {power.mean():5.3f} {np.median(seconds):8.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
