"""Scores of fitted networks on the held-out samples of a fold."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from sklearn.metrics import make_scorer
from sklearn.utils.metadata_routing import get_routing_for_object

from ..engine import Data
from ..fitting.fit import FittedNetwork, empty_network
from ..fitting.path import PathFitter
from ..fitting.specification import NetworkSpec
from .search_result import NO_SCORES
from .targets import ClassTargets, Targets


@dataclass(frozen=True)
class Fold:
    """Samples to fit to, and samples to score by.

    Attributes
    ----------
    train : ndarray of int

    data : Data
        Of all samples, with the weights that those of `train` have.

    X_test, y_test : of the samples to score by, as the caller passed them

    scorer : callable

    metadata : dict
        Further arguments of the scorer.

    estimator_of : callable
        Returns a plain estimator with a network fitted in the fold, for the scorer; takes
        the network, the fold, and parameters by name.

    test : ndarray of int or None
        The samples to score by.

    test_weight : ndarray or None
        Sample weights of these, without class weights.
    """

    train: np.ndarray
    data: Data
    X_test: object
    y_test: object
    scorer: Callable
    metadata: dict
    estimator_of: Callable
    test: np.ndarray | None = None
    test_weight: np.ndarray | None = None

    def score(self, fitted: FittedNetwork, params: dict[str, Any] | None = None) -> float:
        """Score a fitted network on the held-out samples.

        Parameters
        ----------
        fitted : FittedNetwork

        params : dict or None
            Those in which it differs from the first candidate.
        """
        model = self.estimator_of(fitted, self, **(params or {}))
        try:
            score = self.scorer(model, self.X_test, self.y_test, **self.metadata)
        except Exception as error:
            raise ValueError(
                f"scoring={self.scorer} failed on the held-out samples of a fold: {error!r}"
            ) from error
        if not isinstance(score, Real):
            raise ValueError(
                f"scoring must return a number, but {self.scorer} returned {score!r}."
            )
        return float(score)


def check_scorer(
    spec: NetworkSpec, data: Data, folds: Sequence[Fold], seed: int, is_metric: bool
) -> None:
    """Raise a ValueError where the scorer works for no network: before those are trained.

    A score may be undefined for a constant, or for what an iteration has made of random
    weights: one of them is enough.

    Parameters
    ----------
    spec : NetworkSpec
        Of single fits, which print nothing and have no limit of time.

    is_metric : bool
        Whether scores are of predictions alone: where both are nan, so will others be.
    """
    constant, brief = empty_network(spec, data), None
    for fold in folds:
        if not _has_score(fold, constant, is_metric):
            brief = brief or PathFitter(spec, data, None, seed).briefest()
            score = fold.score(brief)
            if is_metric and np.isnan(score):
                raise ValueError(NO_SCORES)


def _has_score(fold, fitted, is_metric):
    try:
        score = fold.score(fitted)
    except ValueError as error:
        # Where warnings are errors, what is only warned of for a constant is none.
        return isinstance(error.__cause__, Warning)
    return not (is_metric and np.isnan(score))


def takes(scorer: Callable, name: str) -> bool:
    """Whether a scorer takes an argument called `name`."""
    if hasattr(scorer, "get_metadata_routing"):
        return name in get_routing_for_object(scorer).score.requests
    arguments = inspect.signature(scorer).parameters.values()
    return any(a.name == name or a.kind == a.VAR_KEYWORD for a in arguments)


def knowing_classes(scorer: Any, targets: Targets) -> Callable:
    """A scorer of probabilities that is told all classes, of which a fold may lack some.

    As LogisticRegressionCV does. For scorers of decided classes `labels` means something
    else: the classes to average over.
    """
    function = getattr(scorer, "_score_func", None)
    if function is None or not isinstance(targets, ClassTargets) or targets.multilabel:
        return scorer
    given, arguments = scorer._kwargs, inspect.signature(function).parameters
    decided = scorer._response_method == "predict"
    if decided or "labels" not in arguments or "labels" in given:
        return scorer
    known = {"labels": targets.classes}
    if len(targets.classes) == 2 and "pos_label" in arguments:
        known["pos_label"] = targets.classes[1]
    return make_scorer(
        function,
        greater_is_better=scorer._sign == 1,
        response_method=scorer._response_method,
        **known | given,
    )
