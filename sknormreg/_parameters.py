"""Parameters of objects that are parameters of estimators: penalties and losses."""

import inspect
from typing import Any, Self


class ParametersMixin:
    """Mixin by which `clone` and searches find the parameters of `__init__`.

    They are stored under their names.
    """

    # What the class is, in error messages.
    _kind = "object"

    @classmethod
    def _param_names(cls):
        if cls.__init__ is object.__init__:
            return []
        return list(inspect.signature(cls.__init__).parameters)[1:]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters.

        Parameters
        ----------
        deep : bool, default=True
            Ignored: parameters have no parameters of their own.

        Returns
        -------
        params : dict
            Parameter values by name.
        """
        return {name: getattr(self, name) for name in self._param_names()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters.

        Parameters
        ----------
        **params : dict
            Parameter values by name.

        Returns
        -------
        self : object
            The object itself.

        Raises
        ------
        ValueError
            If there is no parameter of a given name.
        """
        known = self._param_names()
        for name, value in params.items():
            if name not in known:
                raise ValueError(
                    f"Invalid parameter {name!r} for {self._kind} {self}. Valid parameters "
                    f"are: {known!r}."
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        params = self.get_params(deep=False).items()
        shown = ", ".join(f"{name}={value!r}" for name, value in params)
        return f"{type(self).__name__}({shown})"
