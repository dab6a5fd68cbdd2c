"""A clock that tests turn by hand."""

import time


class Clock:
    """Stands for `time.perf_counter` and `time.monotonic`."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(time, "perf_counter", self)
        monkeypatch.setattr(time, "monotonic", self)

    def __call__(self):
        return self.now

    def turn(self, seconds):
        self.now += seconds
