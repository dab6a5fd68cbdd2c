"""Summary of a search for alpha, which prints as a table."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from .tables import Row, html_table, rows_with_gaps, text_table

# Alphas that are printed on either side of the chosen one, and candidates.
_N_NEIGHBOURS = 2
_MOST_CANDIDATES = 10


def name_of_scoring(scoring: Any, estimator: Any) -> str:
    """Return the name of a scorer's score.

    Parameters
    ----------
    scoring : str, callable or None

    estimator : object
        Whose `score` it is where `scoring` is None.
    """
    if scoring is None:
        own = "accuracy" if is_classifier(estimator) else "R2"
        name = getattr(estimator, "_name_of_score", own)
    elif isinstance(scoring, str):
        name = scoring
    else:
        name = getattr(scoring, "__name__", "score")
        name = "score" if name == "<lambda>" else name
    return name.replace("_", " ")


@dataclass(frozen=True, eq=False, repr=False)
class SearchSummary:
    """Scores of a search for alpha, with a row for each alpha of each candidate.

    Candidates are the combinations of the parameters that have several values. The rows of
    a candidate follow one another, in ascending order of alpha.

    Printed, it shows the rows of the best alpha, of the alpha that the one-standard-error
    rule takes ("one_se"), and of the chosen one with its neighbours. Where there are
    several candidates, it shows the best alpha of each, too: first those that were compared
    in all folds, then those that were dropped, the last ones first.

    Attributes
    ----------
    params : dict of str to ndarray of shape (n_rows,)
        Values of the parameters that have several, such as `activation`. That of `relax` is
        the alpha of the L2 penalty of relaxed fits, or None.

    alphas : ndarray of shape (n_rows,)
        The alphas compared.

    mean_scores : ndarray of shape (n_rows,)
        Means of the scores over the folds that compare the candidate; nan where one of
        them has no score.

    standard_errors : ndarray of shape (n_rows,)
        Standard errors of these means; nan where there is one fold only.

    n_features : ndarray of shape (n_rows,)
        Mean numbers of selected features over the folds.

    n_scored_folds : ndarray of int of shape (n_rows,)
        Numbers of folds that compare the candidate: fewer than `n_folds` if it was dropped.

    best : int
        Row with the best mean score.

    one_se : int or None
        Row that the one-standard-error rule takes; None where there is one fold only.

    chosen : int
        Row with the chosen alpha.

    n_alphas : int
        Number of alphas of each candidate.

    n_folds : int
        Number of folds.

    score_name : str
        Name of the score.

    n_selected_features : int
        Number of features that the final network selects, or any network of an ensemble.

    n_features_in : int
        Number of features of X.

    n_in_all_folds : int or None
        Number of the features of the final network that the networks of all folds select,
        too, at the chosen alpha; None where there is one fold only.

    n_networks : int
        Number of networks that predictions are averaged over.

    n_left_out : int
        Number of candidates that are not compared at all.
    """

    params: dict[str, np.ndarray]
    alphas: np.ndarray
    mean_scores: np.ndarray
    standard_errors: np.ndarray
    n_features: np.ndarray
    n_scored_folds: np.ndarray
    best: int
    one_se: int | None
    chosen: int
    n_alphas: int
    n_folds: int
    score_name: str
    n_selected_features: int
    n_features_in: int
    n_in_all_folds: int | None = None
    n_networks: int = 1
    n_left_out: int = 0

    def to_dict(self) -> dict[str, np.ndarray]:
        """Return the rows as a dictionary of columns.

        Returns
        -------
        columns : dict of str to ndarray of shape (n_rows,)
            Parameters that have several values, then "alpha", "mean_score",
            "standard_error", "n_features" and "n_scored_folds". A pandas DataFrame can be
            made of it.
        """
        return self.params | {
            "alpha": self.alphas,
            "mean_score": self.mean_scores,
            "standard_error": self.standard_errors,
            "n_features": self.n_features,
            "n_scored_folds": self.n_scored_folds,
        }

    def __repr__(self) -> str:
        parts = [self._title(), text_table(self._header(), self._rows_around_choice())]
        if self._n_candidates > 1:
            table = text_table(self._header(), self._rows_of_candidates())
            parts += [self._title_of_candidates(), table]
        return "\n\n".join([*parts, self._chosen_network()])

    def _repr_html_(self) -> str:
        parts = [
            _paragraph(self._title()),
            html_table(self._header(), self._rows_around_choice()),
        ]
        if self._n_candidates > 1:
            table = html_table(self._header(), self._rows_of_candidates())
            parts += [_paragraph(self._title_of_candidates()), table]
        return "\n".join([*parts, _paragraph(self._chosen_network())])

    # Sentences

    @property
    def _n_candidates(self):
        return len(self.alphas) // self.n_alphas

    @property
    def _has_dropped(self):
        return bool((self.n_scored_folds < self.n_folds).any())

    def _title(self):
        alphas = _counted(self.n_alphas, "alpha")
        of_each, up_to = "", "up to " if self._has_dropped else ""
        if self._n_candidates > 1:
            of_all = f" of {self._n_candidates + self.n_left_out}" * (self.n_left_out > 0)
            of_each = f" of {self._n_candidates}{of_all} candidates"
        folds = _counted(self.n_folds, "fold")
        title = f"{alphas}{of_each}, {self.score_name} in {up_to}{folds}"
        n_missing = int(np.isnan(self.mean_scores).sum())
        if n_missing:
            title += f"; {n_missing} of {len(self.alphas)} have no score in some fold"
        return title

    def _title_of_candidates(self):
        return f"Best alpha of each of the {self._n_candidates} candidates"

    def _chosen_network(self):
        several = self.n_networks > 1
        text = (
            f"The {f'{self.n_networks} networks' if several else 'network'} fitted with "
            f"the chosen alpha = {self.alphas[self.chosen]:.4g} "
            f"{'select' if several else 'selects'} {self.n_selected_features} of "
            f"{self.n_features_in} features."
        )
        if self.n_in_all_folds is not None and self.n_selected_features:
            text += f"\nAll {self.n_folds} folds select {self.n_in_all_folds} of them."
        return text

    # Tables

    def _header(self):
        names = [*self.params, "alpha", self.score_name]
        if self.n_folds > 1:
            names.append("std. error")
        if self._has_dropped:
            names.append("folds")
        return [*names, "features", ""]

    def _rows_around_choice(self) -> list[Row]:
        """Return rows of the named alphas and of the neighbours of the chosen one.

        The one-standard-error rule may choose another relaxed fit: the rows of its
        candidate follow.
        """
        first = self._first_row(self.chosen)
        end = first + self.n_alphas
        kept = set(
            range(
                max(first, self.chosen - _N_NEIGHBOURS),
                min(end, self.chosen + _N_NEIGHBOURS + 1),
            )
        )
        kept |= {self.best} if self.one_se is None else {self.best, self.one_se}
        rows: list[Row] = []
        for start in sorted({self._first_row(row) for row in kept}):
            of_candidate = sorted(row for row in kept if self._first_row(row) == start)
            last = start + self.n_alphas - 1
            rows += self._cells_of(rows_with_gaps(of_candidate, start, last))
        return rows

    def _rows_of_candidates(self) -> list[Row]:
        """Return the best row of each candidate; of many, those of the best."""
        means = np.where(np.isnan(self.mean_scores), -np.inf, self.mean_scores)
        means = means.reshape(-1, self.n_alphas)
        n_folds = self.n_scored_folds[:: self.n_alphas]
        order = np.lexsort((-means.max(axis=1), -n_folds))
        candidate_chosen = self.chosen // self.n_alphas
        place = int(np.flatnonzero(order == candidate_chosen)[0])
        places = {*range(min(len(order), _MOST_CANDIDATES)), place}
        best_rows = order * self.n_alphas + means[order].argmax(axis=1)
        shown = rows_with_gaps(sorted(places), 0, len(order) - 1)
        return self._cells_of(None if i is None else int(best_rows[i]) for i in shown)

    def _first_row(self, row):
        """Return the first row of the same candidate."""
        return row - row % self.n_alphas

    def _cells_of(self, rows: Iterable[int | None]) -> list[Row]:
        return [None if row is None else self._cells(row) for row in rows]

    def _cells(self, row):
        cells = [str(values[row]) for values in self.params.values()]
        cells.append(f"{self.alphas[row]:.4g}")
        numbers = [self.mean_scores[row]]
        if self.n_folds > 1:
            numbers.append(self.standard_errors[row])
        cells += [f"{number:.{self._n_decimals}f}" for number in numbers]
        if self._has_dropped:
            cells.append(str(self.n_scored_folds[row]))
        return [*cells, f"{self.n_features[row]:.1f}", self._names_of(row)]

    @property
    def _n_decimals(self):
        """Number of decimals that shows four digits of the best score."""
        sizes = np.abs([self.mean_scores[self.best], self.standard_errors[self.best]])
        largest = np.nanmax(sizes)
        return int(np.clip(3 - np.floor(np.log10(largest)), 0, 8)) if largest else 4

    def _names_of(self, row):
        rows = {"best": self.best, "one_se": self.one_se, "chosen": self.chosen}
        return ", ".join(name for name, named in rows.items() if named == row)


def _counted(number, noun):
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _paragraph(text):
    return f"<p>{escape(text)}</p>"
