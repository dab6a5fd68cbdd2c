"""compact(): networks of three hidden layers, with zeros in them, predict the same."""

import copy
import pickle
from itertools import product

import numpy as np
import pytest
from fitted_cases import (
    BOTH,
    KINDS,
    SCORES,
    X,
    assert_same_outputs,
    assert_same_parts,
    drawn,
    make,
    not_converged,
    raw_outputs,
)
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sknormreg import (
    RegularizedMLPRegressor,
)
from sknormreg.engine.activations import ACTIVATIONS
from sknormreg.penalties import MaxNorm

# The hidden layers have 4, 3 and 4 units.


def chain(coefs):
    """Units 0 and 1 are constant, and so are those that read them alone."""
    coefs[0][:, [0, 1]] = 0
    coefs[1][2:, [0, 2]] = 0
    coefs[2][1, [1, 3]] = 0


def unread_chain(coefs):
    """Nothing reads the last layer's unit 2, and of the others some write to it alone."""
    coefs[3][2] = 0
    coefs[2][1, [0, 1, 3]] = 0
    coefs[1][3, [0, 2]] = 0


def unread_and_constant(coefs):
    """A unit that nothing reads reads a constant one, and the other way round."""
    coefs[0][:, 0] = 0
    coefs[2][0] = 0
    coefs[0][:, 3] = 0
    coefs[1][3] = 0


def zero(layer, index=...):
    return lambda coefs: coefs[layer].__setitem__(index, 0)


def everything(coefs):
    for weights in coefs:
        weights[...] = 0


# With the units left in each hidden layer; of a layer that vanishes, one is left.
ZEROS = {
    "none": (lambda coefs: None, [4, 3, 4]),
    "a constant unit": (zero(0, np.s_[:, 1]), [3, 3, 4]),
    "a constant unit above": (zero(1, np.s_[:, 0]), [4, 2, 4]),
    "a chain of constant units": (chain, [2, 1, 2]),
    "a unit nothing reads": (zero(1, 2), [3, 3, 4]),
    "a chain of units nothing reads": (unread_chain, [3, 2, 3]),
    "unread and constant units": (unread_and_constant, [2, 2, 4]),
    "one unit left": (zero(0, np.s_[:, 1:]), [1, 3, 4]),
    "first weights 0": (zero(0), [1, 1, 1]),
    "second weights 0": (zero(1), [1, 1, 1]),
    "last weights 0": (zero(3), [1, 1, 1]),
    "all weights 0": (everything, [1, 1, 1]),
}


# Of 0 at 0 and not; of several ones.
QUICK = ["mixed", "softplus", "tanh"]
OTHERS = sorted(set(ACTIVATIONS) - set(QUICK))


@pytest.mark.parametrize(
    "activation", [*QUICK, *(pytest.param(one, marks=pytest.mark.slow) for one in OTHERS)]
)
@pytest.mark.parametrize("zeros", ZEROS)
@not_converged
def test_compact_predicts_the_same(zeros, activation):
    if activation == "mixed":
        activation = ["softplus", "relu", "logistic"]
    model = drawn(activation=activation)
    make_zeros, sizes = ZEROS[zeros]
    make_zeros(model.coefs_)
    small = model.compact()
    assert_same_outputs(small, model)
    assert list(small.hidden_layer_sizes) == sizes
    assert [weights.shape for weights in small.coefs_] == list(
        zip([5, *sizes], [*sizes, 1])
    )
    assert [len(b) for b in small.intercepts_] == [*sizes, 1]
    dead = zeros.endswith("weights 0")
    assert small.n_active_units_ == model.n_active_units_
    assert small.n_active_units_ == ([0, 0, 0] if dead else sizes)
    if dead:
        # What is left of a layer has no weights.
        assert small.n_nonzero_ == 0


@pytest.mark.every(5)
@pytest.mark.parametrize("zeros", ZEROS)
@pytest.mark.parametrize("kind", KINDS)
@not_converged
def test_compact_for_every_kind_of_target(kind, zeros):
    model = drawn(kind)
    ZEROS[zeros][0](model.coefs_)
    small = model.compact()
    assert type(small) is type(model)
    assert_same_outputs(small, model)
    assert_same_outputs(small, model, X[:1])
    assert_same_outputs(small, model, sparse.csr_array(X))


@pytest.mark.parametrize("zeros", ZEROS)
@pytest.mark.parametrize("kind", ["multiclass", "several outputs"])
@not_converged
def test_compact_with_a_skip_connection(kind, zeros):
    model = drawn(kind, penalty="hierarchical")
    ZEROS[zeros][0](model.coefs_)
    small = model.compact()
    assert_same_outputs(small, model)
    np.testing.assert_array_equal(small.skip_coef_, model.skip_coef_)
    # What leads around the hidden layers does not keep a unit.
    assert list(small.hidden_layer_sizes) == ZEROS[zeros][1]


@pytest.mark.parametrize("kind", KINDS)
@not_converged
def test_compact_without_hidden_layers(kind):
    model = drawn(kind, sizes=())
    model.coefs_[0][2] = 0
    small = model.compact()
    assert small.hidden_layer_sizes == ()
    assert small.shrinkage_["n_units"] == {"before": [], "after": []}
    assert_same_outputs(small, model)


@not_converged
def test_compact_by_hand():
    model = drawn(sizes=(2, 2), activation=["relu", "identity"])
    # The first unit is relu(3) = 3 for every x: 2 * 3 more for the next layer's first
    # unit. Its second unit has no reader.
    model.coefs_ = [
        np.array([[0, 1], [0, 2], [0, 0], [0, 0], [0, 0.0]]),
        np.array([[2, 5], [4, 7.0]]),
        np.array([[10], [0.0]]),
    ]
    model.intercepts_ = [np.array([3, 0.5]), np.array([1, 1.0]), np.array([-1.0])]
    small = model.compact()
    for found, expected in zip(
        small.coefs_ + small.intercepts_,
        [[[1], [2], [0], [0], [0]], [[4]], [[10]], [0.5], [7], [-1]],
    ):
        np.testing.assert_array_equal(found, expected)
    # Weights: 10 + 4 + 2 before, 5 + 1 + 1 after.
    assert small.shrinkage_ == {
        "n_units": {"before": [2, 2], "after": [1, 1]},
        "n_weights": {"before": 16, "after": 7},
        "n_nonzero": {"before": 7, "after": 4},
    }
    assert small.sparsity_ == pytest.approx(3 / 7)
    np.testing.assert_array_equal(small.selected_features_, [1, 1, 0, 0, 0])


@not_converged
def test_compact_of_single_precision():
    model = drawn("multiclass", dtype=np.float32)
    chain(model.coefs_)
    small = model.compact()
    assert {a.dtype for a in small.coefs_ + small.intercepts_} == {np.dtype(np.float32)}
    # The same thousands of times the rounding unit, here 6e-8.
    assert_same_outputs(small, model, X.astype(np.float32), tolerance=1e-4)


@not_converged
def test_compact_twice_is_compact_once():
    model = drawn()
    unread_chain(model.coefs_)
    once = model.compact()
    twice = once.compact()
    assert_same_parts(twice.coefs_ + twice.intercepts_, once.coefs_ + once.intercepts_)
    for sizes in twice.shrinkage_.values():
        assert sizes["before"] == sizes["after"]


@pytest.mark.parametrize("sizes", [(4,), [4], 4, np.array([4])])
@not_converged
def test_compact_however_sizes_are_given(sizes):
    model = drawn(sizes=sizes)
    model.coefs_[0][:, :3] = 0
    small = model.compact()
    assert small.hidden_layer_sizes == (1,)
    np.testing.assert_array_equal(model.hidden_layer_sizes, sizes)


def arrays_of(model):
    """All arrays that a fitted estimator holds, by name."""
    found = {}
    for name, value in vars(model).items():
        entries = value if isinstance(value, list | tuple) else [value]
        for i, entry in enumerate(entries):
            if isinstance(entry, np.ndarray):
                found[name, i] = entry
    return found


@pytest.mark.parametrize("penalty", ["hierarchical", "group_lasso"])
@pytest.mark.parametrize("zeros", ["none", "a chain of constant units"])
@not_converged
def test_compact_leaves_the_original_alone(zeros, penalty):
    model = drawn("multiclass", penalty=penalty)
    ZEROS[zeros][0](model.coefs_)
    before, params = copy.deepcopy(model), model.get_params()
    small = model.compact()
    assert model.get_params() == params
    assert not hasattr(model, "shrinkage_")
    originals = arrays_of(model)
    assert {("coefs_", 3), ("intercepts_", 0), ("classes_", 0)} <= set(originals)
    for array, other in product(arrays_of(small).values(), originals.values()):
        assert not np.shares_memory(array, other)
    small.loss_curve_.append(0.0)
    for name, array in arrays_of(before).items():
        np.testing.assert_array_equal(originals[name], array)
    assert model.loss_curve_ == before.loss_curve_


@not_converged
def test_compact_has_parameters_of_its_own():
    random_state = np.random.RandomState(3)
    model, y = make(penalty=MaxNorm(2.0), random_state=random_state, hidden_layer_sizes=4)
    small = model.fit(X, y).compact()
    small.set_params(penalty__radius=5.0)
    assert model.penalty.radius == 2.0
    state = random_state.get_state()[1].copy()
    small.fit(X, y)
    np.testing.assert_array_equal(random_state.get_state()[1], state)


def sparse_fit(cls, **params):
    """A fit that has lost units, but neither all of them nor none."""
    y = SCORES if cls is RegularizedMLPRegressor else KINDS["multiclass"][2]
    settings = dict(hidden_layer_sizes=(8,), penalty="group_lasso", alpha=1.0)
    model = cls(**{**settings, "random_state": 0, "max_iter": 300, **params}).fit(X, y)
    assert 0 < model.n_active_units_[0] < 8
    return model, y


@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_a_compacted_estimator_is_fitted_anew(cls):
    model, y = sparse_fit(cls)
    small = model.compact()
    fresh = clone(small)
    assert not hasattr(fresh, "coefs_")
    assert not hasattr(fresh, "shrinkage_")
    assert fresh.get_params() == small.get_params()
    assert {**model.get_params(), "hidden_layer_sizes": (model.n_active_units_[0],)} == (
        small.get_params()
    )
    small.fit(X, y)
    # The sizes were those of another network.
    assert not hasattr(small, "shrinkage_")
    assert_same_parts(small.coefs_, fresh.fit(X, y).coefs_)


@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_a_compacted_estimator_goes_on_where_it_was(cls):
    model, y = sparse_fit(cls)
    small = model.compact().set_params(warm_start=True, max_iter=1)
    small.fit(X, y)
    # J of the same predictions and no more weights; a new start has one far larger.
    assert small.loss_ <= model.loss_ * (1 + 1e-12)
    assert clone(small).fit(X, y).loss_ > 1.1 * model.loss_


@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.parametrize("solver", ["adam", "sgd"])
@not_converged
def test_a_compacted_estimator_goes_on_with_partial_fit(cls, solver):
    model, y = sparse_fit(cls)
    small = model.compact().set_params(solver=solver, learning_rate_init=1e-6)
    before = small.predict(X)
    small.partial_fit(X, y)
    assert small.n_iter_ == model.n_iter_ + 1
    if cls is RegularizedMLPRegressor:
        # A step of a millionth for every one of few weights.
        np.testing.assert_allclose(small.predict(X), before, atol=1e-3)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@not_converged
def test_running_averages_of_another_network_are_left_behind(solver):
    model = drawn("regression", solver=solver).partial_fit(X, SCORES)
    model.coefs_[0][:, 1:] = 0
    small = model.compact()
    assert small.hidden_layer_sizes == (1, 3, 4)
    # The same weights in a network that was never larger.
    twin = drawn("regression", small.hidden_layer_sizes, solver=solver)
    for own, other in (
        (twin.coefs_, small.coefs_),
        (twin.intercepts_, small.intercepts_),
    ):
        for array, same in zip(own, other):
            array[...] = same
    for _ in range(2):
        small.partial_fit(X, SCORES)
        twin.partial_fit(X, SCORES)
    assert_same_parts(small.coefs_, twin.coefs_)
    # The original's are still its own.
    model.partial_fit(X, SCORES)


@pytest.mark.parametrize("kind", KINDS)
@not_converged
def test_a_compacted_estimator_can_be_pickled(kind):
    model = drawn(kind)
    chain(model.coefs_)
    small = model.compact()
    twin = pickle.loads(pickle.dumps(small))
    np.testing.assert_array_equal(raw_outputs(twin), raw_outputs(small))
    assert twin.shrinkage_ == small.shrinkage_
    assert twin.get_params() == small.get_params()


def test_compact_and_to_sklearn_need_a_fit():
    for cls, name in product(BOTH, ["compact", "to_sklearn"]):
        with pytest.raises(NotFittedError):
            getattr(cls(), name)()
