"""How much faster than BLAS are the engine's own matrix products?

Prints the seconds of an epoch of Adam (relu, batches of 200) with products by BLAS, over
those with products by tiles of AVX2 and of AVX-512, where the processor has them. One
thread, time of the processor.
"""

import warnings
from contextlib import contextmanager
from functools import partial

import numpy as np
from _timing import PROCESSOR, Turns
from threadpoolctl import threadpool_info, threadpool_limits

from . import _epochs as epochs
from ._settings import peer, timing_within

LAYERS = [
    (30, 100, 10),
    (64, 100, 10),
    (784, 100, 10),
    (784, 256, 128, 10),
    (1024, 1024, 10),
]
WAYS = ("blas", "avx2", "avx512")


@contextmanager
def products_by(way):
    compiled = peer("sknormreg.engine._compiled")
    before = compiled.set_products(way)
    try:
        yield
    finally:
        compiled.set_products(before)


def is_available(way):
    try:
        with products_by(way):
            return True
    except ValueError:
        return False


def add_arguments(parser):
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--samples", type=int, default=2000)


def run(arguments):
    warnings.simplefilter("ignore")
    ways = [way for way in WAYS if is_available(way)]
    kernels = {library.get("architecture") for library in threadpool_info()} - {None}
    print(f"BLAS's kernels: {', '.join(sorted(kernels))}")
    titles = "".join(f"{f'blas / {way}':>15s}" for way in ways[1:])
    print(f"{'layers':>24s} {'precision':>10s}{titles}")
    for units in LAYERS:
        for dtype in (np.float32, np.float64):
            n_features, *hidden, n_classes = units
            shape = epochs.Shape(
                arguments.samples, n_features, tuple(hidden), n_classes, 200, dtype
            )
            make_timing = partial(
                epochs.our_epoch, shape, *shape.draw(), 0.1, clock=PROCESSOR
            )
            with threadpool_limits(1):
                turns = Turns(
                    {
                        way: timing_within(partial(products_by, way), make_timing)
                        for way in ways
                    }
                ).take(arguments.repeats)
            cells = "".join(f"{turns.ratio('blas', way):15.2f}" for way in ways[1:])
            print(f"{units!s:>24s} {np.dtype(dtype).name:>10s}{cells}", flush=True)
