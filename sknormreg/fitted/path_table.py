"""Result of `regularization_path`, which prints as a table."""

import numpy as np
from sklearn.utils import Bunch

from .tables import Row, html_table, rows_with_gaps, text_table

# How to print the columns of the table.
_FORMATS = {
    "alphas": ("alpha", "{:.4g}"),
    "n_features": ("n_features", "{:d}"),
    "sparsity": ("sparsity", "{:.3f}"),
    "objective": ("objective", "{:.5g}"),
    "optimality": ("optimality", "{:.1e}"),
    "n_iter": ("n_iter", "{:d}"),
}

# Of a longer path, only this many rows are printed at each end.
_MOST_ROWS = 20
_N_AT_ENDS = 5


class RegularizationPath(Bunch):
    """Networks along a regularization path.

    It is a dictionary whose values are attributes, too, and prints as a table with a row
    for each alpha. Of more than 20 alphas, the first and the last five are printed.

    Parameters
    ----------
    **kwargs : dict
        The values, as :func:`~sknormreg.regularization_path` describes them.

    See Also
    --------
    sknormreg.regularization_path : Compute a path.

    Examples
    --------
    >>> import numpy as np
    >>> from sknormreg.fitted import RegularizationPath
    >>> RegularizationPath(
    ...     alphas=np.array([0.1, 1, 10]),
    ...     n_features=np.array([4, 2, 0]),
    ...     sparsity=np.array([0.25, 0.5, 1]),
    ...     objective=np.array([0.2, 0.35, 0.69315]),
    ...     optimality=np.array([1.2e-4, 3e-5, 0]),
    ...     n_iter=np.array([57, 20, 3]),
    ... )
    alpha  n_features  sparsity  objective  optimality  n_iter
      0.1           4     0.250        0.2     1.2e-04      57
        1           2     0.500       0.35     3.0e-05      20
       10           0     1.000    0.69315     0.0e+00       3
    """

    def __repr__(self) -> str:
        if not self._is_complete():
            return super().__repr__()
        return text_table(*self._table())

    def _repr_html_(self) -> str | None:
        return html_table(*self._table()) if self._is_complete() else None

    def _is_complete(self):
        """Whether it has all columns, of the same length: values may be replaced."""
        shapes = {np.shape(self.get(name)) for name in _FORMATS}
        return len(shapes) == 1 and len(shapes.pop()) == 1

    def _table(self) -> tuple[list[str], list[Row]]:
        n_alphas, columns = len(self["alphas"]), []
        kept = list(range(n_alphas))
        if n_alphas > _MOST_ROWS:
            kept = [*kept[:_N_AT_ENDS], *kept[-_N_AT_ENDS:]]
        for name, (_, form) in _FORMATS.items():
            columns.append([form.format(value) for value in self[name]])
        rows: list[Row] = [
            None if index is None else [column[index] for column in columns]
            for index in rows_with_gaps(kept, 0, n_alphas - 1)
        ]
        return [shown for shown, _ in _FORMATS.values()], rows
