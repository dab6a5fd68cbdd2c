"""Source in C99 of a network: a header, and a file that implements it."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .._names import did_you_mean
from .._version import __version__
from .c_layers import Layers, definition
from .c_program import example_program
from .compact_network import CompactNetwork


def write_c(
    network: CompactNetwork, path: Any, name: Any, weights: Any, inputs: Any
) -> None:
    """Write the files that `ExportMixin.to_c` describes."""
    path = Path(path)
    if path.suffix != ".c":
        raise ValueError(f"path must end in '.c', got {str(path)!r}.")
    name = _checked_name(name, path)
    _check_option("weights", weights, ("float32", "int8"))
    _check_option("inputs", inputs, ("all", "selected"))
    if inputs == "selected" and not len(network.features):
        raise ValueError(
            "inputs='selected' needs a selected feature, but the network predicts a "
            "constant. Decrease alpha, or pass inputs='all'."
        )
    source = _Source(_in_single_precision(network), name, weights, inputs)
    header, code = source.header(), source.code(f"{path.stem}.h")
    path.write_text(code, "utf-8")
    path.with_suffix(".h").write_text(header, "utf-8")


def _checked_name(name, path):
    subject = "name" if name is not None else "The name of the file"
    name = path.stem if name is None else name
    if not isinstance(name, str) or not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name):
        raise ValueError(
            f"{subject} must be a C identifier, since functions begin with it: letters "
            f"without accents, digits and underscores, a letter first; got {name!r}. Pass "
            "another one as name='...'."
        )
    return name


def _check_option(parameter, value, known):
    if value not in known:
        raise ValueError(
            f"{parameter} must be {' or '.join(map(repr, known))}, got {value!r}."
            f"{did_you_mean(value, known)}"
        )


def _in_single_precision(network):
    skip = network.skip_coef
    parts = [*network.coefs, *network.intercepts, *([] if skip is None else [skip])]
    largest = max(np.abs(part).max(initial=0) for part in parts)
    if not largest <= np.finfo(np.float32).max:
        raise ValueError(
            "Weights and intercepts must be finite in single precision, but the largest "
            f"one is {largest:.3g}. Standardise the features and the target."
        )
    return replace(
        network,
        coefs=[coef.astype(np.float32) for coef in network.coefs],
        intercepts=[intercept.astype(np.float32) for intercept in network.intercepts],
        skip_coef=None if skip is None else skip.astype(np.float32),
    )


class _Source:
    """Parts of the two files."""

    def __init__(self, network, name, weights, inputs):
        self.network, self.name, self.weights = network, name, weights
        self.macro = name.upper()
        self.places = network.features
        self.n_inputs = network.n_features
        if inputs == "selected":
            self.places, self.n_inputs = np.arange(len(network.features)), len(self.places)
        self.layers = Layers(network, name, self.places, self.n_inputs, weights)

    # The header

    def header(self):
        guard = f"{self.macro}_H"
        macros = [
            f"#define {self.macro}_N_INPUTS {self.n_inputs}",
            f"#define {self.macro}_N_OUTPUTS {self.network.n_outputs}",
        ]
        if self.network.classes is not None:
            macros.append(f"#define {self.macro}_N_CLASSES {len(self.network.classes)}")
        prototypes = [
            f"/* {comment} */\n{signature};" for signature, comment, _ in self._functions()
        ]
        return "\n\n".join(
            [
                self._description(),
                f"#ifndef {guard}\n#define {guard}",
                "#include <stdint.h>",
                "\n".join(macros),
                '#ifdef __cplusplus\nextern "C" {\n#endif',
                *prototypes,
                "#ifdef __cplusplus\n}\n#endif",
                f"#endif /* {guard} */\n",
            ]
        )

    def _description(self):
        network = self.network
        layers = [
            f"{n_units} ({activation})"
            for n_units, activation in zip(network.n_units, network.activations)
        ]
        size = sum(part.nbytes for part in self.layers.arrays().values())
        lines = [
            f"Multilayer perceptron {self.name}, a {_KINDS[network.target]}: "
            "written by sknormreg "
            f"{__version__}.",
            "",
            f"Hidden units:      {', '.join(layers) or 'none'}",
            f"Outputs:           {network.n_outputs}",
            f"Output activation: {network.link}",
            f"Weights:           {self.weights}; {size} bytes of constants",
            f"Inputs:            x[{self.n_inputs}], of which {len(self.places)} are read:",
        ]
        lines += [
            f"    x[{place}]  {_quoted(name)}"
            for place, name in zip(self.places, network.feature_names)
        ]
        if network.classes is not None:
            lines.append("Labels:" if network.multilabel else "Classes:")
            lines += [f"    {i}  {_quoted(c)}" for i, c in enumerate(network.classes)]
        return "\n".join(["/*", *(f" * {line}".rstrip() for line in lines), " */"])

    # Functions of the interface

    def _functions(self):
        """Return signatures, comments and bodies."""
        network, name = self.network, self.name
        x = f"const float x[{self.n_inputs}]"
        n_outputs = network.n_outputs
        if network.classes is None:
            body = [self.layers.call("y"), *self._elementwise("y")]
            signature = f"void {name}_predict({x}, float y[{n_outputs}])"
            predicted = "risk" if network.target == "risk" else "target values"
            return [(signature, f"Predict the {predicted} of a sample.", body)]
        n_classes = len(network.classes)
        each = "each label" if network.multilabel else "each class"
        raw = f"the log odds of {each}"
        if network.link == "softmax":
            raw = f"the logits of {each}"
        elif n_outputs < n_classes:
            raw = "the log odds of class 1"
        return [
            (
                f"void {name}_decision_function({x}, float scores[{n_outputs}])",
                f"Compute the raw outputs of a sample: {raw}.",
                [self.layers.call("scores")],
            ),
            (
                f"void {name}_predict_proba({x}, float proba[{n_classes}])",
                f"Predict the probability of {each}.",
                self._probabilities(),
            ),
            self._decision(x),
        ]

    def _elementwise(self, array):
        """Return the statements that apply the output activation to an array."""
        link = self.network.link
        if link == "identity":
            return []
        return [
            f"for (unsigned j = 0; j < {self.network.n_outputs}; j++)",
            f"    {array}[j] = {self.layers.function(link)}({array}[j]);",
        ]

    def _probabilities(self):
        network = self.network
        if network.link == "softmax":
            return [
                self.layers.call("proba"),
                *_SOFTMAX.format(n=network.n_outputs).split("\n"),
            ]
        if network.n_outputs < len(network.classes):
            logistic = self.layers.function("logistic")
            return [
                "float score;",
                self.layers.call("&score"),
                f"proba[0] = {logistic}(-score);",
                f"proba[1] = {logistic}(score);",
            ]
        return [self.layers.call("proba"), *self._elementwise("proba")]

    def _decision(self, x):
        """Return the function that decides by the raw outputs."""
        network, name = self.network, self.name
        n_outputs = network.n_outputs
        body = [f"float scores[{n_outputs}];", self.layers.call("scores")]
        if network.multilabel:
            body += [
                f"for (unsigned j = 0; j < {n_outputs}; j++)",
                "    labels[j] = scores[j] > 0.0f;",
            ]
            signature = f"void {name}_predict({x}, uint8_t labels[{n_outputs}])"
            return signature, "Predict whether a sample has each label.", body
        if n_outputs < len(network.classes):
            body.append("return scores[0] > 0.0f;")
        else:
            body += [
                "int best = 0;",
                f"for (int j = 1; j < {n_outputs}; j++)",
                "    if (scores[j] > scores[best])",
                "        best = j;",
                "return best;",
            ]
        return (
            f"int {name}_predict({x})",
            "Predict the index of the class of a sample.",
            body,
        )

    # The implementation

    def code(self, header):
        return "\n\n".join(
            [
                f'#include "{header}"\n\n#include <math.h>',
                *self.layers.code(),
                *(definition(signature, body) for signature, _, body in self._functions()),
                example_program(self.macro, self.name, self.network),
            ]
        )


_KINDS = {"values": "regressor", "classes": "classifier", "risk": "survival model"}

_SOFTMAX = """\
float largest = proba[0], total = 0.0f;
for (unsigned j = 1; j < {n}; j++)
    if (proba[j] > largest)
        largest = proba[j];
for (unsigned j = 0; j < {n}; j++)
    total += proba[j] = expf(proba[j] - largest);
for (unsigned j = 0; j < {n}; j++)
    proba[j] /= total;"""


def _quoted(label):
    """Return a name as a comment can hold it."""
    return re.sub(r"(?<=/)(?=\*)|(?<=\*)(?=/)|(?<=\?)(?=\?)", " ", ascii(label))
