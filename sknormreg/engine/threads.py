"""How many threads a fit uses: BLAS's, and those of the compiled engine.

On small matrices a second BLAS thread costs more than it gives, and two fits side by
side with two threads each wait for one another most of the time. Fits that run at the
same time share the threads that one alone would have.
"""

import os
import threading
from collections import Counter
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_inside = Counter()  # how many blocks each thread is in
_n_threads = 1
_limiter = None
_controller = None


@contextmanager
def limited_threads():
    """Run BLAS on one thread inside the block, and count it among those that share.

    The limit is the whole process's, as BLAS libraries have it. Blocks may overlap, in
    any number of threads: the first to enter sets the limit and the last to leave
    restores what was there before.
    """
    thread = threading.get_ident()
    _enter(thread)
    try:
        yield
    finally:
        _leave(thread)


def share_of_threads():
    """Threads for each of the threads that are in a block; 1 outside of them.

    Together they have as many as BLAS had before: what OPENBLAS_NUM_THREADS, joblib's
    `inner_max_num_threads` or threadpoolctl's limits allow.
    """
    n_sharing = len(_inside)
    return max(1, _n_threads // n_sharing) if n_sharing else 1


def call_in_thread(function):
    """Call it in a thread of its own; false where there can be no more of them."""
    try:
        threading.Thread(target=function, name="sknormreg-helper", daemon=True).start()
    except RuntimeError:
        return False
    return True


def _enter(thread):
    global _n_threads, _limiter, _controller
    with _lock:
        if not _inside:
            # Finding the libraries takes milliseconds, so it is done once.
            _controller = _controller or ThreadpoolController().select(user_api="blas")
            libraries = _controller.lib_controllers
            _n_threads = max((library.num_threads for library in libraries), default=1)
            with _control_of_threads():
                _limiter = _controller.limit(limits=1)
        _inside[thread] += 1


def _leave(thread):
    global _limiter
    with _lock:
        if thread not in _inside:
            return  # this process was forked inside the block
        _inside[thread] -= 1
        if not _inside[thread]:
            del _inside[thread]
        if not _inside:
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


def _start_anew():
    """In a forked process: threads do not follow, and one may have held the lock."""
    global _lock, _limiter
    _lock, _limiter = threading.Lock(), None
    _inside.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)
