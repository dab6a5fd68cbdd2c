"""How often does a selector find exactly the features that matter?

The nonlinear simulation of HarderLASSO (arXiv 2411.17180): 500 samples of 50 standard
normal features; targets are sums of 10 |x_b - x_a| over pairs of features, with standard
normal noise, standardised. Features are independent or, with `--correlation`, a series.
Prints for each number of true features the share of data sets in which the selected set is
exactly the true one, the mean numbers of features that were missed and that are false, and
the median seconds of processor time; beside it, what is published of HarderLASSO.

    OPENBLAS_NUM_THREADS=1 python benchmarks/selection.py [--true 0 4 8 10 12 14]
        [--repetitions 200] [--correlation 0] [--noise normal | t3]

A repetition takes two to ten seconds.
"""

import argparse
import time
import warnings

import numpy as np

from sknormreg import MLPFeatureSelector

# Of HarderLASSO, from its published raw results.
PUBLISHED = {0: 0.99, 4: 1.00, 6: 1.00, 8: 1.00, 10: 0.94, 12: 0.66, 14: 0.21}


def simulated(n_true, seed, correlation=0.0, noise="normal", shape=(500, 50)):
    """Return X, y and the features that matter."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=shape)
    for j in range(1, shape[1] if correlation else 1):
        X[:, j] = correlation * X[:, j - 1] + (1 - correlation**2) ** 0.5 * X[:, j]
    true = rng.permutation(shape[1])[:n_true]
    differences = np.abs(X[:, true[1::2]] - X[:, true[::2]])
    errors = rng.normal(size=len(X)) if noise == "normal" else rng.standard_t(3, len(X))
    y = 10 * differences.sum(axis=1) + errors
    return X, (y - y.mean()) / y.std(), true


def repetition(n_true, seed, arguments):
    """Return whether the set is exact, features missed and false ones, and seconds."""
    X, y, true = simulated(n_true, seed, arguments.correlation, arguments.noise)
    selector = MLPFeatureSelector(random_state=seed)
    start = time.process_time()
    with warnings.catch_warnings(action="ignore"):
        selector.fit(X, y)
    seconds = time.process_time() - start
    selected = np.flatnonzero(selector.support_)
    missed, false = len(np.setdiff1d(true, selected)), len(np.setdiff1d(selected, true))
    return missed + false == 0, missed, false, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--true", type=int, nargs="+", default=[*PUBLISHED])
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--correlation", type=float, default=0.0)
    parser.add_argument("--noise", choices=["normal", "t3"], default="normal")
    arguments = parser.parse_args()
    print("true  exact (published)  missed  false  seconds")
    for n_true in arguments.true:
        runs = [
            repetition(n_true, seed, arguments) for seed in range(arguments.repetitions)
        ]
        exact, missed, false, seconds = map(np.array, zip(*runs))
        published = PUBLISHED.get(n_true) if not arguments.correlation else None
        print(
            f"{n_true:4d}  {exact.mean():5.3f} ({published or '-':>9})  "
            f"{missed.mean():6.2f} {false.mean():6.2f} {np.median(seconds):8.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
