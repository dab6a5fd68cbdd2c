"""Whether a long fit with L1 slows down as most of its weights die.

The running averages of a weight whose gradient has died decay to numbers below the normal
floats, on which processors are many times slower, unless they are set to zero. Prints the
seconds of an epoch in the first, the middle and the last tenth of a run, the ratio of last
to first, and the share of weights at zero in each, for both engines. The last line says how
much slower this processor is on such numbers: where that is little, so is what a fit can
lose.

    python benchmarks/bench_long_l1.py [--epochs 3000]
"""

import argparse
import time
from itertools import islice

import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier
from sknormreg.engine import Data, Network
from sknormreg.engine.compiled_engine import CompiledEngine
from sknormreg.engine.losses import MultinomialLogLoss
from sknormreg.engine.numpy_engine import NumpyEngine
from sknormreg.fitting.objective import Objective
from sknormreg.fitting.training import make_solver
from sknormreg.penalties import L1


def run(engine, solver_name, rate, X, y, n_epochs):
    """Seconds of every epoch, and the share of weights at zero after it."""
    objective = Objective(engine, Data(X, y, None), None, L1(), alpha=10.0)
    settings = RegularizedMLPClassifier(
        batch_size=32, learning_rate_init=rate, tol=0, n_iter_no_change=np.inf
    )
    random_state = np.random.RandomState(0)
    solver = make_solver(solver_name, settings, objective, random_state)
    network = objective.network
    params = network.initial_params(objective.best_constant(), random_state, X.dtype)
    seconds, zeros = [], []
    with engine.threads(X.dtype, solver.batch_size):
        start = time.perf_counter()
        for iterate in islice(solver.iterate(objective, params), n_epochs):
            now = time.perf_counter()
            seconds.append(now - start)
            zeros.append(np.mean(iterate.params[: network.n_weights] == 0))
            start = time.perf_counter()
    return np.array(seconds), np.array(zeros)


def tenths(values):
    """Medians of the first, the middle and the last tenth."""
    n = len(values) // 10
    middle = (len(values) - n) // 2
    return [np.median(part) for part in (values[:n], values[middle:][:n], values[-n:])]


def denormal_slowdown():
    """How many times the seconds of a square root of normal floats one of others takes."""
    smallest = np.finfo(np.float32).tiny
    seconds = []
    for value in (1.0, smallest / 8):
        values = np.full(100_000, value, dtype=np.float32)
        times = []
        for _ in range(100):
            start = time.perf_counter()
            np.sqrt(values)
            times.append(time.perf_counter() - start)
        seconds.append(min(times))
    return seconds[1] / seconds[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=3000)
    arguments = parser.parse_args()
    X, y = load_digits(return_X_y=True)
    X = StandardScaler().fit_transform(X).astype(np.float32)
    network = Network((64, 50, 10), ("tanh",), MultinomialLogLoss(10))
    print(
        f"{'engine':>14s} {'solver':>6s} {'ms first':>9s} {'middle':>7s} {'last':>7s} "
        f"{'last / first':>12s} {'zeros first':>12s} {'middle':>7s} {'last':>7s}"
    )
    for make_engine in (CompiledEngine, NumpyEngine):
        # Rates at which weights go on dying after the first tenth.
        for solver_name, rate in (("adam", 1e-4), ("sgd", 1e-3)):
            engine = make_engine(network)
            seconds, zeros = run(engine, solver_name, rate, X, y, arguments.epochs)
            first, middle, last = tenths(1000 * seconds)
            shares = tenths(zeros)
            print(
                f"{make_engine.__name__:>14s} {solver_name:>6s} {first:9.3f} {middle:7.3f} "
                f"{last:7.3f} {last / first:12.2f} {shares[0]:12.3f} {shares[1]:7.3f} "
                f"{shares[2]:7.3f}",
                flush=True,
            )
    print(f"square root of denormal / of normal floats: {denormal_slowdown():.1f}")


if __name__ == "__main__":
    main()
