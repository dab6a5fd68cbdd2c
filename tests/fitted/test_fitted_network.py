"""What is made of a fitted network predicts the same; what is said of it is true.

Networks have weights made by hand or drawn, with zeros where a case wants them. Sums over
fewer or otherwise ordered terms round differently: networks are taken to be the same where
raw outputs differ by at most 1e-12 of the largest, thousands of times the rounding unit.
"""

import copy
import pickle
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)
from sknormreg.engine.activations import ACTIVATIONS
from sknormreg.penalties import L2, GroupLasso, GroupMCP, MaxNorm

not_converged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [RegularizedMLPClassifier, RegularizedMLPRegressor]
SAME = 1e-12

rng = np.random.RandomState(0)
X = rng.randn(40, 5)
COLUMNS = ["age", "income", "height", "weight", "steps"]
SCORES = X @ [1.0, -2.0, 0.5, 0.0, 1.0] + 0.1 * rng.randn(40)

# Every kind of target: class, its parameters, y.
KINDS = {
    "binary": (
        RegularizedMLPClassifier,
        {},
        np.where(SCORES > 0, "yes", "no"),
    ),
    "multiclass": (RegularizedMLPClassifier, {}, np.digitize(SCORES, [-1, 1]) + 3),
    "multilabel": (
        RegularizedMLPClassifier,
        {},
        (np.c_[SCORES, X[:, 1], -SCORES] > 0).astype(int),
    ),
    "regression": (RegularizedMLPRegressor, {}, SCORES),
    "several outputs": (RegularizedMLPRegressor, {}, np.c_[SCORES, 1 - SCORES, X[:, 0]]),
    "poisson": (RegularizedMLPRegressor, {"loss": "poisson"}, np.round(np.exp(SCORES / 3))),
}


def make(kind="regression", **params):
    """An estimator for a kind of target and its y."""
    cls, own, y = KINDS[kind]
    return cls(**{"max_iter": 1, "random_state": 0, **own, **params}), y


def drawn(kind="regression", sizes=(4, 3, 4), dtype=np.float64, seed=0, **params):
    """A fitted estimator whose weights and intercepts, none of them 0, are drawn anew."""
    random_state = np.random.RandomState(seed)
    model, y = make(kind, hidden_layer_sizes=sizes, **params)
    model.fit(X.astype(dtype), y)
    for arrays in (model.coefs_, model.intercepts_):
        for array in arrays:
            array[...] = random_state.normal(size=array.shape)
    if hasattr(model, "skip_coef_"):
        model.skip_coef_[...] = random_state.normal(size=model.skip_coef_.shape)
    return model


def raw_outputs(model, X=X):
    name = "decision_function" if hasattr(model, "decision_function") else "predict"
    return getattr(model, name)(X)


def assert_same_outputs(model, expected, X=X, tolerance=SAME):
    """Raw outputs are as expected, up to a share of the largest; predictions are so too."""
    raw, other = raw_outputs(expected, X), raw_outputs(model, X)
    assert other.shape == raw.shape
    assert other.dtype == raw.dtype
    np.testing.assert_allclose(other, raw, rtol=0, atol=tolerance * np.abs(raw).max())
    if hasattr(expected, "predict_proba"):
        np.testing.assert_array_equal(model.predict(X), expected.predict(X))
        np.testing.assert_allclose(
            model.predict_proba(X),
            expected.predict_proba(X),
            rtol=0,
            atol=tolerance * np.abs(raw).max(),
        )


# compact(): networks of three hidden layers, of 4, 3 and 4 units, with zeros in them.


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


@pytest.mark.parametrize("activation", [*sorted(ACTIVATIONS), "mixed"])
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


def assert_same_parts(found, expected):
    assert len(found) == len(expected)
    for a, b in zip(found, expected):
        np.testing.assert_array_equal(a, b)


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


# to_sklearn()


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("sizes", [(), (4,), (4, 3)])
@pytest.mark.parametrize("kind", KINDS)
@not_converged
def test_to_sklearn_predicts_the_same(kind, sizes, activation):
    model = drawn(kind, sizes, activation=activation)
    theirs = model.to_sklearn()
    y = KINDS[kind][2]
    if isinstance(model, RegularizedMLPClassifier):
        assert type(theirs) is MLPClassifier
        np.testing.assert_array_equal(theirs.predict(X), model.predict(X))
        assert theirs.predict(X).dtype == model.predict(X).dtype
        # Theirs are exponentials of logits over their sum, or logistic functions.
        np.testing.assert_allclose(
            theirs.predict_proba(X), model.predict_proba(X), rtol=1e-10, atol=1e-15
        )
        np.testing.assert_array_equal(theirs.classes_, model.classes_)
        assert theirs.score(X, y) == pytest.approx(model.score(X, y), abs=1e-15)
    else:
        assert type(theirs) is MLPRegressor
        np.testing.assert_allclose(theirs.predict(X), model.predict(X), rtol=1e-11)
        assert theirs.predict(X).shape == model.predict(X).shape
        assert theirs.score(X, y) == pytest.approx(model.score(X, y), rel=1e-10)


@pytest.mark.parametrize("kind", KINDS)
@not_converged
def test_to_sklearn_has_parameters_of_the_network_and_pickles(kind):
    model = drawn(kind, (4, 3), activation="logistic")
    theirs = model.to_sklearn()
    expected = {"hidden_layer_sizes": (4, 3), "activation": "logistic"}
    if kind == "poisson":
        expected["loss"] = "poisson"
    assert theirs.get_params() == type(theirs)(**expected).get_params()
    twin = pickle.loads(pickle.dumps(theirs))
    np.testing.assert_array_equal(twin.predict(X), theirs.predict(X))
    for name in ("n_layers_", "n_outputs_", "n_features_in_", "out_activation_"):
        assert getattr(theirs, name) == getattr(model, name)
    # The parameters are those of an estimator that can be trained.
    clone(theirs).set_params(max_iter=2).fit(X, KINDS[kind][2])


@pytest.mark.parametrize("kind", ["binary", "regression"])
@not_converged
def test_to_sklearn_keeps_feature_names(kind):
    frame = pd.DataFrame(X, columns=COLUMNS)
    model, y = make(kind, hidden_layer_sizes=(4,))
    theirs = model.fit(frame, y).to_sklearn()
    assert theirs.feature_names_in_.tolist() == COLUMNS
    # A warning about names would be an error.
    predicted = theirs.predict(frame)
    if kind == "binary":
        np.testing.assert_array_equal(predicted, model.predict(frame))
    else:
        np.testing.assert_allclose(predicted, model.predict(frame), rtol=1e-11)
    with pytest.raises(ValueError, match="feature names should match"):
        theirs.predict(frame[COLUMNS[::-1]])


@pytest.mark.parametrize("kind", ["multiclass", "regression"])
@not_converged
def test_to_sklearn_of_single_precision(kind):
    model = drawn(kind, (4, 3), dtype=np.float32)
    theirs, single = model.to_sklearn(), X.astype(np.float32)
    assert theirs.coefs_[0].dtype == np.float32
    name = "predict_proba" if kind == "multiclass" else "predict"
    ours = getattr(model, name)(single)
    np.testing.assert_allclose(getattr(theirs, name)(single), ours, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("loss", ["huber", "quantile"])
@not_converged
def test_to_sklearn_of_losses_it_does_not_know(loss):
    model = drawn(loss=loss)
    np.testing.assert_allclose(model.to_sklearn().predict(X), model.predict(X), rtol=1e-11)


@not_converged
def test_to_sklearn_keeps_sparse_indicators():
    model, y = make("multilabel", hidden_layer_sizes=(4,))
    model.fit(X, sparse.csr_matrix(y))
    predicted = model.to_sklearn().predict(X)
    assert sparse.issparse(predicted)
    np.testing.assert_array_equal(predicted.toarray(), model.predict(X).toarray())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("early_stopping", [False, True])
@not_converged
def test_to_sklearn_shares_nothing_and_can_be_trained(kind, early_stopping):
    model, y = make(kind, hidden_layer_sizes=(4,), early_stopping=early_stopping)
    model.set_params(validation_fraction=0.3).fit(X, y)
    before = copy.deepcopy(model)
    theirs = model.to_sklearn()
    theirs.partial_fit(X, y)
    assert len(theirs.loss_curve_) == len(model.loss_curve_) + 1
    theirs.classes_ = None
    for array in theirs.coefs_ + theirs.intercepts_:
        array += 1
    assert_same_parts(model.coefs_ + model.intercepts_, before.coefs_ + before.intercepts_)
    assert model.loss_curve_ == before.loss_curve_


@not_converged
def test_to_sklearn_of_sparse_weights():
    model = drawn("multiclass", (30,))
    expected = model.to_sklearn()
    model.coefs_[0][1:] = 0
    model.coefs_[0][0, 3:] = 0
    expected.coefs_[0][...] = model.coefs_[0]
    theirs = model.sparsify().to_sklearn()
    assert isinstance(theirs.coefs_[0], np.ndarray)
    assert sparse.issparse(model.coefs_[0])
    np.testing.assert_array_equal(theirs.predict_proba(X), expected.predict_proba(X))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"penalty": "hierarchical"}, "it has no skip connection.*hierarchical"),
        (
            {"activation": ["relu", "tanh"]},
            "it has one activation for all layers, .*'relu', 'tanh'",
        ),
        ({"activation": "gelu"}, "it has no activation 'gelu', only .*'identity'.*'relu'"),
    ],
)
@pytest.mark.parametrize("kind", ["binary", "regression"])
@not_converged
def test_what_to_sklearn_cannot_express(kind, params, message):
    model = drawn(kind, (3, 2), **params)
    name = "MLPClassifier" if kind == "binary" else "MLPRegressor"
    with pytest.raises(ValueError, match=f"{name} of scikit-learn cannot.*{message}"):
        model.to_sklearn()


# sparsify() and densify()


def thin(kind="multiclass", n_kept=12, **params):
    """A network whose first layer, of 5 x 48 weights, has `n_kept` that are not 0."""
    model = drawn(kind, (48, 3), **params)
    weights = model.coefs_[0]
    assert weights.shape == (5, 48)
    keep = np.random.RandomState(5).permutation(weights.size)[:n_kept]
    thinned = np.zeros_like(weights)
    thinned.flat[keep] = weights.flat[keep]
    weights[...] = thinned
    return model


@pytest.mark.parametrize("penalty", ["l1", "hierarchical"])
@pytest.mark.parametrize("kind", KINDS)
@not_converged
def test_sparse_weights_predict_the_same(kind, penalty):
    model = thin(kind, penalty=penalty)
    twin = copy.deepcopy(model)
    assert twin.sparsify() is twin
    assert [sparse.issparse(coef) for coef in twin.coefs_] == [True, False, False]
    for rows in (X, X[:1], sparse.csr_array(X), sparse.csr_matrix(X), X[:1].tolist()):
        assert_same_outputs(twin, model, rows)
    assert twin.densify() is twin
    assert_same_parts(twin.coefs_, model.coefs_)
    np.testing.assert_array_equal(raw_outputs(twin), raw_outputs(model))


@pytest.mark.parametrize("layer", [0, 1, 2])
@not_converged
def test_any_layer_can_be_sparse(layer):
    model = drawn("several outputs", (20, 20))
    model.coefs_[layer][1:] = 0
    model.coefs_[layer][0, 1:] = 0
    twin = copy.deepcopy(model).sparsify()
    expected = [i == layer for i in range(3)]
    assert [sparse.issparse(coef) for coef in twin.coefs_] == expected
    assert_same_outputs(twin, model)
    assert_same_outputs(twin, model, sparse.csr_array(X))


@pytest.mark.parametrize(("n_kept", "converts"), [(0, True), (12, True), (13, False)])
@not_converged
def test_layers_with_at_most_5_percent_convert(n_kept, converts):
    # 12 of 240.
    model = thin(n_kept=n_kept).sparsify()
    assert sparse.issparse(model.coefs_[0]) == converts
    if converts:
        assert isinstance(model.coefs_[0], sparse.csr_array)
        # Sparse weights again are left as they are.
        kept = model.coefs_[0]
        assert model.sparsify().coefs_[0] is kept


@pytest.mark.parametrize("penalty", ["l1", "hierarchical"])
@not_converged
def test_sparse_weights_have_the_same_attributes(penalty):
    model = thin(penalty=penalty)
    model.coefs_[1][:, 1] = 0
    twin = copy.deepcopy(model).sparsify()
    assert twin.n_nonzero_ == model.n_nonzero_
    assert twin.sparsity_ == model.sparsity_
    assert twin.n_active_units_ == model.n_active_units_
    np.testing.assert_array_equal(twin.selected_features_, model.selected_features_)
    np.testing.assert_array_equal(twin.feature_importances_, model.feature_importances_)
    small = twin.compact()
    assert_same_outputs(small, model)
    assert all(isinstance(coef, np.ndarray) for coef in small.coefs_)


@not_converged
def test_single_precision_stays_single_in_sparse_weights():
    model = thin(dtype=np.float32).sparsify()
    single = X.astype(np.float32)
    assert model.coefs_[0].dtype == np.float32
    assert model.predict_proba(single).dtype == np.float32
    dense = model.predict_proba(single)
    # Probabilities in floats of 24 bits.
    np.testing.assert_allclose(dense, model.densify().predict_proba(single), atol=1e-5)


@pytest.mark.parametrize("cls", BOTH)
@not_converged
def test_training_does_not_go_on_from_sparse_weights(cls):
    kind = "multiclass" if cls is RegularizedMLPClassifier else "regression"
    model, y = thin(kind, solver="adam"), KINDS[kind][2]
    twin = copy.deepcopy(model).sparsify()
    with pytest.raises(ValueError, match=r"sparse weights: call densify\(\) first"):
        twin.partial_fit(X, y)
    with pytest.raises(ValueError, match=r"sparse weights: call densify\(\) first"):
        twin.set_params(warm_start=True).fit(X, y)
    # Nothing was lost.
    assert_same_outputs(twin, model)
    twin.densify().partial_fit(X, y)
    model.partial_fit(X, y)
    assert_same_parts(twin.coefs_, model.coefs_)
    # A new fit needs no weights.
    twin.sparsify().set_params(warm_start=False).fit(X, y)
    assert all(isinstance(coef, np.ndarray) for coef in twin.coefs_)


@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.parametrize(
    "name",
    [
        "sparsify",
        "densify",
        "sparsity_",
        "n_nonzero_",
        "feature_importances_",
        "selected_features_",
        "selected_feature_names_",
        "selected_groups_",
        "n_active_units_",
        "shrinkage_",
    ],
)
def test_not_there_before_fit(cls, name):
    assert not hasattr(cls(), name)


@not_converged
def test_sparse_weights_can_be_copied():
    model = thin().sparsify()
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert sparse.issparse(twin.coefs_[0])
        np.testing.assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    assert clone(model).get_params() == model.get_params()


# selected_features_ and n_active_units_


def with_random_zeros(seed, **params):
    """A network of which a random half of the weights, and of the rows, is 0."""
    random_state = np.random.RandomState(seed)
    model = drawn("several outputs", (4, 3), activation="tanh", seed=seed, **params)
    for weights in model.coefs_:
        weights[random_state.uniform(size=weights.shape) < 0.5] = 0
        weights[random_state.uniform(size=len(weights)) < 0.3] = 0
    if hasattr(model, "skip_coef_"):
        model.skip_coef_[random_state.uniform(size=5) < 0.7] = 0
    return model


def outputs_with_a_frozen_unit(model, layer=None, unit=None):
    """Outputs of tanh networks in plain NumPy, a unit kept at its value for row 0."""
    values = X
    for i, (weights, intercept) in enumerate(zip(model.coefs_, model.intercepts_)):
        values = values @ weights + intercept
        if i < len(model.coefs_) - 1:
            values = np.tanh(values)
        if i == layer:
            values[:, unit] = values[0, unit]
    return values + X @ getattr(model, "skip_coef_", np.zeros((5, 3)))


ZERO_SEEDS = range(12)


@pytest.mark.parametrize("penalty", ["l2", "hierarchical"])
@pytest.mark.parametrize("seed", ZERO_SEEDS)
@not_converged
def test_selected_features_change_outputs(seed, penalty):
    model = with_random_zeros(seed, penalty=penalty)
    before = model.predict(X)
    for feature in range(5):
        changed = X.copy()
        changed[:, feature] += 0.5
        # A weight of 0 times another number is 0 still: not even rounding differs.
        matters = (model.predict(changed) != before).any()
        assert model.selected_features_[feature] == matters
        assert (model.feature_importances_[feature] > 0) == matters


@pytest.mark.parametrize("penalty", ["l2", "hierarchical"])
@pytest.mark.parametrize("seed", ZERO_SEEDS)
@not_converged
def test_active_units_change_outputs(seed, penalty):
    model = with_random_zeros(seed, penalty=penalty)
    outputs = outputs_with_a_frozen_unit(model)
    np.testing.assert_allclose(outputs, model.predict(X), atol=1e-12)
    expected = [
        sum(
            not np.array_equal(outputs_with_a_frozen_unit(model, layer, unit), outputs)
            for unit in range(n_units)
        )
        for layer, n_units in enumerate((4, 3))
    ]
    assert model.n_active_units_ == expected
    assert all(type(n) is int for n in model.n_active_units_)
    small = model.compact()
    assert list(small.hidden_layer_sizes) == [max(n, 1) for n in expected]
    np.testing.assert_array_equal(small.selected_features_, model.selected_features_)


@not_converged
def test_random_zeros_are_of_all_kinds():
    """The oracles above see features and units of both kinds, and dead networks."""
    models = [with_random_zeros(seed) for seed in ZERO_SEEDS]
    n_selected = {int(model.selected_features_.sum()) for model in models}
    assert 0 in n_selected
    assert len(n_selected) >= 4
    n_units = np.array([model.n_active_units_ for model in models])
    assert len(set(n_units[:, 0])) >= 3
    assert len(set(n_units[:, 1])) >= 3


@pytest.mark.parametrize("kind", ["binary", "regression"])
@not_converged
def test_names_of_selected_features(kind):
    model, y = make(kind, hidden_layer_sizes=(4,))
    model.fit(pd.DataFrame(X, columns=COLUMNS), y)
    assert model.selected_feature_names_.tolist() == COLUMNS
    model.coefs_[0][[0, 3]] = 0
    assert model.selected_feature_names_.tolist() == ["income", "height", "steps"]
    assert model.compact().selected_feature_names_.tolist() == ["income", "height", "steps"]
    np.testing.assert_array_equal(model.selected_features_, [0, 1, 1, 0, 1])
    assert model.selected_features_.dtype == bool
    model.fit(X, y)
    model.coefs_[0][[0, 3]] = 0
    assert model.selected_feature_names_.tolist() == ["x1", "x2", "x4"]
    assert model.selected_groups_.tolist() == ["x1", "x2", "x4"]
    model.coefs_[0][...] = 0
    assert model.selected_feature_names_.tolist() == []
    assert model.selected_groups_.tolist() == []


GROUPS = {"money": [0, 1], "body": [3]}


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [
        (GroupLasso(GROUPS), ["money", "x2", "x4"]),
        ([GroupMCP(groups=GROUPS), L2()], ["money", "x2", "x4"]),
        ((GroupLasso(list(GROUPS.values())), L2()), ["groups[0]", "x2", "x4"]),
        ([L2(), L2()], ["x1", "x2", "x4"]),
        (GroupLasso(), ["x1", "x2", "x4"]),
        # A group is not an input of that name.
        (GroupLasso({"x2": [0, 1]}), ["x2", "x2", "x4"]),
    ],
)
@not_converged
def test_names_of_selected_groups(penalty, expected):
    """A group that has one selected input counts; each is named once, in X's order."""
    model, y = make("regression", hidden_layer_sizes=(4,), penalty=penalty)
    model.fit(X, y)
    model.coefs_[0][[0, 3]] = 0
    model.coefs_[0][[1, 2, 4]] = 1
    model.coefs_[1][...] = 1
    assert model.selected_groups_.tolist() == expected
    assert model.compact().selected_groups_.tolist() == expected


def test_selected_groups_after_a_relaxed_fit():
    """The last fit's penalty has no groups; the one that selected has."""
    frame = pd.DataFrame(X, columns=COLUMNS)
    y = frame["height"] + frame["steps"] ** 2
    groups = {"both": ["height", "steps"]}
    model = RegularizedMLPRegressorCV(
        (4,), penalty=[GroupLasso(groups), MaxNorm(1)], relax=True, random_state=0
    ).fit(frame, y)
    assert "both" in model.selected_groups_
    assert not {"height", "steps"} & set(model.selected_groups_)


@not_converged
def test_no_hidden_layers_have_no_units():
    model = drawn(sizes=())
    assert model.n_active_units_ == []
    model.coefs_[0][[1, 2]] = 0
    np.testing.assert_array_equal(model.selected_features_, [1, 0, 0, 1, 1])
