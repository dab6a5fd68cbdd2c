"""How much curvature should a full-batch solver remember?

Two settings: the number of curvature pairs of the projected scaled sub-gradient method, and
the accepted steps after which PANOC+ tries a longer step size. Digits and breast cancer,
one hidden layer of 50 units, some starts each: medians of the evaluations until the
optimality is `--tol`, of the seconds, and how many of the starts got there within 5000
evaluations.

    OPENBLAS_NUM_THREADS=1 python benchmarks/solver_memory.py [--starts 5] [--tol 1e-4]
        [--only TABLE ...]

Takes about ten minutes.
"""

import argparse
import time
from statistics import median
from unittest import mock

from _objectives import classifier_objective, initial_params
from _tables import scaled

from sknormreg.penalties import L1, GroupLasso, GroupMCP, MaxNorm, Nuclear
from sknormreg.solvers.panoc import PANOC
from sknormreg.solvers.working_set import WorkingSet

TABLES, MOST_EVALUATIONS = ("digits", "breast_cancer"), 5000


def race(solver, X, y, penalty, n_starts):
    """Yield evaluations, seconds and whether it got there, for each start."""
    objective = classifier_objective(X, y, (50,), "tanh", penalty, alpha=1.0)
    for seed in range(n_starts):
        params = initial_params(objective, seed)
        start = time.perf_counter()
        n_rows_seen = 0
        for iterate in solver.iterate(objective, objective.to_solver(params)):
            n_rows_seen += iterate.n_rows_seen
        seconds = time.perf_counter() - start
        yield n_rows_seen // len(X), seconds, iterate.status == "converged"


def report(title, *args):
    evaluations, seconds, arrived = zip(*race(*args))
    print(
        f"{title:46s} {median(evaluations):6.0f} {median(seconds):8.2f} "
        f"{sum(arrived):3d} of {len(arrived)}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--tol", type=float, default=1e-4)
    parser.add_argument("--only", nargs="+", metavar="TABLE", default=TABLES)
    arguments = parser.parse_args()
    options = dict(tol=arguments.tol, max_fun=MOST_EVALUATIONS)
    print(f"{'':46s} {'evals':>6s} {'seconds':>8s} {'arrived':>8s}")
    for name in arguments.only:
        X, y = scaled(name)
        for penalty in (L1(), GroupLasso(), GroupMCP()):
            for memory in (5, 10, 20, 50, 100):
                solver = WorkingSet(memory=memory, **options)
                title = f"{name}, {type(penalty).__name__}, {memory} pairs"
                report(title, solver, X, y, penalty, arguments.starts)
        for penalty in (MaxNorm(1.0), Nuclear()):
            for patience in (5, 10, 20, 50, 1000):
                solver = PANOC(**options)
                title = f"{name}, {type(penalty).__name__}, patience {patience}"
                with mock.patch("sknormreg.solvers.panoc._PATIENCE", patience):
                    report(title, solver, X, y, penalty, arguments.starts)


if __name__ == "__main__":
    main()
