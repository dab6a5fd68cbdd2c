"""Several random starts: their random numbers, their threads, and which of them is best."""

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs

from ..engine import Network
from .fit import FittedNetwork
from .specification import NetworkSpec
from .training import CurrentParams, Watcher

Result = TypeVar("Result")


def further_seeds(random_state: np.random.RandomState, n_init: int) -> list[int]:
    """Return the seeds of all starts but the first, which has the random state itself.

    They are drawn from a copy: the first start draws what a single start does, and a larger
    number of starts adds to those of a smaller one.
    """
    seeds = copy.deepcopy(random_state).randint(np.iinfo(np.int32).max, size=n_init - 1)
    return seeds.tolist()


def start_seeds(seed: int, n_init: int) -> list[int]:
    """Return the seeds of all starts, the given one first."""
    return [seed, *further_seeds(np.random.RandomState(seed), n_init)]


def with_split_of(spec: NetworkSpec, random_state: np.random.RandomState) -> NetworkSpec:
    """Return a specification that holds out the samples which `random_state` draws now.

    The held-out losses of starts can be compared only if they are of the same samples.
    """
    if spec.hold_out is None:
        return spec
    return replace(
        spec, hold_out=partial(_same_split, spec.hold_out, copy.deepcopy(random_state))
    )


def _same_split(hold_out, random_state, data, rows, _):
    return hold_out(data, rows, copy.deepcopy(random_state))


def criterion(fitted: FittedNetwork) -> float:
    """Return the number that is smallest for the best of several starts.

    That is J, unless something else decides which weights a training returns: the loss of
    the held-out samples where that does, the evidence where alphas are chosen by it.
    """
    training = fitted.training
    value = training.loss
    if training.validation_loss is not None:
        value = training.validation_loss
    elif training.evidence is not None:
        value = -training.evidence.log_evidence
    return np.inf if np.isnan(value) else float(value)


def best(fits: Iterable[FittedNetwork]) -> FittedNetwork:
    """Return the best of several starts, the first of those that are equal."""
    return min(fits, key=criterion)


def in_threads(calls: Sequence[Callable[[], Result]], n_jobs: int | None) -> list[Result]:
    """Call functions, `n_jobs` of them at a time; return what they return, in order.

    They share the memory of one process, in which the compiled engine works outside of
    Python's lock.
    """
    # Of `joblib.parallel_config`, which would not apply where threads are required.
    n_threads = effective_n_jobs(n_jobs)
    if n_threads == 1:
        return [call() for call in calls]
    parallel = Parallel(n_jobs=n_threads, require="sharedmem", batch_size=1)
    return parallel(delayed(call)() for call in calls)


@dataclass
class Halt:
    """Tells the starts of one fit to end, whatever thread they are in.

    Attributes
    ----------
    is_called : bool
    """

    is_called: bool = False


class OneOfSeveral(Watcher):
    """Watches one of several starts, which ends when a halt is called.

    Parameters
    ----------
    name : str
        Of the start, in what is printed.

    halt : Halt

    watcher : Watcher or None
        Is told of everything, too.
    """

    def __init__(self, name: str, halt: Halt, watcher: Watcher | None) -> None:
        self.name, self._halt, self._inner = name, halt, watcher or Watcher()

    def begin_iteration(self, network: Network, params: CurrentParams, n_iter: int) -> None:
        self._inner.begin_iteration(network, params, n_iter)

    def end_iteration(
        self, network: Network, params: CurrentParams, n_iter: int
    ) -> bool | None:
        asked = self._inner.end_iteration(network, params, n_iter)
        return asked or self._halt.is_called


def name_of_start(index: int, n_init: int) -> str:
    """Return the name of a start, counted from 0, in what is printed."""
    return f"start {index + 1} of {n_init}"
