"""How many threads a fit uses: BLAS's, and those of the compiled engine.

On small matrices a second BLAS thread costs more than it gives, and two fits side by
side with two threads each wait for one another most of the time. Fits that run at the
same time share the threads that one alone would have.
"""

import _thread
import os
import threading
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController

# Reentrant: a block that is left by the garbage collector may be so anywhere.
_lock = threading.RLock()
_inside = {}  # the thread of each block, by its identity
_n_threads = 1
_before = None  # threads of each library before the first block
_controller = None


class limited_threads:  # noqa: N801 (used as a function)
    """Run BLAS on one thread inside the block, and count it among those that share.

    The limit is the whole process's, as BLAS libraries have it. Blocks may overlap, in
    any number of threads: the first to enter sets the limit and the last to leave
    restores what was there before.

    An interrupt may come between any two instructions, those that enter and leave a block
    included. So each step can be repeated and undone, whatever came before it, and a block
    that was cut short is left when its object is deleted.
    """

    def __enter__(self):
        with _lock:
            _inside[id(self)] = threading.get_ident()
            _limit()
        return self

    def __exit__(self, *exception):
        self._leave()

    def __del__(self):
        self._leave()

    def _leave(self):
        with _lock:
            _inside.pop(id(self), None)
            if not _inside and _before is not None:
                _restore()


def share_of_threads():
    """Threads for each of the threads that are in a block; 1 outside of them.

    Together they have as many as BLAS had before: what OPENBLAS_NUM_THREADS, joblib's
    `inner_max_num_threads` or threadpoolctl's limits allow.
    """
    n_sharing = len(set(_inside.values()))
    return max(1, _n_threads // n_sharing) if n_sharing else 1


def call_in_thread(function):
    """Call it in a thread of its own; false where there can be no more of them.

    `threading.Thread.start` waits for the thread to say that it runs, for ever where there
    is no memory left to say so.
    """
    try:
        _thread.start_new_thread(function, ())
    except (RuntimeError, MemoryError):
        return False
    return True


def _limit():
    global _n_threads, _before, _controller
    # Finding the libraries takes milliseconds, so it is done once.
    _controller = _controller or ThreadpoolController().select(user_api="blas")
    libraries = _controller.lib_controllers
    if _before is None:
        numbers = [library.num_threads for library in libraries]
        _n_threads = max(numbers, default=1)
        _before = numbers
    if len(_inside) == 1:
        _set_numbers([1] * len(libraries))


def _restore():
    global _before
    _set_numbers(_before)
    _before = None


def _set_numbers(numbers):
    with _control_of_threads():
        for library, number in zip(_controller.lib_controllers, numbers):
            library.set_num_threads(number)


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
    global _lock
    _lock = threading.RLock()
    _inside.clear()
    if _before is not None:
        _restore()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)
