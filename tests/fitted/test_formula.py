"""to_formula(): Python computes the same predictions from the text."""

import re

import numpy as np
import pandas as pd
import pytest
from fitted_cases import COLUMNS, KINDS, X, drawn, make, not_converged
from scipy.special import ndtr
from sklearn.exceptions import NotFittedError

from sknormreg import RegularizedMLPRegressor
from sknormreg.engine.activations import ACTIVATIONS

EXACT = 17
pytestmark = not_converged


def results(formula, names, X=X):
    """Variables of the formula: it gets functions of NumPy, ndtr and the features."""
    functions = {
        name: getattr(np, name)
        for name in ["exp", "expm1", "logaddexp", "maximum", "minimum", "tanh"]
    }
    namespace = {**functions, "ndtr": ndtr, **dict(zip(names, X.T))}
    exec(formula, {"__builtins__": {}}, namespace)
    return namespace


def numbered():
    return [f"x{j}" for j in range(X.shape[1])]


def assert_same_predictions(model, precision=EXACT, names=None, tolerance=1e-12, **params):
    formula = model.to_formula(precision=precision, max_terms=1000, **params)
    found = results(formula, names or numbered())
    expected = getattr(model, "predict_proba", model.predict)(X).reshape(len(X), -1)
    letter = "p" if hasattr(model, "classes_") else "y"
    letter = "risk" if hasattr(model, "event_times_") else letter
    if model.n_outputs_ == 1:
        # Of two classes, the second one's probability.
        expected, columns = expected[:, -1:], [found[letter]]
    else:
        columns = [found[f"{letter}_{k}"] for k in range(model.n_outputs_)]
    # An output that depends on no feature is one number.
    columns = np.column_stack([np.broadcast_to(column, len(X)) for column in columns])
    atol = tolerance * np.abs(expected).max()
    np.testing.assert_allclose(columns, expected, rtol=0, atol=atol)
    return formula


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sizes", [(), (3, 2)])
def test_every_kind_of_output(kind, sizes):
    assert_same_predictions(drawn(kind, sizes))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation):
    assert_same_predictions(drawn("regression", (3, 2), activation=activation))


def test_skip_connection_and_dead_layers():
    model = drawn("several outputs", penalty="hierarchical")
    assert_same_predictions(model)
    model.coefs_[1][...] = 0
    formula = assert_same_predictions(model)
    assert "tanh" not in formula
    model.skip_coef_[...] = 0
    assert "x" not in assert_same_predictions(model)


def test_zeros_are_left_out():
    model = drawn("several outputs", (30,))
    model.coefs_[0][:, 2:] = 0
    model.coefs_[0][[0, 3]] = 0
    model.intercepts_[1][1] = 0
    formula = assert_same_predictions(model.sparsify())
    assert [line.split()[0] for line in formula.splitlines() if "=" in line] == [
        *("h1", "h2"),
        *("y_0", "y_1", "y_2"),
    ]
    assert not re.search(r"x[03]|\b0 ", formula)
    model.densify().coefs_[1][...] = 0
    assert "y_1 = 0\n" in model.to_formula()


def test_precision_is_the_number_of_digits():
    model = drawn("regression", (2,))
    formula = assert_same_predictions(model, precision=3, tolerance=0.02)
    assert formula == model.to_formula()
    numbers = re.findall(r"\d+\.\d+", formula)
    assert len(numbers) > 10
    assert all(len(number.replace(".", "").lstrip("0")) <= 3 for number in numbers)
    assert not np.array_equal(
        results(formula, numbered())["y"], results(model.to_formula(9), numbered())["y"]
    )


def test_names_of_a_frame():
    model, y = make("regression", hidden_layer_sizes=(2,))
    model.fit(pd.DataFrame(X, columns=COLUMNS), y)
    found = results(model.to_formula(EXACT), COLUMNS)
    expected = model.predict(pd.DataFrame(X, columns=COLUMNS))
    np.testing.assert_allclose(found["y"], expected, rtol=1e-10)


def test_names_that_are_no_identifiers_are_changed_and_explained():
    given = ["petal length (cm)", "petal length [cm]", "lambda", "y", "2nd\n"]
    changed = ["petal_length_cm", "petal_length_cm_2", "x_lambda", "x_y", "x_2nd"]
    model = drawn("regression", (2,))
    formula = assert_same_predictions(model, names=changed, feature_names=given)
    comments = [line for line in formula.splitlines() if line.startswith("#")]
    assert comments == [
        f"# {symbol}: feature {j}, {name!r}"
        for j, (symbol, name) in enumerate(zip(changed, given))
    ]


@pytest.mark.parametrize("activation", ["gelu", "tanh"])
def test_names_that_the_formula_has_itself_are_changed(activation):
    taken = ["h1", "z1", "f_0", "total", "exp"]
    model = drawn("multiclass", (2,), activation=activation)
    changed = [f"x_{name}" for name in taken]
    assert_same_predictions(model, names=changed, feature_names=taken)
    model_of_risks = drawn("survival", (2,), activation=activation)
    risky = ["risk", *taken[1:]]
    changed = [f"x_{name}" for name in risky]
    formula = assert_same_predictions(model_of_risks, names=changed, feature_names=risky)
    assert "\nrisk = " in formula
    taken = ["p_0", "ndtr", "", "größe", "x²"]
    changed = ["x_p_0", "x_ndtr", "x_", "größe", "x2"]
    formula = assert_same_predictions(model, names=changed, feature_names=taken)
    assert "größe:" not in formula


def test_classes_are_named():
    formula = drawn("binary", (2,)).to_formula()
    assert formula.startswith("# p: probability of 'yes'\nh1 = tanh(")
    formula = drawn("multiclass", (2,)).to_formula()
    assert formula.startswith("# p_0: probability of 3\n# p_1: probability of 4\n")
    assert formula.splitlines()[-1] == "p_2 = exp(f_2) / total"


def test_long_sums_take_several_lines():
    model = drawn("several outputs", (6,), activation="logistic")
    formula = assert_same_predictions(model)
    lines = formula.splitlines()
    assert len(lines) > 20
    assert max(map(len, lines)) <= 88


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"precision": 0}, "precision must be an integer of at least 1, got 0"),
        ({"precision": 2.5}, "precision must be an integer of at least 1, got 2.5"),
        ({"max_terms": None}, "max_terms must be an integer of at least 1, got None"),
        ({"feature_names": ["a"]}, "feature_names must have 5 names.*got 1"),
    ],
)
def test_bad_parameters_are_refused(params, message):
    with pytest.raises(ValueError, match=message):
        drawn("regression", (2,)).to_formula(**params)


def test_large_networks_are_refused():
    model = drawn("several outputs", (4, 3))
    model.coefs_[0][1] = 0
    n_terms = 4 * 4 + 4 * 3 + 3 * 3 + 4 + 3 + 3
    message = (
        f"has {n_terms} terms, more than max_terms={n_terms - 1}: the network has 4 "
        "selected features, 4, 3 active hidden units and 3 outputs"
    )
    with pytest.raises(ValueError, match=message):
        model.to_formula(max_terms=n_terms - 1)
    assert model.to_formula(max_terms=n_terms)


def test_it_needs_a_fit():
    with pytest.raises(NotFittedError):
        RegularizedMLPRegressor().to_formula()
