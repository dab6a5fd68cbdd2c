"""The dense BFGS recursion, and pairs of steps and changes of the gradient for it."""

import numpy as np

N_PARAMS = 8


def pairs_of_quadratic(n_pairs, n_params=N_PARAMS, seed=0):
    """Steps, and their changes of gradient under a positive definite Hessian."""
    rng = np.random.RandomState(seed)
    root = rng.normal(size=(n_params, n_params))
    hessian = root @ root.T / n_params + np.eye(n_params)
    steps = rng.normal(size=(n_pairs, n_params))
    return steps, steps @ hessian


def subgradient_of(n_params=N_PARAMS):
    return np.random.RandomState(7).normal(size=n_params)


def dense_inverse_hessian(steps, changes, initial=None):
    """H after the updates (Nocedal and Wright, 2006, eq. 6.17), as a matrix."""
    s, y = steps[-1], changes[-1]
    H = np.eye(len(s)) * (s @ y) / (y @ y) if initial is None else initial
    for s, y in zip(steps, changes):
        V = np.eye(len(s)) - np.outer(y, s) / (s @ y)
        H = V.T @ H @ V + np.outer(s, s) / (s @ y)
    return H
