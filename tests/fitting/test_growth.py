"""State and costs that must not grow with the calls made before."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor


class CountingList(list):
    """Counts passes over the whole: iterations, sums, copies."""

    n_passes = 0

    def __iter__(self):
        self.n_passes += 1
        return super().__iter__()

    def __add__(self, other):
        self.n_passes += 1
        return CountingList(super().__add__(other))

    def copy(self):
        self.n_passes += 1
        return CountingList(self)


def rows(seed=0, n=12):
    rng = np.random.RandomState(seed)
    X = rng.randn(n, 3)
    return X, X[:, 0] - X[:, 1]


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("cls", [RegularizedMLPClassifier, RegularizedMLPRegressor])
def test_partial_fit_does_not_read_the_losses_before(cls, solver):
    X, y = rows()
    target = y if cls is RegularizedMLPRegressor else (y > 0).astype(int)
    known = {} if cls is RegularizedMLPRegressor else {"classes": [0, 1]}
    mlp = cls((4,), solver=solver, random_state=0)
    mlp.partial_fit(X, target, **known)
    curve = mlp.loss_curve_ = CountingList(mlp.loss_curve_)
    for _ in range(3):
        mlp.partial_fit(X, target)
    assert mlp.loss_curve_ is curve
    assert curve.n_passes == 0
    assert len(curve) == mlp.n_iter_ == 4


def test_the_best_loss_is_the_smallest_of_the_curve_after_every_call():
    mlp = RegularizedMLPRegressor((4,), solver="sgd", random_state=0, alpha=1.0)
    for seed in range(8):
        mlp.partial_fit(*rows(seed))
        assert mlp.best_loss_ == min(mlp.loss_curve_)
    assert mlp.best_loss_ < mlp.loss_curve_[-1]  # the last was not the best by chance


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_partial_fit_after_early_stopping_finds_the_best_of_all():
    X, y = rows(n=40)
    mlp = RegularizedMLPRegressor(
        (4,), solver="adam", early_stopping=True, max_iter=5, random_state=0, alpha=1.0
    ).fit(X, y)
    assert mlp.best_loss_ is None
    mlp.set_params(early_stopping=False).partial_fit(1e3 * X, 1e3 * y)
    assert len(mlp.loss_curve_) == 6
    assert mlp.best_loss_ == min(mlp.loss_curve_)


@pytest.mark.parametrize("kind", [tuple, np.array])
def test_an_assigned_curve_is_gone_on_with(kind):
    mlp = RegularizedMLPRegressor(
        (4,), solver="adam", random_state=0, alpha=1.0
    ).partial_fit(*rows())
    first = mlp.loss_curve_[0]
    mlp.loss_curve_ = kind(mlp.loss_curve_)
    mlp.partial_fit(*rows())
    assert isinstance(mlp.loss_curve_, list)
    assert len(mlp.loss_curve_) == 2
    assert mlp.loss_curve_[0] == first


def test_networks_do_not_share_their_curves():
    mlp = RegularizedMLPRegressor(
        (4,), solver="adam", random_state=0, alpha=1.0
    ).partial_fit(*rows())
    stored, fresh = pickle.loads(pickle.dumps(mlp)), clone(mlp)
    fresh.partial_fit(*rows())
    mlp.partial_fit(*rows())
    assert [len(m.loss_curve_) for m in (mlp, stored, fresh)] == [2, 1, 1]
    assert stored.partial_fit(*rows()).loss_curve_ == mlp.loss_curve_
    earlier = mlp.loss_curve_
    mlp.fit(*rows())
    assert len(earlier) == 2  # a new fit starts a curve of its own


def test_a_pickle_grows_by_the_losses_alone():
    mlp = RegularizedMLPRegressor(
        (4,), solver="adam", random_state=0, alpha=1.0
    ).partial_fit(*rows())

    def size_without_curve():
        curve, mlp.loss_curve_ = mlp.loss_curve_, []
        size = len(pickle.dumps(mlp))
        mlp.loss_curve_ = curve
        return size

    before = size_without_curve()
    for _ in range(100):
        mlp.partial_fit(*rows())
    assert abs(size_without_curve() - before) <= 16  # counters take a byte more
