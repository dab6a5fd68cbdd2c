"""Random configurations of the estimators, against plain NumPy and against themselves.

    python tests/fuzz.py --minutes 2 [--seed 0]

Prints the seed of every batch; hypothesis prints what reproduces a failure.
"""

import argparse
import os
import pickle
import time
import warnings
from unittest import mock

import numpy as np
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from scipy import sparse, special
from sklearn.base import clone

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor
from sknormreg.engine.selection import make_engine

ACTIVATIONS = {
    "identity": lambda z: z,
    "logistic": special.expit,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "softplus": lambda z: np.logaddexp(0, z),
    "silu": lambda z: z * special.expit(z),
}
# Omega of one layer's weights; None where only the engines are compared.
OMEGAS = {
    "l1": lambda W, ratio: np.abs(W).sum(),
    "l2": lambda W, ratio: (W**2).sum() / 2,
    "elasticnet": lambda W, ratio: ratio * np.abs(W).sum() + (1 - ratio) * (W**2).sum() / 2,
    "group_lasso": None,
    "sparse_group_lasso": None,
    "mcp": None,
    "scad": None,
    "nuclear": None,
}

configurations = st.fixed_dictionaries(
    {
        "classes": st.sampled_from([0, 0, 2, 3]),
        "penalty": st.sampled_from(sorted(OMEGAS)),
        "activation": st.sampled_from(sorted(ACTIVATIONS)),
        "alpha": st.sampled_from([0.0, 1e-3, 0.1, 3.0]),
        "solver": st.sampled_from(["lbfgs", "adam", "sgd"]),
        "hidden_layer_sizes": st.sampled_from([(1,), (4,), (5, 3)]),
        "loss": st.sampled_from(["squared_error", "poisson", "huber", "quantile"]),
        "dtype": st.sampled_from([np.float32, np.float64]),
        "csr": st.booleans(),
        "weighted": st.booleans(),
        "balanced": st.booleans(),
        "dropout": st.sampled_from([0.0, 0.0, 0.3]),
        "early_stopping": st.booleans(),
        "warm_start": st.booleans(),
        "random_state": st.integers(0, 1000),
    }
)


def make(config):
    """The estimator, X, y and weights that a configuration stands for."""
    names = ["penalty", "activation", "alpha", "solver", "hidden_layer_sizes"]
    params = {name: config[name] for name in [*names, "warm_start", "random_state"]}
    if (config["penalty"], config["solver"]) == ("nuclear", "adam"):
        params["solver"] = "sgd"  # Adam's steps do not fit this penalty: it is refused.
    minibatches = config["solver"] != "lbfgs"
    params["dropout"] = config["dropout"] if minibatches else 0.0
    params["early_stopping"] = config["early_stopping"]
    rng = np.random.RandomState(config["random_state"])
    X = rng.randn(40, 5) * (rng.rand(40, 5) < 0.6)
    X = X.astype(config["dtype"])
    if config["classes"]:
        params["class_weight"] = "balanced" if config["balanced"] else None
        mlp, y = RegularizedMLPClassifier(**params), np.arange(40) % config["classes"]
    else:
        mlp = RegularizedMLPRegressor(**params, loss=config["loss"])
        y = np.abs(X[:, 0] + rng.randn(40)).astype(config["dtype"])
    weight = rng.randint(1, 4, 40).astype(float) if config["weighted"] else None
    return mlp.set_params(max_iter=8), X, y, weight


def parameters(mlp):
    return [*mlp.coefs_, *mlp.intercepts_]


def same_bits(one, other):
    pairs = zip(parameters(one), parameters(other), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def raw_outputs(mlp, X):
    layer = np.asarray(X, dtype=np.float64)
    for i, (W, b) in enumerate(zip(mlp.coefs_, mlp.intercepts_)):
        layer = layer @ W.astype(np.float64) + b
        if i < len(mlp.coefs_) - 1:
            layer = ACTIVATIONS[mlp.activation](layer)
    return layer


def expected_objective(mlp, X, y, weight):
    """J by its definition, for log loss and the squared error."""
    raw = raw_outputs(mlp, X)
    if hasattr(mlp, "classes_"):
        scores = np.hstack([np.zeros_like(raw), raw]) if raw.shape[1] == 1 else raw
        losses = special.logsumexp(scores, axis=1) - scores[np.arange(len(y)), y]
    else:
        losses = (raw[:, 0] - y) ** 2 / 2
    weight = np.ones(len(y)) if weight is None else weight
    omega = sum(OMEGAS[mlp.penalty](W.astype(float), mlp.l1_ratio) for W in mlp.coefs_)
    return (weight @ losses + mlp.alpha * omega) / weight.sum()


def has_oracle(config):
    plain_loss = (
        not config["balanced"] if config["classes"] else (config["loss"] == "squared_error")
    )
    return plain_loss and OMEGAS[config["penalty"]] and not config["early_stopping"]


def check(config):
    mlp, X, y, weight = make(config)
    given_X = sparse.csr_array(X) if config["csr"] else X
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlp.fit(given_X, y, sample_weight=weight)
        again = clone(mlp).fit(given_X, y, sample_weight=weight)
    assert all(np.isfinite(array).all() for array in parameters(mlp))
    assert same_bits(mlp, again), "clone and fit give other weights"
    assert same_bits(mlp, pickle.loads(pickle.dumps(mlp))), "pickle gives other weights"
    eps = np.finfo(config["dtype"]).eps
    rtol = max(1e-10, 100 * eps)
    if has_oracle(config):
        expected = expected_objective(mlp, X, y, weight)
        np.testing.assert_allclose(mlp.loss_, expected, rtol=rtol, atol=rtol)
    check_engines(mlp, X, rtol)


def check_engines(mlp, X, rtol):
    """Both engines, dense and CSR, give the outputs of plain NumPy."""
    expected = raw_outputs(mlp, X)
    atol = rtol * max(1.0, np.abs(expected).max())
    for name in ["numpy", ""]:
        with mock.patch.dict(os.environ, {"SKNORMREG_ENGINE": name}):
            engine = make_engine(mlp._network)
        for data in [X, sparse.csr_array(X)]:
            raw = engine.raw_predict(mlp.coefs_, mlp.intercepts_, data)
            np.testing.assert_allclose(raw, expected, rtol=rtol, atol=atol)


def fuzz(n_examples, **options):
    """`check` over random configurations, as a function without arguments."""
    return settings(
        max_examples=n_examples,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        **options,
    )(given(configurations)(check))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    end, number = time.monotonic() + 60 * arguments.minutes, arguments.seed
    while time.monotonic() < end:
        print(f"seed {number}", flush=True)
        seed(number)(fuzz(100))()
        number += 1


if __name__ == "__main__":
    main()
