"""The compiled engine in the middle of long work: memory, and interrupts."""

import os
import subprocess
import sys

import pytest
from compiled_cases import (
    TIMEOUT,
    needs_compiled_engine,
)

pytestmark = needs_compiled_engine


def _python(code, *arguments):
    """Run code on the compiled engine in a fresh interpreter, which has to succeed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        env={**os.environ, "SKNORMREG_ENGINE": "compiled"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


_MEMORY = """
import resource
import numpy as np
from sknormreg.engine import Data, Network, make_engine
from sknormreg.engine.losses import HalfSquaredError

# The same row 300 000 times, in layers that would take 240 MB each.
network = Network((5, 100, 100, 2), ("tanh", "silu"), HalfSquaredError())
data, rows = Data(np.ones((1, 5)), np.ones((1, 2)), None), np.zeros(300_000, dtype=int)
params, engine = np.full(network.n_params, 0.1), make_engine(network)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
engine.loss_and_gradient(params, data, rows)
engine.raw_predict(network.coefs(params), network.intercepts(params), data.X, rows)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs a peak of memory in kilobytes")
def test_memory_of_a_pass_is_that_of_a_block():
    # The predictions themselves take 5 MB.
    assert float(_python(_MEMORY)) < 40


# An engine's call, or a fit, on a problem that takes minutes, and an interrupt 0.2 s after
# the engine has been called. What the last line prints is how long it took to react.
_INTERRUPT = """
import os, signal, sys, threading, time
import numpy as np
from sknormreg import RegularizedMLPRegressor
from sknormreg._prox_terms import Separable
from sknormreg.engine import Data, Network, make_engine
from sknormreg.engine.compiled_engine import CompiledEngine
from sknormreg.engine.losses import HalfSquaredError
from sknormreg.solvers.adam import AdamStep

signal.signal(signal.SIGINT, signal.default_int_handler)

def interrupt():
    time.sleep(0.2)
    interrupt.time = time.perf_counter()
    os.kill(os.getpid(), signal.SIGINT)

def seconds(call):
    threading.Thread(target=interrupt).start()
    try:
        call()
    except KeyboardInterrupt:
        return time.perf_counter() - interrupt.time
    raise AssertionError("not interrupted")

network = Network((30, 300, 100, 1), ("tanh",) * 2, HalfSquaredError())
# A few rows many times take no memory.
data, rows = Data(np.ones((9, 30)), np.ones((9, 1)), None), np.zeros(20_000_000, dtype=int)
params, engine = np.full(network.n_params, 0.01), make_engine(network)
coefs, intercepts = network.coefs(params), network.intercepts(params)
moments = {name: np.zeros_like(params) for name in ("first", "second")}
adam = AdamStep(
    moments=moments, n_steps=0, rate=1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-8
)
none = [Separable()] * 3
for call in (
    lambda: engine.loss_and_gradient(params, data, rows),
    lambda: engine.raw_predict(coefs, intercepts, data.X, rows),
    lambda: engine.epoch(params, data, rows, 200, adam, none, 1.0, 1.0),
    lambda: engine.epoch(params, data, rows, len(rows), adam, none, 1.0, 1.0),
):
    with engine.threads(params.dtype, len(rows)):
        print(seconds(call))
"""


@pytest.mark.slow
def test_an_interrupt_ends_what_takes_long():
    for reaction in _python(_INTERRUPT).split():
        # It is noticed within 50 ms and a block of rows.
        assert float(reaction) < 1


# Batches of one row make the epoch long that an evaluation of all rows is a part of.
_INTERRUPTED_FIT = """
import os, signal, sys, threading, time, warnings
import numpy as np
from sknormreg import RegularizedMLPRegressor
from sknormreg.engine.compiled_engine import CompiledEngine

signal.signal(signal.SIGINT, signal.default_int_handler)
method, solver = sys.argv[1:]
called, events = getattr(CompiledEngine, method), []

def watched(*arguments, **named):
    if not events:
        events.append("called")
        threading.Thread(target=interrupt).start()
    try:
        return called(*arguments, **named)
    except KeyboardInterrupt:
        events.append("interrupted")
        raise

def interrupt():
    time.sleep(0.2)
    interrupt.time = time.perf_counter()
    os.kill(os.getpid(), signal.SIGINT)

setattr(CompiledEngine, method, watched)
X = np.random.RandomState(0).normal(size=(3000, 20))
mlp = RegularizedMLPRegressor((500, 500), alpha=1.0, batch_size=1, max_iter=1000)
try:
    mlp.set_params(solver=solver, random_state=0, tol=0).fit(X, X[:, 0] ** 2)
except KeyboardInterrupt as error:
    assert str(error).partition(";")[0] == "Training interrupted by user"
else:
    raise AssertionError("not interrupted")
print(time.perf_counter() - interrupt.time)
assert mlp.predict(X).shape == (3000,)
if solver == "adam":
    assert events == ["called", "interrupted"]
"""


@pytest.mark.parametrize(
    ("method", "solver"),
    [
        pytest.param("epoch", "adam", marks=pytest.mark.slow),
        ("loss_and_gradient", "lbfgs"),
    ],
)
def test_an_interrupted_fit_returns(method, solver):
    # As above, and an evaluation of the objective, which takes a few tenths of a second.
    assert float(_python(_INTERRUPTED_FIT, method, solver)) < 2
