"""Docstrings that are assembled from tables: they describe what the classes have."""

import inspect
import re
from ast import literal_eval

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import StrOptions

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)
from sknormreg._docstrings import (
    attribute_names,
    check_shared,
    document,
    parameter_names,
    parse_table,
)
from sknormreg.penalties import PENALTIES

PLAIN = [RegularizedMLPClassifier, RegularizedMLPRegressor]
SEARCHES = [RegularizedMLPClassifierCV, RegularizedMLPRegressorCV]


def sections_of(cls):
    """Split a docstring at its headings, as numpydoc does: at the margin."""
    sections = re.split(r"^(.+)\n-+$", inspect.getdoc(cls), flags=re.MULTILINE)
    return dict(zip(sections[1::2], sections[2::2]))


def entries_of(cls, section):
    text = sections_of(cls).get(section, "")
    return re.findall(r"^(\S+) : (.*)$", text, re.MULTILINE)


@pytest.mark.parametrize("cls", [*PLAIN, *SEARCHES, *PENALTIES.values()])
def test_parameters_are_those_of_the_signature(cls):
    entries = entries_of(cls, "Parameters")
    parameters = inspect.signature(cls).parameters
    assert [name for name, _ in entries] == list(parameters)
    for name, words in entries:
        default = literal_eval(words.partition("default=")[2])
        assert default == parameters[name].default


@pytest.mark.parametrize("cls", [*PLAIN, *SEARCHES])
def test_parameters_name_all_their_options(cls):
    parameters = sections_of(cls)["Parameters"]
    texts = re.split(r"^(\S+) : ", parameters, flags=re.MULTILINE)
    texts = dict(zip(texts[1::2], texts[2::2]))
    for name, constraints in cls._parameter_constraints.items():
        for constraint in constraints:
            # The names of scorers are scikit-learn's.
            if isinstance(constraint, StrOptions) and name != "scoring":
                named = set(re.findall(r'"(\w+)"', texts[name]))
                assert constraint.options - named == set(), name


def fitted_attributes(estimator):
    """Public fitted attributes that there are, properties included."""
    return {
        name
        for name in [*vars(estimator), *dir(type(estimator))]
        if name.endswith("_") and not name.startswith("_")
    }


@pytest.mark.parametrize("cls", PLAIN)
def test_attributes_are_those_of_fits(cls):
    # Each gives attributes that the others do not.
    settings = [
        dict(alpha="evidence"),
        dict(penalty="hierarchical", early_stopping=True),
    ]
    X = np.random.RandomState(0).randn(30, 2)
    y = (X[:, 0] > 0).astype(float)
    found = set()
    for params in settings:
        mlp = cls((2,), max_time=1e-9, random_state=0, **params)
        with pytest.warns(ConvergenceWarning, match="max_time"):
            mlp.fit(X, y)
        found |= fitted_attributes(mlp) | fitted_attributes(mlp.compact())
    # Only features with names have them.
    found |= {"feature_names_in_"}
    assert {name for name, _ in entries_of(cls, "Attributes")} == found


@pytest.mark.parametrize("cls", SEARCHES)
def test_attributes_are_those_of_searches(cls):
    X = np.random.RandomState(0).randn(30, 2)
    y = (X[:, 0] > 0).astype(float)
    search = cls((2,), penalty="hierarchical", alphas=[0.1], cv=2, random_state=0)
    search.set_params(ensemble=True).fit(X, y)
    found = fitted_attributes(search) | fitted_attributes(search.compact())
    found |= {"feature_names_in_"}
    assert {name for name, _ in entries_of(cls, "Attributes")} == found


TABLE = """
b : int, default=2
    The second.

    In two paragraphs.

a : {"x", "y"}, default="x"
    The first.
"""


class Parent:
    """Has an attribute that its subclasses inherit."""

    kept_: float


def make(docstring, **tables):
    """A documented class with parameters `a` and `b` and two fitted attributes."""

    class Documented(Parent):
        def __init__(self, a="x", b=2):
            self.a, self.b = a, b

        @property
        def found_(self):
            return 1

    Documented.__doc__ = docstring
    return document(**tables)(Documented)


PARAMETERS_ALONE = """Title.

    Parameters
    ----------
    {parameters}

    Notes
    -----
    Of ``{class: weight}`` and \\frac{a}{b}.
    """


def test_entries_are_in_the_order_of_the_signature():
    cls = make(PARAMETERS_ALONE, parameters=TABLE)
    assert [name for name, _ in entries_of(cls, "Parameters")] == ["a", "b"]
    assert cls.__doc__ == (
        "Title.\n\nParameters\n----------\n"
        'a : {"x", "y"}, default="x"\n    The first.\n\n'
        "b : int, default=2\n    The second.\n\n    In two paragraphs.\n\n"
        "Notes\n-----\nOf ``{class: weight}`` and \\frac{a}{b}."
    )


def test_own_entries_come_before_shared_ones():
    shared = parse_table(TABLE + "\nc : int\n    Of other classes.\n")
    cls = make(
        PARAMETERS_ALONE, shared_parameters=shared, parameters="a : str\n    Its own."
    )
    text = sections_of(cls)["Parameters"]
    assert "Its own." in text
    assert "The second." in text
    assert "The first." not in text
    assert "other" not in text


def test_attributes_are_in_the_order_of_the_table():
    docstring = "Title.\n\nAttributes\n----------\n{attributes}"
    table = "found_ : int\n    By a property.\n\nkept_ : float\n    By an annotation."
    cls = make(docstring, attributes=table)
    assert [name for name, _ in entries_of(cls, "Attributes")] == ["found_", "kept_"]
    own = make(
        docstring, shared_attributes=parse_table(table), attributes="found_ : int\n    Own."
    )
    assert sections_of(own)["Attributes"].strip() == (
        "found_ : int\n    Own.\n\nkept_ : float\n    By an annotation."
    )


@pytest.mark.parametrize(
    ("docstring", "tables", "message"),
    [
        (PARAMETERS_ALONE, dict(parameters="a : int\n    A."), r"No entry for \['b'\]"),
        (
            PARAMETERS_ALONE,
            dict(parameters=TABLE + "\naa : int\n    Misspelt."),
            r"Entries \['aa'\] are not among the parameters of Documented: \['a', 'b'\]",
        ),
        (
            PARAMETERS_ALONE,
            dict(shared_parameters=parse_table("a : int\n    A.")),
            r"No entry for \['b'\] among the parameters of Documented",
        ),
        ("Title.", dict(parameters=TABLE), r"placeholders \[\], .* for \['parameters'\]"),
        (
            PARAMETERS_ALONE.replace("{parameters}", "{paramters}"),
            dict(parameters=TABLE),
            r"placeholders \['paramters'\]",
        ),
        (
            PARAMETERS_ALONE + "\n    {attributes}\n",
            dict(parameters=TABLE),
            r"placeholders \['parameters', 'attributes'\]",
        ),
        (
            PARAMETERS_ALONE + "\n    {attributes}\n",
            dict(parameters=TABLE, attributes="kept_ : int\n    A."),
            r"No entry for \['found_'\] among the attributes of Documented",
        ),
    ],
)
def test_incomplete_docstrings_are_errors(docstring, tables, message):
    with pytest.raises(ValueError, match=message):
        make(docstring, **tables)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a : int\n    A.\n\na : int\n    B.", "two entries of 'a'"),
        ("a : int\n\nb : int\n    B.", "'a' has no description"),
        ("a: int\n    A.", "got the line 'a: int'"),
        ("a, b : int\n    Both.", "got the line 'a, b : int'"),
    ],
)
def test_malformed_tables_are_errors(text, message):
    with pytest.raises(ValueError, match=message):
        parse_table(text)


def test_shared_entries_of_no_class_are_errors():
    table = parse_table(TABLE)
    cls = make(PARAMETERS_ALONE, shared_parameters=table)
    check_shared(table, parameter_names, [Parent, cls])
    with pytest.raises(ValueError, match=r"no class: \['bb'\]"):
        check_shared(table | {"bb": "bb : int"}, parameter_names, [Parent, cls])
    assert attribute_names(cls) == {"kept_", "found_"}
