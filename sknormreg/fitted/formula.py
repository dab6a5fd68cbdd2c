"""Formula of a network as text that Python can evaluate."""

import keyword
import re
import unicodedata
from numbers import Integral
from typing import Any

import numpy as np

from .compact_network import CompactNetwork

_LINE_LENGTH = 88

# Functions of a term that is written once, and of the name of a pre-activation, which may
# be written several times. All are functions of NumPy, but for ndtr of scipy.special.
_OF_TERM = {
    "identity": "{}",
    "logistic": "1 / (1 + exp(-({})))",
    "tanh": "tanh({})",
    "relu": "maximum({}, 0)",
    "softplus": "logaddexp(0, {})",
    "exp": "exp({})",
}
_OF_NAME = {
    "leaky_relu": "maximum({0}, 0.01 * {0})",
    "elu": "maximum({0}, 0) + expm1(minimum({0}, 0))",
    "gelu": "{0} * ndtr({0})",
    "silu": "{0} / (1 + exp(-{0}))",
}
_FUNCTIONS = {"exp", "expm1", "logaddexp", "maximum", "minimum", "ndtr", "tanh"}


def to_formula(
    network: CompactNetwork, precision: Any, feature_names: Any, max_terms: Any
) -> str:
    """Return the text that `ExportMixin.to_formula` describes."""
    for name, value in [("precision", precision), ("max_terms", max_terms)]:
        if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} must be an integer of at least 1, got {value!r}.")
    _check_size(network, max_terms)
    names = _given_names(network, feature_names)
    symbols = _symbols(names)
    lines = [
        f"# {symbol}: feature {index}, {name!a}"
        for symbol, index, name in zip(symbols, network.features, names)
        if symbol != name
    ]
    formula = _Formula(precision)
    layer = symbols
    for depth, activation in enumerate(network.activations):
        layer = formula.add_layer(network, depth, layer, activation)
    raw = formula.sums(network.coefs[-1], network.intercepts[-1], layer)
    if network.skip_coef is not None:
        direct = formula.sums(network.skip_coef, np.zeros(network.n_outputs), symbols)
        raw = [terms + more for terms, more in zip(raw, direct)]
    comments = formula.add_outputs(network, raw)
    return "\n".join([*lines, *comments, *formula.lines])


def _check_size(network, max_terms):
    parts = [*network.coefs, *network.intercepts]
    if network.skip_coef is not None:
        parts.append(network.skip_coef)
    n_terms = sum(np.count_nonzero(part) for part in parts)
    if n_terms > max_terms:
        units = ", ".join(map(str, network.n_units)) or "no"
        raise ValueError(
            f"The formula has {n_terms} terms, more than max_terms={max_terms}: the "
            f"network has {len(network.features)} selected features, {units} active hidden "
            f"units and {network.n_outputs} outputs. Increase alpha or max_terms."
        )


def _given_names(network, feature_names):
    """Return the names of the selected features."""
    if feature_names is None:
        return network.feature_names
    names = list(feature_names)
    if len(names) != network.n_features:
        raise ValueError(
            f"feature_names must have {network.n_features} names, one for each feature of "
            f"X, got {len(names)}."
        )
    return [str(names[i]) for i in network.features]


def _symbols(names):
    """Return different identifiers of Python that are as near to the names as can be."""
    symbols: list[str] = []
    for name in names:
        # Python reads identifiers in this normal form.
        symbol = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", name)).strip("_")
        if not symbol.isidentifier() or keyword.iskeyword(symbol) or _is_taken(symbol):
            symbol = f"x_{symbol}"
        free, n = symbol, 1
        while free in symbols:
            n += 1
            free = f"{symbol}_{n}"
        symbols.append(free)
    return symbols


def _is_taken(symbol):
    """Whether a formula has the name for something else."""
    own = re.fullmatch(r"[hz]\d+|[fpy](_\d+)?|total|risk", symbol)
    return bool(own) or symbol in _FUNCTIONS


class _Formula:
    """Statements, one for each unit.

    Terms are pairs of a sign, "+" or "-", and the text after it.

    Parameters
    ----------
    precision : int
        Number of significant digits.
    """

    def __init__(self, precision):
        self._precision = precision
        self._n_units = 0
        self.lines: list[str] = []

    def add_layer(self, network, depth, below, activation):
        """Add the units of a hidden layer, and return their names."""
        sums = self.sums(network.coefs[depth], network.intercepts[depth], below)
        units = []
        for terms in sums:
            self._n_units += 1
            unit, argument = f"h{self._n_units}", f"z{self._n_units}"
            if activation in _OF_NAME:
                self._assign(argument, "{}", terms)
                self.lines.append(f"{unit} = {_OF_NAME[activation].format(argument)}")
            else:
                self._assign(unit, _OF_TERM[activation], terms)
            units.append(unit)
        return units

    def add_outputs(self, network, raw):
        """Add the outputs, and return comments that say which class each one is of."""
        classes, link = network.classes, network.link
        letter = {"values": "y", "classes": "p", "risk": "risk"}[network.target]
        several = len(raw) > 1
        names = [f"{letter}_{k}" if several else letter for k in range(len(raw))]
        if link == "softmax":
            scores = [f"f_{k}" for k in range(len(raw))]
            for score, terms in zip(scores, raw):
                self._assign(score, "{}", terms)
            self._assign("total", "{}", [("+", f"exp({score})") for score in scores])
            for name, score in zip(names, scores):
                self.lines.append(f"{name} = exp({score}) / total")
        else:
            for name, terms in zip(names, raw):
                self._assign(name, _OF_TERM[link], terms)
        # Of two classes, the output is that of the second.
        labels = [] if classes is None else classes[-len(raw) :]
        return [f"# {name}: probability of {label!a}" for name, label in zip(names, labels)]

    def sums(self, coef, intercepts, below):
        """Return the terms of each unit, without those that are 0."""
        return [
            self._terms([intercept, *weights], ["", *below])
            for intercept, weights in zip(intercepts, coef.T)
        ]

    def _terms(self, factors, names):
        terms = []
        for factor, name in zip(factors, names):
            if factor != 0:
                number = f"{abs(factor):.{self._precision}g}"
                text = f"{number} * {name}" if name else number
                terms.append(("-" if factor < 0 else "+", text))
        return terms

    def _assign(self, name, function, terms):
        """Add a statement, on several lines if it is long."""
        (sign, first), *others = terms or [("+", "0")]
        parts = [f"-{first}" if sign == "-" else first]
        parts += [f"{sign} {text}" for sign, text in others]
        statement = f"{name} = {function.format(' '.join(parts))}"
        if len(statement) > _LINE_LENGTH:
            lines = ["   "]
            for part in parts:
                if len(lines[-1]) + len(part) + 1 > _LINE_LENGTH:
                    lines.append("   ")
                lines[-1] += f" {part}"
            function = "({})" if function == "{}" else function
            wrapped = "\n".join(["", *lines, ""])
            statement = f"{name} = {function.format(wrapped)}"
        self.lines.append(statement)
