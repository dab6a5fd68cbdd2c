"""Converters to ONNX, which importing this module registers with skl2onnx.

skl2onnx then converts the estimators of sknormreg, also as a part of pipelines and other
models that it knows. ``import sknormreg`` alone does not load it.

A classifier has the outputs "label" and "probabilities" and the options of skl2onnx's own
classifiers: `zipmap` (True, False or "columns"), `raw_scores` (log odds or logits instead
of probabilities), `nocl` (class indices as labels) and `output_class_labels`. A regressor
has the output "variable", always two-dimensional; so has a survival estimator, with risks
as `predict` returns them. The network computes in double precision
where its input is declared as a `DoubleTensorType`, and in single precision otherwise.

Examples
--------
>>> import skl2onnx
>>> from sklearn.datasets import load_iris
>>> from sklearn.pipeline import make_pipeline
>>> from sklearn.preprocessing import StandardScaler
>>> import sknormreg.onnx
>>> from sknormreg import RegularizedMLPClassifier
>>> X, y = load_iris(return_X_y=True)
>>> mlp = RegularizedMLPClassifier((5,), penalty="l1", random_state=0)
>>> model = make_pipeline(StandardScaler(), mlp).fit(X, y)
>>> onnx_model = skl2onnx.to_onnx(model, X[:1], options={"zipmap": False})
>>> [output.name for output in onnx_model.graph.output]
['label', 'probabilities']
"""

import functools

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..estimators import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
    RegularizedMLPSurvival,
    RegularizedMLPSurvivalCV,
)
from ..estimators.ensemble import weights_of_networks

try:
    from skl2onnx import update_registered_converter
    from skl2onnx.common.data_types import (
        BooleanTensorType,
        DoubleTensorType,
        FloatTensorType,
        Int64TensorType,
        StringTensorType,
        guess_tensor_type,
    )
    from skl2onnx.common.utils import (
        check_input_and_output_numbers,
        check_input_and_output_types,
    )
    from skl2onnx.common.utils_classifier import get_label_classes
    from skl2onnx.proto import onnx_proto
except ImportError as error:
    raise ImportError(
        "sknormreg.onnx needs skl2onnx: install it with pip install 'sknormreg[onnx]'."
    ) from error

__all__ = ["register"]


def register() -> None:
    """Register the converters with skl2onnx: what importing this module has done."""
    for cls in (RegularizedMLPClassifier, RegularizedMLPClassifierCV):
        update_registered_converter(
            cls,
            f"Sknormreg{cls.__name__}",
            _declare_classes,
            _convert_classifier,
            options={
                "zipmap": [True, False, "columns"],
                "raw_scores": [True, False],
                "nocl": [True, False],
                "output_class_labels": [True, False],
            },
        )
    for of_values in (
        RegularizedMLPRegressor,
        RegularizedMLPRegressorCV,
        RegularizedMLPSurvival,
        RegularizedMLPSurvivalCV,
    ):
        update_registered_converter(
            of_values, f"Sknormreg{of_values.__name__}", _declare_values, _convert_values
        )


# What the outputs look like


def _declare_classes(operator):
    n_rows, estimator = _checked(operator), operator.raw_operator
    labels, scores = operator.outputs
    n_columns = len(estimator.classes_)
    shape = [n_rows, n_columns] if estimator._multilabel else [n_rows]
    classes = _label_values(get_label_classes(operator.scope_inst, estimator))
    labels.set_type(
        (StringTensorType if classes.dtype == object else Int64TensorType)(shape)
    )
    scores.set_type(_float_type(operator)([n_rows, n_columns]))


def _declare_values(operator):
    n_rows = _checked(operator)
    operator.outputs[0].set_type(
        _float_type(operator)([n_rows, operator.raw_operator.n_outputs_])
    )


def _checked(operator):
    """The number of rows, of the one input that the fitted network takes."""
    check_is_fitted(operator.raw_operator)
    check_input_and_output_numbers(operator, input_count_range=1)
    check_input_and_output_types(
        operator,
        good_input_types=[
            BooleanTensorType,
            DoubleTensorType,
            FloatTensorType,
            Int64TensorType,
        ],
    )
    return operator.inputs[0].get_first_dimension()


def _float_type(operator):
    return type(guess_tensor_type(operator.inputs[0].type))


def _label_values(classes):
    """Classes as ONNX can hold them: whole numbers, or strings of dtype object."""
    classes = np.asarray(classes)
    if classes.dtype.kind in "ib" or (classes.dtype.kind == "u" and classes.max() < 2**63):
        return classes.astype(np.int64)
    if classes.dtype.kind == "f" and (classes == classes.astype(np.int64)).all():
        return classes.astype(np.int64)
    if all(isinstance(label, str) for label in classes):
        return classes.astype(object)
    raise ValueError(
        f"ONNX has whole numbers and strings as labels, not classes_ = {classes.tolist()}."
    )


# What computes them


def _convert_classifier(scope, operator, container):
    graph = _Graph(scope, operator, container)
    estimator = operator.raw_operator
    labels, scores = (output.full_name for output in operator.outputs)
    raw = graph.raw_outputs(estimator)
    if estimator._multilabel:
        graph.node(
            "Cast", graph.node("Greater", raw, graph.number(0)), to=_INT64, name=labels
        )
    else:
        if estimator.n_outputs_ == 1:
            raw = graph.node("Concat", graph.node("Neg", raw), raw, axis=1)
        classes = _label_values(get_label_classes(scope, estimator))
        index = graph.node("ArgMax", raw, axis=1, keepdims=0)
        graph.node("Gather", graph.labels(classes), index, axis=0, name=labels)
    if scope.get_options(estimator, {"raw_scores": False})["raw_scores"]:
        graph.node("Identity", raw, name=scores)
    else:
        graph.inverse_link(estimator, raw, name=scores)


def _convert_values(scope, operator, container):
    graph = _Graph(scope, operator, container)
    estimator = operator.raw_operator
    raw = graph.raw_outputs(estimator)
    graph.inverse_link(estimator, raw, name=operator.outputs[0].full_name)


# Operations by the name of the output activation.
_LINKS = {
    "identity": "Identity",
    "exp": "Exp",
    "softmax": "Softmax",
    "logistic": "Sigmoid",
}

_INT64 = onnx_proto.TensorProto.INT64


class _Graph:
    """Adds to an ONNX graph, in the float type of one operator.

    Methods return the name of what they have added.
    """

    def __init__(self, scope, operator, container):
        self._scope, self._container = scope, container
        double = _float_type(operator) is DoubleTensorType
        self._float = getattr(onnx_proto.TensorProto, "DOUBLE" if double else "FLOAT")
        self._is_double = double
        self._input = operator.inputs[0].full_name

    def node(self, op, *inputs, name=None, **attributes):
        name = name or self._scope.get_unique_variable_name(op.lower())
        self._container.add_node(
            op,
            list(inputs),
            name,
            name=self._scope.get_unique_operator_name(op),
            **attributes,
        )
        return name

    def array(self, values):
        name = self._scope.get_unique_variable_name("array")
        self._container.add_initializer(name, self._float, values.shape, values.ravel())
        return name

    def number(self, value):
        return self.array(np.array([value]))

    def labels(self, classes):
        name = self._scope.get_unique_variable_name("classes")
        is_text = classes.dtype == object
        kind = onnx_proto.TensorProto.STRING if is_text else _INT64
        values = [label.encode() for label in classes] if is_text else classes
        self._container.add_initializer(name, kind, classes.shape, values)
        return name

    def raw_outputs(self, estimator):
        """Outputs before the output activation, of a network or of an ensemble."""
        members = getattr(estimator, "estimators_", [estimator])
        raws = [self._raw_of(member.to_arrays()) for member in members]
        if estimator.out_activation_ == "sort":
            raws = [self.sorted(raw, estimator.n_outputs_) for raw in raws]
        if len(raws) == 1:
            return raws[0]
        weights = weights_of_networks(len(raws))
        if estimator.out_activation_ != "exp":
            return self.weighted_sum(raws, weights)
        means = [self.node("Exp", raw) for raw in raws]
        return self.node("Log", self.weighted_sum(means, weights))

    def sorted(self, raw, n_outputs, name=None):
        name = name or self._scope.get_unique_variable_name("sorted")
        count = self._scope.get_unique_variable_name("count")
        self._container.add_initializer(count, _INT64, [1], [n_outputs])
        self._container.add_node(
            "TopK",
            [raw, count],
            [name, self._scope.get_unique_variable_name("order")],
            name=self._scope.get_unique_operator_name("TopK"),
            op_version=11,
            axis=1,
            largest=0,
            sorted=1,
        )
        return name

    def weighted_sum(self, terms, weights):
        terms = [
            self.node("Mul", term, self.number(weight))
            for term, weight in zip(terms, weights)
        ]
        return functools.reduce(lambda a, b: self.node("Add", a, b), terms)

    def _raw_of(self, arrays):
        """Outputs of the network of these arrays before the output activation."""
        inputs = layer = self.node("Cast", self._input, to=self._float)
        activations = arrays["activations"].tolist()
        for i in range(len(activations) + 1):
            layer = self.node("MatMul", layer, self.array(arrays[f"coef_{i}"]))
            layer = self.node("Add", layer, self.array(arrays[f"intercept_{i}"]))
            if i < len(activations):
                layer = _ACTIVATIONS[activations[i]](self, layer)
        if "skip_coef" in arrays:
            direct = self.node("MatMul", inputs, self.array(arrays["skip_coef"]))
            layer = self.node("Add", layer, direct)
        return layer

    def inverse_link(self, estimator, raw, name):
        """Predictions of the raw outputs, with a column for each class."""
        if estimator.out_activation_ == "sort":
            return self.sorted(raw, estimator.n_outputs_, name)
        op = _LINKS.get(estimator.out_activation_)
        if op is None:
            raise ValueError(
                f"There is no ONNX operation for the output activation "
                f"{estimator.out_activation_!r} of a loss, only for {sorted(_LINKS)}."
            )
        return self.node(op, raw, name=name, **({"axis": 1} if op == "Softmax" else {}))

    def single_precision_erf(self, z):
        # onnxruntime has no Erf in double precision.
        if not self._is_double:
            return self.node("Erf", z)
        z = self.node("Cast", z, to=onnx_proto.TensorProto.FLOAT)
        return self.node("Cast", self.node("Erf", z), to=self._float)


# Activations, of operations that onnxruntime has in both precisions.


def _leaky_relu(graph, z):
    return graph.node("Max", z, graph.node("Mul", z, graph.number(0.01)))


def _elu(graph, z):
    zero = graph.number(0)
    negative = graph.node("Exp", graph.node("Min", z, zero))
    negative = graph.node("Sub", negative, graph.number(1))
    return graph.node("Add", graph.node("Max", z, zero), negative)


def _gelu(graph, z):
    erf = graph.single_precision_erf(graph.node("Mul", z, graph.number(np.sqrt(0.5))))
    double_cdf = graph.node("Add", erf, graph.number(1))
    return graph.node("Mul", graph.node("Mul", z, graph.number(0.5)), double_cdf)


def _silu(graph, z):
    return graph.node("Mul", z, graph.node("Sigmoid", z))


def _softplus(graph, z):
    # log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|)), which does not overflow.
    small = graph.node("Exp", graph.node("Neg", graph.node("Abs", z)))
    small = graph.node("Log", graph.node("Add", small, graph.number(1)))
    return graph.node("Add", graph.node("Max", z, graph.number(0)), small)


_ACTIVATIONS = {
    "identity": lambda graph, z: z,
    "logistic": lambda graph, z: graph.node("Sigmoid", z),
    "tanh": lambda graph, z: graph.node("Tanh", z),
    "relu": lambda graph, z: graph.node("Relu", z),
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "gelu": _gelu,
    "silu": _silu,
    "softplus": _softplus,
}

register()
