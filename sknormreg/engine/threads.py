"""How many threads the matrix products use.

On small matrices a second BLAS thread costs more than it gives, and two fits side by
side with two threads each wait for one another most of the time.
"""

import threading
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_n_limited = 0
_limiter = None
_controller = None


@contextmanager
def single_blas_thread():
    """Run BLAS on one thread inside the block.

    The limit is the whole process's, as BLAS libraries have it. Blocks may overlap, in
    any number of threads: the first to enter sets the limit and the last to leave
    restores what was there before.
    """
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter():
    global _n_limited, _limiter, _controller
    with _lock:
        if _n_limited == 0:
            # Finding the libraries takes milliseconds, so it is done once.
            _controller = _controller or ThreadpoolController()
            _limiter = _controller.limit(limits=1, user_api="blas")
        _n_limited += 1


def _leave():
    global _n_limited, _limiter
    with _lock:
        _n_limited -= 1
        if _n_limited == 0:
            _limiter.restore_original_limits()
            _limiter = None
