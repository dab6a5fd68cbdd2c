"""Suggestions for misspelt parameter values, as part of the error message."""

from collections.abc import Callable
from typing import Any

from sklearn.utils._param_validation import InvalidParameterError, StrOptions

from .._names import did_you_mean


class SuggestionsMixin:
    """Mixin that suggests the most similar valid value if a parameter is misspelt.

    It must precede `BaseEstimator` in the list of base classes.
    """

    get_params: Callable[..., dict[str, Any]]
    _parameter_constraints: dict[str, list]

    def _validate_params(self):
        try:
            super()._validate_params()  # type: ignore[misc]
        except InvalidParameterError as error:
            raise InvalidParameterError(f"{error}{self._suggestion(error)}") from None

    def _suggestion(self, error):
        for name, value in self.get_params(deep=False).items():
            if str(error).startswith(f"The {name!r} parameter"):
                constraints = self._parameter_constraints[name]
                options = [c.options for c in constraints if isinstance(c, StrOptions)]
                return did_you_mean(value, set().union(*options))
        return ""
