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
            _controller = _controller or ThreadpoolController().select(user_api="blas")
            with _control_of_threads():
                _limiter = _controller.limit(limits=1)
        _n_limited += 1


def _leave():
    global _n_limited, _limiter
    with _lock:
        _n_limited -= 1
        if _n_limited == 0:
            with _control_of_threads():
                _limiter.restore_original_limits()
            _limiter = None


@contextmanager
def _control_of_threads():
    """Let this thread set limits, whichever did before, and any other one after it.

    From version 3.8 on, threadpoolctl lets only one thread of the process set those of
    an OpenBLAS, until that thread gives the right up: ours may enter in one thread and
    leave in another.
    """
    _release_control()
    try:
        yield
    finally:
        _release_control()


def _release_control():
    for library in _controller.lib_controllers:
        release = getattr(library, "clear_controlling_thread", None)
        if release is not None:
            release(force=True)
