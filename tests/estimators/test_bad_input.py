"""Bad input meets an error that names what is wrong; extreme input stays finite."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils._param_validation import InvalidParameterError

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor

rng = np.random.RandomState(0)
X = rng.randn(30, 3)
LABELS = np.arange(30) % 3
NUMBERS = X @ [1.0, 2.0, 3.0] + rng.randn(30)
TARGETS = {RegularizedMLPClassifier: LABELS, RegularizedMLPRegressor: NUMBERS}
CLASSIFIER = [RegularizedMLPClassifier]
REGRESSOR = [RegularizedMLPRegressor]
BOTH = CLASSIFIER + REGRESSOR
SOLVERS = ["lbfgs", "adam", "sgd"]


def make(cls, **params):
    return cls(**{"hidden_layer_sizes": (4,), "max_iter": 5, "random_state": 0, **params})


def spoilt(array, value):
    """A float copy of the array with one entry replaced."""
    array = np.array(array, dtype=float)
    array.flat[7] = value
    return array


def layers(cls, kind="coef"):
    """Initial arrays as `fit` wants them, for 3 inputs and 4 hidden units."""
    n_outputs = 3 if cls is RegularizedMLPClassifier else 1
    if kind == "coef":
        return [np.ones((3, 4)), np.ones((4, n_outputs))]
    return [np.zeros(4), np.zeros(n_outputs)]


def cases(table):
    """One test for every row of the table and every estimator it applies to."""
    return [
        pytest.param(cls, *rest, id=f"{cls.__name__.removeprefix('RegularizedMLP')}-{name}")
        for name, classes, *rest in table
        for cls in classes
    ]


# Parameters: every error names the parameter.

BAD_PARAMETERS = [
    (BOTH, "alpha", [-1, np.nan, np.inf, "1", None]),
    (BOTH, "l1_ratio", [-0.1, 1.1, np.nan]),
    (BOTH, "penalty", ["l3", None]),
    (BOTH, "solver", ["newton"]),
    (BOTH, "activation", ["sine", ["relu", "relu"], ["sine"], [], [1], [["relu"]]]),
    (BOTH, "loss", ["hinge"]),
    (BOTH, "learning_rate", ["fast"]),
    (BOTH, "learning_rate_init", [0, -1, np.nan, np.inf]),
    (BOTH, "power_t", [-1, np.nan]),
    (BOTH, "hidden_layer_sizes", [0, -1, 2.5, "100", None]),
    (BOTH, "hidden_layer_sizes", [(0,), (-1,), (2.5,), ("a",), ((3,),), (4, 0)]),
    (BOTH, "batch_size", [0, -1, 1.5, "all"]),
    (BOTH, "max_iter", [0, 1.5, np.inf]),
    (BOTH, "max_fun", [0]),
    (BOTH, "tol", [-1, np.nan, "small"]),
    (BOTH, "loss_threshold", [np.nan, "x"]),
    (BOTH, "n_iter_no_change", [0, 1.5]),
    (BOTH, "early_stopping", ["yes"]),
    (BOTH, "validation_fraction", [0, 1, 1.0, -0.1, np.nan]),
    (BOTH, "momentum", [1, -0.1]),
    (BOTH, "nesterovs_momentum", ["no"]),
    (BOTH, "beta_1", [1, -0.1]),
    (BOTH, "beta_2", [1, -0.1]),
    (BOTH, "epsilon", [0, -1]),
    (BOTH, "shuffle", ["x"]),
    (BOTH, "warm_start", ["x"]),
    (BOTH, "total_weight", [0, -1, np.inf, np.nan]),
    (BOTH, "random_state", ["x", -1]),
    (BOTH, "verbose", [-1]),
    (REGRESSOR, "quantile", [0, 1, 1.5, -0.5]),
    (REGRESSOR, "huber_delta", [0, -1, np.inf]),
    (CLASSIFIER, "class_weight", ["even", {0: -1, 1: 1, 2: 1}, {0: np.nan, 1: 1, 2: 1}]),
    (CLASSIFIER, "class_weight", [{0: 0, 1: 0, 2: 0}, {7: 1}]),
]


@pytest.mark.parametrize(
    ("cls", "name", "value"),
    cases(
        (f"{name}={value!r}", classes, name, value)
        for classes, name, values in BAD_PARAMETERS
        for value in values
    ),
)
def test_bad_parameter_is_named(cls, name, value):
    model = make(cls, **{name: value})
    with pytest.raises((ValueError, TypeError), match=name) as caught:
        model.fit(X, TARGETS[cls])
    if name == "class_weight":
        # It is the dict that is at fault: "balanced" was not asked for.
        assert "class_weight='balanced'" not in str(caught.value)


@pytest.mark.parametrize("cls", BOTH)
def test_bad_parameters_raise_the_usual_type(cls):
    with pytest.raises(InvalidParameterError, match="'alpha' parameter"):
        make(cls, alpha=-1).fit(X, TARGETS[cls])


# Data handed to fit. Every row: name, estimators, arguments of fit, message.

NOT_FINITE = [("NaN", np.nan, "NaN"), ("inf", np.inf, "infinity")]


def data_table():
    ones = np.ones(30)
    for label, value, word in NOT_FINITE:
        yield f"X-{label}", BOTH, lambda y, v=value: dict(X=spoilt(X, v)), f"X .*{word}"
        yield (
            f"sparse-X-{label}",
            BOTH,
            lambda y, v=value: dict(X=sparse.csr_array(spoilt(X, v))),
            f"X .*{word}",
        )
        yield f"y-{label}", BOTH, lambda y, v=value: dict(y=spoilt(y, v)), f"y .*{word}"
        yield (
            f"sample_weight-{label}",
            BOTH,
            lambda y, v=value: dict(sample_weight=spoilt(ones, v)),
            f"sample_weight .*{word}",
        )
        yield (
            f"X_val-{label}",
            BOTH,
            lambda y, v=value: dict(X_val=spoilt(X, v), y_val=y),
            f"X_val.*{word}",
        )
        yield (
            f"y_val-{label}",
            BOTH,
            lambda y, v=value: dict(X_val=X, y_val=spoilt(y, v)),
            f"y_val.*{word}",
        )
        yield (
            f"sample_weight_val-{label}",
            BOTH,
            lambda y, v=value: dict(X_val=X, y_val=y, sample_weight_val=spoilt(ones, v)),
            f"sample_weight_val.*{word}",
        )
    for name, weights, message in [
        ("negative", spoilt(ones, -1), "(?=.*Negative values)(?=.*{name})"),
        ("zero", 0 * ones, "(?i)(sample.?weight|{name}).*(non-zero|weight of 0)"),
        ("short", ones[:-1], r"{name}.*29.*30"),
        ("2d", ones[:, None], "(?i)(sample weights|{name}).*1D"),
        ("text", ["a"] * 30, "could not convert string to float|{name}"),
    ]:
        yield (
            f"sample_weight-{name}",
            BOTH,
            lambda y, w=weights: dict(sample_weight=w),
            message.format(name="sample_weight"),
        )
        yield (
            f"sample_weight_val-{name}",
            BOTH,
            lambda y, w=weights: dict(X_val=X, y_val=y, sample_weight_val=w),
            message.format(name="sample_weight_val"),
        )
    yield "y-short", BOTH, lambda y: dict(y=y[:-1]), r"inconsistent.*\[30, 29\]"
    yield "y-None", BOTH, lambda y: dict(y=None), "requires y"
    yield "y-3d", BOTH, lambda y: dict(y=np.zeros((30, 2, 2))), "dim 3"
    yield "X-1d", BOTH, lambda y: dict(X=X[:, 0]), "Expected 2D array"
    yield "X-text", BOTH, lambda y: dict(X=[["a", "b"]] * 30), "string to float: 'a'"
    yield "X-complex", BOTH, lambda y: dict(X=X + 1j), "Complex data not supported"
    yield "y-complex", BOTH, lambda y: dict(y=y + 1j), "Complex data not supported"
    yield "no-rows", BOTH, lambda y: dict(X=X[:0], y=y[:0]), r"0 sample\(s\)"
    yield "one-row", BOTH, lambda y: dict(X=X[:1], y=y[:1]), r"1 sample"
    yield "no-features", BOTH, lambda y: dict(X=X[:, :0]), r"0 feature\(s\)"
    yield (
        "y-text",
        REGRESSOR,
        lambda y: dict(y=["a", "b"] * 15),
        "use RegularizedMLPClassifier",
    )
    yield (
        "y-sparse",
        BOTH,
        lambda y: dict(y=sparse.csr_matrix(y[:, None] * 1.0)),
        "(?i)sparse.*y|y.*sparse",
    )
    yield "y-one-class", CLASSIFIER, lambda y: dict(y=0 * y), "only one class.*0"
    yield "y-one-label", CLASSIFIER, lambda y: dict(y=["a"] * 30), "only one class.*a"
    yield "y-continuous", CLASSIFIER, lambda y: dict(y=NUMBERS), "label type: continuous"
    yield "y-mixed", CLASSIFIER, lambda y: dict(y=np.array([1, "a"] * 15, object)), "label"
    yield (
        "y-multioutput",
        CLASSIFIER,
        lambda y: dict(y=np.c_[y, y]),
        "multiclass-multioutput|y should be a 1d array",
    )
    yield "X_val-alone", BOTH, lambda y: dict(X_val=X), "y_val was not provided"
    yield "y_val-alone", BOTH, lambda y: dict(y_val=y), "X_val was not provided"
    yield (
        "sample_weight_val-alone",
        BOTH,
        lambda y: dict(sample_weight_val=np.ones(30)),
        "sample_weight_val.*X_val and y_val",
    )
    yield (
        "X_val-narrow",
        BOTH,
        lambda y: dict(X_val=X[:, :2], y_val=y),
        "X_val.*2 features.*3 features",
    )
    yield "X_val-empty", BOTH, lambda y: dict(X_val=X[:0], y_val=y[:0]), r"0 sample\(s\)"
    yield "y_val-short", BOTH, lambda y: dict(X_val=X, y_val=y[:4]), r"\[30, 4\]"
    yield "y_val-two-columns", BOTH, lambda y: dict(X_val=X, y_val=np.c_[y, y]), "y_val"
    yield (
        "y_val-unseen",
        CLASSIFIER,
        lambda y: dict(X_val=X, y_val=y + 1),
        r"y_val contains classes \[3\]",
    )
    yield (
        "y_val-continuous",
        CLASSIFIER,
        lambda y: dict(X_val=X, y_val=y + 0.5),
        "label type: continuous",
    )


@pytest.mark.parametrize(("cls", "arguments", "message"), cases(data_table()))
def test_bad_data_is_named(cls, arguments, message):
    y = TARGETS[cls]
    arguments = {"X": X, "y": y, **arguments(y)}
    with pytest.raises((ValueError, TypeError), match=message):
        make(cls).fit(**arguments)


@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.parametrize("name", ["coef_init", "intercept_init"])
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda good: good[:1], id="too few"),
        pytest.param(lambda good: [*good, good[-1]], id="too many"),
        pytest.param(lambda good: [good[0][1:], good[1]], id="too short"),
        pytest.param(lambda good: [good[0][..., None], good[1]], id="one axis more"),
        pytest.param(lambda good: [spoilt_first(good[0], np.nan), good[1]], id="NaN"),
        pytest.param(lambda good: [spoilt_first(good[0], np.inf), good[1]], id="inf"),
        pytest.param(lambda good: [good[0] + 1j, good[1]], id="complex"),
        pytest.param(lambda good: [np.full(good[0].shape, "a"), good[1]], id="text"),
        pytest.param(lambda good: [[[1], [1, 2]], good[1]], id="ragged"),
        pytest.param(lambda good: 5, id="a number"),
        pytest.param(lambda good: "ab", id="a text"),
    ],
)
def test_bad_initial_arrays_are_named(cls, name, spoil):
    good = layers(cls, name.split("_")[0])
    with pytest.raises((ValueError, TypeError), match=name):
        make(cls).fit(X, TARGETS[cls], **{name: spoil(good)})


@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_good_initial_arrays_are_taken(cls):
    good = dict(coef_init=layers(cls, "coef"), intercept_init=layers(cls, "intercept"))
    make(cls).fit(X, TARGETS[cls], **good)


def spoilt_first(array, value):
    array = array.copy()
    array.flat[0] = value
    return array


@pytest.mark.parametrize(
    ("y", "y_val", "message"),
    [
        (-np.abs(NUMBERS), None, "poisson.*y >= 0"),
        (np.abs(NUMBERS), -np.abs(NUMBERS), "poisson.*y_val >= 0"),
    ],
)
def test_poisson_targets(y, y_val, message):
    arguments = {} if y_val is None else dict(X_val=X, y_val=y_val)
    with pytest.raises(ValueError, match=message):
        make(RegularizedMLPRegressor, loss="poisson").fit(X, y, **arguments)


@pytest.mark.parametrize("sample_weight", [None, LABELS == 0])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_poisson_without_any_event_stays_finite(sample_weight):
    # The best constant is log(0): the mean is as good as 0 without being it.
    y = (LABELS == 1).astype(float) * (sample_weight is not None)
    model = make(RegularizedMLPRegressor, loss="poisson", max_iter=1000)
    model.fit(X, y, sample_weight=sample_weight)
    assert all_finite(model)
    assert model.predict(X).max() < 1e-6


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_poisson_validation_rows_may_all_be_zero():
    model = make(RegularizedMLPRegressor, loss="poisson")
    model.fit(X, np.abs(NUMBERS), X_val=X[:5], y_val=np.zeros(5))
    # At y = 0 half the deviance is the predicted mean itself.
    mean = model.predict(X[:5]).mean()
    assert model.validation_loss_curve_[-1] == pytest.approx(mean, rel=1e-10)


def test_poisson_batch_may_be_all_zero():
    model = make(RegularizedMLPRegressor, loss="poisson", solver="adam")
    model.partial_fit(X, np.abs(NUMBERS))
    before = model.predict(X).mean()
    for _ in range(20):
        model.partial_fit(X, np.zeros(30))
    assert model.predict(X).mean() < before


# A fitted model and other data

FITTED_CASES = [
    ("other units", dict(hidden_layer_sizes=(5,)), lambda y: (X, y), "weights of shapes"),
    ("deeper", dict(hidden_layer_sizes=(4, 4)), lambda y: (X, y), "weights of shapes"),
    ("narrow", {}, lambda y: (X[:, :2], y), "2 features.*3 features"),
]


@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.parametrize(
    ("params", "data", "message"),
    [case[1:] for case in FITTED_CASES],
    ids=[case[0] for case in FITTED_CASES],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_warm_start_with_another_network(cls, params, data, message):
    model = make(cls, warm_start=True).fit(X, TARGETS[cls])
    with pytest.raises(ValueError, match=message):
        model.set_params(**params).fit(*data(TARGETS[cls]))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_warm_start_with_a_new_class_or_output():
    model = make(RegularizedMLPClassifier, warm_start=True).fit(X, LABELS)
    with pytest.raises(ValueError, match=r"y contains classes \[3\]"):
        model.fit(X, LABELS + 1)
    model = make(RegularizedMLPRegressor, warm_start=True).fit(X, NUMBERS)
    with pytest.raises(ValueError, match=r"weights of shapes|2 outputs"):
        model.fit(X, np.c_[NUMBERS, NUMBERS])


@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (X[:, :2], "2 features.*3 features"),
        (X[0], "Expected 2D array"),
        (X[:0], r"0 sample\(s\)"),
        (X + 1j, "Complex data"),
        (spoilt(X, np.nan), "X contains NaN"),
    ],
    ids=["narrow", "1d", "empty", "complex", "NaN"],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_predict_on_bad_data(cls, bad, message):
    model = make(cls).fit(X, TARGETS[cls])
    with pytest.raises(ValueError, match=message):
        model.predict(bad)


@pytest.mark.parametrize("cls", BOTH)
def test_nothing_works_before_fit(cls):
    model = make(cls)
    methods = ["predict"]
    if cls is RegularizedMLPClassifier:
        methods += ["predict_proba", "predict_log_proba", "decision_function"]
    for method in methods:
        with pytest.raises(NotFittedError, match=cls.__name__):
            getattr(model, method)(X)
    for attribute in ("sparsity_", "n_nonzero_", "feature_importances_"):
        assert not hasattr(model, attribute)


@pytest.mark.parametrize("cls", BOTH)
def test_failed_validation_leaves_no_fitted_model(cls):
    model = make(cls, activation=["relu", "relu"])
    with pytest.raises(ValueError, match="activation"):
        model.fit(X, TARGETS[cls])
    with pytest.raises(NotFittedError):
        model.predict(X)


# partial_fit

PARTIAL_CASES = [
    ("no classes", {}, [(X, LABELS)], {}, "classes must be passed"),
    ("class not announced", {}, [(X, LABELS)], dict(classes=[0, 1]), r"classes \[2\]"),
    ("one class announced", {}, [(X, 0 * LABELS)], dict(classes=[0]), "class"),
    (
        "new class later",
        {},
        [(X, LABELS), (X, LABELS + 1)],
        dict(classes=[0, 1, 2]),
        r"classes \[3\]",
    ),
    (
        "other width",
        {},
        [(X, LABELS), (X[:, :2], LABELS)],
        dict(classes=[0, 1, 2]),
        "2 features.*3 features",
    ),
    ("continuous", {}, [(X, NUMBERS)], dict(classes=[0, 1, 2]), "continuous"),
    ("zero weights", {}, [(X, LABELS, 0 * NUMBERS)], dict(classes=[0, 1, 2]), "non-zero"),
    (
        "early stopping",
        dict(early_stopping=True),
        [(X, LABELS)],
        dict(classes=[0, 1, 2]),
        "early_stopping=True",
    ),
    (
        "balanced",
        dict(class_weight="balanced"),
        [(X, LABELS)],
        dict(classes=[0, 1, 2]),
        "class_weight='balanced'",
    ),
]


@pytest.mark.parametrize(
    ("params", "calls", "classes", "message"),
    [case[1:] for case in PARTIAL_CASES],
    ids=[case[0] for case in PARTIAL_CASES],
)
def test_bad_partial_fit(params, calls, classes, message):
    model = make(RegularizedMLPClassifier, **params)
    *good, bad = calls
    for call in good:
        model.partial_fit(*call, **classes)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(*bad, **(classes if not good else {}))


def test_other_classes_on_a_later_call():
    model = make(RegularizedMLPClassifier).partial_fit(X, LABELS, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="not the same as on last call"):
        model.partial_fit(X, LABELS, classes=[0, 1, 3])


@pytest.mark.parametrize(
    ("params", "second", "message"),
    [
        ({}, (X[:, :2], NUMBERS), "2 features.*3 features"),
        ({}, (X, np.c_[NUMBERS, NUMBERS]), "weights of shapes|2 outputs"),
        (dict(early_stopping=True), None, "early_stopping=True"),
    ],
    ids=["other width", "other outputs", "early stopping"],
)
def test_bad_partial_fit_of_a_regressor(params, second, message):
    model = make(RegularizedMLPRegressor, **params)
    if second is not None:
        model.partial_fit(X, NUMBERS)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(*(second or (X, NUMBERS)))


@pytest.mark.parametrize("cls", BOTH)
def test_no_partial_fit_with_lbfgs(cls):
    model = make(cls, solver="lbfgs")
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit") as caught:
        model.partial_fit(X, TARGETS[cls])
    assert "solver='adam'" in str(caught.value.__cause__)
    assert hasattr(model.set_params(solver="auto"), "partial_fit")


# Numbers too large for floats. What matters: no silent nonsense, no bare NumPy warning.


def all_finite(model):
    return all(np.isfinite(array).all() for array in model.coefs_ + model.intercepts_)


def fit_recording(model, *args):
    """The messages of ConvergenceWarning, or None where fit refused with a ValueError."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model.fit(*args)
        except ValueError as error:
            messages, refusal = None, str(error)
        else:
            messages, refusal = [str(warning.message) for warning in caught], None
    empty = "No feature is selected"
    others = [w for w in caught if not str(w.message).startswith(empty)]
    assert [w.category for w in others if w.category is not ConvergenceWarning] == []
    return messages, refusal


@pytest.mark.parametrize(("dtype", "size"), [(np.float64, 1e200), (np.float32, 1e30)])
@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("penalty", ["l1", "l2"])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_huge_features(dtype, size, cls, solver, penalty, activation):
    huge = (X.clip(-1, 1) * size).astype(dtype)
    model = make(cls, solver=solver, penalty=penalty, activation=activation, max_iter=300)
    messages, refusal = fit_recording(model, huge, TARGETS[cls])
    if refusal is not None:
        assert "Standardise" in refusal
        return
    assert all_finite(model)
    if messages:
        advice = "standardise the features" if solver == "lbfgs" else "learning_rate_init"
        assert any(advice in message.lower() for message in messages)
        assert solver != "lbfgs" or "learning_rate_init" not in messages[0]
    elif solver == "lbfgs":
        # tanh makes signs of huge features: the problem may be solved all the same.
        # 1e-3 is loose: single floats end at about that.
        assert model.optimality_ < 1e-3
    else:
        assert model.loss_ < model.loss_curve_[0]


@pytest.mark.parametrize(("dtype", "size"), [(np.float64, 1e200), (np.float32, 1e30)])
@pytest.mark.parametrize("solver", SOLVERS)
def test_huge_targets(dtype, size, solver):
    model = make(RegularizedMLPRegressor, solver=solver)
    messages, refusal = fit_recording(model, X.astype(dtype), NUMBERS * size)
    if refusal is not None:
        assert "too large" in refusal
    else:
        assert messages
        assert all_finite(model)


def test_tiny_targets():
    # 1e-300 squared underflows: the scale of the loss is no float.
    model = make(RegularizedMLPRegressor)
    _, refusal = fit_recording(model, X, NUMBERS * 1e-300)
    assert refusal is not None or all_finite(model)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("learning_rate", ["constant", "adaptive"])
def test_huge_learning_rate(dtype, cls, solver, activation, learning_rate):
    params = dict(
        hidden_layer_sizes=(20, 20),
        activation=activation,
        alpha=1.0,
        solver=solver,
        learning_rate=learning_rate,
        learning_rate_init=10,
        batch_size=10,
        max_iter=100,
    )
    data = X.astype(dtype), TARGETS[cls]
    model = make(cls, **params)
    messages, refusal = fit_recording(model, *data)
    if refusal is not None:
        # J at the start is finite, so that the start cannot be what is wrong.
        assert "learning_rate_init" in refusal
        return
    assert all_finite(model)
    assert np.isfinite(model.predict(data[0])).all()
    # One epoch at a vanishing rate ends where this run began.
    still = make(cls, **{**params, "learning_rate_init": 1e-30, "max_iter": 1})
    fit_recording(still, *data)
    if not model.loss_ <= still.loss_:
        assert any("learning_rate_init (now 10)" in message for message in messages)


# Degenerate problems that do have an answer


@pytest.mark.parametrize("cls", BOTH)
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_constant_columns_and_no_penalty(cls, solver):
    widened = np.c_[X, np.zeros(30), np.ones(30)]
    model = make(cls, alpha=0, solver=solver, max_iter=20).fit(widened, TARGETS[cls])
    assert all_finite(model)
    assert model.loss_ < model.loss_curve_[0]


@pytest.mark.parametrize("cls", BOTH)
def test_only_constant_columns(cls):
    y = TARGETS[cls]
    model = make(cls, max_iter=1000).fit(np.ones((30, 2)), y)
    if cls is RegularizedMLPClassifier:
        expected = np.bincount(y) / len(y)
        predicted = model.predict_proba(np.ones((1, 2)))[0]
    else:
        expected, predicted = y.mean(), model.predict(np.ones((1, 2)))
    np.testing.assert_allclose(predicted, expected, rtol=1e-6)


@pytest.mark.every(5)
@pytest.mark.parametrize("target", ["two classes", "three classes", "numbers"])
@pytest.mark.parametrize(
    "penalty", ["l1", pytest.param("elasticnet", marks=pytest.mark.slow), "l2"]
)
@pytest.mark.parametrize("solver", SOLVERS)
def test_huge_alpha_leaves_the_best_constant(target, penalty, solver):
    sample_weight = np.random.RandomState(1).uniform(0.5, 2, size=30)
    cls = RegularizedMLPRegressor if target == "numbers" else RegularizedMLPClassifier
    # Minibatch solvers get full batches and time to converge for good.
    settings = {
        "lbfgs": {},
        "adam": dict(learning_rate_init=0.01, max_iter=2000),
        "sgd": dict(learning_rate_init=0.1, max_iter=2000),
    }[solver]
    if solver != "lbfgs":
        settings.update(tol=0, n_iter_no_change=np.inf)
    model = cls(
        (4,), penalty=penalty, alpha=1e12, solver=solver, random_state=0, **settings
    )
    y = {"two classes": X[:, 0] > 0.3, "three classes": LABELS, "numbers": NUMBERS}[target]
    with warnings.catch_warnings():
        if solver != "lbfgs":
            warnings.filterwarnings("ignore", "solver=.* reached max_iter=2000")
        model.fit(X, y, sample_weight=sample_weight)
    if target == "numbers":
        predicted = model.predict(X)[:, None]
        expected = np.average(y, weights=sample_weight)
    else:
        predicted = model.predict_proba(X)
        expected = [sample_weight[y == k].sum() for k in np.unique(y)]
        expected = np.array(expected) / sample_weight.sum()
    error = np.abs(predicted - expected).max()
    assert error < 1e-6
    if penalty == "l2":
        # Strictly convex at W = 0, it shrinks the weights but zeroes none.
        assert max(np.abs(coef).max() for coef in model.coefs_) < 1e-9
    else:
        assert model.n_nonzero_ == 0
        assert model.sparsity_ == 1
        assert all((coef == 0).all() for coef in model.coefs_)
