"""Docstrings that are put together from parts: that they say what the classes take."""

import inspect
import re
from ast import literal_eval

import pytest

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
)
from sknormreg.penalties import PENALTIES

CLASSES = [
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
    *PENALTIES.values(),
]


@pytest.mark.parametrize("cls", CLASSES)
def test_parameters_are_those_of_the_signature(cls):
    """In order, and where numpydoc looks for them: at the margin."""
    sections = re.split(r"^(.+)\n-+$", inspect.getdoc(cls), flags=re.MULTILINE)
    texts = dict(zip(sections[1::2], sections[2::2]))
    entries = re.findall(r"^(\S.*) : (.*)$", texts.get("Parameters", ""), re.MULTILINE)
    names = [name for names, _ in entries for name in names.split(", ")]
    parameters = inspect.signature(cls).parameters
    assert names == list(parameters)
    for name, words in entries:
        if name in parameters:
            default = literal_eval(words.partition("default=")[2])
            assert default == parameters[name].default
