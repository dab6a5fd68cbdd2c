"""Measure times: what is compared takes turns, and a ratio is of two times of one turn.

A timing is a callable without arguments that returns seconds. What else the machine does
for a minute slows down all timings of a turn, and the median over turns leaves it out.
"""

import statistics
import time

# Time on the wall is what counts where threads are part of the question. Time of the
# processor depends less on what else runs, and is the one to take for a single thread.
WALL, PROCESSOR = time.perf_counter, time.process_time


def seconds_of(function, clock=WALL):
    """Time one call."""
    start = clock()
    function()
    return clock() - start


def seconds_of_fit(estimator, X, y, clock=WALL):
    """Time one fit."""
    return seconds_of(lambda: estimator.fit(X, y), clock)


def per_call(function, least_seconds, clock=WALL):
    """Return a timing of one call, over as many calls as take `least_seconds`."""

    def seconds(n_calls):
        return seconds_of(lambda: [function() for _ in range(n_calls)], clock)

    n_calls = enough(seconds, least_seconds)
    return lambda: seconds(n_calls) / n_calls


def per_epoch(fit, least_seconds):
    """Return a timing of one epoch, from the difference of two fits.

    What a fit does before its first epoch and after the last is not counted.

    Parameters
    ----------
    fit : callable
        Maps a number of epochs to the seconds of the fit.

    least_seconds : float
        Of the shorter fit.
    """
    n_epochs = enough(fit, least_seconds)

    def seconds():
        difference = 0.0
        # The shorter fit can only take longer where the machine was busy.
        while difference <= 0:
            difference = fit(3 * n_epochs) - fit(n_epochs)
        return difference / (2 * n_epochs)

    return seconds


def enough(seconds, least_seconds):
    """Return the first power of two that takes as long, after a warm-up.

    Parameters
    ----------
    seconds : callable
        Maps a number of repetitions to the seconds that they take.

    least_seconds : float
    """
    seconds(1)
    n = 1
    while seconds(n) < least_seconds:
        n *= 2
    return n


class Turns:
    """Timings that take turns.

    Parameters
    ----------
    timings : dict of str to callable, or to a list of callables
        Of a list, the fastest of each turn counts.

    pause : float
        Seconds to wait before a timing: threads of BLAS and OpenMP stay awake for a while
        after use.
    """

    def __init__(self, timings, pause=0.0):
        self._timings = {
            name: timing if isinstance(timing, list) else [timing]
            for name, timing in timings.items()
        }
        self._pause = pause
        self._turns = []

    @property
    def names(self):
        return list(self._timings)

    def take(self, n_turns=1):
        """Time everything in turn, every second time in the opposite order."""
        for _ in range(n_turns):
            names = self.names[:: -1 if len(self._turns) % 2 else 1]
            self._turns.append({name: self._fastest(name) for name in names})
        return self

    def _fastest(self, name):
        seconds = []
        for timing in self._timings[name]:
            time.sleep(self._pause)
            seconds.append(timing())
        return min(seconds)

    def seconds(self, name):
        """Return the median over the turns."""
        return statistics.median(turn[name] for turn in self._turns)

    def fastest(self, name):
        """Return the shortest of all turns, which depends least on what else runs."""
        return min(turn[name] for turn in self._turns)

    def ratios(self, name, base):
        """Return the ratio of two times for each turn."""
        return [turn[name] / turn[base] for turn in self._turns]

    def ratio(self, name, base):
        """Return the median over the turns of the ratio of two times."""
        return statistics.median(self.ratios(name, base))
