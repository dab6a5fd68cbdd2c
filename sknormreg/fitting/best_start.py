"""A fit from several random starts, of which the best is kept."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..engine import Data, Network
from ..solvers import Status
from .fit import FittedNetwork, fit_network
from .report import Lines
from .specification import NetworkSpec
from .starts import (
    Halt,
    OneOfSeveral,
    criterion,
    further_seeds,
    in_threads,
    name_of_start,
    with_split_of,
)
from .training import CurrentParams, Watcher


class StartWatcher(Watcher):
    """Is told of every iteration of a start, and of its end; this one does nothing."""

    def end(self, fitted: FittedNetwork) -> bool | None:
        """Take note of the end of the start; return true to end the others, too."""


def fit_from_starts(
    spec: NetworkSpec,
    data: Data,
    *,
    random_state: np.random.RandomState,
    watchers: Sequence[StartWatcher],
    n_jobs: int | None = None,
    deadline: float = np.inf,
    **options: Any,
) -> FittedNetwork:
    """Fit a network from `spec.n_init` random starts, and return the best (`criterion`).

    Parameters
    ----------
    spec : NetworkSpec
        With ``verbose=1``, several starts print a line each at their ends, and others while
        they take long; with more, one for each iteration as well.

    data : Data

    random_state : RandomState
        Of the first start, which is what a single start would be.

    watchers : list of StartWatcher
        One for each start.

    n_jobs : int or None
        Number of starts that are fitted at once, in threads. Results do not depend on it,
        unless something ends the fit early.

    deadline : float
        Value of `time.monotonic` from which on no further iteration begins, and no start
        but the first.

    **options : as `fit_network` takes them

    Returns
    -------
    fitted : FittedNetwork
        If it was interrupted, the best so far, with that status.
    """
    if spec.n_init == 1:
        return fit_network(
            spec,
            data,
            random_state=random_state,
            deadline=deadline,
            watcher=watchers[0],
            **options,
        )
    # Before the first start draws from it.
    shared = with_split_of(spec, random_state)
    seeds = further_seeds(random_state, spec.n_init)
    random_states = [random_state, *map(np.random.RandomState, seeds)]
    starts = _Starts(spec, deadline)
    calls = [
        partial(
            starts.run,
            index,
            watcher,
            partial(
                fit_network,
                starts.quiet(shared if index else spec),
                data,
                random_state=own,
                deadline=deadline,
                **options,
            ),
        )
        for index, (own, watcher) in enumerate(zip(random_states, watchers, strict=True))
    ]
    try:
        in_threads(calls, n_jobs)
    except KeyboardInterrupt:
        if not starts.interrupt():
            raise
    except BaseException:
        starts.halt.is_called = True
        raise
    return starts.best()


class _Starts:
    """Several starts, in one thread or in several: what they have found.

    Attributes
    ----------
    halt : Halt
        Called where none of them is to go on.
    """

    def __init__(self, spec: NetworkSpec, deadline: float) -> None:
        self._n_init, self._max_time = spec.n_init, spec.settings.max_time
        self._deadline = deadline
        # Others are not kept: posteriors are large.
        self._best: FittedNetwork | None = None
        self._rank: tuple[float, int] = (np.inf, spec.n_init)
        self._statuses: list[Status] = []
        self.halt, self._is_interrupted = Halt(), False
        self._n_running, self._has_changed = 0, threading.Condition()
        self._verbose, self._lines = int(spec.settings.verbose), Lines()

    def quiet(self, spec: NetworkSpec) -> NetworkSpec:
        """Return a specification whose fits print their iterations only if asked to."""
        verbose = self._verbose if self._verbose > 1 else False
        return replace(spec, settings=replace(spec.settings, verbose=verbose))

    # In the thread of a start

    def run(
        self, index: int, watcher: StartWatcher, fit: Callable[..., FittedNetwork]
    ) -> None:
        """Make a start, unless it is too late for it."""
        with self._has_changed:
            is_late = index > 0 and time.monotonic() >= self._deadline
            if self.halt.is_called or is_late:
                return
            self._n_running += 1
        try:
            lines = self._lines if self._verbose == 1 else None
            name = name_of_start(index, self._n_init)
            begin = time.perf_counter()
            fitted = fit(watcher=_Printing(name, self.halt, watcher, lines))
            self._add(index, name, fitted, time.perf_counter() - begin)
            is_interrupted = fitted.training.status is Status.INTERRUPTED
            if is_interrupted or watcher.end(fitted):
                self.halt.is_called = True
        finally:
            with self._has_changed:
                self._n_running -= 1
                self._has_changed.notify_all()

    def _add(self, index, name, fitted, seconds):
        status, rank = fitted.training.status, (criterion(fitted), index)
        with self._has_changed:
            self._statuses.append(status)
            self._is_interrupted |= status is Status.INTERRUPTED
            is_best = rank < self._rank
            if is_best:
                self._best, self._rank = fitted, rank
            if self._verbose:
                self._lines.print(
                    f"{name}: {_value(fitted)}",
                    f"{fitted.training.n_iter} iterations",
                    f"{seconds:.1f} s",
                    "the best so far" if is_best and len(self._statuses) > 1 else "",
                )

    # In the thread that waits for them

    def interrupt(self) -> bool:
        """Have those that run end with their iteration; return whether any is there."""
        self._is_interrupted = self.halt.is_called = True
        with self._has_changed:
            self._has_changed.wait_for(lambda: not self._n_running)
        return self._best is not None

    def best(self) -> FittedNetwork:
        """Return the best network, with a warning if the time was too short for all."""
        fitted = self._best
        assert fitted is not None
        if self._is_interrupted:
            interrupted = replace(fitted.training, status=Status.INTERRUPTED)
            return replace(fitted, training=interrupted, warning=None)
        n_whole = sum(status is not Status.MAX_TIME for status in self._statuses)
        if n_whole == self._n_init or self.halt.is_called:
            return fitted
        warning = (
            f"max_time={self._max_time:g} seconds were over after {n_whole} of "
            f"n_init={self._n_init} starts. Increase max_time."
        )
        return replace(fitted, warning=" ".join(filter(None, [warning, fitted.warning])))


class _Printing(OneOfSeveral):
    """Prints a line while a start takes long."""

    def __init__(
        self, name: str, halt: Halt, watcher: Watcher, lines: Lines | None
    ) -> None:
        super().__init__(name, halt, watcher)
        self._lines = lines

    def end_iteration(
        self, network: Network, params: CurrentParams, n_iter: int
    ) -> bool | None:
        if self._lines is not None and self._lines.are_due():
            seconds = f"{self._lines.seconds:.1f} s"
            self._lines.print(f"{self.name}: iteration {n_iter}", seconds)
        return super().end_iteration(network, params, n_iter)


def _value(fitted):
    """Return the text about what starts are compared by."""
    value, training = criterion(fitted), fitted.training
    if training.validation_loss is not None:
        return f"validation loss = {value:.6g}"
    if training.evidence is not None:
        return f"log evidence = {-value:.6g}"
    return f"loss = {value:.8g}"
