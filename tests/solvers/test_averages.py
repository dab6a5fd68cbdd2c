"""Averages of the last iterates of minibatch solvers, against their definition."""

import numpy as np
import pytest
from compiled_cases import make_data, make_network, make_params, make_solver
from objectives import scaled_objective

from sknormreg.engine import make_engine
from sknormreg.fitting.layer_penalties import penalties_by_layer
from sknormreg.penalties import L1, L2, PENALTIES, GroupLasso, Hierarchical, Layout, MaxNorm
from sknormreg.solvers import MinibatchState

N_EPOCHS, N_AVERAGED = 12, 5


def run(penalty, method, n_iter_average, alpha=40.0, skip=False, n_epochs=N_EPOCHS):
    """Return the problem, the iterates of a few epochs, and the state of each."""
    network = make_network((6, 8, 2), skip=skip)
    data = make_data(network, 130, weighted=True)
    layout = Layout(list(network.shapes), None, network.n_skip)
    penalties = penalties_by_layer(penalty, layout)
    problem = scaled_objective(
        make_engine(network), data, None, penalties, alpha, scales=(1.0, 1.0)
    )
    solver = make_solver(method, 20, learning_rate_init=0.01, n_iter_average=n_iter_average)
    state, seconds, iterates = MinibatchState(), [], []
    params = problem.feasible(make_params(network))
    for iterate in solver.iterate(problem, problem.to_solver(params), state):
        iterates.append(iterate)
        seconds.append((state.n_steps, state.moments.get("second", np.ones(1)).copy()))
        if len(iterates) == n_epochs:
            return problem, solver, iterates, seconds


def steps_of(solver, method, n_steps, second):
    """The step sizes of the proximal operator: of Adam, those of its algorithm 1."""
    if method != "adam":
        return solver.learning_rate_init
    corrected = second / (1 - solver.beta_2**n_steps)
    return solver.learning_rate_init / (np.sqrt(corrected) + solver.epsilon)


@pytest.mark.parametrize("method", ["adam", "heavy-ball", "nesterov"])
def test_averages_of_l1_by_definition(method):
    problem, _, plain, _ = run(L1(), method, 1)
    _, solver, averaged, states = run(L1(), method, N_AVERAGED)
    n_weights, n_zeros = problem.network.n_weights, 0
    for i, iterate in enumerate(averaged):
        # Training does not know of it.
        assert iterate.value == plain[i].value
        recent = [other.params for other in plain[max(i + 1 - N_AVERAGED, 0) : i + 1]]
        mean = np.mean(recent, axis=0)
        mean[plain[i].params == 0] = 0
        threshold = np.broadcast_to(steps_of(solver, method, *states[i]), mean.shape)
        threshold = threshold[:n_weights] * problem.strength
        size = np.abs(mean[:n_weights]) - threshold
        expected = mean.copy()
        expected[:n_weights] = np.sign(mean[:n_weights]) * np.maximum(size, 0)
        np.testing.assert_allclose(iterate.params, expected, rtol=1e-10, atol=1e-15)
        n_zeros += np.count_nonzero(iterate.params[:n_weights] == 0)
    assert n_zeros > n_weights  # there is something to tell


TAKEN = [("nesterov", name) for name in sorted(PENALTIES)] + [
    ("adam", name) for name, cls in PENALTIES.items() if cls.has_diagonal_prox
]


@pytest.mark.parametrize(("method", "name"), TAKEN)
def test_averages_are_as_sparse_as_the_last_iterate(method, name):
    penalty = PENALTIES[name]()
    skip = penalty.needs_skip
    # Only layers next to the features are bounded by a skip connection.
    penalties = [penalty, L2()] if skip else penalty
    problem, _, plain, _ = run(penalties, method, 1, skip=skip)
    _, _, averaged, _ = run(penalties, method, N_AVERAGED, skip=skip)
    for first, second in zip(plain, averaged):
        assert (second.params[first.params == 0] == 0).all()
    assert (averaged[-1].params != plain[-1].params).any()
    first, _ = problem.network.coefs(averaged[-1].params)
    if name == "max_norm":
        assert np.linalg.norm(first, axis=0).max() <= penalty.radius * (1 + 1e-12)
    elif name == "l1_ball":
        assert np.abs(first).sum() <= penalty.radius * (1 + 1e-12)
    elif skip:
        hidden, direct = problem.network.split_skip(problem.from_solver(first))
        bound = np.linalg.norm(direct, axis=1) * penalty.M
        assert (np.abs(hidden).max(axis=1) <= bound * (1 + 1e-9) + 1e-15).all()


def test_averages_lie_within_bounds_that_iterates_share():
    penalties = [MaxNorm(0.5), GroupLasso()]
    _, _, iterates, _ = run(penalties, "nesterov", N_AVERAGED)
    network = make_network((6, 8, 2))
    first, _ = network.coefs(iterates[-1].params)
    assert np.linalg.norm(first, axis=0).max() <= 0.5 * (1 + 1e-12)


def test_averages_are_nearer_to_the_minimum():
    """Noise of minibatches keeps iterates at a distance that averages do not have."""
    network = make_network((6, 2))
    data = make_data(network, 130)
    problem = scaled_objective(make_engine(network), data, None, L1(), 5.0)
    values = {}
    for n in (1, 30):
        settings = dict(n_iter_no_change=np.inf, learning_rate_init=0.005)
        solver = make_solver("heavy-ball", 5, n_iter_average=n, **settings)
        iterates = solver.iterate(problem, problem.to_solver(make_params(network)))
        last = [next(iterates) for _ in range(120)][60:]
        values[n] = [problem.evaluate(iterate.params).value for iterate in last]
    least = min(values[30])
    excess = {n: np.mean(values[n]) - least for n in values}
    assert excess[30] < 0.5 * excess[1]


def test_hierarchy_is_restored():
    penalties = [Hierarchical(0.5), L2()]
    problem, _, iterates, _ = run(penalties, "nesterov", N_AVERAGED, skip=True)
    params = problem.from_solver(iterates[-1].params)
    hidden, direct = problem.network.split_skip(problem.network.coefs(params)[0])
    bound = 0.5 * np.linalg.norm(direct, axis=1)
    assert (np.abs(hidden).max(axis=1) <= bound * (1 + 1e-9)).all()
    assert hidden.any()
