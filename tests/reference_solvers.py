"""Two other methods for the L1 objective, independent of the package's solvers.

Both minimise f(w) + strength * ||w[:n_penalised]||_1 for a smooth f given as a function
that returns value and gradient.
"""

import numpy as np
from scipy.optimize import minimize


def split_lbfgsb(f, start, n_penalised, strength, max_fun):
    """L-BFGS-B on w = w_plus - w_minus with both parts at least 0."""

    def split(z):
        w = z[: len(start)].copy()
        w[:n_penalised] -= z[len(start) :]
        return w

    def value_and_gradient(z):
        value, gradient = f(split(z))
        value += strength * (z[:n_penalised].sum() + z[len(start) :].sum())
        lower = -gradient[:n_penalised] + strength
        gradient = gradient.copy()
        gradient[:n_penalised] += strength
        return value, np.concatenate([gradient, lower])

    z = np.concatenate([start, np.maximum(-start[:n_penalised], 0)])
    z[:n_penalised] = np.maximum(start[:n_penalised], 0)
    bounds = [(0, None)] * n_penalised + [(None, None)] * (len(start) - n_penalised)
    bounds += [(0, None)] * n_penalised
    options = dict(maxfun=max_fun, maxiter=max_fun, ftol=0, gtol=0)
    found = minimize(value_and_gradient, z, jac=True, bounds=bounds, options=options)
    w = split(found.x)
    return f(w)[0] + strength * np.abs(w[:n_penalised]).sum()


def fista(f, start, n_penalised, strength, max_fun):
    """FISTA with backtracking and restarts where the objective rises."""

    def objective(value, w):
        return value + strength * np.abs(w[:n_penalised]).sum()

    w = w_old = start
    best, momentum, lipschitz, n_fun = np.inf, 1.0, 1.0, 0
    while n_fun < max_fun:
        next_momentum = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        point = w + (momentum - 1) / next_momentum * (w - w_old)
        value, gradient = f(point)
        n_fun += 1
        while n_fun < max_fun:
            new = point - gradient / lipschitz
            head = new[:n_penalised]
            new[:n_penalised] = np.sign(head) * np.maximum(
                np.abs(head) - strength / lipschitz, 0
            )
            new_value, _ = f(new)
            n_fun += 1
            step = new - point
            if new_value <= value + gradient @ step + lipschitz / 2 * step @ step:
                break
            lipschitz *= 2
        new_objective = objective(new_value, new)
        if new_objective > best:
            momentum, w_old = 1.0, w
            continue
        w_old, w, momentum, best = w, new, next_momentum, new_objective
        lipschitz *= 0.95
    return best
