"""Does a long fit with L1 slow down as most of its weights become zero?

The running averages of a weight whose gradient has died decay to numbers below the normal
floats, on which processors are many times slower, unless they are set to zero. Prints the
seconds of an epoch in the first, the middle and the last tenth of a run, the ratio of last
to first, and the share of weights at zero in each, for both engines. The last line says how
much slower this processor is on such numbers: where that is little, so is what a fit can
lose. One thread, time of the processor.
"""

import warnings
from functools import partial

import numpy as np
from _tables import scaled
from _timing import PROCESSOR, Turns, per_call, seconds_of
from threadpoolctl import threadpool_limits

from sknormreg import RegularizedMLPClassifier

from ._settings import engine


def run_epochs(solver, rate, X, y, n_epochs):
    """Return the seconds of every epoch, and the share of weights at zero after it."""
    mlp = RegularizedMLPClassifier(
        (50,),
        penalty="l1",
        alpha=10.0,
        solver=solver,
        batch_size=32,
        learning_rate_init=rate,
        random_state=0,
    )
    seconds, zeros = [], []
    for _ in range(n_epochs):
        epoch = partial(mlp.partial_fit, X, y, classes=np.arange(10))
        seconds.append(seconds_of(epoch, PROCESSOR))
        zeros.append(mlp.sparsity_)
    return np.array(seconds), np.array(zeros)


def tenths(values):
    """Return the medians of the first, the middle and the last tenth."""
    n = max(len(values) // 10, 1)
    middle = (len(values) - n) // 2
    return [np.median(part) for part in (values[:n], values[middle:][:n], values[-n:])]


def denormal_slowdown():
    """Return how much longer a square root of denormal floats takes than one of others."""
    smallest = np.finfo(np.float32).tiny
    arrays = {
        "normal": np.full(100_000, 1, np.float32),
        "denormal": np.full(100_000, smallest / 8, np.float32),
    }
    turns = Turns(
        {
            name: per_call(partial(np.sqrt, array), 0.005, PROCESSOR)
            for name, array in arrays.items()
        }
    )
    return turns.take(20).ratio("denormal", "normal")


def add_arguments(parser):
    parser.add_argument("--epochs", type=int, default=3000)


def run(arguments):
    warnings.simplefilter("ignore")
    X, y = scaled("digits")
    X = X.astype(np.float32)
    print(
        f"{'engine':>9s} {'solver':>6s} {'ms first':>9s} {'middle':>7s} {'last':>7s} "
        f"{'last / first':>12s} {'zeros first':>12s} {'middle':>7s} {'last':>7s}"
    )
    for name in ("compiled", "numpy"):
        # Rates at which weights go on dying after the first tenth.
        for solver, rate in (("adam", 1e-4), ("sgd", 1e-3)):
            with engine(name), threadpool_limits(1):
                seconds, zeros = run_epochs(solver, rate, X, y, arguments.epochs)
            first, middle, last = tenths(1000 * seconds)
            shares = tenths(zeros)
            print(
                f"{name:>9s} {solver:>6s} {first:9.3f} {middle:7.3f} {last:7.3f} "
                f"{last / first:12.2f} {shares[0]:12.3f} {shares[1]:7.3f} {shares[2]:7.3f}",
                flush=True,
            )
    print(f"square root of denormal / of normal floats: {denormal_slowdown():.1f}")
