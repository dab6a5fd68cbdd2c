"""Races: whole trainings to what our fit reached.

A contestant is a callable that gets a seed, our fitted estimator and a limit, and returns
the seconds of a training, inf where it did not get there within the limit, and a few words
on where it ended.
"""

import math
import statistics
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from _scores import log_losses, raw_outputs
from _tables import scaled
from _timing import seconds_of_fit
from sklearn.neural_network import MLPClassifier

from sknormreg import RegularizedMLPClassifier

from ._epochs import torch_network
from ._settings import (
    blas_threads,
    is_installed,
    numpy_engine,
    peer,
    thread_settings,
    torch_threads,
    within,
)

# Threads of BLAS and OpenMP stay awake for a while after use.
PAUSE = 0.05

# How far above ours J may end.
SLACK = 1.01


@dataclass(frozen=True)
class Problem:
    """Training data, and the penalty of the objective J."""

    X: np.ndarray
    y: np.ndarray
    penalty: str
    alpha: float

    @classmethod
    def of(cls, name, penalty):
        return cls(*scaled(name), penalty, alpha=1.0)

    def value(self, coefs, intercepts):
        """J of a network with tanh, from its definition."""
        losses = log_losses(raw_outputs(self.X, coefs, intercepts), self.y)
        omega = {"l1": np.abs, "l2": lambda W: W**2 / 2}[self.penalty]
        m = len(losses)
        return losses.mean() + self.alpha / m * sum(omega(W).sum() for W in coefs)


@dataclass(frozen=True)
class Effort:
    """How much to measure.

    Attributes
    ----------
    repeats, race_repeats : int
        Of a timing, and of a race between whole trainings.

    least_seconds : float
        What a timing should take.

    cap : float
        How many times the seconds of ours a peer may take that races.
    """

    repeats: int
    race_repeats: int
    least_seconds: float
    cap: float


@dataclass
class Result:
    """A row of the table: seconds of ours, cells by column, what to say beside it."""

    seconds: float
    cells: dict
    notes: list = field(default_factory=list)


def after_pause(function):
    time.sleep(PAUSE)
    return function()


def race(effort, ours, contestants, seeds):
    """The `Result` of whole trainings, each the mean over the seeds.

    Parameters
    ----------
    effort : Effort

    ours : callable
        Maps a seed to seconds and the fitted estimator.

    contestants : dict of (column, name) to contestant
        The fastest one of a column counts. One that did not get there once does not
        start again.

    seeds : sequence of int
    """
    rounds, words, lost = [], {}, set()
    for _ in range(effort.race_repeats):
        own = [after_pause(partial(ours, seed)) for seed in seeds]
        total = sum(seconds for seconds, _ in own)
        ratios = dict.fromkeys(lost, math.inf)
        for key in [key for key in contestants if key not in lost]:
            spent = 0.0
            for seed, (seconds, mlp) in zip(seeds, own):
                run = partial(contestants[key], seed, mlp, effort.cap * seconds)
                seconds, words[key] = after_pause(run)
                spent += seconds
                if spent == math.inf:
                    lost.add(key)
                    break
            ratios[key] = spent / total
        rounds.append((total / len(seeds), ratios))
    return _race_result(effort, rounds, {key: words[key] for key in contestants})


def _race_result(effort, rounds, words):
    """The `Result` of the rounds' (seconds of ours, ratios by contestant)."""
    cells = {}
    for column in {column for column, _ in words}:
        ratio = statistics.median(
            min(ratio for key, ratio in ratios.items() if key[0] == column)
            for _, ratios in rounds
        )
        cells[column] = f"{ratio:.2f}" if ratio < math.inf else f"> {effort.cap:g}"
    notes = []
    for key, said in words.items():
        ratio = statistics.median(ratios[key] for _, ratios in rounds)
        told = f"{ratio:.2f}" if ratio < math.inf else "not there"
        notes.append(f"{key[1]} {told} ({said})")
    return Result(statistics.median(seconds for seconds, _ in rounds), cells, notes)


class Clock:
    """Seconds of training, without those of looking whether it is where it should be."""

    def __init__(self, limit):
        self._limit, self._there = limit, False
        self.seconds, self.seconds_to_goal = 0.0, math.inf
        self._since = time.perf_counter()

    def stops(self, is_there):
        """Whether to stop: `is_there()`, or the time is up."""
        self.seconds += time.perf_counter() - self._since
        if is_there():
            self.seconds_to_goal = min(self.seconds_to_goal, self.seconds)
        self._since = time.perf_counter()
        return self.seconds_to_goal < math.inf or self.is_over()

    def is_over(self):
        return self.seconds > self._limit


class _Stopped(Exception):  # noqa: N818
    pass


# Ours


def fit_ours(problem, parameters, seed):
    """Seconds of a whole fit, and the estimator."""
    mlp = RegularizedMLPClassifier(
        penalty=problem.penalty, alpha=problem.alpha, random_state=seed, **parameters
    )
    seconds = seconds_of_fit(mlp, problem.X, problem.y)
    # Peers are to minimise what ours does.
    assert np.isclose(problem.value(mlp.coefs_, mlp.intercepts_), mlp.loss_)
    return seconds, mlp


def numpy_contestant(problem, parameters):
    def run(seed, mlp, limit):
        seconds, mlp = fit_ours(problem, parameters, seed)
        return seconds, f"J {mlp.loss_:.4f}"

    return {("NumPy", "NumPy engine"): within(numpy_engine, run)}


def at_thread_settings(column, name, threads, run):
    """A contestant for each thread setting."""
    return {
        (column, f"{name}, {n} thread{'s' * (n > 1)}"): within(partial(threads, n), run)
        for n in thread_settings()
    }


# scikit-learn


class _RacingMLP(MLPClassifier):
    """MLPClassifier with a clock.

    "adam" stops at the goal, as its own rule knows nothing of it; "lbfgs" by its own rule.
    """

    def race(self, problem, goal, clock):
        self._problem, self._goal, self._clock = problem, goal, clock
        with suppress(_Stopped):
            self.fit(problem.X, problem.y)
        words = f"J {problem.value(self.coefs_, self.intercepts_):.4f}"
        if clock.is_over() or clock.seconds_to_goal == math.inf:
            return math.inf, words
        if self.solver == "lbfgs":
            words += f", the goal after {clock.seconds_to_goal / clock.seconds:.0%} of it"
        return clock.seconds, words

    def _update_no_improvement_count(self, *_):
        # Called after every epoch, before the count is compared with n_iter_no_change.
        stops = self._clock.stops(
            lambda: self._problem.value(self.coefs_, self.intercepts_) <= self._goal
        )
        self._no_improvement_count = np.inf if stops else 0

    def _loss_grad_lbfgs(self, *arguments):
        loss, gradient = super()._loss_grad_lbfgs(*arguments)
        self._clock.stops(lambda: loss <= self._goal)
        if self._clock.is_over():
            raise _Stopped
        return loss, gradient


def sklearn_contestants(problem, solver):
    """MLPClassifier with its defaults.

    Its "adam" divides the penalty by the samples of a batch: alpha makes up for that.
    """
    m, alpha = len(problem.y), problem.alpha

    def run(seed, ours, limit):
        mlp = _RacingMLP(
            activation="tanh",
            solver=solver,
            alpha=alpha * 200 / m if solver == "adam" else alpha,
            max_iter=10**6,
            max_fun=10**6,
            random_state=seed,
        )
        return mlp.race(problem, SLACK * ours.loss_, Clock(limit))

    name = f"MLPClassifier {solver}"
    return at_thread_settings("scikit-learn", name, blas_threads, run)


# torch


def torch_contestants(problem):
    """Adam, proximal for L1, with batches of 200 in single precision."""

    def run(seed, ours, limit):
        # Looking whether it is there is to leave no thread of BLAS awake.
        with blas_threads(1):
            return _train_torch(problem, seed, SLACK * ours.loss_, Clock(limit))

    name = f"{'proximal ' * (problem.penalty == 'l1')}Adam in torch"
    return at_thread_settings("torch", name, torch_threads, run)


def _train_torch(problem, seed, goal, clock):
    torch = peer("torch")
    torch.manual_seed(seed)
    X, y, n_outputs, loss = _torch_problem(problem)
    network = torch_network((X.shape[1], 100, n_outputs), "Tanh")
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    weights = [layer.weight for layer in network if hasattr(layer, "weight")]
    strength = problem.alpha / len(y)

    def arrays():
        parts = [part.detach().numpy().T.astype(float) for part in network.parameters()]
        return parts[::2], parts[1::2]

    while not clock.stops(lambda: problem.value(*arrays()) <= goal):
        for rows in torch.randperm(len(y)).split(200):
            optimizer.zero_grad()
            J = loss(network(X[rows]), y[rows])
            if problem.penalty == "l2":
                J = J + strength / 2 * sum((W * W).sum() for W in weights)
            J.backward()
            optimizer.step()
            if problem.penalty == "l1":
                _soft_threshold(torch, optimizer, weights, strength)
    coefs, intercepts = arrays()
    words = f"J {problem.value(coefs, intercepts):.4f}"
    if problem.penalty == "l1":
        zeros = np.concatenate([W.ravel() for W in coefs]) == 0
        words += f", sparsity {zeros.mean():.3f}"
    return clock.seconds_to_goal, words


def _torch_problem(problem):
    """X, y, number of outputs and the loss, as torch takes them."""
    torch = peer("torch")
    X, y = torch.from_numpy(problem.X.astype(np.float32)), torch.from_numpy(problem.y)
    n_classes = int(y.max()) + 1
    if n_classes > 2:
        return X, y, n_classes, torch.nn.CrossEntropyLoss()
    return X, y[:, None].float(), 1, torch.nn.BCEWithLogitsLoss()


def _soft_threshold(torch, optimizer, weights, strength):
    """The prox of strength * ||W||_1 in Adam's metric: a step size for each weight."""
    (group,) = optimizer.param_groups
    (_, beta_2), rate, epsilon = group["betas"], group["lr"], group["eps"]
    with torch.no_grad():
        for W in weights:
            state = optimizer.state[W]
            correction = 1 - beta_2 ** float(state["step"])
            metric = (state["exp_avg_sq"] / correction).sqrt_().add_(epsilon)
            threshold = (rate * strength) / metric
            W -= W.clamp(-threshold, threshold)


# LassoNet


def lassonet_contestants(problem):
    """The path of LassoNet's defaults, until it uses no more features than ours."""

    def run(seed, ours, limit):
        lassonet, clock = peer("lassonet"), Clock(limit)

        def watch(estimator, history):
            if clock.stops(lambda: estimator.model.selected_count() <= features_left(ours)):
                raise _Stopped

        estimator = lassonet.LassoNetClassifier(
            hidden_dims=(100,), verbose=0, random_state=seed, torch_seed=seed
        )
        with suppress(_Stopped):
            estimator.path(problem.X, problem.y, callback=watch)
        n_left = estimator.model.selected_count()
        return clock.seconds_to_goal, f"{n_left} features left"

    return at_thread_settings("torch", "LassoNet's path", torch_threads, run)


def features_left(mlp):
    """Return how many features reach an output."""
    return int(np.count_nonzero(mlp.feature_importances_))


# Rows


def whole_fit(name, effort):
    """Default fits with L2, by L-BFGS here, against Adam and L-BFGS."""
    problem = Problem.of(name, "l2")
    ours = partial(fit_ours, problem, {})
    contestants = (
        sklearn_contestants(problem, "adam")
        | sklearn_contestants(problem, "lbfgs")
        | (torch_contestants(problem) if is_installed("torch") else {})
        | numpy_contestant(problem, {})
    )
    result = race(effort, ours, contestants, seeds=range(3))
    _, mlp = ours(2)
    result.notes.insert(0, f"ours {mlp.solver_} (J {mlp.loss_:.4f})")
    return result


def l1_fit(name, effort, peer_contestants, label):
    """A full-batch fit with L1 to an optimality of 1e-4."""
    problem, parameters = Problem.of(name, "l1"), dict(tol=1e-4)
    ours = partial(fit_ours, problem, parameters)
    result = race(effort, ours, peer_contestants(problem), seeds=range(1))
    result.cells["torch"] += f" ({label})"
    _, mlp = ours(0)
    result.notes.insert(
        0,
        f"ours (J {mlp.loss_:.4f}, optimality {mlp.optimality_:.1e}, sparsity "
        f"{mlp.sparsity_:.3f}, {features_left(mlp)} features left)",
    )
    return result
