"""Other methods for penalised objectives, independent of the package's solvers.

They minimise f(w) + omega(w) for a smooth f given as a function that returns value and
gradient. omega is the L1 norm of the first weights, or a pair of functions: its value and
its prox.
"""

import numpy as np
from scipy.optimize import minimize


def l1(n_penalised, strength):
    """strength * ||w[:n_penalised]||_1 and its prox."""

    def value(w):
        return strength * np.abs(w[:n_penalised]).sum()

    def prox(w, step):
        w, head = w.copy(), w[:n_penalised]
        w[:n_penalised] = np.sign(head) * np.maximum(np.abs(head) - strength * step, 0)
        return w

    return value, prox


def group_lasso(shapes, strength):
    """strength * sum_g sqrt(K_g) ||w_g|| over the rows of each matrix, and its prox."""
    groups, start = [], 0
    for fan_in, fan_out in shapes:
        for _ in range(fan_in):
            groups.append(slice(start, start + fan_out))
            start += fan_out

    def threshold(group):
        return strength * (group.stop - group.start) ** 0.5

    def value(w):
        return sum(threshold(group) * np.linalg.norm(w[group]) for group in groups)

    def prox(w, step):
        w = w.copy()
        for group in groups:
            norm = np.linalg.norm(w[group])
            w[group] *= max(1 - step * threshold(group) / norm, 0) if norm else 0
        return w

    return value, prox


def split_lbfgsb(f, start, n_penalised, strength, max_fun):
    """L-BFGS-B for the L1 norm, on w = w_plus - w_minus with both parts at least 0."""

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


def fista(f, start, omega, max_fun):
    """FISTA with backtracking and restarts where the objective rises."""
    penalty, prox = omega
    w = w_old = start
    best, momentum, lipschitz, n_fun = np.inf, 1.0, 1.0, 0
    while n_fun < max_fun:
        next_momentum = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        point = w + (momentum - 1) / next_momentum * (w - w_old)
        value, gradient = f(point)
        n_fun += 1
        while n_fun < max_fun:
            new = prox(point - gradient / lipschitz, 1 / lipschitz)
            new_value, _ = f(new)
            n_fun += 1
            step = new - point
            if new_value <= value + gradient @ step + lipschitz / 2 * step @ step:
                break
            lipschitz *= 2
        new_objective = new_value + penalty(new)
        if new_objective > best:
            momentum, w_old = 1.0, w
            continue
        w_old, w, momentum, best = w, new, next_momentum, new_objective
        lipschitz *= 0.95
    return best


def smoothed_group_lbfgs(f, start, shapes, strength, max_fun):
    """L-BFGS on norms sqrt(||w_g||^2 + eps^2), for eps from 0.1 down to 1e-5."""
    n_penalised = sum(fan_in * fan_out for fan_in, fan_out in shapes)
    ends = np.cumsum([fan_in * fan_out for fan_in, fan_out in shapes])[:-1]

    def smoothed(w, eps):
        value, gradient = f(w)
        gradient = gradient.copy()
        parts = zip(shapes, *(np.split(v[:n_penalised], ends) for v in (w, gradient)))
        for shape, part, into in parts:
            rows = part.reshape(shape)
            norms = np.sqrt((rows**2).sum(axis=1, keepdims=True) + eps**2)
            value += strength * np.sqrt(shape[1]) * norms.sum()
            into += (strength * np.sqrt(shape[1]) * rows / norms).ravel()
        return value, gradient

    w = start
    for eps in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5):
        options = dict(maxfun=max_fun // 5, maxiter=max_fun, ftol=0, gtol=1e-7, maxcor=30)
        w = minimize(smoothed, w, (eps,), jac=True, method="L-BFGS-B", options=options).x
    value, _ = group_lasso(shapes, strength)
    return f(w)[0] + value(w)
