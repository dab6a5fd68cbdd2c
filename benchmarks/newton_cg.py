"""Would Newton steps end sparse fits in fewer evaluations than quasi-Newton steps?

A fit to digits with an L1 penalty, (50,) units and alpha = 1. From the point where the
working-set method has come to after some evaluations, truncated Newton steps on the weights
off the kinks take over: conjugate gradients on products with the Hessian, and a projected
line search (Nocedal and Wright, 2006, algorithm 7.1). A product with the Hessian, here a
difference of two gradients, counts as an evaluation, which is less than it takes. Prints
how many evaluations each of them takes to an optimality of 1e-6.

    python benchmarks/newton_cg.py [--after 300] [--seeds 3] [--most 3000]
"""

import argparse

import numpy as np
from _objectives import classifier_objective, initial_params
from _tables import scaled

from sknormreg.penalties import L1
from sknormreg.solvers.base import max_norm
from sknormreg.solvers.projected_subgradient import _projected_search, _with_kinks
from sknormreg.solvers.working_set import WorkingSet

TOL = 1e-6


def quasi_newton(objective, params, after):
    """Return the evaluations of a whole fit, and parameters after some of them."""
    n, early = 0, None
    for iterate in WorkingSet(tol=TOL, memory=100, max_fun=10_000).iterate(
        objective, params
    ):
        n += iterate.n_rows_seen // objective.n_rows
        if early is None and n >= after:
            early = iterate.params.copy()
    return n, early


def newton_direction(objective, params, current):
    """Return a direction, and the number of products with the Hessian."""
    free = ~current.kink
    gradient = np.where(free, current.subgradient, 0)
    solution, residual = np.zeros_like(gradient), -gradient
    along, squares = residual.copy(), residual @ residual
    target = min(0.1, squares**0.25) * squares**0.5
    for n_products in range(1, 301):
        step = 1e-6 / np.linalg.norm(along)
        change = objective.evaluate(params + step * along).gradient - current.gradient
        product = np.where(free, change / step, 0)
        curvature = along @ product
        if curvature <= 1e-12 * (along @ along):
            solution = solution if n_products > 1 else along
            break
        length = squares / curvature
        solution, residual = solution + length * along, residual - length * product
        last, squares = squares, residual @ residual
        if squares**0.5 < target:
            break
        along = residual + squares / last * along
    scale = np.linalg.norm(solution) / np.linalg.norm(gradient)
    return np.where(free, solution, -scale * current.subgradient), n_products


def newton(objective, params, most):
    """Return the evaluations of Newton's method, and the optimality that it reaches."""
    current, n = _with_kinks(objective.evaluate(params)), 1
    while n < most and max_norm(current.subgradient) > TOL:
        direction, n_products = newton_direction(objective, params, current)
        found, n_trials = _projected_search(objective, params, current, direction, 1.0)
        n += n_products + n_trials
        if found is None:
            break
        params, current = found
    return n, max_norm(current.subgradient)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--after", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--most", type=int, default=3000)
    arguments = parser.parse_args()
    X, y = scaled("digits")
    objective = classifier_objective(X, y, (50,), "tanh", L1(), alpha=1.0)
    for seed in range(arguments.seeds):
        params = objective.to_solver(initial_params(objective, seed))
        n, early = quasi_newton(objective, params, arguments.after)
        n_newton, optimality = newton(objective, early, arguments.most)
        print(
            f"start {seed}: quasi-Newton {n} evaluations; Newton after {arguments.after}: "
            f"{n_newton} more, to an optimality of {optimality:.1e}"
        )


if __name__ == "__main__":
    main()
