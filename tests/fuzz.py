"""Random configurations of the estimators, against plain NumPy and against themselves.

    python tests/fuzz.py --minutes 2 [--seed 0]

Prints how many configurations held. Of one that does not hold, hypothesis prints the
simplest it finds, and the exit status is 1. The seed, printed at the start, finds it again.
"""

import argparse
import os
import pickle
import random
import time
import warnings
from contextlib import contextmanager
from copy import copy
from functools import cached_property
from itertools import product
from unittest import mock

import joblib
import numpy as np
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from numpy_network import (
    ACTIVATIONS,
    Weights,
    activations_of,
    evaluate,
    forward,
    is_constraint,
    loss_and_gradient,
    loss_name,
)
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)
from sknormreg.engine import Data, Dropout, make_engine, selection
from sknormreg.estimators.regression_losses import REGRESSION_LOSSES
from sknormreg.penalties import (
    PENALTIES,
    GroupLasso,
    GroupMCP,
    GroupSCAD,
    Hierarchical,
    L1Ball,
    MaxNorm,
    SparseGroupLasso,
)

# Beside those by name: with groups of columns, other layers, and bounds that bind.
INSTANCES = [
    GroupLasso([[0, 1]]),
    GroupLasso(features_only=True),
    SparseGroupLasso(0.2, [[1, 0]]),
    GroupMCP(0.5, 0.1, [[0, 1]]),
    GroupSCAD(features_only=True),
    Hierarchical(0.5),
    MaxNorm(0.3),
    L1Ball(1.5),
]
BY_NAME = sorted(PENALTIES, key=lambda name: (name != "l2", name))
CLASSES = np.array(["a", "b", "c"])

# Parameters that have something drawn anew for every minibatch.
DRAWN = ("dropout", "input_dropout", "input_noise", "mixup")

# Where no compiler was at hand there is one.
ENGINES = ("numpy",) if selection.CompiledEngine is None else ("numpy", "compiled")


# Configurations: the parameters of the estimator, and what the data are like


@st.composite
def configurations(draw):
    """Parameters that go together, and nothing that is refused."""

    def choose(name, *values):
        """One of them; the first, where something simpler than the others will do."""
        # With the name, or hypothesis would fill most configurations with what it has
        # drawn for other parameters.
        return values[draw(st.sampled_from([(name, i) for i in range(len(values))]))[1]]

    target = choose("target", "numbers", "columns", "two", "three", "labels")
    validation = choose("validation", None, None, "split", "given", "watched")
    params = {
        "hidden_layer_sizes": choose("sizes", (3,), (), (1,), (6, 4)),
        "solver": choose("solver", "lbfgs", "sgd", "adam", "auto"),
        "max_iter": choose("max_iter", 1, 8, 40),
        "early_stopping": validation in ("split", "given"),
        "n_init": choose("n_init", 1, 1, 3),
        "warm_start": choose("warm_start", False, True),
        "random_state": draw(st.integers(0, 10**6)),
    }
    params["activation"] = _choose_activation(choose, len(params["hidden_layer_sizes"]))
    params |= _choose_penalty(choose, len(params["hidden_layer_sizes"]) + 1)
    if params["solver"] == "adam" and not all(
        entry.has_diagonal_prox for entry in instances(params["penalty"])
    ):
        # Its steps differ between weights, and it refuses those that have no prox for that.
        params["solver"] = "sgd"
    if params["solver"] != "lbfgs":
        params |= _choose_minibatches(choose)
    params |= _choose_loss(choose, target)
    if _allows_evidence(params) and choose("evidence", False, True):
        params["alpha"] = "evidence"
        params["evidence_scope"] = choose("scope", "layer", "network", "feature")
    return {
        "target": target,
        "params": params,
        "n_samples": choose("n_samples", *range(24, 61)),
        "n_features": choose("n_features", 2, 3, 4, 5, 6),
        "dtype": choose("dtype", "float64", "float32"),
        "unit": choose("unit", 1.0, 1.0, 1e-3, 1e3),
        "csr": choose("csr", False, True),
        "sample_weight": choose("sample_weight", None, "whole", "with zeros"),
        "validation": validation,
        "also": choose("also", None, "partial_fit", "cv"),
    }


def _choose_activation(choose, n_hidden):
    """A name for all layers or, as often as not, one for each."""
    names = "tanh", *sorted(set(ACTIVATIONS) - {"tanh"})
    if n_hidden and choose("activations", False, True):
        return [choose(f"activation {i}", *names) for i in range(n_hidden)]
    return choose("activation", *names)


def _choose_penalty(choose, n_layers):
    """The penalty, its l1_ratio and alpha."""
    penalty = choose("penalty", *BY_NAME, *INSTANCES)
    if choose("penalties", False, False, False, True):
        some = "l1", "l2", "mcp", "nuclear", "group_lasso", MaxNorm(0.5)
        penalty = [choose(f"penalty {i}", *some) for i in range(n_layers)]
    if n_layers == 1 and instances(penalty)[0].needs_skip:
        # It bounds a hidden layer, and is refused without one.
        penalty = "l1"
    alpha = choose("alpha", 0.1, 0.0, 1e-3, 3.0)
    if any(is_constraint(entry) for entry in instances(penalty)):
        # They have no alpha, and say so where one is given.
        alpha = 1.0
    elif choose("alphas", False, True):
        # All of them are 0 or none: one alone is warned of.
        alpha = [alpha * (i + 1) for i in range(n_layers)]
    l1_ratio = choose("l1_ratio", 0.5, 0.0, 1.0)
    return {"penalty": penalty, "l1_ratio": l1_ratio, "alpha": alpha}


def instances(penalty):
    """What a `penalty` by name, an instance or a list stands for, as a list."""
    listed = penalty if isinstance(penalty, list) else [penalty]
    return [PENALTIES[entry]() if isinstance(entry, str) else entry for entry in listed]


def _choose_minibatches(choose):
    return {
        "dropout": choose("dropout", 0.0, 0.0, 0.3),
        "input_dropout": choose("input_dropout", 0.0, 0.0, 0.2),
        "input_noise": choose("input_noise", 0.0, 0.0, 0.2),
        "mixup": choose("mixup", 0.0, 0.0, 0.5),
        "n_iter_average": choose("n_iter_average", 1, 1, 3),
        "batch_size": choose("batch_size", "auto", 7),
        "learning_rate": choose("learning_rate", "constant", "invscaling", "adaptive"),
        "learning_rate_init": choose("learning_rate_init", 1e-3, 0.1),
        "momentum": choose("momentum", 0.9, 0.0),
        "nesterovs_momentum": choose("nesterovs_momentum", True, False),
        "shuffle": choose("shuffle", True, False),
    }


def _choose_loss(choose, target):
    """The loss, or class weights."""
    if target in ("numbers", "columns"):
        power = choose("power", 0.0, 1.0, 1.5, 2.5)
        return {"loss": choose("loss", *REGRESSION_LOSSES), "power": power}
    smoothing = {"label_smoothing": choose("label_smoothing", 0.0, 0.0, 0.2)}
    if target == "labels":
        return smoothing
    by_class = {"a": 2.0, "b": 0.5} | ({"c": 1.0} if target == "three" else {})
    class_weight = choose("class_weight", None, "balanced", by_class)
    return {"class_weight": class_weight} | smoothing


def _allows_evidence(params):
    return (
        params["penalty"] == "l2"
        and params["solver"] in ("lbfgs", "auto")
        and params.get("loss", "log_loss") in ("squared_error", "log_loss")
        and not any(params.get(name) for name in DRAWN)
    )


class Problem:
    """The estimator and the data that a configuration stands for."""

    def __init__(self, config):
        self.config, self.params = config, config["params"]
        self.rng = np.random.RandomState(self.params["random_state"])
        n_samples, self.dtype = config["n_samples"], config["dtype"]
        self.X, self.y = self._draw(n_samples)
        self.sample_weight = self._draw_weights(n_samples)
        self.X_val, self.y_val = self._draw(9)
        self.sample_weight_val = self._draw_weights(9)

    def _draw(self, n_samples):
        """Two of five values of X are 0, as is a row and, at times, a column."""
        n_features, kind = self.config["n_features"], self.config["target"]
        X = self.rng.normal(size=(n_samples, n_features))
        X *= self.rng.uniform(size=X.shape) < 0.6
        X[0] = 0
        noise = self.rng.normal(size=(n_samples, 2))
        signal = 2 * X[:, :2] + noise
        if kind in ("two", "three"):
            n_classes = 2 if kind == "two" else 3
            codes = (np.argsort(np.argsort(signal[:, 0])) * n_classes) // n_samples
            return X.astype(self.dtype), CLASSES[codes]
        if kind == "labels":
            return X.astype(self.dtype), (signal > 0).astype(int)
        y = self.config["unit"] * (signal if kind == "columns" else signal[:, 0])
        if self.params["loss"] in ("poisson", "gamma", "tweedie"):
            # Positive in single precision, too.
            y = np.abs(y) + 1e-3 * self.config["unit"]
        return X.astype(self.dtype), y.astype(self.dtype)

    def _draw_weights(self, n_samples):
        kind = self.config["sample_weight"]
        if kind is None:
            return None
        weights = self.rng.randint(1, 4, n_samples).astype(float)
        if kind == "with zeros" and not self.params["early_stopping"]:
            # Not all rows of a class in a fold, nor all that are split off: it is refused.
            weights[1:4] = 0
        return weights

    @property
    def is_classification(self):
        return self.config["target"] in ("two", "three", "labels")

    def estimator(self):
        classes = RegularizedMLPRegressor, RegularizedMLPClassifier
        return classes[self.is_classification](**self.params)

    def estimator_cv(self, n_jobs):
        """One that compares two alphas in two folds."""
        left_out = {"alpha", "evidence_scope", "quantile_level", "warm_start"}
        params = {k: v for k, v in self.params.items() if k not in left_out}
        params["max_iter"] = min(params["max_iter"], 8)
        classes = RegularizedMLPRegressorCV, RegularizedMLPClassifierCV
        cls = classes[self.is_classification]
        return cls(**params, alphas=[0.1, 1.0], cv=2, n_jobs=n_jobs)

    def fit(self, mlp, csr=None):
        held_out = {}
        if self.has_held_out and not hasattr(mlp, "cv"):
            held_out = {
                "X_val": self.as_given(self.X_val, csr),
                "y_val": self.y_val,
                "sample_weight_val": self.sample_weight_val,
            }
        with _only_warnings_for_users():
            X = self.as_given(self.X, csr)
            return mlp.fit(X, self.y, self.sample_weight, **held_out)

    def partial_fit(self, mlp):
        classes = {"classes": np.unique(self.y)} if self.is_classification else {}
        with _only_warnings_for_users():
            X = self.as_given(self.X)
            return mlp.partial_fit(X, self.y, self.sample_weight, **classes)

    def as_given(self, X, csr=None):
        """X dense or sparse: as the configuration has it unless `csr` says so."""
        return sparse.csr_array(X) if (self.config["csr"] if csr is None else csr) else X

    @property
    def has_held_out(self):
        """Whether `fit` is given rows that it does not train on."""
        return self.config["validation"] in ("given", "watched")

    def encoded(self, y):
        """A column for each output, in double precision."""
        if self.config["target"] == "two":
            return (y == "b").astype(float)[:, None]
        if self.config["target"] == "three":
            return (y[:, None] == CLASSES).astype(float)
        return y.reshape(len(y), -1).astype(float)

    @cached_property
    def weight(self):
        """Sample weights times class weights."""
        weight = np.ones(len(self.y)) if self.sample_weight is None else self.sample_weight
        given = self.params.get("class_weight")
        if given is None:
            return weight
        if given == "balanced":
            classes = np.unique(self.y)
            given = {
                label: weight.sum() / (len(classes) * weight[self.y == label].sum())
                for label in classes
            }
        return weight * np.array([given[label] for label in self.y])

    @cached_property
    def split_rows(self):
        """The rows trained on, and those split off.

        Which ones is the first thing that `random_state` draws, as in MLPClassifier.
        """
        rows = np.arange(len(self.y))
        if self.config["validation"] != "split":
            return rows, None
        labels = self.y if self.config["target"] in ("two", "three") else None
        random_state = np.random.RandomState(self.params["random_state"])
        return train_test_split(
            rows, test_size=0.1, random_state=random_state, stratify=labels
        )


@contextmanager
def _only_warnings_for_users():
    """Short fits do not converge, and strong alphas leave empty networks; no other
    warning may leave a fit, NumPy's of overflow least of all."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        for message in ("No feature is selected", "y has a standard deviation"):
            warnings.filterwarnings("ignore", message)
        yield


# What holds for every configuration


def check(config):
    """Raise an AssertionError where something does not hold."""
    problem = Problem(config)
    mlp = problem.fit(problem.estimator())
    check_attributes(problem, mlp)
    check_engines(problem, mlp)
    check_first_epoch(problem)
    check_same_bits(problem, mlp)
    if config["also"] == "partial_fit" and takes_partial_fit(problem.params):
        check_partial_fit(problem)
    if config["also"] == "cv" and has_alpha(problem.params):
        check_n_jobs(problem)


def check_attributes(problem, mlp, total_weight=None):
    """Weights are finite, and `loss_` and `optimality_` are what they say they are.

    They have a value in every configuration: that of all rows trained on, without dropout,
    at the weights that are kept, be they the last, the best on held-out rows, or those from
    before a divergence.
    """
    assert all(np.isfinite(part).all() for part in parameters(mlp)), "weights not finite"
    rows, held_out = problem.split_rows
    y = problem.encoded(problem.y)
    loss, optimality = evaluate(
        mlp, problem.X[rows], y[rows], problem.weight[rows], total_weight
    )
    assert_near(mlp.loss_, loss, "loss_")
    assert_near(mlp.optimality_, optimality, "optimality_")
    if held_out is not None:
        parts = problem.X[held_out], y[held_out], problem.weight[held_out]
        check_held_out_loss(problem, mlp, *parts)
    elif problem.params["early_stopping"]:
        # Class weights do not apply to rows that the user holds out.
        weight = problem.sample_weight_val
        weight = np.ones(len(problem.y_val)) if weight is None else weight
        y_val = problem.encoded(problem.y_val)
        check_held_out_loss(problem, mlp, problem.X_val, y_val, weight)


def check_held_out_loss(problem, mlp, X, y, weight):
    """The weights kept are the best of all iterations, or better ones from the start."""
    weights = Weights.of(mlp)
    without = copy(mlp)
    without.label_smoothing = 0.0
    total = loss_and_gradient(without, weights, X, y, weight)[0]
    best = min(mlp.validation_loss_curve_)
    error = 2 * total.error / weight.sum()
    assert total.value / weight.sum() <= best + error, "an iteration had a better loss"


def check_engines(problem, mlp):
    """Both engines agree with NumPy at the fitted weights, dense and sparse.

    Whole fits do not: rounding may lead a long one into another of many local minima.
    """
    weights = Weights.of(mlp)
    raw = forward(weights, activations_of(mlp), problem.X).raw
    y = problem.encoded(problem.y)
    rates = (0.2, *[0.4] * (len(mlp.coefs_) - 1))
    expected = {
        dropout: loss_and_gradient(
            mlp, weights, problem.X, y, problem.weight, _factors(dropout, mlp, len(y))
        )
        for dropout in (None, Dropout(rates, seed=problem.params["random_state"]))
    }
    for engine, X in product(ENGINES, (problem.X, sparse.csr_array(problem.X))):
        with mock.patch.dict(os.environ, {"SKNORMREG_ENGINE": engine}):
            check_outputs(mlp, X, raw)
            for dropout, found in expected.items():
                check_gradient(problem, mlp, X, dropout, *found)


def _factors(dropout, mlp, n_rows):
    """What a dropout multiplies X and the values of each hidden layer by."""
    if dropout is None:
        return None
    return [
        dropout.factors(layer, 0, (n_rows, len(coef)), np.float64)
        for layer, coef in enumerate(mlp.coefs_)
    ]


def check_outputs(mlp, X, raw):
    """Predictions are the decision's that the raw outputs stand for."""
    if not hasattr(mlp, "classes_"):
        predicted = mlp.predict(X).reshape(raw.value.shape)
        if mlp.out_activation_ == "exp":
            eps = Weights.of(mlp).eps
            mean = np.exp(raw.value)
            raw = type(raw)(mean, mean * (np.expm1(raw.error) + eps))
        assert_near(predicted, raw, "predict")
        return
    decision = mlp.decision_function(X).reshape(raw.value.shape)
    assert_near(decision, raw, "decision_function")
    probabilities = mlp.predict_proba(X)
    assert np.all((probabilities >= 0) & (probabilities <= 1)), "predict_proba"


def check_gradient(problem, mlp, X, dropout, total, coefs, intercepts):
    network, dtype = mlp._network, problem.dtype
    y = problem.encoded(problem.y)
    codes = y.argmax(axis=1) if loss_name(mlp) == "multinomial" else y.astype(dtype)
    params = network.pack(_stacked(mlp), mlp.intercepts_, np.dtype(dtype))
    data = Data(X, codes, problem.weight.astype(dtype))
    loss, gradient = make_engine(network).loss_and_gradient(params, data, None, dropout)
    assert_near(loss, total, "the loss")
    parts = *network.coefs(gradient), *network.intercepts(gradient)
    for part, expected in zip(parts, (*coefs, *intercepts), strict=True):
        assert_near(part, expected, "the gradient")


def _stacked(mlp):
    if not hasattr(mlp, "skip_coef_"):
        return mlp.coefs_
    return [np.hstack([mlp.coefs_[0], mlp.skip_coef_]), *mlp.coefs_[1:]]


def assert_near(found, expected, name):
    error = np.abs(found - expected.value)
    # Not by <=: no bound is nothing to compare with.
    beyond = error > expected.error
    assert not beyond.any(), (
        f"{name} is {found}, not {expected.value}: {np.max(error / expected.error):.3g} "
        "times as far away as rounding may lead"
    )
    assert np.isfinite(found).all(), f"{name} is {found}"


def check_first_epoch(problem):
    """Both engines, dense and sparse, take the same few steps with sgd.

    Not with adam, whose steps are as long where a gradient is nothing but rounding; nor
    on kinks, where rounding may decide which way they go.
    """
    params = problem.params
    if (
        params["alpha"] == "evidence"
        or params.get("loss") == "quantile"
        or "relu" in str(params["activation"])
    ):
        return
    few = {"solver": "sgd", "max_iter": 1, "learning_rate_init": 1e-3, "batch_size": 11}
    found = []
    for engine, csr in product(ENGINES, (False, True)):
        mlp = problem.estimator().set_params(**few, early_stopping=False)
        with mock.patch.dict(os.environ, {"SKNORMREG_ENGINE": engine}):
            problem.fit(mlp, csr)
        found.append(np.concatenate([part.ravel() for part in parameters(mlp)]))
    # They came to within 13 eps of the largest weight in 290 configurations.
    atol = 1e3 * np.finfo(problem.dtype).eps * np.abs(found[0]).max()
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=0, atol=atol)


def check_same_bits(problem, mlp):
    """Clones, pickles and threads make no difference, not in the last bit."""
    assert_same_bits(mlp, problem.fit(clone(mlp)), problem, "clone and fit give other")
    stored = pickle.dumps(mlp)
    assert_same_bits(mlp, pickle.loads(stored), problem, "pickle gives other")
    with three_threads():
        assert_same_bits(mlp, problem.fit(clone(mlp)), problem, "threads give other")
    if problem.params["n_init"] > 1:
        in_threads = clone(mlp).set_params(n_jobs=2)
        assert_same_bits(mlp, problem.fit(in_threads), problem, "n_jobs gives other")
    if problem.params["warm_start"]:
        again = pickle.loads(stored)
        assert_same_bits(problem.fit(mlp), problem.fit(again), problem, "pickle goes on to")
        check_attributes(problem, mlp)


@contextmanager
def three_threads():
    """Every job of the compiled engine takes so many; by itself none that is so small."""
    names = "_EPOCH_WORK", "_BATCH_WORK", "_PASS_WORK", "_CALL_WORK"
    module = "sknormreg.engine.compiled_engine"
    if selection.CompiledEngine is None:
        yield
        return
    with (
        mock.patch(f"{module}.share_of_threads", return_value=3),
        mock.patch.multiple(module, **dict.fromkeys(names, 0)),
    ):
        yield


def takes_partial_fit(params):
    return not (
        params["solver"] == "lbfgs"
        or params["early_stopping"]
        or params["alpha"] == "evidence"
        or params.get("class_weight") == "balanced"
        or params.get("n_iter_average", 1) > 1
    )


def check_partial_fit(problem):
    """J is that of the rows of the call, and a pickle goes on as if it had not been one."""
    mlp = problem.estimator().set_params(total_weight=200.0)
    problem.partial_fit(problem.partial_fit(mlp))
    again = pickle.loads(pickle.dumps(mlp))
    problem.partial_fit(mlp)
    assert_same_bits(mlp, problem.partial_fit(again), problem, "pickle goes on to other")
    check_attributes(problem, mlp, total_weight=200.0)


def has_alpha(params):
    """Whether there is one to choose."""
    return not all(is_constraint(entry) for entry in instances(params["penalty"]))


def check_n_jobs(problem):
    # In threads whatever the engine: NumPy's would start processes.
    with joblib.parallel_config(backend="threading"):
        one, two = (problem.fit(problem.estimator_cv(n_jobs)) for n_jobs in (None, 2))
    assert np.array_equal(one.scores_, two.scores_, equal_nan=True), "n_jobs: scores_"
    assert one.alpha_ == two.alpha_, "n_jobs: alpha_"
    assert_same_bits(one, two, problem, "n_jobs gives other")


def parameters(mlp):
    return [*mlp.coefs_, *mlp.intercepts_, getattr(mlp, "skip_coef_", np.zeros(0))]


def assert_same_bits(one, other, problem, what):
    pairs = zip(parameters(one), parameters(other), strict=True)
    assert all(a.tobytes() == b.tobytes() for a, b in pairs), f"{what} weights"
    X = problem.as_given(problem.X)
    assert np.array_equal(one.predict(X), other.predict(X)), f"{what} predictions"


# How many of them


def fuzz(n_examples, function=check, **options):
    """A function without arguments that calls another for random configurations."""

    @settings(
        max_examples=n_examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        **options,
    )
    @given(configurations())
    def hold(config):
        function(config)

    return hold


class Count:
    """`check`, and how many configurations held until one did not."""

    def __init__(self):
        self.n_held, self.failed = 0, False

    def __call__(self, config):
        try:
            check(config)
        except Exception:
            self.failed = True
            raise
        # Hypothesis goes on to look for a simpler one that does not hold.
        self.n_held += not self.failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--seed", type=int, help="drawn at random unless given")
    arguments = parser.parse_args()
    number = random.randrange(10**6) if arguments.seed is None else arguments.seed
    start, count = time.monotonic(), Count()
    print(f"--seed {number}, engine: {selection.engine_name()}", flush=True)
    try:
        while time.monotonic() < start + 60 * arguments.minutes:
            seed(number)(fuzz(100, count))()
            number += 1
    finally:
        minutes = (time.monotonic() - start) / 60
        print(f"{count.n_held} configurations held in {minutes:.1f} minutes", flush=True)


if __name__ == "__main__":
    main()
