"""Stored models know which version stored them, and load in later ones."""

import warnings
from inspect import Parameter, signature

from sklearn.exceptions import InconsistentVersionWarning

from .._version import __version__

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


class StoredVersionMixin:
    """Stores the version with an estimator, and compares it where one is loaded.

    To the left of `BaseEstimator`.
    """

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
