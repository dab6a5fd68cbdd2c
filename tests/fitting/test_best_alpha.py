"""alpha="auto": which samples are held out, and the search for their smallest loss."""

import time
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor
from sknormreg.engine import make_engine
from sknormreg.estimators.specification import network_spec
from sknormreg.estimators.validation import training_data
from sknormreg.fitting.alpha_trials import trials_of
from sknormreg.fitting.auto_alpha import _bracketed, _minimum, best_alpha
from sknormreg.fitting.fit import fit_network
from sknormreg.fitting.row_space import in_row_space
from sknormreg.penalties import L1, L2, MaxNorm, Weighted

RNG = np.random.RandomState(0)
X = RNG.normal(size=(80, 6))
Y = 3 * (X[:, 0] + np.sin(2 * X[:, 1])) + RNG.normal(size=80)
LABELS = np.array(["no", "yes", "maybe"])[np.digitize(Y, [-2, 3])]
ENDLESS = np.inf


def problem(mlp, X, y, sample_weight=None):
    data, targets = training_data(mlp, X, y, sample_weight)
    return network_spec(mlp, targets), data


def state():
    return np.random.RandomState(5)


# Oracles


@pytest.mark.parametrize("weighted", [False, True])
def test_without_hidden_layers_losses_are_those_of_ridge(weighted):
    weight = RNG.randint(1, 4, size=80).astype(float) if weighted else None
    mlp = RegularizedMLPRegressor((), random_state=0)
    spec, data = problem(mlp, X, Y, weight)
    mean = weight.mean() if weighted else 1.0
    grid = mean * 10.0 ** np.arange(-4, 5, 0.5)
    total = 0.0
    trials = trials_of(spec, data, state(), None)
    for trial in trials:
        held_out = np.setdiff1d(np.arange(80), trial.rows)
        folds = [
            (trial.data.X[rows], trial.data.y[rows].ravel(), _of(trial.data, rows))
            for rows in (trial.rows, held_out)
        ]
        (A, b, v), (A_test, b_test, v_test) = folds
        errors = [
            b_test - Ridge(alpha).fit(A, b, sample_weight=v).predict(A_test)
            for alpha in grid
        ]
        total += np.array([np.dot(v_test, error**2) / 2 for error in errors])
    losses = dict(zip(grid, total / (80 if weight is None else weight.sum())))
    found = best_alpha(spec, data, state())
    # Both end at the minimum of a parabola; that of `grid` need not be beside 1.
    assert found == pytest.approx(_minimum(losses), rel=1e-3)


def _of(data, rows):
    return np.ones(len(rows)) if data.sample_weight is None else data.sample_weight[rows]


@pytest.mark.parametrize("best", [1e-3, 0.3, 1.0, 1.7, 4.0, 70.0])
def test_a_parabola_has_its_minimum_found(best):
    class Fits:
        def loss(self, alpha):
            return 2 + np.log(alpha / best) ** 2

        def go_back(self):
            pass

    losses = _bracketed(Fits(), 1.0, 0.0, 0.0, ENDLESS)
    assert list(losses) == sorted(losses)
    assert _minimum(losses) == pytest.approx(best, rel=1e-9)


def test_smaller_alphas_have_to_be_worth_it():
    class Fits:
        went_back = 0

        def loss(self, alpha):
            return 2 + 0.1 * np.log10(alpha) if alpha <= 1 else 3.0

        def go_back(self):
            self.went_back += 1

    fits = Fits()
    assert min(_bracketed(fits, 1.0, 6.0, 6.0, ENDLESS)) == pytest.approx(10**-0.5)
    assert min(_bracketed(fits, 1.0, 4.0, 4.0, ENDLESS)) < 1e-5
    assert fits.went_back == 4


def test_the_end_of_the_time():
    mlp = RegularizedMLPRegressor((3,), random_state=0)
    spec, data = problem(mlp, X, Y)
    # The first fits are made in any case, with an iteration each.
    assert best_alpha(spec, data, state(), deadline=time.monotonic()) == pytest.approx(
        Y.std(), rel=0.01
    )


# What is held out


def test_every_sample_is_held_out_once_with_targets_of_all_sizes():
    for mlp, y in (RegularizedMLPRegressor(), Y), (RegularizedMLPClassifier(), LABELS):
        trials = trials_of(*problem(mlp, X, y), state(), None)
        held_out = [np.setdiff1d(np.arange(80), trial.rows) for trial in trials]
        np.testing.assert_array_equal(np.sort(np.concatenate(held_out)), np.arange(80))
        for rows in held_out:
            ours, all_y = trials[0].data.y[rows], trials[0].data.y
            np.testing.assert_allclose(
                np.mean(ours, axis=0), all_y.mean(axis=0), atol=0.12 * all_y.std()
            )


@pytest.mark.parametrize("labels", [LABELS, LABELS == "no"])
def test_smoothed_labels_are_held_out_as_they_are(labels):
    mlp = RegularizedMLPClassifier((3,), label_smoothing=0.3, random_state=0)
    spec, data = problem(mlp, X, labels)
    (trial, *_) = trials_of(spec, data, state(), None)
    fitted = fit_network(spec, trial.data, trial.rows, 1.0, random_state=state())
    held_out = np.setdiff1d(np.arange(80), trial.rows)
    network = fitted.network
    raw = make_engine(network).raw_predict(
        network.coefs(fitted.params), fitted.intercepts, trial.data.X, held_out
    )
    network.loss.inverse_link(raw)
    expected = log_loss(trial.data.y[held_out].ravel(), raw, normalize=False)
    loss, weight = trial.loss(fitted)
    assert loss == pytest.approx(expected, rel=1e-10)
    assert weight == len(held_out)


def test_copies_are_in_the_same_part():
    mlp = RegularizedMLPRegressor(random_state=0)
    twice = np.tile(X, (2, 1)), np.tile(Y, 2)
    (first, *_), (same, *_) = (
        trials_of(*problem(mlp, *given), state(), None)
        for given in (twice, (X, Y, np.full(80, 2.0)))
    )
    np.testing.assert_array_equal(first.data.X, same.data.X)
    np.testing.assert_array_equal(first.rows, same.rows)
    np.testing.assert_array_equal(first.data.sample_weight, same.data.sample_weight)


@pytest.mark.parametrize(("n_samples", "n_trials"), [(2, 2), (5, 3), (1600, 2), (4000, 1)])
def test_how_often_samples_are_held_out(n_samples, n_trials):
    spec, data = problem(
        RegularizedMLPRegressor(), np.arange(n_samples)[:, None], Y[:1].repeat(n_samples)
    )
    trials = trials_of(spec, data, state(), None)
    assert len(trials) == n_trials
    for trial in trials:
        network = fit_network(spec, trial.data, trial.rows, random_state=state())
        loss, weight = trial.loss(network)
        assert weight > 0
        assert np.isfinite(loss)


def test_many_samples_are_drawn_from(monkeypatch):
    monkeypatch.setattr("sknormreg.fitting.alpha_trials._MOST_SAMPLES", 60)
    (trial, *_) = trials_of(*problem(RegularizedMLPRegressor(), X, Y), state(), None)
    assert trial.data.X.shape == (60, 6)
    assert (np.diff(trial.data.y.ravel()) >= 0).all()


def test_given_samples_decide():
    """Repeated measurements look as if a network without a penalty predicted best."""
    rng = np.random.RandomState(3)
    centres = rng.normal(size=(30, 8))
    groups = np.repeat(np.arange(30), 8)
    Z = centres[groups] + 0.05 * rng.normal(size=(240, 8))
    y = (centres[:, 0] + rng.normal(size=30))[groups]
    new = rng.normal(size=(200, 8))
    y_new = new[:, 0] + rng.normal(size=200)
    mlp = RegularizedMLPRegressor((10,), random_state=0)
    alone = mlp.fit(Z, y).alpha_
    mlp.fit(Z, y, X_val=new, y_val=y_new)
    assert mlp.alpha_ > 3 * alone
    assert len(mlp.validation_loss_curve_) == mlp.n_iter_
    # A line search over given alphas finds none that is much better.
    scores = []
    for alpha in mlp.alpha_ * np.array([0.1, 0.3, 1, 3, 10]):
        other = RegularizedMLPRegressor((10,), alpha=alpha, random_state=0)
        scores.append(other.fit(Z, y).score(new, y_new))
    assert scores[2] > max(scores) - 0.05


def test_early_stopping_decides_by_the_samples_that_it_holds_out():
    mlp = RegularizedMLPClassifier((5,), early_stopping=True, random_state=0)
    spec, data = problem(mlp, X, LABELS)
    (trial,) = trials_of(spec, data, state(), None)
    rows, _ = spec.hold_out(data, None, state())
    same, _ = trial.spec.hold_out(data, None, np.random.RandomState(99))
    np.testing.assert_array_equal(rows, same)
    fitted = fit_network(trial.spec, data, None, 1.0, random_state=state())
    assert trial.loss(fitted) == (min(fitted.training.validation_loss_curve), 1.0)
    assert mlp.fit(X, LABELS).alpha_ > 0


# In the row space


def test_a_wide_problem_is_the_same_in_its_row_space():
    wide = RNG.normal(size=(20, 70))
    mlp = RegularizedMLPRegressor((4,), random_state=0)
    spec, data = problem(mlp, wide, wide[:, 0] + wide[:, 1] ** 2)
    reduced, start = in_row_space(spec, data, 7)
    assert reduced.X.shape == (20, 20)
    precise = network_spec(
        mlp.set_params(tol=1e-9, max_iter=5000), mlp_targets(mlp, wide, data)
    )
    fits = [
        fit_network(precise, data, None, 0.7, random_state=np.random.RandomState(7)),
        fit_network(
            precise, reduced, None, 0.7, start, random_state=np.random.RandomState(7)
        ),
    ]
    losses = [fitted.training.loss for fitted in fits]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def mlp_targets(mlp, wide, data):
    return training_data(mlp, wide, data.y.ravel(), None)[1]


@pytest.mark.parametrize(
    "params",
    [
        dict(penalty="l1"),
        dict(penalty=["l1", "l2"]),
        dict(penalty=Weighted(L2(), np.arange(1.0, 71))),
        dict(input_dropout=0.1),
    ],
)
def test_what_depends_on_the_coordinates_keeps_them(params):
    wide = RNG.normal(size=(20, 70))
    mlp = RegularizedMLPRegressor((4,), **params)
    spec, data = problem(mlp, wide, wide[:, 0])
    assert in_row_space(spec, data, 0)[0] is data


def test_sparse_and_tall_samples_stay_as_they_are():
    wide = RNG.normal(size=(20, 70))
    for given in sparse.csr_array(wide), wide[:, :39]:
        spec, data = problem(RegularizedMLPRegressor((4,)), given, wide[:, 0])
        assert in_row_space(spec, data, 0)[0] is data


# Fits


@pytest.mark.parametrize(
    "penalty", ["l2", "l1", "group_lasso", ["group_lasso", MaxNorm(1.0)]]
)
def test_noise_is_shrunk_and_signal_is_not(penalty):
    mlp = RegularizedMLPRegressor((5,), penalty=penalty, random_state=0)
    noise = np.random.RandomState(4).normal(size=80)
    with warnings.catch_warnings(action="ignore"):
        assert mlp.fit(X, noise).score(X, noise) < 0.2
    signal = X[:, 0] - X[:, 1]
    assert mlp.fit(X, signal).score(X, signal) > 0.95


def test_an_empty_first_network_is_left_behind():
    """Of targets in cents, where alpha = 1 at the scale of J leaves nothing."""
    rng = np.random.RandomState(0)
    Z = rng.normal(size=(60, 40))
    y = 1e6 * Z[:, 0]
    for penalty in "l2", L1():
        mlp = RegularizedMLPRegressor((5,), penalty=penalty, random_state=0)
        with warnings.catch_warnings(action="ignore"):
            assert mlp.fit(Z, y).score(Z, y) > 0.5


def test_constraints_have_no_alpha_to_choose():
    mlp = RegularizedMLPRegressor((3,), penalty=MaxNorm(1.0), random_state=0)
    assert mlp.fit(X, Y).alpha_ == 1.0
