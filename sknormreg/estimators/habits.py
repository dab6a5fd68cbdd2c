"""What all four estimators owe their users: suggestions, and models that know their age."""

import warnings
from inspect import Parameter, signature
from numbers import Real

from sklearn.exceptions import InconsistentVersionWarning
from sklearn.utils._param_validation import InvalidParameterError, StrOptions

from .._version import __version__
from ..names import did_you_mean

# Models that do not say which version stored them are of this one.
_WITHOUT_VERSION = "0.1.0"


class OtherVersionWarning(InconsistentVersionWarning):
    """A model is loaded that another version of sknormreg has stored."""

    def __str__(self):
        stored, ours = self.original_sklearn_version, self.current_sklearn_version
        return (
            f"{self.estimator_name} was stored by sknormreg {stored} and is loaded by "
            f"{ours}: what it answers may differ. Install the version that stored it, or "
            "fit it anew."
        )


class Habits:
    """A mixin, to the left of `BaseEstimator`."""

    def _validate_params(self):
        try:
            super()._validate_params()
        except InvalidParameterError as error:
            raise InvalidParameterError(f"{error}{self._suggestion(error)}") from None

    def _suggestion(self, error):
        for name, value in self.get_params(deep=False).items():
            if str(error).startswith(f"The {name!r} parameter"):
                constraints = self._parameter_constraints[name]
                options = [c.options for c in constraints if isinstance(c, StrOptions)]
                return did_you_mean(value, set().union(*options))
        return ""

    def __getstate__(self):
        return {**super().__getstate__(), "_sknormreg_version": __version__}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_sknormreg_version", _WITHOUT_VERSION)
        if version != __version__:
            warnings.warn(
                OtherVersionWarning(
                    estimator_name=type(self).__name__,
                    current_sklearn_version=__version__,
                    original_sklearn_version=version,
                ),
                stacklevel=2,
            )
        super().__setstate__({**self._defaults_of_missing(state), **state})

    def _defaults_of_missing(self, state):
        """Of parameters that the version which stored the model did not have yet."""
        parameters = signature(type(self).__init__).parameters
        missing = set(self._get_param_names()) - set(state)
        return {
            name: parameters[name].default
            for name in missing
            if parameters[name].default is not Parameter.empty
        }


def warn_of_empty(mlp, cause, stacklevel):
    """Warn where a fitted network uses no input.

    Parameters
    ----------
    mlp : RegularizedMLP

    cause : str
        Continues "The network uses no input and predicts a constant: ".

    stacklevel : int
        As `warnings.warn` takes it, seen from the caller.
    """
    if not mlp.selected_features_.any():
        warnings.warn(
            f"The network uses no input and predicts a constant: {cause}",
            stacklevel=stacklevel + 1,
        )


def strong_alpha(alpha, data):
    """The cause of an empty network, as `warn_of_empty` takes it: alpha, or the weights."""
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
