"""How long do two fits in two threads take, beside one alone?

Fits hold no lock of Python's while they compute, and share the cores. Prints the ratio of
the wall time of two fits side by side to that of one alone, and to that of two one after
the other. On two cores these are at best 1 and 0.5 where one fit takes one of them (batches
of 16), and 2 and 1 where one fit makes full use of both.
"""

import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from _tables import scaled
from _timing import Turns, seconds_of

from sknormreg import RegularizedMLPClassifier


def large():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20_000, 784), dtype=np.float32)
    return X, rng.integers(10, size=len(X))


digits = partial(scaled, "digits")

# Where nothing stops them before max_iter, all fits do the same work.
FITS = {
    "digits, adam, batches of 16": (
        digits,
        dict(solver="adam", max_iter=50, batch_size=16),
    ),
    "digits, adam, 200 epochs": (digits, dict(solver="adam", max_iter=200)),
    "digits, lbfgs": (digits, dict(solver="lbfgs", max_iter=150)),
    "20000 x 784, adam, 5 epochs": (large, dict(solver="adam", max_iter=5)),
    "20000 x 784, lbfgs, 10 steps": (large, dict(solver="lbfgs", max_iter=10)),
}


def make_turns(X, y, params, pool):
    """Return the timings of one fit, of two in turn, and of two side by side."""

    def fit(seed=0):
        RegularizedMLPClassifier(
            alpha=1.0, tol=0, n_iter_no_change=np.inf, random_state=seed, **params
        ).fit(X, y)

    ways = {
        "one": fit,
        "two in turn": lambda: [fit(seed) for seed in range(2)],
        "two": lambda: list(pool.map(fit, range(2))),
    }
    return Turns({name: partial(seconds_of, way) for name, way in ways.items()})


def add_arguments(parser):
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", metavar="SUBSTRING", help="fits to time")


def run(arguments):
    warnings.simplefilter("ignore")
    print(f"{'fits':>28s} {'one, s':>8s} {'two / one':>10s} {'two / two in turn':>18s}")
    with ThreadPoolExecutor(2) as pool:
        for name, (make, params) in FITS.items():
            if arguments.only not in name:
                continue
            X, y = make()
            make_turns(X, y, params | dict(max_iter=2), pool).take()  # warms up
            turns = make_turns(X, y, params, pool).take(arguments.repeats)
            print(
                f"{name:>28s} {turns.seconds('one'):8.3f} "
                f"{turns.ratio('two', 'one'):10.2f} "
                f"{turns.ratio('two', 'two in turn'):18.2f}",
                flush=True,
            )
