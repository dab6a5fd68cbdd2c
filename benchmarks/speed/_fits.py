"""Fits and predictions that take the same work in two versions of the package.

Nothing but the public interface is used, and every fit ends after a number of iterations or
at a fixed tolerance.
"""

from functools import partial

import numpy as np
from _tables import scaled
from scipy import sparse

import sknormreg
from sknormreg.penalties import GroupLasso, MaxNorm


def drawn(n_samples, n_features, n_classes, dtype=np.float32):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_samples, n_features)).astype(dtype)
    return X, rng.integers(n_classes, size=n_samples)


def table(name, dtype=np.float64):
    X, y = scaled(name)
    return X.astype(dtype), (y - y.mean()) / y.std() if name == "diabetes" else y


def bags():
    """Return samples with half a percent of non-zero features."""
    X = sparse.random_array((2000, 5000), density=0.005, format="csr", rng=0)
    return X.astype(np.float32), np.arange(2000) % 10


def fit(load, cls="RegularizedMLPClassifier", **params):
    """Return a callable that fits for a fixed number of iterations."""
    X, y = load()
    fixed = dict(alpha=1.0, tol=0, n_iter_no_change=np.inf, random_state=0)
    mlp = getattr(sknormreg, cls)(**fixed | params)
    return partial(mlp.fit, X, y)


def predict(n_samples):
    X, y = table("digits")
    mlp = sknormreg.RegularizedMLPClassifier(alpha=1.0, max_iter=5, random_state=0).fit(
        X, y
    )
    X = X[:n_samples]
    return lambda: [mlp.predict(X) for _ in range(20)]


def path():
    X, y = table("breast_cancer")
    params = dict(hidden_layer_sizes=(20,), penalty="l1", alphas=8, random_state=0)
    return partial(sknormreg.regularization_path, X, y, **params)


def search():
    X, y = table("breast_cancer")
    mlp = sknormreg.RegularizedMLPClassifierCV(
        (20,), penalty="l2", alphas=6, cv=3, random_state=0
    )
    return partial(mlp.fit, X, y)


_digits = partial(table, "digits")
_single = partial(table, "digits", np.float32)
_adam = dict(solver="adam", activation="relu", max_iter=10)
_full = dict(solver="lbfgs", max_iter=60)
_balanced = [GroupLasso(), MaxNorm(1.0)]
_regress = dict(cls="RegularizedMLPRegressor", solver="lbfgs", max_iter=60)

# Functions that return what is timed, by name.
FITS = {
    "adam, 2000 x 784, float32": partial(fit, partial(drawn, 2000, 784, 10), **_adam),
    "adam, digits, float32": partial(fit, _single, **_adam),
    "adam, digits, float64": partial(fit, _digits, **_adam),
    "adam, 10000 x 50, batches of 32": partial(
        fit, partial(drawn, 10_000, 50, 2), **_adam | dict(batch_size=32, max_iter=3)
    ),
    "adam, CSR": partial(fit, bags, **_adam | dict(max_iter=3)),
    "adam, digits, l1": partial(fit, _single, penalty="l1", **_adam),
    "adam, digits, group lasso": partial(fit, _single, penalty="group_lasso", **_adam),
    "adam, digits, dropout": partial(fit, _single, dropout=0.3, **_adam),
    "sgd, digits, group mcp": partial(
        fit, _single, penalty="group_mcp", **_adam | dict(solver="sgd")
    ),
    "lbfgs, digits, l2": partial(fit, _digits, **_full),
    "lbfgs, digits, l1": partial(fit, _digits, penalty="l1", **_full),
    "lbfgs, digits, group lasso": partial(fit, _digits, penalty="group_lasso", **_full),
    "lbfgs, digits, group lasso and bound": partial(
        fit, _digits, penalty=_balanced, **_full
    ),
    "lbfgs, diabetes, l1": partial(
        fit, partial(table, "diabetes"), penalty="l1", **_regress
    ),
    "predict, 1 sample": partial(predict, 1),
    "predict, digits": partial(predict, 1797),
    "path, breast cancer, l1": path,
    "search, breast cancer, l2": search,
}
