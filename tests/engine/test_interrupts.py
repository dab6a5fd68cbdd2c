"""Interrupts wherever they may come in the limit on BLAS threads leave nothing behind."""

import dis
import gc
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

from sknormreg import RegularizedMLPClassifier
from sknormreg.engine import threads
from sknormreg.engine.threads import limited_threads
from sknormreg.estimators import base, fitted_attributes


def numbers():
    blas = ThreadpoolController().select(user_api="blas").lib_controllers
    return [library.num_threads for library in blas]


def of_threads(code):
    return code.co_filename == threads.__file__


def interrupt_at(n, traced=of_threads):
    """A trace function that raises KeyboardInterrupt at the n-th place where the
    interpreter looks for signals, after calls and where functions begin, in traced code."""
    count, last = 0, {}

    def trace(frame, event, arg):
        nonlocal count
        if not traced(frame.f_code):
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


def test_an_interrupt_anywhere_leaves_the_attributes_of_one_call():
    """Those of the call before it or of its own, wherever they are being set."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)
    mlp = RegularizedMLPClassifier((3,), penalty="l1", random_state=0, alpha=1.0)
    mlp.partial_fit(X, y, classes=[0, 1])
    traced_code = {
        (base.__file__, "_store"),
        (base.__file__, "_partial_fit"),
        (fitted_attributes.__file__, "_loss_curve_attributes"),
        (fitted_attributes.__file__, "_alpha_attributes"),
    }

    def traced(code):
        return (code.co_filename, code.co_name) in traced_code

    tracer, n_interrupts = sys.gettrace(), 0
    for n in range(1, 500):
        n_calls, before = mlp.n_iter_, mlp.coefs_[0]
        sys.settrace(interrupt_at(n, traced))
        try:
            mlp.partial_fit(X, y)
            break
        except KeyboardInterrupt:
            n_interrupts += 1
        finally:
            sys.settrace(tracer)
        done = mlp.n_iter_ - n_calls
        assert done in (0, 1)
        assert (mlp.coefs_[0] is before) == (done == 0)
        assert mlp.t_ == 40 * mlp.n_iter_
        assert hasattr(mlp, "_training_state")
    assert n_interrupts > 20
    assert mlp.partial_fit(X, y).n_iter_ == len(mlp.loss_curve_)


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
