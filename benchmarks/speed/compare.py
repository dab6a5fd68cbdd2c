"""Is one version of the package slower than another?

    python benchmarks/speed compare PATH_A PATH_B [--only SUBSTRING ...] [--limit 0.02]

PATH_A and PATH_B are checkouts, each with its extension built (pip install -e). Every round
starts a new process for each, and lets the two take turns with a table of fits and
predictions, on one thread; what is measured is the time of the processor. Prints the
milliseconds of A, the median and the quartiles over all turns of the ratio of B to A, the
ratio of the fastest of all turns, and geometric means of both ratios.

Exits with 1 if B is slower by more than the limit: both means are, or both the lower
quartile and the ratio of the fastest are for one of the fits. On a busy machine, where
processes share caches, quartiles are far apart: take more rounds. A round takes about a
minute.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

from _checkouts import environment_of
from _timing import Turns

BENCHMARKS = Path(__file__).resolve().parents[1]


class Checkout:
    """A version of the package, and the process that runs it."""

    def __init__(self, path, least_seconds):
        self.path = Path(path).resolve()
        self._least_seconds = least_seconds
        self._process = None
        self.engine = None

    def __enter__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "speed._worker"],
            # `-m` puts this folder in front of the checkout; it has no sknormreg.
            cwd=BENCHMARKS,
            env=environment_of(self.path),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        file, self.engine = self._read()
        if not Path(file).is_relative_to(self.path):
            raise SystemExit(f"{file} was imported, which is not in {self.path}.")
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _read(self):
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"The process of {self.path} ended: see above.")
        return json.loads(line)

    def _ask(self, name, n_calls):
        question = dict(name=name, n_calls=n_calls, least_seconds=self._least_seconds)
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        found = self._read()
        if "error" in found:
            raise ValueError(f"{self.path}: {found['error']}")
        return found["answer"]

    def calls_needed(self, name):
        """Return how many calls take as long as a timing should; it warms up, too."""
        return self._ask(name, 0)

    def seconds(self, name, n_calls):
        """Return the seconds of a call."""
        return self._ask(name, n_calls)


class Fit:
    """A fit that two checkouts take turns with."""

    def __init__(self, name, a, b):
        self.name, self._both, self._n_calls = name, (a, b), 1
        self.turns = Turns(
            {
                "A": lambda: a.seconds(name, self._n_calls),
                "B": lambda: b.seconds(name, self._n_calls),
            }
        )

    def warm_up(self):
        self._n_calls = max(checkout.calls_needed(self.name) for checkout in self._both)

    def quartiles(self):
        return statistics.quantiles(self.turns.ratios("B", "A"), method="inclusive")


def take_rounds(fits, a, b, arguments):
    """Time all fits; return those that both checkouts know."""
    failed = set()
    for turn in range(arguments.rounds):
        print(f"round {turn + 1} of {arguments.rounds}", file=sys.stderr, flush=True)
        with a, b:
            if a.engine != b.engine:
                raise SystemExit(
                    f"A runs on the {a.engine} engine and B on the {b.engine} one. Build "
                    "the extension of both with pip install -e, or set SKNORMREG_ENGINE."
                )
            for fit in fits:
                if fit in failed:
                    continue
                try:
                    fit.warm_up()
                    fit.turns.take(arguments.turns)
                except ValueError as error:
                    print(f"left out: {fit.name}: {error}", file=sys.stderr)
                    failed.add(fit)
    return [fit for fit in fits if fit not in failed]


def report(fits, limit):
    """Print the table; return whether B is slower."""
    width = max(len(fit.name) for fit in fits)
    print(
        f"{'fit':{width}s} {'A, ms':>9s} {'B / A':>7s} {'quartiles':>13s} {'fastest':>8s}"
    )
    medians, of_fastest, slower = [], [], []
    for fit in fits:
        low, median, high = fit.quartiles()
        fastest = fit.turns.fastest("B") / fit.turns.fastest("A")
        medians.append(median)
        of_fastest.append(fastest)
        mark = ""
        if min(low, fastest) > 1 + limit:
            slower.append(fit.name)
            mark = "  slower"
        print(
            f"{fit.name:{width}s} {1000 * fit.turns.seconds('A'):9.2f} {median:7.3f} "
            f"{low:6.3f} {high:6.3f} {fastest:8.3f}{mark}"
        )
    means = [statistics.geometric_mean(ratios) for ratios in (medians, of_fastest)]
    print(f"geometric means: B / A {means[0]:.3f}, fastest {means[1]:.3f}")
    print(f"slower by more than {limit:.0%}: {', '.join(slower) or 'none'}")
    return bool(slower) or min(means) > 1 + limit


def add_arguments(parser):
    parser.add_argument("a", metavar="PATH_A")
    parser.add_argument("b", metavar="PATH_B")
    parser.add_argument("--only", nargs="+", default=[""], metavar="SUBSTRING")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--turns", type=int, default=3, help="of each fit in a round")
    parser.add_argument("--least-seconds", type=float, default=0.2, help="of a timing")
    parser.add_argument("--limit", type=float, default=0.02)


def run(arguments):
    from ._fits import FITS

    if arguments.rounds * arguments.turns < 2:
        raise SystemExit("quartiles need two turns: increase --rounds or --turns")
    a, b = (Checkout(path, arguments.least_seconds) for path in (arguments.a, arguments.b))
    names = [name for name in FITS if any(part in name for part in arguments.only)]
    if not names:
        raise SystemExit(f"no fit has one of {arguments.only} in its name: {list(FITS)}")
    fits = take_rounds([Fit(name, a, b) for name in names], a, b, arguments)
    if not fits:
        raise SystemExit("there is no fit that both can do")
    raise SystemExit(report(fits, arguments.limit))
