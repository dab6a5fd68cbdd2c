"""Methods that convert a fitted network to other forms."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.validation import check_is_fitted

from .c_source import write_c
from .compact_network import compact_network
from .conversion import to_arrays, to_sklearn
from .formula import to_formula
from .torch_modules import to_torch

if TYPE_CHECKING:
    import torch


class ExportMixin:
    """Methods that convert a fitted network, whose weights `densify` makes dense."""

    def to_sklearn(self) -> MLPClassifier | MLPRegressor:
        """Convert to the MLPClassifier or MLPRegressor of scikit-learn.

        A survival estimator becomes an MLPRegressor that predicts risks.

        Returns
        -------
        estimator : MLPClassifier or MLPRegressor
            Fitted estimator that predicts the same. Its parameters describe the network;
            those of training have their defaults.

        Raises
        ------
        ValueError
            If scikit-learn's class cannot express the network: if it has a skip
            connection, different activations in different layers, or an activation that
            scikit-learn does not have. Also after a fit with ``ensemble=True``, as no
            single network predicts like several.
        """
        return to_sklearn(self._to_export("to_sklearn"))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Convert to plain arrays, for predictions and files that need NumPy alone.

        Returns
        -------
        arrays : dict of str to ndarray
            Arrays for ``np.savez``. None has dtype object, so that ``np.load`` needs no
            pickle:

            - "coef_0", "intercept_0", "coef_1", ...: weights of shape (fan_in, fan_out) and
              intercepts of every layer, dense;
            - "skip_coef": weights of the skip connection, of shape (n_features, n_outputs),
              if there is one;
            - "activations": the name of each hidden layer's activation;
            - "out_activation": "identity", "logistic", "softmax", "exp" or "sort";
            - "classes": of a classifier;
            - "feature_names": if `fit` was given a data frame.

        Raises
        ------
        ValueError
            After a fit with ``ensemble=True``, as these are the arrays of one network.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sknormreg import RegularizedMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> mlp = RegularizedMLPClassifier((5,), random_state=0)
        >>> arrays = mlp.fit(X, y).to_arrays()
        >>> arrays["coef_1"].shape, arrays["out_activation"].item()
        ((5, 3), 'softmax')
        """
        return to_arrays(self._to_export("to_arrays"))

    def to_c(
        self,
        path: str | Path,
        name: str | None = None,
        weights: Literal["float32", "int8"] = "float32",
        inputs: Literal["all", "selected"] = "all",
    ) -> None:
        """Write the network as C99, for microcontrollers and other small devices.

        The code has the selected features and the active units only, needs libm and no
        heap, and computes in single precision. A layer whose weights take fewer bytes with
        their indices than with their zeros is stored in that way.

        It has the function ``{name}_predict``: of a regressor, the predicted values; of a
        survival estimator, the risk; of a classifier, the index in `classes_`, or 0 or 1
        for each label. A classifier also has ``{name}_decision_function`` and
        ``{name}_predict_proba``. After a fit with ``alpha="evidence"``, these are of the
        most probable weights.

        Parameters
        ----------
        path : str or pathlib.Path
            The source file, whose name ends in ".c". Its header is written beside it, and
            ends in ".h". It lists features, classes and functions.

        name : str, default=None
            First part of the names of functions and macros, a C identifier. By default,
            the name of the file.

        weights : {"float32", "int8"}, default="float32"
            How weights are stored: as float, or as whole numbers of 8 bits with a factor
            for each unit. Intercepts and activations are float.

        inputs : {"all", "selected"}, default="all"
            The array of inputs that functions take: all features of X, of which they read
            the selected ones only; or an array of the selected features.

        Raises
        ------
        ValueError
            If a parameter has another value; if the weights are too large for single
            precision; if `out_activation_` is "sort", as of several quantiles; after a fit
            with ``ensemble=True``.

        OSError
            If a file cannot be written.

        Notes
        -----
        If the macro ``{NAME}_MAIN`` is defined, the code has a `main` that predicts for the
        samples of its standard input.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from sklearn.datasets import load_iris
        >>> from sknormreg import RegularizedMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> mlp = RegularizedMLPClassifier((5,), penalty="l1", random_state=0).fit(X, y)
        >>> with TemporaryDirectory() as folder:
        ...     mlp.to_c(Path(folder) / "iris.c", weights="int8")
        ...     header = (Path(folder) / "iris.h").read_text()
        >>> print(next(line for line in header.splitlines() if "_predict(" in line))
        int iris_predict(const float x[4]);
        """
        network = compact_network(self._to_export("to_c"), "to_c")
        write_c(network, path, name, weights, inputs)

    def to_torch(self) -> "torch.nn.Sequential":
        """Convert to PyTorch.

        Returns
        -------
        module : torch.nn.Sequential
            Linear layers and activations, in the precision of the fit. It ends in the raw
            outputs, of shape (n_samples, `n_outputs_`).

        Raises
        ------
        ImportError
            If PyTorch is not installed.

        ValueError
            If the network has a skip connection, or after a fit with ``ensemble=True``.

        Notes
        -----
        Losses of PyTorch expect raw outputs. Predictions of them are, by `out_activation_`:

        ============  ===============================  ===========================
        activation    predictions                      loss
        ============  ===============================  ===========================
        "identity"    the raw outputs                  ``MSELoss``, ``HuberLoss``
        "logistic"    ``torch.sigmoid(raw)``           ``BCEWithLogitsLoss``
        "softmax"     ``torch.softmax(raw, dim=1)``    ``CrossEntropyLoss``
        "exp"         ``torch.exp(raw)``               ``PoissonNLLLoss``
        "sort"        ``raw.sort(dim=1).values``       pinball losses
        ============  ===============================  ===========================

        Inactive units are kept: call `compact` first to leave them out.
        """
        return to_torch(self._to_export("to_torch"))

    def to_formula(
        self,
        precision: int = 3,
        feature_names: Sequence[str] | None = None,
        max_terms: int = 100,
    ) -> str:
        """Write the network as a formula, for networks of few features and units.

        The formula has the selected features and the active units only. It is a sequence
        of Python's statements: one for each hidden unit and for each output, with functions
        of NumPy and, for "gelu", ``scipy.special.ndtr``. Outputs are named `y`, if they are
        target values, `p`, if they are probabilities, or `risk`; several are numbered from
        0.
        After a fit with ``alpha="evidence"``, they are those of the most probable weights.

        Parameters
        ----------
        precision : int, default=3
            Number of significant digits; 17 are exact.

        feature_names : sequence of str of length n_features, default=None
            Names of all features of X. By default, `feature_names_in_`, or "x0", "x1",
            ... Those that are no identifiers are changed: a comment says so.

        max_terms : int, default=100
            Largest number of weights and intercepts, without those that are 0.

        Returns
        -------
        formula : str
            Statements, a line each.

        Raises
        ------
        ValueError
            If the network has more terms, if there are not as many names as features, if
            `out_activation_` is "sort", or after a fit with ``ensemble=True``.

        Examples
        --------
        >>> import numpy as np
        >>> from sknormreg import RegularizedMLPRegressor
        >>> X = np.random.RandomState(0).uniform(-2, 2, size=(100, 5))
        >>> y = np.tanh(X[:, 1] - 2 * X[:, 3])
        >>> mlp = RegularizedMLPRegressor((1,), penalty="l1", alpha=0.1, random_state=0)
        >>> print(mlp.fit(X, y).to_formula(precision=1))
        h1 = tanh(0.001 + 0.9 * x1 - 2 * x3 - 0.003 * x4)
        y = 0.0005 + 1 * h1
        """
        network = compact_network(self._to_export("to_formula"), "to_formula")
        return to_formula(network, precision, feature_names, max_terms)

    def _to_export(self, method: str) -> Any:
        """Return a copy with dense weights, for the method of this name.

        Raises
        ------
        NotFittedError
            If there is no network.
        """
        check_is_fitted(self)
        densified: Any = copy.copy(self)
        return densified.densify()
