"""From what share of non-zero weights on sparse matrices are slower than arrays.

For layers of several shapes and shares of non-zero weights: the time of a product of X and
the weights as an array over that as a `scipy.sparse.csr_array`, medians on one thread;
above 1 the sparse one wins. `sparsify()` converts layers of at most 5 %.

    OPENBLAS_NUM_THREADS=1 python benchmarks/bench_sparsify.py
"""

import time

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

SHAPES = [(1, 512, 512), (1000, 64, 100), (1000, 512, 512), (1000, 784, 512)]
DENSITIES = [0.2, 0.1, 0.05, 0.02, 0.01]


def seconds(function, n_repeats=15):
    times = []
    for _ in range(n_repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return np.median(times)


def main():
    random_state = np.random.RandomState(0)
    print("| rows x inputs x units |" + "".join(f" {d:.0%} |" for d in DENSITIES))
    print("|---|" + "---|" * len(DENSITIES))
    with threadpool_limits(1):
        for n_rows, fan_in, fan_out in SHAPES:
            X = random_state.normal(size=(n_rows, fan_in))
            cells = []
            for density in DENSITIES:
                weights = random_state.normal(size=(fan_in, fan_out))
                weights *= random_state.uniform(size=weights.shape) < density
                csr = sparse.csr_array(weights)
                ratio = seconds(lambda: X @ weights) / seconds(lambda: X @ csr)  # noqa: B023
                cells.append(f"{ratio:.1f}")
            print(f"| {n_rows} x {fan_in} x {fan_out} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
