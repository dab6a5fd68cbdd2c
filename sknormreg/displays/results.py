"""Searches and regularization paths, as the displays read them from estimators.

Nothing else in the displays knows how estimators store what they have compared.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from ..estimators.base import RegularizedMLP
from ..estimators.compared import compared_lists, plain_estimator
from ..estimators.cross_validation import RegularizedMLPCV
from ..estimators.path import fitted_path
from ..estimators.search_result import SearchResult, choice_among
from ..fitted.importances import numbered_names
from ..fitted.meta_estimators import AROUND, unwrapped
from ..fitted.search_table import name_of_scoring
from ..fitting.precision import IN_SEARCH

# Number of alphas of the path of an estimator that has not compared any.
_N_ALPHAS = 20


@dataclass(frozen=True)
class Search:
    """Cross-validation of a fitted ...CV estimator, with an axis for its candidates.

    Attributes
    ----------
    alphas : ndarray of shape (n_candidates, n_alphas)

    scores : ndarray of shape (n_candidates, n_alphas, n_folds)

    n_features : ndarray of shape (n_candidates, n_alphas)
        Mean number of selected features over the folds; nan where there is no score.

    names : list of str
        Parameters in which each candidate differs from the others.

    chosen, one_se : tuple of int
        Candidate and alpha that the estimator has chosen, and those of the
        one-standard-error rule.

    score_name : str
    """

    alphas: np.ndarray
    scores: np.ndarray
    n_features: np.ndarray
    names: list[str]
    chosen: tuple[int, int]
    one_se: tuple[int, int]
    score_name: str


def search_of(model: RegularizedMLPCV) -> Search:
    """Return the search of a fitted ...CV estimator, without the candidates it dropped."""
    result = SearchResult.of(model)
    names, complete = _names_of_candidates(model), result.complete
    n_relaxes = len(result.relaxes)
    names = [names[i * n_relaxes + k] for i in complete for k in range(n_relaxes)]
    result = result.of_paths(complete)
    n_alphas, n_folds = result.scores.shape[2:]
    return Search(
        alphas=np.repeat(result.alphas, n_relaxes, axis=0),
        scores=result.scores.reshape(-1, n_alphas, n_folds),
        n_features=result.n_features.mean(axis=-1).reshape(-1, n_alphas),
        names=names,
        chosen=_flat(result.choice(model.rule), n_relaxes),
        one_se=_flat(result.choice("one_se"), n_relaxes),
        score_name=name_of_scoring(model.scoring, model),
    )


def _flat(choice, n_relaxes):
    return choice.path * n_relaxes + choice.relax, choice.alpha


def best_index(scores: np.ndarray) -> tuple[int, int]:
    """Return the candidate and alpha with the best mean score.

    Parameters
    ----------
    scores : ndarray of shape (n_candidates, n_alphas, n_folds)

    Raises
    ------
    ValueError
        If no alpha has a score in every fold.
    """
    best = choice_among(scores[:, None], "best")
    return best.path, best.alpha


def one_se_index(scores: np.ndarray) -> tuple[int, int]:
    """Return the candidate and alpha of the one-standard-error rule.

    The candidate is the one with the best mean score.

    Parameters
    ----------
    scores : ndarray of shape (n_candidates, n_alphas, n_folds)
    """
    chosen = choice_among(scores[:, None], "one_se")
    return chosen.path, chosen.alpha


def is_cv(model: Any) -> bool:
    """Whether it is one of the ...CV estimators."""
    return isinstance(model, RegularizedMLPCV)


def loss_curves_of(model: RegularizedMLPCV) -> dict[str, Any]:
    """Return the parameters of a display of the loss curves of a fitted ...CV estimator."""
    # Models that earlier versions have stored know their last fit alone.
    refit = getattr(model, "refit_loss_curves_", [model.loss_curve_])
    folds = getattr(model, "fold_loss_curves_", None)
    goes_along_path = any(len(curves) > 1 for curves in [refit, *(folds or [])])
    way = "path to alpha" if goes_along_path else "alpha"
    search = search_of(model)
    name = search.names[search.chosen[0]]
    return dict(
        loss_curve=np.concatenate(refit),
        fit_ends=np.cumsum([len(curve) for curve in refit]),
        fold_loss_curves=folds and [np.concatenate(curves) for curves in folds],
        fold_validation_loss_curves=getattr(model, "fold_validation_loss_curves_", None),
        iteration_label=f"iteration, {way} = {model.alpha_:.3g}\n{name}".rstrip(),
    )


def fitted_cv(estimator: BaseEstimator) -> RegularizedMLPCV:
    """Return the fitted ...CV estimator within an estimator.

    Raises
    ------
    TypeError
        If it is another estimator.

    NotFittedError
        If it is not fitted.
    """
    model, _ = unwrapped(estimator)
    if not is_cv(model):
        raise TypeError(
            "estimator must be a RegularizedMLPClassifierCV, RegularizedMLPRegressorCV or "
            f"RegularizedMLPSurvivalCV, or {AROUND}, got {estimator!r}."
        )
    check_is_fitted(model)
    return model


def path_model(estimator: BaseEstimator, alphas: Any) -> tuple[Any, np.ndarray | None]:
    """Return the estimator whose path is fitted, and the names of its features or None.

    Raises
    ------
    TypeError
        If it is another estimator.

    ValueError
        If alphas are given for a ...CV estimator, which has its own.

    NotFittedError
        If it has to be fitted and is not.
    """
    model, names = unwrapped(estimator)
    if is_cv(model):
        if alphas is not None:
            raise ValueError(
                "alphas must be None for an estimator that has compared its own."
            )
        check_is_fitted(model)
    elif not isinstance(model, RegularizedMLP):
        raise TypeError(
            "estimator must be a RegularizedMLPClassifier, a RegularizedMLPRegressor or a "
            f"RegularizedMLPSurvival, or the ...CV estimator of one of them, or {AROUND}, "
            f"got {estimator!r}."
        )
    return model, names


def names_of_columns(X: Any, known: np.ndarray | None) -> Any:
    """Return the names that X has, or the known ones, or else numbered ones."""
    columns = BaseEstimator()
    validate_data(columns, X, skip_check_array=True)
    for names in (getattr(columns, "feature_names_in_", None), known):
        if names is not None and len(names) == columns.n_features_in_:
            return names
    return numbered_names(columns.n_features_in_)


def fit_path(model: Any, X: Any, y: Any, alphas: Any, sample_weight: Any) -> dict[str, Any]:
    """Fit the regularization path, and return what its display is constructed with."""
    if is_cv(model):
        return _fit_path_of_cv(model, X, y, sample_weight)
    alphas = _N_ALPHAS if alphas is None else alphas
    return path_parameters(fitted_path(clone(model), X, y, alphas, sample_weight))


def path_parameters(path: Any) -> dict[str, Any]:
    """Return the parameters of a display that `regularization_path` has the values of."""
    return dict(
        alphas=path.alphas,
        coefs=[coefs[0] for coefs in path.coefs],
        n_features=path.n_features,
    )


def _fit_path_of_cv(model, X, y, sample_weight):
    """Fit the path of the chosen candidate to all rows, as the last fit has done."""
    search = search_of(model)
    candidate, index = search.chosen
    scores = search.scores[candidate]
    # A search that was ended early has no scores at the larger alphas.
    n_compared = np.flatnonzero(~np.isnan(scores.mean(axis=-1)))[-1] + 1
    alphas = search.alphas[candidate, :n_compared]
    names = [name for name in compared_lists(model) if name != "relax"]
    chosen = {name: getattr(model, f"{name}_") for name in names}
    plain = plain_estimator(model, **chosen, random_state=model._seed)
    path = fitted_path(plain, X, y, alphas, sample_weight, model.continuation, IN_SEARCH)
    found = path_parameters(path)
    # The path ends with an empty network, and stays empty at larger alphas.
    missing = len(alphas) - len(path.alphas)
    found["coefs"] += found["coefs"][-1:] * missing
    found["n_features"] = np.pad(path.n_features, (0, missing), mode="edge")
    found["alphas"] = alphas
    if model.relax_ is None:
        # The chosen network has been trained further than those of the path.
        found["coefs"][index] = model.coefs_[0]
        found["n_features"][index] = model.n_selected_features_
    compared = dict(scores=scores[:n_compared], score_name=search.score_name)
    return found | compared | dict(alpha=model.alpha_)


def _names_of_candidates(model):
    """Return the parameters that tell candidates apart, in the order of `scores_`."""
    compared = compared_lists(model).items()
    lists = {name: values for name, values in compared if len(values) > 1}
    names = [""]
    for name, values in lists.items():
        names = [f"{begun}, {name}={value}" for begun in names for value in values]
    return [name.removeprefix(", ") for name in names]
