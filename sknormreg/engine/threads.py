"""Numbers of threads of a fit, in BLAS and in the compiled engine.

For small matrices, a second BLAS thread costs more time than it saves, and two concurrent
fits with two threads each mostly wait for one another. Fits that run at the same time
therefore share the threads that a single fit would have.
"""

import _thread
import os
import threading
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any, Self

from threadpoolctl import ThreadpoolController

# Reentrant, because the garbage collector may leave a block at any point.
_lock = threading.RLock()
_inside: dict[int, int] = {}  # the thread of each block, by its identity
_n_threads = 1
_before: list[int] | None = None  # threads of each library before the first block
_controller: Any = None


class limited_threads:  # noqa: N801 (used as a function)
    """Context manager that limits BLAS to one thread and counts the threads inside.

    The limit applies to the whole process, because BLAS libraries have no other. Blocks may
    overlap in any number of threads: the first to enter sets the limit, and the last to
    leave restores the previous one.

    An interrupt may arrive between any two instructions, even while entering or leaving a
    block. Each step can therefore be repeated and undone in any state, and a block that was
    interrupted is left when its object is deleted.
    """

    def __enter__(self) -> Self:
        with _lock:
            _inside[id(self)] = threading.get_ident()
            _limit()
        return self

    def __exit__(self, *exception: object) -> None:
        self._leave()

    def __del__(self) -> None:
        self._leave()

    def _leave(self):
        with _lock:
            _inside.pop(id(self), None)
            if not _inside and _before is not None:
                _restore()


def share_of_threads() -> int:
    """Return the number of threads that each thread inside a block may use.

    Together, they use as many as BLAS had before, which depends on OPENBLAS_NUM_THREADS,
    `inner_max_num_threads` of joblib, or limits of threadpoolctl. Outside of blocks, the
    number is 1.
    """
    n_sharing = len(set(_inside.values()))
    return max(1, _n_threads // n_sharing) if n_sharing else 1


def call_in_thread(function: Callable[[], object]) -> bool:
    """Call a function in a new thread, and return whether there is one.

    This does not use `threading.Thread.start`, which waits for a signal of the new thread,
    and waits forever if there is no memory left to send it.
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
    """Context manager in which this thread may set limits.

    Since version 3.8, threadpoolctl allows only one thread of a process to set the limit of
    an OpenBLAS, until that thread gives up control. Ours may be set in one thread and
    restored in another.
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
    """Reset the state in a forked process.

    The other threads do not exist there, and one of them may have held the lock.
    """
    global _lock
    _lock = threading.RLock()
    _inside.clear()
    if _before is not None:
        _restore()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)
