"""Interrupts wherever they may come in the limit on BLAS threads leave nothing behind."""

import dis
import gc
import os
import subprocess
import sys
import threading

import pytest
from threadpoolctl import ThreadpoolController

from sknormreg.engine import threads
from sknormreg.engine.threads import limited_threads


def numbers():
    blas = ThreadpoolController().select(user_api="blas").lib_controllers
    return [library.num_threads for library in blas]


def interrupt_at(n):
    """A trace function that raises KeyboardInterrupt in the module, at the n-th place where
    the interpreter looks for signals: after calls and where functions begin."""
    count, last = 0, {}

    def trace(frame, event, arg):
        nonlocal count
        if frame.f_code.co_filename != threads.__file__:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            name = dis.opname[frame.f_code.co_code[frame.f_lasti]]
            looked = last.get(frame, "").startswith(("CALL", "RESUME", "JUMP_BACKWARD"))
            last[frame] = name
            count += looked
            if not looked:
                return trace
            if count == n:
                raise KeyboardInterrupt
        return trace

    return trace


def block():
    with limited_threads():
        pass


# What __del__ raises cannot leave it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("nested", [False, True])
def test_an_interrupt_anywhere_leaves_no_limit(nested, monkeypatch):
    block()  # finds the libraries
    before, tracer = numbers(), sys.gettrace()
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: None)

    def run(n):
        sys.settrace(interrupt_at(n))
        try:
            block()
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(tracer)
        return False

    n_interrupts = 0
    for n in range(1, 2000):
        if nested:
            with limited_threads():
                interrupted = run(n)
                gc.collect(0)
                assert set(numbers()) <= {1}
        else:
            interrupted = run(n)
            gc.collect(0)
        assert numbers() == before
        assert not threads._inside
        if not interrupted:
            break
        n_interrupts += 1
    assert n_interrupts > 5
    block()
    assert numbers() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_inside_a_block_has_its_threads():
    """Of another thread, too, which does not follow."""
    code = """if True:
        import os, threading, warnings
        import numpy
        from threadpoolctl import ThreadpoolController
        from sknormreg.engine.threads import limited_threads, share_of_threads

        def numbers():
            blas = ThreadpoolController().select(user_api="blas").lib_controllers
            return [library.num_threads for library in blas]

        warnings.simplefilter("ignore")
        before, inside, leave = numbers(), threading.Event(), threading.Event()

        def work():
            with limited_threads():
                inside.set()
                leave.wait(20)

        thread = threading.Thread(target=work)
        thread.start()
        assert inside.wait(20) and set(numbers()) <= {1}
        child = os.fork()
        if child == 0:
            os._exit(0 if numbers() == before and share_of_threads() == 1 else 1)
        status = os.waitpid(child, 0)[1]
        leave.set()
        thread.join()
        assert status == 0 and numbers() == before
    """
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env=environment)


def test_blocks_of_many_threads_under_interrupts_of_one():
    """Others that are inside keep their limit."""
    inside, leave = threading.Event(), threading.Event()

    def work():
        with limited_threads():
            inside.set()
            leave.wait(20)

    before = numbers()
    thread = threading.Thread(target=work)
    thread.start()
    assert inside.wait(20)
    tracer = sys.gettrace()
    for n in (1, 3, 5, 7):
        sys.settrace(interrupt_at(n))
        try:
            with pytest.raises(KeyboardInterrupt):
                block()
        finally:
            sys.settrace(tracer)
        gc.collect(0)
        assert set(numbers()) <= {1}
    leave.set()
    thread.join()
    assert numbers() == before
