"""Is anything left behind by long, interrupted work in two threads?

    python benchmarks/soak.py [--minutes 10] [--seed 0]

Fits, partial fits, predictions, pickles, paths and searches with random settings run in two
threads side by side. In the middle of many of them comes a KeyboardInterrupt: from a signal
in the main thread, as by Ctrl-C, and as an asynchronous exception in the other one. (None
comes while Python's own multiprocessing.pool starts or ends its threads.) Twenty times on
the way both stop, and while they are idle the script looks for threads, open files and
limits on BLAS that were not there before, and at the memory. Fixed fits and predictions
that are repeated all the time must give the same bits.

Exits with 1 if anything is left, if the memory has grown by more than 5 % since a fifth of
the time was over, or if there was an error. `--only 1:345` repeats the piece of work 345 of
thread 1, without interrupts. Linux only, for it reads /proc.
"""

import argparse
import ctypes
import gc
import multiprocessing.pool
import os
import pickle
import resource
import signal
import sys
import threading
import time
import traceback
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from joblib import parallel_config
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import ThreadpoolController

import sknormreg
from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
    regularization_path,
)
from sknormreg.engine.activations import ACTIVATIONS
from sknormreg.penalties import PENALTIES

# Enough for each of two fits to have a helper, however many cores there are.
N_BLAS_THREADS = 4

# The memory at the end is compared with that of the sample at a fifth of the time.
N_SAMPLES, N_WARM_UP, LARGEST_GROWTH = 20, 4, 0.05

PACKAGE = os.path.dirname(sknormreg.__file__)

# Of glibc's mallopt: how many heaps threads allocate from.
M_ARENA_MAX = -8

# Seconds in which the threads of what was interrupted must have ended.
PATIENCE = 20

SHARE_INTERRUPTED = 0.4


# Random settings, and the estimators and data that they stand for


@dataclass
class Problem:
    """An estimator that is not fitted, and what to fit it to."""

    settings: dict
    estimator: BaseEstimator
    X: object
    y: np.ndarray
    sample_weight: np.ndarray | None
    params: dict

    @property
    def data(self):
        return dict(X=self.X, y=self.y, sample_weight=self.sample_weight)


def choice(rng, options):
    return options[rng.integers(len(options))]


def draw(rng, kind):
    """Settings of a piece of work, which are printed where it fails."""
    # For constraints alpha has no meaning, so that there is no path of alphas.
    along_alphas = kind in (path, search)
    penalties = [
        name
        for name, penalty in PENALTIES.items()
        if not (along_alphas and penalty.is_constraint)
    ]
    return dict(
        n_classes=choice(rng, [0, 0, 2, 3]),
        n_columns=choice(rng, [1, 1, 2]),
        n_rows=choice(rng, [40, 100, 400, 1500]),
        n_features=choice(rng, [3, 10, 50]),
        dtype=choice(rng, ["float32", "float64"]),
        csr=choice(rng, [False, True]),
        weighted=choice(rng, [False, True]),
        penalty=choice(rng, penalties),
        activation=choice(rng, sorted(ACTIVATIONS)),
        loss=choice(rng, ["squared_error", "poisson", "huber", "quantile"]),
        alpha=choice(rng, [0.0, 1e-3, 0.1, 3.0, "evidence"]),
        solver=choice(rng, ["auto", "lbfgs", "adam", "sgd"]),
        hidden_layer_sizes=choice(rng, [(), (1,), (6,), (5, 3), (40,)]),
        dropout=choice(rng, [0.0, 0.0, 0.3]),
        early_stopping=choice(rng, [False, True]),
        balanced=choice(rng, [False, True]),
        warm_start=choice(rng, [False, True]),
        max_iter=int(rng.integers(1, 20)),
        alphas=choice(rng, [3, [0.01, 0.1, 1.0]]),
        n_jobs=choice(rng, [None, 2]),
        rule=choice(rng, ["best", "one_se"]),
        relax=choice(rng, [False, True]),
        random_state=int(rng.integers(1000)),
    )


def make(settings, kind):
    s = dict(settings)
    if kind is partial_fit:
        # It takes one epoch over a part of the data.
        s.update(early_stopping=False, balanced=False)
        s["solver"] = "adam" if s["solver"] == "lbfgs" else s["solver"]
    if s["solver"] == "adam" and not PENALTIES[s["penalty"]].has_diagonal_prox:
        s["solver"] = "sgd"
    if s["solver"] == "lbfgs":
        s["dropout"] = 0.0
    if s["penalty"] == "hierarchical":
        s["hidden_layer_sizes"] = s["hidden_layer_sizes"] or (6,)
    names = ["penalty", "activation", "solver", "hidden_layer_sizes", "dropout"]
    names += ["early_stopping", "max_iter", "random_state"]
    params = {name: s[name] for name in names}
    if s["n_classes"]:
        params["class_weight"] = "balanced" if s["balanced"] else None
    else:
        params["loss"] = s["loss"]
    alpha = s["alpha"]
    if alpha == "evidence" and not (kind is fit and has_evidence(s)):
        alpha = 1.0
    estimator = plain_class(s)(alpha=alpha, warm_start=s["warm_start"], **params)
    return Problem(settings, estimator, *make_data(s), params)


def has_evidence(s):
    full_batches = s["solver"] in ("auto", "lbfgs") and not s["dropout"]
    known_loss = s["n_classes"] or s["loss"] == "squared_error"
    return s["penalty"] == "l2" and full_batches and known_loss


def plain_class(s):
    return RegularizedMLPClassifier if s["n_classes"] else RegularizedMLPRegressor


def make_data(s):
    rng = np.random.default_rng(s["random_state"])
    n_rows, shape = s["n_rows"], (s["n_rows"], s["n_features"])
    X = rng.standard_normal(shape) * (rng.random(shape) < 0.5)
    X = X.astype(s["dtype"])
    signal = X[:, 0] + 0.5 * rng.standard_normal(n_rows)
    if s["n_classes"]:
        y = signal.argsort().argsort() * s["n_classes"] // n_rows
        y = np.array(["one", "three", "two"])[y]
        if s["n_columns"] == 2:
            y = np.stack([signal > 0, X[:, 1] > 0], axis=1).astype(int)
    else:
        y = np.abs(signal)
        y = np.stack([y, np.abs(X[:, 1])], axis=1) if s["n_columns"] == 2 else y
    weight = rng.integers(1, 4, n_rows).astype(float) if s["weighted"] else None
    return sparse.csr_array(X) if s["csr"] else X, y, weight


# Kinds of work: each raises an exception where a result is wrong


def fit(problem):
    """A fit, and another one of a clone."""
    first = problem.estimator.fit(**problem.data)
    if first.warm_start:
        first.fit(**problem.data)
        return
    same_bits(weights(first), weights(clone(first).fit(**problem.data)))


def partial_fit(problem):
    """Many of them, on parts of the rows in turn."""
    mlp, s = problem.estimator, problem.settings
    classes = np.unique(problem.y) if s["n_columns"] == 1 else np.arange(2)
    known = dict(classes=classes) if s["n_classes"] else {}
    for i in range(s["max_iter"]):
        rows = np.arange(i % 2, s["n_rows"], 2)
        weight = problem.sample_weight
        weight = None if weight is None else weight[rows]
        mlp.partial_fit(problem.X[rows], problem.y[rows], sample_weight=weight, **known)


def pickled(problem):
    """A fit, its pickle, and predictions of both."""
    mlp = problem.estimator.fit(**problem.data)
    other = pickle.loads(pickle.dumps(mlp))
    same_bits(weights(mlp), weights(other))
    same_bits([mlp.predict(problem.X)], [other.predict(problem.X)])


def path(problem):
    alphas = problem.settings["alphas"]
    regularization_path(**problem.data, estimator=problem.estimator, alphas=alphas)


def search(problem):
    """By the ...CV classes."""
    s = problem.settings
    cls = RegularizedMLPClassifierCV if s["n_classes"] else RegularizedMLPRegressorCV
    problem.estimator = cls(
        alphas=s["alphas"],
        cv=2,
        n_jobs=s["n_jobs"],
        rule=s["rule"],
        relax=s["relax"],
        **problem.params,
    )
    problem.estimator.fit(**problem.data)


def grid_search(problem):
    problem.estimator = GridSearchCV(
        problem.estimator,
        {"alpha": [0.01, 1.0]},
        cv=2,
        n_jobs=problem.settings["n_jobs"],
        error_score="raise",
    )
    problem.estimator.fit(**problem.data)


def weights(mlp):
    return [*mlp.coefs_, *mlp.intercepts_]


def same_bits(found, expected):
    same = len(found) == len(expected) and all(map(np.array_equal, found, expected))
    if not same:
        raise AssertionError("not the same bits")


KINDS = [fit, partial_fit, pickled, path, search, grid_search]


class References:
    """Fits and predictions whose results are known, from before any interrupt.

    Both threads predict with the same estimators.
    """

    def __init__(self):
        common = dict(n_features=50, n_rows=700, weighted=True, early_stopping=False)
        common.update(warm_start=False, max_iter=12, alpha=0.1)
        rng = np.random.default_rng(0)
        self._problems = []
        for solver, penalty in [
            ("lbfgs", "l1"),
            ("lbfgs", "l2"),
            ("adam", "group_lasso"),
            ("sgd", "nuclear"),
        ]:
            for n_classes, csr in [(0, False), (3, True)]:
                own = dict(solver=solver, penalty=penalty, n_classes=n_classes, csr=csr)
                own.update(hidden_layer_sizes=(40,), n_columns=1)
                self._problems.append(make(draw(rng, fit) | common | own, fit))
        self._fitted = [p.estimator.fit(**p.data) for p in self._problems]
        self._predicted = [mlp.predict(p.X) for mlp, p in zip(self._fitted, self._problems)]

    def reference_fit(self, rng):
        i = rng.integers(len(self._problems))
        again = clone(self._fitted[i]).fit(**self._problems[i].data)
        same_bits(weights(again), weights(self._fitted[i]))

    def prediction(self, rng):
        for i in rng.permutation(len(self._problems)):
            predicted = self._fitted[i].predict(self._problems[i].X)
            same_bits([predicted], [self._predicted[i]])


# Interrupts


def is_in_pool(frame):
    """Whether a thread starts or ends a pool of Python's, as joblib does.

    An interrupt there leaves the pool's threads behind, whatever uses it.
    """
    while frame is not None and frame.f_code.co_filename != multiprocessing.pool.__file__:
        frame = frame.f_back
    return frame is not None


class Interrupts:
    """KeyboardInterrupts in the thread that calls `during`.

    Attributes
    ----------
    n_raised : int
        How many there were.

    n_passed_on : int
        How many of them came out of what they interrupted.

    where : str
        What the thread was about when the last of them came.

    is_ours : bool
        Whether that was certainly code of the package.
    """

    def __init__(self):
        self.n_raised = self.n_passed_on = 0
        self.where, self.is_ours = "", False

    def during(self, work, delay):
        """Call `work`, and interrupt it after `delay` seconds unless that is None.

        Returns
        -------
        interrupted : bool
        """
        before = self.n_raised
        try:
            try:
                if delay is not None:
                    self._arm(delay)
                work()
            finally:
                self._disarm()
        except KeyboardInterrupt:
            if self.n_raised == before:
                raise  # the user's own Ctrl-C
            self.n_passed_on += 1
            return True
        return False


class SignalInterrupts(Interrupts):
    """In the main thread, in which Python handles signals."""

    def __init__(self):
        super().__init__()
        self._armed = False
        signal.signal(signal.SIGALRM, self._handle)

    def _handle(self, signum, frame):
        # A signal may come a moment after its timer was stopped.
        if self._armed and is_in_pool(frame):
            signal.setitimer(signal.ITIMER_REAL, 0.001)
        elif self._armed:
            self._armed = False
            self.n_raised += 1
            self.where = "".join(traceback.format_stack(frame))
            self.is_ours = frame.f_code.co_filename.startswith(PACKAGE)
            raise KeyboardInterrupt

    def _arm(self, delay):
        self._armed = True
        signal.setitimer(signal.ITIMER_REAL, delay)

    def _disarm(self):
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._armed = False


class AsynchronousInterrupts(Interrupts):
    """In any thread, sent by one that looks every millisecond whether it is time.

    A few get lost on the way: until a thread that the target starts has run, CPython knows
    it by the identity of the target, and sends it what is meant for that.
    """

    def __init__(self):
        super().__init__()
        # No Condition: an interrupt could come between its taking the lock and saying so.
        self._lock = threading.Lock()
        self._due, self._thread = np.inf, None
        threading.Thread(target=self._watch, name="interrupts", daemon=True).start()

    def _watch(self):
        send = ctypes.pythonapi.PyThreadState_SetAsyncExc
        while True:
            time.sleep(0.001)
            with self._lock:
                if time.monotonic() < self._due:
                    continue
                frame = sys._current_frames()[self._thread]
                if not is_in_pool(frame):
                    self._due = np.inf
                    self.n_raised += 1
                    self.where = "".join(traceback.format_stack(frame))
                    send(ctypes.c_ulong(self._thread), ctypes.py_object(KeyboardInterrupt))

    def _arm(self, delay):
        with self._lock:
            self._thread = threading.get_ident()
            self._due = time.monotonic() + delay

    def _disarm(self):
        with self._lock:
            self._due = np.inf
        time.sleep(0)  # one that has been sent is raised here at the latest


# Work


@dataclass
class Errors:
    """What should not have happened, in any thread."""

    texts: list = field(default_factory=list)
    interrupted_destructors: Counter = field(default_factory=Counter)  # of each thread

    def watch(self):
        sys.unraisablehook = self._unraisable
        threading.excepthook = self._in_thread

    def add(self, title):
        self.texts.append(f"{title}\n{traceback.format_exc()}")

    def _unraisable(self, unraisable):
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            self.interrupted_destructors[threading.get_ident()] += 1
        else:
            self._record("in a destructor", unraisable)

    def _in_thread(self, arguments):
        self._record(f"in {arguments.thread}", arguments)

    def _record(self, title, found):
        found = (found.exc_type, found.exc_value, found.exc_traceback)
        self.texts.append("".join([f"{title}\n", *traceback.format_exception(*found)]))


class Worker:
    """One piece of work after the other, each of its own seed."""

    def __init__(self, index, seed, references, interrupts, errors):
        self.index, self.seed = index, seed
        self.references, self.interrupts, self.errors = references, interrupts, errors
        self.done, self.interrupted = Counter(), Counter()
        self.number = self.n_lost_elsewhere = 0

    def work_until(self, end):
        while time.monotonic() < end:
            self.piece(self.number)
            self.number += 1

    def piece(self, number, kind=None, interruptible=True):
        rng = np.random.default_rng([self.seed, self.index, number])
        drawn = choice(rng, [*KINDS, References.reference_fit, References.prediction])
        kind = kind or drawn
        delay = 10 ** rng.uniform(-4, -0.5) if rng.random() < SHARE_INTERRUPTED else None
        delay = delay if interruptible else None
        settings, n_lost = None, self._n_lost()
        try:
            # Threads rather than processes, as the ...CV classes do.
            with parallel_config("threading"):
                if kind in KINDS:
                    settings = draw(rng, kind)
                    problem = make(settings, kind)
                    interrupted = self.interrupts.during(lambda: kind(problem), delay)
                    if interrupted:
                        go_on(problem, kind)
                else:
                    interrupted = self.interrupts.during(
                        lambda: kind(self.references, rng), delay
                    )
            self.done[kind.__name__] += 1
            self.interrupted[kind.__name__] += interrupted
            if self._n_lost() > n_lost:
                self._lost()
        except Exception:
            self.errors.add(
                f"{kind.__name__}, --seed {self.seed} --only {self.index}:{number}, "
                f"interrupt after {delay} s, {settings}"
            )

    def _lost(self):
        """NumPy's comparisons of strings, for one, swallow whatever comes in them."""
        if self.interrupts.is_ours:
            raise RuntimeError(f"An interrupt was swallowed at\n{self.interrupts.where}")
        self.n_lost_elsewhere += 1

    def _n_lost(self):
        """Interrupts that neither came out of the work nor hit a destructor."""
        seen = self.interrupts.n_passed_on
        seen += self.errors.interrupted_destructors[threading.get_ident()]
        return self.interrupts.n_raised - seen


def go_on(problem, kind):
    """An estimator after an interrupt is not fitted or predicts, and can be fitted."""
    estimator = problem.estimator
    if kind is grid_search:
        return  # scikit-learn's has some of its attributes then
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        pass
    else:
        estimator.predict(problem.X)
        for array in weights(estimator):
            assert np.isfinite(array).all()
    if kind in (fit, partial_fit):
        kind(problem)


# What is there while nothing works


@dataclass
class State:
    """Of the process."""

    resident: float  # MiB
    threads: list  # names of Python's
    n_tasks: int  # threads of the system
    n_files: int
    blas: list  # threads of each library

    @classmethod
    def now(cls):
        gc.collect()
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)  # fragments are not counted
        with open("/proc/self/statm") as statm:
            resident = int(statm.read().split()[1]) * resource.getpagesize() / 2**20
        blas = ThreadpoolController().select(user_api="blas").lib_controllers
        # An interrupt on the way into a pool leaves its threads, whatever uses it.
        frames = sys._current_frames()
        in_pools = [t for t in threading.enumerate() if is_in_pool(frames.get(t.ident))]
        return cls(
            resident,
            sorted(t.name for t in threading.enumerate() if t not in in_pools),
            len(os.listdir("/proc/self/task")) - len(in_pools),
            len(os.listdir("/proc/self/fd")),
            [library.num_threads for library in blas],
        )

    def left_over(self, before):
        """What is here and was not before, as a list of str."""
        found = []
        if self.threads != before.threads:
            found.append(f"threads {self.threads}, before {before.threads}")
        if self.n_tasks > before.n_tasks:
            found.append(f"{self.n_tasks} threads of the system, before {before.n_tasks}")
        if self.n_files > before.n_files:
            found.append(f"{self.n_files} open files, before {before.n_files}")
        if self.blas != before.blas:
            found.append(f"BLAS has {self.blas} threads, before {before.blas}")
        return found


def stacks(before):
    """Where the threads are that were not there before."""
    frames = sys._current_frames()
    return [
        "".join([f"{thread.name} is at\n", *traceback.format_stack(frames[thread.ident])])
        for thread in threading.enumerate()
        if thread.name not in before.threads and thread.ident in frames
    ]


def settled(before):
    """The state once threads that are about to end have ended."""
    end = time.monotonic() + PATIENCE
    while (state := State.now()).left_over(before) and time.monotonic() < end:
        time.sleep(0.05)
    return state


def multiply():
    """Products so large that each thread of BLAS takes all of its buffer, for good."""
    for dtype in (np.float32, np.float64):
        matrix = np.ones((1500, 1500), dtype)
        for _ in range(20):
            matrix @ matrix


class Soak:
    """Two workers, and the states of the process in the pauses between."""

    def __init__(self, seed):
        self.errors = Errors()
        references = References()
        kinds = SignalInterrupts(), AsynchronousInterrupts()
        self.workers = [
            Worker(index, seed, references, interrupts, self.errors)
            for index, interrupts in enumerate(kinds)
        ]
        self.states, self.problems = [], []

    def run(self, minutes):
        self.errors.watch()
        with ThreadPoolExecutor(1, thread_name_prefix="other") as other:
            self._prepare(other)
            time.sleep(1)
            self.before = State.now()
            start = time.monotonic()
            for i in range(1, N_SAMPLES + 1):
                self._work_until(start + 60 * minutes * i / N_SAMPLES, other)
                self._look(time.monotonic() - start)

    def _prepare(self, other):
        """Every kind once in each thread: libraries load, and BLAS fills its buffers."""
        side_by_side = other.submit(multiply)
        multiply()
        side_by_side.result()
        for kind in [*KINDS, References.reference_fit, References.prediction]:
            self.workers[0].piece(0, kind, interruptible=False)
            other.submit(self.workers[1].piece, 0, kind, interruptible=False).result()
        for worker in self.workers:
            worker.done.clear()

    def _work_until(self, end, other):
        side_by_side = other.submit(self.workers[1].work_until, end)
        self.workers[0].work_until(end)
        side_by_side.result()

    def _look(self, seconds):
        state = settled(self.before)
        self.states.append(state)
        left = state.left_over(self.before)
        self.problems += [f"after {seconds:.0f} s: {found}" for found in left]
        for line in left and [*left, *stacks(self.before)]:
            print(line)
        print(
            f"{seconds / 60:7.2f} {self.total('done'):8} {self.total('interrupted'):11} "
            f"{state.resident:11.1f} {state.n_tasks:8} {state.n_files:6} {state.blas!s:>8}",
            flush=True,
        )

    def total(self, name):
        return sum(sum(getattr(worker, name).values()) for worker in self.workers)

    def finish(self):
        """Print what was done and what is wrong; true if nothing is."""
        self._print_counts()
        raised, passed_on = (
            sum(getattr(worker.interrupts, name) for worker in self.workers)
            for name in ("n_raised", "n_passed_on")
        )
        elsewhere = sum(worker.n_lost_elsewhere for worker in self.workers)
        in_destructors = self.errors.interrupted_destructors.total()
        print(
            f"\ninterrupts: {raised} raised, {passed_on} passed on, {in_destructors} in "
            f"destructors, where Python drops them, {elsewhere} lost in code of others"
        )
        warm, end = self.states[N_WARM_UP - 1].resident, self.states[-1].resident
        growth = end / warm - 1
        print(
            f"memory: {warm:.1f} MiB after the warm-up, {end:.1f} at the end: {growth:+.1%}"
        )
        if growth > LARGEST_GROWTH:
            self.problems.append(f"The memory has grown by {growth:.1%}.")
        print(f"errors: {len(self.errors.texts)}")
        for text in [*self.problems, *self.errors.texts[:10]]:
            print(f"\n{text}")
        if not (self.problems or self.errors.texts):
            print("nothing is left behind")
            return True
        return False

    def _print_counts(self):
        print(f"\n{'kind':15} {'done':>8} {'interrupted':>12}")
        for kind in [*KINDS, References.reference_fit, References.prediction]:
            name = kind.__name__
            done, interrupted = (
                sum(counts[name] for counts in both)
                for both in zip(*((w.done, w.interrupted) for w in self.workers))
            )
            print(f"{name:15} {done:8} {interrupted:12}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="thread:number of the piece of work to repeat")
    arguments = parser.parse_args()
    if not os.path.exists("/proc/self/statm"):
        parser.error("needs Linux's /proc")
    # Each new heap of glibc's takes minutes to fill its fragments; that is no leak.
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)
    # Arithmetic must not warn; that fits end before they converge is as asked for.
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", RuntimeWarning)
    blas = ThreadpoolController().select(user_api="blas")
    with blas.limit(limits=N_BLAS_THREADS):
        soak = Soak(arguments.seed)
        if arguments.only:
            thread, number = map(int, arguments.only.split(":"))
            soak.workers[thread].piece(number, interruptible=False)
            print(*soak.errors.texts or ["no error"], sep="\n\n")
            sys.exit(bool(soak.errors.texts))
        print(
            f"{'minutes':>7} {'pieces':>8} {'interrupted':>11} {'memory, MiB':>11} "
            f"{'threads':>8} {'files':>6} {'BLAS':>8}"
        )
        soak.run(arguments.minutes)
        sys.exit(not soak.finish())


if __name__ == "__main__":
    main()
