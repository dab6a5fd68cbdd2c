"""Networks that use no input: what their users are told."""

from numbers import Real

from .._warnings import warn


def warn_of_empty(fitted, cause):
    """Warn where a fitted network uses no feature.

    Parameters
    ----------
    fitted : FittedNetwork

    cause : str
        Continues "The network uses no input and predicts a constant: ".
    """
    if fitted.is_empty:
        warn(f"The network uses no input and predicts a constant: {cause}")


def strong_alpha(alpha, data):
    """The cause of an empty network, as `warn_of_empty` takes it: alpha, or the weights."""
    if isinstance(alpha, str):
        return f"alpha={alpha!r} finds no more in the data."
    n_rows = data.X.shape[0]
    shown = f"{alpha:.4g}" if isinstance(alpha, Real) else repr(alpha)
    cause = f"alpha={shown} outweighs the loss. Lower it, or increase sample weights"
    if data.sample_weight is not None:
        total = float(data.sample_weight.sum(dtype="float64"))
        cause += (
            f", by whose sum the penalty is divided: it is {total:.4g} for {n_rows} rows"
        )
        if total < n_rows:
            cause += f", so that alpha acts {n_rows / total:.3g} times as strongly"
    else:
        cause = cause.removesuffix(", or increase sample weights")
    return cause + "."
