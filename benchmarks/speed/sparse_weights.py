"""Up to which density are sparse weights faster than arrays?

For layers of several shapes and shares of non-zero weights: the time of a product of X and
the weights as an array over that as a `scipy.sparse.csr_array`; above 1 the sparse one
wins. One thread, time of the processor. `sparsify()` converts layers
of which at most 5 % is not zero.
"""

from functools import partial
from operator import matmul

import numpy as np
from _timing import PROCESSOR, Turns, per_call
from scipy import sparse
from threadpoolctl import threadpool_limits

SHAPES = [(1, 512, 512), (1000, 64, 100), (1000, 512, 512), (1000, 784, 512)]
DENSITIES = [0.2, 0.1, 0.05, 0.02, 0.01]


def add_arguments(parser):
    parser.add_argument("--repeats", type=int, default=15)


def run(arguments):
    random_state = np.random.RandomState(0)
    print("| samples x features x units |" + "".join(f" {d:.0%} |" for d in DENSITIES))
    print("|---|" + "---|" * len(DENSITIES))
    with threadpool_limits(1):
        for n_samples, fan_in, fan_out in SHAPES:
            X = random_state.normal(size=(n_samples, fan_in))
            cells = []
            for density in DENSITIES:
                weights = random_state.normal(size=(fan_in, fan_out))
                weights *= random_state.uniform(size=weights.shape) < density
                forms = {"array": weights, "sparse": sparse.csr_array(weights)}
                turns = Turns(
                    {
                        name: per_call(partial(matmul, X, form), 0.01, PROCESSOR)
                        for name, form in forms.items()
                    }
                ).take(arguments.repeats)
                cells.append(f"{turns.ratio('array', 'sparse'):.1f}")
            cells = " | ".join(cells)
            print(f"| {n_samples} x {fan_in} x {fan_out} | {cells} |", flush=True)
