"""Two fits in two threads against one fit alone.

Fits hold no lock of Python's while they compute, and share the cores. Prints the ratio of
the wall time of two fits side by side to that of one alone, and to that of two one after
the other. On two cores these are at best 1 and 0.5 where one fit takes one of them (batches
of 16), and 2 and 1 where one fit makes full use of both.

    python benchmarks/bench_two_fits.py [--repeats 5]
"""

import argparse
import statistics
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier


def digits():
    X, y = load_digits(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def large():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20_000, 784), dtype=np.float32)
    return X, rng.integers(10, size=len(X))


# Where nothing stops them before max_iter, all fits do the same work.
CASES = {
    "digits, adam, batches of 16": (
        digits,
        dict(solver="adam", max_iter=50, batch_size=16),
    ),
    "digits, adam, 200 epochs": (digits, dict(solver="adam", max_iter=200)),
    "digits, lbfgs": (digits, dict(solver="lbfgs", max_iter=150)),
    "20000 x 784, adam, 5 epochs": (large, dict(solver="adam", max_iter=5)),
    "20000 x 784, lbfgs, 10 steps": (large, dict(solver="lbfgs", max_iter=10)),
}


def wall_times(X, y, parameters, pool):
    """Seconds of one fit, of two one after the other, and of two side by side."""

    def fit(seed=0):
        RegularizedMLPClassifier(
            tol=0, n_iter_no_change=np.inf, random_state=seed, **parameters
        ).fit(X, y)

    def one_after_the_other():
        for seed in range(2):
            fit(seed)

    def side_by_side():
        list(pool.map(fit, range(2)))

    times = []
    for run in (fit, one_after_the_other, side_by_side):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"{'fits':>28s} {'one, s':>8s} {'two / one':>10s} {'two / one by one':>17s}")
    with ThreadPoolExecutor(2) as pool:
        for name, (make, parameters) in CASES.items():
            X, y = make()
            wall_times(X, y, parameters | dict(max_iter=2), pool)  # warms up
            times = [wall_times(X, y, parameters, pool) for _ in range(arguments.repeats)]
            one, in_turn = (
                statistics.median(two / other[i] for *other, two in times) for i in (0, 1)
            )
            seconds = statistics.median(alone for alone, *_ in times)
            print(f"{name:>28s} {seconds:8.3f} {one:10.2f} {in_turn:17.2f}", flush=True)


if __name__ == "__main__":
    main()
