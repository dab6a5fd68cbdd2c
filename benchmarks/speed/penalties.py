"""How much slower are minibatches with a penalty other than L2?

For 20000 x 784 with a hidden layer of 100 units and batches of 200, and for 10000 x 50 with
50 units and batches of 32, in single precision. "-" is a penalty that Adam refuses; "seam"
is the L2 penalty as a class of a user's own, whose prox is called after every minibatch.
Takes some minutes.
"""

import warnings
from functools import partial

from _timing import Turns
from sklearn.exceptions import ConvergenceWarning

from sknormreg.penalties import L2, PENALTIES

from . import _epochs as epochs

SHAPES = (
    epochs.Shape(20_000, 784, (100,), 10, 200),
    epochs.Shape(10_000, 50, (50,), 10, 32),
)
COLUMNS = [(shape, solver) for shape in SHAPES for solver in ("adam", "sgd")]


class OwnL2(L2):
    """The same penalty, of which the engine knows nothing but the proximal operator."""

    def prox(self, weights, step):
        return super().prox(weights, step)


def ratios(penalties, shape, solver, arguments):
    """Return the ratio to L2 for each penalty that the solver takes."""
    X, y = shape.draw()
    make_timing = partial(epochs.our_epoch, shape, X, y, arguments.least_seconds)
    turns = Turns(
        {
            name: make_timing(solver=solver, penalty=penalty)
            for name, penalty in penalties.items()
            if solver != "adam" or penalty.has_diagonal_prox
        }
    ).take(arguments.repeats)
    return {name: turns.ratio(name, "l2") for name in turns.names}


def add_arguments(parser):
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="+", metavar="PENALTY", help="penalties to time")
    parser.add_argument("--least-seconds", type=float, default=0.1, help="of a timing")


def run(arguments):
    warnings.simplefilter("ignore", ConvergenceWarning)
    penalties = {name: cls() for name, cls in PENALTIES.items()} | {"seam": OwnL2()}
    if arguments.only:
        penalties = {name: penalties[name] for name in ("l2", *arguments.only)}
    found = [ratios(penalties, *column, arguments) for column in COLUMNS]
    titles = [
        f"{shape.n_samples} x {shape.n_features} {solver}" for shape, solver in COLUMNS
    ]
    print(f"{'epoch / that with L2':20s}" + "".join(f"{title:>18s}" for title in titles))
    for name in penalties:
        cells = [f"{column[name]:.2f}" if name in column else "-" for column in found]
        print(f"{name:20s}" + "".join(f"{cell:>18s}" for cell in cells))
