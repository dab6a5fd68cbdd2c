"""The engine's ways to multiply matrices against one another.

Prints the seconds of an epoch of Adam (relu, batches of 200) with products by BLAS, over
those with products by tiles of AVX2 and of AVX-512, where the processor has them, on one
thread.

    python benchmarks/bench_products.py
"""

import statistics
import time

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from sknormreg.engine import Data, Network, _compiled, make_engine
from sknormreg.engine.losses import MultinomialLogLoss
from sknormreg.fitting.objective import Objective
from sknormreg.penalties import L2
from sknormreg.solvers import Adam

LAYERS = [
    (30, 100, 10),
    (64, 100, 10),
    (784, 100, 10),
    (784, 256, 128, 10),
    (1024, 1024, 10),
]
WAYS = ("blas", "avx2", "avx512")


def solver(random_state):
    return Adam(
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        batch_size=200,
        learning_rate_init=1e-3,
        learning_rate="constant",
        power_t=0.5,
        tol=0,
        n_iter_no_change=np.inf,
        shuffle=True,
        random_state=random_state,
    )


def seconds_of_epoch(units, dtype, way):
    """Of the fourth of a fit's epochs, whose minibatches are all alike."""
    random_state = np.random.RandomState(0)
    X = random_state.normal(size=(2000, units[0])).astype(dtype)
    y = random_state.randint(10, size=len(X))
    network = Network(units, ("relu",) * (len(units) - 2), MultinomialLogLoss(10))
    objective = Objective(make_engine(network), Data(X, y, None), None, L2(), alpha=1.0)
    params = network.initial_params(np.zeros(10), random_state, dtype)
    before = _compiled.set_products(way)
    try:
        iterates = solver(random_state).iterate(objective, params)
        for _ in range(3):
            next(iterates)
        start = time.perf_counter()
        next(iterates)
        return time.perf_counter() - start
    finally:
        _compiled.set_products(before)


def available(way):
    try:
        _compiled.set_products(_compiled.set_products(way))
    except ValueError:
        return False
    return True


def main():
    ways = [way for way in WAYS if available(way)]
    kernels = {library.get("architecture") for library in threadpool_info()} - {None}
    print(f"BLAS's kernels: {', '.join(sorted(kernels))}")
    titles = "".join(f"{f'blas / {way}':>15s}" for way in ways[1:])
    print(f"{'layers':>24s} {'precision':>10s}{titles}")
    for units in LAYERS:
        for dtype in (np.float32, np.float64):
            with threadpool_limits(1):
                times = [
                    [seconds_of_epoch(units, dtype, way) for way in ways] for _ in range(9)
                ]
            ratios = [
                statistics.median(row[0] / row[i] for row in times)
                for i in range(1, len(ways))
            ]
            cells = "".join(f"{ratio:15.2f}" for ratio in ratios)
            print(f"{units!s:>24s} {np.dtype(dtype).name:>10s}{cells}", flush=True)


if __name__ == "__main__":
    main()
