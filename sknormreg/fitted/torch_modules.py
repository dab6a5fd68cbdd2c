"""Conversion of fitted networks to PyTorch."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

# From where on softplus of PyTorch is the identity; below, it does not overflow. The
# default of 20 differs from softplus in double precision.
_SOFTPLUS_THRESHOLD = 50


def to_torch(estimator: Any) -> "torch.nn.Sequential":
    """Return the modules that `ExportMixin.to_torch` describes.

    Parameters
    ----------
    estimator : object
        Fitted estimator, with dense weights.
    """
    if hasattr(estimator, "skip_coef_"):
        raise ValueError(
            "A torch.nn.Sequential cannot express this network: it has no skip connection, "
            "which penalty='hierarchical' takes."
        )
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            "to_torch needs PyTorch: install it with pip install torch."
        ) from error
    modules: list[torch.nn.Module] = []
    names = [*estimator._network.activations, None]
    for coef, intercept, name in zip(estimator.coefs_, estimator.intercepts_, names):
        dtype = getattr(torch, coef.dtype.name)
        linear = torch.nn.utils.skip_init(torch.nn.Linear, *coef.shape, dtype=dtype)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(coef.T))
            linear.bias.copy_(torch.tensor(intercept))
        modules.append(linear)
        if name is not None:
            modules.append(_activation(torch.nn, name))
    return torch.nn.Sequential(*modules)


def _activation(nn, name):
    """Return the module of an activation."""
    modules = {
        "identity": nn.Identity,
        "logistic": nn.Sigmoid,
        "tanh": nn.Tanh,
        "relu": nn.ReLU,
        "leaky_relu": nn.LeakyReLU,
        "elu": nn.ELU,
        "gelu": nn.GELU,
        "silu": nn.SiLU,
        "softplus": lambda: nn.Softplus(threshold=_SOFTPLUS_THRESHOLD),
    }
    return modules[name]()
