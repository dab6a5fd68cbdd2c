"""Versions in stored models, so that they load in later versions with a warning."""

import warnings
from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

from sklearn.exceptions import InconsistentVersionWarning

from .._version import __version__

# The version of models that were saved without one.
_WITHOUT_VERSION = "0.1.0"


class OtherVersionWarning(InconsistentVersionWarning):
    """Warning that a model was saved with another version of sknormreg."""

    def __str__(self) -> str:
        stored, ours = self.original_sklearn_version, self.current_sklearn_version
        return (
            f"{self.estimator_name} was saved with sknormreg {stored} and is loaded with "
            f"version {ours}: its predictions may differ. Install sknormreg=={stored}, or "
            "fit the model again."
        )


class StoredVersionMixin:
    """Mixin that saves the version with an estimator and compares it on loading.

    It must precede `BaseEstimator` in the list of base classes.
    """

    _get_param_names: Callable[[], list[str]]

    def __getstate__(self) -> dict:
        state: Any = super().__getstate__()
        return {**state, "_sknormreg_version": __version__}

    def __setstate__(self, state: dict) -> None:
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
        super().__setstate__(  # type: ignore[misc]
            {**self._defaults_of_missing(state), **state}
        )

    def _defaults_of_missing(self, state):
        """Return defaults of parameters that the version of the model did not have yet."""
        parameters = signature(type(self).__init__).parameters
        missing = set(self._get_param_names()) - set(state)
        return {
            name: parameters[name].default
            for name in missing
            if parameters[name].default is not Parameter.empty
        }
