"""Summary of the search of estimators that choose `alpha` by cross-validation."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..fitted.search_table import SearchSummary, name_of_scoring
from .compared import compared_lists
from .search_result import SearchResult, standard_errors


class SummaryMixin:
    """Mixin that summarises the search of a fitted estimator.

    It reads `alphas_`, `scores_`, `path_n_features_`, `selection_frequency_`, `alpha_`,
    `relax_` and the parameters that may be lists.
    """

    alpha_: float
    relax_: float | None
    scores_: np.ndarray
    selection_frequency_: np.ndarray
    n_features_in_: int
    scoring: Any

    def summary(self) -> SearchSummary:
        """Return a table of the alphas that were compared.

        Printed, it shows the best alpha, the one that the one-standard-error rule takes,
        and the chosen one with its neighbours: mean score, standard error and mean number
        of selected features over the folds. Where parameters have several candidates, it
        shows the best alpha of each combination, too, and the number of folds it was
        compared in: those that were dropped come after those that were not. The last
        line says how many of the selected features all folds select
        (`selection_frequency_`).

        Returns
        -------
        summary : object
            Has one row for each alpha of each combination of these parameters, with the
            attributes `alphas`, `mean_scores`, `standard_errors` and `n_features`, arrays
            of shape (n_rows,), nan where the search ended early. They are of the folds that
            the combination was compared in, `n_scored_folds` in number. `best`, `one_se`
            and `chosen` are indices of rows. `params` has the values of the parameters that
            have several, by name. ``to_dict()`` returns all columns, for example for a
            pandas DataFrame. `n_in_all_folds` is the number in the last line.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.preprocessing import scale
        >>> from sknormreg import RegularizedMLPClassifierCV
        >>> X, y = load_iris(return_X_y=True)
        >>> mlp = RegularizedMLPClassifierCV(
        ...     (), penalty="l1", alphas=[0.1, 1, 20, 500], rule="one_se", random_state=0
        ... ).fit(scale(X), y)
        >>> mlp.summary()
        4 alphas, accuracy in 5 folds
        <BLANKLINE>
        alpha  accuracy  std. error  features
          0.1    0.9733      0.0163       4.0  best
            1    0.9600      0.0194       3.6  one_se, chosen
           20    0.9267      0.0194       2.4
          500    0.3333      0.0000       0.0
        <BLANKLINE>
        The network fitted with the chosen alpha = 1 selects 4 of 4 features.
        All 5 folds select 3 of them.
        """
        check_is_fitted(self)
        result = SearchResult.of(self)
        n_combinations = len(result.params)
        result = result.of_paths(result.compared)
        shape, n_folds = result.scores.shape[:-1], result.scores.shape[-1]
        best, one_se = result.choice("best"), result.choice("one_se")
        # Not by `rule`, which may have been set to another value since.
        alpha, relax = result.alphas[best.path, best.alpha], result.relaxes[best.relax]
        is_best = (alpha, relax) == (self.alpha_, self.relax_)
        selected = self.selected_features_  # type: ignore[attr-defined]
        in_all_folds = selected & (self.selection_frequency_ == 1)
        best_row, one_se_row = (
            int(np.ravel_multi_index(choice, shape)) for choice in (best, one_se)
        )
        return SearchSummary(
            params=self._params_of_rows(result),
            alphas=np.repeat(result.alphas[:, None], shape[1], axis=1).ravel(),
            mean_scores=result.in_scored_folds(_mean, result.scores).ravel(),
            standard_errors=result.in_scored_folds(standard_errors, result.scores).ravel(),
            n_features=result.in_scored_folds(_mean, result.n_features).ravel(),
            n_scored_folds=np.repeat(result.is_scored.sum(axis=1), np.prod(shape[1:])),
            best=best_row,
            one_se=one_se_row if n_folds > 1 else None,
            chosen=best_row if is_best else one_se_row,
            n_alphas=shape[-1],
            n_folds=n_folds,
            score_name=name_of_scoring(self.scoring, self),
            n_selected_features=self.n_selected_features_,  # type: ignore[attr-defined]
            n_features_in=self.n_features_in_,
            n_in_all_folds=int(in_all_folds.sum()) if n_folds > 1 else None,
            n_networks=len(getattr(self, "estimators_", [self])),
            n_left_out=(n_combinations - shape[0]) * shape[1],
        )

    def _params_of_rows(self, result):
        """Return the values in each row of the parameters that have several."""
        shape, columns = result.scores.shape[:-1], {}
        for name, values in compared_lists(self).items():
            if len(values) == 1:
                continue
            column = np.empty(shape, dtype=object)
            for path, relax in np.ndindex(shape[:2]):
                value = (result.params[path] | {"relax": result.relaxes[relax]})[name]
                for alpha in range(shape[2]):
                    column[path, relax, alpha] = value
            columns[name] = column.ravel()
        return columns


def _mean(values):
    return values.mean(axis=-1)
