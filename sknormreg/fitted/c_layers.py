"""Layers of a network in C: constant arrays, and the function of the raw outputs."""

from textwrap import indent

import numpy as np

from .c_weights import StoredWeights, c_array, c_type, smallest_unsigned, stored_weights
from .compact_network import CompactNetwork

# Functions of a pre-activation, by the names of activations and links. None overflows to
# anything but its limit.
_FUNCTIONS = {
    "logistic": "1.0f / (1.0f + expf(-z))",
    "tanh": "tanhf(z)",
    "relu": "z > 0.0f ? z : 0.0f",
    "leaky_relu": "z > 0.0f ? z : 0.01f * z",
    "elu": "z > 0.0f ? z : expm1f(z)",
    "gelu": "0.5f * z * erfcf(-0.70710678f * z)",
    "silu": "z / (1.0f + expf(-z))",
    "softplus": "(z > 0.0f ? z : 0.0f) + log1pf(expf(-fabsf(z)))",
    "exp": "expf(z)",
}


class Layers:
    """Code of all layers, without the output activation.

    Parameters
    ----------
    network : CompactNetwork
        In single precision.

    name : str
        First part of all names, so that several networks can be in one file.

    places : ndarray of int of shape (n_selected,)
        Where in the array of inputs the selected features are.

    n_inputs : int
        Length of this array.

    kind : {"float32", "int8"}
        Type of the stored weights.
    """

    def __init__(
        self,
        network: CompactNetwork,
        name: str,
        places: np.ndarray,
        n_inputs: int,
        kind: str,
    ) -> None:
        self._network, self._name, self._places = network, name, places
        self._products = _stored_products(network, places, kind)
        of_inputs = [self._products.get(suffix) for suffix in ("0", "skip")]
        # Weights of the inputs that are stored without indices, while not every input has
        # a weight.
        self._gathers = len(places) < n_inputs and any(
            product is not None and product.indices is None for product in of_inputs
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the constants by their names in C."""
        arrays = {"features": smallest_unsigned(self._places)} if self._gathers else {}
        for suffix, product in self._products.items():
            arrays |= {f"{part}_{suffix}": a for part, a in product.arrays().items()}
        for i, intercept in enumerate(self._network.intercepts):
            arrays[f"intercepts_{i}"] = intercept
        return {f"{self._name}_{part}": array for part, array in arrays.items()}

    def code(self) -> list[str]:
        """Return the definitions of arrays and functions."""
        used = {*self._network.activations, self._network.link}
        functions = [
            definition(f"static float {self.function(name)}(float z)", [f"return {f};"])
            for name, f in _FUNCTIONS.items()
            if name in used
        ]
        arrays = [c_array(name, array) for name, array in self.arrays().items()]
        return [*arrays, *functions, self._raw_outputs()]

    def function(self, activation: str) -> str:
        """Return the name in C of an activation or a link."""
        return f"{self._name}_apply_{activation}"

    def call(self, result: str) -> str:
        """Return the statement that computes the raw outputs of x."""
        return f"{self._name}_raw_outputs(x, {result});"

    def _raw_outputs(self):
        network = self._network
        last = len(network.coefs) - 1
        # Two arrays are enough: each layer reads one and writes the other.
        widths = network.n_units
        body = [
            f"float layer_{i}[{max(widths[i::2])}];" for i in range(min(2, len(widths)))
        ]
        below = "x"
        for i, coef in enumerate(network.coefs):
            above = "raw" if i == last else f"layer_{i % 2}"
            activation = network.activations[i] if i < last else "identity"
            body += self._layer(str(i), coef.shape, below, above, activation)
            below = above
        if network.skip_coef is not None:
            body += self._layer("skip", network.skip_coef.shape, "x", "raw", "identity")
        if not self._products:
            body.insert(0, "(void)x;")
        signature = f"static void {self._name}_raw_outputs(const float *x, float *raw)"
        return definition(signature, body)

    def _layer(self, suffix, shape, below, above, activation):
        """Return the block that computes one layer, or adds the skip connection."""
        n_below, n_units = shape
        is_skip = suffix == "skip"
        total = "raw[j]" if is_skip else f"{self._name}_intercepts_{suffix}[j]"
        before, terms = [], []
        product = self._products.get(suffix)
        if product is not None:
            before, terms = self._sum(product, suffix, n_below, below)
            scale = "" if product.scales is None else f"{self._name}_scales_{suffix}[j] * "
            total = f"{total} + {scale}sum"
        if activation != "identity":
            total = f"{self.function(activation)}({total})"
        lines = [
            *before,
            f"for (unsigned j = 0; j < {n_units}; j++) {{",
            *(f"    {line}" for line in terms),
            f"    {above}[j] = {total};",
            "}",
        ]
        return ["{", *(f"    {line}" for line in lines), "}"]

    def _sum(self, product, suffix, n_below, below):
        """Return what comes before the loop over the units, and the sum of each."""
        name = self._name
        before = [f"const {c_type(product.values)} *weight = {name}_weights_{suffix};"]
        if product.indices is None:
            end = str(n_below)
            element = f"{name}_features[i]" if below == "x" and self._gathers else "i"
        else:
            kind = c_type(product.indices)
            before.append(f"const {kind} *index = {name}_indices_{suffix};")
            end, element = f"{name}_counts_{suffix}[j]", "*index++"
        return before, [
            "float sum = 0.0f;",
            f"for (unsigned i = 0; i < {end}; i++)",
            f"    sum += *weight++ * {below}[{element}];",
        ]


def _stored_products(
    network: CompactNetwork, places: np.ndarray, kind: str
) -> dict[str, StoredWeights]:
    """Return the stored weights of all layers that have some, by suffixes of names."""
    products = {}
    for i, coef in enumerate(network.coefs):
        below = np.arange(len(coef)) if i else places
        products[str(i)] = stored_weights(coef, below, kind)
    if network.skip_coef is not None:
        products["skip"] = stored_weights(network.skip_coef, places, kind)
    return {suffix: product for suffix, product in products.items() if product.values.size}


def definition(signature: str, body: list[str]) -> str:
    """Return the definition of a function."""
    lines = indent("\n".join(body), "    ")
    return f"{signature}\n{{\n{lines}\n}}"
