"""Evaluations to a stationary point, by how much curvature a full-batch solver remembers.

The evidence for two settings. The number of curvature pairs of the projected scaled
sub-gradient method with penalties that have a curvature of their own; and after how many
accepted steps PANOC+ tries a longer step size. Digits and breast cancer, one hidden layer
of 50 units, five starts each: medians of the evaluations until the optimality is 1e-4, of
the seconds, and how many of the five got there within 5000 evaluations.

    OPENBLAS_NUM_THREADS=1 python benchmarks/bench_curvature.py

Takes about ten minutes.
"""

import time
from contextlib import contextmanager
from statistics import median

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.preprocessing import StandardScaler

from sknormreg.engine import Data, Network, make_engine
from sknormreg.engine.losses import BinaryLogLoss, MultinomialLogLoss
from sknormreg.fitting.objective import Objective
from sknormreg.penalties import GroupLasso, GroupMCP, MaxNorm, Nuclear
from sknormreg.solvers import panoc
from sknormreg.solvers.panoc import PANOC
from sknormreg.solvers.projected_subgradient import ProjectedSubgradient

N_STARTS, MOST_EVALUATIONS = 5, 5000


def problems():
    for name, load in (("digits", load_digits), ("breast cancer", load_breast_cancer)):
        X, y = load(return_X_y=True)
        X = StandardScaler().fit_transform(X)
        n_classes = len(set(y))
        loss = BinaryLogLoss() if n_classes == 2 else MultinomialLogLoss(n_classes)
        n_outputs = 1 if n_classes == 2 else n_classes
        y = y[:, None].astype(float) if n_classes == 2 else y
        network = Network((X.shape[1], 50, n_outputs), ("tanh",), loss)
        yield name, network, Data(X, y, None)


def race(solver, network, data, penalty):
    """Evaluations, seconds and whether it got there, for each start."""
    objective = Objective(make_engine(network), data, None, penalty, alpha=1.0)
    for seed in range(N_STARTS):
        random_state = np.random.RandomState(seed)
        params = network.initial_params(objective.best_constant(), random_state, float)
        params = objective.feasible(params)
        start = time.perf_counter()
        n_rows_seen = 0
        for iterate in solver.iterate(objective, objective.to_solver(params)):
            n_rows_seen += iterate.n_rows_seen
        seconds = time.perf_counter() - start
        yield n_rows_seen // len(data.X), seconds, iterate.status == "converged"


def report(title, *args):
    evaluations, seconds, arrived = zip(*race(*args))
    print(
        f"{title:46s} {median(evaluations):6.0f} {median(seconds):8.2f} {sum(arrived):4d}",
        flush=True,
    )


@contextmanager
def patience(n_steps):
    before, panoc._PATIENCE = panoc._PATIENCE, n_steps
    try:
        yield
    finally:
        panoc._PATIENCE = before


def main():
    print(f"{'':46s} {'evals':>6s} {'seconds':>8s} {'of 5':>4s}")
    for name, network, data in problems():
        for penalty in (GroupLasso(), GroupMCP()):
            for memory in (5, 10, 20, 50, 100):
                solver = ProjectedSubgradient(
                    tol=1e-4, max_fun=MOST_EVALUATIONS, memory=memory
                )
                title = f"{name}, {type(penalty).__name__}, {memory} pairs"
                report(title, solver, network, data, penalty)
        for penalty in (MaxNorm(1.0), Nuclear()):
            for n_steps in (5, 10, 20, 50, 1000):
                solver = PANOC(tol=1e-4, max_fun=MOST_EVALUATIONS)
                title = f"{name}, {type(penalty).__name__}, patience {n_steps}"
                with patience(n_steps):
                    report(title, solver, network, data, penalty)


if __name__ == "__main__":
    main()
